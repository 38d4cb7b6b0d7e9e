//! The record as TAP 14: one test point for each scenario, each rule and each minimum, as [`super::junit`] has them.
//!
//! What holds is `ok`. What does not hold, and what has no answer although the verdict needs one, is `not ok`: only what
//! does not apply, was left out on purpose, or matters little is skipped.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::junit::{self, Case, State};
use super::{clean, gate, labels, plain};
use crate::i18n::Lang;
use crate::run::{Check, RuleCard, RunRecord, RunVerdict, Severity, Verdict};

/// Writes the stream in `lang`.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let suites = junit::suites(record, lang);
    let report = junit::Report::of(record, lang);
    let count: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    writeln!(out, "TAP version 14\n1..{count}")?;
    let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
    comment(out, &plain::say(&labels::headline(record, verdict), lang))?;
    for (_, message) in gate::lines(record) {
        comment(out, &plain::say(&message, lang))?;
    }
    for (name, value) in &report.properties {
        comment(out, &format!("{name}: {value}"))?;
    }
    let mut number = 0;
    for suite in &suites {
        comment(out, &suite.name)?;
        for case in &suite.cases {
            number += 1;
            point(out, &report, number, case)?;
        }
        for notice in &suite.notices {
            comment(out, &plain::say(&notice.message, lang))?;
        }
    }
    Ok(())
}

fn point(out: &mut dyn Write, report: &junit::Report, number: usize, case: &Case<'_>) -> io::Result<()> {
    let (name, class) = report.name(case);
    let mut line = format!("{} {number} - {}", if holds(case) { "ok" } else { "not ok" }, escaped(&name));
    let state = case.state();
    if state == State::Passed {
        writeln!(out, "{line}")?;
        let noted = report.noted(case);
        return if noted.is_empty() { Ok(()) } else { block(out, &[("note", noted.trim_end().to_owned())]) };
    }
    let (kind, message, text) = report.told(case);
    if state == State::Skipped && holds(case) {
        let _ = write!(line, " # SKIP {}", escaped(&message));
        return writeln!(out, "{line}");
    }
    writeln!(out, "{line}")?;
    let severity = if state == State::Failed { "fail" } else { "inconclusive" };
    let facts = [
        ("message", message),
        ("severity", severity.to_owned()),
        ("rule", kind),
        ("class", class),
        ("data", text.trim_end().to_owned()),
    ];
    block(out, &facts)
}

/// Whether a point is `ok`: an open question that the verdict needs an answer to is not.
fn holds(case: &Case<'_>) -> bool {
    match case.state() {
        State::Passed => true,
        State::Failed | State::Error => false,
        State::Skipped => !matches!(
            case,
            Case::Scenario(_)
                | Case::Gate(_)
                | Case::Check(
                    Check { verdict: Verdict::Inconclusive, .. },
                    None | Some(RuleCard { severity: Severity::Blocker, .. })
                )
        ),
    }
}

/// Facts in YAML: texts are written as JSON, which is YAML and keeps every one of them on its line.
fn block(out: &mut dyn Write, facts: &[(&str, String)]) -> io::Result<()> {
    writeln!(out, "  ---")?;
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let value = serde_json::to_string(value)?;
        writeln!(out, "  {name}: {}", clean::json(&value))?;
    }
    writeln!(out, "  ...")
}

fn comment(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "# {}", clean::line(text))
}

/// A description in which nothing begins a directive.
fn escaped(text: &str) -> String {
    clean::line(text).replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(record: &RunRecord, lang: Lang) -> String {
        let mut bytes = Vec::new();
        write(record, lang, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_run_that_is_not_ready() {
        insta::assert_snapshot!("tap_not_ready_es", written(&sample::not_ready(), Lang::Es));
    }

    #[test]
    fn the_plan_is_kept_and_an_open_question_is_no_success() {
        for record in [sample::not_ready(), sample::ready(), sample::many::scenarios(50, Verdict::Inconclusive)] {
            let text = written(&record, Lang::En);
            let points: Vec<&str> =
                text.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
            assert!(text.contains(&format!("\n1..{}\n", points.len())), "{text}");
            for (index, point) in points.iter().enumerate() {
                let number = point.trim_start_matches("not ").trim_start_matches("ok ");
                assert!(number.starts_with(&format!("{} - ", index + 1)), "{point}");
            }
        }
        let text = written(&sample::many::scenarios(50, Verdict::Inconclusive), Lang::En);
        assert!(!text.contains("\nok "), "{text}");
    }

    #[test]
    fn nothing_from_outside_is_a_directive() {
        assert_eq!(escaped("a # SKIP\nok 2"), "a \\# SKIP␊ok 2");
    }
}
