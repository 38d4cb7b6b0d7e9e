//! The files of the demo shops, with their made-up credentials filled in.
//!
//! Credentials are put together here, so that nothing in the repository looks like one: neither a scanner
//! of secrets nor a reader has to wonder.

use std::borrow::Cow;

use include_dir::{Dir, include_dir};

use crate::ids::Ids;

static SHOPS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/demo/shops");

/// One of the embedded shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopKind {
    /// Meets every requirement.
    Ready,
    /// Breaks most of them, each in a way seen in real shops; its certificate has expired.
    Broken,
}

/// A file as the server answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShopFile {
    pub(super) content_type: &'static str,
    pub(super) body: Cow<'static, [u8]>,
}

impl ShopKind {
    /// Both shops.
    pub const ALL: [ShopKind; 2] = [ShopKind::Ready, ShopKind::Broken];

    /// `ready` or `broken`.
    pub fn name(self) -> &'static str {
        match self {
            ShopKind::Ready => "ready",
            ShopKind::Broken => "broken",
        }
    }

    /// Headers of every answer, besides the content type.
    pub(super) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            ShopKind::Ready => &[
                ("strict-transport-security", "max-age=31536000; includeSubDomains"),
                ("x-content-type-options", "nosniff"),
                ("cache-control", "no-store"),
                ("referrer-policy", "strict-origin-when-cross-origin"),
                (
                    "content-security-policy",
                    "default-src 'self'; frame-ancestors 'self'; \
                     script-src 'self' https://sdk.mercadopago.com https://*.mercadopago.com https://*.mlstatic.com; \
                     style-src 'self' 'unsafe-inline'; img-src 'self' data: https://*.mlstatic.com; \
                     frame-src https://*.mercadopago.com https://*.mercadolibre.com; \
                     connect-src 'self' https://*.mercadopago.com https://*.mercadolibre.com https://*.mlstatic.com",
                ),
            ],
            ShopKind::Broken => &[],
        }
    }

    /// The file that a path of the shop names.
    pub(super) fn file(self, path: &str) -> Option<ShopFile> {
        let path = match path.trim_start_matches('/') {
            "" => "index.html",
            path => path,
        };
        let file = SHOPS.get_file(format!("{}/{path}", self.name()))?;
        let content_type = match path.rsplit_once('.').map(|(_, end)| end) {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        };
        let body = match file.contents_utf8() {
            Some(text) if text.contains("{{") => Cow::Owned(fill(text).into_bytes()),
            _ => Cow::Borrowed(file.contents()),
        };
        Some(ShopFile { content_type, body })
    }
}

/// Fills the credentials in: always the same ones, and nobody's.
fn fill(text: &str) -> String {
    let ids = Ids::seeded(0).part("demo shops");
    let (live, test) = (["APP", "USR"].join("_"), "TEST");
    let (key, test_key, hex, secret) = (ids.uuid(), ids.uuid(), ids.hex32(), ids.hex32());
    text.replace("{{PUBLIC_KEY}}", &format!("{live}-{key}"))
        .replace("{{TEST_PUBLIC_KEY}}", &format!("{test}-{test_key}"))
        .replace("{{ACCESS_TOKEN}}", &[live.as_str(), "4321098765432109", "112114", &hex, "987654321"].join("-"))
        .replace("{{CLIENT_SECRET}}", &secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Credential, find_credentials};

    #[test]
    fn credentials_are_filled_in_and_nothing_else_is_left_open() {
        let text = |kind: ShopKind, path| String::from_utf8(kind.file(path).unwrap().body.into_owned()).unwrap();
        let kinds = |text: &str| find_credentials(text).iter().map(|one| (one.kind, one.test)).collect::<Vec<_>>();
        assert_eq!(kinds(&text(ShopKind::Ready, "/js/checkout.js")), [(Credential::PublicKey, false)]);
        assert_eq!(kinds(&text(ShopKind::Broken, "/js/config.js")), [(Credential::AccessToken, false)]);
        assert_eq!(kinds(&text(ShopKind::Broken, "/checkout.html")), [(Credential::PublicKey, true)]);
        for kind in ShopKind::ALL {
            let folder = SHOPS.get_dir(kind.name()).unwrap();
            let nested = folder.dirs().flat_map(Dir::files);
            for file in folder.files().chain(nested) {
                assert!(find_credentials(file.contents_utf8().unwrap()).is_empty(), "{:?}", file.path());
                let path = file.path().strip_prefix(kind.name()).unwrap().to_str().unwrap();
                assert!(!text(kind, path).contains("{{"), "{path}");
            }
        }
        assert!(ShopKind::Ready.file("/../broken/index.html").is_none());
    }
}
