//! Before a run against a real target: does it answer, and does it take the credential?
//!
//! One question instead of a hundred failed scenarios that all say the same.

use secrecy::ExposeSecret;

use super::target::{Role, Target, TargetKind};
use crate::http;
use crate::i18n::Message;
use crate::run::Problem;

/// A resource that every account may read and that changes nothing.
const QUESTION: &str = "v1/payment_methods";

/// Asks the target whether it can be used. The embedded sandbox always can.
///
/// # Errors
/// A problem of the environment when the target does not answer, of the input when it refuses the credential.
pub(super) async fn check(target: &Target, client: &reqwest::Client) -> Result<(), Problem> {
    let (TargetKind::Url, Some(token)) = (target.kind, target.credential(&target.site, Role::Seller)) else {
        return Ok(());
    };
    let shown = target.info().url;
    let url = target.base.join(QUESTION).map_err(|error| {
        Problem::input(Message::new("contract.bad-url").with("path", QUESTION).with("error", error))
    })?;
    let request = client.get(url).header("authorization", format!("Bearer {}", token.expose_secret()));
    let response = request.send().await.map_err(|error| http::explain(&error).at_url(&shown))?;
    match response.status().as_u16() {
        status @ (401 | 403) => Err(Problem::input(Message::new("contract.credential-refused").with("status", status))
            .fix(Message::new("contract.credential-refused-fix"))
            .at_url(shown)),
        status if super::judge::environment(status) => {
            Err(Problem::environment(Message::new("contract.environment").with("status", status)).at_url(shown))
        }
        _ => Ok(()),
    }
}
