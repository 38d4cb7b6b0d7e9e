//! The record as JSON: what `homologa report` reads back, and what other programs read.

use std::io::{self, BufWriter, Write};

use crate::i18n::{Lang, worded};
use crate::run::RunRecord;

/// The published JSON Schema of what [`write()`] writes.
pub const SCHEMA: &str = include_str!("../../specs/dsl/run.schema.json");

/// Writes pretty JSON of the whole record and a final line feed; messages carry their text in `lang`. Members are in
/// the order of [`RunRecord`]'s fields.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    // JSON is written piece by piece: most pieces are smaller than a call of a writer that is not known.
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    worded(lang, || serde_json::to_writer_pretty(&mut out, record))?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::sample;

    fn render(record: &RunRecord) -> String {
        let mut bytes = Vec::new();
        write(record, Lang::En, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_json_report_follows_the_published_schema_and_carries_words() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for record in [sample::not_ready(), sample::ready(), sample::tolerating(), RunRecord::default()] {
            let json: serde_json::Value = serde_json::from_str(&render(&record)).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
        }
        assert!(render(&sample::not_ready()).contains("\"text\": \""));
        assert!(!validator.is_valid(&serde_json::json!({"verdict": "good"})));
    }

    /// Members of a value that its schema says nothing of, by their path.
    pub(in crate::report) fn undescribed(
        root: &serde_json::Value,
        schema: &serde_json::Value,
        value: &serde_json::Value,
        path: &str,
        all: &mut std::collections::BTreeSet<String>,
    ) {
        use serde_json::Value;
        let mut schema = schema;
        while let Some(name) = schema["$ref"].as_str() {
            schema = root.pointer(name.trim_start_matches('#')).unwrap();
        }
        if let Some(kinds) = schema["oneOf"].as_array() {
            schema = kinds.iter().find(|kind| kind["properties"]["kind"]["const"] == value["kind"]).unwrap();
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let inside = match (&schema["properties"][name], &schema["additionalProperties"]) {
                        (Value::Null, Value::Null) => {
                            all.insert(format!("{path}.{name}"));
                            continue;
                        }
                        (Value::Null, other) => other,
                        (known, _) => known,
                    };
                    undescribed(root, inside, member, &format!("{path}.{name}"), all);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let inside =
                        if schema["items"].is_object() { &schema["items"] } else { &schema["prefixItems"][index] };
                    assert!(!inside.is_null(), "{path} says nothing of its items");
                    undescribed(root, inside, item, &format!("{path}[]"), all);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn the_published_schema_leaves_no_member_out() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let mut all = std::collections::BTreeSet::new();
        for record in [sample::not_ready(), sample::ready(), sample::tolerating()] {
            let json: serde_json::Value = serde_json::from_str(&render(&record)).unwrap();
            undescribed(&schema, &schema, &json, "$", &mut all);
        }
        assert!(all.is_empty(), "{all:#?}");
        undescribed(&schema, &schema, &serde_json::json!({"shops": [{"colour": 1}]}), "$", &mut all);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn the_json_report_reads_back_to_the_same_record() {
        for record in [sample::not_ready(), sample::ready(), sample::tolerating(), RunRecord::default()] {
            let json = render(&record);
            assert!(json.ends_with("}\n"));
            assert_eq!(serde_json::from_str::<RunRecord>(&json).unwrap(), record);
            assert_eq!(json, render(&record));
        }
    }
}
