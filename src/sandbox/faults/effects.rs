//! What a fault does: answer something else, wait, cut the connection, drip the body, bend a field.
//!
//! A fault is written as a list of parts, in a header, a file or a request to the administration alike:
//! `latency:1500`, `cut`, `cut-after`, `cut-body`, `slow-body:3000`, `add:payer.nickname`, `drop:status_detail`,
//! `retype:transaction_amount`, `http-429:30` (the seconds of `Retry-After`), or one of [`super::SHAPES`], or
//! `<status>/<code>` of the catalogue. Parts are separated by commas. Not responsible for when it is played.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::errors::Catalogue;
use crate::sandbox::reply::{Body, Reply};
use crate::sandbox::world::World;

/// Longest wait of one request.
const MOST_MILLISECONDS: u64 = 120_000;
/// What a part without a number waits.
const USUAL_MILLISECONDS: u64 = 3_000;
/// Most parts of a fault.
const MOST_PARTS: usize = 8;
/// Longest fault as text.
const MOST_TEXT: usize = 256;

/// How a reply leaves: at once and whole, unless a fault says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sandbox) struct Manner {
    /// Time before anything is sent.
    pub(in crate::sandbox) delay: Duration,
    /// Time that the body takes.
    pub(in crate::sandbox) slow: Duration,
    /// Where the connection ends.
    pub(in crate::sandbox) cut: Cut,
}

/// Where a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sandbox) enum Cut {
    /// When the client likes.
    #[default]
    Nowhere,
    /// Before the first byte of the answer.
    Before,
    /// In the middle of the body.
    Inside,
}

/// A reply and how it leaves.
pub(in crate::sandbox) struct Played {
    pub(in crate::sandbox) reply: Reply,
    pub(in crate::sandbox) manner: Manner,
}

impl From<Reply> for Played {
    fn from(reply: Reply) -> Played {
        Played { reply, manner: Manner::default() }
    }
}

/// One part of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Answer(String),
    Limited(u32),
    Latency(Duration),
    Slow(Duration),
    Cut,
    CutAfter,
    CutBody,
    Add(String),
    Drop(String),
    Retype(String),
}

/// A fault that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Fault {
    parts: Vec<Part>,
}

/// Reads a fault; `None` when a part of it means nothing.
pub(in crate::sandbox) fn read(text: &str, catalogue: &Catalogue) -> Option<Fault> {
    if text.len() > MOST_TEXT {
        return None;
    }
    let parts: Option<Vec<Part>> = text.split(',').map(|part| read_part(part.trim(), catalogue)).collect();
    let parts = parts.filter(|parts| parts.len() <= MOST_PARTS)?;
    Some(Fault { parts })
}

fn read_part(text: &str, catalogue: &Catalogue) -> Option<Part> {
    let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument.trim())));
    let wait = || {
        let milliseconds = argument.map_or(Some(USUAL_MILLISECONDS), |text| text.parse().ok())?;
        (milliseconds <= MOST_MILLISECONDS).then(|| Duration::from_millis(milliseconds))
    };
    let path = || argument.filter(|path| !path.is_empty()).map(str::to_owned);
    match name {
        "latency" => wait().map(Part::Latency),
        "slow-body" => wait().map(Part::Slow),
        "add" => path().map(Part::Add),
        "drop" => path().map(Part::Drop),
        "retype" => path().map(Part::Retype),
        "http-429" if argument.is_some() => {
            argument.and_then(|text| text.parse().ok()).filter(|seconds| *seconds <= 86_400).map(Part::Limited)
        }
        _ if argument.is_some() => None,
        "cut" => Some(Part::Cut),
        "cut-after" => Some(Part::CutAfter),
        "cut-body" => Some(Part::CutBody),
        answer => super::answers(answer, catalogue).then(|| Part::Answer(answer.to_owned())),
    }
}

impl Fault {
    /// Plays the fault. `served` answers the request as if nothing were asked; it is not called when the fault keeps the
    /// request from being done.
    pub(in crate::sandbox) fn play(&self, world: &World, served: impl FnOnce() -> Reply) -> Played {
        let mut manner = Manner::default();
        for part in &self.parts {
            match part {
                Part::Latency(time) => manner.delay = *time,
                Part::Slow(time) => manner.slow = *time,
                Part::Cut | Part::CutAfter => manner.cut = Cut::Before,
                Part::CutBody => manner.cut = Cut::Inside,
                _ => {}
            }
        }
        let answer = self.parts.iter().find_map(|part| match part {
            Part::Answer(name) => Some(name),
            _ => None,
        });
        let mut reply = match (answer, self.parts.contains(&Part::Cut)) {
            (_, true) => Reply { status: 502, body: Body::Empty, retry_after: None },
            (Some(name), false) => super::play(world, name, served),
            (None, false) => match self.limited() {
                Some(seconds) => Reply { retry_after: Some(seconds), ..super::play(world, "http-429", served) },
                None => served(),
            },
        };
        if self.parts.iter().any(bends)
            && let Some(mut body) = std::mem::replace(&mut reply.body, Body::Empty).into_json()
        {
            self.parts.iter().for_each(|part| bend(&mut body, part));
            reply.body = Body::Json(body);
        }
        Played { reply, manner }
    }

    fn limited(&self) -> Option<u32> {
        self.parts.iter().find_map(|part| match part {
            Part::Limited(seconds) => Some(*seconds),
            _ => None,
        })
    }
}

/// Whether it changes a body.
fn bends(part: &Part) -> bool {
    matches!(part, Part::Add(_) | Part::Drop(_) | Part::Retype(_))
}

/// Adds, drops or retypes a field, where the path leads somewhere. A number in a path is a place in a list.
fn bend(body: &mut Value, part: &Part) {
    let (path, change): (&str, fn(&mut Value, &str)) = match part {
        Part::Add(path) => (path, |parent, name| {
            if let Value::Object(members) = parent {
                members.insert(name.to_owned(), json!("homologa-drift"));
            }
        }),
        Part::Drop(path) => (path, |parent, name| {
            if let Value::Object(members) = parent {
                members.shift_remove(name);
            }
        }),
        Part::Retype(path) => (path, |parent, name| {
            if let Some(value) = step(parent, name) {
                *value = retyped(value);
            }
        }),
        _ => return,
    };
    let (parents, name) = path.rsplit_once('.').map_or((None, path), |(parents, name)| (Some(parents), name));
    let parent = parents.into_iter().flat_map(|path| path.split('.')).try_fold(body, step);
    if let Some(parent) = parent {
        change(parent, name);
    }
}

fn step<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(members) => members.get_mut(name),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The same value as another type, in the way that APIs change: a number becomes text, a text a number or a list.
fn retyped(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(truth) => json!(truth.to_string()),
        Value::String(text) => text.parse::<u32>().map_or_else(|_| json!([text]), |number| json!(number)),
        Value::Null => json!({}),
        Value::Array(items) => items.first().cloned().unwrap_or_else(|| json!({})),
        Value::Object(_) => json!([value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(text: &str, body: Value) -> Played {
        let world = World::for_tests();
        read(text, world.catalogue).unwrap().play(&world, || Reply::json(201, body))
    }

    fn bent(text: &str, body: Value) -> Value {
        match played(text, body).reply.body {
            Body::Json(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fields_drift() {
        let body = || json!({ "id": 7, "payer": { "email": "a", "list": [{ "x": true }] }, "status": "approved" });
        assert_eq!(bent("add:payer.nick", body())["payer"]["nick"], "homologa-drift");
        assert!(bent("drop:status", body()).get("status").is_none());
        assert_eq!(bent("retype:id", body())["id"], "7");
        assert_eq!(bent("retype:payer.list.0.x", body())["payer"]["list"][0]["x"], "true");
        assert_eq!(bent("retype:nothing.here,drop:payer.email.x", body()), body());
    }

    #[test]
    fn parts_add_up_and_what_means_nothing_is_refused() {
        let played = played("latency:50, cut-body, drop:id", json!({ "id": 1 }));
        assert_eq!((played.manner.delay, played.manner.cut), (Duration::from_millis(50), Cut::Inside));
        let limited = super::tests::played("http-429:30", json!({}));
        assert_eq!((limited.reply.status, limited.reply.retry_after), (429, Some(30)));
        let world = World::for_tests();
        let mut asked = false;
        read("cut", world.catalogue).unwrap().play(&world, || {
            asked = true;
            Reply::json(200, json!({}))
        });
        assert!(!asked, "a request that is cut is not done");
        for wrong in ["", "nonsense", "latency:x", "latency:999999999", "drop:", "400/99", "cut:1", "http-429:x"] {
            assert_eq!(read(wrong, world.catalogue), None, "{wrong}");
        }
    }
}
