//! The HTML report: one file that needs no network, holds three languages and may be attached to a request to
//! go to production.
//!
//! [`view`] turns the record into what the templates of `reports/templates/` show; [`say`] holds the functions the
//! templates call. Everything from outside is neutralised and escaped on output, by default, for every value.

mod accepted;
mod bounds;
mod contract;
mod drift;
mod finding;
mod say;
mod shop;
mod view;

use std::fmt::Write as _;
use std::io::Write;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, escape_formatter};
use sha2::{Digest, Sha256};

use super::outline::Outline;
use super::{Fault, clean, labels};
use crate::i18n::Lang;
use crate::run::RunRecord;

const TEMPLATES: &[(&str, &str)] = &[
    ("report.html", include_str!("../../../reports/templates/report.html")),
    ("macros.html", include_str!("../../../reports/templates/macros.html")),
    ("mend.html", include_str!("../../../reports/templates/mend.html")),
    ("matrix.html", include_str!("../../../reports/templates/matrix.html")),
    ("shops.html", include_str!("../../../reports/templates/shops.html")),
    ("accepted.html", include_str!("../../../reports/templates/accepted.html")),
    ("drift.html", include_str!("../../../reports/templates/drift.html")),
    ("contract.html", include_str!("../../../reports/templates/contract.html")),
];
const CSS: &str = include_str!("../../../reports/templates/report.css");
const JS: &str = include_str!("../../../reports/templates/report.js");

/// Writes one self-contained HTML file that opens in `lang` and can be switched to the other languages.
///
/// # Errors
/// Those of `out`, and a broken template; the tests render every part of them.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    try_write(record, lang, out).map_err(|error| match error.kind() {
        ErrorKind::WriteFailure => Fault::Write(written(&error)),
        _ => Fault::Template(format!("{error:#}")),
    })
}

/// The failure of the writer that an error of the template engine holds.
fn written(error: &minijinja::Error) -> std::io::Error {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.map_or_else(
        || std::io::Error::other(error.to_string()),
        |source| source.raw_os_error().map_or_else(|| source.kind().into(), std::io::Error::from_raw_os_error),
    )
}

fn try_write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> Result<(), minijinja::Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        env.add_template(name, source)?;
    }
    // Values that are not marked safe may come from outside: neutralise first, then escape.
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &clean::block(text).as_ref().into()),
        _ => escape_formatter(out, state, value),
    });
    say::register(&mut env, lang);
    let outline = Outline::of(record);
    let view = view::View::of(record, &outline, lang, Assets { css: CSS, js: JS, style: hash(CSS), script: hash(JS) });
    env.get_template("report.html")?.render_captured_to(Serde(view), out).map(|_| ())
}

/// Style and script, and the hashes that the content security policy names.
#[derive(serde::Serialize)]
struct Assets {
    css: &'static str,
    js: &'static str,
    style: String,
    script: String,
}

/// A content security policy source: `sha256-` and the digest in Base64.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut out = String::from("sha256-");
    for chunk in digest.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(char::from(digit));
        }
        for _ in chunk.len()..3 {
            let _ = out.write_char('=');
        }
    }
    out
}

#[cfg(test)]
mod tests;
