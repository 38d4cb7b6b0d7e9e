//! Tells which Mercado Pago front end a page uses, from what stands in the page and its own scripts.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::document::Document;
use super::outline::runs;
use crate::golive::evidence::Rendered;
use crate::golive::quick::quick;
use crate::run::Generation;

/// Where mercadopago.js v1 lives.
pub const SDK_V1: &str = "https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js";
/// Where MercadoPago.js V2 lives.
pub const SDK_V2: &str = "https://sdk.mercadopago.com/js/v2";

/// Signs of a front end that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signs {
    bits: u8,
    /// An official SDK address, as a tag or as a literal of a loader.
    pub sdk: bool,
    /// Calls or tags that need the SDK of the second version, whatever they do.
    pub v2_calls: bool,
    /// Calls or tags of v1: more than `data-checkout`, which carts reuse with V2.
    pub v1_calls: bool,
    /// The retired Web Tokenize Checkout, which is none of the front ends.
    retired: bool,
    /// Reads `init_point` of a preference, to lead the buyer to Checkout Pro.
    pub init_point: bool,
    /// Ids that the samples of cardForm use, and those of Secure Fields too.
    form_ids: bool,
    /// Frames for card fields, of Mercado Pago's own: Secure Fields, or those of cardForm and Bricks.
    pub fields: bool,
}

impl Signs {
    fn add(&mut self, generation: Generation) {
        self.bits |= 1 << generation as u8;
    }

    /// Joins the signs of two places.
    #[must_use]
    pub fn with(self, other: Signs) -> Signs {
        Signs {
            bits: self.bits | other.bits,
            sdk: self.sdk || other.sdk,
            v2_calls: self.v2_calls || other.v2_calls,
            v1_calls: self.v1_calls || other.v1_calls,
            init_point: self.init_point || other.init_point,
            retired: self.retired || other.retired,
            form_ids: self.form_ids || other.form_ids,
            fields: self.fields || other.fields,
        }
    }

    /// Whether nothing of Mercado Pago was seen.
    pub fn is_empty(self) -> bool {
        self == Signs::default()
    }

    fn has(self, generation: Generation) -> bool {
        self.bits & (1 << generation as u8) != 0
    }

    /// The front ends, in the order of their definition.
    pub fn generations(self) -> Vec<Generation> {
        let mut signs = self;
        if signs.form_ids && !signs.has(Generation::V2Core) {
            signs.add(Generation::V2CardForm);
        }
        let other_fields = signs.has(Generation::V2CardForm) || signs.has(Generation::Bricks);
        if signs.fields && !other_fields {
            signs.add(Generation::V2Core);
        }
        let v2_front = [Generation::V2Core, Generation::V2CardForm, Generation::Bricks].iter().any(|g| signs.has(*g));
        if (v2_front || signs.v2_calls) && !signs.v1_calls {
            signs.bits &= !(1 << Generation::V1 as u8);
        }
        if signs.bits == 0 && (signs.v2_calls || signs.sdk) {
            // The SDK alone says that it is the second version, and no more.
            signs.add(Generation::V2Core);
        }
        [Generation::V1, Generation::V2Core, Generation::V2CardForm, Generation::Bricks, Generation::CheckoutPro]
            .into_iter()
            .filter(|generation| signs.has(*generation))
            .collect()
    }
}

/// Signs in scripts. Their order is that of the arms in [`signs_of_script`]. Classes are those of ASCII: those of Unicode
/// would make the set a hundred times larger.
#[expect(clippy::expect_used, reason = "literal patterns that the tests compile")]
static SCRIPT_SIGNS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        // v1: the global with a small p.
        r"(?-u)\bMercadopago\s*\.\s*(?:setPublishableKey|createToken|getIdentificationTypes|getPaymentMethod|getAllPaymentMethods|getInstallments|getIssuers|clearSession|initMercadopago)\b",
        r"(?-u)secure\.mlstatic\.com/sdk/javascript/v1/mercadopago\.js",
        // V2.
        r"(?-u)\bnew\s+(?:window\.)?MercadoPago\s*\(|\binitMercadoPago\s*\(",
        r"(?-u)\bsdk\.mercadopago\.com/js/v2",
        r"(?-u)\.cardForm\s*\(\s*\{",
        r#"(?-u)\.fields\s*\.\s*create(?:CardToken)?\s*\(|\.createCardToken\s*\(\s*(?u:[^\s)])"#,
        // Others create a `payment` too (Stripe's elements do), but not in a container and with settings.
        r#"(?-u)\.create\s*\(\s*["'`](?:cardPayment|payment|statusScreen|brand)["'`]\s*,\s*(?:["'`](?u:[^"'`\n])*["'`]|[\w$.\[\]]+)\s*,"#,
        r#"(?-u)\.create\s*\(\s*["'`]wallet["'`]\s*,\s*(?:["'`](?u:[^"'`\n])*["'`]|[\w$.\[\]]+)\s*,"#,
        r"(?-u)\.checkout\s*\(\s*\{\s*preference\b",
        r"(?-u)integrations/v1/web-payment-checkout\.js|mptools/(?:buttons/)?(?:render\.js|[\x22'`])",
        r"(?-u)mercadopago\.com(?:\.[a-z]{2})?/checkout/v1/redirect",
        r"(?-u)init_point\b",
        // What @mercadopago/sdk-react keeps of a Brick in a bundle.
        r#"(?-u)["'`](?:cardPaymentBrick_container|paymentBrick_container|statusScreenBrick_container)["'`]"#,
        r#"(?-u)["'`]walletBrick_container["'`]"#,
        r#"(?-u)["'`]cardNumberSecureField_container["'`]"#,
    ])
    .expect("valid patterns")
});

/// What stands in the source of every document that has a sign in its markup.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static MARKUP_SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    let signs = "(?i)mercadopago|mlstatic\\.com|mptools/|web-tokenize|web-payment|data-checkout|data-preference-id|\
                 cho-container|brick_container|form-checkout__|mphiddeninputtoken|mpago\\.l[ai]/|mp-checkout";
    quick(signs).expect("a valid pattern")
});

/// The signs of a script whose comments are gone.
pub fn signs_of_script(clean: &str) -> Signs {
    let mut signs = Signs::default();
    // Nearly every script has nothing to do with payments: a plain search is cheaper than the patterns.
    if !["ercado", ".create", "ardForm", "mptools", "init_point", "preference", "Brick_", "SecureField_"]
        .iter()
        .any(|word| clean.contains(word))
    {
        return signs;
    }
    for found in SCRIPT_SIGNS.matches(clean) {
        match found {
            0 => {
                signs.v1_calls = true;
                signs.add(Generation::V1);
            }
            1 => {
                signs.sdk = true;
                signs.v1_calls = true;
                signs.add(Generation::V1);
            }
            2 => signs.v2_calls = true,
            3 => {
                signs.sdk = true;
                signs.v2_calls = true;
            }
            4 => signs.add(Generation::V2CardForm),
            5 | 14 => signs.add(Generation::V2Core),
            6 | 12 => signs.add(Generation::Bricks),
            11 => {
                signs.init_point = true;
                signs.add(Generation::CheckoutPro);
            }
            // The Wallet Brick is a button of Checkout Pro: Mercado Pago asks for the card and shows the result.
            _ => signs.add(Generation::CheckoutPro),
        }
    }
    signs
}

/// Whether a script address is that of the official v1 SDK (or of the one before it, which reads the same marks),
/// whatever its scheme.
pub fn is_sdk_v1(src: &str) -> bool {
    let rest = host_and_path(src);
    [
        "secure.mlstatic.com/sdk/javascript/v1/mercadopago.js",
        "secure.mlstatic.com/org-img/checkout/custom/1.0/checkout.js",
    ]
    .iter()
    .any(|known| rest.starts_with(known))
}

/// Whether a script address is that of the official V2 SDK (or of its beta channel), whatever its scheme.
pub fn is_sdk_v2(src: &str) -> bool {
    let rest = host_and_path(src);
    ["sdk.mercadopago.com/js/v2", "beta-sdk.mercadopago.com/js/v2", "beta-sdk.mercadopago.com/gama/js/v2"]
        .iter()
        .any(|known| rest.strip_prefix(known).is_some_and(|tail| tail.is_empty() || tail.starts_with(['/', '?', '#'])))
}

fn host_and_path(src: &str) -> String {
    let src = src.trim().to_ascii_lowercase();
    let rest = src.strip_prefix("https:").or(src.strip_prefix("http:")).unwrap_or(&src);
    rest.strip_prefix("//").unwrap_or_default().to_owned()
}

/// The signs in what a browser saw beside the markup: scripts that came late, frames for card fields, and where the
/// page wanted to lead the buyer.
pub fn signs_of_drawn(rendered: &Rendered) -> Signs {
    let mut signs = Signs::default();
    for request in rendered.requests.iter().filter(|request| request.kind == "script") {
        let address = request.url.as_str();
        if is_sdk_v1(address) {
            signs.sdk = true;
            signs.v1_calls = true;
            signs.add(Generation::V1);
        } else if is_sdk_v2(address) {
            signs.sdk = true;
            signs.v2_calls = true;
        }
    }
    for frame in &rendered.frames {
        signs.fields |= frame.url.host_str() == Some("secure-fields.mercadopago.com");
        if is_checkout_pro(frame.url.as_str()) {
            signs.add(Generation::CheckoutPro);
        }
    }
    if rendered.led_away.iter().any(|url| is_checkout_pro(url.as_str())) {
        signs.add(Generation::CheckoutPro);
    }
    signs
}

/// Whether an address is that of a payment in Checkout Pro.
fn is_checkout_pro(target: &str) -> bool {
    let rest = target.trim_start_matches("https://").trim_start_matches("http://");
    // Links to pay with, made in the seller's account.
    if ["link.mercadopago.com", "mpago.la/", "mpago.li/"].iter().any(|start| rest.starts_with(start)) {
        return true;
    }
    target.contains("mercadopago.com")
        && (target.contains("/checkout/") || target.contains("pref_id=") || target.contains("preference-id="))
}

/// The signs in the markup of a document. Comments, `template` and scripts of other types do not count.
pub fn signs_of_markup(document: &Document) -> Signs {
    let mut signs = Signs::default();
    // One search of the whole source spares nearly every page a look at every element.
    if !MARKUP_SIGNS.is_match(document.source()) {
        return signs;
    }
    for element in document.elements() {
        match element.name() {
            "script" if runs(&element) => {
                let src = element.attr("src").unwrap_or_default();
                if is_sdk_v1(src) {
                    signs.sdk = true;
                    signs.v1_calls = true;
                    signs.add(Generation::V1);
                } else if is_sdk_v2(src) {
                    signs.sdk = true;
                    signs.v2_calls = true;
                } else if src.contains("web-tokenize-checkout.js") {
                    signs.retired = true;
                } else if src.contains("integrations/v1/web-payment-checkout.js") || is_old_button(src) {
                    signs.add(Generation::CheckoutPro);
                }
            }
            "a" | "form" | "iframe" => {
                let target =
                    element.attr("href").or(element.attr("action")).or(element.attr("src")).unwrap_or_default();
                // The oldest buttons are links and frames of this name, which `render.js` looks for.
                if is_checkout_pro(target) || element.attr("name") == Some("MP-Checkout") {
                    signs.add(Generation::CheckoutPro);
                }
            }
            // Carts reuse `data-checkout` with V2: only the very values of v1 count, and not beside V2.
            "input" | "select" => {
                let sensitive = ["cardNumber", "securityCode", "cardExpirationMonth", "cardExpirationYear"];
                if element.attr("data-checkout").is_some_and(|value| sensitive.contains(&value)) {
                    signs.add(Generation::V1);
                }
            }
            _ => {}
        }
        let id = element.attr("id").unwrap_or_default();
        // `cardForm` puts its token into a field of this name.
        if element.name() == "input" && [id, element.attr("name").unwrap_or_default()].contains(&"MPHiddenInputToken") {
            signs.add(Generation::V2CardForm);
        }
        match id {
            "cardPaymentBrick_container" | "paymentBrick_container" | "statusScreenBrick_container" => {
                signs.add(Generation::Bricks);
            }
            "walletBrick_container" => signs.add(Generation::CheckoutPro),
            "form-checkout__cardNumber" | "form-checkout__cardNumber-container" => signs.form_ids = true,
            _ => {}
        }
        // Shops keep preferences of their own; a button of Checkout Pro has a script or says its class.
        let of_button =
            element.attr("data-preference-id").is_some_and(|id| element.name() == "script" || is_preference(id));
        let class = element.attr("class").unwrap_or_default();
        if of_button || class.split_ascii_whitespace().any(|one| one == "mercadopago-button" || one == "cho-container")
        {
            signs.add(Generation::CheckoutPro);
        }
    }
    signs
}

/// Whether a script address is that of the oldest button.
fn is_old_button(src: &str) -> bool {
    src.contains("mptools/render.js") || src.contains("mptools/buttons/render.js")
}

/// Whether a value has the shape of the id of a preference: account, dash, UUID.
fn is_preference(value: &str) -> bool {
    let Some((account, rest)) = value.trim().split_once('-') else { return false };
    account.len() >= 5
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && rest.len() == 36
        && rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use Generation::*;

    fn of(html: &str, script: &str) -> Vec<Generation> {
        signs_of_markup(&Document::parse(html)).with(signs_of_script(script)).generations()
    }

    #[test]
    fn generations_are_told_by_evidence() {
        let v1 = format!("<script src='{SDK_V1}'></script>");
        let v2 = format!("<script src='{SDK_V2}'></script>");
        let field = "<input data-checkout=cardNumber>";
        for (html, script, expected) in [
            (v1.as_str(), "", vec![V1]),
            (field, "Mercadopago.createToken(form, done)", vec![V1]),
            (field, "", vec![V1]),
            (field, "const mp = new MercadoPago(key); mp.createCardToken({})", vec![V2Core]),
            ("<input data-checkout=mpCardNumber>", "", vec![]),
            (v2.as_str(), "", vec![V2Core]),
            (v2.as_str(), "mp.cardForm({ amount: '1' })", vec![V2CardForm]),
            ("<div id=form-checkout__cardNumber></div>", "mp.fields.create('cardNumber')", vec![V2Core]),
            ("<div id=form-checkout__cardNumber></div>", "", vec![V2CardForm]),
            ("<div id=cardPaymentBrick_container></div>", "", vec![Bricks]),
            (v2.as_str(), "mp.bricks().create('wallet', 'x', {})", vec![CheckoutPro]),
            ("", "fetch('/pref').then(r => r.json()).then(d => location.href = d.init_point)", vec![CheckoutPro]),
            ("<div id=walletBrick_container></div>", "", vec![CheckoutPro]),
            (v2.as_str(), "b.create('wallet', 'x', {}); b.create('payment', 'y', {})", vec![Bricks, CheckoutPro]),
            ("<a href='https://www.mercadopago.com.ar/checkout/v1/redirect?pref_id=1'>x</a>", "", vec![CheckoutPro]),
            ("<a href='https://link.mercadopago.com.mx/tienda'>x</a>", "", vec![CheckoutPro]),
            ("<a href='https://mpago.la/2aBcDeF'>x</a>", "", vec![CheckoutPro]),
            ("<a name=MP-Checkout mp-mode=modal href='{$init_point}'>x</a>", "", vec![CheckoutPro]),
            (
                "",
                "s.src = (tls ? 'https://www.mercadopago.com/org-img/jsapi/mptools/buttons/' : 'x') + 'render.js'",
                vec![CheckoutPro],
            ),
            ("<script src=https://secure.mlstatic.com/org-img/checkout/custom/1.0/checkout.js></script>", "", vec![V1]),
            ("<a href='https://www.mercadopago.com.ar/promociones'>x</a>", "", vec![]),
            (&format!("<!-- {v1} -->"), "", vec![]),
            ("<script type='text/template'>Mercadopago.createToken()</script>", "", vec![]),
            ("", "const card = stripe.elements().create('payment', {}); card.mount('#p')", vec![]),
            ("", "mp.bricks().create('payment', 'p', {})", vec![Bricks]),
            ("", "form = mp.cardForm({ amount }); form.createCardToken().then(pay)", vec![V2CardForm]),
            ("<div class=item data-preference-id=7></div>", "", vec![]),
            ("<div class=cho-container></div>", "mp.checkout({ preference: { id }, render: {} })", vec![CheckoutPro]),
            (
                "",
                "new window.MercadoPago(k); n({name:\"cardPayment\",divId:\"cardPaymentBrick_container\"})",
                vec![Bricks],
            ),
        ] {
            assert_eq!(of(html, script), expected, "{html} {script}");
        }
    }

    #[test]
    fn sdk_addresses_are_exact() {
        assert!(is_sdk_v2("//sdk.mercadopago.com/js/v2?source=x") && is_sdk_v2("http://SDK.mercadopago.com/js/v2/"));
        assert!(!is_sdk_v2("https://sdk.mercadopago.com/js/v20") && !is_sdk_v2("/sdk.mercadopago.com/js/v2"));
        assert!(
            is_sdk_v1(SDK_V1)
                && !is_sdk_v1("https://secure.mlstatic.com.evil.example/sdk/javascript/v1/mercadopago.js")
        );
    }
}
