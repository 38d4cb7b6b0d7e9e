//! `homologa contract drift --against FILE`: what is documented here against another document.

use std::path::{Path, PathBuf};

use super::args::DriftArgs;
use super::output::Output;
use super::validate::{put, read};
use crate::contract::drift::{Difference, compare, compare_files};
use crate::exit;
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::drift::{Weight, kinds};
use crate::specs::reference_page::LONGEST_PAGE;

/// Most files of a folder that are read.
const MOST_FILES: usize = 200;

pub(super) fn run(output: &Output, args: &DriftArgs) -> Result<u8, Vec<Problem>> {
    let name = args.against.display().to_string();
    let drift = if args.against.is_dir() {
        compare_files(&name, &files(&args.against)?).map_err(|problem| vec![problem])?
    } else {
        compare(&name, &whole(&args.against, &name)?).map_err(|problem| vec![problem])?
    };
    if output.json {
        output.result_json(&drift);
    } else {
        let mut out = String::new();
        // Differences of one kind that say nothing but their place, or one place with many values, stand together.
        for group in drift.differences.chunk_by(alike) {
            let found = &group[0];
            let weight = match found.weight {
                Weight::Breaking => Message::new("drift.breaking"),
                Weight::Notable => Message::new("drift.notable"),
                Weight::Info => Message::new("drift.info"),
            };
            let title = kinds().iter().find(|kind| kind.id == found.kind).map(|kind| kind.title.get(output.lang));
            let (weight, title) = (output.say(&weight), title.unwrap_or(found.kind));
            if group.len() > 1 && found.place != group[1].place {
                put(&format!("{weight}  {title}  ({})", group.len()), "", &mut out);
                let places: Vec<&str> = group.iter().map(|found| found.place.as_str()).collect();
                put(&places.join("  "), "    ", &mut out);
                continue;
            }
            put(&format!("{weight}  {title}  {}", found.place), "", &mut out);
            let told = |side: fn(&Difference) -> Option<&String>| {
                let texts: Vec<&str> = group.iter().filter_map(side).map(String::as_str).collect();
                (!texts.is_empty()).then(|| texts.join(", "))
            };
            for (sign, text) in [("-", told(|found| found.ours.as_ref())), ("+", told(|found| found.theirs.as_ref()))] {
                if let Some(text) = text {
                    put(&format!("{sign} {text}"), "    ", &mut out);
                }
            }
        }
        let total = Message::new("drift.total").with("document", drift.document).with("n", drift.found);
        put(&output.say(&total.with("m", drift.differences.len())), "", &mut out);
        for (count, message) in [
            (drift.unlisted, Message::new("drift.unlisted")),
            (drift.skipped_files, Message::new("drift.skipped")),
            (drift.outside_references, Message::new("drift.outside")),
        ] {
            if count > 0 {
                put(&output.say(&message.with("n", count)), "", &mut out);
            }
        }
        output.plain_result(&out);
    }
    Ok(if drift.breaking() { exit::NOT_READY } else { exit::READY })
}

/// Whether two differences are told as one.
fn alike(one: &Difference, next: &Difference) -> bool {
    let bare = |found: &Difference| found.ours.is_none() && found.theirs.is_none();
    let value = one.kind.starts_with("value-") && one.place == next.place;
    one.kind == next.kind && (value || bare(one) && bare(next) && one.weight == Weight::Info)
}

/// A file, if it is not too large.
fn whole(path: &Path, name: &str) -> Result<Vec<u8>, Vec<Problem>> {
    let refused = |message: Message| vec![Problem::input(message).in_file(name)];
    let bytes = read(path, LONGEST_PAGE).map_err(|error| refused(crate::run::unreadable(&error)))?;
    if bytes.len() > LONGEST_PAGE {
        return Err(refused(Message::new("validate.file-too-large").with("limit", LONGEST_PAGE >> 20)));
    }
    Ok(bytes)
}

/// The YAML and JSON files of a folder and of those right below it, by name.
fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Vec<Problem>> {
    let unreadable = |error: std::io::Error| {
        vec![Problem::input(crate::run::unreadable(&error)).in_file(folder.display().to_string())]
    };
    let listed = |folder: &Path| -> std::io::Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut paths = Vec::new();
    for path in listed(folder).map_err(unreadable)? {
        let below = if path.is_dir() { listed(&path).map_err(unreadable)? } else { vec![path] };
        let catalogue = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            path.is_file() && matches!(extension, Some("yaml" | "yml" | "json"))
        };
        paths.extend(below.into_iter().filter(catalogue));
        if paths.len() > MOST_FILES {
            let message = Message::new("drift.too-many-files").with("limit", MOST_FILES);
            return Err(vec![Problem::input(message).in_file(folder.display().to_string())]);
        }
    }
    let mut total = 0;
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let bytes = whole(&path, &name)?;
        total += bytes.len();
        if total > LONGEST_PAGE {
            let message = Message::new("validate.file-too-large").with("limit", LONGEST_PAGE >> 20);
            return Err(vec![Problem::input(message).in_file(folder.display().to_string())]);
        }
        files.push((name, bytes));
    }
    Ok(files)
}
