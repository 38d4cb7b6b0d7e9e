//! The record as JSON: what `homologa report` reads back, and what other programs read.

use crate::run::RunRecord;

/// Pretty JSON of the whole record and a final newline. Members are in the order of [`RunRecord`]'s fields.
pub fn render(record: &RunRecord) -> String {
    // A record holds strings, numbers, lists and maps with string keys: nothing that JSON cannot say.
    let mut json = serde_json::to_string_pretty(record).unwrap_or_default();
    json.push('\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_json_report_reads_back_to_the_same_record() {
        for record in [sample::not_ready(), sample::ready(), RunRecord::default()] {
            let json = render(&record);
            assert!(json.ends_with("}\n"));
            assert_eq!(serde_json::from_str::<RunRecord>(&json).unwrap(), record);
            assert_eq!(json, render(&record));
        }
    }
}
