//! `sitemap.xml`: the addresses that a shop names by itself. Reads text, asks nothing.
//!
//! Only the `loc` of each entry is of use here, so that no XML reader with its entities is needed.

use std::borrow::Cow;
use std::io::Read;

use url::Url;

/// Bytes of one file that are read, before and after decompression.
pub(super) const FILE_BYTES: usize = 10 * 1024 * 1024;
/// Files of one crawl, indexes included.
pub(super) const FILES: usize = 10;
/// Addresses of one crawl.
pub(super) const ADDRESSES: usize = 10_000;

/// What one file names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sitemap {
    /// Pages.
    pub(super) pages: Vec<Url>,
    /// Further sitemaps.
    pub(super) sitemaps: Vec<Url>,
}

/// Reads a sitemap, an index of sitemaps or a list of addresses, one a line; gzip is unpacked within bounds.
pub(super) fn read(bytes: &[u8], base: &Url) -> Sitemap {
    let bytes = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => {
            let mut plain = Vec::new();
            // What a broken file holds before its fault is still a list of addresses.
            let _ = flate2::read::MultiGzDecoder::new(bytes).take(FILE_BYTES as u64).read_to_end(&mut plain);
            Cow::Owned(plain)
        }
        false => Cow::Borrowed(bytes),
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut sitemap = Sitemap::default();
    if !text.starts_with('<') {
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("http"));
        sitemap.pages = lines.filter_map(|line| Url::parse(line).ok()).take(ADDRESSES).collect();
        return sitemap;
    }
    let index = text.get(..text.len().min(4_000)).or(Some(text)).is_some_and(|start| start.contains("<sitemapindex"));
    let list = if index { &mut sitemap.sitemaps } else { &mut sitemap.pages };
    let most = if index { FILES } else { ADDRESSES };
    let mut rest = text;
    while let Some(at) = rest.find("<loc") {
        rest = &rest[at + 4..];
        let Some(open) = rest.find('>') else { break };
        // `<local>` is another element.
        let named = rest.starts_with(['>', ' ', '\t', '\n', '\r']);
        let Some(end) = rest[open..].find("</loc") else { break };
        let inner = &rest[open + 1..open + end];
        rest = &rest[open + end..];
        if !named || inner.len() > 8_192 {
            continue;
        }
        if let Ok(url) = base.join(&plain(inner)) {
            list.push(url);
            if list.len() >= most {
                break;
            }
        }
    }
    sitemap
}

/// The text of an element: CDATA opened, the five entities of XML resolved.
fn plain(inner: &str) -> String {
    let inner = inner.trim();
    match inner.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")) {
        Some(text) => text.trim().to_owned(),
        None if inner.contains('&') => {
            let mut text = inner.to_owned();
            for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
                text = text.replace(entity, sign);
            }
            text
        }
        None => inner.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn paths(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let read = read(bytes, &Url::parse("https://tienda.example/sitemap.xml").unwrap());
        let of = |list: Vec<Url>| list.iter().map(|url| url[url::Position::BeforePath..].to_owned()).collect();
        (of(read.pages), of(read.sitemaps))
    }

    #[test]
    fn addresses_are_found_in_every_form() {
        let xml = "\u{feff}<?xml version='1.0'?><urlset><url><loc> https://tienda.example/a?x=1&amp;y=2 </loc><image:loc>/i</image:loc></url>\
                   <url><loc><![CDATA[/b]]></loc></url><url><loc>\nhttps://tienda.example/c</loc></url><url><local>/no</local></url><url><loc>/cut";
        assert_eq!(paths(xml.as_bytes()).0, ["/a?x=1&y=2", "/b", "/c"]);
        let index = "<sitemapindex><sitemap><loc>/s1.xml.gz</loc></sitemap></sitemapindex>";
        assert_eq!(paths(index.as_bytes()), (vec![], vec!["/s1.xml.gz".to_owned()]));
        assert_eq!(paths(b"https://tienda.example/x\nnada\nhttps://tienda.example/y\r\n").0, ["/x", "/y"]);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(xml.as_bytes()).unwrap();
        assert_eq!(paths(&packed.finish().unwrap()).0.len(), 3);
    }

    #[test]
    fn a_bomb_is_unpacked_within_bounds() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..200 {
            packed.write_all(&vec![b' '; 1024 * 1024]).unwrap();
        }
        assert_eq!(paths(&packed.finish().unwrap()).0.len(), 0);
        let many = "<url><loc>/a</loc></url>".repeat(ADDRESSES + 10);
        assert_eq!(paths(format!("<urlset>{many}").as_bytes()).0.len(), ADDRESSES);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(0u8.., 0..200), text in "[<>/loc&; é\\]\\[!CDAT-]{0,100}") {
            paths(&bytes);
            paths(text.as_bytes());
            paths(format!("<urlset>{text}").as_bytes());
        }
    }
}
