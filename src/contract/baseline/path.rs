//! The paths of a baseline: JSONPath with `[*]` for every element of a list, as `$.results[*].status`.
//!
//! A name of letters, digits, `_` and `-` follows a dot; any other stands in quotes: `$['a b']`.

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A member.
    Name(String),
    /// Every element.
    Items,
}

/// Appends a member to a path.
pub(super) fn push(path: &mut String, name: &str) {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(bare) {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for character in name.chars() {
        match character {
            '\'' | '\\' => path.extend(['\\', character]),
            // What would break a line or steer a terminal.
            control if control.is_control() => path.push_str(&format!("\\u{{{:x}}}", u32::from(control))),
            other => path.push(other),
        }
    }
    path.push_str("']");
}

/// Whether a path is another one or below it.
pub(super) fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Reads a path; `None` when it is none of the form that [`push`] writes.
pub(super) fn parse(path: &str) -> Option<Vec<Segment>> {
    let mut rest = path.strip_prefix('$')?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[*]") {
            segments.push(Segment::Items);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            segments.push(Segment::Name(after[..end].to_owned()));
            rest = &after[end..];
        } else {
            let (name, after) = quoted(rest.strip_prefix("['")?)?;
            segments.push(Segment::Name(name));
            rest = after;
        }
    }
    Some(segments)
}

/// A quoted name up to its `']`, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let character = rest.chars().next()?;
        rest = &rest[character.len_utf8()..];
        match character {
            '\'' => return Some((name, rest.strip_prefix(']')?)),
            '\\' => {
                if let Some((digits, after)) = rest.strip_prefix("u{").and_then(|after| after.split_once('}')) {
                    name.push(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?);
                    rest = after;
                } else {
                    let escaped = rest.chars().next()?;
                    name.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
            }
            other => name.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_refused_that_are_none() {
        for path in ["", "a", "$a", "$.", "$..a", "$['a", "$['a'", "$[0]", "$['a\\"] {
            assert_eq!(parse(path), None, "{path}");
        }
        assert_eq!(parse("$[*].a").unwrap(), [Segment::Items, Segment::Name("a".into())]);
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_read_as_it_was_written(names in proptest::collection::vec("(.|\n|\r|'|\\\\|u\\{){0,6}", 0..4)) {
            let mut path = "$".to_owned();
            names.iter().for_each(|name| push(&mut path, name));
            let read: Vec<Segment> = names.into_iter().map(Segment::Name).collect();
            proptest::prop_assert_eq!(parse(&path).unwrap(), read);
            proptest::prop_assert!(!path.contains('\n'));
        }
    }
}
