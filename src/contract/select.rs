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
    let mut notices = Vec::new();
    let (skipped, rest): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(|scenario| scenario.skip.is_some());
    for scenario in &skipped {
        let reason = scenario.skip.as_deref().unwrap_or_default();
        let message = Message::new("contract.skipped").with("id", &scenario.id).with("reason", reason);
        notices.push(Problem::notice(message).in_file(scenario.source.file.as_ref()));
    }
    let (here, elsewhere): (Vec<_>, Vec<_>) = rest.into_iter().partition(|scenario| kind.is_among(&scenario.targets));
    if !elsewhere.is_empty() {
        let message = Message::new("contract.for-other-target").with("n", elsewhere.len());
        notices.push(Problem::notice(message.with("names", named(&elsewhere))));
    }
    let (only, left): (Vec<_>, Vec<_>) = here.into_iter().partition(|scenario| scenario.only.is_some());
    if only.is_empty() {
        return (left, notices);
    }
    for scenario in &only {
        let reason = scenario.only.as_deref().unwrap_or_default();
        let message = Message::new("contract.only").with("id", &scenario.id).with("reason", reason);
        notices.push(Problem::notice(message).in_file(scenario.source.file.as_ref()));
    }
    if !left.is_empty() {
        let message = Message::new("contract.left-out").with("n", left.len()).with("names", named(&left));
        notices.push(Problem::notice(message).fix(Message::new("contract.left-out-fix")));
    }
    (only, notices)
}

fn named(scenarios: &[Scenario]) -> String {
    let mut names: Vec<&str> = scenarios.iter().take(MOST_NAMED).map(|scenario| scenario.id.as_str()).collect();
    if scenarios.len() > MOST_NAMED {
        names.push("…");
    }
    names.join(", ")
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
        assert_eq!(keys, ["contract.skipped", "contract.for-other-target", "contract.only", "contract.left-out"]);
        assert_eq!(notices[0].message.args["reason"], "broken upstream");
        assert_eq!(notices[3].message.args["names"], "a");
        let (chosen, _) = selected(all(), TargetKind::Url);
        assert_eq!(chosen[0].id, "d");
        let (chosen, notices) = selected(vec![scenario("a", "")], TargetKind::Embedded);
        assert_eq!((chosen.len(), notices.len()), (1, 0));
    }
}
