//! What to mend as a Code Quality report of GitLab, which shows it in a merge request.
//!
//! Built from what GitLab documents of the format: a list of entries with description, check name, fingerprint, severity
//! and a place. An entry without a file has the address without its scheme as its path, for the format demands one.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::flat::{self, Entry};
use super::{clean, format, plain};
use crate::i18n::{Lang, Message};
use crate::run::{Place, RunRecord, Severity, fingerprint};

/// Most entries.
const MOST: usize = 5_000;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes the list in `lang`, ending in a line feed.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let (entries, total) = flat::entries(record, lang, MOST);
    let mut json = serde_json::Serializer::pretty(&mut *out);
    let mut list = json.serialize_seq(None)?;
    // GitLab tells entries apart by their fingerprint alone.
    let mut taken: HashMap<String, usize> = HashMap::new();
    for problem in record.hindrances().take(MOST) {
        let (what, at) = (plain::say(&problem.message, lang), problem.location().unwrap_or_default());
        let id = fingerprint(&["hindrance", &at, &what]);
        let times = taken.entry(id.clone()).or_default();
        *times += 1;
        list.serialize_element(&Issue {
            description: format!("{}: {what}", Message::new("report.open-title").render(lang)),
            check_name: "homologa".to_owned(),
            fingerprint: if *times == 1 { id } else { fingerprint(&[&id, &times.to_string()]) },
            severity: "major",
            location: location(&problem.place),
        })?;
    }
    for entry in &entries {
        let times = taken.entry(entry.item.id.to_string()).or_default();
        *times += 1;
        list.serialize_element(&issue(entry, *times, lang))?;
    }
    if total > entries.len() {
        let message = Message::new("report.rows-hidden").with("n", total - entries.len());
        list.serialize_element(&Issue {
            description: message.render(lang),
            check_name: "homologa".to_owned(),
            fingerprint: fingerprint(&["rows-hidden"]),
            severity: "info",
            location: Location { path: "homologa".to_owned(), lines: Lines { begin: 1 } },
        })?;
    }
    list.end()?;
    out.write_all(b"\n")
}

fn issue(entry: &Entry<'_>, times: usize, lang: Lang) -> Issue {
    let place = entry.place();
    let mut description = format!("{}: {}", entry.title, entry.message.replace('\n', " · "));
    if entry.item.open {
        description = format!("{} — {description}", Message::new("report.open").render(lang));
    }
    if entry.known {
        description = format!("{} — {description}", Message::new("gate.known").render(lang));
    }
    let id = &entry.item.id;
    Issue {
        description,
        check_name: clean::line(entry.item.rule).into_owned(),
        fingerprint: if times == 1 { id.to_string() } else { fingerprint(&[id, &times.to_string()]) },
        severity: severity(entry),
        location: location(&place),
    }
}

/// The place of an entry; one without a file or an address has a name in its place.
fn location(place: &Place) -> Location {
    let path = match (&place.file, &place.url) {
        (Some(file), _) => file.trim_start_matches("./").replace('\\', "/"),
        (None, Some(url)) => format::host_and_path(url).to_owned(),
        (None, None) => "homologa".to_owned(),
    };
    Location { path: clean::line(&path).into_owned(), lines: Lines { begin: place.line.unwrap_or(1).max(1) } }
}

fn severity(entry: &Entry<'_>) -> &'static str {
    match entry.item.severity {
        _ if entry.known => "info",
        Severity::Blocker if entry.item.open => "major",
        Severity::Blocker => "blocker",
        _ if entry.item.open => "info",
        Severity::Warning => "major",
        Severity::Advice => "minor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn every_entry_has_what_gitlab_asks_for_and_a_fingerprint_of_its_own() {
        for lang in Lang::ALL {
            for record in [sample::not_ready(), sample::many::scenarios(200, crate::run::Verdict::Fail)] {
                let mut bytes = Vec::new();
                write(&record, lang, &mut bytes).unwrap();
                let list: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                let entries = list.as_array().unwrap();
                assert!(entries.len() > 4);
                let prints: std::collections::BTreeSet<_> =
                    entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap()).collect();
                assert_eq!(prints.len(), entries.len());
                let path = |entry: &serde_json::Value| entry["location"]["path"].as_str().unwrap().to_owned();
                assert!(entries.iter().all(|entry| !path(entry).starts_with(['/', '.']) && !path(entry).is_empty()));
            }
        }
    }

    #[test]
    fn a_run_with_nothing_to_say_is_an_empty_list() {
        let mut bytes = Vec::new();
        let mut record = sample::ready();
        record.shops.iter_mut().for_each(|shop| shop.checks.clear());
        write(&record, Lang::Es, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "[]\n");
    }
}
