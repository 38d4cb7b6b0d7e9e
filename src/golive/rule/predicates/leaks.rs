//! Card data that scripts carry away: sent to the shop, put into an address, kept in the browser, written to a log.
//!
//! Static reading sees a value only where its name or its field stands in the very call. It objects when that is
//! sure, and leaves open what it cannot follow.

use std::ops::Range;

use super::patterns;
use super::scripts::{Source, Spot, quoted};
use crate::golive::page::card::CardRole;
use crate::golive::page::js::{object_at, parts, properties, without_strings};
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::{Hits, MAX_PLACES, slice};
use crate::i18n::Message;

patterns! {
    // A name that says card number or security code; what follows tells whether it is the value.
    NAME = r"(?i)(?:^|[^\w$])(card_?number|credit_?card_?number|card_?num|(?:numero|nro)_?(?:de_?|da_?|do_?)?(?:tarjeta|cartao)|tarjeta_?numero|security_?code|card_?cvv|card_?cvc|cvv2?|cvc2?|codigo_?(?:de_?)?seguridad|codigo_?(?:de_?)?seguranca)\b";
    // A field that is read: by id, by selector or by jQuery.
    READ = r#"(?i)(?:getElementById\s*\(\s*["'`](?:form-checkout__|mp-?)?|querySelector\s*\(\s*["'`][^"'`]*?|(?:\$|jQuery)\s*\(\s*["'`][^"'`]*?)(?:card_?-?number|security_?-?code|cvv2?|cvc2?)\b[^"'`()]{0,10}["'`]\s*\)\s*(?:\.\s*value\b|\.\s*val\s*\(\s*\))"#;
    // What keeps the value whole, and what takes a harmless part of it or asks about it.
    KEEPS = r"^\s*(?:\??\.\s*(?:value\b(?:\s*\(\s*\))?|val\s*\(\s*\)|trim\s*\(\s*\)|toString\s*\(\s*\)|current\b|replace(?:All)?\s*\((?:[^()]|\([^()]*\))*\)))*";
    OTHER_USE = r"^\s*(?:\??\.\s*[\w$]|\[|=[^=>]|\()";
    SINK_NETWORK = r"(?:\bfetch|\baxios(?:\s*\.\s*(?:post|put|patch|get|request))?|(?:\$|\bjQuery)\s*\.\s*(?:post|ajax|get|getJSON)|\.\s*sendBeacon|\b(?:http|api|client|request|xhr|ajax|req|httpClient)\s*\.\s*(?:post|put|patch|send|get))\s*(\()";
    SINK_STORE = r"\b(?:localStorage|sessionStorage)\s*\.\s*setItem\s*(\()";
    SINK_PROPERTY = r#"(?:\b(?:localStorage|sessionStorage)\s*(?:\.\s*[\w$]+|\[[^\]]+\])|\bdocument\s*\.\s*cookie)\s*=[^=]"#;
    SINK_LOG = r"\bconsole\s*\.\s*(?:log|info|debug|warn|error|table|dir)\s*(\()";
    SINK_ADDRESS = r"(?:\blocation(?:\s*\.\s*(?:href|search|hash))?\s*=[^=]|\blocation\s*\.\s*(?:assign|replace)\s*\(|\bwindow\s*\.\s*open\s*\(|\bhistory\s*\.\s*(?:pushState|replaceState)\s*\()";
    STORED_TOKEN = r#"(?i)^["'`](?:mp_?)?(?:card_?)(?:token|number|cvv)(?:_?id)?["'`]$"#;
    PROVIDER = r"mercadopago\.com|mercadolibre\.com|createCardToken|createToken";
    FORM_DATA = r"\bnew\s+FormData\s*\(|\.\s*serialize(?:Array)?\s*\(";
    NAMES_BODY = r"^(?:JSON\s*\.\s*stringify\s*\(\s*)?([A-Za-z_$][\w$]*)\s*\)?$";
    PART = r"\.\s*(?:slice|substr|substring|length|charAt|at)\b|(?i)\blast_?(?:four|4)|\bfirst_?six|\bmask|\bbin\b";
    FUNCTION = r"^(?:async\b|function\b|\(?[\w$,\s]{0,40}\)?\s*=>|new\s+FormControl|useRef|(?:z|yup|Yup|Joi)\s*\.)";
    ASKED = r"(?i)(?:!|\btypeof\s+|\berrors?\s*\??\.\s*|\bvalidation\s*\.\s*|\btouched\s*\.\s*|\bis|\bvalid\w*\s*\(\s*)$";
    COMPARED = r"^\s*(?:[!=]==?|\?[^.]|&&|[<>])";
    ELEMENT = r"\s*=\s*(?:document\s*\.\s*(?:getElementById|querySelector)|\$|jQuery|[\w$.]+\s*\.\s*fields\s*\.\s*create|[\w$.]+\s*\.\s*create|useRef|React\s*\.\s*useRef)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?:[;,\n]|$|\.\s*mount)";
}

/// Bytes of a statement that are read past its sink.
const STATEMENT: usize = 600;

/// Whether the page itself takes card data, so that its scripts could carry it away.
fn takes_card(view: &PageView) -> bool {
    view.card_drawn
        || view.card_fields().any(|(_, field)| matches!(field.role, CardRole::Number | CardRole::SecurityCode))
}

/// The first place in `range` where a card number or a security code stands as a value.
fn card_value(clean: &str, code: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let text = clean.get(range.clone())?;
    if let Some(found) = READ.find_iter(text).find(|found| !is_part(slice(text, found.end(), found.end() + 160))) {
        return Some(range.start + found.start()..range.start + found.end());
    }
    let blanked = code.get(range.clone())?;
    NAME.captures_iter(blanked).filter_map(|all| all.get(1)).find_map(|name| {
        let rest = slice(blanked, name.end(), name.end() + 200);
        // A key says what its value is: a value that is a mere part of the number is none.
        if let Some(value) = rest.trim_start().strip_prefix(':') {
            let value = value.split([',', '}', '\n']).next().unwrap_or_default().trim();
            let empty = value.is_empty() || matches!(value, "null" | "undefined" | "true" | "false" | "!0" | "!1");
            let quoted = value.starts_with(['"', '\'', '`', '{', '[']) && !value.contains("${");
            let part = PART.is_match(value) || FUNCTION.is_match(value);
            return (!empty && !quoted && !part).then(|| range.start + name.start()..range.start + name.end());
        }
        let element = is_element(clean, name.as_str());
        let kept = KEEPS.find(rest).map_or("", |found| found.as_str());
        let whole = !OTHER_USE.is_match(&rest[kept.len()..]) && (!element || kept.contains("val"));
        // `card.number.error`, `errors.cvv`, `typeof cvv`, `!cvv` ask about the value.
        let before = slice(blanked, name.start().saturating_sub(24), name.start());
        let asked = ASKED.is_match(before) || COMPARED.is_match(&rest[kept.len()..]);
        (whole && !asked).then(|| range.start + name.start()..range.start + name.end())
    })
}

/// Whether what follows takes a part of the value or asks about it.
fn is_part(rest: &str) -> bool {
    let kept = KEEPS.find(rest).map_or(0, |found| found.end());
    OTHER_USE.is_match(&rest[kept..]) || COMPARED.is_match(&rest[kept..])
}

/// Whether a name stands for the field, not for what was typed.
fn is_element(clean: &str, name: &str) -> bool {
    clean.match_indices(name).take(50).any(|(at, _)| {
        let rest = slice(clean, at + name.len(), at + name.len() + 200);
        ELEMENT.find(rest).is_some_and(|found| found.start() == 0)
    })
}

/// The arguments of every call that matches, with the place of the call.
fn arguments(clean: &str, code: &str, sink: &regex::Regex) -> Vec<(Range<usize>, Vec<Range<usize>>)> {
    let calls = sink.captures_iter(code).filter_map(|all| Some((all.get(0)?.range(), all.get(1)?.start())));
    calls.take(200).filter_map(|(range, paren)| Some((range, parts(clean, paren)?))).collect()
}

/// The object that a body names, when it stands in the script: `JSON.stringify(data)`, `data`.
fn named_object(clean: &str, argument: &Range<usize>) -> Option<Range<usize>> {
    let text = clean.get(argument.clone())?;
    let name = NAMES_BODY.captures(text)?.get(1)?;
    let open = object_at(clean, argument.start + name.start())?;
    let all = properties(clean, open)?;
    Some(open..all.last().map_or(open + 1, |last| last.value.end))
}

/// The places where a call carries card data, and whether some call carries what cannot be followed.
fn sent(clean: &str) -> (Vec<Spot>, bool) {
    let code = without_strings(clean);
    let (mut found, mut open) = (Vec::new(), false);
    for (call, all) in arguments(clean, &code, &SINK_NETWORK) {
        let Some(last) = all.last() else { continue };
        let whole = call.start..last.end;
        if clean.get(whole.clone()).is_none_or(|text| PROVIDER.is_match(text)) {
            continue;
        }
        let mut bodies = Vec::new();
        for argument in &all {
            match properties(clean, argument.start) {
                Some(options) => {
                    let data = options
                        .iter()
                        .filter(|one| matches!(one.key.as_str(), "body" | "data" | "params"))
                        .map(|one| one.value.clone());
                    let data: Vec<_> = data.collect();
                    // `axios.post(url, { card })`: the argument is the body.
                    if data.is_empty() { bodies.push(argument.clone()) } else { bodies.extend(data) }
                }
                None => bodies.push(argument.clone()),
            }
        }
        let address = all.first().map(|first| first.start);
        for body in bodies {
            let read = named_object(clean, &body);
            let place = card_value(clean, &code, &body).or_else(|| card_value(clean, &code, read.as_ref()?));
            if let Some(place) = place {
                // What stands in the address is another rule's.
                if Some(body.start) != address && found.len() < MAX_PLACES {
                    found.push((place.clone(), quoted(clean, &place)));
                }
            } else {
                let text = clean.get(body.clone()).unwrap_or_default();
                let unknown = Some(body.start) != address && NAMES_BODY.is_match(text) && read.is_none();
                open |= unknown || FORM_DATA.is_match(text);
            }
        }
    }
    (found, open)
}

pub(super) fn sent_to_merchant(view: &PageView, hits: &mut Hits) {
    if !takes_card(view) {
        return;
    }
    for source in Source::all(view) {
        let found = source.remember("card-sent", sent);
        for (range, what) in &found.0 {
            source.hit(view, hits, range, what, Message::new("golive.card-sent").with("what", what));
        }
        if found.1 {
            hits.leave_open(Message::new("golive.sends-unread"));
        }
    }
}

/// What follows a sink, to the end of its statement.
fn statement(clean: &str, from: usize) -> Range<usize> {
    let rest = slice(clean, from, from + STATEMENT);
    let mut depth = 0_i32;
    let end = rest.char_indices().find(|(_, c)| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && matches!(c, ';' | '\n'))
    });
    from..from + end.map_or(rest.len(), |(at, _)| at)
}

fn into_address(clean: &str) -> Vec<Spot> {
    let code = without_strings(clean);
    let assigned = SINK_ADDRESS.find_iter(&code).take(200).map(|found| statement(clean, found.end().saturating_sub(1)));
    let asked = arguments(clean, &code, &SINK_NETWORK).into_iter().filter_map(|(_, all)| all.into_iter().next());
    // The first argument may hold options instead of an address.
    let asked = asked.filter(|first| !clean.get(first.clone()).unwrap_or_default().starts_with('{'));
    assigned.chain(asked).filter_map(|range| spot(clean, &code, &range)).take(MAX_PLACES).collect()
}

fn spot(clean: &str, code: &str, range: &Range<usize>) -> Option<Spot> {
    let place = card_value(clean, code, range)?;
    let what = quoted(clean, &place);
    Some((place, what))
}

pub(super) fn in_address(view: &PageView, hits: &mut Hits) {
    if takes_card(view) {
        for source in Source::all(view) {
            source.hit_all(view, hits, "card-in-address", into_address, |what| {
                Message::new("golive.card-in-address").with("what", what)
            });
        }
    }
    let get = |form: &crate::golive::page::Element| {
        form.attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("get"))
    };
    let sensitive = |role| matches!(role, CardRole::Number | CardRole::SecurityCode | CardRole::Expiry);
    for (part, form) in view.named(&[LocalName::from("form")]).filter(|(_, form)| get(form)) {
        let named = view.card_fields().find(|(other, field)| {
            *other == part
                && field.form == Some(form.node.id())
                && sensitive(field.role)
                && field.element.attr("name").is_some_and(|name| !name.trim().is_empty())
        });
        if let Some((_, field)) = named {
            let name = field.element.attr("name").unwrap_or_default();
            hits.element(
                view,
                part,
                &field.element,
                Message::new("golive.card-in-address").with("what", super::super::judge::short(name)),
            );
        }
    }
}

fn kept(clean: &str) -> Vec<Spot> {
    let code = without_strings(clean);
    let mut found = Vec::new();
    for (call, all) in arguments(clean, &code, &SINK_STORE) {
        let (Some(key), Some(value)) = (all.first(), all.get(1)) else { continue };
        let value = named_object(clean, value).unwrap_or_else(|| value.clone());
        let key_text = clean.get(key.clone()).unwrap_or_default();
        let text = clean.get(value.clone()).unwrap_or_default();
        let token = STORED_TOKEN.is_match(key_text) && !PART.is_match(text) && !text.starts_with(['"', '\'']);
        match card_value(clean, &code, &value) {
            Some(place) => found.push((place.clone(), quoted(clean, &place))),
            None if token => found.push((call.start..value.end, quoted(clean, key))),
            None => {}
        }
    }
    for set in SINK_PROPERTY.find_iter(&code).take(200) {
        found.extend(spot(clean, &code, &statement(clean, set.end().saturating_sub(1))));
    }
    found.truncate(MAX_PLACES);
    found
}

pub(super) fn stored(view: &PageView, hits: &mut Hits) {
    if !takes_card(view) {
        return;
    }
    for source in Source::all(view) {
        source.hit_all(view, hits, "card-kept", kept, |what| Message::new("golive.card-stored").with("what", what));
    }
}

fn written(clean: &str) -> Vec<Spot> {
    let code = without_strings(clean);
    let calls = arguments(clean, &code, &SINK_LOG).into_iter().flat_map(|(_, all)| all);
    let read = |argument: std::ops::Range<usize>| {
        spot(clean, &code, &argument).or_else(|| spot(clean, &code, &named_object(clean, &argument)?))
    };
    calls.filter_map(read).take(MAX_PLACES).collect()
}

pub(super) fn logged(view: &PageView, hits: &mut Hits) {
    if !takes_card(view) {
        return;
    }
    for source in Source::all(view) {
        source
            .hit_all(view, hits, "card-logged", written, |what| Message::new("golive.card-logged").with("what", what));
    }
}
