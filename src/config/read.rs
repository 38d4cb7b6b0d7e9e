//! Reading `homologa.yaml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use super::{BaselineConfig, Config, ContractConfig, GoliveConfig, TargetConfig};
use crate::golive::browser::Choice;
use crate::golive::rule::RuleSet;
use crate::i18n::{Lang, Message};
use crate::report::FORMATS;
use crate::run::{Problem, Severity};
use crate::specs::sites;
use crate::yaml::{self, Fields, Kind, Source, nearest};

/// Reads the configuration of a file.
///
/// # Errors
/// Every mistake in the file, or why it cannot be read.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let name = path.display().to_string();
    let bytes = crate::run::read_at_most(path, yaml::MOST_READ).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let problem = Problem::input(crate::run::unreadable(&error)).in_file(&name);
        vec![if missing { problem.fix(Message::new("config.missing-fix")) } else { problem }]
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let problem = Problem::input(Message::new("scenario.not-utf8")).in_file(&name);
        vec![problem.fix(Message::new("scenario.not-utf8-fix"))]
    })?;
    let mut config = parse(&Source::new(&name, &text))?;
    // Paths in the file are meant from where the file is.
    let folder = path.parent().unwrap_or(Path::new(""));
    if let Some(contract) = &mut config.contract {
        contract.scenarios = contract.scenarios.take().map(|path| folder.join(path));
        contract.baseline = match std::mem::take(&mut contract.baseline) {
            BaselineConfig::File(path) => BaselineConfig::File(folder.join(path)),
            _ => BaselineConfig::Beside(folder.join(crate::contract::baseline::FILE_NAME)),
        };
        if let TargetConfig::Recording(path) = &mut contract.target {
            *path = folder.join(&*path);
        }
    }
    config.profiles_from(folder);
    let shared = config.contract.as_ref().map(|contract| contract.baseline.clone());
    if let Some(golive) = &mut config.golive {
        golive.baseline = match (std::mem::take(&mut golive.baseline), shared) {
            (BaselineConfig::File(path), _) => BaselineConfig::File(folder.join(path)),
            // One file holds both sides, unless each names its own.
            (_, Some(BaselineConfig::File(path))) => BaselineConfig::File(path),
            _ => BaselineConfig::Beside(folder.join(crate::contract::baseline::FILE_NAME)),
        };
        golive.ca_file = golive.ca_file.take().map(|path| folder.join(path));
        golive.screenshots = golive.screenshots.take().map(|path| folder.join(path));
        if let Choice::Path(path) = &mut golive.browser {
            *path = folder.join(&*path);
        }
        golive.saved.iter_mut().for_each(|path| *path = folder.join(&*path));
    }
    Ok(config)
}

/// Reads the configuration of a text.
///
/// # Errors
/// Every mistake in it.
pub fn parse(source: &Source) -> Result<Config, Vec<Problem>> {
    let root = yaml::parse(source).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut config = Config::default();
    if let Some(mut fields) = Fields::new(source, &root, &mut problems) {
        config.lang = fields.text("lang").and_then(|word| {
            let lang = Lang::ALL.into_iter().find(|lang| lang.tag() == word);
            if lang.is_none() {
                one_of(&mut fields, "lang", word, &Lang::ALL.map(Lang::tag));
            }
            lang
        });
        let contract = fields.node("contract");
        let golive = fields.node("golive");
        if let Some(members) = fields.map("reports") {
            for (key, node) in members {
                match &node.kind {
                    Kind::Text(path) if FORMATS.contains(&key.text.as_str()) => {
                        config.reports.insert(key.text.clone(), PathBuf::from(path));
                    }
                    _ => one_of(&mut fields, "reports", &key.text, &FORMATS),
                }
            }
        }
        super::profile::read(&mut config, &mut fields);
        let mark = fields.mark;
        fields.finish();
        // A misspelt key says more than that the file asks for nothing.
        if contract.is_none() && golive.is_none() && problems.is_empty() {
            let problem = source.problem(mark, 1, Message::new("config.nothing-to-do"));
            problems.push(problem.fix(Message::new("config.nothing-to-do-fix")));
        }
        config.contract = contract.and_then(|node| {
            // `contract:` alone means the defaults.
            if node.kind == Kind::Null {
                return Some(ContractConfig::default());
            }
            Fields::new(source, node, &mut problems).map(read_contract)
        });
        config.golive = golive.and_then(|node| Fields::new(source, node, &mut problems).map(read_golive));
    }
    if problems.is_empty() { Ok(config) } else { Err(yaml::first_mistakes(source, problems)) }
}

/// Reports a word that is none of the known ones.
pub(super) fn one_of(fields: &mut Fields<'_, '_>, field: &'static str, word: &str, known: &[&str]) {
    let fix = match nearest(word, known.iter().copied()) {
        Some(near) => Message::new("yaml.did-you-mean").with("word", near),
        None => Message::new("config.known-words").with("words", known.join(", ")),
    };
    fields.problem(field, Message::new("config.unknown-word").with("field", field).with("word", word)).fix = Some(fix);
}

fn read_contract(mut fields: Fields<'_, '_>) -> ContractConfig {
    let mut contract = ContractConfig::default();
    if let Some(word) = fields.text("target") {
        match target(word) {
            Ok(target) => contract.target = target,
            Err(problem) => {
                let told = fields.problem("target", problem.message);
                told.fix = problem.fix;
                if word.contains('@') {
                    // The line may hold a password.
                    told.excerpt = None;
                }
            }
        }
    }
    if let Some(site) = fields.text("site") {
        let known: Vec<&str> = sites::all().iter().map(|site| site.id.as_str()).collect();
        if known.contains(&site) {
            site.clone_into(&mut contract.site);
        } else {
            one_of(&mut fields, "site", site, &known);
        }
    }
    if let Some(name) = environment_name(&mut fields, "access-token-env") {
        contract.access_token_env = name;
    }
    if let Some(name) = environment_name(&mut fields, "public-key-env") {
        contract.public_key_env = name;
    }
    contract.allow_production = fields.boolean("allow-production").unwrap_or(false);
    contract.scenarios = fields.text("scenarios").map(PathBuf::from);
    contract.baseline = fields.text("baseline").map_or(BaselineConfig::None, |path| BaselineConfig::File(path.into()));
    contract.tags = fields.texts("tags").unwrap_or_default().into_iter().map(str::to_owned).collect();
    contract.jobs = fields.count("jobs").and_then(|jobs| usize::try_from(jobs).ok()).unwrap_or(0).min(256);
    contract.rate = fields.count("rate").map(|rate| u32::try_from(rate).unwrap_or(u32::MAX).min(10_000));
    contract.preflight = fields.boolean("preflight").unwrap_or(true);
    if let Some(seconds) = fields.count("timeout") {
        contract.timeout = Duration::from_secs(seconds.clamp(1, 600));
    }
    fields.finish();
    contract
}

/// The name of an environment variable; a credential in its place is refused without being repeated.
pub(super) fn environment_name(fields: &mut Fields<'_, '_>, field: &'static str) -> Option<String> {
    let name = fields.text(field)?;
    let valid = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if valid {
        return Some(name.to_owned());
    }
    let told = fields.problem(field, Message::new("config.not-a-variable").with("field", field));
    told.fix = Some(Message::new("config.not-a-variable-fix"));
    // The line may hold the secret itself.
    told.excerpt = None;
    None
}

/// A target as `embedded`, `recording:FILE` or a base URL.
///
/// # Errors
/// A problem of the input when it is neither, or when a URL other than a loopback one is not https.
pub fn target(word: &str) -> Result<TargetConfig, Problem> {
    if word == "embedded" {
        return Ok(TargetConfig::Embedded);
    }
    if let Some(file) = word.strip_prefix("recording:") {
        return if file.is_empty() {
            Err(Problem::input(Message::new("config.no-recording")).fix(Message::new("recording.not-one-fix")))
        } else {
            Ok(TargetConfig::Recording(PathBuf::from(file)))
        };
    }
    let mut url = address(word).map_err(|problem| problem.fix(Message::new("config.target-fix")))?;
    // It would replace the credential, and stand in every report.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            Problem::input(Message::new("config.target-with-user")).fix(Message::new("config.target-with-user-fix"))
        );
    }
    let loopback = url.host_str().is_some_and(|host| host == "localhost" || host == "127.0.0.1" || host == "[::1]");
    if url.scheme() != "https" && !loopback {
        return Err(Problem::input(Message::new("config.target-not-https").with("url", word))
            .fix(Message::new("config.target-not-https-fix")));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(TargetConfig::Url(url))
}

/// An http or https address.
///
/// # Errors
/// A problem of the input when it is not one.
pub fn address(word: &str) -> Result<Url, Problem> {
    let fix = || {
        let guess = format!("https://{}", word.trim_start_matches('/'));
        match Url::parse(&guess) {
            Ok(_) if !word.contains(':') && word.contains('.') => Message::new("yaml.did-you-mean").with("word", guess),
            _ => Message::new("config.not-an-address-fix"),
        }
    };
    let parsed = Url::parse(word);
    let refuse = || {
        let shown = parsed.as_ref().map_or_else(|_| word.to_owned(), crate::http::shown);
        Problem::input(Message::new("config.not-an-address").with("url", shown)).fix(fix())
    };
    let url = parsed.clone().map_err(|_| refuse())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refuse()) }
}

/// Which browser a word names: `none`, a path, or without a word one that is found.
pub fn browser(word: Option<&str>) -> Choice {
    match word {
        None => Choice::Find,
        Some("none") => Choice::None,
        Some(path) => Choice::Path(PathBuf::from(path)),
    }
}

fn read_golive(mut fields: Fields<'_, '_>) -> GoliveConfig {
    let mut golive = GoliveConfig::default();
    for word in fields.texts("shops").unwrap_or_default() {
        match address(word) {
            Ok(url) => golive.shops.push(url),
            Err(problem) => {
                let told = fields.problem("shops", problem.message);
                told.fix = problem.fix;
            }
        }
    }
    golive.saved = fields.texts("saved").unwrap_or_default().into_iter().map(PathBuf::from).collect();
    if fields.key("shops").is_none() && golive.saved.is_empty() {
        fields.missing("shops");
    }
    golive.ca_file = fields.text("ca-file").map(PathBuf::from);
    golive.pages = fields.count("pages").and_then(|count| usize::try_from(count).ok());
    golive.depth = fields.count("depth").and_then(|count| u32::try_from(count).ok());
    golive.seconds = fields.count("seconds");
    golive.page_bytes = fields.count("page-bytes").and_then(|count| usize::try_from(count).ok());
    golive.ignore_robots = fields.boolean("ignore-robots").unwrap_or(false);
    golive.browser = browser(fields.text("browser"));
    golive.browser_pages = fields.count("browser-pages").and_then(|count| usize::try_from(count).ok());
    golive.journey = super::journey::read(&mut fields);
    golive.screenshots = fields.text("screenshots").map(PathBuf::from);
    golive.baseline = fields.text("baseline").map_or(BaselineConfig::None, |path| BaselineConfig::File(path.into()));
    golive.browser_seconds = fields.count("browser-seconds");
    golive.crawl = super::crawl::read(&mut fields);
    let mut known = None;
    for (key, node) in fields.map("rules").unwrap_or_default() {
        let given = match &node.kind {
            Kind::Text(word) => std::borrow::Cow::Borrowed(word.as_str()),
            _ => node.to_json().to_string().into(),
        };
        let word = &*given;
        let severity = match word {
            "blocker" => Some(Severity::Blocker),
            "warning" => Some(Severity::Warning),
            "advice" => Some(Severity::Advice),
            "off" => None,
            _ => {
                let words = ["blocker", "warning", "advice", "off"];
                let message = Message::new("config.unknown-word").with("field", &key.text).with("word", word);
                let fix = Message::new("config.known-words").with("words", words.join(", "));
                let problem = fields.source().problem(node.mark, word.len(), message).fix(fix);
                fields.problems.push(problem);
                continue;
            }
        };
        if known.is_none() {
            known = RuleSet::builtin().ok();
        }
        if let Some(rules) = known.as_ref().filter(|rules| rules.rule(&key.text).is_none()) {
            let message = Message::new("golive.unknown-rule").with("id", &key.text);
            let mut problem = fields.source().problem(key.mark, key.text.chars().count(), message);
            problem.fix = rules.nearest(&key.text).map(|near| Message::new("yaml.did-you-mean").with("word", near));
            fields.problems.push(problem);
        }
        golive.rules.insert(key.text.clone(), severity);
    }
    fields.finish();
    golive
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Vec<Problem>> {
        parse(&Source::new("homologa.yaml", text))
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = read(
            "lang: pt\ncontract: { target: https://api.mercadopago.com, site: MLB, tags: [declined] }\n\
             golive:\n  shops: [https://loja.example/checkout]\n  rules: { sdk-v1-legacy: off }\n  pages: 50\n\
             reports: { html: out/r.html }\n",
        )
        .unwrap();
        assert_eq!(config.lang, Some(Lang::Pt));
        let contract = config.contract.unwrap();
        assert_eq!(contract.target, TargetConfig::Url(Url::parse("https://api.mercadopago.com/").unwrap()));
        assert_eq!(contract.site, "MLB");
        let golive = config.golive.unwrap();
        assert_eq!(golive.rules.get("sdk-v1-legacy"), Some(&None));
        assert_eq!(golive.pages, Some(50));
    }

    #[test]
    fn every_mistake_has_its_place() {
        let token = format!("TEST-{}-091211-{}-123456789", "1".repeat(16), "ab".repeat(16));
        let problems = read(&format!(
            "lagn: es\ncontract:\n  target: ftp://x\n  site: MLX\n  access-token-env: {token}\n\
             golive:\n  shops: [shop.example]\n  rules: {{ a: loud }}\n"
        ))
        .unwrap_err();
        let told: Vec<_> =
            problems.iter().map(|problem| (problem.message.key.as_ref(), problem.place.line.unwrap())).collect();
        assert_eq!(
            told,
            [
                ("yaml.unknown-key", 1),
                ("config.not-an-address", 3),
                ("config.unknown-word", 4),
                ("config.not-a-variable", 5),
                ("config.not-an-address", 7),
                ("config.unknown-word", 8),
            ]
        );
        let text: String = problems.iter().map(|problem| format!("{problem:?}")).collect();
        assert!(!text.contains(&token), "a credential in the file must not be repeated");
    }

    #[test]
    fn a_file_that_asks_for_nothing_is_refused() {
        assert_eq!(read("lang: es\n").unwrap_err()[0].message.key, "config.nothing-to-do");
    }

    #[test]
    fn plain_http_targets_are_for_loopback_only() {
        assert!(target("http://127.0.0.1:8080").is_ok());
        assert_eq!(target("http://api.example").unwrap_err().message.key, "config.target-not-https");
    }
}
