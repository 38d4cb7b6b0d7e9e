//! Which attributes a payment may have, and of which type: step 2 of the order in [`super::validation`].
//!
//! The names are those of the reference and of the request types of the official SDKs; a name that any of them sends
//! is never refused. Members of free lists and maps (`items`, `metadata`, `order`) are not looked at.

use serde_json::{Map, Value};

use super::validation::Subject;
use crate::sandbox::errors::{Checked, Refusal, demand};

const KNOWN: &[&str] = &[
    "additional_info",
    "application_fee",
    "binary_mode",
    "callback_url",
    "campaign_id",
    "capture",
    "coupon_amount",
    "coupon_code",
    "date_of_expiration",
    "description",
    "differential_pricing_id",
    "external_reference",
    "forward_data",
    "installments",
    "issuer_id",
    "marketplace",
    "merchant_account_id",
    "merchant_services",
    "metadata",
    "money_release_days",
    "net_amount",
    "notification_url",
    "order",
    "payer",
    "payment_method",
    "payment_method_id",
    "payment_method_option_id",
    "point_of_interaction",
    "processing_mode",
    "sponsor_id",
    "statement_descriptor",
    "taxes",
    "three_d_secure_mode",
    "token",
    "transaction_amount",
    "transaction_details",
];
const KNOWN_PAYER: &[&str] = &[
    "address",
    "authentication_type",
    "email",
    "entity_type",
    "first_name",
    "id",
    "identification",
    "is_first_purchase_online",
    "is_prime_user",
    "last_name",
    "last_purchase",
    "operator_id",
    "phone",
    "registration_date",
    "type",
];
const KNOWN_INFO: &[&str] = &[
    "authentication_code",
    "barcode",
    "ip_address",
    "items",
    "payer",
    "platform",
    "referral_url",
    "shipments",
    "tracking_id",
];
const KNOWN_INFO_PAYER: &[&str] = &[
    "address",
    "authentication_type",
    "email",
    "first_name",
    "identification",
    "is_first_purchase_online",
    "is_prime_user",
    "last_name",
    "last_purchase",
    "mobile",
    "phone",
    "registration_date",
    "user_email",
];

/// Names at the top, in `payer` and in `additional_info`: code 8 with the path of the first unknown one.
pub(super) fn attributes_are_known(subject: &Subject) -> Checked {
    known(subject.body, KNOWN, "")?;
    if let Some(payer) = subject.payer() {
        known(payer, KNOWN_PAYER, "payer.")?;
    }
    if let Some(info) = subject.get("additional_info").and_then(Value::as_object) {
        known(info, KNOWN_INFO, "additional_info.")?;
        if let Some(payer) = info.get("payer").and_then(Value::as_object) {
            known(payer, KNOWN_INFO_PAYER, "additional_info.payer.")?;
        }
    }
    Ok(())
}

fn known(object: &Map<String, Value>, names: &[&str], path: &str) -> Checked {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => {
            let name: String = name.chars().take(128).collect();
            Err(Refusal::bad("8").naming(format!("{path}{name}")))
        }
        None => Ok(()),
    }
}

/// Types of the attributes that have no code of their own: code 1.
pub(super) fn types_can_be_bound(subject: &Subject) -> Checked {
    let all = |names: &[&str], fits: fn(&Value) -> bool| names.iter().all(|name| subject.get(name).is_none_or(fits));
    let text = |value: &Value| value.is_string() || value.is_number();
    let bound = all(&["capture", "binary_mode"], Value::is_boolean)
        && all(&["additional_info", "order", "point_of_interaction", "transaction_details"], |value| {
            // An empty PHP map arrives as an empty array.
            value.is_object() || value.as_array().is_some_and(Vec::is_empty)
        })
        && all(&["description", "external_reference", "statement_descriptor", "issuer_id", "coupon_code"], text)
        && all(&["callback_url", "payment_method_id", "processing_mode", "three_d_secure_mode"], Value::is_string);
    let member =
        |name: &str, inner: &str| subject.get(name).and_then(|value| value.get(inner)).filter(|value| !value.is_null());
    let inside = |object: &Value, names: &[&str]| {
        names.iter().all(|name| object.get(name).is_none_or(|value| value.is_null() || text(value)))
    };
    let item = |item: &Value| item.is_object() && inside(item, &["id", "quantity", "unit_price"]);
    let items = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(item));
    let address = |value: &Value| value.is_null() || value.is_object() && inside(value, &["zip_code", "street_number"]);
    let shipments = |value: &Value| value.is_object() && value.get("receiver_address").is_none_or(address);
    let bound = bound
        && ["first_name", "last_name", "entity_type"].iter().all(|name| member("payer", name).is_none_or(text))
        && member("additional_info", "items").is_none_or(items)
        && member("additional_info", "payer").is_none_or(Value::is_object)
        && member("additional_info", "shipments").is_none_or(shipments);
    demand(bound, "1")
}
