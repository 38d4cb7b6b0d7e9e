//! A folder of files, as browsers and mirroring tools save shops, or one HTML file.
//!
//! Each file has the address `file:///` and its path below the folder. Symbolic links are not followed.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::assemble::Material;
use crate::golive::crawl::Limits;
use crate::golive::evidence::Fetched;
use crate::http;
use crate::i18n::Message;
use crate::run::{LeftOut, Problem};

/// Files that are looked at.
const FILES: usize = 20_000;
/// Folders in folders.
const DEPTH: usize = 32;
/// Bytes of all files that are held.
const BYTES: usize = 200 * 1024 * 1024;

/// Reads a folder.
pub(super) fn read(root: &Path, limits: &Limits) -> Result<Material, Problem> {
    let mut material = Material::default();
    let mut files: Vec<(String, std::path::PathBuf)> = Vec::new();
    let mut folders = vec![(String::new(), root.to_owned(), 0)];
    while let Some((name, path, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(Problem::input(crate::run::unreadable(&error))),
            Err(error) => {
                material.left_out.push(LeftOut { url: name, reason: crate::run::unreadable(&error) });
                continue;
            }
        };
        for entry in entries.flatten() {
            let (Ok(kind), Ok(file)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let inside = format!("{name}/{file}");
            if kind.is_dir() && depth < DEPTH {
                folders.push((inside, entry.path(), depth + 1));
            } else if kind.is_file() && (is_html(&file) || is_text(&file)) {
                if files.len() >= FILES {
                    material.limit = Some(Message::new("saved.too-many").with("count", FILES));
                    break;
                }
                files.push((inside, entry.path()));
            }
        }
    }
    // The page of the shop itself first, then as a person would list them.
    files.sort_by_key(|(name, _)| (name.matches('/').count(), !name.ends_with("/index.html"), name.clone()));
    let mut held = 0;
    for (name, path) in files {
        let most = if is_html(&name) { limits.page_bytes } else { limits.script_bytes };
        match crate::run::read_at_most(&path, most as u64) {
            Ok(_) if held > BYTES => {
                material.limit = Some(Message::new("saved.too-large").with("mib", BYTES / (1024 * 1024)));
                break;
            }
            Ok(bytes) => {
                held += bytes.len();
                push(&mut material, bytes, &name, most);
            }
            Err(error) => material.left_out.push(LeftOut { url: name, reason: crate::run::unreadable(&error) }),
        }
    }
    Ok(material)
}

/// One HTML file by its name.
pub(super) fn one(bytes: Vec<u8>, name: &str, limits: &Limits) -> Material {
    let mut material = Material::default();
    let name = if is_html(name) { format!("/{name}") } else { format!("/{name}.html") };
    push(&mut material, bytes, &name, limits.page_bytes);
    material
}

fn push(material: &mut Material, mut bytes: Vec<u8>, name: &str, most: usize) {
    let Ok(mut url) = Url::parse("file:///") else { return };
    url.set_path(name);
    let (length, cut) = (bytes.len() as u64, bytes.len() > most);
    bytes.truncate(most);
    if is_html(name) {
        material.pages.push(material.resources.len());
    }
    material.resources.push(Arc::new(Fetched {
        requested: url.clone(),
        url,
        hops: Vec::new(),
        status: 200,
        headers: Vec::new(),
        body: http::decode(bytes, None),
        bytes: length,
        cut,
    }));
}

/// A text that is cut at a border of a character.
pub(super) fn cut_at(mut text: String, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

fn ends_with(name: &str, ends: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    ends.iter().any(|end| name.ends_with(end))
}

fn is_html(name: &str) -> bool {
    ends_with(name, &[".html", ".htm", ".xhtml"])
}

/// Scripts and what is searched for credentials. Some browsers save scripts as `x.js.download`.
fn is_text(name: &str) -> bool {
    ends_with(name, &[".js", ".mjs", ".cjs", ".js.download", ".map", ".json"])
}
