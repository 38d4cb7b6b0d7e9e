//! Reads markup into a tree whose elements keep their places in the source.
//!
//! html5ever tells only lines, and only of the end of a tag. The source is therefore fed to it in pieces that
//! each end with a `>`: an element that is created while a piece is read has its tag end exactly there, and its
//! start is the first `<name` since the last thing that was read whose attributes end at that same `>`.
//! Elements that the parser adds itself (`tbody`, say) have no place. What is asked of the tree is [`super::document`]'s.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};
use scraper::{Html, HtmlTreeSink};

use super::document::NodeId;

/// Deepest nesting that is read (browsers stop near 512).
const MAX_DEPTH: u32 = 1_024;
/// Most elements that are read.
const MAX_ELEMENTS: usize = 200_000;

/// Most attributes of one tag: the parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 4_000;
/// Below this a source cannot have a tag with so many attributes.
const CROWDED: usize = 2 * MAX_ATTRIBUTES;

/// A quick hash for keys that are numbers of our own making: no page chooses them.
#[derive(Default, Clone, Copy)]
pub(super) struct Numbers(u64);

impl Hasher for Numbers {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95).rotate_left(26);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

type Marks = HashMap<NodeId, Mark, BuildHasherDefault<Numbers>>;

/// Where an element begins in the source, and how deep it stands.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: Option<usize>,
    depth: u32,
}

/// What was read of a source.
pub(super) struct Read {
    /// The tree.
    pub html: Html,
    /// Its elements in document order with the byte offsets at which they begin, without what stands inside `template`.
    pub order: Vec<(NodeId, Option<usize>)>,
    /// Whether reading stopped early, on absurd nesting or size.
    pub cut: bool,
}

/// Reads markup of any kind; never fails.
pub(super) fn read(source: &str) -> Read {
    let sink = PlacedSink {
        inner: HtmlTreeSink::new(Html::new_document()),
        source,
        marks: RefCell::default(),
        piece_end: Cell::new(0),
        read_end: Cell::new(0),
        cut: Cell::new(false),
    };
    let mut parser = parse_document(sink, ParseOpts::default());
    let crowded = crowded_tag(source);
    let read = &source[..crowded.unwrap_or(source.len())];
    let whole = StrTendril::from_slice(read);
    let mut from = 0;
    for end in offsets_after(read, b'>').chain(std::iter::once(read.len())) {
        if end <= from {
            continue;
        }
        parser.tokenizer.sink.sink.piece_end.set(end);
        // Tendrils count in u32; the crawl bounds a body far below that.
        if let (Ok(start), Ok(length)) = (u32::try_from(from), u32::try_from(end - from)) {
            parser.process(whole.subtendril(start, length));
        }
        from = end;
        if parser.tokenizer.sink.sink.cut.get() {
            break;
        }
    }
    let (html, marks, cut) = parser.finish();
    let cut = cut || crowded.is_some();
    let order = visible_order(&html, &marks);
    Read { html, order, cut }
}

/// The offsets behind each of a byte.
pub(super) fn offsets_after(source: &str, byte: u8) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(byte, source.as_bytes()).map(|at| at + 1)
}

/// Document order without recursion, so that nesting cannot exhaust the stack.
fn visible_order(html: &Html, marks: &Marks) -> Vec<(NodeId, Option<usize>)> {
    let mut order = Vec::with_capacity(marks.len());
    let mut node = html.tree.root();
    loop {
        if node.value().is_element() {
            order.push((node.id(), marks.get(&node.id()).and_then(|mark| mark.start)));
        }
        let inert = node.value().is_fragment();
        if let Some(child) = node.first_child().filter(|_| !inert) {
            node = child;
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return order,
            }
        }
    }
}

/// Where a tag begins that has more attributes than are read, if there is one.
fn crowded_tag(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    if bytes.len() < CROWDED {
        return None;
    }
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', bytes.get(at..)?) {
        let start = at + found;
        at = start + 1;
        let rest = bytes.get(at..)?;
        if rest.starts_with(b"!--") {
            // What stands in a comment is no tag.
            at += memchr::memmem::find(rest, b"-->")?;
            continue;
        }
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let (mut names, mut blank, mut value) = (0, false, false);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'>' => break,
                b'"' | b'\'' if value => {
                    let Some(end) = memchr::memchr(byte, bytes.get(at + 1..)?) else {
                        return (names > MAX_ATTRIBUTES).then_some(start);
                    };
                    at += end + 1;
                    (value, blank) = (false, true);
                }
                b'=' => (value, blank) = (true, false),
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' if !value => blank = true,
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {}
                _ => {
                    names += usize::from(blank);
                    // The first sign of a value without quotes ends the search for its beginning.
                    (blank, value) = (false, false);
                }
            }
            at += 1;
        }
        if names > MAX_ATTRIBUTES {
            return Some(start);
        }
        let name = rest.get(..6).unwrap_or_default().to_ascii_lowercase();
        for raw in [&b"script"[..], b"style"] {
            if name.starts_with(raw) {
                let mut from = at;
                at = loop {
                    from += memchr::memmem::find(bytes.get(from..)?, b"</")? + 2;
                    if bytes.get(from..from + raw.len()).is_some_and(|end| end.eq_ignore_ascii_case(raw)) {
                        break from;
                    }
                };
            }
        }
    }
    None
}

/// Finds where the tag `<name …>` begins that ends at `end`, searching from `from`.
fn tag_start(source: &str, from: usize, end: usize, name: &str) -> Option<usize> {
    let piece = source.get(from..end)?;
    piece
        .match_indices('<')
        .take(1_000)
        .map(|(at, _)| at)
        .find(|&at| {
            let Some(found) = piece.get(at + 1..at + 1 + name.len()) else { return false };
            found.eq_ignore_ascii_case(name) && tag_length(&piece.as_bytes()[at + 1 + name.len()..]) == Some(true)
        })
        .map(|at| from + at)
}

/// Reads the attributes after a tag name: `Some(true)` when the tag ends exactly with the last byte.
fn tag_length(rest: &[u8]) -> Option<bool> {
    if !matches!(rest.first()?, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'>') {
        return Some(false);
    }
    let mut at = 0;
    let mut before_value = false;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'>' => return Some(at + 1 == rest.len()),
            b'"' | b'\'' if before_value => {
                at += 1 + rest.get(at + 1..)?.iter().position(|&other| other == byte)?;
                before_value = false;
            }
            b'=' => before_value = true,
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {}
            _ => before_value = false,
        }
        at += 1;
    }
    None
}

/// scraper's sink, plus the place and depth of every element.
struct PlacedSink<'s> {
    inner: HtmlTreeSink,
    source: &'s str,
    marks: RefCell<Marks>,
    /// End of the piece being read.
    piece_end: Cell<usize>,
    /// End of the last piece from which something came.
    read_end: Cell<usize>,
    cut: Cell<bool>,
}

impl PlacedSink<'_> {
    fn place(&self, name: Option<&str>) -> Option<usize> {
        let start = name.and_then(|name| tag_start(self.source, self.read_end.get(), self.piece_end.get(), name));
        // Implied elements come before the tag that implies them: only what has a place moves the border.
        if name.is_none() || start.is_some() {
            self.read_end.set(self.piece_end.get());
        }
        start
    }

    fn depth(&self, id: &NodeId) -> u32 {
        self.marks.borrow().get(id).map_or(0, |mark| mark.depth)
    }

    fn set_depth(&self, parent: &NodeId, child: &NodeOrText<NodeId>) {
        let NodeOrText::AppendNode(id) = child else { return };
        let depth = self.depth(parent) + 1;
        if let Some(mark) = self.marks.borrow_mut().get_mut(id) {
            mark.depth = depth;
        }
        if depth > MAX_DEPTH {
            self.cut.set(true);
        }
    }
}

impl TreeSink for PlacedSink<'_> {
    type Output = (Html, Marks, bool);
    type Handle = NodeId;
    type ElemName<'a>
        = Ref<'a, QualName>
    where
        Self: 'a;

    fn finish(self) -> Self::Output {
        (self.inner.finish(), self.marks.into_inner(), self.cut.get())
    }

    // Parse errors are of no use here, and a hostile page has millions.
    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.inner.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Self::ElemName<'a> {
        self.inner.elem_name(target)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        let start = self.place(Some(&name.local));
        let id = self.inner.create_element(name, attrs, flags);
        let mut marks = self.marks.borrow_mut();
        marks.insert(id, Mark { start, depth: 0 });
        if marks.len() > MAX_ELEMENTS {
            self.cut.set(true);
        }
        id
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.place(None);
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.place(None);
        self.inner.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.set_depth(parent, &child);
        self.inner.append(parent, child);
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(id) = &child {
            let depth = self.depth(sibling);
            if let Some(mark) = self.marks.borrow_mut().get_mut(id) {
                mark.depth = depth;
            }
        }
        self.inner.append_before_sibling(sibling, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.set_depth(previous, &child);
        self.inner.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.place(None);
        self.inner.append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.inner.get_template_contents(target)
    }

    fn same_node(&self, one: &NodeId, other: &NodeId) -> bool {
        self.inner.same_node(one, other)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        self.inner.add_attrs_if_missing(target, attrs);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.inner.reparent_children(node, new_parent);
    }

    fn mark_script_already_started(&self, node: &NodeId) {
        self.inner.mark_script_already_started(node);
    }
}
