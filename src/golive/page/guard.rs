//! Tells whether a place in a script runs only where the page is developed: behind a test of the host name or of
//! the build. Reads braces and statement ends, no grammar; bounded backwards.

use std::sync::LazyLock;

use regex::Regex;

use crate::golive::quick::quick;

/// Bytes before the place that are read.
const WINDOW: usize = 4_000;
/// Blocks around the place that are asked.
const MAX_BLOCKS: usize = 4;

/// A test of where the page runs, and the branch that follows from it.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static GUARD: LazyLock<Regex> = LazyLock::new(|| {
    let place = r"\b(?:location\s*\.\s*(?:host(?:name)?|origin|href)|hostname|NODE_ENV|import\.meta\.env\.(?:DEV|PROD|MODE)|__DEV__|is_?(?:dev(?:elopment)?|local(?:host)?|prod(?:uction)?))\b";
    let test = r#"[=!]==?|\.\s*(?:includes|indexOf|match|startsWith|endsWith|test)\s*\("#;
    quick(&format!(
        r"(?is)(?:\bif\s*\(|\bcase\b).*{place}|(?:{place}.{{0,60}}(?:{test})|(?:{test}).{{0,60}}{place}|\b(?:__DEV__|import\.meta\.env\.(?:DEV|PROD)|is_?(?:dev(?:elopment)?|local(?:host)?|prod(?:uction)?))\b).*(?:\?|&&|\|\|)"
    ))
    .expect("a valid pattern")
});

/// Whether the statement at byte `at` of a script without comments, or a block around it, is guarded.
pub fn guarded(clean: &str, at: usize) -> bool {
    let from = (at.saturating_sub(WINDOW)..=at).find(|from| clean.is_char_boundary(*from)).unwrap_or(at);
    let Some(before) = clean.get(from..at) else { return false };
    let mut end = before.len();
    let mut inner = true;
    for _ in 0..=MAX_BLOCKS {
        // The statement itself first, then what stands before the brace that opens each block around it.
        let start = statement_start(before, end);
        let statement = before[start..end].trim();
        if GUARD.is_match(statement) {
            return true;
        }
        // `else` belongs to the `if` before it.
        if !inner || statement.starts_with("else") {
            let mut chain = start;
            let mut word = statement;
            for _ in 0..MAX_BLOCKS {
                if !word.starts_with("else") && !word.is_empty() {
                    break;
                }
                let Some(open) = before[..chain].trim_end().strip_suffix('}').and_then(opening) else {
                    break;
                };
                let head = statement_start(before, open);
                word = before[head..open].trim();
                if GUARD.is_match(word) {
                    return true;
                }
                chain = head;
            }
        }
        match opening(&before[..start]) {
            Some(open) => end = open,
            None => return false,
        }
        inner = false;
    }
    false
}

/// Where the statement begins that goes on at `end`.
fn statement_start(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    // A comma ends a declaration of several names; inside a call it does not, which the bracket before it tells.
    let mut comma = None;
    for at in (0..end).rev() {
        match bytes[at] {
            b')' | b']' => depth += 1,
            b'(' | b'[' if depth == 0 => comma = None,
            b'(' | b'[' => depth -= 1,
            b',' if depth == 0 && comma.is_none() => comma = Some(at + 1),
            b';' | b'{' | b'}' if depth == 0 => return comma.unwrap_or(at + 1),
            b'\n' if depth == 0 => {
                let last = text[..at].trim_end().bytes().last().unwrap_or(b';');
                let next = text[at..end].trim_start().bytes().next().unwrap_or(b'?');
                if !b"?:&|=(,+[<>".contains(&last) && !b"?:&|=.+,)".contains(&next) && last != b')' {
                    return comma.unwrap_or(at + 1);
                }
            }
            _ => {}
        }
    }
    comma.unwrap_or(0)
}

/// The brace that is open at the end of a text.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth == 0 => return Some(at),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_development_is_told_from_code_that_runs() {
        for (script, expected) in [
            ("const api = location.hostname === 'localhost' ? 'HERE' : '/api'", true),
            ("const api = ['localhost', '127.0.0.1'].includes(location.hostname) ? 'HERE' : '/api'", true),
            ("const api = location.hostname === 'localhost'\n  ? 'HERE'\n  : '/api'", true),
            ("if (window.location.hostname == 'localhost') { base = 'HERE'; }", true),
            ("if (location.hostname === 'localhost') {\n  let a = 1;\n  base = 'HERE'\n}", true),
            ("if (location.hostname === 'localhost') base = 'HERE';", true),
            ("if (location.hostname === 'localhost')\n  base = 'HERE';", true),
            ("if (process.env.NODE_ENV === 'production') { base = '/api' } else { base = 'HERE' }", true),
            ("if (process.env.NODE_ENV !== 'production') { fetch('HERE') }", true),
            ("const api = isDev ? 'HERE' : '/api'", true),
            ("fetch('HERE')", false),
            ("const host = location.hostname, api = 'HERE'", false),
            ("if (location.hostname === 'a.example') { track() }\nfetch('HERE')", false),
            ("const dev = location.hostname === 'localhost'\nfetch('HERE')", false),
            ("const dev = location.hostname === 'localhost' ? 1 : 2; fetch('HERE')", false),
            ("if (ready) { fetch('HERE') } else { fetch('/x') }", false),
            ("function pay() { if (NODE_ENV == 'test') { x() } fetch('HERE') }", false),
            ("var a=location.hostname==='x'?1:2,b='HERE'", false),
            ("var a=1,b=location.hostname==='localhost'?'HERE':'/api'", true),
            ("'localhost'===location.hostname&&(a=1,base='HERE')", true),
            ("const api = process.env.API || 'HERE'", false),
        ] {
            assert_eq!(guarded(script, script.find("HERE").unwrap()), expected, "{script}");
        }
    }
}
