//! Records of large runs: thousands of scenarios or pages, with bodies of the size that real ones have.

use super::contract::{failing, noted, passing, undecided};
use super::{bad_shop, contract, rules};
use crate::i18n::Text;
use crate::run::{ContractRecord, RunRecord, RunVerdict, ScenarioResult, Verdict};

/// A response body of about 3 kB, as a payment has it.
fn payment() -> String {
    let members: Vec<String> =
        (0..60).map(|index| format!("\"member_{index}\":\"a value of this payment, number {index}\"")).collect();
    format!("{{{}}}", members.join(","))
}

/// A run of `count` scenarios that all came out as `verdict`.
pub fn scenarios(count: usize, verdict: Verdict) -> RunRecord {
    let one = match verdict {
        Verdict::Fail => failing(),
        Verdict::Inconclusive => undecided(),
        Verdict::Warn => noted(),
        _ => passing(),
    };
    let body = payment();
    let scenario = |number: usize| {
        let mut scenario: ScenarioResult = one.clone();
        scenario.id = format!("payments/case-{number:05}@MLA");
        scenario.name = Text {
            es: format!("Un pago con tarjeta se aprueba y se comunica al comprador, caso {number}"),
            pt: format!("Um pagamento com cartão é aprovado e comunicado ao comprador, caso {number}"),
            en: format!("A card payment is approved and the buyer is told of it, case {number}"),
        };
        scenario.file = format!("scenarios/payments/case-{number:05}.yaml");
        for step in &mut scenario.steps {
            step.findings.iter_mut().for_each(|finding| finding.id = format!("{:016x}", number));
            step.exchange.iter_mut().for_each(|exchange| exchange.response_body = Some(body.clone()));
        }
        scenario
    };
    let verdict = match verdict {
        Verdict::Fail => RunVerdict::NotReady,
        Verdict::Inconclusive => RunVerdict::Inconclusive,
        _ => RunVerdict::Ready,
    };
    RunRecord {
        started: Some(super::started()),
        verdict: Some(verdict),
        complete: true,
        elapsed_ms: 90_000,
        contract: Some(ContractRecord {
            target: Some(contract::target()),
            planned: count,
            scenarios: (0..count).map(scenario).collect(),
            coverage: Some(contract::coverage(false)),
            ..ContractRecord::default()
        }),
        ..RunRecord::default()
    }
}

/// A shop of `count` pages, each with findings of every rule that fails.
pub fn pages(count: usize) -> RunRecord {
    let mut shop = bad_shop();
    let page = shop.pages[1].clone();
    shop.pages = (0..count)
        .map(|number| {
            let mut page = page.clone();
            page.url = format!("https://tienda-rota.example/producto/{number}");
            page
        })
        .collect();
    for check in &mut shop.checks {
        let few = std::mem::take(&mut check.findings);
        for page in shop.pages.iter().filter(|_| !few.is_empty()) {
            let mut finding = few[0].clone();
            finding.place.url = Some(page.url.clone());
            check.findings.push(finding);
        }
    }
    RunRecord {
        started: Some(super::started()),
        verdict: Some(RunVerdict::NotReady),
        complete: true,
        elapsed_ms: 90_000,
        requirements: super::requirements(),
        rules: rules(),
        shops: vec![shop],
        ..RunRecord::default()
    }
}
