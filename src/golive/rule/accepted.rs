//! Which findings the entries of a baseline hold, and what each entry met in a shop.
//!
//! Responsible for matching only: reading the file is `contract/baseline`, what follows for the verdict is `shop.rs`.

use url::Url;

use super::judge::{Look, PageVerdicts};
use super::shop::ShopFacts;
use super::{Rule, RuleSet};
use crate::golive::page::PageView;
use crate::i18n::Message;
use crate::run::{AcceptedEntry, Check, EntrySight, EntryState, Finding, Problem, Verdict};

/// An entry, ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Accept {
    /// Its place among all entries.
    number: usize,
    /// What the file says.
    pub(super) entry: AcceptedEntry,
    /// Pages or scripts that it speaks of.
    pages: Option<Glob>,
}

/// Whether a page that entries speak of could be judged: number of the entry, and whether it could.
pub(super) type Reached = (usize, bool);

impl Accept {
    /// Whether it tolerates a finding of its rule.
    pub(super) fn holds(&self, finding: &Finding) -> bool {
        self.entry.severity.is_none_or(|heaviest| finding.severity >= heaviest) && self.speaks_of(finding)
    }

    fn speaks_of(&self, finding: &Finding) -> bool {
        if let Some(id) = &self.entry.finding {
            return *id == finding.id;
        }
        let page = self.pages.as_ref().is_none_or(|pages| {
            let url = finding.place.url.as_deref().and_then(|url| Url::parse(url).ok());
            url.is_some_and(|url| pages.holds(path_of(&url)))
        });
        page && self
            .entry
            .selector
            .as_deref()
            .is_none_or(|selector| finding.place.selector.as_deref().is_some_and(|found| alike(selector, found)))
    }

    /// Whether its day is over.
    pub(super) fn expired(&self) -> bool {
        self.entry.state == EntryState::Expired
    }

    fn reaches(&self, view: &PageView) -> bool {
        let Some(pages) = &self.pages else { return true };
        let documents = view.parts.iter().map(|part| &part.fetched.url);
        let scripts = view.scripts.iter().chain(&view.served).map(|script| script.url());
        documents.chain(scripts).any(|url| pages.holds(path_of(url)))
    }
}

impl Rule {
    /// Which of the entries of this rule speak of a page, and whether it could be judged.
    pub(super) fn reached(&self, view: &PageView, look: &Look) -> impl Iterator<Item = Reached> {
        let read = (200..300).contains(&view.page.document.status);
        let told = !matches!(look, Look::Open(_));
        let entries = self.accepts.iter().filter(move |accept| read && accept.reaches(view));
        entries.map(move |accept| (accept.number, told))
    }
}

impl RuleSet {
    /// Takes the findings that a baseline accepts.
    ///
    /// # Errors
    /// Entries whose rule does not exist, each with its place in the file.
    pub fn accept(&mut self, entries: &[AcceptedEntry]) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        for rule in &mut self.rules {
            rule.accepts.clear();
        }
        self.accepted = entries.len();
        for (number, entry) in entries.iter().enumerate() {
            match self.rules.iter_mut().find(|rule| rule.file.id == entry.rule) {
                Some(rule) => {
                    let pages = entry.page.as_deref().map(Glob::new);
                    rule.accepts.push(Accept { number, entry: entry.clone(), pages });
                    // What is still accepted comes first: an entry that is over takes nothing from another one.
                    rule.accepts.sort_by_key(Accept::expired);
                }
                None => problems.push(self.unknown(&entry.rule, entry)),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn unknown(&self, id: &str, entry: &AcceptedEntry) -> Problem {
        let problem = Problem::input(Message::new("golive.unknown-rule").with("id", id));
        let problem = Problem { place: entry.place.clone(), ..problem };
        match self.nearest(id) {
            Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
            None => problem,
        }
    }

    /// What each entry met in a shop.
    pub fn sights(&self, shop: &ShopFacts, pages: &[PageVerdicts], checks: &[Check]) -> Vec<EntrySight> {
        let mut sights = vec![EntrySight::default(); self.accepted];
        for (number, told) in pages.iter().flat_map(|page| &page.reached) {
            if let Some(sight) = sights.get_mut(*number) {
                sight.reached = true;
                sight.open |= !told;
            }
        }
        for (rule, check) in self.rules.iter().zip(checks) {
            for accept in &rule.accepts {
                let tolerated = check.tolerated.iter().map(|tolerated| &tolerated.finding);
                let known: Vec<&Finding> = check.findings.iter().chain(tolerated).collect();
                let Some(sight) = sights.get_mut(accept.number) else { continue };
                sight.matched = known.iter().filter(|finding| accept.holds(finding)).count();
                // What weighs more than was accepted is still there.
                sight.open |= sight.matched == 0 && known.iter().any(|finding| accept.speaks_of(finding));
                // What speaks of the whole shop has met it only when all of it was seen.
                let everywhere = accept.pages.is_none();
                sight.open |= check.verdict == Verdict::Inconclusive
                    || rule.severity.is_none()
                    || everywhere && shop.limit.is_some();
            }
        }
        sights
    }
}

/// The path of an address as entries name it: without query, fragment and parameters such as `;jsessionid=…`.
pub(super) fn path_of(url: &Url) -> &str {
    let path = url.path();
    path.split_once(';').map_or(path, |(path, _)| path)
}

/// Whether two selectors are the same but for white space.
pub fn alike(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// A path in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Whether a word can be one: a path, without query or fragment.
    pub fn is_one(word: &str) -> bool {
        word.starts_with(['/', '*']) && !word.contains(|c: char| c.is_whitespace() || c == '?' || c == '#')
    }

    /// Reads a path; letters that addresses write as `%C3%B1` may stand as they are.
    pub fn new(word: &str) -> Glob {
        let rooted = if word.starts_with('/') { word.to_owned() } else { format!("/{word}") };
        let read = Url::parse(&format!("http://h{rooted}")).map_or(rooted, |url| url.path().to_owned());
        Glob(if word.starts_with('/') { read } else { read.trim_start_matches('/').to_owned() })
    }

    /// Whether it speaks of a path.
    pub fn holds(&self, path: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let mut pieces = pieces.peekable();
        let mut any = false;
        while let Some(piece) = pieces.next() {
            any = true;
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        any || rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_whole_path_and_a_star_is_anything() {
        for (pattern, path, held) in [
            ("/pagar", "/pagar", true),
            ("/pagar", "/pagar/2", false),
            ("/pagar", "/", false),
            ("/pagar/*", "/pagar/2/x", true),
            ("/pagar/*", "/pagar", false),
            ("*", "/", true),
            ("*/pagar", "/es/pagar", true),
            ("*/pagar", "/es/pagar/x", false),
            ("/assets/app.*.js", "/assets/app.3f2a.js", true),
            ("/assets/app.*.js", "/assets/app.js", false),
            ("/a*b*b", "/ab", false),
            ("/a*b*b", "/abb", true),
            ("/año", "/a%C3%B1o", true),
        ] {
            assert_eq!(Glob::new(pattern).holds(path), held, "{pattern} {path}");
        }
        assert!(
            !Glob::is_one("pagar")
                && !Glob::is_one("/a?b=1")
                && !Glob::is_one("https://a.example/")
                && Glob::is_one("*")
        );
        assert_eq!(path_of(&Url::parse("https://a.example/p;jsessionid=1?x=2").unwrap()), "/p");
    }

    use std::sync::Arc;

    use crate::golive::check::Judge;
    use crate::golive::evidence::{Fetched, Page};
    use crate::run::{AcceptedFindings, RunVerdict, Severity, ShopRecord, Terms, TlsFacts};

    fn page(base: &str, path: &str, body: &str) -> Page {
        let url = Url::parse(base).unwrap().join(path).unwrap();
        let document = Fetched {
            requested: url.clone(),
            url,
            hops: Vec::new(),
            status: 200,
            headers: Vec::new(),
            body: body.to_owned(),
            bytes: body.len() as u64,
            cut: false,
        };
        Page::new(Arc::new(document), 0)
    }

    fn looked(entries: &[AcceptedEntry], limit: Option<Message>, base: &str, pages: &[(&str, &str)]) -> ShopRecord {
        let mut rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
        rules.accept(entries).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut judge = Judge::new(&rules);
        for (path, body) in pages {
            judge.add(&page(base, path, body));
        }
        let start = Url::parse(base).unwrap();
        let host = format!("{}:{}", start.host_str().unwrap(), start.port_or_known_default().unwrap());
        let chain =
            vec![crate::run::CertificateFacts { not_after: "2020-01-01T00:00:00Z".into(), ..Default::default() }];
        let tls = TlsFacts { host, chain, days_left: Some(-3), faults: vec!["expired".into()], ..TlsFacts::default() };
        judge.finish(ShopFacts {
            start,
            tls: Some(tls),
            answers: Vec::new(),
            dead: Vec::new(),
            left_out: Vec::new(),
            limit,
            saved: false,
        })
    }

    fn check<'s>(shop: &'s ShopRecord, rule: &str) -> &'s Check {
        shop.checks.iter().find(|check| check.rule == rule).unwrap()
    }

    fn settled(entries: &[AcceptedEntry], shop: ShopRecord, whole: bool) -> Vec<EntryState> {
        let mut accepted = AcceptedFindings { file: "b.yaml".into(), entries: entries.to_vec() };
        accepted.settle(&[shop], whole);
        accepted.entries.iter().map(|entry| entry.state).collect()
    }

    const RULE: &str = "card-fields-no-name";
    const SHOP: &str = "https://shop.example/";
    const FORM: &str = "<form id=pay method=post><input data-checkout=cardNumber name=n><input data-checkout=securityCode name=c></form>\
        <script src=https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js></script>";

    fn entry(rule: &str) -> AcceptedEntry {
        AcceptedEntry {
            rule: rule.to_owned(),
            terms: Terms { reason: Some("r".into()), ..Terms::default() },
            ..AcceptedEntry::default()
        }
    }

    #[test]
    fn only_what_was_accepted_is_tolerated_and_the_rest_decides() {
        let open = looked(&[], None, SHOP, &[("/pagar", FORM)]);
        let findings = &check(&open, RULE).findings;
        assert_eq!((findings.len(), check(&open, RULE).verdict), (2, Verdict::Fail), "{findings:#?}");
        let of = |finding: &Finding| AcceptedEntry { finding: Some(finding.id.clone()), ..entry(RULE) };
        let (one, two) = (of(&findings[0]), of(&findings[1]));
        let half = looked(std::slice::from_ref(&one), None, SHOP, &[("/pagar", FORM)]);
        let half = check(&half, RULE);
        assert_eq!((half.verdict, half.findings.len(), half.tolerated.len()), (Verdict::Fail, 1, 1));
        let both = looked(&[one.clone(), two], None, SHOP, &[("/pagar", FORM)]);
        let both = check(&both, RULE);
        assert_eq!((both.verdict, both.findings.len(), both.tolerated.len()), (Verdict::Pass, 0, 2));
        assert!(both.passes_tolerated());
        // The same fault on another page is another finding.
        let elsewhere = looked(&[one], None, SHOP, &[("/pagar", FORM), ("/caja", FORM)]);
        assert_eq!(check(&elsewhere, RULE).findings.len(), 3);
    }

    #[test]
    fn page_selector_weight_and_day_narrow_an_entry() {
        let with = |page: Option<&str>, selector: Option<&str>| AcceptedEntry {
            page: page.map(str::to_owned),
            selector: selector.map(str::to_owned),
            ..entry(RULE)
        };
        let tolerated = |entry: AcceptedEntry| {
            let shop = looked(&[entry], None, SHOP, &[("/es/pagar", FORM)]);
            check(&shop, RULE).tolerated.len()
        };
        assert_eq!(tolerated(with(None, None)), 2);
        assert_eq!(tolerated(with(Some("/es/pagar"), None)), 2);
        assert_eq!(tolerated(with(Some("*/pagar"), Some("#pay >  input:nth-of-type(2)"))), 1);
        assert_eq!(tolerated(with(Some("/pagar"), None)), 0);
        assert_eq!(tolerated(AcceptedEntry { severity: Some(Severity::Blocker), ..entry(RULE) }), 2);
        assert_eq!(tolerated(AcceptedEntry { severity: Some(Severity::Warning), ..entry(RULE) }), 0);
        let over = AcceptedEntry { state: EntryState::Expired, ..entry(RULE) };
        let shop = looked(std::slice::from_ref(&over), None, SHOP, &[("/pagar", FORM)]);
        let check = check(&shop, RULE);
        assert_eq!((check.verdict, check.tolerated.len()), (Verdict::Fail, 0));
        let said = format!("{:?}", check.findings[0].evidence);
        assert!(said.contains("golive.acceptance-over"), "{said}");
        assert_eq!(shop.verdict, RunVerdict::NotReady);
        assert_eq!(settled(&[over], shop, true), [EntryState::Expired]);
    }

    #[test]
    fn an_entry_is_stale_only_when_all_that_it_speaks_of_was_looked_at() {
        let mended = "<form id=pay method=post><input data-checkout=cardNumber></form>";
        let of_page = AcceptedEntry { page: Some("/pagar".into()), ..entry(RULE) };
        let of_all = entry(RULE);
        let entries = [of_page.clone(), of_all];
        let state = |limit: Option<&Message>, pages: &[(&str, &str)], whole| {
            settled(&entries, looked(&entries, limit.cloned(), SHOP, pages), whole)
        };
        use EntryState::{Stale, Unseen, Used};
        let limit = Message::new("golive.page-cut");
        assert_eq!(state(None, &[("/pagar", FORM)], true), [Used, Used]);
        assert_eq!(state(None, &[("/pagar", mended)], true), [Stale, Stale]);
        assert_eq!(state(None, &[("/pagar", mended)], false), [Unseen, Unseen], "the run was cut short");
        assert_eq!(state(Some(&limit), &[("/pagar", mended)], true), [Stale, Unseen], "pages were left out");
        assert_eq!(state(None, &[("/", mended)], true), [Unseen, Stale], "the page was not reached");
        let drawn = "<body><div id=root></div><script src=/app.js></script></body>";
        assert_eq!(state(None, &[("/pagar", drawn)], true), [Unseen, Unseen], "the rule stayed open");
    }

    #[test]
    fn what_is_tolerated_leaves_what_nobody_saw_open() {
        let unseen = format!("{FORM}{}", "<div>".repeat(5_000));
        let before = looked(&[], None, SHOP, &[("/pagar", &unseen)]);
        assert_eq!(check(&before, RULE).verdict, Verdict::Fail);
        let shop = looked(&[entry(RULE)], None, SHOP, &[("/pagar", &unseen)]);
        let check = check(&shop, RULE);
        assert_eq!((check.verdict, check.tolerated.len()), (Verdict::Inconclusive, 2), "{check:#?}");
    }

    #[test]
    fn many_that_are_tolerated_do_not_hide_one_that_is_not() {
        let inputs: String = (0..60).map(|n| format!("<input id=i{n} data-checkout=cardNumber name=n{n}>")).collect();
        let form = |more: &str| format!("<form id=pay method=post>{inputs}{more}</form>");
        let known: Vec<AcceptedEntry> = (0..60)
            .map(|n| AcceptedEntry { selector: Some(format!("#i{n}")), page: Some("/pagar".into()), ..entry(RULE) })
            .collect();
        let shop = looked(&known, None, SHOP, &[("/pagar", &form(""))]);
        assert_eq!((check(&shop, RULE).verdict, check(&shop, RULE).tolerated.len()), (Verdict::Pass, 60));
        let shop = looked(&known, None, SHOP, &[("/pagar", &form("<input id=new data-checkout=cardNumber name=new>"))]);
        let check = check(&shop, RULE);
        assert_eq!((check.verdict, check.findings.len()), (Verdict::Fail, 1));
        assert_eq!(check.findings[0].place.selector.as_deref(), Some("#new"));
    }

    #[test]
    fn identities_outlive_another_port_lines_above_and_a_session() {
        let page = |base: &str, above: &str, session: &str| {
            let html = format!(
                "<!doctype html>\n{above}<title>x</title>{above}<div><form method=get action='{base}cobrar{session}'>{above}\
                 <input data-checkout=cardNumber name=n>\n<input data-checkout=securityCode name=c></form></div>{above}\
                 <script>fetch('http://localhost:3000/x')</script><script src='{base}mercadopago.js'></script>"
            );
            let path = format!("/pagar{session}");
            looked(&[], None, base, &[(path.as_str(), html.as_str())])
        };
        let ids = |shop: &ShopRecord| -> Vec<(String, String)> {
            let findings = shop.checks.iter().flat_map(|check| &check.findings);
            findings.map(|finding| (finding.rule.clone(), finding.id.clone())).collect()
        };
        let one = ids(&page("https://shop.example:8443/", "", "?sid=1"));
        let other = ids(&page(
            "https://shop.example:9443/",
            "\n\n<div><p>aviso</p></div>\n<!-- x -->\n",
            ";jsessionid=7?sid=2",
        ));
        assert_eq!(one, other);
        assert!(one.len() > 10, "{one:#?}");
        let mut unique: Vec<_> = one.iter().collect();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), one.len());
    }

    #[test]
    fn a_rule_that_does_not_exist_is_told_with_its_place() {
        let mut rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
        let place =
            crate::run::Place { file: Some("b.yaml".into()), line: Some(3), column: Some(5), ..Default::default() };
        let problems = rules.accept(&[AcceptedEntry { place, ..entry("card-fields-no-nam") }]).unwrap_err();
        assert_eq!(problems[0].location().as_deref(), Some("b.yaml:3:5"));
        assert!(problems[0].fix.as_ref().unwrap().args.values().any(|word| word == RULE));
    }
}
