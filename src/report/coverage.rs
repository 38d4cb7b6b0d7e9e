//! Coverage as a table for a terminal: each code and each status pair, and of what no answer showed, why.

use super::paint::{Tone, columns, hang};
use super::{clean, labels};
use crate::i18n::{Lang, Message, Text};
use crate::run::{ContractRecord, Coverage, CoverageState};

/// Columns of a code that has a message after it; a longer one takes more.
const LONGEST_CODE: usize = 6;
/// Columns below which a message gets a line of its own.
const SHORTEST: usize = 24;
/// The states in reading order.
const STATES: [CoverageState; 5] = [
    CoverageState::Observed,
    CoverageState::Injected,
    CoverageState::Provoked,
    CoverageState::NotReachable,
    CoverageState::NeverRun,
];

/// The coverage of a run and its gates, ending in a line feed.
pub fn text(contract: &ContractRecord, coverage: &Coverage, lang: Lang, width: usize) -> String {
    let mut table = Table { out: String::new(), lang, width: width.max(40) };
    let say = |message: &Message| message.render(lang);
    let codes = coverage.codes.iter().map(|code| {
        let first = [code.status.to_string(), code.code.clone()];
        (first, code.state, code.message.as_deref(), code.why.as_ref(), Some(&code.how))
    });
    table.rows(&say(&Message::new("report.coverage")), &codes.collect::<Vec<_>>());
    let pairs = coverage.pairs.iter().map(|pair| {
        let first = [pair.status.clone(), pair.status_detail.clone().unwrap_or_else(|| "–".to_owned())];
        (first, pair.state, None, pair.why.as_ref(), pair.how.as_ref())
    });
    table.rows(&say(&Message::new("report.pairs")), &pairs.collect::<Vec<_>>());
    let (seen, within) = coverage.pairs_seen();
    let total = Message::new("report.pairs-line").with("observed", seen).with("reachable", within);
    let counts = |count: &dyn Fn(CoverageState) -> usize| {
        let counted = STATES.into_iter().map(|state| (state, count(state))).filter(|(_, count)| *count > 0);
        counted.map(|(state, count)| say(&labels::coverage_count(state, count))).collect::<Vec<_>>().join(" · ")
    };
    let codes = Message::new("report.coverage-line").with("observed", coverage.count(CoverageState::Observed));
    table.put("", &say(&codes.with("total", coverage.codes.len())));
    table.put("  ", &counts(&|state| coverage.count(state)));
    table.put("", &say(&total.with("total", coverage.pairs.len())));
    table.put("  ", &counts(&|state| coverage.pairs.iter().filter(|pair| pair.state == state).count()));
    for gate in &contract.gates {
        table.put("", &format!("{} {}: {}", labels::verdict_sign(gate.verdict), gate.id, say(&gate.message)));
    }
    table.out
}

/// Two columns, a state, what is printed after it, why it was not seen, and how it is reached.
type Row<'r> = ([String; 2], CoverageState, Option<&'r str>, Option<&'r Message>, Option<&'r Text>);

struct Table {
    out: String,
    lang: Lang,
    width: usize,
}

impl Table {
    fn rows(&mut self, title: &str, rows: &[Row<'_>]) {
        let widest = |index: usize| rows.iter().map(|(first, ..)| columns(&first[index])).max().unwrap_or_default();
        // One long name does not push every message to the right.
        let most = if rows.iter().any(|row| row.2.is_some()) { LONGEST_CODE } else { usize::MAX };
        let (one, two) = (widest(0), widest(1).min(most));
        self.put("", title);
        for (first, state, message, why, how) in rows {
            let word = labels::coverage(*state).render(self.lang);
            let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
            let [left, right] = first;
            let lead = format!("  {left}{}  {right}{}  {word}", pad(left, one), pad(right, two));
            match message {
                Some(message) if columns(&lead) + SHORTEST < self.width => {
                    self.put(&format!("{}{}", clean::line(&lead), " · "), message);
                }
                Some(message) => {
                    self.put(&clean::line(&lead), "");
                    self.put("      ", message);
                }
                None => self.put(&clean::line(&lead), ""),
            }
            if let Some(why) = why {
                self.put("      ", &why.render(self.lang));
                if let Some(how) = how {
                    self.put("      ", how.get(self.lang));
                }
            }
        }
        self.out.push('\n');
    }

    /// A text with a hanging indentation.
    fn put(&mut self, first: &str, text: &str) {
        hang(&mut self.out, first, &clean::line(text), Tone::Plain, self.width, false);
    }
}
