//! `homologa contract coverage`: which codes and status pairs a run shows, and of the others, why not.

use super::args::ContractCoverageArgs;
use super::contract::{configured, engine, failed_note, session};
use super::output::Output;
use crate::config::ContractConfig;
use crate::contract::Gates;
use crate::contract::scenario::Stock;
use crate::report;
use crate::run::Problem;

pub(super) async fn run(output: &Output, args: &ContractCoverageArgs) -> Result<u8, Vec<Problem>> {
    let gates = Gates { codes: args.min_coverage, pairs: args.min_pairs };
    let config = ContractConfig { gates, ..configured(&args.run)? };
    let session = session(output, &args.run, &config)?;
    let stock = Stock::of(config.scenarios.as_deref());
    let work = engine(&session, &config, stock, args.run.ca_file.as_deref());
    let interrupted = session.until_interrupted(output, work).await;
    let record = session.record(interrupted);
    let (_, failed) = session.write(&record, output);
    if !failed.is_empty() {
        return Err(failed);
    }
    let measured = record.contract.as_ref().and_then(|contract| Some((contract, contract.coverage.as_ref()?)));
    let Some((contract, coverage)) = measured else { return Err(record.problems) };
    output.problems(&record.problems);
    if output.json {
        let mut value = serde_json::to_value(coverage).unwrap_or_default();
        if !contract.gates.is_empty() {
            value["gates"] = serde_json::to_value(&contract.gates).unwrap_or_default();
        }
        output.result_json(&value);
    } else {
        output.plain_result(&report::coverage::text(contract, coverage, output.lang, output.width()));
    }
    failed_note(output, &record);
    Ok(record.exit_code())
}
