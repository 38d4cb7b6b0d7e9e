//! What was learned of a real account before its first scenario.

use serde::{Deserialize, Serialize};

use crate::i18n::Message;

/// What the shape of an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// `TEST-`: test credentials.
    Test,
    /// `APP_USR-`: production credentials, of a real account or of a test user.
    Production,
    /// Neither prefix.
    Other,
}

/// At which request the trial stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// `POST /v1/card_tokens`.
    CardToken,
    /// `POST /v1/payments`.
    Payment,
}

/// Whether the account can create a payment: one trial with a card that is declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Creation {
    /// A payment was created.
    Works,
    /// The service refused the trial.
    Refused {
        /// At which request.
        stage: Stage,
        /// HTTP status.
        status: u16,
        /// First cause code of the answer.
        code: Option<String>,
        /// Message of the answer, masked and bounded.
        message: Option<String>,
    },
    /// The trial got no answer that says anything.
    Unanswered {
        /// Why.
        reason: Message,
    },
    /// No trial was made.
    NotTried {
        /// Why.
        reason: Message,
    },
}

/// What is known of the account of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// What the shape of the access token says.
    pub credential: CredentialKind,
    /// Id of the account, all but its last four digits masked; `None` when the target did not tell.
    pub account: Option<String>,
    /// Site of the account, when the target told it.
    pub site: Option<String>,
    /// Whether it is a test user, when the target told it.
    pub test_user: Option<bool>,
    /// Whether it can create payments.
    pub creation: Creation,
}
