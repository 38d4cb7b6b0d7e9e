//! The HTML report as a reader and an attacker see it.

use std::collections::HashSet;

use scraper::{Html, Selector};

use super::*;
use crate::report::outline::Outline;
use crate::report::sample;

fn page(record: &RunRecord, lang: Lang) -> String {
    let mut bytes = Vec::new();
    write(record, lang, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn records() -> Vec<RunRecord> {
    let mut partial = sample::not_ready();
    (partial.complete, partial.verdict) = (false, None);
    vec![sample::not_ready(), sample::ready(), partial, RunRecord::default()]
}

fn select<'h>(html: &'h Html, selector: &str) -> Vec<scraper::ElementRef<'h>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

#[test]
fn the_same_record_renders_to_the_same_bytes() {
    for record in records() {
        assert_eq!(page(&record, Lang::Es), page(&record, Lang::Es));
    }
}

#[test]
fn nothing_hostile_becomes_markup_or_steers_the_reader() {
    for lang in Lang::ALL {
        let html = page(&sample::not_ready(), lang);
        assert!(!html.contains(['\0', '\u{1b}', '\r', '\u{202e}']));
        assert!(!html.contains("onerror=alert(2)>") && !html.contains("<script>alert"));
        assert!(html.contains("{{ 7*7 }}"), "values are not templates");
        let parsed = Html::parse_document(&html);
        assert_eq!(select(&parsed, "script").len(), 1);
        assert_eq!(select(&parsed, "img, iframe, link, object, embed, base, form, [src], [style]").len(), 0);
        for element in select(&parsed, "*") {
            for (name, _) in element.value().attrs() {
                assert!(!name.starts_with("on"), "{name}");
            }
        }
        for element in select(&parsed, "[href]") {
            let href = element.value().attr("href").unwrap();
            assert!(["#", "https://", "http://"].iter().any(|start| href.starts_with(start)), "{href}");
        }
    }
}

#[test]
fn the_security_policy_names_exactly_what_is_in_the_file() {
    let parsed = Html::parse_document(&page(&sample::ready(), Lang::En));
    let text = |selector: &str| select(&parsed, selector)[0].text().collect::<String>();
    let policy = select(&parsed, "meta[http-equiv]")[0].value().attr("content").unwrap().to_owned();
    for part in [hash(&text("style")), hash(&text("script")), "default-src 'none'".to_owned()] {
        assert!(policy.contains(&part), "{part} is not in {policy}");
    }
    // The empty string's digest is a published test vector.
    assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn every_identity_is_unique_and_every_inner_link_arrives() {
    for record in records() {
        let parsed = Html::parse_document(&page(&record, Lang::Pt));
        let mut ids = HashSet::new();
        for element in select(&parsed, "[id]") {
            let id = element.value().attr("id").unwrap();
            assert!(ids.insert(id), "{id} twice");
        }
        for element in select(&parsed, "a[href^='#'], [aria-labelledby]") {
            let value = element.value();
            let wanted = value.attr("href").map(|href| &href[1..]).or(value.attr("aria-labelledby")).unwrap();
            assert!(ids.contains(wanted), "{wanted} leads nowhere");
        }
    }
}

#[test]
fn every_finding_scenario_code_and_open_question_is_on_the_page() {
    let record = sample::not_ready();
    let outline = Outline::of(&record);
    let parsed = Html::parse_document(&page(&record, Lang::Es));
    let count = |selector: &str| select(&parsed, selector).len();
    let spots: usize = outline.mend.iter().map(|group| group.spots.len()).sum();
    assert_eq!(count("#mend .item"), outline.mend.len());
    assert_eq!(count("#mend .spot"), spots);
    assert_eq!(count("#open .row"), outline.open.len());
    assert_eq!(count(".map .sq"), 90);
    assert_eq!(count(".scenario"), record.contract.as_ref().unwrap().scenarios.len());
    assert_eq!(count(".matrix tbody tr"), record.requirements.len());
    assert_eq!(count(".checks .row"), record.shops.iter().map(|shop| shop.checks.len()).sum::<usize>());
    assert_eq!(count("h1"), 1);
}

#[test]
fn the_page_speaks_three_languages_and_shows_no_raw_key() {
    let raw = regex::Regex::new(r"\breport\.[a-z-]+").unwrap();
    for record in records() {
        let html = page(&record, Lang::En);
        for found in raw.find_iter(&html) {
            assert_eq!(found.as_str(), "report.json");
        }
        let parsed = Html::parse_document(&html);
        let spans = |lang: &str| select(&parsed, &format!(".l[lang={lang}]")).len();
        assert!(spans("es") > 20 && spans("es") == spans("pt") && spans("pt") == spans("en"));
        assert!(!html.contains("{n"), "a placeholder without a value");
    }
}

/// Contrast of WCAG 2 between two colours written `#rrggbb`.
fn contrast(one: &str, two: &str) -> f64 {
    let luminance = |color: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (one, two) = (luminance(one), luminance(two));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

#[test]
fn text_can_be_read_in_light_in_dark_and_on_paper() {
    let variable = regex::Regex::new(r"--([a-z-]+): (#[0-9a-f]{6});").unwrap();
    let themes = CSS.split("--bg:").skip(1).map(|rest| format!("--bg:{}", rest.split('}').next().unwrap()));
    let themes: Vec<String> = themes.collect();
    assert_eq!(themes.len(), 4);
    for theme in themes {
        let colors: std::collections::HashMap<&str, &str> = variable
            .captures_iter(&theme)
            .map(|found| found.extract())
            .map(|(_, [name, color])| (name, color))
            .collect();
        for ground in ["bg", "panel", "sunk"] {
            for ink in ["ink", "soft", "link", "pass", "fail", "warn", "open", "advice"] {
                let value = contrast(colors[ink], colors[ground]);
                assert!(value >= 4.5, "{ink} on {ground}: {value:.2}");
            }
        }
        for state in ["pass", "fail", "warn", "open", "advice"] {
            let value = contrast(colors[state], colors[format!("{state}-bg").as_str()]);
            assert!(value >= 4.5, "{state} on its ground: {value:.2}");
            assert!(contrast(colors["bg"], colors[state]) >= 4.5);
        }
    }
}

/// A platform's run must render in seconds and into a file that a browser opens.
#[test]
fn thousands_of_scenarios_stay_within_bounds() {
    let mut record = sample::not_ready();
    if let Some(contract) = &mut record.contract {
        let few = contract.scenarios.clone();
        contract.scenarios = few.iter().cycle().take(3_000).cloned().collect();
        contract.planned = 3_000;
    }
    let html = page(&record, Lang::Es);
    assert!(html.len() < 20_000_000, "{} bytes", html.len());
}
