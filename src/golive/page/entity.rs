//! Character references (`&aacute;`, `&#39;`) where they are written as they should be.

use html5ever::data::NAMED_ENTITIES;

/// Longest name of a reference.
const MAX_NAME: usize = 32;

/// A text with its references replaced; `None` when one of them is written in a way for which the standard has rules of
/// its own. In the value of an attribute (`of_attribute`) what stands before `=` is a parameter, no reference.
pub(super) fn decoded(text: &str, of_attribute: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'&', &bytes[from..]) {
        let at = from + found;
        plain.push_str(&text[from..at]);
        let rest = &bytes[at + 1..];
        let length = rest.iter().take(MAX_NAME + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        from = match rest.get(length) {
            // No reference at all.
            other if length == 0 && other != Some(&b'#') => {
                plain.push('&');
                at + 1
            }
            Some(b';') => {
                let name = &text[at + 1..at + 2 + length];
                let (first, second) = *NAMED_ENTITIES.get(name)?;
                plain.push(char::from_u32(first).filter(|sign| *sign != '\0')?);
                if second != 0 {
                    plain.push(char::from_u32(second)?);
                }
                at + 2 + length
            }
            Some(b'#') if length == 0 => {
                let (sign, length) = numeric(&text[at + 2..])?;
                plain.push(sign);
                at + 2 + length
            }
            Some(b'=') if of_attribute => {
                plain.push_str(&text[at..at + 1 + length]);
                at + 1 + length
            }
            _ => return None,
        };
    }
    plain.push_str(&text[from..]);
    Some(plain)
}

/// The sign that `39;` or `x27;` stands for, and how long that is.
fn numeric(rest: &str) -> Option<(char, usize)> {
    let (digits, length) =
        rest.get(..rest.len().min(12))?.split_once(';').map(|(digits, _)| (digits, digits.len() + 1))?;
    let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, radix).ok()?;
    // The standard replaces controls and complains of signs that are none.
    let plain = matches!(number, 0x9 | 0xa | 0x20..=0x7e | 0xa0..=0xd7ff | 0xe000..=0xfdcf | 0xfdf0..=0xfffd | 0x1_0000..=0x1_fffd);
    char::from_u32(number).filter(|_| plain).map(|sign| (sign, length))
}
