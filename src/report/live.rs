//! Live progress on standard error: a line that is rewritten on a terminal, plain lines elsewhere.
//!
//! It listens to the events of a run and shows how far it got. It holds nothing back and decides nothing.

use std::cmp::Ordering;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::paint::cut;
use super::{clean, format, labels};
use crate::i18n::{Lang, Message};
use crate::run::{Event, Listener, Verdict};

/// The line of a terminal is rewritten at most this often.
const PACE: Duration = Duration::from_millis(80);
/// Without a terminal, one line for each tenth of the scenarios.
const PARTS: usize = 10;

/// Scenarios that did not hold and are named; the others are counted.
const MOST_NAMED: usize = 20;

/// Shows progress of a run as it happens.
pub struct Live {
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    /// Columns of the terminal; `None` for plain lines.
    width: Option<usize>,
    lang: Lang,
    /// Whether every scenario and every page gets a line of its own.
    verbose: bool,
    planned: usize,
    done: usize,
    failed: usize,
    said: usize,
    /// Shops that are being read, with the number of pages so far.
    shops: Vec<(String, usize)>,
    drawn: Option<Instant>,
    dirty: bool,
}

impl Live {
    /// Progress in `lang` to `out`. `width` is the number of columns of a terminal, and `None` for a file or a
    /// pipe; `verbose` gives every scenario and every page a lasting line. A failure to write is ignored: progress must never stop a run.
    pub fn new(out: Box<dyn Write + Send>, lang: Lang, width: Option<usize>, verbose: bool) -> Live {
        let state = State {
            out,
            width,
            lang,
            verbose,
            planned: 0,
            done: 0,
            failed: 0,
            said: 0,
            shops: Vec::new(),
            drawn: None,
            dirty: false,
        };
        Live { state: Mutex::new(state) }
    }
}

impl Listener for Live {
    fn hear(&self, event: &Event) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).take(event);
    }

    fn finished_before(&self, scenarios: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).done += scenarios;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).wipe();
    }
}

impl State {
    fn take(&mut self, event: &Event) {
        match event {
            Event::ContractStarted { target, scenarios } => {
                self.planned += scenarios;
                self.say(
                    Message::new("report.live-contract").with("n", scenarios).with("target", clean::line(&target.url)),
                );
            }
            Event::ScenariosPlanned { scenarios } => self.planned += scenarios,
            Event::ScenarioFinished(result) => {
                self.done += 1;
                if self.verbose {
                    let sign = labels::verdict_sign(result.verdict);
                    let took = format::duration(result.elapsed_ms);
                    self.line(&format!("{sign} {} · {}", clean::line(&result.id), took.get(self.lang)));
                }
                if result.verdict == Verdict::Fail {
                    self.failed += 1;
                }
                if result.verdict == Verdict::Fail && !self.verbose {
                    match self.failed.cmp(&(MOST_NAMED + 1)) {
                        Ordering::Less => {
                            self.say(Message::new("report.live-failed").with("id", clean::line(&result.id)));
                        }
                        Ordering::Equal => self.say(Message::new("report.live-failed-more")),
                        Ordering::Greater => {}
                    }
                }
                let part = self.done * PARTS / self.planned.max(1);
                if part > self.said || self.done == self.planned {
                    self.said = part;
                    if self.width.is_none() {
                        self.say(self.scenarios());
                    }
                }
            }
            Event::ShopStarted { url } => {
                self.say(Message::new("report.live-shop").with("shop", clean::line(url)));
                self.shops.push((url.clone(), 0));
            }
            Event::PageRead { shop, page } => {
                if self.verbose {
                    self.line(&format!("{} {}", page.status, clean::line(&page.url)));
                }
                if let Some(known) = self.shops.iter_mut().find(|(url, _)| url == shop) {
                    known.1 += 1;
                }
            }
            Event::ShopJudged(shop) => {
                self.shops.retain(|(url, _)| *url != shop.url);
                self.say(
                    Message::new("report.live-shop-done")
                        .with("shop", clean::line(&shop.url))
                        .with("pages", shop.pages.len()),
                );
            }
            Event::RunFinished { .. } => return self.wipe(),
            _ => return,
        }
        self.draw();
    }

    fn scenarios(&self) -> Message {
        Message::new("report.live-scenarios")
            .with("done", self.done)
            .with("planned", self.planned)
            .with("failed", self.failed)
    }

    /// One lasting line; on a terminal only what the moving line cannot hold.
    fn say(&mut self, message: Message) {
        if self.width.is_some() && !message.key.starts_with("report.live-failed") {
            return;
        }
        self.line(&message.render(self.lang));
    }

    /// One lasting line on a terminal and elsewhere.
    fn line(&mut self, text: &str) {
        self.wipe();
        let _ = writeln!(self.out, "{}", clean::log(text));
        let _ = self.out.flush();
    }

    /// Rewrites the moving line, not more often than [`PACE`].
    fn draw(&mut self) {
        let Some(width) = self.width else { return };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < PACE) {
            return;
        }
        let mut parts = Vec::new();
        if self.planned > 0 {
            parts.push(self.scenarios().render(self.lang));
        }
        for (shop, pages) in self.shops.iter().take(3) {
            let shop = clean::line(format::host_and_path(shop)).into_owned();
            let message = Message::new("report.live-pages").with("pages", pages).with("shop", shop);
            parts.push(message.render(self.lang));
        }
        let line = cut(&parts.join(" · "), width.saturating_sub(1));
        let _ = write!(self.out, "\r\u{1b}[2K{line}");
        let _ = self.out.flush();
        self.drawn = Some(Instant::now());
        self.dirty = true;
    }

    fn wipe(&mut self) {
        if self.dirty {
            let _ = write!(self.out, "\r\u{1b}[2K");
            let _ = self.out.flush();
            self.dirty = false;
            self.drawn = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::sample;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(width: Option<usize>) -> String {
        let kept = Kept::default();
        let live = Live::new(Box::new(kept.clone()), Lang::En, width, false);
        sample::events().into_iter().for_each(|event| live.hear(&event));
        drop(live);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn without_a_terminal_there_are_plain_lines() {
        let text = shown(None);
        assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text}");
        assert!(text.lines().count() >= 5, "{text}");
        assert!(text.contains("https://tienda-rota.example/"), "{text}");
    }

    #[test]
    fn thousands_of_failures_are_counted_and_not_all_named() {
        let kept = Kept::default();
        let live = Live::new(Box::new(kept.clone()), Lang::En, None, false);
        let record = sample::many::scenarios(3_000, Verdict::Fail);
        let contract = record.contract.unwrap();
        live.hear(&Event::ContractStarted { target: contract.target.unwrap(), scenarios: contract.planned });
        contract.scenarios.into_iter().for_each(|each| live.hear(&Event::ScenarioFinished(Box::new(each))));
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.lines().count() < 40, "{text}");
        assert!(text.contains("case-00019") && !text.contains("case-00020"), "{text}");
        assert!(text.contains("3000/3000 (3000 do not hold)"), "{text}");
    }

    #[test]
    fn on_a_terminal_one_line_is_rewritten_and_wiped_at_the_end() {
        let text = shown(Some(60));
        assert!(text.ends_with("\r\u{1b}[2K"), "{text:?}");
        assert!(text.split('\r').all(|line| line.trim_start_matches("\u{1b}[2K").chars().count() < 80), "{text:?}");
    }
}
