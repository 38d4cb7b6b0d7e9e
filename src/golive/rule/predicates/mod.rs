//! Predicates in code, by name, for what a rule file cannot say.

mod bricks;
mod cardform;
mod clarity;
pub mod credentials;
mod errors;
mod failure;
mod fields;
pub mod forms;
mod globals;
mod headers;
mod leaks;
mod links;
mod loading;
pub mod local;
mod paying;
mod pro;
pub mod promotions;
pub mod result;
mod scripts;
pub mod sdk;
pub mod terms;
mod tls;
pub mod transport;
mod unmount;

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
const MARKUP: Looks = Looks { markup: true, scripts: false, form: false };
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
pub static ALL: [Predicate; 77] = [
    page("https-page", NOTHING, transport::https_page),
    shop("certificate-valid", tls::certificate_valid),
    shop("certificate-expiry", tls::certificate_expiry),
    shop("certificate-strength", tls::certificate_strength),
    shop("certificate-chain", tls::certificate_chain),
    page("form-target-https", FORM_AND_SCRIPTS, transport::form_target_https),
    page("hsts", NOTHING, transport::hsts),
    page("no-local-endpoints", ALL_OF_IT, transport::no_local_endpoints),
    shop("tls-version", tls::tls_version),
    shop("tls-legacy", tls::tls_legacy),
    shop("http-redirects", tls::http_redirects),
    page("sdk-global-name", SCRIPTS, globals::global_name),
    page("sdk-mixed", ALL_OF_IT, globals::mixed),
    page("sdk-present", ALL_OF_IT, sdk::present),
    page("sdk-official-origin", ALL_OF_IT, sdk::official_origin),
    page("sdk-loads", ALL_OF_IT, loading::sdk_loads),
    page("cors", NOTHING, loading::cors),
    page("source-maps", SCRIPTS, loading::source_maps),
    page("errors-tied", FORM_AND_SCRIPTS, clarity::errors_tied),
    page("financed-total", SCRIPTS, clarity::financed_total),
    page("total-visible", NOTHING, clarity::total_visible),
    page("v1-complete", FORM, forms::v1_complete),
    page("v1-spelling", FORM, forms::v1_spelling),
    page("raw-card", FORM_AND_SCRIPTS, forms::raw_card),
    page("card-form-get", FORM_AND_SCRIPTS, forms::card_form_get),
    page("test-data", FORM, forms::test_data),
    page("fixed-installments", FORM_AND_SCRIPTS, forms::fixed_installments),
    page("secure-containers", FORM_AND_SCRIPTS, cardform::containers),
    page("card-form-complete", SCRIPTS, cardform::complete),
    page("card-sent", FORM_AND_SCRIPTS, leaks::sent_to_merchant),
    page("card-in-address", FORM_AND_SCRIPTS, leaks::in_address),
    page("card-stored", FORM_AND_SCRIPTS, leaks::stored),
    page("card-logged", FORM_AND_SCRIPTS, leaks::logged),
    page("card-mirror", FORM, fields::mirror),
    page("raw-fields", FORM, fields::secure_fields),
    page("inside-form", FORM, fields::inside_form),
    page("third-parties", FORM_AND_SCRIPTS, fields::third_parties),
    page("labels", FORM, fields::labels),
    page("asked-twice", FORM, fields::asked_twice),
    page("amount-in-page", MARKUP, fields::amount),
    page("brick-container", SCRIPTS, bricks::container),
    page("brick-on-submit", SCRIPTS, bricks::on_submit),
    page("brick-on-error", SCRIPTS, bricks::on_error),
    page("status-payment-id", SCRIPTS, bricks::status_payment_id),
    page("brick-unmounted", SCRIPTS, unmount::unmounted),
    page("pending-instructions", SCRIPTS, paying::instructions),
    page("pressed-twice", FORM_AND_SCRIPTS, paying::pressed_twice),
    page("sdk-missing-told", ALL_OF_IT, failure::sdk_missing_is_told),
    page("pro-entry-point", SCRIPTS, pro::entry_point),
    page("pro-sandbox", SCRIPTS, pro::no_sandbox),
    page("pro-preference", SCRIPTS, pro::dynamic_preference),
    page("csp-provider", NOTHING, headers::allows_provider),
    page("csp-present", NOTHING, headers::csp_present),
    page("csp-unsafe", NOTHING, headers::csp_no_unsafe),
    page("frame-protection", NOTHING, headers::frames),
    page("hardening", NOTHING, headers::hardening),
    page("cookie-flags", NOTHING, headers::cookie_flags),
    page("csrf", MARKUP, headers::csrf),
    page("financing-cost", SCRIPTS, local::financing_cost),
    page("language", MARKUP, local::language),
    page("device", ALL_OF_IT, local::device),
    shop("device-elsewhere", local::device_elsewhere),
    shop("policies", local::policies),
    shop("links-answer", links::answer),
    shop("promotions-announced", promotions::announced),
    shop("promotions-attributed", promotions::attributed),
    page("private-credential", SCRIPTS, credentials::private),
    page("client-secret", SCRIPTS, credentials::client_secret),
    page("test-public-key", SCRIPTS, credentials::test_public_key),
    page("placeholder-key", SCRIPTS, credentials::placeholder),
    page("field-errors", SCRIPTS, errors::field_errors),
    shop("result-communicated", result::communicated),
    shop("result-details", result::messages),
    shop("files-served", loading::files_served),
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
    crate::golive::quick::quick(source).expect("a valid pattern")
}

/// A static pattern, compiled on first use.
macro_rules! patterns {
    ($($name:ident = $source:expr;)+) => {
        $(static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| $crate::golive::rule::predicates::pattern($source));)+
        #[cfg(test)]
        #[test]
        fn patterns_compile_and_are_lean() {
            $(assert!($crate::golive::quick::is_lean($name.as_str()), "{} is too large", stringify!($name));)+
        }
    };
}
pub(super) use patterns;
