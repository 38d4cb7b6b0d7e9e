//! Numbers, durations, dates and JSON as people read them.

use crate::i18n::Text;

/// A duration in the three languages: `830 ms`, `1,4 s`, `2 min 5 s`.
pub(super) fn duration(milliseconds: u64) -> Text {
    let text = match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1_000),
    };
    let comma = text.replace('.', ",");
    Text { es: comma.clone(), pt: comma, en: text }
}

/// A size in bytes in the three languages: `512 B`, `12,3 kB`, `4,0 MB`.
pub(super) fn size(bytes: u64) -> Text {
    let text = match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    };
    let comma = text.replace('.', ",");
    Text { es: comma.clone(), pt: comma, en: text }
}

/// An RFC 3339 time as `2026-01-02 03:04 UTC`; anything else stays as it is.
pub(super) fn moment(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(instant) => instant.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => time.to_owned(),
    }
}

/// The months of dates.
#[rustfmt::skip]
const MONTHS: [[&str; 12]; 3] = [
    ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"],
    ["janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"],
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
];

/// The day of an RFC 3339 time or date as each language writes it: `2 de enero de 2026`, `2 January 2026`.
/// Anything else stays as it is.
pub(super) fn day_in_words(time: &str) -> Text {
    let date = time.parse::<jiff::Timestamp>().map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC).date());
    match date.or_else(|_| time.parse::<jiff::civil::Date>()) {
        Ok(date) => {
            let month = |lang: usize| MONTHS[lang][usize::from(date.month().unsigned_abs()).clamp(1, 12) - 1];
            Text {
                es: format!("{} de {} de {}", date.day(), month(0), date.year()),
                pt: format!("{} de {} de {}", date.day(), month(1), date.year()),
                en: format!("{} {} {}", date.day(), month(2), date.year()),
            }
        }
        Err(_) => Text { es: time.to_owned(), pt: time.to_owned(), en: time.to_owned() },
    }
}

/// The day of an RFC 3339 time without its year, short: `2 ene`, `2 jan`, `2 Jan`. Anything else is empty.
pub(super) fn short_day(time: &str) -> Text {
    let Ok(instant) = time.parse::<jiff::Timestamp>() else { return Text::default() };
    let date = instant.to_zoned(jiff::tz::TimeZone::UTC).date();
    let month = usize::from(date.month().unsigned_abs()).clamp(1, 12) - 1;
    // Three letters of each month, which no language here cuts inside a sign.
    let short = |lang: usize| format!("{} {}", date.day(), MONTHS[lang][month].chars().take(3).collect::<String>());
    Text { es: short(0), pt: short(1), en: short(2) }
}

/// An RFC 3339 time as each language writes it: `2 de enero de 2026, 03:04 UTC`. Anything else stays as it is.
pub(super) fn moment_in_words(time: &str) -> Text {
    let mut text = day_in_words(time);
    if let Ok(instant) = time.parse::<jiff::Timestamp>() {
        let clock = instant.strftime(", %H:%M UTC").to_string();
        [&mut text.es, &mut text.pt, &mut text.en].into_iter().for_each(|text| text.push_str(&clock));
    }
    text
}

/// A URL as it is spoken of: without scheme and final slash.
pub(super) fn host_and_path(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// How deep JSON is indented; deeper levels stay on their line.
const DEEPEST: usize = 32;

/// A body with JSON indented and every number, string and member order as it was sent. What does not begin
/// like JSON is returned unchanged; what is broken further on stays readable.
pub(super) fn indent_json(body: &str) -> String {
    if !body.trim_start().starts_with(['{', '[']) {
        return body.to_owned();
    }
    let mut out = String::with_capacity(body.len() + body.len() / 2);
    let mut depth = 0usize;
    let mut rest = body.trim();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        (0..depth.min(DEEPEST)).for_each(|_| out.push_str("  "));
    };
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        rest = match character {
            '"' => {
                let (quoted, behind) = rest.split_at(string_end(rest));
                out.push_str(quoted);
                behind
            }
            '{' | '[' => {
                out.push(character);
                let behind = behind.trim_start();
                match behind.strip_prefix(['}', ']']) {
                    Some(closed) => {
                        out.push_str(&behind[..1]);
                        closed
                    }
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                        behind
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
                behind
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
                behind
            }
            ':' => {
                out.push_str(": ");
                behind
            }
            space if space.is_whitespace() => behind,
            other => {
                out.push(other);
                behind
            }
        };
    }
    out
}

/// Where the string ends with which a text begins: behind its second quotation mark, or at the end of a text that is cut.
fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        // What is escaped may be of several bytes, of which none but the first is a quotation mark.
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_naturally() {
        for (given, es, en) in
            [(830, "830 ms", "830 ms"), (1_449, "1,4 s", "1.4 s"), (125_000, "2 min 5 s", "2 min 5 s")]
        {
            assert_eq!(duration(given).es, es);
            assert_eq!(duration(given).en, en);
        }
        assert_eq!(size(12_345).pt, "12,3 kB");
        assert_eq!(size(999).en, "999 B");
    }

    #[test]
    fn times_are_shortened_and_nonsense_stays() {
        assert_eq!(moment("2026-01-02T03:04:05Z"), "2026-01-02 03:04 UTC");
        assert_eq!(moment("yesterday"), "yesterday");
        let words = moment_in_words("2026-05-09T03:04:05Z");
        assert_eq!(words.es, "9 de mayo de 2026, 03:04 UTC");
        assert_eq!(words.pt, "9 de maio de 2026, 03:04 UTC");
        assert_eq!(day_in_words("2026-12-31").pt, "31 de dezembro de 2026");
        assert_eq!(day_in_words("2026-12-31T23:59:59-03:00").en, "1 January 2027");
        assert_eq!(moment_in_words("yesterday").es, "yesterday");
        assert_eq!((short_day("2026-01-02T03:04:05Z").es.as_str(), short_day("x").en.as_str()), ("2 ene", ""));
    }

    #[test]
    fn json_is_indented_without_touching_its_values() {
        assert_eq!(
            indent_json(r#"{"a":100.50,"b":[1,2],"c":{},"d":"x,\"{y"}"#),
            "{\n  \"a\": 100.50,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \"d\": \"x,\\\"{y\"\n}"
        );
        assert_eq!(indent_json("plain, text"), "plain, text");
        // Bodies are cut, and need be no JSON.
        for (given, shown) in [
            (r#"{"a":"b\""#, "{\n  \"a\": \"b\\\""),
            ("{\"ñ\":\"\\ñ\\", "{\n  \"ñ\": \"\\ñ\\"),
            ("[ ]", "[]"),
            ("{\"", "{\n  \""),
            ("[1 ,\u{2028}2", "[\n  1,\n  2"),
        ] {
            assert_eq!(indent_json(given), shown);
        }
        assert!(indent_json(&"[".repeat(5_000)).len() < 400_000);
    }
}
