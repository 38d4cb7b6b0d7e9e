//! The record as JSON: what `homologa report` reads back, and what other programs read.

use std::io::{self, Write};

use crate::i18n::{Lang, worded};
use crate::run::RunRecord;

/// Writes pretty JSON of the whole record and a final line feed; messages carry their text in `lang`. Members are in the order of [`RunRecord`]'s fields.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    worded(lang, || serde_json::to_writer_pretty(&mut *out, record))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn render(record: &RunRecord) -> String {
        let mut bytes = Vec::new();
        write(record, Lang::En, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_json_report_follows_the_published_schema_and_carries_words() {
        let schema = crate::specs::FILES.get_file("dsl/run.schema.json").unwrap().contents_utf8().unwrap();
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
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
