//! Many shops on one sheet: a row for each, the worst first, and what keeps most of them from being ready.
//!
//! Made of any number of records. Of a shop that several records judged, the latest counts. It sorts and counts; no
//! verdict is made here but that of the whole, which follows from the rows as in a run.

mod html;
mod markdown;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Fault;
use crate::i18n::{Lang, Message, Text, worded};
use crate::run::{Generation, RuleCard, RunRecord, RunVerdict, Severity, ShopRecord, Verdict};

pub use html::is_template;
pub use text::summary;

/// The published JSON Schema of what [`json()`] writes.
pub const SCHEMA: &str = include_str!("../../../specs/dsl/portfolio.schema.json");
/// Version of that format. Raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;

/// Names of the formats that a portfolio can be written in.
pub const FORMATS: [&str; 3] = ["html", "json", "markdown"];

/// One shop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// URL the user gave.
    pub url: String,
    /// Verdict.
    pub verdict: RunVerdict,
    /// Why it could not be read at all, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<Message>,
    /// Rules that do not hold, by weight.
    pub blockers: usize,
    /// The same.
    pub warnings: usize,
    /// The same.
    pub advice: usize,
    /// Rules that could not be judged.
    pub open: usize,
    /// Pages read.
    pub pages: usize,
    /// Front ends of Mercado Pago on them.
    pub generations: Vec<Generation>,
    /// Days until the certificate ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_days: Option<i64>,
    /// When it was judged (RFC 3339, UTC).
    pub judged: String,
    /// Ids of the rules that do not hold, the heaviest first.
    pub rules: Vec<String>,
}

/// A rule that does not hold on several shops.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// Rule id.
    pub rule: String,
    /// Its weight; the heaviest, where the records differ.
    pub severity: Severity,
    /// What is demanded.
    pub title: Text,
    /// How to mend it.
    pub fix: Text,
    /// On how many shops it does not hold.
    pub shops: usize,
    /// In how many places.
    pub places: usize,
}

/// How many shops came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Ready.
    pub ready: usize,
    /// Not ready.
    pub not_ready: usize,
    /// Judged, and something stayed open.
    pub inconclusive: usize,
    /// Not read at all; they are open as well.
    pub unread: usize,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portfolio {
    /// Version of this format, [`FORMAT`].
    pub format: u32,
    /// The verdict of all shops together.
    pub verdict: RunVerdict,
    /// How many came out how.
    pub counts: Counts,
    /// The records it was made of, in the order given, and whether each came to its end.
    pub records: Vec<(String, bool)>,
    /// The shops, worst first.
    pub shops: Vec<Row>,
    /// What keeps them from being ready, by how many shops it concerns.
    pub causes: Vec<Cause>,
}

impl Portfolio {
    /// The portfolio of records with the files they came from.
    pub fn of(records: &[(String, RunRecord)]) -> Portfolio {
        let mut rows: BTreeMap<&str, (Row, Option<&ShopRecord>)> = BTreeMap::new();
        let mut cards: BTreeMap<&str, (&RuleCard, Severity)> = BTreeMap::new();
        for (_, record) in records {
            let judged = record.started.as_ref().map(|started| started.started.as_str()).unwrap_or_default();
            for card in &record.rules {
                let known = cards.entry(&card.id).or_insert((card, card.severity));
                known.1 = known.1.min(card.severity);
            }
            let shops = record.shops.iter().map(|shop| (row(shop, &record.rules, judged), Some(shop)));
            let unread = record.unread.iter().map(|shop| {
                let row = Row { unread: Some(shop.reason.clone()), ..blank(&shop.url, judged) };
                (row, None)
            });
            let urls = record.shops.iter().map(|shop| &shop.url).chain(record.unread.iter().map(|shop| &shop.url));
            for (url, new) in urls.zip(shops.chain(unread)) {
                match rows.get(url.as_str()) {
                    Some((known, _)) if known.judged > new.0.judged => {}
                    _ => drop(rows.insert(url, new)),
                }
            }
        }
        let mut causes: BTreeMap<&str, Cause> = BTreeMap::new();
        let checks = rows.values().filter_map(|(_, shop)| *shop).flat_map(|shop| &shop.checks);
        for check in checks.filter(|check| fails(check.verdict)) {
            let card = cards.get(check.rule.as_str());
            let words = |of: fn(&RuleCard) -> &Text| card.map(|(card, _)| of(card).clone()).unwrap_or_default();
            let cause = causes.entry(&check.rule).or_insert_with(|| Cause {
                rule: check.rule.clone(),
                severity: card.map_or(Severity::Advice, |(_, severity)| *severity),
                title: words(|card| &card.title),
                fix: words(|card| &card.fix),
                shops: 0,
                places: 0,
            });
            cause.shops += 1;
            cause.places += check.findings.len();
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by(|one, two| {
            let key = |cause: &Cause| (std::cmp::Reverse(cause.shops), cause.severity);
            key(one).cmp(&key(two)).then_with(|| one.rule.cmp(&two.rule))
        });
        let mut shops: Vec<Row> = rows.into_values().map(|(row, _)| row).collect();
        shops.sort_by(|one, two| one.weight().cmp(&two.weight()).then_with(|| one.url.cmp(&two.url)));
        let of = |verdict| shops.iter().filter(|row| row.verdict == verdict && row.unread.is_none()).count();
        let counts = Counts {
            ready: of(RunVerdict::Ready),
            not_ready: of(RunVerdict::NotReady),
            inconclusive: of(RunVerdict::Inconclusive),
            unread: shops.iter().filter(|row| row.unread.is_some()).count(),
        };
        let complete = records.iter().all(|(_, record)| record.complete);
        let open = (!complete).then_some(RunVerdict::Inconclusive);
        Portfolio {
            format: FORMAT,
            verdict: RunVerdict::of(shops.iter().map(|row| row.verdict).chain(open)),
            counts,
            records: records.iter().map(|(file, record)| (file.clone(), record.complete)).collect(),
            shops,
            causes,
        }
    }

    /// The sentence at the head: how many of how many are ready.
    fn headline(&self) -> Message {
        Message::new("portfolio.headline").with("ready", self.counts.ready).with("n", self.shops.len())
    }

    /// How many came out how, without what did not occur.
    fn counted(&self) -> Vec<Message> {
        let Counts { not_ready, inconclusive, unread, .. } = self.counts;
        let parts = [
            (not_ready, Message::new("portfolio.n-not-ready")),
            (inconclusive, Message::new("portfolio.n-open")),
            (unread, Message::new("portfolio.n-unread")),
        ];
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, message)| message.with("n", count)).collect()
    }
}

impl Row {
    /// The worst comes first.
    fn weight(&self) -> impl Ord + use<> {
        use std::cmp::Reverse;
        let verdict = match self.verdict {
            RunVerdict::NotReady => 0,
            RunVerdict::Inconclusive => 1,
            RunVerdict::Ready => 2,
        };
        let unread = self.unread.is_none();
        (verdict, unread, Reverse(self.blockers), Reverse(self.warnings), Reverse(self.open), Reverse(self.advice))
    }

    /// What there is to say of it in a line.
    fn facts(&self) -> Vec<Message> {
        if let Some(reason) = &self.unread {
            return vec![Message::new("portfolio.unread"), reason.clone()];
        }
        let counts = [
            (self.blockers, Message::new("portfolio.n-blockers")),
            (self.warnings, Message::new("portfolio.n-warnings")),
            (self.advice, Message::new("portfolio.n-advice")),
            (self.open, Message::new("portfolio.n-unanswered")),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let mut facts: Vec<Message> = counts.map(|(count, message)| message.with("n", count)).collect();
        facts.push(Message::new("portfolio.n-pages").with("n", self.pages));
        facts
    }
}

fn fails(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Warn)
}

fn blank(url: &str, judged: &str) -> Row {
    Row {
        url: url.to_owned(),
        verdict: RunVerdict::Inconclusive,
        unread: None,
        blockers: 0,
        warnings: 0,
        advice: 0,
        open: 0,
        pages: 0,
        generations: Vec::new(),
        tls_days: None,
        judged: judged.to_owned(),
        rules: Vec::new(),
    }
}

fn row(shop: &ShopRecord, rules: &[RuleCard], judged: &str) -> Row {
    let weight = |id: &str| rules.iter().find(|rule| rule.id == id).map_or(Severity::Advice, |rule| rule.severity);
    let failing = || shop.checks.iter().filter(|check| fails(check.verdict));
    let count = |severity| failing().filter(|check| weight(&check.rule) == severity).count();
    let mut generations: Vec<Generation> = shop.pages.iter().flat_map(|page| page.generations.clone()).collect();
    generations.sort_unstable();
    generations.dedup();
    let mut failed: Vec<&str> = failing().map(|check| check.rule.as_str()).collect();
    failed.sort_by_key(|rule| weight(rule));
    Row {
        verdict: shop.verdict,
        blockers: count(Severity::Blocker),
        warnings: count(Severity::Warning),
        advice: count(Severity::Advice),
        open: shop.checks.iter().filter(|check| check.verdict == Verdict::Inconclusive).count(),
        pages: shop.pages.len(),
        generations,
        tls_days: shop.tls.as_ref().and_then(|tls| tls.days_left),
        rules: failed.into_iter().map(str::to_owned).collect(),
        ..blank(&shop.url, judged)
    }
}

/// Writes a portfolio to `out` in one of [`FORMATS`]; JSON for any other word. Words are in `lang`.
///
/// # Errors
/// Those of `out`, and a broken template.
pub fn write(format: &str, portfolio: &Portfolio, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    match format {
        "html" => html::write(portfolio, lang, out),
        "markdown" => Ok(out.write_all(markdown::text(portfolio, lang).as_bytes())?),
        _ => Ok(json(portfolio, lang, out)?),
    }
}

/// Writes pretty JSON and a final line feed; messages carry their text in `lang`.
///
/// # Errors
/// Those of `out`.
pub fn json(portfolio: &Portfolio, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    worded(lang, || serde_json::to_writer_pretty(&mut *out, portfolio))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::run::UnreadShop;

    /// Three records: a ready shop that was judged twice, a broken one, and one that did not answer.
    pub(super) fn portfolio() -> Portfolio {
        let mut older = sample::not_ready();
        let mut newer = sample::ready();
        let last = sample::hostile_url();
        if let Some(started) = &mut newer.started {
            started.started = "2026-11-22T00:00:00Z".into();
        }
        let reason = Message::new("run.not-found");
        older.unread.push(UnreadShop { url: last, place: 2, reason });
        older.shops[0].verdict = RunVerdict::Inconclusive;
        Portfolio::of(&[("older.json".into(), older), ("newer.json".into(), newer)])
    }

    #[test]
    fn the_worst_shop_comes_first_and_the_latest_judgement_counts() {
        let portfolio = portfolio();
        let verdicts: Vec<RunVerdict> = portfolio.shops.iter().map(|row| row.verdict).collect();
        assert_eq!(verdicts, [RunVerdict::NotReady, RunVerdict::Inconclusive, RunVerdict::Ready]);
        assert!(portfolio.shops[1].unread.is_some());
        assert_eq!(portfolio.shops[2].judged, "2026-11-22T00:00:00Z");
        assert_eq!(portfolio.counts, Counts { ready: 1, not_ready: 1, inconclusive: 0, unread: 1 });
        assert_eq!(portfolio.verdict, RunVerdict::NotReady);
        let blockers = portfolio.causes.iter().filter(|cause| cause.severity == Severity::Blocker).count();
        assert_eq!(portfolio.shops[0].blockers, blockers);
        assert!(portfolio.causes.iter().all(|cause| cause.shops == 1 && !cause.title.es.is_empty()));
    }

    #[test]
    fn the_json_follows_the_published_schema_which_leaves_no_member_out() {
        use crate::report::json::tests::undescribed;
        use serde_json::{Value, json};
        use std::collections::BTreeSet;
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert_eq!(schema["properties"]["format"]["const"], FORMAT);
        let mut all = BTreeSet::new();
        for portfolio in [portfolio(), Portfolio::of(&[("ready.json".into(), sample::ready())]), Portfolio::of(&[])] {
            let mut bytes = Vec::new();
            json(&portfolio, Lang::Pt, &mut bytes).unwrap();
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
            undescribed(&schema, &schema, &value, "$", &mut all);
        }
        assert!(all.is_empty(), "{all:#?}");
        // Nor does it describe what is not written, or let pass what is unknown.
        let mut bytes = Vec::new();
        super::json(&portfolio(), Lang::Es, &mut bytes).unwrap();
        let good: Value = serde_json::from_slice(&bytes).unwrap();
        let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(names(&schema["properties"]), names(&good));
        assert_eq!(names(&schema["$defs"]["cause"]["properties"]), names(&good["causes"][0]));
        let rows: BTreeSet<String> = good["shops"].as_array().unwrap().iter().flat_map(names).collect();
        assert_eq!(names(&schema["$defs"]["shop"]["properties"]), rows);
        for (place, value) in [
            ("/format", json!(2)),
            ("/verdict", json!("good")),
            ("/shops/0/pages", json!("3")),
            ("/causes/0/severity", json!("heavy")),
            ("/records/0", json!(["one.json"])),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
            assert!(!validator.is_valid(&bad), "{place}");
        }
    }

    #[test]
    fn every_format_shows_every_shop_and_nothing_executes() {
        let portfolio = portfolio();
        for lang in Lang::ALL {
            for format in FORMATS {
                let mut bytes = Vec::new();
                write(format, &portfolio, lang, &mut bytes).unwrap();
                let text = String::from_utf8(bytes).unwrap();
                for row in &portfolio.shops[..1] {
                    // HTML escapes the strokes of addresses as well.
                    assert!(text.replace("&#x2f;", "/").contains(row.url.as_str()), "{format}: {text}");
                }
                assert!(format == "json" || !text.contains("<script>alert"), "{format}: {text}");
                assert!(!text.contains(['\u{202e}', '\0']) || format == "json", "{format}");
            }
            let text = summary(&portfolio, lang, 80, false);
            assert!(text.lines().all(|line| crate::report::paint::columns(line) <= 80), "{text}");
            assert!(!text.contains(['\u{1b}', '\0', '\u{202e}']));
        }
        let text = summary(&portfolio, Lang::Es, 80, false);
        assert!(text.starts_with("✗ 1 de 3 tiendas pueden salir a producción"), "{text}");
        assert!(text.contains("Causas comunes") && text.contains("no se pudo leer"), "{text}");
        let table = markdown::text(&portfolio, Lang::En);
        assert!(table.starts_with("# ✗ 1 of 3 shops may go to production"), "{table}");
        assert_eq!(table.lines().filter(|line| line.starts_with("| ✗ |")).count(), 1, "{table}");
    }
}
