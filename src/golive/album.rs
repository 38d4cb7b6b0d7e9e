//! Pictures of a shop, written beside its reports when the user names a folder for them.
//!
//! Responsible for names and bounds. Not responsible for taking pictures.

use std::path::{Path, PathBuf};

use url::Url;

use super::evidence::Screenshot;
use crate::i18n::Message;
use crate::run::{Problem, unwritable};

/// Most pictures of one shop.
const MOST: usize = 200;

/// The pictures of one shop.
#[derive(Debug)]
pub(super) struct Album {
    folder: PathBuf,
    host: String,
    count: usize,
    /// What could not be written; one is enough to know.
    problem: Option<Problem>,
}

impl Album {
    /// An album for the shop at an address and place of the run: several shops may be of one host. Nothing is made
    /// before the first picture.
    pub(super) fn new(folder: &Path, shop: &Url, place: usize) -> Album {
        let port = shop.port().map(|port| format!("-{port}")).unwrap_or_default();
        let place = if place > 0 { format!("-shop{}", place + 1) } else { String::new() };
        let host = format!("{}{port}{place}", shop.host_str().unwrap_or("shop"));
        Album { folder: folder.to_owned(), host: plain(&host), count: 0, problem: None }
    }

    /// Keeps a picture and gives its path, as the record shows it.
    pub(super) fn keep(&mut self, picture: &Screenshot, name: &str) -> Option<String> {
        if self.count >= MOST || self.problem.is_some() {
            return None;
        }
        self.count += 1;
        let path = self.folder.join(format!("{}-{:03}-{}.png", self.host, self.count, plain(name)));
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| std::fs::write(&path, &picture.png));
        match written {
            Ok(()) => Some(path.display().to_string()),
            Err(error) => {
                let problem = Problem::notice(Message::new("browser.no-picture")).fix(unwritable(&error));
                self.problem = Some(problem.in_file(path.display().to_string()));
                None
            }
        }
    }

    /// Why pictures are missing, if so.
    pub(super) fn problem(self) -> Option<Problem> {
        self.problem
    }
}

/// A word that every file system takes.
fn plain(text: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let word: String = text.chars().map(sign).take(60).collect();
    let word = word.trim_matches('-');
    if word.is_empty() { "page".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_never_the_same() {
        let folder = tempfile::TempDir::new().unwrap();
        let shop = Url::parse("https://tienda.example:8443/").unwrap();
        let mut album = Album::new(&folder.path().join("new"), &shop, 0);
        let picture = Screenshot { png: (*b"png").into(), width: 1, height: 1 };
        let names: Vec<String> = ["/../../etc/passwd", "/", "/Pagar/ahora"]
            .iter()
            .map(|name| album.keep(&picture, name).unwrap())
            .map(|path| Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        let expected = ["001-etc-passwd", "002-page", "003-pagar-ahora"];
        assert_eq!(names, expected.map(|name| format!("tienda-example-8443-{name}.png")));
        let mut second = Album::new(folder.path(), &shop, 1);
        assert!(second.keep(&picture, "/").unwrap().ends_with("tienda-example-8443-shop2-001-page.png"));
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut album = Album::new(&file, &shop, 0);
        assert!(album.keep(&picture, "x").is_none() && album.problem().is_some());
    }
}
