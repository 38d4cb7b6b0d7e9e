//! A stock of scenario files that are read one by one, so that memory does not grow with their number.
//!
//! Not responsible for which of them run.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use include_dir::File;
use sha2::{Digest, Sha256};

use super::fragment::Find;
use super::{Document, Library, Scenario, load, names, read_document};
use crate::run::Problem;
use crate::yaml::{self, Source};

/// Most bytes of text that are kept from the digest until they are read.
const MOST_KEPT: usize = 4 * 1024 * 1024;
/// The word by which a file names a table in a file of its own.
const TABLE: &str = "csv";

/// Scenario files in order of their ids.
pub struct Stock {
    files: Files,
    find: Box<Find<'static>>,
    problems: Vec<Problem>,
    /// Whether it is one file, which the user named.
    single: bool,
    /// What the digest has seen of each file, in their order; empty as long as none was made.
    seen: Vec<Seen>,
}

/// What is known of a file that was read once: opening a file costs more than to read the little that stands in one.
struct Seen {
    /// Its text, until somebody takes it; of the first files alone, so that memory does not grow with their number.
    text: RefCell<Option<Arc<str>>>,
    /// Whether it may ask that only those like it run.
    only: bool,
}

enum Files {
    Builtin(Vec<&'static File<'static>>),
    /// With their ids.
    Folder(Vec<(PathBuf, String)>),
}

impl Stock {
    /// The scenarios of a folder or of one file; without either, the built-in ones.
    pub fn of(path: Option<&Path>) -> Stock {
        path.map_or_else(Stock::builtin, Stock::in_folder)
    }

    /// The built-in scenarios, or those that the user put in their place.
    pub fn builtin() -> Stock {
        if let Some(own) = crate::specs::scenarios() {
            return Stock::in_folder(own);
        }
        Stock::new(Files::Builtin(load::builtin_files()), Box::new(load::beside_builtin), Vec::new())
    }

    fn new(files: Files, find: Box<Find<'static>>, problems: Vec<Problem>) -> Stock {
        Stock { files, find, problems, single: false, seen: Vec::new() }
    }

    /// The scenarios of a folder, or one file. A path as reports name built-in files, `specs/scenarios/…`, means
    /// those wherever there is no such folder: so the command that a report gives runs anywhere.
    pub fn in_folder(path: &Path) -> Stock {
        if let Some(files) = load::builtin_below(path) {
            return Stock::new(Files::Builtin(files), Box::new(load::beside_builtin), Vec::new());
        }
        let (files, problems) = load::files(path);
        let run = path.to_owned();
        let find = move |from: &str, name: &str| load::beside(&run, from, name);
        let with_id = |file: PathBuf| {
            let id = id_below(path, &file);
            (file, id)
        };
        let files = Files::Folder(files.into_iter().map(with_id).collect());
        let mut stock = Stock { single: path.is_file(), ..Stock::new(files, Box::new(find), problems) };
        stock.leave_out_taken_names();
        stock
    }

    /// Two scenarios of one name would be one in everything that a run leaves: the second is told and does not run.
    fn leave_out_taken_names(&mut self) {
        let Files::Folder(files) = &self.files else { return };
        let taken = names::taken(files, &self.reader());
        if let (Files::Folder(files), false) = (&mut self.files, taken.is_empty()) {
            let mut left = taken.iter().map(|(index, _)| *index).peekable();
            let mut places = 0..;
            files.retain(|_| left.next_if_eq(&places.next().unwrap_or_default()).is_none());
            self.problems.extend(taken.into_iter().map(|(_, problem)| problem));
        }
    }

    /// How many files there are, fragments included.
    pub fn len(&self) -> usize {
        match &self.files {
            Files::Builtin(files) => files.len(),
            Files::Folder(files) => files.len(),
        }
    }

    /// Ids of the files, fragments included; reads none.
    pub fn ids(&self) -> Vec<String> {
        match &self.files {
            Files::Builtin(files) => files.iter().map(|file| builtin_id(file)).collect(),
            Files::Folder(files) => files.iter().map(|(_, id)| id.clone()).collect(),
        }
    }

    /// A digest of the names below the folder and the contents of all its files, and of the tables and fragments that they
    /// name, so that two runs can be told to have read the same ones; the first 12 hexadecimal digits. A file that cannot
    /// be read counts by its name. What is read for it need not be read again.
    pub fn digest(&mut self) -> String {
        let mut hash = Sha256::new();
        let mut add = |id: &str, contents: &[u8]| {
            for part in [id.as_bytes(), contents] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        };
        match &self.files {
            Files::Builtin(files) => files.iter().for_each(|file| add(&builtin_id(file), file.contents())),
            Files::Folder(files) => {
                let (mut bytes, mut kept, mut all) = (Vec::new(), 0, Vec::with_capacity(files.len()));
                for (file, id) in files {
                    let text = load::text(file, &mut bytes).unwrap_or_default();
                    add(id, text.as_bytes());
                    // The fragments of a folder are among its files.
                    if text.contains(TABLE) || self.single {
                        let source = Source::new(&file.to_string_lossy(), text);
                        self.named(&source, id).iter().for_each(|(name, text)| add(name, text.as_bytes()));
                    }
                    // What cannot be read is tried again, so that it is told why.
                    let keep = !text.is_empty() && kept + text.len() <= MOST_KEPT;
                    kept += if keep { text.len() } else { 0 };
                    all.push(Seen { text: RefCell::new(keep.then(|| text.into())), only: mentions_only(text) });
                }
                self.seen = all;
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

    /// The tables and fragments that a file reads, by the names that it gives them.
    fn named(&self, source: &Source, id: &str) -> Vec<(String, String)> {
        let named: Mutex<Vec<(String, String)>> = Mutex::default();
        let elsewhere = &*self.find;
        let find = |from: &str, name: &str| {
            let found = elsewhere(from, name)?;
            let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
            named.push((name.to_owned(), found.text().to_owned()));
            Ok(found)
        };
        // Its mistakes are told when it is read to be run.
        let _ = read_document(source, id, &Library::new(&find));
        named.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file by its place; `last` says that nobody asks for it again.
    fn source(&self, index: usize, last: bool) -> Result<Option<(Source, String)>, Problem> {
        match &self.files {
            Files::Builtin(files) => Ok(files.get(index).map(|file| {
                let name = format!("specs/{}", file.path().display());
                (Source::new(&name, file.contents_utf8().unwrap_or_default()), builtin_id(file))
            })),
            Files::Folder(files) => {
                let Some((file, id)) = files.get(index) else { return Ok(None) };
                let name = file.to_string_lossy();
                let source = match self.seen.get(index).and_then(|seen| seen.text(last)) {
                    Some(text) => Source::of(&name, text),
                    None => Source::new(&name, load::text(file, &mut Vec::new())?),
                };
                Ok(Some((source, id.clone())))
            }
        }
    }
}

impl Seen {
    fn text(&self, last: bool) -> Option<Arc<str>> {
        if last { self.text.take() } else { self.text.borrow().clone() }
    }
}

/// Whether a text may have the key `only`, which may be written with escapes.
fn mentions_only(text: &str) -> bool {
    text.contains("only") || text.contains('\\')
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
        self.read_as(index, true)
    }

    /// Reads one file that will be read again.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn look_into(&self, index: usize) -> Result<Option<Scenario>, Vec<Problem>> {
        self.read_as(index, false)
    }

    fn read_as(&self, index: usize, last: bool) -> Result<Option<Scenario>, Vec<Problem>> {
        let source = self.stock.source(index, last).map_err(|problem| vec![problem])?;
        let Some((source, id)) = source else { return Ok(None) };
        match read_document(&source, &id, &self.library) {
            Ok(Document::Scenario(scenario)) => Ok(Some(*scenario)),
            Ok(Document::Fragment) => Ok(None),
            Err(problems) => Err(yaml::first_mistakes(&source, problems)),
        }
    }

    /// Whether a file may ask that only those like it run: a cheap question before the file is read.
    pub fn may_ask_for_only(&self, index: usize) -> bool {
        match (&self.stock.files, self.stock.seen.get(index)) {
            (_, Some(seen)) => seen.only,
            (Files::Builtin(files), None) => {
                files.get(index).is_some_and(|file| file.contents_utf8().is_some_and(mentions_only))
            }
            (Files::Folder(files), None) => {
                let mut bytes = Vec::new();
                files.get(index).is_some_and(|(file, _)| load::text(file, &mut bytes).is_ok_and(mentions_only))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn what_the_digest_has_read_is_what_runs() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let text = |name: &str| format!("name: {name}\nsteps: [{{ get: /x, expect: {{ status: 200 }} }}]\n");
        write("a.yaml", &text("first"));
        write("b.yaml", &format!("only: being mended\n{}", text("second")));
        let mut stock = Stock::in_folder(folder.path());
        let before = stock.digest();
        // Changed while the run begins: it runs, and is named, as it was.
        write("a.yaml", &text("changed"));
        let names: Vec<String> = {
            let reader = stock.reader();
            assert_eq!([0, 1, 2].map(|index| reader.may_ask_for_only(index)), [false, true, false]);
            // To look into a file leaves it to whoever runs it.
            assert!(reader.look_into(0).unwrap().is_some());
            (0..stock.len()).map(|index| reader.read(index).unwrap().unwrap().name.get(Lang::En).to_owned()).collect()
        };
        assert_eq!(names, ["first", "second"]);
        assert_ne!(stock.digest(), before);
        // A text is given once: whoever reads again, reads the file.
        let mut again = Stock::in_folder(folder.path());
        again.digest();
        let reader = again.reader();
        let name = || reader.read(0).unwrap().unwrap().name.get(Lang::En).to_owned();
        assert_eq!([name(), name()], ["changed", "changed"]);
    }

    #[test]
    fn tables_and_fragments_are_in_the_digest_of_what_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let step = "{ get: /x, expect: { status: 200 } }";
        write("a.yaml", &format!("name: a\nrows: {{ csv: rows.txt }}\nsteps: [{step}]\n"));
        write("b.yaml", "name: b\nsteps: [{ use: c.yaml }]\n");
        let digests = || {
            let digest = |path: &Path| Stock::in_folder(path).digest();
            [digest(folder.path()), digest(&folder.path().join("a.yaml")), digest(&folder.path().join("b.yaml"))]
        };
        let changed = |before: &[String; 3]| {
            let now = digests();
            [0, 1, 2].map(|at| now[at] != before[at])
        };
        write("rows.txt", "n\n1\n");
        write("c.yaml", &format!("fragment: c\nsteps: [{step}]\n"));
        let before = digests();
        assert_eq!(changed(&before), [false; 3]);
        write("rows.txt", "n\n2\n");
        assert_eq!(changed(&before), [true, true, false]);
        write("rows.txt", "n\n1\n");
        write("c.yaml", &format!("fragment: changed\nsteps: [{step}]\n"));
        assert_eq!(changed(&before), [true, false, true]);
    }

    #[test]
    fn few_texts_are_kept_and_the_rest_is_read_when_needed() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(MOST_KEPT / 2);
        for index in 0..4 {
            std::fs::write(folder.path().join(format!("{index}.yaml")), format!("name: n\n# {long}\n")).unwrap();
        }
        std::fs::write(folder.path().join("4.yaml"), "name: [").unwrap();
        let mut stock = Stock::in_folder(folder.path());
        stock.digest();
        let kept = stock.seen.iter().map(|seen| seen.text.borrow().as_ref().map_or(0, |text| text.len()));
        assert!(kept.clone().sum::<usize>() <= MOST_KEPT);
        assert_eq!(kept.map(|kept| kept > 0).collect::<Vec<_>>(), [true, false, false, false, true]);
        for index in 0..5 {
            assert!(stock.reader().read(index).is_err(), "{index}");
        }
    }
}
