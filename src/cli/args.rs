//! The arguments, as the user types them. Their help texts are in `i18n/words/help.yaml`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::help;
use crate::i18n::Lang;

/// How a result is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Parser)]
#[command(name = "homologa", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    #[arg(long, global = true, value_enum)]
    pub(super) lang: Option<Lang>,
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(super) format: Format,
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) specs: Option<PathBuf>,
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) rules: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Demo(DemoArgs),
    Init(InitArgs),
    Check(CheckArgs),
    Contract(Box<ContractArgs>),
    Golive(Box<GoliveCommandArgs>),
    Sandbox(SandboxArgs),
    Report(ReportArgs),
    Explain(ExplainArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[arg(long, value_name = "DIR", default_value = "reports/out/demo")]
    pub(super) output: PathBuf,
    #[arg(long, value_name = "FORMAT=FILE", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    #[arg(long)]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) folder: PathBuf,
    #[arg(long, value_name = "FAMILY/ID", conflicts_with = "eject")]
    pub(super) rule: Option<String>,
    #[arg(long)]
    pub(super) eject: bool,
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[arg(long, short, value_name = "FILE", default_value = crate::config::FILE_NAME)]
    pub(super) config: PathBuf,
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) gate: GateArgs,
    #[command(flatten)]
    pub(super) record: RecordArgs,
    #[arg(long)]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) share: ShareArgs,
}

/// Which part of a run is done, and what was done before.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ShareArgs {
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
}

/// Where the record and the reports of a run go.
#[derive(Debug, Clone, Args)]
pub(super) struct RecordArgs {
    #[arg(long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    #[arg(long, value_name = "FORMAT=FILE", value_delimiter = ',')]
    pub(super) report: Vec<String>,
}

/// What makes a run fail.
#[derive(Debug, Clone, Args)]
pub(super) struct GateArgs {
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub(super) fail_on: Vec<String>,
    #[arg(long, value_name = "RECORD")]
    pub(super) regression: Option<PathBuf>,
}

/// The profile that a run obeys, where no configuration says the rest.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ProfileArgs {
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    #[arg(id = "profile-config", long = "config", short, value_name = "FILE", requires = "profile")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ContractArgs {
    #[command(subcommand)]
    pub(super) command: ContractCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ContractCommand {
    Run(ContractGatedArgs),
    List(ScenarioArgs),
    Check(ScenarioArgs),
    Coverage(ContractCoverageArgs),
    Validate(ValidateArgs),
    Drift(ContractDriftArgs),
    Accept(AcceptArgs),
}

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
}

/// Two documents.
#[derive(Debug)]
pub(super) struct DriftArgs {
    pub(super) against: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ContractDriftArgs {
    // First, for the help shows its headings in the order in which they come: arguments, then options.
    #[command(flatten)]
    pub(super) observed: ObservedDriftArgs,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenarios", "tag", "target", "baseline", "output", "report"])]
    pub(super) against: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ObservedDriftArgs {
    #[command(flatten)]
    pub(super) run: ContractRunArgs,
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    #[command(flatten)]
    pub(super) run: ContractRunArgs,
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    #[arg(long, value_name = "TEXT", conflicts_with = "merge")]
    pub(super) reason: Option<String>,
    #[arg(long, value_name = "NAME", conflicts_with = "merge")]
    pub(super) owner: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "merge")]
    pub(super) expires: Option<jiff::civil::Date>,
    #[arg(long)]
    pub(super) merge: bool,
}

/// Which scenarios.
#[derive(Debug, Clone, Args)]
pub(super) struct ScenarioArgs {
    #[arg(value_name = "PATH")]
    pub(super) scenarios: Option<PathBuf>,
    #[arg(long, value_delimiter = ',')]
    pub(super) tag: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ContractRunArgs {
    #[command(flatten)]
    pub(super) which: ScenarioArgs,
    #[arg(long, value_name = "embedded|URL|recording:FILE", default_value = "embedded")]
    pub(super) target: String,
    #[arg(long, default_value = "MLA")]
    pub(super) site: String,
    #[arg(long, value_name = "NAME", default_value = "MERCADOPAGO_ACCESS_TOKEN")]
    pub(super) access_token_env: String,
    #[arg(long, value_name = "NAME", default_value = "MERCADOPAGO_PUBLIC_KEY")]
    pub(super) public_key_env: String,
    #[arg(long)]
    pub(super) allow_production: bool,
    #[arg(long, default_value_t = 0)]
    pub(super) jobs: usize,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(super) rate: Option<u32>,
    #[arg(long)]
    pub(super) no_preflight: bool,
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(super) timeout: u64,
    #[arg(long)]
    pub(super) seed: Option<u64>,
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(super) journal: Option<PathBuf>,
    #[command(flatten)]
    pub(super) record: RecordArgs,
}

#[derive(Debug, Args)]
pub(super) struct ContractGatedArgs {
    #[command(flatten)]
    pub(super) run: ContractRunArgs,
    #[arg(long)]
    pub(super) dry_run: bool,
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    #[arg(long = "record", value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) recording: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) verify: Option<PathBuf>,
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) min_coverage: Option<u8>,
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) min_pairs: Option<u8>,
    #[command(flatten)]
    pub(super) profile: ProfileArgs,
    #[command(flatten)]
    pub(super) gate: GateArgs,
    #[command(flatten)]
    pub(super) share: ShareArgs,
}

#[derive(Debug, Args)]
pub(super) struct ContractCoverageArgs {
    #[command(flatten)]
    pub(super) run: ContractRunArgs,
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) min_coverage: Option<u8>,
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(super) min_pairs: Option<u8>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct GoliveCommandArgs {
    #[command(subcommand)]
    pub(super) command: Option<GoliveCommand>,
    #[command(flatten)]
    pub(super) profile: ProfileArgs,
    #[command(flatten)]
    pub(super) run: GoliveArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum GoliveCommand {
    Accept(Box<GoliveAcceptArgs>),
}

#[derive(Debug, Args)]
pub(super) struct GoliveAcceptArgs {
    #[command(flatten)]
    pub(super) run: GoliveArgs,
    #[arg(long, value_name = "ID")]
    pub(super) rule: String,
    #[arg(long, value_name = "PATH")]
    pub(super) page: Option<String>,
    #[arg(long, value_name = "CSS")]
    pub(super) selector: Option<String>,
    #[arg(long, value_name = "ID")]
    pub(super) finding: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[arg(long, value_name = "NAME")]
    pub(super) owner: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) expires: jiff::civil::Date,
}

#[derive(Debug, Args)]
pub(super) struct GoliveArgs {
    #[arg(value_name = "URL|FILE", required_unless_present = "shops")]
    pub(super) urls: Vec<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) shops: Option<PathBuf>,
    #[command(flatten)]
    pub(super) share: ShareArgs,
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    #[arg(long)]
    pub(super) pages: Option<usize>,
    #[arg(long)]
    pub(super) depth: Option<u32>,
    #[arg(long)]
    pub(super) seconds: Option<u64>,
    #[arg(long)]
    pub(super) ignore_robots: bool,
    #[arg(long, value_name = "PATH|none")]
    pub(super) browser: Option<String>,
    #[arg(long)]
    pub(super) browser_pages: Option<usize>,
    #[arg(long)]
    pub(super) browser_seconds: Option<u64>,
    #[arg(long)]
    pub(super) ignore_sitemap: bool,
    #[arg(long, value_name = "PATTERN")]
    pub(super) allow: Vec<String>,
    #[arg(long, value_name = "PATTERN")]
    pub(super) deny: Vec<String>,
    #[arg(long, value_name = "MS")]
    pub(super) delay: Option<u64>,
    #[arg(long)]
    pub(super) concurrency: Option<usize>,
    #[arg(long, value_name = "NAME=VARIABLE")]
    pub(super) header_env: Vec<String>,
    #[arg(long, value_name = "VARIABLE")]
    pub(super) basic_auth_env: Option<String>,
    #[arg(long, value_name = "DIR")]
    pub(super) screenshots: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub(super) journal: Option<PathBuf>,
    #[command(flatten)]
    pub(super) gate: GateArgs,
    #[command(flatten)]
    pub(super) record: RecordArgs,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    #[arg(long, default_value_t = 4242)]
    pub(super) port: u16,
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) host: std::net::IpAddr,
    #[arg(long, default_value = "MLA")]
    pub(super) site: String,
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    #[arg(long, value_name = "FILE")]
    pub(super) faults: Option<PathBuf>,
    #[arg(long, value_name = "URL")]
    pub(super) webhook_url: Option<String>,
    #[arg(long, default_value = "webhook", value_parser = ["webhook", "ipn", "both"])]
    pub(super) webhook_form: String,
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) webhook_speed: u32,
    #[arg(long)]
    pub(super) webhooks_anywhere: bool,
    #[arg(long, value_name = "FILE")]
    pub(super) seed_data: Option<PathBuf>,
    #[arg(long)]
    pub(super) tls: bool,
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(super) name: Vec<String>,
    #[arg(long, value_name = "FILE", requires = "tls", default_value = "homologa-ca.pem")]
    pub(super) ca_out: PathBuf,
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    #[arg(long, default_value = "kill", value_parser = ["kill", "power-cut"], requires = "data")]
    pub(super) survive: String,
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) keep: u32,
    #[arg(long, default_value = "stored", value_parser = ["stored", "conflict"])]
    pub(super) key_reuse: String,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    pub(super) command: Option<ReportCommand>,
    #[arg(value_name = "RUN", required_unless_present = "schema")]
    pub(super) records: Vec<PathBuf>,
    #[arg(long, conflicts_with_all = ["records", "compare", "templates", "profile", "fail_on", "regression", "output", "report"])]
    pub(super) schema: bool,
    #[arg(long, value_name = "RUN")]
    pub(super) compare: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub(super) templates: Option<PathBuf>,
    #[command(flatten)]
    pub(super) profile: ProfileArgs,
    #[command(flatten)]
    pub(super) gate: GateArgs,
    #[command(flatten)]
    pub(super) outputs: RecordArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    Merge(MergeArgs),
    Portfolio(PortfolioArgs),
}

#[derive(Debug, Args)]
pub(super) struct PortfolioArgs {
    #[arg(value_name = "RECORD", required_unless_present = "schema")]
    pub(super) records: Vec<PathBuf>,
    #[arg(long, conflicts_with_all = ["records", "report"])]
    pub(super) schema: bool,
    #[arg(long, value_name = "FORMAT=FILE", value_delimiter = ',')]
    pub(super) report: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    #[arg(value_name = "OUT")]
    pub(super) out: PathBuf,
    #[arg(value_name = "RECORD", required = true)]
    pub(super) records: Vec<PathBuf>,
    #[arg(long, value_name = "FORMAT=FILE", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    #[command(flatten)]
    pub(super) profile: ProfileArgs,
    #[command(flatten)]
    pub(super) gate: GateArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[arg(value_name = "ID")]
    pub(super) id: String,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// The whole command line with its help in one language.
pub fn command(lang: Lang) -> clap::Command {
    help::worded(Cli::command(), lang)
}

/// Parses the arguments.
///
/// # Errors
/// The exit code, after help, version or the mistake has been written.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<(Options, Command), u8> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // The words are only read where somebody will see them: for help, or for a mistake.
    let plain = Cli::command().try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    if let Ok(cli) = plain {
        return Ok((cli.options, cli.command));
    }
    let lang = help::early_lang(&arguments);
    let mut command = command(lang);
    let parsed = command.try_get_matches_from_mut(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map(|cli| (cli.options, cli.command)).map_err(|error| help::refuse(&error, &mut command, lang))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_in_every_language() {
        for lang in Lang::ALL {
            command(lang).debug_assert();
        }
    }
}
