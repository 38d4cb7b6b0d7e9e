//! What a plan or a subscription has to say.

use serde_json::{Map, Value};

use super::Kind;
use crate::sandbox::clock::parse_date;
use crate::sandbox::json::{as_number, as_text};

/// Members of `auto_recurring` that are kept.
pub(super) const RECURRING: &[&str] = &[
    "billing_day",
    "billing_day_proportional",
    "currency_id",
    "end_date",
    "free_trial",
    "frequency",
    "frequency_type",
    "repetitions",
    "start_date",
    "transaction_amount",
];
/// Most characters of a text.
const MOST_TEXT: usize = 1024;

/// The statuses that a seller may set.
pub(super) fn statuses(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Plan => &["active", "inactive", "cancelled"],
        Kind::Subscription => &["pending", "authorized", "paused", "cancelled"],
    }
}

/// The status of what says nothing about it.
pub(super) fn first_status(kind: Kind) -> &'static str {
    match kind {
        Kind::Plan => "active",
        Kind::Subscription => "pending",
    }
}

/// What is wrong with the whole of what was sent so far, as a sentence.
pub(super) fn check(kind: Kind, sent: &Map<String, Value>) -> Result<(), String> {
    for name in ["reason", "back_url", "external_reference", "payer_email", "preapproval_plan_id", "card_token_id"] {
        let sound = sent.get(name).is_none_or(|value| as_text(value).is_some_and(|text| text.len() <= MOST_TEXT));
        demand(sound, || format!("Invalid value for {name}"))?;
    }
    for name in ["auto_recurring", "payment_methods_allowed"] {
        demand(sent.get(name).is_none_or(Value::is_object), || format!("Invalid value for {name}"))?;
    }
    demand(sent.get("reason").and_then(as_text).is_some_and(|text| !text.trim().is_empty()), || {
        "reason is required".to_owned()
    })?;
    if let Some(url) = sent.get("back_url").and_then(Value::as_str) {
        let sound = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        demand(sound, || "Invalid value for back_url, must be a valid URL".to_owned())?;
    }
    if kind == Kind::Subscription {
        let email = sent.get("payer_email").and_then(Value::as_str);
        let email = email.ok_or_else(|| "payer_email is required".to_owned())?;
        let (local, domain) = email.split_once('@').unwrap_or_default();
        let sound = !local.is_empty() && domain.contains('.') && !domain.contains('@');
        demand(sound && !email.contains(char::is_whitespace), || "Invalid value for payer_email".to_owned())?;
    }
    let recurring = sent.get("auto_recurring").and_then(Value::as_object);
    recurring_is_sound(recurring.ok_or_else(|| "auto_recurring is required".to_owned())?)
}

fn recurring_is_sound(recurring: &Map<String, Value>) -> Result<(), String> {
    let named = |name: &str| format!("Invalid value for auto_recurring.{name}");
    let whole = |name: &str| {
        let number = recurring.get(name).and_then(as_number)?;
        ((1.0..=10_000.0).contains(&number) && number.fract() == 0.0).then_some(number)
    };
    demand(whole("frequency").is_some(), || named("frequency"))?;
    let kind = recurring.get("frequency_type").and_then(Value::as_str);
    demand(matches!(kind, Some("days" | "months")), || named("frequency_type"))?;
    let amount = recurring.get("transaction_amount").and_then(as_number);
    demand(amount.is_some_and(|amount| amount > 0.0 && amount <= 1e10), || named("transaction_amount"))?;
    let currency = recurring.get("currency_id").and_then(Value::as_str);
    let sound = currency.is_some_and(|id| id.len() == 3 && id.bytes().all(|byte| byte.is_ascii_uppercase()));
    demand(sound, || named("currency_id"))?;
    for name in ["repetitions", "billing_day"] {
        demand(recurring.get(name).is_none_or(|_| whole(name).is_some()), || named(name))?;
    }
    demand(recurring.get("billing_day_proportional").is_none_or(Value::is_boolean), || {
        named("billing_day_proportional")
    })?;
    demand(recurring.get("free_trial").is_none_or(|trial| trial.is_object() || trial.is_null()), || {
        named("free_trial")
    })?;
    let date = |name: &str| match recurring.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().and_then(parse_date).map(Some).ok_or_else(|| named(name)),
    };
    let (start, end) = (date("start_date")?, date("end_date")?);
    let ordered = start.zip(end).is_none_or(|(start, end)| start < end);
    demand(ordered, || named("end_date"))
}

fn demand(condition: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(message()) }
}
