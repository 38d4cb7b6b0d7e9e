//! Judges one page by every rule; what is kept of it is small and owned, so that its evidence can be dropped.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::accepted::Reached;
use super::hits::{Hits, MAX_PLACES, masked, shown_url, tag_text};
use super::load::{Check, Demands, Selection};
use super::model::Scope;
use super::predicates::{About, Looks, Run, local, promotions, terms};
use super::{Rule, RuleSet};
use crate::golive::evidence::{Page, Source};
use crate::golive::page::{Element, Need, PageView, Parsed};
use crate::i18n::Message;
use crate::run::{Evidence, Finding, PageSummary, Tolerated};

use super::predicates::result::ResultFacts;

/// What one rule has to say of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Look {
    /// The question does not arise on this page.
    Outside,
    /// Looked at, nothing to object; for rules that ask for something, whether it is there.
    Clean {
        /// What the rule asks for is on this page.
        there: bool,
    },
    /// Looked at, and something does not hold.
    Hit,
    /// Could not be looked at well enough.
    Open(Message),
}

/// What every rule has to say of one page, in the order of rules: kept of thousands of pages, so that it is small.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// A byte for each rule: outside, clean, clean and there, hit; from [`OPEN`] on the place of the reason in `open`.
    codes: Vec<u8>,
    open: Vec<Message>,
}

/// The first code of what could not be looked at.
const OPEN: u8 = 4;

impl Said {
    fn push(&mut self, look: Look) {
        let code = match look {
            Look::Outside => 0,
            Look::Clean { there: false } => 1,
            Look::Clean { there: true } => 2,
            Look::Hit => 3,
            Look::Open(reason) => {
                let at = self.open.iter().position(|known| *known == reason).unwrap_or_else(|| {
                    self.open.push(reason);
                    self.open.len() - 1
                });
                // More reasons than there are codes for are told by the last one that fits.
                u8::try_from(at).unwrap_or(u8::MAX).saturating_add(OPEN)
            }
        };
        self.codes.push(code);
    }

    /// Whether a rule looked at the page, and whether it saw there what it asks for.
    pub(super) fn looked(&self, rule: usize) -> Option<bool> {
        match self.codes.get(rule) {
            Some(1 | 3) => Some(false),
            Some(2) => Some(true),
            _ => None,
        }
    }

    /// Whether a rule looked and found nothing to object.
    pub(super) fn clean(&self, rule: usize) -> bool {
        matches!(self.codes.get(rule), Some(1 | 2))
    }

    /// Why a rule could not tell, if so.
    pub(super) fn open(&self, rule: usize) -> Option<&Message> {
        let place = self.codes.get(rule)?.checked_sub(OPEN)?;
        self.open.get(usize::from(place)).or(self.open.last())
    }
}

/// What rules learned of one page.
#[derive(Debug, Clone)]
pub struct PageVerdicts {
    /// The page as the record lists it.
    pub summary: PageSummary,
    pub(super) url: Url,
    pub(super) requested: Url,
    pub(super) looks: Said,
    /// Findings with the place of their rule.
    pub(super) findings: Vec<(usize, Finding)>,
    /// What is tolerated, with the place of its rule.
    pub(super) tolerated: Vec<(usize, Tolerated)>,
    /// Which entries of a baseline speak of this page.
    pub(super) reached: Vec<Reached>,
    /// How many findings of a rule were not kept.
    pub(super) more: Vec<(usize, usize)>,
    pub(super) needs_javascript: bool,
    /// Whether it is a template that a server completes.
    pub(super) template: bool,
    /// Whether it was cut before its end.
    pub(super) cut: bool,
    pub(super) terms: terms::TermsFacts,
    pub(super) result: Arc<ResultFacts>,
    pub(super) facts: local::PageFacts,
    pub(super) promotions: promotions::Promotions,
}

impl PageVerdicts {
    /// The findings at elements of the page itself: identity and selector.
    pub(in crate::golive) fn elements(&self) -> Vec<(String, String)> {
        let own = Some(shown_url(&self.url));
        let here = self.findings.iter().map(|(_, finding)| finding).filter(|finding| finding.place.url == own);
        here.filter_map(|finding| Some((finding.id.clone(), finding.place.selector.clone()?))).collect()
    }

    /// Adds the picture of an element to the evidence of a finding.
    pub(in crate::golive) fn picture(&mut self, finding: &str, path: &str) {
        for (_, one) in self.findings.iter_mut().filter(|(_, one)| one.id == finding) {
            one.evidence.push(Evidence::Note { message: Message::new("browser.shot").with("path", path) });
        }
    }
}

impl RuleSet {
    /// Judges one page by every rule.
    pub fn judge_page(&self, page: &Page) -> PageVerdicts {
        self.judge_view(&PageView::read(page, &self.scripts))
    }

    /// Judges one page whose document was parsed already, if it was; with `draws` only when a browser would not tell
    /// more of it.
    ///
    /// # Errors
    /// How much more a browser would tell.
    pub fn judge_parsed<'p>(
        &self,
        page: &'p Page,
        parsed: Option<Parsed<'p>>,
        draws: bool,
    ) -> Result<PageVerdicts, Need> {
        let view = PageView::read_parsed(page, parsed, &self.scripts);
        match view.need().filter(|_| draws) {
            Some(need) => Err(need),
            None => Ok(self.judge_view(&view)),
        }
    }

    fn judge_view(&self, view: &PageView) -> PageVerdicts {
        let page = view.page;
        let mut verdicts = PageVerdicts {
            summary: summary_of(view),
            url: page.document.url.clone(),
            requested: page.document.requested.clone(),
            looks: Said { codes: Vec::with_capacity(self.rules.len()), open: Vec::new() },
            findings: Vec::new(),
            tolerated: Vec::new(),
            reached: Vec::new(),
            more: Vec::new(),
            needs_javascript: view.needs_javascript,
            template: view.template,
            cut: view.cut(),
            terms: terms::facts(view),
            result: ResultFacts::shared(view),
            facts: local::PageFacts::of(view),
            promotions: promotions::Promotions::of(view),
        };
        for (at, rule) in self.rules.iter().enumerate() {
            let mut hits = Hits::new(&rule.file.id, rule.weight(&view.generations), &rule.accepts);
            let look = look(rule, view, &mut hits);
            let found = hits.finish();
            verdicts.findings.extend(found.findings.into_iter().map(|finding| (at, finding)));
            verdicts.tolerated.extend(found.tolerated.into_iter().map(|tolerated| (at, tolerated)));
            verdicts.reached.extend(rule.reached(view, &look));
            if found.more > 0 {
                verdicts.more.push((at, found.more));
            }
            verdicts.looks.push(look);
        }
        verdicts.findings.shrink_to_fit();
        verdicts
    }
}

fn summary_of(view: &PageView) -> PageSummary {
    let document = &view.page.document;
    let limit = if document.cut || view.parts.iter().any(|part| part.document.cut()) {
        Some(Message::new("golive.page-cut"))
    } else if view.needs_javascript {
        Some(view.why_unseen())
    } else if let Some(limit) = view.page.rendered.as_ref().and_then(|rendered| rendered.limits.first()) {
        Some(limit.clone())
    } else {
        view.page.unread.first().map(|unread| Message::new("golive.unread").with("url", masked(&unread.url)))
    };
    PageSummary {
        url: shown_url(&document.url),
        status: document.status,
        title: masked(view.parts.first().map_or("", |part| part.outline.title.as_str())),
        depth: view.page.depth,
        bytes: document.bytes,
        hops: document.hops.iter().map(|hop| crate::run::Hop { url: masked(&hop.url), status: hop.status }).collect(),
        generations: view.generations.clone(),
        checkout: view.checkout,
        rendered: view.page.rendered.is_some(),
        screenshot: None,
        limit,
    }
}

/// Whether a rule asks about this page; `None` when that cannot be told.
fn applies(rule: &Rule, view: &PageView) -> Option<bool> {
    if !(200..300).contains(&view.page.document.status) {
        return Some(false);
    }
    let generations = &rule.file.generations;
    let generation = generations.is_empty() || generations.iter().any(|one| view.generations.contains(one));
    let scope = match rule.file.scope {
        Scope::Page | Scope::Shop => true,
        Scope::Checkout => view.checkout,
    };
    match generation && scope {
        true => Some(true),
        // What JavaScript will draw may well ask for a payment; so may what was cut.
        false if view.needs_javascript || view.markup_cut() => None,
        false if view.card_drawn && view.generations.is_empty() && of_form(rule) => None,
        false => Some(false),
    }
}

/// Whether a rule asks about the card form.
fn of_form(rule: &Rule) -> bool {
    match &rule.check {
        Check::Each { select, .. } => matches!(select, Selection::Card(_)),
        Check::Predicate(predicate) => predicate.looks.form,
        _ => false,
    }
}

fn look(rule: &Rule, view: &PageView, hits: &mut Hits) -> Look {
    if rule.severity.is_none() {
        return Look::Outside;
    }
    match applies(rule, view) {
        Some(false) => return Look::Outside,
        None if view.markup_cut() => return Look::Open(Message::new("golive.page-cut")),
        None => return Look::Open(view.why_unseen()),
        Some(true) => {}
    }
    if untold(rule, view.page.source) {
        return Look::Open(Message::new("golive.saved-material"));
    }
    let mut there = false;
    let looks = match &rule.check {
        Check::Each { select, keep, must, at_most } => {
            let kept = select.of(view).filter(|(_, element)| keep.broken(element).is_none());
            for (count, (part, element)) in kept.enumerate() {
                there = true;
                if let Some(message) = must.broken(&element) {
                    hits.element(view, part, &element, message);
                } else if at_most.is_some_and(|most| count >= most) {
                    let message = Message::new("golive.too-many").with("n", count + 1);
                    hits.element(view, part, &element, message);
                }
            }
            Looks { markup: true, scripts: false, form: of_form(rule) }
        }
        Check::Nothing { select, keep } => {
            for (part, element) in select.of(view).filter(|(_, element)| keep.broken(element).is_none()) {
                let source = view.parts[part].document.source();
                let tag = element.start.map_or(element.name(), |start| tag_text(source, start));
                hits.element(view, part, &element, Message::new("golive.found").with("what", short(&masked(tag))));
            }
            Looks { markup: true, ..Looks::default() }
        }
        Check::Some { select, keep, words, script } => {
            there = select.of(view).any(|(_, element)| keep.broken(&element).is_none())
                || words.as_ref().is_some_and(|words| words.is_match(view.words()))
                || script.as_ref().is_some_and(|script| view.in_scripts(script));
            if !there
                && rule.file.scope != Scope::Shop
                && open(view, Looks { markup: true, scripts: true, form: false }).is_none()
            {
                hits.plain(view.url(), "", Message::new("golive.nothing-there"), Vec::new());
            }
            if there {
                return Look::Clean { there };
            }
            Looks { markup: true, scripts: script.is_some(), form: false }
        }
        Check::NoScript(pattern) => {
            no_script(view, pattern, hits);
            Looks { scripts: true, ..Looks::default() }
        }
        Check::NoWords(pattern) => {
            for found in pattern.find_iter(view.words()).take(MAX_PLACES) {
                let what = short(&masked(found.as_str()));
                hits.plain(view.url(), &what, Message::new("golive.found").with("what", &what), Vec::new());
            }
            Looks { markup: true, ..Looks::default() }
        }
        Check::Predicate(predicate) => match predicate.run {
            Run::Page(run) => {
                run(view, hits);
                if hits.any() && view.cut() && predicate.blames_absence {
                    hits.withdraw(Message::new("golive.page-cut"));
                }
                predicate.looks
            }
            // Judged when all pages are known.
            Run::Shop(_) => Looks::default(),
        },
    };
    if hits.counts() {
        return Look::Hit;
    }
    // What is tolerated decides nothing: what was not seen may hold what is not.
    if let Some(reason) = hits.open() {
        return Look::Open(reason.clone());
    }
    match open(view, looks) {
        Some(reason) => Look::Open(reason),
        None if hits.any() => Look::Hit,
        None => Look::Clean { there },
    }
}

/// Whether what a rule looks at is not part of saved material of this kind.
fn untold(rule: &Rule, source: Source) -> bool {
    let Check::Predicate(predicate) = &rule.check else { return false };
    match source {
        Source::Live | Source::Recorded => false,
        Source::Snapshot => predicate.about == About::Headers,
        Source::File => predicate.about != About::Contents,
    }
}

/// Why what a rule looks at could not be seen whole, if so.
pub(super) fn open(view: &PageView, looks: Looks) -> Option<Message> {
    if (looks.markup || looks.scripts) && view.template {
        return Some(Message::new("golive.server-template"));
    }
    if looks.markup {
        if view.markup_cut() {
            return Some(Message::new("golive.page-cut"));
        }
        if view.needs_javascript {
            return Some(view.why_unseen());
        }
    }
    if looks.form && view.form_unseen {
        return Some(view.why_unseen());
    }
    if looks.scripts {
        if let Some(unread) = view.page.unread.first() {
            return Some(Message::new("golive.unread").with("url", masked(&unread.url)));
        }
        if let Some(script) = view.scripts.iter().find(|script| script.cut()) {
            return Some(Message::new("golive.unread").with("url", shown_url(script.url())));
        }
    }
    None
}

fn no_script(view: &PageView, pattern: &regex::Regex, hits: &mut Hits) {
    let mut seen = BTreeSet::new();
    for inline in &view.inline {
        for found in pattern.find_iter(&inline.clean) {
            let what = masked(inline.source.get(found.range()).unwrap_or_default());
            if seen.insert(what.clone()) {
                let range = inline.start + found.start()..inline.start + found.end();
                let message = Message::new("golive.found").with("what", short(&what));
                hits.markup(view, inline.part, range, &what, message);
            }
        }
    }
    for script in &view.scripts {
        let key = format!("no-script {pattern}");
        let found = script.remember(&key, || {
            let found = pattern.find_iter(&script.clean).take(MAX_PLACES);
            found.map(|found| (found.range(), masked(found.as_str()))).collect::<Vec<_>>()
        });
        for (range, what) in found.iter() {
            if seen.insert(what.clone()) {
                let message = Message::new("golive.found").with("what", short(what));
                hits.script(script, range.clone(), what, message);
            }
        }
    }
}

/// A value as a sentence quotes it.
pub(super) fn short(text: &str) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", &folded[..at]),
        None => folded,
    }
}

impl Demands {
    /// What the element does not fulfil, if anything.
    pub(super) fn broken(&self, element: &Element) -> Option<Message> {
        let value = |name: &str| element.attr(name).map(str::trim).filter(|value| !value.is_empty());
        if let Some(name) = &self.have
            && value(name).is_none()
        {
            return Some(Message::new("golive.lacks-attribute").with("name", name));
        }
        if let Some(name) = &self.lack
            && let Some(value) = value(name)
        {
            return Some(Message::new("golive.has-attribute").with("name", name).with("value", short(&masked(value))));
        }
        if let Some((name, matches, excludes)) = &self.attribute {
            let value = value(name);
            let bad = matches.as_ref().is_some_and(|matches| !value.is_some_and(|value| matches.is_match(value)))
                || excludes.as_ref().is_some_and(|excludes| value.is_some_and(|value| excludes.is_match(value)));
            if bad {
                let value = short(&masked(value.unwrap_or_default()));
                return Some(Message::new("golive.attribute-value").with("name", name).with("value", value));
            }
        }
        if let Some(text) = &self.text {
            let words: String = element.node.text().take(200).collect();
            if !text.is_match(&words) {
                return Some(Message::new("golive.other-words"));
            }
        }
        None
    }
}
