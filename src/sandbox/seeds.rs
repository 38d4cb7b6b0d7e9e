//! `--seed-data`: customers, cards and payments that are there before the first request.
//!
//! Responsible for reading the file and for asking the sandbox itself to create what it describes, by the same
//! requests that a client would send: what is seeded has gone through every check, and answers as anything else does.
//! Not responsible for what the attributes mean: apart from `card` and `cards` they are those of the API.

use std::path::Path;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::accounts::{Account, Role, account};
use super::customers::Customer;
use super::router::{Call, route};
use super::state;
use super::world::World;
use crate::i18n::Message;
use crate::run::{self, Problem};
use crate::specs::cards;
use crate::yaml::{self, Fields, Kind, Node, Source, first_mistakes};

/// Most customers, cards and payments of one file together.
const MOST: usize = 20_000;

/// One thing to create.
#[derive(Debug, Clone)]
struct Seed {
    /// Attributes as the API has them.
    body: Map<String, Value>,
    /// Card of a payment; cards of a customer.
    cards: Vec<Card>,
    /// Says where it stands: made ready for the case that the sandbox refuses it.
    refused: Box<Problem>,
}

/// A card: a test card of the site, with what the file says instead.
#[derive(Debug, Clone)]
struct Card {
    /// Payment method, for example `visa`; decides which test card it is.
    method: Option<String>,
    /// Name of the cardholder, which decides the outcome of payments.
    holder: Option<String>,
    /// More attributes, as `POST /v1/card_tokens` has them.
    more: Map<String, Value>,
}

/// What a file of seeds asks for.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    customers: Vec<Seed>,
    payments: Vec<Seed>,
}

impl Seeds {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or every mistake in it with its place.
    pub fn load(path: &Path) -> Result<Seeds, Vec<Problem>> {
        let name = path.display().to_string();
        let bytes = run::read_at_most(path, yaml::MOST_READ)
            .map_err(|error| vec![Problem::input(run::unreadable(&error)).in_file(&name)])?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let problem = Problem::input(Message::new("scenario.not-utf8")).in_file(&name);
            vec![problem.fix(Message::new("scenario.not-utf8-fix"))]
        })?;
        Seeds::parse(&Source::new(&name, &text))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(source: &Source) -> Result<Seeds, Vec<Problem>> {
        let root = yaml::parse(source).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut seeds = Seeds::default();
        if let Some(mut fields) = Fields::new(source, &root, &mut problems) {
            let customers = fields.list("customers").unwrap_or_default();
            let payments = fields.list("payments").unwrap_or_default();
            fields.finish();
            seeds.customers = customers.iter().filter_map(|node| seed(source, node, "cards", &mut problems)).collect();
            seeds.payments = payments.iter().filter_map(|node| seed(source, node, "card", &mut problems)).collect();
        }
        if seeds.all().map(|seed| 1 + seed.cards.len()).sum::<usize>() > MOST {
            problems
                .push(Problem::input(Message::new("sandbox.too-many-seeds").with("most", MOST)).in_file(&*source.file));
        }
        if problems.is_empty() { Ok(seeds) } else { Err(first_mistakes(source, problems)) }
    }

    fn all(&self) -> impl Iterator<Item = &Seed> {
        self.customers.iter().chain(&self.payments)
    }

    /// How many customers, cards of customers, and payments.
    pub fn count(&self) -> [usize; 3] {
        [self.customers.len(), self.customers.iter().map(|seed| seed.cards.len()).sum(), self.payments.len()]
    }

    /// Creates everything, for the seller of a site. With a memory that was kept, what is there already is left as it is:
    /// customers by e-mail address, payments by idempotency key, which follows from the place in the file. In an empty
    /// one, two customers with one address are a mistake of the file.
    pub(super) fn plant(&self, world: &World, site: &str, again: bool) -> Result<(), Problem> {
        let gardener = Gardener { world, seller: account(site, Role::Seller), site };
        for (index, seed) in self.customers.iter().enumerate() {
            if again && gardener.has_customer(seed) {
                continue;
            }
            gardener.customer(index, seed).map_err(|refusal| refusal.at(seed))?;
        }
        for (index, seed) in self.payments.iter().enumerate() {
            if again && gardener.has_payment(index) {
                continue;
            }
            gardener.payment(index, seed).map_err(|refusal| refusal.at(seed))?;
        }
        Ok(())
    }
}

/// Attributes of one customer or payment; `special` names its card or cards.
fn seed(source: &Source, node: &Node, special: &'static str, problems: &mut Vec<Problem>) -> Option<Seed> {
    let Kind::Map(members) = &node.kind else {
        problems.push(source.problem(node.mark, 1, Message::new("yaml.expected-mapping")));
        return None;
    };
    let mut seed = Seed {
        body: Map::new(),
        cards: Vec::new(),
        refused: Box::new(source.problem(node.mark, 1, Message::new("sandbox.seed-refused"))),
    };
    for (key, value) in members {
        match (&value.kind, key.text == special) {
            (Kind::List(items), true) if special == "cards" => {
                seed.cards.extend(items.iter().filter_map(|item| card(source, item, problems)));
            }
            (_, true) => seed.cards.extend(card(source, value, problems)),
            (_, false) => {
                seed.body.insert(key.text.clone(), value.to_json());
            }
        }
    }
    Some(seed)
}

fn card(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<Card> {
    let mut fields = Fields::new(source, node, problems)?;
    let method = fields.text("method").map(str::to_owned);
    let holder = fields.text("holder").map(str::to_owned);
    let mut more = Map::new();
    for name in ["card_number", "security_code", "expiration_month", "expiration_year", "cardholder"] {
        if let Some(node) = fields.node(name) {
            more.insert(name.to_owned(), node.to_json());
        }
    }
    if method.is_some() && more.contains_key("card_number") {
        fields.problem("card_number", Message::new("sandbox.two-cards"));
    }
    fields.finish();
    Some(Card { method, holder, more })
}

/// What the sandbox answered instead of creating a seed.
struct Refused {
    status: u16,
    message: String,
}

impl Refused {
    fn at(self, seed: &Seed) -> Problem {
        let mut problem = (*seed.refused).clone();
        problem.message =
            Message::new("sandbox.seed-refused").with("status", self.status).with("message", self.message);
        problem
    }
}

/// The idempotency key of a payment.
fn payment_key(index: usize) -> String {
    format!("seed-data/payments/{index}")
}

/// Sends the requests.
struct Gardener<'w> {
    world: &'w World,
    seller: Account,
    site: &'w str,
}

impl Gardener<'_> {
    /// A request of the seller. The key follows from the place in the file, and identifiers from the key.
    fn send(&self, method: &str, uri: &str, key: &str, body: Option<Value>) -> Result<Value, Refused> {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", self.seller.access_token.expose_secret());
        for (name, value) in [("authorization", bearer.as_str()), ("x-idempotency-key", key)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let reply = route(self.world, &Call::new(method, uri, &headers, &bytes));
        let status = reply.status;
        let body = reply.body.into_json().ok_or(Refused { status, message: String::new() })?;
        if status < 300 {
            return Ok(body);
        }
        let message = body.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(Refused { status, message })
    }

    fn has_customer(&self, seed: &Seed) -> bool {
        let email = seed.body.get("email").and_then(Value::as_str).unwrap_or_default();
        let same =
            |customer: &Customer| customer.user_id == self.seller.user_id && customer.email.eq_ignore_ascii_case(email);
        self.world.state().customers.iter().any(same)
    }

    fn has_payment(&self, index: usize) -> bool {
        let key = state::key(self.seller.user_id, "payments", &payment_key(index));
        self.world.state().replays.get(&key).is_some()
    }

    fn token(&self, key: &str, card: &Card) -> Result<Value, Refused> {
        let mut body = Map::new();
        if !card.more.contains_key("card_number") {
            let method = card.method.as_deref().unwrap_or("visa");
            let test = cards::find(self.site, method);
            let known = || {
                let all = cards::of_site(self.site).map(|site| site.cards.as_slice()).unwrap_or_default();
                all.iter().map(|card| card.payment_method_id.as_str()).collect::<Vec<_>>().join(", ")
            };
            let test =
                test.ok_or_else(|| Refused { status: 400, message: format!("card.method: {method} ({})", known()) })?;
            body.insert("card_number".into(), json!(test.number));
            body.insert("security_code".into(), json!(test.security_code));
            body.insert("expiration_month".into(), json!(test.expiration_month));
            body.insert("expiration_year".into(), json!(test.expiration_year));
        }
        let document = cards::of_site(self.site).and_then(|site| site.document.as_ref());
        let document = document.map(|document| json!({ "type": document.kind, "number": document.number }));
        let holder = card.holder.as_deref().unwrap_or("APRO");
        body.insert("cardholder".into(), json!({ "name": holder, "identification": document }));
        body.extend(card.more.clone());
        let token = self.send("POST", "/v1/card_tokens", key, Some(Value::Object(body)))?;
        Ok(token.get("id").cloned().unwrap_or_default())
    }

    fn customer(&self, index: usize, seed: &Seed) -> Result<(), Refused> {
        let key = format!("seed-data/customers/{index}");
        let customer = self.send("POST", "/v1/customers", &key, Some(Value::Object(seed.body.clone())))?;
        let id = customer.get("id").and_then(Value::as_str).unwrap_or_default();
        for (number, card) in seed.cards.iter().enumerate() {
            let key = format!("{key}/cards/{number}");
            let token = self.token(&key, card)?;
            self.send("POST", &format!("/v1/customers/{id}/cards"), &key, Some(json!({ "token": token })))?;
        }
        Ok(())
    }

    fn payment(&self, index: usize, seed: &Seed) -> Result<(), Refused> {
        let key = payment_key(index);
        let mut body = seed.body.clone();
        if let Some(card) = seed.cards.first() {
            body.insert("token".into(), self.token(&key, card)?);
            let method = card.method.as_deref().unwrap_or("visa");
            if !card.more.contains_key("card_number") {
                body.entry("payment_method_id").or_insert(json!(method));
            }
            body.entry("installments").or_insert(json!(1));
        }
        body.entry("payer").or_insert_with(|| json!({ "email": account(self.site, Role::Buyer).email }));
        self.send("POST", "/v1/payments", &key, Some(Value::Object(body)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(text: &str) -> (World, Result<(), Problem>) {
        let world = World::for_tests();
        let seeds = Seeds::parse(&Source::new("seeds.yaml", text)).unwrap();
        let done = seeds.plant(&world, "MLA", false);
        (world, done)
    }

    fn ask(world: &World, uri: &str) -> Value {
        Gardener { world, seller: account("MLA", Role::Seller), site: "MLA" }.send("GET", uri, "k", None).ok().unwrap()
    }

    const WHOLE: &str = "
customers:
  - email: ana@testuser.com
    first_name: Ana
    cards:
      - { method: visa }
      - { method: master, holder: OTHE }
payments:
  - transaction_amount: 1500
    external_reference: pedido-1
    card: { method: visa }
  - transaction_amount: 20
    external_reference: pedido-2
    card: { holder: FUND, method: master }
  - transaction_amount: 20
    payment_method_id: rapipago
";

    #[test]
    fn what_the_file_says_is_there_and_has_the_same_ids_every_time() {
        let (world, done) = planted(WHOLE);
        done.unwrap();
        let customers = ask(&world, "/v1/customers/search?email=ana@testuser.com");
        let customer = &customers["results"][0];
        assert_eq!(customer["first_name"], "Ana");
        assert_eq!(customer["cards"].as_array().unwrap().len(), 2);
        let found = ask(&world, "/v1/payments/search?external_reference=pedido-2");
        assert_eq!(found["results"][0]["status_detail"], "cc_rejected_insufficient_amount");
        assert_eq!(ask(&world, "/v1/payments/search")["paging"]["total"], 3);
        let again = ask(&planted(WHOLE).0, "/v1/payments/search?external_reference=pedido-2");
        assert_eq!(again["results"][0]["id"], found["results"][0]["id"]);
    }

    #[test]
    fn what_the_sandbox_refuses_is_told_with_its_place() {
        let text = "payments:\n  - transaction_amount: 10\n    card: {}\n  - transaction_amount: -5\n    card: {}\n";
        let problem = planted(text).1.unwrap_err();
        assert_eq!((problem.message.key.as_ref(), problem.place.line), ("sandbox.seed-refused", Some(4)));
        assert_eq!(problem.message.args["status"], "400");
        let problem = planted("payments:\n  - transaction_amount: 1\n    card: { method: viza }\n").1.unwrap_err();
        assert!(problem.message.args["message"].contains("viza"), "{problem:?}");
        let twice = "customers:\n  - email: a@testuser.com\n  - email: a@testuser.com\n";
        assert_eq!(planted(twice).1.unwrap_err().place.line, Some(3));
    }

    #[test]
    fn mistakes_of_the_file_have_their_place() {
        let read = |text: &str| {
            let problems = Seeds::parse(&Source::new("seeds.yaml", text)).unwrap_err();
            problems.iter().map(|problem| (problem.message.key.to_string(), problem.place.line)).collect::<Vec<_>>()
        };
        assert_eq!(read("custmers: []\n"), [("yaml.unknown-key".to_owned(), Some(1))]);
        assert_eq!(read("payments:\n  - 3\n"), [("yaml.expected-mapping".to_owned(), Some(2))]);
        let two = "payments:\n  - card: { method: visa, card_number: \"4\", hodler: APRO }\n";
        let told = read(two);
        assert_eq!(told[0].0, "sandbox.two-cards");
        assert_eq!(told[1].0, "yaml.unknown-key");
    }
}
