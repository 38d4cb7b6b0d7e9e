//! Numbers of cards that may be real, found in any text.
//!
//! Responsible for telling them from ids, times, documents, barcodes and the published test cards. Not responsible for
//! where a text comes from, nor for masking (see `secret.rs`).

use std::cell::OnceCell;
use std::ops::Range;

use super::cards;
use crate::secret::{FoundCredential, find_credentials, luhn};

/// Digits of the shortest and of the longest card number (ISO/IEC 7812-1; 13 were those of the first Visa cards).
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Length from which a word of letters and digits is an id: a UUID without hyphens, a ULID.
const SHORTEST_ID: usize = 24;
/// How far a word is followed to see whether it is an id; more than any has.
const LONGEST_WORD: usize = 64;

/// The last four digits of the first number in a text that may be that of a real card: 13 to 19 digits that begin and
/// check as one, in one piece or in groups as people write them, and no test card.
pub fn ending(text: &str) -> Option<String> {
    // Most texts are too short, or have fewer digits.
    if text.len() < *DIGITS.start() || text.bytes().filter(u8::is_ascii_digit).nth(*DIGITS.start() - 1).is_none() {
        return None;
    }
    let credentials = OnceCell::new();
    let credentials = || credentials.get_or_init(|| find_credentials(text));
    let mut run = Run::default();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character.is_ascii_digit() {
            run.digit(at);
        } else if run.ends_at(at) && characters.peek().is_some_and(|(_, next)| next.is_ascii_digit()) {
            match separator(character) {
                Some(kind) => run.separators.push(kind),
                None => {
                    if let Some(found) = run.card(text, &credentials) {
                        return Some(found);
                    }
                    run = Run::default();
                }
            }
        } else {
            if let Some(found) = run.card(text, &credentials) {
                return Some(found);
            }
            run = Run::default();
        }
    }
    run.card(text, &credentials)
}

/// What stands between two groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// A space, also one of those that do not break a line, and `+`, which stands for one in a form.
    Space,
    /// A hyphen or a short dash.
    Hyphen,
    Dot,
}

fn separator(character: char) -> Option<Separator> {
    match character {
        ' ' | '+' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => Some(Separator::Space),
        '-' | '\u{2010}'..='\u{2013}' => Some(Separator::Hyphen),
        '.' => Some(Separator::Dot),
        _ => None,
    }
}

/// Groups of digits with one separator between each two.
#[derive(Default)]
struct Run {
    groups: Vec<Range<usize>>,
    separators: Vec<Separator>,
}

impl Run {
    fn digit(&mut self, at: usize) {
        match self.groups.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            _ => self.groups.push(at..at + 1),
        }
    }

    fn ends_at(&self, at: usize) -> bool {
        self.groups.last().is_some_and(|group| group.end == at)
    }

    /// Looks at every row of groups that may be one number. Takes linear time: none has more groups than digits.
    fn card<'c>(&self, text: &str, credentials: &impl Fn() -> &'c Vec<FoundCredential>) -> Option<String> {
        for first in 0..self.groups.len() {
            let mut count = 0;
            for last in first..self.groups.len() {
                count += self.groups[last].len();
                if count > *DIGITS.end() {
                    break;
                }
                if !DIGITS.contains(&count) || !self.is_written_so(first, last) {
                    continue;
                }
                let groups = &self.groups[first..=last];
                let digits: String = groups.iter().map(|group| &text[group.clone()]).collect();
                if is_real(&digits) && !groups.iter().any(|group| in_id(text, group)) {
                    let whole = self.groups[first].start..self.groups[last].end;
                    let inside = |range: &Range<usize>| range.start <= whole.start && whole.end <= range.end;
                    if in_uuid(text, &whole) {
                        continue;
                    }
                    if !credentials().iter().any(|found| inside(&found.range)) {
                        return Some(digits[digits.len() - 4..].to_owned());
                    }
                }
            }
        }
        None
    }

    /// Whether people write card numbers in such groups. References, prices and dates come in other ones.
    fn is_written_so(&self, first: usize, last: usize) -> bool {
        let lengths: Vec<usize> = self.groups[first..=last].iter().map(Range::len).collect();
        let separators = &self.separators[first..last];
        let whole = first == 0 && last + 1 == self.groups.len();
        let alike = separators.windows(2).all(|pair| pair[0] == pair[1]);
        match lengths.as_slice() {
            [_] | [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5] | [4, 4, 5] => true,
            // With a dot it is a number with decimals.
            [4, 12] | [6, 10] | [8, 8] | [12, 4] => whole && separators != [Separator::Dot],
            [start @ .., end] if start.len() > 1 => {
                whole && alike && start.iter().all(|length| *length == start[0]) && *end <= start[0] + 1
            }
            _ => false,
        }
    }
}

/// Whether a group of digits is part of a longer id of letters and digits.
fn in_id(text: &str, group: &Range<usize>) -> bool {
    let alphanumeric = |byte: &&u8| byte.is_ascii_alphanumeric();
    let (before, after) = (&text.as_bytes()[..group.start], &text.as_bytes()[group.end..]);
    let before: Vec<&u8> = before.iter().rev().take(LONGEST_WORD).take_while(alphanumeric).collect();
    let after: Vec<&u8> = after.iter().take(LONGEST_WORD).take_while(alphanumeric).collect();
    before.len() + group.len() + after.len() >= SHORTEST_ID
        && before.iter().chain(&after).any(|byte| byte.is_ascii_digit())
}

/// Whether groups of digits are part of a UUID (RFC 9562, 4): one in some 100,000 has the digits of a card.
fn in_uuid(text: &str, groups: &Range<usize>) -> bool {
    const LENGTH: usize = 36;
    let of_uuid = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b'-';
    let bytes = text.as_bytes();
    let before = bytes[..groups.start].iter().rev().take(LENGTH).take_while(of_uuid).count();
    let after = bytes[groups.end..].iter().take(LENGTH).take_while(of_uuid).count();
    let word = &bytes[groups.start - before..groups.end + after];
    let hyphen = |(index, byte): (usize, &u8)| matches!(index, 8 | 13 | 18 | 23) == (*byte == b'-');
    word.len() == LENGTH && word.iter().enumerate().all(hyphen)
}

/// Whether digits have the length, the beginning and the check digit of a card number and are no test card. Ids, times
/// and documents have as many digits, but begin otherwise or have check digits of their own.
fn is_real(digits: &str) -> bool {
    let begins = |from: u32, to: u32, count: usize| {
        digits
            .get(..count)
            .and_then(|start| start.parse::<u32>().ok())
            .is_some_and(|start| (from..=to).contains(&start))
    };
    let brand = match digits.len() {
        13 => begins(4, 4, 1) && !is_ean(digits),
        14 => (begins(300, 305, 3) || begins(36, 36, 2) || begins(38, 39, 2)) && !is_cnpj(digits),
        15 => begins(34, 34, 2) || begins(37, 37, 2),
        16 => begins(4, 6, 1) || begins(2221, 2720, 4) || begins(3528, 3589, 4),
        18 => (begins(4, 4, 1) || begins(5, 6, 1)) && !is_clabe(digits),
        _ => begins(4, 4, 1) || begins(5, 6, 1),
    };
    brand && luhn(digits) && cards::by_number(digits).is_none()
}

/// The sum of the digits, each times its weight; the weights begin anew when they are over.
fn weighted(digits: &str, weights: &[u32], each: impl Fn(u32) -> u32) -> u32 {
    digits.bytes().zip(weights.iter().cycle()).map(|(byte, weight)| each(u32::from(byte - b'0') * weight)).sum()
}

/// The barcode of goods (GS1 General Specifications, 7.9.1).
fn is_ean(digits: &str) -> bool {
    weighted(digits, &[1, 3], |product| product) % 10 == 0
}

/// The account number of a Mexican bank (CLABE): the last digit completes the sum.
fn is_clabe(digits: &str) -> bool {
    let (account, check) = digits.split_at(17);
    (weighted(account, &[3, 7, 1], |product| product % 10) + weighted(check, &[1], |digit| digit)) % 10 == 0
}

/// The number of a Brazilian company (CNPJ): two check digits, modulo 11.
fn is_cnpj(digits: &str) -> bool {
    let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let check = |count: usize| match weighted(&digits[..count], &weights[13 - count..], |product| product) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    let digit = |index: usize| u32::from(digits.as_bytes()[index] - b'0');
    check(12) == digit(12) && check(13) == digit(13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_cards_are_found_however_they_are_written() {
        for text in [
            "4000000000000002",
            "n=4000000000000002&b=1",
            "{\"card_number\":\"4000000000000002\"}",
            "pague con 4000 0000 0000 0002 hoy",
            "4000\u{a0}0000\u{a0}0000\u{a0}0002",
            "4000.0000.0000.0002",
            "4000+0000+0000+0002",
            "4000-0000 0000-0002",
            "40000000-00000002",
            "400000 0000000002",
            "40 00 00 00 00 00 00 02",
            "4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2",
            "5031755734530604 4000000000000002",
            "5031 7557 3453 0604 4000 0000 0000 0002",
            "4000 0000 0000 0002 123 12 2030",
            "tarjeta4000000000000002hoy",
            "v1/4000000000000002",
            "N-1-4000000000000002-2",
            "4000000000000002.0",
            "-4000000000000002",
            "TEST-4000000000000002",
            "ñ4000000000000002ñ",
        ] {
            assert_eq!(ending(text).as_deref(), Some("0002"), "{text}");
        }
        for (text, last) in [
            ("378282246310005", "0005"),
            ("3782 822463 10005", "0005"),
            ("30569309025904", "5904"),
            ("4222222222222", "2222"),
            ("6304000000000000", "0000"),
            ("6799990100000000019", "0019"),
            ("2223003122003222", "3222"),
        ] {
            assert_eq!(ending(text).as_deref(), Some(last), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_cards() {
        for text in [
            // Test cards, in every form.
            "5031755734530604",
            "pague con 5031 7557 3453 0604 y 371180303257522",
            // Mistyped.
            "4000000000000003",
            // Payments, times, orders.
            "1234567890",
            "12345678901",
            "123456789012",
            "1700000000000",
            "1700000000000000000",
            "2026-01-02 03:04:05.123456789",
            "20260102030405",
            // A reference that checks as a card would; nobody writes cards so.
            "4512-20261122-0000",
            "4512-20261122-0000 4512-20261122-0001",
            // Prices and places.
            "4.500 5.500 6.500 7.000",
            "40000000.00000002",
            // Ids of letters and digits, and a UUID of digits alone.
            "ab4000000000000002cdef01234567ab",
            "ORD014000000000000002JSSBK5PSV3DF",
            "00000000-0000-4000-4000-000000000002",
            "ab014000-0000-4000-8000-000000000000",
            "abcd4000-0000-0000-0002-ab0000000002",
            // Credentials.
            "TEST-4000000000000002-010203-0123456789abcdef0123456789abcdef-123456789",
            "TEST-40000000-0000-0002-0123-456789abcdef",
            // Boletos, as barcode and as people type them.
            "23793381286000782713695000063305984660000012345",
            "23793.38128 60007.827136 95000.063305 9 84660000012345",
            "34191.79001 01043.510047 91020.150008 4 84660000026000",
            "34191790010104351004791020150008484660000026000",
            "00020126580014br.gov.bcb.pix0136abcdefab-abcd-abcd-abcd-abcdefabcdef5204000053039865802BR5913Nome",
            // Accounts: CBU, CVU, CLABE; companies and goods.
            "0170099220000067797370",
            "0000003100012345678901",
            "646180157654217272",
            "36473910000139",
            "4006383354118",
            "+54 9 11 1234 5678",
            "+55 11 91234-5678",
            "45.123.200.101",
        ] {
            assert_eq!(ending(text), None, "{text}");
        }
    }

    #[test]
    fn check_digits_of_others_are_known() {
        assert!(is_ean("4006383354118") && !is_ean("4006383354119"));
        assert!(is_clabe("646180157654217272") && !is_clabe("646180157654217273"));
        assert!(is_clabe("032180000118359719"));
        assert!(is_cnpj("36473910000139") && !is_cnpj("36473910000130") && is_cnpj("11222333000181"));
    }

    #[test]
    fn long_texts_take_linear_time() {
        let began = std::time::Instant::now();
        for piece in ["4", "4 ", "4000 0000 0000 0003 ", "4000000000000003 ", "a4000000000000003", "4.4-"] {
            assert_eq!(ending(&piece.repeat(200_000)), None, "{piece}");
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn any_text_may_be_looked_at(text in "[0-9 .+ña-\u{a0}-]{0,60}") {
            if let Some(last) = ending(&text) {
                proptest::prop_assert!(last.len() == 4 && last.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
