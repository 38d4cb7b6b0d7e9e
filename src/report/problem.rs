//! A problem as a compiler shows it: what, where, the user's own line with a caret, and how to mend it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{clean, labels};
use crate::i18n::{Lang, Message};
use crate::run::{Blame, Excerpt, Problem};

/// Columns that a drawn problem takes at most.
const WIDTH: usize = 80;

/// The problem in words and lines, ending in a line feed. Everything that came from outside is neutralised.
pub fn render(problem: &Problem, lang: Lang, color: bool) -> String {
    let message = problem.message.render(lang);
    let message = clean::block(&message);
    let name = labels::blame(problem.blame).render(lang);
    // An empty file has no line to show.
    let excerpt = problem.excerpt.as_ref().filter(|excerpt| !excerpt.lines.is_empty());
    let level = match problem.blame {
        Blame::Input => Level::ERROR,
        Blame::Environment => Level::WARNING,
        Blame::Notice => Level::NOTE,
    };
    let title = level.with_name(name).primary_title(message.as_ref());
    let place = problem.place.file.as_ref().or(problem.place.url.as_ref()).map(|place| clean::line(place));
    let source = excerpt.map(source_of);
    let mut groups = vec![match (&source, &place) {
        (Some((text, span, first_line)), place) => {
            let snippet = Snippet::source(text.as_str())
                .line_start(*first_line)
                .path(place.as_deref())
                .fold(false)
                .annotation(AnnotationKind::Primary.span(span.clone()));
            title.element(snippet)
        }
        (None, Some(place)) => {
            let mut origin = Origin::path(place.as_ref());
            if let Some(line) = problem.place.line {
                origin = origin.line(line as usize);
                if let Some(column) = problem.place.column {
                    origin = origin.char_column(column as usize);
                }
            }
            title.element(origin)
        }
        (None, None) => Group::with_title(title),
    }];
    let fix = problem.fix.as_ref().map(|fix| fix.render(lang));
    if let Some(fix) = &fix
        && let Some(group) = groups.pop()
    {
        let help = Message::new("report.help").render(lang);
        groups.push(group.element(Level::HELP.with_name(help).message(clean::block(fix).into_owned())));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut drawn = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH).render(&groups);
    drawn.push('\n');
    drawn
}

/// The excerpt as one text, the bytes to mark, and the number of its first line.
fn source_of(excerpt: &Excerpt) -> (String, std::ops::Range<usize>, usize) {
    let mut text = String::new();
    let mut span = 0..0;
    for (number, line) in (excerpt.first_line..).zip(&excerpt.lines) {
        let line = clean::line(line).replace('␉', " ");
        if number == excerpt.line {
            let byte = |count: u32| line.char_indices().nth(count as usize).map_or(line.len(), |(index, _)| index);
            let from = excerpt.column.saturating_sub(1);
            let start = byte(from);
            span = text.len() + start..text.len() + byte(from.saturating_add(excerpt.length.max(1)));
        }
        text.push_str(&line);
        text.push('\n');
    }
    (text, span, excerpt.first_line as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_problem_without_lines_and_without_help_still_says_what_and_where() {
        let empty = crate::yaml::parse(&crate::yaml::Source::new("a.yaml", "")).unwrap_err();
        let drawn = render(&empty, Lang::En, false);
        assert!(drawn.contains("the file is empty") && drawn.contains("--> a.yaml:1:1"), "{drawn}");
        let drawn = render(&Problem::notice(Message::new("cli.interrupted")), Lang::En, false);
        assert!(drawn.contains("interrupted"), "{drawn}");
    }

    #[test]
    fn a_problem_shows_what_where_and_how_to_mend_it() {
        insta::assert_snapshot!(render(&sample::input_problem(), Lang::Es, false), @r"
        error: La clave «shop» no existe
         --> homologa.yaml:3:1
          |
        2 | target: embedded
        3 | shop:
          | ^^^^
        4 |   - https://tienda.example/
          |
          = ayuda: ¿Quisiste decir «shops»?
        ");
    }

    #[test]
    fn a_mark_beyond_the_excerpt_does_no_harm() {
        let mut problem = sample::input_problem();
        if let Some(excerpt) = &mut problem.excerpt {
            (excerpt.column, excerpt.length) = (u32::MAX, u32::MAX);
        }
        assert!(render(&problem, Lang::En, false).contains("homologa.yaml"));
        if let Some(excerpt) = &mut problem.excerpt {
            (excerpt.line, excerpt.first_line, excerpt.lines) = (9, 900, Vec::new());
        }
        assert!(render(&problem, Lang::En, true).contains("homologa.yaml"));
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        let problem = sample::hostile_problem();
        for lang in Lang::ALL {
            let drawn = render(&problem, lang, false);
            assert!(!drawn.contains(['\u{1b}', '\0', '\u{202e}', '\r']), "{drawn:?}");
        }
    }
}
