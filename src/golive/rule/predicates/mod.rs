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
    /// What of a page it is about.
    pub about: About,
    /// Whether it finds fault with what is not there: of a page that was cut, it may stand behind the cut.
    pub blames_absence: bool,
    /// The code.
    pub run: Run,
}

/// What of a page a predicate is about: saved material does not have all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// What stands in it.
    Contents,
    /// Its address.
    Address,
    /// The headers of the answer.
    Headers,
}

impl Predicate {
    const fn about(self, about: About) -> Predicate {
        Predicate { about, ..self }
    }

    const fn blames_absence(self) -> Predicate {
        Predicate { blames_absence: true, ..self }
    }
}

const NOTHING: Looks = Looks { markup: false, scripts: false, form: false };
const MARKUP: Looks = Looks { markup: true, scripts: false, form: false };
const SCRIPTS: Looks = Looks { markup: false, scripts: true, form: false };
const ALL_OF_IT: Looks = Looks { markup: true, scripts: true, form: false };
const FORM: Looks = Looks { markup: true, scripts: false, form: true };
const FORM_AND_SCRIPTS: Looks = Looks { markup: true, scripts: true, form: true };

const fn page(name: &'static str, looks: Looks, run: fn(&PageView, &mut Hits)) -> Predicate {
    Predicate { name, looks, about: About::Contents, blames_absence: false, run: Run::Page(run) }
}

const fn shop(name: &'static str, run: fn(&ShopView, &mut Hits) -> Answer) -> Predicate {
    Predicate { name, looks: NOTHING, about: About::Contents, blames_absence: false, run: Run::Shop(run) }
}

/// Every predicate.
pub static ALL: [Predicate; 77] = [
    page("https-page", NOTHING, transport::https_page).about(About::Address),
    shop("certificate-valid", tls::certificate_valid),
    shop("certificate-expiry", tls::certificate_expiry),
    shop("certificate-strength", tls::certificate_strength),
    shop("certificate-chain", tls::certificate_chain),
    page("form-target-https", FORM_AND_SCRIPTS, transport::form_target_https),
    page("hsts", NOTHING, transport::hsts).about(About::Headers),
    page("no-local-endpoints", ALL_OF_IT, transport::no_local_endpoints),
    shop("tls-version", tls::tls_version),
    shop("tls-legacy", tls::tls_legacy),
    shop("http-redirects", tls::http_redirects),
    page("sdk-global-name", SCRIPTS, globals::global_name),
    page("sdk-mixed", ALL_OF_IT, globals::mixed),
    page("sdk-present", ALL_OF_IT, sdk::present).blames_absence(),
    page("sdk-official-origin", ALL_OF_IT, sdk::official_origin).blames_absence(),
    page("sdk-loads", ALL_OF_IT, loading::sdk_loads),
    page("cors", NOTHING, loading::cors).about(About::Headers),
    page("source-maps", SCRIPTS, loading::source_maps),
    page("errors-tied", FORM_AND_SCRIPTS, clarity::errors_tied).blames_absence(),
    page("financed-total", SCRIPTS, clarity::financed_total).blames_absence(),
    page("total-visible", NOTHING, clarity::total_visible).blames_absence(),
    page("v1-complete", FORM, forms::v1_complete).blames_absence(),
    page("v1-spelling", FORM, forms::v1_spelling),
    page("raw-card", FORM_AND_SCRIPTS, forms::raw_card).blames_absence(),
    page("card-form-get", FORM_AND_SCRIPTS, forms::card_form_get),
    page("test-data", FORM, forms::test_data),
    page("fixed-installments", FORM_AND_SCRIPTS, forms::fixed_installments).blames_absence(),
    page("secure-containers", FORM_AND_SCRIPTS, cardform::containers),
    page("card-form-complete", SCRIPTS, cardform::complete).blames_absence(),
    page("card-sent", FORM_AND_SCRIPTS, leaks::sent_to_merchant),
    page("card-in-address", FORM_AND_SCRIPTS, leaks::in_address),
    page("card-stored", FORM_AND_SCRIPTS, leaks::stored),
    page("card-logged", FORM_AND_SCRIPTS, leaks::logged),
    page("card-mirror", FORM, fields::mirror),
    page("raw-fields", FORM, fields::secure_fields),
    page("inside-form", FORM, fields::inside_form),
    page("third-parties", FORM_AND_SCRIPTS, fields::third_parties),
    page("labels", FORM, fields::labels).blames_absence(),
    page("asked-twice", FORM, fields::asked_twice),
    page("amount-in-page", MARKUP, fields::amount),
    page("brick-container", SCRIPTS, bricks::container).blames_absence(),
    page("brick-on-submit", SCRIPTS, bricks::on_submit),
    page("brick-on-error", SCRIPTS, bricks::on_error),
    page("status-payment-id", SCRIPTS, bricks::status_payment_id),
    page("brick-unmounted", SCRIPTS, unmount::unmounted),
    page("pending-instructions", SCRIPTS, paying::instructions),
    page("pressed-twice", FORM_AND_SCRIPTS, paying::pressed_twice),
    page("sdk-missing-told", ALL_OF_IT, failure::sdk_missing_is_told),
    page("pro-entry-point", SCRIPTS, pro::entry_point).blames_absence(),
    page("pro-sandbox", SCRIPTS, pro::no_sandbox),
    page("pro-preference", SCRIPTS, pro::dynamic_preference),
    page("csp-provider", NOTHING, headers::allows_provider).about(About::Headers),
    page("csp-present", NOTHING, headers::csp_present).about(About::Headers),
    page("csp-unsafe", NOTHING, headers::csp_no_unsafe).about(About::Headers),
    page("frame-protection", NOTHING, headers::frames).about(About::Headers),
    page("hardening", NOTHING, headers::hardening).about(About::Headers),
    page("cookie-flags", NOTHING, headers::cookie_flags).about(About::Headers),
    page("csrf", MARKUP, headers::csrf).about(About::Headers).blames_absence(),
    page("financing-cost", SCRIPTS, local::financing_cost).blames_absence(),
    page("language", MARKUP, local::language),
    page("device", ALL_OF_IT, local::device).blames_absence(),
    shop("device-elsewhere", local::device_elsewhere),
    shop("policies", local::policies),
    shop("links-answer", links::answer),
    shop("promotions-announced", promotions::announced),
    shop("promotions-attributed", promotions::attributed),
    page("private-credential", SCRIPTS, credentials::private),
    page("client-secret", SCRIPTS, credentials::client_secret),
    page("test-public-key", SCRIPTS, credentials::test_public_key),
    page("placeholder-key", SCRIPTS, credentials::placeholder),
    page("field-errors", SCRIPTS, errors::field_errors).blames_absence(),
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
