//! JSON Schemas of API bodies (`specs/schemas/`), compiled once each.
//!
//! The only place that knows the validator crate. Remote references are never fetched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::Value;

/// A place where a body breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the body; empty for the whole body.
    pub path: String,
    /// What the validator says, in English.
    pub message: String,
}

impl Violation {
    /// Whether the value would have fitted with another JSON type.
    pub fn wants(&self, json_type: &str) -> bool {
        self.is_of_type() && self.message.contains(&format!("\"{json_type}\""))
    }

    /// Whether the number of a document stands there as a number: text is the rule, and a number is a warning only.
    pub fn is_document_as_number(&self, body: &Value) -> bool {
        self.path.ends_with("/identification/number") && body.pointer(&self.path).is_some_and(Value::is_u64)
    }

    /// The member that is missing, where that is what breaks the schema.
    pub fn missing(&self) -> Option<&str> {
        self.message.strip_suffix(" is a required property").map(|name| name.trim_matches('"'))
    }

    /// Whether it is the JSON type that does not fit, and not a choice among schemas, a length or a pattern.
    pub fn is_of_type(&self) -> bool {
        self.message.contains("not of type")
    }
}

/// Most violations that are listed for one body.
const MOST_VIOLATIONS: usize = 20;

/// The names of the built-in schemas, sorted.
pub fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(list)
}

/// Found among the direct entries: a search by path looks at every file of `specs/`.
fn folder() -> Option<&'static include_dir::Dir<'static>> {
    super::FILES.dirs().find(|folder| folder.path().as_os_str() == "schemas")
}

fn list() -> Vec<&'static str> {
    let mut names: Vec<&str> = folder()
        .into_iter()
        .flat_map(include_dir::Dir::files)
        .filter_map(|file| file.path().file_name()?.to_str()?.strip_suffix(".schema.json"))
        .collect();
    names.extend(super::overlay::names("schemas").filter_map(|name| name.strip_suffix(".schema.json")));
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a schema can be used.
pub(super) fn compiles(schema: &Value) -> bool {
    compile(schema).is_some()
}

/// The text of a built-in schema.
pub fn text(name: &str) -> Option<&'static str> {
    let name = format!("{name}.schema.json");
    if let Some(own) = super::overlay::text(&format!("schemas/{name}")) {
        return Some(own);
    }
    let is_named = |file: &&include_dir::File<'_>| file.path().file_name().is_some_and(|file| *file == *name);
    folder()?.files().find(is_named)?.contents_utf8()
}

fn validator(name: &str) -> Option<Arc<Validator>> {
    static COMPILED: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let mut compiled = COMPILED.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(validator) = compiled.get(name) {
        return Some(validator.clone());
    }
    let schema: Value = serde_json::from_str(text(name)?).ok()?;
    let validator = Arc::new(compile(&schema)?);
    compiled.insert(name.to_owned(), validator.clone());
    Some(validator)
}

/// A schema as draft 7, which means the same: the files use only what both drafts know (a test sees to that), and the
/// meta-schema of draft 2020-12, which the validator crate compiles first, takes most of the time of a short run.
fn compile(schema: &Value) -> Option<Validator> {
    jsonschema::options().with_draft(Draft::Draft7).build(schema).ok()
}

/// Checks a body against a built-in schema; no violation means that it conforms. `None` when there is no such
/// schema.
pub fn check(name: &str, body: &Value) -> Option<Vec<Violation>> {
    let validator = validator(name)?;
    if validator.is_valid(body) {
        return Some(Vec::new());
    }
    let violations = validator.iter_errors(body).take(MOST_VIOLATIONS).map(|error| Violation {
        path: error.instance_path().to_string(),
        message: error.to_string().chars().take(300).collect(),
    });
    Some(violations.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// What means the same in draft 7 and in draft 2020-12; `items` has to be one schema.
    const IN_BOTH: &str = "$defs $id $ref $schema additionalProperties allOf anyOf const default description enum \
        examples exclusiveMaximum exclusiveMinimum items maxItems maxLength maxProperties maximum minItems minLength \
        minProperties minimum multipleOf not oneOf pattern properties required title type uniqueItems";

    fn same_in_both(schema: &Value, at: &str) {
        let Some(members) = schema.as_object() else { return };
        for (name, value) in members {
            assert!(IN_BOTH.split(' ').any(|known| known == name), "{at}: {name} is not known to mean the same");
            match (name.as_str(), value) {
                ("properties" | "$defs", Value::Object(named)) => {
                    named.iter().for_each(|(name, schema)| same_in_both(schema, &format!("{at}/{name}")));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                    schemas.iter().for_each(|schema| same_in_both(schema, at));
                }
                ("items", value) => {
                    assert!(value.is_object(), "{at}: draft 2020-12 knows no list of items");
                    same_in_both(value, at);
                }
                ("additionalProperties" | "not", value) => same_in_both(value, at),
                // Draft 7 does not look at what stands beside a reference.
                ("$ref", _) => assert!(
                    members.keys().all(|name| matches!(name.as_str(), "$ref" | "title" | "description")),
                    "{at}: something beside a reference"
                ),
                _ => {}
            }
        }
    }

    #[test]
    fn every_schema_means_the_same_in_both_drafts() {
        for name in super::names() {
            let schema: Value = serde_json::from_str(super::text(name).unwrap()).unwrap();
            same_in_both(&schema, name);
            jsonschema::draft202012::new(&schema).unwrap();
        }
    }

    #[test]
    fn every_schema_compiles() {
        for name in super::names() {
            assert!(super::validator(name).is_some(), "{name}");
        }
        assert!(super::check("no-such-schema", &serde_json::Value::Null).is_none());
    }
}
