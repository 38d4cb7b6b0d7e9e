//! From "this does not hold here" to a finding with place, evidence and a stable identity.

use std::sync::LazyLock;

use url::Url;

use crate::golive::page::{Element, PageView, ScriptFacts, selector_of};
use crate::i18n::Message;
use crate::run::{Evidence, Finding, Place, Severity, fingerprint};
use crate::secret::Redactor;

/// Longest piece of source shown, in characters.
const FRAME: usize = 200;
/// Most findings of one rule on one page.
pub const MAX_PER_PAGE: usize = 20;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// Masks what must not leave the process.
pub fn masked(text: &str) -> String {
    REDACTOR.text(text).into_owned()
}

/// An address without credentials, secrets masked.
pub fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for addresses that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    masked(url.as_str())
}

/// Collects the findings of one rule on one page.
pub struct Hits<'r> {
    rule: &'r str,
    severity: Severity,
    found: Vec<Finding>,
    more: usize,
}

impl<'r> Hits<'r> {
    /// No findings yet.
    pub fn new(rule: &'r str, severity: Severity) -> Hits<'r> {
        Hits { rule, severity, found: Vec::new(), more: 0 }
    }

    /// Changes the weight of the findings that follow.
    pub fn weigh(&mut self, severity: Severity) {
        self.severity = severity;
    }

    /// Whether there is any finding.
    pub fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// The findings, and how many more there were.
    pub fn finish(self) -> (Vec<Finding>, usize) {
        (self.found, self.more)
    }

    /// A finding without a place in a source. `identity` is what stays the same from run to run.
    pub fn plain(&mut self, url: &Url, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let place = Place { url: Some(shown_url(url)), ..Place::default() };
        self.push(&[url.path(), identity], message, place, evidence);
    }

    /// A finding about something that is the same on every page (a host, say): its place is no part of its identity.
    pub fn once(&mut self, url: &Url, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let place = Place { url: Some(shown_url(url)), ..Place::default() };
        self.push(&["", identity], message, place, evidence);
    }

    /// A finding at an element of a page.
    pub fn element(&mut self, view: &PageView, part: usize, element: &Element, message: Message) {
        let selector = selector_of(element.node);
        self.element_with(view, part, element, selector, message);
    }

    /// A finding at an element, told apart by `identity` where one element can have several.
    pub fn element_with(&mut self, view: &PageView, part: usize, element: &Element, id: String, message: Message) {
        let part = &view.parts[part];
        let selector = selector_of(element.node);
        let url = &part.fetched.url;
        let source = part.document.source();
        let mut place = Place { url: Some(shown_url(url)), selector: Some(masked(&selector)), ..Place::default() };
        let mut evidence = Vec::new();
        if let Some(start) = element.start {
            let length = tag_text(source, start).len();
            let (line, column) = part.document.line_column(start);
            (place.line, place.column) = (Some(line), Some(column));
            evidence.push(code(&shown_url(url), source, start, length, line, column));
        }
        self.push(&[url.path(), &id], message, place, evidence);
    }

    /// A finding at a byte range of a document of the page.
    pub fn markup(&mut self, view: &PageView, part: usize, range: std::ops::Range<usize>, id: &str, message: Message) {
        let part = &view.parts[part];
        let url = &part.fetched.url;
        let (line, column) = part.document.line_column(range.start);
        let place = Place { url: Some(shown_url(url)), line: Some(line), column: Some(column), ..Place::default() };
        let evidence = code(&shown_url(url), part.document.source(), range.start, range.len(), line, column);
        self.push(&[url.path(), id], message, place, vec![evidence]);
    }

    /// A finding at a byte range of an own script: the same one whichever page loads the script.
    pub fn script(&mut self, script: &ScriptFacts, range: std::ops::Range<usize>, id: &str, message: Message) {
        let source = script.source();
        let before = source.get(..range.start).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        let last = before.rfind('\n').map_or(0, |at| at + 1);
        let column = u32::try_from(before[last..].chars().count() + 1).unwrap_or(u32::MAX);
        let url = shown_url(script.url());
        let place = Place { url: Some(url.clone()), line: Some(line), column: Some(column), ..Place::default() };
        let evidence = code(&url, source, range.start, range.len(), line, column);
        self.push(&[script.url().path(), id], message, place, vec![evidence]);
    }

    /// A finding at a place that was noted before; lines are no part of its identity.
    pub fn at(&mut self, place: Place, identity: &str, message: Message) {
        self.at_with(place, identity, message, Vec::new());
    }

    /// As [`Hits::at`], with evidence.
    pub fn at_with(&mut self, place: Place, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let path = place.url.as_deref().and_then(|url| Url::parse(url).ok()).map(|url| url.path().to_owned());
        self.push(&[path.as_deref().unwrap_or_default(), identity], message, place, evidence);
    }

    fn push(&mut self, identity: &[&str], message: Message, place: Place, evidence: Vec<Evidence>) {
        if self.found.len() >= MAX_PER_PAGE {
            self.more += 1;
            return;
        }
        let mut parts = vec![self.rule];
        parts.extend(identity);
        let id = fingerprint(&parts);
        if self.found.iter().any(|finding| finding.id == id) {
            return;
        }
        let rule = self.rule.to_owned();
        self.found.push(Finding { id, rule, severity: self.severity, message, place, evidence, fix: None });
    }
}

/// The start tag at `start`, at most as long as a frame shows.
pub fn tag_text(source: &str, start: usize) -> &str {
    let rest = source.get(start..).unwrap_or_default();
    let mut quote = None;
    for (at, c) in rest.char_indices().take(FRAME) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return &rest[..=at],
            None => {}
        }
    }
    rest.char_indices().nth(FRAME).map_or(rest, |(at, _)| &rest[..at])
}

/// Bytes of source around a mark that are masked before the piece is cut, so that no half secret is left.
const MASKED: usize = 4_000;

/// A piece of source around a range: the rest of its line before and after, secrets masked, cut to a frame.
fn code(url: &str, source: &str, start: usize, length: usize, line: u32, column: u32) -> Evidence {
    let start = start.min(source.len());
    let end = start.saturating_add(length).min(source.len());
    let line_start = source.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let before = masked(slice(source, line_start.max(start.saturating_sub(MASKED)), start));
    let marked: String = masked(slice(source, start, end.min(start + MASKED))).chars().take(FRAME).collect();
    let after = slice(source, end, end + MASKED);
    let after = masked(after.split('\n').next().unwrap_or_default());
    let before: String = before.chars().skip(before.chars().count().saturating_sub(40)).collect();
    let before = before.trim_start();
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let room = FRAME.saturating_sub(before.chars().count() + marked.chars().count());
    let after: String = after.chars().take(room).collect();
    let mark = Some((count(before), count(&marked)));
    Evidence::Code { source: url.to_owned(), line, column, text: format!("{before}{marked}{}", after.trim_end()), mark }
}

/// A slice whose ends are moved inwards to borders of characters.
fn slice(source: &str, from: usize, to: usize) -> &str {
    let from = source.ceil_char_boundary(from.min(source.len()));
    let to = source.floor_char_boundary(to.min(source.len()));
    source.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_bounded_and_masked() {
        let token = format!("APP_USR-{}-091211-{}-12345678", "1234567890123456", "0123456789abcdef".repeat(2));
        let source = format!("{} var a = 1;\nlet t = '{token}'; {}", "x".repeat(500), "y".repeat(500));
        let start = source.find("APP_USR").unwrap();
        let Evidence::Code { text, mark, .. } = code("u", &source, start, token.len(), 2, 10) else { panic!() };
        assert!(!text.contains(&token) && text.chars().count() <= FRAME, "{text}");
        let (at, length) = mark.unwrap();
        let marked: String = text.chars().skip(at as usize).take(length as usize).collect();
        assert_eq!(marked, crate::secret::mask_credential(&token));
    }

    #[test]
    fn a_tag_ends_outside_its_quotes() {
        assert_eq!(tag_text("<a t='>' b>c", 0), "<a t='>' b>");
    }
}
