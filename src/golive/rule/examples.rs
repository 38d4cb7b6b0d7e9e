//! The examples of the rules, run as tests: what a rule says of its own examples, and of those of all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::model::{Example, ExampleShop};
use super::{RuleSet, ShopFacts};
use crate::golive::evidence::{Fetched, Frame, Page};
use crate::i18n::Lang;
use crate::run::{CertificateFacts, Check, TlsFacts, Verdict};

const ADDRESS: &str = "https://shop.example/checkout";

fn fetched(url: &Url, status: u16, headers: &BTreeMap<String, String>, body: &str) -> Arc<Fetched> {
    Arc::new(Fetched {
        requested: url.clone(),
        url: url.clone(),
        hops: Vec::new(),
        status,
        headers: headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect(),
        bytes: body.len() as u64,
        // No credential-shaped text stands in the rule files: scanners of repositories would object, rightly.
        body: body.replace("{hex32}", "0123456789abcdef0123456789abcdef"),
        cut: false,
    })
}

fn page(example: &ExampleShop) -> Page {
    let url = Url::parse(example.url.as_deref().unwrap_or(ADDRESS)).unwrap();
    let none = BTreeMap::new();
    let own = |path: &str, body: &str| fetched(&url.join(path).unwrap(), 200, &none, body);
    Page {
        document: fetched(&url, example.status.unwrap_or(200), &example.headers, &example.html),
        depth: 0,
        scripts: example.scripts.iter().map(|(path, body)| own(path, body)).collect(),
        frames: example
            .frames
            .iter()
            .map(|(path, body)| Frame { url: url.join(path).unwrap(), document: Some(own(path, body)) })
            .collect(),
        unread: Vec::new(),
    }
}

fn judge(rules: &RuleSet, example: &Example) -> Vec<Check> {
    let shop = match example {
        Example::Html(html) => ExampleShop { html: html.clone(), ..ExampleShop::default() },
        Example::Shop(shop) => (**shop).clone(),
    };
    let pages: Vec<_> = std::iter::once(&shop).chain(&shop.pages).map(|one| rules.judge_page(&page(one))).collect();
    let start = Url::parse(shop.url.as_deref().unwrap_or(ADDRESS)).unwrap();
    let tls = shop.tls.map(|tls| TlsFacts {
        host: "shop.example:443".to_owned(),
        version: Some("TLSv1.3".to_owned()),
        chain: vec![CertificateFacts { not_after: "2027-01-01T00:00:00Z".to_owned(), ..CertificateFacts::default() }],
        faults: tls.faults,
        days_left: tls.days_left,
        failure: None,
    });
    let answers = shop.answers.iter().map(|(url, status)| (Url::parse(url).unwrap(), *status)).collect();
    rules.judge_shop(&ShopFacts { start, tls, answers, left_out: Vec::new(), limit: None }, &pages)
}

#[test]
fn every_rule_proves_itself() {
    let rules = RuleSet::builtin().unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|problem| problem.plain(Lang::En)).collect::<Vec<_>>().join("\n"))
    });
    assert_eq!(rules.rules.len(), 32);
    let mut wrong = Vec::new();
    for (at, rule) in rules.rules.iter().enumerate() {
        let id = &rule.file.id;
        assert!(!rule.file.examples.pass.is_empty() && !rule.file.examples.fail.is_empty(), "{id} lacks examples");
        for (number, example) in rule.file.examples.pass.iter().enumerate() {
            let check = &judge(&rules, example)[at];
            if check.verdict != Verdict::Pass {
                wrong.push(format!("{id}: pass example {number} gives {check:?}"));
            }
        }
        for (number, example) in rule.file.examples.fail.iter().enumerate() {
            let check = &judge(&rules, example)[at];
            if !matches!(check.verdict, Verdict::Fail | Verdict::Warn) || check.findings.is_empty() {
                wrong.push(format!("{id}: fail example {number} gives {check:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Which rules object to which examples: read a change of this snapshot as a change of what users are told.
#[test]
fn what_every_rule_says_of_every_example() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let mut lines = Vec::new();
    for rule in &rules.rules {
        let examples = &rule.file.examples;
        let all = examples.pass.iter().map(|one| ("pass", one)).chain(examples.fail.iter().map(|one| ("fail", one)));
        for (number, (kind, example)) in all.enumerate() {
            let hits: Vec<String> = judge(&rules, example)
                .into_iter()
                .filter(|check| !check.findings.is_empty())
                .map(|check| check.rule)
                .filter(|id| !QUIET.contains(&id.as_str()))
                .collect();
            lines.push(format!("{} {kind} {number}: {}", rule.file.id, hits.join(" ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// Rules that object to nearly every small example, because it is small.
const QUIET: [&str; 3] = ["transport-hsts", "promo-communicated", "terms-link"];
