//! JavaScript as text: comments blanked out, everything else where it was.

/// The script with every comment turned into spaces; bytes keep their offsets and lines their numbers.
///
/// Strings, templates and regular expressions are left alone. Code inside `${…}` of a template keeps its
/// comments: they are rare there and leaving them errs on the side of looking.
pub fn without_comments(script: &str) -> String {
    let bytes = script.as_bytes();
    let mut clean = bytes.to_vec();
    let mut at = 0;
    // Last byte that is neither space nor comment: tells a regular expression from a division.
    let mut before = b'(';
    let mut word_start = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = find(bytes, at, b"\n").unwrap_or(bytes.len());
                blank(&mut clean, at, end);
                at = end;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = find(bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2);
                blank(&mut clean, at, end);
                at = end;
                continue;
            }
            b'<' if bytes[at..].starts_with(b"<!--") => {
                let end = find(bytes, at, b"\n").unwrap_or(bytes.len());
                blank(&mut clean, at, end);
                at = end;
                continue;
            }
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
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            let in_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
            let was_word = at > 0 && {
                let last = bytes[at - 1];
                last.is_ascii_alphanumeric() || last == b'_' || last == b'$'
            };
            if in_word && !was_word {
                word_start = at;
            }
            before = byte;
        }
        at += 1;
    }
    // Only whole comments were overwritten with ASCII, so this is valid UTF-8 still.
    String::from_utf8(clean).unwrap_or_else(|_| script.to_owned())
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    match what {
        [one] => rest.iter().position(|byte| byte == one).map(|found| from + found),
        _ => rest.windows(what.len()).position(|window| window == what).map(|found| from + found),
    }
}

fn blank(clean: &mut [u8], from: usize, to: usize) {
    for byte in &mut clean[from..to] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

pub(super) fn end_of_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if quote != b'`' => return at,
            _ if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

pub(super) fn starts_regex(before: u8, word: &[u8]) -> bool {
    let word = word.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
    b"(,=:[!&|?{};+-*%~^<>".contains(&before) || matches!(word, b"return" | b"typeof" | b"case" | b"in" | b"of")
}

pub(super) fn end_of_regex(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    let mut class = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return at + 1,
            b'\n' => return start + 1,
            _ => {}
        }
        at += 1;
    }
    start + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_go() {
        for (script, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b\n */ c", "a     \n    c"),
            ("x = 'http://a' // é", "x = 'http://a'      "),
            ("x = /https?:\\/\\//; y", "x = /https?:\\/\\//; y"),
            ("a / b // c", "a / b     "),
            ("`//${x}` //", "`//${x}`   "),
            ("return /[/]\\/*/.test(a) /* b */", "return /[/]\\/*/.test(a)        "),
            ("\"a\\\"// b\"", "\"a\\\"// b\""),
            ("/* open", "       "),
        ] {
            assert_eq!(without_comments(script), expected, "{script}");
        }
    }

    proptest::proptest! {
        #[test]
        fn lengths_and_lines_stay(script in "[a-z/*'\"`\\\\\n {}é(]{0,80}") {
            let clean = without_comments(&script);
            proptest::prop_assert_eq!(clean.len(), script.len());
            proptest::prop_assert_eq!(clean.lines().count(), script.lines().count());
        }
    }
}
