//! From "this does not hold here" to a finding with place, evidence and a stable identity.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use url::Url;

use crate::golive::page::{Element, PageView, ScriptFacts, selector_of};
use crate::golive::quick::quick;
use crate::i18n::Message;
use crate::run::{Evidence, Finding, Place, Severity, fingerprint};
use crate::secret::{Redactor, find_credentials};

/// Longest piece of source shown, in characters.
const FRAME: usize = 200;
/// Most findings of one rule on one page.
pub const MAX_PER_PAGE: usize = 20;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// The value of a client secret or webhook secret: it has no shape of its own, only a name before it.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
pub static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    quick(
        r#"(?i)(?:client|webhook)[_-]?secret(?:[_-]?key)?["'`]?\s*(?:[:=]|value\s*=)\s*["'`]([A-Za-z0-9]{16,128})["'`]"#,
    )
    .expect("a valid pattern")
});

/// Masks what must not leave the process.
pub fn masked(text: &str) -> String {
    let text = REDACTOR.text(text);
    if !SECRET.is_match(&text) {
        return text.into_owned();
    }
    SECRET.replace_all(&text, |found: &Captures| found[0].replace(&found[1], "****")).into_owned()
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
    open: Option<Message>,
}

impl<'r> Hits<'r> {
    /// No findings yet.
    pub fn new(rule: &'r str, severity: Severity) -> Hits<'r> {
        Hits { rule, severity, found: Vec::new(), more: 0, open: None }
    }

    /// Changes the weight of the findings that follow.
    pub fn weigh(&mut self, severity: Severity) {
        self.severity = severity;
    }

    /// Whether there is any finding.
    pub fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// Notes that the rule could not tell; a finding decides all the same.
    pub fn leave_open(&mut self, reason: Message) {
        self.open = Some(reason);
    }

    /// Why the rule could not tell, if so.
    pub fn open(&self) -> Option<&Message> {
        self.open.as_ref()
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
        // Describing an element costs more than finding it: a page full of faults must not cost a run.
        if self.found.len() >= MAX_PER_PAGE {
            self.more += 1;
            return;
        }
        let at = part;
        let part = &view.parts[at];
        let selector = selector_of(element.node);
        let url = &part.fetched.url;
        let source = part.document.source();
        let mut place = Place { url: Some(shown_url(url)), selector: Some(masked(&selector)), ..Place::default() };
        let mut evidence = Vec::new();
        let sent =
            if part.drawn { view.sent_place(at, element, &selector) } else { element.start.map(|start| (at, start)) };
        if let Some((at, start)) = sent {
            let part = &view.parts[at];
            let source = part.document.source();
            let length = tag_text(source, start).len();
            let (line, column) = part.document.line_column(start);
            (place.line, place.column) = (Some(line), Some(column));
            evidence.push(code(&shown_url(url), source, start, length, line, column));
        } else if let Some(start) = element.start {
            // Scripts made it: there is no line of a source, only of the markup as drawn.
            let length = tag_text(source, start).len();
            let (line, column) = part.document.line_column(start);
            evidence.push(code(&format!("{} (DOM)", shown_url(url)), source, start, length, line, column));
        }
        self.push(&[url.path(), &selector], message, place, evidence);
    }

    /// A finding at a byte range of a document of the page.
    pub fn markup(&mut self, view: &PageView, part: usize, range: std::ops::Range<usize>, id: &str, message: Message) {
        let part = &view.parts[part];
        let url = &part.fetched.url;
        let (line, column) = part.document.line_column(range.start);
        let known = |number: u32| (!part.drawn).then_some(number);
        let place = Place { url: Some(shown_url(url)), line: known(line), column: known(column), ..Place::default() };
        let source = if part.drawn { format!("{} (DOM)", shown_url(url)) } else { shown_url(url) };
        let evidence = code(&source, part.document.source(), range.start, range.len(), line, column);
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
    pub fn at(&mut self, place: Place, identity: &str, message: Message, evidence: Vec<Evidence>) {
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

/// The start tag at `start`, bounded far above what is shown, so that secrets in it are masked whole.
pub fn tag_text(source: &str, start: usize) -> &str {
    let rest = slice(source, start, start + MASKED);
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return &rest[..=at],
            None => {}
        }
    }
    rest
}

/// Bytes of source around a mark that are masked before the piece is cut, so that no half secret is left.
const MASKED: usize = 4_000;

/// Stand for the borders of the mark while the piece is masked; no document means anything by them.
const BORDERS: [char; 2] = ['\u{f8fe}', '\u{f8ff}'];

/// A piece of source around a range: the rest of its line before and after, secrets masked, cut to a frame.
pub(super) fn code(url: &str, source: &str, start: usize, length: usize, line: u32, column: u32) -> Evidence {
    let start = start.min(source.len());
    let end = start.saturating_add(length).min(source.len()).min(start + MASKED);
    // A border inside a secret would hide the secret from the patterns: the mark grows around it instead.
    let from = border(source, start.saturating_sub(MASKED));
    let window = slice(source, from, end + MASKED);
    let secrets = SECRET.find_iter(window).map(|found| found.range());
    let credentials = find_credentials(window).into_iter().map(|found| found.range);
    let (mut start, mut end) = (start, end);
    for range in secrets.chain(credentials).map(|range| range.start + from..range.end + from) {
        if range.contains(&start) {
            start = range.start;
        }
        if range.start < end && end < range.end {
            end = range.end;
        }
    }
    let piece = |from: usize, to: usize| slice(source, from, to).replace(BORDERS, "");
    let whole = masked(&format!(
        "{}{}{}{}{}",
        piece(start.saturating_sub(MASKED), start),
        BORDERS[0],
        piece(start, end),
        BORDERS[1],
        piece(end, end + MASKED)
    ));
    let (before, rest) = whole.split_once(BORDERS[0]).unwrap_or(("", &whole));
    let (marked, after) = rest.split_once(BORDERS[1]).unwrap_or((rest, ""));
    let before = before.rsplit('\n').next().unwrap_or_default();
    let before: String = before.chars().skip(before.chars().count().saturating_sub(40)).collect();
    let before = before.trim_start();
    let marked: String = marked.chars().take(FRAME).collect();
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let room = FRAME.saturating_sub(before.chars().count() + marked.chars().count());
    let after: String = after.chars().take_while(|c| *c != '\n').take(room).collect();
    let mark = Some((count(before), count(&marked)));
    Evidence::Code { source: url.to_owned(), line, column, text: format!("{before}{marked}{}", after.trim_end()), mark }
}

/// A slice whose ends are moved forward to borders of characters.
pub(super) fn slice(source: &str, from: usize, to: usize) -> &str {
    source.get(border(source, from)..border(source, to)).unwrap_or_default()
}

/// The first border of a character from `at` on.
fn border(source: &str, at: usize) -> usize {
    (at..source.len()).find(|at| source.is_char_boundary(*at)).unwrap_or(source.len())
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
    fn a_secret_is_masked_wherever_the_mark_is() {
        let source = "var x = 1, client_secret = \"a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6\";";
        for (start, length) in [(4, 5), (11, 50), (27, 5)] {
            let Evidence::Code { text, .. } = code("u", source, start, length, 1, 1) else { panic!() };
            assert!(!text.contains("a1B2c3D4e5F6g7H8"), "{text}");
        }
    }

    #[test]
    fn a_tag_ends_outside_its_quotes() {
        assert_eq!(tag_text("<a t='>' b>c", 0), "<a t='>' b>");
    }
}
