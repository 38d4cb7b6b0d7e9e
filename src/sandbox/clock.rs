//! The time, behind a seam: the system's, or one that tests fix. Also how the API writes it.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// A source of the present time.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    /// The system's time.
    #[default]
    System,
    /// Always the same instant.
    Fixed(Timestamp),
    /// The system's time and so much more, or less.
    Shifted(SignedDuration),
}

impl Clock {
    /// A clock that shows this instant now, and goes on from it.
    pub fn from(instant: Timestamp) -> Clock {
        Clock::Shifted(instant.duration_since(Timestamp::now()))
    }

    /// The present time.
    pub fn now(self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Fixed(instant) => instant,
            Clock::Shifted(shift) => Timestamp::now().saturating_add(shift).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// A date as payments carry it: milliseconds and the offset of the service, whatever the site.
pub(super) fn wire_date(instant: Timestamp) -> String {
    let at = Offset::constant(-4).to_datetime(instant);
    let [hundreds, year] = [at.year() / 100, at.year() % 100];
    let parts = [(b'-', at.month()), (b'-', at.day()), (b'T', at.hour()), (b':', at.minute()), (b':', at.second())];
    // Written by hand, because a payment has half a dozen of them: a format string costs ten times as much.
    let digit = |number: i16| b'0' + u8::try_from(number.rem_euclid(10)).unwrap_or_default();
    let mut text = Vec::with_capacity(29);
    let two = |text: &mut Vec<u8>, number: i16| text.extend_from_slice(&[digit(number / 10), digit(number)]);
    two(&mut text, hundreds);
    two(&mut text, year);
    for (before, number) in parts {
        text.push(before);
        two(&mut text, i16::from(number));
    }
    text.push(b'.');
    let millisecond = at.millisecond();
    text.push(digit(millisecond / 100));
    two(&mut text, millisecond % 100);
    text.extend_from_slice(b"-04:00");
    // Digits and signs are always text.
    String::from_utf8(text).unwrap_or_default()
}

/// A date as the `data` of a cause carries it.
pub(super) fn trace_date(instant: Timestamp) -> String {
    instant.to_zoned(TimeZone::UTC).strftime("%d-%m-%YT%H:%M:%SUTC").to_string()
}

/// The instant that a text with a date, a time and an offset names.
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    // The parser also takes forms that the API does not: a blank for the T, lower case, no time.
    (bytes.len() >= 20 && bytes.len() <= 40 && bytes.get(10) == Some(&b'T')).then_some(())?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_on_the_wire_and_read_with_an_offset_only() {
        let instant: Timestamp = "2026-11-20T14:15:30.5Z".parse().unwrap();
        assert_eq!(wire_date(instant), "2026-11-20T10:15:30.500-04:00");
        assert_eq!(trace_date(instant), "20-11-2026T14:15:30UTC");
        assert_eq!(parse_date("2026-11-20T10:15:30.500-04:00"), Some(instant));
        assert_eq!(parse_date("2026-11-20T14:15:30.5Z"), Some(instant));
        for wrong in ["31/12/2030", "2026-11-20", "2026-11-20T10:15:30.500", "", "2026-13-20T10:15:30.000-04:00"] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
