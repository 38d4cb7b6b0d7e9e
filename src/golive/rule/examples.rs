//! The examples of the rules, run as tests: what a rule says of its own examples, and of those of all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::model::{Example, ExampleCertificate, ExampleRendered, ExampleShop, ExampleTls};
use super::{RuleSet, ShopFacts};
use crate::golive::evidence::{
    Carries, ConsoleLine, ConsoleOrigin, DeadLink, DrawnFrame, Fetched, FileProbe, Frame, Page, Rendered, Request,
};
use crate::golive::page::{Document, of_document};
use crate::i18n::Lang;
use crate::run::{CertificateFacts, Check, Hop, PlainHttp, TlsFacts, Verdict, VersionFacts};

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

pub(super) fn page(example: &ExampleShop) -> Page {
    let url = Url::parse(example.url.as_deref().unwrap_or(ADDRESS)).unwrap();
    let none = BTreeMap::new();
    let own = |path: &str, body: &str| fetched(&url.join(path).unwrap(), 200, &none, body);
    let document = fetched(&url, example.status.unwrap_or(200), &example.headers, &example.html);
    Page {
        scripts: example.scripts.iter().map(|(path, body)| own(path, body)).collect(),
        frames: example
            .frames
            .iter()
            .map(|(path, body)| Frame { url: url.join(path).unwrap(), document: Some(own(path, body)) })
            .collect(),
        served: example.served.iter().map(|(path, body)| own(path, body)).collect(),
        rendered: example.rendered.as_ref().map(|drawn| Arc::new(rendered(&document, drawn))),
        ..Page::new(document, 0)
    }
}

fn rendered(document: &Arc<Fetched>, example: &ExampleRendered) -> Rendered {
    let url = document.url.clone();
    let html = example.html.clone().unwrap_or_else(|| document.body.clone());
    let drawn = Fetched { body: html, ..(**document).clone() };
    let request = |one: &super::model::ExampleRequest| Request {
        url: url.join(&one.url).unwrap(),
        method: one.method.clone().unwrap_or_else(|| "GET".to_owned()),
        kind: one.kind.clone(),
        frame: 0,
        initiator: None,
        status: one.status,
        mime: String::new(),
        tls: None,
        failed: one.failed.clone(),
        blocked: one.blocked.clone(),
        any_origin: one.any_origin,
        carries: Carries::default(),
    };
    let exception = |text: &String| ConsoleLine {
        origin: ConsoleOrigin::Exception,
        level: "error".to_owned(),
        text: text.clone(),
        url: None,
        line: None,
    };
    Rendered {
        browser: "HeadlessChrome/1".to_owned(),
        frames: vec![DrawnFrame {
            url: url.clone(),
            name: String::new(),
            parent: None,
            document: Some(Arc::new(drawn)),
        }],
        url: url.clone(),
        scripts: Vec::new(),
        requests: example.requests.iter().map(request).collect(),
        console: example.exceptions.iter().map(exception).collect(),
        dialogs: Vec::new(),
        stored: Vec::new(),
        violations: Vec::new(),
        led_away: Vec::new(),
        downloads: Vec::new(),
        screenshot: None,
        limits: Vec::new(),
        elapsed_ms: 1,
    }
}

fn tls(example: &ExampleTls) -> TlsFacts {
    let version = example.version.clone().unwrap_or_else(|| "TLSv1.3".to_owned());
    let offered = |name: &str| match &example.offers {
        _ if example.unknown.iter().any(|unknown| unknown == name) => None,
        Some(offers) => Some(name == version || offers.iter().any(|offered| offered == name)),
        None => Some(name == version || name == "TLSv1.2"),
    };
    let versions = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"].map(|name| VersionFacts {
        version: name.to_owned(),
        offered: offered(name),
        reason: None,
    });
    let certificate = |(at, one): (usize, &ExampleCertificate)| {
        let key = one.key.as_deref().unwrap_or("EC 256").split_once(' ').unwrap();
        CertificateFacts {
            subject: format!("CN={at}"),
            issuer: format!("CN={}", at + 1),
            not_after: "2027-01-01T00:00:00Z".to_owned(),
            key: key.0.to_owned(),
            key_bits: key.1.parse().unwrap(),
            signature: one.signature.clone().unwrap_or_else(|| "ECDSA-SHA256".to_owned()),
            days_left: one.days_left.or(example.days_left),
            ..CertificateFacts::default()
        }
    };
    let leaf = [ExampleCertificate::default()];
    let chain = if example.chain.is_empty() { &leaf[..] } else { &example.chain };
    let (extra, path) = (0..chain.len()).partition(|at| chain[*at].extra);
    let url = "http://shop.example/checkout".to_owned();
    TlsFacts {
        host: "shop.example:443".to_owned(),
        // As the probe has it: what today's clients cannot speak is no version that was agreed on.
        version: Some(version.clone()).filter(|version| ["TLSv1.2", "TLSv1.3"].contains(&version.as_str())),
        chain: chain.iter().enumerate().map(certificate).collect(),
        faults: example.faults.clone(),
        days_left: example.days_left,
        versions: versions.into(),
        path,
        extra,
        missing_issuer: example.missing_issuer.clone(),
        plain: Some(match &example.plain {
            Some(plain) => PlainHttp {
                hops: plain.status.map(|status| Hop { url, status }).into_iter().collect(),
                leads_to: plain.leads_to.clone(),
                closed: plain.status.is_none(),
                failure: None,
            },
            None => PlainHttp {
                hops: vec![Hop { url, status: 301 }],
                leads_to: Some("https://shop.example/checkout".to_owned()),
                ..PlainHttp::default()
            },
        }),
        ..TlsFacts::default()
    }
}

/// The links that the crawl would have found dead.
fn dead(shop: &ExampleShop, answers: &[(Url, Option<u16>)]) -> Vec<DeadLink> {
    let mut found: Vec<DeadLink> = Vec::new();
    for one in std::iter::once(shop).chain(&shop.pages) {
        let page = page(one).document;
        let document = Document::parse(&page.body);
        for link in of_document(&document, &page.url).links {
            let answer = answers.iter().find(|(url, status)| *url == link.url && status.is_some_and(|s| s >= 400));
            if let Some((url, status)) = answer.filter(|(url, _)| !found.iter().any(|dead| dead.url == *url)) {
                let element = document.element(link.place).unwrap();
                let (line, column) = document.line_column(element.start.unwrap());
                let (url, status, page) = (url.clone(), *status, page.url.clone());
                let href = element.attr("href").unwrap().to_owned();
                found.push(DeadLink { url, status, page, href, line, column });
            }
        }
    }
    found
}

pub(super) fn judge(rules: &RuleSet, example: &Example) -> Vec<Check> {
    let shop = match example {
        Example::Html(html) => ExampleShop { html: html.clone(), ..ExampleShop::default() },
        Example::Shop(shop) => (**shop).clone(),
    };
    let pages: Vec<_> = std::iter::once(&shop).chain(&shop.pages).map(|one| rules.judge_page(&page(one))).collect();
    let start = Url::parse(shop.url.as_deref().unwrap_or(ADDRESS)).unwrap();
    let tls = shop.tls.as_ref().map(tls);
    let answers: Vec<(Url, Option<u16>)> =
        shop.answers.iter().map(|(url, status)| (Url::parse(url).unwrap(), *status)).collect();
    let dead = dead(&shop, &answers);
    let files = shop
        .files
        .as_ref()
        .map(|served| FileProbe { served: served.iter().map(|path| start.join(path).unwrap()).collect(), unasked: 0 });
    let facts = ShopFacts { start, tls, answers, dead, left_out: Vec::new(), limit: None, files, saved: false };
    rules.judge_shop(&facts, &pages)
}

#[test]
fn every_rule_proves_itself() {
    let rules = RuleSet::builtin().unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|problem| problem.plain(Lang::En)).collect::<Vec<_>>().join("\n"))
    });
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

/// A browser moves and completes what it draws: what the server sent all the same is told with its line there.
#[test]
fn what_was_drawn_and_sent_has_its_place_in_what_was_sent() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let token = "APP_USR-1234567890123456-091211-0123456789abcdef0123456789abcdef-12345678";
    let sent = format!("<!doctype html>\n<form>\n<input data-checkout=cardNumber name=n>\n</form>\n<!-- {token} -->");
    let html = format!(
        "<html><head></head><body><form><input><input class=x data-checkout=cardNumber name=n id=made><input \
         data-checkout=cardNumber name=n></form><!-- {token} --></body></html>"
    );
    let example = ExampleShop {
        html: sent,
        rendered: Some(ExampleRendered { html: Some(html), ..ExampleRendered::default() }),
        ..ExampleShop::default()
    };
    let verdicts = rules.judge_page(&page(&example));
    let places = |rule: &str| {
        let found = verdicts.findings.iter().filter(|(_, finding)| finding.rule == rule);
        found.map(|(_, finding)| (finding.place.line, finding.place.column)).collect::<Vec<_>>()
    };
    assert_eq!(places("credentials-no-access-token-in-client"), [(Some(5), Some(6))]);
    assert_eq!(places("card-fields-no-name"), [(None, None), (Some(3), Some(1))], "what a script made has no line");
}

/// Names, folders, texts and code agree: no file is left unread, no predicate unused, no language a copy of another.
#[test]
fn files_folders_texts_and_predicates_agree() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let mut files = 0;
    for folder in super::files().dirs() {
        let family = folder.path().display().to_string();
        assert!(super::load::FAMILIES.contains(&family.as_str()), "{family} is not read");
        files += folder.files().filter(|file| file.path().extension().is_some_and(|end| end == "yaml")).count();
    }
    assert_eq!(files, rules.rules.len());
    for family in super::load::FAMILIES {
        assert!(rules.rules.iter().any(|rule| rule.family == family), "{family} has no rule");
    }
    let mut ids: Vec<&str> = rules.rules.iter().map(|rule| rule.file.id.as_str()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|two| two[0] != two[1]), "an id stands twice");
    for predicate in &super::predicates::ALL {
        let named = |rule: &super::Rule| rule.file.check.predicate.as_deref() == Some(predicate.name);
        assert!(rules.rules.iter().any(named), "no rule asks {}", predicate.name);
    }
    for rule in &rules.rules {
        for text in [&rule.file.title, &rule.file.why, &rule.file.fix] {
            assert!(Lang::ALL.iter().all(|lang| text.get(*lang).trim().len() > 3), "{}", rule.file.id);
        }
        // A fix may be the same line of code in every language; what is demanded is a sentence.
        let title = Lang::ALL.map(|lang| rule.file.title.get(lang));
        assert!(title[0] != title[2] && title[1] != title[2], "{}", rule.file.id);
    }
    for requirement in rules.requirements() {
        assert!(
            rules.rules.iter().any(|rule| rule.file.requirement == requirement.id),
            "{} has no rule",
            requirement.id
        );
    }
}

/// Editors check rule files by this schema, so it must accept ours and refuse what the loader refuses.
#[test]
fn the_published_schema_agrees_with_the_loader() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("specs/dsl/rule.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let text = |path: &str| std::fs::read_to_string(root.join("rules").join(path)).unwrap();
    let mut wrong = Vec::new();
    for rule in &RuleSet::builtin().unwrap_or_else(|_| panic!("rules")).rules {
        let path = format!("{}/{}.yaml", rule.family, rule.file.id);
        let value: serde_json::Value = serde_yaml::from_str(&text(&path)).unwrap();
        wrong.extend(schema.iter_errors(&value).map(|error| format!("{path}: {error}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let good = text("card/card-fields-no-name.yaml");
    for (from, to) in [
        ("severity: blocker", "severity: fatal"),
        ("scope: checkout", "scope: chekout"),
        ("lack-attribute", "lacks-attribute"),
        ("origin: documented-formerly", "origin: hearsay"),
        ("check: {", "check: { predicate: hsts, "),
        ("requirement:", "requirements:"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let value: serde_json::Value = serde_yaml::from_str(&bad).unwrap();
        assert!(!schema.is_valid(&value), "the schema takes {to}");
        let requirements = RuleSet::builtin().unwrap_or_else(|_| panic!("rules")).requirements;
        let loaded = super::load::load("rules/card/card-fields-no-name.yaml", "card", &bad, &requirements);
        assert!(loaded.is_err(), "the loader takes {to}");
    }
}

/// What a rule file searches for costs every run of every shop.
#[test]
fn the_patterns_of_rules_are_lean() {
    use super::load::Check::{NoScript, NoWords, Some};
    for rule in &RuleSet::builtin().unwrap_or_else(|_| panic!("rules")).rules {
        let patterns = match &rule.check {
            NoScript(pattern) | NoWords(pattern) => vec![pattern],
            Some { words, script, .. } => words.iter().chain(script).collect(),
            _ => Vec::new(),
        };
        for pattern in patterns {
            assert!(crate::golive::quick::is_lean(pattern.as_str()), "{}", rule.file.id);
        }
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let requirements = RuleSet::builtin().unwrap_or_else(|_| panic!("rules")).requirements;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let good = std::fs::read_to_string(root.join("rules/sdk/sdk-loaded-once.yaml")).unwrap();
    for (from, to, place) in [
        ("severity: warning", "severity: warnin", Some(3)),
        ("script[src*=", "script[src*", None),
        ("requirement: sdk", "requirement: sdl", None),
        ("id: sdk-loaded-once", "id: sdk-loaded-twice", None),
    ] {
        let bad = good.replacen(from, to, 1);
        let problem = super::load::load("rules/sdk/sdk-loaded-once.yaml", "sdk", &bad, &requirements).err().unwrap();
        assert_eq!(problem.place.line, place, "{to}");
        assert_eq!(problem.place.file.as_deref(), Some("rules/sdk/sdk-loaded-once.yaml"));
    }
}

#[test]
fn a_rule_can_be_weighed_anew_and_a_wrong_id_is_helped() {
    let mut rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let example = Example::Html("<p>Hola</p>".to_owned());
    let verdict = |rules: &RuleSet| judge(rules, &example).into_iter().find(|c| c.rule == "transport-hsts").unwrap();
    assert_eq!(verdict(&rules).verdict, Verdict::Warn);
    rules.override_severity("transport-hsts", Some(crate::run::Severity::Blocker)).unwrap();
    assert_eq!(verdict(&rules).verdict, Verdict::Fail);
    rules.override_severity("transport-hsts", None).unwrap();
    assert_eq!(verdict(&rules).verdict, Verdict::NotApplicable);
    let problem = rules.override_severity("transport-hst", None).unwrap_err();
    assert!(problem.plain(Lang::En).contains("transport-hsts"));
    assert!(rules.override_severity("something-else", None).unwrap_err().fix.is_none());
}

/// What was not seen is never a pass.
#[test]
fn what_javascript_draws_stays_open() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let app = Example::Html("<body><div id=root></div><script src=/app.js></script></body>".to_owned());
    for check in judge(&rules, &app) {
        let seen_anyway = [
            "transport-hsts",
            "transport-certificate",
            "transport-tls",
            "transport-http-redirects",
            "credentials-",
            "terms-page",
            "terms-data",
            "cookies-",
            "device-script",
        ];
        if !seen_anyway.iter().any(|id| check.rule.starts_with(id)) {
            assert_eq!(check.verdict, Verdict::Inconclusive, "{}: {:?}", check.rule, check.reason);
        }
    }
    // A bundle of another host may bring the SDK; a library that everybody knows does not.
    for (bundle, expected) in
        [("https://cdn.example/app.3f.js", Verdict::Inconclusive), ("https://code.jquery.com/jquery.js", Verdict::Fail)]
    {
        let html = format!(
            "<form method=post><input autocomplete=cc-number><input autocomplete=cc-csc></form><script src='{bundle}'></script>"
        );
        let checks = judge(&rules, &Example::Html(html));
        let of = |id: &str| checks.iter().find(|check| check.rule == id).unwrap().verdict;
        assert_eq!(of("card-raw-without-sdk"), expected, "{bundle}");
    }
    // A page that could not be read whole decides nothing, unless something was found in what was read.
    let html = "<form><input data-checkout=cardNumber name=n></form>";
    let mut cut = page(&ExampleShop { html: html.to_owned(), ..ExampleShop::default() });
    cut.unread
        .push(crate::run::LeftOut { url: "/a.js".to_owned(), reason: crate::i18n::Message::new("golive.unread") });
    let pages = [rules.judge_page(&cut)];
    let start = Url::parse(ADDRESS).unwrap();
    let facts = ShopFacts {
        start,
        tls: None,
        answers: Vec::new(),
        dead: Vec::new(),
        left_out: Vec::new(),
        limit: None,
        files: None,
        saved: false,
    };
    let checks = rules.judge_shop(&facts, &pages);
    let of = |id: &str| checks.iter().find(|check| check.rule == id).unwrap().verdict;
    assert_eq!(of("card-fields-no-name"), Verdict::Fail);
    assert_eq!(of("credentials-no-access-token-in-client"), Verdict::Inconclusive);
}

/// A page with words of its own whose card form is drawn by a script.
#[test]
fn a_card_form_that_scripts_draw_stays_open() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let sdk = "<script src='https://sdk.mercadopago.com/js/v2'></script>";
    let words = "palabra ".repeat(50);
    let draws = "document.getElementById('c').innerHTML = '<form action=\"http://shop.example/p\"><input name=\"cardNumber\"><input name=\"cvv\"></form>'";
    let of = |sdk: &str, more: &str, script: &str| {
        let html = format!("<h1>Pagar</h1><p>{words}</p><div id=c></div>{sdk}{more}<script src=/app.js></script>");
        let scripts = BTreeMap::from([("/app.js".to_owned(), script.to_owned())]);
        judge(&rules, &Example::Shop(Box::new(ExampleShop { html, scripts, ..ExampleShop::default() })))
    };
    let form_rules = [
        "card-fields-no-name",
        "card-raw-without-sdk",
        "card-form-not-get",
        "transport-form-action-https",
        "test-data-prefilled",
    ];
    let verdicts = |checks: &[Check]| {
        let of = |id: &str| checks.iter().find(|check| check.rule == id).unwrap().verdict;
        form_rules.map(of)
    };
    let open = [Verdict::Inconclusive; 5];
    assert_eq!(verdicts(&of(sdk, "", draws)), open, "named card inputs that a script writes");
    assert_eq!(verdicts(&of("", "", draws)), open, "the same without the SDK");
    assert_eq!(verdicts(&of(sdk, "", "mp = new MercadoPago(k); draw()")), open, "who knows what it draws");
    // Bricks bring their form, and secure fields stand in their containers.
    let v1 = |checks: Vec<Check>| {
        checks.into_iter().find(|check| check.rule == "v1-data-checkout-complete").unwrap().verdict
    };
    assert_eq!(v1(of(sdk, "", draws)), Verdict::NotApplicable, "what it draws is not of v1");
    let seen = |checks: Vec<Check>| {
        checks.iter().all(|c| !form_rules.contains(&c.rule.as_str()) || c.verdict != Verdict::Inconclusive)
    };
    assert!(seen(of(sdk, "<div id=cardPaymentBrick_container></div>", "bricks.create('cardPayment', 'x', {})")));
    assert!(seen(of(sdk, "<form><div id=n></div></form>", "mp.fields.create('cardNumber').mount('n')")));
}

#[test]
fn results_are_judged_only_by_what_is_seen() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let of = |script: &str| {
        let html =
            format!("<script src='https://sdk.mercadopago.com/js/v2'></script><p>Pagar</p><script>{script}</script>");
        let checks = judge(&rules, &Example::Html(html));
        let check = checks.into_iter().find(|check| check.rule == "result-status-communicated").unwrap();
        (check.verdict, check.findings.len())
    };
    for (script, expected) in [
        ("pay()", (Verdict::Inconclusive, 0)),
        ("if (payment.status === 'approved') { yes() } else { no() }", (Verdict::Inconclusive, 1)),
        ("box.textContent = texts[payment.status_detail];", (Verdict::Inconclusive, 0)),
        ("box.textContent = textOf(payment.status_detail);", (Verdict::Inconclusive, 0)),
        ("form.append('detail', payment.status_detail);", (Verdict::Inconclusive, 0)),
        ("// box.textContent = payment.status_detail;", (Verdict::Inconclusive, 0)),
        ("box.innerHTML = `Estado: ${payment.status_detail}`;", (Verdict::Fail, 1)),
        ("$('#box').text(data.status_detail);", (Verdict::Fail, 1)),
        ("switch (s) { case 'approved': a(); case 'in_process': b(); case 'rejected': c() }", (Verdict::Pass, 0)),
    ] {
        assert_eq!(of(script), expected, "{script}");
    }
}

/// With the Wallet Brick Mercado Pago asks for the card and tells the result: nothing of it stays open.
#[test]
fn a_wallet_leaves_card_and_result_to_mercado_pago() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let html = "<p>Pagar</p><div id=walletBrick_container></div><script src='https://sdk.mercadopago.com/js/v2'></script>\
                <script>new MercadoPago(k).bricks().create('wallet', 'walletBrick_container', {})</script>";
    for check in judge(&rules, &Example::Html(html.to_owned())) {
        // What only a running shop tells.
        let of_host =
            ["transport-certificate", "transport-tls", "transport-http-redirects", "cors-", "credentials-files-"];
        if !of_host.iter().any(|id| check.rule.starts_with(id)) {
            assert_ne!(check.verdict, Verdict::Inconclusive, "{}: {:?}", check.rule, check.reason);
        }
    }
}

/// The commonest Checkout Pro: a button, and a script that leads to the address of the preference.
#[test]
fn a_script_that_reads_init_point_makes_a_checkout() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let of = |html: &str| {
        let html = format!("{html}<p>{}</p><script src=/a.js></script>", "palabra ".repeat(50));
        let script =
            "b.onclick = async () => { const d = await (await fetch('/pref')).json(); location.href = d.init_point }";
        let scripts = BTreeMap::from([("/a.js".to_owned(), script.to_owned())]);
        let verdicts = rules.judge_page(&page(&ExampleShop { html, scripts, ..ExampleShop::default() }));
        (verdicts.summary.checkout, verdicts.summary.generations)
    };
    assert_eq!(of("<button id=b>Pagar</button>"), (true, vec![crate::run::Generation::CheckoutPro]));
    assert_eq!(of("<a href=/b>Pagar</a>"), (false, vec![]), "a page that only shares the script");
}

#[test]
fn the_same_fault_has_the_same_id_and_is_told_once() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    let shop = |before: &str| {
        let html = format!("{before}<script src=/a.js></script>");
        let scripts = BTreeMap::from([("/a.js".to_owned(), "fetch('http://localhost:3000/x')".to_owned())]);
        let second = ExampleShop {
            url: Some("https://shop.example/b".to_owned()),
            html: html.clone(),
            scripts: scripts.clone(),
            ..ExampleShop::default()
        };
        Example::Shop(Box::new(ExampleShop { html, scripts, pages: vec![second], ..ExampleShop::default() }))
    };
    let found =
        |example: &Example| judge(&rules, example).into_iter().find(|c| c.rule == "transport-no-local-endpoints");
    let (one, other) = (found(&shop("<p>x</p>")).unwrap(), found(&shop("<p>x</p>\n\n<p>y</p>")).unwrap());
    assert_eq!(one.findings.len(), 1);
    assert_eq!(one.findings[0].id, other.findings[0].id);
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
const QUIET: [&str; 9] = [
    "transport-hsts",
    "promo-communicated",
    "terms-link",
    "csp-present",
    "frame-protection",
    "headers-hardening",
    "privacy-and-returns-pages",
    "ux-mobile",
    "ux-sdk-failure",
];

/// A hostile page costs no more than its size, and says so where it was cut.
#[test]
fn hostile_pages_are_bounded() {
    let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
    for html in [
        "<img src=http://a.example/x>".repeat(20_000),
        "<div>".repeat(60_000),
        format!("<form>{}", "<input data-checkout=cvv name=x>".repeat(5_000)),
        format!("<script>{}</script>", "/*".repeat(100_000)),
        format!("<script>{}", "`${".repeat(50_000)),
        "<a href='/terminos'>Términos</a>".repeat(6_000),
        format!("<p>{}", "</p>".repeat(20_000)),
        "responsable ".repeat(20_000),
        "<h1>Términos</h1>responsable datos ".repeat(5_000),
        format!("<p>x</p><script>{}</script>", "a='http://localhost:1/',".repeat(10_000)),
        format!("<p>x</p><script>{}</script>", "if(a){}else{b='http://localhost:1/'}".repeat(10_000)),
        format!("<p>x</p><script>{}</script>", "x='<input '+".repeat(20_000)),
        format!("<p>x</p><script type=module>{}</script>", "import './a.js';".repeat(10_000)),
    ] {
        let started = std::time::Instant::now();
        let verdicts = rules.judge_page(&page(&ExampleShop { html, ..ExampleShop::default() }));
        assert!(verdicts.findings.len() < 40 * super::hits::MAX_PER_PAGE);
        // Generous: unoptimised code on a busy machine. What is quadratic takes minutes.
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
