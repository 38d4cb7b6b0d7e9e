//! A parsed document whose elements know where they stand in the source.
//!
//! html5ever tells only lines, and only of the end of a tag. The source is therefore fed to it in pieces that
//! each end with a `>`: an element that is created while a piece is read has its tag end exactly there, and its
//! start is the first `<name` since the last thing that was read whose attributes end at that same `>`.
//! Elements that the parser adds itself (`tbody`, say) have no place.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, LocalName, ParseOpts, QualName, parse_document};
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

use super::plain;

/// Identity of a node in the tree of a [`Document`].
pub type NodeId = <HtmlTreeSink as TreeSink>::Handle;

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
struct Numbers(u64);

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

/// One element in document order.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    /// The element in the tree.
    pub node: ElementRef<'d>,
    /// Byte offset of its `<` in the source; `None` when the parser added it.
    pub start: Option<usize>,
    /// Its place in document order.
    pub place: usize,
}

impl<'d> Element<'d> {
    /// Name in lower case.
    pub fn name(&self) -> &'d str {
        self.node.value().name()
    }

    /// Value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&'d str> {
        // Looking an attribute up by its atom costs more than comparing the few names that an element has.
        let attributes = &self.node.value().attrs;
        attributes.iter().find(|(key, _)| key.ns.is_empty() && &*key.local == name).map(|(_, value)| &**value)
    }
}

/// A parsed document with its source.
pub struct Document<'s> {
    source: &'s str,
    html: Html,
    /// Elements in document order, without what stands inside `template`.
    order: Vec<(NodeId, Option<usize>)>,
    /// Places in `order` by element name: most questions are about a few names.
    by_name: HashMap<LocalName, Vec<usize>, BuildHasherDefault<Numbers>>,
    line_starts: OnceCell<Vec<usize>>,
    cut: bool,
}

impl<'s> Document<'s> {
    /// Parses `source`. Never fails; stops early on absurd nesting or size, see [`Document::cut`].
    pub fn parse(source: &'s str) -> Document<'s> {
        match plain::read(source) {
            Some(plain) => Document::of(source, plain.html, plain.order, false),
            None => Document::parse_any(source),
        }
    }

    /// Parses markup of any kind.
    pub(super) fn parse_any(source: &'s str) -> Document<'s> {
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
        Document::of(source, html, order, cut)
    }

    fn of(source: &'s str, html: Html, order: Vec<(NodeId, Option<usize>)>, cut: bool) -> Document<'s> {
        let mut by_name: HashMap<LocalName, Vec<usize>, BuildHasherDefault<Numbers>> = HashMap::default();
        for (at, (id, _)) in order.iter().enumerate() {
            if let Some(element) = html.tree.get(*id).and_then(|node| node.value().as_element()) {
                match by_name.get_mut(&element.name.local) {
                    Some(places) => places.push(at),
                    None => drop(by_name.insert(element.name.local.clone(), vec![at])),
                }
            }
        }
        Document { source, html, order, by_name, line_starts: OnceCell::new(), cut }
    }

    /// The tree, and the elements in it in document order.
    #[cfg(test)]
    pub(super) fn parts(&self) -> (&Html, &[(NodeId, Option<usize>)]) {
        (&self.html, &self.order)
    }

    /// The source as it was given.
    pub fn source(&self) -> &'s str {
        self.source
    }

    /// Whether reading stopped early because the document nests too deep or has too many elements.
    pub fn cut(&self) -> bool {
        self.cut
    }

    /// The elements that a browser would show or run, in document order: what stands inside `template` does not count.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        (0..self.order.len()).filter_map(|at| self.element(at))
    }

    /// The element at a place in document order.
    pub fn element(&self, at: usize) -> Option<Element<'_>> {
        let (id, start) = *self.order.get(at)?;
        let node = ElementRef::wrap(self.html.tree.get(id)?)?;
        Some(Element { node, start, place: at })
    }

    /// The elements of these names, in document order.
    pub fn named(&self, names: &[LocalName]) -> impl Iterator<Item = Element<'_>> {
        let mut places: Vec<usize> =
            names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        if names.len() > 1 {
            places.sort_unstable();
        }
        places.into_iter().filter_map(|at| self.element(at))
    }

    /// The elements that a selector matches, in document order.
    pub fn select<'d>(&'d self, selector: &'d Selector) -> impl Iterator<Item = Element<'d>> {
        self.elements().filter(|element| selector.matches(&element.node))
    }

    /// The words a visitor reads, white space folded, one line per block, at most about `limit` bytes.
    pub fn words(&self, limit: usize) -> String {
        let mut words = String::with_capacity((self.source.len() / 2).min(limit));
        let mut node = self.html.tree.root();
        loop {
            let mut hidden = node.value().is_fragment();
            if let Some(text) = node.value().as_text() {
                if !fold(&mut words, text, limit) {
                    return words;
                }
            } else if let Some(element) = node.value().as_element() {
                hidden = matches!(element.name(), "script" | "style" | "noscript" | "head" | "template" | "svg");
                end_block(&mut words, element.name());
            }
            if let Some(child) = node.first_child().filter(|_| !hidden) {
                node = child;
                continue;
            }
            loop {
                if let Some(next) = node.next_sibling() {
                    node = next;
                    break;
                }
                match node.parent() {
                    Some(parent) => {
                        node = parent;
                        if let Some(element) = node.value().as_element() {
                            end_block(&mut words, element.name());
                        }
                    }
                    None => return words,
                }
            }
        }
    }

    /// Line and column, both from 1, the column in characters, of a byte offset.
    pub fn line_column(&self, offset: usize) -> (u32, u32) {
        let starts =
            self.line_starts.get_or_init(|| std::iter::once(0).chain(offsets_after(self.source, b'\n')).collect());
        line_column(self.source, starts, offset)
    }
}

/// Appends the words of a text, each with a blank behind it; `false` when the next one would pass the limit.
fn fold(words: &mut String, text: &str, limit: usize) -> bool {
    let bytes = text.as_bytes();
    let blank = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let mut at = 0;
    while at < bytes.len() {
        if blank(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        // Blanks beyond ASCII are rare: only what may hold one is looked at sign by sign.
        let mut wide = false;
        while at < bytes.len() && !blank(bytes[at]) {
            wide |= matches!(bytes[at], 0xc2 | 0xe1..=0xe3);
            at += 1;
        }
        let word = &text[start..at];
        let mut folded = word.split_whitespace();
        let mut next = if wide { folded.next() } else { Some(word) };
        while let Some(word) = next {
            if words.len() + word.len() > limit {
                return false;
            }
            words.push_str(word);
            words.push(' ');
            next = if wide { folded.next() } else { None };
        }
    }
    true
}

/// Begins a new line of words unless the element is one that stands within a sentence.
fn end_block(words: &mut String, name: &str) {
    let inline = matches!(
        name,
        "a" | "b" | "strong" | "em" | "i" | "span" | "small" | "u" | "mark" | "abbr" | "font" | "sup" | "sub" | "img"
    );
    if !words.is_empty() && !words.ends_with('\n') && !inline {
        words.push('\n');
    }
}

/// Line and column, both from 1, the column in characters.
pub(super) fn line_column(source: &str, line_starts: &[usize], offset: usize) -> (u32, u32) {
    let line = line_starts.partition_point(|&start| start <= offset).max(1);
    let start = line_starts.get(line - 1).copied().unwrap_or(0);
    let column = source.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

fn offsets_after(source: &str, byte: u8) -> impl Iterator<Item = usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn places(source: &str, name: &str) -> Vec<Option<(u32, u32)>> {
        let document = Document::parse(source);
        document
            .elements()
            .filter(|element| element.name() == name)
            .map(|element| element.start.map(|start| document.line_column(start)))
            .collect()
    }

    #[test]
    fn places_are_exact() {
        for (source, name, expected) in [
            ("<p>a\n <input\n  name=x\n>", "input", vec![Some((2, 2))]),
            ("<p><input><input>", "input", vec![Some((1, 4)), Some((1, 11))]),
            ("<!-- <input> --><p>é<input>", "input", vec![Some((1, 21))]),
            ("<script>'<input>'</script><input a='x>y'>", "input", vec![Some((1, 27))]),
            ("<a title=\"<a x\" href=y>t</a>", "a", vec![Some((1, 1))]),
            ("<a title='>' x><A>", "a", vec![Some((1, 1)), Some((1, 16))]),
            ("1 < 2 <b>x</b>", "b", vec![Some((1, 7))]),
            ("<table><td>x", "tbody", vec![None]),
            ("<table><td>x", "td", vec![Some((1, 8))]),
            ("<input-x><input/>", "input", vec![Some((1, 10))]),
            ("<textarea><input></textarea><input>", "input", vec![Some((1, 29))]),
            ("<template><input></template>", "input", vec![]),
            ("<svg><path d='a>b'/></svg>", "path", vec![Some((1, 6))]),
        ] {
            assert_eq!(places(source, name), expected, "{source}");
        }
    }

    #[test]
    fn words_come_in_order_and_by_block() {
        let blanks = "<p>a\u{a0}b\u{2003}\u{e9} \u{3000}c\u{1c}d\x0b";
        assert_eq!(Document::parse(blanks).words(100), "a b é c\u{1c}d \n");
        assert_eq!(Document::parse("<p>uno dos tres").words(8), "uno dos ");
        let source = "<title>t</title><p>Hasta <b>12</b> cuotas<p>con <a>Mercado\n Pago</a><script>no()</script>";
        assert_eq!(Document::parse(source).words(100), "Hasta 12 cuotas \ncon Mercado Pago \n");
    }

    #[test]
    fn a_tag_with_too_many_attributes_ends_the_reading() {
        let many = |one: &str, count: usize| (0..count).map(|at| one.replace('#', &at.to_string())).collect::<String>();
        for one in ["a#=1 ", "a# ", "a#=\">\" ", "a#='x'"] {
            let html = format!("<p>x</p><input {}><b>y</b>", many(one, 200_000));
            let document = Document::parse(&html);
            assert!(document.cut(), "{one}");
            assert_eq!(document.elements().filter(|element| element.name() == "p").count(), 1, "{one}");
        }
        for html in [
            format!("<svg><path d=\"{}\"></svg><i>", "M 0 0 ".repeat(20_000)),
            format!("<script>if (a<b && {}) x</script><i>", "c && d && ".repeat(5_000)),
            format!("<p>{}</p><i>", "palabra ".repeat(20_000)),
            format!("<!-- <a {} --><i>", "b=c ".repeat(20_000)),
            many("<p a#=1 b=2>x</p>", 10_000) + "<i>",
        ] {
            let document = Document::parse(&html);
            assert!(!document.cut(), "{:.60}", html);
            assert_eq!(document.elements().filter(|element| element.name() == "i").count(), 1, "{:.60}", html);
        }
    }

    #[test]
    fn absurd_nesting_is_cut_and_survived() {
        let source = "<div>".repeat(100_000);
        let document = Document::parse(&source);
        assert!(document.cut());
        assert!(document.elements().count() < 1_100);
        let source = format!("{}<p>x", "<b a=1><i>".repeat(50_000));
        assert!(Document::parse(&source).cut());
    }
}
