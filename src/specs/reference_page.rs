//! Reads the error catalogue out of the reference page "Crear pago", saved as text or as HTML.
//!
//! Responsible for repairing the encoding, finding the rows and taking them apart (message, advice, fused rows).
//! Not responsible for comparing them with anything: see `contract::drift`.

use std::borrow::Cow;

/// One row of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEntry {
    /// HTTP status of the section it stands in.
    pub status: u16,
    /// Code, or the sentence that stands in its place.
    pub code: String,
    /// Message; `None` for a code whose text the page has lost in a fused row.
    pub text: Option<String>,
    /// The advice behind the message.
    pub advice: Option<String>,
    /// The first code of the row that this one was fused into.
    pub fused_into: Option<String>,
}

/// Most bytes of a page that are read.
pub const LONGEST_PAGE: usize = 16 << 20;
/// Most rows that are read.
const MOST_ENTRIES: usize = 10_000;
/// Most characters of one row.
const LONGEST_ROW: usize = 4_000;

/// The rows of a page, in the order of the page; none when it is no such page. Never fails: bytes that are no
/// UTF-8 are replaced, what is behind [`LONGEST_PAGE`] is not read.
pub fn read(bytes: &[u8]) -> Vec<PageEntry> {
    let bytes = &bytes[..bytes.len().min(LONGEST_PAGE)];
    let text = String::from_utf8_lossy(bytes);
    let text = if looks_like_html(&text) { Cow::Owned(text_of_html(&text)) } else { text };
    rows(&text)
}

/// Whether a text is HTML and not the text of a page.
pub fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(400).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with('<')
        && ["<!doctype", "<html", "<body", "<div", "<main", "<section", "<table", "<!--"]
            .iter()
            .any(|tag| start.contains(tag))
}

fn rows(text: &str) -> Vec<PageEntry> {
    let mut entries = Vec::new();
    let mut status = None;
    let mut pending: Option<(String, String)> = None;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if entries.len() >= MOST_ENTRIES {
            break;
        }
        let alone = lines.peek().is_some_and(|next| next.eq_ignore_ascii_case("error"));
        let split = if alone && section(line).is_none() { http_status(line) } else { None };
        if let Some(found) = section(line).or(split) {
            if split.is_some() {
                lines.next();
            }
            finish(status, &mut pending, &mut entries);
            status = Some(found);
            continue;
        }
        if status.is_none() {
            continue;
        }
        if ends_the_table(line) {
            finish(status, &mut pending, &mut entries);
            status = None;
            continue;
        }
        let line: String = repair(line).chars().take(LONGEST_ROW).collect();
        match &mut pending {
            Some((_, told)) if told.is_empty() => *told = line,
            Some((_, told)) if !is_code(&line) && !starts_a_sentence_row(&line, told) => {
                if told.len() < LONGEST_ROW {
                    told.push(' ');
                    told.push_str(&line);
                }
            }
            _ => {
                finish(status, &mut pending, &mut entries);
                pending = Some((line, String::new()));
            }
        }
    }
    finish(status, &mut pending, &mut entries);
    entries
}

/// `400Error`, `400 Error`, `Error 400`.
fn section(line: &str) -> Option<u16> {
    let lower = line.to_ascii_lowercase();
    let rest = lower.strip_suffix("error").or_else(|| lower.strip_prefix("error"))?;
    http_status(rest.trim().trim_matches(':').trim())
}

fn http_status(word: &str) -> Option<u16> {
    let digits = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|status| digits && (100..600).contains(status))
}

/// What stands behind the table in the languages of the page.
fn ends_the_table(line: &str) -> bool {
    let words = ["solicitud", "solicitação", "requisição", "requisiĂ§ĂŁo", "request", "respuesta de ejemplo"];
    words.contains(&line.to_lowercase().as_str()) || line.starts_with("curl ")
}

/// A number, or a word with underscores.
fn is_code(line: &str) -> bool {
    let number = line.len() <= 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let word = line.len() <= 80
        && line.contains('_')
        && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    number || word
}

/// A row that begins with a sentence in the place of a code follows only on a finished row.
fn starts_a_sentence_row(line: &str, told: &str) -> bool {
    told.ends_with('.') && line.len() <= 80 && !line.ends_with('.') && !line.contains(" - ")
}

fn finish(status: Option<u16>, pending: &mut Option<(String, String)>, entries: &mut Vec<PageEntry>) {
    let (Some(status), Some((code, told))) = (status, pending.take()) else { return };
    if told.is_empty() {
        return;
    }
    let (text, advice) = split_advice(&told);
    let own = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if !is_code(&code) {
        // A sentence in the place of a code is the message; what follows is advice.
        let text = own(&code);
        entries.push(PageEntry { status, code, text, advice: own(&told), fused_into: None });
        return;
    }
    let parts = fused(&code, text);
    let first = code.clone();
    for (index, (code, text)) in parts.into_iter().enumerate() {
        let fused_into = (index > 0).then(|| first.clone());
        let advice = advice.and_then(own);
        entries.push(PageEntry { status, code, text: own(&text), advice, fused_into });
    }
}

/// Message and advice. The separator " - " also stands inside sentences, so the one behind a full stop counts,
/// and where there is none the last.
fn split_advice(told: &str) -> (&str, Option<&str>) {
    if let Some(at) = told.find(". - ") {
        return (&told[..=at], Some(&told[at + 4..]));
    }
    match told.rfind(" - ") {
        Some(at) => (&told[..at], Some(&told[at + 3..])),
        None => (told, None),
    }
}

/// Takes a row apart that holds the next codes in its sentence: `3032: Invalid … 3033 3034 - Invalid …`.
fn fused(code: &str, text: &str) -> Vec<(String, String)> {
    let mut parts = vec![(code.to_owned(), String::new())];
    let mut last: Option<u32> = code.parse().ok().filter(|_| code.len() == 4);
    for word in text.split(' ') {
        let number = word.parse::<u32>().ok().filter(|_| word.len() == 4);
        if let (Some(number), Some(before)) = (number, last)
            && number > before
            && number <= before + 5
        {
            parts.push((word.to_owned(), String::new()));
            last = Some(number);
            continue;
        }
        if let Some((_, told)) = parts.last_mut()
            && !(told.is_empty() && word == "-")
        {
            if !told.is_empty() {
                told.push(' ');
            }
            told.push_str(word);
        }
    }
    parts
}

/// Undoes UTF-8 that was read as ISO-8859-16 or Windows-1252. A soft hyphen, which such pages lose on the way,
/// makes the lone `Ă` an `í`.
pub fn repair(text: &str) -> Cow<'_, str> {
    if !text.contains(['Ă', 'Ã', 'Â', 'â']) {
        return Cow::Borrowed(text);
    }
    let mut repaired = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let lead = match character {
            'Ă' | 'Ã' => 0xC0,
            'Â' => 0x80,
            _ => {
                repaired.push(character);
                continue;
            }
        };
        let byte = characters.peek().and_then(|next| trail(*next));
        match byte.and_then(|byte| char::from_u32(lead | u32::from(byte & 0x3F))) {
            Some(meant) => {
                characters.next();
                repaired.push(meant);
            }
            None if character == 'Ă' => repaired.push('í'),
            None => repaired.push(character),
        }
    }
    Cow::Owned(repaired)
}

/// The byte 80 to BF that a character was before it was read in the wrong encoding.
fn trail(character: char) -> Option<u8> {
    if character.is_ascii() {
        return None;
    }
    if ('\u{80}'..='\u{bf}').contains(&character) {
        return u8::try_from(u32::from(character)).ok();
    }
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    [encoding_rs::ISO_8859_16, encoding_rs::WINDOWS_1252].into_iter().find_map(|encoding| {
        let (bytes, _, failed) = encoding.encode(text);
        bytes.first().copied().filter(|byte| !failed && bytes.len() == 1 && (0x80..0xC0).contains(byte))
    })
}

/// The text of a page: a line for each block, nothing of scripts and styles.
fn text_of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_entities(&rest[..start], &mut text);
        rest = &rest[start..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        let Some(end) = rest.find('>') else { break };
        let tag = rest[1..end].trim_start_matches('/');
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let closing = rest[1..end].starts_with('/');
        rest = &rest[end + 1..];
        match name.as_str() {
            "script" | "style" | "svg" if !closing => {
                let close = format!("</{name}");
                rest = rest.find(&close).map_or("", |at| &rest[at..]);
            }
            "b" | "i" | "em" | "strong" | "code" | "a" | "u" | "small" | "mark" | "kbd" | "wbr" => {}
            _ => text.push('\n'),
        }
    }
    push_entities(rest, &mut text);
    text
}

/// Text between tags: its own line breaks mean nothing, and the usual entities are read.
fn push_entities(piece: &str, text: &mut String) {
    let mut rest = piece;
    while let Some(at) = rest.find('&') {
        push_plain(&rest[..at], text);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let meant = end.and_then(|end| entity(&rest[1..end]).map(|meant| (meant, end)));
        match meant {
            Some((meant, end)) => {
                text.push(meant);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    push_plain(rest, text);
}

fn push_plain(piece: &str, text: &mut String) {
    text.extend(piece.chars().map(|character| if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character }));
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "rsquo" => '’',
        "lsquo" => '‘',
        "ndash" | "mdash" => '-',
        "aacute" => 'á',
        "eacute" => 'é',
        "iacute" => 'í',
        "oacute" => 'ó',
        "uacute" => 'ú',
        "ntilde" => 'ñ',
        "atilde" => 'ã',
        "otilde" => 'õ',
        "ccedil" => 'ç',
        "acirc" => 'â',
        "ecirc" => 'ê',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const PAGE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reference-page.txt"));

    #[test]
    fn the_saved_page_has_its_ninety_codes() {
        let entries = read(PAGE);
        let found: BTreeSet<(u16, &str)> = entries.iter().map(|entry| (entry.status, entry.code.as_str())).collect();
        let known = crate::specs::catalogue::catalogue().entries();
        let known: BTreeSet<(u16, &str)> = known.iter().map(|entry| (entry.status, entry.code.as_str())).collect();
        assert_eq!(entries.len(), 90);
        assert_eq!(found, known);
    }

    #[test]
    fn awkward_rows_are_taken_apart() {
        let entries = read(PAGE);
        let text = |code: &str| entries.iter().find(|entry| entry.code == code).and_then(|entry| entry.text.as_deref());
        for (code, expected) in [
            ("3032", Some("Invalid security_code_length")),
            ("3033", None),
            ("3034", Some("Invalid card_number_validation.")),
            ("3024", Some("Not valid action - partial refund unsupported for this transaction.")),
            ("8", Some("The name of the following parameters is wrong [additional_info.payer.test]")),
            ("Unauthorized use of live credentials", Some("Unauthorized use of live credentials")),
            (
                "pa_unauthorized_result_from_policies",
                Some("blocked_by PolicyAgent - At least one policy returned unauthorized"),
            ),
            ("4", Some("El caller no está autorizado para acceder a este recurso.")),
            ("4292", Some("Header X-Idempotency-Key can’t be null.")),
        ] {
            assert_eq!(text(code), expected, "{code}");
        }
        let advice = entries.iter().find(|entry| entry.code == "1").and_then(|entry| entry.advice.as_deref());
        assert!(advice.is_some_and(|advice| advice.contains("va como número")), "{advice:?}");
    }

    #[test]
    fn the_same_page_as_html_gives_the_same_rows() {
        let text = String::from_utf8_lossy(PAGE);
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let body: String = escaped.lines().map(|line| format!("<div><p>{line}</p></div>")).collect();
        let html = format!("<!doctype html><html><script>400Error</script><body>{body}</body></html>");
        assert_eq!(read(html.as_bytes()), read(PAGE));
    }

    #[test]
    fn broken_encoding_is_repaired_and_whole_text_stays() {
        for (broken, whole) in [
            ("AsegĂșrese", "Asegúrese"),
            ("parĂĄmetros", "parámetros"),
            ("polĂtica", "política"),
            ("numĂ©rico", "numérico"),
            ("informaÃ§Ã£o", "informação"),
            ("año numérico", "año numérico"),
        ] {
            assert_eq!(repair(broken), whole);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_page_breaks_the_reader(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_near_page_breaks_the_reader(
            lines in proptest::collection::vec(
                "(400Error|401 Error|<html>|<p|&#x41;|&|[0-9]{1,5}|[a-z_]{3,9}|[A-Z][a-zĂ -]{0,30}\\.( - .{0,9})?|.{0,20})",
                0..60,
            ),
        ) {
            let page = lines.join("\n");
            let entries = read(page.as_bytes());
            proptest::prop_assert!(entries.len() <= page.len());
        }
    }
}
