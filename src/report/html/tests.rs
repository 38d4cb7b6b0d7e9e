//! The HTML report as a reader and an attacker see it.

use std::collections::HashSet;

use scraper::{Html, Selector};

use super::*;
use crate::i18n::Message;
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
    vec![sample::not_ready(), sample::ready(), sample::tolerating(), partial, RunRecord::default()]
}

fn select<'h>(html: &'h Html, selector: &str) -> Vec<scraper::ElementRef<'h>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// A page with everything that may stand beside a record: an earlier run, a trend and a picture.
fn full_page(lang: Lang) -> String {
    let record = sample::not_ready();
    let mut earlier = record.clone();
    for check in earlier.shops.iter_mut().flat_map(|shop| &mut shop.checks) {
        check.findings.truncate(1);
        check.findings.iter_mut().for_each(|finding| finding.id = format!("{}\"'><b>", finding.id));
    }
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02".to_vec();
    png.extend([0; 8]);
    let path = "shots/\"><script>alert(1)</script>.png";
    let mut with_picture = record;
    let message = Message::new("browser.shot").with("path", path);
    let finding =
        with_picture.shops.iter_mut().flat_map(|shop| &mut shop.checks).find_map(|check| check.findings.first_mut());
    // Twice named, shown once.
    finding
        .unwrap()
        .evidence
        .extend([crate::run::Evidence::Note { message: message.clone() }, crate::run::Evidence::Note { message }]);
    assert_eq!(picture_names(&with_picture), [path]);
    let trend = vec![Point::of(&earlier), Point::of(&sample::ready()), Point::of(&with_picture)];
    let pictures = [(path.to_owned(), Picture::from_png(&png).unwrap())].into_iter().collect();
    let beside = Beside { earlier: Some(earlier), trend, pictures, ..Beside::default() };
    let mut bytes = Vec::new();
    write_with(&with_picture, &beside, lang, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_stands_beside_a_record_is_shown_and_as_harmless() {
    let html = full_page(Lang::Es);
    let parsed = Html::parse_document(&html);
    let count = |selector: &str| select(&parsed, selector).len();
    assert_eq!((count("#history"), count("svg.trend g"), count(".trend-table tbody tr")), (1, 3, 3));
    assert_eq!((count("img"), count("script"), count("b[onload], main b > b")), (1, 1, 0));
    assert!(select(&parsed, "img")[0].value().attr("src").unwrap().starts_with("data:image/png;base64,"));
    assert!(count(".pill.new") > 1 && count("#history .row") > 1);
    let ids: HashSet<&str> = select(&parsed, "[id]").iter().filter_map(|each| each.value().attr("id")).collect();
    assert_eq!(ids.len(), count("[id]"), "an id stands twice");
    for link in select(&parsed, "a[href^='#'], [aria-labelledby]") {
        let value = link.value();
        let wanted = value.attr("href").map(|href| &href[1..]).or(value.attr("aria-labelledby")).unwrap();
        assert!(ids.contains(wanted), "{wanted} leads nowhere");
    }
    assert!(full_page(Lang::Es) == html);
}

#[test]
fn what_is_tolerated_and_what_only_a_person_can_check_is_shown_as_no_pass() {
    let record = sample::tolerating();
    let parsed = Html::parse_document(&page(&record, Lang::En));
    let count = |selector: &str| select(&parsed, selector).len();
    assert_eq!(count(".by-hand .row"), record.manual.len());
    assert_eq!(count("#tolerated .row[id]"), record.tolerated().count());
    let text: String = select(&parsed, "#tolerated")[0].text().collect();
    for words in ["31 January 2027", "Ana (caja)", "La página de términos nueva sale", "expired"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let marks: Vec<String> = select(&parsed, ".matrix .mark").iter().map(|mark| mark.text().collect()).collect();
    assert!(marks.iter().any(|mark| mark.contains('~')), "{marks:?}");
    let nothing = Html::parse_document(&page(&RunRecord::default(), Lang::En));
    assert_eq!(select(&nothing, "#tolerated, #manual").len(), 0);
}

#[test]
fn the_same_record_renders_to_the_same_bytes() {
    for record in records() {
        assert_eq!(page(&record, Lang::Es), page(&record, Lang::Es));
    }
}

#[test]
fn nothing_hostile_becomes_markup_or_steers_the_reader() {
    for (record, lang) in
        [sample::not_ready(), sample::tolerating()].iter().flat_map(|record| Lang::ALL.map(|lang| (record, lang)))
    {
        let html = page(record, lang);
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
    for part in [template::hash(&text("style")), template::hash(&text("script")), "default-src 'none'".to_owned()] {
        assert!(policy.contains(&part), "{part} is not in {policy}");
    }
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
    assert_eq!(count(".map .sq:not(.small)"), 90);
    assert_eq!(count(".scenario"), record.contract.as_ref().unwrap().scenarios.len());
    assert_eq!(count(".matrix > tbody > tr:first-child"), record.requirements.len());
    assert_eq!(count(".checks .row"), record.shops.iter().map(|shop| shop.checks.len()).sum::<usize>());
    assert_eq!(count("h1"), 1);
}

#[test]
fn what_is_tolerated_has_its_own_part_and_is_no_plain_pass() {
    let parsed = Html::parse_document(&page(&sample::tolerating(), Lang::En));
    let rows = select(&parsed, "#tolerated .row[id]");
    let words: String = rows[0].text().collect();
    assert_eq!(rows.len(), 1);
    for part in ["terms-linked", "próxima versión", "Ana (caja)", "31 January 2027"] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    assert_eq!(select(&parsed, "#tolerated .row:not([id])").len(), 3, "entries that tolerate nothing");
    assert_eq!(select(&parsed, "#verdict .banner").len(), 1);
    let check =
        select(&parsed, ".checks .row").into_iter().find(|row| row.text().any(|text| text.contains("terms-linked")));
    let check = check.unwrap().html();
    assert!(check.contains("tolerated") && !check.contains("mark pass"), "{check}");
    let parsed = Html::parse_document(&page(&sample::ready(), Lang::En));
    assert!(select(&parsed, "#tolerated").is_empty());
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

/// The record of a large run renders into a file that a browser opens, whatever came out of it.
#[test]
fn large_runs_stay_small_pages_and_say_what_is_not_shown() {
    use crate::run::Verdict::{Fail, Inconclusive, Pass, Warn};
    let large = [
        ("pass", sample::many::scenarios(10_000, Pass)),
        ("fail", sample::many::scenarios(10_000, Fail)),
        ("open", sample::many::scenarios(3_000, Inconclusive)),
        ("noted", sample::many::scenarios(3_000, Warn)),
        ("pages", sample::many::pages(2_000)),
    ];
    let more = Message::new("report.rows-hidden").with("n", "").render(Lang::En);
    let more = more.rsplit_once("more").unwrap().1.to_owned();
    for (name, record) in large {
        let html = page(&record, Lang::Es);
        assert!(html.len() < 5_000_000, "{name}: {} bytes", html.len());
        assert!(html.contains(&more), "{name}: nothing says where the rest is");
        // Reading the whole page as HTML takes long without optimisation: its names and links are plain to find.
        let values = |before: &str| -> Vec<&str> {
            html.split(before).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
        };
        let mut ids = HashSet::new();
        for id in values(" id=\"") {
            assert!(ids.insert(id), "{name}: {id} twice");
        }
        for link in values(" href=\"#") {
            assert!(ids.contains(link), "{name}: {link} leads nowhere");
        }
    }
}

#[test]
fn a_question_that_many_shops_leave_open_is_one_line() {
    let mut record = sample::not_ready();
    let with_open = |shop: &&crate::run::ShopRecord| {
        shop.checks.iter().any(|check| check.verdict == crate::run::Verdict::Inconclusive)
    };
    let shop = record.shops.iter().find(with_open).unwrap().clone();
    record.shops = (0..20)
        .map(|number| crate::run::ShopRecord { url: format!("https://{number}.example/"), ..shop.clone() })
        .collect();
    let rows = |record: &RunRecord| -> Vec<String> {
        let html = Html::parse_document(&page(record, Lang::En));
        select(&html, ".open-row").iter().map(|row| row.text().collect()).collect()
    };
    let all = rows(&record);
    let questions = Outline::of(&record).open.len();
    assert!(questions > all.len() + 18, "{questions} {all:?}");
    let named = all.iter().find(|row| row.contains("0.example, 1.example")).unwrap();
    assert!(named.contains("7.example") && named.contains("and 12 more") && !named.contains("8.example"), "{named}");
    // Another reason is another question.
    let check = record.shops[3].checks.iter_mut().find(|check| check.verdict == crate::run::Verdict::Inconclusive);
    check.unwrap().reason = Some(Message::new("run.not-found"));
    assert_eq!(rows(&record).len(), all.len() + 1);
}

#[test]
fn what_the_page_does_not_list_is_counted() {
    let html = Html::parse_document(&page(&sample::many::scenarios(10_000, crate::run::Verdict::Fail), Lang::En));
    let shown = select(&html, ".scenario").len();
    let hidden = Message::new("report.rows-hidden").with("n", 10_000 - shown).render(Lang::En);
    let texts: Vec<String> =
        select(&html, "#contract > .scenarios > p").iter().map(|each| each.text().collect()).collect();
    assert!(shown > 1_000 && texts.iter().any(|text| text.contains(&hidden)), "{shown}");
    assert_eq!(select(&html, "#mend .item").len(), bounds::LISTED_SCENARIOS);
    assert_eq!(select(&html, "#mend .item:not(.brief)").len(), bounds::FULL_SCENARIOS);
}

/// Writes the pages of large runs for a look with a browser: `cargo test -- --ignored large_pages`.
#[test]
#[ignore = "writes files for measuring by hand"]
fn large_pages_for_a_look() {
    use crate::run::Verdict::{Fail, Pass};
    let folder = std::env::temp_dir().join("homologa-large");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, record) in [
        ("pass", sample::many::scenarios(10_000, Pass)),
        ("fail", sample::many::scenarios(10_000, Fail)),
        ("pages", sample::many::pages(5_000)),
    ] {
        for format in crate::report::FORMATS {
            let mut file =
                std::io::BufWriter::new(std::fs::File::create(folder.join(format!("{name}.{format}"))).unwrap());
            let started = std::time::Instant::now();
            crate::report::write(format, &record, Lang::Es, &mut file).unwrap();
            std::io::Write::flush(&mut file).unwrap();
            let took = started.elapsed();
            let _ = writeln!(std::io::stderr(), "{name}.{format}: {took:?}");
        }
    }
}
