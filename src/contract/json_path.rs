//! JSONPath (RFC 9535), each expression read once however many scenarios use it.
//!
//! The only place that knows the JSONPath crate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use serde_json_path::JsonPath;

/// Most expressions that are kept; a run has few, and a file full of different ones must not fill the memory.
const MOST_KEPT: usize = 4096;

/// Reads an expression.
///
/// # Errors
/// What is wrong with it, in English.
pub(super) fn parse(text: &str) -> Result<Arc<JsonPath>, String> {
    static READ: OnceLock<Mutex<HashMap<String, Arc<JsonPath>>>> = OnceLock::new();
    let mut read = READ.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = read.get(text) {
        return Ok(path.clone());
    }
    let path = Arc::new(JsonPath::parse(text).map_err(|error| error.to_string())?);
    if read.len() < MOST_KEPT {
        read.insert(text.to_owned(), path.clone());
    }
    Ok(path)
}

/// The values at an expression; none when it does not read (reading the file has checked that it does).
pub(super) fn query<'b>(text: &str, body: &'b Value) -> Vec<&'b Value> {
    parse(text).map(|path| path.query(body).all()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_read_once_and_give_every_value() {
        assert!(Arc::ptr_eq(&parse("$.a[*].b").unwrap(), &parse("$.a[*].b").unwrap()));
        let body = json!({"a": [{"b": 1}, {"b": 2}]});
        assert_eq!(query("$.a[*].b", &body), [&json!(1), &json!(2)]);
        assert!(query("$.c", &body).is_empty());
        assert!(parse("a.b").is_err());
    }
}
