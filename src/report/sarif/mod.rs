//! The record as SARIF 2.1.0 (OASIS), for code scanning and editors, in one language.
//!
//! Rules are the go-live rules of the record and the grades of answers. A result is a finding (`kind: fail`) or a
//! question without an answer (`kind: open`, the standard's word for too little information to decide); what
//! passed is not listed. What a baseline tolerates is a result with a suppression (`external`, `accepted`). Results are written one by one: the whole is never in memory.

mod results;
mod rules;

use std::io::Write;

use serde::Serialize;

use super::{Fault, clean, labels, plain};
use crate::i18n::{Lang, Message};
use crate::run::{Blame, Place, Problem, RunRecord, RunVerdict};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the log in `lang`, ending in a line feed.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run(record, lang)] };
    serde_json::to_writer(&mut *out, &log).map_err(|error| Fault::Write(error.into()))?;
    out.write_all(b"\n").map_err(Fault::Write)
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool,
    language: &'static str,
    column_kind: &'static str,
    automation_details: AutomationDetails,
    invocations: [Invocation; 1],
    results: results::Results<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<RunProperties<'r>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    language: &'static str,
    rules: Vec<rules::Descriptor>,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

/// One message.
#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_utc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_utc: Option<String>,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

/// What the verdicts rest on.
#[derive(Serialize)]
struct RunProperties<'r> {
    verdict: String,
    seed: String,
    catalogue: String,
    specs: &'r str,
    rules: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'r str>,
    /// How the run stands to its gate, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gate: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

fn run(record: &RunRecord, lang: Lang) -> Run<'_> {
    let rules = rules::Rules::of(record, lang);
    let (index, descriptors) = rules.split();
    let results = results::Results::new(record, lang, index);
    let notifications = notifications(record, lang, results.hidden());
    let versions = record.started.as_ref();
    let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
    let target = record.contract.as_ref().and_then(|contract| contract.target.as_ref());
    Run {
        tool: Tool {
            driver: Driver {
                name: "homologa",
                version: versions.map(|started| started.versions.homologa.clone()),
                language: lang.tag(),
                rules: descriptors,
            },
        },
        language: lang.tag(),
        column_kind: "unicodeCodePoints",
        automation_details: AutomationDetails { id: automation(record) },
        invocations: [invocation(record, notifications)],
        results,
        properties: versions.map(|started| RunProperties {
            verdict: plain::say(&labels::headline(record, verdict), lang),
            seed: started.seed.to_string(),
            catalogue: started.versions.catalogue_of(),
            specs: &started.versions.specs,
            rules: &started.versions.rules,
            target: target.map(|target| target.url.as_str()),
            site: target.map(|target| target.site.as_str()),
            gate: super::gate::lines(record).iter().map(|(_, message)| plain::say(message, lang)).collect(),
        }),
    }
}

/// What was looked at: runs with the same id are compared with each other. Its last part, the one run, is empty.
fn automation(record: &RunRecord) -> String {
    let mut parts = vec!["homologa".to_owned()];
    if let Some(target) = record.contract.as_ref().and_then(|contract| contract.target.as_ref()) {
        // The embedded sandbox has another port each time.
        let place = match target.kind.as_str() {
            "embedded" => "embedded".to_owned(),
            "recording" => "recording".to_owned(),
            _ => plain::host(&target.url),
        };
        parts.extend(["contract".to_owned(), place, target.site.clone()]);
    }
    if !record.shops.is_empty() {
        parts.push("golive".to_owned());
        let shops: Vec<String> = record.shops.iter().take(3).map(|shop| plain::host(&shop.url)).collect();
        parts.push(shops.join(","));
    }
    parts.join("/") + "/"
}

fn invocation(record: &RunRecord, notifications: Vec<Notification>) -> Invocation {
    let begin = record.started.as_ref().and_then(|started| started.started.parse::<jiff::Timestamp>().ok());
    let elapsed = jiff::SignedDuration::from_millis(i64::try_from(record.elapsed_ms).unwrap_or(i64::MAX));
    let end = begin.filter(|_| record.complete).and_then(|begin| begin.checked_add(elapsed).ok());
    let failed = record.hindrances().next().is_some();
    Invocation {
        execution_successful: record.complete && !failed,
        exit_code: record.exit_code(),
        command_line: record
            .started
            .as_ref()
            .map(|started| clean::line(&format!("homologa {}", started.command)).into()),
        start_time_utc: begin.map(|begin| begin.to_string()),
        end_time_utc: end.map(|end| end.to_string()),
        tool_execution_notifications: notifications,
    }
}

fn notifications(record: &RunRecord, lang: Lang, hidden: usize) -> Vec<Notification> {
    let told = |problem: &Problem| {
        let mut text = plain::say(&problem.message, lang);
        if let Some(fix) = &problem.fix {
            text = format!("{text}\n{}", plain::say(fix, lang));
        }
        Notification {
            level: if problem.blame == Blame::Notice { "note" } else { "error" },
            message: Text { text },
            locations: location(&problem.place).into_iter().collect(),
        }
    };
    let said = |level, message: &Message| Notification {
        level,
        message: Text { text: plain::say(message, lang) },
        locations: Vec::new(),
    };
    let mut all: Vec<Notification> = record.problems.iter().map(told).collect();
    if !record.complete {
        all.push(said("error", &Message::new("report.cut-short")));
    }
    let planned = record.contract.iter().map(|contract| contract.planned.saturating_sub(contract.scenarios.len()));
    let missing: usize = planned.sum();
    if missing > 0 {
        all.push(said("error", &Message::new("report.scenarios-missing").with("n", missing)));
    }
    if hidden > 0 {
        all.push(said("warning", &Message::new("report.rows-hidden").with("n", hidden)));
    }
    all
}

/// Where something is, when it is in a file or on a page.
fn location(place: &Place) -> Option<Location> {
    let uri = place.file.as_deref().map(file_uri).or_else(|| place.url.as_deref().map(uri))?;
    let region = place
        .line
        .filter(|line| *line > 0)
        .map(|start_line| Region { start_line, start_column: place.column.filter(|column| *column > 0) });
    let logical = |name: &Option<String>, kind| {
        let fully_qualified_name = name.as_ref().map(|name| clean::line(name).into_owned())?;
        Some(LogicalLocation { fully_qualified_name, kind })
    };
    Some(Location {
        physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri }, region },
        logical_locations: [logical(&place.selector, "element"), logical(&place.step, "member")]
            .into_iter()
            .flatten()
            .collect(),
    })
}

/// A file as a URI reference: relative where the user named it so.
fn file_uri(file: &str) -> String {
    let file = file.replace('\\', "/");
    let drive = file.as_bytes().get(1) == Some(&b':') && file.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let lead = match (drive, file.starts_with('/')) {
        (true, _) => "file:///",
        (false, true) => "file://",
        (false, false) => "",
    };
    let path = file.strip_prefix("./").unwrap_or(&file);
    let mut out = lead.to_owned();
    // A colon in the first part of a relative reference would make it a scheme.
    path.bytes().for_each(|byte| {
        push(&mut out, byte, byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte));
    });
    out
}

/// An address with everything escaped that a URI must not hold; what is no address becomes a relative reference.
fn uri(address: &str) -> String {
    let Ok(url) = url::Url::parse(address) else { return file_uri(address) };
    let text = url.as_str();
    // Brackets belong to a host alone.
    let rest = url::Position::BeforePath;
    let (mut out, path) = (text[..text.len() - url[rest..].len()].to_owned(), &url[rest..]);
    let hexadecimal = |at: usize| path.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut fragment = false;
    for (index, byte) in path.bytes().enumerate() {
        let kept = match byte {
            b'%' => hexadecimal(index + 1) && hexadecimal(index + 2),
            b'#' => !std::mem::replace(&mut fragment, true),
            byte => byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@:?".contains(&byte),
        };
        push(&mut out, byte, kept);
    }
    out
}

fn push(out: &mut String, byte: u8, kept: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if kept {
        out.push(char::from(byte));
    } else {
        out.extend(['%', char::from(DIGITS[usize::from(byte >> 4)]), char::from(DIGITS[usize::from(byte & 15)])]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(record: &RunRecord, lang: Lang) -> serde_json::Value {
        let mut bytes = Vec::new();
        write(record, lang, &mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_run_that_is_not_ready() {
        let mut log = written(&sample::not_ready(), Lang::Es);
        // The grades are those of `specs/grades.yaml`: their words and numbers are not for this test.
        log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap().retain(|rule| {
            let tags = rule["properties"]["tags"].as_array().unwrap();
            !tags.iter().any(|tag| tag == "contract")
        });
        for result in log["runs"][0]["results"].as_array_mut().unwrap() {
            result.as_object_mut().unwrap().shift_remove("ruleIndex").unwrap();
        }
        insta::assert_json_snapshot!("not_ready_es", log);
    }

    #[test]
    fn every_finding_and_every_open_question_is_a_result_that_points_at_its_rule() {
        let record = sample::not_ready();
        let log = written(&record, Lang::En);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        let checks: Vec<_> = record.shops.iter().flat_map(|shop| &shop.checks).collect();
        let scenarios = &record.contract.as_ref().unwrap().scenarios;
        let findings = checks.iter().map(|check| check.findings.len()).sum::<usize>()
            + scenarios.iter().flat_map(|each| &each.steps).map(|step| step.findings.len()).sum::<usize>();
        let open = checks.iter().filter(|check| check.verdict == crate::run::Verdict::Inconclusive).count()
            + scenarios.iter().filter(|each| each.verdict == crate::run::Verdict::Inconclusive).count();
        assert_eq!(results.iter().filter(|result| result["kind"] == "fail").count(), findings);
        assert_eq!(results.iter().filter(|result| result["kind"] == "open").count(), open);
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            assert_eq!(result["kind"] == "open", result["level"] == "none", "the standard asks for it");
        }
    }

    #[test]
    fn what_is_tolerated_is_a_suppressed_result_and_nothing_else_is() {
        let log = written(&sample::tolerating(), Lang::En);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let suppressed: Vec<_> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
        assert_eq!((suppressed.len(), results.len()), (1, 1));
        let suppression = &suppressed[0]["suppressions"][0];
        assert_eq!((&suppression["kind"], &suppression["status"]), (&"external".into(), &"accepted".into()));
        let why = suppression["justification"].as_str().unwrap();
        assert!(why.contains("próxima versión") && why.contains("Ana (caja)") && why.contains("2027-01-31"), "{why}");
    }

    #[test]
    fn a_run_that_was_cut_short_does_not_look_successful() {
        let mut record = sample::ready();
        assert_eq!(written(&record, Lang::En)["runs"][0]["invocations"][0]["executionSuccessful"], true);
        (record.complete, record.verdict) = (false, None);
        let log = written(&record, Lang::En);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &3.into()));
        assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
    }

    #[test]
    fn files_become_references_and_addresses_stay() {
        assert_eq!(file_uri("./pagos/año 1.yaml"), "pagos/a%C3%B1o%201.yaml");
        assert_eq!(file_uri(r"C:\pagos\a.yaml"), "file:///C%3A/pagos/a.yaml");
        assert_eq!(file_uri("/tmp/a:b.yaml"), "file:///tmp/a%3Ab.yaml");
        assert_eq!(uri("https://a.example/p?x=1#<y>"), "https://a.example/p?x=1#%3Cy%3E");
        assert_eq!(uri("https://[::1]:8/[a]%2g#b#c"), "https://[::1]:8/%5Ba%5D%252g#b%23c");
        assert_eq!(uri("no address: [x]"), "no%20address%3A%20%5Bx%5D");
    }
}
