//! `rows`: a data table in the scenario itself, or in a CSV file beside it.

use serde_json::{Map, Value};

use super::fragment::Library;
use super::read::meant;
use super::{Row, csv};
use crate::i18n::Message;
use crate::run::Problem;
use crate::yaml::{self, Fields, Kind, Mark, Node, Source, nearest};

/// What a column of a CSV file may be; text if nothing is said.
const TYPES: [&str; 3] = ["text", "number", "boolean"];

/// Mistakes whose cells are looked for: of more in one file nobody is told.
pub(super) const MOST_PLACED: usize = 64;

/// The rows of a scenario.
pub(super) fn rows(source: &Source, node: &Node, library: &Library<'_>, problems: &mut Vec<Problem>) -> Vec<Row> {
    match &node.kind {
        Kind::List(items) => {
            if items.is_empty() {
                let message = Message::new("scenario.empty-list").with("key", "rows");
                let fix = Message::new("scenario.empty-list-fix").with("key", "rows");
                problems.push(source.problem(node.mark, 1, message).fix(fix));
            }
            let rows = items.iter().enumerate();
            rows.filter_map(|(index, node)| inline(source, index, node, problems)).collect()
        }
        _ => from_csv(source, node, library, problems).unwrap_or_default(),
    }
}

/// The column that a text is, when it is one and nothing else.
pub(super) fn column_alone(text: &str) -> Option<&str> {
    text.strip_prefix("${row.").and_then(|rest| rest.strip_suffix('}'))
}

/// Where a cell of a row stands, or an item of the list in it. `root` is that of the scenario.
pub(super) fn cell(source: &Source, root: &Node, row: &Row, column: &str, item: Option<usize>) -> Mark {
    if row.source.file != source.file {
        let position = row.values.keys().position(|name| name == column).unwrap_or_default();
        return csv::place(row.source.text(), row.mark.line, position);
    }
    let Some(Node { kind: Kind::List(rows), .. }) = root.get("rows") else { return row.mark };
    let cell = rows.iter().find(|node| node.mark == row.mark).and_then(|node| node.get(column));
    match (cell, item) {
        (Some(Node { kind: Kind::List(items), mark }), Some(item)) => items.get(item).map_or(*mark, |item| item.mark),
        (cell, _) => cell.map_or(row.mark, |cell| cell.mark),
    }
}

fn inline(source: &Source, index: usize, node: &Node, problems: &mut Vec<Problem>) -> Option<Row> {
    let Value::Object(values) = node.to_json() else {
        // The field reader words the mistake.
        Fields::new(source, node, problems);
        return None;
    };
    Some(row(source.clone(), index, node.mark, values))
}

fn row(source: Source, index: usize, mark: Mark, values: Map<String, Value>) -> Row {
    let id = match values.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => (index + 1).to_string(),
    };
    Row { id, source, mark, values }
}

fn from_csv(source: &Source, node: &Node, library: &Library<'_>, problems: &mut Vec<Problem>) -> Option<Vec<Row>> {
    let mut fields = Fields::new(source, node, problems)?;
    let name = fields.required_text("csv");
    let types = fields.map("types").unwrap_or_default();
    let file = name.map(|name| library.find(source, name));
    if let Some(Err(message)) = &file {
        let fix = (message.key == "scenario.not-utf8-file").then(|| Message::new("scenario.not-utf8-fix"));
        fields.problem("csv", message.clone()).fix = fix;
    }
    fields.finish();
    let file = file?.ok()?;
    let table = match csv::parse(file.text()) {
        Ok(table) => table,
        Err((line, message)) => {
            problems.push(file.problem(Mark { line, column: 1 }, 1, message));
            return None;
        }
    };
    let mut kinds: Vec<&str> = vec!["text"; table.header.len()];
    for (key, node) in types {
        let Some(column) = table.header.iter().position(|name| *name == key.text) else {
            let message = Message::new("scenario.csv-no-column").with("name", &key.text);
            let problem = source.problem(key.mark, key.text.chars().count(), message);
            let near = nearest(&key.text, table.header.iter().map(String::as_str));
            problems.push(problem.fix(match near {
                Some(near) => Message::new("yaml.did-you-mean").with("word", near),
                None => Message::new("yaml.known-keys").with("keys", table.header.join(", ")),
            }));
            continue;
        };
        match &node.kind {
            Kind::Text(kind) if TYPES.contains(&kind.as_str()) => kinds[column] = kind.as_str(),
            other => {
                let name = if let Kind::Text(name) = other { name.as_str() } else { "" };
                let message = Message::new("scenario.unknown-type").with("name", name);
                let fix = meant(name, &TYPES);
                problems.push(source.problem(node.mark, name.chars().count().max(1), message).fix(fix));
            }
        }
    }
    let mut rows = Vec::with_capacity(table.rows.len());
    for (index, (line, cells)) in table.rows.into_iter().enumerate() {
        let mark = Mark { line, column: 1 };
        let mut values = Map::new();
        for (position, ((name, kind), cell)) in table.header.iter().zip(&kinds).zip(cells).enumerate() {
            match value(kind, &cell) {
                Some(value) => {
                    values.insert(name.clone(), value);
                }
                None => {
                    let message = Message::new("scenario.csv-wrong-type").with("name", name).with("text", &cell);
                    let mark =
                        if problems.len() > MOST_PLACED { mark } else { csv::place(file.text(), line, position) };
                    let length = cell.lines().next().unwrap_or_default().chars().count().max(1);
                    let problem = file.problem(mark, length, message.with("kind", kind));
                    let comma =
                        *kind == "number" && cell.contains(',') && cell.replace(',', ".").trim().parse::<f64>().is_ok();
                    let number = *kind == "number" && cell.trim().parse::<f64>().is_ok();
                    problems.push(match (comma, number) {
                        (true, _) => problem.fix(Message::new("scenario.csv-comma")),
                        (_, true) => problem.fix(Message::new("scenario.csv-number")),
                        _ => problem,
                    });
                }
            }
        }
        rows.push(row(file.clone(), index, mark, values));
    }
    Some(rows)
}

/// A cell as its type; an empty one of another type than text is null.
fn value(kind: &str, cell: &str) -> Option<Value> {
    match kind {
        "text" => Some(Value::String(cell.to_owned())),
        _ if cell.trim().is_empty() => Some(Value::Null),
        "number" => yaml::number(cell.trim()).map(Value::Number),
        _ => cell.trim().parse().ok().map(Value::Bool),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Document, Scenario, read_document};
    use super::*;
    use serde_json::json;

    fn read(rows: &str, csv: &str) -> Result<Scenario, Vec<Problem>> {
        let text = format!(
            "name: x\nrows: {rows}\nsteps: [{{ post: /v1/payments, body: {{ a: '${{row.amount}}' }}, expect: {{ error: '${{row.error}}' }} }}]\n"
        );
        let find = |_: &str, name: &str| match name {
            "cards.csv" => Ok(Source::new("my/cards.csv", csv)),
            _ => Err(Message::new("scenario.no-folder")),
        };
        match read_document(&Source::new("my/x.yaml", &text), "x", &Library::new(&find))? {
            Document::Scenario(scenario) => Ok(*scenario),
            Document::Fragment => panic!("a scenario"),
        }
    }

    #[test]
    fn cells_are_text_unless_a_type_is_named() {
        let csv = "id,error,amount,document\nfirst,2006,58.5,007\n,2006,,x\n";
        let rows = read("{ csv: cards.csv, types: { amount: number } }", csv).unwrap().rows;
        assert_eq!(rows[0].id, "first");
        assert_eq!(json!(rows[0].values), json!({"id": "first", "error": "2006", "amount": 58.5, "document": "007"}));
        assert_eq!(rows[1].values["amount"], Value::Null);
        assert_eq!((rows[1].source.file.as_ref(), rows[1].mark.line), ("my/cards.csv", 3));
    }

    #[test]
    fn mistakes_are_told_in_the_file_they_are_in() {
        let good = "id,error,amount\na,2006,1\n";
        for (rows, csv, place) in [
            ("{ csv: cards.csv }", "id,error,amount\na,2006,1\nb,2006\n", "my/cards.csv:3:1"),
            ("{ csv: cards.csv }", "id,error\na,2006\n", "my/cards.csv:2:1"),
            ("{ csv: cards.csv }", "id,error,amount\na,999999,1\n", "my/cards.csv:2:3"),
            ("{ csv: cards.csv }", "id,error,amount\na,2006,${nope}\n", "my/cards.csv:2:8"),
            ("{ csv: cards.csv, types: { amount: number } }", "id,error,amount\na,2006,x\n", "my/cards.csv:2:8"),
            ("{ csv: cards.csv, types: { amount: number } }", "id;error;amount\né;2006;10,5\n", "my/cards.csv:2:8"),
            ("{ csv: cards.csv, types: { amount: number } }", "error,amount\na,\"1,5\"\n", "my/cards.csv:2:3"),
            ("{ csv: cards.csv, types: { amount: number } }", "error,amount\n2006,.5\n", "my/cards.csv:2:6"),
            (
                "{ csv: cards.csv, types: { amount: number } }",
                "error,amount\n2006,99999999999999999999\n",
                "my/cards.csv:2:6",
            ),
            ("{ csv: cards.csv, types: { amuont: number } }", good, "my/x.yaml:2:34"),
            ("{ csv: cards.csv, types: { amount: float } }", good, "my/x.yaml:2:42"),
            ("{ csv: other.csv }", good, "my/x.yaml:2:14"),
            ("{ cvs: cards.csv }", good, "my/x.yaml:2:7"),
            ("cards.csv", good, "my/x.yaml:2:7"),
        ] {
            let problems = read(rows, csv).unwrap_err();
            assert_eq!(problems[0].location().as_deref(), Some(place), "{rows} {csv}: {problems:?}");
        }
    }
}
