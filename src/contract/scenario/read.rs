//! Reading a scenario file: every mistake is told with its place, all of them at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::fragment::{self, Library};
use super::read_expect::expect;
use super::sequence::Sequence;
use super::template::{Part, parts};
use super::{Action, CardSpec, Expect, Method, Poll, Request, Row, Scenario, Step, duration, lint, table};
use crate::contract::{Role, TargetKind, headers, json_path};
use crate::i18n::{Message, Text};
use crate::run::Problem;
use crate::sandbox;
use crate::specs::{cards, sites};
use crate::yaml::{self, Fields, Key, Kind, Mark, Node, Source, nearest};

/// Most mistakes that are told of one file: nobody reads a thousand.
const MOST_TOLD: usize = 50;

/// What a file of the scenario folder is.
#[derive(Debug)]
pub enum Document {
    /// A scenario.
    Scenario(Box<Scenario>),
    /// A fragment: its steps run where a scenario uses it.
    Fragment,
}

/// Reads one scenario that names no other file.
///
/// # Errors
/// Every mistake in the file: syntax alone, or all unknown keys, wrong types, missing keys and unknown variables.
pub fn read(source: &Source, id: &str) -> Result<Scenario, Vec<Problem>> {
    let library = Library::new(&|_, _| Err(Message::new("scenario.no-folder")));
    match read_document(source, id, &library)? {
        Document::Scenario(scenario) => Ok(*scenario),
        Document::Fragment => {
            let message = Message::new("scenario.fragment-alone");
            Err(vec![source.problem(Mark { line: 1, column: 1 }, 1, message)])
        }
    }
}

/// Reads one file: a scenario, which may name fragments and tables, or a fragment.
///
/// # Errors
/// Every mistake in the file and in those that it names. The mistakes of a fragment are told once by a library.
pub fn read_document(source: &Source, id: &str, library: &Library<'_>) -> Result<Document, Vec<Problem>> {
    read_all(source, id, library).map_err(|mut problems| {
        let more = problems.len().saturating_sub(MOST_TOLD);
        if more > 0 {
            problems.truncate(MOST_TOLD);
            problems
                .push(Problem::input(Message::new("scenario.more-mistakes").with("n", more)).in_file(&*source.file));
        }
        problems
    })
}

fn read_all(source: &Source, id: &str, library: &Library<'_>) -> Result<Document, Vec<Problem>> {
    let root = yaml::parse(source).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    if fragment::is_fragment(&root) {
        library.check(source, root, &mut problems);
        return if problems.is_empty() { Ok(Document::Fragment) } else { Err(problems) };
    }
    match scenario(source, id, &root, library, &mut problems) {
        Some(scenario) if problems.is_empty() => Ok(Document::Scenario(Box::new(scenario))),
        _ => Err(problems),
    }
}

fn scenario(
    source: &Source,
    id: &str,
    root: &Node,
    library: &Library<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Scenario> {
    let mut fields = Fields::new(source, root, problems)?;
    let name = name(&mut fields);
    fields.text("description");
    let tags = fields.texts("tags").unwrap_or_default().into_iter().map(str::to_owned).collect();
    let skip = reason(&mut fields, "skip");
    let only = reason(&mut fields, "only");
    if skip.is_some() && only.is_some() {
        fields.problem("only", Message::new("scenario.skip-and-only"));
    }
    let serial = serial(&mut fields);
    let sites = site_list(&mut fields);
    let targets = target_list(&mut fields);
    let variables = match fields.map("variables") {
        Some(members) => members.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect(),
        None => serde_json::Map::new(),
    };
    let rows = fields.node("rows");
    let steps = step_list(&mut fields);
    let finally = fields.list("finally").unwrap_or_default();
    fields.finish();
    let before_rows = problems.len();
    let rows = rows.map(|node| table::rows(source, node, library, problems)).unwrap_or_default();
    let rows_read = problems.len() == before_rows;
    same_rows(&rows, problems);
    let mut sequence = Sequence::new(library);
    for (index, node) in steps.unwrap_or_default().iter().enumerate() {
        sequence.push(source, format!("step-{}", index + 1), node, problems);
    }
    let before_finally = sequence.steps.len();
    for (index, node) in finally.iter().enumerate() {
        sequence.push(source, format!("finally-{}", index + 1), node, problems);
    }
    let Sequence { mut steps, exports, .. } = sequence;
    let finally = steps.split_off(before_finally);
    let scenario = Scenario {
        source: source.clone(),
        id: id.to_owned(),
        name,
        tags,
        sites,
        rows,
        variables,
        steps,
        finally,
        skip,
        only,
        targets,
        serial,
    };
    lint::check(&scenario, root, rows_read, &exports, problems);
    Some(scenario)
}

/// `steps`: at least one.
pub(super) fn step_list<'n>(fields: &mut Fields<'n, '_>) -> Option<&'n [Node]> {
    let steps = fields.list("steps");
    match steps {
        None if fields.key("steps").is_none() => fields.missing("steps"),
        Some([]) => {
            fields.problem("steps", Message::new("scenario.no-steps"));
        }
        _ => {}
    }
    steps
}

/// Rows are told apart by their ids, in reports and baselines.
fn same_rows(rows: &[Row], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for row in rows {
        if let Some(line) = seen.insert(&row.id, row.mark.line) {
            let message = Message::new("scenario.duplicate-row").with("id", &row.id).with("line", line);
            problems.push(row.source.problem(row.mark, 1, message));
        }
    }
}

/// The reason beside `skip` or `only`: a sentence, not the yes that other tools ask for.
fn reason(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    let fix = || Some(Message::new("scenario.reason-fix").with("key", name));
    let before = fields.problems.len();
    let text = fields.text(name);
    if fields.problems.len() > before {
        fields.problems[before].fix = fix();
    }
    let word = ["yes", "no", "true", "false", "on", "off", "y", "n", "si", "sí", "sim", ""];
    if let Some(text) = text
        && word.contains(&text.trim().to_lowercase().as_str())
    {
        fields.problem(name, Message::new("scenario.no-reason").with("key", name).with("text", text)).fix = fix();
    }
    text.map(str::to_owned)
}

/// `serial`: runs with the same key wait for each other.
fn serial(fields: &mut Fields<'_, '_>) -> Option<String> {
    let key = fields.text("serial")?;
    if key.trim().is_empty() || key.contains("${") {
        fields.problem("serial", Message::new("scenario.bad-serial"));
    }
    Some(key.to_owned())
}

/// The name: a text, or one for each language.
fn name(fields: &mut Fields<'_, '_>) -> Text {
    let Some(node) = fields.node("name") else {
        fields.missing("name");
        return Text::default();
    };
    match &node.kind {
        Kind::Map(_) => {
            let Some(mut fields) = Fields::new(fields.source(), node, fields.problems) else { return Text::default() };
            let mut text = |key| {
                let text = fields.required_text(key);
                not_blank(&mut fields, key, text);
                text.unwrap_or_default().to_owned()
            };
            let name = Text { es: text("es"), pt: text("pt"), en: text("en") };
            fields.finish();
            name
        }
        _ => {
            let name = fields.text("name");
            not_blank(fields, "name", name);
            let name = name.unwrap_or_default();
            Text { es: name.to_owned(), pt: name.to_owned(), en: name.to_owned() }
        }
    }
}

fn site_list(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let sites: Vec<String> = fields.texts("sites").unwrap_or_default().into_iter().map(str::to_owned).collect();
    distinct(fields, "sites");
    let known: Vec<&str> = sites::all().iter().map(|site| site.id.as_str()).collect();
    for site in &sites {
        if !known.contains(&site.as_str()) {
            let fix = Message::new("scenario.known-sites").with("sites", known.join(", "));
            fields.problem("sites", Message::new("scenario.unknown-site").with("site", site)).fix = Some(fix);
        }
    }
    sites
}

/// A text that says something.
pub(super) fn not_blank(fields: &mut Fields<'_, '_>, name: &'static str, text: Option<&str>) {
    if text.is_some_and(|text| text.trim().is_empty()) {
        fields.problem(name, Message::new("scenario.blank").with("key", name));
    }
}

/// A list that is stated has something in it, and nothing twice: an empty one reads like none and would mean all, and
/// one site twice is one result twice.
fn distinct(fields: &mut Fields<'_, '_>, name: &'static str) {
    let Some(Node { kind: Kind::List(items), .. }) = fields.node(name) else { return };
    if items.is_empty() {
        let problem = fields.problem(name, Message::new("scenario.empty-list").with("key", name));
        problem.fix = Some(Message::new("scenario.empty-list-fix").with("key", name));
    }
    let mut seen: HashMap<&str, Mark> = HashMap::new();
    for item in items {
        let Kind::Text(text) = &item.kind else { continue };
        if let Some(first) = seen.insert(text, item.mark) {
            let place = format!("{}:{}", first.line, first.column);
            let message =
                Message::new("scenario.twice-in-list").with("text", text).with("key", name).with("place", place);
            fields.problems.push(fields.source().problem(item.mark, text.chars().count(), message));
        }
    }
}

/// `targets`: the kinds of target that a scenario or a step is for.
pub(super) fn target_list(fields: &mut Fields<'_, '_>) -> Vec<TargetKind> {
    let mut targets = Vec::new();
    distinct(fields, "targets");
    for word in fields.texts("targets").unwrap_or_default() {
        match TargetKind::ALL.iter().find(|(name, _)| *name == word) {
            Some((_, kind)) => targets.push(*kind),
            None => {
                let words: Vec<&str> = TargetKind::ALL.iter().map(|(name, _)| *name).collect();
                let fix = meant(word, &words);
                fields.problem("targets", Message::new("scenario.unknown-target").with("name", word)).fix = Some(fix);
            }
        }
    }
    targets
}

/// A duration; a problem when the text is none.
pub(super) fn time(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Duration> {
    let before = fields.problems.len();
    let Some(text) = fields.text(name) else {
        if fields.problems.len() > before {
            fields.problems[before].fix = Some(Message::new("scenario.bad-duration-fix"));
        }
        return None;
    };
    let read = duration::parse(text);
    if read.is_none() {
        let message = if duration::is_too_long(text) { "scenario.long-duration" } else { "scenario.bad-duration" };
        let problem = fields.problem(name, Message::new(message).with("text", text));
        problem.fix = Some(Message::new("scenario.bad-duration-fix"));
    }
    read
}

/// Shortest pause between two questions: a scenario must not hammer an account.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// `interval` and `limit` of a step with `until`.
fn poll(fields: &mut Fields<'_, '_>, action: Option<&Action>) -> Option<Poll> {
    let until = fields.key("until").is_some();
    for name in ["interval", "limit"] {
        if !until && fields.key(name).is_some() {
            fields.problem(name, Message::new("scenario.only-with-until").with("key", name));
        }
    }
    let interval = time(fields, "interval").unwrap_or(Duration::from_millis(500)).max(SHORTEST_INTERVAL);
    let limit = time(fields, "limit").unwrap_or(Duration::from_secs(10));
    if !until {
        return None;
    }
    if let Some(Action::Send(request)) = action
        && request.method != Method::Get
        && request.headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("x-idempotency-key") && value.is_null())
    {
        let problem = fields.problem("until", Message::new("scenario.until-without-key"));
        problem.fix = Some(Message::new("scenario.until-without-key-fix"));
    }
    Some(Poll { interval, limit })
}

/// Keys of `expect` that no step has: beside it, they are inside of the wrong mapping and no slip of the pen.
const OF_EXPECT: [&str; 6] = ["status", "schema", "error", "payment", "within", "same"];

/// Reads one step; `before` are those that it may repeat.
pub(super) fn step(
    source: &Source,
    fallback: String,
    node: &Node,
    before: &[Step],
    problems: &mut Vec<Problem>,
) -> Option<Step> {
    let mut fields = Fields::new(source, node, problems)?;
    let id = fields.text("id").map_or(fallback, str::to_owned);
    let targets = target_list(&mut fields);
    if fields.key("wait").is_some() {
        let wait = time(&mut fields, "wait");
        fields.finish();
        let action = Action::Wait(wait?);
        let (expect, capture, capture_headers) = (Expect::default(), Vec::new(), Vec::new());
        return Some(Step {
            id,
            source: source.clone(),
            mark: node.mark,
            action,
            expect,
            poll: None,
            targets,
            capture,
            capture_headers,
        });
    }
    let action = action(&mut fields, before);
    let poll = poll(&mut fields, action.as_ref());
    let expect_node = match (fields.node("expect"), fields.node("until")) {
        (Some(_), Some(_)) => {
            fields.problem("until", Message::new("scenario.expect-and-until"));
            None
        }
        (None, None) => {
            fields.missing("expect");
            None
        }
        (expect, until) => expect.or(until),
    };
    let captures = fields.map("capture").unwrap_or_default();
    let (mut capture, mut capture_headers) = (Vec::new(), Vec::new());
    for (key, node) in captures {
        if let Kind::Map(_) = &node.kind {
            if let Some(name) = header(fields.source(), node, fields.problems) {
                capture_headers.push((key.text.clone(), name, node.mark));
            }
        } else if let Some(path) = path(fields.source(), node, fields.problems) {
            capture.push((key.text.clone(), path, node.mark));
        }
    }
    for name in OF_EXPECT {
        if let Some(node) = fields.node(name) {
            let key = fields.key(name).map_or(node.mark, |key| key.mark);
            let message = Message::new("scenario.belongs-in-expect").with("key", name);
            let problem = fields.source().problem(key, name.len(), message);
            fields.problems.push(problem.fix(Message::new("scenario.belongs-in-expect-fix")));
        }
    }
    // Known too, so that a misspelt `wait` is told as such.
    fields.node("wait");
    fields.finish();
    let expect = expect_node.and_then(|node| expect(source, node, problems)).unwrap_or_default();
    Some(Step {
        id,
        source: source.clone(),
        mark: node.mark,
        action: action?,
        expect,
        poll,
        targets,
        capture,
        capture_headers,
    })
}

/// `{ header: name }`, in lower case.
fn header(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<String> {
    let mut fields = Fields::new(source, node, problems)?;
    let name = fields.required_text("header");
    not_blank(&mut fields, "header", name);
    fields.finish();
    name.map(str::to_ascii_lowercase)
}

/// A JSONPath that parses.
pub(super) fn path(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<String> {
    let Kind::Text(text) = &node.kind else {
        problems.push(source.problem(node.mark, 1, Message::new("scenario.path-not-text")));
        return None;
    };
    match json_path::parse(text) {
        Ok(_) => Some(text.clone()),
        Err(error) => {
            // The reader of paths says no more than where, in English.
            let place = error.strip_prefix("at position ").and_then(|rest| rest.split(',').next());
            let place = place.and_then(|place| place.parse::<usize>().ok());
            let message = match place {
                Some(place) => Message::new("scenario.bad-path-at").with("path", text).with("n", place + 1),
                None => Message::new("scenario.bad-path").with("path", text).with("error", error),
            };
            let fix = Message::new("scenario.bad-path-fix");
            problems.push(source.problem(node.mark, text.chars().count(), message).fix(fix));
            None
        }
    }
}

fn action(fields: &mut Fields<'_, '_>, before: &[Step]) -> Option<Action> {
    if let Some(step) = fields.text("repeat") {
        if !before.iter().any(|other| other.id == step) {
            let near = nearest(step, before.iter().map(|other| other.id.as_str()))
                .map(|near| Message::new("yaml.did-you-mean").with("word", near));
            fields.problem("repeat", Message::new("scenario.unknown-step").with("id", step)).fix = near;
        }
        return Some(Action::Repeat(step.to_owned()));
    }
    let mut found = None;
    for (key, method, _) in Method::ALL {
        if let Some(path) = fields.text(key) {
            if found.is_some() {
                fields.problem(key, Message::new("scenario.two-methods"));
            }
            if !(path.starts_with('/') || path.starts_with("${")) {
                fields.problem(key, Message::new("scenario.path-without-slash").with("path", path));
            }
            found = Some((method, path.to_owned()));
        }
    }
    let role = fields.text("as").map(|word| (word, Role::ALL.iter().find(|(name, _)| *name == word)));
    if let Some((word, None)) = role {
        let words: Vec<&str> = Role::ALL.iter().map(|(name, _)| *name).collect();
        fields.problem("as", Message::new("scenario.unknown-role").with("role", word)).fix = Some(meant(word, &words));
    }
    let pairs = |members: Option<&[(Key, Node)]>| {
        members.unwrap_or_default().iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect()
    };
    let query = pairs(fields.map("query"));
    let header_nodes = fields.map("headers");
    let headers: Vec<(String, serde_json::Value)> = pairs(header_nodes);
    for (key, node) in header_nodes.unwrap_or_default() {
        let problem = header_problem(fields.source(), key, node);
        fields.problems.extend(problem);
    }
    if headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("authorization") && !value.is_null()) {
        // It would be sent beside the credential of the run, and past the gate for production credentials.
        let problem = fields.problem("headers", Message::new("scenario.own-credential"));
        problem.fix = Some(Message::new("scenario.own-credential-fix"));
    }
    let card_node = fields.node("card");
    let body = fields.node("body").map(|node| Arc::new(node.to_json()));
    let change = fields.node("change").map(Node::to_json);
    let raw_body = fields.text("raw-body").map(str::to_owned);
    let fault = fields.text("fault").map(str::to_owned);
    if let Some(fault) = fault.as_deref().filter(|fault| !fault.contains("${") && !sandbox::plays(fault)) {
        let mark = fields.node("fault").map_or(fields.mark, |node| node.mark);
        fields.problems.push(lint::unknown_fault(fields.source(), mark, fault));
    }
    if body.is_some() && raw_body.is_some() {
        fields.problem("raw-body", Message::new("scenario.two-bodies"));
    }
    if change.is_some() && body.is_none() && card_node.is_none() {
        fields.problem("change", Message::new("scenario.change-of-nothing"));
    }
    let card = card_node.and_then(|node| card(fields.source(), node, fields.problems));
    let Some((method, path)) = found else {
        let message = Message::new("scenario.no-method");
        let problem = fields.source().problem(fields.mark, 1, message).fix(Message::new("scenario.no-method-fix"));
        fields.problems.push(problem);
        return None;
    };
    let role = role.and_then(|(_, role)| role).map_or(Role::Seller, |(_, role)| *role);
    Some(Action::Send(Box::new(Request { method, path, role, query, headers, card, body, change, raw_body, fault })))
}

/// What keeps a header from being sent as it stands; what a variable brings is seen when the step runs.
fn header_problem(source: &Source, key: &Key, node: &Node) -> Option<Problem> {
    let name = &key.text;
    let told = |mark: Mark, length: usize, message: Message, fix: Message| {
        Some(source.problem(mark, length, message.with("name", name)).fix(fix))
    };
    let (own, wrong) = (headers::is_own(name), !headers::is_name(name));
    if own || wrong {
        let (message, fix) = if own {
            (Message::new("scenario.own-header"), Message::new("scenario.own-header-fix"))
        } else {
            (Message::new("scenario.header-name"), Message::new("scenario.header-name-fix"))
        };
        return told(key.mark, name.chars().count(), message, fix);
    }
    let Kind::Text(text) = &node.kind else { return None };
    let literal = |part: Part<'_>| if let Part::Text(text) = part { headers::is_value(text) } else { true };
    if parts(text).all(literal) {
        return None;
    }
    told(node.mark, 1, Message::new("scenario.header-value"), Message::new("scenario.header-value-fix"))
}

fn card(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<CardSpec> {
    let mut fields = Fields::new(source, node, problems)?;
    let brand = fields.required_text("brand").map(str::to_owned);
    let holder = fields.required_text("holder").map(str::to_owned);
    if let Some(word) = brand.as_deref().filter(|word| !word.contains("${")) {
        let known = cards::all().iter().flat_map(|site| &site.cards);
        let known: Vec<&str> = known.flat_map(|card| [&*card.payment_method_id, &*card.brand]).collect();
        if !known.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            fields.problem("brand", Message::new("scenario.unknown-brand").with("brand", word)).fix =
                Some(meant(word, &known));
        }
    }
    fields.finish();
    Some(CardSpec { brand: brand?, holder: holder?, mark: node.mark })
}

/// The word that was probably meant, else all of them.
pub(super) fn meant(word: &str, known: &[&str]) -> Message {
    match nearest(word, known.iter().copied()) {
        Some(near) => Message::new("yaml.did-you-mean").with("word", near),
        None => {
            let mut known = known.to_vec();
            known.sort_unstable();
            known.dedup();
            Message::new("config.known-words").with("words", known.join(", "))
        }
    }
}
