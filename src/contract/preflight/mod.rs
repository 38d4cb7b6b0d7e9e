//! Before a run against a real target: which credential and which account is this, and can it do what the scenarios
//! need? A few questions in place of hundreds of failed scenarios that all say the same.
//!
//! Not responsible for judging scenarios: what the account cannot do is left open with its reason (see `blocked.rs`).

mod blocked;
mod trial;

use std::sync::{PoisonError, RwLock};

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::exchange::{self, Answer, Refusal};
use super::execution::Shared;
use super::plan::Plan;
use super::scenario::{CardSpec, Method, Request, Variables};
use super::target::{Role, Target, TargetKind};
use super::transport::Transport;
use super::{environment, judge};
use crate::i18n::Message;
use crate::ids::Ids;
use crate::run::{Creation, CredentialKind, Preflight, Problem};
use crate::secret::{self, Credential, Redactor};
use crate::yaml::Mark;

/// Longest text of an answer that is kept, in characters.
const LONGEST_TEXT: usize = 200;

/// What is known of the account of a run; grows while the run goes.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<Option<Preflight>>);

impl Known {
    /// Why the account cannot run a scenario, if it cannot.
    pub(super) fn blocked(&self, plan: &Plan, target: &Target) -> Option<Message> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        blocked::blocked(known.as_ref()?, plan, target)
    }

    fn get(&self) -> Option<Preflight> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, preflight: Preflight) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(preflight);
    }
}

/// What the questions need.
pub(super) struct Questions<'q> {
    target: &'q Target,
    transport: &'q Transport,
    redactor: &'q Redactor,
    known: &'q Known,
    ids: Ids,
}

impl<'q> Questions<'q> {
    /// Questions for a run; what they learn is kept in what its scenarios share.
    pub(super) fn new(shared: &'q Shared) -> Questions<'q> {
        let Shared { target, transport, redactor, known, ids, .. } = shared;
        Questions { target, transport, redactor, known, ids: ids.part("preflight") }
    }
}

impl Questions<'_> {
    /// Asks what has to be known before these plans run. The embedded sandbox is not asked.
    ///
    /// # Errors
    /// A problem of the environment when the target does not answer; of the input when it refuses the credential,
    /// when the account is of another site, or when what should be an access token is a public key.
    pub(super) async fn ask(&self, plans: &[Plan]) -> Result<Option<Preflight>, Problem> {
        let (TargetKind::Url, Some(token)) =
            (self.target.kind, self.target.credential(&self.target.site, Role::Seller))
        else {
            return Ok(None);
        };
        let credential = kind(token.expose_secret())?;
        let me = self.account().await?;
        let text = |name: &str| me.get(name).and_then(Value::as_str).map(str::to_owned);
        let site = text("site_id");
        if let Some(site) = site.as_deref().filter(|site| *site != self.target.site) {
            let message = Message::new("contract.other-site").with("site", site).with("asked", &self.target.site);
            let fix = Message::new("contract.other-site-fix").with("site", site);
            return Err(Problem::input(self.masked(message)).fix(self.masked(fix)).at_url(self.target.info().url));
        }
        let tags = me.get("tags").and_then(Value::as_array);
        let test_user = tags.map(|tags| tags.iter().any(|tag| tag == "test_user"));
        let creation = if !blocked::needs_trial(plans, self.target) {
            Creation::NotTried { reason: Message::new("contract.trial-not-needed") }
        } else if credential == CredentialKind::Production && test_user != Some(true) {
            Creation::NotTried { reason: Message::new("contract.trial-production") }
        } else {
            self.try_creation().await
        };
        let account = me.get("id").filter(|id| id.is_string() || id.is_number()).map(|id| {
            let digits: Vec<char> = id.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
            let last: String = digits[digits.len().saturating_sub(4)..].iter().collect();
            if digits.len() > 4 { format!("…{last}") } else { last }
        });
        let preflight = Preflight { credential, account, site, test_user, creation };
        self.known.set(preflight.clone());
        Ok(Some(preflight))
    }

    /// Makes the trial when these plans are the first that need it; gives what is known after it.
    pub(super) async fn ask_more(&self, plans: &[Plan]) -> Option<Preflight> {
        let mut preflight = self.known.get()?;
        let untried = matches!(&preflight.creation, Creation::NotTried { .. });
        if !untried || real(&preflight) || !blocked::needs_trial(plans, self.target) {
            return None;
        }
        preflight.creation = self.try_creation().await;
        self.known.set(preflight.clone());
        Some(preflight)
    }

    fn masked(&self, mut message: Message) -> Message {
        for value in message.args.values_mut() {
            let masked = self.redactor.text(value).chars().take(LONGEST_TEXT).collect();
            *value = masked;
        }
        message
    }

    /// `GET /users/me`; empty when the target has no such resource.
    async fn account(&self) -> Result<Map<String, Value>, Problem> {
        let shown = self.target.info().url;
        let answer = match self.send(request(Method::Get, "/users/me", Role::Seller)).await {
            Ok(answer) => answer,
            Err(problem) => return Err(problem.at_url(shown)),
        };
        if environment::speaks(&answer) {
            let (message, fix) = environment::told(&answer);
            return Err(Problem::environment(self.masked(message)).fix(fix).at_url(shown));
        }
        match (answer.status, answer.json) {
            (status @ (401 | 403), _) => {
                Err(Problem::input(Message::new("contract.credential-refused").with("status", status))
                    .fix(Message::new("contract.credential-refused-fix"))
                    .at_url(shown))
            }
            (200, Some(Value::Object(me))) => Ok(me),
            // Not every target is the whole API.
            _ => Ok(Map::new()),
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, Problem> {
        let site = &self.target.site;
        let prepared = exchange::prepare(&request, self.target, site, &Variables::default(), &self.ids);
        let prepared = prepared.map_err(|refusal| {
            Problem::environment(match refusal {
                Refusal::CannotRun(reason) | Refusal::Refused(reason) => reason,
                Refusal::NoValue(name) => Message::new("contract.no-value").with("name", name),
            })
        })?;
        let reply = self.transport.ask(&prepared, &[]).await;
        reply.outcome.map(|(answer, _)| answer).map_err(|unanswered| unanswered.problem)
    }
}

/// Whether payments of the account would be real.
fn real(preflight: &Preflight) -> bool {
    preflight.credential == CredentialKind::Production && preflight.test_user != Some(true)
}

/// What the shape of an access token says.
///
/// # Errors
/// A problem of the input when it is a public key.
fn kind(token: &str) -> Result<CredentialKind, Problem> {
    let found = secret::find_credentials(token);
    if found.iter().any(|found| found.kind == Credential::PublicKey && found.range == (0..token.len())) {
        let problem = Problem::input(Message::new("contract.public-key-as-token"));
        return Err(problem.fix(Message::new("contract.public-key-as-token-fix")));
    }
    Ok(if token.starts_with("TEST-") {
        CredentialKind::Test
    } else if token.starts_with("APP_USR-") {
        CredentialKind::Production
    } else {
        CredentialKind::Other
    })
}

fn request(method: Method, path: &str, role: Role) -> Request {
    Request {
        method,
        path: path.to_owned(),
        role,
        query: Vec::new(),
        headers: Vec::new(),
        card: None,
        body: None,
        change: None,
        raw_body: None,
        fault: None,
    }
}

/// First cause code and message of an answer.
fn said(answer: &Answer) -> (Option<String>, Option<String>) {
    let Some(body) = &answer.json else { return (None, None) };
    let normal = judge::normalise(body);
    (normal.causes.into_iter().next().map(|cause| cause.code), normal.message)
}

/// A test card of the target's site whose payments are declined, so that no money moves and nothing is left.
fn declined_card() -> CardSpec {
    CardSpec { brand: "master".to_owned(), holder: "OTHE".to_owned(), mark: Mark::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_credential_tells_its_kind() {
        let uuid = "11112222-3333-4444-5555-666677778888";
        assert_eq!(kind("TEST-1").unwrap(), CredentialKind::Test);
        assert_eq!(kind("APP_USR-1").unwrap(), CredentialKind::Production);
        assert_eq!(kind("secret").unwrap(), CredentialKind::Other);
        for key in [format!("TEST-{uuid}"), format!("APP_USR-{uuid}")] {
            let problem = kind(&key).unwrap_err();
            assert_eq!(problem.message.key, "contract.public-key-as-token");
            assert!(!format!("{problem:?}").contains(uuid));
        }
    }
}
