//! HAR: what a browser recorded, entry by entry, so that pictures and films in it are never held.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::assemble::Material;
use crate::golive::crawl::Limits;
use crate::golive::evidence::Fetched;
use crate::http;
use crate::i18n::Message;
use crate::run::{Hop, LeftOut, Problem};

/// Entries that are read.
const ENTRIES: usize = 20_000;

#[derive(Deserialize)]
struct Entry<'e> {
    #[serde(borrow)]
    request: Request<'e>,
    #[serde(borrow)]
    response: Response<'e>,
}

#[derive(Deserialize)]
struct Request<'e> {
    #[serde(borrow, default)]
    method: Cow<'e, str>,
    #[serde(borrow)]
    url: Cow<'e, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response<'e> {
    #[serde(default)]
    status: i64,
    #[serde(borrow, default)]
    headers: Vec<Header<'e>>,
    #[serde(borrow, default, rename = "redirectURL")]
    redirect_url: Option<Cow<'e, str>>,
    #[serde(borrow, default)]
    content: Content<'e>,
}

#[derive(Deserialize)]
struct Header<'e> {
    #[serde(borrow, default)]
    name: Cow<'e, str>,
    #[serde(borrow, default)]
    value: Cow<'e, str>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Content<'e> {
    #[serde(borrow, default)]
    mime_type: Cow<'e, str>,
    #[serde(borrow, default)]
    text: Option<Cow<'e, str>>,
    #[serde(borrow, default)]
    encoding: Option<Cow<'e, str>>,
}

/// Reads a HAR.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Material, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader =
        Reader { material: Material::default(), redirects: HashMap::new(), limits, log: false, entries: 0 };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Root(&mut reader).deserialize(&mut json);
    let refuse = |error: &dyn std::fmt::Display| {
        Problem::input(Message::new("saved.not-har").with("error", error)).fix(Message::new("saved.not-har-fix"))
    };
    match read {
        Err(error) => Err(refuse(&error)),
        Ok(()) if !reader.log => Err(refuse(&"log.entries")),
        Ok(()) => Ok(reader.material),
    }
}

struct Reader<'l> {
    material: Material,
    /// Where each address was redirected to, with its status.
    redirects: HashMap<String, (String, u16)>,
    limits: &'l Limits,
    log: bool,
    entries: usize,
}

impl Reader<'_> {
    fn take(&mut self, entry: Entry) {
        self.entries += 1;
        let Ok(mut url) = Url::parse(&entry.request.url) else { return };
        if self.entries > ENTRIES || !matches!(url.scheme(), "http" | "https") {
            return;
        }
        url.set_fragment(None);
        let Ok(status) = u16::try_from(entry.response.status) else { return };
        if let (300..400, Some(target)) = (status, &entry.response.redirect_url)
            && let Ok(target) = url.join(target)
        {
            self.redirects.insert(target.as_str().to_owned(), (url.as_str().to_owned(), status));
            return;
        }
        let kind = entry.response.content.mime_type.to_ascii_lowercase();
        let html = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
        let script = kind.contains("javascript") || kind.contains("ecmascript");
        let text = kind.contains("json") || kind.starts_with("text/plain") || url.path().ends_with(".map");
        let get = entry.request.method.is_empty() || entry.request.method.eq_ignore_ascii_case("GET");
        if !html && !script && !text || !get && html {
            return;
        }
        if !(200..300).contains(&status) {
            if status >= 400 && self.material.answers.len() < 1_000 {
                self.material.answers.push((url, Some(status)));
            }
            return;
        }
        let Some(body) = entry.response.content.text else {
            let reason = Message::new("saved.no-body");
            self.material.left_out.push(LeftOut { url: http::shown(&url), reason });
            return;
        };
        let most = if html { self.limits.page_bytes } else { self.limits.script_bytes };
        let headers: Vec<(String, String)> = entry
            .response
            .headers
            .iter()
            .take(200)
            .map(|header| (header.name.to_ascii_lowercase(), header.value.chars().take(8_192).collect()))
            .collect();
        let (body, length) = match entry.response.content.encoding.as_deref() {
            Some("base64") => {
                let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(body.as_bytes()) else {
                    // What it holds is not known: an empty page would be judged as one that lacks everything.
                    let shown = http::shown(&url);
                    let reason = Message::new("saved.not-decoded").with("url", &shown);
                    self.material.limit.get_or_insert(reason.clone());
                    self.material.left_out.push(LeftOut { url: shown, reason });
                    return;
                };
                let length = bytes.len();
                (http::decode(bytes, Some(&entry.response.content.mime_type)), length)
            }
            _ => (body.into_owned(), 0),
        };
        let length = length.max(body.len());
        let cut = body.len() > most;
        let body = if cut { super::folder::cut_at(body, most) } else { body };
        let (requested, hops) = self.chain(&url);
        let at = self.material.resources.len();
        let fetched = Fetched { requested, url, hops, status, headers, body, bytes: length as u64, cut };
        if html {
            self.material.pages.push(at);
        }
        self.material.resources.push(Arc::new(fetched));
    }

    /// The redirects that led to an address, the first one first.
    fn chain(&self, url: &Url) -> (Url, Vec<Hop>) {
        let mut hops: Vec<Hop> = Vec::new();
        let mut first = url.clone();
        while let Some((before, status)) = self.redirects.get(first.as_str()) {
            let Ok(before) = Url::parse(before) else { break };
            if hops.len() >= 20 {
                break;
            }
            hops.push(Hop { url: http::shown(&before), status: *status });
            first = before;
        }
        hops.reverse();
        (first, hops)
    }
}

/// One member of an object that is looked for; all others are passed over.
macro_rules! member {
    ($name:ident, $key:literal, $inner:ident) => {
        struct $name<'r, 'l>(&'r mut Reader<'l>);
        impl<'de> DeserializeSeed<'de> for $name<'_, '_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_map(self)
            }
        }
        impl<'de> Visitor<'de> for $name<'_, '_> {
            type Value = ();
            fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
                out.write_str(concat!("an object with \"", $key, "\""))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<Cow<str>>()? {
                    if key == $key {
                        map.next_value_seed($inner(&mut *self.0))?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }
    };
}

member!(Root, "log", Log);
member!(Log, "entries", Entries);

struct Entries<'r, 'l>(&'r mut Reader<'l>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();
    fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("a list of entries")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.log = true;
        while let Some(entry) = list.next_element::<Entry>()? {
            self.0.take(entry);
        }
        Ok(())
    }
}
