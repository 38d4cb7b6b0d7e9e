//! What a plain scalar means: the core schema of YAML 1.2, with one deviation (see [`resolve`]).

use serde_json::Number;

use super::Kind;

/// The value of an unquoted scalar. Unlike the core schema, digits with a leading zero are text and not a
/// number: `01234567890` is a CPF, and a number would lose its zero. Hexadecimal and octal forms are text too.
pub(super) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').or_else(|| text.strip_prefix('+')).unwrap_or(text);
    let mut bytes = digits.bytes();
    let first = bytes.next().filter(u8::is_ascii_digit)?;
    if first == b'0' && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    if bytes.all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        return unsigned.parse::<i64>().map(Number::from).or_else(|_| unsigned.parse::<u64>().map(Number::from)).ok();
    }
    let shape = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits.bytes().all(shape) || digits.matches('.').count() > 1 {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
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
            ("0", Kind::Number(0.into())),
            ("0.5", number(0.5)),
            ("01234567890", Kind::Text("01234567890".into())),
            ("no", Kind::Text("no".into())),
            ("1_000", Kind::Text("1_000".into())),
            ("2024-01-01", Kind::Text("2024-01-01".into())),
            ("12:30", Kind::Text("12:30".into())),
            ("0x1f", Kind::Text("0x1f".into())),
            ("1.2.3", Kind::Text("1.2.3".into())),
            ("18446744073709551615", Kind::Number(u64::MAX.into())),
            ("99999999999999999999", Kind::Text("99999999999999999999".into())),
            ("~", Kind::Null),
            ("True", Kind::Bool(true)),
        ] {
            assert_eq!(resolve(text), kind, "{text}");
        }
    }
}
