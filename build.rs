//! Turns the embedded YAML files of `specs/` and the word catalogues into JSON, which the program reads ten times
//! faster at its start. The YAML files stay the only source; what does not read here stops the build.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("data");
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    // Scenarios are read with their places, like those of users.
    convert(Path::new("specs"), &out, &["scenarios", "dsl", "schemas"])?;
    convert(Path::new("src/i18n/words"), &out, &[])?;
    Ok(())
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
