//! `homologa init`: a commented configuration, the built-in scenarios to start from, or the beginning of a rule.

use std::path::Path;

use include_dir::{Dir, DirEntry};

use super::args::InitArgs;
use super::output::Output;
use crate::config;
use crate::exit;
use crate::golive::rule::{self, scaffold};
use crate::i18n::{Lang, Message};
use crate::run::Problem;
use crate::specs;

/// Folder that scenarios are copied to.
const SCENARIOS: &str = "scenarios";

fn template(lang: Lang) -> &'static str {
    match lang {
        Lang::Es => include_str!("init/homologa.es.yaml"),
        Lang::Pt => include_str!("init/homologa.pt.yaml"),
        Lang::En => include_str!("init/homologa.en.yaml"),
    }
}

pub(super) fn run(output: &Output, args: &InitArgs) -> Result<u8, Vec<Problem>> {
    let rule = args.rule.as_deref().map(scaffold).transpose().map_err(|problem| vec![*problem])?;
    let mut files = match &rule {
        Some(rule) => vec![(rule.path.clone(), rule.text.as_bytes())],
        None => vec![(config::FILE_NAME.to_owned(), template(output.lang).as_bytes())],
    };
    if args.eject {
        for (folder, prefix) in [(&specs::FILES, "specs/"), (rule::files(), "rules/")] {
            let mut open: Vec<&Dir<'static>> = vec![folder];
            while let Some(folder) = open.pop() {
                for entry in folder.entries() {
                    match entry {
                        // For editors, which find it on the web as well.
                        DirEntry::Dir(folder) if folder.path() == Path::new("dsl") => {}
                        DirEntry::Dir(folder) => open.push(folder),
                        DirEntry::File(file) => {
                            let path = file.path().display().to_string();
                            // Scenarios are named where they run, and have a folder of their own.
                            let own = prefix == "specs/" && file.path().starts_with(SCENARIOS);
                            files.push((if own { path } else { format!("{prefix}{path}") }, file.contents()));
                        }
                    }
                }
            }
        }
    }
    files.sort();
    // Nothing is written when something would be lost.
    if !args.force {
        let taken = files.iter().map(|(name, _)| args.folder.join(name)).filter(|path| path.exists());
        let problems: Vec<Problem> = taken
            .map(|path| {
                Problem::input(Message::new("cli.exists"))
                    .fix(Message::new("cli.exists-fix"))
                    .in_file(path.display().to_string())
            })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    let mut written = String::new();
    for (name, contents) in files {
        let path = args.folder.join(name);
        write(&path, contents).map_err(|problem| vec![problem])?;
        written.push_str(&format!("{}\n", path.display()));
    }
    output.result(&written);
    output.note(&Message::new(if rule.is_some() { "cli.init-rule-next" } else { "cli.init-next" }));
    Ok(exit::READY)
}

fn write(path: &Path, contents: &[u8]) -> Result<(), Problem> {
    let done = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, contents));
    done.map_err(|error| crate::run::cannot_write(&error).in_file(path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Source;

    #[test]
    fn the_templates_are_valid_and_say_the_same() {
        let configs: Vec<_> = Lang::ALL
            .into_iter()
            .map(|lang| {
                let mut config = config::parse(&Source::new("homologa.yaml", template(lang))).unwrap();
                assert_eq!(config.lang.take(), Some(lang));
                config
            })
            .collect();
        assert_eq!(configs[0], configs[1]);
        assert_eq!(configs[0], configs[2]);
    }
}
