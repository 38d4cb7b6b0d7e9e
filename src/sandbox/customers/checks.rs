//! What creating and changing a customer refuses: the first check that fails decides the code.
//!
//! Order: e-mail address (106, 128), names (107, 108), telephone (109, 110), document (111, 112), address (113, 114),
//! date of registration (115), description (116), metadata (117), the rest (125). A member that is absent or null is not looked at.

use serde_json::{Map, Value};

use crate::sandbox::accounts::{Account, is_test_domain};
use crate::sandbox::card_tokens::text;
use crate::sandbox::clock::parse_date;

/// The members that are kept and given back.
pub(super) const KEPT: &[&str] = &[
    "first_name",
    "last_name",
    "phone",
    "identification",
    "address",
    "date_registered",
    "description",
    "metadata",
    "default_card",
    "default_address",
];
/// Most characters of a text.
const MOST_TEXT: usize = 255;

/// Why something is refused: a code of customers.
type Checked<T = ()> = Result<T, &'static str>;

/// The e-mail address that a customer is created with. Test credentials take test addresses only.
pub(super) fn email(body: &Map<String, Value>, account: &Account) -> Checked<String> {
    let email = text(body, "email").ok_or("106")?;
    let (local, domain) = email.rsplit_once('@').ok_or("106")?;
    let sound = !local.is_empty() && domain.contains('.') && !email.contains(char::is_whitespace);
    require(sound && !local.contains('@'), "106")?;
    require(account.live() || is_test_domain(domain), "128")?;
    Ok(email)
}

/// All other members.
pub(super) fn members(body: &Map<String, Value>) -> Checked {
    let get = |name: &str| body.get(name).filter(|value| !value.is_null());
    require(get("first_name").is_none_or(short), "107")?;
    require(get("last_name").is_none_or(short), "108")?;
    part(get("phone"), "area_code", "109")?;
    part(get("phone"), "number", "110")?;
    part(get("identification"), "type", "111")?;
    part(get("identification"), "number", "112")?;
    part(get("address"), "zip_code", "113")?;
    part(get("address"), "street_name", "114")?;
    let date = |value: &Value| value.as_str().is_some_and(|text| parse_date(text).is_some());
    require(get("date_registered").is_none_or(date), "115")?;
    require(get("description").is_none_or(short), "116")?;
    let map = |value: &Value| value.is_object() || value.as_array().is_some_and(Vec::is_empty);
    require(get("metadata").is_none_or(map), "117")?;
    part(get("address"), "street_number", "125")?;
    part(get("address"), "id", "125")?;
    let name = |value: &Value| value.is_number() || short(value);
    require(get("default_card").is_none_or(name) && get("default_address").is_none_or(name), "125")
}

/// What of a body is kept.
pub(super) fn kept(mut body: Map<String, Value>) -> Map<String, Value> {
    body.retain(|name, value| KEPT.contains(&name.as_str()) && !value.is_null());
    body
}

fn require(condition: bool, code: &'static str) -> Checked {
    if condition { Ok(()) } else { Err(code) }
}

fn short(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.chars().count() <= MOST_TEXT)
}

/// A member of an object: a short text or a number.
fn part(object: Option<&Value>, name: &str, code: &'static str) -> Checked {
    let Some(object) = object else { return Ok(()) };
    require(object.is_object(), code)?;
    let fits = |value: &Value| value.is_null() || value.is_number() || short(value);
    require(object.get(name).is_none_or(fits), code)
}
