//! The HTML report: one file that needs no network, holds three languages and may be attached to a request to
//! go to production.
//!
//! [`view`] turns the record into what the templates of `reports/templates/` show; [`say`] holds the functions the
//! templates call. Everything from outside is neutralised and escaped on output, by default, for every value.

mod accepted;
mod bounds;
mod command;
mod contract;
mod drift;
mod finding;
mod history;
mod manual;
mod picture;
mod remedy;
mod say;
mod shop;
mod view;
mod waterfall;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use minijinja::ErrorKind;
use minijinja::value::Serde;

pub use self::picture::{Picture, Pictures, names as picture_names, rename as rename_pictures};
use super::outline::Outline;
use super::trend::Point;
use super::{Fault, labels, template};
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
    ("history.html", include_str!("../../../reports/templates/history.html")),
    ("manual.html", include_str!("../../../reports/templates/manual.html")),
];
const CSS_NAME: &str = "report.css";
const JS_NAME: &str = "report.js";
const CSS: &str = include_str!("../../../reports/templates/report.css");
const JS: &str = include_str!("../../../reports/templates/report.js");

/// What a page shows beside the record of its run.
#[derive(Default)]
pub struct Beside {
    /// An earlier run that this one is compared with.
    pub earlier: Option<RunRecord>,
    /// Runs for the picture of the trend, oldest first, this one among them.
    pub trend: Vec<Point>,
    /// Pictures that the record names, as far as they could be read.
    pub pictures: Pictures,
    /// Templates of the user in place of the built-in ones of the same name.
    pub templates: BTreeMap<String, String>,
}

/// Names of the templates, `report.css` and `report.js`: what a user may replace.
pub fn template_names() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name).chain([CSS_NAME, JS_NAME])
}

/// Writes one self-contained HTML file that opens in `lang` and can be switched to the other languages.
///
/// # Errors
/// Those of `out`, and a broken template; the tests render every part of the built-in ones.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    write_with(record, &Beside::default(), lang, out)
}

/// The same with what stands beside the record.
///
/// # Errors
/// Those of `out`, and a broken template.
pub fn write_with(record: &RunRecord, beside: &Beside, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    try_write(record, beside, lang, out).map_err(|error| match error.kind() {
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

fn try_write(record: &RunRecord, beside: &Beside, lang: Lang, out: &mut dyn Write) -> Result<(), minijinja::Error> {
    let mut env = template::environment()?;
    let own = |name: &str, built_in: &'static str| -> Cow<'static, str> {
        beside.templates.get(name).map_or(Cow::Borrowed(built_in), |text| Cow::Owned(text.clone()))
    };
    // A mistake in a template of the user is told whether or not this page needs it; a built-in one is read when it is
    // needed.
    for (name, _) in TEMPLATES {
        if let Some(text) = beside.templates.get(*name) {
            env.add_template_owned(*name, text.clone())?;
        }
    }
    env.set_loader(|name| {
        let found = TEMPLATES.iter().find(|(template, _)| *template == name);
        Ok(found.map(|(_, source)| (*source).to_owned()))
    });
    say::register(&mut env, lang);
    let outline = Outline::of(record);
    let before = beside.earlier.as_ref().map(Outline::of);
    let compared = history::compared(record, &outline, beside, before.as_ref());
    let (css, js) = (own(CSS_NAME, CSS), own(JS_NAME, JS));
    let assets = Assets { style: template::hash(&css), script: template::hash(&js), css, js };
    let view = view::View::of(record, &outline, beside, compared.as_ref(), lang, assets);
    env.get_template("report.html")?.render_captured_to(Serde(view), out).map(|_| ())
}

/// Style and script, and the hashes that the content security policy names.
#[derive(serde::Serialize)]
struct Assets {
    css: Cow<'static, str>,
    js: Cow<'static, str>,
    style: String,
    script: String,
}

#[cfg(test)]
mod tests;
