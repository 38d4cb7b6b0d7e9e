//! Refusals: which status and code, in the words of the error catalogue and in the shapes seen on the wire.
//!
//! Responsible for turning a status and a code into a body. Messages are not written here: they are read from
//! `specs/catalogue/`, as observed where the catalogue knows it, else as documented without the full stop that
//! the wire lacks. Not responsible for deciding which refusal applies.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::reply::Reply;
use super::world::World;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// Code of the catalogue.
    pub(super) code: Cow<'static, str>,
    /// What stands in the place that the catalogue's message leaves open (codes 8 and 23).
    pub(super) names: Option<String>,
}

/// The outcome of a check.
pub(super) type Checked<T = ()> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with a status and a code of the catalogue.
    pub(super) fn new(status: u16, code: &'static str) -> Refusal {
        Refusal { status, code: Cow::Borrowed(code), names: None }
    }

    /// A refusal with status 400.
    pub(super) fn bad(code: &'static str) -> Refusal {
        Refusal::new(400, code)
    }

    /// The same refusal, naming what is wrong.
    pub(super) fn naming(mut self, names: impl Into<String>) -> Refusal {
        self.names = Some(names.into());
        self
    }
}

/// `Err` with status 400 and the code, unless the condition holds.
pub(super) fn demand(condition: bool, code: &'static str) -> Checked {
    if condition { Ok(()) } else { Err(Refusal::bad(code)) }
}

/// What the sandbox needs of a catalogue entry; the whole of it is read elsewhere.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    id: String,
    status: Option<u16>,
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    observed_message: Option<String>,
    #[serde(default)]
    parameter: Option<String>,
    #[serde(default)]
    wire_code: Option<String>,
    #[serde(default)]
    endpoint: Option<String>,
}

#[derive(Deserialize, Default)]
struct Entries {
    #[serde(default)]
    errors: Vec<Entry>,
    #[serde(default)]
    neighbours: Vec<Entry>,
}

struct Wording {
    code: String,
    message: Option<String>,
}

/// The messages by status and code.
pub(super) struct Catalogue {
    wordings: HashMap<(u16, String), Wording>,
    /// Customers and their cards number their errors anew: message by code.
    customers: HashMap<String, String>,
}

impl Catalogue {
    /// The embedded catalogue, read once.
    pub(super) fn embedded() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(Catalogue::read)
    }

    /// Entries of payments win over those of neighbouring resources.
    fn read() -> Catalogue {
        let mut wordings = HashMap::new();
        let mut customers = HashMap::new();
        let neighbours = crate::specs::data::<Entries>("specs/catalogue/neighbours.yaml");
        for read in crate::specs::folder::<Entries>("catalogue/payments").chain(neighbours) {
            for entry in read.errors.into_iter().chain(read.neighbours) {
                // Customers number their errors anew, and guides and forms have no HTTP status of their own.
                let foreign = entry.endpoint.as_deref().is_some_and(|endpoint| endpoint.contains("customers"));
                if foreign && let Some(message) = &entry.message {
                    customers.entry(entry.code.clone()).or_insert_with(|| message.clone());
                }
                if foreign || entry.id.starts_with("guide/") || entry.id.starts_with("client/") {
                    continue;
                }
                let Some(status) = entry.status else { continue };
                let message = wire_message(&entry);
                for code in [Some(entry.code.clone()), entry.wire_code.clone()].into_iter().flatten() {
                    let wire = entry.wire_code.clone().unwrap_or_else(|| entry.code.clone());
                    wordings.entry((status, code)).or_insert_with(|| Wording { code: wire, message: message.clone() });
                }
            }
        }
        Catalogue { wordings, customers }
    }

    /// A refusal of customers and their cards: the code is text, and its number is not that of payments.
    pub(super) fn customer(&self, status: u16, code: &str) -> Reply {
        let message = self.customers.get(code).map_or("invalid parameters", String::as_str);
        envelope(status, slug(status), message, json!([{ "code": code, "description": message }]))
    }

    /// Whether an entry exists.
    pub(super) fn knows(&self, status: u16, code: &str) -> bool {
        self.wordings.contains_key(&(status, code.to_owned()))
    }

    /// The reply to a refusal, with a trace that names the time and the request.
    pub(super) fn reply(&self, refusal: &Refusal, world: &World) -> Reply {
        let wording = self.wordings.get(&(refusal.status, refusal.code.to_string()));
        let code = wording.map_or(refusal.code.as_ref(), |wording| wording.code.as_str());
        let message = wording.and_then(|wording| wording.message.as_deref());
        if code == "PA_UNAUTHORIZED_RESULT_FROM_POLICIES" {
            return policy_agent(message);
        }
        let message = message.map(|message| fill(message, refusal));
        // The one recorded pair of message and description that differ (mercadopago/sdk-nodejs#179).
        let description =
            if code == "2131" { Some("payment methods inference error".to_owned()) } else { message.clone() };
        let number = code.parse::<u32>().map_or_else(|_| json!(code), |number| json!(number));
        let cause = json!([{ "code": number, "description": description, "data": world.trace() }]);
        Reply::json(
            refusal.status,
            json!({ "message": message, "error": slug(refusal.status), "status": refusal.status, "cause": cause }),
        )
    }
}

/// The usual four members, for resources whose errors are no part of the catalogue of payments.
pub(super) fn envelope(status: u16, error: impl Into<Value>, message: &str, cause: Value) -> Reply {
    Reply::json(status, json!({ "message": message, "error": error.into(), "status": status, "cause": cause }))
}

/// The flat answer of the gate keeper: no `error`, no `cause`.
fn policy_agent(message: Option<&str>) -> Reply {
    let body = json!({
        "message": message,
        "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES",
        "status": 403,
        "blocked_by": "PolicyAgent",
    });
    Reply::json(403, body)
}

/// What the edge answers for a route that does not exist: two languages, no status, no cause.
pub(super) fn edge_not_found() -> Reply {
    let message = "Si quieres conocer los recursos de la API que se encuentran disponibles visita el Sitio de Desarrolladores de MercadoLibre (https://developers.mercadolibre.com)";
    Reply::json(404, json!({ "message": message, "error": "resource not found" }))
}

/// The `error` member that goes with a status.
pub(super) fn slug(status: u16) -> Value {
    json!(match status {
        400 => "bad_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        _ => "internal_error",
    })
}

fn wire_message(entry: &Entry) -> Option<String> {
    if let Some(observed) = &entry.observed_message {
        return Some(observed.clone());
    }
    let documented = entry.message.as_deref()?;
    let mut message = documented.trim().trim_end_matches('.').replace('`', "");
    // The wire keeps the name of a field as it is; the catalogue begins its sentence with a capital.
    let first = message.split(' ').next().unwrap_or_default();
    let field = entry.parameter.as_deref().is_some_and(|parameter| parameter.eq_ignore_ascii_case(first));
    if (field || first.contains('_')) && first.is_ascii() && !first.is_empty() {
        message = format!("{}{}", first[..1].to_ascii_lowercase(), &message[1..]);
    }
    Some(message)
}

/// Puts the offending names where the catalogue prints an example.
fn fill(message: &str, refusal: &Refusal) -> String {
    let Some(names) = &refusal.names else { return message.to_owned() };
    match message.find(['[', ')']) {
        Some(at) if message[at..].starts_with('[') => format!("{}: [{names}]", &message[..at]),
        Some(at) => format!("{} : {names}", &message[..=at]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: u16, code: &str, names: Option<&str>) -> Value {
        let world = World::for_tests();
        let refusal = Refusal { status, code: Cow::Owned(code.to_owned()), names: names.map(str::to_owned) };
        match world.catalogue.reply(&refusal, &world).body {
            super::super::reply::Body::Json(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_are_those_of_the_wire() {
        let body = message(400, "2006", None);
        assert_eq!(body["message"], "Card Token not found");
        assert_eq!(body["cause"][0]["code"], 2006);
        assert_eq!(body["cause"][0]["description"], body["message"]);
        assert_eq!(body["error"], "bad_request");
        assert!(body["cause"][0]["data"].as_str().unwrap().contains("UTC;"));
        assert_eq!(message(400, "4002", None)["message"], "transaction_amount attribute can't be null");
        assert_eq!(message(400, "2059", None)["message"], "You cannot use application_fee with this payment");
        assert_eq!(message(401, "7", None)["cause"][0]["code"], 7);
        assert_eq!(message(400, "2131", None)["cause"][0]["description"], "payment methods inference error");
        assert_eq!(message(400, "8", Some("a.b"))["message"], "The name of the following parameters is wrong : [a.b]");
        let date = message(400, "23", Some("date_of_expiration"));
        assert_eq!(
            date["message"],
            "The following parameters must be valid date and format (yyyy-MM-dd'T'HH:mm:ssz) : date_of_expiration"
        );
    }

    #[test]
    fn the_gate_keeper_is_flat_and_in_capitals() {
        let body = message(403, "pa_unauthorized_result_from_policies", None);
        assert_eq!(body["code"], "PA_UNAUTHORIZED_RESULT_FROM_POLICIES");
        assert_eq!(body["blocked_by"], "PolicyAgent");
        assert!(body.get("cause").is_none() && body.get("error").is_none());
    }
}
