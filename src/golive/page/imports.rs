//! The modules that a script or a page names: what a browser loads besides the scripts that have a tag.

use std::sync::LazyLock;

use html5ever::LocalName;
use regex::Regex;
use url::Url;

use super::document::Document;
use super::outline::{join, runs};
use super::script::without_comments;
use crate::golive::quick::quick;

/// Most modules of one script or page that are kept.
const MAX_MODULES: usize = 200;

/// Bytes of the longest name of a module.
const MAX_NAME: usize = 2_000;

/// `import '…'`, `import x from '…'`, `import('…')` and `export … from '…'`.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    quick(r#"(?:\bimport\s*\(?\s*|[\w$}*\s]\s*\bfrom\s*)["'`]([^"'`\n$\\]+)["'`]"#).expect("a valid pattern")
});

/// `import(` of something that is no literal.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static COMPUTED: LazyLock<Regex> =
    LazyLock::new(|| quick(r#"(?:^|[^.\w$])import\s*\(\s*(?:[\w$({\[]|`[^`\n]*\$\{)"#).expect("a valid pattern"));

/// Modules that a script loads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    /// Addresses that stand in it as they are, resolved, in order, each once.
    pub modules: Vec<Url>,
    /// Whether there are more, whose address is computed or which are too many.
    pub more: bool,
}

/// The modules that a script at `base` loads. Bare names (`react`) are left to import maps.
pub fn imports_of(script: &str, base: &Url) -> Imports {
    let mut imports = Imports::default();
    // Most scripts load nothing: a plain search spares reading them for comments.
    if !script.contains("import") && !script.contains("export") {
        return imports;
    }
    let clean = without_comments(script);
    imports.more = COMPUTED.is_match(&clean);
    for found in IMPORT.captures_iter(&clean).filter_map(|found| found.get(1)) {
        let name = found.as_str();
        let address = ["/", "./", "../", "http://", "https://"].iter().any(|start| name.starts_with(start));
        if address && name.len() <= MAX_NAME {
            push(&mut imports, join(base, name));
        }
    }
    imports
}

/// The modules that the markup of a page names: inline scripts, import maps and `modulepreload`.
pub(super) fn imports_of_page(document: &Document, base: &Url) -> Imports {
    let mut imports = Imports::default();
    for element in document.named(&["link", "script"].map(LocalName::from)) {
        match element.name() {
            "link" => {
                let rel = element.attr("rel").unwrap_or_default();
                if rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("modulepreload")) {
                    push(&mut imports, element.attr("href").and_then(|href| join(base, href)));
                }
            }
            "script" if element.attr("src").is_none() => {
                let text: String = element.node.text().collect();
                if runs(&element) {
                    let inner = imports_of(&text, base);
                    imports.more |= inner.more;
                    inner.modules.into_iter().for_each(|url| push(&mut imports, Some(url)));
                } else if element.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("importmap")) {
                    let map: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                    let named = map.get("imports").and_then(|names| names.as_object()).into_iter().flatten();
                    for target in named.filter_map(|(_, target)| target.as_str()).filter(|url| !url.ends_with('/')) {
                        push(&mut imports, join(base, target));
                    }
                }
            }
            _ => {}
        }
    }
    imports
}

fn push(imports: &mut Imports, url: Option<Url>) {
    let Some(mut url) = url else { return };
    url.set_fragment(None);
    if imports.modules.contains(&url) {
        return;
    }
    if imports.modules.len() >= MAX_MODULES {
        imports.more = true;
    } else {
        imports.modules.push(url);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(script: &str) -> Vec<String> {
        let base = Url::parse("https://shop.example/js/a.js").unwrap();
        imports_of(script, &base).modules.iter().map(|url| url.path().to_owned()).collect()
    }

    #[test]
    fn literal_imports_are_found() {
        for (script, expected) in [
            ("import {k} from '/k.js'", vec!["/k.js"]),
            ("import{k as t}from\"./k.js\";import\"../m.js\"", vec!["/js/k.js", "/m.js"]),
            ("export * from './e.js'; const m = await import(`./d.js`)", vec!["/js/e.js", "/js/d.js"]),
            ("import a,\n  { b }\n from './b.js'", vec!["/js/b.js"]),
            ("// import './no.js'\nimport React from 'react'", vec![]),
            ("Array.from('/x'); important('/y'); s = 'exports from'", vec![]),
        ] {
            assert_eq!(paths(script), expected, "{script}");
        }
    }

    #[test]
    fn a_computed_import_is_told() {
        let base = Url::parse("https://shop.example/").unwrap();
        for (script, expected) in [
            ("import(name)", true),
            ("import(`./${lang}.js`)", true),
            ("import('./a.js')", false),
            ("import.meta.url; x.import(y)", false),
        ] {
            assert_eq!(imports_of(script, &base).more, expected, "{script}");
        }
    }

    #[test]
    fn a_page_names_modules_in_its_markup() {
        let base = Url::parse("https://shop.example/").unwrap();
        let html = "<link rel=modulepreload href=/p.js><script type=module>import {k} from '/k.js'</script>\
                    <script type=importmap>{\"imports\": {\"cfg\": \"/cfg.js\", \"lib/\": \"/lib/\"}}</script>";
        let imports = imports_of_page(&Document::parse(html), &base);
        let paths: Vec<_> = imports.modules.iter().map(Url::path).collect();
        assert_eq!(paths, ["/p.js", "/k.js", "/cfg.js"]);
    }
}
