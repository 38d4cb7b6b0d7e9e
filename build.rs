//! Prepares the embedded data, so that the program reads it fast: YAML of `specs/` becomes JSON, the word catalogues
//! become one text with an index. The YAML files stay the only source; what does not read here stops the build.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Folders of `specs/` that need no JSON: scenarios are read with their places, like those of users.
const NOT_CONVERTED: [&str; 3] = ["scenarios", "dsl", "schemas"];

fn main() -> Result<(), Box<dyn Error>> {
    for folder in ["specs", "rules", "src/i18n/words"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let specs = files_below(Path::new("specs"))?;
    let data = convert(&specs)?;
    list(&out, &data)?;
    words(&out)?;
    println!("cargo::rustc-env=HOMOLOGA_SPECS_DIGEST={}", digest(&specs));
    println!("cargo::rustc-env=HOMOLOGA_RULES_DIGEST={}", digest(&files_below(Path::new("rules"))?));
    Ok(())
}

/// The files below a folder by their paths from it, written with `/`.
fn files_below(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let (mut files, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(below) = open.pop() {
        for entry in std::fs::read_dir(below)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                files.insert(name, std::fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

fn yaml(name: &str, bytes: &[u8]) -> Result<Value, Box<dyn Error>> {
    Ok(serde_yaml::from_slice(bytes).map_err(|error| format!("{name}: {error}"))?)
}

/// The YAML files as JSON by their paths from the top of the repository; and `specs/outlines.json`, the part of the
/// catalogue that every run needs.
fn convert(specs: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Value>, Box<dyn Error>> {
    let mut data = BTreeMap::new();
    let mut outlines = Vec::new();
    for (name, bytes) in specs {
        if name.split_once('/').is_some_and(|(folder, _)| NOT_CONVERTED.contains(&folder)) {
            continue;
        }
        let Some(stem) = name.strip_suffix(".yaml") else { continue };
        let value = yaml(name, bytes)?;
        if name.starts_with("catalogue/payments/") {
            outlines.extend(value["errors"].as_array().into_iter().flatten().map(outline));
        }
        data.insert(format!("specs/{stem}.json"), value);
    }
    data.insert("specs/outlines.json".to_owned(), json!({ "errors": outlines }));
    Ok(data)
}

/// What `specs::catalogue::Outline` reads of an entry.
fn outline(entry: &Value) -> Value {
    let members = ["id", "status", "code", "message", "provoke"];
    let members = members.iter().filter_map(|name| Some(((*name).to_owned(), entry.get(name)?.clone())));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Writes the converted files and `data.rs`: a table of them, sorted, so that one is found without looking at the
/// others.
fn list(out: &Path, data: &BTreeMap<String, Value>) -> Result<(), Box<dyn Error>> {
    let folder = out.join("data");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut lines = String::new();
    for (name, value) in data {
        let target = folder.join(name);
        std::fs::create_dir_all(target.parent().unwrap_or(out))?;
        std::fs::write(target, serde_json::to_vec(value)?)?;
        writeln!(lines, "    ({name:?}, include_str!({:?})),", format!("data/{name}"))?;
    }
    std::fs::write(out.join("data.rs"), format!("&[\n{lines}]\n"))?;
    Ok(())
}

/// SHA-256 over names and contents of all files of a folder; the first 12 hexadecimal digits. A test of
/// `src/specs/` compares with the embedded files.
fn digest(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by(|(one, _), (other, _)| Path::new(one).cmp(Path::new(other)));
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(bytes);
        hash.update([0]);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes `words.txt`, all keys with their texts one behind the other, and `words.rs`: where each key begins, its
/// Spanish, its Portuguese and its English text, sorted by key.
fn words(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut words: BTreeMap<String, [String; 3]> = BTreeMap::new();
    for (name, bytes) in files_below(Path::new("src/i18n/words"))? {
        let area = name.strip_suffix(".yaml").ok_or_else(|| format!("src/i18n/words/{name} is no YAML file"))?;
        let Value::Object(texts) = yaml(&name, &bytes)? else { return Err(format!("{name}: no mapping").into()) };
        for (key, text) in texts {
            let get = |lang: &str| match text.get(lang).and_then(Value::as_str) {
                Some(text) => Ok(text.to_owned()),
                None => Err(format!("src/i18n/words/{name}: {key} lacks {lang}")),
            };
            words.insert(format!("{area}.{key}"), [get("es")?, get("pt")?, get("en")?]);
        }
    }
    let (mut text, mut index) = (String::new(), String::new());
    for (key, texts) in &words {
        let mut begins = vec![text.len()];
        text.push_str(key);
        for word in texts {
            begins.push(text.len());
            text.push_str(word);
        }
        writeln!(index, "    {begins:?},")?;
    }
    // So that every text ends where the next begins.
    writeln!(index, "    [{end}, {end}, {end}, {end}],", end = text.len())?;
    std::fs::write(out.join("words.txt"), text)?;
    std::fs::write(out.join("words.rs"), format!("&[\n{index}]\n"))?;
    Ok(())
}
