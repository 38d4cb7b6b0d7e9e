//! Shops that scripts draw, judged as a buyer gets them: the engine with a real browser, and what stays open without.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use homologa::demo::{self, ShopKind};
use homologa::golive::browser::{Choice, Options, Renderer, StandIn};
use homologa::golive::rule::RuleSet;
use homologa::golive::{self, crawl};
use homologa::run::{Collector, Evidence, Generation, ShopRecord, Verdict};
use url::Url;

use crate::support::homologa_with;

use super::browser::{browser, has_color, run, site};

/// The SDK, as far as these shops call it, and the frames of its card fields.
fn stand_ins() -> Vec<StandIn> {
    let sdk = "window.MercadoPago = class { fields = { create: (name) => ({ mount: (id) => { \
        const frame = document.createElement('iframe'); frame.name = name; \
        frame.src = 'https://secure-fields.mercadopago.com/' + name; document.getElementById(id).append(frame); } }) } }";
    let answer = |prefix: &str, kind: &str, body: &str| StandIn {
        prefix: prefix.to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: Arc::from(body.as_bytes()),
    };
    vec![
        answer("https://sdk.mercadopago.com/js/v2", "text/javascript", sdk),
        answer("https://secure-fields.mercadopago.com/", "text/html", "<input autocomplete=cc-number>"),
    ]
}

fn judge(choice: Choice, start: &Url, crawl: crawl::Options) -> ShopRecord {
    judge_with(choice, start, crawl, None)
}

fn judge_with(choice: Choice, start: &Url, crawl: crawl::Options, screenshots: Option<PathBuf>) -> ShopRecord {
    let rules = std::sync::Arc::new(RuleSet::builtin().unwrap_or_else(|_| panic!("rules")));
    let collector = Collector::new(None, None);
    run(async {
        let mut renderer = Renderer::new(Options { choice, stand_ins: stand_ins(), ..Options::default() });
        let options = golive::Options { crawl, screenshots, ..golive::Options::default() };
        golive::check(start, &options, &rules, &mut renderer, &collector).await.unwrap();
        renderer.end().await;
    });
    collector.take_record().shops.remove(0)
}

fn with(program: &Path) -> Choice {
    Choice::Path(program.to_owned())
}

fn verdict(shop: &ShopRecord, rule: &str) -> Verdict {
    shop.checks.iter().find(|check| check.rule == rule).unwrap_or_else(|| panic!("{rule}")).verdict
}

#[test]
fn a_form_that_scripts_draw_is_judged_and_without_a_browser_left_open() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        ("/checkout", "<title>Pagar</title><div id=root></div><script src=/app.js></script>"),
        (
            "/app.js",
            "setTimeout(() => { const s = document.createElement('script'); \
             s.src = 'https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js'; document.head.append(s); \
             const f = document.createElement('form'); f.method = 'post'; root.append(f); \
             for (const name of ['cardNumber', 'securityCode', 'cardExpirationMonth', 'cardExpirationYear', 'cardholderName']) { \
             const i = document.createElement('input'); i.dataset.checkout = name; if (name === 'cardNumber') i.name = 'tarjeta'; \
             f.append(i); } }, 300);",
        ),
    ]);
    let start = Url::parse(&format!("http://{address}/checkout")).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let pictures = Some(folder.path().join("pictures"));
    let seen = judge_with(with(&program), &start, crawl::Options::default(), pictures);
    assert_eq!(seen.pages[0].generations, [Generation::V1]);
    let picture = std::fs::read(seen.pages[0].screenshot.as_ref().unwrap()).unwrap();
    assert!(has_color(&picture));
    assert!(seen.pages[0].rendered && seen.pages[0].checkout);
    let facts = seen.browser.as_ref().unwrap();
    assert!(facts.pages == 1 && facts.version.contains("Chrome/"), "{facts:?}");
    assert_eq!(verdict(&seen, "card-fields-no-name"), Verdict::Fail);
    let check = seen.checks.iter().find(|check| check.rule == "card-fields-no-name").unwrap();
    assert_eq!(check.findings.len(), 1);
    assert_eq!(check.findings[0].place.line, None, "no line of a source is claimed");
    assert!(format!("{:?}", check.findings[0].evidence).contains("tarjeta"));
    let shots = check.findings[0].evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Note { message } if message.key == "browser.shot" => message.args.get("path"),
        _ => None,
    });
    let shots: Vec<_> = shots.map(|path| std::fs::read(path).unwrap()).collect();
    assert!(
        shots.len() == 1 && shots[0].len() < picture.len() && has_color(&shots[0]),
        "a picture of the element alone"
    );

    let unseen = judge(Choice::None, &start, crawl::Options::default());
    assert_eq!(verdict(&unseen, "card-fields-no-name"), Verdict::Inconclusive);
    assert!(!unseen.pages[0].rendered && unseen.browser.is_none());
    let missing = judge(with(Path::new("/nowhere/chrome")), &start, crawl::Options::default());
    let check = missing.checks.iter().find(|check| check.rule == "card-fields-no-name").unwrap();
    assert_eq!(check.verdict, Verdict::Inconclusive);
    assert_eq!(check.reason.as_ref().unwrap().key, "browser.not-there");
}

#[test]
fn secure_fields_are_known_by_their_frames() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        ("/pagar", "<title>Pagar</title><div id=root></div><script src=/app.js></script>"),
        ("/app.js", "import('/chunk.js')"),
        (
            "/chunk.js",
            "root.innerHTML = '<form id=pay method=post><div id=number></div><div id=code></div></form>'; \
             const s = document.createElement('script'); s.src = 'https://sdk.mercadopago.com/js/v2'; \
             s.onload = () => { const mp = new MercadoPago('APP_USR-00000000-1111-4222-8333-444444444444'); \
             mp['fi' + 'elds']['cre' + 'ate']('cardNumber').mount('number'); mp.fields.create('securityCode').mount('code'); }; \
             document.body.append(s);",
        ),
    ]);
    let start = Url::parse(&format!("http://{address}/pagar")).unwrap();
    let shop = judge(with(&program), &start, crawl::Options::default());
    assert_eq!(shop.pages[0].generations, [Generation::V2Core]);
    assert_eq!(shop.pages[0].limit, None, "{:?}", shop.pages[0].limit);
    for rule in ["card-fields-no-name", "sdk-present", "card-raw-without-sdk"] {
        let verdict = verdict(&shop, rule);
        assert!(matches!(verdict, Verdict::Pass | Verdict::NotApplicable), "{rule}: {verdict:?}");
    }
}

#[test]
fn a_policy_that_stops_the_sdk_is_told_by_the_browser() {
    let Some((program, _alone)) = browser() else { return };
    let page = "<title>Pagar</title><p>Total: $ 100</p><div id=cardPaymentBrick_container></div>\
                <script src=https://sdk.mercadopago.com/js/v2></script>";
    let address = site(&[("/csp/pagar", page), ("/pagar", page)]);
    for (path, expected) in [("/csp/pagar", Verdict::Fail), ("/pagar", Verdict::Pass)] {
        let start = Url::parse(&format!("http://{address}{path}")).unwrap();
        let shop = judge(with(&program), &start, crawl::Options::default());
        assert_eq!(verdict(&shop, "sdk-loads"), expected, "{path}");
        assert_eq!(verdict(&shop, "ux-total-visible"), Verdict::Pass, "{path}");
    }
}

#[test]
fn a_certificate_of_the_users_own_authority_is_accepted_and_no_other() {
    let Some((program, _alone)) = browser() else { return };
    let (ready, broken) =
        run_kept(async { (demo::start(ShopKind::Ready).await.unwrap(), demo::start(ShopKind::Broken).await.unwrap()) });
    let crawl = crawl::Options { extra_roots: vec![ready.ca_der()], ..crawl::Options::default() };
    let shop = judge(with(&program), &ready.url, crawl);
    let drawn = shop.pages.iter().filter(|page| page.rendered).count();
    assert!(drawn > 0 && shop.browser.as_ref().is_some_and(|facts| facts.pages as usize == drawn), "{:?}", shop.pages);
    // The faults of the other one are told by the probe; its pages are seen all the same, behind that very leaf.
    let shop = judge(with(&program), &broken.url, crawl::Options::default());
    assert!(shop.pages.iter().any(|page| page.rendered), "{:?}", shop.pages);
    assert_eq!(verdict(&shop, "transport-certificate-valid"), Verdict::Fail);
}

#[test]
fn a_journey_leads_to_the_checkout_and_says_where_it_stops() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        (
            "/",
            "<title>Tienda</title><p>Bienvenido a la tienda de siempre</p><button id=buy onclick=\"location='/cart'\">Comprar</button>",
        ),
        (
            "/cart",
            "<title>Carrito</title><form action=/pay method=get><input id=mail name=m><select id=ship><option value=1>Retiro\
             <option value=2>Envío</select></form><iframe id=inner src=/inner></iframe><p id=out></p><script>\
             ship.oninput = () => out.textContent = 'envío ' + ship.value + ' para ' + mail.value;</script>",
        ),
        ("/inner", "<button id=go onclick=\"fetch('/saved').then(() => top.location = '/pay')\">Seguir</button>"),
        ("/saved", "ok"),
        ("/pay", "<title>Pagar</title><form method=post><input data-checkout=cardNumber name=tarjeta></form>"),
    ]);
    let folder = tempfile::TempDir::new().unwrap();
    let check = |journey: &str| {
        let config = format!(
            "golive:\n  shops: ['http://{address}/']\n  browser: {}\n  screenshots: shots\n  ignore-robots: true\n  journey:\n{journey}",
            program.display()
        );
        std::fs::write(folder.path().join("homologa.yaml"), config).unwrap();
        homologa_with(
            folder.path(),
            &[("SHOP_MAIL", "ana.perez@example.com")],
            &["check", "--format", "json", "--lang", "en"],
        )
    };
    let ran = check(
        "    - click: '#buy'\n    - fill: { '#mail': '${env.SHOP_MAIL}' }\n    - select: { '#ship': Envío }\n    \
         - wait: { text: envío 2 }\n    - screenshot: carrito\n    - frame: '#inner'\n    - click: '#go'\n    \
         - wait: { request: /saved }\n    - frame: main\n    - wait: { url: /pay }\n",
    );
    let record = ran.json();
    assert!(!ran.all().contains("ana.perez"), "{}", ran.all());
    let pages = record["shops"][0]["pages"].as_array().unwrap_or_else(|| panic!("{}", ran.all()));
    let pay = pages.iter().find(|page| page["title"] == "Pagar").unwrap_or_else(|| panic!("{}", ran.all()));
    assert!(pay["rendered"] == true && pay["checkout"] == true, "{pay}");
    let named = |check: &&serde_json::Value| check["rule"] == "card-fields-no-name";
    let checks = record["shops"][0]["checks"].as_array().unwrap();
    assert_eq!(checks.iter().find(named).unwrap()["verdict"], "fail");
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(std::fs::read_dir(folder.path().join("shots")).unwrap().count() >= 2);

    let ran = check("    - click: '#buy'\n    - wait: '#never'\n      seconds: 1\n");
    assert_eq!(ran.code, 3, "{}", ran.all());
    let problem = &ran.json()["problems"][0];
    assert_eq!(
        (problem["place"]["line"].as_u64(), problem["message"]["args"]["n"].as_str()),
        (Some(8), Some("2")),
        "{problem}"
    );
    assert!(problem["fix"]["args"]["path"].as_str().unwrap().ends_with("journey-2.png"), "{problem}");

    let ran = check("    - clik: '#buy'\n");
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("homologa.yaml:7:7"), "{}", ran.all());
}

/// Servers of a test live as long as their runtime.
fn run_kept<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let made = runtime.block_on(work);
    std::mem::forget(runtime);
    made
}
