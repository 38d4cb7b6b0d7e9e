//! The record as JUnit XML, as Jenkins (`junit-10.xsd` of its xUnit plugin), GitLab and others read it.
//!
//! One suite for each folder of scenarios and for each shop, one test case for each scenario and each rule, and one
//! suite for the run itself when something kept it from looking. A failure is a failure; a target or a shop that
//! could not answer is an error; what has no answer for another reason, or does not apply, is skipped and says why.
//! What passes only because a baseline tolerates what does not hold is skipped too, with reason, owner and day: most
//! readers show a skipped test, and none shows the output of one that passed.
//! A warning passes, as it does for the exit code, and stands in the output of its test case.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::xml::Xml;
use super::{accepted, clean, flat, labels, plain};
use crate::i18n::{Lang, Message};
use crate::run::policy::Judgement;
use crate::run::{
    Blame, Check, DriftEntry, Gate, Problem, RuleCard, RunRecord, RunVerdict, ScenarioResult, Skipped, Verdict,
};

/// How many findings of one test case are told.
const MOST_FINDINGS: usize = 20;

/// Writes the report in `lang`.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let suites = suites(record, lang);
    let mut total = Counts::default();
    suites.iter().for_each(|suite| total.add(suite.counts()));
    let report = Report::of(record, lang);
    let mut xml = Xml::begin(out)?;
    xml.open(
        "testsuites",
        &[
            ("name", "homologa"),
            ("tests", &total.tests.to_string()),
            ("failures", &total.failures.to_string()),
            ("errors", &total.errors.to_string()),
            ("time", &plain::seconds(record.elapsed_ms)),
        ],
    )?;
    for suite in &suites {
        report.suite(&mut xml, suite)?;
    }
    xml.close("testsuites")
}

/// One test case.
pub(super) enum Case<'r> {
    Scenario(&'r ScenarioResult),
    Check(&'r Check, Option<&'r RuleCard>),
    Problem(&'r Problem),
    Gate(&'r Gate),
    /// What the user wants a run to fail on.
    Policy(&'r Judgement),
    /// A difference that breaks something and that no step tells.
    Drift(&'r DriftEntry),
    /// A scenario that a key of its own leaves out.
    Left(&'r Skipped),
    /// A question about the run itself that stays open: its name in the report, and what is to be said.
    Open(&'static str, Message),
}

/// How a test case came out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Passed,
    Failed,
    Error,
    Skipped,
}

impl Case<'_> {
    pub(super) fn state(&self) -> State {
        match self {
            Case::Scenario(scenario) if plain::environment(scenario) => State::Error,
            Case::Check(check, _) if check.passes_tolerated() => State::Skipped,
            Case::Scenario(ScenarioResult { verdict, .. })
            | Case::Check(Check { verdict, .. }, _)
            | Case::Gate(Gate { verdict, .. }) => match verdict {
                Verdict::Pass | Verdict::Warn => State::Passed,
                Verdict::Fail => State::Failed,
                Verdict::Inconclusive | Verdict::NotApplicable => State::Skipped,
            },
            Case::Policy(policy) => match policy.verdict {
                RunVerdict::Ready => State::Passed,
                RunVerdict::NotReady => State::Failed,
                RunVerdict::Inconclusive => State::Error,
            },
            Case::Left(_) => State::Skipped,
            Case::Drift(_) => State::Failed,
            Case::Problem(_) | Case::Open(..) => State::Error,
        }
    }

    fn elapsed_ms(&self) -> u64 {
        if let Case::Scenario(scenario) = self { scenario.elapsed_ms } else { 0 }
    }
}

#[derive(Default, Clone, Copy)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

#[derive(Default)]
pub(super) struct Suite<'r> {
    pub(super) name: String,
    elapsed_ms: u64,
    pub(super) cases: Vec<Case<'r>>,
    /// What is worth knowing and no test.
    pub(super) notices: Vec<&'r Problem>,
}

impl Suite<'_> {
    fn counts(&self) -> Counts {
        let mut counts = Counts { tests: self.cases.len(), ..Counts::default() };
        for case in &self.cases {
            match case.state() {
                State::Passed => {}
                State::Failed => counts.failures += 1,
                State::Error => counts.errors += 1,
                State::Skipped => counts.skipped += 1,
            }
        }
        counts
    }
}

/// The test cases of a record by suite.
pub(super) fn suites<'r>(record: &'r RunRecord, lang: Lang) -> Vec<Suite<'r>> {
    let mut suites = Vec::new();
    // A notice is no test: it stands in the output of the suite.
    let (notices, problems): (Vec<&Problem>, Vec<&Problem>) =
        record.problems.iter().partition(|problem| problem.blame == Blame::Notice);
    let mut run: Vec<Case<'r>> = problems.into_iter().map(Case::Problem).collect();
    if !record.complete {
        run.push(Case::Open("complete", Message::new("report.cut-short")));
    }
    if let Some(contract) = &record.contract {
        let missing = contract.planned.saturating_sub(contract.scenarios.len());
        if missing > 0 {
            run.push(Case::Open("planned", Message::new("report.scenarios-missing").with("n", missing)));
        }
        // The port of the embedded sandbox is another one each time: no part of a name that CI compares.
        let target = contract.target.as_ref().map_or("", |target| match target.kind.as_str() {
            "embedded" => "embedded",
            _ => &target.url,
        });
        let mut folders: BTreeMap<&str, Suite> = BTreeMap::new();
        let ran = contract.scenarios.iter().map(|one| (one.file.as_str(), one.elapsed_ms, Case::Scenario(one)));
        let left = contract.skipped.iter().map(|one| (one.file.as_str(), 0, Case::Left(one)));
        for (file, elapsed_ms, case) in ran.chain(left) {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let suite = folders.entry(folder).or_insert_with(|| {
                let name = format!("contract · {target} · {folder}");
                Suite { name: clean::line(&name).into_owned(), ..Suite::default() }
            });
            suite.elapsed_ms = suite.elapsed_ms.saturating_add(elapsed_ms);
            suite.cases.push(case);
        }
        suites.extend(folders.into_values());
        let breaking = flat::breaking_drift(record);
        if !breaking.is_empty() {
            let cases = breaking.into_iter().map(Case::Drift).collect();
            suites.push(Suite { name: "contract · drift".to_owned(), cases, ..Suite::default() });
        }
        if !contract.gates.is_empty() {
            let cases = contract.gates.iter().map(Case::Gate).collect();
            suites.push(Suite { name: "contract · gates".to_owned(), cases, ..Suite::default() });
        }
    }
    if let Some(policy) = &record.policy {
        let cases = vec![Case::Policy(policy)];
        suites.push(Suite { name: "gate".to_owned(), cases, ..Suite::default() });
    }
    let cards: HashMap<&str, &RuleCard> = record.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    suites.extend(record.shops.iter().map(|shop| Suite {
        name: format!("golive · {}", plain::host(&shop.url)),
        elapsed_ms: shop.elapsed_ms,
        cases: shop.checks.iter().map(|check| Case::Check(check, cards.get(check.rule.as_str()).copied())).collect(),
        ..Suite::default()
    }));
    if suites.is_empty() && run.is_empty() {
        // Nothing that was looked at is no success.
        run.push(Case::Open("verdict", labels::run_verdict(RunVerdict::Inconclusive)));
    }
    if !run.is_empty() || !notices.is_empty() {
        let name = plain::say(&Message::new("report.problems"), lang);
        suites.insert(0, Suite { name, elapsed_ms: 0, cases: run, notices });
    }
    suites
}

/// What the verdicts of a run rest on.
fn properties(record: &RunRecord, lang: Lang) -> Vec<(&'static str, String)> {
    let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
    let mut properties = vec![("verdict", plain::say(&labels::headline(record, verdict), lang))];
    let stands = super::gate::lines(record);
    properties.extend(stands.iter().map(|(_, message)| ("gate", plain::say(message, lang))));
    if let Some(started) = &record.started {
        properties.extend([
            ("homologa", started.versions.homologa.clone()),
            ("catalogue", started.versions.catalogue_of()),
            ("specs", started.versions.specs.clone()),
            ("rules", started.versions.rules.clone()),
            ("seed", started.seed.to_string()),
            ("command", started.command.clone()),
        ]);
    }
    if let Some(target) = record.contract.as_ref().and_then(|contract| contract.target.as_ref()) {
        properties.extend([
            ("target", target.url.clone()),
            ("target.kind", target.kind.clone()),
            ("site", target.site.clone()),
        ]);
    }
    properties
}

/// Date and time of the start in UTC, without a zone, as readers of this format expect it.
fn started(record: &RunRecord) -> Option<String> {
    record.started.as_ref().map(|started| started.started.trim_end_matches('Z').to_owned())
}

/// Words of the test cases of one record.
pub(super) struct Report {
    lang: Lang,
    pub(super) properties: Vec<(&'static str, String)>,
    started: Option<String>,
}

impl Report {
    pub(super) fn of(record: &RunRecord, lang: Lang) -> Report {
        Report { lang, properties: properties(record, lang), started: started(record) }
    }

    fn suite(&self, xml: &mut Xml<'_>, suite: &Suite<'_>) -> io::Result<()> {
        let counts = suite.counts();
        let (tests, failures) = (counts.tests.to_string(), counts.failures.to_string());
        let (errors, skipped) = (counts.errors.to_string(), counts.skipped.to_string());
        let time = plain::seconds(suite.elapsed_ms);
        let mut attributes = vec![
            ("name", suite.name.as_str()),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
            ("skipped", &skipped),
            ("time", &time),
        ];
        attributes.extend(self.started.as_ref().map(|started| ("timestamp", started.as_str())));
        xml.open("testsuite", &attributes)?;
        xml.open("properties", &[])?;
        for (name, value) in &self.properties {
            xml.empty("property", &[("name", name), ("value", value)])?;
        }
        xml.close("properties")?;
        for case in &suite.cases {
            self.case(xml, case)?;
        }
        if !suite.notices.is_empty() {
            let told: Vec<String> = suite.notices.iter().map(|notice| self.problem(notice)).collect();
            xml.text("system-out", &[], &told.join("\n\n"))?;
        }
        xml.close("testsuite")
    }

    fn case(&self, xml: &mut Xml<'_>, case: &Case<'_>) -> io::Result<()> {
        let (name, class) = self.name(case);
        let time = plain::seconds(case.elapsed_ms());
        let attributes = [("name", name.as_str()), ("classname", &class), ("time", &time)];
        let state = case.state();
        let element = match state {
            State::Passed => {
                let noted = self.noted(case);
                if noted.is_empty() {
                    return xml.empty("testcase", &attributes);
                }
                xml.open("testcase", &attributes)?;
                xml.text("system-out", &[], &noted)?;
                return xml.close("testcase");
            }
            State::Failed => "failure",
            State::Error => "error",
            State::Skipped => "skipped",
        };
        let (kind, message, text) = self.told(case);
        xml.open("testcase", &attributes)?;
        xml.text(element, &[("message", &message), ("type", &kind)], &text)?;
        xml.close("testcase")
    }

    /// Name and class name. Readers split a class name at its last dot into package and class.
    pub(super) fn name(&self, case: &Case<'_>) -> (String, String) {
        let (name, class) = match case {
            Case::Scenario(ScenarioResult { file, name, id, .. }) | Case::Left(Skipped { file, name, id, .. }) => {
                let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
                let class = stem.trim_start_matches(['.', '/']).replace('.', "_").replace('/', ".");
                (format!("{} · {id}", name.get(self.lang)), class)
            }
            Case::Check(check, card) => {
                let class = card.map_or("golive".to_owned(), |card| format!("golive.{}", card.family));
                match card {
                    Some(card) => (format!("{} · {}", card.title.get(self.lang), check.rule), class),
                    None => (check.rule.clone(), class),
                }
            }
            Case::Gate(gate) => (gate.id.clone(), "homologa.gates".to_owned()),
            Case::Policy(_) => ("gate".to_owned(), "homologa.gates".to_owned()),
            Case::Drift(entry) => {
                let (title, _, _) = flat::of_drift(entry, self.lang);
                let change = &entry.change;
                (format!("{title} · {} {}", change.endpoint, change.path), "homologa.drift".to_owned())
            }
            Case::Problem(problem) => (problem.message.render(self.lang), "homologa.run".to_owned()),
            Case::Open(name, _) => ((*name).to_owned(), "homologa.run".to_owned()),
        };
        (clean::line(&name).into_owned(), clean::line(&class).into_owned())
    }

    /// What is worth knowing of a test case that passed.
    pub(super) fn noted(&self, case: &Case<'_>) -> String {
        let mut text = String::new();
        match case {
            Case::Scenario(scenario) => {
                let findings = scenario.steps.iter().flat_map(|step| &step.findings);
                findings.take(MOST_FINDINGS).for_each(|finding| plain::finding(&mut text, finding, self.lang));
            }
            Case::Check(check, card) => self.check(&mut text, check, *card),
            Case::Problem(problem) => text.push_str(&self.problem(problem)),
            Case::Gate(gate) => text.push_str(&plain::say(&gate.message, self.lang)),
            Case::Policy(policy) => text.push_str(&plain::say(&super::gate::stands(policy), self.lang)),
            Case::Open(..) | Case::Left(_) | Case::Drift(_) => {}
        }
        text
    }

    /// Type, message and text of a test case that did not pass.
    pub(super) fn told(&self, case: &Case<'_>) -> (String, String, String) {
        let lang = self.lang;
        let mut text = String::new();
        match case {
            Case::Scenario(scenario) => self.scenario(scenario),
            Case::Check(check, card) => {
                self.check(&mut text, check, *card);
                if let Some(one) = check.tolerated.first().filter(|_| check.passes_tolerated()) {
                    let word = plain::say(&Message::new("report.tolerated"), lang);
                    let message = format!("{word}: {}", plain::say(&accepted::terms(&one.terms), lang));
                    return ("tolerated".to_owned(), message, text);
                }
                let first = check.findings.first().map(|finding| &finding.message).or(check.reason.as_ref());
                let message = first.map_or_else(|| check.rule.clone(), |first| plain::say(first, lang));
                let word = plain::say(&labels::verdict(check.verdict), lang);
                let message = if check.findings.is_empty() { format!("{word}: {message}") } else { message };
                (check.rule.clone(), message, text)
            }
            Case::Problem(problem) => {
                (problem.message.key.to_string(), plain::say(&problem.message, lang), self.problem(problem))
            }
            Case::Left(skipped) => ("skipped".to_owned(), plain::say(&skipped.reason, lang), text),
            Case::Gate(gate) => {
                gate.findings.iter().for_each(|finding| plain::finding(&mut text, finding, lang));
                (gate.id.clone(), plain::say(&gate.message, lang), text)
            }
            Case::Policy(policy) => ("gate".to_owned(), plain::say(&super::gate::stands(policy), lang), text),
            Case::Drift(entry) => {
                let (_, message, fix) = flat::of_drift(entry, lang);
                let at = entry.places.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                for line in [Some(at), fix].into_iter().flatten() {
                    let _ = writeln!(text, "{}", clean::line(&line));
                }
                (entry.change.kind.clone(), clean::line(&message).into_owned(), text)
            }
            Case::Open(name, message) => ((*name).to_owned(), plain::say(message, lang), text),
        }
    }

    fn problem(&self, problem: &Problem) -> String {
        let mut text = plain::place(&problem.place).unwrap_or_default();
        for part in [Some(&problem.message), problem.fix.as_ref()].into_iter().flatten() {
            let _ = write!(text, "\n{}", plain::say(part, self.lang));
        }
        text.trim_start().to_owned()
    }

    /// Type, message and text of a scenario that failed or stayed open.
    fn scenario(&self, scenario: &ScenarioResult) -> (String, String, String) {
        let mut text = String::new();
        let deciding = scenario.steps.iter().filter(|step| step.verdict == scenario.verdict);
        let (mut kind, mut message, mut told) = (None, None, 0);
        for step in deciding {
            for finding in &step.findings {
                kind.get_or_insert_with(|| finding.rule.clone());
                message.get_or_insert_with(|| plain::say(&finding.message, self.lang));
                if told < MOST_FINDINGS {
                    plain::finding(&mut text, finding, self.lang);
                }
                told += 1;
            }
            if let Some(reason) = &step.reason {
                message.get_or_insert_with(|| plain::say(reason, self.lang));
                let _ = writeln!(text, "{}: {}", clean::line(&step.id), plain::say(reason, self.lang));
            }
            // What the record holds only in part cannot be repeated.
            if let Some(exchange) = step.exchange.as_ref().filter(|_| !scenario.abridged) {
                plain::repeat(&mut text, exchange);
            }
        }
        if told > MOST_FINDINGS {
            let more = Message::new("report.more-places").with("n", told - MOST_FINDINGS);
            let _ = writeln!(text, "{}", plain::say(&more, self.lang));
        }
        let _ = writeln!(text, "{}", clean::line(&scenario.file));
        let word = || plain::say(&labels::verdict(scenario.verdict), self.lang);
        let kind =
            kind.unwrap_or_else(|| if plain::environment(scenario) { "environment" } else { "scenario" }.to_owned());
        (kind, message.unwrap_or_else(word), text)
    }

    fn check(&self, text: &mut String, check: &Check, card: Option<&RuleCard>) {
        if let Some(reason) = &check.reason {
            let _ = writeln!(text, "{}", plain::say(reason, self.lang));
        }
        for finding in check.findings.iter().take(MOST_FINDINGS) {
            plain::finding(text, finding, self.lang);
        }
        if check.findings.len() > MOST_FINDINGS {
            let more = Message::new("report.more-places").with("n", check.findings.len() - MOST_FINDINGS);
            let _ = writeln!(text, "{}", plain::say(&more, self.lang));
        }
        for one in check.tolerated.iter().take(MOST_FINDINGS) {
            let terms = plain::say(&accepted::terms(&one.terms), self.lang);
            let _ = writeln!(text, "{}: {terms}", plain::say(&Message::new("report.tolerated"), self.lang));
            plain::finding(text, &one.finding, self.lang);
        }
        if check.tolerated.len() > MOST_FINDINGS {
            let more = Message::new("report.more-places").with("n", check.tolerated.len() - MOST_FINDINGS);
            let _ = writeln!(text, "{}", plain::say(&more, self.lang));
        }
        if let Some(card) = card.filter(|_| !check.findings.is_empty()) {
            let _ = writeln!(text, "→ {}", clean::line(card.fix.get(self.lang)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(record: &RunRecord, lang: Lang) -> String {
        let mut bytes = Vec::new();
        write(record, lang, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_run_that_is_not_ready() {
        insta::assert_snapshot!("not_ready_es", written(&sample::not_ready(), Lang::Es));
    }

    #[test]
    fn a_run_that_looked_at_nothing_is_an_error() {
        let text = written(&RunRecord { complete: true, ..RunRecord::default() }, Lang::En);
        assert!(text.contains(r#"tests="1" failures="0" errors="1""#), "{text}");
    }

    #[test]
    fn the_environment_is_an_error_and_another_reason_is_skipped() {
        let mut record = sample::not_ready();
        let text = written(&record, Lang::En);
        assert!(text.contains(r#"failures="1" errors="1" skipped="0""#), "{text}");
        for scenario in record.contract.iter_mut().flat_map(|contract| &mut contract.scenarios) {
            scenario.steps.iter_mut().for_each(|step| step.exchange = None);
        }
        let text = written(&record, Lang::En);
        assert!(text.contains(r#"failures="1" errors="0" skipped="1""#), "{text}");
    }

    #[test]
    fn what_is_tolerated_is_skipped_with_its_terms() {
        let text = written(&sample::tolerating(), Lang::En);
        assert!(text.contains(r#"failures="0" errors="0" skipped="1""#), "{text}");
        let skipped = text.split("<skipped").nth(1).unwrap().split("</skipped>").next().unwrap();
        for part in ["tolerated: ", "Ana (caja)", "2027-01-31", "https://tienda.example/pagar", "type=\"tolerated\""] {
            assert!(skipped.contains(part), "{part} is not in {skipped}");
        }
    }

    #[test]
    fn a_request_that_the_record_holds_only_in_part_is_not_offered_for_repeating() {
        let mut record = sample::not_ready();
        for scenario in record.contract.iter_mut().flat_map(|contract| &mut contract.scenarios) {
            scenario.abridged = true;
        }
        let text = written(&record, Lang::En);
        assert!(text.contains("payments/declined.yaml:14:9") && !text.contains("curl "), "{text}");
    }

    #[test]
    fn what_failed_comes_with_its_place_the_difference_and_the_request() {
        let text = written(&sample::not_ready(), Lang::En);
        let failure = text.split("<failure").nth(1).unwrap().split("</failure>").next().unwrap();
        for part in ["payments/declined.yaml:14:9", "/status: expected rejected, received approved", "curl -X POST"] {
            assert!(failure.contains(part), "{part} is not in {failure}");
        }
    }
}
