//! Files that no shop should serve: settings and repositories left beside the pages.
//!
//! Asked for only when the user says so (`golive.probe-files`), once at the root of the shop, with GET. What counts is
//! what is in them: many servers answer every address with a page. Nothing of their content is kept.

use url::Url;

/// A path, and whether a text is what such a file holds.
type File = (&'static str, fn(&str) -> bool);

/// The files that are asked for.
pub(super) const FILES: [File; 6] = [
    ("/.env", is_environment),
    ("/.env.local", is_environment),
    ("/.env.production", is_environment),
    ("/.git/config", is_repository),
    ("/.git/HEAD", is_head),
    ("/wp-config.php.bak", is_wordpress),
];

/// Bytes of a file that are read.
pub(super) const BYTES: usize = 64 * 1024;

/// The address of a file at the root of the shop.
pub(super) fn at_root(shop: &Url, path: &str) -> Option<Url> {
    let mut url = shop.join(path).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// Names in capitals with a value each, and no markup.
fn is_environment(text: &str) -> bool {
    let setting = |line: &str| {
        line.split_once('=').is_some_and(|(name, _)| {
            let name = name.trim().trim_start_matches("export ");
            name.len() > 2 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    !text.trim_start().starts_with('<') && text.lines().take(200).any(setting)
}

fn is_repository(text: &str) -> bool {
    text.lines().any(|line| line.trim() == "[core]")
}

fn is_head(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("ref: refs/") || text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_wordpress(text: &str) -> bool {
    text.contains("DB_PASSWORD") && text.contains("define")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_pages_that_answer_everything() {
        assert!(is_environment("# local\nMP_ACCESS_TOKEN=x\n") && is_environment("export DB_HOST=db"));
        assert!(!is_environment("<!doctype html><p>A=1") && !is_environment("Not found") && !is_environment("a=1"));
        assert!(is_repository("[core]\n\tbare = false") && !is_repository("<p>[core]</p>"));
        assert!(is_head("ref: refs/heads/main\n") && !is_head("<html>ref: refs/heads/main"));
        let shop = Url::parse("https://tienda.example/checkout?x=1#y").unwrap();
        assert_eq!(at_root(&shop, "/.env").unwrap().as_str(), "https://tienda.example/.env");
    }
}
