//! The baseline around a run: which file, what it is compared with, and `homologa contract accept` and
//! `homologa contract drift` without `--against`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{AcceptArgs, ObservedDriftArgs};
use super::contract::{configured, engine_with, failed_note, session};
use super::output::Output;
use super::session::{Session, replace};
use super::validate::read;
use crate::config::{BaselineConfig, ContractConfig};
use crate::contract::baseline::{Accepting, Baseline, FILE_NAME, LARGEST_FILE, Observer, Scope, lacks};
use crate::contract::scenario::Stock;
use crate::exit;
use crate::i18n::Message;
use crate::report;
use crate::run::{Event, Problem, RunRecord, TargetInfo, Terms, Verdict, read_record};
use crate::yaml::Source;

/// The baseline that a command uses: the file it names, else the one in the folder where it runs, if there is one.
pub(super) fn chosen(named: Option<&Path>) -> BaselineConfig {
    named.map_or_else(|| BaselineConfig::Beside(PathBuf::from(FILE_NAME)), |file| BaselineConfig::File(file.into()))
}

/// Reads the baseline of a configuration; `None` when there is none.
///
/// # Errors
/// The file that was named is missing, or a file has mistakes.
pub(super) fn load(config: &BaselineConfig) -> Result<Option<Baseline>, Vec<Problem>> {
    let (file, named) = match config {
        BaselineConfig::None => return Ok(None),
        BaselineConfig::Beside(file) => (file, false),
        BaselineConfig::File(file) => (file, true),
    };
    let name = file.display().to_string();
    let bytes = match read(file, LARGEST_FILE) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => return Ok(None),
        Err(error) => {
            let problem = Problem::input(crate::run::unreadable(&error)).in_file(name);
            return Err(vec![problem.fix(Message::new("baseline.missing-fix"))]);
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        let problem = Problem::input(Message::new("scenario.not-utf8")).in_file(&name);
        vec![problem.fix(Message::new("scenario.not-utf8-fix"))]
    })?;
    Baseline::parse(&Source::new(&name, &text)).map(Some)
}

/// What a run is watched for, beside the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watching {
    /// What its steps expect, and what of each error breaks the documented contract.
    Run,
    /// All that is documented of each answer.
    Judges,
    /// All of it, and all responses, to make a baseline of them.
    Keeps,
}

/// What watches a run, and the notices about it.
pub(super) fn watch(
    baseline: Option<Baseline>,
    config: &ContractConfig,
    target: &TargetInfo,
    watching: Watching,
) -> (Arc<Observer>, Vec<Problem>) {
    let mut notices = Vec::new();
    let baseline = match baseline {
        // It holds accepted findings of the go-live side alone.
        Some(baseline) if !baseline.has_contract() => {
            if matches!(config.baseline, BaselineConfig::File(_)) {
                notices.push(Problem::notice(Message::new("baseline.no-responses")).in_file(&baseline.file));
            }
            None
        }
        Some(baseline) if !baseline.fits(target) => {
            let was = format!("{} {}", baseline.target, baseline.site);
            let is = format!("{} {}", target.kind, target.site);
            let named = matches!(config.baseline, BaselineConfig::File(_));
            let key = if named { "baseline.other-target" } else { "baseline.other-target-left" };
            let message = Message { key: key.into(), ..Message::new("baseline.other-target") };
            notices.push(Problem::notice(message.with("was", was).with("is", is)).in_file(&baseline.file));
            named.then_some(baseline)
        }
        other => other,
    };
    (Arc::new(Observer::new(baseline, watching == Watching::Keeps).judging(watching != Watching::Run)), notices)
}

/// On which terms differences are accepted; `None` when what came is the new contract.
///
/// # Errors
/// An owner or a day without a reason, and a day that is over.
fn terms(args: &AcceptArgs) -> Result<Option<Terms>, Problem> {
    let terms = Terms { reason: args.reason.clone(), owner: args.owner.clone(), expires: args.expires };
    checked(terms)
}

/// Terms that can be accepted on.
///
/// # Errors
/// Those of [`terms`].
pub(super) fn checked(terms: Terms) -> Result<Option<Terms>, Problem> {
    if terms == Terms::default() {
        return Ok(None);
    }
    if terms.reason.is_none() {
        return Err(Problem::input(Message::new("baseline.no-reason")).fix(Message::new("baseline.no-reason-fix")));
    }
    match terms.expires {
        Some(day) if day < jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date() => {
            Err(Problem::input(Message::new("baseline.day-over").with("day", day)))
        }
        _ => Ok(Some(terms)),
    }
}

/// The accepted findings of the go-live side, which stay in the file as they are.
fn kept(previous: Option<&Baseline>) -> String {
    previous.map(|baseline| baseline.findings_text.clone()).unwrap_or_default()
}

/// Ends a run: writes its reports and tells its problems.
fn ended(session: &Session, output: &Output, interrupted: bool) -> Result<RunRecord, Vec<Problem>> {
    let record = session.record(interrupted);
    let (_, failed) = session.write(&record, output);
    output.problems(&record.problems);
    if failed.is_empty() { Ok(record) } else { Err(failed) }
}

/// Whether a path is that of a stored record and not of scenarios.
pub(super) fn is_record(path: &Path) -> bool {
    let ending = path.extension().is_some_and(|ending| ending == "json" || ending == "jsonl");
    ending && !path.is_dir()
}

/// `homologa contract accept`.
pub(super) async fn accept(output: &Output, args: &AcceptArgs) -> Result<u8, Vec<Problem>> {
    if let Some(stored) = args.run.which.scenarios.as_deref().filter(|path| is_record(path)) {
        return accept_stored(output, args, stored);
    }
    let file = args.baseline.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    // A file that is named but not there yet is the one to write.
    let config = ContractConfig { baseline: BaselineConfig::Beside(file.clone()), ..configured(&args.run)? };
    let terms = terms(args).map_err(|problem| vec![problem])?;
    let previous = load(&config.baseline)?;
    let findings = kept(previous.as_ref());
    let session = session(output, &args.run, &config)?;
    let mut watched = None;
    let stock = Stock::of(config.scenarios.as_deref());
    let work = async {
        let ca_file = args.run.ca_file.as_deref();
        watched = engine_with(&session, &config, stock, ca_file, (previous, Watching::Keeps)).await
    };
    let interrupted = session.until_interrupted(output, work).await;
    let record = ended(&session, output, interrupted)?;
    let Some((observer, scope)) = watched.filter(|_| !interrupted) else { return Ok(record.exit_code()) };
    let accepting = Accepting { terms, findings, merge: args.merge };
    write(output, &file, &observer, (&accepting, &scope), &record)
}

/// Writes the next baseline, and tells what is in it.
fn write(
    output: &Output,
    file: &Path,
    observer: &Observer,
    (accepting, scope): (&Accepting, &Scope),
    record: &RunRecord,
) -> Result<u8, Vec<Problem>> {
    let Some(written) = observer.accept(accepting, scope, output.lang) else {
        return Err(vec![
            Problem::environment(Message::new("baseline.nothing-seen")).in_file(file.display().to_string()),
        ]);
    };
    replace(file, |out| Ok(out.write_all(written.text.as_bytes())?))
        .map_err(|fault| vec![fault.problem(file.display().to_string())])?;
    let failed = record.contract.iter().flat_map(|contract| &contract.scenarios);
    let failed = failed.filter(|scenario| scenario.verdict == Verdict::Fail).count();
    if output.json {
        let name = file.display().to_string();
        output.result_json(&serde_json::json!({ "file": name, "written": written, "failed": failed }));
    } else {
        let mut text = String::new();
        let responses = Message::new("baseline.written")
            .with("file", file.display())
            .with("n", written.responses)
            .with("added", written.added)
            .with("changed", written.changed)
            .with("kept", written.kept)
            .with("dropped", written.dropped);
        super::validate::put(&output.say(&responses), "", &mut text);
        let accepted = Message::new("baseline.written-accepted")
            .with("n", written.accepted)
            .with("now", written.accepted_now)
            .with("gone", written.accepted_gone);
        super::validate::put(&output.say(&accepted), "", &mut text);
        if written.accepted_before > 0 {
            let before = Message::new("baseline.terms-kept").with("n", written.accepted_before);
            super::validate::put(&output.say(&before), "", &mut text);
        }
        output.result(&text);
    }
    if failed > 0 {
        output.note(&Message::new("baseline.accepted-failed").with("n", failed));
    }
    Ok(exit::READY)
}

/// `homologa contract accept RECORD`: what a stored run showed is the accepted contract; nothing is sent.
fn accept_stored(output: &Output, args: &AcceptArgs, stored: &Path) -> Result<u8, Vec<Problem>> {
    let one = |problem: Problem| vec![problem];
    let file = args.baseline.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    let terms = terms(args).map_err(one)?;
    let record = read_record(stored).map_err(one)?;
    if let Some(lacks) = lacks(&record) {
        let problem = Problem::input(lacks).in_file(stored.display().to_string());
        return Err(vec![problem.fix(Message::new("baseline.record-fix"))]);
    }
    let Some((contract, target)) = record.contract.as_ref().and_then(|one| Some((one, one.target.as_ref()?))) else {
        return Err(vec![Problem::input(Message::new("baseline.record-no-contract"))]);
    };
    let config = ContractConfig { baseline: BaselineConfig::Beside(file.clone()), ..ContractConfig::default() };
    let previous = load(&config.baseline)?;
    let findings = kept(previous.as_ref());
    // What a record does not hold is not gone: nobody looked for it.
    let mut scope = Scope::default();
    scope.known.extend(previous.iter().flat_map(Baseline::scenarios));
    let (observer, notices) = watch(previous, &config, target, Watching::Keeps);
    output.problems(&notices);
    scope.known.extend(observer.see_stored(contract));
    observer.report(&scope);
    write(output, &file, &observer, (&Accepting { terms, findings, merge: args.merge }, &scope), &record)
}

/// `homologa contract drift` without `--against`: what the answers differ in.
pub(super) async fn drift(output: &Output, args: &ObservedDriftArgs) -> Result<u8, Vec<Problem>> {
    let baseline = chosen(args.baseline.as_deref());
    let config = ContractConfig { baseline, ..configured(&args.run)? };
    let session = session(output, &args.run, &config)?;
    let accepted = load(&config.baseline)?;
    let ca_file = args.run.ca_file.as_deref();
    let stock = Stock::of(config.scenarios.as_deref());
    let work = async {
        engine_with(&session, &config, stock, ca_file, (accepted, Watching::Judges)).await;
    };
    let interrupted = session.until_interrupted(output, work).await;
    let record = ended(&session, output, interrupted)?;
    let Some(drift) = record.contract.as_ref().and_then(|contract| contract.drift.as_ref()) else {
        return Ok(record.exit_code());
    };
    if output.json {
        output.result_json(drift);
    } else {
        output.result(&report::drift::text(drift, output.lang, output.width()));
    }
    failed_note(output, &record);
    Ok(record.exit_code())
}

/// Tells what a run showed.
pub(super) fn measured(session: &Session, observer: &Observer, scope: &Scope) {
    session.sink().emit(Event::DriftMeasured(Box::new(observer.report(scope))));
}
