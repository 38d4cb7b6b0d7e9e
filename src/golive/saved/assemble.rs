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
/// Links to what was not saved that are named.
const NAMED: usize = 3;

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
        places_of(url, page).find_map(|place| self.get(&place))
    }
}

/// Where a saved file may stand that a page names: as it is named, or from the root of its site below any folder
/// above the page; a folder stands for its `index.html`, a name without an end for the file that ends in `.html`.
pub(in crate::golive) fn places_of<'u>(url: &'u Url, page: &'u Url) -> impl Iterator<Item = Url> + 'u {
    let folders = page.path().match_indices('/').map(|(at, _)| &page.path()[..at]).take(20);
    let folders = std::iter::once("").chain(folders.filter(|folder| !folder.is_empty()));
    folders.flat_map(move |folder| {
        let path = url.path();
        let ends: &[&str] = match path.rsplit('/').next().unwrap_or_default() {
            "" => &["index.html", "index.htm"],
            name if name.contains('.') => &[""],
            _ => &["", ".html", ".htm", "/index.html"],
        };
        ends.iter().map(move |end| {
            let mut place = url.clone();
            place.set_fragment(None);
            place.set_query(None);
            place.set_path(&format!("{folder}{path}{end}"));
            place
        })
    })
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
    let mut missing = Missing::default();
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
        let page = page(document, source, &shelf, &mut missing);
        let frames = page.frames.iter().filter_map(|frame| frame.document.as_ref());
        framed.extend(frames.map(|frame| frame.url.as_str().to_owned()));
        pages.push(page);
    }
    pages.retain(|page| !framed.contains(page.document.url.as_str()));
    let Some(start) = pages.first().map(|page| page.document.url.clone()) else {
        let damaged = material.limit.filter(|limit| limit.key == "saved.not-decoded");
        let reason = damaged.unwrap_or_else(|| Message::new("saved.no-page"));
        return Err(Problem::input(reason).fix(Message::new("saved.no-page-fix")));
    };
    let limit = material.limit.or_else(|| missing.told());
    Ok(super::Saved { start, pages, left_out, answers: material.answers, limit })
}

/// Links of the shop that lead to nothing that was saved.
#[derive(Default)]
struct Missing {
    known: HashSet<Url>,
    /// The first of them, each as it is shown.
    named: Vec<String>,
}

impl Missing {
    fn add(&mut self, url: Url, page: &Url) {
        if self.known.len() >= 10_000 || self.known.contains(&url) {
            return;
        }
        if self.named.len() < NAMED {
            let shown = |url: &Url| match url.scheme() {
                "file" => url.path().to_owned(),
                _ => http::shown(url),
            };
            self.named.push(format!("{} ← {}", shown(&url), shown(page)));
        }
        self.known.insert(url);
    }

    fn told(&self) -> Option<Message> {
        let count = self.known.len();
        let more = if count > self.named.len() { ", …" } else { "" };
        let links = format!("{}{more}", self.named.join(", "));
        (count > 0).then(|| Message::new("saved.links-missing").with("count", count).with("links", links))
    }
}

fn page(document: &Arc<Fetched>, source: Source, shelf: &Shelf, missing: &mut Missing) -> Page {
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
        let left = crawl::changes_something(&url) || url == document.url || shelf.near(&url, &document.url).is_some();
        if own(&url) && !left {
            missing.add(url, &document.url);
        }
    }
    page
}
