//! Credentials in what every visitor can read.

use std::ops::Range;

use super::patterns;
use crate::golive::page::PageView;
use crate::golive::rule::hits::{Hits, SECRET, masked};
use crate::golive::rule::judge::short;
use crate::i18n::Message;
use crate::secret::{Credential, FoundCredential, find_credentials, mask_credential};

patterns! {
    KEY_CALL = r#"(?:setPublishableKey|new\s+(?:window\.)?MercadoPago|initMercadoPago)\s*\(\s*["'`]([^"'`\n]+)["'`]"#;
    PLACEHOLDER = r"(?i)^[<{\[$%\s]*(?:(?:your|tu|sua|seu|my|enter|insert|env)[\s_-]*)?(?:mp[\s_-]*)?(?:prod(?:uction)?[\s_-]*|test[\s_-]*|sample[\s_-]*)?(?:public[\s_-]*key|access[\s_-]*token|publishable[\s_-]*key|clave[\s_-]*publica)(?:[\s_-]*(?:here|aqui|aquí|goes[\s_-]*here))?[>}\]%\s]*$|^(?:APP_USR|TEST)-[x*.-]{4,}$|^[<{\[\s]*[a-záéíóúç_\s-]*(?:api|app|my|mp|tu|your|sua|seu|pega|coloca|insira|sustituye|reemplaza)[a-záéíóúç_\s-]*(?:key|clave|chave|credential|token)[a-záéíóúç_\s-]*[>}\]\s]*$";
    // What a template leaves to the server or to the script is no sample value.
    TEMPLATED = r"\$\{|\{\{|<\?|<%|@[a-z{]";
    LITERAL = r#"["'`](<?\b(?:YOUR|TU|SUA|ENV)_(?:PUBLIC_KEY|ACCESS_TOKEN|PREFERENCE_ID)\b>?|<PREFERENCE_ID>|<PUBLIC_KEY>)["'`]"#;
    PREFERENCE = r#"preferenceId["'`]?\s*:\s*["'`](<?(?:YOUR_|TU_)?PREFERENCE_ID>?)["'`]"#;
    FILLER = r"(?i)^x+$|your|secret|example";
}

/// Signs of the longest text that may stand in the place of a key.
const MAX_KEY: usize = 80;
/// Signs of the longest secret.
const MAX_SECRET: usize = 128;

pub(super) fn private(view: &PageView, hits: &mut Hits) {
    // Comments count: whoever reads the page reads them too.
    for (part, read) in view.parts.iter().enumerate() {
        for (range, shown) in private_of(read.credentials(), read.document.source()) {
            hits.markup(view, part, range, &shown, Message::new("golive.private-credential").with("value", &shown));
        }
    }
    for script in view.scripts.iter().chain(&view.served) {
        for (range, shown) in script.remember("private", || private_in(script.source())).iter() {
            hits.script(script, range.clone(), shown, Message::new("golive.private-credential").with("value", shown));
        }
    }
}

fn private_in(source: &str) -> Vec<(Range<usize>, String)> {
    private_of(&find_credentials(source), source)
}

fn private_of(found: &[FoundCredential], source: &str) -> Vec<(Range<usize>, String)> {
    let private = found.iter().filter(|found| found.kind != Credential::PublicKey);
    private.filter_map(|found| Some((found.range.clone(), mask_credential(source.get(found.range.clone())?)))).collect()
}

pub(super) fn client_secret(view: &PageView, hits: &mut Hits) {
    for (part, read) in view.parts.iter().enumerate() {
        let source = read.document.source();
        for (range, id) in secrets_in(source) {
            hits.markup(view, part, range, &id, Message::new("golive.client-secret").with("name", &id));
        }
    }
    for script in view.scripts.iter().chain(&view.served) {
        for (range, id) in script.remember("secrets", || secrets_in(script.source())).iter() {
            hits.script(script, range.clone(), id, Message::new("golive.client-secret").with("name", id));
        }
    }
}

/// The name of each secret that has a real-looking value. The value itself never leaves this function.
fn secrets_in(source: &str) -> Vec<(Range<usize>, String)> {
    SECRET
        .captures_iter(source)
        .filter_map(|found| {
            let value = found.get(1).filter(|value| value.len() <= MAX_SECRET)?;
            let real = value.as_str().bytes().any(|byte| byte.is_ascii_digit()) && !FILLER.is_match(value.as_str());
            let whole = found.get(0)?;
            let name: String =
                whole.as_str().chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect();
            real.then(|| (whole.range(), name))
        })
        .collect()
}

pub(super) fn test_public_key(view: &PageView, hits: &mut Hits) {
    let message = |shown: &str| Message::new("golive.test-public-key").with("value", shown);
    // A look at the whole source spares most pages a look at every attribute.
    let written = |part: usize| view.parts[part].credentials().iter().any(is_test_key);
    for part in (0..view.parts.len()).filter(|part| written(*part)) {
        for element in view.parts[part].document.elements() {
            let keys = element.node.value().attrs().flat_map(|(_, value)| test_keys_in(value)).next();
            if let Some((_, shown)) = keys {
                hits.element(view, part, &element, message(&shown));
            }
        }
    }
    for inline in &view.inline {
        for (range, shown) in test_keys_in(&inline.clean) {
            let range = inline.start + range.start..inline.start + range.end;
            hits.markup(view, inline.part, range, &shown, message(&shown));
        }
    }
    for script in &view.scripts {
        for (range, shown) in script.remember("test-keys", || test_keys_in(&script.clean)).iter() {
            hits.script(script, range.clone(), shown, message(shown));
        }
    }
}

fn is_test_key(found: &FoundCredential) -> bool {
    found.kind == Credential::PublicKey && found.test
}

fn test_keys_in(text: &str) -> Vec<(Range<usize>, String)> {
    find_credentials(text)
        .into_iter()
        .filter(is_test_key)
        .filter_map(|found| Some((found.range.clone(), mask_credential(text.get(found.range)?))))
        .collect()
}

pub(super) fn placeholder(view: &PageView, hits: &mut Hits) {
    let message = |shown: &str| Message::new("golive.placeholder").with("value", short(&masked(shown)));
    for inline in &view.inline {
        for (range, shown) in placeholders_in(&inline.clean) {
            let range = inline.start + range.start..inline.start + range.end;
            hits.markup(view, inline.part, range, &shown, message(&shown));
        }
    }
    for script in &view.scripts {
        for (range, shown) in script.remember("placeholders", || placeholders_in(&script.clean)).iter() {
            hits.script(script, range.clone(), shown, message(shown));
        }
    }
}

fn placeholders_in(clean: &str) -> Vec<(Range<usize>, String)> {
    let in_calls = KEY_CALL
        .captures_iter(clean)
        .filter_map(|found| found.get(1))
        .filter(|v| v.as_str().chars().count() <= MAX_KEY)
        .filter(|v| PLACEHOLDER.is_match(v.as_str()) && !TEMPLATED.is_match(v.as_str()));
    let literals = LITERAL.captures_iter(clean).chain(PREFERENCE.captures_iter(clean)).filter_map(|found| found.get(1));
    let mut found: Vec<(Range<usize>, String)> =
        in_calls.chain(literals).map(|value| (value.range(), value.as_str().to_owned())).collect();
    found.sort_by_key(|(range, _)| range.start);
    found.dedup_by_key(|(range, _)| range.start);
    found
}
