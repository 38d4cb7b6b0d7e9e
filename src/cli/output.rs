//! Where the program's words go: results to standard output, the rest to standard error.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::args::{Format, Options};
use crate::i18n::{Lang, Message, worded};
use crate::report::live::Live;
use crate::report::terminal::Detail;
use crate::report::{self, problem};
use crate::run::Problem;

/// Most problems that are told at once.
const MOST_PROBLEMS: usize = 100;

/// Language and form of the output.
pub(super) struct Output {
    pub(super) lang: Lang,
    /// Language named on the command line, which wins over the configuration's.
    asked: Option<Lang>,
    pub(super) json: bool,
    pub(super) quiet: bool,
    /// Whether the summary tells everything that it knows.
    pub(super) verbose: bool,
    /// Whether a result could not be written.
    lost: Arc<AtomicBool>,
}

impl Output {
    pub(super) fn new(options: &Options) -> Output {
        Output {
            lang: options.lang.unwrap_or_else(Lang::from_environment),
            asked: options.lang,
            json: options.format == Format::Json,
            quiet: options.quiet,
            verbose: options.verbose,
            lost: Arc::default(),
        }
    }

    /// The same output in the language of a configuration, unless the command line names one.
    pub(super) fn in_lang(&self, lang: Option<Lang>) -> Output {
        let lang = self.asked.or(lang).unwrap_or(self.lang);
        let Output { asked, json, quiet, verbose, .. } = *self;
        Output { lang, asked, json, quiet, verbose, lost: self.lost.clone() }
    }

    pub(super) fn say(&self, message: &Message) -> String {
        message.render(self.lang)
    }

    /// Writes the result. A reader that went away (`| head`) is no mistake.
    pub(super) fn result(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        self.written(out.write_all(report::commandless(text).as_bytes()).and_then(|()| out.flush()));
    }

    /// Writes JSON that is too large to be made in one piece first. A reader that went away is no mistake.
    pub(super) fn json_by(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        let mut out = HarmlessJson(std::io::BufWriter::new(anstream::stdout().lock()));
        self.written(write(&mut out).and_then(|()| out.flush()));
    }

    /// Writes a report that was asked for on standard output.
    pub(super) fn report_by(&self, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        self.written(write(&mut out).and_then(|()| out.flush()));
    }

    /// Writes the summary beside a report that took standard output, unless quiet.
    pub(super) fn aside(&self, text: &str) {
        if !self.quiet {
            let _ = anstream::stderr().lock().write_all(report::commandless(text).as_bytes());
        }
    }

    /// How much the summary tells.
    pub(super) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Verdict,
            (_, true) => Detail::All,
            _ => Detail::Usual,
        }
    }

    fn written(&self, done: std::io::Result<()>) {
        if done.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a result was lost on its way to standard output: the disk is full, say.
    pub(super) fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes a result as JSON with a final line feed; messages carry their text in the language of the output.
    pub(super) fn result_json(&self, value: &impl Serialize) {
        let text = worded(self.lang, || serde_json::to_string_pretty(value)).unwrap_or_default();
        let mut out = anstream::stdout().lock();
        let text = report::harmless_json(&text).into_owned() + "\n";
        self.written(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Writes a result without colours that quotes files or answers: what would steer a terminal is made visible.
    pub(super) fn plain_result(&self, text: &str) {
        self.result(&report::harmless(text));
    }

    /// Writes a line of diagnostics, unless quiet.
    pub(super) fn note(&self, message: &Message) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{}", report::commandless(&report::harmless(&self.say(message))));
        }
    }

    /// Writes problems: always, also when quiet.
    pub(super) fn problems(&self, problems: &[Problem]) {
        let mut err = anstream::stderr().lock();
        for told in problems.iter().take(MOST_PROBLEMS) {
            let _ = write!(err, "{}", report::commandless(&problem::render(told, self.lang, true)));
        }
        if problems.len() > MOST_PROBLEMS {
            let more = Message::new("cli.more-problems").with("n", problems.len() - MOST_PROBLEMS);
            let _ = writeln!(err, "{}", self.say(&more));
        }
    }

    /// Live progress on standard error, unless quiet; one rewritten line on a terminal outside CI.
    pub(super) fn live(&self) -> Option<Live> {
        if self.quiet {
            return None;
        }
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none() && !dumb;
        let width = terminal.then(|| terminal_width().unwrap_or(80));
        Some(Live::new(Box::new(std::io::stderr()), self.lang, width, self.verbose))
    }

    /// Columns of standard output.
    pub(super) fn width(&self) -> usize {
        terminal_width().unwrap_or(80)
    }
}

/// Escapes what would steer a terminal in JSON that passes through, a piece at a time as the serialiser writes it.
struct HarmlessJson<W>(W);

impl<W: Write> Write for HarmlessJson<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(report::harmless_json(text).as_bytes())?,
            // The serialiser never splits a character.
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// `COLUMNS`, where somebody set it, else what the terminal says.
fn terminal_width() -> Option<usize> {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    named.or_else(asked).filter(|width| *width >= 40)
}
