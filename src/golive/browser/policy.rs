//! What a page may ask for while a browser has it open, decided request by request before it leaves.
//!
//! Responsible for keeping a public page away from private addresses and the main frame inside the shop, and for
//! stand-ins. Names are judged by their form, they are not resolved here.

use std::sync::Arc;

use url::Url;

use crate::golive::crawl::Bounds;

/// An answer that stands in for a server of somebody else, so that a shop can be judged without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Beginning of the addresses that it answers.
    pub prefix: String,
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Arc<[u8]>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate<'p> {
    /// It goes on.
    Passes,
    /// It is stopped.
    Stopped,
    /// The main frame wanted to leave the shop; it stays.
    LedAway,
    /// It gets this answer.
    Answered(&'p StandIn),
}

/// The rules for the pages of one shop.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) bounds: Bounds,
    pub(super) stand_ins: Arc<[StandIn]>,
}

impl Policy {
    /// Decides about one request; `main` says that the main frame wants to go there.
    pub(super) fn fate(&self, address: &str, main: bool) -> Fate<'_> {
        let Ok(url) = Url::parse(address) else { return Fate::Stopped };
        match url.scheme() {
            "http" | "https" => {}
            "data" | "blob" | "about" => return Fate::Passes,
            _ => return Fate::Stopped,
        }
        if let Some(stand_in) = self.stand_ins.iter().find(|one| address.starts_with(&one.prefix)) {
            return Fate::Answered(stand_in);
        }
        if main && !self.bounds.hold(&url) {
            return Fate::LedAway;
        }
        if Bounds::is_private(&url) && !self.bounds.private() {
            return Fate::Stopped;
        }
        Fate::Passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_page_reaches_nothing_private_and_stays_where_it_is() {
        let stand_in = StandIn {
            prefix: "https://sdk.mercadopago.com/js/v2".to_owned(),
            status: 200,
            headers: Vec::new(),
            body: Arc::from(&b"1"[..]),
        };
        let of = |page: &str| Policy {
            bounds: Bounds::of(&Url::parse(page).unwrap()),
            stand_ins: Arc::from([stand_in.clone()]),
        };
        let public = of("https://shop.example/checkout");
        for (address, main, fate) in [
            ("https://shop.example/x", true, Fate::Passes),
            ("https://cdn.example/x.js", false, Fate::Passes),
            ("https://www.mercadopago.com.ar/checkout/v1/redirect?pref_id=1", true, Fate::LedAway),
            ("http://127.0.0.1:8080/admin", false, Fate::Stopped),
            ("http://169.254.169.254/latest", false, Fate::Stopped),
            ("http://192.168.0.1/", true, Fate::LedAway),
            ("file:///etc/passwd", false, Fate::Stopped),
            ("chrome://settings", true, Fate::Stopped),
            ("data:text/html,x", false, Fate::Passes),
            ("https://sdk.mercadopago.com/js/v2?x", false, Fate::Answered(&stand_in)),
        ] {
            assert_eq!(public.fate(address, main), fate, "{address}");
        }
        assert_eq!(of("http://127.0.0.1:1/").fate("http://127.0.0.1:2/api", false), Fate::Passes);
    }
}
