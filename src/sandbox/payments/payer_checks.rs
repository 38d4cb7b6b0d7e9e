//! What a payment refuses because of its payer: step 4 of the order in [`super::validation`].

use serde_json::Value;

use super::validation::Subject;
use crate::sandbox::accounts::{Accounts, Role, is_test_domain};
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::sandbox::json::member;

/// An object whose `type` and `id` agree.
pub(super) fn payer_is_sound(subject: &Subject) -> Checked {
    let payer = subject.payer().ok_or_else(|| Refusal::bad("4006"))?;
    let get = |name: &str| member(payer, name).filter(|value| !value.is_null());
    for object in ["identification", "phone", "address"] {
        demand(get(object).is_none_or(Value::is_object), "4006")?;
    }
    match (get("type"), get("id")) {
        (Some(kind), _) if !matches!(kind.as_str(), Some("customer" | "guest" | "registered")) => {
            Err(Refusal::bad("4029"))
        }
        // The suite of mercadopago/sdk-dotnet pays as a customer with an address and no id.
        (Some(kind), None) if kind == "customer" && get("email").is_none() => Err(Refusal::bad("4012")),
        (None, Some(_)) => Err(Refusal::bad("4013")),
        _ => Ok(()),
    }
}

/// The address: form, length, and who it belongs to.
pub(super) fn payer_email_is_sound(subject: &Subject) -> Checked {
    let payer = subject.payer().ok_or_else(|| Refusal::bad("4006"))?;
    let email = match member(payer, "email") {
        Some(Value::String(email)) => email.trim(),
        // A customer brings an address along.
        None | Some(Value::Null) if member(payer, "id").is_some_and(|id| !id.is_null()) => return Ok(()),
        _ => return Err(Refusal::bad("4050")),
    };
    demand(email.len() < 254, "4051")?;
    let (local, domain) = email.rsplit_once('@').unwrap_or_default();
    let bad = |character: char| character.is_whitespace() || character.is_control() || character == '@';
    let sound = !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
    demand(sound && !email.replacen('@', "", 1).contains(bad), "4050")?;
    demand(!email.eq_ignore_ascii_case(&subject.account.email), "2034")?;
    let operator = Accounts::all().get(&subject.site.id, Role::Operator);
    demand(operator.is_none_or(|operator| !email.eq_ignore_ascii_case(&operator.email)), "2123")?;
    demand(subject.account.live() || is_test_domain(domain), "2198")
}

/// A customer is one of the seller.
pub(super) fn customer_exists(subject: &Subject) -> Checked {
    let Some(payer) = subject.payer() else { return Ok(()) };
    if member(payer, "type").and_then(Value::as_str) != Some("customer")
        || member(payer, "id").is_none_or(Value::is_null)
    {
        return Ok(());
    }
    let customer = member(payer, "id").and_then(Value::as_str).and_then(|id| subject.state.customers.get(id));
    demand(customer.is_some_and(|customer| customer.user_id == subject.account.user_id), "2002")
}

/// The number suits its type; check digits only where they are certain (CPF).
pub(super) fn payer_document_is_sound(subject: &Subject) -> Checked {
    let document = subject.payer().and_then(|payer| member(payer, "identification")).and_then(Value::as_object);
    let Some(document) = document else { return Ok(()) };
    let number = match member(document, "number") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::String(number)) => number.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Refusal::bad("2067")),
    };
    let kind = member(document, "type").and_then(Value::as_str).unwrap_or_default();
    // A type that the site does not have tells nothing of the number.
    let Some(kind) = subject.site.identification_type(kind) else { return Ok(()) };
    let digits: Vec<u32> = number.chars().filter_map(|character| character.to_digit(10)).collect();
    let sound = match kind.id.as_str() {
        "CPF" => cpf(&digits),
        _ => kind.accepts_length(&number),
    };
    demand(sound, "2067")
}

/// The check digits of a Brazilian CPF (eleven digits, modulo 11); eleven equal digits are never one.
fn cpf(digits: &[u32]) -> bool {
    let check = |count: usize| {
        let weights = (2..=count as u32 + 1).rev();
        let sum: u32 = digits.iter().take(count).zip(weights).map(|(digit, weight)| digit * weight).sum();
        (sum * 10 % 11) % 10
    };
    digits.len() == 11
        && digits.iter().any(|digit| Some(digit) != digits.first())
        && digits.get(9) == Some(&check(9))
        && digits.get(10) == Some(&check(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_a_cpf() {
        let digits = |text: &str| text.chars().filter_map(|digit| digit.to_digit(10)).collect::<Vec<_>>();
        for right in ["12345678909", "19119119100", "01234567890", "95749019047"] {
            assert!(cpf(&digits(right)), "{right}");
        }
        for wrong in ["12345678900", "11111111111", "1234567890", ""] {
            assert!(!cpf(&digits(wrong)), "{wrong}");
        }
    }
}
