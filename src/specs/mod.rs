//! The contract as data: the files of `specs/`, embedded in the program, read on first use.
//!
//! Each part of `specs/` has one module here that gives it types; nothing here judges. A file that does not
//! read is a mistake of ours that the tests of each module find, so loaders treat it as empty.

pub mod cards;
pub mod catalogue;
pub mod drift;
pub mod grades;
pub mod reference_page;
pub mod schemas;
pub mod sites;
pub mod statuses;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

/// The files of `specs/`.
pub(crate) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/specs");

/// The same YAML files, and the word catalogues, as JSON made by the build (`build.rs`).
static DATA: Dir<'static> = include_dir!("$OUT_DIR/data");

/// Reads the data of one embedded YAML file, by its path from the top of the repository.
pub(crate) fn data<T: DeserializeOwned>(path: &str) -> Option<T> {
    let json = DATA.get_file(std::path::Path::new(path).with_extension("json"))?.contents();
    serde_json::from_slice(json).ok()
}

/// Reads the data of one file of `specs/`.
fn yaml<T: DeserializeOwned>(path: &str) -> Option<T> {
    data(&format!("specs/{path}"))
}

/// Reads the data of an embedded file of `specs/`.
pub(crate) fn data_of<T: DeserializeOwned>(file: &include_dir::File<'_>) -> Option<T> {
    yaml(file.path().to_str()?)
}

/// The YAML files directly in a folder of `specs/`, by name.
fn yaml_files(folder: &str) -> Vec<&'static include_dir::File<'static>> {
    let mut files: Vec<_> = FILES
        .get_dir(folder)
        .into_iter()
        .flat_map(Dir::files)
        .filter(|file| file.path().extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort_by_key(|file| file.path());
    files
}

/// SHA-256 over names and contents of all files of `specs/`, computed by the build; the first 12 hexadecimal digits.
/// Stands in every record, so that two runs can be told to rest on the same data.
pub const DIGEST: &str = env!("HOMOLOGA_SPECS_DIGEST");
/// The same of the files of `rules/`.
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
    fn the_build_computes_the_same_digests() {
        assert_eq!(digest(&super::FILES), super::DIGEST);
        assert_eq!(digest(crate::golive::rule::files()), super::RULES_DIGEST);
    }
}
