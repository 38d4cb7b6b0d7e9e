//! `homologa report RUN`: a recorded run, rendered again. The same record gives the same bytes.

use super::args::ReportArgs;
use super::gate;
use super::output::Output;
use super::session::{self, Outputs};
use crate::i18n::Message;
use crate::run::policy::Judgement;
use crate::run::{Problem, read_record};

pub(super) fn run(output: &Output, args: &ReportArgs) -> Result<u8, Vec<Problem>> {
    let file = gate::record_file(&args.record);
    let policy = gate::policy(&args.gate, None)?;
    let mut record = read_record(&file).map_err(|problem| vec![problem])?;
    let outputs = Outputs::from_args(&args.outputs).map_err(|problem| vec![problem])?;
    if !record.complete {
        output.note(&Message::new("cli.partial").with("file", file.display()));
        record.verdict = Some(record.judge());
    }
    if let Some(policy) = policy {
        // Another policy than that of the run: its part in the verdict goes with it.
        record.policy = Some(Judgement::of(&policy, &record, record.complete));
        record.verdict = Some(record.judge());
    }
    let (written, problems) = session::write_reports(&record, &outputs.reports, output);
    session::summarise(&record, output, &outputs, &written);
    if problems.is_empty() { Ok(record.exit_code()) } else { Err(problems) }
}
