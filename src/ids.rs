//! Generated identifiers behind one seam, so that `--seed` repeats a run exactly.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A source of identifiers: the same seed gives the same sequence for the same names.
#[derive(Debug)]
pub struct Ids {
    /// Known once it is needed: many parts of a run ask for nothing.
    seed: OnceLock<u64>,
    /// The seed of the whole and the name of this part.
    part: (u64, String),
    counter: AtomicU64,
}

impl Ids {
    /// Identifiers that follow from `seed`.
    pub fn seeded(seed: u64) -> Ids {
        Ids { seed: OnceLock::from(seed), part: (seed, String::new()), counter: AtomicU64::new(0) }
    }

    /// A seed from the system's randomness (the keys of the standard library's hasher).
    pub fn random_seed() -> u64 {
        // Within what every reader of JSON keeps exactly (RFC 8259, 6: 53 bits).
        RandomState::new().hash_one(std::process::id()) >> 11
    }

    /// Identifiers for one named part of a run (a scenario, say), independent of the order in which parts run.
    pub fn part(&self, name: &str) -> Ids {
        Ids { seed: OnceLock::new(), part: (self.seed(), name.to_owned()), counter: AtomicU64::new(0) }
    }

    fn seed(&self) -> u64 {
        *self.seed.get_or_init(|| {
            let (seed, name) = &self.part;
            first_eight(&digest(*seed, u64::MAX, name))
        })
    }

    /// Passes over one identifier, so that those after it are the same as if it had been asked for.
    pub fn skip(&self) {
        self.counter.fetch_add(1, Ordering::Relaxed);
    }

    fn next(&self, name: &str) -> [u8; 32] {
        digest(self.seed(), self.counter.fetch_add(1, Ordering::Relaxed), name)
    }

    /// A UUID of version 4 in form (RFC 9562), lower case.
    pub fn uuid(&self) -> String {
        let mut hex = self.hex32();
        hex.replace_range(12..13, "4");
        hex.replace_range(16..17, "8");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// 32 hexadecimal digits, lower case.
    pub fn hex32(&self) -> String {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        self.next("hex").iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&self, limit: u64) -> u64 {
        let number = first_eight(&self.next("number"));
        number.checked_rem(limit).unwrap_or(0)
    }
}

fn first_eight(bytes: &[u8; 32]) -> u64 {
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

fn digest(seed: u64, counter: u64, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(counter.to_le_bytes());
    hash.update(name.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_parts_are_independent() {
        let (one, two) = (Ids::seeded(7), Ids::seeded(7));
        assert_eq!(one.uuid(), two.uuid());
        assert_ne!(one.uuid(), one.uuid());
        assert_eq!(one.part("a").hex32(), two.part("a").hex32());
        assert_ne!(one.part("a").hex32(), one.part("b").hex32());
        assert_eq!(one.uuid().len(), 36);
        let (one, two) = (Ids::seeded(7), Ids::seeded(7));
        one.uuid();
        two.skip();
        assert_eq!(one.hex32(), two.hex32());
        assert_eq!(one.below(0), 0);
    }
}
