//! `GET /v1/orders`: the account's own orders, filtered, sorted and paged.
//!
//! The dates are documented as required; the sandbox also answers without them.

use serde_json::{Value, json};

use super::errors::{Answered, OrderError, demand};
use super::{owner, shape, status};
use crate::sandbox::clock::parse_date;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// Page size without `page_size`.
const USUAL: usize = 10;
/// Greatest page size.
const MOST: usize = 100;

/// Answers 200 with `data` and `paging`, whose numbers are texts.
pub(super) fn search(world: &World, call: &Call) -> Answered<Reply> {
    let account = owner(world, call)?;
    let number = |name: &str, usual: usize| match call.param(name) {
        None | Some("") => Ok(usual),
        Some(text) => text.parse::<usize>().map_err(|_| OrderError::property("property_value", name)),
    };
    // The SDKs page by number; what pages for them by itself asks with `limit` and `offset`, and reads them back.
    let (page, size) = (number("page", 1)?, number("page_size", number("limit", USUAL)?)?);
    demand(page >= 1, "property_value", "page")?;
    demand((1..=MOST).contains(&size), "property_value", "page_size")?;
    let bound = |name: &str| match call.param(name) {
        None | Some("") => Ok(None),
        Some(text) => parse_date(text).map(Some).ok_or_else(|| OrderError::property("property_value", name)),
    };
    let (begin, end) = (bound("begin_date")?, bound("end_date")?);
    let ascending = match call.param("sort_order") {
        None | Some("" | "desc" | "DESC") => false,
        Some("asc" | "ASC") => true,
        Some(_) => return Err(OrderError::property("property_value", "sort_order")),
    };
    let by_update = match call.param("sort_by") {
        None | Some("" | "created_date") => false,
        Some("last_updated_date") => true,
        Some(_) => return Err(OrderError::property("property_value", "sort_by")),
    };
    let mine: Vec<String> = {
        let state = world.state();
        let mine = state.orders.by_id.iter().filter(|order| order.owner == account.user_id);
        let mine = mine.filter(|order| begin.is_none_or(|begin| order.created >= begin));
        // A second more: clients ask up to the present second, without its fraction.
        let second = |end: jiff::Timestamp| end.as_millisecond().saturating_add(1000);
        mine.filter(|order| end.is_none_or(|end| order.created.as_millisecond() < second(end)))
            .map(|order| order.id.clone())
            .collect()
    };
    let mut found = Vec::new();
    for id in mine {
        // An order that was forgotten meanwhile is no mistake of the client's.
        let Ok(order) = status::current(world, &id, account) else { continue };
        let (state, detail) = status::of(&order);
        let method = order.payments.first().map(|payment| &payment.method);
        let text = |name: &str| method.and_then(|method| method.get(name)).and_then(Value::as_str).unwrap_or_default();
        let wanted = |name: &str, value: &str| match call.param(name) {
            None | Some("") => true,
            Some(text) => text.split(',').any(|one| one.trim() == value),
        };
        let reference = order.sent.get("external_reference").and_then(Value::as_str).unwrap_or_default();
        if wanted("status", state)
            && wanted("status_detail", detail)
            && wanted("type", "online")
            && wanted("payment_method_id", text("id"))
            && wanted("payment_method_type", text("type"))
            && call.param("external_reference").is_none_or(|text| text.is_empty() || text == reference)
        {
            found.push(order);
        }
    }
    found.sort_by_key(|order| if by_update { order.updated } else { order.created });
    if !ascending {
        found.reverse();
    }
    let offset = number("offset", (page - 1).saturating_mul(size))?;
    let data: Vec<Value> = found.iter().skip(offset).take(size).map(shape::order).collect();
    let paging = json!({
        "total": found.len().to_string(),
        "total_pages": found.len().div_ceil(size).to_string(),
        "offset": offset.to_string(),
        "limit": size.to_string(),
    });
    Ok(Reply::json(200, json!({ "data": data, "paging": paging })))
}
