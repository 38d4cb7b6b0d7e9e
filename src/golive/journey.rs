//! A journey: the steps that lead a buyer to the checkout, as the user wrote them.
//!
//! Responsible for what steps are and for the values they type. Not responsible for reading them (`config/`) or for
//! going them (`browser/`).

use std::time::Duration;

use crate::i18n::Message;
use crate::run::{Place, Problem};

/// Longest time that a step waits for what it needs.
pub const STEP_TIME: Duration = Duration::from_secs(10);

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Longest time for it.
    pub time: Duration,
    /// Where it stands in the user's file.
    pub place: Place,
}

/// What a step does. Selectors are CSS and mean the first visible element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Opens an address of the shop, relative to its own.
    Goto(String),
    /// Presses an element.
    Click(String),
    /// Types values into fields, by selector.
    Fill(Vec<(String, String)>),
    /// Chooses options of lists, by selector: the value of an option or its words.
    Select(Vec<(String, String)>),
    /// Presses a key where the focus is.
    Press(Key),
    /// Waits.
    Wait(Wait),
    /// Goes on inside a frame; `None` goes back to the page itself.
    Frame(Option<String>),
    /// Keeps a picture under this name.
    Screenshot(String),
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// A visible element.
    Element(String),
    /// Words on the page.
    Text(String),
    /// A part of the page's address.
    Url(String),
    /// A part of the address of a request.
    Request(String),
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name, for example `Enter`.
    pub name: &'static str,
    /// Its number in the protocol.
    pub number: u32,
    /// What it types.
    pub text: &'static str,
}

/// The keys that can be pressed.
pub const KEYS: [Key; 6] = [
    Key { name: "Enter", number: 13, text: "\r" },
    Key { name: "Tab", number: 9, text: "" },
    Key { name: "Escape", number: 27, text: "" },
    Key { name: "Space", number: 32, text: " " },
    Key { name: "ArrowDown", number: 40, text: "" },
    Key { name: "ArrowUp", number: 38, text: "" },
];

impl Action {
    /// The step in few words, without what it types.
    pub fn name(&self) -> String {
        let all =
            |fields: &[(String, String)]| fields.iter().map(|(one, _)| one.as_str()).collect::<Vec<_>>().join(", ");
        match self {
            Action::Goto(address) => format!("goto {address}"),
            Action::Click(selector) => format!("click {selector}"),
            Action::Fill(fields) => format!("fill {}", all(fields)),
            Action::Select(fields) => format!("select {}", all(fields)),
            Action::Press(key) => format!("press {}", key.name),
            Action::Wait(Wait::Element(what)) => format!("wait element {what}"),
            Action::Wait(Wait::Text(what)) => format!("wait text {what}"),
            Action::Wait(Wait::Url(what)) => format!("wait url {what}"),
            Action::Wait(Wait::Request(what)) => format!("wait request {what}"),
            Action::Frame(selector) => format!("frame {}", selector.as_deref().unwrap_or("main")),
            Action::Screenshot(name) => format!("screenshot {name}"),
        }
    }
}

/// The steps with their values from the environment, and those values, which must not be seen.
///
/// # Errors
/// A problem at each step whose variable is not set.
pub fn filled(steps: &[Step]) -> Result<(Vec<Step>, Vec<String>), Vec<Problem>> {
    filled_by(steps, |name| std::env::var(name).ok())
}

fn filled_by(
    steps: &[Step],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Vec<Step>, Vec<String>), Vec<Problem>> {
    let (mut steps, mut secrets, mut problems) = (steps.to_vec(), Vec::new(), Vec::new());
    for step in &mut steps {
        let (Action::Fill(fields) | Action::Select(fields)) = &mut step.action else { continue };
        for (_, value) in fields {
            let Some(name) = value.strip_prefix("${env.").and_then(|rest| rest.strip_suffix('}')) else { continue };
            match variable(name) {
                Some(found) => {
                    secrets.push(found.clone());
                    *value = found;
                }
                None => {
                    let mut problem = Problem::input(Message::new("browser.no-variable").with("name", name));
                    problem.place = step.place.clone();
                    problems.push(problem);
                }
            }
        }
    }
    if problems.is_empty() { Ok((steps, secrets)) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_environment_and_names_never_show_them() {
        let fill = |value: &str| Step {
            action: Action::Fill(vec![("#mail".to_owned(), value.to_owned())]),
            time: STEP_TIME,
            place: Place::default(),
        };
        let variable = |name: &str| (name == "MAIL").then(|| "ana@example.com".to_owned());
        let (steps, secrets) = filled_by(&[fill("${env.MAIL}"), fill("plain")], variable).unwrap();
        assert_eq!(steps[0], fill("ana@example.com"));
        assert_eq!((steps[1].clone(), secrets), (fill("plain"), vec!["ana@example.com".to_owned()]));
        assert_eq!(steps[0].action.name(), "fill #mail");
        assert_eq!(filled_by(&[fill("${env.NONE}")], variable).unwrap_err()[0].message.key, "browser.no-variable");
    }
}
