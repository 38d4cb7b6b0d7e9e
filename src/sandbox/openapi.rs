//! `GET /openapi.json`: the OpenAPI 3.1 document of what the sandbox serves.
//!
//! Responsible for making it of the operations in `specs/openapi/` and the schemas in `specs/schemas/`. Not
//! responsible for routing: a test compares the operations with the router.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::reply::Reply;
use crate::specs::schemas;

/// A file of `specs/openapi/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    tag: String,
    operations: Vec<Operation>,
    #[serde(default)]
    schemas: BTreeMap<String, Value>,
}

/// One operation: see `specs/openapi/README.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    id: String,
    summary: String,
    pub(super) method: String,
    pub(super) path: String,
    access: Access,
    #[serde(default)]
    key: bool,
    #[serde(default)]
    query: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    answers: BTreeMap<String, String>,
    #[serde(default)]
    errors: Vec<u16>,
    /// Operations, by their ids, that take the id which a 201 answers.
    #[serde(default)]
    links: Vec<String>,
}

/// Who may ask.
#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Access {
    Token,
    FrontEnd,
    None,
}

fn resources() -> Vec<Resource> {
    crate::specs::folder("openapi").collect()
}

/// Every operation that the document describes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    resources().into_iter().flat_map(|resource| resource.operations).collect()
}

/// `GET /openapi.json`.
pub(super) fn read() -> Reply {
    Reply::json(200, document().clone())
}

/// The document, made once.
pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        let mut components = Map::new();
        for name in schemas::names() {
            let schema = schemas::text(name).and_then(|text| serde_json::from_str(text).ok());
            components.insert((*name).to_owned(), local(schema.unwrap_or_default(), name));
        }
        for resource in resources() {
            for operation in &resource.operations {
                let path = paths.entry(operation.path.clone()).or_default();
                path.insert(operation.method.to_ascii_lowercase(), operation.describe(&resource.tag));
            }
            components.extend(resource.schemas);
        }
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "homologa sandbox",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "A stand-in for the payments API of Mercado Pago. Not made by Mercado Pago.",
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {
                    "token": { "type": "http", "scheme": "bearer", "description": "Access token." },
                    "key": { "type": "apiKey", "in": "query", "name": "public_key", "description": "Public key." },
                },
            },
        })
    })
}

/// A schema as a component: without a name of its own, its references from the top of the document.
fn local(mut schema: Value, name: &str) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.remove("$id");
        members.remove("$schema");
    }
    rebase(&mut schema, name);
    schema
}

fn rebase(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if key == "$ref" => {
                        if let Some(rest) = text.strip_prefix('#') {
                            *text = format!("#/components/schemas/{name}{rest}");
                        }
                    }
                    other => rebase(other, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, name)),
        _ => {}
    }
}

/// A reference to a schema by name; `name[]` is a list.
fn reference(name: &str) -> Value {
    match name.strip_suffix("[]") {
        Some(item) => json!({ "type": "array", "items": reference(item) }),
        None => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

impl Operation {
    fn describe(&self, tag: &str) -> Value {
        let mut parameters: Vec<Value> = self.path_names().map(|name| parameter("path", name, true)).collect();
        parameters.extend(self.query.iter().map(|name| parameter("query", name, false)));
        if self.key {
            parameters.push(json!({
                "name": "X-Idempotency-Key", "in": "header", "required": true,
                "schema": { "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$" },
            }));
        }
        let mut described = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [tag],
            "parameters": parameters,
            "responses": self.responses(),
            "security": match self.access {
                Access::Token => json!([{ "token": [] }]),
                Access::FrontEnd => json!([{ "token": [] }, { "key": [] }]),
                Access::None => json!([]),
            },
        });
        if let (Some(body), Some(members)) = (&self.body, described.as_object_mut()) {
            let content = json!({ "application/json": { "schema": reference(body) } });
            // A refund of all that is left has no body.
            let required = !body.ends_with("refund_request");
            members.insert("requestBody".into(), json!({ "required": required, "content": content }));
        }
        described
    }

    fn path_names(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Where the id of what was created leads: the operations' other parameters are those of the request.
    fn linked(&self) -> Value {
        let resources = resources();
        let all = resources.iter().flat_map(|resource| &resource.operations);
        let targets = all.filter(|target| self.links.contains(&target.id));
        let links = targets.map(|target| {
            let names: Vec<&str> = target.path_names().collect();
            let own: Vec<&str> = self.path_names().collect();
            let parameter = |name: &&str| match own.contains(name) {
                true => ((*name).to_owned(), json!(format!("$request.path.{name}"))),
                false => ((*name).to_owned(), json!("$response.body#/id")),
            };
            let parameters: Map<String, Value> = names.iter().map(parameter).collect();
            (target.id.clone(), json!({ "operationId": target.id, "parameters": parameters }))
        });
        Value::Object(links.collect())
    }

    fn responses(&self) -> Value {
        let mut responses = BTreeMap::new();
        let mut errors = self.errors.clone();
        if self.access != Access::None {
            errors.extend([401, 403]);
        }
        if self.path_names().next().is_some() {
            errors.push(404);
        }
        if self.body.is_some() {
            errors.push(400);
        }
        // Said by the server itself, before any resource is asked: the body took too long or is too large.
        errors.extend([408, 413]);
        for status in errors {
            let content = json!({ "application/json": { "schema": reference("error") } });
            responses.insert(status.to_string(), json!({ "description": "Refused", "content": content }));
        }
        for (status, schema) in &self.answers {
            let mut answer = json!({ "description": self.summary });
            if let (false, Some(members)) = (schema.is_empty(), answer.as_object_mut()) {
                members.insert("content".into(), json!({ "application/json": { "schema": reference(schema) } }));
            }
            if let ("201", false, Some(members)) = (status.as_str(), self.links.is_empty(), answer.as_object_mut()) {
                members.insert("links".into(), self.linked());
            }
            responses.insert(status.clone(), answer);
        }
        json!(responses)
    }
}

fn parameter(place: &str, name: &str, required: bool) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;
    use crate::sandbox::tests::bench::Bench;

    /// Method and path with `*` for what varies.
    fn name(method: &str, parts: &[&str]) -> String {
        format!("{method} /{}", parts.join("/"))
    }

    #[test]
    fn every_route_of_the_router_is_an_operation_and_the_other_way_round() {
        // The router is one `match`: its lines are read as text, for the compiler keeps no list of them.
        let route = Regex::new(r#"\("([A-Z]+)", \[([^\]]*)\]\)\s*=>"#).unwrap();
        let routed: BTreeSet<String> = route
            .captures_iter(include_str!("router.rs"))
            .map(|found| {
                let parts: Vec<&str> = found[2].split(", ").map(|part| part.trim_matches('"')).collect();
                let fixed = found[2].split(", ").map(|part| part.starts_with('"'));
                let parts: Vec<&str> =
                    parts.into_iter().zip(fixed).map(|(part, fixed)| if fixed { part } else { "*" }).collect();
                name(&found[1], &parts)
            })
            .collect();
        assert!(routed.len() > 15, "the lines of the router look different now: {routed:?}");
        let described: BTreeSet<String> = operations()
            .iter()
            .map(|operation| {
                let parts = operation.path.trim_start_matches('/').split('/');
                let parts: Vec<&str> = parts.map(|part| if part.starts_with('{') { "*" } else { part }).collect();
                name(&operation.method, &parts)
            })
            .collect();
        assert_eq!(routed.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new(), "not described");
        // Resources with a router of their own are asked instead.
        for operation in operations() {
            let bench = Bench::new("MLA");
            let uri = operation.path.replace(['{', '}'], "");
            let (status, body) = bench.ask(&operation.method, &uri, &Value::Null);
            let unknown = body["error"] == "resource not found";
            assert!(status != 405 && !unknown, "{} {uri}: {status} {body}", operation.method);
        }
    }

    #[test]
    fn every_file_is_read_and_every_schema_compiles() {
        let files = crate::specs::FILES
            .get_dir("openapi")
            .unwrap()
            .files()
            .filter(|file| file.path().extension().is_some_and(|end| end == "yaml"));
        assert_eq!(files.count(), resources().len());
        let document = document();
        let ids: Vec<String> = operations().into_iter().map(|operation| operation.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        for link in operations().iter().flat_map(|operation| &operation.links) {
            assert!(ids.contains(link), "{link}");
        }
        let components = document["components"]["schemas"].as_object().unwrap();
        for name in components.keys() {
            // As a tool sees it: the document with the component at its root.
            let mut schema = document.clone();
            schema["$ref"] = json!(format!("#/components/schemas/{name}"));
            jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let text = document.to_string();
        let reference = Regex::new(r##""\$ref":"#([^"]*)""##).unwrap();
        for found in reference.captures_iter(&text) {
            assert!(document.pointer(&found[1]).is_some(), "{}", &found[1]);
        }
    }
}
