//! Rebuilds when an embedded data file is added or removed: the compiler only sees changes of known ones.

fn main() {
    for folder in ["specs", "rules", "reports/templates", "src/i18n/words", "src/demo/shops"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
