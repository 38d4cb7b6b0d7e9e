//! What a client sent and only gets back, kept as the text of a JSON object: parsed, it takes several times the memory.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::tree::Members;

/// A JSON object as compact text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sent(Box<str>);

impl Sent {
    /// The text of an object, without the members that are null and those of this name.
    pub(super) fn without(members: &Map<String, Value>, name: &str) -> Sent {
        let mut text = Vec::with_capacity(1024);
        let kept = members.iter().filter(|(own, value)| *own != name && !value.is_null());
        // A map of values always has a text.
        let written = serde_json::Serializer::new(&mut text).collect_map(kept);
        let text = written.ok().and_then(|()| String::from_utf8(text).ok());
        Sent(text.unwrap_or_else(|| "{}".to_owned()).into_boxed_str())
    }

    /// All members, which borrow from it.
    pub(super) fn tree(&self) -> Members<'_> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// One member. Whether there is one of this name at all is seen in the text, before anything is parsed.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        if !self.holds(name) {
            return None;
        }
        Member(name).deserialize(&mut serde_json::Deserializer::from_str(&self.0)).ok()?
    }

    /// Whether the text of a value can be in it: false means no, at little cost. Only for values whose text is written
    /// without escapes.
    pub(super) fn may_hold(&self, text: &str) -> bool {
        let plain = text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'));
        !plain || self.holds(text)
    }

    fn holds(&self, text: &str) -> bool {
        memchr::memmem::find(self.0.as_bytes(), text.as_bytes()).is_some()
    }

    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Reads one member of an object and skips the others.
struct Member<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Value>, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Value>;

    fn expecting(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == self.0 {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_come_back_as_they_were() {
        let whole =
            json!({ "a": { "b": null }, "b": "x\"y", "c": [0.1, 4.35e-7, 1e300, 18446744073709551615u64], "ñ": "a" });
        let mut more = whole.as_object().unwrap().clone();
        more.extend([("token".to_owned(), json!("t")), ("n".to_owned(), Value::Null)]);
        let sent = Sent::without(&more, "token");
        assert_eq!(serde_json::to_value(sent.tree()).unwrap(), whole);
        for (name, value) in whole.as_object().unwrap() {
            assert_eq!(sent.get(name).as_ref(), Some(value));
        }
        assert_eq!((sent.get("x"), sent.get("d")), (None, None), "a word in a value is no member");
        assert!(sent.may_hold("x\"y") && sent.may_hold("a") && !sent.may_hold("zzz"));
    }
}
