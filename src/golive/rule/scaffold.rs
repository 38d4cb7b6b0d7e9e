//! The beginning of a new rule: a file that loads and whose own examples fail until it is filled in.

use super::load::FAMILIES;
use crate::i18n::Message;
use crate::run::Problem;

/// A new rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffold {
    /// Where it belongs: `rules/<family>/<id>.yaml`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What a new rule begins as. No page has the attribute, so the passing example fulfils nothing and the failing
/// one is not found until both say what the rule is about.
const TEMPLATE: &str = r#"id: ID
requirement: sdk            # one of rules/requirements.yaml
severity: warning           # blocker | warning | advice
# generations: [v1, v2-core, v2-cardform, bricks, checkout-pro]
origin: engineering         # documented-today | documented-formerly | engineering | law | pci
scope: page                 # page | checkout | shop
title: { es: "Qué se pide", pt: "O que se pede", en: "What is demanded" }
why: { es: "Por qué importa", pt: "Por que importa", en: "Why it matters" }
fix: { es: "Cómo se corrige", pt: "Como corrigir", en: "How to mend it" }
sources: ["Where the demand stands: repository@commit, path, or title of the page"]
# each, card-fields, none, some, no-script, no-words or predicate: rules/README.md
check: { none: '[data-fill-in="ID"]' }
examples:
  pass:
    # A page that fulfils the rule, and the traps: pages that look wrong and are right.
    - '<p data-fill-in="ID">Replace me by a page that passes</p>'
  fail:
    # A page that does not fulfil it.
    - '<p>Replace me by a page that fails</p>'
"#;

/// The beginning of the rule `family/id`.
///
/// # Errors
/// The family is none of the known ones, or the id is not in kebab-case; the problem names what is known.
pub fn scaffold(name: &str) -> Result<Scaffold, Box<Problem>> {
    let known = || FAMILIES.join(", ");
    let wrong =
        || Box::new(Problem::input(Message::new("golive.bad-rule-name").with("name", name).with("known", known())));
    let (family, id) = name.split_once('/').ok_or_else(wrong)?;
    let kebab = |id: &str| {
        id.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    };
    if !FAMILIES.contains(&family) || !kebab(id) || id.len() > 80 {
        return Err(wrong());
    }
    Ok(Scaffold { path: format!("rules/{family}/{id}.yaml"), text: TEMPLATE.replace("ID", id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golive::rule::{RuleSet, examples, load};
    use crate::run::Verdict;

    #[test]
    fn a_new_rule_loads_and_fails_until_it_is_filled_in() {
        let new = scaffold("ux/ux-new-rule").unwrap();
        assert_eq!(new.path, "rules/ux/ux-new-rule.yaml");
        let requirements = RuleSet::builtin().unwrap_or_else(|_| panic!("rules")).requirements;
        let loaded = load::load(&new.path, "ux", &new.text, &requirements).ok().unwrap();
        let (pass, fail) = (loaded.file.examples.pass.clone(), loaded.file.examples.fail.clone());
        let rules = RuleSet::of(requirements, vec![loaded]);
        assert!(!pass.is_empty() && pass.iter().all(|one| examples::judge(&rules, one)[0].verdict != Verdict::Pass));
        assert!(!fail.is_empty() && fail.iter().all(|one| examples::judge(&rules, one)[0].findings.is_empty()));
        let filled = new
            .text
            .replace("'<p data-fill-in=\"ux-new-rule\">", "'<p>")
            .replace("'<p>Replace me by a page that f", "'<p data-fill-in=\"ux-new-rule\">F");
        let schema = include_str!("../../../specs/dsl/rule.schema.json");
        let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        assert!(schema.is_valid(&serde_yaml::from_str(&filled).unwrap()));
    }

    #[test]
    fn a_name_that_fits_nowhere_is_refused() {
        for name in ["ux", "nowhere/rule", "ux/Rule", "ux/", "ux/../x", "ux/a--b", "../ux/a"] {
            assert!(scaffold(name).is_err(), "{name}");
        }
    }
}
