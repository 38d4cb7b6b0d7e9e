//! What a front end asks before it shows a form: `GET /v1/payment_methods` and `GET /v1/identification_types`.

use serde_json::{Value, json};

use super::errors::Checked;
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
