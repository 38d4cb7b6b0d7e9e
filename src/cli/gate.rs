//! The gate as the command line and the configuration ask for it.

use std::path::Path;

use super::args::GateArgs;
use super::session::journal_in;
use crate::config::hint;
use crate::i18n::Message;
use crate::run::policy::{Criterion, Earlier, Policy, Profile};
use crate::run::{Problem, RunRecord, read_record};

/// The policy that a profile and the command line ask for, which wins; `None` when neither asks for anything.
///
/// # Errors
/// A word that is none, and a record that cannot be read.
pub(super) fn policy(args: &GateArgs, profile: Option<(&str, &Profile)>) -> Result<Option<Policy>, Vec<Problem>> {
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
    let profile = profile.map(|(name, _)| name.to_owned());
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
