//! The written form of what points into the embedded data, and of what must not be written as it is.
//!
//! A word (a status, say) is written as text and becomes one of a bounded set again; sites and payment methods are
//! written by name. Security codes are never written, nor a card number that is no documented test card: something of
//! the same length, check and digits at both ends stands for it, so that the sandbox answers as before.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::luhn;
use crate::specs::cards;
use crate::specs::sites::{self, PaymentMethod, Site};

/// A word of the program: serde is not to borrow it.
pub(in crate::sandbox) type Word = &'static str;

/// Most different words that are read.
const MOST_WORDS: usize = 1000;
/// Longest word that is read.
const LONGEST_WORD: usize = 100;

/// The word with this text. Words are never freed: they are few, and read at the start alone.
fn known(text: &str) -> Option<Word> {
    static WORDS: Mutex<Option<HashSet<Word>>> = Mutex::new(None);
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let words = words.get_or_insert_default();
    if let Some(word) = words.get(text) {
        return Some(word);
    }
    if words.len() >= MOST_WORDS || text.len() > LONGEST_WORD {
        return None;
    }
    let word: Word = Box::leak(text.to_owned().into_boxed_str());
    words.insert(word);
    Some(word)
}

/// `#[serde(with)]` for a word.
pub(in crate::sandbox) mod word {
    use super::*;

    pub(in crate::sandbox) fn serialize<S: Serializer>(word: &Word, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(word)
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
        known(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("too many words"))
    }
}

/// `#[serde(with)]` for a pair of words.
pub(in crate::sandbox) mod words {
    use super::*;

    pub(in crate::sandbox) fn serialize<S: Serializer>(pair: &(Word, Word), to: S) -> Result<S::Ok, S::Error> {
        pair.serialize(to)
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<(Word, Word), D::Error> {
        let (one, other) = <(String, String)>::deserialize(from)?;
        known(&one).zip(known(&other)).ok_or_else(|| D::Error::custom("too many words"))
    }
}

/// `#[serde(with)]` for a site, by its id.
pub(in crate::sandbox) mod site {
    use super::*;

    pub(in crate::sandbox) fn serialize<S: Serializer>(site: &&'static Site, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&site.id)
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Site, D::Error> {
        sites::get(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("unknown site"))
    }
}

/// `#[serde(with)]` for a payment method, as `SITE/ID`.
pub(in crate::sandbox) mod method {
    use super::*;

    pub(in crate::sandbox) fn serialize<S: Serializer>(
        method: &&'static PaymentMethod,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let has = |site: &&Site| site.payment_methods.iter().any(|one| std::ptr::eq(one, *method));
        let site = sites::all().iter().find(has).map_or("", |site| site.id.as_str());
        to.collect_str(&format_args!("{site}/{}", method.id))
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<&'static PaymentMethod, D::Error> {
        let text = String::deserialize(from)?;
        let (site, id) = text.split_once('/').unwrap_or_default();
        let method = sites::get(site).and_then(|site| site.payment_method(id));
        method.ok_or_else(|| D::Error::custom("unknown payment method"))
    }
}

/// `#[serde(serialize_with)]` for a card number.
pub(in crate::sandbox) fn number<S: Serializer>(number: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    number.as_deref().map(stand_in).serialize(to)
}

/// `#[serde(serialize_with)]` for a security code: its length is kept, and whether it is digits.
pub(in crate::sandbox) fn security_code<S: Serializer>(code: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    let hide = |code: &str| -> String {
        code.chars().map(|character| if character.is_ascii_digit() { '1' } else { 'x' }).collect()
    };
    code.as_deref().map(hide).serialize(to)
}

/// A documented test card as it is; for any other number one of the same length with its first six and last four
/// characters, which passes the check digit if it did.
fn stand_in(number: &str) -> String {
    let test = cards::all().iter().flat_map(|site| &site.cards).any(|card| card.number == number);
    let length = number.chars().count();
    if test || length <= 10 {
        return number.to_owned();
    }
    let hidden: Vec<char> = number
        .chars()
        .enumerate()
        .map(|(place, character)| match character {
            _ if place < 6 || place >= length - 4 => character,
            digit if digit.is_ascii_digit() => '0',
            _ => 'x',
        })
        .collect();
    let with = |digit: char| -> String {
        hidden
            .iter()
            .enumerate()
            .map(|(place, known)| if place == 6 && *known == '0' { digit } else { *known })
            .collect()
    };
    // Every remainder modulo ten is reached by one digit, so that one of them passes the check if any can.
    ('0'..='9').map(with).find(|one| luhn(one) == luhn(number)).unwrap_or_else(|| hidden.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_card_number_is_written_but_those_of_test_cards() {
        for card in cards::all().iter().flat_map(|site| &site.cards) {
            assert_eq!(stand_in(&card.number), card.number);
        }
        for number in
            ["4111111111111111", "4111111111111112", "378282246310005", "5105105105105100", "411111abc1111111"]
        {
            let hidden = stand_in(number);
            assert_ne!(hidden, number);
            assert_eq!((&hidden[..6], &hidden[hidden.len() - 4..]), (&number[..6], &number[number.len() - 4..]));
            assert_eq!((hidden.len(), luhn(&hidden)), (number.len(), luhn(number)), "{number} {hidden}");
        }
        assert_eq!(stand_in("411111"), "411111");
    }

    #[test]
    fn words_come_back_and_are_bounded() {
        assert_eq!(known("approved"), Some("approved"));
        assert_eq!(known("approved").map(str::as_ptr), known("approved").map(str::as_ptr));
        assert_eq!(known(&"x".repeat(101)), None);
    }

    #[test]
    fn methods_are_written_with_their_site() {
        for site in sites::all() {
            for one in &site.payment_methods {
                let text = method::serialize(&one, serde_json::value::Serializer).unwrap();
                assert_eq!(text, format!("{}/{}", site.id, one.id));
                assert!(std::ptr::eq(method::deserialize(text).unwrap(), one));
            }
        }
    }
}
