//! The examples of `reports/ci/` for runs in parts: they read as YAML, and what they run is run here.

use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::http::{Uri, header};
use serde_yaml::Value;
use tempfile::TempDir;

use crate::support::serve;

fn example(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/ci").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // One document after the other: the reader takes one alone.
    let documents = text.split("\n---\n");
    documents.map(|text| serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))).collect()
}

/// Two shops that are found wanting, in a list.
fn list(folder: &Path) {
    let page = |uri: Uri| async move {
        let found = matches!(uri.path(), "/one" | "/two");
        let status = if found { axum::http::StatusCode::OK } else { axum::http::StatusCode::NOT_FOUND };
        (status, [(header::CONTENT_TYPE, "text/html")], "<form><input data-checkout=cardNumber name=n></form>")
    };
    let address = serve(Router::new().fallback(page));
    std::fs::write(folder.join("shops.txt"), format!("http://{address}/one\nhttp://{address}/two\n")).unwrap();
}

/// Runs a script with the built program on its path; gives its exit code and its words.
fn script(folder: &Path, shell: &[&str], script: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_homologa")).parent().unwrap();
    let ran = Command::new(shell[0])
        .args(&shell[1..])
        .arg(script)
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", format!("{}:/usr/bin:/bin", program.display()).as_str()), ("LANG", "en_US.UTF-8"), ("CI", "1")])
        .env("HOME", folder)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.code().unwrap_or(-1), said)
}

fn run_of(job: &Value, name: &str) -> String {
    let steps = job["steps"].as_sequence().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no step {name}"));
    step["run"].as_str().unwrap().to_owned()
}

#[test]
fn the_matrix_of_the_workflow_runs_and_joins_its_parts() {
    let folder = TempDir::new().unwrap();
    list(folder.path());
    let workflow = example("github/parts.yml").remove(0);
    let parts = workflow["jobs"]["part"]["strategy"]["matrix"]["part"].as_sequence().unwrap();
    // As many as the command line says there are; a tag makes the test short.
    let one = run_of(&workflow["jobs"]["part"], "Run one part").replace("contract run", "contract run --tag refund");
    assert!(one.contains(&format!("$PART/{}", parts.len())), "{one}");
    let bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
    for part in parts {
        let part = part.as_u64().unwrap().to_string();
        let (code, said) = script(folder.path(), &bash, &one, &[("PART", &part), ("SEED", "12")]);
        assert_eq!(code, 0, "{said}");
    }
    let join = run_of(&workflow["jobs"]["join"], "Join them");
    let summary = folder.path().join("summary.md");
    let (code, said) = script(folder.path(), &bash, &join, &[("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())]);
    assert_eq!(code, 1, "the shops are not ready: {said}");
    let told = std::fs::read_to_string(&summary).unwrap();
    assert!(told.contains("0 of 2 shops may go to production") && told.contains("/two"), "{told}");
    for file in ["joined/contract/report.html", "joined/shops/report.json", "joined/shops.html"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
}

#[test]
fn the_pods_of_the_indexed_job_do_their_parts_and_go_on_where_they_were() {
    let folder = TempDir::new().unwrap();
    list(folder.path());
    let documents = example("kubernetes/indexed-job.yaml");
    assert_eq!(documents.len(), 2);
    let container = |job: &Value| job["spec"]["template"]["spec"]["containers"][0].clone();
    let words = |value: &Value| -> Vec<String> {
        value.as_sequence().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let parts = documents[0]["spec"]["completions"].as_u64().unwrap();
    let pod = container(&documents[0]);
    let named = |name: &str| {
        let variables = pod["env"].as_sequence().unwrap();
        variables.iter().find(|each| each["name"] == name).map(|each| each["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(documents[0]["spec"]["completionMode"], "Indexed");
    assert_eq!(named("PARTS"), Some(parts.to_string()));
    let shell = words(&pod["command"]);
    let shell: Vec<&str> = shell.iter().map(String::as_str).collect();
    let (records, shops) = (folder.path().join("records"), folder.path().join("shops.txt"));
    std::fs::create_dir(&records).unwrap();
    let at = |index: &str, line: &str| {
        let environment = [
            ("JOB_COMPLETION_INDEX", index),
            ("PARTS", &parts.to_string()),
            ("SHOPS", shops.to_str().unwrap()),
            ("RECORDS", records.to_str().unwrap()),
        ];
        script(folder.path(), &shell, line, &environment)
    };
    let line = words(&pod["args"]).remove(0);
    for index in 0..parts {
        let (code, said) = at(&index.to_string(), &line);
        assert_eq!(code, 0, "{index}: {said}");
    }
    // A pod that begins again finds all of its work done.
    let (code, said) = at("0", &line);
    assert_eq!((code, said.contains("finished already: scenarios")), (0, true), "{said}");
    let joining = words(&container(&documents[1])["args"]).remove(0);
    let (code, said) = at("0", &joining);
    assert_eq!(code, 1, "the shops are not ready: {said}");
    assert!(records.join("shops.html").exists() && records.join("joined/report.html").exists());
    // Without one of its parts there is nothing to join.
    std::fs::remove_dir_all(records.join("part-3")).unwrap();
    let (code, said) = at("0", &joining);
    assert_eq!((code, said.contains("3/4")), (2, true), "{said}");
}
