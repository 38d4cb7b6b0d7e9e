//! Pictures that a record names, read for the HTML report.
//!
//! A record may come from somebody else: only small regular PNG files are read, and their sum is bounded. What cannot
//! be read is no mistake: the report names the file instead.

use std::collections::BTreeMap;
use std::path::Path;

use crate::report::html::{Picture, Pictures, picture_names};
use crate::run::{RunRecord, read_at_most};

/// Bytes of one picture, and of all of them together.
const MOST: (u64, usize) = (600_000, 1_500_000);

/// Reads the pictures of a record, from where it says they are, else from beside the record itself.
pub(super) fn read(record: &RunRecord, folder: Option<&Path>) -> Pictures {
    let (mut pictures, mut room) = (BTreeMap::new(), MOST.1);
    for name in picture_names(record) {
        let Some(bytes) = png(Path::new(name)).or_else(|| png(&folder?.join(name))).filter(|png| png.len() <= room)
        else {
            continue;
        };
        if let Some(picture) = Picture::from_png(&bytes) {
            room -= bytes.len();
            pictures.insert(name.to_owned(), picture);
        }
    }
    pictures
}

fn png(path: &Path) -> Option<Vec<u8>> {
    if path.extension().is_none_or(|ending| ending != "png") {
        return None;
    }
    // Not through a link: what a record names is what the run has written.
    let facts = path.symlink_metadata().ok()?;
    if !facts.is_file() || facts.len() > MOST.0 {
        return None;
    }
    read_at_most(path, MOST.0).ok()
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
        assert!(png(&at("a.png")).is_some());
        assert!(png(&at("a.txt")).is_none() && png(&at("large.png")).is_none() && png(folder.path()).is_none());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a.png"), at("link.png")).unwrap();
            assert!(png(&at("link.png")).is_none());
        }
    }
}
