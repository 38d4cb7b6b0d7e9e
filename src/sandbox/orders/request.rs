//! Reading the bodies of orders: which properties exist, of which type, and what their values may be.
//!
//! The order of checks: JSON, unknown properties, missing ones, types, values, sums. Names are those of the reference
//! and of the request types of the official SDKs; members of free parts (`config`, `items`, `additional_info`, …) are
//! given back as they came. Not responsible for what the payment inside refuses.

use serde_json::{Map, Value};

use super::errors::{Answered, OrderError, demand};
use crate::sandbox::router::Call;

/// Most decimals and digits of an amount.
const MOST_DIGITS: usize = 12;
/// Most items of an order.
const MOST_ITEMS: usize = 100;

const KNOWN: &[&str] = &[
    "additional_info",
    "capture_mode",
    "checkout_available_at",
    "config",
    "currency",
    "description",
    "expiration_time",
    "external_reference",
    "integration_data",
    "items",
    "marketplace",
    "marketplace_fee",
    "payer",
    "processing_mode",
    "shipment",
    "taxes",
    "total_amount",
    "transactions",
    "type",
    // Sent by clients of before 2025.
    "type_config",
];
const TEXTS: &[&str] = &[
    "capture_mode",
    "checkout_available_at",
    "currency",
    "description",
    "expiration_time",
    "external_reference",
    "marketplace",
    "marketplace_fee",
    "processing_mode",
    "total_amount",
    "type",
];
const OBJECTS: &[&str] =
    &["additional_info", "config", "integration_data", "payer", "shipment", "transactions", "type_config"];
const KNOWN_PAYMENT: &[&str] = &[
    "amount",
    "automatic_payments",
    "date_of_expiration",
    "expiration_time",
    "payment_method",
    "stored_credential",
    "subscription_data",
];
const KNOWN_METHOD: &[&str] =
    &["financial_institution", "id", "installments", "statement_descriptor", "token", "transaction_security", "type"];

/// The body of a new order, checked as far as it can be alone.
pub(super) struct NewOrder {
    pub(super) manual: bool,
    pub(super) capture_mode: String,
    pub(super) total: String,
    pub(super) payments: Vec<NewPayment>,
    pub(super) sent: Map<String, Value>,
}

/// A payment to be, as the body has it.
#[derive(Debug, Clone)]
pub(super) struct NewPayment {
    pub(super) amount: String,
    pub(super) method: Map<String, Value>,
    pub(super) expires: Option<Value>,
}

/// The body as an object; nothing at all counts as an empty one where `empty` allows it.
pub(super) fn object(call: &Call, empty: bool) -> Answered<Map<String, Value>> {
    if empty && call.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(call.body) {
        Ok(Value::Object(object)) => Ok(object),
        // Some clients send the word null where they have nothing to say.
        Ok(Value::Null) if empty => Ok(Map::new()),
        _ => Err(OrderError::new(400, "json_syntax_error")),
    }
}

/// Reads the body of `POST /v1/orders`.
pub(super) fn order(call: &Call) -> Answered<NewOrder> {
    let mut body = object(call, false)?;
    body.retain(|_, value| !value.is_null());
    known(&body, KNOWN, "")?;
    for name in ["type", "payer"] {
        demand(body.contains_key(name), "required_properties", name)?;
    }
    for name in TEXTS {
        demand(body.get(*name).is_none_or(Value::is_string), "property_type", name)?;
    }
    for name in OBJECTS {
        demand(body.get(*name).is_none_or(Value::is_object), "property_type", name)?;
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    demand(text("type") == Some("online"), "property_value", "type")?;
    let mode = text("processing_mode").unwrap_or("automatic");
    demand(matches!(mode, "automatic" | "manual"), "property_value", "processing_mode")?;
    let manual = mode == "manual";
    let older = body.get("type_config").and_then(|config| config.get("capture_mode")).and_then(Value::as_str);
    let capture_mode = text("capture_mode").or(older).unwrap_or("automatic").to_owned();
    let capture_known = matches!(capture_mode.as_str(), "automatic" | "manual" | "automatic_async");
    demand(capture_known, "property_value", "capture_mode")?;
    let payments = match body.get("transactions").and_then(|transactions| transactions.get("payments")) {
        Some(payments) => self::payments(payments)?,
        None if manual => Vec::new(),
        None => return Err(OrderError::property("required_properties", "transactions.payments")),
    };
    let total = match text("total_amount") {
        Some(total) => amount(total, "total_amount")?.to_owned(),
        None => match payments.first() {
            Some(payment) => payment.amount.clone(),
            None => return Err(OrderError::property("required_properties", "total_amount")),
        },
    };
    sums_agree(&body, &payments, &total)?;
    Ok(NewOrder { manual, capture_mode, total, payments, sent: body })
}

/// Reads a list of payments, of which an order takes one.
pub(super) fn payments(value: &Value) -> Answered<Vec<NewPayment>> {
    let path = "transactions.payments";
    let list = value.as_array().ok_or_else(|| OrderError::property("property_type", path))?;
    demand(!list.is_empty(), "minimum_items", path)?;
    demand(list.len() == 1, "exceeded_number_of_transactions", path)?;
    list.iter().enumerate().map(|(index, payment)| self::payment(payment, &format!("{path}[{index}]"))).collect()
}

fn payment(value: &Value, path: &str) -> Answered<NewPayment> {
    let payment = value.as_object().ok_or_else(|| OrderError::property("property_type", path))?;
    known(payment, KNOWN_PAYMENT, path)?;
    let missing = |name: &str| OrderError::property("required_properties", format!("{path}.{name}"));
    let text = payment.get("amount").filter(|value| !value.is_null()).ok_or_else(|| missing("amount"))?;
    let name = format!("{path}.amount");
    let text = text.as_str().ok_or_else(|| OrderError::property("property_type", &name))?;
    let method = payment.get("payment_method").ok_or_else(|| missing("payment_method"))?;
    let method = self::method(method, &format!("{path}.payment_method"))?;
    for name in ["id", "type"] {
        demand(method.contains_key(name), "required_properties", &format!("{path}.payment_method.{name}"))?;
    }
    Ok(NewPayment {
        amount: amount(text, &name)?.to_owned(),
        method,
        expires: payment.get("date_of_expiration").filter(|value| !value.is_null()).cloned(),
    })
}

/// Reads a payment method, of which a change may name a part.
pub(super) fn method(value: &Value, path: &str) -> Answered<Map<String, Value>> {
    let mut method = value.as_object().cloned().ok_or_else(|| OrderError::property("property_type", path))?;
    method.retain(|_, value| !value.is_null());
    known(&method, KNOWN_METHOD, path)?;
    for name in ["id", "type", "token", "statement_descriptor", "financial_institution"] {
        demand(method.get(name).is_none_or(Value::is_string), "property_type", &format!("{path}.{name}"))?;
    }
    if let Some(installments) = method.get("installments") {
        demand(installments.is_u64(), "property_type", &format!("{path}.installments"))?;
    }
    Ok(method)
}

/// An amount as orders have them: text, digits, at most two decimals, above zero.
pub(super) fn amount<'t>(text: &'t str, path: &str) -> Answered<&'t str> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = digits(whole) && digits(decimals) && decimals.len() <= 2 && whole.len() <= MOST_DIGITS;
    demand(sound && hundredths(text) > 0, "property_value", path)?;
    Ok(text)
}

/// An amount in hundredths; zero for what is none.
pub(super) fn hundredths(text: &str) -> i64 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().unwrap_or_default();
    let decimals: i64 = format!("{decimals:0<2}").get(..2).and_then(|two| two.parse().ok()).unwrap_or_default();
    whole.saturating_mul(100).saturating_add(decimals)
}

/// An amount as the API writes it.
pub(super) fn written(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn known(object: &Map<String, Value>, names: &[&str], path: &str) -> Answered {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => {
            let name: String = name.chars().take(128).collect();
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            Err(OrderError::property("unsupported_properties", path))
        }
        None => Ok(()),
    }
}

fn sums_agree(body: &Map<String, Value>, payments: &[NewPayment], total: &str) -> Answered {
    let total = hundredths(total);
    if !payments.is_empty() {
        let sum: i64 = payments.iter().map(|payment| hundredths(&payment.amount)).sum();
        demand(sum == total, "invalid_total_amount", "total_amount")?;
    }
    let Some(items) = body.get("items") else { return Ok(()) };
    let items = items.as_array().ok_or_else(|| OrderError::property("property_type", "items"))?;
    demand(!items.is_empty(), "minimum_items", "items")?;
    demand(items.len() <= MOST_ITEMS, "maximum_items", "items")?;
    let mut sum = 0i64;
    for (index, item) in items.iter().enumerate() {
        let path = |name: &str| format!("items[{index}].{name}");
        let item = item.as_object().ok_or_else(|| OrderError::property("property_type", format!("items[{index}]")))?;
        demand(item.contains_key("title"), "required_properties", &path("title"))?;
        let price =
            item.get("unit_price").ok_or_else(|| OrderError::property("required_properties", path("unit_price")))?;
        let price = price.as_str().ok_or_else(|| OrderError::property("property_type", path("unit_price")))?;
        let quantity =
            item.get("quantity").ok_or_else(|| OrderError::property("required_properties", path("quantity")))?;
        let quantity = quantity.as_i64().ok_or_else(|| OrderError::property("property_type", path("quantity")))?;
        demand(quantity > 0, "property_value", &path("quantity"))?;
        let price = hundredths(amount(price, &path("unit_price"))?);
        sum = sum.saturating_add(price.saturating_mul(quantity));
    }
    demand(sum == total, "order_items_total_amount_mismatch", "items")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_texts_with_at_most_two_decimals() {
        for right in ["200.00", "0.01", "7", "7.5", "999999999999.99"] {
            assert!(amount(right, "x").is_ok(), "{right}");
        }
        for wrong in ["", ".", "1.", ".5", "-1", "1.234", "0", "0.00", "1e3", "NaN", " 1", "1,00", "9999999999999"] {
            assert!(amount(wrong, "x").is_err(), "{wrong}");
        }
        assert_eq!((hundredths("7.5"), hundredths("7"), hundredths("7.05")), (750, 700, 705));
        assert_eq!(written(705), "7.05");
    }
}
