//! A JSON object that borrows from its text: for answers, which read what was sent once and write it out again.
//!
//! Its objects are lists in the order of the text, so that nothing is hashed; asking for a member looks through them.
//! Not responsible for objects in which a name comes twice: the text of a map has none.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A value.
#[derive(Debug)]
pub(super) enum Tree<'t> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'t, str>),
    List(Vec<Tree<'t>>),
    Object(Members<'t>),
}

/// The members of an object, in order.
#[derive(Debug, Default)]
pub(super) struct Members<'t>(pub(super) Vec<(Cow<'t, str>, Tree<'t>)>);

impl<'t> Members<'t> {
    /// The value of a member.
    pub(super) fn get(&self, name: &str) -> Option<&Tree<'t>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

impl<'t> Tree<'t> {
    /// The value of a member, where this is an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Tree<'t>> {
        self.object()?.get(name)
    }

    /// The members of an object.
    pub(super) fn object(&self) -> Option<&Members<'t>> {
        match self {
            Tree::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a string.
    pub(super) fn str(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, or of a number.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Tree::Text(text) => Some(Cow::Borrowed(text)),
            Tree::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tree<'de>, D::Error> {
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Members<'de>, D::Error> {
        match Tree::deserialize(from)? {
            Tree::Object(members) => Ok(members),
            _ => Err(D::Error::custom("no object")),
        }
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree<'de>;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some((Name(name), value)) = members.next_entry()? {
            list.push((name, value));
        }
        Ok(Tree::Object(Members(list)))
    }
}

/// The name of a member: borrowed, which serde's own reading of `Cow` never does.
struct Name<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Name<'de>, D::Error> {
        match from.deserialize_str(Reader)? {
            Tree::Text(name) => Ok(Name(name)),
            _ => Err(D::Error::custom("no name")),
        }
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Null => to.serialize_unit(),
            Tree::Bool(value) => to.serialize_bool(*value),
            Tree::Number(number) => number.serialize(to),
            Tree::Text(text) => to.serialize_str(text),
            Tree::List(items) => to.collect_seq(items),
            Tree::Object(members) => members.serialize(to),
        }
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut to = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            to.serialize_entry(name, value)?;
        }
        to.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        let text = r#"{"a":{"b\n":[1,-2,0.1,4.35e-7,1e+300,18446744073709551615,null,true]},"ñ":"x\"y","e":{},"z":[]}"#;
        let members: Members = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&members).unwrap(), text);
        assert_eq!(members.get("ñ").and_then(Tree::str), Some("x\"y"));
        assert!(members.get("b\n").is_none() && members.get("a").unwrap().get("b\n").is_some());
        assert!(serde_json::from_str::<Members>("[]").is_err());
    }
}
