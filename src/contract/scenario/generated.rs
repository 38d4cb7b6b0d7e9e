//! Variables whose values are made when they are asked for: dates (`${now}`, `${date+3d}`), e-mail addresses and
//! what the environment gives. Which names there are is known before a run.

use crate::i18n::Message;
use crate::run::Problem;
use jiff::{SignedDuration, Timestamp, tz};
use serde_json::Value;

/// Beginning of the environment variables that `${env.NAME}` reads: others may hold secrets and never leave.
const ENVIRONMENT: &str = "HOMOLOGA_VAR_";
/// Most days that a date may be moved.
const MOST_DAYS: i64 = 3660;

/// A moment that a scenario asks for: now, or the beginning of today, moved by some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    of_day: bool,
    shift: SignedDuration,
}

/// What a name that begins like a date is: `None` when it does not begin like one, else whether it can be read.
pub(super) fn date_like(name: &str) -> Option<bool> {
    let base = name.split(['+', '-']).next().unwrap_or_default().trim();
    (base != name && matches!(base, "now" | "date")).then(|| moment(name).is_some())
}

/// `now`, `date`, each with a shift: `+3d`, `-2h`, `+30m`, `+5s`.
fn moment(name: &str) -> Option<Moment> {
    let end = name.find(['+', '-']).unwrap_or(name.len());
    let of_day = match name[..end].trim() {
        "now" => false,
        "date" => true,
        _ => return None,
    };
    let shift = name[end..].trim();
    if shift.is_empty() {
        return Some(Moment { of_day, shift: SignedDuration::ZERO });
    }
    let (sign, rest) = shift.split_at(1);
    let rest = rest.trim_start();
    let unit = rest.chars().last()?;
    let number: i64 = rest[..rest.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let seconds = number.checked_mul(seconds).filter(|seconds| (0..=MOST_DAYS * 24 * 60 * 60).contains(seconds))?;
    let shift = SignedDuration::from_secs(if sign == "-" { -seconds } else { seconds });
    Some(Moment { of_day, shift })
}

/// The time that `now` is: that of the clock, or the given one, so that a run can be repeated.
pub(super) fn clock() -> Timestamp {
    // One that does not read was told before anything ran.
    given_time().ok().flatten().unwrap_or_else(Timestamp::now)
}

/// Environment variable that gives the time of a run, as reproducible builds set it.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The time that `SOURCE_DATE_EPOCH` gives (seconds since 1970); none when it is not set, or empty.
///
/// # Errors
/// A problem of the input when it is no such time.
pub fn given_time() -> Result<Option<Timestamp>, Problem> {
    let Some(value) = std::env::var_os(EPOCH) else { return Ok(None) };
    read_time(&value.to_string_lossy())
}

fn read_time(text: &str) -> Result<Option<Timestamp>, Problem> {
    let seconds = text.trim();
    if seconds.is_empty() {
        return Ok(None);
    }
    let time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(Some).ok_or_else(|| {
        let shown: String = seconds.chars().take(40).collect();
        let message = Message::new("scenario.bad-given-time").with("name", EPOCH).with("value", shown);
        Problem::input(message).fix(Message::new("scenario.bad-given-time-fix").with("name", EPOCH))
    })
}

/// The value of a date as the API writes dates: RFC 3339 with milliseconds and the offset -04:00.
pub(super) fn date(name: &str, now: impl FnOnce() -> Timestamp) -> Option<Value> {
    let moment = moment(name)?;
    let zone = tz::TimeZone::fixed(tz::offset(-4));
    let mut at = now().to_zoned(zone);
    if moment.of_day {
        at = at.start_of_day().ok()?;
    }
    let at = at.checked_add(moment.shift).ok()?;
    Some(Value::String(at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()))
}

/// An e-mail address that test credentials accept (Mercado Pago, error 2198), made from a fresh identifier.
pub(super) fn email(uuid: &str) -> Value {
    let number = u64::from_str_radix(uuid.get(..8).unwrap_or_default(), 16).unwrap_or_default();
    Value::String(format!("test_user_{}@testuser.com", 10_000_000 + number % 80_000_000))
}

/// Whether what follows `env.` can name a variable of the environment: letters, digits, `_`.
pub(super) fn is_environment_name(name: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    !name.is_empty() && name.chars().all(plain)
}

/// What the environment gives to scenarios under a name.
pub(super) fn environment(name: &str) -> Option<Value> {
    if !is_environment_name(name) {
        return None;
    }
    std::env::var(format!("{ENVIRONMENT}{name}")).ok().map(Value::String)
}

/// That a variable has no value, with what sets it where it comes from the environment.
pub(in crate::contract) fn no_value(name: &str) -> Message {
    match name.strip_prefix("env.") {
        Some(own) => Message::new("contract.no-env").with("name", name).with("set", format!("{ENVIRONMENT}{own}")),
        None => Message::new("contract.no-value").with("name", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_time_is_seconds_or_told() {
        assert_eq!(read_time(" 86400\n").unwrap(), Timestamp::from_second(86_400).ok());
        assert_eq!(read_time("").unwrap(), None);
        for text in ["abc", "99999999999999", "99999999999999999999999", "1.5", "2026-01-02", "1 2"] {
            let problem = read_time(text).unwrap_err();
            assert_eq!(
                (problem.message.key.as_ref(), problem.message.args["value"].as_str()),
                ("scenario.bad-given-time", text)
            );
        }
    }

    #[test]
    fn dates_move_and_keep_their_offset() {
        let now = || "2026-11-24T02:30:00.25Z".parse().unwrap();
        for (name, value) in [
            ("now", "2026-11-23T22:30:00.250-04:00"),
            ("date", "2026-11-23T00:00:00.000-04:00"),
            ("date+3d", "2026-11-26T00:00:00.000-04:00"),
            ("now - 2h", "2026-11-23T20:30:00.250-04:00"),
            ("now+30m", "2026-11-23T23:00:00.250-04:00"),
            ("now+5s", "2026-11-23T22:30:05.250-04:00"),
        ] {
            assert_eq!(date(name, now), Some(Value::from(value)), "{name}");
        }
        for (name, like) in [
            ("date+3x", Some(false)),
            ("date+", Some(false)),
            ("date+99999999999999999999d", Some(false)),
            ("date+9999999d", Some(false)),
            ("date+-3d", Some(false)),
            ("now+1é", Some(false)),
            ("date+3d", Some(true)),
            ("dates+3d", None),
            ("date", None),
        ] {
            assert_eq!(date_like(name), like, "{name}");
        }
    }

    #[test]
    fn an_address_is_of_the_test_domain_and_follows_from_the_identifier() {
        assert_eq!(email("00000001-"), "test_user_10000001@testuser.com");
        assert_eq!(email(""), "test_user_10000000@testuser.com");
        assert_eq!(environment("PATH"), None);
        assert_eq!(environment("../x"), None);
    }
}
