//! Parts of a run: which scenarios and shops fall to which part. Knows nothing of what they are.
//!
//! The algorithm is a promise, since parts are joined again and may run on different machines and days: SHA-256 over
//! the UTF-8 bytes of the name; the first eight bytes as a big-endian number; its remainder by the number of parts,
//! plus one, is the part. The name of a scenario is the id of its result (`payments/approved[visa]@MLA`), that of a
//! shop its address as the record shows it, that of saved material its path as it was given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Problem;
use crate::i18n::Message;

/// Most parts of one run.
const MOST_PARTS: u32 = 10_000;

/// One part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub of: u32,
}

impl Shard {
    /// Whether what has this name falls to this part.
    pub fn has(self, name: &str) -> bool {
        let hash = Sha256::digest(name.as_bytes());
        let first = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        first.checked_rem(u64::from(self.of)).is_some_and(|part| part + 1 == u64::from(self.index))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = Box<Problem>;

    /// Reads `i/n` with `i` from 1 to `n`.
    fn from_str(text: &str) -> Result<Shard, Box<Problem>> {
        let numbers = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if (1..=MOST_PARTS).contains(&of) && (1..=of).contains(&index) => Ok(Shard { index, of }),
            _ => Err(Box::new(
                Problem::input(Message::new("run.bad-shard").with("word", text))
                    .fix(Message::new("run.bad-shard-fix").with("most", MOST_PARTS)),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_home_and_keeps_it() {
        // Known answers: what once fell to a part must always fall to it.
        let home = |name: &str, of| (1..=of).filter(|index| Shard { index: *index, of }.has(name)).collect::<Vec<_>>();
        for (name, of, part) in [("", 4, 1), ("payments/approved@MLA", 4, 1), ("https://tienda.example/", 7, 2)] {
            let found = home(name, of);
            assert_eq!(found, [part], "{name}");
        }
        assert_eq!(home("anything", 1), [1]);
    }

    #[test]
    fn parts_are_about_equally_large() {
        let mut sizes = [0; 8];
        for number in 0..8_000 {
            let name = format!("payments/case-{number}@MLA");
            for (index, size) in (1..).zip(&mut sizes) {
                *size += i32::from(Shard { index, of: 8 }.has(&name));
            }
        }
        assert_eq!(sizes.iter().sum::<i32>(), 8_000);
        assert!(sizes.iter().all(|size| (850..1_150).contains(size)), "{sizes:?}");
    }

    #[test]
    fn only_a_part_of_a_whole_reads() {
        assert_eq!("2/4".parse::<Shard>().unwrap(), Shard { index: 2, of: 4 });
        assert_eq!(Shard { index: 2, of: 4 }.to_string(), "2/4");
        for wrong in ["", "1", "0/4", "5/4", "-1/4", "1/0", "1/4/4", "a/b", "1/99999999999"] {
            assert_eq!(wrong.parse::<Shard>().unwrap_err().message.key, "run.bad-shard", "{wrong}");
        }
    }
}
