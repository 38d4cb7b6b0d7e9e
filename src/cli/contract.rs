//! `homologa contract …`: scenarios against a target.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;

use super::args::{
    ContractArgs, ContractCommand, ContractGatedArgs, ContractRunArgs, DriftArgs, ScenarioArgs, ShareArgs,
};
use super::baseline::{self, Watching};
use super::gate;
use super::output::Output;
use super::session::{Asked, Outputs, Session};
use super::share;
use super::tape;
pub(super) use super::tape::{is_own, seed};
use crate::config::{self, BaselineConfig, ContractConfig, TargetConfig};
use crate::contract::baseline::{Baseline, Observer, Scope};
use crate::contract::recording::{self, Tape};
use crate::contract::scenario::{self, Loaded, Stock};
use crate::contract::{Gates, Options, Queue, Target, TargetKind, dry_run, run as run_scenarios, selected, tagged};
use crate::exit;
use crate::i18n::Message;
use crate::run::{Problem, RunRecord, Verdict};

/// Most scenarios that a note names.
const MOST_NAMED: usize = 10;
use crate::sandbox::{Clock, Options as SandboxOptions, Sandbox};

pub(super) async fn run(output: &Output, args: ContractArgs) -> Result<u8, Vec<Problem>> {
    match args.command {
        ContractCommand::Run(args) if args.dry_run => dry(output, &args),
        ContractCommand::Run(args) => execute(output, &args).await,
        ContractCommand::Coverage(args) => super::coverage::run(output, &args).await,
        ContractCommand::List(args) => list(output, &args),
        ContractCommand::Check(args) => check(output, &args),
        ContractCommand::Validate(args) => super::validate::run(output, &args),
        ContractCommand::Drift(args) => match args.against {
            Some(against) => super::drift::run(output, &DriftArgs { against }),
            None => baseline::drift(output, &args.observed).await,
        },
        ContractCommand::Accept(args) => baseline::accept(output, &args).await,
    }
}

fn load(path: Option<&Path>, tags: &[String]) -> Loaded {
    let mut loaded = path.map_or_else(scenario::builtin, scenario::from_folder);
    if !tags.is_empty() {
        loaded.scenarios.retain(|scenario| tagged(scenario, tags));
    }
    loaded
}

pub(super) fn configured(args: &ContractRunArgs) -> Result<ContractConfig, Vec<Problem>> {
    let site = crate::specs::sites::get(&args.site).map(|site| site.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = crate::specs::sites::all().iter().map(|site| site.id.as_str()).collect();
        let problem = Problem::input(Message::new("scenario.unknown-site").with("site", &args.site));
        vec![problem.fix(Message::new("scenario.known-sites").with("sites", known.join(", ")))]
    })?;
    Ok(ContractConfig {
        target: config::target(&args.target).map_err(|problem| vec![problem])?,
        site,
        access_token_env: args.access_token_env.clone(),
        public_key_env: args.public_key_env.clone(),
        allow_production: args.allow_production,
        scenarios: args.which.scenarios.clone(),
        tags: args.which.tag.clone(),
        jobs: args.jobs,
        rate: args.rate,
        preflight: !args.no_preflight,
        timeout: Duration::from_secs(args.timeout),
        baseline: BaselineConfig::None,
        record: None,
        verify: None,
        gates: Gates::default(),
    })
}

/// Starts the session of a run: where it writes, and with which seed.
pub(super) fn session(
    output: &Output,
    args: &ContractRunArgs,
    config: &ContractConfig,
) -> Result<Session, Vec<Problem>> {
    start(output, (args, None), Asked { seed: seed(config, args.seed), ..Asked::default() })
}

/// As [`session`], of a part of a run or of one that goes on.
fn shared_session(
    output: &Output,
    (args, profile): (&ContractRunArgs, Option<&gate::Named>),
    share: &ShareArgs,
    (config, stock): (&ContractConfig, &mut Stock),
) -> Result<Session, Vec<Problem>> {
    share::no_recording(share, config)?;
    let options = share::contract(config, stock);
    let asked = share::asked(share, "contract", seed(config, args.seed), true, options)?;
    start(output, (args, profile), asked)
}

fn start(
    output: &Output,
    (args, profile): (&ContractRunArgs, Option<&gate::Named>),
    asked: Asked,
) -> Result<Session, Vec<Problem>> {
    let outputs = Outputs::of_run(&args.record, profile)?.journal(args.journal.as_deref());
    Session::start(output, outputs, asked).map_err(|problem| vec![problem])
}

async fn execute(output: &Output, gated: &ContractGatedArgs) -> Result<u8, Vec<Problem>> {
    let args = &gated.run;
    let profile = gate::profile(&gated.profile)?;
    let least = gate::minimums(profile.as_ref());
    let config = ContractConfig {
        baseline: baseline::chosen(gated.baseline.as_deref()),
        record: gated.recording.clone(),
        verify: gated.verify.clone(),
        gates: Gates { codes: gated.min_coverage.or(least.codes), pairs: gated.min_pairs.or(least.pairs) },
        ..configured(args)?
    };
    let policy = gate::policy(&gated.gate, profile.as_ref())?;
    let mut stock = Stock::of(config.scenarios.as_deref());
    let mut session = shared_session(output, (args, profile.as_ref()), &gated.share, (&config, &mut stock))?;
    session.policy = policy;
    let work = engine(&session, &config, stock, args.ca_file.as_deref());
    let interrupted = session.until_interrupted(output, work).await;
    session.finish(output, interrupted).map(|(_, code)| code)
}

/// Shows what would be sent: of a part, what falls to it. What a run would refuse is refused here too; what only a run
/// can judge or write is told.
fn dry(output: &Output, gated: &ContractGatedArgs) -> Result<u8, Vec<Problem>> {
    let args = &gated.run;
    let config = configured(args)?;
    let profile = gate::profile(&gated.profile)?;
    gate::policy(&gated.gate, profile.as_ref())?;
    Outputs::of_run(&args.record, profile.as_ref())?;
    share::no_recording(&gated.share, &config)?;
    let share = share::asked(&gated.share, "contract", seed(&config, args.seed), true, BTreeMap::new())?;
    let unused = without_a_run(gated);
    if !unused.is_empty() {
        output.note(&Message::new("contract.dry-unused").with("options", unused.join(", ")));
    }
    let loaded = load(config.scenarios.as_deref(), &config.tags);
    let target = match &config.target {
        // Nothing is sent, so that nothing has to listen there.
        TargetConfig::Embedded => Target {
            kind: TargetKind::Embedded,
            base: config::address("http://127.0.0.1/").map_err(|problem| vec![problem])?,
            site: config.site.clone(),
            access_token: None,
            public_key: None,
        },
        TargetConfig::Url(_) => real_target(&config).map_err(|problem| vec![problem])?,
        TargetConfig::Recording(path) => {
            let head = recording::head(path).map_err(|problem| vec![problem])?;
            tape::target(&head, &config).map_err(|problem| vec![problem])?
        }
    };
    let found = loaded.scenarios.len();
    let (scenarios, notices) = selected(loaded.scenarios, target.kind);
    output.problems(&notices);
    let seed = seed(&config, args.seed).unwrap_or_else(crate::ids::Ids::random_seed);
    let mut drawn = dry_run(scenarios, &target, seed);
    let nothing = drawn.is_empty();
    // A part to which nothing falls is no mistake, as in a run.
    drawn.retain(|scenario| share.shard.is_none_or(|shard| shard.has(&scenario.id)));
    if output.json {
        output.result_json(&serde_json::json!({ "target": target.info(), "seed": seed, "scenarios": drawn }));
    } else {
        let mut text = String::new();
        for scenario in &drawn {
            text.push_str(&format!("{}  {}\n", scenario.id, scenario.name.get(output.lang)));
            for step in &scenario.steps {
                text.push_str(&format!("  {}  {}:{}\n", step.id, step.file, step.line));
                if let Some(reason) = &step.reason {
                    text.push_str(&format!("    {}\n", output.say(reason)));
                }
                let Some(request) = &step.request else { continue };
                text.push_str(&format!("    {} {}\n", request.method, request.url));
                for (name, value) in &request.headers {
                    text.push_str(&format!("    {name}: {value}\n"));
                }
                if let Some(body) = &request.body {
                    text.push_str(&format!("    {body}\n"));
                }
            }
            text.push('\n');
        }
        let requests = drawn.iter().flat_map(|scenario| &scenario.steps).filter(|step| step.request.is_some()).count();
        let total = Message::new("contract.dry-run").with("n", requests).with("m", drawn.len());
        text.push_str(&(output.say(&total) + "\n"));
        output.plain_result(&text);
    }
    if !loaded.problems.is_empty() {
        return Err(loaded.problems);
    }
    if nothing {
        return Err(vec![nothing_to_run(found > 0)]);
    }
    Ok(exit::READY)
}

/// The options of a command line that mean nothing where nothing is sent.
fn without_a_run(gated: &ContractGatedArgs) -> Vec<String> {
    let ContractGatedArgs { run, gate, profile, share, .. } = gated;
    let named = [
        ("--fail-on", !gate.fail_on.is_empty()),
        ("--regression", gate.regression.is_some()),
        ("--min-coverage", gated.min_coverage.is_some()),
        ("--min-pairs", gated.min_pairs.is_some()),
        ("--baseline", gated.baseline.is_some()),
        ("--output", run.record.output.is_some()),
        ("--report", !run.record.report.is_empty()),
        ("--journal", run.journal.is_some()),
        ("--resume", share.resume.is_some()),
    ];
    let named = named.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
    profile.profile.iter().map(|name| format!("--profile {name}")).chain(named).collect()
}

/// Runs the contract side of a session with the scenarios of its configuration; problems become events, so that the
/// rest of the run goes on.
pub(super) async fn engine(session: &Session, config: &ContractConfig, stock: Stock, ca_file: Option<&Path>) {
    match baseline::load(&config.baseline) {
        Ok(accepted) => {
            // A gate on lesser differences needs every answer judged by all that is documented.
            let criteria = session.policy.iter().flat_map(|policy| &policy.fail_on);
            let judges = criteria.into_iter().any(|criterion| criterion.asks_for_lesser_drift());
            let watching = if judges { Watching::Judges } else { Watching::Run };
            engine_with(session, config, stock, ca_file, (accepted, watching)).await;
        }
        Err(problems) => session.problems(problems),
    }
}

/// As [`engine`], with a baseline that was read; gives what watched the run.
pub(super) async fn engine_with(
    session: &Session,
    config: &ContractConfig,
    mut stock: Stock,
    ca_file: Option<&Path>,
    (accepted, watching): (Option<Baseline>, Watching),
) -> Option<(Arc<Observer>, Scope)> {
    let mut tape = match tape::open(config) {
        Ok(tape) => tape,
        Err(problem) => {
            session.problems(vec![problem]);
            return None;
        }
    };
    let kind = match (&config.target, &tape.replay) {
        (TargetConfig::Embedded, _) => TargetKind::Embedded,
        (TargetConfig::Recording(_), Some(recording)) => recording.head.kind(),
        (TargetConfig::Url(_) | TargetConfig::Recording(_), _) => TargetKind::Url,
    };
    let scope = Scope { known: stock.ids().into_iter().collect(), shard: session.shard };
    let queue = Queue::new(&mut stock, &config.tags, kind, session.sink());
    if queue.is_empty() {
        session.problems(vec![nothing_to_run(queue.left_some_out())]);
        return None;
    }
    let (target, sandbox) = match target(config, &tape, session.seed).await {
        Ok(ready) => ready,
        Err(problem) => {
            session.problems(vec![problem]);
            return None;
        }
    };
    let (observer, notices) = baseline::watch(accepted, config, &target.info(), watching);
    session.problems(notices);
    if let Err(problem) = tape::start(&mut tape, config, &target, session.seed) {
        session.problems(vec![problem]);
        return None;
    }
    let options = Options {
        seed: session.seed,
        jobs: config.jobs,
        timeout: config.timeout,
        rate: config.rate,
        preflight: config.preflight,
        stop: session.stop.clone(),
        ca_file: ca_file.map(Path::to_owned),
        observer: Some(observer.clone()),
        tape,
        gates: config.gates,
        shard: session.shard,
        finished: session.earlier.scenarios.clone(),
        began: (session.earlier.elapsed_ms > 0).then_some(session.started),
    };
    let done = run_scenarios(queue, target, &options, session.sink()).await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    match done {
        Ok(_) => {
            baseline::measured(session, &observer, &scope);
            Some((observer, scope))
        }
        Err(problem) => {
            session.problems(vec![problem]);
            None
        }
    }
}

/// That nothing is to be run: a mistake of the input, or an open run where the scenarios themselves say that they wait.
fn nothing_to_run(left_out: bool) -> Problem {
    if left_out {
        return Problem::environment(Message::new("contract.all-left-out"));
    }
    Problem::input(Message::new("contract.nothing-selected"))
}

/// The target of a configuration, with the embedded sandbox started if it is the target.
async fn target(config: &ContractConfig, tape: &Tape, seed: u64) -> Result<(Target, Option<Sandbox>), Problem> {
    match &config.target {
        TargetConfig::Embedded => {
            // Dates are judged by the clock that scenarios write them by.
            let clock = scenario::given_time().map(Clock::from).unwrap_or_default();
            let options =
                SandboxOptions { seed, default_site: config.site.clone(), clock, ..SandboxOptions::default() };
            let sandbox = Sandbox::start(options, ([127, 0, 0, 1], 0).into()).await?;
            let base = config::address(sandbox.url())?;
            let target = Target {
                kind: TargetKind::Embedded,
                base,
                site: config.site.clone(),
                access_token: None,
                public_key: None,
            };
            Ok((target, Some(sandbox)))
        }
        TargetConfig::Url(_) => real_target(config).map(|target| (target, None)),
        TargetConfig::Recording(path) => {
            let target = match &tape.replay {
                Some(recording) => tape::target(&recording.head, config),
                None => recording::head(path).and_then(|head| tape::target(&head, config)),
            };
            target.map(|target| (target, None))
        }
    }
}

/// The target that a configured URL and the environment's credentials make.
fn real_target(config: &ContractConfig) -> Result<Target, Problem> {
    use secrecy::ExposeSecret;
    let TargetConfig::Url(base) = &config.target else {
        return Err(Problem::input(Message::new("contract.nothing-selected")));
    };
    let access_token = variable(&config.access_token_env).map(SecretString::from);
    let Some(access_token) = access_token else {
        return Err(Problem::input(Message::new("contract.no-token").with("name", &config.access_token_env))
            .fix(Message::new("contract.no-token-fix").with("name", &config.access_token_env)));
    };
    if access_token.expose_secret().starts_with("APP_USR-") && !config.allow_production {
        return Err(Problem::input(Message::new("contract.production").with("name", &config.access_token_env))
            .fix(Message::new("contract.production-fix")));
    }
    Ok(Target {
        kind: TargetKind::Url,
        base: base.clone(),
        site: config.site.clone(),
        access_token: Some(access_token),
        public_key: variable(&config.public_key_env),
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[derive(Serialize)]
struct Listed<'s> {
    id: &'s str,
    name: &'s str,
    file: &'s str,
    tags: &'s [String],
    sites: &'s [String],
    rows: usize,
    skip: Option<&'s str>,
}

fn list(output: &Output, args: &ScenarioArgs) -> Result<u8, Vec<Problem>> {
    let loaded = load(args.scenarios.as_deref(), &args.tag);
    let listed: Vec<Listed<'_>> = loaded
        .scenarios
        .iter()
        .map(|scenario| Listed {
            id: &scenario.id,
            name: scenario.name.get(output.lang),
            file: &scenario.source.file,
            tags: &scenario.tags,
            sites: &scenario.sites,
            rows: scenario.rows.len(),
            skip: scenario.skip.as_deref(),
        })
        .collect();
    if output.json {
        output.result_json(&listed);
    } else {
        let mut text = String::new();
        for scenario in &listed {
            let runs = scenario.rows.max(1) * scenario.sites.len().max(1);
            text.push_str(&format!("{}  ×{runs}\n    {}\n", scenario.id, scenario.name));
        }
        output.plain_result(&text);
    }
    if loaded.problems.is_empty() { Ok(exit::READY) } else { Err(loaded.problems) }
}

fn check(output: &Output, args: &ScenarioArgs) -> Result<u8, Vec<Problem>> {
    let loaded = load(args.scenarios.as_deref(), &args.tag);
    let (good, bad) = (loaded.scenarios.len(), loaded.problems.len());
    if output.json {
        output.result_json(&serde_json::json!({ "scenarios": good, "problems": loaded.problems }));
    } else {
        output.result(&(output.say(&Message::new("contract.checked").with("n", good).with("m", bad)) + "\n"));
    }
    if loaded.problems.is_empty() { Ok(exit::READY) } else { Err(loaded.problems) }
}

/// Names the scenarios that failed or stayed open, for commands whose result does not show them: standard error says
/// what the exit code is about.
pub(super) fn failed_note(output: &Output, record: &RunRecord) {
    let scenarios = || record.contract.iter().flat_map(|contract| &contract.scenarios);
    for (verdict, key) in
        [(Verdict::Fail, "contract.scenarios-failed"), (Verdict::Inconclusive, "contract.scenarios-open")]
    {
        let of = scenarios().filter(|scenario| scenario.verdict == verdict);
        let names: Vec<&str> = of.map(|scenario| scenario.id.as_str()).collect();
        if !names.is_empty() {
            let mut list = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
            if names.len() > MOST_NAMED {
                list.push_str(", …");
            }
            let message = Message { key: key.into(), ..Message::new("contract.scenarios-failed") };
            output.note(&message.with("n", names.len()).with("names", list));
        }
    }
}
