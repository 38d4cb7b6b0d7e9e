//! Webhooks: telling the merchant's server that a payment or an order changed.
//!
//! Where to: the `notification_url` of the payment wins over the configured URL. Nothing is sent beyond this machine
//! unless it is allowed: a `notification_url` elsewhere goes to the configured URL instead, or nowhere, and the history
//! says so. How often: 15 minutes after a failed attempt, three times, then in growing steps; the clock can be
//! accelerated. Unlike the real service, the sandbox tells of payments made with test credentials, because it has no
//! others. Not responsible for sending ([`deliver`]) and signing ([`sign`]).

mod deliver;
mod history;
mod sign;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::{Host, Url};

use self::deliver::worker;
use self::history::History;
use super::reply::Reply;
use super::router::Call;
use super::world::World;
use crate::i18n::Lang;
use crate::ids::Ids;

/// Most deliveries that wait to be begun.
const MOST_WAITING: usize = 1_000;

/// In which form events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookForm {
    /// A signed JSON body.
    #[default]
    Webhook,
    /// The older form: topic and id in the query, not signed.
    Ipn,
    /// One of each.
    Both,
}

/// Where and how events are told.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Where, when the payment does not say.
    pub url: Option<Url>,
    /// Whether a `notification_url` may lead off this machine.
    pub anywhere: bool,
    /// Signs the deliveries.
    pub secret: SecretString,
    /// How many times faster the time between attempts passes.
    pub speed: u32,
    /// Form, when the `notification_url` does not say with `source_news`.
    pub form: WebhookForm,
}

impl Default for WebhookOptions {
    fn default() -> WebhookOptions {
        WebhookOptions {
            url: None,
            anywhere: false,
            secret: SecretString::from(default_webhook_secret()),
            speed: 900,
            form: WebhookForm::Webhook,
        }
    }
}

/// The secret of a sandbox that was given none: always the same, and of no use elsewhere.
pub fn default_webhook_secret() -> String {
    Sha256::digest("homologa sandbox webhook secret").iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// `payment`, `order` or `chargebacks`.
    pub(super) topic: &'static str,
    /// For example `payment.updated`.
    pub(super) action: String,
    /// Id of the resource.
    pub(super) id: String,
    /// Seller.
    pub(super) user: u64,
    /// Where the payment wants it to be told.
    pub(super) notification_url: Option<String>,
}

/// A message that is to be delivered.
#[derive(Debug, Clone)]
struct Delivery {
    /// Number in the history.
    number: u64,
    event: Event,
    url: Url,
    ipn: bool,
}

/// The webhooks of a sandbox.
pub(super) struct Webhooks {
    options: WebhookOptions,
    ids: Ids,
    history: Mutex<History>,
    sender: mpsc::Sender<Delivery>,
    receiver: Mutex<Option<mpsc::Receiver<Delivery>>>,
}

impl Webhooks {
    /// Nothing was told yet.
    pub(super) fn new(options: WebhookOptions, ids: &Ids) -> Webhooks {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        Webhooks {
            options,
            ids: ids.part("webhooks"),
            history: Mutex::new(History::default()),
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deliveries, newest first, as the administration shows them.
    pub(super) fn list(&self, limit: usize, lang: Lang) -> Value {
        self.history().list(limit, lang)
    }

    /// Forgets the deliveries; what is on its way still arrives.
    pub(super) fn clear(&self) {
        self.history().clear();
    }

    /// Tells an event again, as a new delivery; false when there is none of this number.
    pub(super) fn again(&self, world: &World, number: u64) -> bool {
        let event = self.history().event(number);
        event.is_some_and(|event| {
            self.announce(world, event);
            true
        })
    }

    /// Queues an event for where it is to be told; nothing where nobody wants to know.
    pub(super) fn announce(&self, world: &World, event: Event) {
        let asked = event.notification_url.as_deref().and_then(|url| Url::parse(url).ok());
        let (url, instead_of, refused) = match (asked, &self.options.url) {
            (Some(asked), _) if self.allowed(&asked) => (asked, None, false),
            (Some(asked), Some(own)) => (own.clone(), Some(asked), false),
            (Some(asked), None) => (asked, None, true),
            (None, Some(own)) => (own.clone(), None, false),
            (None, None) => return,
        };
        for ipn in forms(&url, self.options.form) {
            let mut history = self.history();
            let number = history.begin(&event, &url, instead_of.as_ref(), *ipn, world.now());
            if refused {
                history.refuse(number, "off-this-machine");
                continue;
            }
            drop(history);
            let delivery = Delivery { number, event: event.clone(), url: url.clone(), ipn: *ipn };
            if self.sender.try_send(delivery).is_err() {
                self.history().refuse(number, "too-many-waiting");
            }
        }
    }

    /// Whether something may be sent there: on this machine, where the user said, or anywhere if the user said that.
    fn allowed(&self, url: &Url) -> bool {
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let configured = self.options.url.as_ref().is_some_and(|own| own.origin() == url.origin());
        self.options.anywhere
            || configured
            || match url.host() {
                Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            }
    }

    /// Looks at what a request changed about a payment, and announces it; orders announce their changes themselves.
    pub(super) fn observe(&self, world: &World, call: &Call, reply: &Reply) {
        if !matches!(call.method, "POST" | "PUT") || !matches!(reply.status, 200 | 201) {
            return;
        }
        // Most are made where nobody wants to know. The name may hide behind an escape.
        let named = |word: &[u8]| memchr::memmem::find(call.body, word).is_some();
        if reply.status == 201
            && self.options.url.is_none()
            && created(call)
            && !named(b"notification_url")
            && !named(b"\\")
        {
            return;
        }
        if let Some(event) = event(world, call, reply) {
            self.announce(world, event);
        }
    }
}

/// Whether this is a request for a new payment.
fn created(call: &Call) -> bool {
    call.method == "POST" && call.path.trim_end_matches('/') == "/v1/payments"
}

/// What happened, told by a request and its answer.
fn event(world: &World, call: &Call, reply: &Reply) -> Option<Event> {
    let status = reply.status;
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let payment = |action: &str, id: u64| payment_event(world, id, action);
    match (call.method, segments.as_slice()) {
        // 200 is a repetition: nothing new happened.
        ("POST", ["v1", "payments"]) if status == 201 => payment("payment.created", reply.body.payment_id()?),
        ("PUT", ["v1", "payments", id]) => payment("payment.updated", id.parse().ok()?),
        ("POST", ["v1", "payments", id, "refunds"]) if status == 201 => payment("payment.updated", id.parse().ok()?),
        _ => None,
    }
}

/// An event about a payment.
pub(super) fn payment_event(world: &World, id: u64, action: &str) -> Option<Event> {
    let state = world.state();
    let payment = state.payments.get(&id)?;
    Some(Event {
        topic: "payment",
        action: action.to_owned(),
        id: id.to_string(),
        user: payment.collector,
        notification_url: payment.sent_text("notification_url"),
    })
}

/// Whether to send as IPN, for each message: the URL may choose with `source_news`.
fn forms(url: &Url, usual: WebhookForm) -> &'static [bool] {
    let asked = url.query_pairs().find(|(name, _)| name == "source_news").map(|(_, value)| value.into_owned());
    match (asked.as_deref(), usual) {
        (Some("webhooks"), _) | (None, WebhookForm::Webhook) => &[false],
        (Some("ipn"), _) | (None, WebhookForm::Ipn) => &[true],
        _ => &[false, true],
    }
}

/// Starts delivering on the current runtime, until the handle is aborted.
pub(super) fn start(world: &Arc<World>) -> Option<JoinHandle<()>> {
    let receiver = world.webhooks.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Some(tokio::spawn(worker(Arc::downgrade(world), receiver)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(options: WebhookOptions, url: &str) -> bool {
        Webhooks::new(options, &Ids::seeded(1)).allowed(&Url::parse(url).unwrap())
    }

    #[test]
    fn nothing_leaves_this_machine_unless_allowed() {
        for near in ["http://127.0.0.1:1/x", "https://localhost/x", "http://[::1]/", "http://shop.localhost:3000/"] {
            assert!(allowed(WebhookOptions::default(), near), "{near}");
        }
        let far = [
            "http://192.168.0.1/",
            "http://example.com/",
            "http://169.254.169.254/",
            "ftp://127.0.0.1/",
            "http://localhost.example.com/",
        ];
        for url in far {
            assert!(!allowed(WebhookOptions::default(), url), "{url}");
        }
        let own = WebhookOptions { url: Url::parse("http://10.0.0.5:3000/hook").ok(), ..WebhookOptions::default() };
        assert!(allowed(own.clone(), "http://10.0.0.5:3000/other") && !allowed(own, "http://10.0.0.5:80/"));
        let anywhere = WebhookOptions { anywhere: true, ..WebhookOptions::default() };
        assert!(allowed(anywhere.clone(), "https://example.com/") && !allowed(anywhere, "file:///etc/passwd"));
    }

    #[test]
    fn the_url_chooses_its_form() {
        let form = |url: &str, usual| forms(&Url::parse(url).unwrap(), usual).to_vec();
        assert_eq!(form("http://a/?source_news=webhooks", WebhookForm::Both), [false]);
        assert_eq!(form("http://a/?source_news=ipn", WebhookForm::Webhook), [true]);
        assert_eq!(form("http://a/", WebhookForm::Both), [false, true]);
        assert_eq!(form("http://a/", WebhookForm::Webhook), [false]);
    }
}
