//! Numbers of documents and phones of persons in prose, as error messages echo them. Not responsible for members of JSON,
//! whose names tell what they are.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::{Marks, mask_tail, pattern};

/// Fewest digits of a document or a phone.
pub(super) const FEWEST_DIGITS: u64 = 6;

/// A word for a document or a phone of a person and the number behind it, or a number written as those of Brazil (CPF,
/// CNPJ) and Chile (RUT) are.
fn document_pattern() -> &'static Regex {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    PATTERN.get_or_init(|| {
        pattern(concat!(
            r"(?i)(?:(?:identification|identificaci[oó]n|identifica[cç][aã]o|c[eé]dula|phone|tel[eé]fono|telefone|celular|",
            r"\b(?:documentos?|documents?|doc|cpf|cnpj|dni|cuit|cuil|rut|nit)(?:_?number)?\b)",
            r"[^0-9\n]{0,16}?(?P<named>[0-9][0-9./-]{4,20}[0-9k]))",
            r"|\b(?P<written>[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9k])\b",
        ))
    })
}

/// Whether a text may say in prose what number a document or a phone of a person has. Ids, dates and addresses, most of
/// what has as many digits, have no space.
pub(super) fn may_name_a_person(text: &str, marks: Marks) -> bool {
    marks.of_document() && text.contains(' ') && (has_word(text) || has_group(text))
}

/// Whether a text has any of the words of the pattern: compiling that for every command line with a port is too dear.
fn has_word(text: &str) -> bool {
    const PARTS: [&str; 13] =
        ["identif", "doc", "cpf", "cnpj", "dni", "cuit", "cuil", "rut", "nit", "dula", "phone", "fon", "celular"];
    let text = text.to_lowercase();
    PARTS.iter().any(|part| text.contains(part))
}

/// Whether a text has a group of three digits between points, or between a point and a hyphen or a slash.
fn has_group(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(5).any(|five| {
        five[0] == b'.' && five[1..4].iter().all(u8::is_ascii_digit) && matches!(five[4], b'.' | b'-' | b'/')
    })
}

/// A text with the numbers masked that it says to be those of a person.
pub(super) fn mask_documents(text: &str) -> Cow<'_, str> {
    document_pattern().replace_all(text, |found: &Captures| {
        let Some(number) = found.name("named").or_else(|| found.name("written")) else { return found[0].to_owned() };
        let whole = &found[0];
        format!("{}{}", &whole[..whole.len() - number.len()], mask_tail(number.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use crate::secret::Redactor;

    #[test]
    fn numbers_of_documents_and_phones_are_masked_where_words_name_them_and_other_numbers_stay() {
        let redactor = Redactor::default();
        for (text, number) in [
            ("Invalid cardholder.identification.number: 312322222 in site_id: MLV", "312322222"),
            ("Invalid identification number 20441236710 of payer", "20441236710"),
            ("O CPF 191.191.191-00 não é válido", "191.191.191-00"),
            ("empresa 12.345.678/0001-95 bloqueada", "12.345.678/0001-95"),
            ("el RUT 12.345.678-k no existe", "12.345.678-k"),
            ("DNI: 20.441.236 vencido", "20.441.236"),
            ("teléfono 1145678901 no válido", "1145678901"),
            ("phone number: 11987654321", "11987654321"),
        ] {
            let masked = redactor.text(text);
            assert!(!masked.contains(number) && masked.contains("****"), "{masked}");
            assert_eq!(redactor.text(&masked), masked);
        }
        for text in [
            "payment 123456789012 not found",
            "approved on 2026-11-22 10:00:00 by 44889",
            "see the documentation, version 20260101, page 123456",
            "Pago 123456 de la orden 99887766",
            "R$ 1.234.567,89 em 12 parcelas",
            "catalogue 2026-11-21 12.345.678",
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }
}
