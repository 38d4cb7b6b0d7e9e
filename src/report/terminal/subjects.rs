//! What was judged: each shop and the API contract, with its verdict and what is known of it.

use std::fmt::Write as _;

use super::{Page, units};
use crate::i18n::Message;
use crate::report::outline::Cell;
use crate::report::paint::{Tone, columns, cut};
use crate::report::{accepted, clean, drift, host, labels, preflight};
use crate::run::{ContractRecord, CoverageState, RunVerdict, ShopRecord, Verdict};

impl Page<'_> {
    /// One line with the sign of a verdict, a name, and facts under it.
    fn block(&mut self, verdict: RunVerdict, name: &str, facts: &[String]) {
        let sign = self.paint(labels::run_sign(verdict), verdict.into());
        let words = self.say(&labels::verdict(labels::part(verdict)));
        let name = cut(name, self.style.width.saturating_sub(columns(&words) + 5));
        let name = self.paint(&name, Tone::Strong);
        let _ = writeln!(self.out, "\n{sign} {name} · {}", self.paint(&words, verdict.into()));
        for fact in facts {
            self.hang("  ", fact, Tone::Plain);
        }
    }

    pub(super) fn shop(&mut self, shop: &ShopRecord) {
        let mut facts = Vec::new();
        let checkouts = shop.pages.iter().filter(|page| page.checkout).count();
        let mut pages =
            self.say(&Message::new("report.pages-read").with("n", shop.pages.len()).with("checkouts", checkouts));
        let mut generations: Vec<_> = shop.pages.iter().flat_map(|page| page.generations.iter().copied()).collect();
        generations.sort_unstable();
        generations.dedup();
        if !generations.is_empty() {
            let names: Vec<&str> = generations.into_iter().map(crate::run::Generation::name).collect();
            let _ = write!(pages, " · {}", names.join(", "));
        }
        facts.push(pages);
        facts.extend(self.host(shop));
        if let Some(browser) = &shop.browser {
            let message = Message::new("report.browser").with("version", &browser.version).with("n", browser.pages);
            let mut parts = vec![self.say(&message)];
            parts.extend(browser.unguarded.then(|| self.say(&Message::new("report.browser-unguarded"))));
            facts.push(units(parts));
        }
        facts.push(self.counts(shop));
        let name = clean::line(&shop.url).into_owned();
        self.block(shop.verdict, &name, &facts);
    }

    /// What the probe of the host told, and what it could not; a line for each group that says something.
    fn host(&self, shop: &ShopRecord) -> Vec<String> {
        let version = shop.tls.as_ref().map(|tls| clean::line(tls.version.as_deref().unwrap_or("TLS")).into_owned());
        let [shown, answered] = host::facts(shop)
            .map(|facts| facts.iter().map(|fact| self.signed(fact.sign, &fact.message)).collect::<Vec<_>>());
        let shown: Vec<String> = version.into_iter().chain(shown).collect();
        [shown, answered].into_iter().filter(|parts| !parts.is_empty()).map(units).collect()
    }

    fn signed(&self, sign: &str, message: &Message) -> String {
        let words = self.say(message);
        if sign.is_empty() { words } else { format!("{sign} {words}") }
    }

    /// How many checks came out how, leaving out what did not occur.
    fn counts(&self, shop: &ShopRecord) -> String {
        let cell = Cell::of(&shop.checks);
        let parts = [
            (Verdict::Pass, cell.pass),
            (Verdict::Fail, cell.fail),
            (Verdict::Warn, cell.warn),
            (Verdict::Inconclusive, cell.open),
            (Verdict::NotApplicable, cell.not_applicable),
        ];
        let counted = parts.into_iter().filter(|(_, count)| *count > 0);
        let counted = counted.map(|(verdict, count)| {
            format!("{} {}", labels::verdict_sign(verdict), self.say(&labels::verdict_count(verdict, count)))
        });
        let tolerated = (cell.tolerated > 0)
            .then(|| format!("{} {}", accepted::SIGN, self.say(&labels::tolerated_count(cell.tolerated))));
        units(counted.chain(tolerated))
    }

    pub(super) fn contract(&mut self, contract: &ContractRecord) {
        let mut facts = vec![self.say(&labels::scenarios(contract))];
        if let Some(preflight) = &contract.preflight {
            facts.insert(0, units(preflight::facts(preflight).iter().map(|fact| self.say(fact))));
        }
        if let Some(coverage) = &contract.coverage {
            let line = Message::new("report.coverage-line")
                .with("observed", coverage.count(CoverageState::Observed))
                .with("total", coverage.codes.len());
            facts.push(self.say(&line));
            let (bar, legend) = self.bar(coverage);
            facts.extend([bar, legend]);
            facts.extend(contract.gates.iter().map(|gate| {
                format!("{} {}: {}", labels::verdict_sign(gate.verdict), gate.id, self.say(&gate.message))
            }));
        }
        if let Some(drift) = &contract.drift
            && (drift.baseline.is_some() || !drift.entries.is_empty())
        {
            facts.push(self.say(&drift::totals(drift)));
            facts.extend(drift::baseline(drift).map(|message| self.say(&message)));
        }
        let name = match &contract.target {
            Some(target) => format!("{} · {} · {}", self.word("report.contract"), target.url, target.site),
            None => self.word("report.contract"),
        };
        let name = clean::line(&name).into_owned();
        self.block(contract.verdict(), &name, &facts);
    }

    /// The coverage of the catalogue as a line of blocks, and what each block means.
    fn bar(&self, coverage: &crate::run::Coverage) -> (String, String) {
        let total = coverage.codes.len().max(1);
        let width = (self.style.width - 2).min(60);
        let states = [
            (CoverageState::Observed, '█'),
            (CoverageState::Injected, '▓'),
            (CoverageState::Provoked, '▒'),
            (CoverageState::NotReachable, '╌'),
            (CoverageState::NeverRun, '░'),
        ];
        let mut bar = String::new();
        let mut words = Vec::new();
        let (mut seen, mut drawn) = (0, 0);
        for (state, block) in states {
            let count = coverage.count(state);
            seen += count;
            let end = seen * width / total;
            bar.extend(std::iter::repeat_n(block, end - drawn));
            drawn = end;
            if count > 0 {
                words.push(format!("{block} {}", self.say(&labels::coverage_count(state, count))));
            }
        }
        (bar, units(words))
    }
}
