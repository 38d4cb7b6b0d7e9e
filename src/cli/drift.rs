//! `homologa contract drift --against FILE`: what is documented here against another document.

use super::args::DriftArgs;
use super::output::Output;
use super::validate::{put, read};
use crate::contract::drift::compare;
use crate::exit;
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::drift::{Weight, kinds};
use crate::specs::reference_page::LONGEST_PAGE;

pub(super) fn run(output: &Output, args: &DriftArgs) -> Result<u8, Vec<Problem>> {
    let name = args.against.display().to_string();
    let refused = |message: Message| vec![Problem::input(message).in_file(name.as_str())];
    let bytes = read(&args.against, LONGEST_PAGE)
        .map_err(|error| refused(Message::new("validate.unreadable-file").with("error", error)))?;
    if bytes.len() > LONGEST_PAGE {
        return Err(refused(Message::new("validate.file-too-large").with("limit", LONGEST_PAGE >> 20)));
    }
    let drift = compare(&name, &bytes).map_err(|problem| vec![problem])?;
    if output.json {
        output.result_json(&drift);
    } else {
        let mut out = String::new();
        for found in &drift.differences {
            let weight = match found.weight {
                Weight::Breaking => Message::new("drift.breaking"),
                Weight::Notable => Message::new("drift.notable"),
                Weight::Info => Message::new("drift.info"),
            };
            let title = kinds().iter().find(|kind| kind.id == found.kind).map(|kind| kind.title.get(output.lang));
            put(&format!("{}  {}  {}", output.say(&weight), title.unwrap_or(found.kind), found.place), "", &mut out);
            for (sign, text) in [("-", &found.ours), ("+", &found.theirs)] {
                if let Some(text) = text {
                    put(&format!("{sign} {text}"), "    ", &mut out);
                }
            }
        }
        let total = Message::new("drift.total").with("document", drift.document).with("n", drift.found);
        put(&output.say(&total.with("m", drift.differences.len())), "", &mut out);
        output.plain_result(&out);
    }
    Ok(if drift.breaking() { exit::NOT_READY } else { exit::READY })
}
