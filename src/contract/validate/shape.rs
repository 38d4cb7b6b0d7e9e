//! Names the shapes that bend the documented envelope of an error.

use serde_json::Value;

use super::unwrap::http_status;
use crate::contract::judge::NormalError;
use crate::i18n::Message;

/// The shapes of an error body, by name; none when it is the documented envelope or the gate keeper's flat one.
pub(super) fn shapes(body: &Value, normal: &NormalError) -> Vec<&'static str> {
    let has = |name: &str| body.get(name).is_some();
    if !body.is_object() {
        return vec!["not-an-object"];
    }
    if has("ErrorMessage") || has("ErrorCode") {
        return vec!["older-vocabulary"];
    }
    if has("errors") {
        return vec!["orders"];
    }
    // The gate keeper's flat body is the one that the catalogue documents.
    if has("blocked_by") {
        return Vec::new();
    }
    if has("code") && !has("cause") && !has("causes") {
        return vec!["flat"];
    }
    if !has("cause") && !has("causes") {
        return vec![if has("error") { "cause-missing" } else { "message-only" }];
    }
    let mut shapes: Vec<&'static str> = Vec::new();
    for shape in normal.shapes.iter().filter(|shape| **shape != "flat") {
        if !shapes.contains(shape) {
            shapes.push(shape);
        }
    }
    if has("causes") && !has("cause") {
        shapes.push("causes");
    }
    match body.get("cause").or_else(|| body.get("causes")) {
        Some(Value::Array(items)) if items.is_empty() => shapes.push("cause-empty"),
        Some(Value::Array(items)) if !items.is_empty() && normal.causes.is_empty() => shapes.push("cause-without-code"),
        Some(Value::String(_)) => {
            shapes.retain(|shape| *shape != "cause-null");
            shapes.push("cause-text");
        }
        _ => {}
    }
    let placeholder =
        |value: &Value| value.as_str().is_some_and(|text| http_status(value).is_none() && !text.is_empty());
    if body.get("status").is_some_and(placeholder) {
        shapes.push("status-placeholder");
    }
    shapes
}

/// What a shape is, in words.
pub(super) fn told(shape: &'static str) -> Message {
    let message = match shape {
        "html" => Message::new("validate.shape-html"),
        "empty" => Message::new("validate.shape-empty"),
        "not-an-object" => Message::new("validate.shape-not-an-object"),
        "older-vocabulary" => Message::new("validate.shape-older-vocabulary"),
        "orders" => Message::new("validate.shape-orders"),
        "flat" => Message::new("validate.shape-flat"),
        "message-only" => Message::new("validate.shape-message-only"),
        "cause-missing" => Message::new("validate.shape-cause-missing"),
        "cause-null" => Message::new("validate.shape-cause-null"),
        "cause-empty" => Message::new("validate.shape-cause-empty"),
        "cause-object" => Message::new("validate.shape-cause-object"),
        "cause-nested" => Message::new("validate.shape-cause-nested"),
        "cause-text" => Message::new("validate.shape-cause-text"),
        "cause-without-code" => Message::new("validate.shape-cause-without-code"),
        "causes" => Message::new("validate.shape-causes"),
        "status-placeholder" => Message::new("validate.shape-status-placeholder"),
        _ => Message::new("validate.shape-not-json"),
    };
    message.with("shape", shape)
}
