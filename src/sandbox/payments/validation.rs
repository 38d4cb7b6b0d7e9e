//! What `POST /v1/payments` refuses, and in which order: the first check that fails decides the answer.
//!
//! The documentation gives no precedence. The order here goes from what needs only the body to what needs the card:
//!
//! | step | what | codes |
//! | --- | --- | --- |
//! | before | gate keeper, token, idempotency key, JSON | 403, 401, 4292, 1 |
//! | 1 | account suspended | 6033 |
//! | 2 | unknown attributes, types that cannot be bound | 8, 1 |
//! | 3 | amount | 4002, 4003, 4037, 2072 |
//! | 4 | payer | 4006, 4029, 4012, 4013, 4051, 4050, 2034, 2123, 2198, 2002, 2067 |
//! | 5 | optional attributes | 4020, 4021, 4022, 4028, 4026, 4027, 2059, 4039, 4038, 23, 7523 |
//! | 6 | method and installments as attributes | 4001, 3028, 4000, 4004, 4005 |
//! | 7 | the token: form, existence, owner, use | 3006, 2062, 2006, 3, 3009, 3003 |
//! | 8 | the card in the token | see [`super::card_checks`] |
//! | 9 | method against card, amount, installments, capture | 3026, 2131, 2072, 4033, 2077 |
//!
//! Not responsible for the outcome of a payment that passes.

use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value};

use super::money::{Amount, Money};
use super::{attributes, card_checks, payer_checks};
use crate::sandbox::accounts::{Account, Role};
use crate::sandbox::card_tokens::CardToken;
use crate::sandbox::clock::parse_date;
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::sandbox::json::member;
use crate::sandbox::state::State;
use crate::specs::cards;
use crate::specs::sites::{PaymentMethod, Site};

/// What the checks look at.
pub(super) struct Subject<'s> {
    pub(super) body: &'s Map<String, Value>,
    pub(super) account: &'s Account,
    pub(super) site: &'static Site,
    pub(super) state: &'s State,
    pub(super) now: Timestamp,
}

type Check = fn(&Subject) -> Checked;

/// The checks, in order.
const CHECKS: &[Check] = &[
    account_is_available,
    attributes::attributes_are_known,
    attributes::types_can_be_bound,
    amount_is_sound,
    payer_checks::payer_is_sound,
    payer_checks::payer_email_is_sound,
    payer_checks::customer_exists,
    payer_checks::payer_document_is_sound,
    notification_url_is_sound,
    metadata_is_an_object,
    coupon_is_sound,
    application_fee_is_allowed,
    expiration_is_sound,
    method_is_named,
    installments_are_given,
    card_checks::token_is_usable,
    card_checks::card_is_sound,
    card_checks::method_fits_card,
    amount_suits_method,
    installments_are_offered,
    capture_is_supported,
];

/// Runs the checks.
pub(super) fn check(subject: &Subject) -> Checked {
    CHECKS.iter().try_for_each(|check| check(subject))
}

impl<'s> Subject<'s> {
    /// An attribute that is not null.
    pub(super) fn get(&self, name: &str) -> Option<&'s Value> {
        member(self.body, name).filter(|value| !value.is_null())
    }

    fn str(&self, name: &str) -> Option<&'s str> {
        self.get(name)?.as_str()
    }

    /// The payer, if it is an object.
    pub(super) fn payer(&self) -> Option<&'s Map<String, Value>> {
        self.get("payer")?.as_object()
    }

    /// The token that the body names, if the sandbox has it.
    pub(super) fn token(&self) -> Option<&'s CardToken> {
        self.state.tokens.get(self.str("token")?)
    }

    /// The amount; zero when there is none.
    pub(super) fn amount(&self) -> Money {
        match Money::read(self.get("transaction_amount"), self.site.decimals) {
            Amount::Is(money) => money,
            _ => Money::ZERO,
        }
    }

    /// The payment method named, else the one of the card.
    pub(super) fn method(&self) -> Option<&'static PaymentMethod> {
        if let Some(id) = self.str("payment_method_id") {
            return self.site.payment_method(id);
        }
        let number = self.token()?.number.as_deref()?;
        self.site.payment_method(&cards::by_bin(&self.site.id, number)?.payment_method_id)
    }

    /// Whether a card is to pay: a token is given, or the method is a card.
    pub(super) fn by_card(&self) -> bool {
        self.get("token").is_some() || self.method().is_some_and(PaymentMethod::is_card)
    }

    /// Installments; one when there are none.
    pub(super) fn installments(&self) -> u64 {
        whole(self.get("installments")).and_then(|number| u64::try_from(number).ok()).unwrap_or(1)
    }
}

/// A whole number, also as text.
fn whole(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64()?;
            (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn account_is_available(subject: &Subject) -> Checked {
    demand(subject.account.role != Role::Unavailable, "6033")
}

fn amount_is_sound(subject: &Subject) -> Checked {
    match Money::read(subject.get("transaction_amount"), subject.site.decimals) {
        Amount::Missing => Err(Refusal::bad("4002")),
        Amount::NotNumeric => Err(Refusal::bad("4003")),
        Amount::Is(Money::ZERO) => Err(Refusal::bad("4037")),
        Amount::Impossible => Err(Refusal::bad("2072")),
        Amount::Is(_) => Ok(()),
    }
}

fn notification_url_is_sound(subject: &Subject) -> Checked {
    let Some(address) = subject.get("notification_url") else { return Ok(()) };
    let address = address.as_str().unwrap_or_default();
    // The page asks for https and for a host that Mercado Pago can reach.
    let url = url::Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.has_host());
    demand(url.is_some_and(|url| url.host_str() != Some("localhost")), "4020")?;
    demand(address.chars().count() < 500, "4021")
}

fn metadata_is_an_object(subject: &Subject) -> Checked {
    let fits = |value: &Value| value.is_object() || value.as_array().is_some_and(Vec::is_empty);
    demand(subject.get("metadata").is_none_or(fits), "4022")
}

fn coupon_is_sound(subject: &Subject) -> Checked {
    if let Some(coupon) = subject.get("coupon_amount") {
        match Money::read(Some(coupon), 2) {
            Amount::NotNumeric | Amount::Missing => return Err(Refusal::bad("4028")),
            Amount::Is(coupon) if coupon <= subject.amount() => {}
            Amount::Is(_) | Amount::Impossible => return Err(Refusal::bad("4026")),
        }
    }
    demand(subject.get("campaign_id").is_none_or(|id| whole(Some(id)).is_some()), "4027")
}

fn application_fee_is_allowed(subject: &Subject) -> Checked {
    let Some(fee) = subject.get("application_fee") else { return Ok(()) };
    if subject.account.role != Role::OAuth {
        return Err(Refusal::bad("2059"));
    }
    match Money::read(Some(fee), 2) {
        Amount::Is(fee) => demand(fee <= subject.amount(), "4038"),
        Amount::Impossible if fee.as_f64().is_some_and(|fee| fee < 0.0) => Err(Refusal::bad("4039")),
        Amount::Impossible => Err(Refusal::bad("4038")),
        Amount::NotNumeric | Amount::Missing => Err(Refusal::bad("1")),
    }
}

/// The farthest expiration that a pending payment may have.
const LONGEST_TERM_DAYS: i64 = 30;

fn expiration_is_sound(subject: &Subject) -> Checked {
    expiration(subject.get("date_of_expiration"), subject.now).map(drop)
}

/// The expiration of a payment: 23 when it is no date, 7523 when it is past or too far away.
pub(super) fn expiration(value: Option<&Value>, now: Timestamp) -> Checked<Option<Timestamp>> {
    let Some(value) = value else { return Ok(None) };
    let instant = value.as_str().and_then(parse_date);
    let instant = instant.ok_or_else(|| Refusal::bad("23").naming("date_of_expiration"))?;
    // A day more, so that the last day counts in every time zone.
    let latest = now.checked_add(((LONGEST_TERM_DAYS + 1) * 24).hours()).unwrap_or(now);
    demand(instant > now && instant <= latest, "7523")?;
    Ok(Some(instant))
}

fn method_is_named(subject: &Subject) -> Checked {
    match (subject.str("payment_method_id"), subject.get("token")) {
        (None | Some(""), None) => Err(Refusal::bad("4001")),
        (Some(id), _) if !id.is_empty() && subject.site.payment_method(id).is_none() => Err(Refusal::bad("3028")),
        (Some(_), None) if subject.by_card() => Err(Refusal::bad("4000")),
        _ => Ok(()),
    }
}

fn installments_are_given(subject: &Subject) -> Checked {
    match subject.get("installments") {
        None if subject.by_card() => Err(Refusal::bad("4004")),
        Some(value) if whole(Some(value)).is_none() => Err(Refusal::bad("4005")),
        _ => Ok(()),
    }
}

fn amount_suits_method(subject: &Subject) -> Checked {
    let Some(method) = subject.method() else { return Ok(()) };
    let amount = subject.amount().units();
    let enough = method.min_allowed_amount.is_none_or(|least| amount >= least);
    demand(enough && method.max_allowed_amount.is_none_or(|most| amount <= most), "2072")
}

fn installments_are_offered(subject: &Subject) -> Checked {
    let Some(number) = whole(subject.get("installments")) else { return Ok(()) };
    let offered = |method| subject.site.installments(method).iter().any(|one| i64::from(*one) == number);
    demand(subject.method().is_none_or(offered), "4033")
}

fn capture_is_supported(subject: &Subject) -> Checked {
    let deferred = subject.get("capture") == Some(&Value::Bool(false));
    let supported = subject.method().is_some_and(|method| method.deferred_capture == "supported");
    demand(!deferred || supported, "2077")
}
