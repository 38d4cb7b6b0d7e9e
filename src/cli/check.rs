//! `homologa check`: the whole job, as `homologa.yaml` says.

use std::path::Path;

use super::args::CheckArgs;
use super::output::Output;
use super::session::{Outputs, Session};
use super::share;
use super::{contract, gate, golive};
use crate::config;
use crate::contract::scenario::Stock;
use crate::i18n::Message;
use crate::run::Problem;

/// Folder of the record and of reports that the configuration does not name.
const FOLDER: &str = "reports/out";

pub(super) async fn run(output: &Output, args: &CheckArgs) -> Result<u8, Vec<Problem>> {
    let mut config = config::load(&args.config)?;
    let profile = match &args.profile {
        Some(name) => Some((name.clone(), config.take_profile(name)?)),
        None => None,
    };
    let policy = gate::policy(&args.gate, profile.as_ref())?;
    let output = &output.in_lang(config.lang);
    let rules = config.golive.as_ref().map(golive::rules).transpose()?;
    let asked = Outputs::from_args(&args.record).map_err(|problem| vec![problem])?;
    let mut outputs = Outputs::in_folder(args.record.output.as_deref().unwrap_or(Path::new(FOLDER)));
    if !config.reports.is_empty() {
        outputs.reports.clone_from(&config.reports);
    }
    if !args.record.report.is_empty() {
        outputs.reports = asked.reports;
    }
    let seed = config.contract.as_ref().map_or(args.seed, |contract| contract::seed(contract, args.seed));
    if let Some(contract) = &config.contract {
        share::no_recording(&args.share, contract)?;
    }
    let mut options = share::golive(config.golive.as_ref());
    let mut contract = config.contract.as_ref().map(|contract| (contract, Stock::of(contract.scenarios.as_deref())));
    if let Some((contract, stock)) = &mut contract {
        options.extend(share::contract(contract, stock));
    }
    let asked = share::asked(&args.share, "check", seed, config.contract.is_some(), options)?;
    let mut session = Session::start(output, outputs, asked).map_err(|problem| vec![problem])?;
    session.policy = policy;
    let interrupted = session
        .until_interrupted(output, async {
            if let Some((contract, stock)) = contract {
                contract::engine(&session, contract, stock, None).await;
            }
            if let (Some(golive), Some((rules, accepted))) = (&config.golive, rules) {
                golive::engine(&session, golive, (&rules, accepted), crate::golive::Options::default()).await;
            }
        })
        .await;
    let own_target = config.contract.as_ref().is_some_and(|contract| contract::is_own(&contract.target));
    let shops = config.golive.as_ref().is_some_and(|golive| !golive.shops.is_empty() || !golive.saved.is_empty());
    if !own_target && !shops {
        // A pipeline that checks nothing of the user's must not be green.
        let problem = Problem::environment(Message::new("cli.nothing-of-yours"));
        session.problems(vec![problem.fix(Message::new("cli.nothing-of-yours-fix"))]);
    }
    session.finish(output, interrupted).map(|(_, code)| code)
}
