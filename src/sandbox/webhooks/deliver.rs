//! Sending: one task for each delivery, few at a time, tried again by the documented schedule.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Delivery;
use super::history::Attempt;
use super::sign::signature;
use crate::http::{ClientOptions, client, reason};
use crate::sandbox::clock::wire_date;
use crate::sandbox::world::World;

/// How long a receiver has to answer 200 or 201.
const PATIENCE: Duration = Duration::from_secs(22);
/// Seconds between attempts. The documentation says 15 minutes, and longer after the third attempt; how much longer is
/// told by an older table: hours, then days.
const SCHEDULE: [u64; 6] = [900, 900, 900, 6 * 3600, 2 * 86_400, 4 * 86_400];
/// Most attempts under way.
const AT_ONCE: usize = 16;
/// Most deliveries that are begun and not done.
const MOST_OPEN: usize = 1_000;

/// Delivers what is queued, until the sandbox is gone.
pub(in crate::sandbox) async fn worker(world: Weak<World>, mut queue: mpsc::Receiver<Delivery>) {
    let options =
        ClientOptions { timeout: PATIENCE, connect_timeout: PATIENCE, direct: true, ..ClientOptions::default() };
    let client = client(&options);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut open = JoinSet::new();
    while let Some(delivery) = queue.recv().await {
        while open.try_join_next().is_some() {}
        let Some(alive) = world.upgrade() else { return };
        // Nobody is told of what a restart would not know.
        if !alive.kept().await {
            return;
        }
        match &client {
            Ok(client) if open.len() < MOST_OPEN => {
                open.spawn(deliver(Weak::clone(&world), client.clone(), Arc::clone(&places), delivery));
            }
            Ok(_) => alive.webhooks.history().refuse(delivery.number, "too-many-waiting"),
            Err(_) => alive.webhooks.history().refuse(delivery.number, "no-http-client"),
        }
    }
}

async fn deliver(world: Weak<World>, client: Client, places: Arc<Semaphore>, delivery: Delivery) {
    for next in SCHEDULE.into_iter().map(Some).chain([None]) {
        let Some(alive) = world.upgrade() else { return };
        let (request, mut attempt) = message(&alive, &client, &delivery);
        attempt.next = next;
        let speed = alive.webhooks.options.speed.max(1);
        drop(alive);
        let Ok(place) = places.acquire().await else { return };
        let started = Instant::now();
        attempt.outcome = match request.send().await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(reason(&error)),
        };
        drop(place);
        attempt.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let done = matches!(attempt.outcome, Ok(200 | 201));
        if done {
            attempt.next = None;
        }
        let Some(alive) = world.upgrade() else { return };
        alive.webhooks.history().attempt(delivery.number, attempt);
        drop(alive);
        let Some(seconds) = next.filter(|_| !done) else { return };
        tokio::time::sleep(Duration::from_secs(seconds) / speed).await;
    }
}

/// The request, and what the history will say of it. Every attempt is a notification of its own, signed anew.
fn message(world: &World, client: &Client, delivery: &Delivery) -> (reqwest::RequestBuilder, Attempt) {
    let hooks = &world.webhooks;
    let event = &delivery.event;
    let now = world.now();
    let notification = (100_000_000_000 + hooks.ids.below(800_000_000_000)).to_string();
    let request_id = hooks.ids.uuid();
    let mut url = delivery.url.clone();
    let body = if delivery.ipn {
        url.query_pairs_mut().append_pair("topic", event.topic).append_pair("id", &event.id);
        json!({ "resource": event.id, "topic": event.topic })
    } else {
        url.query_pairs_mut().append_pair("data.id", &event.id).append_pair("type", event.topic);
        json!({
            "action": event.action,
            "api_version": "v1",
            "data": { "id": event.id },
            "date_created": wire_date(now),
            "id": notification.parse::<u64>().unwrap_or_default(),
            "live_mode": false,
            "type": event.topic,
            "user_id": event.user.to_string(),
        })
    };
    let mut request = client.post(url).header("content-type", "application/json").header("x-request-id", &request_id);
    let mut signed = None;
    if !delivery.ipn {
        let header = signature(hooks.options.secret.expose_secret(), &event.id, &request_id, now.as_millisecond());
        request = request.header("x-signature", &header);
        signed = Some(header);
    }
    let attempt =
        Attempt { at: now, notification, request_id, signature: signed, outcome: Ok(0), milliseconds: 0, next: None };
    (request.body(body.to_string()), attempt)
}
