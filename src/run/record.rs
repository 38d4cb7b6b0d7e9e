//! The run record: everything a report needs, whole or partial, serialisable and versioned.

use serde::{Deserialize, Serialize};

use super::policy::Judgement;
use super::{
    AcceptedFindings, Blame, ContractRecord, Event, Gate, ManualCard, Problem, RequirementCard, RuleCard, RunStarted,
    RunVerdict, ScenarioResult, ShopRecord, Tolerated, UnreadShop, Verdict,
};

/// Version of the record format. Raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// One run, as far as it got.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunRecord {
    /// When, with what and how the run was started.
    pub started: Option<RunStarted>,
    /// Verdict; `inconclusive` until the run is over.
    pub verdict: Option<RunVerdict>,
    /// Whether the run came to its end.
    pub complete: bool,
    /// Milliseconds from start to end.
    pub elapsed_ms: u64,
    /// What could not be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The contract side, if it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractRecord>,
    /// Requirements of the go-live side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<RequirementCard>,
    /// Rules of the go-live side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleCard>,
    /// Requirements of the go-live side that only a person can check: open for as long as nobody does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manual: Vec<ManualCard>,
    /// The findings that the baseline accepts, and how its entries fared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedFindings>,
    /// Shops judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shops: Vec<ShopRecord>,
    /// Shops that could not be read at all; `problems` says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadShop>,
    /// How the run stands to the policy it was given, if it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Judgement>,
}

impl RunRecord {
    /// Takes one event into the record.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::RunStarted(started) => self.started = Some(started),
            Event::Problem(problem) => self.problems.push(problem),
            Event::ContractStarted { target, scenarios } => {
                let contract = self.contract.get_or_insert_default();
                contract.target = Some(target);
                contract.planned += scenarios;
            }
            Event::Preflight(preflight) => self.contract.get_or_insert_default().preflight = Some(preflight),
            Event::ScenariosPlanned { scenarios } => self.contract.get_or_insert_default().planned += scenarios,
            Event::ScenarioFinished(result) => self.contract.get_or_insert_default().take(*result),
            Event::CoverageMeasured(coverage) => self.contract.get_or_insert_default().coverage = Some(coverage),
            Event::GatesJudged { gates } => self.contract.get_or_insert_default().gates = gates,
            Event::DriftMeasured(drift) => self.contract.get_or_insert_default().drift = Some(*drift),
            Event::RulesLoaded { requirements, rules, manual } => {
                self.requirements = requirements;
                self.rules = rules;
                self.manual = manual;
            }
            Event::AcceptedLoaded(accepted) => self.accepted = Some(accepted),
            Event::ShopJudged(shop) => self.shops.push(*shop),
            Event::PolicyJudged(judgement) => self.policy = Some(*judgement),
            Event::RunInterrupted { elapsed_ms } => {
                self.elapsed_ms = elapsed_ms;
                self.settle();
            }
            Event::ScenarioSkipped(skipped) => self.contract.get_or_insert_default().skip(skipped),
            Event::RunFinished { verdict, elapsed_ms } => {
                self.verdict = Some(verdict);
                self.elapsed_ms = elapsed_ms;
                self.complete = true;
                self.settle();
            }
            Event::ShopUnread { place, name, problem } => {
                self.unread.push(UnreadShop { url: name, place, reason: problem.message.clone() });
                self.problems.push(*problem);
            }
            Event::ScenarioStarted { .. }
            | Event::ScenarioCounted(_)
            | Event::ShopTurn { .. }
            | Event::ShopStarted { .. }
            | Event::TlsProbed { .. }
            | Event::PageRead { .. } => {}
        }
    }

    /// Tells how the entries of accepted findings fared, from the shops that the record holds. Whoever puts shops into
    /// a record otherwise than by events calls it.
    pub fn settle(&mut self) {
        let whole = self.complete && self.hindrances().next().is_none();
        if let Some(accepted) = &mut self.accepted {
            accepted.settle(&self.shops, whole);
        }
    }

    /// The findings that are tolerated, with the address of their shop.
    pub fn tolerated(&self) -> impl Iterator<Item = (&str, &Tolerated)> {
        self.shops.iter().flat_map(|shop| {
            let all = shop.checks.iter().flat_map(|check| &check.tolerated);
            all.map(|one| (shop.url.as_str(), one))
        })
    }

    /// The verdict that follows from what the record holds: one part for the contract side, one for each
    /// shop, and an open question for each problem that kept something from being looked at. A policy that is not met
    /// What kept the run from looking, in the order in which it was told.
    pub fn hindrances(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.blame != Blame::Notice)
    }

    /// takes part; one that is met makes nothing better.
    pub fn judge(&self) -> RunVerdict {
        let part = self.is_part();
        let contract = self.contract.as_ref().filter(|contract| !part || contract.planned > 0);
        let contract = contract.map(ContractRecord::verdict);
        let shops = self.shops.iter().map(|shop| shop.verdict);
        let problems = self.hindrances();
        let policy = self.policy.as_ref().map(|policy| policy.verdict).filter(|verdict| *verdict != RunVerdict::Ready);
        // A part to which nothing falls leaves nothing open: the joined record says what is known of the whole.
        let nothing = part.then_some(RunVerdict::Ready);
        let parts = contract.into_iter().chain(shops).chain(nothing);
        RunVerdict::of(parts.chain(problems.map(|_| RunVerdict::Inconclusive)).chain(policy))
    }

    /// Whether it is of one part of a run only.
    pub fn is_part(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.shard.is_some())
    }

    /// The exit code: 2 when the user's own input is at fault and nothing failed, else that of the policy where there
    /// is one and the run is over, else that of the verdict.
    pub fn exit_code(&self) -> u8 {
        let verdict = match (self.verdict, &self.policy) {
            (Some(_), Some(policy)) => policy.verdict,
            (verdict, _) => verdict.unwrap_or(RunVerdict::Inconclusive),
        };
        let input = self.problems.iter().any(|problem| problem.blame == Blame::Input);
        if input && verdict != RunVerdict::NotReady { crate::exit::INPUT } else { verdict.exit_code() }
    }
}

impl ContractRecord {
    /// Verdict of the contract side: no scenario at all, or fewer than planned, is an open question; breaking drift
    /// that nobody accepted is a failure, and so is a gate that is not reached.
    pub fn verdict(&self) -> RunVerdict {
        let parts = self.scenarios.iter().map(ScenarioResult::run_verdict);
        let missing = (self.scenarios.len() < self.planned).then_some(RunVerdict::Inconclusive);
        let drifted = self.drift.as_ref().filter(|drift| drift.blocks()).map(|_| RunVerdict::NotReady);
        let gates = self.gates.iter().map(Gate::run_verdict);
        RunVerdict::of(parts.chain(missing).chain(drifted).chain(gates))
    }
}

impl ScenarioResult {
    fn run_verdict(&self) -> RunVerdict {
        match self.verdict {
            Verdict::Fail => RunVerdict::NotReady,
            Verdict::Inconclusive => RunVerdict::Inconclusive,
            Verdict::Pass | Verdict::Warn | Verdict::NotApplicable => RunVerdict::Ready,
        }
    }
}
