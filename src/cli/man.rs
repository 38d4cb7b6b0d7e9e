//! `homologa man [DIR]`: the manual page, or a page for each command in a folder, in the chosen language.

use std::path::Path;

use clap_mangen::Man;

use super::args::{ManArgs, command};
use super::output::Output;
use super::session::replace;
use crate::exit;
use crate::i18n::Message;
use crate::report::Fault;
use crate::run::Problem;

pub(super) fn run(output: &Output, args: &ManArgs) -> Result<u8, Vec<Problem>> {
    let mut root = command(output.lang);
    root.build();
    let Some(folder) = &args.folder else {
        let page = page(output, root).map_err(|fault| vec![fault.problem("homologa.1")])?;
        output.result(&page);
        return Ok(exit::READY);
    };
    let mut written = Vec::new();
    write(output, folder, "homologa", root, &mut written).map_err(|problem| vec![problem])?;
    output.result(&(written.join("\n") + "\n"));
    Ok(exit::READY)
}

/// Writes the page of a command and of those below it.
fn write(
    output: &Output,
    folder: &Path,
    name: &str,
    command: clap::Command,
    written: &mut Vec<String>,
) -> Result<(), Problem> {
    let below: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    let path = folder.join(format!("{name}.1"));
    let shown = path.display().to_string();
    let text = page(output, command.name(name.to_owned())).map_err(|fault| fault.problem(&shown))?;
    replace(&path, |out| Ok(out.write_all(text.as_bytes())?)).map_err(|fault| fault.problem(&shown))?;
    written.push(shown);
    for command in below {
        let name = format!("{name}-{}", command.get_name());
        write(output, folder, &name, command, written)?;
    }
    Ok(())
}

/// One page in roff, with headings in the language of the output.
fn page(output: &Output, command: clap::Command) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    Man::new(command).render(&mut bytes)?;
    let headings = [
        ("NAME", Message::new("cli.man-name")),
        ("SYNOPSIS", Message::new("cli.man-synopsis")),
        ("DESCRIPTION", Message::new("cli.man-description")),
        ("OPTIONS", Message::new("cli.man-options")),
        ("SUBCOMMANDS", Message::new("cli.man-commands")),
        ("EXTRA", Message::new("cli.man-extra")),
        ("VERSION", Message::new("cli.man-version")),
    ];
    let text = String::from_utf8_lossy(&bytes);
    let mut page = String::with_capacity(text.len());
    for line in text.lines() {
        let heading = line.strip_prefix(".SH ").map(|word| word.trim_matches('"'));
        match headings.iter().find(|(word, _)| heading == Some(word)) {
            Some((_, message)) => page.push_str(&format!(".SH \"{}\"", output.say(message))),
            None => page.push_str(line),
        }
        page.push('\n');
    }
    Ok(page)
}
