//! A run that is ready but for what its baseline tolerates.

use super::{GOOD, HOSTILE, finding, ready, said, text};
use crate::run::{
    AcceptedEntry, AcceptedFindings, EntryState, ManualCard, Place, RunRecord, Severity, Terms, Tolerated,
};

fn terms(reason: &str, day: jiff::civil::Date) -> Terms {
    Terms { reason: Some(reason.into()), owner: Some("Ana (caja)".into()), expires: Some(day) }
}

fn entry(
    line: u32,
    rule: &str,
    page: Option<&str>,
    terms: Terms,
    (state, count): (EntryState, usize),
) -> AcceptedEntry {
    let file = Some("homologa.baseline.yaml".to_owned());
    AcceptedEntry {
        rule: rule.into(),
        page: page.map(str::to_owned),
        terms,
        place: Place { file, line: Some(line), column: Some(5), ..Place::default() },
        state,
        count,
        ..AcceptedEntry::default()
    }
}

/// A ready run with tolerated findings, entries of every state and requirements to be checked by hand.
pub fn tolerating() -> RunRecord {
    let until = terms("La página de términos nueva sale con la próxima versión", jiff::civil::date(2027, 1, 31));
    let mut record = ready();
    let place = Place { url: Some(format!("{GOOD}pagar")), selector: Some(HOSTILE.into()), ..Place::default() };
    let missing = finding("terms-linked", Severity::Warning, said("Falta el enlace a los términos"), place, Vec::new());
    for check in record.shops.iter_mut().flat_map(|shop| &mut shop.checks).filter(|one| one.rule == "terms-linked") {
        check.tolerated.push(Tolerated { finding: missing.clone(), terms: until.clone() });
    }
    let over = terms("Se mudaba el servidor", jiff::civil::date(2026, 9, 30));
    record.accepted = Some(AcceptedFindings {
        file: "homologa.baseline.yaml".into(),
        entries: vec![
            entry(4, "terms-linked", Some("/pagar"), until.clone(), (EntryState::Used, 1)),
            entry(9, "transport-hsts", None, over, (EntryState::Expired, 0)),
            entry(13, "result-is-told", Some("/gracias"), until.clone(), (EntryState::Stale, 0)),
            entry(17, "result-is-told", Some("/caja/*"), until, (EntryState::Unseen, 0)),
        ],
    });
    let manual = |id: &str, severity, words: &str| ManualCard {
        id: id.into(),
        severity,
        origin: "engineering".into(),
        requirement: text(words, words, words),
        why: text("Por algo", "Por algo", "For a reason"),
        how: text("Mira el código del servidor.", "Veja o código do servidor.", "Read the code of the server."),
        way: "server".into(),
        fields: Vec::new(),
        sources: vec!["Engineering judgement".into()],
    };
    record.manual = vec![
        manual("card-token-fresh", Severity::Warning, "Genera un token nuevo en cada intento."),
        manual("credentials-production-activated", Severity::Blocker, "Activa las credenciales de producción."),
    ];
    record
}
