//! What a plain scalar means: the core schema of YAML 1.2, with two deviations (see [`resolve`]).

use serde_json::Number;

use super::Kind;

/// An unquoted scalar that some reader of YAML takes for a number, and that JSON cannot write like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoJson {
    /// How JSON writes the number; `None` when it cannot carry it exactly.
    pub(super) number: Option<String>,
}

/// The value of an unquoted scalar. Unlike the core schema, digits with a leading zero are text and not a
/// number: `01234567890` is a CPF, and a number would lose its zero. And a number has to be one of JSON, which is what is
/// sent: `.5`, `+5`, `0x10`, `1_000` are numbers to some readers and text to others.
///
/// # Errors
/// What looks like a number and is none of JSON, or one that would not be sent as it is written.
pub(super) fn resolve(text: &str) -> Result<Kind, NoJson> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Kind::Null),
        "true" | "True" | "TRUE" => return Ok(Kind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Kind::Bool(false)),
        _ => {}
    }
    match written(text) {
        None => Ok(Kind::Text(text.to_owned())),
        Some(Written { json, exact: Some(number) }) if json == text => Ok(Kind::Number(number)),
        Some(Written { json, exact }) => Err(NoJson { number: exact.map(|_| json) }),
    }
}

/// The number that a text is in JSON, as long as it is sent exactly as it is written.
pub(super) fn number(text: &str) -> Option<Number> {
    written(text).filter(|written| written.json == text)?.exact
}

/// A number as JSON writes it.
struct Written {
    json: String,
    /// Its value; `None` when it cannot be sent exactly.
    exact: Option<Number>,
}

/// The number that some reader of YAML sees in a text: the core schema of 1.2, and the habits of 1.1.
fn written(text: &str) -> Option<Written> {
    // Nearly all texts are told by their first character.
    if !matches!(text.bytes().next()?, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", text),
    };
    if let ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" = digits {
        return Some(Written { json: String::new(), exact: None });
    }
    if let Some((radix, rest)) = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| digits.strip_prefix(prefix).map(|rest| (radix, rest)))
    {
        if !rest.starts_with(|first: char| first.is_digit(radix))
            || !rest.chars().all(|one| one == '_' || one.is_digit(radix))
        {
            return None;
        }
        let value = u64::from_str_radix(&rest.replace('_', ""), radix).ok();
        let json = value.map(|value| format!("{sign}{value}")).unwrap_or_default();
        let exact = integer(&json);
        return Some(Written { json, exact });
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            let digits = !power.is_empty() && power.bytes().all(|byte| byte.is_ascii_digit());
            (mantissa, Some(exponent).filter(|_| digits)?)
        }
        None => (digits, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, rest)| (whole, Some(rest)));
    let grouped = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let begins = |part: &str| part.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
    let parts = [whole, fraction.unwrap_or_default()];
    if !parts.iter().all(|part| grouped(part) && begins(part)) || parts.iter().all(|part| part.is_empty()) {
        return None;
    }
    // A document keeps its zero.
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let or_zero = |part: &str| if part.is_empty() { "0".to_owned() } else { part.replace('_', "") };
    let mut json = format!("{sign}{}", or_zero(whole));
    if let Some(fraction) = fraction {
        json.push('.');
        json.push_str(&or_zero(fraction));
    }
    if !exponent.is_empty() {
        // The letter as it is written: JSON takes both.
        json.push(if digits.contains('e') { 'e' } else { 'E' });
        json.push_str(exponent);
    }
    let exact = if fraction.is_none() && exponent.is_empty() { integer(&json) } else { float(&json) };
    Some(Written { json, exact })
}

fn integer(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok()
}

/// A float that is sent with the digits of the text, apart from zeros at the ends.
fn float(text: &str) -> Option<Number> {
    let sent = Number::from_f64(text.parse().ok()?)?;
    (decimal(text)? == decimal(&sent.to_string())?).then_some(sent)
}

/// The digits of a number without zeros at the ends, and the power of ten of the first.
fn decimal(text: &str) -> Option<(String, i64)> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let kept = digits.trim_matches('0').to_owned();
    if kept.is_empty() {
        return Some((kept, 0));
    }
    let power = exponent.parse::<i64>().ok()?;
    let first = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
    Some((kept, power.checked_add(first)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_yaml_1_2_says_and_documents_stay_text() {
        let number = |value: f64| Kind::Number(Number::from_f64(value).unwrap());
        for (text, kind) in [
            ("58", Kind::Number(58.into())),
            ("-1", Kind::Number((-1).into())),
            ("100.50", number(100.5)),
            ("1e3", number(1000.0)),
            ("1.5E-3", number(0.0015)),
            ("0", Kind::Number(0.into())),
            ("0.5", number(0.5)),
            ("0.000", number(0.0)),
            ("0.30000000000000004", number(0.1 + 0.2)),
            ("01234567890", Kind::Text("01234567890".into())),
            ("0123.5", Kind::Text("0123.5".into())),
            ("no", Kind::Text("no".into())),
            ("2024-01-01", Kind::Text("2024-01-01".into())),
            ("12:30", Kind::Text("12:30".into())),
            ("1.2.3", Kind::Text("1.2.3".into())),
            ("1,5", Kind::Text("1,5".into())),
            ("10%", Kind::Text("10%".into())),
            ("2s", Kind::Text("2s".into())),
            ("404/2000", Kind::Text("404/2000".into())),
            ("+54 11 5555", Kind::Text("+54 11 5555".into())),
            ("-", Kind::Text("-".into())),
            (".", Kind::Text(".".into())),
            ("...", Kind::Text("...".into())),
            ("1e", Kind::Text("1e".into())),
            ("e5", Kind::Text("e5".into())),
            ("_1", Kind::Text("_1".into())),
            ("0x", Kind::Text("0x".into())),
            ("0xyz", Kind::Text("0xyz".into())),
            ("18446744073709551615", Kind::Number(u64::MAX.into())),
            ("~", Kind::Null),
            ("True", Kind::Bool(true)),
        ] {
            assert_eq!(resolve(text), Ok(kind), "{text}");
        }
    }

    #[test]
    fn what_some_read_as_a_number_and_json_cannot_write_is_refused() {
        for (text, number) in [
            (".5", Some("0.5")),
            ("-.5", Some("-0.5")),
            ("+.5e3", Some("0.5e3")),
            ("5.", Some("5.0")),
            ("+5", Some("5")),
            ("0x10", Some("16")),
            ("-0x10", Some("-16")),
            ("0o7", Some("7")),
            ("0b101", Some("5")),
            ("1_000", Some("1000")),
            ("1_000.50", Some("1000.50")),
            (".inf", None),
            ("-.INF", None),
            (".nan", None),
            ("99999999999999999999", None),
            ("+99999999999999999999", None),
            ("-9223372036854775809", None),
            ("0xffffffffffffffffff", None),
            ("1e400", None),
            ("1e-400", None),
            ("1234e567", None),
            ("0.12345678901234567890", None),
            ("100000000000000000001.5", None),
        ] {
            assert_eq!(resolve(text), Err(NoJson { number: number.map(str::to_owned) }), "{text}");
            assert_eq!(super::number(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_sent_as_it_is_written(text in "[-+]?[0-9_]{0,22}[.]?[0-9]{0,20}([eE][-+]?[0-9]{1,3})?") {
            match resolve(&text) {
                Ok(Kind::Number(number)) => {
                    let sent = number.to_string();
                    proptest::prop_assert_eq!(decimal(&sent), decimal(&text), "{} {}", sent, text);
                    proptest::prop_assert!(serde_json::from_str::<Number>(&text).is_ok());
                }
                Err(NoJson { number: Some(number) }) => {
                    proptest::prop_assert!(matches!(resolve(&number), Ok(Kind::Number(_))), "{}", number);
                }
                _ => {}
            }
        }
    }
}
