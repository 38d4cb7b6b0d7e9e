//! Masks addresses: what their names say to be secret, and what stands in them percent-encoded (RFC 3986, 2.1). Not
//! responsible for what a secret looks like.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Redactor, mask_tail};

/// Whether the name of a parameter of an address says that its value is a secret, or the number of a person's document or
/// card. A public key is none.
fn is_secret_parameter(name: &str) -> bool {
    /// Longer names are made up of these words only by chance.
    const MOST: usize = 60;
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).take(MOST).collect();
    let plain = plain.to_ascii_lowercase();
    let ends = [
        "token",
        "secret",
        "password",
        "passwd",
        "apikey",
        "secretkey",
        "privatekey",
        "accesskey",
        "signature",
        "cardnumber",
        "docnumber",
        "documentnumber",
        "identificationnumber",
    ];
    matches!(
        plain.as_str(),
        "key"
            | "pwd"
            | "pass"
            | "auth"
            | "authorization"
            | "sig"
            | "hmac"
            | "jwt"
            | "credential"
            | "credentials"
            | "securitycode"
            | "cpf"
            | "cnpj"
            | "dni"
    ) || ends.iter().any(|end| plain.ends_with(end))
}

impl Redactor {
    /// A URL for the record: without user and password, the values of secret parameters masked, the rest as text.
    pub fn url(&self, url: &url::Url) -> String {
        let path = self.segments(url.path());
        let query = url.query().and_then(|query| self.pairs(query));
        // Some services send their answers behind the hash, written as queries are.
        let fragment = url.fragment().and_then(|fragment| self.pairs(fragment));
        let bare = url.username().is_empty() && url.password().is_none();
        if path.is_none() && query.is_none() && fragment.is_none() && bare {
            return self.text(url.as_str()).into_owned();
        }
        let mut bare = url.clone();
        // Both only fail for URLs without a host, which carry no user either.
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
        if let Some(path) = path {
            bare.set_path(&path);
        }
        if query.is_some() {
            bare.set_query(query.as_deref());
        }
        if fragment.is_some() {
            bare.set_fragment(fragment.as_deref());
        }
        self.text(bare.as_str()).into_owned()
    }

    /// Path and query of an address, masked as [`Redactor::url`] masks them.
    pub fn path_and_query(&self, text: &str) -> String {
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        let path = self.segments(path).map_or(Cow::Borrowed(path), Cow::Owned);
        let masked = match query {
            None => path.into_owned(),
            Some(query) => format!("{path}?{}", self.pairs(query).as_deref().unwrap_or(query)),
        };
        self.text(&masked).into_owned()
    }

    /// A path in whose segments something is masked that stands there percent-encoded (RFC 3986, 2.1); `None` when there
    /// is nothing.
    fn segments(&self, path: &str) -> Option<String> {
        if !path.contains('%') {
            return None;
        }
        let masked = |segment: &str| {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            match self.text(&decoded) {
                Cow::Owned(masked) => Some(utf8_percent_encode(&masked, NON_ALPHANUMERIC).to_string()),
                Cow::Borrowed(_) => None,
            }
        };
        let segments: Vec<Option<String>> = path.split('/').map(masked).collect();
        segments.iter().any(Option::is_some).then(|| {
            let both = path.split('/').zip(&segments);
            both.map(|(before, masked)| masked.as_deref().unwrap_or(before)).collect::<Vec<_>>().join("/")
        })
    }

    /// A query with its secrets masked: values of parameters whose name says so, and what is found in any other name and
    /// value; `None` when there is nothing.
    fn pairs(&self, query: &str) -> Option<String> {
        let pairs = || url::form_urlencoded::parse(query.as_bytes());
        let hides = |text: &str| matches!(self.text(text), Cow::Owned(_));
        pairs().any(|(name, value)| is_secret_parameter(&name) || hides(&name) || hides(&value)).then(|| {
            let masked = pairs().map(|(name, value)| {
                let secret = is_secret_parameter(&name);
                let value = if secret { mask_tail(&value) } else { self.text(&value).into_owned() };
                (self.text(&name).into_owned(), value)
            });
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(masked).finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_percent_encoded_in_an_address_is_masked_too() {
        let redactor = Redactor::default();
        for address in [
            "/v1/customers/search?email=maria.lopez%40gmail.com",
            "/v1/x?card=4509+9535+6623+3704",
            "/v1/x?card=4509%209535%206623%203704",
            "/v1/customers/maria.lopez%40gmail.com/cards",
            "/v1/x?payer.identification.number=20441236710",
            "/v1/x?password=hunter2222&a=1",
        ] {
            let shown = [
                redactor.url(&url::Url::parse(&format!("https://api.example{address}")).unwrap()),
                redactor.path_and_query(address),
            ];
            for shown in shown {
                for secret in ["maria.lopez", "4509+9535", "%209535", "20441236710", "hunter2"] {
                    assert!(!shown.contains(secret), "{shown}");
                }
                assert!(shown.contains("/v1/") && (!address.contains("a=1") || shown.ends_with("a=1")), "{shown}");
                assert_eq!(redactor.path_and_query(&shown), shown);
            }
        }
        for address in ["/v1/payments/search?external_reference=a%20b&limit=5", "/v1/x/a%2Fb?q=%C3%A1", "/v1/payments"]
        {
            assert_eq!(redactor.path_and_query(address), address);
        }
    }
}
