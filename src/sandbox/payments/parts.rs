//! The objects inside an answered payment, written out member by member.
//!
//! Responsible for their members and for what in them follows from what was sent. Types that write themselves, because
//! a tree of values costs several times what its text does. Not responsible for the payment around them ([`super::shape`]).

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::money::Money;
use super::offline::{self, Voucher};
use super::shape::{View, is_ticket, payer_id, total_paid};
use super::tree::{Members, Tree};
use super::{Card, Payment};
use crate::sandbox::clock::wire_date;

/// An object that was sent, or an empty one.
pub(super) struct Object<'p>(pub(super) Option<&'p Members<'p>>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(members) => members.serialize(to),
            None => to.serialize_map(Some(0))?.end(),
        }
    }
}

/// `payment_method`.
#[derive(Serialize)]
pub(super) struct Method<'p> {
    pub(super) id: &'p str,
    #[serde(rename = "type")]
    pub(super) kind: &'p str,
    pub(super) issuer_id: Option<&'p str>,
}

/// One of `fee_details`.
#[derive(Serialize)]
pub(super) struct Fee {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) amount: Value,
    pub(super) fee_payer: &'static str,
}

/// `barcode`.
#[derive(Serialize)]
pub(super) struct Barcode<'p> {
    pub(super) content: &'p str,
}

/// A document of identity.
pub(super) struct Document<'p> {
    pub(super) kind: Option<Cow<'p, str>>,
    pub(super) number: Option<Cow<'p, str>>,
}

pub(super) struct Phone<'p> {
    pub(super) area_code: Option<Cow<'p, str>>,
    pub(super) number: Option<Cow<'p, str>>,
}

/// `payer`.
pub(super) struct Payer<'p> {
    pub(super) id: Option<String>,
    pub(super) kind: Option<&'p Tree<'p>>,
    pub(super) email: Option<&'p Tree<'p>>,
    pub(super) identification: Document<'p>,
    pub(super) phone: Phone<'p>,
    pub(super) first_name: Option<Cow<'p, str>>,
    pub(super) last_name: Option<Cow<'p, str>>,
    pub(super) entity_type: Option<Cow<'p, str>>,
}

impl<'p> Payer<'p> {
    /// By what was sent with the payment.
    pub(super) fn of(sent: &'p Members<'p>) -> Payer<'p> {
        let payer = sent.get("payer").and_then(Tree::object);
        let get = |name: &str| payer?.get(name);
        let text = |name: &str| get(name)?.text();
        let part = |object: &str, name: &str| get(object)?.get(name)?.text();
        Payer {
            id: payer_id(sent),
            kind: get("type"),
            email: get("email"),
            identification: Document { kind: part("identification", "type"), number: part("identification", "number") },
            phone: Phone { area_code: part("phone", "area_code"), number: part("phone", "number") },
            first_name: text("first_name"),
            last_name: text("last_name"),
            entity_type: text("entity_type"),
        }
    }
}

/// `additional_info`: given back with numbers of items and addresses as text, as the real service does.
pub(super) struct Info<'p>(pub(super) Option<&'p Members<'p>>);

impl Serialize for Info<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_map(None)?;
        for (name, value) in self.0.into_iter().flat_map(|members| &members.0) {
            match (&**name, value) {
                ("items", Tree::List(items)) => to.serialize_entry(name, &Items(items))?,
                ("shipments", Tree::Object(part)) => to.serialize_entry(name, &Placed(part, "receiver_address"))?,
                ("payer", Tree::Object(part)) => to.serialize_entry(name, &Placed(part, "address"))?,
                _ => to.serialize_entry(name, value)?,
            }
        }
        for name in ["available_balance", "nsu_processadora", "authentication_code"] {
            if self.0.is_none_or(|members| members.get(name).is_none()) {
                to.serialize_entry(name, &())?;
            }
        }
        to.end()
    }
}

struct Items<'p>(&'p [Tree<'p>]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|item| Texts(item, &["id", "quantity", "unit_price"])))
    }
}

/// An object with an address under this name.
struct Placed<'p>(&'p Members<'p>, &'static str);

impl Serialize for Placed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_map(Some(self.0.0.len()))?;
        for (name, value) in &self.0.0 {
            if name == self.1 {
                to.serialize_entry(name, &Texts(value, &["zip_code", "street_number"]))?;
            } else {
                to.serialize_entry(name, value)?;
            }
        }
        to.end()
    }
}

/// A value; numbers of an object under these names leave as text.
struct Texts<'p>(&'p Tree<'p>, &'static [&'static str]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Tree::Object(members) = self.0 else { return self.0.serialize(to) };
        let mut to = to.serialize_map(Some(members.0.len()))?;
        for (name, value) in &members.0 {
            match value {
                Tree::Number(number) if self.1.contains(&&**name) => {
                    to.serialize_entry(name, &number.to_string())?;
                }
                _ => to.serialize_entry(name, value)?,
            }
        }
        to.end()
    }
}

/// `transaction_details`.
pub(super) struct Details<'p> {
    /// Twice in the answer.
    pub(super) reference: Option<String>,
    pub(super) net_received_amount: Value,
    pub(super) total_paid_amount: Value,
    pub(super) external_resource_url: Option<String>,
    pub(super) installment_amount: Value,
    pub(super) financial_institution: Option<Cow<'p, str>>,
    pub(super) barcode: Option<Barcode<'p>>,
    pub(super) digitable_line: Option<&'p str>,
}

/// What was paid in which way; `fee` is that of the service.
pub(super) fn details<'p>(payment: &View<'p>, fee: Money, voucher: Option<&'p Voucher>) -> Details<'p> {
    let kept = || payment.amount.minus(fee).minus(payment.application_fee());
    let installment = || payment.amount.plus(payment.financing()).share(payment.installments);
    let waits = is_ticket(payment) || payment.method.payment_type_id == "bank_transfer";
    let bank = payment.sent.get("transaction_details").and_then(|details| details.get("financial_institution"));
    Details {
        reference: is_ticket(payment).then(|| payment.id.to_string()),
        net_received_amount: if payment.approved.is_some() { kept().json() } else { Value::from(0) },
        total_paid_amount: total_paid(payment).json(),
        external_resource_url: (waits && payment.method.id != "pix").then(|| ticket_url(payment)),
        installment_amount: if payment.card.is_some() { installment().json() } else { Value::from(0) },
        financial_institution: bank.and_then(Tree::text),
        barcode: voucher.map(|voucher| Barcode { content: &voucher.barcode }),
        digitable_line: voucher.and_then(|voucher| voucher.line.as_deref()),
    }
}

/// Reserved name (RFC 2606): nobody is sent anywhere.
fn ticket_url(payment: &Payment) -> String {
    format!("https://sandbox.example/payments/{}/ticket", payment.id)
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Carded<'p> {
    /// An object without members.
    No {},
    Yes {
        id: Option<&'p str>,
        first_six_digits: Option<&'p str>,
        last_four_digits: Option<&'p str>,
        expiration_month: Option<u32>,
        expiration_year: Option<i32>,
        date_created: String,
        date_last_updated: String,
        cardholder: Holder<'p>,
    },
}

#[derive(Serialize)]
pub(super) struct Holder<'p> {
    name: Option<&'p str>,
    identification: Identification<'p>,
}

/// The document of a cardholder, number first.
#[derive(Serialize)]
struct Identification<'p> {
    number: Option<&'p str>,
    #[serde(rename = "type")]
    kind: Option<&'p str>,
}

/// `card`.
pub(super) fn card(payment: &Payment) -> Carded<'_> {
    let Some(card): Option<&Card> = payment.card.as_deref() else { return Carded::No {} };
    let date = wire_date(payment.created);
    Carded::Yes {
        id: card.card_id.as_deref(),
        first_six_digits: card.first_six.as_deref(),
        last_four_digits: card.last_four.as_deref(),
        expiration_month: card.month,
        expiration_year: card.year,
        date_created: date.clone(),
        date_last_updated: date,
        cardholder: Holder {
            name: card.holder.as_deref(),
            identification: Identification {
                number: card.document_number.as_deref(),
                kind: card.document_type.as_deref(),
            },
        },
    }
}

#[derive(Serialize)]
struct Business {
    unit: &'static str,
    sub_unit: &'static str,
    branch: (),
}

#[derive(Serialize)]
struct Application {
    name: (),
    version: (),
}

#[derive(Serialize)]
struct Transfer {
    qr_code: String,
    qr_code_base64: Option<String>,
    ticket_url: String,
    transaction_id: (),
    bank_transfer_id: (),
}

/// `point_of_interaction` of what is paid elsewhere.
pub(super) const NO_INTERACTION: &str = r#"{"type":"UNSPECIFIED","business_info":{"unit":"online_payments","sub_unit":"default","branch":null},"application_data":{"name":null,"version":null}}"#;

/// `point_of_interaction`.
#[derive(Serialize)]
pub(super) struct Interaction {
    #[serde(rename = "type")]
    kind: &'static str,
    sub_type: &'static str,
    business_info: Business,
    application_data: Application,
    transaction_data: Transfer,
}

/// Where the buyer meets the payment: a Pix payment brings its code along, others have nothing to say.
pub(super) fn interaction(payment: &Payment) -> Option<Interaction> {
    if payment.method.id != "pix" {
        return None;
    }
    let code = offline::pix(payment);
    let picture = offline::picture(&code);
    let ticket_url = ticket_url(payment);
    Some(Interaction {
        kind: "PIX",
        sub_type: "INTER_PSP",
        business_info: Business { unit: "online_payments", sub_unit: "default", branch: () },
        application_data: Application { name: (), version: () },
        transaction_data: Transfer {
            qr_code: code,
            qr_code_base64: picture,
            ticket_url,
            transaction_id: (),
            bank_transfer_id: (),
        },
    })
}
