//! Reads rule files and compiles what they say: selectors, patterns, predicates.

use include_dir::{Dir, include_dir};
use regex::Regex;
use scraper::Selector;

use super::model::{CheckFile, Conditions, RuleFile};
use super::predicates::{self, Predicate};
use crate::golive::page::card::CardRole;
use crate::golive::page::{Element, LocalName, PageView};
use crate::golive::quick::quick;
use crate::i18n::Message;
use crate::run::{Excerpt, Problem, RequirementCard};

/// The files of `rules/`.
pub(super) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Which elements a check looks at.
pub enum Selection {
    /// Those a selector matches; the names it can match at all, when it says them.
    Css(Selector, Vec<LocalName>),
    /// Card fields of these roles.
    Card(Vec<CardRole>),
}

/// Conditions, compiled.
#[derive(Default)]
pub struct Demands {
    pub(super) have: Option<String>,
    pub(super) lack: Option<String>,
    pub(super) attribute: Option<(String, Option<Regex>, Option<Regex>)>,
    pub(super) text: Option<Regex>,
}

/// A check, compiled.
pub enum Check {
    /// Every selected element fulfils `must`, and there are at most so many.
    Each { select: Selection, keep: Demands, must: Demands, at_most: Option<usize> },
    /// No element is selected.
    Nothing { select: Selection, keep: Demands },
    /// Some element is selected, or words or a script match.
    Some { select: Selection, keep: Demands, words: Option<Regex>, script: Option<Regex> },
    /// Nothing in the scripts matches.
    NoScript(Regex),
    /// The words a visitor reads do not match.
    NoWords(Regex),
    /// A predicate in code.
    Predicate(&'static Predicate),
}

impl Selection {
    /// The elements with the part of the page that holds them.
    pub(super) fn of<'v>(&'v self, view: &'v PageView) -> Box<dyn Iterator<Item = (usize, Element<'v>)> + 'v> {
        match self {
            Selection::Css(selector, names) if names.is_empty() => {
                Box::new(view.elements().filter(|(_, element)| selector.matches(&element.node)))
            }
            Selection::Css(selector, names) => {
                Box::new(view.named(names).filter(|(_, element)| selector.matches(&element.node)))
            }
            Selection::Card(roles) => Box::new(
                view.card_fields()
                    .filter(|(_, field)| roles.contains(&field.role))
                    .map(|(at, field)| (at, field.element)),
            ),
        }
    }
}

/// A rule file with the name it has, before it is checked.
pub(super) struct Loaded {
    /// Folder: `transport`, `sdk`, …
    pub family: String,
    /// What the file says.
    pub file: RuleFile,
    /// The compiled check.
    pub check: Check,
}

/// Reads the embedded rules, in the order of their paths, and the requirements.
pub(super) fn builtin() -> Result<(Vec<RequirementCard>, Vec<Loaded>), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    let mut requirements: Vec<RequirementCard> = Vec::new();
    match FILES.get_file("requirements.yaml").and_then(|file| file.contents_utf8()) {
        Some(text) => match serde_yaml::from_str(text) {
            Ok(read) => requirements = read,
            Err(error) => problems.push(problem_of("rules/requirements.yaml", text, &error)),
        },
        None => problems.push(Problem::input(Message::new("golive.no-requirements"))),
    }
    // Families in the order of the requirements they serve, so that reports read from the ground up.
    for family in FAMILIES {
        let mut files: Vec<_> = FILES.get_dir(family).map(|dir| dir.files().collect()).unwrap_or_default();
        files.sort_by_key(|file| file.path());
        for file in files.into_iter().filter(|file| file.path().extension().is_some_and(|end| end == "yaml")) {
            let path = format!("rules/{}", file.path().display());
            let text = file.contents_utf8().unwrap_or_default();
            match load(&path, family, text, &requirements) {
                Ok(rule) => rules.push(rule),
                Err(problem) => problems.push(*problem),
            }
        }
    }
    if problems.is_empty() { Ok((requirements, rules)) } else { Err(problems) }
}

/// The folders of `rules/`, in the order in which rules are judged and reported.
pub const FAMILIES: [&str; 13] = [
    "transport",
    "sdk",
    "card",
    "credentials",
    "result",
    "promotion",
    "terms",
    "brick",
    "pro",
    "device",
    "headers",
    "pci",
    "ux",
];

/// Reads one rule.
pub(super) fn load(
    path: &str,
    family: &str,
    text: &str,
    requirements: &[RequirementCard],
) -> Result<Loaded, Box<Problem>> {
    let file: RuleFile = serde_yaml::from_str(text).map_err(|error| problem_of(path, text, &error))?;
    let bad = |message: Message| Box::new(Problem::input(message).in_file(path));
    let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml")).unwrap_or_default();
    if stem != file.id {
        return Err(bad(Message::new("golive.id-is-not-the-file").with("id", &file.id)));
    }
    if !requirements.iter().any(|requirement| requirement.id == file.requirement) {
        return Err(bad(Message::new("golive.unknown-requirement").with("id", &file.requirement)));
    }
    let check = compile(&file.check).map_err(|message| bad(*message))?;
    Ok(Loaded { family: family.to_owned(), file, check })
}

/// A mistake in YAML with its line and column.
fn problem_of(path: &str, text: &str, error: &serde_yaml::Error) -> Problem {
    let mut problem =
        Problem::input(Message::new("golive.bad-rule-file").with("error", error)).in_file(path.to_owned());
    if let Some(place) = error.location() {
        let line = u32::try_from(place.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(place.column()).unwrap_or(u32::MAX);
        (problem.place.line, problem.place.column) = (Some(line), Some(column));
        let first = place.line().saturating_sub(2).max(1);
        let lines = text.lines().skip(first - 1).take(4).map(|line| line.chars().take(160).collect()).collect();
        let first_line = u32::try_from(first).unwrap_or(1);
        problem.excerpt = Some(Excerpt { first_line, lines, line, column, length: 1 });
    }
    problem
}

fn compile(check: &CheckFile) -> Result<Check, Box<Message>> {
    let ways = [
        check.each.is_some(),
        check.card_fields.is_some(),
        check.none.is_some(),
        check.some.is_some(),
        check.no_script.is_some(),
        check.no_words.is_some(),
        check.predicate.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() != 1 {
        return Err(Box::new(Message::new("golive.one-way-to-check")));
    }
    let keep = demands(check.keep.as_ref())?;
    let must = demands(check.must.as_ref())?;
    let at_most = check.at_most;
    if let Some(roles) = &check.card_fields {
        return Ok(Check::Each { select: Selection::Card(roles.clone()), keep, must, at_most });
    }
    if let Some(selector) = &check.each {
        return Ok(Check::Each { select: css(selector)?, keep, must, at_most });
    }
    if let Some(selector) = &check.none {
        return Ok(Check::Nothing { select: css(selector)?, keep });
    }
    if let Some(selector) = &check.some {
        let words = check.or_words.as_deref().map(pattern).transpose()?;
        let script = check.or_script.as_deref().map(pattern).transpose()?;
        return Ok(Check::Some { select: css(selector)?, keep, words, script });
    }
    if let Some(source) = &check.no_script {
        return Ok(Check::NoScript(pattern(source)?));
    }
    if let Some(source) = &check.no_words {
        return Ok(Check::NoWords(pattern(source)?));
    }
    let name = check.predicate.as_deref().unwrap_or_default();
    match predicates::find(name) {
        Some(predicate) => Ok(Check::Predicate(predicate)),
        None => {
            let known: Vec<&str> = predicates::ALL.iter().map(|predicate| predicate.name).collect();
            Err(Box::new(Message::new("golive.unknown-predicate").with("name", name).with("known", known.join(", "))))
        }
    }
}

fn css(source: &str) -> Result<Selection, Box<Message>> {
    Selector::parse(source).map(|selector| Selection::Css(selector, names_of(source))).map_err(|error| {
        Box::new(Message::new("golive.bad-selector").with("selector", source).with("error", error.to_string()))
    })
}

/// The element names of a selector whose alternatives are all plain (`name[…]`), else nothing. Only saves time.
fn names_of(source: &str) -> Vec<LocalName> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0u32, 0);
    let mut alternatives = Vec::new();
    for (at, c) in source.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                alternatives.push(&source[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    alternatives.push(&source[start..]);
    for alternative in alternatives {
        let alternative = alternative.trim();
        let end = alternative.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(alternative.len());
        let (name, rest) = alternative.split_at(end);
        // Outside its brackets and quotes nothing may follow: a combinator makes the last name count.
        let mut depth = 0u32;
        let combined = rest.chars().any(|c| {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(c, ' ' | '>' | '+' | '~')
        });
        if name.is_empty() || combined {
            return Vec::new();
        }
        names.push(LocalName::from(name.to_ascii_lowercase()));
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn pattern(source: &str) -> Result<Regex, Box<Message>> {
    quick(source)
        .map_err(|error| Box::new(Message::new("golive.bad-pattern").with("pattern", source).with("error", error)))
}

fn demands(conditions: Option<&Conditions>) -> Result<Demands, Box<Message>> {
    let Some(conditions) = conditions else { return Ok(Demands::default()) };
    let attribute = match &conditions.attribute {
        None => None,
        Some(demand) => Some((
            demand.name.clone(),
            demand.matches.as_deref().map(pattern).transpose()?,
            demand.excludes.as_deref().map(pattern).transpose()?,
        )),
    };
    Ok(Demands {
        have: conditions.have_attribute.clone(),
        lack: conditions.lack_attribute.clone(),
        attribute,
        text: conditions.text.as_deref().map(pattern).transpose()?,
    })
}
