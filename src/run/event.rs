//! The typed events that engines emit: the only thing they say to the outside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::Judgement;
use super::{
    AcceptedFindings, Counted, Coverage, DriftReport, Gate, ManualCard, PageSummary, Preflight, Problem,
    RequirementCard, RuleCard, RunVerdict, ScenarioResult, Shard, ShopRecord, Skipped, TlsFacts,
};

/// Versions of everything that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Versions {
    /// homologa itself.
    pub homologa: String,
    /// Snapshot of the error catalogue, as `specs/catalogue/snapshots.yaml` names it.
    pub catalogue: String,
    /// Day on which that snapshot was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue_read: Option<String>,
    /// SHA-256 over all files of `specs/`, first 12 hexadecimal digits.
    pub specs: String,
    /// SHA-256 over all files of `rules/`, first 12 hexadecimal digits.
    pub rules: String,
}

impl Versions {
    /// The snapshot of the catalogue and its day: `reference-page (2026-01-02)`.
    pub fn catalogue_of(&self) -> String {
        match &self.catalogue_read {
            Some(day) => format!("{} ({day})", self.catalogue),
            None => self.catalogue.clone(),
        }
    }
}

/// The first event of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunStarted {
    /// Version of the record format, [`super::FORMAT`].
    pub format: u32,
    /// RFC 3339 date and time in UTC.
    pub started: String,
    /// The command line as typed, without the program's path.
    pub command: String,
    /// Seed of every generated value; `--seed` repeats the run.
    pub seed: u64,
    /// Versions of program and data.
    pub versions: Versions,
    /// Which part of a run that was split, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What was asked for, as far as results follow from it, by name: two records with the same options, seed and
    /// versions are of the same run. Long values stand as digests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

/// What keeps two records from being of one run, each as `name: value / other value`; nothing when they are of one.
/// The parts they are of count with `parts` only.
pub fn differences(one: &RunStarted, two: &RunStarted, parts: bool) -> Vec<String> {
    fn facts(of: &RunStarted, parts: bool) -> BTreeMap<&str, String> {
        let shard = || of.shard.map(|shard| shard.to_string()).unwrap_or_default();
        let mut facts: BTreeMap<&str, String> = BTreeMap::from([
            ("format", of.format.to_string()),
            ("homologa", of.versions.homologa.clone()),
            ("specs", of.versions.specs.clone()),
            ("rules", of.versions.rules.clone()),
            ("seed", of.seed.to_string()),
        ]);
        facts.extend(parts.then(|| ("shard", shard())));
        facts.extend(of.options.iter().map(|(name, value)| (name.as_str(), value.clone())));
        facts
    }
    let (one, two) = (facts(one, parts), facts(two, parts));
    let names: std::collections::BTreeSet<&str> = one.keys().chain(two.keys()).copied().collect();
    let value = |facts: &BTreeMap<&str, String>, name: &str| {
        facts.get(name).filter(|value| !value.is_empty()).cloned().unwrap_or_else(|| "—".to_owned())
    };
    let told = names.into_iter().filter(|name| one.get(name) != two.get(name));
    told.map(|name| format!("{name}: {} / {}", value(&one, name), value(&two, name))).collect()
}

/// Where the scenarios of a run go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// `embedded`, `url` or `recording`.
    pub kind: String,
    /// Base URL, without credentials; `recording:FILE` for a recording.
    pub url: String,
    /// Mercado Pago site, for example `MLA`.
    pub site: String,
}

/// One thing that happened. Serialised with its name under `event`; read by [`Event::from_line`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    RunStarted(RunStarted),
    /// Something could not be done; the run goes on where it can.
    Problem(Problem),
    /// The contract side begins.
    ContractStarted {
        /// Where the scenarios go.
        target: TargetInfo,
        /// How many will run, as far as files were read ahead.
        scenarios: usize,
    },
    /// More files were read: more scenarios will run.
    ScenariosPlanned {
        /// How many more.
        scenarios: usize,
    },
    /// What was learned of the account before its first scenario.
    Preflight(Preflight),
    /// A scenario begins.
    ScenarioStarted {
        /// Scenario id.
        id: String,
    },
    /// What a scenario adds to coverage and drift; comes before its result. Only journals keep it.
    ScenarioCounted(Box<Counted>),
    /// A scenario is done.
    ScenarioFinished(Box<ScenarioResult>),
    /// The contract side is done, and this is what it exercised.
    CoverageMeasured(Coverage),
    /// What the run had to show at least is judged.
    GatesJudged {
        /// The gates.
        gates: Vec<Gate>,
    },
    /// What the answers of the contract side differ in from the documents and from the baseline.
    DriftMeasured(Box<DriftReport>),
    /// The rules that the go-live side will judge.
    RulesLoaded {
        /// The requirements they belong to.
        requirements: Vec<RequirementCard>,
        /// The rules.
        rules: Vec<RuleCard>,
        /// What only a person can check.
        manual: Vec<ManualCard>,
    },
    /// The turn of a shop, or of saved material, comes: all until the next turn is about it.
    ShopTurn {
        /// Its place among all that the run was asked to judge, from 0.
        place: usize,
        /// Its address as the record shows it, or its path.
        name: String,
    },
    /// A shop could not be read at all: it has no record.
    ShopUnread {
        /// Its place among all that the run was asked to judge, from 0.
        place: usize,
        /// Its address as the record shows it, or its path.
        name: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// The findings that a baseline accepts.
    AcceptedLoaded(AcceptedFindings),
    /// A shop begins.
    ShopStarted {
        /// URL the user gave.
        url: String,
    },
    /// The TLS facts of a shop are known.
    TlsProbed {
        /// URL the user gave for the shop.
        shop: String,
        /// The facts.
        facts: TlsFacts,
    },
    /// A page was read.
    PageRead {
        /// URL the user gave for the shop.
        shop: String,
        /// The page.
        page: PageSummary,
    },
    /// A shop is judged; holds all that was learned of it.
    ShopJudged(Box<ShopRecord>),
    /// Somebody ended the run early: what was not done stays open.
    RunInterrupted {
        /// Milliseconds since the start.
        elapsed_ms: u64,
    },
    /// A scenario of the stock is left out of the run by a key of its own.
    ScenarioSkipped(Skipped),
    /// How the run stands to the policy that it was given.
    PolicyJudged(Box<Judgement>),
    /// The run is over.
    RunFinished {
        /// Verdict of the whole.
        verdict: RunVerdict,
        /// Milliseconds since the start.
        elapsed_ms: u64,
    },
}

/// Whoever listens to events. Called from the engine's task, in order; must not block for long.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: Event);
}

/// Whoever looks on while events are taken: live progress. Must not block for long.
pub trait Listener: Send + Sync {
    /// Looks at one event.
    fn hear(&self, event: &Event);

    /// Is told how many scenarios an earlier run finished, which count as planned.
    fn finished_before(&self, _scenarios: usize) {}
}

impl<S: Sink + ?Sized> Sink for std::sync::Arc<S> {
    fn emit(&self, event: Event) {
        (**self).emit(event);
    }
}
