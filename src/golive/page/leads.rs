//! What a script leads a visitor to beside its modules: its source map, lazy chunks, configuration answers.
//!
//! All of it is served to whoever asks, so that credentials in it are lost as much as in the page. Addresses count
//! only where they stand in the script as they are; nothing is computed.

use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;
use url::Url;

use super::imports::{Imports, imports_of};
use super::outline::join;
use crate::golive::quick::quick;

/// Most addresses of each kind that one script leads to.
const MOST: usize = 20;
/// Longest source map that is unpacked from a script.
const MAP_BYTES: usize = 8 * 1024 * 1024;

/// `//# sourceMappingURL=…` (or `//@`), alone at the end of a line.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static SOURCE_MAP: LazyLock<Regex> =
    LazyLock::new(|| quick(r"(?m)(?://|/\*)[#@]\s*sourceMappingURL=([^\s'*]+)").expect("a valid pattern"));

/// A file with a hash in its name, as bundlers write them.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static CHUNK: LazyLock<Regex> = LazyLock::new(|| {
    quick(r#"["'`]((?:\.{0,2}/)?(?:[\w@~-]+/){0,8}[\w@~.-]*[.-][0-9A-Za-z_-]{6,32}(?:\.chunk)?\.m?js)["'`]"#)
        .expect("a valid pattern")
});

/// Bytes of the longest address that is asked for.
const MAX_ADDRESS: usize = 500;

/// An answer that a script asks for with a literal address: only those that are read, never sent to.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    quick(
        r#"(?:\bfetch\s*\(\s*|\baxios\s*(?:\.\s*get\s*)?\(\s*|\.\s*(?:getJSON|get)\s*\(\s*|\.\s*open\s*\(\s*["'`]GET["'`]\s*,\s*)["'`]([^"'`\s\\$]+)["'`]\s*([,)])\s*(\{[^{}]*)?"#,
    )
    .expect("a valid pattern")
});

/// Where a script leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leads {
    /// Its modules.
    pub imports: Imports,
    /// Addresses of what else it leads to, each once.
    pub served: Vec<Url>,
    /// Its source map, when the script holds it itself.
    pub map: Option<String>,
}

/// Reads where a script at `base` leads.
pub fn leads_of(script: &str, base: &Url) -> Leads {
    let imports = imports_of(script, base);
    let mut leads = Leads { imports, ..served_of(script, base) };
    leads.served.retain(|url| !leads.imports.modules.contains(url));
    leads
}

/// The same without its modules.
pub(super) fn served_of(script: &str, base: &Url) -> Leads {
    let mut leads = Leads::default();
    // Plain searches spare most scripts the patterns.
    if script.contains("sourceMappingURL=") {
        // The last one counts; those before stand in strings of tools.
        if let Some(named) = SOURCE_MAP.captures_iter(script).filter_map(|found| found.get(1)).last() {
            match named.as_str().strip_prefix("data:") {
                Some(data) => leads.map = unpack(data),
                None => push(&mut leads.served, join(base, named.as_str())),
            }
        }
    }
    if script.contains(".js") {
        for name in CHUNK.captures_iter(script).filter_map(|found| found.get(1)).take(MOST) {
            // A hash has digits; `jquery.min.js` is no chunk.
            if name.as_str().bytes().any(|byte| byte.is_ascii_digit()) {
                push(&mut leads.served, chunk(base, name.as_str()));
            }
        }
    }
    if ["fetch", "axios", ".get", ".open"].iter().any(|word| script.contains(word)) {
        for found in ASKED.captures_iter(script).take(200) {
            let (Some(address), options) = (found.get(1), found.get(3)) else { continue };
            let sends = options.is_some_and(|options| {
                let lower = options.as_str().to_ascii_lowercase();
                lower.contains("method") && !lower.contains("get") || lower.contains("body")
            });
            if !sends && address.len() <= MAX_ADDRESS && is_configuration(address.as_str()) {
                push(&mut leads.served, join(base, address.as_str()));
            }
        }
    }
    leads
}

/// Whether an address is of data that every visitor gets, by its name: asking others might change something.
fn is_configuration(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    path.ends_with(".json")
        || path.ends_with(".js")
        || ["config", "settings", "env", "bootstrap", "init"].iter().any(|word| last.starts_with(word))
}

/// Bundlers name chunks from the root of their output, whose last folder is the one that the script is in.
fn chunk(base: &Url, name: &str) -> Option<Url> {
    if name.starts_with(['/', '.']) {
        return join(base, name);
    }
    let mut folders = base.path().rsplit('/').skip(1);
    let (first, _) = name.split_once('/').unwrap_or(("", name));
    let up = folders.by_ref().take(3).position(|folder| !first.is_empty() && folder == first);
    match up {
        Some(up) => join(base, &format!("{}{name}", "../".repeat(up + 1))),
        None => join(base, name),
    }
}

fn push(list: &mut Vec<Url>, url: Option<Url>) {
    let Some(mut url) = url else { return };
    url.set_fragment(None);
    if list.len() < 2 * MOST && !list.contains(&url) {
        list.push(url);
    }
}

fn unpack(data: &str) -> Option<String> {
    let (head, body) = data.split_once(',')?;
    if body.len() > MAP_BYTES {
        return None;
    }
    if head.to_ascii_lowercase().ends_with("base64") {
        let bytes = base64::engine::general_purpose::STANDARD.decode(body.trim()).ok()?;
        return String::from_utf8(bytes).ok();
    }
    let form = url::form_urlencoded::parse(body.as_bytes()).map(|(name, value)| format!("{name}{value}"));
    Some(form.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(script: &str) -> Vec<String> {
        let base = Url::parse("https://tienda.example/static/assets/app.js").unwrap();
        leads_of(script, &base).served.iter().map(|url| url.path().to_owned()).collect()
    }

    #[test]
    fn maps_chunks_and_configuration_are_found() {
        for (script, expected) in [
            ("x()\n//# sourceMappingURL=app.js.map", vec!["/static/assets/app.js.map"]),
            ("a='//# sourceMappingURL=no.map'\n//# sourceMappingURL=si.map\n", vec!["/static/assets/si.map"]),
            ("const d=[\"assets/Pagar-Bx3k9d2f.js\"]", vec!["/static/assets/Pagar-Bx3k9d2f.js"]),
            (
                "load('./checkout.4f3a2b1c.chunk.js'); load('jquery.min.js')",
                vec!["/static/assets/checkout.4f3a2b1c.chunk.js"],
            ),
            ("fetch('/api/carrito.json')", vec!["/api/carrito.json"]),
            ("axios.get(\"/api/config\", { headers: h })", vec!["/api/config"]),
            ("x.open('GET', '/env.json')", vec!["/env.json"]),
            ("fetch('/pagar.json', { method: 'POST', body: b }); fetch('/api/pagar'); fetch(`/a/${id}.json`)", vec![]),
        ] {
            assert_eq!(paths(script), expected, "{script}");
        }
    }

    #[test]
    fn a_map_inside_the_script_is_unpacked() {
        let map = base64::engine::general_purpose::STANDARD.encode("{\"sources\":[\"a.ts\"]}");
        let script = format!("x()\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{map}\n");
        let leads = leads_of(&script, &Url::parse("https://tienda.example/a.js").unwrap());
        assert_eq!((leads.map.as_deref(), leads.served.len()), (Some("{\"sources\":[\"a.ts\"]}"), 0));
    }
}
