//! The go-live requirements as data: rules, how they are judged page by page, and the checks of a shop.
//!
//! Responsible for reading rules and judging collected evidence by them. Not responsible for fetching anything:
//! rules see [`crate::golive::evidence`] and nothing else.

mod accepted;
mod hits;
mod judge;
mod load;
mod manual;
mod model;
mod predicates;
mod scaffold;
mod shop;

#[cfg(test)]
mod examples;

use crate::golive::page::ScriptCache;
use crate::i18n::Message;
use crate::run::{Generation, Problem, RequirementCard, RuleCard, Severity};

pub use accepted::{Glob, alike};
pub use hits::shown_url;
pub use judge::PageVerdicts;
pub use load::{digest, use_folder};
pub use manual::{ManualItem, manual, manual_cards};
pub use model::{Origin, RuleFile, Scope};
pub use scaffold::{Scaffold, scaffold};
pub use shop::ShopFacts;

/// The embedded files of `rules/`.
pub fn files() -> &'static include_dir::Dir<'static> {
    &load::FILES
}

/// A rule, ready to judge.
pub struct Rule {
    /// Folder it is in.
    pub family: String,
    /// What its file says.
    pub file: RuleFile,
    /// Weight after overrides; `None` when it is turned off.
    pub severity: Option<Severity>,
    overridden: bool,
    check: load::Check,
    /// Entries of a baseline that accept findings of it.
    accepts: Vec<accepted::Accept>,
}

impl Rule {
    /// Its words for the record.
    pub fn card(&self) -> RuleCard {
        let file = &self.file;
        RuleCard {
            id: file.id.clone(),
            family: self.family.clone(),
            requirement: file.requirement.clone(),
            severity: self.severity.unwrap_or(file.severity),
            origin: file.origin.name().to_owned(),
            title: file.title.clone(),
            why: file.why.clone(),
            fix: file.fix.clone(),
            sources: file.sources.clone(),
            example: file.examples.pass.iter().find_map(|example| match example {
                model::Example::Html(html) => Some(html.trim().to_owned()),
                model::Example::Shop(_) => None,
            }),
        }
    }

    /// The weight of a finding on a page that uses these front ends.
    fn weight(&self, generations: &[Generation]) -> Severity {
        let severity = self.severity.unwrap_or(self.file.severity);
        if self.overridden || generations.contains(&Generation::V1) {
            return severity;
        }
        let special = self.file.severity_for.iter().find(|special| generations.contains(&special.generation));
        special.map_or(severity, |special| special.severity)
    }
}

/// The rules of a run, in the order in which they are judged and reported.
pub struct RuleSet {
    requirements: Vec<RequirementCard>,
    rules: Vec<Rule>,
    scripts: ScriptCache,
    /// How many entries of a baseline there are.
    accepted: usize,
}

impl RuleSet {
    /// The rules that come with homologa.
    ///
    /// # Errors
    /// The mistakes in the files; the tests make sure that there are none.
    pub fn builtin() -> Result<RuleSet, Vec<Problem>> {
        let (requirements, loaded) = load::builtin()?;
        Ok(RuleSet::of(requirements, loaded))
    }

    fn of(requirements: Vec<RequirementCard>, loaded: Vec<load::Loaded>) -> RuleSet {
        let rules = loaded
            .into_iter()
            .map(|loaded| Rule {
                family: loaded.family,
                severity: Some(loaded.file.severity),
                file: loaded.file,
                overridden: false,
                check: loaded.check,
                accepts: Vec::new(),
            })
            .collect();
        RuleSet { requirements, rules, scripts: ScriptCache::default(), accepted: 0 }
    }

    /// Gives a rule another weight, or turns it off with `None`.
    ///
    /// # Errors
    /// There is no rule of this id; the problem names the nearest one.
    pub fn override_severity(&mut self, id: &str, severity: Option<Severity>) -> Result<(), Problem> {
        match self.rules.iter_mut().find(|rule| rule.file.id == id) {
            Some(rule) => {
                rule.severity = severity;
                rule.overridden = true;
                Ok(())
            }
            None => {
                let problem = Problem::input(Message::new("golive.unknown-rule").with("id", id));
                Err(match self.nearest(id) {
                    Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
                    None => problem,
                })
            }
        }
    }

    /// The requirements that rules belong to.
    pub fn requirements(&self) -> &[RequirementCard] {
        &self.requirements
    }

    /// The words of every rule.
    pub fn cards(&self) -> Vec<RuleCard> {
        self.rules.iter().map(Rule::card).collect()
    }

    /// A rule by id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.file.id == id)
    }

    /// The rule whose id is most like `id`, if one is like it at all.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        crate::yaml::nearest(id, self.rules.iter().map(|rule| rule.file.id.as_str()))
    }
}
