//! The administration of the sandbox, under `/_homologa/`: what came and why it was answered so, faults, what happens to
//! payments without their seller, webhooks, and a page that shows it.
//!
//! | request | what it does |
//! | --- | --- |
//! | `GET /_homologa/` | the page |
//! | `GET /_homologa/requests?after=N&limit=N`, `GET …/requests/{n}` | the last requests; one with its bodies, redacted |
//! | `GET /_homologa/payments` | the last payments, and what may happen to each |
//! | `POST /_homologa/payments/{id}/{approve,reject,expire,chargeback}` | lets it happen, and announces it |
//! | `POST /_homologa/payments/{id}/notify` | announces it again as it is |
//! | the same two under `/_homologa/orders/{id}/…` | for the payment of an order |
//! | `GET`, `POST`, `DELETE /_homologa/faults`, `DELETE …/faults/{n}` | the rules of [`super::faults::plan`] |
//! | `GET /_homologa/webhooks`, `POST …/webhooks/{n}/resend` | the history of deliveries; one more of the same |
//! | `POST /_homologa/reset` | forgets everything but the accounts |
//!
//! It asks for no credential: whoever reaches the sandbox owns it. So that no web page can reach it through somebody's
//! browser, requests of another origin are refused, and so are host names that are not this machine's own.

mod page;
mod view;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::faults::plan;
use super::orders;
use super::payments::Happening;
use super::router::Call;
use super::webhooks::{Event, payment_event};
use super::world::World;
use crate::i18n::Lang;
use crate::yaml::Source;

/// The first segment of its paths: no path of the API begins like this.
pub(super) const PREFIX: &str = "_homologa";

/// Hosts with a dot that are this machine's own: the names that a sandbox with TLS answers to, and endings that no
/// public name has.
const OWN_HOSTS: [&str; 6] = [".localhost", ".local", ".internal", ".test", "api.mercadopago.com", ".lan"];

/// Whether a path is the administration's.
pub(super) fn owns(path: &str) -> bool {
    path.split('/').find(|segment| !segment.is_empty()) == Some(PREFIX)
}

/// What the administration answers.
enum Answer {
    Json(u16, Value),
    Page(Vec<u8>),
    Static(&'static str, &'static str),
}

/// Answers a request.
pub(super) fn respond(world: &World, call: &Call) -> Response<HttpBody> {
    let answer = if trusted(call) {
        route(world, call)
    } else {
        Answer::Json(403, json!({ "error": "the administration answers its own page and this machine only" }))
    };
    let (status, kind, body) = match answer {
        Answer::Json(status, body) => (status, "application/json;charset=UTF-8", HttpBody::from(body.to_string())),
        Answer::Page(page) => (200, "text/html;charset=UTF-8", HttpBody::from(page)),
        Answer::Static(kind, text) => (200, kind, HttpBody::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the request may come from whoever runs the sandbox, and not from a page on the web.
fn trusted(call: &Call) -> bool {
    let Some(host) = call.header("host") else { return true };
    if let Some(origin) = call.header("origin")
        && origin.split_once("://").map(|(_, origin)| origin) != Some(host)
    {
        return false;
    }
    if call.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || !name.contains('.') || OWN_HOSTS.iter().any(|own| name.ends_with(own))
}

fn route(world: &World, call: &Call) -> Answer {
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).skip(1).collect();
    match (call.method, segments.as_slice()) {
        ("GET", []) => page::page(lang(call))
            .map_or_else(|| Answer::Json(500, json!({ "error": "the page cannot be written" })), Answer::Page),
        ("GET", ["app.js"]) => Answer::Static("text/javascript;charset=UTF-8", page::SCRIPT),
        ("GET", ["style.css"]) => Answer::Static("text/css;charset=UTF-8", page::STYLE),
        ("GET", ["requests"]) => Answer::Json(200, view::requests(world, call)),
        ("GET", ["requests", number]) => found(number.parse().ok().and_then(|number| view::request(world, number))),
        ("GET", ["payments"]) => Answer::Json(200, view::payments(world)),
        ("POST", ["payments", id, what]) => match id.parse() {
            Ok(id) => happen(world, id, what, None),
            Err(_) => found(None),
        },
        ("POST", ["orders", id, what]) => match orders::news(world, id) {
            Some((_, Some(payment))) => happen(world, payment, what, Some(id)),
            _ => found(None),
        },
        ("GET", ["faults"]) => Answer::Json(200, json!({ "faults": world.faults.list() })),
        ("POST", ["faults"]) => add_faults(world, call),
        ("DELETE", ["faults"]) => {
            world.faults.remove(None);
            Answer::Json(200, json!({ "faults": [] }))
        }
        ("DELETE", ["faults", id]) => match id.parse() {
            Ok(id) if world.faults.remove(Some(id)) => Answer::Json(200, json!({ "faults": world.faults.list() })),
            _ => found(None),
        },
        ("GET", ["webhooks"]) => Answer::Json(200, json!({ "deliveries": world.webhooks.list(100, lang(call)) })),
        ("POST", ["webhooks", number, "resend"]) => match number.parse() {
            Ok(number) if world.webhooks.again(world, number) => Answer::Json(202, json!({ "queued": true })),
            _ => found(None),
        },
        ("POST", ["reset"]) => {
            world.state().clear();
            world.journal.clear();
            world.webhooks.clear();
            world.faults.remove(None);
            Answer::Json(200, json!({ "reset": true }))
        }
        _ => found(None),
    }
}

fn found(value: Option<Value>) -> Answer {
    match value {
        Some(value) => Answer::Json(200, value),
        None => Answer::Json(404, json!({ "error": "not found", "documentation": "GET /_homologa/" })),
    }
}

/// The language that a request asks for.
fn lang(call: &Call) -> Lang {
    let known = |tag: &str| Lang::ALL.into_iter().find(|lang| lang.tag() == tag);
    let preferred = call.header("accept-language").unwrap_or_default();
    let preferred = preferred.split(',').filter_map(|one| known(one.trim().get(..2)?));
    call.param("lang").and_then(known).or_else(|| preferred.into_iter().next()).unwrap_or_default()
}

/// Lets something happen to a payment, and tells of it.
fn happen(world: &World, id: u64, what: &str, order: Option<&str>) -> Answer {
    let now = world.now();
    if what != "notify" {
        let Some((_, happening)) = Happening::ALL.into_iter().find(|(name, _)| *name == what) else {
            return found(None);
        };
        let mut state = world.state();
        let Some(payment) = state.payments.get_mut(&id) else { return found(None) };
        if !Arc::make_mut(payment).happen(happening, now) {
            let (status, detail) = payment.pair();
            let error = "this cannot happen to a payment in this status";
            return Answer::Json(409, json!({ "error": error, "status": status, "status_detail": detail }));
        }
    }
    let event = match order {
        Some(order) => orders::news(world, order).map(|(event, _)| event),
        None => payment_event(world, id, "payment.updated"),
    };
    let Some(event) = event else { return found(None) };
    if what == "chargeback" {
        let topic = Event { topic: "chargebacks", action: "chargebacks.created".to_owned(), ..event.clone() };
        world.webhooks.announce(world, topic);
    }
    world.webhooks.announce(world, event);
    found(view::payment(world, id))
}

fn add_faults(world: &World, call: &Call) -> Answer {
    let text = String::from_utf8_lossy(call.body);
    match plan::read(&Source::new("faults", &text), world.catalogue) {
        Ok(rules) => match world.faults.add(rules) {
            true => Answer::Json(201, json!({ "faults": world.faults.list() })),
            false => Answer::Json(409, json!({ "error": "too many faults at a time" })),
        },
        Err(problems) => {
            let lang = lang(call);
            let told = problems.iter().map(|problem| {
                let fix = problem.fix.as_ref().map(|fix| fix.render(lang));
                json!({ "error": problem.message.render(lang), "fix": fix })
            });
            Answer::Json(400, json!({ "problems": told.collect::<Vec<Value>>() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn pages_of_the_web_are_kept_out() {
        let trust = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            trusted(&Call::new("POST", "/_homologa/reset", &map, b""))
        };
        assert!(trust(&[("host", "127.0.0.1:4242")]) && trust(&[("host", "[::1]:4242")]) && trust(&[]));
        assert!(trust(&[("host", "localhost:4242"), ("origin", "http://localhost:4242")]));
        assert!(trust(&[("host", "api.mercadopago.com")]) && trust(&[("host", "sandbox:4242")]));
        assert!(!trust(&[("host", "localhost:4242"), ("origin", "https://evil.example")]));
        assert!(!trust(&[("host", "evil.example"), ("origin", "http://evil.example")]));
        assert!(!trust(&[("host", "localhost:4242"), ("origin", "null")]));
        assert!(!trust(&[("host", "localhost:4242"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn the_prefix_is_no_prefix_of_the_api() {
        assert!(owns("/_homologa") && owns("//_homologa/x") && !owns("/v1/_homologa") && !owns("/"));
    }
}
