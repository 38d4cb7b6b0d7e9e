//! Turns the embedded YAML files of `specs/` and the word catalogues into JSON, which the program reads ten times
//! faster at its start. The YAML files stay the only source; what does not read here stops the build.

use std::error::Error;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("data");
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    // Scenarios are read with their places, like those of users.
    convert(Path::new("specs"), &out, &["scenarios", "dsl", "schemas"])?;
    convert(Path::new("src/i18n/words"), &out, &[])?;
    list(&out)?;
    println!("cargo::rustc-env=HOMOLOGA_SPECS_DIGEST={}", digest(Path::new("specs"))?);
    println!("cargo::rustc-env=HOMOLOGA_RULES_DIGEST={}", digest(Path::new("rules"))?);
    println!("cargo::rerun-if-changed=rules");
    Ok(())
}

/// Writes `data.rs`: the made files with their paths, sorted, so that one is found without looking at the others.
fn list(out: &Path) -> Result<(), Box<dyn Error>> {
    let (mut files, mut open) = (Vec::new(), vec![out.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    let mut lines = Vec::new();
    for path in &files {
        let name = path.strip_prefix(out)?.to_string_lossy().replace('\\', "/");
        lines.push(format!("    ({name:?}, include_str!({:?})),\n", format!("data/{name}")));
    }
    // By the names as Rust compares them, which is how they are searched.
    lines.sort();
    std::fs::write(out.with_file_name("data.rs"), format!("&[\n{}]\n", lines.concat()))?;
    Ok(())
}

/// SHA-256 over names and contents of all files of a folder; the first 12 hexadecimal digits. A test of
/// `src/specs/` compares with the embedded files.
fn digest(folder: &Path) -> Result<String, Box<dyn Error>> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort_by(|one, other| one.strip_prefix(folder).ok().cmp(&other.strip_prefix(folder).ok()));
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.strip_prefix(folder)?.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update(std::fs::read(file)?);
        hash.update([0]);
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn convert(folder: &Path, out: &Path, without: &[&str]) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !without.contains(&name) {
                convert(&path, out, &[])?;
            }
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = std::fs::read_to_string(&path)?;
            let value: serde_json::Value =
                serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let target = out.join(&path).with_extension("json");
            std::fs::create_dir_all(target.parent().unwrap_or(out))?;
            std::fs::write(target, serde_json::to_vec(&value)?)?;
        }
    }
    Ok(())
}
