//! Documented against documented: our documents against the reference page, another catalogue or an OpenAPI file.
//!
//! Finds differences and looks their weight up in `specs/drift.yaml`; reads no file and prints nothing.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::json::plain_text;
use super::judge::plain;
use super::text::{foreign_format, utf8};
use crate::i18n::Message;
use crate::run::Problem;
use crate::secret::Redactor;
use crate::specs::catalogue::catalogue;
use crate::specs::drift::{Weight, weight_of};
use crate::specs::statuses::statuses;
use crate::specs::{reference_page, schemas, sites};
use crate::yaml::{self, Source};

/// Most differences that are told.
const MOST_DIFFERENCES: usize = 1_000;
/// Most places of an OpenAPI document that are searched for references.
const MOST_PLACES: usize = 100_000;
/// Deepest place of an OpenAPI schema that is compared.
const DEEPEST: usize = 6;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Kind, as `specs/drift.yaml` names it.
    pub kind: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// What differs: an id of the catalogue, a status or the place of a field.
    pub place: String,
    /// What our documents say.
    pub ours: Option<String>,
    /// What the other document says.
    pub theirs: Option<String>,
}

/// What comparing gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Drift {
    /// What the other document is: `reference-page`, `catalogue` or `openapi`.
    pub document: &'static str,
    /// Codes (or statuses) that it has.
    pub found: usize,
    /// The differences, heaviest first.
    pub differences: Vec<Difference>,
    /// References to other files, which are not followed: what stands there was not compared.
    pub outside_references: usize,
    /// Files of a folder that hold no catalogue.
    pub skipped_files: usize,
    /// Differences beyond those that are listed.
    pub unlisted: usize,
}

impl Drift {
    /// Whether a difference breaks integrations.
    pub fn breaking(&self) -> bool {
        self.differences.iter().any(|difference| difference.weight == Weight::Breaking)
    }

    fn add(&mut self, kind: &'static str, place: &str, ours: Option<&str>, theirs: Option<&str>) {
        if self.differences.len() < MOST_DIFFERENCES {
            let clean = |text: &str| Redactor::default().text(text).chars().take(300).collect::<String>();
            let (ours, theirs) = (ours.map(clean), theirs.map(clean));
            self.differences.push(Difference { kind, weight: weight_of(kind), place: clean(place), ours, theirs });
        } else {
            self.unlisted += 1;
        }
    }
}

/// One error of another catalogue.
struct Documented {
    status: u16,
    code: String,
    message: Option<String>,
}

impl Documented {
    /// From an entry of a catalogue; codes and statuses may be numbers or texts.
    fn read(entry: &Value) -> Option<Documented> {
        let text = |name: &str| match entry.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Some(Documented { status: text("status")?.parse().ok()?, code: text("code")?, message: text("message") })
    }
}

/// What another document is.
enum Document {
    Page(Vec<Documented>),
    Catalogue(Vec<Documented>),
    OpenApi(Value),
}

/// Compares our documents with another one; `name` is its file for problems.
///
/// # Errors
/// It is neither a reference page nor a catalogue nor an OpenAPI document.
pub fn compare(name: &str, bytes: &[u8]) -> Result<Drift, Problem> {
    let unknown = || Problem::input(Message::new("drift.unknown-document")).in_file(name);
    let mut drift = match document(name, bytes)?.ok_or_else(unknown)? {
        Document::Page(theirs) => codes("reference-page", &theirs),
        Document::Catalogue(theirs) => codes("catalogue", &theirs),
        Document::OpenApi(document) => openapi(&document).ok_or_else(unknown)?,
    };
    drift.differences.sort_by_key(|found| found.weight);
    Ok(drift)
}

/// Compares our catalogue with another one that is spread over files; files of something else are counted.
///
/// # Errors
/// A file cannot be read as what its name promises, or none of them holds a catalogue.
pub fn compare_files(folder: &str, files: &[(String, Vec<u8>)]) -> Result<Drift, Problem> {
    let (mut theirs, mut skipped) = (Vec::new(), 0);
    for (name, bytes) in files {
        match document(name, bytes)? {
            Some(Document::Catalogue(entries)) => theirs.extend(entries),
            _ => skipped += 1,
        }
    }
    if theirs.is_empty() {
        return Err(Problem::input(Message::new("drift.unknown-folder")).in_file(folder));
    }
    let mut drift = codes("catalogue", &theirs);
    drift.skipped_files = skipped;
    drift.differences.sort_by_key(|found| found.weight);
    Ok(drift)
}

/// Reads a document; `None` when it is none of those that are known.
fn document(name: &str, bytes: &[u8]) -> Result<Option<Document>, Problem> {
    let mut bytes = utf8(bytes);
    if let Some(message) = foreign_format(&bytes) {
        return Err(Problem::input(message).in_file(name));
    }
    if std::str::from_utf8(&bytes).is_err() {
        // A page saved in the older encoding of western Europe, whose bytes are the first characters of Unicode.
        bytes = Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes());
    }
    let page = reference_page::read(&bytes);
    if !page.is_empty() {
        let row = |entry: reference_page::PageEntry| Documented {
            status: entry.status,
            code: entry.code,
            message: entry.text,
        };
        return Ok(Some(Document::Page(page.into_iter().map(row).collect())));
    }
    let text = String::from_utf8_lossy(&bytes);
    let start = text.trim_start();
    let refused = |message: Message| Problem::input(message).in_file(name);
    let whole: Value = if start.starts_with('{') {
        serde_json::from_str(start).map_err(|error| {
            let message = Message::new("drift.not-json");
            refused(message.with("line", error.line()).with("column", error.column()))
        })?
    } else if reference_page::looks_like_html(start) {
        return Ok(None);
    } else if text.lines().any(|line| line.starts_with("openapi:")) {
        // A document of others: numbers as keys, aliases and a size that our own files may not have.
        serde_yaml::from_str(&text).map_err(|error| refused(Message::new("drift.not-yaml").with("error", error)))?
    } else {
        yaml::parse(&Source::new(name, &text))?.to_json()
    };
    if whole.get("openapi").is_some() {
        return Ok(Some(Document::OpenApi(whole)));
    }
    let Some(errors) = whole.get("errors").and_then(Value::as_array) else { return Ok(None) };
    let theirs: Option<Vec<Documented>> = errors.iter().map(Documented::read).collect();
    Ok(theirs.filter(|theirs| !theirs.is_empty()).map(Document::Catalogue))
}

fn codes(document: &'static str, theirs: &[Documented]) -> Drift {
    let mut drift = Drift { document, found: theirs.len(), ..Drift::default() };
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    for entry in catalogue().entries() {
        let id = entry.id.as_str();
        if let Some(found) = theirs.iter().find(|other| other.status == entry.status && same(&other.code, &entry.code))
        {
            let told = found.message.as_deref();
            let is = |ours: Option<&str>| ours.map(plain) == told.map(plain);
            if is(entry.message.as_deref()) {
                continue;
            }
            // What our catalogue repaired, it says so itself.
            let printed = entry.as_printed.as_deref();
            let kind = if printed.is_some() && is(printed) { "printed-repaired" } else { "message-changed" };
            drift.add(kind, id, entry.message.as_deref(), told);
        } else if let Some(moved) = theirs.iter().find(|other| {
            same(&other.code, &entry.code)
                && !catalogue().entries().iter().any(|own| own.status == other.status && same(&own.code, &other.code))
        }) {
            drift.add("status-changed", id, Some(&entry.status.to_string()), Some(&moved.status.to_string()));
        } else {
            drift.add("code-removed", id, entry.message.as_deref(), None);
        }
    }
    for other in theirs {
        if !catalogue().entries().iter().any(|entry| same(&entry.code, &other.code)) {
            drift.add("code-added", &format!("{}/{}", other.status, other.code), None, other.message.as_deref());
        }
    }
    drift
}

/// Compares the statuses and the fields of `POST /v1/payments`; `None` when the document lacks it.
fn openapi(document: &Value) -> Option<Drift> {
    let paths = document.get("paths")?.as_object()?;
    let path = paths.get("/v1/payments").or_else(|| {
        paths.iter().find(|(path, _)| path.trim_end_matches('/').ends_with("/payments")).map(|(_, item)| item)
    })?;
    let responses = path.get("post")?.get("responses")?.as_object()?;
    let mut drift = Drift { document: "openapi", found: responses.len(), ..Drift::default() };
    let ours: BTreeSet<String> =
        catalogue().entries().iter().map(|entry| entry.status.to_string()).chain(["201".to_owned()]).collect();
    for status in responses.keys().filter(|status| !ours.contains(*status) && *status != "default") {
        drift.add("response-status-added", status, None, None);
    }
    for status in ours.iter().filter(|status| !responses.contains_key(*status)) {
        let kind = if status.starts_with('2') { "success-status-removed" } else { "response-status-removed" };
        drift.add(kind, status, None, None);
    }
    drift.outside_references = responses.values().map(|answer| outside(document, answer)).sum();
    let success = ["201", "200"].iter().find_map(|status| responses.get(*status));
    let schema = success.map(|answer| resolve(document, answer)).and_then(|answer| {
        let content = answer.get("content")?.as_object()?;
        content.get("application/json").or_else(|| content.values().next())?.get("schema")
    });
    let own: Option<Value> = schemas::text("payment").and_then(|text| serde_json::from_str(text).ok());
    if let (Some(schema), Some(own)) = (schema, own) {
        fields(&mut drift, (&own, &own), (document, schema), "", 0);
    }
    Some(drift)
}

/// Follows local references, a bounded number of them.
fn resolve<'v>(root: &'v Value, mut value: &'v Value) -> &'v Value {
    for _ in 0..16 {
        let reference = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        match reference.and_then(|pointer| root.pointer(pointer)) {
            Some(found) => value = found,
            None => break,
        }
    }
    value
}

/// How many references of a value lead out of the document; a bounded number of places is looked at.
fn outside(root: &Value, start: &Value) -> usize {
    let (mut found, mut seen, mut open) = (0, HashSet::new(), vec![start]);
    while let Some(value) = open.pop() {
        let value = resolve(root, value);
        // What a reference leads to twice is looked at once: schemas refer to themselves.
        if seen.len() >= MOST_PLACES || !seen.insert(std::ptr::from_ref(value)) {
            continue;
        }
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                found += usize::from(reference.is_some_and(|reference| !reference.starts_with('#')));
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// The members of a schema, those of `allOf`, `anyOf` and `oneOf` included.
fn properties<'v>(root: &'v Value, schema: &'v Value, depth: usize) -> Vec<(&'v str, &'v Value)> {
    let schema = resolve(root, schema);
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<(&str, &Value)> = own.map(|(name, member)| (name.as_str(), member)).collect();
    if depth < 4 {
        for part in parts(schema) {
            found.extend(properties(root, part, depth + 1));
        }
    }
    found.truncate(500);
    found
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten().take(8)
}

/// The JSON types that a schema allows; empty when it does not say.
fn types(root: &Value, schema: &Value, depth: usize) -> BTreeSet<String> {
    let schema = resolve(root, schema);
    let mut found = BTreeSet::new();
    match schema.get("type") {
        Some(Value::String(one)) => {
            found.insert(one.clone());
        }
        Some(Value::Array(several)) => found.extend(several.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ if schema.get("properties").is_some() => {
            found.insert("object".to_owned());
        }
        _ if depth < 4 => {
            for part in parts(schema) {
                found.extend(types(root, part, depth + 1));
            }
        }
        _ => {}
    }
    // Every integer is a number.
    if found.contains("number") {
        found.insert("integer".to_owned());
    }
    found.remove("null");
    found
}

fn fields(drift: &mut Drift, ours: (&Value, &Value), theirs: (&Value, &Value), place: &str, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let own = properties(ours.0, ours.1, 0);
    let listed = properties(theirs.0, theirs.1, 0);
    // A document that lists no members, or leads elsewhere for them, says nothing of those that it does not list.
    if !listed.is_empty() && outside(theirs.0, theirs.1) == 0 {
        let required = ours.1.get("required").and_then(Value::as_array);
        for (name, _) in own.iter().filter(|(name, _)| !listed.iter().any(|(other, _)| other == name)) {
            let needed = required.is_some_and(|names| names.iter().any(|needed| needed == name));
            let kind = if needed { "required-field-not-listed" } else { "field-not-listed" };
            drift.add(kind, &format!("{place}/{name}"), None, None);
        }
    }
    for (name, member) in listed {
        let place = format!("{place}/{name}");
        let Some((_, known)) = own.iter().find(|(own, _)| *own == name) else {
            // Below an object whose members we do not list, nothing is new.
            if !own.is_empty() {
                drift.add("field-added", &place, None, None);
            }
            continue;
        };
        values(drift, (ours.0, known), (theirs.0, member), &place);
        let (mine, other) = (types(ours.0, known, 0), types(theirs.0, member, 0));
        if !mine.is_empty() && !other.is_empty() && mine.is_disjoint(&other) {
            let list = |types: &BTreeSet<String>| types.iter().cloned().collect::<Vec<_>>().join(", ");
            drift.add("field-type-changed", &place, Some(&list(&mine)), Some(&list(&other)));
            continue;
        }
        fields(drift, (ours.0, known), (theirs.0, member), &place, depth + 1);
        let items = |root, schema| resolve(root, schema).get("items").map(|items| (root, items));
        if let (Some(own), Some(other)) = (items(ours.0, known), items(theirs.0, member)) {
            fields(drift, own, other, &place, depth + 1);
        }
    }
}

/// Compares the values of a field that counts them.
fn values(drift: &mut Drift, ours: (&Value, &Value), theirs: (&Value, &Value), place: &str) {
    let other = enumeration(theirs.0, theirs.1, 0);
    let own = match place {
        "/status" => statuses().pairs.iter().map(|pair| pair.status.clone()).collect(),
        "/status_detail" => statuses().pairs.iter().filter_map(|pair| pair.status_detail.clone()).collect(),
        "/currency_id" => sites::all().iter().map(|site| site.currency.clone()).collect(),
        _ => enumeration(ours.0, ours.1, 0),
    };
    if other.is_empty() || own.is_empty() {
        return;
    }
    for value in other.difference(&own) {
        drift.add("value-added", place, None, Some(value));
    }
    for value in own.difference(&other) {
        drift.add("value-not-listed", place, Some(value), None);
    }
}

/// The values that a schema counts; empty when it does not, or when one of its alternatives does not.
fn enumeration(root: &Value, schema: &Value, depth: usize) -> BTreeSet<String> {
    let schema = resolve(root, schema);
    let constant = schema.get("const").map(std::slice::from_ref);
    if let Some(values) = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice).or(constant) {
        return values.iter().filter(|value| !value.is_null()).take(500).map(plain_text).collect();
    }
    if depth >= 4 {
        return BTreeSet::new();
    }
    let alternatives = |name: &str| schema.get(name).and_then(Value::as_array).into_iter().flatten().take(64);
    let mut found = BTreeSet::new();
    for part in alternatives("anyOf").chain(alternatives("oneOf")) {
        let nothing = resolve(root, part).get("type").is_some_and(|kind| kind == "null");
        let values = enumeration(root, part, depth + 1);
        if values.is_empty() && !nothing {
            return BTreeSet::new();
        }
        found.extend(values);
    }
    if found.is_empty() {
        found = alternatives("allOf")
            .map(|part| enumeration(root, part, depth + 1))
            .find(|values| !values.is_empty())
            .unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_saved_reference_page_differs_only_where_we_repaired_it() {
        let page = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reference-page.txt"));
        let drift = compare("page", page).unwrap();
        assert_eq!((drift.document, drift.found), ("reference-page", 90));
        let unexplained: Vec<_> = drift.differences.iter().filter(|found| found.kind != "printed-repaired").collect();
        assert!(unexplained.is_empty(), "{unexplained:#?}");
    }

    #[test]
    fn another_catalogue_is_compared_code_by_code() {
        let mut text = "errors:\n".to_owned();
        for entry in catalogue().entries().iter().filter(|entry| entry.code != "2006") {
            let status = if entry.code == "3003" { 422 } else { entry.status };
            let message = if entry.code == "2062" { Some("Other words".to_owned()) } else { entry.message.clone() };
            text += &format!("  - {}\n", json!({"status": status, "code": entry.code, "message": message}));
        }
        text += "  - {status: 400, code: \"9999\", message: New}\n";
        let drift = compare("other.yaml", text.as_bytes()).unwrap();
        let found: BTreeSet<(&str, &str)> =
            drift.differences.iter().map(|found| (found.kind, found.place.as_str())).collect();
        let expected = [
            ("code-removed", "400/2006"),
            ("status-changed", "400/3003"),
            ("message-changed", "400/2062"),
            ("code-added", "400/9999"),
        ];
        assert_eq!(found, BTreeSet::from(expected));
        assert!(drift.breaking());
    }

    #[test]
    fn the_page_reads_in_every_encoding_it_is_saved_in() {
        let page = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reference-page.txt"));
        let text = String::from_utf8_lossy(page);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let narrow: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect();
        let html = text.lines().map(|line| format!("<div><p>{line}</p></div>\n")).collect::<String>();
        for bytes in [
            [vec![0xff, 0xfe], wide].concat(),
            narrow,
            format!("<!DOCTYPE html><html><body>{html}</body></html>").into_bytes(),
        ] {
            let drift = compare("page", &bytes).unwrap();
            assert_eq!((drift.document, drift.found, drift.breaking()), ("reference-page", 90, false));
            assert!(drift.differences.len() <= 4, "{:#?}", drift.differences);
        }
    }

    #[test]
    fn a_folder_of_catalogue_files_is_one_catalogue() {
        let folder = crate::specs::FILES.get_dir("catalogue").unwrap();
        let below = folder.dirs().flat_map(include_dir::Dir::files);
        let files: Vec<(String, Vec<u8>)> = folder
            .files()
            .chain(below)
            .map(|file| (file.path().display().to_string(), file.contents().to_vec()))
            .collect();
        let drift = compare_files("catalogue", &files).unwrap();
        assert_eq!((drift.found, drift.differences.len(), drift.skipped_files), (90, 0, 2));
        let nothing = [("a.yaml".to_owned(), b"a: 1\n".to_vec())];
        assert_eq!(compare_files("none", &nothing).unwrap_err().message.key, "drift.unknown-folder");
    }

    #[test]
    fn an_openapi_document_may_be_yaml_with_numbers_as_keys_and_lead_elsewhere() {
        let yaml = "openapi: 3.1.0\npaths:\n  /v1/payments:\n    post:\n      responses:\n        201:\n          content:\n\
            \x20           application/json: { schema: { $ref: './payments.yaml#/Payment' } }\n\
            \x20       400: { $ref: '#/components/responses/Loop' }\n        401: {}\n        403: {}\n\
            components:\n  responses:\n    Loop: { again: { $ref: '#/components/responses/Loop' } }\n";
        let drift = compare("openapi.yaml", yaml.as_bytes()).unwrap();
        assert_eq!((drift.document, drift.differences.len(), drift.outside_references), ("openapi", 0, 1));
        let bomb = "openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &('b'..='i')
                .map(|name| {
                    let before = char::from(u8::try_from(name).unwrap() - 1);
                    format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(","))
                })
                .collect::<String>();
        assert_eq!(compare("bomb.yaml", bomb.as_bytes()).unwrap_err().message.key, "drift.not-yaml");
    }

    #[test]
    fn an_openapi_document_is_compared_by_status_and_type() {
        let document = json!({"openapi": "3.0.3", "paths": {"/v1/payments": {"post": {"responses": {
            "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P"}}}},
            "400": {}, "401": {}, "403": {}, "422": {}}}}},
            "components": {"schemas": {"P": {"type": "object", "properties": {
                "id": {"type": "string"}, "collector_id": {"type": "string"}, "brand_new": {"type": "string"},
                "payer": {"type": "object", "properties": {"email": {"type": "array"}}},
                "self": {"$ref": "#/components/schemas/P"}}}}}});
        let drift = compare("openapi.json", document.to_string().as_bytes()).unwrap();
        let has =
            |kind: &str, place: &str| drift.differences.iter().any(|found| found.kind == kind && found.place == place);
        assert!(has("field-type-changed", "/id") && has("field-type-changed", "/payer/email"), "{drift:?}");
        assert!(has("field-added", "/brand_new") && has("response-status-added", "422"), "{drift:?}");
        assert!(!has("field-type-changed", "/collector_id"));
        assert!(has("field-not-listed", "/captured") && has("required-field-not-listed", "/status"), "{drift:?}");
        assert!(
            !has("field-not-listed", "/card") || !has("field-not-listed", "/card/cardholder"),
            "told once: {drift:?}"
        );
    }

    #[test]
    fn values_that_are_counted_are_compared() {
        let with = |status: Value| {
            let document = json!({"openapi": "3.1.0", "paths": {"/v1/payments": {"post": {"responses": {
                "201": {"content": {"application/json": {"schema": {"properties": {
                    "id": {"type": "integer"}, "status": status,
                    "currency_id": {"oneOf": [{"const": "ARS"}, {"type": "null"}]}}}}}}, "400": {}, "401": {}, "403": {}}}}}});
            let drift = compare("openapi.json", document.to_string().as_bytes()).unwrap();
            drift.differences
        };
        let told = |differences: &[Difference], kind: &str, place: &str| -> Vec<String> {
            let found = differences.iter().filter(|found| found.kind == kind && found.place == place);
            found.filter_map(|found| found.ours.clone().or(found.theirs.clone())).collect()
        };
        for status in [
            json!({"type": "string", "enum": ["approved", "foo", null]}),
            json!({"anyOf": [{"enum": ["approved", "foo"]}, {"type": "null"}]}),
            json!({"allOf": [{"description": "x"}, {"enum": ["approved", "foo"]}]}),
        ] {
            let found = with(status.clone());
            assert_eq!(told(&found, "value-added", "/status"), ["foo"], "{status}");
            assert!(told(&found, "value-not-listed", "/status").contains(&"rejected".to_owned()), "{status}");
            assert!(told(&found, "value-not-listed", "/currency_id").contains(&"BRL".to_owned()));
        }
        for open in [json!({"type": "string"}), json!({"anyOf": [{"enum": ["approved"]}, {"type": "string"}]})] {
            let found = with(open.clone());
            assert!(told(&found, "value-not-listed", "/status").is_empty(), "{open} names no closed set");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_breaks_the_comparison(text in "(\\{\"openapi\":|errors:|400Error\n|)(.|\n){0,60}") {
            let _ = compare("x", text.as_bytes());
        }
    }
}
