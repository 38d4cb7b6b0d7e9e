//! What a run will do: scenarios times sites times rows, and the variables that each begins with. Sends nothing.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::scenario::{Row, Scenario, Variables};
use super::target::{Recorded, Target, TargetKind};
use crate::i18n::Text;
use crate::ids::Ids;
use crate::specs::{cards, sites};

/// One planned execution of a scenario.
pub(super) struct Plan {
    pub(super) scenario: Arc<Scenario>,
    pub(super) site: String,
    row: Option<usize>,
    /// Its place among all that run, from 0.
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

/// One plan for each scenario, site and row, in the order of the list; skipped scenarios have none.
pub(super) fn plan(scenarios: Vec<Scenario>, target: &Target) -> Vec<Plan> {
    let mut plans = Vec::new();
    for scenario in
        scenarios.into_iter().filter(|scenario| scenario.skip.is_none() && target.kind.is_among(&scenario.targets))
    {
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

/// The variables that every scenario has; a step refreshes `uuid` and `hex32`.
pub(super) fn variables(plan: &Plan, ids: &Ids) -> Variables {
    let row = plan.row();
    let mut variables = Variables::default();
    if !plan.has_variables {
        return variables;
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
