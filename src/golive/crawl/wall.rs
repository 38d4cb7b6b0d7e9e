//! Tells an answer of the shop from one of what stands before it: a bot block, or a page to log in.
//!
//! A challenge page judged as the shop would make every verdict wrong. Reads what was answered, asks nothing.
//! The marks are those that the products themselves put into their answers; a mark that shops carry on their own
//! pages too (a script of the product, say) counts only in an answer that holds nothing else.

use url::Url;

/// What a bot block has in common with nothing else, by product.
struct Product {
    name: &'static str,
    /// Header and what it contains (empty: it is there).
    headers: &'static [(&'static str, &'static str)],
    /// Any of these in the body of an answer that is an error.
    in_error: &'static [&'static str],
    /// Any of these in the body of an answer that holds nothing else, whatever its status.
    alone: &'static [&'static str],
}

const PRODUCTS: &[Product] = &[
    Product {
        name: "Cloudflare",
        headers: &[("cf-mitigated", "challenge")],
        in_error: &[
            "_cf_chl_opt",
            "/cdn-cgi/challenge-platform/",
            "Attention Required! | Cloudflare",
            "cf-error-details",
        ],
        alone: &["_cf_chl_opt"],
    },
    Product {
        name: "Akamai",
        headers: &[],
        in_error: &["errors.edgesuite.net", "You don't have permission to access", "sec-if-cpt-container"],
        alone: &["sec-if-cpt-container", "/_sec/verify?"],
    },
    Product {
        name: "Imperva",
        headers: &[],
        in_error: &["_Incapsula_Resource", "Incapsula incident ID"],
        alone: &["_Incapsula_Resource", "Incapsula incident ID"],
    },
    Product { name: "DataDome", headers: &[], in_error: &["captcha-delivery.com"], alone: &["captcha-delivery.com"] },
    Product { name: "HUMAN", headers: &[], in_error: &["px-captcha", "_pxAppId"], alone: &["px-captcha"] },
    Product {
        name: "AWS WAF",
        headers: &[("x-amzn-waf-action", "challenge"), ("x-amzn-waf-action", "captcha")],
        in_error: &["awsWafCookieDomainList", "gokuProps"],
        alone: &["gokuProps"],
    },
    Product {
        name: "Vercel",
        headers: &[("x-vercel-mitigated", "challenge"), ("x-vercel-mitigated", "deny")],
        in_error: &["Vercel Security Checkpoint"],
        alone: &["Vercel Security Checkpoint"],
    },
    Product {
        name: "Sucuri",
        headers: &[],
        in_error: &["Sucuri WebSite Firewall - Access Denied"],
        alone: &["sucuri_cloudproxy_js"],
    },
    Product {
        name: "captcha",
        headers: &[],
        in_error: &["g-recaptcha", "h-captcha", "cf-turnstile", "captcha.js"],
        alone: &[],
    },
];

/// Longest answer that is taken for a challenge although its status says that all is well.
const LONGEST_CHALLENGE: usize = 20_000;

/// The product that blocks, if an answer is a block. `headers` have names in lower case.
pub(super) fn bot_block(status: u16, headers: &[(String, String)], body: &str) -> Option<&'static str> {
    let says = |name: &str, part: &str| {
        headers.iter().any(|(key, value)| key == name && value.to_ascii_lowercase().contains(part))
    };
    let error = matches!(status, 401 | 403 | 405 | 406 | 429 | 503);
    let ok = (200..300).contains(&status);
    PRODUCTS.iter().find_map(|product| {
        let by_header = product.headers.iter().any(|(name, part)| says(name, part));
        let by_error = error && product.in_error.iter().any(|mark| body.contains(mark));
        // A page of the shop has somewhere to go; a challenge has not.
        let alone = ok
            && body.len() <= LONGEST_CHALLENGE
            && product.alone.iter().any(|mark| body.contains(mark))
            && !body.contains("<a ")
            && !body.contains("<form");
        (by_header || by_error || alone).then_some(product.name)
    })
}

/// Words of addresses and titles of pages to log in.
const LOGIN: &[&str] = &[
    "login",
    "log-in",
    "signin",
    "sign-in",
    "iniciar-sesion",
    "iniciar sesión",
    "iniciar sesion",
    "inicia sesión",
    "ingresar",
    "acceder",
    "entrar",
    "acessar",
    "faça login",
    "fazer login",
    "account/login",
    "mi-cuenta",
    "minha-conta",
    "my-account",
    "/password",
    "/auth",
    "/sso",
];

/// Whether a page that was redirected to is one to log in, in place of the page that was asked for.
pub(super) fn login_instead(asked: &Url, answered: &Url, title: &str, password: bool) -> bool {
    let names = |text: &str| {
        let text = text.to_lowercase();
        LOGIN.iter().any(|word| text.contains(word))
    };
    let elsewhere = asked.path() != answered.path() || asked.host() != answered.host();
    elsewhere && password && !names(asked.path()) && (names(answered.path()) || names(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_from_pages_of_shops_behind_the_same_products() {
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let challenge = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>";
        let shop = "<title>Tienda</title><a href=/pagar>Pagar</a><script src=/_Incapsula_Resource?x=1></script>";
        for (status, headers, body, expected) in [
            (403, vec![], challenge, Some("Cloudflare")),
            (200, vec![], challenge, Some("Cloudflare")),
            (503, header("cf-mitigated", "challenge"), "", Some("Cloudflare")),
            (202, header("x-amzn-waf-action", "challenge"), "", Some("AWS WAF")),
            (403, vec![], "<H1>Access Denied</H1> https://errors.edgesuite.net/18.ab", Some("Akamai")),
            (200, vec![], "<html><iframe src=\"/_Incapsula_Resource?CWUDNSAI=1\"></iframe>", Some("Imperva")),
            (200, vec![], shop, None),
            (403, vec![], "<h1>Forbidden</h1>", None),
            (404, vec![], "<script src=/cdn-cgi/challenge-platform/x.js></script>", None),
            (429, vec![], "<div class=h-captcha></div>", Some("captcha")),
            (200, vec![], "<form><div class=g-recaptcha></div></form>", None),
        ] {
            assert_eq!(bot_block(status, &headers, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_page_to_log_in_stands_in_for_another_one_only_after_a_redirect() {
        let url = |path: &str| Url::parse("https://tienda.example").unwrap().join(path).unwrap();
        for (asked, answered, title, password, expected) in [
            ("/checkout", "/login?next=/checkout", "", true, true),
            ("/checkout", "/entrar", "", true, true),
            ("/", "/password", "Tienda", true, true),
            ("/checkout", "/u", "Inicia sesión", true, true),
            ("/login", "/account/login", "", true, false),
            ("/checkout", "/checkout", "Ingresar", true, false),
            ("/checkout", "/pagar", "Pagar", true, false),
            ("/checkout", "/login", "", false, false),
        ] {
            assert_eq!(login_instead(&url(asked), &url(answered), title, password), expected, "{asked} {answered}");
        }
    }
}
