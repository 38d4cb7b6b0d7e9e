//! What a run will do: scenarios times sites times rows, and the variables that each begins with. Sends nothing.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::scenario::{Row, Scenario, Variables, references};
use super::target::{Recorded, Target, TargetKind};
use crate::i18n::Text;
use crate::ids::Ids;
use crate::specs::{cards, sites};

/// One planned execution of a scenario.
pub(super) struct Plan {
    pub(super) scenario: Arc<Scenario>,
    pub(super) site: String,
    row: Option<usize>,
    /// Its place among all that run, from 0, in whatever part of the run.
    pub(super) index: usize,
    /// Whether the scenario names any variable.
    pub(super) has_variables: bool,
}

impl Plan {
    /// The row that runs, if there is a table.
    pub(super) fn row(&self) -> Option<&Row> {
        self.row.and_then(|index| self.scenario.rows.get(index))
    }

    /// Id of the result: scenario, row and site.
    pub(super) fn id(&self) -> String {
        let row = self.row().map(|row| format!("[{}]", row.id));
        format!("{}{}@{}", self.scenario.id, row.unwrap_or_default(), self.site)
    }
}

/// Whether a scenario has a site to run on: a real account lives on one.
pub(super) fn runs_here(scenario: &Scenario, target: &Target) -> bool {
    let one = matches!(target.kind, TargetKind::Url | TargetKind::Recording(Recorded::Url));
    !one || scenario.sites.is_empty() || scenario.sites.contains(&target.site)
}

/// One plan for each scenario, site and row, in the order of the list; skipped scenarios have none.
pub(super) fn plan(scenarios: Vec<Scenario>, target: &Target) -> Vec<Plan> {
    let mut plans = Vec::new();
    for scenario in scenarios.into_iter().filter(|scenario| scenario.skip.is_none() && scenario.is_for(target.kind)) {
        let scenario = Arc::new(scenario);
        let sites: Vec<String> = match (scenario.sites.as_slice(), target.kind) {
            ([], _) => vec![target.site.clone()],
            (sites, TargetKind::Embedded | TargetKind::Recording(Recorded::Embedded)) => sites.to_vec(),
            // A real account lives on one site.
            (sites, TargetKind::Url | TargetKind::Recording(Recorded::Url)) => {
                sites.iter().filter(|site| **site == target.site).cloned().collect()
            }
        };
        let has_variables = scenario.has_variables();
        let planned =
            |site: &String, row| Plan { scenario: scenario.clone(), site: site.clone(), row, index: 0, has_variables };
        for site in sites {
            if scenario.rows.is_empty() {
                plans.push(planned(&site, None));
            } else {
                let rows = 0..scenario.rows.len();
                plans.extend(rows.map(|row| planned(&site, Some(row))));
            }
        }
    }
    plans
}

/// The variables that every scenario has; a step refreshes `uuid` and `hex32`. Dates are counted from `clock`, else
/// from the time when the first is asked for.
pub(super) fn variables(plan: &Plan, ids: &Ids, clock: Option<Timestamp>) -> Variables {
    let row = plan.row();
    let mut variables = Variables::default();
    if !plan.has_variables {
        return variables;
    }
    if let Some(clock) = clock {
        variables.begin_at(clock);
    }
    let site = sites::get(&plan.site);
    variables.set("uuid", json!(ids.uuid()));
    variables.set("hex32", json!(ids.hex32()));
    variables.set("site", json!(plan.site));
    variables.set("currency", json!(site.map(|site| site.currency.as_str())));
    let document = cards::of_site(&plan.site).and_then(|cards| cards.document.as_ref());
    let identification = document.map(|document| json!({ "type": document.kind, "number": document.number }));
    // Test credentials demand an address of the test domain (Mercado Pago, error 2198).
    let email = format!("test_user_{}@testuser.com", 10_000_000 + ids.below(80_000_000));
    variables.set(
        "payer",
        json!({ "email": email, "identification": identification, "first_name": "Test", "last_name": "User" }),
    );
    variables.set("row", Value::Object(row.map_or_else(Map::new, |row| row.values.clone())));
    for (name, value) in &plan.scenario.variables {
        variables.made_of(name, value);
        if let Ok(value) = variables.fill_json(value) {
            variables.set(name, value);
        }
    }
    if let Some(row) = row {
        variables.made_of("row", &Value::Object(row.values.clone()));
    }
    // A row may hold variables of its own (`body: { email: ${payer.email} }`).
    if let Some(row) = row
        && let Ok(values) = variables.fill_json(&Value::Object(row.values.clone()))
    {
        variables.set("row", values);
    }
    variables
}

/// Deepest chain of variables that is followed.
const DEEPEST: usize = 16;

/// Whether a value names, itself or by way of other variables, one that every run makes anew: an identifier, a date,
/// an address, or what the environment gives.
pub(super) fn is_made_anew(plan: &Plan, value: &Value) -> bool {
    anew(plan, value, 0)
}

fn anew(plan: &Plan, value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => references(text).into_iter().any(|name| names_anew(plan, name, depth)),
        Value::Array(items) => items.iter().any(|item| anew(plan, item, depth)),
        Value::Object(members) => members.values().any(|member| anew(plan, member, depth)),
        _ => false,
    }
}

fn names_anew(plan: &Plan, name: &str, depth: usize) -> bool {
    let first = name.split(['.', '+', '-']).next().unwrap_or_default().trim();
    let mut captured = plan.scenario.every_step().flat_map(|step| step.capture.iter().chain(&step.capture_headers));
    if depth > DEEPEST || captured.any(|(own, _, _)| own == first || own == name) {
        // What an answer gave is in the recording.
        return false;
    }
    let of_variable = |name: &str| plan.scenario.variables.get(name);
    if let Some(value) = of_variable(name).or_else(|| of_variable(first)) {
        return anew(plan, value, depth + 1);
    }
    match (first, name.strip_prefix("row.")) {
        ("row", column) => plan.row().is_some_and(|row| {
            let value = column.and_then(|column| row.values.get(column.split('.').next().unwrap_or(column)));
            value.map_or_else(
                || row.values.values().any(|value| anew(plan, value, depth + 1)),
                |value| anew(plan, value, depth + 1),
            )
        }),
        ("uuid" | "hex32" | "email" | "now" | "date" | "env", _) => true,
        _ => matches!(name, "payer" | "payer.email"),
    }
}

/// The name of a result: that of the scenario, with the row named where there is one.
pub(super) fn name(plan: &Plan) -> Text {
    match plan.row() {
        Some(row) => {
            let named = |name: &str| format!("{name} [{}]", row.id);
            let name = &plan.scenario.name;
            Text { es: named(&name.es), pt: named(&name.pt), en: named(&name.en) }
        }
        None => plan.scenario.name.clone(),
    }
}
