//! A stock of scenario files that are read one by one, so that memory does not grow with their number.
//!
//! Not responsible for which of them run.

use std::path::{Path, PathBuf};

use include_dir::File;
use sha2::{Digest, Sha256};

use super::fragment::Find;
use super::{Document, Library, Scenario, load, read_document};
use crate::run::Problem;
use crate::yaml::{self, Source};

/// Scenario files in order of their ids.
pub struct Stock {
    files: Files,
    find: Box<Find<'static>>,
    problems: Vec<Problem>,
}

enum Files {
    Builtin(Vec<&'static File<'static>>),
    Folder(PathBuf, Vec<PathBuf>),
}

impl Stock {
    /// The built-in scenarios, or those that the user put in their place.
    pub fn builtin() -> Stock {
        if let Some(own) = crate::specs::scenarios() {
            return Stock::in_folder(own);
        }
        let files = Files::Builtin(load::builtin_files());
        Stock { files, find: Box::new(load::beside_builtin), problems: Vec::new() }
    }

    /// The scenarios of a folder, or one file. A path as reports name built-in files, `specs/scenarios/…`, means
    /// those wherever there is no such folder: so the command that a report gives runs anywhere.
    pub fn in_folder(path: &Path) -> Stock {
        if let Some(files) = load::builtin_below(path) {
            return Stock { files: Files::Builtin(files), find: Box::new(load::beside_builtin), problems: Vec::new() };
        }
        let (files, problems) = load::files(path);
        let run = path.to_owned();
        let find = move |from: &str, name: &str| load::beside(&run, from, name);
        Stock { files: Files::Folder(path.to_owned(), files), find: Box::new(find), problems }
    }

    /// How many files there are, fragments included.
    pub fn len(&self) -> usize {
        match &self.files {
            Files::Builtin(files) => files.len(),
            Files::Folder(_, files) => files.len(),
        }
    }

    /// Ids of the files, fragments included; reads none.
    pub fn ids(&self) -> Vec<String> {
        match &self.files {
            Files::Builtin(files) => files.iter().map(|file| builtin_id(file)).collect(),
            Files::Folder(root, files) => files.iter().map(|file| id_below(root, file)).collect(),
        }
    }

    /// A digest of the names below the folder and the contents of all its files, so that two runs can be told to have
    /// read the same ones; the first 12 hexadecimal digits. A file that cannot be read counts by its name.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |id: &str, contents: &[u8]| {
            for part in [id.as_bytes(), contents] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        };
        match &self.files {
            Files::Builtin(files) => files.iter().for_each(|file| add(&builtin_id(file), file.contents())),
            Files::Folder(root, files) => {
                files
                    .iter()
                    .for_each(|file| add(&id_below(root, file), load::text(file).unwrap_or_default().as_bytes()));
            }
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was wrong with the folder; told once.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Reads files; fragments are read once for all of them.
    pub fn reader(&self) -> Reader<'_> {
        Reader { stock: self, library: Library::new(&*self.find) }
    }

    fn source(&self, index: usize) -> Result<Option<(Source, String)>, Problem> {
        match &self.files {
            Files::Builtin(files) => Ok(files.get(index).map(|file| {
                let name = format!("specs/{}", file.path().display());
                (Source::new(&name, file.contents_utf8().unwrap_or_default()), builtin_id(file))
            })),
            Files::Folder(root, files) => {
                let Some(file) = files.get(index) else { return Ok(None) };
                let source = Source::new(&file.to_string_lossy(), &load::text(file)?);
                Ok(Some((source, id_below(root, file))))
            }
        }
    }
}

/// The id of a built-in file.
fn builtin_id(file: &File<'_>) -> String {
    let id = file.path().strip_prefix("scenarios").unwrap_or(file.path()).with_extension("");
    id.to_string_lossy().into_owned()
}

/// The id of a file in a folder, or of one that was named itself.
fn id_below(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).ok().filter(|rest| !rest.as_os_str().is_empty());
    let id = below.or_else(|| file.file_name().map(Path::new)).unwrap_or(file).with_extension("");
    id.to_string_lossy().into_owned()
}

/// Reads the files of a [`Stock`].
pub struct Reader<'s> {
    stock: &'s Stock,
    library: Library<'s>,
}

impl Reader<'_> {
    /// Reads one file; `None` for a fragment, and behind the last file.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn read(&self, index: usize) -> Result<Option<Scenario>, Vec<Problem>> {
        let Some((source, id)) = self.stock.source(index).map_err(|problem| vec![problem])? else { return Ok(None) };
        match read_document(&source, &id, &self.library) {
            Ok(Document::Scenario(scenario)) => Ok(Some(*scenario)),
            Ok(Document::Fragment) => Ok(None),
            Err(problems) => Err(yaml::first_mistakes(&source, problems)),
        }
    }

    /// Whether a word stands in the text of a file: a cheap question before the file is read.
    pub fn mentions(&self, index: usize, word: &str) -> bool {
        match &self.stock.files {
            Files::Builtin(files) => {
                files.get(index).is_some_and(|file| file.contents_utf8().is_some_and(|text| text.contains(word)))
            }
            Files::Folder(_, files) => {
                files.get(index).is_some_and(|file| load::text(file).is_ok_and(|text| text.contains(word)))
            }
        }
    }
}
