//! The steps of a journey in `homologa.yaml`: one action each, every mistake with its place.

use std::time::Duration;

use crate::golive::journey::{Action, KEYS, STEP_TIME, Step, Wait};
use crate::i18n::Message;
use crate::yaml::{Fields, Kind, Node};

/// Most steps of a journey.
const MOST: usize = 100;
/// Longest time that a step may ask for, in seconds.
const LONGEST: u64 = 120;

/// Reads the steps; mistakes go to the problems of `fields`.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Vec<Step> {
    let Some(items) = fields.list("journey") else { return Vec::new() };
    if items.len() > MOST {
        fields.problem("journey", Message::new("config.journey-long").with("n", MOST));
        return Vec::new();
    }
    items.iter().filter_map(|item| step(fields, item)).collect()
}

fn step(outer: &mut Fields<'_, '_>, item: &Node) -> Option<Step> {
    let source = outer.source();
    let mut place = source.place(item.mark);
    place.step = None;
    let mut fields = Fields::new(source, item, outer.problems)?;
    let before = fields.problems.len();
    let mut actions = Vec::new();
    let text = |fields: &mut Fields<'_, '_>, name| fields.text(name).map(str::to_owned);
    actions.extend(text(&mut fields, "goto").map(Action::Goto));
    actions.extend(text(&mut fields, "click").map(Action::Click));
    actions.extend(pairs(&mut fields, "fill").map(Action::Fill));
    actions.extend(pairs(&mut fields, "select").map(Action::Select));
    if let Some(name) = fields.text("press") {
        match KEYS.into_iter().find(|key| key.name.eq_ignore_ascii_case(name)) {
            Some(key) => actions.push(Action::Press(key)),
            None => super::read::one_of(&mut fields, "press", name, &KEYS.map(|key| key.name)),
        }
    }
    if let Some(node) = fields.node("wait") {
        actions.extend(wait(&mut fields, node).map(Action::Wait));
    }
    actions.extend(text(&mut fields, "frame").map(|word| Action::Frame(Some(word).filter(|word| word != "main"))));
    actions.extend(text(&mut fields, "screenshot").map(Action::Screenshot));
    let time = fields.count("seconds").map_or(STEP_TIME, |seconds| Duration::from_secs(seconds.clamp(1, LONGEST)));
    let mark = fields.mark;
    fields.finish();
    let mut actions = actions.into_iter();
    match (actions.next(), actions.next()) {
        (Some(action), None) => Some(Step { action, time, place }),
        // What is wrong was told already.
        (None, _) if outer.problems.len() > before => None,
        _ => {
            let fix = Message::new("config.journey-one-fix");
            outer.problems.push(source.problem(mark, 1, Message::new("config.journey-one")).fix(fix));
            None
        }
    }
}

/// Values by selector.
fn pairs(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Vec<(String, String)>> {
    let members = fields.map(name)?;
    let mut pairs = Vec::with_capacity(members.len());
    for (key, node) in members {
        let value = match &node.kind {
            Kind::Text(text) => text.clone(),
            Kind::Number(number) => number.to_string(),
            _ => {
                let problem = fields.source().problem(node.mark, 1, Message::new("yaml.expected-text"));
                fields.problems.push(problem);
                continue;
            }
        };
        pairs.push((key.text.clone(), value));
    }
    Some(pairs)
}

fn wait(outer: &mut Fields<'_, '_>, node: &Node) -> Option<Wait> {
    let source = outer.source();
    // A word alone is a selector.
    if let Kind::Text(selector) = &node.kind {
        return Some(Wait::Element(selector.clone()));
    }
    let mut fields = Fields::new(source, node, outer.problems)?;
    let mut waits = Vec::new();
    waits.extend(fields.text("element").map(|text| Wait::Element(text.to_owned())));
    waits.extend(fields.text("text").map(|text| Wait::Text(text.to_owned())));
    waits.extend(fields.text("url").map(|text| Wait::Url(text.to_owned())));
    waits.extend(fields.text("request").map(|text| Wait::Request(text.to_owned())));
    fields.finish();
    if waits.len() != 1 {
        let fix = Message::new("config.journey-one-fix");
        outer.problems.push(source.problem(node.mark, 1, Message::new("config.journey-one")).fix(fix));
    }
    waits.pop()
}
