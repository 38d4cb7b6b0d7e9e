//! A short CSS selector that names one element, the same from run to run.

use scraper::ElementRef;

/// Most steps of a selector without an id.
const MAX_STEPS: usize = 12;
/// Longest id that is used.
const MAX_ID: usize = 80;

/// `#id`, or up to twelve steps of the path such as `form > input:nth-of-type(2)`.
pub fn selector_of(element: ElementRef) -> String {
    let mut steps = Vec::new();
    let mut current = Some(element);
    while let Some(node) = current {
        if steps.len() == MAX_STEPS || node.value().name() == "html" {
            break;
        }
        if let Some(id) = node.value().id().filter(|id| is_plain(id)) {
            steps.push(format!("#{id}"));
            break;
        }
        let name = node.value().name();
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            break;
        }
        let same = |sibling: &ElementRef| sibling.value().name() == name;
        let before = node.prev_siblings().take(10_000).filter_map(ElementRef::wrap).filter(same).count();
        let after = node.next_siblings().take(10_000).filter_map(ElementRef::wrap).any(|sibling| same(&sibling));
        steps.push(if before > 0 || after { format!("{name}:nth-of-type({})", before + 1) } else { name.to_owned() });
        current = node.parent().and_then(ElementRef::wrap);
    }
    if steps.is_empty() {
        // The root has nothing above it.
        steps.push(element.value().name().to_owned());
    }
    steps.reverse();
    steps.join(" > ")
}

fn is_plain(id: &str) -> bool {
    id.len() <= MAX_ID
        && id.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::*;

    #[test]
    fn selectors_name_one_element() {
        let html = "<body><form id=pay><p><input><input class=x></p></form><div><a>1</a></div><div><a>2</a></div>";
        let document = Document::parse(html);
        let selectors: Vec<String> = document
            .elements()
            .filter(|element| matches!(element.name(), "input" | "a"))
            .map(|element| selector_of(element.node))
            .collect();
        assert_eq!(
            selectors,
            [
                "#pay > p > input:nth-of-type(1)",
                "#pay > p > input:nth-of-type(2)",
                "body > div:nth-of-type(1) > a",
                "body > div:nth-of-type(2) > a",
            ]
        );
        for selector in selectors {
            let parsed = scraper::Selector::parse(&selector).unwrap();
            assert_eq!(document.select(&parsed).count(), 1, "{selector}");
        }
    }
}
