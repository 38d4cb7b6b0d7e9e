//! Durations as people write them: `250ms`, `2s`, `1m`.

use std::time::Duration;

/// Longest duration that a scenario may ask for.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// The duration that a text names: a whole number with `ms`, `s` or `m`, greater than nothing and at most
/// [`LONGEST`].
pub(super) fn parse(text: &str) -> Option<Duration> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let number: u64 = text[..end].parse().ok()?;
    let milliseconds = match &text[end..] {
        "ms" => number,
        "s" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        _ => return None,
    };
    let duration = Duration::from_millis(milliseconds);
    (duration > Duration::ZERO && duration <= LONGEST).then_some(duration)
}

/// Whether a text is a duration but for its length.
pub(super) fn is_too_long(text: &str) -> bool {
    let digits = text.trim_end_matches(['m', 's']);
    let unit = matches!(&text[digits.len()..], "ms" | "s" | "m");
    unit && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.bytes().any(|byte| byte != b'0')
        && parse(text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_its_unit() {
        for (text, milliseconds) in [
            ("250ms", Some(250)),
            ("2s", Some(2000)),
            ("10m", Some(600_000)),
            ("11m", None),
            ("0s", None),
            ("2", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("2 s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615m", None),
        ] {
            assert_eq!(parse(text), milliseconds.map(Duration::from_millis), "{text}");
        }
        for (text, too_long) in [
            ("11m", true),
            ("601s", true),
            ("600001ms", true),
            ("18446744073709551615m", true),
            ("10m", false),
            ("0s", false),
            ("s", false),
            ("11", false),
            ("11mm", false),
            ("1.5m", false),
        ] {
            assert_eq!(is_too_long(text), too_long, "{text}");
        }
    }
}
