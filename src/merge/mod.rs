//! Joins the records of the parts of one run (`--shard i/n`) to the record that the whole run would have made, but for
//! times: `started`, `started_ms`, `elapsed_ms`, `waited_ms`, and what the target itself makes anew in its answers.
//!
//! Responsible for noticing that parts are missing, double or of different runs. Judges nothing that a part has
//! judged already; what only the whole can answer (gates) it leaves to [`crate::contract::Gates`].

mod contract;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::i18n::Message;
use crate::run::policy::Judgement;
use crate::run::{Problem, RunRecord, Shard, differences};

/// A record and the file that it was read from.
#[derive(Debug)]
pub struct Part {
    /// The file, as the user named it.
    pub file: String,
    /// The record.
    pub record: RunRecord,
}

/// Joins the parts of one run, in whatever order they come.
///
/// # Errors
/// Problems of the input: a record that is of no part, a part that is missing or comes twice, parts of different runs.
pub fn join(mut parts: Vec<Part>) -> Result<RunRecord, Vec<Problem>> {
    check(&parts)?;
    parts.sort_by_key(|part| part.shard());
    on_one_clock(&mut parts);
    let mut whole = parts.first().map(|part| part.record.clone()).unwrap_or_default();
    if let Some(started) = &mut whole.started {
        started.shard = None;
        started.command = without_shard(&started.command);
        let first = parts.iter().filter_map(|part| part.record.started.as_ref()).map(|started| &started.started);
        if let Some(first) = first.min() {
            started.started.clone_from(first);
        }
    }
    whole.complete = parts.iter().all(|part| part.record.complete);
    whole.elapsed_ms = parts.iter().map(|part| part.record.elapsed_ms).max().unwrap_or(0);
    // Equal in all parts that came so far as to load them.
    if let Some(part) = parts.iter().find(|part| !part.record.rules.is_empty()) {
        whole.rules.clone_from(&part.record.rules);
        whole.requirements.clone_from(&part.record.requirements);
        whole.manual.clone_from(&part.record.manual);
        whole.accepted.clone_from(&part.record.accepted);
    }
    whole.shops = parts.iter().flat_map(|part| part.record.shops.iter().cloned()).collect();
    whole.shops.sort_by_key(|shop| shop.place);
    whole.unread = parts.iter().flat_map(|part| part.record.unread.iter().cloned()).collect();
    whole.unread.sort_by_key(|shop| shop.place);
    whole.problems = problems(&parts, &whole);
    for part in parts.iter().filter(|part| !part.record.complete) {
        let message = Message::new("run.part-not-whole").with("shard", part.shard().map_or_else(String::new, said));
        whole
            .problems
            .push(Problem::environment(message).fix(Message::new("run.part-not-whole-fix")).in_file(&part.file));
    }
    whole.settle();
    whole.contract = contract::join(&parts, &whole);
    // Only the whole can be held against a gate; what a comparison needs is not in the parts.
    if let Some(judged) = whole.policy.take() {
        match judged.words() {
            Some(policy) => whole.policy = Some(Judgement::of(&policy, &whole, whole.complete)),
            None => whole
                .problems
                .push(Problem::notice(Message::new("gate.compare-again")).fix(Message::new("gate.compare-again-fix"))),
        }
    }
    whole.verdict = Some(whole.judge());
    Ok(whole)
}

impl Part {
    fn shard(&self) -> Option<Shard> {
        self.record.started.as_ref().and_then(|started| started.shard)
    }
}

fn said(shard: Shard) -> String {
    shard.to_string()
}

/// Counts the times of every part from the beginning of the first one.
fn on_one_clock(parts: &mut [Part]) {
    let began = |part: &Part| part.record.started.as_ref()?.started.parse::<Timestamp>().ok();
    let Some(first) = parts.iter().filter_map(began).min() else { return };
    for part in parts {
        let later = began(part).map_or(0, |began| began.duration_since(first).as_millis());
        let later = u64::try_from(later).unwrap_or(0);
        part.record.elapsed_ms = part.record.elapsed_ms.saturating_add(later);
        for result in part.record.contract.iter_mut().flat_map(|contract| &mut contract.scenarios) {
            result.started_ms = result.started_ms.map(|started| started.saturating_add(later));
        }
    }
}

/// Whether these are all parts of one run, each once.
///
/// # Errors
/// As [`join`], which asks the same.
pub fn check(parts: &[Part]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files: BTreeMap<Shard, &str> = BTreeMap::new();
    let Some(first) = parts.first() else { return Err(vec![Problem::input(Message::new("run.no-parts"))]) };
    for part in parts {
        let told = |message: Message| Problem::input(message).in_file(&part.file);
        let (Some(started), Some(shard)) = (&part.record.started, part.shard()) else {
            problems.push(told(Message::new("run.not-a-part")).fix(Message::new("run.not-a-part-fix")));
            continue;
        };
        if let Some(other) = files.insert(shard, &part.file) {
            let message = Message::new("run.part-twice").with("shard", shard).with("file", other);
            problems.push(told(message));
            continue;
        }
        let Some((as_first, of)) = first.record.started.as_ref().zip(first.shard()) else { continue };
        let mut differ = differences(as_first, started, false);
        if of.of != shard.of {
            differ.push(format!("n: {} / {}", of.of, shard.of));
        }
        if !differ.is_empty() {
            let message =
                Message::new("run.parts-mixed").with("file", &first.file).with("differences", differ.join("; "));
            problems.push(told(message).fix(Message::new("run.parts-mixed-fix")));
        }
    }
    if problems.is_empty()
        && let Some(of) = first.shard().map(|shard| shard.of)
    {
        let missing = (1..=of).filter(|index| !files.contains_key(&Shard { index: *index, of }));
        let missing: Vec<String> = missing.map(|index| format!("{index}/{of}")).collect();
        if !missing.is_empty() {
            let message = Message::new("run.parts-missing").with("shards", missing.join(", "));
            problems.push(Problem::input(message).fix(Message::new("run.parts-missing-fix")));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A command line without its part.
fn without_shard(command: &str) -> String {
    let mut words = Vec::new();
    let mut rest = command.split(' ');
    while let Some(word) = rest.next() {
        if word == "--shard" {
            rest.next();
        } else if !word.starts_with("--shard=") {
            words.push(word);
        }
    }
    words.join(" ")
}

/// The problems of all parts: what each part says alike (mistakes in files) once, what concerns shops in their order.
fn problems(parts: &[Part], whole: &RunRecord) -> Vec<Problem> {
    let mut all: Vec<Problem> = Vec::new();
    for part in parts {
        let before = all.len();
        let mut known = vec![false; before];
        for problem in &part.record.problems {
            let twin = (0..before).find(|at| !known[*at] && all[*at] == *problem);
            match twin {
                Some(at) => known[at] = true,
                None => all.push(problem.clone()),
            }
        }
    }
    let place = |problem: &Problem| {
        let url = problem.place.url.as_deref();
        let unread =
            whole.unread.iter().find(|shop| shop.reason == problem.message && url.is_none_or(|url| url == shop.url));
        let judged = || whole.shops.iter().find(|shop| url == Some(shop.url.as_str()));
        unread.map(|shop| shop.place).or_else(|| judged().map(|shop| shop.place))
    };
    // Those of no shop come first: they concern the contract side, or all shops.
    all.sort_by_cached_key(place);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunStarted, RunVerdict, ShopRecord, Versions};

    fn part(index: u32, of: u32) -> Part {
        let started = RunStarted {
            format: crate::run::FORMAT,
            command: format!("golive --shops shops.txt --shard {index}/{of} --quiet"),
            versions: Versions { specs: "abc".into(), ..Versions::default() },
            shard: Some(Shard { index, of }),
            ..RunStarted::default()
        };
        let record = RunRecord { started: Some(started), complete: true, ..RunRecord::default() };
        Part { file: format!("{index}.json"), record }
    }

    fn refused(parts: Vec<Part>) -> Vec<String> {
        join(parts).unwrap_err().into_iter().map(|problem| problem.plain(crate::i18n::Lang::En)).collect()
    }

    #[test]
    fn parts_that_are_missing_double_or_mixed_are_refused() {
        assert!(refused(vec![part(1, 3), part(3, 3)])[0].contains("2/3"));
        assert!(refused(vec![part(1, 2), part(1, 2), part(2, 2)])[0].contains("1/2"));
        assert!(refused(vec![part(1, 2), part(2, 3)])[0].contains("n: 2 / 3"));
        let mut other = part(2, 2);
        if let Some(started) = &mut other.record.started {
            started.versions.specs = "def".into();
            started.seed = 9;
        }
        let told = refused(vec![part(1, 2), other]);
        assert!(told[0].contains("specs: abc / def") && told[0].contains("seed: 0 / 9"), "{told:?}");
        let mut whole = part(1, 1);
        if let Some(started) = &mut whole.record.started {
            started.shard = None;
        }
        assert_eq!(join(vec![whole]).unwrap_err()[0].message.key, "run.not-a-part");
        assert_eq!(join(Vec::new()).unwrap_err()[0].message.key, "run.no-parts");
    }

    #[test]
    fn shops_and_their_problems_come_in_the_order_of_the_list() {
        let shop = |place: usize| {
            let url = format!("https://{place}.example/");
            ShopRecord {
                url,
                verdict: RunVerdict::Ready,
                tls: None,
                browser: None,
                pages: Vec::new(),
                left_out: Vec::new(),
                checks: Vec::new(),
                accepted: Vec::new(),
                elapsed_ms: 0,
                place,
            }
        };
        let said = |place: usize| {
            Problem::environment(Message::new("run.empty-record")).at_url(format!("https://{place}.example/"))
        };
        let common = Problem::input(Message::new("run.not-found")).in_file("x.yaml");
        let (mut one, mut two) = (part(1, 2), part(2, 2));
        one.record.shops = vec![shop(1), shop(3)];
        one.record.problems = vec![common.clone(), said(3)];
        two.record.shops = vec![shop(0), shop(2)];
        two.record.problems = vec![common.clone(), said(2)];
        let whole = join(vec![two, one]).unwrap();
        assert_eq!(whole.shops.iter().map(|shop| shop.place).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(whole.problems, [common, said(2), said(3)]);
        let started = whole.started.unwrap();
        assert_eq!((started.command.as_str(), started.shard), ("golive --shops shops.txt --quiet", None));
    }

    #[test]
    fn a_part_that_was_broken_off_leaves_the_whole_open() {
        let mut cut = part(2, 2);
        cut.record.complete = false;
        let whole = join(vec![part(1, 2), cut]).unwrap();
        assert_eq!((whole.complete, whole.verdict), (false, Some(RunVerdict::Inconclusive)));
        assert_eq!(whole.problems[0].message.args["shard"], "2/2");
    }
}
