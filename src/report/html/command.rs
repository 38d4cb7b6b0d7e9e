//! The command line that shows a finding again.
//!
//! Reports give commands that run as they stand: arguments are quoted for a POSIX shell.

use crate::run::{RunRecord, ScenarioResult, TargetInfo};

/// Repeats what a finding in a shop came from: the very run, for what it may read is part of its command.
pub(super) fn of_run(record: &RunRecord) -> Option<String> {
    let started = record.started.as_ref()?;
    let seeded = started.command.split(' ').any(|word| word == "--seed" || word.starts_with("--seed="));
    let draws = record.contract.is_some() && !seeded;
    let seed = if draws { format!(" --seed {}", started.seed) } else { String::new() };
    Some(format!("homologa {}{seed}", started.command))
}

/// Repeats one scenario with the values it had.
pub(super) fn of_scenario(scenario: &ScenarioResult, target: Option<&TargetInfo>, seed: Option<u64>) -> String {
    let mut line = String::from("homologa contract run ");
    quote(&mut line, &scenario.file);
    match target.map(|target| (target.kind.as_str(), target.url.as_str())) {
        None | Some(("embedded", _)) => {}
        Some((_, url)) => {
            line.push_str(" --target ");
            quote(&mut line, url);
        }
    }
    if !scenario.site.is_empty() && scenario.site != "MLA" {
        line.push_str(" --site ");
        quote(&mut line, &scenario.site);
    }
    if let Some(seed) = seed {
        line.push_str(" --seed ");
        line.push_str(&seed.to_string());
    }
    line
}

/// Appends a word; in single quotes when a shell would read more into it.
fn quote(line: &mut String, word: &str) {
    let plain = |each: char| each.is_ascii_alphanumeric() || "/._-:@=,+".contains(each);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('-') {
        line.push_str(word);
        return;
    }
    line.push('\'');
    line.push_str(&word.replace('\'', r"'\''"));
    line.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn commands_are_whole_and_survive_a_shell() {
        let record = sample::not_ready();
        let contract = record.contract.as_ref().unwrap();
        let mut scenario = contract.scenarios[0].clone();
        scenario.file = "mis casos/pago'; rm -rf ~.yaml".into();
        scenario.site = "MLB".into();
        let target = TargetInfo { kind: "url".into(), url: "https://api.example/".into(), site: "MLB".into() };
        assert_eq!(
            of_scenario(&scenario, Some(&target), Some(7)),
            r"homologa contract run 'mis casos/pago'\''; rm -rf ~.yaml' --target https://api.example/ --site MLB --seed 7"
        );
        let run = of_run(&record).unwrap();
        assert!(run.starts_with("homologa ") && run.contains("--seed"), "{run}");
    }
}
