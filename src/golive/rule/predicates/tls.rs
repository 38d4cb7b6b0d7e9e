//! What the probe of the shop's host tells: certificates, versions of the protocol, plain http.

use crate::golive::rule::hits::{Hits, masked};
use crate::golive::rule::judge::short;
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::{CertificateFacts, Evidence, Severity, TlsFacts};

/// Days before its end from which a certificate is worth a warning.
const SOON: i64 = 30;
/// Days before its end from which whoever renews it has forgotten it.
const AT_ONCE: i64 = 7;

/// The facts, or the answer of a rule that has none.
fn facts<'s>(shop: &'s ShopView) -> Result<&'s TlsFacts, Answer> {
    if shop.facts.start.scheme() != "https" {
        return Err(Answer::NotApplicable(Message::new("golive.shop-without-https")));
    }
    shop.facts.tls.as_ref().ok_or_else(|| Answer::Inconclusive(Message::new("golive.no-tls-facts")))
}

/// The host without its port, which is another one wherever the same shop is tried.
fn name(tls: &TlsFacts) -> &str {
    tls.host.rsplit_once(':').map_or(&tls.host, |(name, _)| name)
}

fn unknown(tls: &TlsFacts) -> Answer {
    Answer::Inconclusive(tls.failure.clone().unwrap_or_else(|| Message::new("golive.no-tls-facts")))
}

fn evidence(field: &str, value: &str) -> Evidence {
    Evidence::Certificate { field: field.to_owned(), value: short(&masked(value)) }
}

/// Trust, name and dates.
pub(super) fn certificate_valid(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    let Some(leaf) = tls.chain.first() else { return unknown(tls) };
    for fault in &tls.faults {
        let (message, evidence) = match fault.as_str() {
            "expired" => (Message::new("golive.certificate-expired"), evidence("not-after", &leaf.not_after)),
            "intermediate-expired" => {
                let late = tls.way().skip(1).min_by_key(|one| one.days_left.unwrap_or(i64::MAX)).unwrap_or(leaf);
                let message = Message::new("golive.certificate-intermediate-expired");
                (message.with("subject", masked(&late.subject)), evidence("not-after", &late.not_after))
            }
            "not-yet-valid" => (Message::new("golive.certificate-not-yet"), evidence("not-before", &leaf.not_before)),
            "wrong-name" => (Message::new("golive.certificate-wrong-name"), evidence("names", &leaf.names.join(", "))),
            "self-signed" => (Message::new("golive.certificate-self-signed"), evidence("issuer", &leaf.issuer)),
            "unknown-issuer" | "missing-intermediate" => {
                let last = tls.way().last().unwrap_or(leaf);
                let message = match &tls.missing_issuer {
                    Some(issuer) if fault == "missing-intermediate" => {
                        Message::new("golive.certificate-missing-issuer").with("issuer", masked(issuer))
                    }
                    Some(issuer) => Message::new("golive.certificate-issuer-not-sent").with("issuer", masked(issuer)),
                    None => Message::new("golive.certificate-unknown-issuer"),
                };
                (message, evidence("issuer", &last.issuer))
            }
            // What is too weak for browsers is told by the rule of strength.
            "weak-signature" | "weak-key" => {
                hits.leave_open(Message::new("golive.certificate-too-weak"));
                continue;
            }
            other => {
                (Message::new("golive.certificate-refused").with("fault", other), evidence("issuer", &leaf.issuer))
            }
        };
        hits.once(&shop.facts.start, &format!("{} {fault}", name(tls)), message, vec![evidence]);
    }
    match hits.open() {
        Some(reason) if !hits.any() => Answer::Inconclusive(reason.clone()),
        _ => Answer::LookedAt(1),
    }
}

/// The first end of all certificates that the way to the root needs.
pub(super) fn certificate_expiry(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    if tls.faults.iter().any(|fault| fault == "expired") {
        return Answer::NotApplicable(Message::new("golive.certificate-expired-already"));
    }
    let ends = |one: &CertificateFacts| one.days_left;
    let Some((first, days)) = tls.way().filter_map(|one| Some((one, ends(one)?))).min_by_key(|(_, days)| *days) else {
        return unknown(tls);
    };
    if days < 0 {
        return Answer::NotApplicable(Message::new("golive.certificate-expired-already"));
    }
    if days < SOON {
        if days < AT_ONCE {
            hits.weigh(Severity::Blocker);
        }
        let leaf = tls.chain.first().is_some_and(|leaf| std::ptr::eq(leaf, first));
        let message = match leaf {
            true => Message::new("golive.certificate-ends-soon"),
            false => Message::new("golive.certificate-intermediate-ends-soon").with("subject", masked(&first.subject)),
        };
        let evidence = vec![evidence("not-after", &first.not_after)];
        hits.once(&shop.facts.start, name(tls), message.with("days", days), evidence);
    }
    Answer::LookedAt(1)
}

/// Keys and signatures of the certificates that the way to the root needs.
pub(super) fn certificate_strength(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    for one in tls.way() {
        let key = format!("{} {}", one.key, one.key_bits);
        let said = |message: Message| message.with("subject", masked(&one.subject));
        if one.weak_key() {
            let message = said(Message::new("golive.certificate-weak-key")).with("key", &key);
            hits.once(
                &shop.facts.start,
                &format!("{} key {}", name(tls), one.subject),
                message,
                vec![evidence("key", &key)],
            );
        }
        if one.weak_signature() {
            let message = said(Message::new("golive.certificate-weak-signature")).with("signature", &one.signature);
            let identity = format!("{} signature {}", name(tls), one.subject);
            hits.once(&shop.facts.start, &identity, message, vec![evidence("signature", &one.signature)]);
        }
    }
    if tls.way().any(|one| one.key.is_empty() || one.signature.is_empty()) || tls.path.is_empty() {
        return unknown(tls);
    }
    Answer::LookedAt(1)
}

/// What was sent beside the way to the root, and in which order.
pub(super) fn certificate_chain(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    if tls.path.is_empty() {
        return unknown(tls);
    }
    for one in tls.extra.iter().filter_map(|at| tls.chain.get(*at)) {
        let message = Message::new("golive.certificate-extra").with("subject", masked(&one.subject));
        let evidence = vec![evidence("subject", &one.subject)];
        hits.once(&shop.facts.start, &format!("{} extra {}", name(tls), one.subject), message, evidence);
    }
    if tls.unordered {
        let order: Vec<&str> = tls.chain.iter().map(|one| one.subject.as_str()).collect();
        let evidence = vec![evidence("order", &order.join(" → "))];
        let message = Message::new("golive.certificate-order");
        hits.once(&shop.facts.start, &format!("{} order", name(tls)), message, evidence);
    }
    Answer::LookedAt(1)
}

/// TLS 1.2 or 1.3 can be agreed on. A probe that got no answer cannot say why.
pub(super) fn tls_version(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    let today = ["TLSv1.2", "TLSv1.3"];
    let agreed = tls.version.as_deref().is_some_and(|version| today.contains(&version));
    if agreed || today.iter().any(|version| tls.offers(version) == Some(true)) {
        return Answer::LookedAt(1);
    }
    let old = tls.versions.iter().rev().find(|version| version.offered == Some(true));
    match old.filter(|_| tls.offers("TLSv1.2") == Some(false)) {
        Some(old) => {
            let message = Message::new("golive.tls-old").with("version", &old.version);
            hits.once(&shop.facts.start, name(tls), message, Vec::new());
            Answer::LookedAt(1)
        }
        None => unknown(tls),
    }
}

/// SSL 3.0, TLS 1.0 and TLS 1.1 are refused.
pub(super) fn tls_legacy(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    let mut open = None;
    for version in ["SSLv3", "TLSv1.0", "TLSv1.1"] {
        match tls.versions.iter().find(|facts| facts.version == version) {
            Some(facts) if facts.offered == Some(true) => {
                let message = Message::new("golive.tls-legacy").with("version", version);
                hits.once(&shop.facts.start, &format!("{} {version}", name(tls)), message, Vec::new());
            }
            Some(facts) if facts.offered == Some(false) => {}
            Some(facts) => open = open.or(Some(facts.reason.clone())),
            None => open = open.or(Some(None)),
        }
    }
    match open {
        Some(Some(reason)) if !hits.any() => Answer::Inconclusive(reason),
        Some(None) if !hits.any() => unknown(tls),
        _ => Answer::LookedAt(1),
    }
}

/// Plain http leads to https before it shows anything.
pub(super) fn http_redirects(shop: &ShopView, hits: &mut Hits) -> Answer {
    let tls = match facts(shop) {
        Ok(tls) => tls,
        Err(answer) => return answer,
    };
    let Some(plain) = &tls.plain else {
        return match shop.facts.start.port() {
            Some(port) => Answer::NotApplicable(Message::new("golive.http-not-asked").with("port", port)),
            None => unknown(tls),
        };
    };
    if plain.closed {
        return Answer::LookedAt(1);
    }
    if let Some(reason) = &plain.failure {
        return Answer::Inconclusive(reason.clone());
    }
    let Some(last) = plain.hops.last() else { return unknown(tls) };
    let message = match (last.status, &plain.leads_to) {
        (300..400, Some(target)) if target.starts_with("https:") => return Answer::LookedAt(1),
        (300..400, Some(target)) => Message::new("golive.http-leads-elsewhere").with("target", short(&masked(target))),
        // A refusal shows nothing of the shop, but it may be meant for programs only.
        (status @ 400.., _) => {
            return Answer::Inconclusive(Message::new("golive.http-refuses").with("status", status));
        }
        (status, _) => Message::new("golive.http-shows").with("status", status),
    };
    hits.once(&shop.facts.start, &format!("{} http", name(tls)), message, Vec::new());
    Answer::LookedAt(1)
}
