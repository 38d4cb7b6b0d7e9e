//! Finds the fields of a page that take card data, by what they say of themselves.

use std::collections::{HashMap, HashSet};

use html5ever::LocalName;
use scraper::ElementRef;
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
/// the same form together with a code or an expiry, so that loyalty cards and due dates raise no alarm; and what only
/// the words beside a field say counts where number and code are asked for.
pub fn card_fields<'d>(document: &'d Document) -> Vec<CardField<'d>> {
    let mut fields: Vec<(CardField, Sure)> = Vec::new();
    // A day beside month and year makes a birthday of them.
    let mut dates: HashSet<Option<NodeId>> = HashSet::new();
    // Words are read only where a code of a card may be asked for.
    let source = document.source();
    let labels = CODE_WORDS.iter().any(|word| source.contains(word)).then(|| labels_of(document));
    for element in document.named(&[LocalName::from("input"), LocalName::from("select")]) {
        let kind = element.attr("type").unwrap_or_default().to_ascii_lowercase();
        if matches!(kind.as_str(), "hidden" | "submit" | "button" | "checkbox" | "radio") {
            continue;
        }
        if tells_day(&element) {
            dates.insert(form_of(&element).map(|form| form.id()));
        }
        let by_words = || {
            let words = words_of(&element, labels.as_ref()?).unwrap_or_default();
            if of_other_card(&words) {
                return None;
            }
            let role = role_of_words(&words).or_else(|| role_of_sample(&element)).map(|role| (role, Sure::Words));
            role.or_else(|| is_part_of_date(&element).then_some((CardRole::Expiry, Sure::PartOfDate)))
        };
        if let Some((role, sure)) = role_of(&element).or_else(by_words) {
            let form = form_of(&element).map(|form| form.id());
            fields.push((CardField { role, element, form }, sure));
        }
    }
    let mut asked: HashMap<Option<NodeId>, (bool, bool, bool)> = HashMap::new();
    for (field, sure) in &fields {
        let seen = asked.entry(field.form).or_default();
        seen.0 |= field.role == CardRole::Number;
        seen.1 |= field.role == CardRole::SecurityCode;
        seen.2 |= field.role == CardRole::Expiry && matches!(sure, Sure::Itself | Sure::Name);
    }
    let kept = |field: &CardField, sure: Sure| {
        let (number, code, expiry) = asked.get(&field.form).copied().unwrap_or_default();
        match sure {
            Sure::Itself => true,
            Sure::Name if field.role == CardRole::Number && pays(&field.element) => true,
            Sure::Name => number && (code || expiry),
            Sure::Words => number && code,
            Sure::PartOfDate => number && code && !dates.contains(&field.form),
        }
    };
    fields.into_iter().filter(|(field, sure)| kept(field, *sure)).map(|(field, _)| field).collect()
}

/// How a field says what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// In Mercado Pago's words, or those of browsers.
    Itself,
    /// By its name or id.
    Name,
    /// By the words that a buyer reads beside it.
    Words,
    /// By a name that says month or year of anything.
    PartOfDate,
}

/// The form that holds a field.
fn form_of<'d>(element: &Element<'d>) -> Option<ElementRef<'d>> {
    element.node.ancestors().filter_map(ElementRef::wrap).find(|node| node.value().name() == "form")
}

/// Most elements and pieces of text of a form that are read for its button.
const MAX_FORM: usize = 2_000;

/// Whether the form of a field is sent by a button that says to pay, and speaks of no card of another kind.
pub fn pays(field: &Element) -> bool {
    let Some(form) = form_of(field) else { return false };
    let says = |words: &str| {
        let words = words.to_lowercase();
        words
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| matches!(word, "pagar" | "pagá" | "paga" | "pague" | "abonar" | "abona" | "pay"))
    };
    let pressed = form.descendent_elements().take(MAX_FORM).any(|element| match element.value().name() {
        "button" => says(&element.text().take(20).collect::<String>()),
        "input" if element.value().attr("type").is_some_and(|kind| kind.eq_ignore_ascii_case("submit")) => {
            element.value().attr("value").is_some_and(says)
        }
        _ => false,
    });
    pressed && !form.text().take(MAX_FORM).any(|text| of_other_card(&text.to_lowercase()))
}

/// One of these stands wherever a page asks for the code of a card.
const CODE_WORDS: [&str; 12] =
    ["cvv", "CVV", "Cvv", "cvc", "CVC", "ccv", "CCV", "eguridad", "egurança", "ecurity code", "ecurityCode", "cc-csc"];
/// Most labels that are read, and the longest one in characters: a sentence is no label.
const MAX_LABELS: usize = 500;
const MAX_LABEL: usize = 60;

/// The words of the labels, by the id that they name.
fn labels_of<'d>(document: &'d Document) -> HashMap<&'d str, String> {
    let labels = document.named(&[LocalName::from("label")]).take(MAX_LABELS).collect::<Vec<_>>();
    let words = labels.into_iter().filter_map(|label| {
        let id = label.node.value().attr("for")?;
        Some((id, label.node.text().flat_map(str::chars).take(MAX_LABEL + 1).collect()))
    });
    words.collect()
}

/// What a buyer reads beside a field: its label, or what stands in it.
fn words_of(element: &Element, labels: &HashMap<&str, String>) -> Option<String> {
    let around = || {
        let label = element
            .node
            .ancestors()
            .find(|node| node.value().as_element().is_some_and(|element| element.name() == "label"))?;
        let text = label.descendants().filter_map(|node| node.value().as_text().map(|text| text.to_string()));
        Some(text.collect::<String>())
    };
    let said = element.attr("id").and_then(|id| labels.get(id).cloned()).or_else(around);
    let said = said.or_else(|| element.attr("aria-label").or(element.attr("placeholder")).map(str::to_owned))?;
    let said = said.trim();
    (!said.is_empty() && said.chars().count() <= MAX_LABEL).then(|| said.to_lowercase())
}

/// Whether words in lower case speak of a card of another kind, which has a number too.
fn of_other_card(words: &str) -> bool {
    let some = ["regalo", "gift", "presente", "puntos", "pontos", "club", "socio", "fidel", "loyal"];
    some.iter().any(|word| words.contains(word))
}

/// The role that the sample in an empty field says: sixteen signs in four groups, or month and year.
fn role_of_sample(element: &Element) -> Option<CardRole> {
    let sample = element.attr("placeholder")?.trim();
    let mut groups = sample.split([' ', '-']);
    let sign = |c: char| c.is_ascii_digit() || matches!(c, '#' | 'x' | 'X' | '*' | '_' | '•' | '·');
    let group = |group: &str| group.chars().count() == 4 && group.chars().all(sign);
    if groups.by_ref().take(4).filter(|one| group(one)).count() == 4 && groups.next().is_none() {
        return Some(CardRole::Number);
    }
    let date: String = sample.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    let date = date.to_ascii_lowercase();
    matches!(date.as_str(), "mm/aa" | "mm/yy" | "mm/aaaa" | "mm/yyyy").then_some(CardRole::Expiry)
}

/// Names that say no more than month or year; with `ñ` taken out of them.
const PARTS_OF_DATE: [&str; 10] = ["mes", "anio", "ano", "ao", "month", "year", "exp", "expmes", "expanio", "expano"];

fn is_part_of_date(element: &Element) -> bool {
    let names = [element.attr("id"), element.attr("name")];
    names.into_iter().flatten().any(|name| PARTS_OF_DATE.contains(&plain(name).as_str()))
}

/// Whether a field asks for a day, as those for a birthday do.
fn tells_day(element: &Element) -> bool {
    let names = [element.attr("id"), element.attr("name")];
    names.into_iter().flatten().map(plain).any(|name| {
        matches!(name.as_str(), "dia" | "day" | "bday")
            || ["nacim", "nascim", "birth"].iter().any(|part| name.contains(part))
    })
}

/// The role that the words beside a field say, in lower case.
fn role_of_words(words: &str) -> Option<CardRole> {
    let has = |some: &[&str]| some.iter().any(|word| words.contains(word));
    if has(&["cvv", "cvc", "ccv", "digo de segur", "digo seguridad", "security code"]) {
        return Some(CardRole::SecurityCode);
    }
    let card = has(&["tarjeta", "cartão", "cartao", "card"]);
    if card && has(&["número", "numero", "nro", "number", "n°", "nº", "num."]) {
        return Some(CardRole::Number);
    }
    let expiry = has(&["vencimiento", "vence", "vencimento", "validade", "caducidad", "expir", "mm/aa", "mm/yy"]);
    expiry.then_some(CardRole::Expiry)
}

/// The role of a field by what stands in its tag.
fn role_of(element: &Element) -> Option<(CardRole, Sure)> {
    if let Some(role) = element.attr("data-checkout").and_then(role_of_data_checkout) {
        return Some((role, Sure::Itself));
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
        return Some((role, Sure::Itself));
    }
    let id = element.attr("id").unwrap_or_default();
    if let Some(role) = id.strip_prefix("form-checkout__").and_then(|rest| role_of_name(&plain(rest))) {
        return Some((role, Sure::Itself));
    }
    [id, element.attr("name").unwrap_or_default()]
        .into_iter()
        .find_map(|name| role_of_name(&plain(name)))
        .map(|role| (role, Sure::Name))
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
        | "nrotarjeta" | "notarjeta" | "tarjetanumero" | "numerocartao" | "numerodocartao" | "cartaonumero" => {
            CardRole::Number
        }
        "securitycode" | "cardsecuritycode" | "cvv" | "cvv2" | "cvc" | "ccv" | "cardcvv" | "cardcvc" | "cccvv"
        | "cccsc" | "codigoseguridad" | "codigodeseguridad" | "codigoseguranca" | "codigodeseguranca" => {
            CardRole::SecurityCode
        }
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
        assert_eq!(
            roles(
                "<form><label for=numero>Número de tarjeta:</label><input id=numero name=numero><label>Vence <input \
                 name=v></label><input id=cvv name=cvv></form>"
            ),
            [Number, Expiry, SecurityCode]
        );
        assert!(
            roles("<form><label for=n>Número de tarjeta de regalo</label><input id=n><input name=cvv></form>")
                .is_empty()
        );
        assert!(roles("<form><label for=n>Número de tarjeta</label><input id=n>código de seguridad</form>").is_empty());
        // Samples and names that say little count beside a number and a code, month and year of a birthday do not.
        assert_eq!(
            roles(
                "<form><input name=n placeholder='0000 0000 0000 0000'><input name=v placeholder=MM/AA><input \
                 placeholder=CVV></form>"
            ),
            [Number, Expiry, SecurityCode]
        );
        let dated = |more: &str| {
            roles(&format!(
                "<form><input data-checkout=cardNumber><input data-checkout=securityCode><input name=exp \
                 placeholder='MM / AA'><label>Mes <select name=mes></select></label><select name=anio></select>{more}</form>"
            ))
        };
        assert_eq!(dated(""), [Number, SecurityCode, Expiry, Expiry, Expiry]);
        assert_eq!(dated("<select name=dia></select>"), [Number, SecurityCode, Expiry]);
        assert!(roles("<form><label>Tarjeta de regalo <input placeholder='0000 0000 0000 0000'></label>CVV<input name=cvv></form>").is_empty());
        assert_eq!(roles("<form><input id=cardNumber name=cardNumber><button>Pagar $ 100</button></form>"), [Number]);
        for other in ["", "<button>Consultar saldo</button>", "<p>Tarjeta de regalo</p><button>Pagar</button>"] {
            assert!(roles(&format!("<form><input id=cardNumber name=cardNumber>{other}</form>")).is_empty(), "{other}");
        }
        assert!(roles("<div id=form-checkout__cardNumber></div><!-- <input data-checkout=cardNumber> -->").is_empty());
    }
}
