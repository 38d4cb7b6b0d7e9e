//! Writing a baseline: sorted, one thing a line, so that a change of the file shows a change of the contract.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::shape::{Node, Values};
use super::{Baseline, Response, VERSION, place};
use crate::i18n::{Lang, Message};

/// What stands before the types of a member that only some objects have.
pub(super) const SOMETIMES: &str = "sometimes ";

impl Baseline {
    /// The text of the file. A body that an earlier step has too is named instead of being repeated.
    pub fn text(&self, lang: Lang) -> String {
        let mut out = String::new();
        for line in Message::new("baseline.head").render(lang).lines() {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "version: {VERSION}");
        let _ = writeln!(out, "written: {}", scalar(&self.written));
        let _ = writeln!(out, "homologa: {}", scalar(env!("CARGO_PKG_VERSION")));
        let _ = writeln!(out, "catalogue: {}", scalar(crate::specs::catalogue::CURRENT_SNAPSHOT));
        let _ = writeln!(out, "target: {}", scalar(&self.target));
        let _ = writeln!(out, "site: {}", scalar(&self.site));
        comment(&mut out, "baseline.head-enumerate", lang);
        list(&mut out, "", "enumerate", self.enumerated.0.iter().map(String::as_str));
        comment(&mut out, "baseline.head-ignore", lang);
        list(&mut out, "", "ignore", self.ignore.texts());
        comment(&mut out, "baseline.head-accepted", lang);
        self.accepted(&mut out);
        if !self.findings_text.is_empty() {
            out.push_str(&self.findings_text);
            if !self.findings_text.ends_with('\n') {
                out.push('\n');
            }
        }
        comment(&mut out, "baseline.head-responses", lang);
        self.responses(&mut out);
        out
    }

    fn accepted(&self, out: &mut String) {
        out.push_str(if self.accepted.is_empty() { "accepted: []\n" } else { "accepted:\n" });
        let mut sorted: Vec<_> = self.accepted.iter().collect();
        sorted.sort_by_key(|accepted| (&accepted.change, &accepted.terms));
        for accepted in sorted {
            let (change, terms) = (&accepted.change, &accepted.terms);
            let _ = writeln!(out, "  - kind: {}", scalar(&change.kind));
            let expires = terms.expires.map(|day| day.to_string());
            for (key, value) in [
                ("endpoint", Some(&change.endpoint)),
                ("path", Some(&change.path)),
                ("from", change.from.as_ref()),
                ("to", change.to.as_ref()),
                ("reason", terms.reason.as_ref()),
                ("owner", terms.owner.as_ref()),
                ("expires", expires.as_ref()),
            ] {
                if let Some(value) = value {
                    let _ = writeln!(out, "    {key}: {}", scalar(value));
                }
            }
            list(out, "    ", "in", accepted.places.iter().map(String::as_str));
        }
    }

    fn responses(&self, out: &mut String) {
        out.push_str(if self.responses.is_empty() { "responses: {}\n" } else { "responses:\n" });
        let mut first: HashMap<Body<'_>, String> = HashMap::new();
        for (scenario, steps) in &self.responses {
            let _ = writeln!(out, "  {}:", scalar(scenario));
            for (step, response) in steps {
                let _ = writeln!(out, "    {}:", scalar(step));
                let body = Body {
                    endpoint: &response.endpoint,
                    status: response.status,
                    root: &response.shape.root,
                    whole_to: response.shape.whole_to,
                };
                let same = first.get(&body);
                match same {
                    Some(same) => {
                        let _ = writeln!(out, "      as: {}", scalar(same));
                    }
                    None => {
                        first.insert(body, place(scenario, step));
                        whole(out, response);
                    }
                }
                values(out, response);
            }
        }
    }
}

/// What makes two responses share their body in the file.
#[derive(PartialEq, Eq, Hash)]
struct Body<'b> {
    endpoint: &'b str,
    status: u16,
    root: &'b Node,
    whole_to: Option<usize>,
}

pub(super) fn comment(out: &mut String, key: &'static str, lang: Lang) {
    for line in Message::new(key).render(lang).lines() {
        let _ = writeln!(out, "# {line}");
    }
}

fn list<'t>(out: &mut String, indent: &str, key: &str, items: impl Iterator<Item = &'t str>) {
    let start = out.len();
    for item in items {
        let _ = writeln!(out, "{indent}  - {}", scalar(item));
    }
    let head = if out.len() == start { format!("{indent}{key}: []\n") } else { format!("{indent}{key}:\n") };
    out.insert_str(start, &head);
}

fn whole(out: &mut String, response: &Response) {
    let _ = writeln!(out, "      request: {}", scalar(&response.endpoint));
    let _ = writeln!(out, "      status: {}", response.status);
    if let Some(level) = response.shape.whole_to {
        let _ = writeln!(out, "      whole-to-level: {level}");
    }
    out.push_str("      body:\n");
    node(out, &response.shape.root, &mut "$".to_owned(), true);
}

fn node(out: &mut String, node_: &Node, path: &mut String, always: bool) {
    let sometimes = if always { "" } else { SOMETIMES };
    let _ = writeln!(out, "        {}: {sometimes}{}", scalar(path), node_.types.text());
    let length = path.len();
    for (name, member) in &node_.members {
        super::path::push(path, name);
        node(out, &member.node, path, member.always);
        path.truncate(length);
    }
    if let Some(items) = &node_.items {
        path.push_str("[*]");
        node(out, items, path, true);
        path.truncate(length);
    }
}

fn values(out: &mut String, response: &Response) {
    let few = response.shape.values.iter().filter_map(|(path, values)| match values {
        Values::Few(few) => Some((path, few)),
        Values::Many => None,
    });
    for (index, (path, few)) in few.enumerate() {
        if index == 0 {
            out.push_str("      values:\n");
        }
        list(out, "        ", &scalar(path), few.iter().map(String::as_str));
    }
}

/// A text as YAML: plain where it can be, else in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./@$*[]{}# ".contains(character);
    let first = text.chars().next().is_some_and(|character| character.is_ascii_alphabetic() || character == '$');
    let word = matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    if first && !word && text.chars().all(plain) && !text.ends_with(' ') && !text.contains(" #") {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            // What YAML does not print, breaks lines at, or takes for a mark of the byte order.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
