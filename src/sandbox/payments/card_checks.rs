//! What a payment refuses because of its card token: steps 7 to 9 of the order in [`super::validation`].
//!
//! | what | codes, in order |
//! | --- | --- |
//! | the token | 3006 other characters than letters and digits, 2062 another length, 2006 unknown, 3 of the other environment, 3009 of another account, 3003 spent or expired |
//! | site | 3004 |
//! | number | 3017 missing, 3011 of another country, 3016 unknown, 3015 length, 3034 check digit |
//! | expiration | 3018 and 3029 month, 3019 and 3030 year |
//! | cardholder | 3000 no object, 3020 no name, 3021 and 3022 document |
//! | security code | 3031 missing of a stored card, 3013 missing, 3012 too short, 3032 too long |
//! | method | 3026 of a stored card, 2131 |

use jiff::tz::TimeZone;

use super::validation::Subject;
use crate::sandbox::card_tokens::CardToken;
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::secret::luhn;
use crate::specs::cards;

/// Form, existence, owner and use of the token.
pub(super) fn token_is_usable(subject: &Subject) -> Checked {
    let Some(value) = subject.get("token") else { return Ok(()) };
    let id = value.as_str().ok_or_else(|| Refusal::bad("3006"))?;
    demand(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "3006")?;
    demand(id.len() == 32, "2062")?;
    let token = subject.token().ok_or_else(|| Refusal::bad("2006"))?;
    demand(token.live == subject.account.live(), "3")?;
    demand(token.user_id == subject.account.user_id, "3009")?;
    demand(!token.used && !token.expired(subject.now), "3003")
}

/// The card in the token.
pub(super) fn card_is_sound(subject: &Subject) -> Checked {
    let Some(token) = subject.token() else { return Ok(()) };
    demand(token.site_id.as_ref().is_none_or(|site| *site == subject.site.id), "3004")?;
    number_is_sound(subject, token)?;
    expiration_is_sound(subject, token)?;
    cardholder_is_sound(subject, token)?;
    security_code_is_sound(subject, token)
}

fn number_is_sound(subject: &Subject, token: &CardToken) -> Checked {
    let number = token.number.as_deref().ok_or_else(|| Refusal::bad("3017"))?;
    let Some(card) = cards::by_bin(&subject.site.id, number) else {
        let foreign = cards::all().iter().any(|site| cards::by_bin(&site.site, number).is_some());
        return Err(Refusal::bad(if foreign { "3011" } else { "3016" }));
    };
    demand(number.len() == card.number.len() && number.bytes().all(|byte| byte.is_ascii_digit()), "3015")?;
    // One published test card fails the check that every other number must pass.
    demand(luhn(number) || (!card.luhn && card.number == number), "3034")
}

fn expiration_is_sound(subject: &Subject, token: &CardToken) -> Checked {
    let month = token.month.as_deref().ok_or_else(|| Refusal::bad("3018"))?;
    let month = month.parse::<i8>().ok().filter(|month| (1..=12).contains(month));
    let month = month.ok_or_else(|| Refusal::bad("3029"))?;
    demand(token.year.is_some(), "3019")?;
    let year = token.full_year().ok_or_else(|| Refusal::bad("3030"))?;
    let today = subject.now.to_zoned(TimeZone::UTC);
    let lapsed = (year, month) < (i32::from(today.year()), today.month());
    let usable = !lapsed || printed_before(subject, token, year, month);
    demand(usable && year <= 2199, "3030")
}

/// The published test cards said 11/25 before they were printed anew with 11/30. Suites of the official SDKs
/// (mercadopago/sdk-nodejs, sdk-php) still pay with them until the end of that year; no other card may.
fn printed_before(subject: &Subject, token: &CardToken, year: i32, month: i8) -> bool {
    let number = token.number.as_deref().unwrap_or_default();
    let published = cards::by_bin(&subject.site.id, number).is_some_and(|card| card.number == number);
    published && year == 2025 && month >= 11
}

fn cardholder_is_sound(subject: &Subject, token: &CardToken) -> Checked {
    demand(token.has_holder, "3000")?;
    demand(token.holder.is_some(), "3020")?;
    // Tokens without any document are paid by official test suites; half a document is refused.
    if subject.site.document_required && token.document_type.is_some() != token.document_number.is_some() {
        return Err(Refusal::bad(if token.document_number.is_none() { "3021" } else { "3022" }));
    }
    Ok(())
}

fn security_code_is_sound(subject: &Subject, token: &CardToken) -> Checked {
    let missing = if token.card_id.is_some() { "3031" } else { "3013" };
    let code = token.security_code.as_deref().ok_or_else(|| Refusal::bad(missing))?;
    let number = token.number.as_deref().unwrap_or_default();
    let length = cards::by_bin(&subject.site.id, number).map_or(3, |card| card.security_code.len());
    demand(code.len() >= length && code.bytes().all(|byte| byte.is_ascii_digit()), "3012")?;
    demand(code.len() == length, "3032")
}

/// The method named must be the one of the card.
pub(super) fn method_fits_card(subject: &Subject) -> Checked {
    let Some(token) = subject.token() else { return Ok(()) };
    let named = subject.method();
    let number = token.number.as_deref().unwrap_or_default();
    let card = cards::by_bin(&subject.site.id, number);
    let fits = matches!((named, card), (Some(method), Some(card)) if method.id == card.payment_method_id);
    demand(fits, if token.card_id.is_some() { "3026" } else { "2131" })
}
