//! Runs in parts that are joined again, and runs that are gone on with: the record is that of one run, but for times.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, child, command, homologa_in, homologa_with, serve};

const TOKEN: (&str, &str) =
    ("MERCADOPAGO_ACCESS_TOKEN", "TEST-1234567890123456-112233-abcdefabcdefabcdefabcdefabcdefab-1");

/// The members that hold times: all that may differ between two runs of the same against the same.
const TIMES: [&str; 4] = ["started_ms", "elapsed_ms", "waited_ms", "date"];

/// A record as a report holds it, without its times.
fn timeless(path: &Path) -> String {
    fn wipe(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    // `started` is the object of how the run began, and in it the moment.
                    let moment = name == "started" && member.is_string();
                    if moment || TIMES.contains(&name.as_str()) {
                        *member = Value::Null;
                    } else {
                        wipe(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(wipe),
            _ => {}
        }
    }
    let mut text = String::new();
    let mut file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.read_to_string(&mut text).unwrap();
    let mut value = serde_json::from_str(&text).unwrap();
    wipe(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

/// A run lasts until its last scenario is over, also one that was gone on with or is joined of parts.
fn assert_times_fit(path: &Path) {
    let record: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{}: {value}", path.display()));
    let lasted = number(&record["elapsed_ms"]);
    for scenario in record["contract"]["scenarios"].as_array().into_iter().flatten() {
        let end = number(&scenario["started_ms"]) + number(&scenario["elapsed_ms"]);
        assert!(end <= lasted + 50, "{}: {} ends at {end} of {lasted} ms", path.display(), scenario["id"]);
    }
}

fn assert_same(one: &Path, two: &Path) {
    assert_times_fit(one);
    assert_times_fit(two);
    let (one, two) = (timeless(one), timeless(two));
    let differ = one.lines().zip(two.lines()).enumerate().find(|(_, (one, two))| one != two);
    assert!(one == two, "line {:?}", differ);
}

/// An API whose answers follow from the path alone, after `pause` milliseconds; and how often it was asked.
fn api(pause: u64) -> (String, Arc<AtomicUsize>, Arc<AtomicU64>) {
    let (asked, pause) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(pause)));
    let (count, wait) = (asked.clone(), pause.clone());
    let router = Router::new().fallback(move |uri: Uri| {
        let (count, wait) = (count.clone(), wait.clone());
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(wait.load(Ordering::Relaxed))).await;
            let json = [(header::CONTENT_TYPE, "application/json")];
            if uri.path() == "/v1/payment_methods" {
                return (StatusCode::OK, json, "[]".to_owned());
            }
            let body = r#"{"message":"Payment not found","error":"not_found","status":404,"cause":[{"code":2000,"description":"Payment not found","data":null}]}"#;
            (StatusCode::NOT_FOUND, json, body.to_owned())
        }
    });
    (format!("http://{}", serve(router)), asked, pause)
}

/// Scenarios of every kind: tables, sites, one that fails, one that is left out, one with a mistake.
fn scenarios(mistake: bool) -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let rows: Vec<String> = (0..25).map(|number| format!("{{ id: r{number}, n: {} }}", 9_000 + number)).collect();
    write(
        "lookups/missing.yaml",
        &format!(
            "name: A payment that is not there\nrows: [{}]\nsteps:\n  - get: /v1/payments/${{row.n}}\n    expect: {{ error: 404/2000 }}\n",
            rows.join(", ")
        ),
    );
    write("lookups.yaml", "name: Methods\nsteps:\n  - get: /v1/payment_methods\n    expect: { status: 200 }\n");
    write("a-last.yaml", "name: Fails\nsteps:\n  - get: /v1/payments/77\n    expect: { status: 200 }\n");
    write(
        "left.yaml",
        "name: Left out\nskip: not today\nsteps:\n  - get: /v1/payments/7\n    expect: { error: 400/2004 }\n",
    );
    for number in 0..8 {
        let text = format!("name: N{number}\nsteps:\n  - get: /v1/payments/{number}\n    expect: {{ error: 2000 }}\n");
        write(&format!("n{number}.yaml"), &text);
    }
    if mistake {
        write("wrong.yaml", "name: Wrong\nsteps:\n  - get: /v1/payments/1\n    exepct: { status: 200 }\n");
    }
    folder
}

/// Runs in a folder of its own, whose files have the same names in each.
fn run(folder: &Path, arguments: &[&str]) -> Ran {
    std::fs::create_dir_all(folder).unwrap();
    homologa_with(folder, &[TOKEN], arguments)
}

#[test]
fn four_parts_of_a_contract_run_joined_are_the_whole_run() {
    let ((url, ..), scenarios, folder) = (api(0), scenarios(true), TempDir::new().unwrap());
    let at = scenarios.path().to_str().unwrap();
    let usual = ["contract", "run", at, "--target", &url, "--no-preflight", "--seed", "7", "--min-coverage", "1"];
    let with =
        |more: &[&'static str]| [&usual[..], more, &["--report", "json=report.json", "--journal", "r.jsonl"]].concat();
    let whole = run(&folder.path().join("whole"), &with(&[]));
    assert_eq!(whole.code, 1, "{}", whole.all());
    for (name, shard) in [("1", "--shard=1/4"), ("2", "--shard=2/4"), ("3", "--shard=3/4"), ("4", "--shard=4/4")] {
        let part = run(&folder.path().join(name), &with(&[shard]));
        assert!([1, 2].contains(&part.code), "{}", part.all());
    }
    // Reports and journals are joined alike, in whatever order they come.
    let merged = homologa_in(
        folder.path(),
        &["report", "merge", "joined", "3/report.json", "1/r.jsonl", "4/report.json", "2/r.jsonl"],
    );
    assert_eq!(merged.code, whole.code, "{}", merged.all());
    assert_same(&folder.path().join("whole/report.json"), &folder.path().join("joined/report.json"));
    let html = std::fs::read_to_string(folder.path().join("joined/report.html")).unwrap();
    assert!(html.contains("A payment that is not there"));
    let record: Value = serde_json::from_str(&timeless(&folder.path().join("joined/report.json"))).unwrap();
    assert_eq!(record["contract"]["scenarios"].as_array().unwrap().len(), 35);
    assert_eq!(record["contract"]["gates"][0]["id"], "min-coverage", "{record:#}");
}

#[test]
fn parts_of_the_built_in_scenarios_joined_say_what_the_whole_run_says() {
    let folder = TempDir::new().unwrap();
    let usual = ["contract", "run", "--tag", "refund", "--seed", "7", "--report", "json=report.json"];
    let whole = run(&folder.path().join("whole"), &usual);
    for number in ["1", "2", "3"] {
        run(&folder.path().join(number), &[&usual[..], &["--shard", &format!("{number}/3")]].concat());
    }
    let records = ["1/report.json", "2/report.json", "3/report.json"];
    let merged = homologa_in(folder.path(), &[&["report", "merge", "whole.json"][..], &records].concat());
    assert_eq!(merged.code, whole.code, "{}", merged.all());
    // The sandbox of each part has a port, a clock and trace numbers of its own: what is judged is the same.
    let read = |path: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(path)).unwrap()).unwrap()
    };
    let (one, two) = (read("whole/report.json"), read("whole.json"));
    for path in ["/verdict", "/contract/coverage", "/contract/drift", "/contract/planned", "/contract/skipped"] {
        assert_eq!(one.pointer(path), two.pointer(path), "{path}");
    }
    let judged = |record: &Value| -> Vec<(Value, Value, Value)> {
        let scenarios = record["contract"]["scenarios"].as_array().unwrap();
        scenarios.iter().map(|each| (each["id"].clone(), each["verdict"].clone(), each["place"].clone())).collect()
    };
    assert_eq!(judged(&one), judged(&two));
    assert!(judged(&one).len() > 5);
}

/// Shops on this machine, each at an address of its own; one does not answer.
fn shops(folder: &Path, count: usize) -> Vec<String> {
    let page = |uri: Uri| async move {
        let html = [(header::CONTENT_TYPE, "text/html")];
        match uri.path() {
            "/robots.txt" | "/sitemap.xml" => StatusCode::NOT_FOUND.into_response(),
            path => (html, format!("<title>{path}</title><form><input data-checkout=cardNumber name=n></form>"))
                .into_response(),
        }
    };
    let address = serve(Router::new().fallback(page));
    let mut shops: Vec<String> = (0..count).map(|number| format!("http://{address}/shop-{number}")).collect();
    shops.insert(count / 2, format!("http://127.0.0.1:{}/closed", crate::support::closed_port()));
    std::fs::write(folder.join("shops.txt"), format!("# ours\n{}\n", shops.join("  # one\n"))).unwrap();
    shops
}

#[test]
fn four_parts_of_a_list_of_shops_joined_are_the_whole_run() {
    let folder = TempDir::new().unwrap();
    let shops = shops(folder.path(), 7);
    let list = folder.path().join("shops.txt");
    let usual = ["golive", "--shops", list.to_str().unwrap(), "--pages", "1", "--browser", "none"];
    let with = |more: &[&'static str]| [&usual[..], more, &["--report", "json=report.json"]].concat();
    let whole = run(&folder.path().join("whole"), &with(&[]));
    let mut parts = vec!["report", "merge", "joined"];
    for (name, shard) in [("1", "--shard=1/4"), ("2", "--shard=2/4"), ("3", "--shard=3/4"), ("4", "--shard=4/4")] {
        run(&folder.path().join(name), &with(&[shard]));
        parts.push(name);
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|part| if part.len() == 1 { format!("{part}/report.json") } else { part.to_owned() })
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let merged = homologa_in(folder.path(), &parts);
    assert_eq!((merged.code, whole.code), (1, 1), "{}", merged.all());
    assert_same(&folder.path().join("whole/report.json"), &folder.path().join("joined/report.json"));
    let record: Value = serde_json::from_str(&timeless(&folder.path().join("joined/report.json"))).unwrap();
    assert_eq!(record["shops"].as_array().unwrap().len(), 7);
    assert_eq!(record["unread"][0]["url"], shops[3].as_str());
}

#[test]
fn a_part_to_which_nothing_falls_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let shop = shops(folder.path(), 1).swap_remove(0);
    let of = |number: usize| {
        let shard = format!("{number}/8");
        homologa_in(folder.path(), &["golive", &shop, "--pages", "1", "--browser", "none", "--shard", &shard])
    };
    let codes: Vec<i32> = (1..=8).map(|number| of(number).code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 7, "{codes:?}");
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let ((url, ..), scenarios, folder) = (api(0), scenarios(false), TempDir::new().unwrap());
    let at = scenarios.path().to_str().unwrap();
    let usual = ["contract", "run", at, "--target", &url, "--no-preflight", "--report"];
    for (name, more) in [
        ("one", &["--shard", "1/2", "--seed", "7"][..]),
        ("two", &["--shard", "2/2", "--seed", "7"]),
        ("seed", &["--shard", "2/2", "--seed", "8"]),
        ("third", &["--shard", "3/3", "--seed", "7"]),
        ("tag", &["--shard", "2/2", "--seed", "7", "--tag", "!none"]),
        ("whole", &["--seed", "7"]),
    ] {
        run(folder.path(), &[&usual[..], &[&format!("json={name}.json")], more].concat());
    }
    std::fs::write(scenarios.path().join("n0.yaml"), "name: N\nsteps:\n  - get: /v1/x\n    expect: { status: 404 }\n")
        .unwrap();
    run(folder.path(), &[&usual[..], &["json=specs.json", "--shard", "2/2", "--seed", "7"]].concat());
    for (records, told) in [
        (&["one.json"][..], "these parts are missing: 2/2"),
        (&["one.json", "two.json", "two.json"], "part 2/2 is in two.json as well"),
        (&["one.json", "seed.json"], "seed: 7 / 8"),
        (&["one.json", "third.json"], "n: 2 / 3"),
        (&["one.json", "tag.json"], "tags: — / !none"),
        (&["one.json", "specs.json"], "scenarios: "),
        (&["one.json", "whole.json"], "not the record of a part"),
        (&["one.json", "none.json"], "does not exist"),
    ] {
        let ran = homologa_in(folder.path(), &[&["report", "merge", "out.json"], records].concat());
        assert_eq!(ran.code, 2, "{records:?}: {}", ran.all());
        assert!(ran.stderr.contains(told), "{records:?}: {}", ran.stderr);
        assert!(!folder.path().join("out.json").exists());
    }
    let ran = homologa_in(folder.path(), &["contract", "run", "--shard", "1/2"]);
    assert_eq!((ran.code, ran.stderr.contains("--seed")), (2, true), "{}", ran.all());
    let ran = homologa_in(folder.path(), &["contract", "run", "--shard", "3/2", "--seed", "1"]);
    assert_eq!((ran.code, ran.stderr.contains("3/2")), (2, true), "{}", ran.all());
}

#[test]
fn a_killed_run_goes_on_and_ends_as_one_that_was_not() {
    let ((url, asked, pause), scenarios, folder) = (api(0), scenarios(false), TempDir::new().unwrap());
    let at = scenarios.path().to_str().unwrap();
    let usual = ["contract", "run", at, "--target", &url, "--no-preflight", "--seed", "7", "--jobs", "2"];
    let usual = [&usual[..], &["--journal", "r.jsonl", "--report", "json=report.json"]].concat();
    let whole = run(&folder.path().join("whole"), &usual);
    let requests = asked.load(Ordering::Relaxed);
    for (number, millis) in [60, 150, 260, 400, 700].into_iter().enumerate() {
        let place = folder.path().join(number.to_string());
        std::fs::create_dir_all(&place).unwrap();
        pause.store(60, Ordering::Relaxed);
        let mut killed = child(&place, &[TOKEN], &usual);
        std::thread::sleep(Duration::from_millis(millis));
        // SIGKILL: nothing can be tidied up.
        killed.kill().unwrap();
        killed.wait().unwrap();
        pause.store(0, Ordering::Relaxed);
        let journal = place.join("r.jsonl");
        if std::fs::metadata(&journal).map_or(0, |found| found.len()) == 0 {
            continue;
        }
        let shown = homologa_in(&place, &["report", "r.jsonl"]);
        assert!([1, 3].contains(&shown.code) && shown.stdout.contains("did not reach its end"), "{}", shown.all());
        let done = std::fs::read_to_string(&journal).unwrap().matches("\"event\":\"scenario-finished\"").count();
        asked.store(0, Ordering::Relaxed);
        let resumed = run(&place, &[&usual[..], &["--resume", "r.jsonl"]].concat());
        assert_eq!(resumed.code, whole.code, "{}", resumed.all());
        assert_same(&folder.path().join("whole/report.json"), &place.join("report.json"));
        assert_eq!(asked.load(Ordering::Relaxed), requests - done, "{millis} ms: nothing is asked twice");
        // The journal itself is whole again.
        let again = homologa_in(&place, &["--format", "json", "report", "r.jsonl"]);
        assert_eq!(again.json()["complete"], true);
    }
}

#[test]
fn a_journal_cut_anywhere_is_gone_on_from() {
    let ((url, ..), scenarios, folder) = (api(0), scenarios(false), TempDir::new().unwrap());
    let at = scenarios.path().to_str().unwrap();
    let usual = ["contract", "run", at, "--target", &url, "--no-preflight", "--seed", "7"];
    let usual = [&usual[..], &["--journal", "r.jsonl", "--report", "json=report.json"]].concat();
    let whole = run(&folder.path().join("whole"), &usual);
    let journal = std::fs::read(folder.path().join("whole/r.jsonl")).unwrap();
    let first = journal.iter().position(|byte| *byte == b'\n').unwrap();
    let place = folder.path().join("cut");
    std::fs::create_dir_all(&place).unwrap();
    for part in 1..8 {
        let end = first + (journal.len() - first) * part / 8 + part % 3;
        let mut cut = journal[..end].to_vec();
        if part % 2 == 0 {
            // As some file systems leave it after a power cut.
            cut.extend_from_slice(&[0; 64]);
        }
        std::fs::write(place.join("r.jsonl"), &cut).unwrap();
        let shown = homologa_in(&place, &["report", "r.jsonl"]);
        assert!(
            [1, 3].contains(&shown.code) && shown.stdout.contains("did not reach its end"),
            "{end}: {}",
            shown.all()
        );
        let resumed = run(&place, &[&usual[..], &["--resume", "."]].concat());
        if part == 1 {
            // A folder stands for the journal of `--output`.
            assert_eq!(resumed.code, 2, "{}", resumed.all());
        }
        let resumed = run(&place, &[&usual[..], &["--resume", "r.jsonl"]].concat());
        assert_eq!(resumed.code, whole.code, "{end}: {}", resumed.all());
        assert_same(&folder.path().join("whole/report.json"), &place.join("report.json"));
    }
    // Without its first line it is nobody's.
    std::fs::write(place.join("r.jsonl"), &journal[..first / 2]).unwrap();
    let ran = run(&place, &[&usual[..], &["--resume", "r.jsonl"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.all());
}

#[test]
fn shops_that_were_judged_are_not_read_again() {
    let folder = TempDir::new().unwrap();
    shops(folder.path(), 4);
    let usual = ["golive", "--shops", "shops.txt", "--pages", "1", "--browser", "none", "--report", "json=report.json"];
    let usual = [&usual[..], &["--journal", "r.jsonl"]].concat();
    homologa_in(folder.path(), &usual);
    let (report, journal) = (folder.path().join("report.json"), folder.path().join("r.jsonl"));
    std::fs::rename(&report, folder.path().join("whole.json")).unwrap();
    let lines = std::fs::read_to_string(&journal).unwrap();
    let judged = lines.match_indices("\"event\":\"shop-judged\"").nth(2).unwrap().0;
    std::fs::write(&journal, &lines[..judged]).unwrap();
    let resumed = homologa_in(folder.path(), &[&usual[..], &["--resume", "r.jsonl"]].concat());
    assert!(resumed.stderr.contains("scenarios 0, shops 3"), "{}", resumed.all());
    assert_same(&folder.path().join("whole.json"), &report);
    let other = homologa_in(folder.path(), &["golive", "--shops", "shops.txt", "--resume", "r.jsonl"]);
    assert_eq!((other.code, other.stderr.contains("pages: 1 / —")), (2, true), "{}", other.all());
    let job = homologa_in(folder.path(), &["contract", "run", "--resume", "r.jsonl"]);
    assert_eq!((job.code, job.stderr.contains("job: golive / contract")), (2, true), "{}", job.all());
    let report = homologa_in(folder.path(), &["contract", "run", "--resume", "report.json"]);
    assert_eq!((report.code, report.stderr.contains("record.jsonl")), (2, true), "{}", report.all());
}

/// The program in a shell that bounds the size of files: a disk that fills while it writes.
fn on_a_small_disk(folder: &Path, blocks: u32, arguments: &[&str]) -> Ran {
    let program = command(folder, arguments);
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut shell = command(folder, &[]);
    let mut words = vec![program.get_program().to_owned()];
    words.extend(program.get_args().map(ToOwned::to_owned));
    shell = {
        let mut new = std::process::Command::new("sh");
        new.current_dir(folder).env_clear().envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
        new
    };
    let output = shell.arg("-c").arg(line).arg("sh").args(words).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_keeps_what_was_written_and_the_good_old_report() {
    let folder = TempDir::new().unwrap();
    let usual = ["contract", "run", "--tag", "refund", "--seed", "7", "--output", "out"];
    assert_eq!(homologa_in(folder.path(), &usual).code, 0);
    let good = std::fs::read(folder.path().join("out/report.json")).unwrap();
    let ran = on_a_small_disk(folder.path(), 24, &usual);
    assert_eq!(ran.code, 2, "{}", ran.all());
    for file in ["out/record.jsonl", "out/report.json", "out/report.html"] {
        assert!(ran.stderr.contains(file), "{file}: {}", ran.stderr);
    }
    assert!(ran.stdout.contains("scenarios"), "the result is still told: {}", ran.all());
    assert_eq!(std::fs::read(folder.path().join("out/report.json")).unwrap(), good);
    let beside: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert_eq!(beside.len(), 3, "{beside:?}");
    let shown = homologa_in(folder.path(), &["report", "out"]);
    assert!([1, 3].contains(&shown.code) && shown.stdout.contains("did not reach its end"), "{}", shown.all());
    let resumed = homologa_in(folder.path(), &[&usual[..], &["--resume", "out"]].concat());
    assert_eq!(resumed.code, 0, "{}", resumed.all());
    let full = homologa_in(folder.path(), &["report", "out", "--report", "json=/dev/full"]);
    assert_eq!((full.code, full.stderr.contains("the disk is full")), (3, true), "{}", full.all());
}
