//! What each part of the work costs, measured alone in this process: reading over the network, parsing, the rules,
//! the record.

use std::hint::black_box;
use std::path::Path;
use std::sync::Mutex;

use homologa::golive::check::Judge;
use homologa::golive::crawl::{Limits, Options, crawl};
use homologa::golive::evidence::Page;
use homologa::golive::page::{Document, outline};
use homologa::golive::rule::{RuleSet, ShopFacts};
use url::Url;

use super::measure::own;

/// Prints the parts in processor milliseconds of each page.
pub fn print(url: &str, ca: &Path, count: usize) -> super::Done {
    let url = Url::parse(url)?;
    let limits = Limits {
        pages: count,
        depth: 1_000,
        total_time: std::time::Duration::from_secs(3_600),
        concurrency: 16,
        ..Limits::default()
    };
    let options = Options { limits, ca_file: Some(ca.to_owned()), ..Options::default() };
    let pages: Mutex<Vec<Page>> = Mutex::default();
    let begin = own()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let read = crawl(&url, &options, |page| {
            if let Ok(mut pages) = pages.lock() {
                pages.push(page);
            }
        });
        read.await.map_err(|problem| format!("{problem:?}"))
    })?;
    let read = own()?;
    let pages = pages.into_inner().unwrap_or_default();
    for page in &pages {
        black_box(Document::parse(&page.document.body));
    }
    let parsed = own()?;
    for page in &pages {
        black_box(outline(&page.document.body, &page.document.url));
    }
    let outlined = own()?;
    let rules = RuleSet::builtin().map_err(|problems| format!("{problems:?}"))?;
    let mut judge = Judge::new(&rules);
    for page in &pages {
        black_box(judge.add(page));
    }
    let judged = own()?;
    let facts = ShopFacts {
        start: url,
        tls: None,
        answers: Vec::new(),
        dead: Vec::new(),
        left_out: Vec::new(),
        limit: None,
        files: None,
        saved: false,
    };
    let record = judge.finish(facts);
    black_box(serde_json::to_vec(&record)?);
    let recorded = own()?;
    let each = |seconds: f64| seconds * 1_000.0 / pages.len().max(1) as f64;
    let (crawl, tree, outline) = (read - begin, parsed - read, outlined - parsed);
    println!(
        "ms of each page: fetch {:.2}, tree {:.2}, outline {:.2}, rules {:.2}, record {:.3}\n",
        each(crawl - outline),
        each(tree),
        each(outline - tree),
        each(judged - outlined - outline),
        each(recorded - judged)
    );
    Ok(())
}
