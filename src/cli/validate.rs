//! `homologa contract validate FILE…`: captured answers, judged.

use std::io::Read;
use std::path::Path;

use super::args::ValidateArgs;
use super::output::Output;
use crate::contract::validate::{Judged, Kind, LARGEST_FILE, Report, StatusFrom};
use crate::i18n::Message;
use crate::run::{Problem, Verdict};
use crate::specs::grades::grades;

pub(super) fn run(output: &Output, args: &ValidateArgs) -> Result<u8, Vec<Problem>> {
    let mut report = Report::default();
    for file in &args.files {
        let name = file.display().to_string();
        match read(file, LARGEST_FILE) {
            Ok(bytes) => report.add(&name, &bytes),
            Err(error) => {
                report.problems.push(Problem::input(crate::run::unreadable(&error)).in_file(name));
            }
        }
    }
    if output.json {
        output.result_json(&report);
    } else {
        output.plain_result(&text(output, &report));
    }
    output.problems(&report.problems);
    Ok(report.exit_code())
}

/// A file or, for `-`, standard input: at most one byte more than the limit, so that too much is noticed.
pub(super) fn read(file: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = limit as u64 + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn text(output: &Output, report: &Report) -> String {
    let mut out = String::new();
    for body in &report.bodies {
        block(output, body, &mut out);
    }
    let count = |verdict| report.bodies.iter().filter(|body| body.verdict == verdict).count();
    let total = Message::new("validate.total").with("n", report.bodies.len());
    let total = total.with("passed", count(Verdict::Pass)).with("failed", count(Verdict::Fail));
    let total = total.with("open", count(Verdict::Inconclusive)).with("other", count(Verdict::NotApplicable));
    put(&output.say(&total), "", &mut out);
    if report.skipped > 0 {
        put(&output.say(&Message::new("validate.skipped").with("n", report.skipped)), "", &mut out);
    }
    out
}

fn block(output: &Output, body: &Judged, out: &mut String) {
    let mark = match body.verdict {
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
        Verdict::NotApplicable => "–",
        _ => "✓",
    };
    let status = match (body.status, body.status_from) {
        (Some(status), StatusFrom::Body) => Message::new("validate.from-body").with("status", status),
        (Some(status), StatusFrom::Wrapper) => Message::new("validate.from-wrapper").with("status", status),
        (Some(status), _) => Message::new("validate.http").with("status", status),
        (None, _) => Message::new("validate.no-status"),
    };
    let status = output.say(&status);
    let only_errors = body.kind == Kind::Error || body.status.is_some();
    put(&format!("{mark} {}{}  {}  {}", body.file, body.place, body.kind.name(), body.grade), "", out);
    let request = body.request.as_ref().map(|request| format!("{request}, ")).unwrap_or_default();
    // Of a saved payment nobody asks for the HTTP status.
    if only_errors || body.request.is_some() {
        put(&format!("{request}{status}"), "  ", out);
    }
    if let Some(wrapper) = body.unwrapped {
        put(&output.say(&Message::new("validate.unwrapped").with("wrapper", wrapper.name())), "  ", out);
    }
    if let Some(says) = &body.says {
        put(&output.say(&Message::new("validate.says").with("text", says)), "  ", out);
    }
    for graded in &body.grades {
        put(&format!("{}: {}", graded.grade, output.say(&graded.message)), "  ", out);
    }
    for shown in &body.shows {
        put(&format!("{}  {}", shown.id, shown.message.as_deref().unwrap_or_default()), "  ", out);
        if let Some(endpoint) = &shown.endpoint {
            put(&output.say(&Message::new("validate.endpoint").with("endpoint", endpoint)), "    ", out);
        }
        put(shown.meaning.get(output.lang), "    ", out);
        if let Some(remedy) = &shown.remedy {
            put(remedy.get(output.lang), "    ", out);
        }
    }
    if let Some(explained) = &body.explained {
        put(&output.say(explained), "  ", out);
    }
    // What nothing above explains, the grade itself does.
    let explained = body.shows.iter().any(|shown| shown.remedy.is_some());
    let wrapped = body.grades.iter().any(|graded| graded.message.key == "validate.inner-reason");
    let known = grades().iter().find(|grade| grade.id == body.grade);
    if let Some(grade) = known.filter(|_| body.grade != "conform" && !explained && !wrapped && body.explained.is_none())
    {
        let advice = Message::new("validate.advice").with("text", grade.remedy.get(output.lang));
        put(&output.say(&advice), "  ", out);
    }
    if let Some(trace) = &body.trace {
        put(&output.say(&Message::new("validate.trace").with("trace", trace)), "  ", out);
    }
    out.push('\n');
}

/// Adds a text in lines of at most 80 columns.
pub(super) fn put(text: &str, indent: &str, out: &mut String) {
    for line in crate::report::wrap(text, 80 - indent.len()) {
        out.push_str(indent);
        out.push_str(&line);
        out.push('\n');
    }
}
