//! The gate: what of a run makes a pipeline stop, and how a run stands to it.
//!
//! Without a policy the verdict decides alone. A policy may be stricter (warnings count) or looser (only what is new
//! counts, open questions do not). A stricter one takes part in the verdict; a looser one never makes it better: it
//! changes the exit code, and every report says so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::item::{Item, Side, Source, items};
use super::{RunRecord, RunVerdict, Severity, Verdict};

/// How many rules of one criterion are named.
const MOST_NAMED: usize = 20;

/// What a word of a policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    Of(Side),
    Open,
}

/// One word of a policy: `warning`, `golive:advice`, `drift:notable`, `inconclusive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criterion {
    kind: Kind,
    /// This weight and everything heavier.
    least: Severity,
}

const LEVELS: [(&str, Severity); 3] =
    [("blocker", Severity::Blocker), ("warning", Severity::Warning), ("advice", Severity::Advice)];
const DRIFT_LEVELS: [(&str, Severity); 3] =
    [("breaking", Severity::Blocker), ("notable", Severity::Warning), ("info", Severity::Advice)];

impl Criterion {
    /// Every word that there is, for messages and completions.
    pub const WORDS: [&'static str; 17] = [
        "blocker",
        "warning",
        "advice",
        "golive:blocker",
        "golive:warning",
        "golive:advice",
        "contract:blocker",
        "contract:warning",
        "contract:advice",
        "drift:breaking",
        "drift:notable",
        "drift:info",
        "inconclusive",
        "inconclusive:blocker",
        "inconclusive:warning",
        "inconclusive:advice",
        "none",
    ];

    /// The criterion that a word names; a kind alone means its heaviest level. `None` for any other word.
    pub fn parse(word: &str) -> Option<Criterion> {
        let level = |levels: [(&str, Severity); 3], word: &str| {
            levels.into_iter().find(|(name, _)| *name == word).map(|(_, severity)| severity)
        };
        if let Some(least) = level(LEVELS, word) {
            return Some(Criterion { kind: Kind::Any, least });
        }
        let (kind, rest) = match word.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (word, None),
        };
        let (kind, levels) = match kind {
            "golive" => (Kind::Of(Side::Golive), LEVELS),
            "contract" => (Kind::Of(Side::Contract), LEVELS),
            "drift" => (Kind::Of(Side::Drift), DRIFT_LEVELS),
            "inconclusive" => (Kind::Open, LEVELS),
            _ => return None,
        };
        let least = rest.map_or(Some(Severity::Blocker), |rest| level(levels, rest))?;
        Some(Criterion { kind, least })
    }

    /// Whether differences from the documents count that break nothing.
    pub fn asks_for_lesser_drift(self) -> bool {
        self.kind == Kind::Of(Side::Drift) && self.least > Severity::Blocker
    }

    fn counts(self, item: &Item<'_>) -> bool {
        let kind = match self.kind {
            Kind::Any => !item.open && !item.repeated,
            Kind::Of(side) => !item.open && item.side == side,
            Kind::Open => item.open,
        };
        kind && item.severity <= self.least
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = match self.least {
            Severity::Blocker => 0,
            Severity::Warning => 1,
            Severity::Advice => 2,
        };
        match self.kind {
            Kind::Any => f.write_str(LEVELS[index].0),
            Kind::Open if index == 0 => f.write_str("inconclusive"),
            Kind::Open => write!(f, "inconclusive:{}", LEVELS[index].0),
            Kind::Of(Side::Drift) => write!(f, "drift:{}", DRIFT_LEVELS[index].0),
            Kind::Of(Side::Golive) => write!(f, "golive:{}", LEVELS[index].0),
            Kind::Of(Side::Contract) => write!(f, "contract:{}", LEVELS[index].0),
        }
    }
}

/// What makes a run fail.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Name of the profile it comes from.
    pub profile: Option<String>,
    /// The words; none means that nothing counts.
    pub fail_on: Vec<Criterion>,
    /// The earlier record: only what it does not hold counts.
    pub earlier: Option<Earlier>,
}

impl Policy {
    /// What the verdict itself asks: no blocker, and no open question that may hide one.
    pub fn usual() -> Vec<Criterion> {
        let criterion = |kind| Criterion { kind, least: Severity::Blocker };
        vec![criterion(Kind::Any), criterion(Kind::Open)]
    }
}

/// What an earlier run already held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Earlier {
    file: String,
    started: String,
    /// How often each identity was there, apart for what did not hold and for open questions.
    known: HashMap<(bool, String), usize>,
    /// How much each minimum that was not reached had shown.
    gates: HashMap<String, usize>,
}

impl Earlier {
    /// What `record`, read from `file`, holds.
    pub fn of(record: &RunRecord, file: impl Into<String>) -> Earlier {
        let mut earlier = Earlier {
            file: file.into(),
            started: record.started.as_ref().map(|started| started.started.clone()).unwrap_or_default(),
            ..Earlier::default()
        };
        for item in items(record) {
            if let Source::Gate(gate) = item.source {
                earlier.gates.insert(gate.id.clone(), gate.seen);
            }
            *earlier.known.entry((item.open, item.id.into_owned())).or_default() += 1;
        }
        earlier
    }

    /// Whether it held this item. Each one it held is given once: a fault that is there twice now and was there once
    /// is a new one.
    fn take(&mut self, item: &Item<'_>) -> bool {
        if let Source::Gate(gate) = item.source
            && self.gates.get(&gate.id).is_none_or(|seen| *seen > gate.seen)
        {
            return false;
        }
        match self.known.get_mut(&(item.open, item.id.to_string())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn left(&self) -> usize {
        self.known.iter().filter(|((open, _), _)| !open).map(|(_, left)| left).sum()
    }
}

/// What met one word of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The word.
    pub criterion: String,
    /// How many items count.
    pub count: usize,
    /// Their rules, grades, kinds or scenarios, sorted, at most 20.
    pub rules: Vec<String>,
}

/// How the run compares with the earlier one that the policy names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regression {
    /// The record, as the user named it.
    pub file: String,
    /// When its run was started; empty when it does not say.
    pub started: String,
    /// What does not hold and did not stand in it.
    pub new: usize,
    /// What does not hold and stood in it.
    pub known: usize,
    /// What stood in it and this run does not show.
    pub gone: usize,
    /// Identities of what is known, sorted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub known_ids: BTreeSet<String>,
}

/// How a run stands to its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Name of the profile, if one was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The words that count; `none` alone when nothing does.
    pub fail_on: Vec<String>,
    /// `ready` lets the pipeline go on, `not-ready` stops it, `inconclusive` says that it cannot be told.
    pub verdict: RunVerdict,
    /// Whether too little was looked at to say anything, whatever the words are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blind: bool,
    /// What met which word; empty when nothing did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub met: Vec<Met>,
    /// The comparison with an earlier record, when the policy names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
}

impl Judgement {
    /// Judges a record. `over` says that its run came to its end.
    pub fn of(policy: &Policy, record: &RunRecord, over: bool) -> Judgement {
        let mut earlier = policy.earlier.clone();
        let mut met: Vec<(usize, BTreeSet<&str>)> = vec![(0, BTreeSet::new()); policy.fail_on.len()];
        let (mut new, mut known, mut known_ids) = (0, 0, BTreeSet::new());
        let all: Vec<Item<'_>> = items(record).collect();
        for item in &all {
            if let Some(earlier) = &mut earlier {
                let was_there = earlier.take(item);
                if !item.open {
                    *(if was_there { &mut known } else { &mut new }) += 1;
                }
                if was_there {
                    known_ids.insert(item.id.to_string());
                    continue;
                }
            }
            for (criterion, (count, rules)) in policy.fail_on.iter().zip(&mut met) {
                if criterion.counts(item) {
                    *count += 1;
                    if rules.len() < MOST_NAMED {
                        rules.insert(item.rule);
                    }
                }
            }
        }
        let fails = policy.fail_on.iter().zip(&met).any(|(word, (count, _))| word.kind != Kind::Open && *count > 0);
        let open = met.iter().any(|(count, _)| *count > 0);
        let blind = !over || blind(record);
        let told = policy.fail_on.iter().zip(met).filter(|(_, (count, _))| *count > 0);
        Judgement {
            profile: policy.profile.clone(),
            fail_on: match policy.fail_on.as_slice() {
                [] => vec!["none".to_owned()],
                words => words.iter().map(Criterion::to_string).collect(),
            },
            verdict: match (fails, open || blind) {
                (true, _) => RunVerdict::NotReady,
                (false, true) => RunVerdict::Inconclusive,
                (false, false) => RunVerdict::Ready,
            },
            blind,
            met: told
                .map(|(word, (count, rules))| Met {
                    criterion: word.to_string(),
                    count,
                    rules: rules.into_iter().map(str::to_owned).collect(),
                })
                .collect(),
            regression: earlier.map(|earlier| Regression {
                new,
                known,
                gone: earlier.left(),
                known_ids,
                file: earlier.file,
                started: earlier.started,
            }),
        }
    }

    /// The words that the run was judged by, to judge another record by them; `None` when it was compared with an
    /// earlier one, whose content is not here.
    pub fn words(&self) -> Option<Policy> {
        if self.regression.is_some() {
            return None;
        }
        let fail_on = self.fail_on.iter().filter_map(|word| Criterion::parse(word)).collect();
        Some(Policy { profile: self.profile.clone(), fail_on, earlier: None })
    }

    /// Whether an item of the record was already there in the earlier one.
    pub fn knows(&self, id: &str) -> bool {
        self.regression.as_ref().is_some_and(|regression| regression.known_ids.contains(id))
    }
}

/// Whether too little was looked at: something kept the run from looking, or a whole side of it has no answer at all.
/// No policy makes that a success.
fn blind(record: &RunRecord) -> bool {
    let kept = record.hindrances().next().is_some();
    // Nothing may fall to a part: whoever joins the parts judges the whole.
    let part = record.is_part();
    let answered = |verdict: Verdict| matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::Warn);
    let contract = record.contract.as_ref().is_some_and(|contract| {
        let none = !contract.scenarios.iter().any(|each| answered(each.verdict));
        contract.scenarios.len() < contract.planned || none && !(part && contract.planned == 0)
    });
    let shops = record.shops.iter().any(|shop| !shop.checks.iter().any(|check| answered(check.verdict)));
    let nothing = !part && record.contract.is_none() && record.shops.is_empty();
    kept || contract || shops || nothing
}

/// What a profile asks for; what it leaves out stays as it is without it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// The words that count.
    pub fail_on: Option<Vec<Criterion>>,
    /// An earlier record: only what is new counts.
    pub regression: Option<std::path::PathBuf>,
    /// Reports by format, in place of those of the configuration.
    pub reports: BTreeMap<String, std::path::PathBuf>,
    /// Least percentage of catalogue codes.
    pub min_coverage: Option<u8>,
    /// Least percentage of status pairs.
    pub min_pairs: Option<u8>,
}

impl Profile {
    /// Names of the profiles that exist without being written down.
    pub const NAMES: [&'static str; 3] = ["local", "ci", "golive"];

    /// The words of a profile that exists without being written down: on the own machine open questions do not stop
    /// the work, in a pipeline and before going live they do.
    pub fn builtin(name: &str) -> Option<Profile> {
        let usual = Policy::usual();
        let fail_on = match name {
            "local" => usual[..1].to_vec(),
            "ci" | "golive" => usual,
            _ => return None,
        };
        Some(Profile { fail_on: Some(fail_on), ..Profile::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn policy(words: &[&str]) -> Policy {
        let fail_on = words.iter().map(|word| Criterion::parse(word).unwrap()).collect();
        Policy { profile: None, fail_on, earlier: None }
    }

    fn stands(words: &[&str], record: &RunRecord) -> RunVerdict {
        Judgement::of(&policy(words), record, true).verdict
    }

    #[test]
    fn every_word_is_read_and_written_back() {
        for word in Criterion::WORDS.into_iter().filter(|word| *word != "none") {
            let written = Criterion::parse(word).unwrap().to_string();
            assert_eq!(Criterion::parse(&written), Criterion::parse(word), "{word}");
        }
        assert_eq!(Criterion::parse("drift"), Criterion::parse("drift:breaking"));
        for word in ["", "Blocker", "drift:blocker", "golive:", "golive:notable", "inconclusive:x", "none"] {
            assert_eq!(Criterion::parse(word), None, "{word}");
        }
    }

    #[test]
    fn the_usual_words_judge_as_the_verdict_does() {
        let usual = Policy { profile: None, fail_on: Policy::usual(), earlier: None };
        let many = [Verdict::Fail, Verdict::Warn, Verdict::Inconclusive].map(|each| sample::many::scenarios(30, each));
        for record in [sample::not_ready(), sample::ready()].into_iter().chain(many) {
            assert_eq!(Judgement::of(&usual, &record, true).verdict, record.judge());
        }
    }

    #[test]
    fn a_stricter_policy_takes_part_in_the_verdict_and_a_looser_one_in_the_exit_code_alone() {
        let mut record = sample::not_ready();
        record.policy = Some(Judgement::of(&policy(&["drift"]), &record, true));
        record.problems.clear();
        assert_eq!(record.judge(), RunVerdict::NotReady);
        let mut warned = sample::many::scenarios(3, Verdict::Warn);
        assert_eq!((warned.judge(), stands(&["blocker"], &warned)), (RunVerdict::Ready, RunVerdict::Ready));
        warned.policy = Some(Judgement::of(&policy(&["advice", "inconclusive"]), &warned, true));
        assert_eq!(warned.judge(), RunVerdict::NotReady);
        warned.verdict = Some(warned.judge());
        assert_eq!(warned.exit_code(), 1);
        let met = &warned.policy.as_ref().unwrap().met;
        assert_eq!((met.len(), met[0].criterion.as_str()), (1, "advice"));
    }

    #[test]
    fn nothing_makes_a_run_pass_that_saw_too_little() {
        assert_eq!(stands(&["blocker"], &RunRecord::default()), RunVerdict::Inconclusive);
        let open = sample::many::scenarios(20, Verdict::Inconclusive);
        let judged = Judgement::of(&policy(&["blocker"]), &open, true);
        assert!(judged.blind && judged.met.is_empty());
        let cut = Judgement::of(&policy(&["blocker"]), &sample::many::scenarios(20, Verdict::Pass), false);
        assert_eq!(cut.verdict, RunVerdict::Inconclusive);
    }

    #[test]
    fn what_an_earlier_run_held_does_not_count_and_a_second_one_of_the_same_does() {
        let before = sample::many::scenarios(5, Verdict::Fail);
        let against = |record: &RunRecord| {
            let earlier = Some(Earlier::of(&before, "before.json"));
            Judgement::of(&Policy { profile: None, fail_on: Policy::usual(), earlier }, record, true)
        };
        let same = against(&before);
        let compared = same.regression.clone().unwrap();
        assert_eq!((same.verdict, compared.new, compared.gone), (RunVerdict::Ready, 0, 0));
        assert!(compared.known > 0);
        let more = sample::many::scenarios(6, Verdict::Fail);
        let judged = against(&more);
        assert_eq!(judged.verdict, RunVerdict::NotReady);
        assert!(judged.regression.unwrap().new > 0);
        // One is mended and another one breaks: they do not cancel out.
        let mut swapped = before.clone();
        let scenarios = &mut swapped.contract.as_mut().unwrap().scenarios;
        scenarios[0].id = "another@MLA".into();
        for (at, finding) in scenarios[0].steps.iter_mut().flat_map(|step| &mut step.findings).enumerate() {
            finding.id = format!("other-{at}");
        }
        let judged = against(&swapped);
        let compared = judged.regression.unwrap();
        assert_eq!(judged.verdict, RunVerdict::NotReady);
        assert!(compared.new > 0 && compared.new == compared.gone, "{compared:?}");
        let mut twice = before.clone();
        let scenarios = &mut twice.contract.as_mut().unwrap().scenarios;
        scenarios.push(scenarios[0].clone());
        assert_eq!(against(&twice).verdict, RunVerdict::NotReady);
    }

    #[test]
    fn a_minimum_counts_again_when_less_is_seen_than_before() {
        let words = ["contract.reached-coverage", "contract.below-coverage", "contract.below-fix"];
        let with = |seen| {
            let mut record = sample::many::scenarios(2, Verdict::Pass);
            let gate = super::super::Gate::judge("min-coverage", 90, (seen, 100), false, words);
            record.contract.as_mut().unwrap().gates = vec![gate];
            record
        };
        let judged = |seen| {
            let earlier = Some(Earlier::of(&with(50), "before.json"));
            Judgement::of(&Policy { profile: None, fail_on: Policy::usual(), earlier }, &with(seen), true).verdict
        };
        assert_eq!((judged(50), judged(51), judged(49)), (RunVerdict::Ready, RunVerdict::Ready, RunVerdict::NotReady));
    }

    #[test]
    fn profiles_exist_without_being_written_down() {
        for name in Profile::NAMES {
            assert!(Profile::builtin(name).is_some());
        }
        let open = sample::many::scenarios(0, Verdict::Pass);
        assert!(Judgement::of(&Policy { profile: None, fail_on: vec![], earlier: None }, &open, true).blind);
    }
}
