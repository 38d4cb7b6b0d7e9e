//! What belongs to a shop, which links are worth most and which must not be followed. Words only, no network.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

use super::pattern::Patterns;
use crate::http::is_private_address;
use crate::i18n::Message;

/// Words of paths and link texts that lead to paying, to its result or to what must be published beside it.
const IMPORTANT: &[&str] = &[
    "checkout",
    "pagar",
    "pago",
    "pagos",
    "carrito",
    "carro",
    "cart",
    "basket",
    "comprar",
    "compra",
    "finalizar",
    "caixa",
    "carrinho",
    "sacola",
    "pagamento",
    "pagamentos",
    "payment",
    "payments",
    "pay",
    "buy",
    "order",
    "pedido",
    "orden",
    "resultado",
    "result",
    "gracias",
    "obrigado",
    "thanks",
    "thank",
    "confirmacion",
    "confirmacao",
    "promocion",
    "promociones",
    "promocoes",
    "promotions",
    "cuotas",
    "parcelas",
    "parcelamento",
    "installments",
    "financiacion",
    "financiamiento",
    "tarjeta",
    "cartao",
    "suscripcion",
    "assinatura",
];

/// Words that name terms and conditions.
const TERMS: &[&str] = &["terminos", "condiciones", "termos", "condicoes", "terms", "conditions", "tos", "legales"];

/// Verbs that begin a path segment, a parameter or its value when a link changes something.
const CHANGES: &[&str] = &[
    "logout",
    "logoff",
    "signout",
    "log-out",
    "sign-out",
    "cerrar-sesion",
    "salir",
    "sair",
    "desconectar",
    "add",
    "agregar",
    "anadir",
    "adicionar",
    "remove",
    "remover",
    "quitar",
    "delete",
    "eliminar",
    "borrar",
    "excluir",
    "apagar",
    "vaciar",
    "esvaziar",
    "empty",
    "clear",
    "unsubscribe",
    "desuscribir",
    "cancelar",
    "cancel",
    "destroy",
    "undo",
    "edit",
    "editar",
];

/// The part of the web that is one shop: its host, the same with or without `www.`, and what the user adds.
///
/// Not the whole registrable domain: under one, blogs, help centres and the shops of others live as well, and what is
/// found there says nothing of this shop. A checkout on a host of its own is named by `--allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    host: Host<String>,
    scheme: String,
    port: Option<u16>,
    default_port: bool,
    lenient: bool,
    patterns: Patterns,
}

impl Scope {
    /// The shop of a page. `http` and `https` of a host are one shop when both are on their own ports.
    pub(super) fn of(page: &Url) -> Scope {
        Scope {
            // Only http(s) addresses come here, and those have a host.
            host: page.host().map_or(Host::Ipv6(Ipv6Addr::UNSPECIFIED), |host| host.to_owned()),
            scheme: page.scheme().to_owned(),
            port: page.port_or_known_default(),
            default_port: page.port().is_none(),
            lenient: false,
            patterns: Patterns::default(),
        }
    }

    /// The shop of the start page, which may redirect from http to https on other ports.
    pub(super) fn around(start: &Url) -> Scope {
        Scope { lenient: true, ..Scope::of(start) }
    }

    /// The same with the patterns of the user.
    pub(super) fn with(self, patterns: Patterns) -> Scope {
        Scope { patterns, ..self }
    }

    /// Whether an address belongs to the shop.
    pub(super) fn holds(&self, url: &Url) -> bool {
        self.owns(url) || self.patterns.adopts(url)
    }

    /// Why an address of the shop is not read by the user's will, if so.
    pub(super) fn refuses(&self, url: &Url) -> Option<Message> {
        self.patterns.refuses(url)
    }

    /// Whether an address is of the shop's own host: only there may its credentials go, and never unencrypted when
    /// the shop itself is encrypted.
    pub(super) fn trusts(&self, url: &Url) -> bool {
        self.owns(url) && (self.scheme == "http" || url.scheme() == "https")
    }

    fn owns(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let same_host = host.to_owned() == self.host || twins(&self.host, &host.to_owned());
        let same_port = url.scheme() == self.scheme && url.port_or_known_default() == self.port;
        let other_default = self.default_port && url.port().is_none();
        let upgrade = self.lenient && self.scheme == "http" && url.scheme() == "https";
        same_host && (same_port || other_default || upgrade)
    }

    /// Whether the shop itself is on a private address.
    pub(super) fn private(&self) -> bool {
        host_is_private(&self.host)
    }
}

fn twins(one: &Host<String>, other: &Host<String>) -> bool {
    match (one, other) {
        (Host::Domain(one), Host::Domain(other)) => {
            one.strip_prefix("www.").unwrap_or(one) == other.strip_prefix("www.").unwrap_or(other)
        }
        _ => false,
    }
}

/// Whether an address is asked as it is.
pub(super) fn is_clean(url: &Url) -> bool {
    url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

/// An address as it is asked: without fragment, user and password.
pub(super) fn clean(mut url: Url) -> Option<Url> {
    if url.fragment().is_some() {
        url.set_fragment(None);
    }
    if !url.username().is_empty() {
        url.set_username("").ok()?;
    }
    if url.password().is_some() {
        url.set_password(None).ok()?;
    }
    Some(url)
}

/// Whether an address names this machine or a private network (by itself: names are not resolved).
pub(super) fn is_private(url: &Url) -> bool {
    url.host().is_some_and(|host| host_is_private(&host.to_owned()))
}

fn host_is_private(host: &Host<String>) -> bool {
    let address = match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            return name == "localhost"
                || [".localhost", ".local", ".internal", ".lan", ".home.arpa"].iter().any(|end| name.ends_with(end));
        }
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(*address), IpAddr::V4),
    };
    is_private_address(address)
}

/// Whether a link seems to lead to paying, to its result, to promotions or to terms.
pub(super) fn is_important(url: &Url, text: &str) -> bool {
    has_word(url.path(), IMPORTANT) || has_word(text, IMPORTANT) || is_terms(url, text)
}

/// Whether a link seems to lead to terms and conditions.
pub(super) fn is_terms(url: &Url, text: &str) -> bool {
    has_word(url.path(), TERMS) || has_word(text, TERMS)
}

/// Whether a host is Mercado Pago's own: its terms are not the shop's, so nothing is asked there.
pub(super) fn is_mercado_pago(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host.split('.').any(|label| matches!(label, "mercadopago" | "mercadolibre" | "mercadolivre" | "mlstatic"))
    })
}

/// Whether following a link might change something: log out, fill or empty the cart, delete, cancel.
pub(super) fn changes_state(url: &Url) -> bool {
    let verb = |word: &str| {
        let word = word.to_ascii_lowercase().replace('_', "-");
        CHANGES.iter().any(|verb| word.strip_prefix(verb).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let in_path = url
        .path_segments()
        .is_some_and(|mut segments| segments.any(|segment| verb(segment.split('.').next().unwrap_or(segment))));
    in_path
        || url.query_pairs().take(50).any(|(name, value)| {
            verb(&name)
                || (matches!(&*name.to_ascii_lowercase(), "action" | "accion" | "acao" | "do" | "op" | "cmd")
                    && verb(&value))
        })
}

fn has_word(text: &str, words: &[&str]) -> bool {
    let mut word = String::new();
    for sign in text.chars().take(300).chain(std::iter::once(' ')) {
        if sign.is_alphanumeric() {
            word.extend(sign.to_lowercase().map(plain));
        } else if !word.is_empty() {
            if words.contains(&word.as_str()) {
                return true;
            }
            word.clear();
        }
    }
    // Addresses carry accents in percent form.
    text.contains('%') && {
        let decoded = url::form_urlencoded::parse(text.replace('&', " ").as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect::<String>();
        !decoded.contains('%') && decoded != text && has_word(&decoded, words)
    }
}

/// A letter without its accent, as far as Spanish and Portuguese have them.
fn plain(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'ê' | 'è' => 'e',
        'í' | 'ì' => 'i',
        'ó' | 'ô' | 'õ' | 'ò' => 'o',
        'ú' | 'ü' | 'ù' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_scope_is_the_host_on_its_port() {
        let cases = [
            ("https://a.example/", "https://a.example/x", true),
            ("https://a.example/", "http://a.example/x", true),
            ("https://a.example/", "https://a.example:8443/x", false),
            ("https://a.example:8443/", "https://a.example:8443/x", true),
            ("https://a.example:8443/", "http://a.example:8443/x", false),
            ("https://a.example/", "https://b.a.example/", false),
            ("https://a.example/", "https://www.a.example/", true),
            ("https://www.a.example/", "https://a.example/", true),
            ("https://a.example/", "https://www.b.example/", false),
            ("https://127.0.0.1:1/", "https://127.0.0.1:2/", false),
            ("https://a.example/", "file:///etc/passwd", false),
        ];
        for (page, other, held) in cases {
            assert_eq!(Scope::of(&url(page)).holds(&url(other)), held, "{page} {other}");
        }
        assert!(Scope::around(&url("http://a.example:80/")).holds(&url("https://www.a.example/")));
        assert!(Scope::around(&url("http://127.0.0.1:8080/")).holds(&url("https://127.0.0.1:8443/")));
        assert!(!Scope::around(&url("http://a.example/")).holds(&url("https://evil.example/")));
    }

    #[test]
    fn credentials_go_to_the_own_host_only_and_never_unencrypted() {
        let allow = vec![super::super::Pattern::parse("pago.example").unwrap()];
        let scope = Scope::of(&url("https://a.example/")).with(Patterns { allow, deny: Vec::new() });
        assert!(scope.trusts(&url("https://www.a.example/x")) && !scope.trusts(&url("http://a.example/x")));
        assert!(scope.holds(&url("https://pago.example/x")) && !scope.trusts(&url("https://pago.example/x")));
        assert!(!scope.trusts(&url("https://a.example:8443/")));
        assert!(Scope::of(&url("http://a.example/")).trusts(&url("http://a.example/x")));
    }

    #[test]
    fn links_that_change_something_are_known() {
        for path in [
            "/logout",
            "/cerrar-sesion",
            "/usuario/salir",
            "/carrito.html?agregar=3",
            "/?add-to-cart=12",
            "/cart/remove/7",
            "/x?action=delete&id=1",
            "/eliminar_producto/3",
            "/Sair",
            "/cuenta?accion=cancelar",
            "/carrito/vaciar.php",
        ] {
            assert!(changes_state(&url("https://a.example").join(path).unwrap()), "{path}");
        }
        for path in [
            "/checkout",
            "/ayuda/como-eliminar-mi-cuenta",
            "/politica-de-cancelacion",
            "/producto/1?color=rojo",
            "/address",
            "/carrito",
            "/salidas",
            "/x?q=eliminar",
        ] {
            assert!(!changes_state(&url("https://a.example").join(path).unwrap()), "{path}");
        }
    }

    #[test]
    fn words_of_paying_are_found_in_paths_and_texts() {
        let home = url("https://a.example/");
        for (path, text, important) in [
            ("/checkout-v1.html", "", true),
            ("/x", "Términos y Condiciones", true),
            ("/t%C3%A9rminos", "", true),
            ("/x", "Finalizar compra", true),
            ("/pagamento", "", true),
            ("/producto/3", "Mate de calabaza", false),
            ("/nosotros", "Quiénes somos", false),
        ] {
            assert_eq!(is_important(&home.join(path).unwrap(), text), important, "{path} {text}");
        }
    }

    #[test]
    fn private_addresses_are_known_by_their_form() {
        for (address, private) in [
            ("http://127.0.0.1/", true),
            ("http://localhost:3000/", true),
            ("http://10.1.2.3/", true),
            ("http://169.254.169.254/latest", true),
            ("http://[::1]/", true),
            ("http://[::ffff:10.0.0.1]/", true),
            ("http://0x7f000001/", true),
            ("http://100.100.1.1/", true),
            ("http://caja.local/", true),
            ("http://8.8.8.8/", false),
            ("https://tienda.example/", false),
            ("http://[2001:4860::1]/", false),
        ] {
            assert_eq!(is_private(&url(address)), private, "{address}");
        }
        assert!(is_mercado_pago(&url("https://www.mercadopago.com.ar/ayuda/terminos-y-condiciones_299")));
        assert!(!is_mercado_pago(&url("https://mercadopago-falso.example/")));
    }
}
