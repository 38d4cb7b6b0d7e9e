//! What a front end asks before it shows a form: `GET /v1/payment_methods`, `GET /v1/payment_methods/installments`
//! and `GET /v1/identification_types`; and `GET /users/me`, by which the official SDKs find their site.

use serde_json::{Value, json};

use super::errors::{Checked, Refusal};
use super::reply::Reply;
use super::router::Call;
use super::world::World;
use crate::specs::cards;
use crate::specs::sites::{self, PaymentMethod, Site};

/// `GET /v1/payment_methods`: those of the account's site.
pub(super) fn list(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let methods = sites::get(&account.site)
        .into_iter()
        .flat_map(|site| site.payment_methods.iter().map(|method| describe(site, method)).collect::<Vec<Value>>());
    Ok(Reply::json(200, methods.collect()))
}

/// `GET /v1/identification_types`: those of the account's site.
pub(super) fn identification_types(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let types = sites::get(&account.site).into_iter().flat_map(|site| &site.identification_types);
    let types = types.map(|kind| {
        json!({
            "id": kind.id,
            "name": kind.name,
            "type": kind.alphabet,
            "min_length": kind.min_length,
            "max_length": kind.max_length,
        })
    });
    Ok(Reply::json(200, types.collect()))
}

/// `GET /v1/payment_methods/installments`: what a card, named by `bin` or `payment_method_id`, may be paid in.
///
/// Without interest: rates depend on seller and issuer. Code 4003 for an `amount` that is no number.
pub(super) fn installments(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let amount = call.param("amount").map_or(Some(0.0), |amount| amount.trim().parse::<f64>().ok());
    let amount = amount.filter(|amount| (0.0..=1e10).contains(amount)).ok_or_else(|| Refusal::bad("4003"))?;
    let by_bin = call.param("bin").and_then(|bin| cards::by_bin(&account.site, bin));
    let id = call.param("payment_method_id").or(by_bin.map(|card| card.payment_method_id.as_str()));
    let site = sites::get(&account.site).ok_or_else(|| Refusal::bad("3004"))?;
    let method = id.and_then(|id| site.payment_method(id)).filter(|method| method.is_card());
    let cents = |number: f64| (number * 100.0).round() / 100.0;
    let offers = method.map(|method| {
        let costs = site.installments(method).iter().map(|number| {
            json!({
                "installments": number,
                "installment_rate": 0,
                "discount_rate": 0,
                "reimbursement_rate": null,
                "labels": [],
                "installment_rate_collector": ["MERCADOPAGO"],
                "min_allowed_amount": 0,
                "max_allowed_amount": method.max_allowed_amount,
                "recommended_message": null,
                "installment_amount": cents(amount / f64::from(*number)),
                "total_amount": cents(amount),
            })
        });
        json!({
            "payment_method_id": method.id,
            "payment_type_id": method.payment_type_id,
            "issuer": { "id": "1", "name": method.name, "secure_thumbnail": null, "thumbnail": null },
            "processing_mode": "aggregator",
            "merchant_account_id": null,
            "payer_costs": costs.collect::<Vec<Value>>(),
        })
    });
    Ok(Reply::json(200, offers.into_iter().collect()))
}

/// `GET /users/me`.
pub(super) fn me(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let body = json!({
        "id": account.user_id,
        "nickname": format!("TESTUSER{}", account.user_id),
        "email": account.email,
        "site_id": account.site,
        "user_type": "normal",
        "tags": ["normal", "test_user"],
    });
    Ok(Reply::json(200, body))
}

/// A payment method with the names of the test data of mercadopago/sdk-php.
fn describe(site: &Site, method: &PaymentMethod) -> Value {
    let settings: Vec<Value> = match (method.number_length, method.security_code_length) {
        (Some(number), Some(code)) => {
            let mut bins: Vec<&str> = cards::of_site(&site.id)
                .into_iter()
                .flat_map(|cards| &cards.cards)
                .filter(|card| card.payment_method_id == method.id)
                .map(cards::TestCard::bin)
                .collect();
            bins.sort_unstable();
            bins.dedup();
            let location = if code == 4 { "front" } else { "back" };
            vec![json!({
                "card_number": { "validation": "standard", "length": number },
                "bin": {
                    "pattern": format!("^({})", bins.join("|")),
                    "installments_pattern": format!("^({})", bins.join("|")),
                    "exclusion_pattern": null,
                },
                "security_code": { "length": code, "card_location": location, "mode": "mandatory" },
            })]
        }
        _ => Vec::new(),
    };
    let needed: &[&str] = if method.is_card() {
        &["cardholder_name", "cardholder_identification_type", "cardholder_identification_number"]
    } else {
        &[]
    };
    json!({
        "id": method.id,
        "name": method.name,
        "payment_type_id": method.payment_type_id,
        "status": "active",
        "secure_thumbnail": null,
        "thumbnail": null,
        "deferred_capture": method.deferred_capture,
        "settings": settings,
        "additional_info_needed": needed,
        "min_allowed_amount": method.min_allowed_amount,
        "max_allowed_amount": method.max_allowed_amount,
        "accreditation_time": if method.is_card() { 2880 } else { 0 },
        "financial_institutions": [],
        "processing_modes": ["aggregator"],
    })
}
