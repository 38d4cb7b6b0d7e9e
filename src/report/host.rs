//! What the probe of a shop's host told, as facts in reading order: certificate, versions of TLS, plain http, HSTS.
//!
//! Responsible for choosing what is said and for saying what could not be looked at. Whether a rule holds is not
//! decided here; of HSTS, which pages send, the verdict of its check is repeated.

use super::{accepted, labels};
use crate::i18n::Message;
use crate::run::{CertificateFacts, PlainHttp, ShopRecord, TlsFacts, Verdict, VersionFacts};

/// Versions that browsers speak today.
const MODERN: [&str; 2] = ["TLSv1.2", "TLSv1.3"];
/// The rule whose verdict tells of HSTS.
const HSTS: &str = "transport-hsts";
/// Columns of an issuer that are shown.
const MOST_ISSUER: usize = 36;

/// One fact; its sign, where it has one, says how it stands: `✓`, `!`, `~` or `?` for what is not known.
pub(super) struct Fact {
    pub(super) sign: &'static str,
    pub(super) message: Message,
}

fn fact(sign: &'static str, key: Message) -> Fact {
    Fact { sign, message: key }
}

/// The facts of a shop's host in two groups: what is shown to a browser, and what else the host answers.
pub(super) fn facts(shop: &ShopRecord) -> [Vec<Fact>; 2] {
    let Some(tls) = &shop.tls else {
        let unseen = match shop.url.split_once(':') {
            Some(("https", _)) => Some(fact("?", Message::new("report.host-tls-unseen"))),
            Some(("http", _)) => Some(fact("!", Message::new("report.host-no-tls"))),
            _ => None,
        };
        return [unseen.into_iter().collect(), Vec::new()];
    };
    let mut shown = Vec::new();
    if let Some(failure) = &tls.failure {
        shown.push(fact("?", failure.clone()));
    }
    shown.extend(tls.faults.iter().map(|fault| fact("!", labels::tls_fault(fault))));
    if let Some(issuer) = tls.chain.first().and_then(issuer) {
        shown.push(fact("", Message::new("report.host-issuer").with("name", issuer)));
    }
    if let Some(days) = tls.days_left.filter(|days| *days >= 0) {
        shown.push(fact("", Message::new("report.tls-days").with("n", days)));
    }
    let mut answered = versions(tls);
    answered.push(plain(tls));
    answered.extend(hsts(shop));
    [shown, answered]
}

/// Who issued a certificate, short: the common name, or else the organisation.
fn issuer(certificate: &CertificateFacts) -> Option<String> {
    let part = |name: &str| {
        let parts = certificate.issuer.split(", ").filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    };
    let name = match (part("CN"), part("O")) {
        (Some(name), Some(whose)) if !name.contains(whose) => format!("{name} ({whose})"),
        (Some(name), _) | (None, Some(name)) => name.to_owned(),
        // Whatever form it has, it was sent.
        (None, None) => certificate.issuer.clone(),
    };
    (!name.is_empty()).then(|| super::paint::cut(&name, MOST_ISSUER))
}

/// Which versions are offered, which of them should not be, and which are not known.
fn versions(tls: &TlsFacts) -> Vec<Fact> {
    let names = |wanted: &dyn Fn(&VersionFacts) -> bool| {
        let chosen = tls.versions.iter().filter(|facts| wanted(facts));
        // `SSLv3, TLS 1.0, 1.1`: the name of the protocol stands once.
        let (mut names, mut named) = (String::new(), false);
        for version in chosen.map(|facts| facts.version.as_str()) {
            names.push_str(if names.is_empty() { "" } else { ", " });
            match version.strip_prefix("TLSv") {
                Some(number) => {
                    names.push_str(if std::mem::replace(&mut named, true) { "" } else { "TLS " });
                    names.push_str(number);
                }
                None => names.push_str(version),
            }
        }
        (!names.is_empty()).then_some(names)
    };
    let modern = |facts: &VersionFacts| MODERN.contains(&facts.version.as_str());
    let said = |sign, key: Message, names: Option<String>| names.map(|names| fact(sign, key.with("versions", names)));
    let mut facts = Vec::new();
    if MODERN.iter().all(|version| tls.offers(version) == Some(false)) {
        facts.push(fact("!", Message::new("report.host-none-modern")));
    }
    let offered = names(&|facts| facts.offered == Some(true) && modern(facts));
    facts.extend(said("✓", Message::new("report.host-offers"), offered));
    let old = names(&|facts| facts.offered == Some(true) && !modern(facts));
    facts.extend(said("!", Message::new("report.host-old"), old));
    let unknown = names(&|facts| facts.offered.is_none());
    facts.extend(said("?", Message::new("report.host-versions-unknown"), unknown));
    if tls.versions.is_empty() {
        facts.push(fact("?", Message::new("report.host-versions-unasked")));
    }
    facts
}

/// Whether plain http leads to https.
fn plain(tls: &TlsFacts) -> Fact {
    let Some(plain) = &tls.plain else {
        // Next to a port of its own no other port can be told to belong to the shop.
        let sign = if tls.host.ends_with(":443") { "?" } else { "–" };
        return fact(sign, Message::new("report.host-http-unasked"));
    };
    match plain {
        PlainHttp { closed: true, .. } => fact("✓", Message::new("report.host-http-closed")),
        PlainHttp { failure: Some(_), .. } => fact("?", Message::new("report.host-http-unseen")),
        PlainHttp { hops, leads_to, .. } => {
            let secure = leads_to.as_deref().is_some_and(|target| target.starts_with("https:"));
            match hops.last().map(|hop| hop.status) {
                Some(300..400) if secure => fact("✓", Message::new("report.host-http-leads")),
                Some(status @ 400..) => fact("?", Message::new("report.host-http-refuses").with("status", status)),
                Some(_) => fact("!", Message::new("report.host-http-open")),
                None => fact("?", Message::new("report.host-http-unseen")),
            }
        }
    }
}

/// What the rule about HSTS found; nothing when it was not among those judged.
fn hsts(shop: &ShopRecord) -> Option<Fact> {
    let check = shop.checks.iter().find(|check| check.rule == HSTS)?;
    Some(match check.verdict {
        Verdict::Pass if check.passes_tolerated() => fact(accepted::SIGN, Message::new("report.host-hsts-missing")),
        Verdict::Pass => fact("✓", Message::new("report.host-hsts")),
        Verdict::Fail | Verdict::Warn => fact("!", Message::new("report.host-hsts-missing")),
        Verdict::Inconclusive => fact("?", Message::new("report.host-hsts-unseen")),
        Verdict::NotApplicable => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::report::sample;
    use crate::run::Hop;

    fn said(shop: &ShopRecord, lang: Lang) -> Vec<String> {
        let line = |facts: Vec<Fact>| {
            let parts: Vec<String> = facts
                .iter()
                .map(|fact| format!("{} {}", fact.sign, fact.message.render(lang)).trim().to_owned())
                .collect();
            parts.join(" · ")
        };
        facts(shop).map(line).into_iter().filter(|line| !line.is_empty()).collect()
    }

    fn shop() -> ShopRecord {
        sample::not_ready().shops.remove(0)
    }

    #[test]
    fn a_host_in_order_is_told_in_two_lines() {
        assert_eq!(
            said(&shop(), Lang::En),
            [
                "issued by R11 (Let's Encrypt) · certificate expires in 59 days",
                "✓ offers TLS 1.2, 1.3 · ✓ http leads to https · ✓ HSTS"
            ]
        );
    }

    #[test]
    fn what_is_wrong_and_what_is_not_known_is_told_apart() {
        let mut shop = shop();
        let tls = shop.tls.as_mut().unwrap();
        let version = |version: &str, offered| VersionFacts { version: version.into(), offered, reason: None };
        tls.versions = vec![
            version("SSLv3", Some(true)),
            version("TLSv1.0", Some(true)),
            version("TLSv1.1", None),
            version("TLSv1.2", Some(true)),
        ];
        tls.plain = Some(PlainHttp {
            hops: vec![Hop { url: "http://t.example/".into(), status: 200 }],
            ..PlainHttp::default()
        });
        assert_eq!(
            said(&shop, Lang::Es)[1],
            "✓ ofrece TLS 1.2 · ! aún ofrece SSLv3, TLS 1.0 · ? no se sabe si ofrece TLS 1.1 · ! http no lleva a https · ✓ HSTS"
        );
        let tls = shop.tls.as_mut().unwrap();
        tls.versions = vec![version("TLSv1.2", Some(false)), version("TLSv1.3", Some(false))];
        for (plain, words) in [
            (
                PlainHttp { closed: true, failure: Some(Message::new("http.timeout")), ..PlainHttp::default() },
                "✓ nothing on http",
            ),
            (
                PlainHttp { failure: Some(Message::new("http.timeout")), ..PlainHttp::default() },
                "? http could not be seen",
            ),
            (
                PlainHttp { hops: vec![Hop { url: "http://t.example/".into(), status: 403 }], ..PlainHttp::default() },
                "? http answers 403",
            ),
        ] {
            shop.tls.as_mut().unwrap().plain = Some(plain);
            assert_eq!(said(&shop, Lang::En)[1], format!("! offers neither TLS 1.2 nor 1.3 · {words} · ✓ HSTS"));
        }
    }

    #[test]
    fn a_host_that_was_not_asked_is_not_shown_as_one_in_order() {
        let mut shop = shop();
        shop.tls = Some(TlsFacts {
            host: "t.example:443".into(),
            failure: Some(Message::new("http.timeout").with("host", "t.example")),
            ..TlsFacts::default()
        });
        shop.checks.clear();
        let lines = said(&shop, Lang::En);
        assert!(lines[0].starts_with("? "), "{lines:?}");
        assert_eq!(lines[1], "? TLS versions not asked for · ? http not asked");
        shop.tls = None;
        assert_eq!(said(&shop, Lang::En), ["? TLS not looked at"]);
        shop.url = "http://t.example/".into();
        assert_eq!(said(&shop, Lang::En), ["! no TLS: the shop was visited over http"]);
    }

    #[test]
    fn an_issuer_is_short_whatever_was_sent() {
        let of = |text: &str| issuer(&CertificateFacts { issuer: text.into(), ..CertificateFacts::default() });
        assert_eq!(of("C=US, O=Let's Encrypt, CN=R11").as_deref(), Some("R11 (Let's Encrypt)"));
        assert_eq!(of("O=DigiCert Inc, CN=DigiCert Inc CA").as_deref(), Some("DigiCert Inc CA"));
        assert_eq!(of("O=Only").as_deref(), Some("Only"));
        assert_eq!(of("odd").as_deref(), Some("odd"));
        assert_eq!(of(""), None);
        assert!(of(&format!("CN={}", "x".repeat(200))).unwrap().chars().count() <= MOST_ISSUER);
    }
}
