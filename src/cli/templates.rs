//! Templates of the user for the HTML report.

use std::collections::BTreeMap;
use std::path::Path;

use crate::i18n::Message;
use crate::report::html::template_names;
use crate::report::portfolio::is_template;
use crate::run::{Problem, read_at_most, unreadable};

/// Bytes of one template.
const LARGEST: u64 = 1_000_000;

/// Reads the templates of a folder; those that are not there stay the built-in ones.
///
/// # Errors
/// A folder that cannot be read or holds no template, and a file there that is none.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let at = |path: &Path, message| Problem::input(message).in_file(path.display().to_string());
    let known = || template_names().collect::<Vec<_>>().join(", ");
    let entries = std::fs::read_dir(folder).map_err(|error| vec![at(folder, unreadable(&error))])?;
    let (mut templates, mut problems) = (BTreeMap::new(), Vec::new());
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ours = |ending: &str| name.ends_with(ending);
        if !template_names().any(|known| known == name) {
            // The whole folder of the built-in ones may be given: that of the sheet of shops is no mistake in it.
            let text = || read_at_most(&path, LARGEST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if name.starts_with("portfolio.") && text().is_some_and(|text| is_template(&name, &text)) {
                continue;
            }
            // Notes and pictures may lie beside them; what looks like a template and is none is a slip of the pen.
            if [".html", ".css", ".js"].iter().any(|ending| ours(ending)) {
                let message = Message::new("cli.no-such-template").with("name", &name);
                problems.push(at(&path, message).fix(Message::new("cli.no-such-template-fix").with("known", known())));
            }
            continue;
        }
        match read_at_most(&path, LARGEST).map(|bytes| (bytes.len() as u64 > LARGEST, String::from_utf8(bytes))) {
            Ok((false, Ok(text))) => drop(templates.insert(name, text)),
            Ok(_) => problems.push(at(&path, Message::new("cli.bad-template"))),
            Err(error) => problems.push(at(&path, unreadable(&error))),
        }
    }
    if templates.is_empty() && problems.is_empty() {
        let fix = Message::new("cli.no-such-template-fix").with("known", known());
        problems.push(at(folder, Message::new("cli.no-template")).fix(fix));
    }
    problems.sort_by_key(|problem| problem.place.file.clone());
    if problems.is_empty() { Ok(templates) } else { Err(problems) }
}
