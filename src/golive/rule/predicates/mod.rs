//! Predicates in code, by name, for what a rule file cannot say.

pub mod credentials;
pub mod forms;
pub mod result;
pub mod sdk;
pub mod terms;
pub mod transport;

use super::hits::Hits;
use super::shop::{Answer, ShopView};
use crate::golive::page::PageView;

/// What a predicate needs to have seen whole before "nothing found" means anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looks {
    /// The markup as it was sent.
    pub markup: bool,
    /// Every own script.
    pub scripts: bool,
    /// The card form.
    pub form: bool,
}

/// How a predicate is called.
pub enum Run {
    /// On each page to which the rule applies.
    Page(fn(&PageView, &mut Hits)),
    /// Once, when all pages are known.
    Shop(fn(&ShopView, &mut Hits) -> Answer),
}

/// A predicate that rule files can name.
pub struct Predicate {
    /// Its name.
    pub name: &'static str,
    /// What it looks at.
    pub looks: Looks,
    /// The code.
    pub run: Run,
}

const NOTHING: Looks = Looks { markup: false, scripts: false, form: false };
const SCRIPTS: Looks = Looks { markup: false, scripts: true, form: false };
const ALL_OF_IT: Looks = Looks { markup: true, scripts: true, form: false };
const FORM: Looks = Looks { markup: true, scripts: false, form: true };
const FORM_AND_SCRIPTS: Looks = Looks { markup: true, scripts: true, form: true };

const fn page(name: &'static str, looks: Looks, run: fn(&PageView, &mut Hits)) -> Predicate {
    Predicate { name, looks, run: Run::Page(run) }
}

const fn shop(name: &'static str, run: fn(&ShopView, &mut Hits) -> Answer) -> Predicate {
    Predicate { name, looks: NOTHING, run: Run::Shop(run) }
}

/// Every predicate.
pub static ALL: [Predicate; 23] = [
    page("https-page", NOTHING, transport::https_page),
    shop("certificate-valid", transport::certificate_valid),
    shop("certificate-expiry", transport::certificate_expiry),
    page("form-target-https", FORM_AND_SCRIPTS, transport::form_target_https),
    page("hsts", NOTHING, transport::hsts),
    page("no-local-endpoints", ALL_OF_IT, transport::no_local_endpoints),
    page("sdk-present", ALL_OF_IT, sdk::present),
    page("sdk-official-origin", ALL_OF_IT, sdk::official_origin),
    page("v1-complete", FORM, forms::v1_complete),
    page("v1-spelling", FORM, forms::v1_spelling),
    page("raw-card", FORM_AND_SCRIPTS, forms::raw_card),
    page("card-form-get", FORM_AND_SCRIPTS, forms::card_form_get),
    page("test-data", FORM, forms::test_data),
    page("fixed-installments", FORM_AND_SCRIPTS, forms::fixed_installments),
    page("private-credential", SCRIPTS, credentials::private),
    page("client-secret", SCRIPTS, credentials::client_secret),
    page("test-public-key", SCRIPTS, credentials::test_public_key),
    page("placeholder-key", SCRIPTS, credentials::placeholder),
    shop("result-communicated", result::communicated),
    shop("result-details", result::messages),
    shop("terms-link", terms::link),
    shop("terms-reachable", terms::reachable),
    shop("terms-responsibility", terms::responsibility),
];

/// The predicate of this name.
pub fn find(name: &str) -> Option<&'static Predicate> {
    ALL.iter().find(|predicate| predicate.name == name)
}

/// Every pattern of the predicates is a literal that the tests compile.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
pub(super) fn pattern(source: &str) -> regex::Regex {
    regex::Regex::new(source).expect("a valid pattern")
}

/// A static pattern, compiled on first use.
macro_rules! patterns {
    ($($name:ident = $source:expr;)+) => {
        $(static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| $crate::golive::rule::predicates::pattern($source));)+
        #[cfg(test)]
        #[test]
        fn patterns_compile() {
            $(assert!(!$name.as_str().is_empty());)+
        }
    };
}
pub(super) use patterns;
