//! Finding scenario files: the built-in ones of `specs/scenarios/`, and those of a folder of the user.
//! A broken file is reported and does not stop the others. [`Stock`] reads them one by one.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, DirEntry, File};

use super::{Scenario, Stock};
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs;
use crate::yaml::{self, Source};

/// What was found: scenarios in order of their ids, and what is wrong with the rest.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Scenarios that read.
    pub scenarios: Vec<Scenario>,
    /// Mistakes in files that do not.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// Reads every file of a stock.
    fn all(mut stock: Stock) -> Loaded {
        let mut loaded = Loaded { scenarios: Vec::new(), problems: stock.problems() };
        let reader = stock.reader();
        for index in 0..stock.len() {
            match reader.read(index) {
                Ok(Some(scenario)) => loaded.scenarios.push(scenario),
                Ok(None) => {}
                Err(problems) => loaded.problems.extend(problems),
            }
        }
        loaded
    }
}

/// The built-in scenarios.
pub fn builtin() -> Loaded {
    Loaded::all(Stock::builtin())
}

/// The scenarios of a folder, or one file.
pub fn from_folder(path: &Path) -> Loaded {
    Loaded::all(Stock::in_folder(path))
}

/// A file that a built-in one names.
pub(super) fn beside_builtin(from: &str, name: &str) -> Result<Source, Message> {
    let name = inside(name)?;
    let from = from.strip_prefix("specs/").unwrap_or(from);
    for folder in Path::new(from).ancestors().skip(1).filter(|folder| folder.starts_with("scenarios")) {
        if let Some(text) = specs::FILES.get_file(folder.join(&name)).and_then(File::contents_utf8) {
            return Ok(Source::new(&format!("specs/{}", folder.join(&name).display()), text));
        }
    }
    Err(Message::new("scenario.no-such-file").with("name", name.display()))
}

/// The embedded scenario files, by path.
pub(super) fn builtin_files() -> Vec<&'static File<'static>> {
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
    files
}

/// The built-in files at or below a path as they name themselves, unless there is such a path on the disk.
pub(super) fn builtin_below(path: &Path) -> Option<Vec<&'static File<'static>>> {
    let inside = path.strip_prefix("specs").ok().filter(|inside| inside.starts_with("scenarios"))?;
    if path.exists() {
        return None;
    }
    let files: Vec<_> = builtin_files().into_iter().filter(|file| file.path().starts_with(inside)).collect();
    (!files.is_empty()).then_some(files)
}

/// Files of homologa that may stand beside scenarios and are none.
const OURS: [&str; 2] = ["homologa.yaml", crate::contract::baseline::FILE_NAME];

/// Whether a file is a scenario by its name, in small letters or capitals.
fn is_scenario_name(path: &Path) -> bool {
    let is = |ending: &std::ffi::OsStr| ["yaml", "yml"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    path.extension().is_some_and(is)
}

/// The scenario files of a folder, or one file, sorted; and what is wrong with the folder.
pub(super) fn files(path: &Path) -> (Vec<PathBuf>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => return (vec![path.to_owned()], problems),
        Ok(found) if !found.is_dir() => {
            let problem = Problem::input(Message::new("run.not-a-file")).in_file(path.display().to_string());
            return (files, vec![problem]);
        }
        _ => {}
    }
    let root = path.canonicalize().ok();
    // What a link leads to outside of the folder would be read, and quoted in messages.
    let leads_out = |link: &Path| match (&root, link.canonicalize()) {
        (Some(root), Ok(real)) => !real.starts_with(root),
        // A link that leads nowhere is told when it is read.
        _ => false,
    };
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        match entries(&folder) {
            Ok(entries) => {
                for (entry, kind) in entries {
                    let named = is_scenario_name(&entry)
                        && !entry.file_name().is_some_and(|name| OURS.iter().any(|ours| name == *ours));
                    match kind {
                        Entry::Folder => open.push(entry),
                        Entry::Link if named && leads_out(&entry) => {
                            let name = entry.display().to_string();
                            let problem = Problem::input(Message::new("scenario.link-leads-out")).in_file(name);
                            problems.push(problem.fix(Message::new("scenario.link-leads-out-fix")));
                        }
                        Entry::File | Entry::Link if named => files.push(entry),
                        // A pipe would be waited for, a device would never end.
                        Entry::Other if named => {
                            let name = entry.display().to_string();
                            problems.push(Problem::input(Message::new("run.not-a-file")).in_file(name));
                        }
                        Entry::File | Entry::Link | Entry::Other => {}
                    }
                }
            }
            Err(error) => problems.push(unreadable(&folder, &error)),
        }
    }
    files.sort_by_cached_key(|file| by_folder(file));
    if files.is_empty() && problems.is_empty() {
        let problem = Problem::input(Message::new("scenario.none-found")).in_file(path.display().to_string());
        problems.push(problem.fix(Message::new("scenario.none-found-fix")));
    }
    (files, problems)
}

/// What paths are compared by, folder by folder as [`Path`] does it: no name has a byte that sorts before the separator's.
/// Taking each path apart for every comparison costs more than listing the folder.
fn by_folder(path: &Path) -> Vec<u8> {
    let mut key = path.as_os_str().as_encoded_bytes().to_vec();
    key.iter_mut().filter(|byte| std::path::is_separator(char::from(**byte))).for_each(|byte| *byte = 0);
    key
}

/// The text of a scenario file, read into `bytes`.
pub(super) fn text<'b>(file: &Path, bytes: &'b mut Vec<u8>) -> Result<&'b str, Problem> {
    crate::run::read_at_most_into(file, yaml::MOST_READ, bytes).map_err(|error| unreadable(file, &error))?;
    std::str::from_utf8(bytes).map_err(|_| {
        let name = file.display().to_string();
        Problem::input(Message::new("scenario.not-utf8")).in_file(name).fix(Message::new("scenario.not-utf8-fix"))
    })
}

/// Largest file that a scenario may name, in bytes.
const LARGEST_BESIDE: u64 = 4 * 1024 * 1024;

/// A path that stays in the folder: relative, and without steps upwards. One file has one such path.
fn inside(name: &str) -> Result<PathBuf, Message> {
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(Message::new("scenario.leaves-folder").with("name", name)),
        }
    }
    let empty = path.as_os_str().is_empty();
    if empty { Err(Message::new("scenario.leaves-folder").with("name", name)) } else { Ok(path) }
}

/// How many folders above a single file are searched for the files that it names.
const FOLDERS_ABOVE: usize = 6;

/// A file that another one names: in the folder of that one, else in those above it, up to the folder that is run; of
/// a single file that is run, up to [`FOLDERS_ABOVE`] folders higher. `run` is the folder or file as the user gave it.
pub(super) fn beside(run: &Path, from: &str, name: &str) -> Result<Source, Message> {
    let relative = inside(name)?;
    let unreadable = |error: std::io::Error| crate::run::unreadable(&error);
    let from = std::path::absolute(from).map_err(unreadable)?;
    let folder = if run.is_dir() { Some(std::path::absolute(run).map_err(unreadable)?) } else { None };
    let above = from.ancestors().skip(1).take(if folder.is_some() { usize::MAX } else { FOLDERS_ABOVE + 1 });
    let mut above = above.take_while(|above| folder.as_ref().is_none_or(|folder| above.starts_with(folder)));
    let found = above.find_map(|above| Some((above, above.join(&relative))).filter(|(_, path)| path.is_file()));
    let Some((above, path)) = found else {
        return Err(Message::new("scenario.no-such-file").with("name", name));
    };
    // A link may lead out of the folder as well as a path: what it leads to would be quoted in messages.
    let real = |path: &Path| path.canonicalize().map_err(unreadable);
    if !real(&path)?.starts_with(real(folder.as_deref().unwrap_or(above))?) {
        return Err(Message::new("scenario.leaves-folder").with("name", name));
    }
    // Called as a walk through the folder calls it, so that one file has one name.
    let shown = match &folder {
        Some(folder) => path.strip_prefix(folder).ok().map(|rest| run.join(rest)),
        None => std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)),
    };
    let text = bounded(&path, name)?;
    Ok(Source::new(&shown.as_ref().unwrap_or(&path).display().to_string(), &text))
}

/// The text of a file of bounded size.
fn bounded(path: &Path, name: &str) -> Result<String, Message> {
    let unreadable = |error: std::io::Error| crate::run::unreadable(&error);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST_BESIDE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_BESIDE {
        return Err(Message::new("scenario.too-large").with("name", name).with("mib", LARGEST_BESIDE / 1024 / 1024));
    }
    String::from_utf8(bytes).map_err(|_| Message::new("scenario.not-utf8-file").with("name", name))
}

/// What stands in a folder.
enum Entry {
    Folder,
    File,
    /// A link to a file, or to nothing.
    Link,
    Other,
}

/// The entries of a folder. Links to folders are not followed, since they may form a circle.
fn entries(path: &Path) -> std::io::Result<Vec<(PathBuf, Entry)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let kind = if kind.is_dir() {
            Entry::Folder
        } else if kind.is_file() {
            Entry::File
        } else {
            match std::fs::metadata(&path) {
                Ok(behind) if behind.is_dir() => continue,
                Ok(behind) if !behind.is_file() => Entry::Other,
                _ => Entry::Link,
            }
        };
        found.push((path, kind));
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::input(crate::run::unreadable(error)).in_file(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::read;
    use super::*;
    use crate::specs::catalogue::{Reach, catalogue};

    #[test]
    fn paths_have_the_order_of_their_folders() {
        let mut paths = ["a/x", "a.yaml", "a-b/x", "a", "b/a/c", "b/a-c", "b/a", "ä", "A/z", "b/ab"].map(PathBuf::from);
        let mut by_key = paths.clone();
        paths.sort();
        by_key.sort_by_cached_key(|path| by_folder(path));
        assert_eq!(by_key, paths);
    }

    #[test]
    fn the_built_in_scenarios_read() {
        let loaded = builtin();
        let told: Vec<String> = loaded.problems.iter().map(|problem| format!("{problem:?}")).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
        let fragments =
            builtin_files().into_iter().filter(|file| file.path().starts_with("scenarios/fragments")).count();
        assert_eq!(loaded.scenarios.len(), builtin_files().len() - fragments);
        let runs: usize = loaded.scenarios.iter().map(|scenario| scenario.rows.len().max(1)).sum();
        assert!(runs >= 150, "{runs} scenarios and rows");
    }

    #[test]
    fn the_built_in_scenarios_follow_the_published_schema() {
        let schema = specs::FILES.get_file("dsl/scenario.schema.json").unwrap().contents_utf8().unwrap();
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for file in builtin_files() {
            let value: serde_json::Value = serde_yaml::from_slice(file.contents()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {}", file.path().display(), errors.join("\n"));
        }
    }

    #[test]
    fn the_schema_and_the_reader_refuse_the_same_mistakes() {
        let schema = specs::FILES.get_file("dsl/scenario.schema.json").unwrap().contents_utf8().unwrap();
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let whole = "name: x\nsteps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n";
        for (text, right) in [
            (whole.to_owned(), true),
            ("name: x\nsteps: []\n".to_owned(), false),
            (whole.replace("name", "nmae"), false),
            (whole.replace("get:", "gte:"), false),
            (whole.replace("/v1", "v1"), false),
            (whole.replace("status: 200", ""), false),
            (whole.replace("200", "1000"), false),
            (whole.replace("status: 200", "schema: paiment"), false),
            (whole.replace("status: 200", "body: { $.id: { presnt: true } }"), false),
            (whole.replace("status: 200", "body: { $.id: { type: text } }"), false),
            (whole.replace("status: 200", "body: { $.id: { minimum: 1, maximum: 2 } }"), true),
            (whole.replace("status: 200", "body: { id: 1 }"), false),
            (whole.replace("expect", "as: nobody, expect"), false),
            (whole.replace("expect", "as: none, expect"), true),
            (whole.replace("expect", "post: /v1/payments, expect"), false),
            (whole.replace("expect", "change: { a: 1 }, expect"), false),
            (whole.replace("expect", "body: {}, raw-body: x, expect"), false),
            (whole.replace("expect", "card: { brand: visa }, expect"), false),
            (format!("{whole}sites: [MLX]\n"), false),
            (format!("{whole}sites: MLA\n"), true),
            (format!("{whole}sites: []\n"), false),
            (format!("{whole}sites: [MLA, MLB]\n"), true),
            (whole.replace("name: x", "name: \"\""), false),
            (whole.replace("name: x", "name: { es: a, pt: a, en: \" \" }"), false),
            (whole.replace("expect", "capture: { x: { header: \"\" } }, expect"), false),
            (whole.replace("expect", "capture: { x: { header: Date } }, expect"), true),
            (format!("{whole}rows: []\n"), false),
            (format!("{whole}rows: [{{ a: 1 }}]\n"), true),
            (whole.replace("expect", "fault: 400/2004, expect"), true),
            (whole.replace("expect", "fault: \"latency: 500, http-500\", expect"), true),
            (whole.replace("expect", "fault: 999/1, expect"), false),
            (whole.replace("expect", "fault: http-501, expect"), false),
            (format!("{whole}variables: {{ site: MLZ }}\n"), false),
            (format!("{whole}variables: {{ place: MLZ }}\n"), true),
            (whole.replace("200", "\"${row.s}\"") + "rows: [{ s: 200 }, { s: [200, 201] }]\n", true),
            (whole.replace("200", "[\"${s}\", 201]") + "variables: { s: 200 }\n", true),
            (whole.replace("200", "200.0"), true),
            (whole.replace("200", "200.5"), false),
            (whole.replace("status: 200", "within: 2s"), false),
            (whole.replace("status: 200", "body: {}"), false),
            (whole.replace("status: 200", "status: 200, body: {}"), true),
            (whole.replace("status: 200", "status: 200, within: 0s"), false),
            (whole.replace("200", "\"2${s}\"") + "variables: { s: 200 }\n", false),
            (format!("{whole}sites: [MLA, MLB, MLA]\n"), false),
            (format!("{whole}targets: []\n"), false),
            (format!("{whole}targets: [url, url]\n"), false),
            (whole.replace("expect", "targets: [], expect"), false),
            (whole.replace("expect", "until"), true),
            (whole.replace("expect", "limit: 2s, until"), true),
            (whole.replace("expect", "interval: 250ms, expect"), false),
            (whole.replace("expect", "until: { status: 200 }, expect"), false),
            (whole.replace("expect", "limit: 2 seconds, until"), false),
            (whole.replace("steps: [", "steps: [{ wait: 500ms }, "), true),
            (whole.replace("steps: [", "steps: [{ wait: 500 }, "), false),
            (whole.replace("steps: [", "steps: [{ wait: 500ms, expect: { status: 200 } }, "), false),
            (whole.replace("expect", "targets: [embedded, url], expect"), true),
            (whole.replace("expect", "targets: sandbox, expect"), false),
            (format!("{whole}targets: url\n"), true),
            (format!("{whole}rows: {{ cvs: cards.csv }}\n"), false),
            (format!("{whole}rows: cards.csv\n"), false),
            (format!("{whole}only: this one\n"), true),
            (format!("{whole}only: this one\nskip: not this one\n"), false),
            (format!("{whole}finally: [{{ repeat: step-1, expect: {{ status: 200 }} }}]\n"), true),
            (format!("{whole}finally: [{{ get: /v1/payment_methods }}]\n"), false),
            (whole.replace("200", "[]"), false),
            (whole.replace("200", "[200, 201]"), true),
            (whole.replace("200", "\"200\""), false),
            (whole.replace("status: 200", "error: []"), false),
            (whole.replace("status: 200", "error: 2006"), true),
            (whole.replace("status: 200", "error: \"2006\""), true),
            (whole.replace("status: 200", "error: [404/2000, E301]"), true),
            (whole.replace("status: 200", "error: 1999"), false),
            (whole.replace("status: 200", "error: 404/2006"), false),
            (whole.replace("status: 200", "payment: { status: aproved }"), false),
            (whole.replace("status: 200", "payment: { status: rejected, status_detail: cc_rejected_blacklist }"), true),
            (whole.replace("status: 200", "payment: { status: rejected, status_detail: cc_rejected_blaklist }"), false),
            (whole.replace("status: 200", "payment: { status_detail: accredited }"), false),
            (whole.replace("status: 200", "body: { $.id: { one-of: [] } }"), false),
            (whole.replace("status: 200", "body: { $.id: {} }"), false),
            (whole.replace("status: 200", "body: { $.id: { minimum: 1, type: integer } }"), false),
            (whole.replace("status: 200", "body: { $.id: { minimum: one } }"), false),
            (whole.replace("status: 200", "body: { $.id: { equals: { a: 1 } } }"), true),
            (whole.replace("status: 200", "same: []"), false),
            (whole.replace("get: /v1/payment_methods", "post: /x, card: { brand: visa, holder: APRO }"), true),
            (whole.replace("get: /v1/payment_methods", "post: /x, card: { brand: vissa, holder: APRO }"), false),
            (whole.replace("get: /v1/payment_methods", "repeat: nothing, post: /x"), false),
            (whole.replace("steps: [", "steps: [1, "), false),
            ("name: x\nsteps: [{ wait: 1s }]\n".to_owned(), false),
            (
                format!("{}finally: [{{ get: /x, expect: {{ status: 200 }} }}]\n", "name: x\nsteps: [{ wait: 1s }]\n"),
                false,
            ),
        ] {
            let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(validator.is_valid(&value), right, "the schema: {text}");
            assert_eq!(read(&Source::new("x.yaml", &text), "x").is_ok(), right, "the reader: {text}");
        }
    }

    #[test]
    fn the_schema_offers_the_words_that_exist() {
        let schema = specs::FILES.get_file("dsl/scenario.schema.json").unwrap().contents_utf8().unwrap();
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let words = |path: &str| -> BTreeSet<String> {
            let found = schema.pointer(path).and_then(serde_json::Value::as_array).unwrap();
            found.iter().map(|word| word.get("const").unwrap_or(word).as_str().unwrap().to_owned()).collect()
        };
        let own = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(words("/$defs/site/enum"), own(specs::sites::all().iter().map(|site| site.id.as_str()).collect()));
        assert_eq!(words("/$defs/expect/properties/schema/anyOf/0/enum"), own(specs::schemas::names().to_vec()));
        let roles = crate::contract::Role::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(words("/$defs/role/oneOf"), own(roles));
        let mut codes: BTreeSet<String> = catalogue().entries().iter().map(|entry| entry.code.clone()).collect();
        codes.extend(catalogue().entries().iter().filter_map(|entry| entry.wire_code.clone()));
        codes.extend(specs::catalogue::neighbours().iter().map(|other| other.code.clone()));
        let ids = catalogue().entries().iter().map(|entry| &entry.id);
        let ids = ids.chain(specs::catalogue::neighbours().iter().map(|other| &other.id)).cloned();
        assert_eq!(words("/$defs/errorCode/anyOf/1/enum"), ids.chain(codes.iter().cloned()).collect());
        let numbers = schema.pointer("/$defs/errorCode/anyOf/0/enum").unwrap().as_array().unwrap();
        let numbers: BTreeSet<String> = numbers.iter().map(ToString::to_string).collect();
        assert_eq!(numbers, codes.into_iter().filter(|code| code.parse::<u32>().is_ok()).collect());
        let pairs = &specs::statuses::statuses().pairs;
        let member = |name: &str| format!("/$defs/expect/properties/payment/properties/{name}/anyOf/0/enum");
        assert_eq!(words(&member("status")), own(pairs.iter().map(|pair| &*pair.status).collect()));
        let details = pairs.iter().filter_map(|pair| pair.status_detail.as_deref()).collect();
        assert_eq!(words(&member("status_detail")), own(details));
        let cards = specs::cards::all().iter().flat_map(|site| &site.cards);
        let brands = cards.flat_map(|card| [&*card.payment_method_id, &*card.brand]).collect();
        assert_eq!(words("/$defs/request/properties/card/properties/brand/anyOf/0/enum"), own(brands));
        let holders = specs::cards::holders().iter().map(|holder| holder.code.as_str()).collect();
        assert_eq!(words("/$defs/request/properties/card/properties/holder/examples"), own(holders));
    }

    #[test]
    fn every_key_of_the_schema_is_described_and_a_typo_is_named() {
        fn walk(schema: &serde_json::Value, value: &serde_json::Value, place: &str) {
            for (name, key) in value.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
                let target = key.get("$ref").and_then(|to| schema.pointer(to.as_str()?.strip_prefix('#')?));
                let described =
                    [Some(key), target].into_iter().flatten().any(|found| found.get("description").is_some());
                assert!(described || place.ends_with("/properties"), "{place}: {name}");
            }
            match value {
                serde_json::Value::Object(members) => {
                    members.iter().for_each(|(name, value)| walk(schema, value, &format!("{place}/{name}")));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| walk(schema, item, place)),
                _ => {}
            }
        }
        let text = specs::FILES.get_file("dsl/scenario.schema.json").unwrap().contents_utf8().unwrap();
        let schema: serde_json::Value = serde_json::from_str(text).unwrap();
        walk(&schema, &schema, "");
        assert!(!text.contains("\\\\p{"), "not every editor knows classes of Unicode");
        let validator = jsonschema::validator_for(&schema).unwrap();
        let whole = "name: x\nsteps: [{ post: /v1/payments, body: {}, expect: { status: 201 } }]\n";
        for (text, key) in [
            (whole.replace("body", "boddy"), "boddy"),
            (whole.replace("status", "staus"), "staus"),
            (whole.replace("expect", "exepct"), "exepct"),
            (whole.replace("post: /v1/payments, body: {}", "repeat: pay, tagets: url"), "tagets"),
            (whole.replace("post: /v1/payments, body: {}, expect: { status: 201 }", "wait: 5s, tagets: url"), "tagets"),
            (whole.replace("post: /v1/payments, body: {}, expect: { status: 201 }", "use: a.yaml, wiht: {}"), "wiht"),
            (whole.replace("status: 201", "body: { $.id: { presnt: true } }"), "presnt"),
        ] {
            let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            let told: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(told.iter().any(|told| told.contains(&format!("'{key}'"))), "{key}: {told:?}");
        }
    }

    #[test]
    fn a_file_beside_a_scenario_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "x").unwrap();
        std::fs::write(folder.path().join("b.csv"), [0xff]).unwrap();
        let from = folder.path().join("x.yaml").display().to_string();
        let beside = |name: &str| beside(folder.path(), &from, name);
        assert_eq!(beside("a.csv").unwrap().text(), "x");
        #[cfg(unix)]
        {
            let elsewhere = tempfile::NamedTempFile::new().unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("out.csv")).unwrap();
            std::os::unix::fs::symlink("a.csv", folder.path().join("in.csv")).unwrap();
            assert_eq!(beside("out.csv").unwrap_err().key, "scenario.leaves-folder");
            assert_eq!(beside("in.csv").unwrap().text(), "x");
        }
        for (name, key) in [
            ("b.csv", "scenario.not-utf8-file"),
            ("c.csv", "scenario.no-such-file"),
            ("", "scenario.leaves-folder"),
            ("../a.csv", "scenario.leaves-folder"),
            ("/etc/passwd", "scenario.leaves-folder"),
        ] {
            assert_eq!(beside(name).unwrap_err().key, key, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_of_the_folder_is_told_and_not_read() {
        use std::os::unix::fs::symlink;
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let good = "name: x\nsteps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n";
        std::fs::write(elsewhere.path().join("secret.yaml"), "password: hunter2\n").unwrap();
        std::fs::write(folder.path().join("a.yaml"), good).unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        symlink("../a.yaml", folder.path().join("below/in.yaml")).unwrap();
        symlink(elsewhere.path().join("secret.yaml"), folder.path().join("out.yaml")).unwrap();
        symlink(elsewhere.path().join("nothing.yaml"), folder.path().join("lost.yaml")).unwrap();
        let loaded = from_folder(folder.path());
        assert_eq!(loaded.scenarios.len(), 2, "{:?}", loaded.problems);
        let mut keys: Vec<&str> = loaded.problems.iter().map(|told| told.message.key.as_ref()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["run.not-found", "scenario.link-leads-out"]);
        assert!(!format!("{:?}", loaded.problems).contains("hunter2"));
        let named = from_folder(&folder.path().join("out.yaml"));
        assert!(named.problems.iter().all(|told| told.message.key != "scenario.link-leads-out"), "named by the user");
    }

    #[test]
    fn a_fragment_is_found_above_and_is_no_scenario() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let uses = "name: x\nsteps: [ { use: parts/a.yaml } ]\n";
        write("run/parts/a.yaml", "fragment: a\nsteps: [{ use: b.yaml }]\n");
        write("run/parts/b.yaml", "fragment: b\nsteps: [{ get: /, expect: { status: 200 } }]\n");
        write("run/deep/er/x.yaml", uses);
        write("run/y.yaml", uses);
        write("parts/c.yaml", "fragment: c\nsteps: [{ get: /, expect: { status: 200 } }]\n");
        let loaded = from_folder(&folder.path().join("run"));
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let ids: Vec<&str> = loaded.scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
        assert_eq!(ids, ["deep/er/x", "y"]);
        assert!(loaded.scenarios[0].steps[0].source.file.ends_with("run/parts/b.yaml"));
        let alone = from_folder(&folder.path().join("run/deep/er/x.yaml"));
        assert_eq!((alone.scenarios.len(), alone.problems.len()), (1, 0), "{:?}", alone.problems);
        // A broken fragment is told once, and every scenario that cannot run because of it says so.
        write("run/parts/b.yaml", "fragment: b\nsteps: [{ get: /, exepct: { status: 200 } }]\n");
        write("run/z.yaml", "name: z\nsteps: [ { use: parts/c.yaml } ]\n");
        let loaded = from_folder(&folder.path().join("run"));
        let count = |key: &str| loaded.problems.iter().filter(|told| told.message.key == key).count();
        assert_eq!((count("yaml.unknown-key"), count("scenario.fragment-broken")), (1, 2), "{:?}", loaded.problems);
        assert_eq!(count("scenario.no-such-file"), 1, "nothing above the folder that is run is read");
    }

    #[test]
    fn the_examples_of_the_guide_read() {
        let guide = specs::FILES.get_file("scenarios/README.md").unwrap().contents_utf8().unwrap();
        let blocks = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut examples = 0;
        for block in blocks.filter(|block| !block.starts_with('#')) {
            let whole = block.starts_with("name:") || block.starts_with("fragment:");
            let text = if whole { block.to_owned() } else { format!("name: x\n{block}") };
            let library = super::super::Library::new(&beside_builtin);
            let read = super::super::read_document(&Source::new("specs/scenarios/README.md", &text), "x", &library);
            assert!(read.is_ok(), "{text}\n{:?}", read.err());
            examples += 1;
        }
        assert_eq!(examples, 6);
    }

    #[test]
    fn every_cardholder_name_pays_in_every_country() {
        let scenarios = builtin().scenarios;
        for holder in specs::cards::holders() {
            let id = match holder.status.as_str() {
                "rejected" => "declined/cardholder-names",
                "approved" => "approved/cardholder-names",
                _ => "in-process/contingency",
            };
            let scenario = scenarios.iter().find(|scenario| scenario.id == id).unwrap();
            assert_eq!(scenario.sites.len(), specs::sites::all().len(), "{id}");
            let row = scenario.rows.iter().find(|row| row.id == holder.code).unwrap();
            if holder.status == "rejected" {
                assert_eq!(row.values["status_detail"], holder.status_detail.as_str(), "{}", holder.code);
            }
        }
    }

    #[test]
    fn every_entry_of_the_catalogue_is_expected_somewhere_and_few_are_only_played() {
        let mut by_request = BTreeSet::new();
        let mut by_fault = BTreeSet::new();
        for scenario in builtin().scenarios {
            for step in &scenario.steps {
                let fault = matches!(&step.action, super::super::Action::Send(request) if request.fault.is_some());
                let into = if fault { &mut by_fault } else { &mut by_request };
                for (word, _) in &step.expect.error {
                    let column = word.strip_prefix("${row.").and_then(|rest| rest.strip_suffix('}'));
                    let words = match column {
                        // The first of several is the one that the documentation leads to.
                        Some(column) => scenario.rows.iter().filter_map(|row| row.values.get(column)).collect(),
                        None => Vec::new(),
                    };
                    let first = |value: &serde_json::Value| match value {
                        serde_json::Value::Array(items) => items.first().map(ToString::to_string),
                        other => Some(other.to_string()),
                    };
                    let words = words.into_iter().filter_map(first).chain(column.is_none().then(|| word.clone()));
                    into.extend(words.filter_map(|word| Some(&catalogue().find(word.trim_matches('"'))?.id)));
                }
            }
        }
        let missing: Vec<&str> = catalogue()
            .entries()
            .iter()
            .filter(|entry| !by_request.contains(&entry.id) && !by_fault.contains(&entry.id))
            .map(|entry| entry.id.as_str())
            .collect();
        assert!(missing.is_empty(), "no scenario expects {}", missing.join(", "));
        assert!(by_request.len() >= 71, "only {} by a request", by_request.len());
        for entry in catalogue().entries().iter().filter(|entry| matches!(entry.provoke.reach, Reach::Outside)) {
            assert!(by_request.contains(&entry.id), "{} can be provoked and is only played", entry.id);
        }
    }
}
