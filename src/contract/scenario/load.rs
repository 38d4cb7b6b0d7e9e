//! Finding scenario files: the built-in ones of `specs/scenarios/`, and those of a folder of the user.
//! A broken file is reported and does not stop the others.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use include_dir::{Dir, DirEntry, File};

use super::{Beside, Scenario, read_beside};
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
    fn add(&mut self, file: &str, id: &str, text: &str, beside: Beside<'_>) {
        let source = Source::new(file, text);
        match read_beside(&source, id, beside) {
            Ok(scenario) => self.scenarios.push(scenario),
            Err(problems) => self.problems.extend(yaml::first_mistakes(&source, problems)),
        }
    }
}

/// The built-in scenarios.
pub fn builtin() -> Loaded {
    let mut loaded = Loaded::default();
    for file in builtin_files() {
        let id = file.path().strip_prefix("scenarios").unwrap_or(file.path()).with_extension("");
        let name = format!("specs/{}", file.path().display());
        let folder = file.path().parent().unwrap_or(file.path());
        loaded.add(&name, &id.to_string_lossy(), file.contents_utf8().unwrap_or_default(), &|other| {
            let found = specs::FILES.get_file(folder.join(inside(other)?)).and_then(File::contents_utf8);
            found.map(str::to_owned).ok_or_else(|| Message::new("scenario.no-such-file").with("name", other))
        });
    }
    loaded
}

/// The embedded scenario files, by path.
fn builtin_files() -> Vec<&'static File<'static>> {
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

/// The scenarios of a folder, or one file.
pub fn from_folder(path: &Path) -> Loaded {
    let mut loaded = Loaded::default();
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        match entries(&folder) {
            Ok(entries) => {
                for entry in entries {
                    if entry.is_dir() {
                        open.push(entry);
                    } else if entry.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
                        files.push(entry);
                    }
                }
            }
            Err(error) => loaded.problems.push(unreadable(&folder, &error)),
        }
    }
    files.sort();
    if files.is_empty() && loaded.problems.is_empty() {
        let problem = Problem::input(Message::new("scenario.none-found")).in_file(path.display().to_string());
        loaded.problems.push(problem.fix(Message::new("scenario.none-found-fix")));
    }
    for file in files {
        let id = file.strip_prefix(path).ok().filter(|rest| !rest.as_os_str().is_empty());
        let id =
            id.map_or_else(|| PathBuf::from(file.file_name().unwrap_or_default()), Path::to_owned).with_extension("");
        let name = file.display().to_string();
        if std::fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
            // A pipe would be waited for, a device would never end.
            loaded.problems.push(Problem::input(Message::new("run.not-a-file")).in_file(name));
            continue;
        }
        match crate::run::read_at_most(&file, yaml::MOST_READ) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    let folder = file.parent().unwrap_or(&file);
                    loaded.add(&name, &id.to_string_lossy(), &text, &|other| beside(folder, other));
                }
                Err(_) => loaded.problems.push(
                    Problem::input(Message::new("scenario.not-utf8"))
                        .in_file(name)
                        .fix(Message::new("scenario.not-utf8-fix")),
                ),
            },
            Err(error) => loaded.problems.push(unreadable(&file, &error)),
        }
    }
    loaded
}

/// Largest file that a scenario may name, in bytes.
const LARGEST_BESIDE: u64 = 4 * 1024 * 1024;

/// A path that stays in the folder: relative, and without steps upwards.
fn inside(name: &str) -> Result<&Path, Message> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain && !name.is_empty() { Ok(path) } else { Err(Message::new("scenario.leaves-folder").with("name", name)) }
}

/// The text of a file in the folder of a scenario.
fn beside(folder: &Path, name: &str) -> Result<String, Message> {
    let path = folder.join(inside(name)?);
    let unreadable = |error: std::io::Error| Message::new("run.cannot-read").with("error", error);
    if !path.is_file() {
        return Err(Message::new("scenario.no-such-file").with("name", name));
    }
    // A link may lead out of the folder as well as a path: what it leads to would be quoted in messages.
    let real = |path: &Path| path.canonicalize().map_err(unreadable);
    if !real(&path)?.starts_with(real(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?) {
        return Err(Message::new("scenario.leaves-folder").with("name", name));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&path).map_err(unreadable)?;
    file.take(LARGEST_BESIDE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_BESIDE {
        return Err(Message::new("scenario.too-large").with("name", name).with("mib", LARGEST_BESIDE / 1024 / 1024));
    }
    String::from_utf8(bytes).map_err(|_| Message::new("scenario.not-utf8"))
}

/// The entries of a folder without following links to folders, which may form a circle; a file is itself.
fn entries(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !(entry.file_type()?.is_symlink() && entry.path().is_dir()) {
            found.push(entry.path());
        }
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
    fn the_built_in_scenarios_read() {
        let loaded = builtin();
        let told: Vec<String> = loaded.problems.iter().map(|problem| format!("{problem:?}")).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
        assert_eq!(loaded.scenarios.len(), builtin_files().len());
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
        assert_eq!(words("/$defs/expect/properties/schema/enum"), own(specs::schemas::names()));
        let roles = crate::contract::Role::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(words("/$defs/request/properties/as/oneOf"), own(roles));
        let holders = specs::cards::holders().iter().map(|holder| holder.code.as_str()).collect();
        assert_eq!(words("/$defs/request/properties/card/properties/holder/examples"), own(holders));
    }

    #[test]
    fn a_file_beside_a_scenario_stays_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "x").unwrap();
        std::fs::write(folder.path().join("b.csv"), [0xff]).unwrap();
        #[cfg(unix)]
        {
            let elsewhere = tempfile::NamedTempFile::new().unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("out.csv")).unwrap();
            std::os::unix::fs::symlink("a.csv", folder.path().join("in.csv")).unwrap();
            assert_eq!(beside(folder.path(), "out.csv").unwrap_err().key, "scenario.leaves-folder");
            assert_eq!(beside(folder.path(), "in.csv").unwrap(), "x");
        }
        assert_eq!(beside(folder.path(), "a.csv").unwrap(), "x");
        for (name, key) in [
            ("b.csv", "scenario.not-utf8"),
            ("c.csv", "scenario.no-such-file"),
            ("", "scenario.leaves-folder"),
            ("../a.csv", "scenario.leaves-folder"),
            ("/etc/passwd", "scenario.leaves-folder"),
        ] {
            assert_eq!(beside(folder.path(), name).unwrap_err().key, key, "{name}");
        }
    }

    #[test]
    fn the_examples_of_the_guide_read() {
        let guide = specs::FILES.get_file("scenarios/README.md").unwrap().contents_utf8().unwrap();
        let blocks = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut examples = 0;
        for block in blocks.filter(|block| !block.starts_with('#')) {
            let text = if block.starts_with("name:") { block.to_owned() } else { format!("name: x\n{block}") };
            let read = read(&Source::new("README.md", &text), "x");
            assert!(read.is_ok(), "{text}\n{:?}", read.err());
            examples += 1;
        }
        assert_eq!(examples, 4);
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
