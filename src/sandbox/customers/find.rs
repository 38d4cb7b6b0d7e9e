//! `GET /v1/customers/search`: the account's own customers, filtered, sorted and paged.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Customer, owned};
use crate::sandbox::clock::parse_date;
use crate::sandbox::errors::Checked;
use crate::sandbox::json::as_text;
use crate::sandbox::page::Page;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// Customers on a page, and the most.
const USUAL: usize = 30;
const MOST: usize = 1000;
/// Members of a customer that a search may compare, beside `id` and `email`.
const TEXTS: &[&str] = &["first_name", "last_name", "description"];
const DATES: &[&str] = &["date_created", "date_last_updated", "date_registered"];

/// Answers 200 with `paging` and `results`, the newest last unless `sort` says otherwise.
///
/// `email`, `id`, names and description have to be equal, letters in any case. `range` is `MEMBER:after:DATE,before:DATE`
/// with a date member (200, 201, 202, 203); `sort` is `MEMBER` or `MEMBER:asc` (206, 207, 208); 205 for paging that
/// cannot be read.
pub(in crate::sandbox) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let (page, range, sort) = match read(call) {
        Ok(read) => read,
        Err(code) => return Ok(world.catalogue.customer(400, code)),
    };
    let state = world.state();
    let mut found: Vec<&Customer> = owned(&state, account)
        .filter(|customer| {
            ["id", "email"].iter().chain(TEXTS).all(|name| match call.param(name) {
                None | Some("") => true,
                Some(wanted) => {
                    member(customer, name).is_some_and(|value| value.to_lowercase() == wanted.to_lowercase())
                }
            })
        })
        .filter(|customer| range.as_ref().is_none_or(|range| range.holds(customer)))
        .collect();
    if let Some((name, descending)) = sort {
        found.sort_by_cached_key(|customer| member(customer, name));
        if descending {
            found.reverse();
        }
    }
    let results: Vec<Value> = page.cut(found.iter()).map(|customer| customer.body("active")).collect();
    let paging = json!({ "total": found.len(), "limit": page.limit, "offset": page.offset });
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

struct Range<'c> {
    member: &'c str,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Range<'_> {
    fn holds(&self, customer: &Customer) -> bool {
        let date = member(customer, self.member).as_deref().and_then(parse_date);
        date.is_some_and(|date| {
            self.after.is_none_or(|after| date >= after) && self.before.is_none_or(|before| date <= before)
        })
    }
}

type Read<'c> = (Page, Option<Range<'c>>, Option<(&'c str, bool)>);

/// What is asked for, or the code of what is wrong with it.
fn read<'c>(call: &'c Call) -> Result<Read<'c>, &'static str> {
    let page = Page::of(call, USUAL, MOST).ok_or("205")?;
    let given = |name: &str| call.param(name).filter(|text| !text.is_empty());
    let range = given("range").map(read_range).transpose()?;
    let sort = match given("sort") {
        None => None,
        Some(text) => {
            let (name, order) = text.split_once(':').unwrap_or((text, "asc"));
            if name.is_empty() || order.is_empty() {
                return Err("208");
            }
            let known = ["id", "email"].contains(&name) || TEXTS.contains(&name) || DATES.contains(&name);
            if !known {
                return Err("206");
            }
            match order {
                "asc" => Some((name, false)),
                "desc" => Some((name, true)),
                _ => return Err("207"),
            }
        }
    };
    Ok((page, range, sort))
}

fn read_range(text: &str) -> Result<Range<'_>, &'static str> {
    let (member, bounds) = text.split_once(':').ok_or("200")?;
    if !DATES.contains(&member) {
        return Err("201");
    }
    let mut range = Range { member, after: None, before: None };
    for bound in bounds.split(',') {
        match bound.split_once(':') {
            Some(("after", date)) => range.after = Some(parse_date(date).ok_or("202")?),
            Some(("before", date)) => range.before = Some(parse_date(date).ok_or("203")?),
            _ => return Err("200"),
        }
    }
    Ok(range)
}

fn member(customer: &Customer, name: &str) -> Option<String> {
    match name {
        "id" => Some(customer.id.clone()),
        "email" => Some(customer.email.clone()),
        "date_created" => Some(customer.created.clone()),
        "date_last_updated" => Some(customer.updated.clone()),
        name => customer.sent.get(name).and_then(as_text),
    }
}
