//! Reading a baseline. People edit it, so that every mistake is told with its place.

use std::collections::{BTreeMap, BTreeSet};

use super::file::SOMETIMES;
use super::path::{self, Segment};
use super::shape::{Enumerated, Member, Node, Shape, Types, Values};
use super::{Accepted, Baseline, LARGEST_FILE, Response, VERSION, findings, place};
use crate::i18n::Message;
use crate::run::{Change, Comparison, Problem, Terms};
use crate::specs::drift;
use crate::yaml::{self, Fields, Key, Kind, Mark, Node as Yaml, Source};

/// Most segments of a path.
const LONGEST_PATH: usize = 32;

impl Baseline {
    /// Reads the text of a baseline.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(source: &Source) -> Result<Baseline, Vec<Problem>> {
        let root = yaml::parse_up_to(source, LARGEST_FILE).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut baseline = Baseline { file: source.file.to_string(), ..Baseline::default() };
        if let Some(mut fields) = Fields::new(source, &root, &mut problems) {
            match fields.count("version") {
                Some(VERSION) => {}
                Some(other) => {
                    let message = Message::new("baseline.version").with("version", other).with("known", VERSION);
                    fields.problem("version", message);
                }
                None if fields.key("version").is_none() => fields.missing("version"),
                None => {}
            }
            fields.text("written").unwrap_or_default().clone_into(&mut baseline.written);
            // For people: what judges is this program.
            let _ = (fields.node("homologa"), fields.node("catalogue"));
            // A file of accepted findings alone was made on no target.
            let alone = fields.key("findings").is_some()
                && ["target", "site", "accepted", "responses"].iter().all(|name| fields.key(name).is_none());
            if !alone {
                fields.required_text("target").unwrap_or_default().clone_into(&mut baseline.target);
                fields.required_text("site").unwrap_or_default().clone_into(&mut baseline.site);
            }
            let names = fields.texts("enumerate").unwrap_or_default();
            baseline.enumerated = Enumerated(names.into_iter().map(str::to_owned).collect());
            for text in fields.texts("ignore").unwrap_or_default() {
                if !baseline.ignore.add(text) {
                    fields.problem("ignore", Message::new("baseline.not-a-place").with("text", text));
                }
            }
            let accepted = fields.list("accepted").unwrap_or_default();
            let findings = fields.list("findings").unwrap_or_default();
            let responses = fields.map("responses").unwrap_or_default();
            fields.finish();
            baseline.accepted = accepted.iter().filter_map(|node| read_accepted(source, node, &mut problems)).collect();
            baseline.findings = findings::read(source, findings, &mut problems);
            baseline.findings_text = findings::section(source, &root).to_owned();
            let mut reader = Reader { source, problems: &mut problems, same: Vec::new() };
            baseline.responses = reader.responses(responses);
            let same = std::mem::take(&mut reader.same);
            reader.resolve(&mut baseline.responses, same);
            for (scenario, steps) in &mut baseline.responses {
                for (step, response) in steps {
                    baseline.ignore.apply(scenario, step, response);
                }
            }
        }
        if problems.is_empty() { Ok(baseline) } else { Err(problems) }
    }
}

fn read_accepted(source: &Source, node: &Yaml, problems: &mut Vec<Problem>) -> Option<Accepted> {
    let mut fields = Fields::new(source, node, problems)?;
    let kind = fields.required_text("kind").unwrap_or_default().to_owned();
    let comparison = if drift::weight_of_grade(&kind).is_some() {
        Comparison::Documented
    } else {
        if !kind.is_empty() && !drift::kinds().iter().any(|known| known.id == kind) {
            let near = yaml::nearest(&kind, drift::kinds().iter().map(|known| known.id.as_str()));
            let told = fields.problem("kind", Message::new("baseline.unknown-kind").with("kind", &kind));
            told.fix = near.map(|near| Message::new("yaml.did-you-mean").with("word", near));
        }
        Comparison::Baseline
    };
    let mut text = |name| fields.text(name).map(str::to_owned);
    let change = Change {
        comparison,
        kind,
        endpoint: text("endpoint").unwrap_or_default(),
        path: text("path").unwrap_or_default(),
        from: text("from"),
        to: text("to"),
    };
    let mut terms = Terms { reason: text("reason"), owner: text("owner"), expires: None };
    if let Some(day) = fields.text("expires") {
        terms.expires = day.parse().ok();
        if terms.expires.is_none() {
            fields.problem("expires", Message::new("baseline.not-a-day").with("day", day));
        }
    }
    let places = fields.texts("in").unwrap_or_default().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    if fields.key("in").is_none() {
        fields.missing("in");
    }
    fields.finish();
    Some(Accepted { change, terms, places })
}

/// A response that has the body of another.
struct Same {
    scenario: String,
    step: String,
    other: String,
    values: BTreeMap<String, Values>,
    mark: Mark,
}

struct Reader<'s, 'p> {
    source: &'s Source,
    problems: &'p mut Vec<Problem>,
    same: Vec<Same>,
}

impl Reader<'_, '_> {
    fn refuse(&mut self, mark: Mark, length: usize, message: Message) {
        self.problems.push(self.source.problem(mark, length, message));
    }

    fn responses(&mut self, scenarios: &[(Key, Yaml)]) -> super::Responses {
        let mut responses = super::Responses::new();
        for (scenario, steps) in scenarios {
            let Kind::Map(steps) = &steps.kind else {
                self.refuse(steps.mark, 1, Message::new("yaml.expected-mapping"));
                continue;
            };
            let mut read = BTreeMap::new();
            for (step, node) in steps {
                if let Some(response) = self.response(&scenario.text, &step.text, node) {
                    read.insert(step.text.clone(), response);
                }
            }
            responses.insert(scenario.text.clone(), read);
        }
        responses
    }

    /// A response; `None` when it is that of another step, or wrong.
    fn response(&mut self, scenario: &str, step: &str, node: &Yaml) -> Option<Response> {
        let mut fields = Fields::new(self.source, node, self.problems)?;
        let values = fields.map("values").unwrap_or_default();
        if let Some(other) = fields.text("as") {
            fields.finish();
            let (values, other, mark) = (self.values(values), other.to_owned(), node.mark);
            self.same.push(Same { scenario: scenario.to_owned(), step: step.to_owned(), other, values, mark });
            return None;
        }
        let endpoint = fields.required_text("request").map(str::to_owned);
        let status = fields.count("status").and_then(|status| u16::try_from(status).ok());
        if fields.key("status").is_none() {
            fields.missing("status");
        }
        let whole_to = fields.count("whole-to-level").and_then(|level| usize::try_from(level).ok());
        let body = fields.map("body");
        if fields.key("body").is_none() {
            fields.missing("body");
        }
        fields.finish();
        let root = self.body(body.unwrap_or_default());
        let shape = Shape { root, whole_to, values: self.values(values) };
        Some(Response { endpoint: endpoint?, status: status?, shape })
    }

    fn values(&mut self, members: &[(Key, Yaml)]) -> BTreeMap<String, Values> {
        let mut all = BTreeMap::new();
        for (path, node) in members {
            let Kind::List(items) = &node.kind else {
                self.refuse(node.mark, 1, Message::new("yaml.expected-list"));
                continue;
            };
            let few = items.iter().map(|item| match item.to_json() {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            });
            all.insert(path.text.clone(), Values::Few(few.collect()));
        }
        all
    }

    fn body(&mut self, places: &[(Key, Yaml)]) -> Node {
        let mut root = Node::default();
        for (path, node) in places {
            let text = match &node.kind {
                Kind::Text(text) => text.as_str(),
                Kind::Null => "null",
                _ => "",
            };
            let (always, types) = match text.strip_prefix(SOMETIMES) {
                Some(types) => (false, types),
                None => (true, text),
            };
            let segments = path::parse(&path.text).filter(|segments| segments.len() <= LONGEST_PATH);
            match (segments, Types::parse(types)) {
                (Some(segments), Some(types)) => put(&mut root, &segments, types, always),
                (None, _) => {
                    let message = Message::new("baseline.not-a-path").with("path", &path.text);
                    self.refuse(path.mark, path.text.chars().count(), message);
                }
                (_, None) => {
                    let message = Message::new("baseline.not-a-type").with("word", text);
                    self.refuse(node.mark, text.chars().count().max(1), message);
                }
            }
        }
        root
    }

    /// Gives the responses that name another the body of that one.
    fn resolve(&mut self, responses: &mut super::Responses, same: Vec<Same>) {
        let mut found = Vec::with_capacity(same.len());
        for one in same {
            let other = one.other.rsplit_once('#').and_then(|(scenario, step)| responses.get(scenario)?.get(step));
            match other {
                Some(other) => {
                    let mut response = other.clone();
                    response.shape.values = one.values;
                    found.push((one.scenario, one.step, response));
                }
                None => {
                    let message = Message::new("baseline.no-such-response").with("place", &one.other);
                    let problem = self.source.problem(one.mark, 1, message);
                    let place = place(&one.scenario, &one.step);
                    self.problems.push(problem.fix(Message::new("baseline.no-such-response-fix").with("place", place)));
                }
            }
        }
        for (scenario, step, response) in found {
            responses.entry(scenario).or_default().insert(step, response);
        }
    }
}

/// Puts a place into a body; what lies above it and is not named itself is implied.
fn put(root: &mut Node, segments: &[Segment], types: Types, always: bool) {
    let mut node = root;
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match segment {
            Segment::Name(name) => {
                node.types = node.types.with(Types::OBJECT);
                let new = || Member { always: true, node: Node::default() };
                let member = node.members.entry(name.clone()).or_insert_with(new);
                if last {
                    member.always = always;
                }
                node = &mut member.node;
            }
            Segment::Items => {
                node.types = node.types.with(Types::ARRAY);
                node = node.items.get_or_insert_default();
            }
        }
    }
    node.types = node.types.with(types);
}
