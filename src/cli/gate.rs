//! The gate as the command line and the configuration ask for it.

use std::path::Path;

use super::args::{GateArgs, ProfileArgs};
use super::output::Output;
use super::session::journal_in;
use crate::config::{self, Config, hint};
use crate::contract::Gates;
use crate::i18n::Message;
use crate::run::policy::{Criterion, Earlier, Policy, Profile};
use crate::run::{Problem, RunRecord, read_record};

/// A profile and its name.
pub(super) type Named = (String, Profile);

/// The profile that a command line names: written down in the configuration, which need not be there, or built in.
///
/// # Errors
/// A name that is none, and a configuration that cannot be read.
pub(super) fn profile(args: &ProfileArgs) -> Result<Option<Named>, Vec<Problem>> {
    let Some(name) = &args.profile else { return Ok(None) };
    let usual = Path::new(config::FILE_NAME);
    let config = match &args.config {
        Some(file) => config::load(file)?,
        // What cannot be looked at is told by reading it.
        None if usual.try_exists().unwrap_or(true) => config::load(usual)?,
        None => {
            let profile = Config::default().profile(name).map_err(|problem| {
                let told = Message::new("gate.profile-nowhere").with("words", Profile::NAMES.join(", "));
                vec![problem.fix(told.with("file", config::FILE_NAME))]
            })?;
            return Ok(Some((name.clone(), profile)));
        }
    };
    config.profile(name).map(|profile| Some((name.clone(), profile))).map_err(|problem| vec![problem])
}

/// The minimums that a profile asks of the contract side.
pub(super) fn minimums(profile: Option<&Named>) -> Gates {
    profile.map_or_else(Gates::default, |(_, profile)| Gates { codes: profile.min_coverage, pairs: profile.min_pairs })
}

/// Says that the minimums of a profile are about a contract side, where a command has none to judge.
pub(super) fn no_minimums_here(output: &Output, profile: Option<&Named>) {
    if let Some((name, _)) = profile.filter(|named| minimums(Some(named)) != Gates::default()) {
        output.note(&Message::new("gate.minimum-not-here").with("name", name));
    }
}

/// Judges the minimums of a profile on a stored record, in the place of those that it was judged by.
pub(super) fn judge_minimums(output: &Output, record: &mut RunRecord, profile: Option<&Named>) {
    let (part, complete, gates) = (record.is_part(), record.complete, minimums(profile));
    match record.contract.as_mut().filter(|contract| contract.coverage.is_some() && !part) {
        Some(contract) => {
            for gate in gates.of(contract, complete) {
                contract.gates.retain(|other| other.id != gate.id);
                contract.gates.push(gate);
            }
        }
        None => no_minimums_here(output, profile),
    }
}

/// The policy that a profile and the command line ask for, which wins; `None` when neither asks for anything.
///
/// # Errors
/// A word that is none, and a record that cannot be read.
pub(super) fn policy(args: &GateArgs, profile: Option<&Named>) -> Result<Option<Policy>, Vec<Problem>> {
    let mut problems = Vec::new();
    let asked = match args.fail_on.as_slice() {
        [] => profile.and_then(|(_, profile)| profile.fail_on.clone()),
        words => Some(criteria(words, &mut problems)),
    };
    let file = args.regression.as_deref().or(profile.and_then(|(_, profile)| profile.regression.as_deref()));
    let earlier = file.map(earlier).transpose().map_err(|problem| problems.push(problem)).ok().flatten();
    if !problems.is_empty() {
        return Err(problems);
    }
    if asked.is_none() && earlier.is_none() && profile.is_none() {
        return Ok(None);
    }
    let profile = profile.map(|(name, _)| name.clone());
    Ok(Some(Policy { profile, fail_on: asked.unwrap_or_else(Policy::usual), earlier }))
}

fn criteria(words: &[String], problems: &mut Vec<Problem>) -> Vec<Criterion> {
    let none = words.iter().any(|word| word == "none");
    if none && words.len() > 1 {
        problems.push(Problem::input(Message::new("gate.none-alone")).fix(Message::new("gate.none-alone-fix")));
    }
    let mut found: Vec<Criterion> = Vec::new();
    for word in words.iter().filter(|word| *word != "none") {
        match Criterion::parse(word) {
            Some(criterion) if found.contains(&criterion) => {}
            Some(criterion) => found.push(criterion),
            None => problems.push(Problem::input(Message::new("gate.unknown-word").with("word", word)).fix(hint(word))),
        }
    }
    found
}

fn earlier(path: &Path) -> Result<Earlier, Problem> {
    let file = journal_in(path);
    let record: RunRecord = read_record(&file).map_err(|problem| problem.fix(Message::new("gate.regression-fix")))?;
    Ok(Earlier::of(&record, path.display().to_string()))
}
