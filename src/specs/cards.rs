//! Test cards and the cardholder names that decide the outcome of a test payment: `specs/cards/`.
//!
//! Responsible for types and look-up. Not responsible for what the sandbox makes of a card.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::i18n::Text;

/// A published test card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCard {
    /// Digits, without spaces.
    pub number: String,
    /// Three digits, four for American Express.
    pub security_code: String,
    /// 1 to 12.
    pub expiration_month: u8,
    /// Four digits, in the future.
    pub expiration_year: u16,
    /// The expiration as the source prints it, where that is not usable any more.
    #[serde(default)]
    pub printed_expiry: Option<String>,
    /// Payment method id, for example `master`.
    pub payment_method_id: String,
    /// `credit_card`, `debit_card` or `prepaid_card`.
    pub payment_type_id: String,
    /// Brand as a person says it, for example `Mastercard`.
    pub brand: String,
    /// `credit`, `debit` or `prepaid`.
    pub kind: String,
    /// Whether the number passes the Luhn check; one published number does not.
    #[serde(default = "yes")]
    pub luhn: bool,
    /// Where the card is published.
    pub source: String,
    /// `documented`, `older`, `sdk-only` or `third-party`.
    pub confidence: String,
}

fn yes() -> bool {
    true
}

impl TestCard {
    /// The first six digits, which decide brand and type.
    pub fn bin(&self) -> &str {
        self.number.get(..6).unwrap_or(&self.number)
    }
}

/// The identity document of a site's test buyer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Identification type, for example `CPF`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Number, as text: leading zeros count.
    pub number: String,
}

/// The test cards of one site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteCards {
    /// Site, for example `MLA`.
    pub site: String,
    /// Test document; `None` where the pages print none (Mexico).
    #[serde(default)]
    pub document: Option<Document>,
    /// Cards, those of today's page first.
    pub cards: Vec<TestCard>,
}

/// A cardholder name and the outcome it stands for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Four capital letters: the beginning of the name.
    pub code: String,
    /// Status of the payment.
    pub status: String,
    /// Its detail.
    pub status_detail: String,
    /// What the documentation says of it.
    pub meaning: Text,
    /// How sure the pair is: `high`, `medium` or `low`.
    pub confidence: String,
    /// What is uncertain.
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holders {
    holders: Vec<Holder>,
}

#[derive(Default)]
struct Table {
    sites: Vec<SiteCards>,
    holders: Vec<Holder>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::default();
        // The files are embedded and a test reads each one, so a failure cannot reach a user.
        for (name, json) in super::named("cards") {
            if name == "holders" {
                table.holders = serde_json::from_str::<Holders>(json).map(|read| read.holders).unwrap_or_default();
            } else {
                table.sites.extend(serde_json::from_str::<SiteCards>(json).ok());
            }
        }
        table.sites.sort_by(|one, other| one.site.cmp(&other.site));
        table
    })
}

/// The cards of every site, by site id.
pub fn all() -> &'static [SiteCards] {
    &table().sites
}

/// The cards and the document of a site.
pub fn of_site(site: &str) -> Option<&'static SiteCards> {
    all().iter().find(|cards| cards.site == site)
}

/// The first card of a site with this payment method id or brand (`master`, `Mastercard`; case does not count).
pub fn find(site: &str, brand_or_method: &str) -> Option<&'static TestCard> {
    let cards = &of_site(site)?.cards;
    cards
        .iter()
        .find(|card| card.payment_method_id.eq_ignore_ascii_case(brand_or_method))
        .or_else(|| cards.iter().find(|card| card.brand.eq_ignore_ascii_case(brand_or_method)))
}

/// The test card with this number, and the first site that publishes it.
pub fn by_number(number: &str) -> Option<(&'static str, &'static TestCard)> {
    all().iter().find_map(|site| {
        let card = site.cards.iter().find(|card| card.number == number)?;
        Some((site.site.as_str(), card))
    })
}

/// The first card of a site whose number begins with the same six digits.
pub fn by_bin(site: &str, number: &str) -> Option<&'static TestCard> {
    let bin = number.get(..6)?;
    of_site(site)?.cards.iter().find(|card| card.bin() == bin)
}

/// The cardholder names, in documented order.
pub fn holders() -> &'static [Holder] {
    &table().holders
}

/// The outcome that a cardholder name stands for: its first four letters decide (`APRO`, `APRO JUAN`).
pub fn holder(name: &str) -> Option<&'static Holder> {
    let code = name.trim_start().get(..4)?;
    holders().iter().find(|holder| holder.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::luhn;
    use crate::specs::sites;

    #[test]
    fn every_file_is_read_and_whole() {
        for file in crate::specs::FILES.get_dir("cards").unwrap().files() {
            let yaml = file.contents_utf8().unwrap();
            let read = if file.path().ends_with("holders.yaml") {
                serde_yaml::from_str::<Holders>(yaml).map(drop)
            } else {
                serde_yaml::from_str::<SiteCards>(yaml).map(drop)
            };
            assert!(read.is_ok(), "{:?}: {}", file.path(), read.unwrap_err());
        }
        assert_eq!(all().len(), 7);
        assert_eq!(holders().len(), 17);
    }

    #[test]
    fn cards_agree_with_their_site() {
        for site in all() {
            let methods = &sites::get(&site.site).unwrap().payment_methods;
            for card in &site.cards {
                let method = methods.iter().find(|method| method.id == card.payment_method_id);
                let method = method.unwrap_or_else(|| panic!("{}: {}", site.site, card.payment_method_id));
                assert_eq!(method.payment_type_id, card.payment_type_id, "{}", card.number);
                assert_eq!(method.number_length, Some(card.number.len()), "{} {}", site.site, card.number);
                assert_eq!(method.security_code_length, Some(card.security_code.len()), "{}", card.number);
                assert_eq!(luhn(&card.number), card.luhn, "{}", card.number);
            }
            if let Some(document) = &site.document {
                let types = &sites::get(&site.site).unwrap().identification_types;
                let kind = types.iter().find(|kind| kind.id == document.kind).unwrap();
                assert!(kind.accepts_length(&document.number), "{}: {}", site.site, document.number);
            }
        }
    }

    #[test]
    fn cards_and_names_are_found() {
        assert_eq!(find("MLA", "master").unwrap().number, find("MLA", "mastercard").unwrap().number);
        assert_eq!(find("MLB", "debelo").unwrap().payment_type_id, "debit_card");
        assert!(find("MLA", "debelo").is_none());
        assert_eq!(by_number(&find("MLM", "visa").unwrap().number).unwrap().0, "MLM");
        assert_eq!(holder("FUND").unwrap().status_detail, "cc_rejected_insufficient_amount");
        assert_eq!(holder("APRO Juan").unwrap().status, "approved");
        assert!(holder("apro").is_none());
        assert!(holder("Ñu").is_none());
    }
}
