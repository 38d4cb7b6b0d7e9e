//! Data of the user beside or in place of the built-in one: `--specs DIR`.
//!
//! The folder is laid out as `specs/` is. A file that has the name of a built-in one takes its place, another one comes
//! beside it, and what the folder does not have stays built in. Scenarios are the exception: when there is a folder
//! `scenarios`, it stands for all of them. Every mistake is told with its place before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use include_dir::{Dir, DirEntry};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{cards, catalogue, drift, grades, schemas, sites, statuses};
use crate::i18n::Message;
use crate::run::{Excerpt, Problem, read_at_most, unreadable};

/// Largest file that is read, in bytes.
const LARGEST_FILE: u64 = 8 * 1024 * 1024;
/// Most files of a folder, and how deep folders lie in each other.
const MOST_FILES: usize = 2_000;
const DEEPEST: usize = 6;

/// What was read of the user's folder. It is read once and kept as long as the program runs.
pub(super) struct Overlay {
    /// JSON of YAML files by their path as the embedded ones have it: `specs/sites/MLA.json`.
    pub(super) data: BTreeMap<String, &'static str>,
    /// Texts of all files, by their path below the folder.
    texts: BTreeMap<String, &'static str>,
    /// The folder of scenarios, if there is one.
    pub(super) scenarios: Option<PathBuf>,
}

static OVERLAY: OnceLock<Overlay> = OnceLock::new();

pub(super) fn overlay() -> Option<&'static Overlay> {
    OVERLAY.get()
}

/// The text of a file of the overlay, by its path below `specs/`.
pub(super) fn text(path: &str) -> Option<&'static str> {
    overlay()?.texts.get(path).copied()
}

/// The names of the files of a folder of the overlay.
pub(super) fn names(folder: &str) -> impl Iterator<Item = &'static str> {
    let files = overlay().into_iter().flat_map(|overlay| overlay.texts.keys());
    files.filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
}

/// The files below a folder with their texts, by their paths with `/`; files that begin with a dot are left aside.
///
/// # Errors
/// A folder or a file that does not read, and too much of them.
pub(crate) fn files_below(folder: &Path) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let (mut files, mut problems) = (BTreeMap::new(), Vec::new());
    let mut open = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(Problem::input(unreadable(&error)).in_file(folder.display().to_string()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let below = format!("{prefix}{name}");
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() && depth < DEEPEST {
                open.push((path, format!("{below}/"), depth + 1));
                continue;
            }
            let told = |message: Message| Problem::input(message).in_file(path.display().to_string());
            if files.len() >= MOST_FILES || !path.is_file() {
                problems.push(told(Message::new("run.not-a-file")));
                continue;
            }
            match read_at_most(&path, LARGEST_FILE) {
                Err(error) => problems.push(told(unreadable(&error))),
                Ok(bytes) if bytes.len() as u64 > LARGEST_FILE => {
                    problems.push(told(Message::new("specs.too-large").with("mib", LARGEST_FILE / 1024 / 1024)));
                }
                Ok(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => drop(files.insert(below, text)),
                    Err(_) => problems
                        .push(told(Message::new("scenario.not-utf8")).fix(Message::new("scenario.not-utf8-fix"))),
                },
            }
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Uses the files of a folder from now on. Called once, before any data is read.
///
/// # Errors
/// The folder does not read; every file that is none of `specs/` or has a mistake, with its place.
pub fn use_folder(folder: &Path) -> Result<(), Vec<Problem>> {
    let overlay = read(folder)?;
    // A second call would come too late for what was read already.
    let _ = OVERLAY.set(overlay);
    Ok(())
}

fn read(folder: &Path) -> Result<Overlay, Vec<Problem>> {
    let scenarios = Some(folder.join("scenarios")).filter(|folder| folder.is_dir());
    let mut overlay = Overlay { data: BTreeMap::new(), texts: BTreeMap::new(), scenarios };
    let mut problems = Vec::new();
    let files = files_below(folder)?;
    for (path, text) in files {
        // Scenarios are read, with their own mistakes, where they run; the rest is not for the program.
        if path.starts_with("scenarios/") || path.starts_with("dsl/") || path.ends_with(".md") {
            continue;
        }
        let shown = folder.join(&path).display().to_string();
        match checked(&path, &text) {
            None => problems.push(
                Problem::input(Message::new("specs.unknown-file"))
                    .fix(Message::new("specs.unknown-file-fix"))
                    .in_file(shown),
            ),
            Some(Err(mistake)) => problems.push(mistake.problem(shown, &text)),
            Some(Ok(json)) => {
                if let (Some(json), Some(stem)) = (json, path.strip_suffix(".yaml")) {
                    overlay.data.insert(format!("specs/{stem}.json"), Box::leak(json.into_boxed_str()));
                }
                overlay.texts.insert(path, Box::leak(text.into_boxed_str()));
            }
        }
    }
    if overlay.texts.is_empty() && overlay.scenarios.is_none() && problems.is_empty() {
        let problem = Problem::input(Message::new("specs.nothing-there")).in_file(folder.display().to_string());
        problems.push(problem.fix(Message::new("specs.unknown-file-fix")));
    }
    problems.extend(doubles(&overlay).map(|told| told.in_file(folder.display().to_string())));
    if problems.is_empty() { Ok(overlay) } else { Err(problems) }
}

/// What is wrong with a file.
enum Mistake {
    Yaml(serde_yaml::Error),
    Json(serde_json::Error),
    Schema,
}

impl Mistake {
    fn problem(self, file: String, text: &str) -> Problem {
        match self {
            Mistake::Yaml(error) => {
                let message = Message::new("specs.bad-file").with("error", &error);
                located(Problem::input(message).in_file(file), text, &error)
            }
            Mistake::Json(error) => {
                let mut problem = Problem::input(Message::new("specs.bad-file").with("error", &error)).in_file(file);
                problem.place.line = u32::try_from(error.line()).ok();
                problem.place.column = u32::try_from(error.column()).ok();
                problem
            }
            Mistake::Schema => Problem::input(Message::new("specs.bad-schema")).in_file(file),
        }
    }
}

/// A problem with the place of a mistake in YAML and the lines around it.
pub(crate) fn located(mut problem: Problem, text: &str, error: &serde_yaml::Error) -> Problem {
    if let Some(place) = error.location() {
        let line = u32::try_from(place.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(place.column()).unwrap_or(u32::MAX);
        (problem.place.line, problem.place.column) = (Some(line), Some(column));
        let first = place.line().saturating_sub(2).max(1);
        let lines = text.lines().skip(first - 1).take(4).map(|line| line.chars().take(160).collect()).collect();
        let first_line = u32::try_from(first).unwrap_or(1);
        problem.excerpt = Some(Excerpt { first_line, lines, line, column, length: 1 });
    }
    problem
}

/// Reads a file as what its path says it is; `None` for a path that `specs/` does not have. YAML comes back as JSON.
fn checked(path: &str, text: &str) -> Option<Result<Option<String>, Mistake>> {
    fn yaml<T: DeserializeOwned>(text: &str) -> Result<Option<String>, Mistake> {
        serde_yaml::from_str::<T>(text).map_err(Mistake::Yaml)?;
        let value: serde_json::Value = serde_yaml::from_str(text).map_err(Mistake::Yaml)?;
        serde_json::to_string(&value).map(Some).map_err(Mistake::Json)
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if let ("schemas", Some(_)) = (folder, name.strip_suffix(".schema.json")) {
        return Some(match serde_json::from_str(text) {
            Err(error) => Err(Mistake::Json(error)),
            Ok(schema) if schemas::compiles(&schema) => Ok(None),
            Ok(_) => Err(Mistake::Schema),
        });
    }
    if !name.ends_with(".yaml") {
        return None;
    }
    Some(match (folder, name) {
        ("catalogue/payments", _) => yaml::<catalogue::EntryFile>(text),
        ("catalogue", "neighbours.yaml") => yaml::<catalogue::NeighbourFile>(text),
        ("catalogue", "snapshots.yaml") => yaml::<catalogue::SnapshotFile>(text),
        ("cards", "holders.yaml") => yaml::<cards::Holders>(text),
        ("cards", _) => yaml::<cards::SiteCards>(text),
        ("sites", _) => yaml::<sites::Site>(text),
        ("", "statuses.yaml") => yaml::<statuses::Statuses>(text),
        ("", "drift.yaml") => yaml::<drift::DriftFile>(text),
        ("", "grades.yaml") => yaml::<grades::GradeFile>(text),
        ("openapi", _) => yaml::<serde_json::Value>(text),
        _ => return None,
    })
}

/// Entries of the catalogue that two files hold: which of them counts would be chance.
fn doubles(overlay: &Overlay) -> impl Iterator<Item = Problem> {
    let built_in = super::built_in("catalogue/payments");
    let kept =
        built_in.filter(|(name, _)| !overlay.data.contains_key(&format!("specs/catalogue/payments/{name}.json")));
    let own = overlay.data.iter().filter(|(path, _)| path.starts_with("specs/catalogue/payments/"));
    let texts = kept.map(|(_, json)| json).chain(own.map(|(_, json)| *json));
    let files = texts.filter_map(|json| serde_json::from_str::<catalogue::EntryFile>(json).ok());
    let mut seen = BTreeSet::new();
    let ids: Vec<String> = files.flat_map(|file| file.errors).map(|entry| entry.id).collect();
    ids.into_iter()
        .filter(move |id| !seen.insert(id.clone()))
        .map(|id| Problem::input(Message::new("specs.entry-twice").with("id", id)))
}

/// The digest of embedded files with those of the user in their places: as the build computes it of the files alone.
pub(crate) fn digest<'t>(embedded: &Dir<'t>, own: impl Iterator<Item = (PathBuf, &'t [u8])>) -> String {
    let mut files: BTreeMap<PathBuf, &[u8]> = BTreeMap::new();
    let mut open: Vec<&DirEntry<'t>> = embedded.entries().iter().collect();
    while let Some(entry) = open.pop() {
        match entry {
            DirEntry::Dir(folder) => open.extend(folder.entries()),
            DirEntry::File(file) => drop(files.insert(file.path().to_owned(), file.contents())),
        }
    }
    files.extend(own);
    let mut hash = Sha256::new();
    for (path, contents) in files {
        hash.update(path.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update(contents);
        hash.update([0]);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of all files of `specs/` that count.
pub(super) fn digest_of_all() -> String {
    let Some(overlay) = overlay() else { return super::DIGEST.to_owned() };
    let own = overlay.texts.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes()));
    let mut digest = digest(&super::FILES, own);
    if let Some(scenarios) = &overlay.scenarios {
        digest.push('+');
        digest.push_str(&crate::contract::scenario::Stock::in_folder(scenarios).digest());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<(String, Option<u32>)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        match read(folder.path()) {
            Ok(_) => Vec::new(),
            Err(problems) => {
                problems.into_iter().map(|told| (told.message.key.into_owned(), told.place.line)).collect()
            }
        }
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        let key = |key: &str, line: Option<u32>| vec![(key.to_owned(), line)];
        assert_eq!(told(&[("grades.yaml", "grades:\n  - id: [\n")]), key("specs.bad-file", Some(3)));
        assert_eq!(told(&[("sites/MLA.yaml", "id: MLA\nnonsense: 1\n")])[0].0, "specs.bad-file");
        assert_eq!(told(&[("schemas/x.schema.json", "{\n  \"type\": \n")]), key("specs.bad-file", Some(3)));
        assert_eq!(told(&[("schemas/x.schema.json", "{\"type\": 7}")]), key("specs.bad-schema", None));
        assert_eq!(told(&[("payments.yaml", "a: 1\n")]), key("specs.unknown-file", None));
        assert_eq!(told(&[("README.md", "hello")]), key("specs.nothing-there", None));
        assert_eq!(told(&[("scenarios/a.yaml", "name: a\n")]), []);
    }

    #[test]
    fn every_built_in_file_would_be_taken_and_gives_the_same_digest() {
        let mut files = Vec::new();
        let mut open: Vec<&DirEntry<'_>> = crate::specs::FILES.entries().iter().collect();
        while let Some(entry) = open.pop() {
            match entry {
                DirEntry::Dir(folder) if folder.path().ends_with("scenarios") => {}
                DirEntry::Dir(folder) => open.extend(folder.entries()),
                DirEntry::File(file) => files.push((file.path().to_str().unwrap(), file.contents_utf8().unwrap())),
            }
        }
        assert_eq!(told(&files), []);
        let own = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes()));
        assert_eq!(digest(&crate::specs::FILES, own), crate::specs::DIGEST);
        let mut more = files.clone();
        let entries = files.iter().find(|(path, _)| path.starts_with("catalogue/payments/")).unwrap().1;
        more.push(("catalogue/payments/zz.yaml", entries));
        assert_eq!(told(&more)[0].0, "specs.entry-twice");
    }
}
