//! Mistakes in the card form: whether scripts tell the buyer which field to correct.
//!
//! Seen statically, only a list of the documented codes says anything; its absence proves nothing.

use std::collections::BTreeSet;

use super::patterns;
use super::scripts::Source;
use crate::golive::page::PageView;
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;

patterns! {
    CODE = r#"(?:["'`](205|208|209|212|213|214|220|221|224|316|32[2-6]|E30[12])["'`]|\bcase\s+(205|208|209|212|213|214|220|221|224|316|32[2-6])\b|[{,]\s*(205|208|209|212|213|214|220|221|224|316|32[2-6]|E30[12])\s*:)"#;
    // As a property that somebody gives: the list of event names inside sdk-react says nothing of the shop.
    VALIDITY = r#"\bonValidityChange\s*(?:[:=]|\([^()]{0,80}\)\s*\{)|["'`]validityChange["'`]"#;
}

/// The codes that the guide of today's and yesterday's card form documents.
const CODES: [&str; 17] = [
    "205", "208", "209", "212", "213", "214", "220", "221", "224", "316", "322", "323", "324", "325", "326", "E301",
    "E302",
];
/// Fewer codes than these are numbers of something else.
const ENOUGH: usize = 4;

fn codes(clean: &str) -> (BTreeSet<String>, Option<std::ops::Range<usize>>) {
    let mut found = BTreeSet::new();
    let mut first = None;
    for all in CODE.captures_iter(clean).take(500) {
        if let Some(code) = (1..=3).find_map(|at| all.get(at)) {
            first.get_or_insert(code.range());
            found.insert(code.as_str().to_owned());
        }
    }
    (found, first)
}

pub(super) fn field_errors(view: &PageView, hits: &mut Hits) {
    // Who is told of each field while it is filled in needs no list of codes; one beside it is more than is asked for.
    if view.in_scripts(&VALIDITY) {
        return;
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut place = None;
    for source in Source::all(view) {
        let found = source.remember("field-errors", codes);
        // A few of these numbers are also statuses of HTTP.
        if found.0.len() >= ENOUGH {
            known.extend(found.0.iter().cloned());
            place = place.or_else(|| Some((source, found.1.clone()?)));
        }
    }
    match place {
        Some((source, range)) => {
            let missing: Vec<&str> = CODES.into_iter().filter(|code| !known.contains(*code)).collect();
            if !missing.is_empty() {
                let list = missing.join(", ");
                let message = Message::new("golive.details-missing").with("n", missing.len()).with("missing", &list);
                source.hit(view, hits, &range, "codes", message);
            }
        }
        None => hits.leave_open(Message::new("golive.field-errors-not-seen")),
    }
}
