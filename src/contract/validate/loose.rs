//! Objects as programs print them: `console.log` of Node, `print` of Python, `p` of Ruby. A superset of JSON, bounded in
//! depth; what is no value of data (functions, references) is null. Judges nothing.

use serde_json::{Map, Value};

/// Deepest object that is read.
const DEEPEST: usize = 64;

/// An object or list that was read.
pub(super) struct Printed {
    pub(super) value: Value,
    /// Where it ends in the text.
    pub(super) end: usize,
    /// Whether the program printed a part as `[Object]` only; the value lacks that part.
    pub(super) abbreviated: bool,
}

/// Reads the object or list that begins at `start`.
///
/// # Errors
/// The place at which it is none.
pub(super) fn printed(text: &str, start: usize) -> Result<Printed, usize> {
    let mut reader = Reader { text, at: start, abbreviated: false, cut: false };
    let read = if text[start..].starts_with('[') { reader.list(0) } else { reader.object(0) };
    let Some(value) = read else { return Err(reader.at.max(start + 1)) };
    // JSON itself is read by the JSON reader, which keeps every number as it is.
    let value = serde_json::from_str(&text[start..reader.at]).unwrap_or(value);
    Ok(Printed { value, end: reader.at, abbreviated: reader.abbreviated })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    abbreviated: bool,
    /// Whether the value that was read last is such a part: it is left out of what holds it.
    cut: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST || !self.take("{") {
            return None;
        }
        let mut members = Map::new();
        loop {
            if self.take("}") {
                return Some(Value::Object(members));
            }
            let key = self.key()?;
            let value = self.value(depth + 1)?;
            // Symbols and the like are no members of a body.
            if let (Some(key), false) = (key, std::mem::take(&mut self.cut)) {
                members.insert(key, value);
            }
            if !self.take(",") && !self.rest().trim_start().starts_with('}') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST || !self.take("[") {
            return None;
        }
        let mut items = Vec::new();
        loop {
            if self.take("]") {
                return Some(Value::Array(items));
            }
            let item = self.value(depth + 1)?;
            if !std::mem::take(&mut self.cut) {
                items.push(item);
            }
            if !self.take(",") && !self.rest().trim_start().starts_with(']') {
                return None;
            }
        }
    }

    /// A key with what follows it: `name:`, `"name":`, `"name"=>`, `:name=>`, `[Symbol(x)]:`.
    #[expect(clippy::option_option, reason = "no key, and a key that is left out")]
    fn key(&mut self) -> Option<Option<String>> {
        self.skip();
        let key = match self.rest().chars().next()? {
            '"' | '\'' | '`' => Some(self.string()?),
            '[' => {
                self.at += self.rest().find(']')? + 1;
                None
            }
            _ => {
                self.take(":");
                Some(self.word()?.to_owned())
            }
        };
        (self.take("=>") || self.take(":")).then_some(key)
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let inside = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$' | '-' | '.' | '+');
        let length = rest.find(|character| !inside(character)).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| &rest[..length])
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip();
        match self.rest().chars().next()? {
            '{' => self.object(depth),
            '[' => self.bracket(depth),
            '"' | '\'' | '`' => self.strings().map(Value::String),
            // `<ref *1> {`.
            '<' if self.rest().starts_with("<ref ") => {
                self.at += self.rest().find('>')? + 1;
                self.value(depth)
            }
            _ => self.bare(depth),
        }
    }

    /// A list, or what Node writes in brackets in place of a value.
    fn bracket(&mut self, depth: usize) -> Option<Value> {
        let rest = self.rest();
        let placeholder = ["Object", "Array", "Circular", "Function", "AsyncFunction", "Getter", "class ", "Symbol"];
        if !placeholder.iter().any(|word| rest[1..].starts_with(word)) {
            return self.list(depth);
        }
        let inside = &rest[1..rest.find(']')?];
        self.at += inside.len() + 2;
        if inside.contains("null prototype") {
            return self.object(depth);
        }
        self.cut = matches!(inside, "Object" | "Array");
        self.abbreviated |= self.cut;
        Some(Value::Null)
    }

    fn bare(&mut self, depth: usize) -> Option<Value> {
        let start = self.at;
        let word = self.word()?;
        Some(match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "nil" | "undefined" | "NaN" => Value::Null,
            "b" | "u" if self.rest().starts_with(['"', '\'']) => Value::String(self.string()?),
            _ if word.starts_with(|character: char| character.is_ascii_digit() || character == '-') => {
                match serde_json::from_str(word.strip_suffix('n').unwrap_or(word)) {
                    Ok(number @ Value::Number(_)) => number,
                    // A date without quotes, as Node prints it: 2026-01-02T03:04:05.000Z.
                    _ => {
                        let end = self.text[start..].find([',', ' ', '\n', '}', ']'])?;
                        self.at = start + end;
                        Value::String(self.text[start..self.at].to_owned())
                    }
                }
            }
            // The class of an object: MercadoPagoError { … }.
            _ if self.rest().trim_start().starts_with('{') => self.object(depth)?,
            _ => {
                self.at = start;
                return None;
            }
        })
    }

    /// Strings that are joined by `+`, as Node breaks long ones.
    fn strings(&mut self) -> Option<String> {
        let mut text = self.string()?;
        while self.rest().trim_start().starts_with('+') {
            self.take("+");
            self.skip();
            text += &self.string()?;
        }
        Some(text)
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest().chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
        let mut out = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => {
                    let escape = characters.next()?.1;
                    let mut number = |digits: usize| {
                        let text: String = characters.by_ref().take(digits).map(|(_, digit)| digit).collect();
                        u32::from_str_radix(&text, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
                    };
                    out.push(match escape {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'u' => number(4),
                        'x' => number(2),
                        other => other,
                    });
                }
                _ if character == quote => {
                    self.at += index + 1;
                    return Some(out);
                }
                _ => out.push(character),
            }
        }
        // It is never closed: nothing behind it can be told apart.
        self.at = self.text.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_programs_print_reads_as_what_it_is() {
        let error = json!({"message": "it's", "cause": [{"code": 2006, "data": null}], "status": 400});
        for text in [
            "{\"message\": \"it's\", \"cause\": [{\"code\": 2006, \"data\": null}], \"status\": 400}",
            "{ message: \"it's\", cause: [ { code: 2006, data: null } ], status: 400 }",
            "{\n  message: 'it' +\n    \"'s\",\n  cause: [ MercadoPagoCause { code: 2006, data: undefined } ],\n  status: 400,\n}",
            "{'message': \"it's\", 'cause': [{'code': 2006, 'data': None}], 'status': 400}",
            "{\"message\"=>\"it's\", \"cause\"=>[{\"code\"=>2006, \"data\"=>nil}], \"status\"=>400}",
            "{:message=>'it\\'s', :cause=>[{:code=>2006, :data=>nil}], :status=>400}",
            "{ message: 'it\\u0027s', cause: [ [Object: null prototype] { code: 2006, data: [Function: x] } ], status: 400, \
             [Symbol(a)]: 'b' }",
        ] {
            let read = printed(text, 0).map_err(|at| format!("{at}: {text}")).unwrap();
            assert_eq!((read.value, read.end, read.abbreviated), (error.clone(), text.len(), false), "{text}");
        }
        let whole = "{\"id\": 123456789012345678901234, \"a\": 1.0}";
        assert_eq!(
            printed(whole, 0).ok().unwrap().value.to_string(),
            serde_json::from_str::<Value>(whole).unwrap().to_string()
        );
        let cut = printed("{ id: 1, cause: [ [Object] ], payer: [Object], tags: [Array], b: 2 }", 0).ok().unwrap();
        assert_eq!((cut.value, cut.abbreviated), (json!({"id": 1, "cause": [], "b": 2}), true));
        let date = printed("{ at: 2026-01-02T03:04:05.000Z, b: <ref *1> { c: true } }", 0).ok().unwrap().value;
        assert_eq!(date, json!({"at": "2026-01-02T03:04:05.000Z", "b": {"c": true}}));
        for text in ["{ a", "{id}", "{ a: }", "{'a': 'b", "{", "[", "{\"a\" 1}", "{ a: <Response [400]> }"] {
            assert!(printed(text, 0).is_err(), "{text}");
        }
        assert!(printed(&"{a:".repeat(5_000), 0).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[{\\[](.|\n|[{}\\[\\]:,'\"\\\\]){0,60}") {
            let end = printed(&text, 0).map_or_else(|at| at, |read| read.end);
            proptest::prop_assert!(end > 0 && end <= text.len());
        }
    }
}
