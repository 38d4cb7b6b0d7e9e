//! Which requests meet a fault: rules by endpoint, with a count and a probability that follows from the seed.
//!
//! Rules come from a file (`--faults`) and from the administration, in the same words:
//!
//! ```yaml
//! faults:
//!   - { when: POST /v1/payments, play: "http-429:2", times: 3 }
//!   - { when: "* /v1/payments/*/refunds", play: latency:1500, probability: 0.2 }
//! ```
//!
//! The first rule that fits and is not used up is played. Not responsible for what a fault does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::effects::{self, Fault};
use crate::i18n::Message;
use crate::ids::Ids;
use crate::run::Problem;
use crate::sandbox::errors::Catalogue;
use crate::yaml::{self, Fields, Kind, Node, Source};

/// Most rules at a time.
const MOST: usize = 100;
/// Parts of a probability.
const PARTS: u64 = 1_000_000;

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// `*` or a method in upper case.
    method: String,
    /// Segments; `*` stands for any one, `**` at the end for any number.
    path: Vec<String>,
    when: String,
    /// The fault as it was written.
    pub(in crate::sandbox) play: String,
    fault: Fault,
    /// How often it may still be played; `None` without end.
    left: Option<u64>,
    /// In millionths.
    probability: u64,
    played: u64,
    /// Number that names it.
    id: u64,
}

/// The rules of a sandbox.
pub(in crate::sandbox) struct Plan {
    rules: Mutex<(u64, Vec<FaultRule>)>,
    /// Whether there are any, so that most requests need not ask.
    any: AtomicBool,
    chance: Ids,
}

impl Plan {
    /// No rules; chance follows from `ids`.
    pub(in crate::sandbox) fn new(ids: &Ids) -> Plan {
        Plan { rules: Mutex::new((0, Vec::new())), any: AtomicBool::new(false), chance: ids.part("faults") }
    }

    /// The fault for a request, and how it was written.
    pub(in crate::sandbox) fn pick(&self, method: &str, path: &str) -> Option<(Fault, String)> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        for rule in &mut rules.1 {
            if rule.left == Some(0) || !rule.fits(method, &segments) {
                continue;
            }
            if rule.probability < PARTS && self.chance.below(PARTS) >= rule.probability {
                continue;
            }
            rule.left = rule.left.map(|left| left - 1);
            rule.played += 1;
            return Some((rule.fault.clone(), rule.play.clone()));
        }
        None
    }

    /// Adds rules, the newest first; false when there would be too many.
    pub(in crate::sandbox) fn add(&self, added: Vec<FaultRule>) -> bool {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if rules.1.len() + added.len() > MOST {
            return false;
        }
        for mut rule in added.into_iter().rev() {
            rules.0 += 1;
            rule.id = rules.0;
            rules.1.insert(0, rule);
        }
        self.any.store(!rules.1.is_empty(), Ordering::Release);
        true
    }

    /// Takes one rule away, or all; false when there is no such rule.
    pub(in crate::sandbox) fn remove(&self, id: Option<u64>) -> bool {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rules.1.len();
        rules.1.retain(|rule| id.is_some_and(|id| rule.id != id));
        self.any.store(!rules.1.is_empty(), Ordering::Release);
        id.is_none() || rules.1.len() < before
    }

    /// The rules, as the administration shows them.
    pub(in crate::sandbox) fn list(&self) -> Value {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.1.iter().map(FaultRule::json).collect()
    }
}

impl FaultRule {
    fn fits(&self, method: &str, segments: &[&str]) -> bool {
        if self.method != "*" && self.method != method {
            return false;
        }
        let (path, open) = match self.path.split_last() {
            Some((last, rest)) if last == "**" => (rest, true),
            _ => (self.path.as_slice(), false),
        };
        let long = if open { segments.len() >= path.len() } else { segments.len() == path.len() };
        long && path.iter().zip(segments).all(|(wanted, segment)| wanted == "*" || wanted == segment)
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "when": self.when,
            "play": self.play,
            "left": self.left,
            "probability": self.probability as f64 / PARTS as f64,
            "played": self.played,
        })
    }
}

/// Reads a file of faults, or a request with the same members.
///
/// # Errors
/// Every mistake in it, with its place.
pub(in crate::sandbox) fn read(source: &Source, catalogue: &Catalogue) -> Result<Vec<FaultRule>, Vec<Problem>> {
    let root = yaml::parse(source).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut nodes: &[Node] = &[];
    if let Some(mut fields) = Fields::new(source, &root, &mut problems) {
        match fields.list("faults") {
            Some(list) => nodes = list,
            None if fields.key("faults").is_none() => fields.missing("faults"),
            None => {}
        }
        fields.finish();
    }
    let mut rules = Vec::new();
    for node in nodes {
        if let Some(fields) = Fields::new(source, node, &mut problems) {
            rules.extend(rule(fields, catalogue));
        }
    }
    if rules.len() > MOST {
        problems.push(source.problem(root.mark, 1, Message::new("sandbox.too-many-faults").with("most", MOST)));
    }
    if problems.is_empty() { Ok(rules) } else { Err(yaml::first_mistakes(source, problems)) }
}

fn rule(mut fields: Fields<'_, '_>, catalogue: &Catalogue) -> Option<FaultRule> {
    let when = fields.required_text("when").map(str::to_owned);
    let play = fields.required_text("play").map(str::to_owned);
    let times = fields.count("times");
    let probability = fields.node("probability").map(|node| match &node.kind {
        Kind::Number(number) => number.as_f64().filter(|number| (0.0..=1.0).contains(number)),
        _ => None,
    });
    if probability == Some(None) {
        fields.problem("probability", Message::new("sandbox.probability"));
    }
    let target = when.as_deref().and_then(|when| {
        let (method, path) = when.trim().split_once(' ')?;
        let known = ["*", "GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
        (known && path.starts_with('/')).then(|| (method.to_owned(), path.trim().to_owned()))
    });
    if when.is_some() && target.is_none() {
        fields.problem("when", Message::new("sandbox.fault-when")).fix = Some(Message::new("sandbox.fault-when-fix"));
    }
    let fault = play.as_deref().and_then(|play| effects::read(play, catalogue));
    if let (Some(play), None) = (&play, &fault) {
        let shapes = super::SHAPES.join(", ");
        fields.problem("play", Message::new("sandbox.unknown-fault").with("fault", play)).fix =
            Some(Message::new("sandbox.unknown-fault-fix").with("shapes", shapes));
    }
    fields.finish();
    let ((method, path), when, play, fault) = (target?, when?, play?, fault?);
    Some(FaultRule {
        method,
        path: path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect(),
        when,
        play,
        fault,
        left: times,
        probability: probability.flatten().map_or(PARTS, |number| (number * PARTS as f64) as u64),
        played: 0,
        id: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let plan = Plan::new(&Ids::seeded(7));
        assert!(plan.add(read(&Source::new("faults.yaml", text), Catalogue::embedded()).unwrap()));
        plan
    }

    #[test]
    fn rules_fit_endpoints_and_are_used_up() {
        let plan = plan(
            "faults:\n  - { when: POST /v1/payments, play: http-429, times: 2 }\n  - { when: \"* /v1/customers/**\", play: html }\n  - { when: GET /v1/payments/*, play: cut }\n",
        );
        let play = |method: &str, path: &str| plan.pick(method, path).map(|(_, text)| text);
        assert_eq!(play("POST", "/v1/payments").as_deref(), Some("http-429"));
        assert_eq!(play("POST", "/v1/payments/").as_deref(), Some("http-429"));
        assert_eq!(play("POST", "/v1/payments"), None);
        assert_eq!(play("PUT", "/v1/customers/a/cards/b").as_deref(), Some("html"));
        assert_eq!(play("GET", "/v1/payments/7").as_deref(), Some("cut"));
        assert_eq!(play("GET", "/v1/payments/7/refunds"), None);
        assert!(plan.remove(Some(1)) && !plan.remove(Some(99)) && plan.remove(None));
        assert_eq!(plan.list(), json!([]));
    }

    #[test]
    fn chance_follows_from_the_seed() {
        let text = "faults: [{ when: GET /a, play: cut, probability: 0.3 }]";
        let run = || {
            let plan = plan(text);
            (0..1000).map(|_| plan.pick("GET", "/a").is_some()).collect::<Vec<bool>>()
        };
        let hits = run().into_iter().filter(|hit| *hit).count();
        assert!((200..400).contains(&hits), "{hits}");
        assert_eq!(run(), run());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let text = "faults:\n  - { when: /v1/payments, play: nonsense, probability: 2, time: 1 }\n";
        let problems = read(&Source::new("faults.yaml", text), Catalogue::embedded()).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.message.key.as_ref()).collect();
        for key in ["sandbox.fault-when", "sandbox.unknown-fault", "sandbox.probability"] {
            assert!(keys.contains(&key), "{keys:?}");
        }
        assert_eq!(problems.len(), 4, "{keys:?}");
        assert!(read(&Source::new("x", "{}"), Catalogue::embedded()).is_err());
    }
}
