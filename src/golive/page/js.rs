//! Calls and object literals in JavaScript, found by brackets alone: no grammar, bounded, never wrong about where a
//! string ends.
//!
//! Responsible for places in a script without comments. Not responsible for what they mean: that is a rule's.

use std::ops::Range;

use super::script::{end_of_regex, end_of_string, starts_regex};

/// Bytes of one call or object that are read.
const MAX_SPAN: usize = 60_000;
/// Most parts of one call or object.
const MAX_PARTS: usize = 300;

/// A property of an object literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name; `...` for what is spread into the object, `[` for a computed name.
    pub key: String,
    /// Where its value stands; for `name` alone and for methods the whole property.
    pub value: Range<usize>,
}

/// The bracket that closes the one at `open`, and the commas between them that separate parts.
fn read(clean: &str, open: usize) -> Option<(usize, Vec<usize>)> {
    let bytes = clean.as_bytes();
    let end = bytes.len().min(open.saturating_add(MAX_SPAN));
    let (mut at, mut depth, mut commas) = (open, 0_usize, Vec::new());
    // What stood before tells a regular expression from a division.
    let (mut before, mut word_start) = (b'(', open);
    while at < end {
        let byte = bytes[at];
        match byte {
            b'"' | b'\'' | b'`' => {
                at = end_of_string(bytes, at, byte);
                before = b'"';
                continue;
            }
            b'/' if starts_regex(before, &bytes[word_start.min(at)..at]) => {
                at = end_of_regex(bytes, at);
                before = b'"';
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((at, commas));
                }
            }
            b',' if depth == 1 && commas.len() < MAX_PARTS => commas.push(at),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
            if in_word(byte) && !(at > 0 && in_word(bytes[at - 1])) {
                word_start = at;
            }
            before = byte;
        }
        at += 1;
    }
    None
}

/// The parts between the bracket at `open` and its end, separated by commas, white space trimmed.
pub fn parts(clean: &str, open: usize) -> Option<Vec<Range<usize>>> {
    let (close, commas) = read(clean, open)?;
    let mut from = open + 1;
    let mut found = Vec::new();
    for end in commas.into_iter().chain(std::iter::once(close)) {
        let piece = clean.get(from..end)?;
        let start = from + (piece.len() - piece.trim_start().len());
        let range = start..start + piece.trim().len();
        if !range.is_empty() {
            found.push(range);
        }
        from = end + 1;
    }
    Some(found)
}

/// The properties of the object literal whose `{` is at `open`.
pub fn properties(clean: &str, open: usize) -> Option<Vec<Property>> {
    if clean.as_bytes().get(open) != Some(&b'{') {
        return None;
    }
    parts(clean, open)?.into_iter().map(|part| property(clean, part)).collect()
}

fn property(clean: &str, part: Range<usize>) -> Option<Property> {
    let text = clean.get(part.clone())?;
    let named = |key: &str, value: Range<usize>| Some(Property { key: key.to_owned(), value });
    if text.starts_with("...") {
        return named("...", part);
    }
    let (key, rest) = match text.as_bytes().first()? {
        quote @ (b'"' | b'\'' | b'`') => {
            let end = end_of_string(text.as_bytes(), 0, *quote);
            (text.get(1..end.saturating_sub(1))?, end)
        }
        b'[' => return named("[", part),
        _ => {
            let skipped = ["async ", "get ", "set ", "*"].iter().find_map(|word| text.strip_prefix(word));
            let name =
                skipped.filter(|rest| !rest.trim_start().starts_with([':', ',', '('])).unwrap_or(text).trim_start();
            let start = text.len() - name.len();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(name.len());
            (name.get(..end)?, start + end)
        }
    };
    let after = text.get(rest..)?;
    let trimmed = after.trim_start();
    match trimmed.strip_prefix(':') {
        Some(value) => {
            let start = part.end - value.trim_start().len();
            named(key, start..part.end)
        }
        None => named(key, part),
    }
}

/// The property of this name.
pub fn property_of<'p>(all: &'p [Property], key: &str) -> Option<&'p Property> {
    all.iter().find(|property| property.key == key)
}

/// Where the object literal begins that the expression at `at` is: written there, or as the value of the name that
/// stands there. Nothing when the name gets its value elsewhere, or several times.
pub fn object_at(clean: &str, at: usize) -> Option<usize> {
    let text = clean.get(at..)?;
    if text.starts_with('{') {
        return Some(at);
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(text.len());
    let name = text.get(..end).filter(|name| !name.is_empty() && name.len() <= 80)?;
    if text.get(end..)?.trim_start().starts_with(['(', '.', '[']) {
        return None;
    }
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut found = clean.match_indices(name).filter_map(|(start, _)| {
        let whole = !clean[..start].ends_with(|c: char| in_word(c) || c == '.');
        let value = clean[start + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        (whole && value.starts_with('{')).then(|| clean.len() - value.len())
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The text of a string literal that is all of `range`.
pub fn literal(clean: &str, range: &Range<usize>) -> Option<String> {
    let text = clean.get(range.clone())?.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    if end_of_string(text.as_bytes(), 0, u8::try_from(quote).ok()?) != text.len() || text.len() < 2 {
        return None;
    }
    let inner = text.get(1..text.len() - 1)?;
    (!inner.contains("${") && !inner.contains('\\')).then(|| inner.to_owned())
}

/// The code of `clean` with what stands in strings blanked; `${…}` of templates stays. Offsets stay.
pub fn without_strings(clean: &str) -> String {
    let bytes = clean.as_bytes();
    let mut code = bytes.to_vec();
    let (mut at, mut before, mut word_start) = (0, b'(', 0);
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'"' | b'\'' | b'`' => {
                let end = end_of_string(bytes, at, byte);
                blank(&mut code, at + 1, end.saturating_sub(1), byte == b'`');
                at = end;
                before = b'"';
                continue;
            }
            b'/' if starts_regex(before, &bytes[word_start.min(at)..at]) => {
                let end = end_of_regex(bytes, at);
                blank(&mut code, at + 1, end.saturating_sub(1), false);
                at = end;
                before = b'"';
                continue;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
            if in_word(byte) && !(at > 0 && in_word(bytes[at - 1])) {
                word_start = at;
            }
            before = byte;
        }
        at += 1;
    }
    // Whole characters were overwritten with ASCII, so this is valid UTF-8 still.
    String::from_utf8(code).unwrap_or_else(|_| clean.to_owned())
}

fn blank(code: &mut [u8], from: usize, to: usize, template: bool) {
    let mut at = from;
    while at < to.min(code.len()) {
        if template && code[at] == b'$' && code.get(at + 1) == Some(&b'{') {
            let end = code[at..to].iter().position(|byte| *byte == b'}').map_or(to, |found| at + found + 1);
            at = end;
            continue;
        }
        if code[at] != b'\n' {
            code[at] = b' ';
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(script: &str) -> Vec<(String, String)> {
        let open = script.find('{').unwrap();
        let all = properties(script, open).unwrap();
        all.into_iter().map(|one| (one.key, script[one.value].to_owned())).collect()
    }

    #[test]
    fn properties_are_told_by_brackets() {
        let script = r#"mp.cardForm({ amount: "1,5", 'iframe': !0, form: { id: 'f', n: [1, 2] }, onSubmit(e) { a(); },
            async onError (x) { b(/[,}]/) }, ...rest, done, async: 1, x: a ? { y: 1 } : `}${z}` })"#;
        let expected = [
            ("amount", "\"1,5\""),
            ("iframe", "!0"),
            ("form", "{ id: 'f', n: [1, 2] }"),
            ("onSubmit", "onSubmit(e) { a(); }"),
            ("onError", "async onError (x) { b(/[,}]/) }"),
            ("...", "...rest"),
            ("done", "done"),
            ("async", "1"),
            ("x", "a ? { y: 1 } : `}${z}`"),
        ];
        let found = keys(script);
        assert_eq!(found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), expected);
        assert_eq!(properties("{ a: 1", 0), None);
    }

    #[test]
    fn a_name_leads_to_its_object_when_there_is_one() {
        let script =
            "const settings = { a: 1 }; let other = { b: 1 }; other = { c: 1 }; f(settings); f(other); f(settings.x)";
        let at = |what: &str| script.find(what).unwrap() + 2;
        assert_eq!(object_at(script, at("f(settings)")), script.find('{'));
        assert_eq!(object_at(script, at("f(other)")), None);
        assert_eq!(object_at(script, at("f(settings.x)")), None);
    }

    #[test]
    fn strings_are_blanked_and_expressions_in_templates_stay() {
        let script = "log('cvv é', `n ${cvv} cvv`, /cvv/, cvv)";
        let code = without_strings(script);
        assert_eq!(code.len(), script.len());
        assert_eq!(code.matches("cvv").count(), 2, "{code}");
        assert_eq!(literal("'a'", &(0..3)).as_deref(), Some("a"));
        assert_eq!(literal("'a' + b", &(0..7)), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_breaks_it(script in "[a-z:,.'\"`/\\\\\n {}()\\[\\]é$=]{0,80}") {
            for (at, _) in script.match_indices(['{', '(', '[']) {
                parts(&script, at);
                properties(&script, at);
                object_at(&script, at);
            }
            proptest::prop_assert_eq!(without_strings(&script).len(), script.len());
        }
    }
}
