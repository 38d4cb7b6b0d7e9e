//! Regular expressions whose `\b`, `\d`, `\s` and `\w` are those of ASCII.
//!
//! Those of Unicode make an expression many times larger, and a border of words among letters with accents costs the
//! quick engine: on a Spanish page that is most of the time. Everything else, cases included, stays Unicode.

use regex::Regex;

/// Compiles an expression.
///
/// # Errors
/// It is none.
pub fn quick(source: &str) -> Result<Regex, regex::Error> {
    // A mistake is told in the words of its author.
    Regex::new(&ascii(source)).or_else(|_| Regex::new(source))
}

/// Whether an expression, written out, stays small: a class of nearly everything that is repeated up to hundreds of times
/// makes one as large as all others together, and its caches with it. A bound belongs into code.
#[cfg(test)]
pub(crate) fn is_lean(plain: &str) -> bool {
    regex::RegexBuilder::new(plain).size_limit(160 * 1024).build().is_ok()
}

/// The expression with the classes of ASCII written out.
fn ascii(source: &str) -> String {
    let mut plain = String::with_capacity(source.len() + 64);
    let mut signs = source.chars().peekable();
    let mut class = 0_u32;
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match (signs.next(), class > 0) {
                (Some('b'), false) => plain.push_str(r"(?-u:\b)"),
                (Some('B'), false) => plain.push_str(r"(?-u:\B)"),
                (Some('d'), _) => plain.push_str("[0-9]"),
                (Some('s'), _) => plain.push_str(r"[\t\n\x0b\x0c\r ]"),
                (Some('w'), _) => plain.push_str("[0-9A-Za-z_]"),
                (Some(other), _) => plain.extend(['\\', other]),
                (None, _) => plain.push('\\'),
            },
            '[' => {
                class += 1;
                plain.push(sign);
                // A bracket that comes first in a class stands for itself.
                if signs.peek() == Some(&'^') {
                    plain.extend(signs.next());
                }
                if signs.peek() == Some(&']') {
                    signs.next();
                    plain.push_str(r"\]");
                }
            }
            ']' => {
                class = class.saturating_sub(1);
                plain.push(sign);
            }
            _ => plain.push(sign),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_hundreds_of_times_is_not_lean() {
        assert!(is_lean(r#"["'`][^"'`]+["'`]"#));
        assert!(!is_lean(r#"["'`][^"'`]{1,2000}["'`]"#));
    }

    #[test]
    fn classes_are_those_of_ascii_and_everything_else_stays() {
        for (source, text, expected) in [
            (r"\bsin\s+inter[eé]s\b", "cuotas sin interés.", true),
            (r"\bcuotas\b", "más cuotas, menos", true),
            (r"^[\w.-]+$", "a_b-c.d9", true),
            (r"^[^\s\]]+$", "a]b", false),
            (r"^[^]x]+$", "ab", true),
            (r"(?i)^ÑANDÚ\d{2}$", "ñandú12", true),
            (r"^\d$", "٣", false),
            (r"^\\w$", r"\w", true),
            (r"^[\\w]+$", r"\w", true),
            (r"^\w$", "é", false),
        ] {
            assert_eq!(quick(source).unwrap().is_match(text), expected, "{source}");
        }
        assert!(quick("(").is_err() && quick("a\\").is_err());
    }
}
