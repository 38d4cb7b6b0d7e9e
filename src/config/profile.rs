//! `profiles:` of `homologa.yaml`: what makes a run fail, and what it writes, in one place or another.

use std::path::{Path, PathBuf};

use super::Config;
use super::read::one_of;
use crate::i18n::Message;
use crate::report::FORMATS;
use crate::run::Problem;
use crate::run::policy::{Criterion, Profile};
use crate::yaml::{Fields, Kind, nearest};

/// Reads all profiles. One that is called as a built-in one starts from it.
pub(super) fn read(config: &mut Config, fields: &mut Fields<'_, '_>) {
    let Some(members) = fields.map("profiles") else { return };
    for (key, node) in members {
        let source = fields.source();
        let mut profile = Profile::builtin(&key.text).unwrap_or_default();
        if let Some(inner) = Fields::new(source, node, fields.problems) {
            read_one(&mut profile, inner);
        }
        config.profiles.insert(key.text.clone(), profile);
    }
}

fn read_one(profile: &mut Profile, mut fields: Fields<'_, '_>) {
    if let Some(words) = fields.texts("fail-on") {
        let mut found: Vec<Criterion> = Vec::new();
        let none = words.contains(&"none");
        if none && words.len() > 1 {
            let told = fields.problem("fail-on", Message::new("gate.none-alone"));
            told.fix = Some(Message::new("gate.none-alone-fix"));
        }
        for word in words.into_iter().filter(|word| *word != "none") {
            match Criterion::parse(word) {
                Some(criterion) if found.contains(&criterion) => {}
                Some(criterion) => found.push(criterion),
                None => {
                    let told = fields.problem("fail-on", Message::new("gate.unknown-word").with("word", word));
                    told.fix = Some(hint(word));
                }
            }
        }
        profile.fail_on = Some(found);
    }
    profile.regression = fields.text("regression").map(PathBuf::from);
    for (name, slot) in [("min-coverage", &mut profile.min_coverage), ("min-pairs", &mut profile.min_pairs)] {
        let Some(percent) = fields.count(name) else { continue };
        match u8::try_from(percent).ok().filter(|percent| *percent <= 100) {
            Some(percent) => *slot = Some(percent),
            None => {
                let message = Message::new("config.unknown-word").with("field", name).with("word", percent);
                fields.problem(name, message).fix = Some(Message::new("config.known-words").with("words", "0-100"));
            }
        }
    }
    for (key, node) in fields.map("reports").unwrap_or_default() {
        match &node.kind {
            Kind::Text(path) if FORMATS.contains(&key.text.as_str()) => {
                profile.reports.insert(key.text.clone(), PathBuf::from(path));
            }
            _ => one_of(&mut fields, "reports", &key.text, &FORMATS),
        }
    }
    fields.finish();
}

/// How a word of a gate that is none is mended.
pub fn hint(word: &str) -> Message {
    match nearest(word, Criterion::WORDS) {
        Some(near) => Message::new("yaml.did-you-mean").with("word", near),
        None => Message::new("gate.known-words").with("words", Criterion::WORDS.join(", ")),
    }
}

impl Config {
    /// The profile of a name, written down or built in.
    ///
    /// # Errors
    /// A name that is none.
    pub fn profile(&self, name: &str) -> Result<Profile, Problem> {
        self.profiles.get(name).cloned().or_else(|| Profile::builtin(name)).ok_or_else(|| {
            let own = self.profiles.keys().map(String::as_str).filter(|name| !Profile::NAMES.contains(name));
            let known: Vec<&str> = Profile::NAMES.into_iter().chain(own).collect();
            let fix = match nearest(name, known.iter().copied()) {
                Some(near) => Message::new("yaml.did-you-mean").with("word", near),
                None => Message::new("config.known-words").with("words", known.join(", ")),
            };
            Problem::input(Message::new("gate.unknown-profile").with("name", name)).fix(fix)
        })
    }

    /// Takes the profile of a name, written down or built in, and what it asks of the other parts into them. An earlier
    /// record is meant from where the file is.
    ///
    /// # Errors
    /// A name that is none, and a minimum of a contract side that does not run.
    pub fn take_profile(&mut self, name: &str) -> Result<Profile, Vec<Problem>> {
        let profile = self.profile(name).map_err(|problem| vec![problem])?;
        if let Some(contract) = &mut self.contract {
            contract.gates.codes = profile.min_coverage.or(contract.gates.codes);
            contract.gates.pairs = profile.min_pairs.or(contract.gates.pairs);
        } else if profile.min_coverage.is_some() || profile.min_pairs.is_some() {
            let problem = Problem::input(Message::new("gate.minimum-of-nothing").with("name", name));
            return Err(vec![problem.fix(Message::new("gate.minimum-of-nothing-fix"))]);
        }
        if !profile.reports.is_empty() {
            self.reports.clone_from(&profile.reports);
        }
        Ok(profile)
    }

    /// Paths of profiles are meant from where the file is.
    pub(super) fn profiles_from(&mut self, folder: &Path) {
        for profile in self.profiles.values_mut() {
            profile.regression = profile.regression.take().map(|path| folder.join(path));
        }
    }
}
