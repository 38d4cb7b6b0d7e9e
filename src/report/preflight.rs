//! What was learned of a real account before its first scenario, in words for every report.

use crate::i18n::Message;
use crate::run::{Creation, CredentialKind, Preflight, Stage};

/// Facts in reading order.
pub fn facts(preflight: &Preflight) -> Vec<Message> {
    let mut facts = vec![match (preflight.credential, preflight.test_user) {
        (CredentialKind::Test, _) => Message::new("report.credential-test"),
        (CredentialKind::Production, Some(true)) => Message::new("report.credential-test-user"),
        (CredentialKind::Production, _) => Message::new("report.credential-production"),
        (CredentialKind::Other, _) => Message::new("report.credential-other"),
    }];
    if let Some(account) = &preflight.account {
        facts.push(Message::new("report.account").with("id", account));
    }
    facts.push(match &preflight.creation {
        Creation::Works => Message::new("report.creation-works"),
        Creation::Refused { stage, status, code, message } => {
            let said = code.as_ref().or(message.as_ref()).map_or("—", String::as_str);
            let refused = match stage {
                Stage::CardToken => Message::new("report.creation-no-token"),
                Stage::Payment => Message::new("report.creation-refused"),
            };
            refused.with("status", status).with("code", said)
        }
        Creation::Unanswered { reason } | Creation::NotTried { reason } => reason.clone(),
    });
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_refused_account_is_told_in_one_line() {
        let creation = Creation::Refused { stage: Stage::Payment, status: 401, code: Some("7".into()), message: None };
        let preflight = Preflight {
            credential: CredentialKind::Production,
            account: Some("…6789".into()),
            site: Some("MLA".into()),
            test_user: Some(true),
            creation,
        };
        let said: Vec<String> = facts(&preflight).iter().map(|fact| fact.render(Lang::En)).collect();
        assert_eq!(
            said,
            ["production credential of a test user (APP_USR-)", "account …6789", "cannot create payments: 401, 7"]
        );
    }
}
