//! The accounts of the sandbox and their credentials.
//!
//! Responsible for deriving them (from site and role alone, so that they are the same after every start and on every
//! machine) and for telling which account a request speaks for. They have the shape of real ones and open nothing
//! but the sandbox.

use std::collections::HashMap;
use std::sync::OnceLock;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::specs::sites;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The test seller that takes the payments.
    Seller,
    /// Another test seller of the same country: for what belongs to somebody else.
    OtherSeller,
    /// A seller whose token was obtained through OAuth, so that `application_fee` is allowed.
    OAuth,
    /// A production credential without the payment scope: payments answer 401 with code 7.
    ProductionWithoutScope,
    /// An operator of the seller: paying with its e-mail address answers 2123.
    Operator,
    /// A suspended seller: payments answer 6033.
    Unavailable,
    /// A test buyer; its e-mail address suits payments.
    Buyer,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Seller,
        Role::OtherSeller,
        Role::OAuth,
        Role::ProductionWithoutScope,
        Role::Operator,
        Role::Unavailable,
        Role::Buyer,
    ];

    /// The name used in scenarios and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Seller => "seller",
            Role::OtherSeller => "other-seller",
            Role::OAuth => "oauth",
            Role::ProductionWithoutScope => "production-without-scope",
            Role::Operator => "operator",
            Role::Unavailable => "unavailable",
            Role::Buyer => "buyer",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An account of the sandbox.
#[derive(Debug, Clone)]
pub struct Account {
    /// Site it belongs to.
    pub site: String,
    /// What it is for.
    pub role: Role,
    /// Private credential.
    pub access_token: SecretString,
    /// Public credential, for card tokens.
    pub public_key: String,
    /// User id, the last part of the access token.
    pub user_id: u64,
    /// E-mail address, at `testuser.com`.
    pub email: String,
}

impl Account {
    /// The id of its application, which is the second part of the access token.
    pub fn application(&self) -> u64 {
        let token = self.access_token.expose_secret();
        token.split('-').nth(1).and_then(|id| id.parse().ok()).unwrap_or_default()
    }

    /// Whether its credentials are of production.
    pub fn live(&self) -> bool {
        self.role == Role::ProductionWithoutScope
    }
}

/// Whether test credentials may name an address of this domain: one of test users, or of the people of the service,
/// with whose addresses its SDKs test (mercadopago/sdk-go pays with `meli.com`).
pub(super) fn is_test_domain(domain: &str) -> bool {
    ["testuser.com", "meli.com", "mercadopago.com", "mercadolibre.com", "mercadolivre.com"]
        .iter()
        .any(|known| domain.eq_ignore_ascii_case(known))
}

/// The account of a site with a role. A site that does not exist gets credentials too; the sandbox refuses them.
pub fn account(site: &str, role: Role) -> Account {
    let bytes = Sha256::digest(format!("homologa sandbox account {site} {}", role.name()));
    let number = |at: usize| bytes.iter().skip(at).take(8).fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let prefix = if role == Role::ProductionWithoutScope { "APP_USR" } else { "TEST" };
    let user_id = 1_000_000_000 + number(16) % 1_000_000_000;
    let application = 1_000_000_000_000_000 + number(8) % 9_000_000_000_000_000;
    let created = format!("{:02}{:02}{:02}", 1 + number(3) % 12, 1 + number(5) % 28, number(7) % 24);
    let access_token = SecretString::from(format!("{prefix}-{application}-{created}-{hex}-{user_id}"));
    let key: String = bytes.iter().skip(16).map(|byte| format!("{byte:02x}")).collect();
    let public_key = format!("{prefix}-{}-{}-{}-{}-{}", &key[..8], &key[8..12], &key[12..16], &key[16..20], &key[20..]);
    let email = format!("test_user_{user_id}@testuser.com");
    Account { site: site.to_owned(), role, access_token, public_key, user_id, email }
}

/// Who a credential belongs to, for every site and role.
pub(super) struct Accounts {
    by_token: HashMap<String, Account>,
    by_key: HashMap<String, Account>,
    /// A few for each site: deriving one costs more than looking through them.
    by_site: Vec<Account>,
}

impl Accounts {
    /// All accounts of all sites, derived once.
    pub(super) fn all() -> &'static Accounts {
        static ACCOUNTS: OnceLock<Accounts> = OnceLock::new();
        ACCOUNTS.get_or_init(Accounts::derive)
    }

    fn derive() -> Accounts {
        let mut accounts = Accounts { by_token: HashMap::new(), by_key: HashMap::new(), by_site: Vec::new() };
        for site in sites::all() {
            for role in Role::ALL {
                let account = account(&site.id, role);
                accounts.by_token.insert(account.access_token.expose_secret().to_owned(), account.clone());
                accounts.by_key.insert(account.public_key.clone(), account.clone());
                accounts.by_site.push(account);
            }
        }
        accounts
    }

    /// The account of a site with a role.
    pub(super) fn get(&self, site: &str, role: Role) -> Option<&Account> {
        self.by_site.iter().find(|account| account.site == site && account.role == role)
    }

    /// The account of an application, of whichever site.
    pub(super) fn by_application(&self, id: u64) -> Option<&Account> {
        self.by_key.values().find(|account| account.application() == id)
    }

    /// The account of an access token.
    pub(super) fn by_token(&self, token: &str) -> Option<&Account> {
        self.by_token.get(token)
    }

    /// The account of a public key.
    pub(super) fn by_key(&self, key: &str) -> Option<&Account> {
        self.by_key.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Credential, find_credentials};

    #[test]
    fn credentials_are_stable_different_and_shaped_like_real_ones() {
        let mut seen = std::collections::HashSet::new();
        for site in sites::all() {
            for role in Role::ALL {
                let one = account(&site.id, role);
                let token = one.access_token.expose_secret();
                assert_eq!(token, account(&site.id, role).access_token.expose_secret());
                let found = find_credentials(token);
                assert_eq!(found.len(), 1, "{token}");
                assert_eq!((found[0].kind, found[0].range.len()), (Credential::AccessToken, token.len()));
                assert_eq!(found[0].test, !one.live());
                assert_eq!(find_credentials(&one.public_key)[0].kind, Credential::PublicKey, "{}", one.public_key);
                assert!(token.ends_with(&one.user_id.to_string()));
                assert!(seen.insert(token.to_owned()) && seen.insert(one.public_key.clone()));
                assert_eq!(Role::from_name(role.name()), Some(role));
            }
        }
    }
}
