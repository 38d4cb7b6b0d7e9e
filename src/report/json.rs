//! The record as JSON: what `homologa report` reads back, and what other programs read.

use std::io::{self, Write};

use crate::run::RunRecord;

/// Writes pretty JSON of the whole record and a final line feed. Members are in the order of [`RunRecord`]'s fields.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, record)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn render(record: &RunRecord) -> String {
        let mut bytes = Vec::new();
        write(record, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

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
