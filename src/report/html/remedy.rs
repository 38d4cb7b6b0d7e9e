//! What it would take to answer an open question, from the reason why it is open.

use crate::i18n::Message;

/// What the reader can do; nothing where the reason says all there is to say.
pub(super) fn of(reason: &Message) -> Option<Message> {
    let (area, name) = reason.key.split_once('.')?;
    Some(Message::new(match (area, name) {
        ("golive", "needs-javascript" | "form-drawn-elsewhere")
        | ("browser", "none" | "off" | "not-there" | "no-start" | "slow-start") => "report.take-browser",
        ("browser", "page-limit" | "time-limit") => "report.take-browser-more",
        ("golive", "form-not-drawn" | "stays-empty" | "field-errors-not-seen" | "result-not-seen") => {
            "report.take-journey"
        }
        ("golive", "no-checkout-seen" | "only-checkout-read" | "terms-not-read" | "nothing-read")
        | ("crawl", "page-limit" | "time-limit" | "time-limit-delay" | "byte-limit" | "too-deep" | "link-limit") => {
            "report.take-reach"
        }
        ("golive", "terms-unread") => "report.take-terms",
        ("golive", "saved-material") | ("saved", _) => "report.take-live",
        ("golive", "sdk-may-come" | "unread-elsewhere" | "unread") | ("crawl", "elsewhere" | "redirect-elsewhere") => {
            "report.take-host"
        }
        ("golive", "turned-off") => "report.take-turned-on",
        (
            "golive",
            "callback-unread" | "calls-of-both" | "card-form-unread" | "container-computed" | "sandbox-depends"
            | "sends-unread",
        ) => "report.take-by-hand",
        ("crawl", "robots" | "robots-unreadable") => "report.take-robots",
        ("crawl", "bot-block" | "walled") => "crawl.bot-block-fix",
        ("crawl", "login-asked" | "login-instead") => "crawl.login-fix",
        ("contract", "no-env" | "no-credential" | "no-token") => "report.take-credential",
        ("contract", "environment" | "environment-reason" | "environment-page") => "report.take-later",
        ("contract", "unknown-outcome") => "contract.fix-unknown",
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys above are words in a list: a reason that is renamed would go without its remedy.
    #[test]
    fn every_reason_that_has_a_remedy_exists() {
        let source = include_str!("remedy.rs");
        let source = &source[..source.find("mod tests").unwrap_or_default()];
        let known: std::collections::HashSet<&str> = crate::i18n::keys().collect();
        let names = source.split('"').skip(1).step_by(2).filter(|word| !word.contains('.') && word.contains('-'));
        for name in names {
            let areas = ["golive", "browser", "crawl", "contract"];
            assert!(areas.iter().any(|area| known.contains(format!("{area}.{name}").as_str())), "{name}");
        }
        assert!(of(&Message::new("golive.terms-unread")).is_some() && of(&Message::new("golive.found")).is_none());
    }
}
