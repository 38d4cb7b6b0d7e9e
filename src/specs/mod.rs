//! The contract as data: the files of `specs/`, embedded in the program, read on first use.
//!
//! Each part of `specs/` has one module here that gives it types; nothing here judges. A file that does not
//! read is a mistake of ours that the tests of each module find, so loaders treat it as empty; those of the user
//! ([`overlay`]) are refused before anything is read.

pub mod cards;
pub mod catalogue;
pub mod drift;
pub mod grades;
pub mod overlay;
pub mod real_cards;
pub mod reference_page;
pub mod schemas;
pub mod sites;
pub mod statuses;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

/// The files of `specs/`.
pub(crate) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/specs");

/// The same YAML files as JSON made by the build (`build.rs`), by path: the path of the YAML file from the top of the
/// repository, with the other ending. `specs/outlines.json` is cut out of the catalogue.
static DATA: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/data.rs"));

/// Reads the data of one embedded YAML file, by its path from the top of the repository.
pub(crate) fn data<T: DeserializeOwned>(path: &str) -> Option<T> {
    let path = format!("{}.json", path.strip_suffix(".yaml")?);
    if let Some(own) = overlay::overlay().and_then(|overlay| overlay.data.get(&path)) {
        return serde_json::from_str(own).ok();
    }
    let index = DATA.binary_search_by_key(&path.as_str(), |(name, _)| name).ok()?;
    serde_json::from_str(DATA[index].1).ok()
}

/// Reads the data of one file of `specs/`.
fn yaml<T: DeserializeOwned>(path: &str) -> Option<T> {
    data(&format!("specs/{path}"))
}

/// Reads the data of the YAML files in a folder of `specs/`, by their names; what does not read is left out.
pub(crate) fn folder<T: DeserializeOwned>(folder: &str) -> impl Iterator<Item = T> {
    named(folder).filter_map(|(_, json)| serde_json::from_str(json).ok())
}

/// The data of the YAML files in a folder of `specs/`, each with its name without ending; those of the user take the
/// places of built-in ones.
fn named(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = overlay::overlay().map(|overlay| &overlay.data);
    let prefix = format!("specs/{folder}/");
    let path_of = prefix.clone();
    let kept = built_in(folder)
        .filter(move |(name, _)| own.is_none_or(|own| !own.contains_key(&format!("{path_of}{name}.json"))));
    let beside = own.into_iter().flatten().filter_map(move |(path, json)| {
        let name = path.strip_prefix(prefix.as_str())?.strip_suffix(".json")?;
        (!name.contains('/')).then_some((name, *json))
    });
    kept.chain(beside)
}

/// The folder that stands for the built-in scenarios, if the user has one.
pub(crate) fn scenarios() -> Option<&'static std::path::Path> {
    overlay::overlay()?.scenarios.as_deref()
}

/// The same of the embedded files alone.
fn built_in(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let folder = format!("specs/{folder}/");
    let begin = DATA.partition_point(|(path, _)| *path < folder.as_str());
    let below = DATA[begin..].iter().map_while(move |(path, json)| Some((path.strip_prefix(folder.as_str())?, *json)));
    below.filter_map(|(name, json)| Some((name.strip_suffix(".json").filter(|name| !name.contains('/'))?, json)))
}

/// SHA-256 over names and contents of all files of `specs/`, computed by the build; the first 12 hexadecimal digits.
/// Stands in every record, so that two runs can be told to rest on the same data.
pub const DIGEST: &str = env!("HOMOLOGA_SPECS_DIGEST");
/// The same, with the user's files in their places.
pub fn digest() -> String {
    overlay::digest_of_all()
}

/// The same of the embedded files of `rules/`.
pub const RULES_DIGEST: &str = env!("HOMOLOGA_RULES_DIGEST");

#[cfg(test)]
mod tests {
    use include_dir::{Dir, DirEntry};
    use sha2::{Digest, Sha256};

    /// As the build computes it of the files, of what is embedded.
    fn digest(folder: &Dir<'_>) -> String {
        let mut files = Vec::new();
        let mut open: Vec<&DirEntry<'_>> = folder.entries().iter().collect();
        while let Some(entry) = open.pop() {
            match entry {
                DirEntry::Dir(folder) => open.extend(folder.entries()),
                DirEntry::File(file) => files.push(file),
            }
        }
        files.sort_by_key(|file| file.path());
        let mut hash = Sha256::new();
        for file in files {
            hash.update(file.path().to_string_lossy().as_bytes());
            hash.update([0]);
            hash.update(file.contents());
            hash.update([0]);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn every_embedded_file_is_found_by_its_path() {
        assert!(super::DATA.is_sorted_by_key(|(path, _)| path));
        let mut open: Vec<&DirEntry<'_>> = super::FILES.entries().iter().collect();
        let mut found = 0;
        while let Some(entry) = open.pop() {
            match entry {
                DirEntry::Dir(folder)
                    if ["scenarios", "dsl", "schemas"].iter().any(|name| folder.path().ends_with(name)) => {}
                DirEntry::Dir(folder) => open.extend(folder.entries()),
                DirEntry::File(file) if file.path().extension().is_some_and(|ending| ending == "yaml") => {
                    let path = file.path().to_str().unwrap();
                    assert!(super::yaml::<serde_json::Value>(path).is_some(), "{path}");
                    found += 1;
                }
                DirEntry::File(_) => {}
            }
        }
        assert!(super::yaml::<serde_json::Value>("outlines.yaml").is_some());
        assert_eq!(super::DATA.len(), found + 1);
        let folder = super::FILES.get_dir("catalogue/payments").unwrap();
        assert_eq!(super::named("catalogue/payments").count(), folder.files().count());
        assert!(super::data::<serde_json::Value>("specs/no-such.yaml").is_none());
        assert_eq!(super::named("no-such").count(), 0);
    }

    #[test]
    fn the_build_computes_the_same_digests() {
        assert_eq!(digest(&super::FILES), super::DIGEST);
        assert_eq!(digest(crate::golive::rule::files()), super::RULES_DIGEST);
    }
}
