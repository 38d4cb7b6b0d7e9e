//! What can never hold, and what must not stand in a file: expectations that contradict each other or the documents,
//! numbers of real cards, credentials. Told with place and mend; nothing is sent.

use std::collections::BTreeSet;

use super::table::{self, column_alone};
use super::{Expect, Row, Scenario};
use crate::contract::json::plain_text;
use crate::contract::judge::Expected;
use crate::contract::leaving;
use crate::i18n::Message;
use crate::run::Problem;
use crate::secret::{Credential, find_credentials};
use crate::specs::real_cards;
use crate::specs::statuses::statuses;
use crate::yaml::{Key, Kind, Mark, Node, Source};

/// Most places of one file at which a card or a credential is told.
const MOST_SECRETS: usize = 20;

/// Headers that carry credentials wherever they are used; `Authorization` has a rule of its own.
const SECRET_HEADERS: [&str; 7] =
    ["proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-access-token", "x-client-secret"];

/// Expectations of one step that exclude each other. Those with variables are looked at row by row.
pub(super) fn stated(source: &Source, expect: &Expect, problems: &mut Vec<Problem>) {
    let Some((_, mark)) = expect.error.first() else { return };
    if let Some(pair) = &expect.payment {
        let message = Message::new("scenario.error-and-payment");
        problems.push(source.problem(pair.mark, 1, message).fix(Message::new("scenario.error-and-payment-fix")));
    }
    let words: Vec<&str> = expect.error.iter().map(|(word, _)| word.as_str()).collect();
    if words.iter().all(|word| !word.contains("${"))
        && expect.status_of.is_empty()
        && let Some(problem) = beside_status(source, *mark, &words, &expect.status)
    {
        problems.push(problem);
    }
}

/// Errors beside a status that none of them has.
fn beside_status(source: &Source, mark: Mark, words: &[&str], stated: &[u16]) -> Option<Problem> {
    let expected: Vec<Expected> = words.iter().flat_map(|word| Expected::find(word)).collect();
    if stated.is_empty()
        || expected.is_empty()
        || expected.iter().any(|one| stated.iter().any(|status| one.may(*status)))
    {
        return None;
    }
    let list = |statuses: BTreeSet<u16>| statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let documented = list(expected.iter().filter_map(Expected::status).collect());
    let message = Message::new("scenario.error-beside-status")
        .with("codes", words.join(", "))
        .with("status", list(stated.iter().copied().collect()));
    let fix = if documented.is_empty() {
        Message::new("scenario.error-beside-status-open")
    } else {
        Message::new("scenario.error-beside-status-fix").with("status", documented)
    };
    Some(source.problem(mark, 1, message).fix(fix))
}

/// A status and a detail that are each in the table, but not together: the problem, and what goes together.
pub(super) fn pair(status: &str, detail: &str) -> Option<(Message, Message)> {
    let pairs = &statuses().pairs;
    let of_status = pairs.iter().any(|pair| pair.status == status);
    let with: Vec<&str> =
        pairs.iter().filter(|pair| pair.status_detail.as_deref() == Some(detail)).map(|pair| &*pair.status).collect();
    if !of_status || with.is_empty() || with.contains(&status) {
        return None;
    }
    let message = Message::new("scenario.unknown-pair").with("status", status).with("detail", detail);
    let fix = Message::new("scenario.unknown-pair-fix").with("detail", detail).with("statuses", with.join(", "));
    Some((message, fix))
}

/// The same for what the rows of a table say.
pub(super) fn rows(scenario: &Scenario, root: &Node, problems: &mut Vec<Problem>) {
    let of_rows = |text: &str| text.starts_with("${row.");
    let cell = |row: &Row, text: &str, problems: &[Problem]| match column_alone(text) {
        Some(column) if problems.len() < MOST_SECRETS => table::cell(&scenario.source, root, row, column, None),
        _ => row.mark,
    };
    for step in scenario.every_step() {
        let words = || step.expect.error.iter().map(|(word, _)| word.as_str());
        for row in &scenario.rows {
            if words().any(of_rows) || !step.expect.status_of.is_empty() {
                let told: Option<Vec<Vec<String>>> = words().map(|word| filled(word, row)).collect();
                let told: Vec<String> = told.into_iter().flatten().flatten().collect();
                let told: Vec<&str> = told.iter().map(String::as_str).collect();
                let statuses = step.expect.statuses(Some(row), &scenario.variables);
                let mark = words().find(|word| of_rows(word)).map_or(row.mark, |word| cell(row, word, problems));
                problems.extend(beside_status(&row.source, mark, &told, &statuses));
            }
            let Some(expected) = &step.expect.payment else { continue };
            let Some(detail_text) = expected.status_detail.as_deref() else { continue };
            if !of_rows(detail_text) && !of_rows(&expected.status) {
                continue;
            }
            if let (Some([status]), Some([detail])) =
                (filled(&expected.status, row).as_deref(), filled(detail_text, row).as_deref())
                && let Some((message, fix)) = pair(status, detail)
            {
                let of_row = [detail_text, &expected.status].into_iter().find(|text| of_rows(text)).unwrap_or_default();
                let mark = cell(row, of_row, problems);
                problems.push(row.source.problem(mark, 1, message).fix(fix));
            }
        }
    }
}

/// A text that is a column of a row or has no variable; `None` when only the run knows it.
fn filled(text: &str, row: &Row) -> Option<Vec<String>> {
    let Some(column) = column_alone(text) else {
        return (!text.contains("${")).then(|| vec![text.to_owned()]);
    };
    let values = match row.values.get(column)? {
        serde_json::Value::Array(items) => items.iter().map(plain_text).collect(),
        other => vec![plain_text(other)],
    };
    values.iter().all(|value| !value.contains("${")).then_some(values)
}

/// Numbers of cards that may be real, and credentials, anywhere in a file: a scenario is shared and printed.
pub(super) fn secrets(source: &Source, root: &Node, problems: &mut Vec<Problem>) {
    let mut found = Secrets { source, told: 0, problems };
    found.walk(root);
}

/// The same for one text of a table in a file of its own.
pub(super) fn secret(source: &Source, mark: Mark, text: &str, problems: &mut Vec<Problem>) {
    Secrets { source, told: 0, problems }.text(mark, text);
}

/// How many digits of a line are not those that a masked card number keeps (`400000******0002`).
fn digits_shown(line: &str) -> usize {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let parts: Vec<&str> = line.split("******").collect();
    let masked = parts.windows(2).filter(|pair| {
        let tail = pair[0].len().checked_sub(6).and_then(|at| pair[0].get(at..));
        tail.is_some_and(|tail| digits(tail) == 6) && pair[1].get(..4).is_some_and(|head| digits(head) == 4)
    });
    digits(line) - 10 * masked.count()
}

struct Secrets<'s> {
    source: &'s Source,
    told: usize,
    problems: &'s mut Vec<Problem>,
}

impl Secrets<'_> {
    fn walk(&mut self, node: &Node) {
        match &node.kind {
            Kind::Text(text) => self.text(node.mark, text),
            Kind::Number(number) => {
                if let Some(last) = leaving::in_number(number) {
                    self.card(node.mark, &number.to_string(), last);
                }
            }
            Kind::List(items) => items.iter().for_each(|item| self.walk(item)),
            Kind::Map(members) => {
                for (key, member) in members {
                    if let Some(last) = real_cards::ending(&key.text) {
                        self.card(key.mark, &key.text, last);
                    }
                    match &member.kind {
                        Kind::Map(headers) if key.text == "headers" => {
                            headers.iter().for_each(|(key, value)| self.header(key, value));
                        }
                        _ => self.walk(member),
                    }
                }
            }
            Kind::Null | Kind::Bool(_) => {}
        }
    }

    fn header(&mut self, key: &Key, value: &Node) {
        if let Some(last) = real_cards::ending(&key.text) {
            self.card(key.mark, &key.text, last);
        }
        let secret = SECRET_HEADERS.iter().any(|name| key.text.eq_ignore_ascii_case(name));
        match &value.kind {
            Kind::Text(text) if secret && !text.contains("${") && !text.trim().is_empty() => {
                self.tell(value.mark, text, Message::new("scenario.credential"));
            }
            _ => self.walk(value),
        }
    }

    fn card(&mut self, mark: Mark, text: &str, last: String) {
        self.tell(mark, text, Message::new("scenario.real-card").with("last", last));
        // In a text of several lines, or with a dot between its groups, the number itself stands in the excerpt still.
        let excerpts = self.problems.iter_mut().filter_map(|problem| problem.excerpt.as_mut());
        for line in excerpts.flat_map(|excerpt| &mut excerpt.lines) {
            if digits_shown(line) >= 13 {
                *line = line.replace(|character: char| character.is_ascii_digit(), "*");
            }
        }
    }

    fn text(&mut self, mark: Mark, text: &str) {
        if text.len() < 13 {
            return;
        }
        if let Some(last) = leaving::in_escaped(text) {
            self.card(mark, text, last);
        } else if find_credentials(text).iter().any(|found| found.kind != Credential::PublicKey) {
            self.tell(mark, text, Message::new("scenario.credential"));
        }
    }

    fn tell(&mut self, mark: Mark, text: &str, message: Message) {
        self.told += 1;
        if self.told > MOST_SECRETS {
            return;
        }
        let fix = Message::new(match message.key.as_ref() {
            "scenario.real-card" => "scenario.real-card-fix",
            _ => "scenario.credential-fix",
        });
        let length = text.lines().next().unwrap_or_default().chars().count();
        self.problems.push(self.source.problem(mark, length, message).fix(fix));
        // Problems are printed and kept: the lines that they quote must not show what should not stand there. As many
        // characters stay, so that marks point where they did.
        let hidden = "*".repeat(length);
        let excerpts = self.problems.iter_mut().filter_map(|problem| problem.excerpt.as_mut());
        for line in excerpts.flat_map(|excerpt| &mut excerpt.lines).filter(|line| line.contains(text)) {
            *line = line.replace(text, &hidden);
        }
    }
}
