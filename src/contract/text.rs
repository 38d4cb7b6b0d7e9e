//! Brings the bytes of foreign files into UTF-8 text, and tells what is no text. Reads no file.

use std::borrow::Cow;

use crate::i18n::Message;

/// The bytes without a byte order mark; UTF-16, as some shells redirect into files, becomes UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let units = |pair: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|chunk| pair([chunk[0], chunk[1]]));
        Cow::Owned(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect::<String>().into_bytes())
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        _ => Cow::Borrowed(bytes),
    }
}

/// A format that is no text at all, told by its first bytes.
pub(super) fn foreign_format(bytes: &[u8]) -> Option<Message> {
    match bytes {
        [0x1f, 0x8b, ..] => Some(Message::new("validate.compressed").with("format", "gzip")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Message::new("validate.compressed").with("format", "zstd")),
        [b'P', b'K', 3, 4, ..] => Some(Message::new("validate.compressed").with("format", "zip")),
        _ if bytes.iter().take(4_096).any(|byte| *byte == 0) => Some(Message::new("validate.binary")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_utf16_become_plain_utf8() {
        let text = "{\"é\":1}";
        let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [vec![0xff, 0xfe], wide(u16::to_le_bytes)].concat(),
            [vec![0xfe, 0xff], wide(u16::to_be_bytes)].concat(),
        ] {
            assert_eq!(utf8(&bytes).as_ref(), text.as_bytes());
        }
        assert_eq!(utf8(b"").as_ref(), b"");
    }

    #[test]
    fn what_is_no_text_is_named() {
        let told = |bytes: &[u8]| foreign_format(bytes).map(|message| message.key.into_owned());
        assert_eq!(told(b"\x1f\x8b\x08").as_deref(), Some("validate.compressed"));
        assert_eq!(told(b"\x7fELF\0\0").as_deref(), Some("validate.binary"));
        assert_eq!(told(b"{}"), None);
    }
}
