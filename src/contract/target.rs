//! Where scenarios go, and with whose credentials.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::run::{Problem, TargetInfo};
use crate::sandbox;

/// Whose credential a step uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// The seller's access token; the rule.
    #[default]
    Seller,
    /// The seller's public key, as the card form uses it.
    PublicKey,
    /// The access token of another seller.
    OtherSeller,
    /// An access token obtained through OAuth.
    OAuth,
    /// A production access token without the payment scope.
    ProductionWithoutScope,
    /// An access token that no account has.
    Unknown,
    /// No credential at all.
    None,
}

impl Role {
    /// The words of `as:` in a step.
    pub const ALL: [(&'static str, Role); 7] = [
        ("seller", Role::Seller),
        ("public-key", Role::PublicKey),
        ("other-seller", Role::OtherSeller),
        ("oauth", Role::OAuth),
        ("production-without-scope", Role::ProductionWithoutScope),
        ("unknown", Role::Unknown),
        ("none", Role::None),
    ];

    /// The word of `as:`.
    pub fn name(self) -> &'static str {
        Role::ALL.iter().find(|(_, role)| *role == self).map_or("seller", |(name, _)| name)
    }
}

/// What kind of place a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// The embedded sandbox: every role and site exists, faults can be asked for.
    Embedded,
    /// A base URL with one account.
    Url,
    /// A recording of a run: nothing is sent.
    Recording(Recorded),
}

/// What kind of target a recording was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The embedded sandbox.
    Embedded,
    /// A base URL with one account.
    Url,
}

impl TargetKind {
    /// The words of `targets:` in a scenario.
    pub const ALL: [(&'static str, TargetKind); 3] = [
        ("embedded", TargetKind::Embedded),
        ("url", TargetKind::Url),
        ("recording", TargetKind::Recording(Recorded::Embedded)),
    ];

    /// Whether a scenario or step for these kinds runs here; without any, it runs everywhere. A recording also runs
    /// what ran when it was made.
    pub(super) fn is_among(self, kinds: &[TargetKind]) -> bool {
        kinds.is_empty()
            || kinds.iter().any(|kind| match (self, kind) {
                (TargetKind::Recording(_), TargetKind::Recording(_)) => true,
                (TargetKind::Recording(Recorded::Embedded), kind) => *kind == TargetKind::Embedded,
                (TargetKind::Recording(Recorded::Url), kind) => *kind == TargetKind::Url,
                (own, kind) => own == *kind,
            })
    }
}

/// A target with its credentials.
pub struct Target {
    /// Kind.
    pub kind: TargetKind,
    /// Base URL.
    pub base: Url,
    /// Site of scenarios that name none.
    pub site: String,
    /// The seller's access token; unused for the embedded sandbox, which knows its own.
    pub access_token: Option<SecretString>,
    /// The seller's public key.
    pub public_key: Option<String>,
}

impl Target {
    /// The target that a recording stands for.
    ///
    /// # Errors
    /// A problem of the input when its address is none.
    pub fn recorded(head: &super::recording::Head) -> Result<Target, Problem> {
        let base = crate::config::address(&head.target.url)?;
        // Nobody sees it: it stands for a credential that the recording does not hold.
        let stand_in = |role: Role| head.target.roles.iter().any(|name| name == role.name()).then_some("TEST-recorded");
        Ok(Target {
            kind: head.kind(),
            base,
            site: head.target.site.clone(),
            access_token: stand_in(Role::Seller).map(SecretString::from),
            public_key: stand_in(Role::PublicKey).map(str::to_owned),
        })
    }

    /// The credential of a role on a site; `None` when this target has no such account.
    pub(super) fn credential(&self, site: &str, role: Role) -> Option<SecretString> {
        if matches!(self.kind, TargetKind::Embedded | TargetKind::Recording(Recorded::Embedded)) {
            return embedded_credential(site, role);
        }
        match role {
            Role::Seller => self.access_token.clone(),
            Role::PublicKey => self.public_key.clone().map(SecretString::from),
            Role::OtherSeller | Role::OAuth | Role::ProductionWithoutScope | Role::Unknown | Role::None => None,
        }
    }

    /// Whether it is on this machine, so that no account and no network has to be spared.
    pub(super) fn local(&self) -> bool {
        matches!(self.kind, TargetKind::Embedded | TargetKind::Recording(_))
            || match self.base.host() {
                Some(url::Host::Domain(name)) => name == "localhost",
                Some(url::Host::Ipv4(address)) => address.is_loopback(),
                Some(url::Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            }
    }

    /// Every secret that the target knows, for redaction.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        match self.kind {
            // What stands for the credentials of then is no secret.
            TargetKind::Recording(_) => Vec::new(),
            TargetKind::Embedded | TargetKind::Url => self.access_token.iter().cloned().collect(),
        }
    }

    /// What the record says of it.
    pub fn info(&self) -> TargetInfo {
        let kind = match self.kind {
            TargetKind::Embedded => "embedded",
            TargetKind::Url => "url",
            TargetKind::Recording(_) => "recording",
        };
        let mut url = self.base.clone();
        // Neither can fail for http and https addresses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        TargetInfo { kind: kind.to_owned(), url: url.to_string(), site: self.site.clone() }
    }
}

fn embedded_credential(site: &str, role: Role) -> Option<SecretString> {
    let account = match role {
        Role::None => return None,
        Role::Seller | Role::PublicKey | Role::Unknown => sandbox::Role::Seller,
        Role::OtherSeller => sandbox::Role::OtherSeller,
        Role::OAuth => sandbox::Role::OAuth,
        Role::ProductionWithoutScope => sandbox::Role::ProductionWithoutScope,
    };
    let account = sandbox::account(site, account);
    Some(match role {
        Role::PublicKey => SecretString::from(account.public_key),
        // Of the right shape, but nobody's: the seller's with another user id.
        Role::Unknown => SecretString::from(format!("{}0", account.access_token.expose_secret())),
        _ => account.access_token,
    })
}
