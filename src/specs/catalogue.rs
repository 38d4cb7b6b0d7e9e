//! The error catalogue of `POST /v1/payments` and its neighbours: `specs/catalogue/`.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::i18n::Text;

/// One documented error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// HTTP status and code, for example `400/2006`.
    pub id: String,
    /// HTTP status.
    pub status: u16,
    /// Code as the page prints it; for the one 401 entry, a sentence.
    pub code: String,
    /// The code that responses carry, where it is not the printed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_code: Option<String>,
    /// Literal message; `None` for the one entry whose text is lost.
    pub message: Option<String>,
    /// What the page prints, where it was repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_printed: Option<String>,
    /// What was repaired and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Text>,
    /// Regular expression of a message with a variable part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_pattern: Option<String>,
    /// The message as seen in responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_message: Option<String>,
    /// Field or header that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What it means.
    pub meaning: Text,
    /// What to do.
    pub remedy: Text,
    /// How to provoke it.
    pub provoke: Provoke,
    /// Codes that may come instead in the same situation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_situation: Vec<String>,
    /// Oldest snapshot that documents it.
    pub since: String,
    /// Snapshots and observations it rests on.
    pub sources: Vec<String>,
    /// `documented`, `observed`, `inferred` or `reconstructed`.
    pub confidence: String,
}

/// How an error is provoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provoke {
    /// What has to be wrong.
    pub by: String,
    /// Whether a client can do it.
    pub reach: Reach,
    /// How, or why not.
    pub how: Text,
}

/// Whether a client can provoke an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Deterministic with public means.
    Outside,
    /// Believed to be deterministic, not confirmed.
    Likely,
    /// Needs an account or configuration, or competes with another code.
    Conditional,
    /// Only fault injection shows it.
    Never,
}

/// An error code that is not in the catalogue but is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbour {
    /// Id, unique among neighbours and catalogue.
    pub id: String,
    /// HTTP status, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Code.
    pub code: String,
    /// Message, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Endpoint it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Why it is not in the catalogue.
    pub kind: NeighbourKind,
    /// What it means.
    pub meaning: Text,
    /// Sources.
    pub sources: Vec<String>,
}

/// Why a known code is not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeighbourKind {
    /// Stood in an older snapshot of the same table.
    FormerlyDocumented,
    /// Belongs to another resource.
    OtherEndpoint,
    /// Raised by the card form in the browser.
    ClientSide,
    /// Seen in responses, documented nowhere.
    Undocumented,
}

/// A document that the catalogue was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Id, as `since` and `sources` name it.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Where it stands.
    pub source: String,
    /// Day on which it was read, where the document itself has no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Languages it is written in.
    pub language: String,
    /// Number of codes by HTTP status, where it has a table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, u32>,
    /// What to know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// The snapshot that the catalogue follows.
pub const CURRENT_SNAPSHOT: &str = "reference-page";
/// Day on which it was read: the page itself has no date.
pub const CURRENT_READ: &str = "2026-11-21";

#[derive(Deserialize)]
pub(super) struct EntryFile {
    pub(super) errors: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct NeighbourFile {
    neighbours: Vec<Neighbour>,
}

#[derive(Deserialize)]
pub(super) struct SnapshotFile {
    snapshots: Vec<Snapshot>,
}

/// What coverage needs of an entry. Every run measures coverage, and most of a short run's reading would be of what the
/// entries say to people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Outline {
    /// HTTP status and code, for example `400/2006`.
    pub id: String,
    /// HTTP status.
    pub status: u16,
    /// Code as the page prints it.
    pub code: String,
    /// Literal message; `None` for the one entry whose text is lost.
    pub message: Option<String>,
    /// How to provoke it.
    pub provoke: Provoke,
}

#[derive(Deserialize)]
struct OutlineFile {
    errors: Vec<Outline>,
}

/// The outline of every entry, in the order of [`Catalogue::entries`].
pub fn outlines() -> &'static [Outline] {
    static OUTLINES: OnceLock<Vec<Outline>> = OnceLock::new();
    OUTLINES.get_or_init(|| {
        // The build cuts them out of the built-in entries; of entries of the user they are read here.
        let cut = if super::overlay::overlay().is_none() { super::yaml::<OutlineFile>("outlines.yaml") } else { None };
        let mut outlines: Vec<Outline> = match cut {
            Some(file) => file.errors,
            None => super::folder::<OutlineFile>("catalogue/payments").flat_map(|file| file.errors).collect(),
        };
        outlines.sort_by_key(|entry| place(entry.status, &entry.code));
        outlines
    })
}

/// By status, then by number, so that lists and pictures read like the page.
fn place(status: u16, code: &str) -> (u16, u32) {
    (status, code.parse().unwrap_or(u32::MAX))
}

/// The catalogue with its indices.
pub struct Catalogue {
    entries: Vec<Entry>,
    by_code: HashMap<String, usize>,
}

/// The built-in catalogue.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let files = super::folder::<EntryFile>("catalogue/payments");
        let mut entries: Vec<Entry> = files.flat_map(|file| file.errors).collect();
        entries.sort_by_key(|entry| place(entry.status, &entry.code));
        let mut by_code = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_code.insert(entry.id.to_lowercase(), index);
            by_code.entry(entry.code.to_lowercase()).or_insert(index);
        }
        // A printed code wins over the code of responses: 7 is nowhere printed, so nothing is hidden today.
        for (index, entry) in entries.iter().enumerate() {
            if let Some(code) = &entry.wire_code {
                by_code.entry(code.to_lowercase()).or_insert(index);
            }
        }
        Catalogue { entries, by_code }
    })
}

impl Catalogue {
    /// Every entry, by status and code.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of an id (`400/2006`), a printed code or a code of responses, whatever its case.
    pub fn find(&self, id_or_code: &str) -> Option<&Entry> {
        self.by_code.get(&id_or_code.to_lowercase()).map(|index| &self.entries[*index])
    }
}

/// The known codes outside the catalogue.
pub fn neighbours() -> &'static [Neighbour] {
    static NEIGHBOURS: OnceLock<Vec<Neighbour>> = OnceLock::new();
    NEIGHBOURS.get_or_init(|| {
        super::yaml::<NeighbourFile>("catalogue/neighbours.yaml").map(|file| file.neighbours).unwrap_or_default()
    })
}

/// The neighbours with an id (`404/2000`) or, of all resources, with a code (`2000`), whatever its case.
pub fn neighbours_of(id_or_code: &str) -> impl Iterator<Item = &'static Neighbour> {
    let by_id = neighbours().iter().any(|other| other.id.eq_ignore_ascii_case(id_or_code));
    let named = move |other: &&Neighbour| if by_id { &other.id } else { &other.code }.eq_ignore_ascii_case(id_or_code);
    neighbours().iter().filter(named)
}

/// The documents the catalogue was read from, oldest first.
pub fn snapshots() -> &'static [Snapshot] {
    static SNAPSHOTS: OnceLock<Vec<Snapshot>> = OnceLock::new();
    SNAPSHOTS.get_or_init(|| {
        super::yaml::<SnapshotFile>("catalogue/snapshots.yaml").map(|file| file.snapshots).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_reads() {
        for file in crate::specs::FILES.get_dir("catalogue/payments").unwrap().files() {
            serde_yaml::from_str::<EntryFile>(file.contents_utf8().unwrap())
                .unwrap_or_else(|error| panic!("{:?}: {error}", file.path()));
        }
        let text = |path| crate::specs::FILES.get_file(path).unwrap().contents_utf8().unwrap();
        serde_yaml::from_str::<NeighbourFile>(text("catalogue/neighbours.yaml")).unwrap();
        serde_yaml::from_str::<SnapshotFile>(text("catalogue/snapshots.yaml")).unwrap();
    }

    /// 84 rows under 400 of which one holds three codes, one under 401, three under 403.
    #[test]
    fn the_catalogue_has_its_ninety_codes() {
        let count = |status| catalogue().entries().iter().filter(|entry| entry.status == status).count();
        assert_eq!((count(400), count(401), count(403)), (86, 1, 3));
        let ids: BTreeSet<_> = catalogue().entries().iter().map(|entry| &entry.id).collect();
        assert_eq!(ids.len(), 90);
    }

    #[test]
    fn outlines_say_the_same_as_entries() {
        assert_eq!(outlines().len(), catalogue().entries().len());
        for (outline, entry) in outlines().iter().zip(catalogue().entries()) {
            let (one, other) = ((&outline.id, outline.status, &outline.code), (&entry.id, entry.status, &entry.code));
            assert_eq!((one, &outline.message, &outline.provoke), (other, &entry.message, &entry.provoke));
        }
    }

    #[test]
    fn entries_are_whole_and_their_sources_exist() {
        let snapshots: BTreeSet<_> = snapshots().iter().map(|snapshot| snapshot.id.as_str()).collect();
        assert!(snapshots.contains(CURRENT_SNAPSHOT));
        let current = super::snapshots().iter().find(|snapshot| snapshot.id == CURRENT_SNAPSHOT).unwrap();
        assert_eq!(current.read.as_deref(), Some(CURRENT_READ));
        for entry in catalogue().entries() {
            assert!(snapshots.contains(entry.since.as_str()), "{}: since {}", entry.id, entry.since);
            for source in &entry.sources {
                assert!(snapshots.contains(source.as_str()) || source.contains('/'), "{}: source {source}", entry.id);
            }
            assert_eq!(entry.as_printed.is_some(), entry.repair.is_some(), "{}", entry.id);
            assert_eq!(entry.message.is_none(), entry.code == "3033", "{}", entry.id);
            for text in [&entry.meaning, &entry.remedy, &entry.provoke.how] {
                assert!(crate::i18n::Lang::ALL.iter().all(|lang| !text.get(*lang).trim().is_empty()), "{}", entry.id);
            }
            if let Some(pattern) = &entry.message_pattern {
                let pattern = regex::Regex::new(pattern).unwrap();
                assert!(pattern.is_match(entry.message.as_deref().unwrap_or_default()), "{}", entry.id);
            }
            for code in &entry.same_situation {
                let known = catalogue().find(code).is_some() || neighbours().iter().any(|other| other.code == *code);
                assert!(known, "{}: same_situation {code}", entry.id);
            }
        }
    }

    #[test]
    fn entries_are_found_by_id_code_and_code_of_responses() {
        for (word, id) in [
            ("2006", "400/2006"),
            ("400/2006", "400/2006"),
            ("7", "401/live-credentials"),
            ("PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "403/pa_unauthorized_result_from_policies"),
        ] {
            assert_eq!(catalogue().find(word).map(|entry| entry.id.as_str()), Some(id), "{word}");
        }
        assert!(catalogue().find("2000").is_none());
    }
}
