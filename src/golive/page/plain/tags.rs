//! The tags, comments and raw texts of plain markup as signs follow each other; what they mean is told by the rules.

use html5ever::interface::QuirksMode;
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};
use scraper::Node;
use scraper::node::{Comment, Doctype};

use super::super::entity::decoded;
use super::{Kind, MAX_ATTRIBUTES, Mode, Reader, Tag, is_space};

impl Reader<'_> {
    pub(super) fn declaration(&mut self) -> Option<()> {
        let rest = &self.source[self.at..];
        if let Some(inside) = rest.strip_prefix("<!--") {
            let length = memchr::memmem::find(inside.as_bytes(), b"-->")?;
            let comment = &inside[..length];
            if comment.starts_with('>') || comment.starts_with("->") || comment.contains("--!>") {
                return None;
            }
            let comment = self.piece(self.at + 4, self.at + 4 + length)?;
            let parent = match self.mode {
                Mode::Initial | Mode::BeforeHtml | Mode::AfterAfterBody => self.html.tree.root().id(),
                Mode::AfterBody => self.open.first()?.id,
                _ => self.open.last()?.id,
            };
            self.html.tree.get_mut(parent)?.append(Node::Comment(Comment { comment }));
            self.at += 4 + length + 3;
            return Some(());
        }
        if self.mode != Mode::Initial || !rest.get(..9)?.eq_ignore_ascii_case("<!doctype") {
            return None;
        }
        let end = memchr::memchr(b'>', rest.as_bytes())?;
        let words = &rest[9..end];
        if !words.starts_with([' ', '\n', '\r', '\t']) || !words.trim_ascii().eq_ignore_ascii_case("html") {
            return None;
        }
        let name = StrTendril::from_slice("html");
        let (public_id, system_id) = (StrTendril::new(), StrTendril::new());
        self.html.tree.root_mut().append(Node::Doctype(Doctype { name, public_id, system_id }));
        self.html.quirks_mode = QuirksMode::NoQuirks;
        self.at += end + 1;
        self.mode = Mode::BeforeHtml;
        Some(())
    }

    /// The name of the tag at `from`, in lower case, and where it ends.
    pub(super) fn name(&self, from: usize) -> Option<(LocalName, usize)> {
        let rest = self.bytes.get(from..)?;
        let length = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'))?;
        let end = from + length;
        if !rest.first()?.is_ascii_alphabetic() || !matches!(rest[length], b'>' | b'/' | b' ' | b'\n' | b'\r' | b'\t') {
            return None;
        }
        Some((lower(&self.source[from..end]), end))
    }

    pub(super) fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        let (name, mut at) = self.name(start + 1)?;
        let mut attributes: Vec<Attribute> = Vec::new();
        loop {
            while is_space(*self.bytes.get(at)?) {
                at += 1;
            }
            match self.bytes[at] {
                b'>' => break,
                b'/' if self.bytes.get(at + 1) == Some(&b'>') => {
                    at += 1;
                    break;
                }
                _ => {}
            }
            let from = at;
            while !matches!(*self.bytes.get(at)?, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'>' | b'=') {
                if matches!(self.bytes[at], b'"' | b'\'' | b'<') {
                    return None;
                }
                at += 1;
            }
            if at == from || attributes.len() >= MAX_ATTRIBUTES {
                return None;
            }
            let key = lower(&self.source[from..at]);
            while is_space(*self.bytes.get(at)?) {
                at += 1;
            }
            let mut value = (at, at);
            if self.bytes[at] == b'=' {
                at += 1;
                while is_space(*self.bytes.get(at)?) {
                    at += 1;
                }
                match self.bytes[at] {
                    quote @ (b'"' | b'\'') => {
                        let length = memchr::memchr(quote, &self.bytes[at + 1..])?;
                        value = (at + 1, at + 1 + length);
                        at = value.1 + 1;
                        if !matches!(*self.bytes.get(at)?, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'>') {
                            return None;
                        }
                    }
                    b'>' => return None,
                    _ => {
                        let from = at;
                        while !(is_space(*self.bytes.get(at)?) || self.bytes[at] == b'>') {
                            at += 1;
                        }
                        value = (from, at);
                    }
                }
            }
            // The first of two equal ones counts.
            if attributes.iter().any(|other| other.name.local == key) {
                continue;
            }
            let value = match memchr::memchr(b'&', &self.bytes[value.0..value.1]).is_some() {
                true => StrTendril::from(decoded(&self.lines(value.0, value.1), true)?),
                false => self.piece(value.0, value.1)?,
            };
            attributes.push(Attribute { name: QualName::new(None, ns!(), key), value });
        }
        self.at = at + 1;
        self.start(Tag { name, attributes, start })
    }

    pub(super) fn end_tag(&mut self) -> Option<()> {
        let (name, mut at) = self.name(self.at + 2)?;
        while is_space(*self.bytes.get(at)?) {
            at += 1;
        }
        if self.bytes[at] != b'>' {
            return None;
        }
        self.at = at + 1;
        match (self.mode, &*name) {
            (Mode::InHead, "head") => {
                self.pop();
                self.mode = Mode::AfterHead;
                Some(())
            }
            (Mode::InBody, "body") if self.open.len() == 2 => {
                self.mode = Mode::AfterBody;
                Some(())
            }
            (Mode::AfterBody, "html") => {
                self.mode = Mode::AfterAfterBody;
                Some(())
            }
            (Mode::InBody, _) => self.end_in_body(&name),
            _ => None,
        }
    }

    /// An element that holds text up to its end tag; `references` tells whether they count in it.
    pub(super) fn raw(&mut self, tag: Tag, references: bool) -> Option<()> {
        let name = tag.name.clone();
        let textarea = &*name == "textarea";
        self.append(tag.name, tag.attributes, Some(tag.start), Kind::Ordinary)?;
        let mut from = self.at;
        let mut search = from;
        let end = loop {
            let at = search + memchr::memmem::find(&self.bytes[search..], b"</")?;
            let behind = at + 2 + name.len();
            let same = self.bytes.get(at + 2..behind).is_some_and(|other| other.eq_ignore_ascii_case(name.as_bytes()));
            if same && matches!(*self.bytes.get(behind)?, b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c') {
                break at;
            }
            search = at + 2;
        };
        // Within `<!--` a script may hold its own end tag.
        if &*name == "script" && memchr::memmem::find(&self.bytes[from..end], b"<!--").is_some() {
            return None;
        }
        if textarea {
            from = end.min(from + self.line_end(from));
        }
        self.append_text(from, end, references)?;
        let mut at = end + 2 + name.len();
        while is_space(*self.bytes.get(at)?) {
            at += 1;
        }
        if self.bytes[at] != b'>' {
            return None;
        }
        self.at = at + 1;
        self.open.pop();
        Some(())
    }
}

/// A name in lower case.
fn lower(name: &str) -> LocalName {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => LocalName::from(name.to_ascii_lowercase()),
        false => LocalName::from(name),
    }
}
