//! A page as rules see it: its documents and scripts parsed once, with the facts that most rules need.

use std::any::Any;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use html5ever::LocalName;
use url::Url;

use super::card::{CardField, CardRole, card_fields};
use super::document::{Document, Element, NodeId};
use super::drawn::{form_is_missing, writes_card};
use super::generation::{Signs, signs_of_drawn, signs_of_markup, signs_of_script};
use super::outline::{Outline, of_document, runs};
use super::script::without_comments;
use crate::golive::evidence::{Fetched, Page, Source};
use crate::i18n::Message;
use crate::run::Generation;
use crate::secret::{FoundCredential, find_credentials};

/// A script of the shop's own, read once however many pages load it.
#[derive(Debug)]
pub struct ScriptFacts {
    /// The text without comments; offsets and lines as in the source.
    pub clean: String,
    /// Signs of front ends.
    pub signs: Signs,
    fetched: Arc<Fetched>,
    known: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl ScriptFacts {
    /// The script as it came.
    pub fn source(&self) -> &str {
        &self.fetched.body
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.fetched.url
    }

    /// Whether it was cut at the limit of the crawl.
    pub fn cut(&self) -> bool {
        self.fetched.cut
    }

    /// What `make` finds in the script, asked once per script and `key`, however many pages load it.
    pub fn remember<T: Any + Send + Sync>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(key).and_then(|found| Arc::clone(found).downcast::<T>().ok()) {
            return found;
        }
        let made = Arc::new(make());
        known.insert(key.to_owned(), Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        made
    }
}

/// Most scripts that are remembered; a shop has far fewer.
const MAX_REMEMBERED: usize = 512;
/// Shortest text, in bytes, that is taken for the same one in another document: a credential, not a word.
const SURE_TEXT: usize = 20;
/// Most bytes of words that are read of one document.
const MAX_WORDS: usize = 200_000;

/// Scripts that were read already, by identity: the crawl shares one [`Arc`] among all pages.
#[derive(Debug, Default)]
pub struct ScriptCache {
    known: Mutex<HashMap<usize, Arc<ScriptFacts>>>,
}

impl ScriptCache {
    fn facts(&self, fetched: &Arc<Fetched>) -> Arc<ScriptFacts> {
        self.read(fetched, |body| {
            let clean = without_comments(body);
            let signs = signs_of_script(&clean);
            (clean, signs)
        })
    }

    /// A text that is searched and not understood.
    fn text(&self, fetched: &Arc<Fetched>) -> Arc<ScriptFacts> {
        self.read(fetched, |_| (String::new(), Signs::default()))
    }

    fn read(&self, fetched: &Arc<Fetched>, read: impl FnOnce(&str) -> (String, Signs)) -> Arc<ScriptFacts> {
        // The cache holds the script itself, so that its address cannot come to mean another one.
        let key = Arc::as_ptr(fetched) as usize;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known.get(&key) {
            return Arc::clone(facts);
        }
        let (clean, signs) = read(&fetched.body);
        let facts = Arc::new(ScriptFacts { clean, signs, fetched: Arc::clone(fetched), known: Mutex::default() });
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(key, Arc::clone(&facts));
        facts
    }
}

/// A script written inside a document.
#[derive(Debug)]
pub struct InlineScript<'p> {
    /// Its text as it came.
    pub source: &'p str,
    /// Its text without comments.
    pub clean: String,
    /// Byte offset of the text in the document.
    pub start: usize,
    /// Which part of the page holds it.
    pub part: usize,
}

/// One document of the page: the page itself first, then its own frames. Of a page that was opened in a browser, the
/// documents as drawn come first, and those as sent stand behind them.
pub struct Part<'p> {
    /// Where it came from.
    pub fetched: &'p Fetched,
    /// The parsed document.
    pub document: Document<'p>,
    /// Its outline.
    pub outline: Outline,
    /// Whether it is markup as a browser drew it: its lines are not those of a source.
    pub drawn: bool,
    /// Whether it is what a buyer gets; `false` for what was sent when it was drawn, too.
    pub shown: bool,
    credentials: OnceCell<Vec<FoundCredential>>,
}

impl Part<'_> {
    /// The credentials in its source, comments and all; searched for once.
    pub fn credentials(&self) -> &[FoundCredential] {
        self.credentials.get_or_init(|| find_credentials(self.document.source()))
    }
}

/// A document that was parsed, with its outline.
pub struct Parsed<'p> {
    /// The tree.
    pub document: Document<'p>,
    /// What it leads to and loads.
    pub outline: Outline,
}

impl<'p> Parsed<'p> {
    /// Parses what was fetched.
    pub fn of(fetched: &'p Fetched) -> Parsed<'p> {
        let document = Document::parse(&fetched.body);
        let outline = of_document(&document, &fetched.url);
        Parsed { document, outline }
    }
}

/// How much more of a page a browser would tell, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Its scripts could bring a front end of Mercado Pago.
    Loader,
    /// Scripts draw it, or its card form.
    Drawn,
    /// It asks for a payment.
    Checkout,
}

/// A page, read.
pub struct PageView<'p> {
    /// The evidence.
    pub page: &'p Page,
    /// The page and its own frames.
    pub parts: Vec<Part<'p>>,
    /// Scripts written inside it that a browser would run.
    pub inline: Vec<InlineScript<'p>>,
    words: OnceCell<String>,
    /// Part, place in it, role and form of each card field.
    fields: Vec<(usize, usize, CardRole, Option<NodeId>)>,
    /// Own scripts it loads.
    pub scripts: Vec<Arc<ScriptFacts>>,
    /// What scripts lead a visitor to, to be searched for credentials: `clean` and `signs` are empty.
    pub served: Vec<Arc<ScriptFacts>>,
    /// Signs in markup and inline scripts.
    pub own_signs: Signs,
    /// Front ends in use.
    pub generations: Vec<Generation>,
    /// Whether it asks for a payment.
    pub checkout: bool,
    /// Whether it is drawn by JavaScript, so that its markup says little.
    pub needs_javascript: bool,
    /// Whether scripts of its own write card fields, so that its markup says little of them.
    pub card_drawn: bool,
    /// Whether it is a file of a template that a server completes with other files: what is missing may be there.
    pub template: bool,
    /// Whether its card form is drawn by scripts: those of [`PageView::card_drawn`] or others.
    pub form_unseen: bool,
}

impl<'p> PageView<'p> {
    /// Reads a page.
    pub fn read(page: &'p Page, cache: &ScriptCache) -> PageView<'p> {
        PageView::read_parsed(page, None, cache)
    }

    /// Reads a page whose document was parsed already, with its outline, if it was.
    pub fn read_parsed(page: &'p Page, mut parsed: Option<Parsed<'p>>, cache: &ScriptCache) -> PageView<'p> {
        let rendered = page.rendered.as_deref();
        let mut parts = Vec::with_capacity(1 + page.frames.len());
        let drawn = rendered.into_iter().flat_map(|rendered| &rendered.frames);
        let drawn = drawn.filter_map(|frame| Some((frame.document.as_deref()?, true)));
        let own_frames = page.frames.iter().filter_map(|frame| frame.document.as_deref());
        let sent = std::iter::once(&*page.document).chain(own_frames).map(|fetched| (fetched, false));
        for (fetched, drawn) in drawn.chain(sent) {
            // What was parsed is the document as it was sent.
            let known = if drawn { None } else { parsed.take() };
            let Parsed { document, outline } = known.unwrap_or_else(|| Parsed::of(fetched));
            parts.push(Part {
                fetched,
                document,
                outline,
                drawn,
                shown: drawn || rendered.is_none(),
                credentials: OnceCell::new(),
            });
        }
        let late = rendered.into_iter().flat_map(|rendered| &rendered.scripts);
        let scripts: Vec<Arc<ScriptFacts>> =
            page.scripts.iter().chain(late).map(|script| cache.facts(script)).collect();
        let shown = || parts.iter().enumerate().filter(|(_, part)| part.shown);
        let mut view = PageView {
            page,
            needs_javascript: match rendered {
                // What has been drawn is there, however little: only nothing at all tells that drawing failed.
                Some(_) => parts.first().is_some_and(|part| part.outline.needs_javascript && is_empty(&part.document)),
                None => parts.iter().any(|part| part.outline.needs_javascript),
            },
            inline: inline_of(&parts),
            fields: shown()
                .flat_map(|(at, part)| card_fields(&part.document).into_iter().map(move |field| (at, field)))
                .map(|(at, field)| (at, field.element.place, field.role, field.form))
                .collect(),
            parts,
            scripts,
            served: page.served.iter().map(|text| cache.text(text)).collect(),
            words: OnceCell::new(),
            own_signs: Signs::default(),
            generations: Vec::new(),
            checkout: false,
            card_drawn: false,
            template: page.source == Source::File && is_template(&page.document.body),
            form_unseen: false,
        };
        let mut signs = Signs::default();
        for part in &view.parts {
            signs = signs.with(signs_of_markup(&part.document));
        }
        for inline in &view.inline {
            signs = signs.with(signs_of_script(&inline.clean));
        }
        if let Some(rendered) = rendered {
            signs = signs.with(signs_of_drawn(rendered));
        }
        let from_files = view.scripts.iter().fold(Signs::default(), |all, script| all.with(script.signs));
        let asks = !signs.is_empty() || view.card_fields().any(|(_, field)| field.role == CardRole::Number);
        view.own_signs = signs;
        // A script that all pages share says what the shop uses, not that this page asks for a payment.
        // What leads to Checkout Pro is often all there is: a button, and a script with `init_point`.
        let sends = from_files.init_point && view.has_button();
        view.checkout = asks || sends || (view.needs_javascript && !from_files.is_empty());
        if asks || view.needs_javascript {
            view.generations = signs.with(from_files).generations();
        } else if sends {
            view.generations = vec![Generation::CheckoutPro];
        }
        view.card_drawn = writes_card(&view);
        view.form_unseen = view.card_drawn || form_is_missing(&view);
        if rendered.is_some() && view.form_is_there() {
            (view.card_drawn, view.form_unseen) = (false, false);
        }
        view
    }

    /// Whether a card form stands on the page: fields of its own, or frames of Mercado Pago's.
    fn form_is_there(&self) -> bool {
        let field = |role| matches!(role, CardRole::Number | CardRole::SecurityCode);
        self.card_fields().any(|(_, field_of)| field(field_of.role)) || self.own_signs.fields
    }

    /// What a browser would tell beside the markup; `None` when it has been in one or would tell nothing more.
    pub fn need(&self) -> Option<Need> {
        let document = &self.page.document;
        if self.page.rendered.is_some() || self.page.unrendered.is_some() || !(200..300).contains(&document.status) {
            return None;
        }
        if self.checkout {
            Some(Need::Checkout)
        } else if self.needs_javascript || self.form_unseen {
            Some(Need::Drawn)
        } else {
            self.scripts.iter().any(|script| script.signs.sdk).then_some(Need::Loader)
        }
    }

    /// Why what scripts draw could not be seen.
    pub fn why_unseen(&self) -> Message {
        match (&self.page.rendered, &self.page.unrendered) {
            (Some(_), _) if self.needs_javascript => Message::new("golive.stays-empty"),
            (Some(_), _) => Message::new("golive.form-not-drawn"),
            (None, Some(reason)) => reason.clone(),
            (None, None) => Message::new("golive.needs-javascript"),
        }
    }

    /// Whether what a buyer gets, or a script of it, was cut before its end: what was cut was not seen.
    pub fn cut(&self) -> bool {
        self.shown().any(|(_, part)| part.fetched.cut || part.document.cut() || part.outline.cut)
            || self.scripts.iter().any(|script| script.cut())
    }

    /// Whether a document of it, as drawn or as sent, was cut before its end.
    pub fn markup_cut(&self) -> bool {
        self.parts.iter().any(|part| part.fetched.cut || part.document.cut())
    }

    /// The documents that a buyer gets, with their places.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &Part<'p>)> {
        self.parts.iter().enumerate().filter(|(_, part)| part.shown)
    }

    /// The place in what was sent of an element that was drawn: the part and the offset of its tag.
    pub fn sent_place(&self, part: usize, element: &Element, selector: &str) -> Option<(usize, usize)> {
        let url = &self.parts.get(part)?.fetched.url;
        let selector = scraper::Selector::parse(selector).ok()?;
        let same = |other: &Element| {
            other.name() == element.name() && other.node.value().attrs().eq(element.node.value().attrs())
        };
        let sent = || self.parts.iter().enumerate().filter(|(_, part)| !part.drawn && part.fetched.url == *url);
        let there = sent()
            .flat_map(|(at, part)| part.document.select(&selector).take(1).map(move |element| (at, element)))
            .find(|(_, element)| same(element));
        // What scripts put beside it moves it; the only one of its kind is the same all the same.
        let name = [LocalName::from(element.name())];
        let only = || {
            let own = element.attr("id").filter(|id| !id.is_empty());
            let alike = |other: &Element| same(other) || own.is_some() && other.attr("id") == own;
            let mut found = Vec::new();
            for (at, part) in sent() {
                let here = part.document.named(&name).filter(alike).map(|element| (at, element.start));
                found.extend(here.take(2));
            }
            if found.len() == 1 { found.pop().and_then(|(at, start)| Some((at, start?))) } else { None }
        };
        there.and_then(|(at, element)| Some((at, element.start?))).or_else(only)
    }

    /// The same text in what was sent as stands at a range of what was drawn: the part and the range.
    pub fn sent_text(&self, part: usize, range: &std::ops::Range<usize>) -> Option<(usize, std::ops::Range<usize>)> {
        let drawn = self.parts.get(part)?;
        let text = drawn.document.source().get(range.clone()).filter(|text| text.len() >= SURE_TEXT)?;
        let sent = self.parts.iter().enumerate().filter(|(_, part)| !part.drawn);
        sent.filter(|(_, part)| part.fetched.url == drawn.fetched.url)
            .find_map(|(at, part)| Some((at, part.document.source().find(text)?)))
            .map(|(at, start)| (at, start..start + text.len()))
    }

    /// Address of the page.
    pub fn url(&self) -> &'p Url {
        &self.page.document.url
    }

    /// Every element of the page and its own frames, with the part that holds it.
    pub fn elements(&self) -> impl Iterator<Item = (usize, Element<'_>)> {
        self.shown().flat_map(|(at, part)| part.document.elements().map(move |element| (at, element)))
    }

    /// The elements of these names, with the part that holds them.
    pub fn named<'v>(&'v self, names: &'v [LocalName]) -> impl Iterator<Item = (usize, Element<'v>)> {
        self.shown().flat_map(move |(at, part)| part.document.named(names).map(move |element| (at, element)))
    }

    /// The fields that take card data, with the part that holds them.
    pub fn card_fields(&self) -> impl Iterator<Item = (usize, CardField<'_>)> {
        self.fields.iter().filter_map(|&(part, place, role, form)| {
            Some((part, CardField { role, element: self.parts.get(part)?.document.element(place)?, form }))
        })
    }

    /// Whether there is something to press.
    fn has_button(&self) -> bool {
        let names = ["button", "form"].map(LocalName::from);
        let pressed = |element: &Element| {
            matches!(element.attr("type"), Some("button" | "submit" | "image")) && element.name() == "input"
                || element.attr("onclick").is_some()
                || element.attr("role") == Some("button")
                || element.name() == "a" && matches!(element.attr("href"), None | Some("" | "#"))
        };
        self.named(&names).next().is_some() || self.elements().any(|(_, element)| pressed(&element))
    }

    /// Whether `pattern` stands in a script of the page, own file or inline, comments aside.
    pub fn in_scripts(&self, pattern: &regex::Regex) -> bool {
        let in_file =
            |script: &Arc<ScriptFacts>| *script.remember(pattern.as_str(), || pattern.is_match(&script.clean));
        self.scripts.iter().any(in_file) || self.inline.iter().any(|script| pattern.is_match(&script.clean))
    }

    /// The words a visitor reads, white space folded, one line per block, bounded.
    pub fn words(&self) -> &str {
        self.words.get_or_init(|| {
            let mut words = String::new();
            for (_, part) in self.shown() {
                words.push_str(&part.document.words(MAX_WORDS));
            }
            words
        })
    }
}

/// Whether a file is a template with parts of other files, or a part itself.
fn is_template(body: &str) -> bool {
    let directives = [
        "@extends(",
        "@include(",
        "@section(",
        "@push(",
        "@stack(",
        "@yield(",
        "{% extends",
        "{% include",
        "{% block",
        "{extends ",
        "{include ",
        "<%- include",
        "<%@ include",
        "<jsp:include",
        "th:replace=",
        "th:insert=",
        "{{> ",
        "{{>",
        "wp_enqueue_script",
        "registerJsFile",
        "get_header(",
        "->layout(",
        "->extend(",
    ];
    let includes = ["include ", "include(", "include_once", "require ", "require(", "require_once"];
    let php = || body.split("<?php").skip(1).filter_map(|rest| rest.split("?>").next());
    let start = body.get(..body.len().min(20_000)).unwrap_or(body).to_ascii_lowercase();
    let whole = ["<html", "<!doctype", "<head", "<body"].iter().any(|tag| start.contains(tag));
    !whole
        || directives.iter().any(|directive| body.contains(directive))
        // PHP that only computes brings no markup; what it includes may.
        || php().any(|code| {
            includes.iter().any(|word| code.contains(word)) && !code.contains("autoload") && !code.contains("config")
        })
}

/// Whether a drawn document shows nothing.
fn is_empty(document: &Document) -> bool {
    let names = ["iframe", "img", "svg", "canvas", "video", "object", "button", "input", "select", "a"];
    document.named(&names.map(LocalName::from)).next().is_none() && document.words(100).trim().chars().count() < 20
}

/// The scripts of all parts; what was sent is not told again where it was drawn.
fn inline_of<'p>(parts: &[Part<'p>]) -> Vec<InlineScript<'p>> {
    let of = |drawn: bool| {
        let parts = parts.iter().enumerate().filter(move |(_, part)| part.drawn == drawn);
        parts.flat_map(|(at, part)| inline_scripts(at, part))
    };
    let mut inline: Vec<InlineScript<'p>> = of(false).collect();
    if parts.iter().any(|part| part.drawn) {
        let sent: HashSet<&str> = inline.iter().map(|script| script.source.trim()).collect();
        let new: Vec<_> = of(true).filter(|script| !sent.contains(script.source.trim())).collect();
        inline.extend(new);
    }
    inline
}

fn inline_scripts<'p>(at: usize, part: &Part<'p>) -> Vec<InlineScript<'p>> {
    let source = part.document.source();
    let names = [LocalName::from("script")];
    let scripts = part.document.named(&names).filter(|element| element.attr("src").is_none() && runs(element));
    scripts
        .filter_map(|element| inner_range(source, element.start?))
        .filter_map(|(start, end)| Some((start, source.get(start..end)?)))
        .map(|(start, source)| InlineScript { source, clean: without_comments(source), start, part: at })
        .collect()
}

/// The text of a script element: from behind its start tag to `</script`.
fn inner_range(source: &str, start: usize) -> Option<(usize, usize)> {
    let bytes = source.as_bytes();
    let mut at = start;
    let mut quote = None;
    loop {
        let byte = *bytes.get(at)?;
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None if byte == b'>' => break,
            None => {}
        }
        at += 1;
    }
    let from = at + 1;
    let rest = &bytes[from..];
    let end = rest
        .windows(8)
        .position(|window| window.eq_ignore_ascii_case(b"</script"))
        .map_or(bytes.len(), |found| from + found);
    Some((from, end))
}
