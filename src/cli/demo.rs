//! `homologa demo`: the whole job on the embedded sandbox and two embedded shops, one ready and one broken.

use super::args::DemoArgs;
use super::output::Output;
use super::session::{Asked, Outputs, Session};
use super::{contract, golive};
use crate::config::{ContractConfig, GoliveConfig};
use crate::contract::scenario::Stock;
use crate::demo::{self, ShopKind};
use crate::exit;
use crate::golive::Options;
use crate::i18n::Message;
use crate::run::{Problem, RunRecord, RunVerdict};

pub(super) async fn run(output: &Output, args: &DemoArgs) -> Result<u8, Vec<Problem>> {
    let outputs = Outputs::in_folder(&args.output).with(&args.report).map_err(|problem| vec![problem])?;
    let ready = demo::start(ShopKind::Ready).await.map_err(|problem| vec![problem])?;
    let broken = demo::start(ShopKind::Broken).await.map_err(|problem| vec![problem])?;
    let shops = GoliveConfig { shops: vec![ready.url.clone(), broken.url.clone()], ..GoliveConfig::default() };
    let (rules, accepted) = golive::rules(&shops)?;
    let mut options = Options::default();
    options.crawl.extra_roots = vec![ready.ca_der(), broken.ca_der()];

    let session = Session::start(output, outputs, Asked { seed: args.seed, ..Asked::default() })
        .map_err(|problem| vec![problem])?;
    let interrupted = session
        .until_interrupted(output, async {
            contract::engine(&session, &ContractConfig::default(), Stock::builtin(), None).await;
            golive::engine(&session, &shops, (&rules, accepted), options).await;
        })
        .await;
    let (record, code) = session.finish(output, interrupted)?;
    if interrupted {
        return Ok(code);
    }
    // The demo shows a broken shop on purpose: it is well when every part got the verdict it should.
    if as_expected(&record) {
        output.note(&Message::new("cli.demo-as-expected"));
        Ok(exit::READY)
    } else {
        output.note(&Message::new("cli.demo-not-as-expected"));
        Ok(if code == exit::READY { exit::NOT_READY } else { code })
    }
}

fn as_expected(record: &RunRecord) -> bool {
    let contract = record.contract.as_ref().map(crate::run::ContractRecord::verdict);
    let shops: Vec<RunVerdict> = record.shops.iter().map(|shop| shop.verdict).collect();
    contract == Some(RunVerdict::Ready)
        && shops == [RunVerdict::Ready, RunVerdict::NotReady]
        && record.problems.is_empty()
}
