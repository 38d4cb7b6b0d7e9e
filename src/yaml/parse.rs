//! From text to [`Node`]s, in one pass over the parser's events, without recursion.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Key, Kind, Mark, Node, Source, scalar};
use crate::i18n::Message;
use crate::run::Problem;
use crate::secret::Redactor;

/// Largest file that is read, in bytes.
const LARGEST_FILE: usize = 1024 * 1024;
/// Longest scalar that a message quotes whole, in characters.
const LONGEST_SHOWN: usize = 60;
/// Deepest nesting.
const DEEPEST: usize = 64;

/// Reads one YAML document.
///
/// # Errors
/// The first mistake: syntax, a duplicate key, an alias, a tag, a merge key, a second document, a file of more
/// than 1 MiB or nesting deeper than 64.
pub fn parse(source: &Source) -> Result<Node, Problem> {
    parse_up_to(source, LARGEST_FILE)
}

/// Reads one YAML document of at most `limit` bytes, for files that a program writes.
///
/// # Errors
/// As [`parse`].
pub fn parse_up_to(source: &Source, limit: usize) -> Result<Node, Problem> {
    let text = source.text();
    if text.len() > limit {
        return Err(Problem::input(Message::new("yaml.too-large").with("bytes", text.len()).with("limit", limit))
            .fix(Message::new("yaml.too-large-fix"))
            .in_file(&*source.file));
    }
    if let Some(problem) = nested_flow(source) {
        return Err(problem);
    }
    let mut builder = Builder { source, open: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut documents = 0;
    loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Err(error)) => return Err(syntax(source, &error)),
            Some(Ok((Event::DocumentStart(_), span))) => {
                documents += 1;
                if documents > 1 {
                    return Err(source.problem(mark(&span), 3, Message::new("yaml.second-document")));
                }
            }
            Some(Ok((event, span))) => builder.take(event, &span)?,
        }
    }
    builder.root.ok_or_else(|| source.problem(Mark { line: 1, column: 1 }, 1, Message::new("yaml.empty")))
}

/// Brackets nested too deep are found before the parser sees them: it scans them in quadratic time.
fn nested_flow(source: &Source) -> Option<Problem> {
    let mut depth = 0usize;
    let text = source.text();
    // Most files have fewer brackets than the bound, which one look at the bytes shows.
    let opened: usize = text.bytes().map(|byte| usize::from(matches!(byte, b'[' | b'{'))).sum();
    if opened <= DEEPEST * 4 {
        return None;
    }
    for (index, line) in text.lines().enumerate() {
        let mut quoted = None;
        for (column, character) in line.chars().enumerate() {
            match (quoted, character) {
                (None, '"' | '\'') => quoted = Some(character),
                (Some(quote), _) if quote == character => quoted = None,
                (None, '[' | '{') => depth += 1,
                (None, ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            // Quotes are only followed within a line, so the bound is far above the real one.
            if depth > DEEPEST * 4 {
                let mark = Mark { line: number(index + 1), column: number(column + 1) };
                return Some(source.problem(mark, 1, Message::new("yaml.too-deep").with("limit", DEEPEST)));
            }
        }
    }
    None
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn mark(span: &Span) -> Mark {
    Mark { line: number(span.start.line()), column: number(span.start.col() + 1) }
}

fn syntax(source: &Source, error: &ScanError) -> Problem {
    let mark = Mark { line: number(error.marker().line()), column: number(error.marker().col() + 1) };
    let line = source.text().lines().nth(mark.line.saturating_sub(1) as usize).unwrap_or_default();
    let fix = if line.trim_start_matches(' ').starts_with('\t') || error.info().contains("tab") {
        Message::new("yaml.syntax-tab-fix")
    } else if error.info().contains("mapping values are not allowed") {
        Message::new("yaml.syntax-colon-fix")
    } else {
        Message::new("yaml.syntax-fix")
    };
    source.problem(mark, 1, Message::new("yaml.syntax")).fix(fix)
}

/// A collection that is not closed yet.
enum Open {
    List(Mark, Vec<Node>),
    Map(Mark, Vec<(Key, Node)>, Option<Key>, Seen),
}

/// The keys of a mapping that were read so far. Most mappings are small enough to look through; a large one gets an
/// index, so that a hundred thousand keys do not take quadratic time.
#[derive(Default)]
struct Seen(HashMap<String, u32>);

impl Seen {
    /// Most keys that are looked through without an index.
    const FEW: usize = 24;

    /// The line in which a key stands already, if it does; else notes that it stands in `line`.
    fn earlier(&mut self, members: &[(Key, Node)], text: &str, line: u32) -> Option<u32> {
        if members.len() < Seen::FEW {
            return members.iter().find(|(key, _)| key.text == text).map(|(key, _)| key.mark.line);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|(key, _)| (key.text.clone(), key.mark.line)));
        }
        self.0.insert(text.to_owned(), line)
    }
}

struct Builder<'s> {
    source: &'s Source,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let mark = mark(span);
        match event {
            Event::Scalar(text, style, _, tag) => {
                self.refuse_tag(mark, tag.as_deref())?;
                if let Some(Open::Map(_, members, key @ None, seen)) = self.open.last_mut() {
                    let earlier = seen.earlier(members, &text, mark.line);
                    return match name(self.source, earlier, &text, style, mark) {
                        Ok(name) => {
                            *key = Some(name);
                            Ok(())
                        }
                        Err(problem) => Err(*problem),
                    };
                }
                let kind = match style {
                    ScalarStyle::Plain => {
                        scalar::resolve(&text).map_err(|no_json| not_json(self.source, mark, &text, no_json))?
                    }
                    _ => Kind::Text(text.into_owned()),
                };
                self.put(Node { kind, mark })
            }
            Event::SequenceStart(_, tag) => self.enter(mark, tag.as_deref(), Open::List(mark, Vec::new())),
            Event::MappingStart(_, tag) => {
                self.enter(mark, tag.as_deref(), Open::Map(mark, Vec::new(), None, Seen::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(mark, items)) => self.put(Node { kind: Kind::List(items), mark }),
                Some(Open::Map(mark, members, ..)) => self.put(Node { kind: Kind::Map(members), mark }),
                None => Ok(()),
            },
            Event::Alias(_) => {
                Err(self.source.problem(mark, 1, Message::new("yaml.alias")).fix(Message::new("yaml.alias-fix")))
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, mark: Mark, tag: Option<&Tag>, open: Open) -> Result<(), Problem> {
        self.refuse_tag(mark, tag)?;
        if let Some(Open::Map(_, _, None, _)) = self.open.last() {
            return Err(self.source.problem(mark, 1, Message::new("yaml.key-not-text")));
        }
        if self.open.len() >= DEEPEST {
            return Err(self.source.problem(mark, 1, Message::new("yaml.too-deep").with("limit", DEEPEST)));
        }
        self.open.push(open);
        Ok(())
    }

    fn refuse_tag(&self, mark: Mark, tag: Option<&Tag>) -> Result<(), Problem> {
        match tag {
            Some(tag) => {
                Err(self.source.problem(mark, 1, Message::new("yaml.tag").with("tag", format!("!{}", tag.suffix))))
            }
            None => Ok(()),
        }
    }

    fn put(&mut self, node: Node) -> Result<(), Problem> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, members, key, _)) => match key.take() {
                Some(key) => members.push((key, node)),
                None => return Err(self.source.problem(node.mark, 1, Message::new("yaml.key-not-text"))),
            },
        }
        Ok(())
    }
}

/// What looks like a number and cannot be sent as one.
fn not_json(source: &Source, mark: Mark, text: &str, no_json: scalar::NoJson) -> Problem {
    let length = text.lines().next().unwrap_or_default().chars().count();
    // It may be as long as the file, and a card's number with a character too many.
    let shown =
        |text: &str| Redactor::default().text(&text.chars().take(LONGEST_SHOWN).collect::<String>()).into_owned();
    let text = shown(text);
    let problem = |key| source.problem(mark, length, Message::new(key).with("text", &text));
    match no_json.number {
        Some(number) => {
            let fix = Message::new("yaml.not-json-number-fix").with("number", shown(&number)).with("text", &text);
            problem("yaml.not-json-number").fix(fix)
        }
        None => problem("yaml.inexact-number").fix(Message::new("yaml.inexact-number-fix").with("text", &text)),
    }
}

/// The key of a mapping, refused when it stands there twice or would merge another mapping.
fn name(
    source: &Source,
    earlier: Option<u32>,
    text: &str,
    style: ScalarStyle,
    mark: Mark,
) -> Result<Key, Box<Problem>> {
    let length = || text.chars().count();
    if text == "<<" && style == ScalarStyle::Plain {
        let problem =
            source.problem(mark, length(), Message::new("yaml.merge-key")).fix(Message::new("yaml.alias-fix"));
        return Err(Box::new(problem));
    }
    if let Some(line) = earlier {
        let message = Message::new("yaml.duplicate-key").with("key", text).with("line", line);
        return Err(Box::new(source.problem(mark, length(), message).fix(Message::new("yaml.duplicate-key-fix"))));
    }
    Ok(Key { text: text.to_owned(), mark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Problem> {
        parse(&Source::new("x.yaml", text))
    }

    #[test]
    fn a_mistake_in_every_word_of_one_long_line_takes_little_time() {
        let text =
            format!("{{ {} }}", (0..20_000).map(|number| format!("k{number}: 1")).collect::<Vec<_>>().join(", "));
        let (source, started) = (Source::new("x.yaml", &text), std::time::Instant::now());
        let node = parse(&source).unwrap();
        let Kind::Map(members) = &node.kind else { panic!("no mapping") };
        for (key, _) in members {
            source.problem(key.mark, 1, Message::new("yaml.syntax"));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
    }

    #[test]
    fn values_and_their_places_are_kept() {
        let root = read("name: uno\nsteps:\n  - post: /v1\n    body: {a: [1, \"2\"]}\n").unwrap();
        assert_eq!(root.to_json(), serde_json::json!({"name":"uno","steps":[{"post":"/v1","body":{"a":[1,"2"]}}]}));
        let steps = root.get("steps").unwrap();
        let Kind::List(items) = &steps.kind else { panic!("a list") };
        assert_eq!(items[0].get("body").unwrap().mark, Mark { line: 4, column: 11 });
    }

    #[test]
    fn what_would_mislead_is_refused_with_its_place() {
        for (text, key, line, column) in [
            ("a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 3, 1),
            ("a: &x 1\nb: *x\n", "yaml.alias", 2, 4),
            ("a: !foo 1\n", "yaml.tag", 1, 4),
            ("a: {}\n<<: {}\n", "yaml.merge-key", 2, 1),
            ("a: 1\n---\nb: 2\n", "yaml.second-document", 2, 1),
            ("", "yaml.empty", 1, 1),
            ("a: [1\n", "yaml.syntax", 1, 6),
            ("%¡¡¡\0", "yaml.syntax", 1, 6),
            ("? [a]\n: 1\n", "yaml.key-not-text", 1, 3),
            ("a: {b: [1, .5]}\n", "yaml.not-json-number", 1, 12),
            ("a: 99999999999999999999\n", "yaml.inexact-number", 1, 4),
        ] {
            let problem = read(text).unwrap_err();
            assert_eq!(problem.message.key, key, "{text}");
            assert_eq!((problem.place.line, problem.place.column), (Some(line), Some(column)), "{text}");
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        assert_eq!(read(&"[".repeat(100_000)).unwrap_err().message.key, "yaml.too-deep");
        let nested = (0..80).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
        assert_eq!(read(&nested).unwrap_err().message.key, "yaml.too-deep");
        let many: String = (0..100_000).map(|key| format!("k{key}: 1\n")).collect();
        assert!(read(&many).is_ok(), "a hundred thousand keys are read in linear time");
        assert_eq!(read(&"a".repeat(LARGEST_FILE + 1)).unwrap_err().message.key, "yaml.too-large");
    }

    #[test]
    fn tabs_get_their_own_advice() {
        let problem = read("a:\n\t- b\n").unwrap_err();
        assert_eq!(problem.fix.unwrap().key, "yaml.syntax-tab-fix");
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_document_or_a_problem(text in "[ -~\\n\\t]{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn json_is_read_as_it_is(number in proptest::prelude::any::<i64>(), text in "[a-zñé\"\\\\ ]{0,20}") {
            let value = serde_json::json!({"number": number, "list": [text, null, true]});
            proptest::prop_assert_eq!(read(&value.to_string()).unwrap().to_json(), value);
        }
    }
}
