//! Puts pages together from resources that were saved beside each other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use url::Url;

use crate::golive::crawl::{self, same_shop};
use crate::golive::evidence::{Fetched, Frame, Page, Source};
use crate::golive::page::{leads_of, outline};
use crate::http;
use crate::i18n::Message;
use crate::run::{LeftOut, Problem};

/// Scripts, frames and texts of one page.
const PER_PAGE: usize = 200;

/// Resources by address.
#[derive(Debug, Default)]
pub(crate) struct Material {
    /// In the order saved; of one address the first counts.
    pub(super) resources: Vec<Arc<Fetched>>,
    /// Which of them are HTML that is not only a frame, as far as the format says.
    pub(super) pages: Vec<usize>,
    /// Addresses of which only the status was recorded.
    pub(super) answers: Vec<(Url, Option<u16>)>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) limit: Option<Message>,
}

struct Shelf<'m> {
    by_address: HashMap<&'m str, &'m Arc<Fetched>>,
    /// Whether addresses are those of files.
    files: bool,
}

impl Shelf<'_> {
    fn get(&self, url: &Url) -> Option<&Arc<Fetched>> {
        let mut plain = url.clone();
        plain.set_fragment(None);
        if let Some(found) = self.by_address.get(plain.as_str()) {
            return Some(found);
        }
        if !self.files {
            return None;
        }
        // Files have no query.
        plain.set_query(None);
        self.by_address.get(plain.as_str()).copied()
    }

    /// As [`Shelf::get`]; what a page names from the root of its site may stand below any folder above the page.
    fn near(&self, url: &Url, page: &Url) -> Option<&Arc<Fetched>> {
        if let Some(found) = self.get(url) {
            return Some(found);
        }
        if !self.files || url.scheme() != "file" {
            return None;
        }
        let folders = page.path().match_indices('/').map(|(at, _)| &page.path()[..at]).take(20);
        folders.filter(|folder| !folder.is_empty()).find_map(|folder| {
            let mut moved = url.clone();
            moved.set_path(&format!("{folder}{}", url.path()));
            self.get(&moved)
        })
    }
}

/// The pages of saved material.
pub(super) fn pages(material: Material, source: Source, options: &crawl::Options) -> Result<super::Saved, Problem> {
    let mut by_address: HashMap<&str, &Arc<Fetched>> = HashMap::new();
    for resource in &material.resources {
        by_address.entry(resource.url.as_str()).or_insert(resource);
    }
    let shelf = Shelf { by_address, files: source == Source::File };
    let mut framed: HashSet<String> = HashSet::new();
    let mut pages = Vec::new();
    let mut left_out = material.left_out;
    let mut linked: HashSet<Url> = HashSet::new();
    let documents: Vec<&Arc<Fetched>> = material.pages.iter().filter_map(|at| material.resources.get(*at)).collect();
    for document in documents {
        if options.patterns.deny_holds(&document.url) {
            left_out.push(LeftOut { url: http::shown(&document.url), reason: Message::new("crawl.denied") });
            continue;
        }
        if pages.len() >= options.limits.pages {
            left_out.push(LeftOut {
                url: http::shown(&document.url),
                reason: Message::new("saved.page-limit").with("pages", options.limits.pages),
            });
            continue;
        }
        let page = page(document, source, &shelf, &mut linked);
        let frames = page.frames.iter().filter_map(|frame| frame.document.as_ref());
        framed.extend(frames.map(|frame| frame.url.as_str().to_owned()));
        pages.push(page);
    }
    pages.retain(|page| !framed.contains(page.document.url.as_str()));
    let Some(start) = pages.first().map(|page| page.document.url.clone()) else {
        return Err(Problem::input(Message::new("saved.no-page")).fix(Message::new("saved.no-page-fix")));
    };
    let missing = linked.iter().filter(|url| shelf.get(url).is_none()).count();
    let limit = material.limit.or((missing > 0).then(|| Message::new("saved.links-missing").with("count", missing)));
    Ok(super::Saved { start, pages, left_out, answers: material.answers, limit })
}

fn page(document: &Arc<Fetched>, source: Source, shelf: &Shelf, linked: &mut HashSet<Url>) -> Page {
    let mut page = Page { source, ..Page::new(Arc::clone(document), 0) };
    let read = outline(&document.body, &document.url);
    let own = |url: &Url| url.scheme() == "file" || url.scheme() == "cid" || same_shop(&document.url, url);
    let mut taken: HashSet<String> = HashSet::new();
    let mut wanted = read.scripts.clone();
    let mut modules = read.imports.modules.clone();
    for url in &read.frames {
        let held = shelf.near(url, &document.url).filter(|held| held.url != document.url);
        match held {
            Some(held) => {
                let inside = outline(&held.body, &held.url);
                wanted.extend(inside.scripts);
                modules.extend(inside.imports.modules);
                page.frames.push(Frame { url: url.clone(), document: Some(Arc::clone(held)) });
            }
            None => {
                if own(url) {
                    let reason = Message::new("saved.not-saved");
                    page.unread.push(LeftOut { url: http::shown(url), reason });
                }
                page.frames.push(Frame { url: url.clone(), document: None });
            }
        }
    }
    wanted.extend(modules);
    let mut at = 0;
    while let Some(url) = wanted.get(at).cloned() {
        at += 1;
        if !taken.insert(url.as_str().to_owned()) {
            continue;
        }
        if taken.len() > PER_PAGE {
            page.unread.push(LeftOut { url: http::shown(&url), reason: Message::new("crawl.too-many-parts") });
            break;
        }
        match shelf.near(&url, &document.url) {
            // Scripts of other hosts are saved as well; the rules look at the shop's own.
            Some(script) if own(&script.url) => {
                let leads = leads_of(&script.body, &script.url);
                wanted.extend(leads.imports.modules);
                for text in leads.served.iter().filter_map(|url| shelf.near(url, &document.url)) {
                    if page.served.len() < PER_PAGE && taken.insert(text.url.as_str().to_owned()) {
                        page.served.push(Arc::clone(text));
                    }
                }
                page.scripts.push(Arc::clone(script));
            }
            None if own(&url) => {
                page.unread.push(LeftOut { url: http::shown(&url), reason: Message::new("saved.not-saved") });
            }
            _ => {}
        }
    }
    for link in read.links {
        let mut url = link.url;
        url.set_fragment(None);
        if own(&url) && url != document.url && linked.len() < 10_000 && !crawl::changes_something(&url) {
            linked.insert(url);
        }
    }
    page
}
