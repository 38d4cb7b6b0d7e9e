//! `homologa golive accept`: findings of a run or of a stored record become accepted ones in the baseline.
//!
//! What is written names each finding by its identity, so that an entry never hides another one. Entries that speak of
//! more (a rule on every page, say) are written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::GoliveAcceptArgs;
use super::baseline::{checked, is_record, load};
use super::golive::{look, rules};
use super::output::Output;
use super::session::{journal_in, replace};
use crate::config::{BaselineConfig, GoliveConfig};
use crate::contract::baseline::{FILE_NAME, LARGEST_FILE, add};
use crate::exit;
use crate::golive::browser::Choice;
use crate::golive::rule::{Glob, alike};
use crate::i18n::Message;
use crate::run::{AcceptedEntry, Blame, EntryState, Finding, Problem, RunRecord, Terms, read_record};
use crate::secret::Redactor;
use crate::yaml::Source;

pub(super) async fn run(output: &Output, args: &GoliveAcceptArgs) -> Result<u8, Vec<Problem>> {
    let one = |problem: Problem| vec![problem];
    let file = args.run.baseline.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    let terms = terms(args).map_err(one)?;
    let wanted = Wanted::of(args).map_err(one)?;
    let config = BaselineConfig::Beside(file.clone());
    // A mistake in the file, or in the name of the rule, is told before anything is asked of a shop.
    let known = GoliveConfig { baseline: config.clone(), browser: Choice::None, ..GoliveConfig::default() };
    let (rules, _) = rules(&known)?;
    if rules.rule(&args.rule).is_none() {
        let problem = Problem::input(Message::new("golive.unknown-rule").with("id", &args.rule));
        return Err(vec![match rules.nearest(&args.rule) {
            Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
            None => problem,
        }]);
    }
    let stored = match args.run.urls.as_slice() {
        // The folder of `--output` stands for the run that was written there.
        [word] => Some(journal_in(Path::new(word))).filter(|file| file.is_file() && is_record(file)),
        _ => None,
    };
    let record = match stored.as_deref() {
        Some(stored) => read_record(stored).map_err(one)?,
        None => looked_at(output, args, config.clone()).await?,
    };
    if record.shops.is_empty() {
        let problem = Problem::input(Message::new("baseline.record-no-shop"));
        return Err(vec![
            problem.in_file(stored.as_deref().map(|path| path.display().to_string()).unwrap_or_default()),
        ]);
    }
    let before = load(&config)?;
    let living: Vec<&AcceptedEntry> = before
        .iter()
        .flat_map(|baseline| &baseline.findings)
        .filter(|entry| entry.state != EntryState::Expired)
        .collect();
    let accepted = |finding: &Finding| {
        let weighs = |entry: &AcceptedEntry| entry.severity.is_none_or(|heaviest| finding.severity >= heaviest);
        living.iter().any(|entry| entry.finding.as_deref() == Some(finding.id.as_str()) && weighs(entry))
    };
    let mut entries: Vec<AcceptedEntry> = Vec::new();
    let tolerated = record.tolerated().map(|(_, one)| &one.finding).filter(|finding| wanted.is(finding));
    let mut kept: BTreeSet<&str> = tolerated.map(|finding| finding.id.as_str()).collect();
    for finding in record.shops.iter().flat_map(|shop| &shop.checks).flat_map(|check| &check.findings) {
        if !wanted.is(finding) {
            continue;
        }
        if accepted(finding) {
            kept.insert(&finding.id);
        } else if entries.iter().all(|entry| entry.finding.as_ref() != Some(&finding.id)) {
            entries.push(entry(finding, &terms));
        }
    }
    kept.retain(|id| entries.iter().all(|entry| entry.finding.as_deref() != Some(id)));
    if entries.is_empty() && kept.is_empty() {
        let problem = Problem::input(Message::new("baseline.nothing-matches").with("rule", &args.rule));
        return Err(vec![problem.fix(Message::new("baseline.nothing-matches-fix"))]);
    }
    write(output, &file, &entries, kept.len())
}

/// Runs what the command line asks for and gives its record.
async fn looked_at(
    output: &Output,
    args: &GoliveAcceptArgs,
    baseline: BaselineConfig,
) -> Result<RunRecord, Vec<Problem>> {
    let (session, interrupted) = look(output, (&args.run, None), baseline).await?;
    let record = session.record(interrupted);
    let (_, failed) = session.write(&record, output);
    output.problems(&record.problems);
    if !failed.is_empty() {
        return Err(failed);
    }
    if record.shops.is_empty() {
        let message = Message::new("baseline.no-shop-read");
        let input = record.problems.iter().any(|problem| problem.blame == Blame::Input);
        return Err(vec![if input { Problem::input(message) } else { Problem::environment(message) }]);
    }
    Ok(record)
}

/// Which findings are meant.
struct Wanted<'a> {
    rule: &'a str,
    page: Option<Glob>,
    selector: Option<&'a str>,
    finding: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(args: &'a GoliveAcceptArgs) -> Result<Wanted<'a>, Problem> {
        if args.page.as_ref().is_some_and(|page| !Glob::is_one(page)) {
            let problem = Problem::input(Message::new("baseline.not-a-page"));
            return Err(problem.fix(Message::new("baseline.not-a-page-fix")));
        }
        Ok(Wanted {
            rule: &args.rule,
            page: args.page.as_deref().map(Glob::new),
            selector: args.selector.as_deref(),
            finding: args.finding.as_deref(),
        })
    }

    fn is(&self, finding: &Finding) -> bool {
        let page = path(finding);
        finding.rule == self.rule
            && self.finding.is_none_or(|id| finding.id == id)
            && self.page.as_ref().is_none_or(|wanted| page.is_some_and(|page| wanted.holds(&page)))
            && self
                .selector
                .is_none_or(|wanted| finding.place.selector.as_deref().is_some_and(|found| alike(wanted, found)))
    }
}

/// The path of the page or script of a finding.
fn path(finding: &Finding) -> Option<String> {
    let url = url::Url::parse(finding.place.url.as_deref()?).ok()?;
    Some(url.path().split(';').next().unwrap_or_default().to_owned())
}

/// The terms of the command line.
fn terms(args: &GoliveAcceptArgs) -> Result<Terms, Problem> {
    let redactor = Redactor::default();
    // It will be kept with the code.
    let clean = |text: &str| redactor.text(text.trim()).into_owned();
    let reason = Some(clean(&args.reason)).filter(|reason| !reason.is_empty());
    let terms = Terms { reason, owner: args.owner.as_deref().map(clean), expires: Some(args.expires) };
    Ok(checked(terms)?.unwrap_or_default())
}

fn entry(finding: &Finding, terms: &Terms) -> AcceptedEntry {
    AcceptedEntry {
        rule: finding.rule.clone(),
        finding: Some(finding.id.clone()),
        page: path(finding).filter(|page| Glob::is_one(page)),
        selector: finding.place.selector.clone(),
        severity: Some(finding.severity),
        terms: terms.clone(),
        ..AcceptedEntry::default()
    }
}

/// Writes the entries into the file, and tells what was done.
fn write(output: &Output, file: &Path, entries: &[AcceptedEntry], kept: usize) -> Result<u8, Vec<Problem>> {
    let name = file.display().to_string();
    let told = Problem::input(Message::new("scenario.not-utf8")).in_file(&name);
    let told = told.fix(Message::new("scenario.not-utf8-fix"));
    let before = match super::validate::read(file, LARGEST_FILE) {
        Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| vec![told])?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(vec![Problem::input(crate::run::unreadable(&error)).in_file(&name)]),
    };
    let source = before.map(|text| Source::new(&name, &text));
    let mut added = crate::contract::baseline::Added::default();
    if !entries.is_empty() {
        added = add(source.as_ref(), entries, output.lang)?;
        replace(file, |out| Ok(out.write_all(added.text.as_bytes())?)).map_err(|fault| vec![fault.problem(&name)])?;
    }
    if output.json {
        output.result_json(&serde_json::json!({
            "file": name, "added": added.added, "replaced": added.replaced, "kept": kept, "entries": entries,
        }));
        return Ok(exit::READY);
    }
    let mut text = String::new();
    let done = Message::new("baseline.findings-written").with("file", &name).with("n", added.added);
    super::validate::put(&output.say(&done.with("replaced", added.replaced).with("kept", kept)), "", &mut text);
    for entry in entries {
        let at = [&entry.finding, &entry.page, &entry.selector];
        let at: Vec<&str> = at.into_iter().flatten().map(String::as_str).collect();
        super::validate::put(&at.join("  "), "  ", &mut text);
    }
    output.plain_result(&text);
    Ok(exit::READY)
}
