//! A parsed document whose elements know where they stand in the source. How it is read is [`super::parse`]'s.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use html5ever::LocalName;
use html5ever::tree_builder::TreeSink;
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

use super::parse::{self, Numbers, Read, offsets_after};
use super::plain;

/// Identity of a node in the tree of a [`Document`].
pub type NodeId = <HtmlTreeSink as TreeSink>::Handle;

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
        let Read { html, order, cut } = parse::read(source);
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
