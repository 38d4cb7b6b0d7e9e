//! Saved material and pages that were cut, from outside: what was not seen is no fault of the shop.

use std::path::Path;

use homologa::run::{Check, RunRecord, Verdict};

use crate::support::homologa_in;

const SDK: &str = "<script src='https://sdk.mercadopago.com/js/v2'></script>";
const HTML: &str = "<!doctype html><html lang=es><title>Tienda</title>";
const TERMS: &str = "<p>Somos responsables por los datos que ingreses en este sitio. ";

/// Writes files, checks what is named and gives the record.
fn look(files: &[(&str, String)], what: &str) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join("tienda").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("{HTML}{text}")).unwrap();
    }
    let ran = homologa_in(folder.path(), &["golive", what, "--browser", "none", "--report", "json=r.json"]);
    let json: &Path = &folder.path().join("r.json");
    let text = std::fs::read(json).unwrap_or_else(|_| panic!("{}", ran.all()));
    serde_json::from_slice(&text).unwrap()
}

fn check<'r>(record: &'r RunRecord, rule: &str) -> &'r Check {
    record.shops[0].checks.iter().find(|check| check.rule == rule).unwrap()
}

#[test]
fn a_folder_is_judged_by_the_links_that_it_has() {
    let terms = format!("<h1>Términos</h1>{TERMS}{}", "palabras de más ".repeat(30));
    let shop = |link: &str| {
        let checkout =
            format!("<a href='{link}'>Términos y condiciones</a>{SDK}<div id=cardPaymentBrick_container></div>");
        let index =
            format!("<a href=/>Inicio</a><a href='{link}'>Términos y condiciones</a><a href=/checkout.html>p</a>");
        look(&[("index.html", index), ("checkout.html", checkout), ("terminos.html", terms.clone())], "tienda")
    };
    for link in ["/terminos.html", "terminos.html", "./terminos.html#a", "/terminos"] {
        let record = shop(link);
        for rule in ["terms-link", "terms-page-reachable", "terms-data-responsibility"] {
            assert_eq!(check(&record, rule).verdict, Verdict::Pass, "{link} {:?}", check(&record, rule));
        }
    }
    let record = shop("https://otra.example/nada");
    assert_eq!(check(&record, "terms-link").verdict, Verdict::Pass, "its words say it");
    let none = look(&[("index.html", format!("{SDK}<div id=cardPaymentBrick_container></div>{TERMS}"))], "tienda");
    assert_eq!(check(&none, "terms-link").verdict, Verdict::Fail);
}

#[test]
fn what_stands_behind_a_cut_is_not_missing() {
    let end = format!(
        "<form><input data-checkout=cardNumber><input data-checkout=securityCode></form>{SDK}<a href=/terminos.html>Términos</a>"
    );
    let filler = [
        format!("<!--{}-->", "x".repeat(6 << 20)),
        format!("<img src='data:image/png;base64,{}'>", "A".repeat(6 << 20)),
        "<div>".repeat(300_000),
    ];
    for filler in filler {
        let start = "<form><input data-checkout=cardNumber></form>";
        let record = look(&[("index.html", format!("{start}{filler}{end}"))], "tienda/index.html");
        for rule in ["terms-link", "sdk-present", "v1-data-checkout-complete", "privacy-and-returns-pages"] {
            let check = check(&record, rule);
            assert_eq!(check.verdict, Verdict::Inconclusive, "{:.20} {check:?}", filler);
            assert!(check.reason.as_ref().is_some_and(|reason| reason.key == "golive.page-cut"), "{check:?}");
        }
    }
}
