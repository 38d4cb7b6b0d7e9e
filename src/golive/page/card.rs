//! Finds the fields of a page that take card data, by what they say of themselves.

use std::collections::HashMap;

use html5ever::LocalName;
use serde::Deserialize;

use super::document::{Document, Element, NodeId};

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardRole {
    /// Card number.
    Number,
    /// Security code.
    SecurityCode,
    /// Expiry, month, year or both.
    Expiry,
    /// Name of the holder.
    Holder,
    /// Kind of the holder's document.
    DocType,
    /// Number of the holder's document.
    DocNumber,
    /// Issuing bank.
    Issuer,
    /// Number of installments.
    Installments,
}

/// A field that takes card data in the page itself (not in a frame of Mercado Pago).
#[derive(Debug, Clone, Copy)]
pub struct CardField<'d> {
    /// What it asks for.
    pub role: CardRole,
    /// The field.
    pub element: Element<'d>,
    /// The form that holds it, if one does.
    pub form: Option<NodeId>,
}

/// The card fields of a document, in order.
///
/// A field counts when it says so in Mercado Pago's own words (`data-checkout`, ids of the cardForm) or by
/// `autocomplete`; a mere name such as `cvv` or `vencimiento` counts only where a card number is asked for in
/// the same form together with a code or an expiry, so that loyalty cards and due dates raise no alarm.
pub fn card_fields<'d>(document: &'d Document) -> Vec<CardField<'d>> {
    let mut fields: Vec<(CardField, bool)> = Vec::new();
    for element in document.named(&[LocalName::from("input"), LocalName::from("select")]) {
        let kind = element.attr("type").unwrap_or_default().to_ascii_lowercase();
        if matches!(kind.as_str(), "hidden" | "submit" | "button" | "checkbox" | "radio") {
            continue;
        }
        if let Some((role, sure)) = role_of(&element) {
            let form = element
                .node
                .ancestors()
                .find(|node| node.value().as_element().is_some_and(|element| element.name() == "form"))
                .map(|node| node.id());
            fields.push((CardField { role, element, form }, sure));
        }
    }
    let mut asked: HashMap<Option<NodeId>, (bool, bool)> = HashMap::new();
    for (field, _) in &fields {
        let seen = asked.entry(field.form).or_default();
        seen.0 |= field.role == CardRole::Number;
        seen.1 |= matches!(field.role, CardRole::SecurityCode | CardRole::Expiry);
    }
    fields
        .into_iter()
        .filter(|(field, sure)| *sure || asked.get(&field.form) == Some(&(true, true)))
        .map(|(field, _)| field)
        .collect()
}

/// The role of a field, and whether it says so itself.
fn role_of(element: &Element) -> Option<(CardRole, bool)> {
    if let Some(role) = element.attr("data-checkout").and_then(role_of_data_checkout) {
        return Some((role, true));
    }
    let complete = element.attr("autocomplete").unwrap_or_default().to_ascii_lowercase();
    let by_autocomplete = complete.split_whitespace().find_map(|token| {
        Some(match token {
            "cc-number" => CardRole::Number,
            "cc-csc" => CardRole::SecurityCode,
            "cc-exp" | "cc-exp-month" | "cc-exp-year" => CardRole::Expiry,
            "cc-name" => CardRole::Holder,
            _ => return None,
        })
    });
    if let Some(role) = by_autocomplete {
        return Some((role, true));
    }
    let id = element.attr("id").unwrap_or_default();
    if let Some(role) = id.strip_prefix("form-checkout__").and_then(|rest| role_of_name(&plain(rest))) {
        return Some((role, true));
    }
    [id, element.attr("name").unwrap_or_default()]
        .into_iter()
        .find_map(|name| role_of_name(&plain(name)))
        .map(|role| (role, false))
}

/// The values that mercadopago.js v1 reads.
pub fn role_of_data_checkout(value: &str) -> Option<CardRole> {
    Some(match value {
        "cardNumber" => CardRole::Number,
        "securityCode" => CardRole::SecurityCode,
        "cardExpirationMonth" | "cardExpirationYear" | "cardExpiration" => CardRole::Expiry,
        "cardholderName" => CardRole::Holder,
        "docType" => CardRole::DocType,
        "docNumber" => CardRole::DocNumber,
        "issuer" => CardRole::Issuer,
        "installments" => CardRole::Installments,
        _ => return None,
    })
}

/// Letters and digits of a name, in lower case, at most sixty.
pub fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(60).collect()
}

/// The role that a plain name ([`plain`]) says.
pub fn role_of_name(name: &str) -> Option<CardRole> {
    Some(match name {
        "cardnumber" | "creditcardnumber" | "cardno" | "ccnumber" | "ccnum" | "numerotarjeta" | "numerodetarjeta"
        | "nrotarjeta" | "tarjetanumero" | "numerocartao" | "numerodocartao" | "cartaonumero" => CardRole::Number,
        "securitycode" | "cardsecuritycode" | "cvv" | "cvv2" | "cvc" | "cardcvv" | "cardcvc" | "cccvv" | "cccsc"
        | "codigoseguridad" | "codigodeseguridad" | "codigoseguranca" | "codigodeseguranca" => CardRole::SecurityCode,
        "cardexpirationmonth"
        | "cardexpirationyear"
        | "cardexpiration"
        | "expirationdate"
        | "cardexpirationdate"
        | "expirationmonth"
        | "expirationyear"
        | "expmonth"
        | "expyear"
        | "expiry"
        | "expirydate"
        | "cardexpiry"
        | "vencimiento"
        | "mesvencimiento"
        | "anovencimiento"
        | "fechavencimiento"
        | "validade"
        | "validadecartao"
        | "mesvalidade"
        | "anovalidade" => CardRole::Expiry,
        "cardholdername" | "cardholder" | "nombretitular" | "titular" | "nometitular" | "nomedotitular" => {
            CardRole::Holder
        }
        "doctype" | "identificationtype" | "docidentificationtype" => CardRole::DocType,
        "docnumber" | "identificationnumber" => CardRole::DocNumber,
        "issuer" => CardRole::Issuer,
        "installments" | "cuotas" | "parcelas" => CardRole::Installments,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(html: &str) -> Vec<CardRole> {
        card_fields(&Document::parse(html)).iter().map(|field| field.role).collect()
    }

    #[test]
    fn fields_are_told_by_their_own_words() {
        use CardRole::*;
        assert_eq!(
            roles("<form><input data-checkout=cardNumber><select data-checkout=docType></select></form>"),
            [Number, DocType]
        );
        assert_eq!(
            roles("<input id=form-checkout__securityCode><input autocomplete='section-a cc-number'>"),
            [SecurityCode, Number]
        );
        assert_eq!(roles("<form><input name=card_number><input name=cvv></form>"), [Number, SecurityCode]);
        assert!(roles("<form><input name=cvv></form><input name=vencimiento>").is_empty());
        assert!(roles("<form><input name=numero_tarjeta></form>").is_empty(), "a loyalty card");
        assert!(roles("<div id=form-checkout__cardNumber></div><!-- <input data-checkout=cardNumber> -->").is_empty());
    }
}
