//! Faults on demand: what no client can provoke, played when a request asks for it.
//!
//! The header `X-Homologa-Fault` is the sandbox's own. Its value is `<status>/<code>` for an entry of the error
//! catalogue, or the name of one of [`SHAPES`]: the bodies that the real service and the proxies before it were
//! seen to answer. [`effects`] adds what is no answer: waiting, cut connections, fields that drift. [`plan`] plays
//! faults without a header: by endpoint, so often, with such a probability.

pub(super) mod effects;
pub(super) mod plan;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::errors::{Catalogue, Refusal};
use super::reply::{Body, Reply};
use super::world::World;

/// The header that asks for a fault.
pub const HEADER: &str = "x-homologa-fault";

/// The names that the header takes beside `<status>/<code>`.
pub const SHAPES: &[&str] = &[
    "http-500",
    "http-503",
    "http-424",
    "http-429",
    "http-499",
    "html",
    "empty",
    "nested-cause",
    "object-cause",
    "null-cause",
    "missing-cause",
    "string-code",
    "null-error",
    "orders",
];

/// Whether a name is one of an answer: a shape, or an entry of the catalogue.
pub(super) fn answers(name: &str, catalogue: &Catalogue) -> bool {
    let entry = name.split_once('/').and_then(|(status, code)| Some((status.parse().ok()?, code)));
    SHAPES.contains(&name) || entry.is_some_and(|(status, code)| catalogue.knows(status, code))
}

/// Plays the fault, or says that there is none of this name. `served` answers the request as if nothing were asked.
pub(super) fn play(world: &World, fault: &str, served: impl FnOnce() -> Reply) -> Reply {
    if let Some((status, code)) = fault.split_once('/') {
        let known = status.parse().ok().filter(|status| world.catalogue.knows(*status, code));
        return match known {
            Some(status) => {
                let refusal = Refusal { status, code: Cow::Owned(code.to_owned()), names: None };
                world.catalogue.reply(&refusal, world)
            }
            None => unknown(),
        };
    }
    let cause = json!({ "code": 2006, "description": "Card Token not found", "data": world.trace() });
    let bad = |cause: Value| json!({ "message": "Card Token not found", "error": "bad_request", "status": 400, "cause": cause });
    match fault {
        "http-500" | "null-error" => {
            Reply::json(500, json!({ "message": "internal_error", "error": null, "status": 500, "cause": [] }))
        }
        "http-424" => {
            let message = "A dependency of the service failed";
            Reply::json(424, json!({ "message": message, "error": "failed_dependency", "status": 424, "cause": [] }))
        }
        "http-429" => {
            let body = json!({ "message": "Too many requests", "error": "too_many_requests", "status": 429 });
            Reply { retry_after: Some(1), ..Reply::json(429, body) }
        }
        "http-499" => {
            // The service stops waiting while the payment goes on: whoever looks it up will find it.
            served();
            Reply::json(499, json!({ "message": "Client closed request", "error": null, "status": 499, "cause": [] }))
        }
        "http-503" => Reply { status: 503, body: Body::Empty, retry_after: None },
        "html" => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
            Reply { status: 502, body: Body::Html(page), retry_after: None }
        }
        "empty" => Reply { status: 502, body: Body::Empty, retry_after: None },
        "nested-cause" => Reply::json(400, bad(json!([[cause]]))),
        "object-cause" => Reply::json(400, bad(cause)),
        "null-cause" => Reply::json(400, bad(Value::Null)),
        "missing-cause" => {
            Reply::json(400, json!({ "message": "Card Token not found", "error": "bad_request", "status": 400 }))
        }
        "string-code" => {
            Reply::json(400, bad(json!([{ "code": "2006", "description": "Card Token not found", "data": null }])))
        }
        "orders" => {
            let error = json!({ "code": "property_value", "message": "Invalid property value", "details": [] });
            Reply::json(400, json!({ "errors": [error] }))
        }
        _ => unknown(),
    }
}

pub(super) fn unknown() -> Reply {
    let message = "X-Homologa-Fault names neither a status/code of the catalogue nor a known fault";
    Reply::json(400, json!({ "message": message, "error": "homologa_unknown_fault", "status": 400, "cause": [] }))
}
