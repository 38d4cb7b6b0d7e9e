//! The official SDKs and the shortest way of each to a sandbox.
//!
//! Facts from their sources: where an SDK lets its base URL be changed, one line does it; where it is a constant, the
//! name of the real service has to lead to the sandbox (a hosts entry) and its authority has to be trusted. Not
//! responsible for the sentences around it.

/// An official SDK.
#[derive(Debug, Clone, Copy)]
pub struct Sdk {
    /// Language.
    pub name: &'static str,
    /// The line that changes the base URL, with `{url}`; `None` where there is no such line.
    base_url: Option<&'static str>,
    /// What makes it trust an authority, with `{ca}` for the file.
    trust: &'static str,
}

impl Sdk {
    /// The line of code that sends it to `url`.
    pub fn base_url(&self, url: &str) -> Option<String> {
        Some(self.base_url?.replace("{url}", url))
    }

    /// The command or variable that makes it trust the authority in the file `ca`.
    pub fn trust(&self, ca: &str) -> String {
        self.trust.replace("{ca}", ca)
    }
}

/// All of them.
pub const SDKS: [Sdk; 7] = [
    Sdk {
        name: "Node",
        base_url: Some(r#"require("mercadopago/dist/utils/config").AppConfig.BASE_URL = "{url}";"#),
        trust: "NODE_EXTRA_CA_CERTS={ca}",
    },
    Sdk {
        name: "Python",
        base_url: Some(r#"mercadopago.config.Config._Config__api_base_url = "{url}""#),
        trust: "REQUESTS_CA_BUNDLE={ca}",
    },
    Sdk {
        name: "PHP",
        base_url: Some(r#"MercadoPago\MercadoPagoConfig::$BASE_URL = "{url}";"#),
        trust: "php -d curl.cainfo={ca}",
    },
    Sdk {
        name: "Ruby",
        base_url: Some(r#"Mercadopago::Config.class_variable_set(:@@API_BASE_URL, "{url}")"#),
        trust: "SSL_CERT_FILE={ca}",
    },
    Sdk {
        name: "Java",
        base_url: None,
        trust: "keytool -importcert -noprompt -alias homologa -file {ca} -keystore homologa.p12 -storepass homologa\n          java -Djavax.net.ssl.trustStore=homologa.p12 -Djavax.net.ssl.trustStorePassword=homologa",
    },
    Sdk { name: "Go", base_url: None, trust: "SSL_CERT_FILE={ca}" },
    Sdk { name: ".NET", base_url: None, trust: "SSL_CERT_FILE={ca}" },
];
