//! Filling the variables of a path, so that what an answer gave cannot lead a request elsewhere.
//!
//! A value stands for one segment or a part of one: what would end the segment is escaped, and a value that leaves its
//! segment out or turns back (`..`) is refused. What the scenario writes itself stays as it is, also a whole path in one
//! variable at the beginning. Not responsible for whether the path leads to the target (see `exchange.rs`).

use std::ops::Range;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::template::{Part, parts};
use super::{Unfilled, Variables};
use crate::contract::json::plain_text;

/// Why a path has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathRefusal {
    /// A variable has no value.
    Unfilled(Unfilled),
    /// The value of the variable with this name is empty or null: the request would ask for something else.
    Empty(String),
    /// With the value of the variable with this name, a segment is `.` or `..`.
    Turns(String),
}

impl Variables {
    /// Fills the variables of a path.
    ///
    /// # Errors
    /// The first variable without a value, or whose value changes which path it is.
    pub fn fill_path(&self, template: &str) -> Result<String, PathRefusal> {
        let mut filled = String::new();
        // Where values stand, and whose.
        let mut values: Vec<(Range<usize>, &str)> = Vec::new();
        for (index, part) in parts(template).enumerate() {
            let name = match part {
                Part::Text(text) => {
                    filled.push_str(text);
                    continue;
                }
                Part::Escaped => {
                    filled.push_str("${");
                    continue;
                }
                Part::Variable(name) => name,
            };
            let unfilled = || PathRefusal::Unfilled(Unfilled { name: name.to_owned() });
            let value = self.value(name).ok_or_else(unfilled)?;
            let start = filled.len();
            if filled.contains(['?', '#']) {
                // Of a query nothing is left out, but nothing is added either.
                filled.extend(utf8_percent_encode(&plain_text(&value), UNRESERVED));
                continue;
            }
            if matches!(&*value, Value::Null) || value.as_str() == Some("") {
                return Err(PathRefusal::Empty(name.to_owned()));
            }
            let keeps = if index == 0 { WHOLE } else { SEGMENT };
            filled.extend(utf8_percent_encode(&plain_text(&value), keeps));
            values.push((start..filled.len(), name));
        }
        let end = filled.find(['?', '#']).unwrap_or(filled.len());
        let mut start = 0;
        for segment in filled[..end].split(['/', '\\']) {
            let range = start..start + segment.len();
            start = range.end + 1;
            if turns(segment) {
                let within = |value: &Range<usize>| value.start <= range.end && range.start <= value.end;
                if let Some((_, name)) = values.iter().find(|(value, _)| within(value)) {
                    return Err(PathRefusal::Turns((*name).to_owned()));
                }
            }
        }
        Ok(filled)
    }
}

/// What stands for itself everywhere in an address (RFC 3986, 2.3), and nothing else.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// And what else may stand in a segment as it is (RFC 3986, 3.3).
const SEGMENT: &AsciiSet = &UNRESERVED
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'&')
    .remove(b'+');

/// What a path that is a value keeps: all that can be seen.
const WHOLE: &AsciiSet = &CONTROLS.remove(0x7f).add(b' ');

/// Whether a segment stands for its own or the upper folder, also when its dots are escaped (URL Standard, 4.1).
fn turns(segment: &str) -> bool {
    segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(template: &str, value: Value) -> Result<String, PathRefusal> {
        let mut variables = Variables::default();
        variables.set("x", value);
        variables.fill_path(template)
    }

    #[test]
    fn a_value_stands_for_one_segment() {
        for (value, segment) in [
            (json!("abc-1_2.~"), "abc-1_2.~"),
            (json!(123), "123"),
            (json!("a/b"), "a%2Fb"),
            (json!("../../v1/customers/5?x=1"), "..%2F..%2Fv1%2Fcustomers%2F5%3Fx=1"),
            (json!("a b#ñ%2e\\\n"), "a%20b%23%C3%B1%252e%5C%0A"),
            (json!("test@testuser.com:1+2"), "test@testuser.com:1+2"),
            (json!("..."), "..."),
            (json!("http://other.example"), "http:%2F%2Fother.example"),
        ] {
            assert_eq!(filled("/v1/a/${x}/b", value.clone()), Ok(format!("/v1/a/{segment}/b")));
            assert_eq!(filled("/v1/a/n-${x}", value.clone()), Ok(format!("/v1/a/n-{segment}")));
        }
        for value in [json!(null), json!("")] {
            for template in ["/v1/a/${x}", "/v1/a/n-${x}", "/v1/${x}/a", "${x}", "${x}/a"] {
                assert_eq!(filled(template, value.clone()), Err(PathRefusal::Empty("x".into())), "{template}");
            }
        }
        for (template, value) in [
            ("/v1/a/${x}", ".."),
            ("/v1/${x}/a", "."),
            ("/v1/a/.${x}", "."),
            ("/v1/a/%2e${x}?b", "."),
            ("/v1/a/${x}${x}", "."),
            ("${x}", "/v1/../a"),
            ("${x}", "/v1/%2E%2e/a"),
            ("${x}", "/v1\\..\\a"),
            ("${x}/b", "/v1/.."),
        ] {
            assert_eq!(filled(template, json!(value)), Err(PathRefusal::Turns("x".into())), "{template} {value}");
        }
        assert_eq!(filled("/v1/${y}", json!(1)), Err(PathRefusal::Unfilled(Unfilled { name: "y".into() })));
    }

    #[test]
    fn what_the_scenario_writes_stays() {
        assert_eq!(filled("/v1/../a/$${x}/${x}", json!("b")), Ok("/v1/../a/${x}/b".into()));
        assert_eq!(filled("${x}", json!("/v1/payments/1?a=b&c=d")), Ok("/v1/payments/1?a=b&c=d".into()));
        assert_eq!(filled("${x}/refunds", json!("/v1/payments/1")), Ok("/v1/payments/1/refunds".into()));
        assert_eq!(filled("${x}", json!("/v1/.\t./a\n")), Ok("/v1/.%09./a%0A".into()));
        // In a query a value is one value.
        assert_eq!(
            filled("/s?a=${x}&b=${x}", json!("1&c=2 +/..")),
            Ok("/s?a=1%26c%3D2%20%2B%2F..&b=1%26c%3D2%20%2B%2F..".into())
        );
        assert_eq!(filled("/s?a=${x}", json!("")), Ok("/s?a=".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_value_leads_elsewhere(value in "[a-z./%\\\\?#:@2eE\\t\\n ñ]{0,12}") {
            let base: url::Url = "https://api.example/prefix/".parse().unwrap();
            if let Ok(path) = filled("/v1/a/${x}/b", json!(value)) {
                let url = base.join(&format!("./{}", &path[1..])).unwrap();
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                proptest::prop_assert!(
                    segments.len() == 5 && segments[..3] == ["prefix", "v1", "a"] && segments[4] == "b" && url.query().is_none(),
                    "{value:?} {url}"
                );
            }
        }
    }
}
