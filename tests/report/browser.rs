//! The HTML report in a real browser: nothing from outside executes, nothing overflows, no policy is broken.

use tempfile::TempDir;

use super::hostile;
use crate::support::browser::{chromium, open};
use crate::support::tab::Tab;
use crate::support::{demo, homologa_in};

#[test]
fn nothing_from_outside_executes_and_the_policy_holds() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hostile.json"), hostile::record().to_string()).unwrap();
    std::fs::write(folder.path().join("earlier.json"), hostile::earlier().to_string()).unwrap();
    let ran = homologa_in(folder.path(), &["report", "earlier.json", "hostile.json", "--report", "html=hostile.html"]);
    assert!(folder.path().join("hostile.html").exists(), "{}", ran.all());
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'), "the terminal is steered");
    let seen = open(&browser, &folder.path().join("hostile.html"), 1440);
    assert!(seen.dom.contains("pwned"), "the hostile text is shown");
    assert!(seen.dom.contains("id=\"trend\"") && seen.dom.contains("class=\"pill new\""), "both runs are shown");
    assert!(!seen.dom.contains(">pwned</title>"), "a script from outside ran");
    for complaint in ["Content Security Policy", "Refused to", "Uncaught"] {
        assert!(!seen.log.contains(complaint), "{}", seen.log);
    }
}

#[test]
fn the_report_fits_a_phone_and_a_desk() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    let (record, journal) = (demo().file("report.json"), demo().file("record.jsonl"));
    let records = [record.to_str().unwrap(), journal.to_str().unwrap()];
    homologa_in(folder.path(), &["report", records[0], records[1], "--report", "html=report.html"]);
    for width in [320, 390, 1440] {
        let page = format!(
            "<!doctype html><body style='margin:0'><iframe src='file://{}' style='border:0;width:{width}px;height:900px'></iframe>\
             <script>onload=()=>{{const page=document.querySelector('iframe').contentDocument.documentElement;\
             page.querySelectorAll('details:not(.scenario)').forEach(each=>each.open=true);\
             const tables=[...page.querySelectorAll('.wide, .toc, .toc ol')].filter(each=>each.clientWidth);\
             const wide=page.scrollWidth,scrolled=tables.filter(each=>each.scrollWidth>each.clientWidth).length;\
             const walker=document.createTreeWalker(page,NodeFilter.SHOW_TEXT),texts=[];\
             while(walker.nextNode())texts.push(walker.currentNode);\
             const own='script,style,svg,button,.mark,.sign,.num,.count,.counts,.pill,.legend,.label,.vh,.nowrap';\
             const outside=texts.filter(each=>each.data.trim()&&!each.parentElement.closest(own));\
             outside.forEach(each=>each.data+='W'.repeat(300));\
             document.title='wide '+[wide,tables.length,scrolled,outside.length,page.scrollWidth].join(' ')}}</script>",
            folder.path().join("report.html").display()
        );
        let file = folder.path().join("frame.html");
        std::fs::write(&file, page).unwrap();
        let seen = open(&browser, &file, 1600);
        let title = seen.dom.split("<title>wide ").nth(1).and_then(|rest| rest.split('<').next());
        let told: Vec<u32> = title.into_iter().flat_map(str::split_whitespace).flat_map(str::parse).collect();
        let [wide, tables, scrolled, outside, with_long_words] = told[..] else { panic!("{}", &seen.dom[..300]) };
        // A scroll bar takes some of the frame; what is wider than the frame would have to be scrolled sideways.
        assert!(wide > 300 && wide <= width, "{wide} of {width} pixels");
        // Nor is there a table that would: trend, requirements, codes, statuses, pages.
        assert!(tables > 6 && scrolled == 0, "{scrolled} of {tables} tables at {width} pixels");
        // A word without end in each text breaks, or scrolls inside of its own table.
        assert!(outside > 1_000 && with_long_words <= width, "{with_long_words} of {width} pixels, {outside} texts");
    }
}

/// Sections are drawn when they come into sight: a link has to arrive all the same.
#[test]
fn a_link_into_the_report_shows_what_it_names() {
    let Some(browser) = chromium() else { return };
    let page = demo().file("report.html");
    let address = format!("file://{}", page.display());
    let mut tab = Tab::open(&browser, &address);
    tab.until("document.readyState === 'complete'");
    let ids = tab.value("JSON.stringify([...document.querySelectorAll('[id^=\"f-\"]')].map(each => each.id))");
    let ids: Vec<String> = serde_json::from_str(ids.as_str().unwrap()).unwrap();
    assert!(ids.len() > 20, "{ids:?}");
    for id in [&ids[0], &ids[ids.len() / 2], &ids[ids.len() - 1], "contract", "open", "manual", "shop-2"] {
        let mut tab = Tab::open(&browser, &format!("{address}#{id}"));
        tab.until("document.readyState === 'complete'");
        std::thread::sleep(std::time::Duration::from_millis(800));
        let seen = tab.value(&format!(
            "(() => {{ const at = document.getElementById('{id}').getBoundingClientRect();\
             return at.top >= -1 && at.top < innerHeight - 40; }})()"
        ));
        let top = tab.value(&format!("document.getElementById('{id}').getBoundingClientRect().top"));
        assert_eq!(seen, true, "#{id} is at {top}");
    }
}
