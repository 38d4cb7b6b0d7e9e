//! What files would run as: a name belongs to one scenario, in reports, in journals and in baselines.
//!
//! Responsible for telling which files of a folder would run under a name that another one has. Rows of one table are
//! told apart where it is read.

use std::collections::HashMap;
use std::path::PathBuf;

use super::{Reader, Scenario};
use crate::i18n::Message;
use crate::run::Problem;

/// Which of these files, by their places, would run under a name that one before them has, and what is to be said of
/// each. `files` are those of the reader.
pub(super) fn taken(files: &[(PathBuf, String)], reader: &Reader<'_>) -> Vec<(usize, Problem)> {
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(files.len());
    let mut taken = Vec::new();
    // A fragment runs under the names of those who use it. What is broken is told as such when it is read.
    let is_fragment = |index: usize| matches!(reader.look_into(index), Ok(None));
    for (index, (_, id)) in files.iter().enumerate() {
        let Some(other) = first.insert(id, index) else { continue };
        if is_fragment(other) {
            continue;
        }
        first.insert(id, other);
        if !is_fragment(index) {
            let message = Message::new("scenario.same-name").with("id", id).with("file", files[other].0.display());
            taken.push((index, told(&files[index].0, message)));
        }
    }
    // The row `1` of `cards.yaml` runs as `cards[1]`, and so would a file of that name.
    for (index, (file, id)) in files.iter().enumerate().filter(|(_, (_, id))| id.contains('[')) {
        let tables = id.match_indices('[').filter_map(|(end, _)| first.get(&id[..end]).copied());
        for table in tables.filter(|table| *table != index) {
            let (Ok(Some(own)), Ok(Some(other))) = (reader.look_into(index), reader.look_into(table)) else { continue };
            let lines: HashMap<String, String> = runs(&other).collect();
            if let Some((name, place)) = runs(&own).find_map(|(name, _)| lines.get(&name).map(|place| (name, place))) {
                let message = Message::new("scenario.same-name-as-row").with("id", name).with("place", place);
                taken.push((index, told(file, message)));
                break;
            }
        }
    }
    taken.sort_by_key(|(index, _)| *index);
    taken.dedup_by_key(|(index, _)| *index);
    taken
}

fn told(file: &std::path::Path, message: Message) -> Problem {
    Problem::input(message).in_file(file.display().to_string()).fix(Message::new("scenario.same-name-fix"))
}

/// What a scenario runs as, without the site, and where each stands.
fn runs(scenario: &Scenario) -> impl Iterator<Item = (String, String)> + '_ {
    let alone = scenario.rows.is_empty().then(|| (scenario.id.clone(), scenario.source.file.to_string()));
    let rows = scenario.rows.iter().map(|row| {
        let place = format!("{}:{}:{}", row.source.file, row.mark.line, row.mark.column);
        (format!("{}[{}]", scenario.id, row.id), place)
    });
    alone.into_iter().chain(rows)
}

#[cfg(test)]
mod tests {
    use super::super::load;

    #[test]
    fn a_name_belongs_to_one_scenario_and_both_places_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let steps = "steps: [{ get: /x, expect: { status: 200 } }]\n";
        write("pay.yaml", &format!("name: x\n{steps}"));
        write("pay.yml", &format!("name: y\n{steps}"));
        write("row.yaml", &format!("name: x\nrows:\n  - {{ id: 1 }}\n  - {{ n: 1 }}\n{steps}"));
        write("row[2].yaml", &format!("name: x\n{steps}"));
        // Nobody mistakes these for others: a row that there is not, and a fragment beside a scenario.
        write("row[3].yaml", &format!("name: x\n{steps}"));
        write("CAPITAL.YAML", &format!("name: x\n{steps}"));
        write("part.yaml", &format!("name: x\n{steps}"));
        write("part.yml", &format!("fragment: x\n{steps}"));
        let loaded = load::from_folder(folder.path());
        let told: Vec<(String, String)> = loaded
            .problems
            .iter()
            .map(|problem| {
                let args = &problem.message.args;
                let other = args.get("file").or_else(|| args.get("place")).unwrap();
                let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                (name(problem.place.file.as_deref().unwrap()), name(other))
            })
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(own, other)| (own.as_str(), other.as_str())).collect();
        assert_eq!(told, [("pay.yml", "pay.yaml"), ("row[2].yaml", "row.yaml:4:5")]);
        let ids: Vec<&str> = loaded.scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
        assert_eq!(ids, ["CAPITAL", "part", "pay", "row", "row[3]"]);
    }
}
