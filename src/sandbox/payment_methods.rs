//! What a front end asks before it shows a form: `/v1/payment_methods` and what lies below it (`search`,
//! `card_issuers`, `installments`), and `/v1/identification_types`.

use serde_json::{Value, json};

use super::errors::{Checked, Refusal};
use super::financing::plan;
use super::json::amount;
use super::page::Page;
use super::reply::Reply;
use super::router::Call;
use super::world::World;
use crate::specs::cards;
use crate::specs::sites::{self, PaymentMethod, Site};

/// Methods on a page of a search, and the most.
const USUAL: usize = 50;
const MOST: usize = 1000;

/// `GET /v1/payment_methods`: those of the account's site.
pub(super) fn list(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let methods = sites::get(&account.site).into_iter().flat_map(|site| {
        site.payment_methods
            .iter()
            .filter(|method| method.listed)
            .map(|method| describe(site, method))
            .collect::<Vec<Value>>()
    });
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

/// `GET /v1/payment_methods/search`: the methods of the site, also those that the list leaves out, on pages.
///
/// Filters: `id` (of the method), `bins` or `bin`, `payment_type_id`, `status`, `site_id`; several values with commas.
pub(super) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let page = Page::of(call, USUAL, MOST).ok_or_else(|| Refusal::bad("1"))?;
    let wanted = |name: &str, value: &str| {
        call.param(name).is_none_or(|text| text.is_empty() || text.split(',').any(|one| one.trim() == value))
    };
    let bin = call.param("bins").or_else(|| call.param("bin")).filter(|bin| !bin.is_empty());
    let by_bin = bin.map(|bin| cards::by_bin(&account.site, bin).map(|card| card.payment_method_id.as_str()));
    let site = sites::get(&account.site).ok_or_else(|| Refusal::bad("3004"))?;
    let found: Vec<&PaymentMethod> = site
        .payment_methods
        .iter()
        .filter(|method| by_bin.is_none_or(|id| id == Some(method.id.as_str())))
        .filter(|method| wanted("id", &method.id) && wanted("payment_type_id", &method.payment_type_id))
        .filter(|_| wanted("status", "active") && wanted("site_id", &site.id))
        .collect();
    let results: Vec<Value> = page.cut(found.iter()).map(|method| describe(site, method)).collect();
    let paging = json!({ "total": found.len(), "limit": page.limit, "offset": page.offset });
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

/// `GET /v1/payment_methods/card_issuers`: who issues the cards of a method or with a bin; one issuer for each method.
pub(super) fn issuers(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let method = method_asked_for(call, &account.site)?;
    let issuers = method.into_iter().map(|method| {
        json!({
            "id": issuer_id(&method.id).to_string(),
            "name": method.name,
            "secure_thumbnail": thumbnail(&method.id),
            "thumbnail": thumbnail(&method.id),
            "processing_mode": "aggregator",
            "merchant_account_id": null,
            "status": "active",
        })
    });
    Ok(Reply::json(200, issuers.collect()))
}

/// `GET /v1/payment_methods/installments`: what a card, named by `bin` or `payment_method_id`, may be paid in.
///
/// Code 4003 for an `amount` that is no number. What the plans cost is in [`super::financing`].
pub(super) fn installments(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let sum = call.param("amount").map_or(Some(0.0), |amount| amount.trim().parse::<f64>().ok());
    let sum = sum.filter(|amount| (0.0..=1e10).contains(amount)).ok_or_else(|| Refusal::bad("4003"))?;
    let site = sites::get(&account.site).ok_or_else(|| Refusal::bad("3004"))?;
    let offers = method_asked_for(call, &account.site)?.map(|method| {
        let costs = site.installments(method).iter().map(|number| {
            let plan = plan(site, method, *number, sum);
            json!({
                "installments": number,
                "installment_rate": amount(plan.rate),
                "discount_rate": 0,
                "reimbursement_rate": null,
                "labels": plan.labels(site),
                "installment_rate_collector": ["MERCADOPAGO"],
                "min_allowed_amount": 0,
                "max_allowed_amount": method.max_allowed_amount,
                "recommended_message": plan.message(site),
                "installment_amount": amount(plan.each),
                "total_amount": amount(plan.total),
            })
        });
        let logo = thumbnail(&method.id);
        let issuer = json!({ "id": issuer_id(&method.id).to_string(), "name": method.name, "secure_thumbnail": logo, "thumbnail": logo });
        json!({
            "payment_method_id": method.id,
            "payment_type_id": method.payment_type_id,
            "issuer": issuer,
            "processing_mode": "aggregator",
            "merchant_account_id": null,
            "payer_costs": costs.collect::<Vec<Value>>(),
        })
    });
    Ok(Reply::json(200, offers.into_iter().collect()))
}

/// The card method that a request names by `payment_method_id` or by `bin`.
fn method_asked_for(call: &Call, site: &str) -> Checked<Option<&'static PaymentMethod>> {
    let by_bin = call.param("bin").and_then(|bin| cards::by_bin(site, bin));
    let id = call.param("payment_method_id").filter(|id| !id.is_empty());
    let id = id.or(by_bin.map(|card| card.payment_method_id.as_str()));
    let site = sites::get(site).ok_or_else(|| Refusal::bad("3004"))?;
    Ok(id.and_then(|id| site.payment_method(id)).filter(|method| method.is_card()))
}

/// The issuer of the cards of a method: the ids of Visa and Mastercard are those of the test data of
/// mercadopago/sdk-php, the others one for all.
pub(super) fn issuer_id(method: &str) -> u32 {
    match method {
        "visa" => 25,
        "master" => 24,
        _ => 1,
    }
}

/// The picture of a payment method, under a reserved name (RFC 2606): nothing is fetched from anywhere.
pub(super) fn thumbnail(method: &str) -> String {
    format!("https://sandbox.example/logos/{method}.gif")
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
        "secure_thumbnail": thumbnail(&method.id),
        "thumbnail": thumbnail(&method.id),
        "deferred_capture": method.deferred_capture,
        "settings": settings,
        "additional_info_needed": needed,
        "min_allowed_amount": amount(method.min_allowed_amount.unwrap_or(0.0)),
        "max_allowed_amount": method.max_allowed_amount.map(amount),
        "accreditation_time": if method.is_card() { 2880 } else { 0 },
        "financial_institutions": [],
        "processing_modes": ["aggregator"],
    })
}
