//! Small work on JSON that several resources share.

use serde_json::{Map, Value};

/// Puts what was sent over a skeleton with every member that answers have: objects are gone into, members that the
/// skeleton lacks and values of another type are left out, and null changes nothing. Null in the skeleton takes
/// anything but objects.
pub(super) fn overlay(skeleton: &mut Value, sent: &Value) {
    match (skeleton, sent) {
        (_, Value::Null) => {}
        (Value::Object(members), Value::Object(sent)) if !members.is_empty() => {
            for (name, member) in members {
                if let Some(value) = sent.get(name) {
                    overlay(member, value);
                }
            }
        }
        (place, value) => {
            // A member keeps the type that answers have, also where the service refuses nothing.
            let fits = match place {
                Value::Null => !value.is_object(),
                Value::Bool(_) => value.is_boolean(),
                Value::Number(_) => value.is_number(),
                Value::String(_) => value.is_string(),
                Value::Array(_) => value.is_array(),
                Value::Object(members) => members.is_empty() && value.is_object(),
            };
            if fits {
                value.clone_into(place);
            } else if let (Value::String(place), Value::Number(number)) = (place, value) {
                *place = number.to_string();
            }
        }
    }
}

/// Adds what an update sent to what was sent before: objects are gone into, null changes nothing.
pub(super) fn absorb(kept: &mut Map<String, Value>, sent: &Map<String, Value>) {
    for (name, value) in sent {
        match (kept.get_mut(name), value) {
            (_, Value::Null) => {}
            (Some(Value::Object(kept)), Value::Object(value)) => absorb(kept, value),
            _ => {
                kept.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Most members of an object in which one is found sooner by looking at each than by hashing its name: a payment asks
/// for some seventy.
const FEW: usize = 32;

/// A member of an object.
pub(super) fn member<'o>(object: &'o Map<String, Value>, name: &str) -> Option<&'o Value> {
    if object.len() > FEW {
        return object.get(name);
    }
    object.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// The text of a string, or of a number.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The number of a number, or of a text that is one.
pub(super) fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A number as the API writes it: whole ones without decimals, others to a hundredth.
pub(super) fn amount(number: f64) -> Value {
    let hundredths = (number * 100.0).round();
    if hundredths % 100.0 == 0.0 && hundredths.abs() < 9e15 {
        // Whole and within 53 bits, so that nothing is lost.
        Value::from((hundredths / 100.0) as i64)
    } else {
        serde_json::Number::from_f64(hundredths / 100.0).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_sent_fills_the_skeleton_and_nothing_else() {
        let mut body = json!({ "a": null, "b": { "c": "", "d": null }, "free": {} });
        overlay(&mut body, &json!({ "a": [1], "b": { "c": "x", "z": 1 }, "free": { "k": 1 }, "other": true }));
        assert_eq!(body, json!({ "a": [1], "b": { "c": "x", "d": null }, "free": { "k": 1 } }));
        overlay(&mut body, &json!({ "a": null, "b": "text" }));
        assert_eq!(body["a"], json!([1]));
        assert_eq!(body["b"]["c"], "x");
    }

    #[test]
    fn an_update_leaves_what_it_does_not_name() {
        let mut kept = json!({ "a": { "b": 1, "c": 2 } }).as_object().unwrap().clone();
        absorb(&mut kept, json!({ "a": { "c": 3 }, "d": null, "e": 4 }).as_object().unwrap());
        assert_eq!(Value::Object(kept), json!({ "a": { "b": 1, "c": 3 }, "e": 4 }));
    }

    #[test]
    fn members_are_found_in_objects_of_any_size() {
        for size in [0, 1, FEW, FEW + 1] {
            let object: Map<String, Value> = (0..size).map(|number| (format!("m{number}"), json!(number))).collect();
            assert!((0..size).all(|number| member(&object, &format!("m{number}")) == Some(&json!(number))), "{size}");
            assert_eq!(member(&object, "m"), None);
        }
    }

    #[test]
    fn amounts_are_written_as_the_api_does() {
        assert_eq!(amount(10.0), json!(10));
        assert_eq!(amount(33.333), json!(33.33));
        assert_eq!(amount(-0.0), json!(0));
        assert_eq!((as_number(&json!("5.5")), as_number(&json!("NaN"))), (Some(5.5), None));
    }
}
