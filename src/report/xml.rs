//! A small writer of XML 1.0: elements, attributes and text, escaped and free of characters that XML forbids.

use std::io::{self, Write};

use super::clean;

/// Writes elements to `out`. Elements are closed by whoever opened them.
pub(super) struct Xml<'w> {
    out: &'w mut dyn Write,
}

impl<'w> Xml<'w> {
    /// Begins a document.
    pub(super) fn begin(out: &'w mut dyn Write) -> io::Result<Xml<'w>> {
        out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        Ok(Xml { out })
    }

    /// `<name a="b">` and a line feed.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.tag(name, attributes, ">\n")
    }

    /// `<name a="b"/>` and a line feed.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.tag(name, attributes, "/>\n")
    }

    /// `<name a="b">text</name>` and a line feed.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.tag(name, attributes, ">")?;
        self.escape(text, false)?;
        self.close(name)
    }

    /// `</name>` and a line feed.
    pub(super) fn close(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "</{name}>")
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) -> io::Result<()> {
        write!(self.out, "<{name}")?;
        for (attribute, value) in attributes {
            write!(self.out, " {attribute}=\"")?;
            self.escape(value, true)?;
            self.out.write_all(b"\"")?;
        }
        self.out.write_all(end.as_bytes())
    }

    fn escape(&mut self, text: &str, attribute: bool) -> io::Result<()> {
        // Control characters become pictures of themselves: XML 1.0 has no way to hold them.
        let text = clean::block(text);
        let mut begin = 0;
        for (index, character) in text.char_indices() {
            let entity = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' if attribute => "&quot;",
                '\n' if attribute => "&#10;",
                '\t' if attribute => "&#9;",
                '\u{fffe}' | '\u{ffff}' => "\u{fffd}",
                _ => continue,
            };
            self.out.write_all(&text.as_bytes()[begin..index])?;
            self.out.write_all(entity.as_bytes())?;
            begin = index + character.len_utf8();
        }
        self.out.write_all(&text.as_bytes()[begin..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_does_not_get_in() {
        let mut bytes = Vec::new();
        let mut xml = Xml::begin(&mut bytes).unwrap();
        xml.text("a", &[("b", "\"<&>\n\0")], "\u{1b}]]>\u{ffff}ñ\"\n").unwrap();
        let written = String::from_utf8(bytes).unwrap();
        assert_eq!(written.lines().nth(1), Some("<a b=\"&quot;&lt;&amp;&gt;&#10;␀\">␛]]&gt;\u{fffd}ñ\""));
    }
}
