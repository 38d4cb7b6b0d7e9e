//! What a purchase in installments costs the buyer.
//!
//! Responsible for one plan per number of installments: rate, amounts, labels and the sentence that forms show. What
//! sellers and issuers really charge is documented nowhere. So only Argentina, where the law wants the rates shown,
//! has interest here, at one invented monthly rate, and its labels follow from it; elsewhere nothing is added.

use crate::specs::sites::{PaymentMethod, Site};

/// Monthly interest in Argentina, before value added tax.
const MONTHLY: f64 = 0.04;
/// Value added tax on interest in Argentina.
const TAX: f64 = 0.21;

/// A way to pay an amount.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Number of installments.
    pub(super) installments: u32,
    /// What is added, in per cent of the amount.
    pub(super) rate: f64,
    /// One installment.
    pub(super) each: f64,
    /// All of them together.
    pub(super) total: f64,
    /// Effective rates of a year: without tax (TEA) and with it (CFT), in per cent.
    tea: f64,
    cft: f64,
}

/// The plan for a number of installments.
pub(super) fn plan(site: &Site, method: &PaymentMethod, installments: u32, amount: f64) -> Plan {
    let count = f64::from(installments.max(1));
    let costs = site.id == "MLA" && method.payment_type_id == "credit_card" && installments > 1;
    if !costs {
        let (each, total) = (round(site, amount / count), round(site, amount));
        return Plan { installments, rate: 0.0, each, total, tea: 0.0, cft: 0.0 };
    }
    let monthly = MONTHLY * (1.0 + TAX);
    // Equal installments at the end of each month (annuity).
    let each = round(site, amount * monthly / (1.0 - (1.0 + monthly).powf(-count)));
    let total = round(site, each * count);
    let yearly = |monthly: f64| hundredth(((1.0 + monthly).powi(12) - 1.0) * 100.0);
    let rate = if amount > 0.0 { hundredth((total / amount - 1.0) * 100.0) } else { 0.0 };
    Plan { installments, rate, each, total, tea: yearly(MONTHLY), cft: yearly(monthly) }
}

impl Plan {
    /// The labels: in Argentina the two rates that a shop has to show, in the form of the documentation.
    pub(super) fn labels(&self, site: &Site) -> Vec<String> {
        if site.id != "MLA" {
            return Vec::new();
        }
        let comma = |number: f64| format!("{number:.2}").replace('.', ",");
        vec![format!("CFT_{}%|TEA_{}%", comma(self.cft), comma(self.tea))]
    }

    /// The sentence that forms show, in the language of the site's buyers.
    pub(super) fn message(&self, site: &Site) -> String {
        let word = match (site.language.as_str(), self.installments) {
            ("pt", 1) => "parcela",
            ("pt", _) => "parcelas",
            (_, 1) => "cuota",
            _ => "cuotas",
        };
        format!("{} {word} de {} ({})", self.installments, money(site, self.each), money(site, self.total))
    }
}

fn hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// To as many decimals as the currency has.
fn round(site: &Site, number: f64) -> f64 {
    if site.decimals == 0 { number.round() } else { hundredth(number) }
}

/// An amount as people of the site write it.
fn money(site: &Site, number: f64) -> String {
    let sign = match site.id.as_str() {
        "MLB" => "R$",
        "MPE" => "S/",
        _ => "$",
    };
    let (thousands, decimal) = if matches!(site.id.as_str(), "MLM" | "MPE") { (',', '.') } else { ('.', ',') };
    let written = format!("{number:.*}", site.decimals as usize);
    let (whole, rest) = written.split_once('.').unwrap_or((&written, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(thousands);
        }
        grouped.push(digit);
    }
    if rest.is_empty() { format!("{sign} {grouped}") } else { format!("{sign} {grouped}{decimal}{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::sites;

    fn of(site: &str, method: &str, installments: u32, amount: f64) -> (Plan, Vec<String>, String) {
        let site = sites::get(site).unwrap();
        let plan = plan(site, site.payment_method(method).unwrap(), installments, amount);
        let (labels, message) = (plan.labels(site), plan.message(site));
        (plan, labels, message)
    }

    #[test]
    fn argentina_shows_its_rates() {
        let (one, labels, message) = of("MLA", "visa", 1, 1000.0);
        assert_eq!((one.rate, one.total), (0.0, 1000.0));
        assert_eq!(labels, ["CFT_0,00%|TEA_0,00%"]);
        assert_eq!(message, "1 cuota de $ 1.000,00 ($ 1.000,00)");
        let (twelve, labels, message) = of("MLA", "visa", 12, 1000.0);
        assert_eq!(labels, ["CFT_76,33%|TEA_60,10%"]);
        // The installments bring the amount back to its present value.
        let back: f64 = (1..=12).map(|month| twelve.each / 1.0484f64.powi(month)).sum();
        assert!((back - 1000.0).abs() < 0.1, "{back}");
        assert_eq!((twelve.each * 1200.0).round() / 100.0, twelve.total);
        assert!(message.starts_with("12 cuotas de $ "), "{message}");
    }

    #[test]
    fn other_countries_add_nothing_and_write_their_own_way() {
        let (plan, labels, message) = of("MLB", "master", 3, 1_234_567.0);
        assert_eq!((plan.rate, plan.total, labels.len()), (0.0, 1_234_567.0, 0));
        assert_eq!(message, "3 parcelas de R$ 411.522,33 (R$ 1.234.567,00)");
        assert_eq!(of("MLM", "visa", 1, 1000.0).2, "1 cuota de $ 1,000.00 ($ 1,000.00)");
        assert_eq!(of("MLC", "visa", 3, 1000.0).2, "3 cuotas de $ 333 ($ 1.000)");
        assert_eq!(of("MLA", "debvisa", 1, 5.0).0.total, 5.0);
    }
}
