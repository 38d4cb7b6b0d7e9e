//! The demo: verdicts, files, and no secret anywhere.

use homologa::demo::{ShopKind, start};
use homologa::run::RunVerdict;
use homologa::sandbox::{Role, account};
use homologa::secret::find_credentials;
use secrecy::ExposeSecret;

use crate::support::demo;

#[test]
fn the_demo_ends_as_expected_and_says_where_its_reports_are() {
    let demo = demo();
    assert_eq!(demo.ran.code, 0, "{}", demo.ran.all());
    assert!(demo.ran.stdout.contains("out/report.html"), "{}", demo.ran.stdout);
    let record = demo.record();
    assert!(record.complete);
    let shops: Vec<RunVerdict> = record.shops.iter().map(|shop| shop.verdict).collect();
    assert_eq!(shops, [RunVerdict::Ready, RunVerdict::NotReady]);
    assert_eq!(record.contract.unwrap().verdict(), RunVerdict::Ready);
}

#[test]
fn the_summary_fits_eighty_columns() {
    for line in demo().ran.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// Every credential that the demo uses: those of the shops' files and of the sandbox's accounts.
fn canaries() -> Vec<String> {
    let mut canaries = Vec::new();
    for site in homologa::specs::sites::all() {
        for role in Role::ALL {
            let account = account(&site.id, role);
            canaries.push(account.access_token.expose_secret().to_owned());
        }
    }
    homologa::http::install_crypto();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let shop = start(ShopKind::Broken).await.unwrap();
        // The certificate of this shop has expired on purpose, so its leaf is pinned as the crawl does it.
        let roots = homologa::http::roots(None, &[shop.ca_der()]).unwrap();
        let port = shop.url.port().unwrap();
        let time = std::time::Duration::from_secs(5);
        let facts = homologa::tls::probe("127.0.0.1", port, roots, time, jiff::Timestamp::now()).await;
        let client = homologa::http::client(&homologa::http::ClientOptions {
            pinned_leaf: homologa::tls::pin(&facts),
            direct: true,
            ..Default::default()
        })
        .unwrap();
        let secret = regex::Regex::new(r#"(?i)client_?secret['"]?\s*[:=]\s*['"]([^'"]+)"#).unwrap();
        for path in ["js/config.js", "checkout.html"] {
            let response = client.get(shop.url.join(path).unwrap()).send().await.unwrap();
            let (bytes, _) = homologa::http::read_bounded(response, 1_000_000).await.unwrap();
            let text = String::from_utf8(bytes).unwrap();
            canaries.extend(find_credentials(&text).into_iter().map(|found| text[found.range].to_owned()));
            canaries.extend(secret.captures(&text).map(|found| found[1].to_owned()));
        }
    });
    canaries
}

#[test]
fn no_secret_of_the_demo_is_in_any_output() {
    let demo = demo();
    let canaries = canaries();
    assert!(canaries.len() > 50, "{}", canaries.len());
    let card_numbers = homologa::specs::cards::all().iter().flat_map(|site| &site.cards);
    let secrets: Vec<String> = canaries.into_iter().chain(card_numbers.map(|card| card.number.clone())).collect();
    for (name, text) in [
        ("standard output", demo.ran.stdout.clone()),
        ("standard error", demo.ran.stderr.clone()),
        ("report.html", demo.read("report.html")),
        ("report.json", demo.read("report.json")),
        ("record.jsonl", demo.read("record.jsonl")),
    ] {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{name} holds a secret ending in {}", &secret[secret.len() - 4..]);
        }
    }
}
