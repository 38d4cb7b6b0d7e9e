//! Help texts and mistakes of the command line, in the reader's language.

use std::ffi::OsString;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::exit;
use crate::i18n::{Lang, Message};
use crate::report;
use crate::run::Problem;

/// The language asked for by `--lang` before arguments are parsed, else that of the environment.
pub(super) fn early_lang(arguments: &[OsString]) -> Lang {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let after = words.iter().position(|word| *word == "--lang").and_then(|index| words.get(index + 1).copied());
    let joined = words.iter().find_map(|word| word.strip_prefix("--lang="));
    let asked = after.or(joined).and_then(|word| Lang::ALL.into_iter().find(|lang| lang.tag() == word));
    asked.unwrap_or_else(Lang::from_environment)
}

fn words(key: &str, lang: Lang) -> Option<String> {
    let message = Message { key: format!("help.{key}").into(), args: std::collections::BTreeMap::new() };
    let text = message.render(lang);
    (text != message.key).then_some(text)
}

/// Puts the words of a language into a command, its arguments and its subcommands.
pub(super) fn worded(command: Command, lang: Lang) -> Command {
    let name = command.get_name().to_owned();
    let headings = |key: &str| words(key, lang).unwrap_or_default();
    word(command, &name, lang)
        .help_template(format!(
            "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
            headings("heading-usage")
        ))
        .subcommand_help_heading(headings("heading-commands"))
        .after_help(headings("exit-codes"))
        .max_term_width(100)
}

fn word(mut command: Command, path: &str, lang: Lang) -> Command {
    if let Some(about) = words(path, lang) {
        command = command.about(about);
    }
    let heading = |key: &str| words(key, lang).unwrap_or_default();
    let usage = heading("heading-usage");
    command = command
        .help_template(format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"))
        .subcommand_help_heading(heading("heading-commands"))
        .subcommand_value_name(heading("value-command"))
        .disable_help_flag(true)
        .arg(clap::Arg::new("help").short('h').long("help").action(clap::ArgAction::Help).help(heading("arg-help")));
    if command.get_version().is_some() {
        command = command.disable_version_flag(true).arg(
            clap::Arg::new("version")
                .short('V')
                .long("version")
                .action(clap::ArgAction::Version)
                .help(heading("arg-version")),
        );
    }
    let (options, positionals) = (heading("heading-options"), heading("heading-arguments"));
    command = command.mut_args(|argument| {
        let id = argument.get_id().to_string();
        let section = if argument.is_positional() { &positionals } else { &options };
        let help = words(&format!("{path}-{id}"), lang).or_else(|| words(&format!("arg-{id}"), lang));
        let help = help.unwrap_or_default() + &values(&argument, lang);
        // What clap says of values by itself it says in English.
        let takes_values = argument.get_action().takes_values();
        let argument = argument.help_heading(section.clone()).help(help);
        if takes_values { argument.hide_default_value(true).hide_possible_values(true) } else { argument }
    });
    let rendered = command.clone().render_usage().to_string();
    let rest = usage_words(&rendered, lang);
    let program = if path == "homologa" { path.to_owned() } else { format!("homologa {}", path.replace('-', " ")) };
    // Each line begins with the command's own name; a reader types the whole of it.
    let lines = rest.lines().map(|line| line.trim_start().split_once(' ').map_or("", |(_, rest)| rest));
    let usage: Vec<String> = lines.map(|rest| format!("{program} {rest}")).collect();
    command = command.override_usage(usage.join("\n       "));
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = if path == "homologa" { name.clone() } else { format!("{path}-{name}") };
        command = command.mut_subcommand(&name, |sub| word(sub, &path, lang));
    }
    command
}

/// The possible values and the default of an option, in words.
fn values(argument: &clap::Arg, lang: Lang) -> String {
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let mut text = String::new();
    if argument.get_action().takes_values() && !possible.is_empty() {
        text = format!(" [{}]", possible.join(", "));
    }
    if argument.get_action().takes_values() && !default.is_empty() {
        let message = Message::new("cli.default").with("value", default.join(", "));
        text.push_str(&format!(" ({})", message.render(lang)));
    }
    text
}

/// A usage line as clap writes it, in the words of a language and without its heading.
fn usage_words(usage: &str, lang: Lang) -> String {
    let usage = usage.trim().trim_start_matches("Usage:").trim();
    usage.replace("[OPTIONS]", &words("value-options", lang).unwrap_or_default())
}

/// Writes help; nobody has seen what could not be written. A reader that went away is no mistake.
fn printed(help: &Error, code: u8) -> u8 {
    match help.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => exit::INCONCLUSIVE,
        _ => code,
    }
}

/// Writes help or a mistake, and gives the exit code.
pub(super) fn refuse(error: &Error, command: &mut Command, lang: Lang) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return printed(error, exit::READY);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return printed(error, exit::INPUT);
        }
        _ => {}
    }
    let get = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    };
    let mut problem = Problem::input(mistake(error.kind(), &get));
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .map(get)
        .find(|word| !word.is_empty());
    let valid = get(ContextKind::ValidValue);
    problem.fix = match near {
        Some(near) => Some(Message::new("yaml.did-you-mean").with("word", near)),
        None if !valid.is_empty() => Some(Message::new("config.known-words").with("words", valid)),
        None => None,
    };
    let usage = match get(ContextKind::Usage) {
        usage if usage.is_empty() => command.render_usage().to_string(),
        usage => usage,
    };
    let heading = words("heading-usage", lang).unwrap_or_default();
    let more = Message::new("cli.see-help").render(lang);
    let told = report::problem::render(&problem, lang, true);
    let _ = writeln!(anstream::stderr(), "{told}\n{heading}: {}\n{more}", usage_words(&usage, lang));
    exit::INPUT
}

/// What is wrong with a command line.
fn mistake(kind: ErrorKind, get: &dyn Fn(ContextKind) -> String) -> Message {
    let argument = get(ContextKind::InvalidArg);
    match kind {
        ErrorKind::UnknownArgument => Message::new("cli.unknown-argument").with("argument", argument),
        ErrorKind::InvalidSubcommand => {
            Message::new("cli.unknown-command").with("command", get(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => Message::new("cli.missing-command"),
        ErrorKind::InvalidValue if get(ContextKind::InvalidValue).is_empty() => {
            Message::new("cli.missing-value").with("argument", argument)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let message = Message::new("cli.bad-value").with("argument", argument);
            message.with("value", get(ContextKind::InvalidValue))
        }
        ErrorKind::MissingRequiredArgument => Message::new("cli.missing-argument").with("argument", argument),
        ErrorKind::ArgumentConflict => match get(ContextKind::PriorArg) {
            other if other == argument => Message::new("cli.twice").with("argument", argument),
            other if other.is_empty() => Message::new("cli.not-with-others").with("argument", argument),
            other => Message::new("cli.not-together").with("argument", argument).with("other", other),
        },
        _ => Message::new("cli.bad-command-line"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn expected(command: &Command, path: &str, keys: &mut BTreeSet<String>, missing: &mut Vec<String>) {
        let mut need = |options: &[String]| match options.iter().find(|key| words(key, Lang::En).is_some()) {
            Some(key) => {
                keys.insert(key.clone());
            }
            None => missing.push(options.join(" or ")),
        };
        need(&[path.to_owned()]);
        for argument in command.get_arguments() {
            let id = argument.get_id();
            need(&[format!("{path}-{id}"), format!("arg-{id}")]);
        }
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            let path = if path == "homologa" { name.to_owned() } else { format!("{path}-{name}") };
            expected(sub, &path, keys, missing);
        }
    }

    #[test]
    fn every_command_and_argument_has_words_and_no_word_is_left_over() {
        let (mut keys, mut missing) = (BTreeSet::new(), Vec::new());
        expected(&super::super::command(Lang::En), "homologa", &mut keys, &mut missing);
        assert!(missing.is_empty(), "{missing:#?}");
        keys.extend(
            [
                "heading-usage",
                "heading-commands",
                "heading-options",
                "heading-arguments",
                "value-command",
                "value-options",
                "exit-codes",
            ]
            .map(str::to_owned),
        );
        let known: BTreeSet<String> =
            crate::i18n::keys().filter_map(|key| key.strip_prefix("help.")).map(str::to_owned).collect();
        let unused: Vec<_> = known.difference(&keys).collect();
        assert!(unused.is_empty(), "{unused:#?}");
    }

    #[test]
    fn the_language_is_known_before_parsing() {
        let arguments = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(early_lang(&arguments(&["homologa", "--lang", "pt", "x"])), Lang::Pt);
        assert_eq!(early_lang(&arguments(&["homologa", "x", "--lang=en"])), Lang::En);
    }
}
