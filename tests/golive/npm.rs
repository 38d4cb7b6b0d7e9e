//! Front ends made with Mercado Pago's npm packages and a real bundler: what the checker makes of them as files and in
//! a browser, with stand-ins for the SDK's host and for the frames of its card fields.
//!
//! `.ci/run` installs the packages. Where they are missing the test says so and passes on a developer's machine; where
//! `HOMOLOGA_SDKS=required` (as in CI) it fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use homologa::golive;
use homologa::golive::browser::{Choice, Options, Renderer, StandIn};
use homologa::golive::rule::RuleSet;
use homologa::run::{Collector, Generation, ShopRecord, Verdict};
use tempfile::TempDir;
use url::Url;

use super::browser::{browser, run};
use crate::sdk::is_missing;
use crate::support::serve;

const PAGE: &str = "<!doctype html><html lang=es-AR><head><meta charset=utf-8><title>Tienda</title>\
    <meta name=viewport content='width=device-width, initial-scale=1'><script type=module src=./app.js></script></head>\
    <body><div id=root></div></body></html>";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golive/npm")
}

/// The bundled shops, by path; nothing when the packages are not there.
fn bundled() -> Option<BTreeMap<String, String>> {
    if is_missing(&folder().join("node_modules/esbuild")) {
        return None;
    }
    let out = TempDir::new().unwrap();
    let output = Command::new("node").arg(folder().join("build.mjs")).arg(out.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = BTreeMap::new();
    for shop in std::fs::read_dir(out.path()).unwrap().flatten() {
        let name = shop.file_name().into_string().unwrap();
        files.insert(format!("/{name}/"), PAGE.to_owned());
        for file in std::fs::read_dir(shop.path()).unwrap().flatten() {
            let path = format!("/{name}/{}", file.file_name().into_string().unwrap());
            files.insert(path, std::fs::read_to_string(file.path()).unwrap());
        }
    }
    Some(files)
}

fn stand_ins() -> Vec<StandIn> {
    let answer = |prefix: &str, kind: &str, body: Vec<u8>| StandIn {
        prefix: prefix.to_owned(),
        status: 200,
        headers: vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("access-control-allow-origin".to_owned(), "*".to_owned()),
        ],
        body: Arc::from(body),
    };
    let field = b"<!doctype html><input name=cardNumber autocomplete=cc-number>".to_vec();
    vec![
        answer("https://sdk.mercadopago.com/js/v2", "text/javascript", std::fs::read(folder().join("sdk.js")).unwrap()),
        answer("https://secure-fields.mercadopago.com/", "text/html", field),
        answer("https://api.mercadopago.com/", "application/json", b"[]".to_vec()),
    ]
}

fn renderer(choice: Choice) -> Renderer {
    Renderer::new(Options { choice, stand_ins: stand_ins(), ..Options::default() })
}

/// Judges one page.
async fn judge(renderer: &mut Renderer, rules: &Arc<RuleSet>, start: &Url) -> ShopRecord {
    let collector = Collector::new(None, None);
    golive::check(start, &golive::Options::default(), rules, renderer, &collector).await.unwrap();
    collector.take_record().shops.remove(0)
}

/// The rules that object, and those whose findings do not stop a shop.
fn objections(shop: &ShopRecord) -> (Vec<&str>, Vec<&str>) {
    let of = |verdict: Verdict| {
        // What all of them have in common: a page over plain http on a test server that has nothing but this page.
        let common = ["transport-", "csp-", "headers-", "frame-", "terms-", "privacy-", "promo-"];
        let told = shop.checks.iter().filter(|check| check.verdict == verdict).map(|check| check.rule.as_str());
        let mut told: Vec<&str> = told.filter(|rule| !common.iter().any(|start| rule.starts_with(start))).collect();
        told.sort_unstable();
        told
    };
    (of(Verdict::Fail), of(Verdict::Warn))
}

fn verdict(shop: &ShopRecord, rule: &str) -> Verdict {
    shop.checks.iter().find(|check| check.rule == rule).unwrap_or_else(|| panic!("{rule}")).verdict
}

struct Expected {
    shop: &'static str,
    generations: &'static [Generation],
    fails: &'static [&'static str],
    warns: &'static [&'static str],
    /// Rules that a browser lets pass and that stay open without one.
    told: &'static [&'static str],
}

const SHOPS: &[Expected] = &[
    Expected {
        shop: "react-card-payment",
        generations: &[Generation::Bricks],
        fails: &[],
        warns: &[],
        told: &["sdk-present"],
    },
    Expected {
        shop: "react-payment",
        generations: &[Generation::Bricks],
        fails: &[],
        warns: &["ux-total-visible"],
        told: &["sdk-present"],
    },
    Expected { shop: "react-wallet", generations: &[Generation::CheckoutPro], fails: &[], warns: &[], told: &[] },
    Expected {
        shop: "react-secure-fields",
        generations: &[Generation::V2Core],
        fails: &[],
        warns: &["ux-total-visible"],
        told: &["card-fields-no-name", "sdk-present"],
    },
    Expected {
        shop: "js-card-form",
        generations: &[Generation::V2CardForm],
        fails: &[],
        warns: &[],
        told: &["card-fields-no-name", "cardform-map-complete", "secure-field-container-is-div"],
    },
    Expected {
        shop: "js-secure-fields",
        generations: &[Generation::V2Core],
        fails: &[],
        warns: &["ux-total-visible"],
        told: &["card-fields-no-name", "secure-field-container-is-div"],
    },
    Expected {
        shop: "js-own-fields",
        generations: &[Generation::V2CardForm],
        fails: &["card-data-not-stored", "cardform-map-complete", "credentials-public-key-production"],
        // With V2, names on fields of the shop's own weigh less.
        warns: &["card-autocomplete", "card-fields-no-name", "card-secure-fields"],
        told: &["sdk-present"],
    },
];

#[test]
fn bundles_of_the_npm_packages_are_known_and_judged() {
    let Some(files) = bundled() else { return };
    let address = serve(Router::new().fallback(move |uri: Uri| {
        let file = files.get(uri.path()).cloned();
        async move {
            if uri.path() == "/api/preference" {
                let preference = "{\"id\":\"123456789-00000000-1111-4222-8333-444444444444\"}";
                return ([(header::CONTENT_TYPE, "application/json")], preference).into_response();
            }
            let Some(file) = file else { return axum::http::StatusCode::NOT_FOUND.into_response() };
            let kind = if uri.path().ends_with(".js") { "text/javascript" } else { "text/html; charset=utf-8" };
            ([(header::CONTENT_TYPE, kind)], file).into_response()
        }
    }));
    let drawn = browser();
    let rules = Arc::new(RuleSet::builtin().unwrap_or_else(|_| panic!("rules")));
    let shops = run(async {
        let mut none = renderer(Choice::None);
        let mut chromium = drawn.as_ref().map(|(program, _alone)| renderer(Choice::Path(program.clone())));
        let mut shops = Vec::new();
        for expected in SHOPS {
            let start = Url::parse(&format!("http://{address}/{}/", expected.shop)).unwrap();
            shops.push((expected, judge(&mut none, &rules, &start).await, Verdict::Inconclusive));
            if let Some(chromium) = &mut chromium {
                shops.push((expected, judge(chromium, &rules, &start).await, Verdict::Pass));
            }
        }
        if let Some(mut chromium) = chromium {
            chromium.end().await;
        }
        shops
    });
    let mut wrong = Vec::new();
    for (expected, shop, told) in &shops {
        let (name, page, drawn) = (expected.shop, &shop.pages[0], *told == Verdict::Pass);
        if page.generations != expected.generations || !page.checkout || page.rendered != drawn {
            wrong.push(format!("{name}, drawn {drawn}: {page:?}"));
        }
        for rule in expected.told.iter().filter(|rule| verdict(shop, rule) != *told) {
            wrong.push(format!("{name}, drawn {drawn}: {rule} is {:?}", verdict(shop, rule)));
        }
        let objected = objections(shop);
        if drawn && (page.limit.is_some() || objected != (expected.fails.to_vec(), expected.warns.to_vec())) {
            wrong.push(format!("{name}: {:?} {objected:?}", page.limit));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
