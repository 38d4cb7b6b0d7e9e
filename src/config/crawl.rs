//! How a shop is read, as `homologa.yaml` or the command line say it, and what that means to the crawl.
//!
//! What gets into a shop that is not open to everybody stays in the environment: the file names variables.

use std::time::Duration;

use crate::golive::crawl::{self, Access, Pattern};
use crate::i18n::Message;
use crate::run::Problem;
use crate::yaml::{Fields, Kind};

/// The part of `golive` that is about reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrawlConfig {
    /// What is read beside, or instead of, the host of the shop.
    pub allow: Vec<Pattern>,
    /// What is never read.
    pub deny: Vec<Pattern>,
    /// Shortest pause between two requests to one host, in milliseconds.
    pub delay: Option<u64>,
    /// Pages read at a time.
    pub concurrency: Option<usize>,
    /// Most bytes of everything that is read, in MiB.
    pub mebibytes: Option<u64>,
    /// Most redirects in a row.
    pub redirects: Option<usize>,
    /// Whether sitemaps are left aside.
    pub ignore_sitemap: bool,
    /// Whether files that no shop should serve are asked for.
    pub probe_files: bool,
    /// Headers for the shop's own host: name, and a value in which `${env.NAME}` stands for a variable.
    pub headers: Vec<(String, String)>,
    /// Environment variable that holds `user:password`.
    pub basic_auth_env: Option<String>,
}

/// Reads the fields of `golive` that are about reading.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> CrawlConfig {
    let mut config = CrawlConfig::default();
    for (name, list) in [("allow", &mut config.allow), ("deny", &mut config.deny)] {
        for word in fields.texts(name).unwrap_or_default() {
            match Pattern::parse(word) {
                Ok(pattern) => list.push(pattern),
                Err(problem) => fields.problem(name, problem.message).fix = problem.fix,
            }
        }
    }
    config.delay = fields.count("delay");
    config.concurrency = fields.count("concurrency").and_then(|count| usize::try_from(count).ok());
    config.mebibytes = fields.count("mebibytes");
    config.redirects = fields.count("redirects").and_then(|count| usize::try_from(count).ok());
    config.ignore_sitemap = fields.boolean("ignore-sitemap").unwrap_or(false);
    config.probe_files = fields.boolean("probe-files").unwrap_or(false);
    for (name, value) in fields.map("headers").unwrap_or_default() {
        match &value.kind {
            Kind::Text(text) => config.headers.push((name.text.clone(), text.clone())),
            _ => {
                let told = fields.problem("headers", Message::new("config.header-is-text").with("name", &name.text));
                // The line may hold a secret.
                told.excerpt = None;
            }
        }
    }
    config.basic_auth_env = super::read::environment_name(fields, "basic-auth-env");
    config
}

impl CrawlConfig {
    /// Puts all of it into the options of a crawl; values are looked up with `variable`.
    ///
    /// # Errors
    /// Every variable that is not set, and every header that cannot be sent. No value is repeated.
    pub fn apply(
        &self,
        options: &mut crawl::Options,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        options.patterns = crawl::Patterns { allow: self.allow.clone(), deny: self.deny.clone() };
        options.sitemap = !self.ignore_sitemap;
        options.probe_files = self.probe_files;
        if let Some(delay) = self.delay {
            options.delay = Duration::from_millis(delay);
        }
        let limits = &mut options.limits;
        limits.concurrency = self.concurrency.map_or(limits.concurrency, |count| count.clamp(1, 64));
        limits.total_bytes = self.mebibytes.map_or(limits.total_bytes, |count| count.saturating_mul(1024 * 1024));
        limits.redirects = self.redirects.map_or(limits.redirects, |count| count.min(50));
        let mut access = Access::default();
        for (name, value) in &self.headers {
            let sent = fill(value, variable).and_then(|value| access.header(name, &value));
            problems.extend(sent.err());
        }
        if let Some(name) = &self.basic_auth_env {
            let pair = variable(name).ok_or_else(|| unset(name));
            problems.extend(pair.and_then(|pair| access.basic(&pair)).err());
        }
        options.access = access;
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

fn unset(name: &str) -> Problem {
    let fix = Message::new("config.variable-unset-fix").with("name", name);
    Problem::input(Message::new("config.variable-unset").with("name", name)).fix(fix)
}

/// A value with the variables that it names.
fn fill(value: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Problem> {
    let mut filled = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${env.") {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 6..];
        let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
        filled.push_str(&variable(name).ok_or_else(|| unset(name))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_a_missing_one_is_told() {
        let variable = |name: &str| (name == "CLAVE").then(|| "secreto-largo".to_owned());
        assert_eq!(fill("Bearer ${env.CLAVE}!", &variable).unwrap(), "Bearer secreto-largo!");
        assert_eq!(fill("sin variable", &variable).unwrap(), "sin variable");
        let config = CrawlConfig {
            headers: vec![("X-A".into(), "${env.CLAVE}".into()), ("X-B".into(), "${env.OTRA}".into())],
            basic_auth_env: Some("CLAVE".into()),
            delay: Some(250),
            concurrency: Some(1_000),
            ..CrawlConfig::default()
        };
        let mut options = crawl::Options::default();
        let problems = config.apply(&mut options, &variable).unwrap_err();
        let keys: Vec<_> = problems.iter().map(|problem| problem.message.key.as_ref()).collect();
        assert_eq!(keys, ["config.variable-unset", "crawl.bad-basic-auth"]);
        assert!(!format!("{problems:?}").contains("secreto"));
        assert_eq!((options.delay.as_millis(), options.limits.concurrency), (250, 64));
    }
}
