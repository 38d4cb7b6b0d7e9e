//! `POST /oauth/token`: credentials for an application that acts for a seller.
//!
//! Enough to try an integration with: nobody is asked to log in, so there is no code that the sandbox gave out. A code
//! of the real form (`TG-` and more) works once; one that begins with `invalid` or `expired` is refused; any other
//! made-up text works every time. The client secret only has to be there.

use serde_json::{Map, Value, json};

use super::accounts::{Account, Role};
use super::errors::{Checked, envelope};
use super::json::as_text;
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::world::World;
use crate::ids::Ids;

/// How long a token is said to be good, in seconds: half a year.
const EXPIRES_IN: u64 = 15_552_000;
/// Most characters of a code or token that is remembered.
const MOST_TEXT: usize = 256;

/// Answers 200 with the token.
///
/// `authorization_code` (with `code`) and `refresh_token` give a token of the seller that authorized the application,
/// the only kind that may ask for an `application_fee`; `client_credentials` one of the application's own account.
pub(super) fn token(world: &World, call: &Call) -> Checked<Reply> {
    let Some(body) = read(call) else { return Ok(refuse("invalid_request", "the request could not be read")) };
    let get = |name: &str| body.get(name).and_then(as_text).filter(|text| !text.trim().is_empty());
    if get("client_secret").is_none() {
        return Ok(refuse("invalid_client", "invalid client_id or client_secret"));
    }
    let application = get("client_id").and_then(|id| id.parse().ok()).and_then(|id| world.accounts.by_application(id));
    let site = application.map_or(world.site.as_str(), |account| account.site.as_str());
    let ids = world.ids.part(&world.ids.hex32());
    let mut state = world.state();
    let state = &mut *state;
    let (site, role) = match get("grant_type").as_deref() {
        Some("authorization_code") => {
            let Some(code) = get("code").filter(|code| code.chars().count() <= MOST_TEXT) else {
                return Ok(refuse("invalid_request", "code is required"));
            };
            let spent = code.starts_with("TG-") && state.spent_codes.get(&code).is_some();
            if spent || code.starts_with("invalid") || code.starts_with("expired") {
                return Ok(no_grant());
            }
            if code.starts_with("TG-") {
                let weight = 2 * code.len() + 128;
                state.spent_codes.insert(code, (), weight);
            }
            (site.to_owned(), Role::OAuth)
        }
        Some("refresh_token") => {
            // Each refresh token works once; the answer brings the next.
            let grant = get("refresh_token").and_then(|token| state.refreshes.remove(&token));
            let Some(grant) = grant else { return Ok(no_grant()) };
            grant
        }
        Some("client_credentials") => {
            let own = application.map_or((world.site.clone(), Role::Seller), |own| (own.site.clone(), own.role));
            let account = world.accounts.get(&own.0, own.1);
            return Ok(account.map_or_else(no_grant, |account| issue(state, &ids, account, None)));
        }
        Some(_) => return Ok(refuse("unsupported_grant_type", "unsupported grant_type")),
        None => return Ok(refuse("invalid_request", "grant_type is required")),
    };
    let Some(account) = world.accounts.get(&site, role) else { return Ok(no_grant()) };
    let refresh = format!("TG-{}-{}", ids.hex32().get(..24).unwrap_or_default(), account.user_id);
    state.refreshes.insert(refresh.clone(), (site, role), 256);
    Ok(issue(state, &ids, account, Some(refresh)))
}

/// The members of a JSON body, or of a form.
fn read(call: &Call) -> Option<Map<String, Value>> {
    if let Ok(body) = call.object() {
        return Some(body);
    }
    let form = call.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    form.then(|| {
        url::form_urlencoded::parse(call.body).map(|(name, value)| (name.into_owned(), json!(value))).collect()
    })
}

fn issue(state: &mut State, ids: &Ids, account: &Account, refresh: Option<String>) -> Reply {
    let prefix = if account.live() { "APP_USR" } else { "TEST" };
    let (application, user) = (account.application(), account.user_id);
    let token = format!("{prefix}-{application}-{:06}-{}-{user}", ids.below(1_000_000), ids.hex32());
    state.issued.insert(token.clone(), (account.site.clone(), account.role), 512);
    let mut body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": EXPIRES_IN,
        "scope": "offline_access read write",
        "user_id": user,
        "public_key": account.public_key,
        "live_mode": account.live(),
    });
    if let (Some(refresh), Some(members)) = (refresh, body.as_object_mut()) {
        members.insert("refresh_token".to_owned(), json!(refresh));
    }
    Reply::json(200, body)
}

fn no_grant() -> Reply {
    refuse("invalid_grant", "the code or refresh token does not exist, is too old, or was used before")
}

fn refuse(error: &str, message: &str) -> Reply {
    envelope(400, error, message, json!([]))
}
