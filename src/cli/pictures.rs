//! Pictures that a record names: read for the HTML report, and kept beside the record that parts are joined to.
//!
//! A record may come from somebody else: only small regular PNG files are read, and their sum is bounded. What cannot
//! be read is no mistake: the report names the file instead.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::session::{make_folder, replace};
use crate::report::Fault;
use crate::report::html::{Picture, Pictures, picture_names, rename_pictures};
use crate::run::{RunRecord, read_at_most};

/// Bytes of one picture on the page, and of all of them together.
const MOST: (u64, usize) = (600_000, 1_500_000);
/// Bytes of one picture that is kept, which is what a browser may give, and of all of them together.
const MOST_KEPT: (u64, u64) = (8 << 20, 512 << 20);
/// Letters of a kept picture's name that come from its old one.
const MOST_NAME: usize = 80;

/// Reads the pictures of a record where a page is among its reports. `folder` is that of a stored record.
pub(super) fn for_page(record: &RunRecord, reports: &BTreeMap<String, PathBuf>, folder: Option<&Path>) -> Pictures {
    if reports.contains_key("html") { read(record, folder) } else { Pictures::default() }
}

fn read(record: &RunRecord, folder: Option<&Path>) -> Pictures {
    let (mut pictures, mut room) = (BTreeMap::new(), MOST.1);
    for name in picture_names(record) {
        let Some(bytes) = find(name, folder, MOST.0).filter(|png| png.len() <= room) else { continue };
        if let Some(picture) = Picture::from_png(&bytes) {
            room -= bytes.len();
            pictures.insert(name.to_owned(), picture);
        }
    }
    pictures
}

/// The file that a record names. That of a stored record is looked for beside it first, for its folder may come from
/// another machine: at the path as it was recorded, then at ever less of its beginning; last where the record says.
fn find(name: &str, folder: Option<&Path>, most: u64) -> Option<Vec<u8>> {
    let words: Vec<&str> = name.split(['/', '\\']).filter(|word| !["", "."].contains(word)).collect();
    // Nothing above the folder.
    let below = words.iter().rposition(|word| *word == ".." || word.ends_with(':')).map_or(0, |at| at + 1);
    let beside = folder.into_iter().flat_map(|folder| {
        (below..words.len()).map(|from| words[from..].iter().fold(folder.to_owned(), |path, word| path.join(word)))
    });
    beside.chain([PathBuf::from(name)]).find_map(|path| png(&path, most))
}

fn png(path: &Path, most: u64) -> Option<Vec<u8>> {
    if path.extension().is_none_or(|ending| ending != "png") {
        return None;
    }
    // Not through a link: what a record names is what the run has written.
    let facts = path.symlink_metadata().ok()?;
    if !facts.is_file() || facts.len() > most {
        return None;
    }
    read_at_most(path, most).ok()
}

/// Pictures of several records in one folder, under names that follow from what they show: two of the same name from two
/// folders stay two, and one that is in both stands there once.
pub(super) struct Gallery {
    /// The folder of the joined record.
    beside: PathBuf,
    /// The folder of the pictures in it.
    folder: String,
    kept: BTreeSet<String>,
    room: u64,
    /// How many could not be found, or had no room.
    pub(super) missing: usize,
    /// What could not be written; one is enough to know.
    pub(super) fault: Option<(PathBuf, Fault)>,
}

impl Gallery {
    /// The gallery of a joined record. `own_folder` says that the record is in a folder of its own.
    pub(super) fn of(record: &Path, own_folder: bool) -> Gallery {
        let beside = record.parent().unwrap_or(Path::new("")).to_owned();
        let stem = record.file_stem().unwrap_or_default().to_string_lossy();
        let folder = if own_folder { "pictures".to_owned() } else { format!("{stem}-pictures") };
        Gallery { beside, folder, kept: BTreeSet::new(), room: MOST_KEPT.1, missing: 0, fault: None }
    }

    /// Where the paths in the joined record begin.
    pub(super) fn beside(&self) -> &Path {
        &self.beside
    }

    /// Keeps the pictures of a record that was read from `folder`, and names them in it as they are called now.
    pub(super) fn take(&mut self, record: &mut RunRecord, folder: Option<&Path>) {
        // A picture may be named by its page and by a finding.
        let known: RefCell<BTreeMap<String, Option<String>>> = RefCell::default();
        rename_pictures(record, &mut |name| {
            let mut known = known.borrow_mut();
            known.entry(name.to_owned()).or_insert_with(|| self.keep(name, folder)).clone()
        });
    }

    fn keep(&mut self, name: &str, folder: Option<&Path>) -> Option<String> {
        let found = find(name, folder, MOST_KEPT.0).filter(|bytes| Picture::is_png(bytes));
        let Some(bytes) = found.filter(|bytes| bytes.len() as u64 <= self.room) else {
            self.missing += 1;
            return None;
        };
        let digest: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let kept = format!("{}/{}-{digest}.png", self.folder, stem(name));
        if self.kept.contains(&kept) {
            return Some(kept);
        }
        let path = self.beside.join(&kept);
        let written = make_folder(&self.beside).map_err(Fault::Write);
        let written = written.and_then(|()| replace(&path, |out| Ok(out.write_all(&bytes)?)));
        if let Err(fault) = written {
            self.fault.get_or_insert((path, fault));
            return None;
        }
        self.room -= bytes.len() as u64;
        self.kept.insert(kept.clone());
        Some(kept)
    }
}

/// The last word of a path, in letters that every file system takes.
fn stem(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let file = file.strip_suffix(".png").unwrap_or(file);
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let word: String = file.chars().take(MOST_NAME).map(sign).collect();
    let word = word.trim_matches('-');
    if word.is_empty() { "picture".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_files_are_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.png"), b"\x89PNG\r\n\x1a\n").unwrap();
        std::fs::write(at("a.txt"), "secret").unwrap();
        std::fs::write(at("large.png"), vec![0; MOST.0 as usize + 1]).unwrap();
        let png = |path: &Path| png(path, MOST.0);
        assert!(png(&at("a.png")).is_some());
        assert!(png(&at("a.txt")).is_none() && png(&at("large.png")).is_none() && png(folder.path()).is_none());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a.png"), at("link.png")).unwrap();
            assert!(png(&at("link.png")).is_none());
        }
    }

    #[test]
    fn a_picture_is_found_beside_its_record_and_never_above_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let part = folder.path().join("part");
        std::fs::create_dir_all(part.join("shots")).unwrap();
        std::fs::write(part.join("shots/a.png"), "below").unwrap();
        std::fs::write(folder.path().join("b.png"), "above").unwrap();
        for name in ["shots/a.png", "out/shots/a.png", "/ci/out/shots/a.png", r"C:\ci\shots\a.png", "../x/shots/a.png"]
        {
            assert_eq!(find(name, Some(&part), 100).as_deref(), Some(&b"below"[..]), "{name}");
        }
        for name in ["../b.png", "shots/../../b.png", "b.png", ""] {
            assert_eq!(find(name, Some(&part), 100), None, "{name}");
        }
        assert_eq!(stem("../../etc/Ä b.png"), "b");
        assert_eq!(stem("/.png"), "picture");
    }
}
