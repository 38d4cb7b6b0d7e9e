//! Neutralises characters that would steer a terminal, reorder a line or hide in it.
//!
//! Replacement is one character for one, so that columns and marks stay true. Escaping for HTML is not done here.

use std::borrow::Cow;

/// Text for one line: line breaks and tabs are made visible too.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    replace(text, false)
}

/// Text for a block: line feeds and tabs stay.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    replace(text, true)
}

/// JSON text that means the same and steers no terminal that shows it: what JSON itself does not escape is escaped.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if is_harmless(text, true) {
        return Cow::Borrowed(text);
    }
    let harmless = |character: char| visible(character, true) == character;
    let mut escaped = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if harmless(character) {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            escaped.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(escaped)
}

/// Text for a log that a pipeline reads: what GitHub Actions, Azure Pipelines or TeamCity would take for a command of its
/// own is broken up. The first two look at the beginning of a line, behind any space; brackets count anywhere in it.
pub(crate) fn log(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let begin = line.len() - line.trim_start().len();
        let rest = match line[begin..].strip_prefix("::") {
            Some(rest) => {
                out.push_str(&line[..begin]);
                out.push_str(": :");
                rest
            }
            None => line,
        };
        let mut rest = rest;
        while let Some(at) = rest.find("##") {
            let behind = &rest[at + 2..];
            let word = behind.find(|each: char| !each.is_ascii_alphabetic()).unwrap_or(behind.len());
            out.push_str(&rest[..at]);
            out.push_str(if behind[word..].starts_with('[') { "# #" } else { "##" });
            rest = behind;
        }
        out.push_str(rest);
    }
    Cow::Owned(out)
}

fn replace(text: &str, block: bool) -> Cow<'_, str> {
    if is_harmless(text, block) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|character| visible(character, block)).collect())
}

/// Whether a text stays as it is. Most are told by one look at their bytes: none that is, or begins, what is replaced.
fn is_harmless(text: &str, block: bool) -> bool {
    // Without branches, so that many bytes are compared at once.
    let may_be = |byte: u8| {
        let kept = block & ((byte == b'\n') | (byte == b'\t'));
        // The bytes that begin U+0080, U+061C, U+200B, U+FEFF and U+E0000 in UTF-8, with their neighbours.
        let begins = (byte == 0xc2) | (byte == 0xd8) | (byte == 0xe2) | (byte == 0xef) | (byte == 0xf3);
        ((byte < b' ') & !kept) | (byte == 0x7f) | begins
    };
    !text.bytes().fold(false, |found, byte| found | may_be(byte))
        || text.chars().all(|character| visible(character, block) == character)
}

/// The character to show for `character`: itself when it is harmless.
fn visible(character: char, block: bool) -> char {
    match character {
        '\n' | '\t' if block => character,
        // Unicode has a picture for each C0 control character.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        // C1 controls, bidirectional marks and overrides, line separators, invisible and tag characters.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_finds_no_command_of_its_own_in_a_log() {
        assert_eq!(log("a::b\n  ::error::x\n::stop-commands::y"), "a::b\n  : :error::x\n: :stop-commands::y");
        assert_eq!(
            log("a ##[error]b ##vso[task]c ##teamcity[x] ## d"),
            "a # #[error]b # #vso[task]c # #teamcity[x] ## d"
        );
        assert!(matches!(log("a: b # c"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_character_passes_by_its_first_byte() {
        let mut buffer = [0; 4];
        for character in '\0'..=char::MAX {
            let text = &*character.encode_utf8(&mut buffer);
            for block in [true, false] {
                assert_eq!(is_harmless(text, block), visible(character, block) == character, "{character:?}");
            }
        }
    }

    #[test]
    fn what_steers_is_made_visible_and_the_rest_stays() {
        for (given, shown) in [
            ("Botón de pago 🙂", "Botón de pago 🙂"),
            ("a\u{1b}[31mb", "a␛[31mb"),
            ("a\0b", "a␀b"),
            ("a\u{202e}b\u{2066}", "a\u{fffd}b\u{fffd}"),
            ("a\nb\tc", "a␊b␉c"),
            ("a\u{9b}b\u{7f}", "a\u{fffd}b␡"),
        ] {
            assert_eq!(line(given), shown);
            assert_eq!(line(given).chars().count(), given.chars().count());
        }
        assert_eq!(block("a\nb\tc\r"), "a\nb\tc␍");
        let value = serde_json::json!({ "a\u{202e}": ["\u{9b}31m", "\u{e0041}", "ñ🙂\n"] });
        let text = value.to_string();
        let escaped = json(&text);
        assert!(escaped.contains(r"\u202e") && escaped.contains(r"\u009b31m") && escaped.contains("ñ🙂"), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
