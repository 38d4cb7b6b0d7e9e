//! Data of the user in the place of the built-in one, the manual page, and records that cannot be read.

use std::path::Path;

use tempfile::TempDir;

use crate::support::{demo, homologa, homologa_in};

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn ejected_data_is_the_built_in_data_and_what_is_changed_counts() {
    let folder = TempDir::new().unwrap();
    assert_eq!(homologa_in(folder.path(), &["init", "--eject"]).code, 0);
    let run = |more: &[&str]| {
        let usual = ["--format", "json", "contract", "run", "--tag", "refund", "--seed", "7"];
        homologa_in(folder.path(), &[&usual[..], more].concat())
    };
    let (plain, own) = (run(&[]), run(&["--specs", "specs", "--rules", "rules"]));
    assert_eq!((plain.code, own.code), (0, 0), "{}", own.all());
    assert_eq!(plain.json()["started"]["versions"], own.json()["started"]["versions"]);
    // A rule with another weight, and one more.
    let rule = std::fs::read_to_string(folder.path().join("rules/card/card-fields-no-name.yaml")).unwrap();
    assert!(rule.contains("\nseverity: blocker"), "{rule}");
    put(folder.path(), "mine/card/card-fields-no-name.yaml", &rule.replace("severity: blocker", "severity: advice"));
    let explain = |more: &[&str]| {
        let usual = ["--format", "json", "explain", "card-fields-no-name"];
        homologa_in(folder.path(), &[&usual[..], more].concat()).stdout
    };
    assert!(explain(&[]).contains("blocker") && explain(&["--rules", "mine"]).contains("advice"));
    let shop = folder.path().join("page.html");
    std::fs::write(&shop, "<form><input data-checkout=cardNumber name=n></form>").unwrap();
    let judged = |more: &[&str]| {
        let json = homologa_in(folder.path(), &[&["--format", "json", "golive", "page.html"], more].concat()).json();
        let rules = json["rules"].as_array().unwrap();
        let severity = rules.iter().find(|rule| rule["id"] == "card-fields-no-name").unwrap()["severity"].clone();
        (severity, rules.len(), json["started"]["versions"]["rules"].clone())
    };
    let more = rule.replace("id: card-fields-no-name", "id: mine-alone");
    put(folder.path(), "mine/card/mine-alone.yaml", &more);
    let (plain, own) = (judged(&[]), judged(&["--rules", "mine"]));
    assert_eq!((plain.0, own.0), ("blocker".into(), "advice".into()));
    assert_eq!(plain.1 + 1, own.1);
    assert_ne!(plain.2, own.2);
}

#[test]
fn mistakes_in_the_users_data_are_told_with_their_place() {
    let folder = TempDir::new().unwrap();
    for (option, file, text, place, told) in [
        ("--specs", "grades.yaml", "grades:\n  - id: x\n    weight: [\n", "grades.yaml:", "does not read"),
        ("--specs", "sites/MLA.yaml", "id: MLA\n", "sites/MLA.yaml", "does not read"),
        ("--specs", "payments.yaml", "a: 1\n", "payments.yaml", "not a file of specs/"),
        ("--rules", "card/x.yaml", "id: x\nseverity: heavy\n", "card/x.yaml:2", "heavy"),
        ("--rules", "cards/x.yaml", "id: x\n", "cards/x.yaml", "family"),
    ] {
        let data = folder.path().join("data");
        put(&data, file, text);
        let ran = homologa_in(folder.path(), &["contract", "list", option, "data"]);
        assert_eq!(ran.code, 2, "{file}: {}", ran.all());
        assert!(ran.stderr.contains(place) && ran.stderr.contains(told), "{file}: {}", ran.stderr);
        std::fs::remove_dir_all(&data).unwrap();
    }
    let ran = homologa_in(folder.path(), &["contract", "list", "--specs", "nowhere"]);
    assert_eq!((ran.code, ran.stderr.contains("does not exist")), (2, true), "{}", ran.all());
}

#[test]
fn the_manual_is_in_the_language_of_the_reader_and_has_every_command() {
    for (lang, heading) in [("es", "OPCIONES"), ("pt", "OPÇÕES"), ("en", "OPTIONS")] {
        let ran = homologa(&["--lang", lang, "man"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(ran.stdout.contains(".TH") && ran.stdout.contains(heading), "{}", ran.stdout);
    }
    let folder = TempDir::new().unwrap();
    let ran = homologa_in(folder.path(), &["man", "pages"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for page in ["homologa.1", "homologa-contract-run.1", "homologa-report-merge.1", "homologa-golive.1"] {
        let text = std::fs::read_to_string(folder.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = homologa(&["completions", shell]);
        assert!(ran.code == 0 && ran.stdout.contains("--shard"), "{shell}: {}", ran.all());
    }
}

#[test]
fn records_that_cannot_be_read_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let (report, journal) = (demo().read("report.json"), demo().read("record.jsonl"));
    let newer =
        |text: &str| text.replacen("\"format\":1", "\"format\":99", 1).replacen("\"format\": 1", "\"format\": 99", 1);
    for (name, text, told) in [
        ("newer.json", newer(&report), "format 99"),
        ("newer.jsonl", newer(&journal), "format 99"),
        ("cut.json", report.chars().take(report.chars().count() / 2).collect(), "ends in the middle"),
        ("empty.jsonl", String::new(), "empty"),
        ("other.json", "{\"name\": \"x\"}".to_owned(), "not the record of a homologa run"),
    ] {
        put(folder.path(), name, &text);
        for command in [&["report", name][..], &["report", "portfolio", name], &["report", "merge", "out.json", name]] {
            let ran = homologa_in(folder.path(), command);
            assert_eq!(ran.code, 2, "{command:?}: {}", ran.all());
            assert!(ran.stderr.contains(told), "{command:?}: {}", ran.stderr);
        }
    }
    // What an older version wrote has less in it, and reads.
    let mut older: serde_json::Value = serde_json::from_str(&report).unwrap();
    older["started"].as_object_mut().unwrap().remove("options");
    for shop in older["shops"].as_array_mut().unwrap() {
        shop.as_object_mut().unwrap().remove("place");
    }
    put(folder.path(), "older.json", &older.to_string());
    let ran = homologa_in(folder.path(), &["report", "older.json"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let ran = homologa_in(folder.path(), &["report", "portfolio", "older.json", "--report", "html=sheet.html"]);
    assert_eq!((ran.code, ran.stdout.contains("1 of 2 shops")), (1, true), "{}", ran.all());
    // A damaged line in the middle costs that line, and is told.
    let mut lines: Vec<&str> = journal.lines().collect();
    let at = lines.len() / 2;
    lines[at] = "{\"event\":\"scenario-fin";
    put(folder.path(), "damaged.jsonl", &(lines.join("\n") + "\n"));
    let ran = homologa_in(folder.path(), &["report", "damaged.jsonl"]);
    assert!([1, 3].contains(&ran.code), "{}", ran.all());
    assert!(ran.stdout.contains("did not reach its end"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("line {}", at + 1)), "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told_and_nothing_is_lost() {
    let folder = TempDir::new().unwrap();
    // A file where a folder would have to be: also for root, who may write everywhere.
    put(folder.path(), "file", "precious");
    let report = demo().file("report.json");
    let report = report.to_str().unwrap();
    for command in [
        &["report", report, "--report", "html=file/report.html"][..],
        &["report", report, "--report", "json=/proc/none/report.json"],
        &["contract", "run", "--tag", "refund", "--output", "file/out"],
    ] {
        let ran = homologa_in(folder.path(), command);
        assert_eq!(ran.code, 2, "{command:?}: {}", ran.all());
        assert!(ran.stderr.contains("cannot be written"), "{command:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).unwrap(), "precious");
}
