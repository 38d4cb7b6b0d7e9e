//! Finding scenario files: the built-in ones of `specs/scenarios/`, and those of a folder of the user.
//! A broken file is reported and does not stop the others.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry};

use super::{Scenario, read};
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs;
use crate::yaml::Source;

/// What was found: scenarios in order of their ids, and what is wrong with the rest.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Scenarios that read.
    pub scenarios: Vec<Scenario>,
    /// Mistakes in files that do not.
    pub problems: Vec<Problem>,
}

impl Loaded {
    fn add(&mut self, file: &str, id: &str, text: &str) {
        match read(&Source::new(file, text), id) {
            Ok(scenario) => self.scenarios.push(scenario),
            Err(problems) => self.problems.extend(problems),
        }
    }
}

/// The built-in scenarios.
pub fn builtin() -> Loaded {
    let mut loaded = Loaded::default();
    let mut files = Vec::new();
    let mut open: Vec<&Dir<'static>> = specs::FILES.get_dir("scenarios").into_iter().collect();
    while let Some(folder) = open.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => open.push(folder),
                DirEntry::File(file) if file.path().extension().is_some_and(|ending| ending == "yaml") => {
                    files.push(file)
                }
                DirEntry::File(_) => {}
            }
        }
    }
    files.sort_by_key(|file| file.path());
    for file in files {
        let id = file.path().strip_prefix("scenarios").unwrap_or(file.path()).with_extension("");
        let name = format!("specs/{}", file.path().display());
        loaded.add(&name, &id.to_string_lossy(), file.contents_utf8().unwrap_or_default());
    }
    loaded
}

/// The scenarios of a folder, or one file.
pub fn from_folder(path: &Path) -> Loaded {
    let mut loaded = Loaded::default();
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        match entries(&folder) {
            Ok(entries) => {
                for entry in entries {
                    if entry.is_dir() {
                        open.push(entry);
                    } else if entry.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                        files.push(entry);
                    }
                }
            }
            Err(error) => loaded.problems.push(unreadable(&folder, &error)),
        }
    }
    files.sort();
    if files.is_empty() && loaded.problems.is_empty() {
        let problem = Problem::input(Message::new("scenario.none-found")).in_file(path.display().to_string());
        loaded.problems.push(problem.fix(Message::new("scenario.none-found-fix")));
    }
    for file in files {
        let id = file.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty());
        let id =
            id.map_or_else(|| PathBuf::from(file.file_name().unwrap_or_default()), Path::to_owned).with_extension("");
        let name = file.display().to_string();
        match std::fs::read(&file) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => loaded.add(&name, &id.to_string_lossy(), &text),
                Err(_) => loaded.problems.push(
                    Problem::input(Message::new("scenario.not-utf8"))
                        .in_file(name)
                        .fix(Message::new("scenario.not-utf8-fix")),
                ),
            },
            Err(error) => loaded.problems.push(unreadable(&file, &error)),
        }
    }
    loaded
}

/// The entries of a folder without following links to folders, which may form a circle; a file is itself.
fn entries(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !(entry.file_type()?.is_symlink() && entry.path().is_dir()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::input(Message::new("run.cannot-read").with("error", error)).in_file(path.display().to_string())
}
