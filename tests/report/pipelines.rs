//! The examples of `reports/ci/`: what they run is run here, with the built program and the embedded sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;
use tempfile::TempDir;

use crate::sdk::Served;

const GOOD: &str = "name: A payment is approved\nsteps:\n  - id: token\n    post: /v1/card_tokens\n    card: { brand: visa, holder: APRO }\n    expect: { status: 201 }\n";

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/ci").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&example(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A repository that uses homologa, its contract pointing at a sandbox.
struct Repository {
    folder: TempDir,
    sandbox: Served,
}

impl Repository {
    fn new(scenario: &str) -> Repository {
        let repository = Repository { folder: TempDir::new().unwrap(), sandbox: Served::start(&[]) };
        let url = repository.sandbox.said["url"].as_str().unwrap();
        let config = format!("contract: {{ target: '{url}', scenarios: scenarios, preflight: false, rate: 0 }}\n");
        std::fs::write(repository.path("homologa.yaml"), config).unwrap();
        std::fs::create_dir(repository.path("scenarios")).unwrap();
        std::fs::write(repository.path("scenarios/pay.yaml"), scenario).unwrap();
        repository
    }

    fn token(&self) -> &str {
        self.sandbox.said["access_token"].as_str().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script as GitHub does; gives its exit code and what it wrote to both streams.
    fn bash(&self, script: &str, environment: &BTreeMap<String, String>) -> (i32, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_homologa")).parent().unwrap();
        let path = format!("{}:/usr/bin:/bin", program.display());
        let ran = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .envs([("PATH", path.as_str()), ("CI", "true"), ("LANG", "C.UTF-8")])
            .env("MERCADOPAGO_ACCESS_TOKEN", self.token())
            .env("HOME", self.folder.path())
            .env("GITHUB_OUTPUT", self.path("github-output"))
            .env("GITHUB_STEP_SUMMARY", self.path("github-summary"))
            .envs(environment)
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stdout).unwrap() + &String::from_utf8(ran.stderr).unwrap();
        (ran.status.code().unwrap(), said)
    }

    /// Runs the scripts of the composite action with inputs, as the runner does; gives the exit code and what was said.
    fn action(&self, with: &BTreeMap<String, String>) -> (i32, String) {
        let action = yaml("github/action.yml");
        assert_eq!(action["runs"]["using"], "composite");
        let mut outputs: BTreeMap<String, String> = BTreeMap::new();
        let mut all = String::new();
        for step in action["runs"]["steps"].as_sequence().unwrap() {
            // A script that names an expression would run whatever the expression holds.
            let script = step["run"].as_str().unwrap();
            assert!(!script.contains("${{") && step["shell"] == "bash", "{script}");
            let mut environment = BTreeMap::new();
            for (name, value) in step["env"].as_mapping().into_iter().flatten() {
                let value = value.as_str().unwrap().trim_start_matches("${{ ").trim_end_matches(" }}");
                let value = match value.split_once('.').unwrap() {
                    ("inputs", input) => {
                        let known = &action["inputs"][input];
                        assert!(known.is_mapping(), "no input {input}");
                        with.get(input).cloned().unwrap_or_else(|| known["default"].as_str().unwrap().to_owned())
                    }
                    (_, output) => outputs[output.rsplit('.').next().unwrap()].clone(),
                };
                environment.insert(name.as_str().unwrap().to_owned(), value);
            }
            let (code, said) = self.bash(script, &environment);
            all += &said;
            let written = std::fs::read_to_string(self.path("github-output")).unwrap_or_default();
            outputs =
                written.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect();
            if code != 0 {
                return (code, all);
            }
        }
        (0, all)
    }
}

/// The inputs that the workflow gives the action.
fn inputs_of_the_workflow() -> BTreeMap<String, String> {
    let workflow = yaml("github/workflow.yml");
    let steps = workflow["jobs"]["homologa"]["steps"].as_sequence().unwrap();
    let step = steps.iter().find(|step| step["uses"] == "./.github/actions/homologa").unwrap();
    let with = step["with"].as_mapping().into_iter().flatten();
    with.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn the_workflow_of_github_passes_what_holds_and_stops_what_does_not() {
    let with = inputs_of_the_workflow();
    let good = Repository::new(GOOD);
    let (code, said) = good.action(&with);
    assert_eq!(code, 0, "{said}");
    let summary = std::fs::read_to_string(good.path("github-summary")).unwrap();
    assert!(summary.starts_with("# ✓ El contrato se cumple"), "{summary}");
    let workflow = yaml("github/workflow.yml");
    for step in workflow["jobs"]["homologa"]["steps"].as_sequence().unwrap() {
        // What later steps keep is what the action writes.
        for name in ["path", "sarif_file"] {
            if let Some(kept) = step["with"][name].as_str() {
                assert!(good.path(kept).exists(), "{kept} was not written");
            }
        }
    }
    let bad = Repository::new(&GOOD.replace("201", "400"));
    let (code, said) = bad.action(&with);
    assert_eq!(code, 1, "{said}");
    let marked = said.lines().find(|line| line.starts_with("::error file=")).unwrap_or_else(|| panic!("{said}"));
    let file = marked.split(['=', ',']).nth(1).unwrap();
    assert!(bad.path(file).exists(), "{marked}");
    assert!(marked.contains(",line=6,"), "{marked}");
    assert!(!said.contains(bad.token()));
}

#[test]
fn the_action_tells_a_mistake_in_the_configuration_from_a_failure() {
    let repository = Repository::new(GOOD);
    std::fs::write(repository.path("homologa.yaml"), "contrat: {}\n").unwrap();
    let (code, said) = repository.action(&BTreeMap::new());
    assert_eq!(code, 2, "{said}");
    // An input is data, whatever it holds.
    let hostile = BTreeMap::from([("profile".to_owned(), "$(touch owned); `touch owned`".to_owned())]);
    assert_eq!(repository.action(&hostile).0, 2);
    assert!(!repository.path("owned").exists());
}

#[test]
fn the_action_stops_only_what_is_new_against_an_earlier_run() {
    let repository = Repository::new(&GOOD.replace("201", "400"));
    assert_eq!(repository.action(&BTreeMap::new()).0, 1);
    std::fs::rename(repository.path("homologa-report"), repository.path("before")).unwrap();
    let with = BTreeMap::from([("regression".to_owned(), "before/record.jsonl".to_owned())]);
    let (code, said) = repository.action(&with);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("::error "), "{said}");
}

#[test]
fn the_job_of_gitlab_writes_what_it_keeps() {
    let job = &yaml("gitlab/homologa.gitlab-ci.yml")["homologa"];
    let variables: BTreeMap<String, String> = job["variables"]
        .as_mapping()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()))
        .collect();
    for (scenario, expected) in [(GOOD.to_owned(), 0), (GOOD.replace("201", "400"), 1)] {
        let repository = Repository::new(&scenario);
        let script: Vec<&str> =
            job["script"].as_sequence().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let (code, said) = repository.bash(&script.join("\n"), &variables);
        assert_eq!(code, expected, "{said}");
        let artifacts = &job["artifacts"];
        for kept in [&artifacts["paths"][0], &artifacts["reports"]["junit"], &artifacts["reports"]["codequality"]] {
            assert!(repository.path(kept.as_str().unwrap()).exists(), "{kept:?}");
        }
        let quality = std::fs::read_to_string(repository.path("homologa-report/gl-code-quality-report.json")).unwrap();
        let quality: serde_json::Value = serde_json::from_str(&quality).unwrap();
        assert_eq!(quality.as_array().unwrap().is_empty(), expected == 0);
        if expected == 1 {
            let path = quality[0]["location"]["path"].as_str().unwrap();
            assert!(repository.path(path).exists(), "{path}");
        }
    }
}

#[test]
fn the_hooks_stop_a_commit_that_breaks_a_scenario() {
    let config = yaml("pre-commit/pre-commit-config.yaml");
    let hooks = config["repos"][0]["hooks"].as_sequence().unwrap();
    let entries: Vec<&str> = hooks.iter().map(|hook| hook["entry"].as_str().unwrap()).collect();
    assert_eq!(entries.len(), 2);
    let script = example("pre-commit/pre-commit.sh");
    for (scenario, codes) in
        [(GOOD.to_owned(), [0, 0]), (GOOD.replace("201", "400"), [0, 1]), (GOOD.replace("expect", "expcet"), [2, 2])]
    {
        let repository = Repository::new(&scenario);
        for (entry, code) in entries.iter().zip(codes) {
            let (found, said) = repository.bash(entry, &BTreeMap::new());
            assert_eq!(found, code, "{entry}: {said}");
        }
        let none = BTreeMap::new();
        let (code, said) = repository.bash("git init -q . && git add scenarios", &none);
        assert_eq!(code, 0, "{said}");
        let expected = codes.into_iter().find(|code| *code != 0).unwrap_or(0);
        let (code, said) = repository.bash(&format!("sh -c '{}'", script.replace('\'', "'\\''")), &none);
        assert_eq!(code, expected, "{said}");
        // What does not touch scenarios costs nothing.
        let commit = "git -c user.name=a -c user.email=a@b commit -q --no-verify -m a";
        let (code, said) = repository.bash(commit, &none);
        assert_eq!(code, 0, "{said}");
        assert_eq!(repository.bash(&format!("sh -c '{}'", script.replace('\'', "'\\''")), &none), (0, String::new()));
    }
}

#[test]
fn the_container_is_built_from_what_is_there_and_runs_without_privileges() {
    let text = example("container/Dockerfile");
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let known = ["FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "ENTRYPOINT", "CMD"];
    assert!(lines.iter().all(|(word, _)| known.contains(word)));
    let stages: Vec<&str> = lines.iter().filter(|(word, _)| *word == "FROM").map(|(_, rest)| *rest).collect();
    assert_eq!(stages.len(), 2);
    assert!(stages[0].ends_with(" AS build") && stages.iter().all(|stage| !stage.contains(":latest")));
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (_, rest) in lines.iter().filter(|(word, _)| *word == "COPY") {
        match rest.strip_prefix("--from=build ") {
            Some(rest) => assert_eq!(rest, "/src/target/dist/homologa /usr/local/bin/homologa"),
            None => {
                let mut words: Vec<&str> = rest.split(' ').collect();
                words.pop();
                assert!(words.iter().all(|word| top.join(word).exists()), "{rest}");
            }
        }
    }
    // Whatever the build needs is copied, and the profile exists.
    let copied =
        |name: &str| lines.iter().any(|(word, rest)| *word == "COPY" && rest.split(' ').any(|each| each == name));
    for needed in ["Cargo.toml", "Cargo.lock", "build.rs", "src", "specs", "rules", "reports", "benches"] {
        assert!(copied(needed), "{needed}");
    }
    let build = lines.iter().find(|(word, rest)| *word == "RUN" && rest.starts_with("cargo build")).unwrap().1;
    assert!(build.contains("--locked") && build.contains("--profile dist"));
    assert!(std::fs::read_to_string(top.join("Cargo.toml")).unwrap().contains("[profile.dist]"));
    for (_, script) in lines.iter().filter(|(word, _)| *word == "RUN") {
        assert!(Command::new("bash").args(["-n", "-c", script]).status().unwrap().success(), "{script}");
    }
    let after = |word: &str| lines.iter().rposition(|(each, _)| *each == word).unwrap();
    assert!(after("USER") < after("ENTRYPOINT") && lines[after("USER")].1 != "root");
    let words = |name: &str| -> Vec<String> { serde_json::from_str(lines[after(name)].1).unwrap() };
    let command = [words("ENTRYPOINT"), words("CMD")].concat().join(" ");
    let repository = Repository::new(GOOD);
    let (code, said) = repository.bash(&command, &BTreeMap::new());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("homologa"), "{said}");
}
