//! `/v1/payments/{id}/refunds`: giving back all or a part.

use serde_json::{Map, Value};

use super::money::{Amount, Money};
use super::{Refund, again, find, look, share};
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::state::{self, Created, Replay};
use crate::sandbox::world::World;

/// Most partial refunds of one payment.
const MOST_REFUNDS: usize = 20;

/// `POST`: 201 with the refund, 200 with the stored one under a key that was answered before.
///
/// 4292 key, 404/2000, 403/3002 of another account, 2063 unless approved, 404/2024 too old, 4041 not numeric, 4040 not positive,
/// 2017 above what is left, 2022 too many. Without a body or an amount everything that is left goes back.
pub(in crate::sandbox) fn refund(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let key = state::key(account.user_id, &format!("refunds {id}"), call.idempotency_key()?);
    let now = world.now();
    let mut state = world.state();
    let state = &mut *state;
    let stored = state.replays.get(&key).copied();
    let print = state::fingerprint(call.body);
    look(state, id, account, "3002")?;
    if let Some(Created::Refund(refund)) = stored.map(|replay| replay.created) {
        let payment = look(state, id, account, "3002")?;
        if let Some(reply) = stored.and_then(|replay| again(world, &replay, print)) {
            return Ok(reply);
        }
        if let Some(refund) = payment.refunds.iter().find(|known| known.id == refund) {
            return Ok(Reply::json(200, share::refund(payment, refund)));
        }
    }
    let body = if call.body.iter().all(u8::is_ascii_whitespace) { Map::new() } else { call.object()? };
    let refund_id = state.free_id(state::likely_id(&call.ids(world)));
    let payment = find(&mut *state, id, account, "3002")?;
    demand(payment.status == "approved", "2063")?;
    let age = payment.approved.map_or(0.0, |approved| (now.as_second() - approved.as_second()) as f64 / 86_400.0);
    if age > f64::from(payment.site.refund_days) {
        return Err(Refusal::new(404, "2024"));
    }
    let left = payment.amount.minus(payment.refunded());
    let amount = match Money::read(body.get("amount"), payment.site.decimals) {
        Amount::Missing => left,
        Amount::NotNumeric => return Err(Refusal::bad("4041")),
        Amount::Is(Money::ZERO) | Amount::Impossible => return Err(Refusal::bad("4040")),
        Amount::Is(amount) => amount,
    };
    demand(amount <= left, "2017")?;
    demand(payment.refunds.len() < MOST_REFUNDS, "2022")?;
    payment.refunds.push(Refund { id: refund_id, amount, created: now, key });
    if amount == left {
        payment.set("refunded", "refunded", now);
    } else {
        payment.set("approved", "partially_refunded", now);
    }
    let reply = payment.refunds.last().map(|refund| Reply::json(201, share::refund(payment, refund)));
    state.replays.insert(key, Replay { created: Created::Refund(refund_id), body: print }, 96);
    reply.ok_or_else(|| Refusal::new(404, "2032"))
}

/// `GET`: all of them, as an array.
pub(in crate::sandbox) fn list_refunds(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let payment = look(&state, id, account, "4")?;
    let refunds: Vec<Value> = payment.refunds.iter().map(|refund| share::refund(payment, refund)).collect();
    Ok(Reply::json(200, Value::Array(refunds)))
}

/// `GET /{refund}`: 404/2032 when there is none.
pub(in crate::sandbox) fn read_refund(world: &World, call: &Call, id: &str, refund: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let payment = look(&state, id, account, "4")?;
    let found = payment.refunds.iter().find(|known| known.id.to_string() == refund);
    found.map(|refund| Reply::json(200, share::refund(payment, refund))).ok_or_else(|| Refusal::new(404, "2032"))
}
