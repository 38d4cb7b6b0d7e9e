//! Pictures of pages and elements inside the page. The record names files; whoever writes the report reads them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;

use crate::i18n::Message;
use crate::run::{Evidence, RunRecord};

/// What every PNG file begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The note that names a picture of an element, or of the step at which a journey stopped.
const SHOT: &str = "browser.shot";
/// Most pixels of a side: more is no screenshot.
const MOST_PIXELS: u32 = 20_000;

/// A PNG picture by the path that the record names it with.
pub type Pictures = BTreeMap<String, Picture>;

/// One picture, ready for the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// `data:` address.
    pub source: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Picture {
    /// A picture from the bytes of a PNG file; nothing when they are none.
    pub fn from_png(bytes: &[u8]) -> Option<Picture> {
        let (width, height) = size(bytes)?;
        Some(Picture { source: format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes)), width, height })
    }

    /// Whether bytes are those of a PNG file.
    pub fn is_png(bytes: &[u8]) -> bool {
        size(bytes).is_some()
    }
}

/// Width and height of a PNG file; nothing when it is none, or too large for a screenshot.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(SIGNATURE)?;
    // Length and name of the first chunk, then width and height.
    let number = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = (number(8)?, number(12)?);
    let sane = rest.get(4..8) == Some(b"IHDR") && (1..=MOST_PIXELS).contains(&width);
    (sane && (1..=MOST_PIXELS).contains(&height)).then_some((width, height))
}

/// Hands out pictures, each once: a page that holds the same bytes twice is too long.
pub(super) struct Album<'r> {
    pictures: &'r Pictures,
    shown: RefCell<HashSet<&'r str>>,
}

impl<'r> Album<'r> {
    pub(super) fn of(pictures: &'r Pictures) -> Album<'r> {
        Album { pictures, shown: RefCell::default() }
    }

    /// The picture of a path, unless it is not there or is on the page already.
    pub(super) fn take(&self, path: &str) -> Option<&'r Picture> {
        let (name, picture) = self.pictures.get_key_value(path)?;
        self.shown.borrow_mut().insert(name).then_some(picture)
    }
}

/// The path of the picture that a piece of evidence names, if it names one.
pub(super) fn named(evidence: &Evidence) -> Option<&str> {
    match evidence {
        Evidence::Note { message } if message.key == SHOT => message.args.get("path").map(String::as_str),
        _ => None,
    }
}

/// Gives the pictures that a record names other names: those of pages and findings, also of tolerated ones, and of the
/// step at which a journey stopped. A name for which `name` gives none stays.
pub fn rename(record: &mut RunRecord, name: &mut dyn FnMut(&str) -> Option<String>) {
    let mut give = |path: &mut String| {
        if let Some(new) = name(path) {
            *path = new;
        }
    };
    for shop in &mut record.shops {
        shop.pages.iter_mut().filter_map(|page| page.screenshot.as_mut()).for_each(&mut give);
        for check in &mut shop.checks {
            let tolerated = check.tolerated.iter_mut().map(|one| &mut one.finding);
            let evidence = check.findings.iter_mut().chain(tolerated).flat_map(|finding| &mut finding.evidence);
            evidence.filter_map(path_of).for_each(&mut give);
        }
    }
    let fixes = record.problems.iter_mut().filter_map(|problem| problem.fix.as_mut());
    fixes.filter_map(path_in).for_each(give);
}

fn path_of(evidence: &mut Evidence) -> Option<&mut String> {
    match evidence {
        Evidence::Note { message } => path_in(message),
        _ => None,
    }
}

fn path_in(message: &mut Message) -> Option<&mut String> {
    if message.key == SHOT { message.args.get_mut("path") } else { None }
}

/// The paths of all pictures that a record names: those of elements first, then those of pages.
pub fn names(record: &RunRecord) -> Vec<&str> {
    let checks = record.shops.iter().flat_map(|shop| &shop.checks);
    let elements = checks.flat_map(|check| &check.findings).flat_map(|finding| &finding.evidence).filter_map(named);
    let pages = record.shops.iter().flat_map(|shop| &shop.pages).filter_map(|page| page.screenshot.as_deref());
    let mut names: Vec<&str> = Vec::new();
    for name in elements.chain(pages) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_png_files_become_pictures() {
        let mut png = SIGNATURE.to_vec();
        png.extend(b"\0\0\0\x0dIHDR\0\0\x05\0\0\0\x03\x20");
        let picture = Picture::from_png(&png).unwrap();
        assert_eq!((picture.width, picture.height), (1280, 800));
        assert!(picture.source.starts_with("data:image/png;base64,iVBORw0KGgo"));
        for bytes in [&b"<svg onload=alert(1)>"[..], &png[..20], &[SIGNATURE, &[0xff; 30]].concat()] {
            assert!(Picture::from_png(bytes).is_none());
        }
    }
}
