//! The grades of an answer: `specs/grades.yaml`.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::i18n::Text;
use crate::run::Verdict;

/// One grade, as `homologa explain` knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// Id, for example `status-mismatch`.
    pub id: String,
    /// What it does to a step.
    pub verdict: Verdict,
    /// What it does to a captured answer that is judged without an expectation, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<Verdict>,
    /// Title.
    pub title: Text,
    /// What it means.
    pub meaning: Text,
    /// What to do.
    pub remedy: Text,
}

#[derive(Deserialize)]
pub(super) struct GradeFile {
    grades: Vec<Grade>,
}

/// All grades.
pub fn grades() -> &'static [Grade] {
    static GRADES: OnceLock<Vec<Grade>> = OnceLock::new();
    GRADES.get_or_init(|| super::yaml::<GradeFile>("grades.yaml").map(|file| file.grades).unwrap_or_default())
}

/// What a grade does to a step; an id that is not in the file fails, so that nothing passes by a slip.
pub fn verdict_of(id: &str) -> Verdict {
    grades().iter().find(|grade| grade.id == id).map_or(Verdict::Fail, |grade| grade.verdict)
}

/// What a grade does to a captured answer; an id that is not in the file fails, so that nothing passes by a slip.
pub fn validate_verdict_of(id: &str) -> Verdict {
    let grade = grades().iter().find(|grade| grade.id == id);
    grade.map_or(Verdict::Fail, |grade| grade.validate.unwrap_or(grade.verdict))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_grades_read() {
        let text = crate::specs::FILES.get_file("grades.yaml").unwrap().contents_utf8().unwrap();
        serde_yaml::from_str::<super::GradeFile>(text).unwrap();
        assert_eq!(super::verdict_of("environment"), crate::run::Verdict::Inconclusive);
    }
}
