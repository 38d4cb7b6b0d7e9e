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
        sent(3).body.as_ref().unwrap(),
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
    assert_eq!(found, [("scenario.unknown-variable".to_owned(), "x.yaml:2:64".to_owned())], "captures stay inside");
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
    assert_eq!(own, [("scenario.fragment-circle".to_owned(), "a.yaml:2:17".to_owned())]);
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
