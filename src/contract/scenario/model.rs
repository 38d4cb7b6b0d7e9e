//! What a scenario is, after reading.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Expect;
use crate::contract::{Role, TargetKind};
use crate::i18n::Text;
use crate::yaml::{Mark, Source};

/// One scenario file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file.
    pub source: Source,
    /// Path below the scenario folder without ending, for example `declined/insufficient-funds`.
    pub id: String,
    /// Name; one that is given in one language stands in all three.
    pub name: Text,
    /// Tags.
    pub tags: Vec<String>,
    /// Sites it runs on; empty means the site of the target.
    pub sites: Vec<String>,
    /// Rows of the data table; empty means that it runs once.
    pub rows: Vec<Row>,
    /// Variables of the whole scenario.
    pub variables: Map<String, Value>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Steps that run after the others, also after a failure: they cancel or refund what was made.
    pub finally: Vec<Step>,
    /// Why it is not run, if it is not.
    pub skip: Option<String>,
    /// Why only scenarios with this key are run, if it has it.
    pub only: Option<String>,
    /// Kinds of target it runs on; empty means all.
    pub targets: Vec<TargetKind>,
    /// Runs with the same key never run at the same time; without one, runs know nothing of each other.
    pub serial: Option<String>,
}

impl Scenario {
    /// Whether any of its texts names a variable; one that does not needs none.
    pub fn has_variables(&self) -> bool {
        let own = [&self.source].into_iter();
        let others = self.every_step().map(|step| &step.source).chain(self.rows.iter().map(|row| &row.source));
        own.chain(others.filter(|source| source.file != self.source.file)).any(|source| source.text().contains("${"))
    }

    /// Whether a run against this kind of target looks at anything of it: its own `targets` say yes, and so do those of a
    /// step that asks. Waiting looks at nothing, and what tidies up tells of the scenario no more than that.
    pub(in crate::contract) fn is_for(&self, kind: TargetKind) -> bool {
        let looks = |step: &Step| !matches!(step.action, Action::Wait(_)) && kind.is_among(&step.targets);
        kind.is_among(&self.targets) && self.steps.iter().any(looks)
    }

    /// The steps, then those that run at the end.
    pub fn every_step(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.finally)
    }
}

/// One row of a data table: the scenario runs once for each.
#[derive(Debug, Clone)]
pub struct Row {
    /// Column `id`, else the number of the row from 1.
    pub id: String,
    /// The file it stands in: that of the scenario, or a table of its own.
    pub source: Source,
    /// Where it stands.
    pub mark: Mark,
    /// The columns.
    pub values: Map<String, Value>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Id, unique in the scenario; that of a step of a fragment begins with the id of the use: `token.card`.
    pub id: String,
    /// The file it stands in: that of the scenario, or a fragment.
    pub source: Source,
    /// Where it stands.
    pub mark: Mark,
    /// What it sends.
    pub action: Action,
    /// What it expects.
    pub expect: Expect,
    /// How long and how often the request is repeated until the expectations hold; `None` sends it once.
    pub poll: Option<Poll>,
    /// Kinds of target it runs on; empty means all.
    pub targets: Vec<TargetKind>,
    /// Variables taken from the answer: name and JSONPath (RFC 9535).
    pub capture: Vec<(String, String, Mark)>,
    /// Variables taken from the headers of the answer: name of the variable, and of the header in lower case.
    pub capture_headers: Vec<(String, String, Mark)>,
}

/// Asking again until the expectations of a step hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// Pause between an answer and the next request.
    pub interval: Duration,
    /// Time after which nothing is asked again.
    pub limit: Duration,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// A request.
    Send(Box<Request>),
    /// The request of an earlier step again: same body, same headers, same `X-Idempotency-Key`.
    Repeat(String),
    /// Nothing for a while.
    Wait(Duration),
}

/// HTTP methods that a scenario may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// Key of the step that chooses it, and the method's name on the wire.
    pub const ALL: [(&'static str, Method, &'static str); 4] = [
        ("get", Method::Get, "GET"),
        ("post", Method::Post, "POST"),
        ("put", Method::Put, "PUT"),
        ("delete", Method::Delete, "DELETE"),
    ];

    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// A request before variables are filled in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path, with variables.
    pub path: String,
    /// Whose credential is used.
    pub role: Role,
    /// Query parameters.
    pub query: Vec<(String, Value)>,
    /// Headers; a null removes one that would be sent otherwise.
    pub headers: Vec<(String, Value)>,
    /// A test card of the site, from which the body of a card token is made.
    pub card: Option<CardSpec>,
    /// JSON body.
    pub body: Option<Arc<Value>>,
    /// JSON Merge Patch (RFC 7396) over `body` or `card`: a null removes a member.
    pub change: Option<Value>,
    /// A body sent as it is, for what JSON cannot say.
    pub raw_body: Option<String>,
    /// Fault that the embedded sandbox is asked to answer with.
    pub fault: Option<String>,
}

/// Which test card a token is made from.
#[derive(Debug, Clone)]
pub struct CardSpec {
    /// Brand or payment method, as the test-card table names it.
    pub brand: String,
    /// Cardholder name: decides the outcome.
    pub holder: String,
    /// Where it stands.
    pub mark: Mark,
}
