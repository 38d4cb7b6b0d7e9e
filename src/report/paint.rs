//! Colours by meaning, and text laid out in columns of a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::run::{RunVerdict, Severity, Verdict};

/// A space at which a line is not broken; shown as an ordinary one.
pub(super) const UNBROKEN: &str = "\u{a0}";

/// What a piece of text means; the colour follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Quiet,
    Good,
    Bad,
    Careful,
    Open,
    Link,
}

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Good => color(AnsiColor::Green).bold(),
            Tone::Bad => color(AnsiColor::Red).bold(),
            Tone::Careful => color(AnsiColor::Yellow).bold(),
            Tone::Open => color(AnsiColor::Magenta).bold(),
            Tone::Link => color(AnsiColor::Cyan),
        }
    }
}

impl From<RunVerdict> for Tone {
    fn from(verdict: RunVerdict) -> Tone {
        match verdict {
            RunVerdict::Ready => Tone::Good,
            RunVerdict::NotReady => Tone::Bad,
            RunVerdict::Inconclusive => Tone::Open,
        }
    }
}

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Tone {
        match verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Fail => Tone::Bad,
            Verdict::Warn => Tone::Careful,
            Verdict::Inconclusive => Tone::Open,
            Verdict::NotApplicable => Tone::Quiet,
        }
    }
}

impl From<Severity> for Tone {
    fn from(severity: Severity) -> Tone {
        match severity {
            Severity::Blocker => Tone::Bad,
            Severity::Warning => Tone::Careful,
            Severity::Advice => Tone::Quiet,
        }
    }
}

/// Text in the colour of its meaning, when colours are wanted.
pub(super) fn paint(text: &str, tone: Tone, color: bool) -> String {
    let style = tone.style();
    if color && tone != Tone::Plain && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// Columns that a text takes on a terminal, without its colours.
pub(super) fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Breaks a text at spaces into lines of at most `width` columns; longer words are broken where they must be.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = columns(word);
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if length <= width {
            line.push_str(word);
            used += length;
            continue;
        }
        for character in word.chars() {
            let one = unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
            if used + one > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += one;
        }
    }
    if used > 0 || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text cut to `width` columns, with an ellipsis where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if used > width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Lines with a hanging indent, painted in one tone: `first` begins the first line, spaces the others.
pub(super) fn hang(out: &mut String, first: &str, text: &str, tone: Tone, width: usize, color: bool) {
    let indent = columns(first);
    for (index, line) in wrap(text, width.saturating_sub(indent)).iter().enumerate() {
        let line = line.replace(UNBROKEN, " ");
        let lead = if index == 0 { first.to_owned() } else { " ".repeat(indent) };
        let _ = writeln!(out, "{lead}{}", paint(&line, tone, color));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_long_words_where_they_must() {
        assert_eq!(wrap("uno dos tres cuatro", 9), ["uno dos", "tres", "cuatro"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("", 10), [""]);
        assert!(wrap("支払い方法を選択してください", 10).iter().all(|line| columns(line) <= 10));
    }

    #[test]
    fn cutting_says_that_something_is_missing() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
    }

    #[test]
    fn without_colour_there_is_no_escape_character() {
        assert_eq!(paint("x", Tone::Bad, false), "x");
        assert!(paint("x", Tone::Bad, true).contains('\u{1b}'));
    }
}
