//! A small reader of CSV (RFC 4180) for data tables: commas or semicolons, quotes, a header row. Bounded; every
//! mistake has its line.

use crate::i18n::Message;
use crate::yaml::Mark;

/// Most rows of a table.
const MOST_ROWS: usize = 10_000;

/// The line on which a row begins, from 1, and its cells.
type Record = (u32, Vec<String>);

/// A table as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Names of the columns.
    pub(super) header: Vec<String>,
    /// The rows, each with as many cells as there are columns.
    pub(super) rows: Vec<Record>,
}

/// Reads a table.
///
/// # Errors
/// The first mistake and its line.
pub(super) fn parse(text: &str) -> Result<Table, (u32, Message)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let delimiter = delimiter(text);
    let mut records = records(text, delimiter)?.into_iter();
    let Some((line, header)) = records.next() else { return Err((1, Message::new("scenario.csv-empty"))) };
    let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err((line, Message::new("scenario.csv-nameless").with("n", index + 1)));
        }
        if header[..index].contains(name) {
            return Err((line, Message::new("scenario.csv-twice").with("name", name)));
        }
    }
    let rows: Vec<Record> = records.collect();
    if rows.is_empty() {
        return Err((line, Message::new("scenario.csv-empty")));
    }
    match rows.iter().find(|(_, cells)| cells.len() != header.len()) {
        Some((line, cells)) => {
            let message = Message::new("scenario.csv-ragged").with("n", cells.len()).with("m", header.len());
            Err((*line, message))
        }
        None => Ok(Table { header, rows }),
    }
}

/// Where a cell of the record begins that begins on `line`; one in quotes begins at its quote.
pub(super) fn place(text: &str, line: u32, cell: usize) -> Mark {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let delimiter = delimiter(text);
    let begin: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let (mut at, mut index, mut quoted, mut begins) = (Mark { line, column: 1 }, 0, false, true);
    for character in text[begin..].chars() {
        if index == cell && begins {
            return at;
        }
        at.column += 1;
        let ends = !quoted && character == delimiter;
        match character {
            // A quote within quotes is written twice: it closes and opens again.
            '"' => quoted = begins || !quoted,
            '\n' if quoted => at = Mark { line: at.line + 1, column: 1 },
            '\n' => break,
            _ => {}
        }
        index += usize::from(ends);
        begins = ends;
    }
    if index == cell && begins { at } else { Mark { line, column: 1 } }
}

/// The semicolon when the first line has more of them than commas, outside quotes: spreadsheets write it where
/// the comma is for decimals.
fn delimiter(text: &str) -> char {
    let (mut quoted, mut commas, mut semicolons) = (false, 0, 0);
    for character in text.lines().next().unwrap_or_default().chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => commas += 1,
            ';' if !quoted => semicolons += 1,
            _ => {}
        }
    }
    if semicolons > commas { ';' } else { ',' }
}

/// The records with the line on which each begins; lines with nothing in them are left out.
fn records(text: &str, delimiter: char) -> Result<Vec<Record>, (u32, Message)> {
    let mut records = Vec::new();
    let mut characters = text.chars().peekable();
    let mut line = 1;
    while characters.peek().is_some() {
        let begin = line;
        let (mut cells, mut any_quotes) = (Vec::new(), false);
        loop {
            let mut cell = String::new();
            let quoted = characters.next_if_eq(&'"').is_some();
            any_quotes |= quoted;
            let quote_line = line;
            if quoted {
                loop {
                    match characters.next() {
                        Some('"') if characters.next_if_eq(&'"').is_some() => cell.push('"'),
                        Some('"') => break,
                        Some(character) => {
                            line += u32::from(character == '\n');
                            cell.push(character);
                        }
                        None => return Err((quote_line, Message::new("scenario.csv-open-quote"))),
                    }
                }
            }
            while let Some(character) = characters.next_if(|next| *next != delimiter && *next != '\n') {
                let ends_line = character == '\r' && matches!(characters.peek(), None | Some('\n'));
                if quoted && !ends_line {
                    return Err((line, Message::new("scenario.csv-after-quote")));
                }
                if !ends_line {
                    cell.push(character);
                }
            }
            cells.push(cell);
            match characters.next() {
                Some(character) if character == delimiter => {}
                _ => break,
            }
        }
        line += 1;
        if cells.len() > 1 || any_quotes || !cells[0].trim().is_empty() {
            records.push((begin, cells));
        }
        // One more than rows: the header.
        if records.len() > MOST_ROWS + 1 {
            return Err((begin, Message::new("scenario.csv-too-long").with("n", MOST_ROWS)));
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Record> {
        parse(text).unwrap().rows
    }

    #[test]
    fn commas_semicolons_quotes_and_line_ends() {
        let row = |line: u32, cells: &[&str]| (line, cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
        assert_eq!(rows("a,b\n1,2\n"), [row(2, &["1", "2"])]);
        assert_eq!(rows("\u{feff}a;b\r\n1,5;2\r\n\r\n3;\r\n"), [row(2, &["1,5", "2"]), row(4, &["3", ""])]);
        assert_eq!(rows("a,b\n\"x, \"\"y\"\"\nz\",2\n007,é"), [row(2, &["x, \"y\"\nz", "2"]), row(4, &["007", "é"])]);
        assert_eq!(rows("\"a;;\",b\n\"\",1\n"), [row(2, &["", "1"])]);
        assert_eq!(rows("a\n\"\"\n"), [row(2, &[""])]);
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line, key) in [
            ("", 1, "scenario.csv-empty"),
            ("a,b\n", 1, "scenario.csv-empty"),
            ("a,b\n1,2\n\n1\n", 4, "scenario.csv-ragged"),
            ("a,b\n1,2,3\n", 2, "scenario.csv-ragged"),
            ("a,b\n1,\"2\n\n", 2, "scenario.csv-open-quote"),
            ("a,b\n1,\"2\"x\n", 2, "scenario.csv-after-quote"),
            ("a,\n1,2\n", 1, "scenario.csv-nameless"),
            ("a,a\n1,2\n", 1, "scenario.csv-twice"),
            (&("a\n".to_owned() + &"1\n".repeat(MOST_ROWS + 1)), 10_002, "scenario.csv-too-long"),
        ] {
            let (found, message) = parse(text).unwrap_err();
            assert_eq!((found, message.key.as_ref()), (line, key), "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn cells_have_their_place() {
        let text = "\u{feff}a,b,c\n\"x, \"\"y\"\"\nz\",\"1,5\",é\r\n1,,\n";
        let place = |line, cell| {
            let mark = place(text, line, cell);
            (mark.line, mark.column)
        };
        assert_eq!([place(2, 0), place(2, 1), place(2, 2)], [(2, 1), (3, 4), (3, 10)]);
        assert_eq!([place(4, 0), place(4, 1), place(4, 2)], [(4, 1), (4, 3), (4, 4)]);
        assert_eq!(place(4, 9), (4, 1));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a1,;\"\r\n ]{0,40}") {
            if let Ok(table) = parse(&text) {
                proptest::prop_assert!(table.rows.iter().all(|(_, cells)| cells.len() == table.header.len()));
            }
        }
    }
}
