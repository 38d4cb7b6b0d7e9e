//! Sites, that is countries: currency, identification types and payment methods: `specs/sites/`.
//!
//! Responsible for types and look-up. Not responsible for what the sandbox refuses because of them.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::i18n::Text;

/// A country in which Mercado Pago takes payments.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// `MLA`, `MLB`, …
    pub id: String,
    /// Name of the country.
    pub country: Text,
    /// ISO 4217 code.
    pub currency: String,
    /// Decimals that amounts may have.
    pub decimals: u32,
    /// Language of its buyers: `es` or `pt`.
    pub language: String,
    /// Days after its approval in which a payment can be refunded.
    pub refund_days: u32,
    /// Whether card tokens need the document of the cardholder.
    pub document_required: bool,
    /// Identification types, most usual first.
    pub identification_types: Vec<IdentificationType>,
    /// Numbers of installments that credit cards may be paid in, ascending; generous.
    pub installments: Vec<u32>,
    /// Payment methods.
    pub payment_methods: Vec<PaymentMethod>,
}

/// A type of identity document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentificationType {
    /// Id, for example `DNI`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `number` or `letter`, as the API names the two alphabets.
    #[serde(rename = "type")]
    pub alphabet: String,
    /// Least number of characters.
    pub min_length: usize,
    /// Greatest number of characters.
    pub max_length: usize,
}

impl IdentificationType {
    /// Whether a document number has an allowed length; separators do not count.
    pub fn accepts_length(&self, number: &str) -> bool {
        let length = number.chars().filter(|character| character.is_alphanumeric()).count();
        (self.min_length..=self.max_length).contains(&length)
    }
}

/// A payment method of a site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentMethod {
    /// Id, for example `visa` or `pix`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `credit_card`, `debit_card`, `prepaid_card`, `ticket`, `bank_transfer`, `atm`, …
    pub payment_type_id: String,
    /// `supported`, `unsupported` or `does_not_apply`.
    pub deferred_capture: String,
    /// Least amount, in the currency of the site, where a source prints it.
    #[serde(default)]
    pub min_allowed_amount: Option<f64>,
    /// Greatest amount, in the currency of the site, where a source prints it.
    #[serde(default)]
    pub max_allowed_amount: Option<f64>,
    /// Digits of a card number, for cards.
    #[serde(default)]
    pub number_length: Option<usize>,
    /// Digits of the security code, for cards.
    #[serde(default)]
    pub security_code_length: Option<usize>,
    /// Whether the list of payment methods shows it; a method that it does not show can be paid with all the same.
    #[serde(default = "yes")]
    pub listed: bool,
}

fn yes() -> bool {
    true
}

impl PaymentMethod {
    /// Whether it is a card, so that a payment needs a card token.
    pub fn is_card(&self) -> bool {
        matches!(self.payment_type_id.as_str(), "credit_card" | "debit_card" | "prepaid_card")
    }
}

impl Site {
    /// The numbers of installments that a method may be paid in: one, except for credit cards.
    pub fn installments(&self, method: &PaymentMethod) -> &[u32] {
        if method.payment_type_id == "credit_card" { &self.installments } else { &[1] }
    }

    /// The payment method with this id.
    pub fn payment_method(&self, id: &str) -> Option<&PaymentMethod> {
        self.payment_methods.iter().find(|method| method.id == id)
    }

    /// The identification type with this id; case does not count.
    pub fn identification_type(&self, id: &str) -> Option<&IdentificationType> {
        self.identification_types.iter().find(|kind| kind.id.eq_ignore_ascii_case(id))
    }
}

/// Every site, by id.
pub fn all() -> &'static [Site] {
    static SITES: OnceLock<Vec<Site>> = OnceLock::new();
    SITES.get_or_init(|| {
        // The files are embedded and a test reads each one, so a failure cannot reach a user.
        let mut sites: Vec<Site> = super::folder("sites").collect();
        sites.sort_by(|one, other| one.id.cmp(&other.id));
        sites
    })
}

/// The site with this id.
pub fn get(id: &str) -> Option<&'static Site> {
    all().iter().find(|site| site.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_named_after_its_site() {
        for file in crate::specs::FILES.get_dir("sites").unwrap().files() {
            let site: Site = serde_yaml::from_str(file.contents_utf8().unwrap())
                .unwrap_or_else(|error| panic!("{:?}: {error}", file.path()));
            assert_eq!(file.path().file_stem().unwrap().to_str().unwrap(), site.id);
            assert!(site.payment_methods.iter().any(PaymentMethod::is_card), "{}", site.id);
            assert!(site.installments.is_sorted() && site.installments.first() == Some(&1), "{}", site.id);
            for method in &site.payment_methods {
                assert_eq!(method.is_card(), method.number_length.is_some(), "{} {}", site.id, method.id);
                assert_eq!(
                    site.payment_methods.iter().filter(|other| other.id == method.id).count(),
                    1,
                    "{} {}",
                    site.id,
                    method.id
                );
            }
        }
        assert_eq!(all().len(), 7);
    }

    #[test]
    fn currencies_and_methods_are_known() {
        assert_eq!(get("MLC").unwrap().decimals, 0);
        assert_eq!(get("MLB").unwrap().payment_method("pix").unwrap().payment_type_id, "bank_transfer");
        assert!(get("MLA").unwrap().payment_method("pix").is_none());
        assert!(get("XXX").is_none());
    }
}
