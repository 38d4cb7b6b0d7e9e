//! `GET /v1/payments/search`: the account's own payments, filtered, sorted and paged.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{Payment, shape};
use crate::sandbox::clock::parse_date;
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// Page size without `limit`.
const USUAL: usize = 30;
/// Greatest page size; more is code 1000.
const MOST: usize = 1000;

/// Answers 200 with `paging` and `results`. A parameter that cannot be read is code 1.
pub(in crate::sandbox) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let number = |name: &str, usual: usize| match call.param(name) {
        None | Some("") => Ok(usual),
        Some(text) => text.parse::<usize>().map_err(|_| Refusal::bad("1")),
    };
    let (limit, offset) = (number("limit", USUAL)?, number("offset", 0)?);
    demand(limit <= MOST, "1000")?;
    let now = world.now();
    let bound = |name: &str| match call.param(name) {
        None | Some("") => Ok(None),
        Some(text) => moment(text, now).map(Some).ok_or_else(|| Refusal::bad("1")),
    };
    let (begin, end) = (bound("begin_date")?, bound("end_date")?);
    let range = call.param("range").filter(|range| !range.is_empty()).unwrap_or("date_created");
    let range = date_of(range).ok_or_else(|| Refusal::bad("1"))?;
    let sort = call.param("sort").filter(|sort| !sort.is_empty()).unwrap_or("date_created");
    let ascending = match call.param("criteria") {
        None | Some("") => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => true,
        Some(word) if word.eq_ignore_ascii_case("desc") => false,
        Some(_) => return Err(Refusal::bad("1")),
    };
    let wanted = |name: &str, value: &dyn Fn() -> String| {
        call.param(name).is_none_or(|text| text.is_empty() || text.split(',').any(|one| one.trim() == value()))
    };
    let mut state = world.state();
    let overdue: Vec<u64> =
        state.payments.iter().filter(|payment| payment.overdue(now)).map(|payment| payment.id).collect();
    for id in overdue {
        if let Some(payment) = state.payments.get_mut(&id) {
            Arc::make_mut(payment).set("cancelled", "expired", now);
        }
    }
    let mut found: Vec<&Payment> = state
        .payments
        .iter()
        .map(|payment| &**payment)
        .filter(|payment| payment.collector == account.user_id)
        .filter(|payment| wanted("id", &|| payment.id.to_string()))
        .filter(|payment| wanted("status", &|| payment.status.to_owned()))
        .filter(|payment| wanted("status_detail", &|| payment.detail.to_owned()))
        .filter(|payment| wanted("payment_type_id", &|| payment.method.payment_type_id.clone()))
        .filter(|_| wanted("operation_type", &|| "regular_payment".to_owned()))
        .filter(|payment| wanted("currency_id", &|| payment.site.currency.clone()))
        .filter(|payment| wanted("payer.email", &|| shape::payer_email(payment).unwrap_or_default()))
        // The sandbox has no stores and no points of sale.
        .filter(|_| wanted("store_id", &String::new) && wanted("pos_id", &String::new))
        .filter(|payment| wanted("collector.id", &|| payment.collector.to_string()))
        .filter(|payment| wanted("payment_method_id", &|| payment.method.id.clone()))
        .filter(|payment| wanted("payer.id", &|| shape::payer_id(&payment.sent.tree()).unwrap_or_default()))
        .filter(|payment| match call.param("external_reference") {
            None | Some("") => true,
            Some(text) => {
                payment.sent.may_hold(text) && shape::external_reference(&payment.sent.tree()).as_deref() == Some(text)
            }
        })
        .filter(|payment| begin.is_none_or(|begin| range(payment).is_some_and(|date| date >= begin)))
        .filter(|payment| end.is_none_or(|end| range(payment).is_some_and(|date| date <= end)))
        .collect();
    match sort {
        "id" => found.sort_by_key(|payment| payment.id),
        sort => {
            let date = date_of(sort).ok_or_else(|| Refusal::bad("1"))?;
            // The sort is stable: payments of one moment stay in the order in which they were made.
            found.sort_by_key(|payment| date(payment));
        }
    }
    if !ascending {
        found.reverse();
    }
    let results: Vec<Value> = found.iter().skip(offset).take(limit).map(|payment| shape::payment(payment)).collect();
    let paging = json!({ "total": found.len(), "limit": limit, "offset": offset });
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

type DateOf = fn(&Payment) -> Option<Timestamp>;

fn date_of(name: &str) -> Option<DateOf> {
    Some(match name {
        "date_created" => |payment| Some(payment.created),
        "date_last_updated" => |payment| Some(payment.updated),
        "date_approved" => |payment| payment.approved,
        "date_of_expiration" => |payment| payment.expires,
        "money_release_date" => Payment::release,
        _ => return None,
    })
}

/// A date, `NOW`, or `NOW-3DAYS` and the like (hours, days, months of 30 days, years of 365).
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let Some(rest) = text.strip_prefix("NOW") else { return date(text) };
    if rest.is_empty() {
        return Some(now);
    }
    let (sign, rest) = match rest.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+" | " ", rest) => (1, rest),
        _ => return None,
    };
    let unit = rest.trim_start_matches(|character: char| character.is_ascii_digit());
    let count: i64 = rest.strip_suffix(unit)?.parse().ok().filter(|count| *count <= 100_000)?;
    let hours = match unit.trim_end_matches('S') {
        "HOUR" => 1,
        "DAY" => 24,
        "MONTH" => 24 * 30,
        "YEAR" => 24 * 365,
        _ => return None,
    };
    now.checked_add((sign * count * hours).hours()).ok()
}

/// A date of a search: with its offset, also where a client left the plus sign as it is and it became a blank; without
/// one, or without a time, it counts as UTC.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.replace(' ', "+");
    let utc = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => format!("{text}Z"),
    };
    parse_date(&text).or_else(|| parse_date(&utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_or_distances_from_now() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let at = |text: &str| moment(text, now).map(|instant| instant.to_string());
        assert_eq!(at("NOW"), Some("2026-11-20T12:00:00Z".to_owned()));
        assert_eq!(at("NOW-2DAYS"), Some("2026-11-18T12:00:00Z".to_owned()));
        assert_eq!(at("NOW-1MONTH"), Some("2026-10-21T12:00:00Z".to_owned()));
        assert_eq!(at("2026-11-20T08:00:00.000-04:00"), Some("2026-11-20T12:00:00Z".to_owned()));
        assert_eq!(at("2026-11-20T14:00:00.000 02:00"), Some("2026-11-20T12:00:00Z".to_owned()));
        assert_eq!(at("2026-11-20T12:00:00"), Some("2026-11-20T12:00:00Z".to_owned()));
        assert_eq!(at("2026-11-20"), Some("2026-11-20T00:00:00Z".to_owned()));
        for wrong in [
            "",
            "2026-13-20",
            "20/11/2026",
            "NOW-",
            "NOWñ",
            "NOW-DAYS",
            "NOW-99999999999YEARS",
            "yesterday",
            "NOW*2DAYS",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
