//! `homologa.yaml`: what `homologa check` does.
//!
//! Responsible for reading the file, telling every mistake with its place, and the defaults. Not responsible
//! for credentials: the file names environment variables, never values.

mod crawl;
mod journey;
mod profile;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::golive::browser::Choice;
use crate::golive::journey::Step;
use crate::i18n::Lang;
use crate::run::Severity;
use crate::run::policy::Profile;

pub use crawl::CrawlConfig;
pub use profile::hint;
pub use read::{address, browser, load, parse, target};

/// Name of the file that `check` looks for.
pub const FILE_NAME: &str = "homologa.yaml";

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Language of output, unless the command line says another.
    pub lang: Option<Lang>,
    /// The contract side; `None` when it is not to run.
    pub contract: Option<ContractConfig>,
    /// The go-live side; `None` when it is not to run.
    pub golive: Option<GoliveConfig>,
    /// Reports by format; empty means HTML and JSON in the default folder.
    pub reports: BTreeMap<String, PathBuf>,
    /// What makes a run fail, by the name that `--profile` gives.
    pub profiles: BTreeMap<String, Profile>,
}

/// Where scenarios go.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetConfig {
    /// The embedded sandbox.
    Embedded,
    /// A base URL.
    Url(Url),
    /// A recording: nothing is sent.
    Recording(PathBuf),
}

/// The baseline that answers are compared with.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum BaselineConfig {
    /// None.
    #[default]
    None,
    /// This file, if it is there.
    Beside(PathBuf),
    /// This file, which has to be there.
    File(PathBuf),
}

/// The contract side.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractConfig {
    /// Target.
    pub target: TargetConfig,
    /// Site of scenarios that name none, for example `MLA`.
    pub site: String,
    /// Environment variable that holds the access token.
    pub access_token_env: String,
    /// Environment variable that holds the public key.
    pub public_key_env: String,
    /// Whether a production credential may be used.
    pub allow_production: bool,
    /// Folder of scenarios; `None` means the built-in ones.
    pub scenarios: Option<PathBuf>,
    /// Only scenarios with one of these tags; empty means all.
    pub tags: Vec<String>,
    /// Scenarios in flight at once; 0 chooses by target.
    pub jobs: usize,
    /// Most requests in a second, 0 for no limit; `None` chooses by target.
    pub rate: Option<u32>,
    /// Whether the target is asked, before anything else, which account this is and what it can do.
    pub preflight: bool,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Baseline.
    pub baseline: BaselineConfig,
    /// File that keeps every exchange.
    pub record: Option<PathBuf>,
    /// Recording that every answer is compared with.
    pub verify: Option<PathBuf>,
    /// What the run has to show at least.
    pub gates: crate::contract::Gates,
}

impl Default for ContractConfig {
    fn default() -> ContractConfig {
        ContractConfig {
            target: TargetConfig::Embedded,
            site: "MLA".to_owned(),
            access_token_env: "MERCADOPAGO_ACCESS_TOKEN".to_owned(),
            public_key_env: "MERCADOPAGO_PUBLIC_KEY".to_owned(),
            allow_production: false,
            scenarios: None,
            tags: Vec::new(),
            jobs: 0,
            rate: None,
            preflight: true,
            timeout: Duration::from_secs(30),
            baseline: BaselineConfig::None,
            record: None,
            verify: None,
            gates: crate::contract::Gates::default(),
        }
    }
}

/// The go-live side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GoliveConfig {
    /// Checkout addresses.
    pub shops: Vec<Url>,
    /// File with certificate authorities beside those browsers ship.
    pub ca_file: Option<PathBuf>,
    /// Severity by rule id; `None` switches a rule off.
    pub rules: BTreeMap<String, Option<Severity>>,
    /// Most pages read in one shop.
    pub pages: Option<usize>,
    /// Most links away from the first page.
    pub depth: Option<u32>,
    /// Longest time for one shop, in seconds.
    pub seconds: Option<u64>,
    /// Most bytes read of one page.
    pub page_bytes: Option<usize>,
    /// Whether robots.txt is left aside, by somebody who owns the shop.
    pub ignore_robots: bool,
    /// Browser that opens pages whose markup does not tell all.
    pub browser: Choice,
    /// Most pages opened in it in one shop.
    pub browser_pages: Option<usize>,
    /// Longest time for one page to come to rest in it, in seconds.
    pub browser_seconds: Option<u64>,
    /// How it is read.
    pub crawl: CrawlConfig,
    /// Saved material: folders, HAR, MHTML and HTML files.
    pub saved: Vec<PathBuf>,
    /// Steps that lead to the checkout.
    pub journey: Vec<Step>,
    /// Folder for pictures of the pages opened in it.
    pub screenshots: Option<PathBuf>,
    /// Baseline, for the findings that it accepts.
    pub baseline: BaselineConfig,
}
