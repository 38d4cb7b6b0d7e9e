//! Choosing scenarios: by tags, and by the keys `skip`, `only` and `targets` of the scenarios themselves.
//! Whatever a scenario's own keys leave out is told; what the reader's tags leave out is what was asked for.

use super::scenario::Scenario;
use super::target::TargetKind;
use crate::i18n::Message;
use crate::run::Problem;

/// Most scenarios that a notice names.
const MOST_NAMED: usize = 20;

/// Whether a scenario has one of the tags, and none of those that begin with `!`. Without a plain tag, all have.
pub fn tagged(scenario: &Scenario, tags: &[String]) -> bool {
    let has = |tag: &str| scenario.tags.iter().any(|own| own == tag);
    let mut plain = tags.iter().filter(|tag| !tag.starts_with('!')).peekable();
    let refused = tags.iter().filter_map(|tag| tag.strip_prefix('!')).any(has);
    !refused && (plain.peek().is_none() || plain.any(|tag| has(tag)))
}

/// The scenarios that are to be run on a kind of target, and a notice for those that are not.
pub fn selected(scenarios: Vec<Scenario>, kind: TargetKind) -> (Vec<Scenario>, Vec<Problem>) {
    let mut selector = Selector::new(kind, scenarios.iter().any(|scenario| counts_as_only(scenario, kind)));
    let (mut chosen, mut notices) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        let (scenario, notice) = selector.take(scenario);
        chosen.extend(scenario);
        notices.extend(notice);
    }
    notices.extend(selector.finish());
    (chosen, notices)
}

/// Whether a scenario asks that only those like it run, and would run itself.
pub(super) fn counts_as_only(scenario: &Scenario, kind: TargetKind) -> bool {
    scenario.only.is_some() && scenario.skip.is_none() && scenario.is_for(kind)
}

/// Chooses scenarios one by one.
pub(super) struct Selector {
    kind: TargetKind,
    /// Whether any scenario has `only`.
    only: bool,
    elsewhere: Named,
    left: Named,
}

impl Selector {
    /// `only` says whether some scenario counts as `only`: then the others are left out.
    pub(super) fn new(kind: TargetKind, only: bool) -> Selector {
        Selector { kind, only, elsewhere: Named::default(), left: Named::default() }
    }

    /// Whether a scenario is to be run.
    pub(super) fn chooses(&self, scenario: &Scenario) -> bool {
        let own = scenario.skip.is_none() && scenario.is_for(self.kind);
        own && (scenario.only.is_some() || !self.only)
    }

    /// Why a scenario that is not to be run is not.
    pub(super) fn why_not(&self, scenario: &Scenario) -> Message {
        match &scenario.skip {
            Some(reason) => Message::new("contract.skip-reason").with("reason", reason),
            None if !self.kind.is_among(&scenario.targets) => Message::new("contract.other-kind"),
            None if !scenario.is_for(self.kind) => Message::new("contract.no-step-for-kind"),
            None => Message::new("contract.not-only"),
        }
    }

    /// The scenario, if it is to be run, and what there is to say of it alone.
    pub(super) fn take(&mut self, scenario: Scenario) -> (Option<Scenario>, Option<Problem>) {
        let told = |key: &'static str, reason: &str| {
            let message = Message::new(key).with("id", &scenario.id).with("reason", reason);
            Some(Problem::notice(message).in_file(scenario.source.file.as_ref()))
        };
        if let Some(reason) = &scenario.skip {
            return (None, told("contract.skipped", reason));
        }
        if !scenario.is_for(self.kind) {
            self.elsewhere.add(&scenario.id);
            return (None, None);
        }
        match &scenario.only {
            Some(reason) => {
                let notice = told("contract.only", reason);
                (Some(scenario), notice)
            }
            None if self.only => {
                self.left.add(&scenario.id);
                (None, None)
            }
            None => (Some(scenario), None),
        }
    }

    /// What there is to say of all those that are not run.
    pub(super) fn finish(self) -> Vec<Problem> {
        let mut notices = Vec::new();
        if self.elsewhere.count > 0 {
            let message = Message::new("contract.for-other-target").with("n", self.elsewhere.count);
            notices.push(Problem::notice(message.with("names", self.elsewhere.names())));
        }
        if self.left.count > 0 {
            let message = Message::new("contract.left-out").with("n", self.left.count);
            let notice = Problem::notice(message.with("names", self.left.names()));
            notices.push(notice.fix(Message::new("contract.left-out-fix")));
        }
        notices
    }
}

/// Scenarios that are counted, the first of them by name.
#[derive(Default)]
struct Named {
    count: usize,
    first: Vec<String>,
}

impl Named {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(id.to_owned());
        }
    }

    fn names(&self) -> String {
        let more = if self.count > self.first.len() { ", …" } else { "" };
        self.first.join(", ") + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scenario::read;
    use crate::yaml::Source;

    fn scenario(id: &str, more: &str) -> Scenario {
        let text = format!("name: x\n{more}\nsteps: [{{ get: /v1/payment_methods, expect: {{ status: 200 }} }}]\n");
        read(&Source::new(id, &text), id).unwrap()
    }

    #[test]
    fn tags_choose_and_refuse() {
        let both = scenario("a", "tags: [declined, older]");
        for (tags, chosen) in [
            (&["declined"][..], true),
            (&["declined", "!older"], false),
            (&["!older"], false),
            (&["!other"], true),
            (&["approved"], false),
            (&["approved", "declined"], true),
            (&[], true),
        ] {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(tagged(&both, &tags), chosen, "{tags:?}");
        }
        assert!(tagged(&scenario("b", ""), &["!older".to_owned()]), "no tags at all");
    }

    #[test]
    fn what_is_left_out_is_told() {
        let all = || {
            vec![
                scenario("a", ""),
                scenario("b", "skip: broken upstream"),
                scenario("c", "targets: url"),
                scenario("d", "only: I work on it"),
            ]
        };
        let (chosen, notices) = selected(all(), TargetKind::Embedded);
        assert_eq!(chosen.iter().map(|scenario| scenario.id.as_str()).collect::<Vec<_>>(), ["d"]);
        let keys: Vec<&str> = notices.iter().map(|notice| notice.message.key.as_ref()).collect();
        assert_eq!(keys, ["contract.skipped", "contract.only", "contract.for-other-target", "contract.left-out"]);
        assert_eq!(notices[0].message.args["reason"], "broken upstream");
        assert_eq!(notices[3].message.args["names"], "a");
        let (chosen, _) = selected(all(), TargetKind::Url);
        assert_eq!(chosen[0].id, "d");
        let (chosen, notices) = selected(vec![scenario("a", "")], TargetKind::Embedded);
        assert_eq!((chosen.len(), notices.len()), (1, 0));
    }

    #[test]
    fn a_scenario_of_which_nothing_would_be_looked_at_is_left_out() {
        let get = |targets: &str| format!("{{ get: /v1/x, {targets} expect: {{ status: 200 }} }}");
        let read = |steps: &str| read(&Source::new("a", &format!("name: x\nsteps: [{steps}]\n")), "a").unwrap();
        let elsewhere = read(&format!("{{ wait: 1ms }}, {}", get("targets: url,")));
        let selector = Selector::new(TargetKind::Embedded, false);
        assert!(!selector.chooses(&elsewhere));
        assert_eq!(selector.why_not(&elsewhere).key, "contract.no-step-for-kind");
        assert_eq!(
            selected(vec![elsewhere.clone()], TargetKind::Embedded).1[0].message.key,
            "contract.for-other-target"
        );
        assert!(Selector::new(TargetKind::Url, false).chooses(&elsewhere));
        // One step is enough, wherever it stands.
        let here = read(&format!("{}, {}", get("targets: url,"), get("")));
        assert!(selector.chooses(&here));
        // What tidies up is no look at what the scenario is about.
        let text = format!("name: x\nsteps: [{}]\nfinally: [{}]\n", get("targets: url,"), get(""));
        assert!(!selector.chooses(&super::super::scenario::read(&Source::new("a", &text), "a").unwrap()));
    }
}
