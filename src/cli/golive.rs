//! `homologa golive URL`: the go-live side alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::args::{GoliveArgs, GoliveCommand, GoliveCommandArgs};
use super::baseline;
use super::gate;
use super::output::Output;
use super::session::{Outputs, Session};
use super::share;
use crate::config::{self, BaselineConfig, CrawlConfig, GoliveConfig};
use crate::golive::browser::{self, Renderer};
use crate::golive::crawl::{Limits, Pattern};
use crate::golive::rule::{RuleSet, manual_cards, shown_url};
use crate::golive::{Options, check, check_saved};
use crate::i18n::Message;
use crate::run::{AcceptedFindings, Event, Problem};

pub(super) async fn run(output: &Output, args: &GoliveCommandArgs) -> Result<u8, Vec<Problem>> {
    if let Some(GoliveCommand::Accept(args)) = &args.command {
        return super::golive_accept::run(output, args).await;
    }
    let baseline = baseline::chosen(args.run.baseline.as_deref());
    let profile = gate::profile(&args.profile)?;
    gate::no_minimums_here(output, profile.as_ref());
    let (session, interrupted) = look(output, (&args.run, profile.as_ref()), baseline).await?;
    session.finish(output, interrupted).map(|(_, code)| code)
}

/// Looks at the shops of a command line, as its profile says; tells also whether somebody ended that early.
///
/// # Errors
/// What the command line asks for cannot be done.
pub(super) async fn look(
    output: &Output,
    (args, profile): (&GoliveArgs, Option<&gate::Named>),
    baseline: BaselineConfig,
) -> Result<(Session, bool), Vec<Problem>> {
    let (mut shops, mut saved, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for word in &args.urls {
        match config::address(word) {
            Ok(url) => shops.push(url),
            Err(_) if Path::new(word).exists() => saved.push(PathBuf::from(word)),
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(file) = &args.shops {
        share::shops(file).map_or_else(|told| problems.extend(told), |listed| shops.extend(listed));
    }
    let crawl = crawl_of(args, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let config = GoliveConfig {
        shops,
        ca_file: args.ca_file.clone(),
        pages: args.pages,
        depth: args.depth,
        seconds: args.seconds,
        ignore_robots: args.ignore_robots,
        browser: config::browser(args.browser.as_deref()),
        browser_pages: args.browser_pages,
        browser_seconds: args.browser_seconds,
        crawl,
        saved,
        screenshots: args.screenshots.clone(),
        baseline,
        ..GoliveConfig::default()
    };
    let (rules, accepted) = rules(&config)?;
    let outputs = Outputs::of_run(&args.record, profile)?.journal(args.journal.as_deref());
    let policy = gate::policy(&args.gate, profile)?;
    // Nothing is generated from the seed here: the same in every part.
    let asked = share::asked(&args.share, "golive", Some(0), false, share::golive(Some(&config)))?;
    let mut session = Session::start(output, outputs, asked).map_err(|problem| vec![problem])?;
    session.policy = policy;
    let work = engine(&session, &config, (&rules, accepted), Options::default());
    let interrupted = session.until_interrupted(output, work).await;
    Ok((session, interrupted))
}

/// How the command line wants a shop read.
fn crawl_of(args: &GoliveArgs, problems: &mut Vec<Problem>) -> CrawlConfig {
    let mut patterns = |words: &[String]| -> Vec<Pattern> {
        let read: Vec<_> = words.iter().map(|word| Pattern::parse(word)).collect();
        read.into_iter().filter_map(|pattern| pattern.map_err(|problem| problems.push(problem)).ok()).collect()
    };
    let (allow, deny) = (patterns(&args.allow), patterns(&args.deny));
    let mut headers = Vec::new();
    for word in &args.header_env {
        match word.split_once('=') {
            Some((name, variable)) => headers.push((name.to_owned(), format!("${{env.{variable}}}"))),
            // What was given may be the secret itself: it is not repeated.
            None => problems
                .push(Problem::input(Message::new("cli.bad-header-env")).fix(Message::new("cli.bad-header-env-fix"))),
        }
    }
    CrawlConfig {
        allow,
        deny,
        delay: args.delay,
        concurrency: args.concurrency,
        ignore_sitemap: args.ignore_sitemap,
        headers,
        basic_auth_env: args.basic_auth_env.clone(),
        ..CrawlConfig::default()
    }
}

/// The rules of a run, and what its baseline accepts of their findings.
pub(super) type Rules = (Arc<RuleSet>, Option<AcceptedFindings>);

/// The built-in rules with the severities of a configuration and the findings that its baseline accepts. Its browser is
/// there if it names one.
pub(super) fn rules(config: &GoliveConfig) -> Result<Rules, Vec<Problem>> {
    let mut rules = RuleSet::builtin()?;
    let overrides = config.rules.iter();
    let mut problems: Vec<Problem> =
        overrides.filter_map(|(id, severity)| rules.override_severity(id, *severity).err()).collect();
    problems.extend(browser::usable(&config.browser).err());
    let accepted = baseline::load(&config.baseline)?.filter(|baseline| !baseline.findings.is_empty());
    let accepted = accepted.map(|baseline| AcceptedFindings { file: baseline.file, entries: baseline.findings });
    if let Some(accepted) = &accepted {
        problems.extend(rules.accept(&accepted.entries).err().unwrap_or_default());
    }
    if problems.is_empty() { Ok((Arc::new(rules), accepted)) } else { Err(problems) }
}

/// Runs the go-live side of a session, one shop after the other; a shop that cannot be read does not stop the rest.
pub(super) async fn engine(
    session: &Session,
    config: &GoliveConfig,
    (rules, accepted): (&Arc<RuleSet>, Option<AcceptedFindings>),
    mut options: Options,
) {
    let sink = session.sink();
    sink.emit(Event::RulesLoaded {
        requirements: rules.requirements().to_vec(),
        rules: rules.cards(),
        manual: manual_cards(),
    });
    if let Some(accepted) = accepted {
        sink.emit(Event::AcceptedLoaded(accepted));
    }
    let defaults = Limits::default();
    options.crawl.limits = Limits {
        pages: config.pages.unwrap_or(defaults.pages),
        depth: config.depth.unwrap_or(defaults.depth),
        page_bytes: config.page_bytes.unwrap_or(defaults.page_bytes),
        total_time: config.seconds.map_or(defaults.total_time, Duration::from_secs),
        ..defaults
    };
    options.crawl.robots = !config.ignore_robots;
    if let Err(problems) = config.crawl.apply(&mut options.crawl, &|name| std::env::var(name).ok()) {
        session.problems(problems);
        return;
    }
    if config.ca_file.is_some() {
        options.crawl.ca_file.clone_from(&config.ca_file);
    }
    options.journey.clone_from(&config.journey);
    options.screenshots.clone_from(&config.screenshots);
    let bounds = browser::Limits::default();
    let mut renderer = Renderer::new(browser::Options {
        choice: config.browser.clone(),
        limits: browser::Limits {
            pages: config.browser_pages.unwrap_or(bounds.pages),
            pictures: config.screenshots.is_some(),
            page_time: config.browser_seconds.map_or(bounds.page_time, Duration::from_secs),
            ..bounds
        },
        stand_ins: Vec::new(),
    });
    let saved = config.saved.iter().map(Candidate::Saved);
    for (place, candidate) in saved.chain(config.shops.iter().map(Candidate::Shop)).enumerate() {
        let name = candidate.name();
        let elsewhere = session.shard.is_some_and(|shard| !shard.has(&name));
        if elsewhere || session.earlier.shops.contains(&name) {
            continue;
        }
        sink.emit(Event::ShopTurn { place, name: name.clone() });
        options.place = place;
        let judged = match candidate {
            Candidate::Saved(path) => check_saved(path, &options, rules, sink),
            Candidate::Shop(shop) => check(shop, &options, rules, &mut renderer, sink).await,
        };
        if let Err(problem) = judged {
            sink.emit(Event::ShopUnread { place, name, problem: Box::new(problem) });
        }
    }
    renderer.end().await;
}

/// What may be judged.
enum Candidate<'c> {
    Saved(&'c PathBuf),
    Shop(&'c url::Url),
}

impl Candidate<'_> {
    /// The name that decides to which part of a run it falls.
    fn name(&self) -> String {
        match self {
            Candidate::Saved(path) => path.display().to_string(),
            Candidate::Shop(url) => shown_url(url),
        }
    }
}
