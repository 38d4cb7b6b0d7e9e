//! From "this does not hold here" to a finding with place, evidence and a stable identity.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use url::Url;

use super::accepted::{Accept, path_of};
use crate::golive::page::{Document, Element, LocalName, PageView, ScriptFacts, selector_of};
use crate::golive::quick::quick;
use crate::i18n::Message;
use crate::run::{Evidence, Finding, Place, Severity, Tolerated, fingerprint};
use crate::secret::{Redactor, find_credentials};

/// Longest piece of source shown, in characters.
const FRAME: usize = 200;
/// Most findings of one rule on one page.
pub const MAX_PER_PAGE: usize = 20;
/// Most places of one pattern that are looked at in one text: more than are told, so that what is tolerated leaves room
/// for what is not.
pub const MAX_PLACES: usize = 500;
/// Most tolerated findings of one rule on one page. What comes after them counts, because nobody keeps what it was.
const MAX_TOLERATED: usize = 500;
/// Most elements of one name among which one is told from its like.
const MOST_ALIKE: usize = 2_000;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// The value of a client secret or webhook secret: it has no shape of its own, only a name before it.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
pub static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    quick(
        r#"(?i-u)(?:client|webhook)[_-]?secret(?:[_-]?key)?["'`]?\s*(?:[:=]|value\s*=)\s*["'`]([A-Za-z0-9]{16,})["'`]"#,
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
    masked(&REDACTOR.url(url))
}

/// Collects the findings of one rule on one page.
pub struct Hits<'r> {
    rule: &'r str,
    severity: Severity,
    accepts: &'r [Accept],
    found: Vec<Finding>,
    tolerated: Vec<Tolerated>,
    more: usize,
    open: Option<Message>,
}

/// What one rule found.
pub struct Found {
    /// What counts.
    pub findings: Vec<Finding>,
    /// What a baseline accepts.
    pub tolerated: Vec<Tolerated>,
    /// How many more there were that count.
    pub more: usize,
}

impl<'r> Hits<'r> {
    /// No findings yet; those that `accepts` speak of will be tolerated.
    pub(super) fn new(rule: &'r str, severity: Severity, accepts: &'r [Accept]) -> Hits<'r> {
        Hits { rule, severity, accepts, found: Vec::new(), tolerated: Vec::new(), more: 0, open: None }
    }

    /// Changes the weight of the findings that follow.
    pub fn weigh(&mut self, severity: Severity) {
        self.severity = severity;
    }

    /// Whether there is any finding, tolerated or not.
    pub fn any(&self) -> bool {
        self.counts() || !self.tolerated.is_empty()
    }

    /// Whether there is any finding that counts.
    pub fn counts(&self) -> bool {
        !self.found.is_empty()
    }

    /// Notes that the rule could not tell; a finding decides all the same.
    pub fn leave_open(&mut self, reason: Message) {
        self.open = Some(reason);
    }

    /// Takes back what was found, because the rule could not tell.
    pub fn withdraw(&mut self, reason: Message) {
        self.found.clear();
        self.tolerated.clear();
        self.more = 0;
        self.open = Some(reason);
    }

    /// Why the rule could not tell, if so.
    pub fn open(&self) -> Option<&Message> {
        self.open.as_ref()
    }

    /// The findings.
    pub fn finish(self) -> Found {
        Found { findings: self.found, tolerated: self.tolerated, more: self.more }
    }

    /// A finding without a place in a source. `identity` is what stays the same from run to run.
    pub fn plain(&mut self, url: &Url, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let place = Place { url: Some(shown_url(url)), ..Place::default() };
        self.push(&[path_of(url), identity], message, place, evidence);
    }

    /// A finding about something that is the same on every page (a host, say): its place is no part of its identity.
    pub fn once(&mut self, url: &Url, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let place = Place { url: Some(shown_url(url)), ..Place::default() };
        self.push(&["", identity], message, place, evidence);
    }

    /// A finding at an element of a page.
    pub fn element(&mut self, view: &PageView, part: usize, element: &Element, message: Message) {
        // Describing an element costs more than finding it: a page full of faults must not cost a run.
        if self.full() {
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
        let identity = identity_of(&part.document, url, element, &selector);
        self.push(&[path_of(url), &identity], message, place, evidence);
    }

    /// A finding at a byte range of a document of the page.
    pub fn markup(&mut self, view: &PageView, part: usize, range: std::ops::Range<usize>, id: &str, message: Message) {
        if self.full() {
            self.more += 1;
            return;
        }
        let sent = if view.parts[part].drawn { view.sent_text(part, &range) } else { None };
        let (part, range) = sent.unwrap_or((part, range));
        let part = &view.parts[part];
        let url = &part.fetched.url;
        let (line, column) = part.document.line_column(range.start);
        let known = |number: u32| (!part.drawn).then_some(number);
        let place = Place { url: Some(shown_url(url)), line: known(line), column: known(column), ..Place::default() };
        let source = if part.drawn { format!("{} (DOM)", shown_url(url)) } else { shown_url(url) };
        let evidence = code(&source, part.document.source(), range.start, range.len(), line, column);
        self.push(&[path_of(url), id], message, place, vec![evidence]);
    }

    /// A finding at a byte range of an own script: the same one whichever page loads the script.
    pub fn script(&mut self, script: &ScriptFacts, range: std::ops::Range<usize>, id: &str, message: Message) {
        if self.full() {
            self.more += 1;
            return;
        }
        let source = script.source();
        let before = source.get(..range.start).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        let last = before.rfind('\n').map_or(0, |at| at + 1);
        let column = u32::try_from(before[last..].chars().count() + 1).unwrap_or(u32::MAX);
        let url = shown_url(script.url());
        let place = Place { url: Some(url.clone()), line: Some(line), column: Some(column), ..Place::default() };
        let evidence = code(&url, source, range.start, range.len(), line, column);
        self.push(&[path_of(script.url()), id], message, place, vec![evidence]);
    }

    /// A finding at a place that was noted before; lines are no part of its identity.
    pub fn at(&mut self, place: Place, identity: &str, message: Message, evidence: Vec<Evidence>) {
        let path = place.url.as_deref().and_then(|url| Url::parse(url).ok()).map(|url| path_of(&url).to_owned());
        self.push(&[path.as_deref().unwrap_or_default(), identity], message, place, evidence);
    }

    fn push(&mut self, identity: &[&str], message: Message, place: Place, evidence: Vec<Evidence>) {
        if self.full() {
            self.more += 1;
            return;
        }
        let mut parts = vec![self.rule];
        parts.extend(identity);
        let id = fingerprint(&parts);
        let mut known = self.tolerated.iter().map(|tolerated| &tolerated.finding).chain(&self.found);
        if known.any(|finding| finding.id == id) {
            return;
        }
        let rule = self.rule.to_owned();
        let mut finding = Finding { id, rule, severity: self.severity, message, place, evidence, fix: None };
        match self.accepts.iter().find(|accept| accept.holds(&finding)) {
            Some(accept) if accept.expired() => finding.evidence.push(over(accept)),
            Some(accept) if self.tolerated.len() < MAX_TOLERATED => {
                self.tolerated.push(Tolerated { finding, terms: accept.entry.terms.clone() });
                return;
            }
            _ => {}
        }
        match self.found.len() < MAX_PER_PAGE {
            true => self.found.push(finding),
            false => self.more += 1,
        }
    }

    /// Whether nothing more is taken. What may be tolerated is looked at all the same: it must not take the room of
    /// what counts.
    fn full(&self) -> bool {
        self.found.len() >= MAX_PER_PAGE && (self.accepts.is_empty() || self.tolerated.len() >= MAX_TOLERATED)
    }
}

/// That a finding was tolerated, and counts again.
fn over(accept: &Accept) -> Evidence {
    let terms = &accept.entry.terms;
    let day = terms.expires.map(|day| day.to_string()).unwrap_or_default();
    let reason = terms.reason.as_deref().unwrap_or_default();
    Evidence::Note { message: Message::new("golive.acceptance-over").with("day", day).with("reason", reason) }
}

/// Attributes that say what an element is for. Its place in the page, its words and its looks are none.
const TELLING: [&str; 9] = ["name", "data-checkout", "type", "for", "rel", "autocomplete", "action", "href", "src"];

/// What names an element from run to run: its id, else what it is for; where the page has several like it, its place
/// too. Neither lines nor what stands around it belong to that.
fn identity_of(document: &Document, page: &Url, element: &Element, selector: &str) -> String {
    let id = |element: &Element| element.attr("id").map(str::to_owned).filter(|id| !id.is_empty());
    let own = id(element);
    let alike = |name, one: &str, other: &str| {
        one == other || is_address(name) && address_of(page, one) == address_of(page, other)
    };
    let same = |other: &Element| match &own {
        Some(own) => other.attr("id") == Some(own),
        None => {
            other.attr("id").is_none_or(str::is_empty)
                && TELLING.iter().all(|name| match (element.attr(name), other.attr(name)) {
                    (Some(one), Some(other)) => alike(*name, one, other),
                    (one, other) => one.is_none() && other.is_none(),
                })
        }
    };
    let name = LocalName::from(element.name());
    let mut of_name = document.named(std::slice::from_ref(&name));
    let several = of_name.by_ref().take(MOST_ALIKE).filter(same).nth(1).is_some() || of_name.next().is_some();
    let mut text = element.name().to_owned();
    match &own {
        Some(own) => text.extend(["#", own.as_str()]),
        None => {
            for name in TELLING {
                let Some(value) = element.attr(name) else { continue };
                let value = if is_address(name) { address_of(page, value) } else { value.to_owned() };
                text.extend(["[", name, "=", &value, "]"]);
            }
        }
    }
    if several {
        text.extend([" ", selector]);
    }
    text
}

/// Whether an attribute holds an address.
fn is_address(name: &str) -> bool {
    matches!(name, "action" | "href" | "src")
}

fn before_query(value: &str) -> &str {
    value.split(['?', '#']).next().unwrap_or_default()
}

/// An address in a page without what changes from visit to visit: the path on the own host, else host and path.
fn address_of(page: &Url, value: &str) -> String {
    match page.join(value.trim()) {
        Ok(url) if url.host_str() == page.host_str() => path_of(&url).to_owned(),
        Ok(url) => format!("{}{}", url.host_str().unwrap_or_default(), path_of(&url)),
        Err(_) => before_query(value).to_owned(),
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
