//! Commands that need neither a target nor a shop.

use crate::support::{homologa, homologa_in};

#[test]
fn help_speaks_the_language_of_the_reader() {
    for (lang, word) in [("es", "Comandos:"), ("pt", "Opções:"), ("en", "Commands:")] {
        let ran = homologa(&["--lang", lang, "--help"]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains(word), "{lang}: {}", ran.stdout);
    }
    let spanish = homologa(&["--lang", "es", "golive", "--help"]).stdout;
    for english in ["Usage:", "Possible values", "[default", "Print help"] {
        assert!(!spanish.contains(english), "{english} in {spanish}");
    }
}

#[test]
fn mistakes_in_the_command_line_exit_with_2_and_a_suggestion() {
    for (arguments, told) in [
        (vec!["--lang", "es", "demoo"], "¿quisiste decir `demo`?"),
        (vec!["--lang", "pt", "golive"], "falta"),
        (vec!["--lang", "en", "sandbox", "--port", "many"], "`many` is no value"),
        (vec!["--lang", "es", "golive", "--pagess", "3", "https://a.example"], "¿quisiste decir `--pages`?"),
        (vec!["golive", "ftp://shop.example"], "is not an http or https address"),
        (vec!["golive", "shop.example/checkout"], "did you mean `https://shop.example/checkout`?"),
        (vec!["contract", "run", "--site", "MLX"], "there is no site `MLX`"),
        (vec!["contract", "run", "--report", "pdf=x"], "formats: html, json, junit, sarif"),
        (vec!["contract", "run", "--report", "html=x,json=x"], "asked for before"),
        (vec!["contract", "run", "--report", "html=x", "--report", "html=y"], "asked for before"),
        (vec!["explain", "card-field-no-name"], "did you mean `card-fields-no-name`?"),
    ] {
        let ran = homologa(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.all());
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.all());
        assert!(ran.stdout.is_empty(), "{arguments:?}: {}", ran.stdout);
    }
}

#[test]
fn everything_with_an_id_is_explained_in_three_languages() {
    for id in [
        "2006",
        "400/4292",
        "7",
        "cc_rejected_high_risk",
        "approved/accredited",
        "card-fields-no-name",
        "webhook-signature",
        "quality-external-reference",
        "environment",
        "2000",
        "approved",
        "404",
        "http 429",
        "recorded-status",
        "broken-answer",
        "min-coverage",
    ] {
        for lang in ["es", "pt", "en"] {
            let ran = homologa(&["--lang", lang, "explain", id]);
            assert_eq!(ran.code, 0, "{id} {lang}: {}", ran.all());
            assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{id} {lang}: {}", ran.stdout);
        }
        let ran = homologa(&["--format", "json", "explain", id]);
        assert!(ran.json().to_string().len() > 50, "{id}");
    }
}

#[test]
fn init_writes_a_file_that_check_reads_and_replaces_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    assert_eq!(homologa_in(folder.path(), &["--lang", "es", "init", "--eject"]).code, 0);
    let written = std::fs::read_to_string(folder.path().join("homologa.yaml")).unwrap();
    assert!(written.contains("lang: es"));
    let again = homologa_in(folder.path(), &["init"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("exists already"), "{}", again.stderr);
    let linted = homologa_in(folder.path(), &["contract", "check", "scenarios"]);
    assert_eq!(linted.code, 0, "{}", linted.all());
    let ran = homologa_in(folder.path(), &["check"]);
    // As written, the file names no shop and no target of the user's: that is no pass.
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("golive.shops"), "{}", ran.stderr);
    for report in ["reports/out/report.html", "reports/out/report.json", "reports/out/record.jsonl"] {
        assert!(folder.path().join(report).exists(), "{report}");
    }
}

#[test]
fn init_writes_the_beginning_of_a_rule() {
    let folder = tempfile::TempDir::new().unwrap();
    let ran = homologa_in(folder.path(), &["--lang", "en", "init", "--rule", "card/card-new"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let written = std::fs::read_to_string(folder.path().join("rules/card/card-new.yaml")).unwrap();
    assert!(written.starts_with("id: card-new\n"), "{written}");
    assert!(!folder.path().join("homologa.yaml").exists());
    assert_eq!(homologa_in(folder.path(), &["init", "--rule", "card/card-new"]).code, 2, "nothing is replaced");
    let wrong = homologa_in(folder.path(), &["--lang", "en", "init", "--rule", "cards/x"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("transport, sdk, card"), "{}", wrong.stderr);
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = homologa(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("homologa"), "{shell}");
    }
}
