//! Reads plain markup: documents whose tree follows from their tags alone, as most shops write them.
//!
//! The HTML standard spends its effort on markup that is wrong or leaves tags out. A document without any of that is
//! read here several times faster, into the very tree that html5ever makes of it (tests compare them); at the first sign
//! of anything else reading ends without a result, and html5ever reads the document from its beginning.

mod rules;
mod tags;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};
use scraper::node::{Element, Text};
use scraper::{Html, Node};

use super::document::NodeId;
use super::entity::decoded;

/// Deepest nesting that is read here.
const MAX_DEPTH: usize = 256;
/// Most elements that are read here.
const MAX_ELEMENTS: usize = 50_000;
/// Most attributes of one tag that are read here.
const MAX_ATTRIBUTES: usize = 40;

/// A tree, and its elements in document order, each with the byte offset of its tag unless the standard implies it.
pub(super) struct Plain {
    pub(super) html: Html,
    pub(super) order: Vec<(NodeId, Option<usize>)>,
}

/// Reads a document; `None` when it is not plain.
pub(super) fn read(source: &str) -> Option<Plain> {
    // The standard passes over nulls and a leading mark of order.
    if memchr::memchr(0, source.as_bytes()).is_some() || source.starts_with('\u{feff}') {
        return None;
    }
    u32::try_from(source.len()).ok()?;
    let mut reader = Reader {
        source,
        bytes: source.as_bytes(),
        whole: StrTendril::from_slice(source),
        at: 0,
        html: Html::new_document(),
        open: Vec::with_capacity(32),
        order: Vec::with_capacity(source.len() / 64),
        mode: Mode::Initial,
        returns: memchr::memchr(b'\r', source.as_bytes()).is_some(),
        form: false,
        paragraphs: 0,
    };
    reader.run()?;
    Some(Plain { html: reader.html, order: reader.order })
}

/// Where in a document the reader is, in the words of the standard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Initial,
    BeforeHtml,
    BeforeHead,
    InHead,
    AfterHead,
    InBody,
    AfterBody,
    AfterAfterBody,
}

/// What the standard makes of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `html`, `head`, `body`.
    Frame,
    Paragraph,
    /// `li`, `dd`, `dt`.
    Item,
    Heading,
    /// Blocks that end a paragraph.
    Block,
    Form,
    Button,
    /// Elements that the standard opens again when they are badly closed.
    Formatting,
    Table,
    /// `thead`, `tbody`, `tfoot`.
    Section,
    Row,
    Cell,
    Select,
    /// `option`, `optgroup`.
    Choice,
    /// Everything that nothing is said of.
    Ordinary,
}

struct Open {
    id: NodeId,
    name: LocalName,
    kind: Kind,
}

struct Reader<'s> {
    source: &'s str,
    bytes: &'s [u8],
    whole: StrTendril,
    at: usize,
    html: Html,
    open: Vec<Open>,
    order: Vec<(NodeId, Option<usize>)>,
    mode: Mode,
    /// The source has carriage returns: the standard turns them into line ends.
    returns: bool,
    /// A form is open.
    form: bool,
    /// Paragraphs that are open.
    paragraphs: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

/// A start tag.
struct Tag {
    name: LocalName,
    attributes: Vec<Attribute>,
    start: usize,
}

impl Reader<'_> {
    fn run(&mut self) -> Option<()> {
        while self.at < self.bytes.len() {
            let end = self.text_end();
            if end > self.at {
                let from = std::mem::replace(&mut self.at, end);
                self.text(from, end)?;
                continue;
            }
            match *self.bytes.get(self.at + 1)? {
                b'!' => self.declaration()?,
                b'/' => self.end_tag()?,
                _ => self.start_tag()?,
            }
        }
        let ended = match self.mode {
            Mode::AfterBody | Mode::AfterAfterBody => true,
            Mode::InBody => self.open.len() == 2,
            _ => false,
        };
        ended.then_some(())
    }

    /// Where the text ends that begins here: at the next `<` that begins markup.
    fn text_end(&self) -> usize {
        let mut from = self.at;
        while let Some(found) = self.bytes.get(from..).and_then(|rest| memchr::memchr(b'<', rest)) {
            let at = from + found;
            match self.bytes.get(at + 1) {
                Some(byte) if byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'/' | b'?') => return at,
                _ => from = at + 1,
            }
        }
        self.bytes.len()
    }

    fn top(&self) -> Option<&Open> {
        self.open.last()
    }

    fn top_kind(&self) -> Option<Kind> {
        self.top().map(|open| open.kind)
    }

    fn within_table(&self) -> bool {
        matches!(self.top_kind(), Some(Kind::Table | Kind::Section | Kind::Row))
    }

    fn pop(&mut self) -> Option<Open> {
        let open = self.open.pop()?;
        match open.kind {
            Kind::Paragraph => self.paragraphs -= 1,
            Kind::Form => self.form = false,
            _ => {}
        }
        Some(open)
    }

    /// A piece of the source as a value; short ones are held in place, others share one buffer.
    fn piece(&self, from: usize, to: usize) -> Option<StrTendril> {
        if self.returns
            && let Cow::Owned(lines) = self.lines(from, to)
        {
            return Some(StrTendril::from(lines));
        }
        Some(self.whole.subtendril(u32::try_from(from).ok()?, u32::try_from(to - from).ok()?))
    }

    /// A piece of the source with line ends as the standard has them.
    fn lines(&self, from: usize, to: usize) -> Cow<'_, str> {
        let piece = &self.source[from..to];
        match self.returns && piece.contains('\r') {
            true => Cow::Owned(piece.replace("\r\n", "\n").replace('\r', "\n")),
            false => Cow::Borrowed(piece),
        }
    }

    /// How long a line end is that begins at a place; nothing when none does.
    fn line_end(&self, at: usize) -> usize {
        match self.bytes.get(at..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([b'\r' | b'\n', ..]) => 1,
            _ => 0,
        }
    }

    fn text(&mut self, from: usize, to: usize) -> Option<()> {
        let blank = || self.bytes[from..to].iter().all(|byte| is_space(*byte));
        match self.mode {
            Mode::Initial | Mode::BeforeHtml | Mode::BeforeHead => return blank().then_some(()),
            Mode::InHead | Mode::AfterHead | Mode::AfterBody | Mode::AfterAfterBody if !blank() => return None,
            Mode::InBody if self.within_table() && !blank() => return None,
            _ => {}
        }
        self.append_text(from, to, true)
    }

    /// Appends text to the current element; with `references` what they stand for.
    fn append_text(&mut self, from: usize, to: usize, references: bool) -> Option<()> {
        if from == to {
            return Some(());
        }
        let text = match references && memchr::memchr(b'&', &self.bytes[from..to]).is_some() {
            true => StrTendril::from(decoded(&self.lines(from, to), false)?),
            false => self.piece(from, to)?,
        };
        let mut parent = self.html.tree.get_mut(self.open.last()?.id)?;
        if let Some(mut last) = parent.last_child()
            && let Node::Text(before) = last.value()
        {
            before.text.push_tendril(&text);
            return Some(());
        }
        parent.append(Node::Text(Text { text }));
        Some(())
    }

    /// An element that stays open.
    fn push(&mut self, tag: Tag, kind: Kind) -> Option<()> {
        self.append(tag.name, tag.attributes, Some(tag.start), kind)
    }

    fn append(&mut self, name: LocalName, attributes: Vec<Attribute>, start: Option<usize>, kind: Kind) -> Option<()> {
        let id = self.insert(name.clone(), attributes, start)?;
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.paragraphs += usize::from(kind == Kind::Paragraph);
        self.open.push(Open { id, name, kind });
        Some(())
    }

    /// An element that has no content.
    fn put(&mut self, tag: Tag) -> Option<NodeId> {
        self.insert(tag.name, tag.attributes, Some(tag.start))
    }

    fn insert(&mut self, name: LocalName, attributes: Vec<Attribute>, start: Option<usize>) -> Option<NodeId> {
        if self.order.len() >= MAX_ELEMENTS {
            return None;
        }
        let parent = self.open.last().map_or_else(|| self.html.tree.root().id(), |open| open.id);
        let element = Element::new(QualName::new(None, ns!(html), name), attributes);
        let id = self.html.tree.get_mut(parent)?.append(Node::Element(element)).id();
        self.order.push((id, start));
        Some(id)
    }
}
