//! Fragments and bad input through the reader: what is read, what is refused, and where that is told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Action, Document, Library, Scenario, read, read_document};
use crate::i18n::Message;
use crate::run::Problem;
use crate::yaml::Source;

/// Reads `x.yaml` of some files.
fn with_files(files: &[(&str, &str)]) -> Result<Scenario, Vec<Problem>> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let find = |_: &str, name: &str| match files.get(name) {
        Some(text) => Ok(Source::new(name, text)),
        None => Err(Message::new("scenario.no-such-file").with("name", name)),
    };
    match read_document(&Source::new("x.yaml", files["x.yaml"]), "x", &Library::new(&find))? {
        Document::Scenario(scenario) => Ok(*scenario),
        Document::Fragment => panic!("a scenario"),
    }
}

/// Key and place of every problem.
fn told(result: Result<Scenario, Vec<Problem>>) -> Vec<(String, String)> {
    let problems = result.map(|scenario| scenario.id).unwrap_err();
    problems.iter().map(|told| (told.message.key.to_string(), told.location().unwrap_or_default())).collect()
}

const TOKEN: &str = "fragment: A token
parameters:
  brand: { default: master }
  holder:
steps:
  - id: card
    post: /v1/card_tokens
    card: { brand: '${brand}', holder: '${holder}' }
    expect: { status: 201 }
    capture: { token: $.id, digits: $.last_four_digits }
  - { id: again, repeat: card, expect: { status: '${status}', same: { step: card, paths: [$.id] } } }
  - { get: '/v1/card_tokens/${token}', expect: { body: { $.last_four_digits: '${digits}', $.x: 'a $${b} ${brand}' } } }
exports: token
";

fn token() -> String {
    TOKEN.replace("  holder:\n", "  holder:\n  status: { default: 200 }\n")
}

#[test]
fn a_use_puts_the_steps_in_its_place_with_names_of_their_own() {
    let scenario = with_files(&[
        ("token.yaml", &token()),
        (
            "x.yaml",
            "name: x
rows: [{ id: FUND }]
steps:
  - { id: one, use: token.yaml, with: { holder: '${row.id}' } }
  - { use: token.yaml, with: { holder: APRO, brand: visa, status: [200, 201] }, rename: { token: other }, targets: embedded }
  - { id: last, post: /v1/payments, body: { a: '${token}', b: '${other}' }, expect: { status: 201, same: { step: one.card, paths: [$.id] } } }
  - { repeat: step-2.card, expect: { status: 200 } }
",
        ),
    ])
    .unwrap();
    let ids: Vec<&str> = scenario.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        ids,
        ["one.card", "one.again", "one.step-3", "step-2.card", "step-2.again", "step-2.step-3", "last", "step-4"]
    );
    let captured = |index: usize| -> Vec<&str> {
        scenario.steps[index].capture.iter().map(|(name, _, _)| name.as_str()).collect()
    };
    assert_eq!(captured(0), ["token", "one/digits"]);
    assert_eq!(captured(3), ["other", "step-2/digits"]);
    let Action::Send(request) = &scenario.steps[3].action else { panic!("a request") };
    let card = request.card.as_ref().unwrap();
    assert_eq!((card.brand.as_str(), card.holder.as_str()), ("visa", "APRO"));
    assert!(matches!(&scenario.steps[4].action, Action::Repeat(id) if id == "step-2.card"));
    assert_eq!(scenario.steps[1].expect.status, [200]);
    assert_eq!(scenario.steps[4].expect.status, [200, 201]);
    assert_eq!(scenario.steps[4].expect.same.as_ref().unwrap().step.as_deref(), Some("step-2.card"));
    let last = format!("{:?}", scenario.steps[5].expect.body);
    assert!(last.contains("${step-2/digits}") && last.contains("a $${b} visa"), "{last}");
    assert_eq!((&*scenario.steps[0].source.file, scenario.steps[0].mark.line), ("token.yaml", 7));
    assert_eq!((&*scenario.steps[6].source.file, scenario.steps[6].mark.line), ("x.yaml", 6));
    assert_eq!((scenario.steps[0].targets.len(), scenario.steps[3].targets.len()), (0, 1));
}

#[test]
fn fragments_use_fragments_and_pass_names_and_values_on() {
    let scenario = with_files(&[
        ("token.yaml", &token()),
        (
            "pay.yaml",
            "fragment: pay
parameters: { payer: , buyer: , expect: }
steps:
  - { id: token, use: token.yaml, with: { holder: '${buyer.name}' }, rename: { token: card } }
  - { id: pay, post: /v1/payments, body: { token: '${card}', who: '${buyer}', mail: '${buyer.at.email}' }, expect: '${expect}', capture: { payment: $.id } }
exports: [payment, card]
"
            .replace("payer: , ", "")
            .as_str(),
        ),
        (
            "x.yaml",
            "name: x
variables: { who: { name: FUND } }
steps:
  - { id: p, use: pay.yaml, with: { buyer: { name: OTHE, at: '${payer}' }, expect: { status: 201 } } }
  - { id: q, use: pay.yaml, with: { buyer: '${who}', expect: { error: 2006 } }, rename: { payment: second } }
  - { get: '/v1/payments/${payment}${second}', expect: { status: 200 } }
finally:
  - { id: r, use: pay.yaml, with: { buyer: '${who}', expect: { status: 201 } } }
",
        ),
    ])
    .unwrap();
    assert_eq!((scenario.steps.len(), scenario.finally.len()), (9, 4));
    let sent = |index: usize| match &scenario.steps[index].action {
        Action::Send(request) => request,
        _ => panic!("a request"),
    };
    assert_eq!(sent(0).card.as_ref().unwrap().holder, "OTHE");
    assert_eq!(sent(4).card.as_ref().unwrap().holder, "${who.name}");
    assert_eq!(
        sent(3).body.as_deref().unwrap(),
        &serde_json::json!({ "token": "${card}", "who": { "name": "OTHE", "at": "${payer}" }, "mail": "${payer.email}" })
    );
    assert_eq!(scenario.steps[3].id, "p.pay");
    assert_eq!(scenario.steps[4].capture[1].0, "q/token/digits");
    assert_eq!(scenario.steps[7].capture[0].0, "second");
    assert_eq!(scenario.steps[7].expect.error[0].0, "2006");
}

#[test]
fn mistakes_of_a_use_are_told_where_it_stands() {
    let token = token();
    for (step, key, place) in [
        ("{ use: token.yaml }", "scenario.missing-parameter", "x.yaml:2:17"),
        ("{ use: token.yaml, with: { holder: A, brnad: visa } }", "scenario.unknown-parameter", "x.yaml:2:48"),
        ("{ use: token.yaml, with: { holder: A }, rename: { tokn: b } }", "scenario.unknown-export", "x.yaml:2:60"),
        ("{ use: token.yaml, with: { holder: A }, rename: { token: a.b } }", "scenario.bad-rename", "x.yaml:2:67"),
        ("{ use: token.yaml, with: { holder: A, status: 9000 } }", "scenario.bad-status", "x.yaml:2:56"),
        ("{ use: token.yaml, with: { holder: '${nope}' } }", "scenario.unknown-variable", "x.yaml:2:45"),
        ("{ use: tokne.yaml, with: { holder: A } }", "scenario.no-such-file", "x.yaml:2:17"),
        ("{ use: x.yaml }", "scenario.no-fragment", "x.yaml:2:17"),
        ("{ use: token.yaml, wiht: { holder: A } }", "yaml.unknown-key", "x.yaml:2:29"),
        ("{ use: [token.yaml] }", "yaml.expected-text", "x.yaml:2:17"),
    ] {
        let text = format!("name: x\nsteps: [ {step}, {{ get: '/${{token}}', expect: {{ status: 200 }} }} ]\n");
        let found = told(with_files(&[("token.yaml", &token), ("x.yaml", &text)]));
        assert!(found.contains(&(key.to_owned(), place.to_owned())), "{step}: {found:?}");
        assert_eq!(found.len(), 1, "one mistake is told once: {step}: {found:?}");
    }
    let inside = "name: x\nsteps: [ { id: a, use: token.yaml, with: { holder: A } }, { get: '/${digits}', expect: { status: 200 } } ]\n";
    let found = told(with_files(&[("token.yaml", &token), ("x.yaml", inside)]));
    assert_eq!(found, [("scenario.unknown-variable".to_owned(), "x.yaml:2:66".to_owned())], "captures stay inside");
}

#[test]
fn mistakes_of_a_fragment_are_told_in_it_and_once() {
    let x = "name: x\nsteps: [ { id: a, use: f.yaml }, { id: b, use: f.yaml } ]\n";
    for (fragment, key, place) in [
        (
            "fragment: f\nparameters: { a: }\nsteps: [{ get: /, expect: { status: 200 } }]\n",
            "scenario.unused-parameter",
            "f.yaml:2:15",
        ),
        (
            "fragment: f\nsteps: [{ get: '/${b}', expect: { status: 200 } }]\n",
            "scenario.unknown-variable",
            "f.yaml:2:16",
        ),
        (
            "fragment: f\nsteps: [{ get: '/${row.b}', expect: { status: 200 } }]\n",
            "scenario.row-in-fragment",
            "f.yaml:2:16",
        ),
        (
            "fragment: f\nsteps: [{ get: /, expect: { status: 200 }, capture: { ab: $.id } }]\nexports: [abc]\n",
            "scenario.export-of-nothing",
            "f.yaml:3:11",
        ),
        ("fragment: f\nsteps: [{ get: /, expect: { status: 2000 } }]\n", "scenario.bad-status", "f.yaml:2:37"),
        ("fragment: f\nsteps: [{ repeat: other, expect: { status: 200 } }]\n", "scenario.unknown-step", "f.yaml:2:19"),
        (
            "fragment: f\nparameters: { site: }\nsteps: [{ get: '/${site}', expect: { status: 200 } }]\n",
            "scenario.bad-parameter",
            "f.yaml:2:15",
        ),
        (
            "fragment: f\nparameters: { a: }\nsteps: [{ get: '/${a}', expect: { status: 200 }, capture: { a: $.id } }]\n",
            "scenario.capture-of-parameter",
            "f.yaml:3:61",
        ),
        (
            "fragment: f\nparameters: { a: { defualt: 1 } }\nsteps: [{ get: '/${a}', expect: { status: 200 } }]\n",
            "yaml.unknown-key",
            "f.yaml:2:20",
        ),
        ("fragment: f\nsteps: []\n", "scenario.no-steps", "f.yaml:2:8"),
        ("fragment: f\n", "yaml.missing-key", "f.yaml:1:1"),
        ("fragment: f\nsteps: [{ get: /, expect: { status: 200 } }\n", "yaml.syntax", "f.yaml:2:44"),
    ] {
        let found = told(with_files(&[("f.yaml", fragment), ("x.yaml", x)]));
        assert_eq!(found[0], (key.to_owned(), place.to_owned()), "{fragment}: {found:?}");
        assert!(found[1..].iter().all(|(key, _)| key == "scenario.fragment-broken"), "{fragment}: {found:?}");
    }
    let problems = read(&Source::new("f.yaml", "fragment: f\nsteps: [{ get: /, expect: { status: 200 } }]\n"), "f");
    assert_eq!(problems.unwrap_err()[0].message.key, "scenario.fragment-alone");
}

#[test]
fn a_circle_of_fragments_is_told_with_the_whole_way() {
    let problems = with_files(&[
        ("x.yaml", "name: x\nsteps: [ { use: a.yaml } ]\n"),
        ("a.yaml", "fragment: a\nsteps: [ { use: b.yaml } ]\n"),
        ("b.yaml", "fragment: b\nsteps:\n  - { use: c.yaml }\n"),
        ("c.yaml", "fragment: c\nsteps:\n  - id: a\n    use: a.yaml\n"),
    ])
    .unwrap_err();
    let circle = problems.iter().find(|told| told.message.key == "scenario.fragment-circle").unwrap();
    assert_eq!(circle.location().as_deref(), Some("c.yaml:4:10"));
    assert_eq!(circle.message.args["way"], "a.yaml:2:17 → b.yaml:3:12 → c.yaml:4:10");
    let own = told(with_files(&[
        ("x.yaml", "name: x\nsteps: [ { use: a.yaml } ]\n"),
        ("a.yaml", "fragment: a\nsteps: [ { use: a.yaml } ]\n"),
    ]));
    let place = |key: &str, place: &str| (key.to_owned(), place.to_owned());
    assert_eq!(
        own,
        [place("scenario.fragment-circle", "a.yaml:2:17"), place("scenario.fragment-broken", "x.yaml:2:17")]
    );
}

#[test]
fn depth_and_number_of_steps_are_bounded() {
    let one = "fragment: one\nsteps: [{ get: /, expect: { status: 200 } }]\n".to_owned();
    let many = |name: &str| {
        format!("fragment: x\nsteps:\n{}", (0..100).map(|_| format!("  - use: {name}\n")).collect::<String>())
    };
    let started = Instant::now();
    let files = [
        ("x.yaml", "name: x\nsteps: [ { use: d.yaml } ]\n".to_owned()),
        ("d.yaml", many("c.yaml")),
        ("c.yaml", many("b.yaml")),
        ("b.yaml", many("a.yaml")),
        ("a.yaml", one),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let found = told(with_files(&files));
    assert_eq!(found[0].0, "scenario.too-many-steps", "{found:?}");
    assert!(found.len() < 10, "{found:?}");
    let files: Vec<(String, String)> =
        (0..12).map(|n| (format!("f{n}"), format!("fragment: f\nsteps: [ {{ use: f{} }} ]\n", n + 1))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("x.yaml", "name: x\nsteps: [ { use: f0 } ]\n"));
    let found = told(with_files(&files));
    assert_eq!(found[0], ("scenario.fragments-too-deep".to_owned(), "f7:2:17".to_owned()), "{found:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn language_mistakes_have_their_place() {
    let step = |text: &str| format!("name: x\nsteps:\n  - {text}\n");
    for (text, key, place) in [
        (step("{ get: '/${x', expect: { status: 200 } }"), "scenario.open-variable", "x.yaml:3:12"),
        (step("{ get: '/${date+3x}', expect: { status: 200 } }"), "scenario.bad-date", "x.yaml:3:12"),
        (step("{ get: '/${random(3)}', expect: { status: 200 } }"), "scenario.unknown-variable", "x.yaml:3:12"),
        (
            step("{ get: /, expect: { body: { $.a: { pattern: '(' } } } }"),
            "scenario.pattern-unclosed-group",
            "x.yaml:3:49",
        ),
        (step("{ get: /, expect: { schema: paymnt } }"), "scenario.unknown-schema", "x.yaml:3:33"),
        (step("{ get: /, expect: { status: 200 }, capture: { a: { heder: x } } }"), "yaml.unknown-key", "x.yaml:3:56"),
        (step("{ get: /, expect: { within: 2s } }"), "scenario.nothing-expected", "x.yaml:3:23"),
        (step("{ get: /, expect: { status: 200, within: 2 } }"), "yaml.expected-text", "x.yaml:3:46"),
        (step("{ get: /, expect: { status: 200, within: 11m } }"), "scenario.long-duration", "x.yaml:3:46"),
        (step("{ get: /, within: 2s, expect: { status: 200 } }"), "scenario.belongs-in-expect", "x.yaml:3:15"),
        (step("{ get: /, expect: { status: 200 } }") + "serial: ''\n", "scenario.bad-serial", "x.yaml:4:9"),
        (step("{ get: '/${env.a-b}', expect: { status: 200 } }"), "scenario.bad-env", "x.yaml:3:12"),
        (step("{ get: '/${env.}', expect: { status: 200 } }"), "scenario.bad-env", "x.yaml:3:12"),
        (step("{ get: '/${env}', expect: { status: 200 } }"), "scenario.bad-env", "x.yaml:3:12"),
        (
            step("{ get: /, expect: { status: 200 } }") + "variables: { site: MLZ }\n",
            "scenario.built-in-variable",
            "x.yaml:4:14",
        ),
        (step("{ get: /, fault: 999/1, expect: { status: 400 } }"), "scenario.unknown-fault", "x.yaml:3:22"),
        (step("{ get: '/${row.x}', expect: { status: 200 } }") + "rows: []\n", "scenario.empty-list", "x.yaml:4:7"),
        // Of a list in a row, the item is shown; of a status that a row gives, the cell.
        (
            step("{ get: /, expect: { error: '${row.e}' } }") + "rows:\n  - { id: a, e: [2006, 9999] }\n",
            "scenario.unknown-error",
            "x.yaml:5:24",
        ),
        (
            step("{ get: /, expect: { status: '${row.s}' } }") + "rows:\n  - { s: 200 }\n  - { s: 99 }\n",
            "scenario.bad-status",
            "x.yaml:6:10",
        ),
        (
            step("{ get: /, fault: '${row.f}', expect: { error: 2006 } }")
                + "rows: [{ f: 400/2006 }, { f: 400/1.1 }]\n",
            "scenario.unknown-fault",
            "x.yaml:4:30",
        ),
        (
            step("{ get: /, expect: { status: 404, error: '${row.e}' } }") + "rows: [{ e: 404/2000 }, { e: 2006 }]\n",
            "scenario.error-beside-status",
            "x.yaml:4:30",
        ),
        (
            step("{ get: /, expect: { status: '${row.s}', error: 2006 } }") + "rows: [{ s: 400 }, { s: 201 }]\n",
            "scenario.error-beside-status",
            "x.yaml:4:20",
        ),
        (step("{ get: /, expect: { status: '${uuid}' } }"), "scenario.status-of-variable", "x.yaml:3:33"),
        (
            step("{ get: /, expect: { status: '${s}' } }") + "variables: { s: accepted }\n",
            "scenario.status-of-variable",
            "x.yaml:3:33",
        ),
        (
            step("{ get: '/${b}', expect: { status: 200 } }") + "variables: { a: '${b}', b: 1 }\n",
            "scenario.unknown-variable",
            "x.yaml:4:17",
        ),
    ] {
        let found = told(read(&Source::new("x.yaml", &text), "x"));
        assert!(found.contains(&(key.to_owned(), place.to_owned())), "{text}: {found:?}");
    }
}

#[test]
fn variables_are_checked_beside_other_mistakes_and_what_is_told_is_not_told_again() {
    let found = told(read(
        &Source::new(
            "x.yaml",
            "name: x
variabels: { a: 1 }
rows: { csv: nowhere.csv }
steps:
  - { post: '/${row.x}', expcet: { status: 200 }, captrue: { token: $.id } }
  - { get: '/${token}/${a}', expect: { status: 200 } }
  - { get: '/${tokn}', expect: { status: 200 } }
  - { use: nowhere.yaml }
  - { get: '/${payment}', expect: { status: 200 } }
",
        ),
        "x",
    ));
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys.iter().filter(|key| **key == "scenario.unknown-variable").count(), 1, "{found:?}");
    assert!(found.contains(&("scenario.unknown-variable".to_owned(), "x.yaml:7:12".to_owned())), "{found:?}");
    assert_eq!(keys.iter().filter(|key| **key == "yaml.unknown-key").count(), 3, "{found:?}");
    assert!(!keys.contains(&"scenario.no-rows"), "{found:?}");
}

#[test]
fn serial_headers_and_times_are_kept() {
    let text = "name: x
serial: customer
steps:
  - { get: /, expect: { status: 200, within: 2s }, capture: { id: { header: X-Request-Id }, n: $.n } }
  - { get: '/${id}/${n}/${email}/${now}/${date+3d}/${env.SHOP}', expect: { status: 200 } }
";
    let scenario = read(&Source::new("x.yaml", text), "x").unwrap();
    assert_eq!(scenario.serial.as_deref(), Some("customer"));
    let step = &scenario.steps[0];
    assert_eq!(step.expect.within.map(|(within, _)| within), Some(Duration::from_secs(2)));
    let (name, header, mark) = &step.capture_headers[0];
    assert_eq!((name.as_str(), header.as_str(), mark.line), ("id", "x-request-id", 4));
    assert_eq!(step.capture.len(), 1);
}

#[test]
fn hostile_files_are_refused_in_bounded_time() {
    let bomb =
        format!("a: &a [x,x,x,x,x,x,x,x,x]\n{}", (0..30).map(|n| format!("b{n}: [*a,*a,*a,*a]\n")).collect::<String>());
    let started = Instant::now();
    for (text, key) in [
        (format!("name: x\nsteps: [{}]\n", "x".repeat(10 * 1024 * 1024)), "yaml.too-large"),
        (bomb, "yaml.alias"),
        ("[".repeat(100_000), "yaml.too-deep"),
        ("{a: ".repeat(100_000), "yaml.too-deep"),
        ("- ".repeat(100_000), "yaml.too-deep"),
        ("name: x\n---\nname: y\n".to_owned(), "yaml.second-document"),
        ("name: x\nname: y\n".to_owned(), "yaml.duplicate-key"),
        ("name: x\nsteps:\n\t- get: /\n".to_owned(), "yaml.syntax"),
        (
            format!("name: x\nsteps: [{{ get: '/{}', expect: {{ status: 200 }} }}]\n", "${".repeat(400_000)),
            "scenario.open-variable",
        ),
        (
            format!("name: x\nsteps: [{{ get: '/{}}}', expect: {{ status: 200 }} }}]\n", "${".repeat(400_000)),
            "scenario.open-variable",
        ),
    ] {
        let problems = read(&Source::new("x.yaml", &text), "x").unwrap_err();
        let begin: String = text.chars().take(30).collect();
        assert!(problems.iter().any(|told| told.message.key == key), "{begin}: {:?}", problems[0].message);
        let lines = text.lines().count() as u32;
        for told in &problems {
            assert!(told.place.line.is_none_or(|line| (1..=lines.max(1)).contains(&line)), "{begin}: {:?}", told.place);
        }
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_file_of_mistakes_is_told_in_bounded_time_and_length() {
    let started = Instant::now();
    let keys: String = (0..60_000).map(|n| format!("k{n}: 1\n")).collect();
    let steps: String = (0..20_000).map(|_| "  - { get: '/${a}', exepct: 1 }\n").collect();
    for text in [format!("name: x\n{keys}"), format!("name: x\nsteps:\n{steps}")] {
        let problems = read_document(
            &Source::new("x.yaml", &text),
            "x",
            &Library::new(&|_, _| Err(Message::new("scenario.no-folder"))),
        );
        let problems = problems.unwrap_err();
        assert_eq!(problems.len(), 51);
        assert_eq!(problems[50].message.key, "scenario.more-mistakes");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

mod properties {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::contract::scenario::{Variables, references};
    use crate::yaml::parse;

    /// Any JSON value of bounded size.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e15..1e15f64).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[ -~]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z$.]{1,6}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Pieces of scenarios and of what is none, in any order.
    fn scraps() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "name: x\n",
            "steps:\n",
            "  - ",
            "get: /",
            "use: f.yaml",
            "{ ",
            " }",
            "[",
            "]",
            "expect: ",
            "status: 200",
            ", ",
            "capture: { a: $.id }",
            "'${a}'",
            "${",
            "$${",
            "fragment: x\n",
            "parameters: ",
            "with: ",
            "\t",
            "&a ",
            "*a",
            "rows: ",
            "row.x",
            "finally:\n",
            "until: ",
            "same: $.id",
            "\"",
            "'",
            "é",
            "\u{feff}",
            "\r\n",
            "---\n",
            "<<: ",
            "!t ",
            "exports: a",
            "repeat: step-1",
            "date+3d",
            "change: ",
            "body: ",
            "? ",
            ": ",
            "|\n",
            ">\n",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_reads_or_is_refused_at_a_place_in_the_file(text in prop_oneof![scraps(), ".{0,80}"]) {
            if let Err(problems) = read(&Source::new("x.yaml", &text), "x") {
                prop_assert!(!problems.is_empty());
                let lines: Vec<&str> = text.lines().collect();
                for told in problems {
                    let (Some(line), Some(column)) = (told.place.line, told.place.column) else { continue };
                    prop_assert!(line >= 1 && line as usize <= lines.len().max(1), "{told:?}");
                    let length = lines.get(line as usize - 1).map_or(0, |line| line.chars().count());
                    prop_assert!(column >= 1 && column as usize <= length + 1, "{told:?}");
                }
            }
        }

        #[test]
        fn json_is_read_as_what_it_says(value in json()) {
            let text = value.to_string();
            prop_assert_eq!(parse(&Source::new("x.yaml", &text)).unwrap().to_json(), value.clone());
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(parse(&Source::new("x.yaml", &text)).unwrap().to_json(), value);
        }

        #[test]
        fn filling_replaces_what_has_a_value_and_refuses_the_rest(
            value in json(), template in "([a-z ]|\\$|\\{|\\}|\\$\\{a\\}|\\$\\{b.c\\}|\\$\\$\\{){0,12}",
        ) {
            let mut variables = Variables::default();
            let filled = variables.fill(&template);
            prop_assert_eq!(filled.is_err(), !references(&template).is_empty());
            variables.set("a", value.clone());
            variables.set("b", serde_json::json!({ "c": value }));
            for name in references(&template) {
                variables.set(name, value.clone());
            }
            prop_assert!(variables.fill(&template).is_ok(), "{}", template);
            let both = variables.fill_json(&serde_json::json!([template, value]));
            prop_assert!(both.is_ok() || value.to_string().contains('$'));
            prop_assert_eq!(variables.fill("${a}").unwrap(), value);
        }
    }
}

#[test]
fn what_can_never_hold_is_told_with_its_place_and_mend() {
    let step = |expect: &str| format!("name: x\nsteps:\n  - get: /v1/payments/1\n    expect: {{ {expect} }}\n");
    let token = "APP_USR-1234567890123456-091211-0123456789abcdef0123456789abcdef-123456789";
    let post = |more: &str| format!("name: x\nsteps:\n  - post: /v1/x\n    {more}\n    expect: {{ status: 201 }}\n");
    let rows = |row: &str| {
        format!(
            "name: x\nrows:\n  - {{ {row} }}\nsteps:\n  - {{ get: /x, expect: {{ payment: {{ status: '${{row.s}}', \
             status_detail: '${{row.d}}' }} }} }}\n  - {{ get: /x, expect: {{ status: 400, error: '${{row.e}}' }} }}\n"
        )
    };
    for (text, key, place) in [
        (step("body: { $.a: { minimum: 5, maximum: 1 } }"), "scenario.empty-range", "5, max"),
        (step("body: { $.a: { minimum: x } }"), "scenario.bad-bound", "x }"),
        (step("body: { $.a: { one-of: [] } }"), "scenario.one-of-nothing", "[]"),
        (step("payment: { status: approved, status_detail: cc_rejected_high_risk }"), "scenario.unknown-pair", "cc_"),
        (step("error: [2062, 3003], status: 201"), "scenario.error-beside-status", "2062"),
        (step("error: 2000, status: 400"), "scenario.error-beside-status", "2000"),
        (step("error: E301, status: 200"), "scenario.error-beside-status", "E301"),
        (step("error: 2006, payment: { status: rejected }"), "scenario.error-and-payment", "{ status: rej"),
        (step("error: 1999"), "scenario.unknown-error", "1999"),
        (post("body: { card_number: '4242 4242 4242 4242' }"), "scenario.real-card", "'4242"),
        (post("body: { card_number: 4242424242424242 }"), "scenario.real-card", "4242"),
        (post("body: { card_number: 4242424242424242.0 }"), "scenario.real-card", "4242"),
        (post("body: { note: pague con 4242.4242.4242.4242 hoy }"), "scenario.real-card", "pague"),
        (post("body: { '4242424242424242': 1 }"), "scenario.real-card", "'4242"),
        (post("raw-body: n=4242+4242+4242+4242"), "scenario.real-card", "n=4"),
        (post("query: { q: '4242-4242-4242-4242' }"), "scenario.real-card", "'4242"),
        (post("headers: { X-Note: '4242424242424242' }"), "scenario.real-card", "'4242"),
        (post("headers: { X-4242424242424242: a }"), "scenario.real-card", "X-"),
        (step("status: 200").replace("payments/1", "%34242424242424242"), "scenario.real-card", "/v1"),
        (post(&format!("query: {{ access_token: {token} }}")), "scenario.credential", "APP"),
        (post("headers: { X-Api-Key: abcdef }"), "scenario.credential", "abc"),
        (post("headers: { 'ma l': x }"), "scenario.header-name", "'ma l"),
        (post("headers: { '${site}': x }"), "scenario.header-name", "'${"),
        (post("headers: { X-Note: \"a\\nb\" }"), "scenario.header-value", "\"a"),
        (post("headers: { X-Note: \"${site}\\0\" }"), "scenario.header-value", "\"${"),
        (post("headers: { Content-Length: '5' }"), "scenario.own-header", "Content"),
        (post("headers: { HOST: null }"), "scenario.own-header", "HOST"),
        (post("headers: { Authorization: 'Bearer x' }"), "scenario.own-credential", "{ Auth"),
        (rows("s: approved, d: cc_rejected_high_risk, e: 2006"), "scenario.unknown-pair", "cc_rejected"),
        (rows("s: approved, d: accredited, e: 401/5"), "scenario.error-beside-status", "401/5"),
    ] {
        let before = text.find(place).map(|at| &text[..at]).unwrap();
        let column = before.len() - before.rfind('\n').unwrap();
        let place = format!("x.yaml:{}:{column}", before.lines().count());
        assert_eq!(told(with_files(&[("x.yaml", &text)])), [(key.to_owned(), place)], "{text}");
    }
    for text in [
        step("body: { $.a: { minimum: 5, maximum: 5 } }"),
        step("error: [2062, 403/4], status: [400, 403]"),
        step("error: [2062, 403/4], status: 403"),
        step("error: 2000"),
        step("error: 404/2000, status: 404"),
        step("error: [E301, card-1, 106]").replace("card-1, ", ""),
        step("error: E301, status: 400"),
        step("payment: { status: rejected, status_detail: cc_rejected_high_risk }"),
        // A test card, a mistyped one, a time, the number of a company, a public key, a variable.
        post("body: { a: '5031 7557 3453 0604', b: '4509953566233705', c: 1700000000000, d: '11222333000181' }"),
        post("query: { public_key: TEST-01234567-89ab-cdef-0123-456789abcdef }"),
        post("headers: { X-Api-Key: '${env.KEY}', X-Idempotency-Key: abcdef }"),
        rows("s: approved, d: accredited, e: [2006, 404/2000]"),
    ] {
        let read = with_files(&[("x.yaml", &text)]);
        assert!(read.is_ok(), "{text}\n{:?}", told(read));
    }
    let told =
        with_files(&[("x.yaml", &post("headers: { X-Api-Key: hunter2-and-a-half, Cookie: hunter2-and-a-half }"))]);
    let told = format!("{:?}", told.unwrap_err());
    assert!(told.contains("scenario.credential") && !told.contains("hunter2"), "{told}");
    let card = post("raw-body: |\n      una:\n      4242.4242.4242.4242 y 4242\u{a0}4242\u{a0}4242\u{a0}4242");
    let told = format!("{:?}", with_files(&[("x.yaml", &card)]).unwrap_err());
    assert!(told.contains("scenario.real-card") && !told.replace("\"4242\"", "").contains("4242"), "{told}");
    let problems = with_files(&[("x.yaml", &step("error: 2001000"))]).unwrap_err();
    assert_eq!(problems[0].fix.as_ref().unwrap().key, "scenario.unknown-error-fix", "numbers have no neighbours");
    let problems = with_files(&[("x.yaml", &step("error: 404/2006"))]).unwrap_err();
    assert_eq!(problems[0].fix.as_ref().unwrap().args["word"], "400/2006");
}
