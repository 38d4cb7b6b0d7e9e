//! `--shard`, `--resume` and `--shops`: what they say, what does not go together with them, and what results of a run
//! follow from, so that parts are joined and runs are gone on with only where they are of one run.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use sha2::{Digest, Sha256};
use url::Url;

use super::args::ShareArgs;
use super::session::Asked;
use crate::config::{self, BaselineConfig, ContractConfig, GoliveConfig, TargetConfig};
use crate::contract::scenario::Stock;
use crate::http;
use crate::i18n::Message;
use crate::run::{Problem, Shard, read_at_most, unreadable};

/// Largest list of shops, in bytes.
const LARGEST_LIST: u64 = 16 * 1024 * 1024;
/// Longest value that stands in a record as it is, in characters.
const LONGEST_VALUE: usize = 60;
/// Largest file whose content is compared, in bytes.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// What a run is asked to be. `generates` says that values are made from the seed.
///
/// # Errors
/// A part that is none; a part without a seed, where the parts would generate different values.
pub(super) fn asked(
    args: &ShareArgs,
    job: &str,
    seed: Option<u64>,
    generates: bool,
    mut options: BTreeMap<String, String>,
) -> Result<Asked, Vec<Problem>> {
    let shard = args.shard.as_deref().map(str::parse::<Shard>).transpose().map_err(|problem| vec![*problem])?;
    if shard.is_some() && generates && seed.is_none() && args.resume.is_none() {
        let problem = Problem::input(Message::new("cli.shard-without-seed"));
        return Err(vec![problem.fix(Message::new("cli.shard-without-seed-fix"))]);
    }
    options.insert("job".to_owned(), job.to_owned());
    Ok(Asked { seed, shard, resume: args.resume.clone(), options })
}

/// That recordings hold a whole run: parts and second beginnings of one have no meaning.
///
/// # Errors
/// A recording is written, compared with or asked, and the run is a part or goes on.
pub(super) fn no_recording(args: &ShareArgs, config: &ContractConfig) -> Result<(), Vec<Problem>> {
    let recording =
        config.record.is_some() || config.verify.is_some() || matches!(config.target, TargetConfig::Recording(_));
    if recording && (args.shard.is_some() || args.resume.is_some()) {
        let problem = Problem::input(Message::new("cli.share-and-recording"));
        return Err(vec![problem.fix(Message::new("cli.share-and-recording-fix"))]);
    }
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a file; of one that cannot be read, a word that equals itself only.
fn digest_of(path: &Path) -> String {
    read_at_most(path, LARGEST_FILE).map_or_else(|_| format!("? {}", path.display()), |bytes| digest(&bytes))
}

/// Collects what is not as it is by default.
struct Facts(BTreeMap<String, String>);

impl Facts {
    fn say(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        let long = value.chars().count() > LONGEST_VALUE;
        self.0.insert(name.to_owned(), if long { digest(value.as_bytes()) } else { value });
    }

    fn number(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.say(name, value.to_string());
        }
    }

    fn baseline(&mut self, baseline: &BaselineConfig) {
        match baseline {
            BaselineConfig::File(file) => self.say("baseline", digest_of(file)),
            BaselineConfig::Beside(file) if file.exists() => self.say("baseline", digest_of(file)),
            BaselineConfig::Beside(_) | BaselineConfig::None => {}
        }
    }

    /// What has many parts: it stands as a digest, and only where it differs from what nobody asked for.
    fn whole<T: Debug + Default + PartialEq>(&mut self, name: &str, value: &T) {
        if *value != T::default() {
            self.say(name, digest(format!("{value:?}").as_bytes()));
        }
    }
}

/// What results of the contract side follow from, beside seed and versions. `stock` are the scenarios of the
/// configuration.
pub(super) fn contract(config: &ContractConfig, stock: &mut Stock) -> BTreeMap<String, String> {
    let mut facts = Facts(BTreeMap::new());
    match &config.target {
        TargetConfig::Embedded => facts.say("target", "embedded"),
        TargetConfig::Url(url) => facts.say("target", http::shown(url)),
        TargetConfig::Recording(path) => facts.say("target", digest_of(path)),
    }
    facts.say("site", &config.site);
    if !config.tags.is_empty() {
        facts.say("tags", config.tags.join(","));
    }
    if config.scenarios.is_some() {
        facts.say("scenarios", stock.digest());
    }
    facts.baseline(&config.baseline);
    if !config.preflight {
        facts.say("preflight", "no");
    }
    facts.number("min-coverage", config.gates.codes);
    facts.number("min-pairs", config.gates.pairs);
    facts.0
}

/// What results of the go-live side follow from, beside versions.
pub(super) fn golive(config: Option<&GoliveConfig>) -> BTreeMap<String, String> {
    let mut facts = Facts(BTreeMap::new());
    let Some(config) = config else { return facts.0 };
    let shops: Vec<String> = config.shops.iter().map(ToString::to_string).collect();
    // Names alone: what they hold may be large, and is judged anew anyway.
    let saved: Vec<String> = config.saved.iter().map(|path| path.display().to_string()).collect();
    let names = saved.into_iter().chain(shops).collect::<Vec<_>>();
    facts.say("shops", format!("{} ({})", names.len(), digest(names.join("\n").as_bytes())));
    facts.number("pages", config.pages);
    facts.number("depth", config.depth);
    facts.number("seconds", config.seconds);
    facts.number("page-bytes", config.page_bytes);
    facts.number("browser-pages", config.browser_pages);
    facts.number("browser-seconds", config.browser_seconds);
    if config.ignore_robots {
        facts.say("robots", "no");
    }
    if config.browser == config::browser(Some("none")) {
        facts.say("browser", "none");
    }
    facts.baseline(&config.baseline);
    facts.whole("severities", &config.rules);
    facts.whole("crawl", &config.crawl);
    facts.whole("journey", &config.journey);
    facts.0
}

/// Reads a list of shops: one address a line; blank lines, and what follows a `#` at the beginning of a line or after a
/// blank, are left aside.
///
/// # Errors
/// The file does not read; every line that is no address, or repeats one, with its place.
pub(super) fn shops(file: &Path) -> Result<Vec<Url>, Vec<Problem>> {
    let name = file.display().to_string();
    let problem = |message: Message| Problem::input(message).in_file(&name);
    let bytes = read_at_most(file, LARGEST_LIST).map_err(|error| vec![problem(unreadable(&error))])?;
    if bytes.len() as u64 > LARGEST_LIST {
        return Err(vec![problem(Message::new("cli.shops-too-large").with("mib", LARGEST_LIST / 1024 / 1024))]);
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        let fix = Message::new("scenario.not-utf8-fix");
        vec![problem(Message::new("scenario.not-utf8")).fix(fix)]
    })?;
    let (mut shops, mut problems) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let word = without_comment(line).trim();
        if word.is_empty() {
            continue;
        }
        let mut at = |mut told: Problem| {
            told.place.file = Some(name.clone());
            told.place.line = u32::try_from(index + 1).ok();
            told.place.column = Some(1);
            problems.push(told);
        };
        match config::address(word) {
            Err(told) => at(told),
            Ok(url) => match seen.insert(url.to_string(), index + 1) {
                Some(first) => at(Problem::input(Message::new("cli.shop-twice").with("line", first))),
                None => shops.push(url),
            },
        }
    }
    if shops.is_empty() && problems.is_empty() {
        problems.push(problem(Message::new("cli.no-shops")).fix(Message::new("cli.no-shops-fix")));
    }
    if problems.is_empty() { Ok(shops) } else { Err(problems) }
}

/// A line up to its comment. A `#` inside of a word is part of the address.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Url>, Vec<Problem>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shops.txt");
        std::fs::write(&file, text).unwrap();
        shops(&file)
    }

    #[test]
    fn a_list_has_comments_and_its_mistakes_have_places() {
        let text = "\u{feff}# ours\r\nhttps://a.example/pagar#/carrito  # the first\n\n  https://b.example/\n";
        let listed: Vec<String> = read(text).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(listed, ["https://a.example/pagar#/carrito", "https://b.example/"]);
        let wrong = read("https://a.example/\nb.example\nhttps://a.example\n").unwrap_err();
        let told: Vec<_> = wrong.iter().map(|told| (told.message.key.as_ref(), told.place.line)).collect();
        assert_eq!(told, [("config.not-an-address", Some(2)), ("cli.shop-twice", Some(3))]);
        assert_eq!(read("# nothing yet\n").unwrap_err()[0].message.key, "cli.no-shops");
    }

    #[test]
    fn options_tell_runs_apart_and_hold_no_secret() {
        let contract = |config| super::contract(config, &mut Stock::builtin());
        let plain = ContractConfig::default();
        let tagged = ContractConfig { tags: vec!["declined".to_owned()], ..ContractConfig::default() };
        assert_eq!(contract(&plain), contract(&plain));
        assert_ne!(contract(&plain), contract(&tagged));
        let shop = |address: &str| GoliveConfig { shops: vec![address.parse().unwrap()], ..GoliveConfig::default() };
        let (one, two) = (golive(Some(&shop("https://a.example/"))), golive(Some(&shop("https://ana:pw@b.example/"))));
        assert_ne!(one, two);
        assert!(!format!("{two:?}").contains("pw@"), "{two:?}");
    }
}
