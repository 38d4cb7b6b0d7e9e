//! A problem: why homologa could not do what was asked, in words for a person.

use serde::{Deserialize, Serialize};

use super::Place;
use crate::i18n::{Lang, Message};

/// Who has to act on a problem; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The command line, the configuration, a scenario or a rule: exit code 2.
    Input,
    /// The network, the target or the shop: exit code 3.
    Environment,
    /// Worth knowing, changes no exit code.
    Notice,
}

/// Lines of the user's own file around a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Number of the first line shown, from 1.
    pub first_line: u32,
    /// The lines, each cut to a bounded length.
    pub lines: Vec<String>,
    /// Line of the mark, from 1 in the file.
    pub line: u32,
    /// Column of the mark, from 1, in characters.
    pub column: u32,
    /// Length of the mark in characters, at least 1.
    pub length: u32,
}

/// Where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Who has to act.
    pub blame: Blame,
    /// What is wrong.
    pub message: Message,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Message>,
    /// Where.
    #[serde(default)]
    pub place: Place,
    /// The lines around the place, when it is in a file of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

impl Problem {
    /// A problem of the input: exit code 2.
    pub fn input(message: Message) -> Problem {
        Problem { blame: Blame::Input, message, fix: None, place: Place::default(), excerpt: None }
    }

    /// A problem of the network, the target or the shop: exit code 3.
    pub fn environment(message: Message) -> Problem {
        Problem { blame: Blame::Environment, ..Problem::input(message) }
    }

    /// Something worth knowing.
    pub fn notice(message: Message) -> Problem {
        Problem { blame: Blame::Notice, ..Problem::input(message) }
    }

    /// The same problem with a way to mend it.
    #[must_use]
    pub fn fix(mut self, fix: Message) -> Problem {
        self.fix = Some(fix);
        self
    }

    /// The same problem in a file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Problem {
        self.place.file = Some(file.into());
        self
    }

    /// The same problem at a URL.
    #[must_use]
    pub fn at_url(mut self, url: impl Into<String>) -> Problem {
        self.place.url = Some(url.into());
        self
    }

    /// `file:line:column`, the URL, or nothing.
    pub fn location(&self) -> Option<String> {
        let base = self.place.file.as_ref().or(self.place.url.as_ref())?;
        Some(match (self.place.line, self.place.column) {
            (Some(line), Some(column)) => format!("{base}:{line}:{column}"),
            (Some(line), None) => format!("{base}:{line}"),
            _ => base.clone(),
        })
    }

    /// One line of plain text: place, what, how to mend it.
    pub fn plain(&self, lang: Lang) -> String {
        let mut line = self.location().map(|place| format!("{place}: ")).unwrap_or_default();
        line.push_str(&self.message.render(lang));
        if let Some(fix) = &self.fix {
            line.push_str(" — ");
            line.push_str(&fix.render(lang));
        }
        line
    }
}
