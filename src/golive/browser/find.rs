//! Where a browser is: by setting, by environment, on the path, in the usual places.
//!
//! Not responsible for starting it, nor for whether it is new enough.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::i18n::Message;
use crate::run::Problem;

/// Which browser is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// None: what needs one stays open.
    #[default]
    None,
    /// One that is found.
    Find,
    /// This one.
    Path(PathBuf),
}

/// Variables that name a browser.
const VARIABLES: [&str; 2] = ["CHROME", "CHROME_PATH"];

/// Names on the path, the ones that are most likely whole first.
const NAMES: [&str; 9] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
    "msedge",
    "chromium-headless-shell",
];

/// Usual places off the path, for each system.
#[cfg(target_os = "macos")]
const PLACES: [&str; 4] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
];
#[cfg(windows)]
const PLACES: [&str; 4] = [
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
];
#[cfg(not(any(target_os = "macos", windows)))]
const PLACES: [&str; 5] = [
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
    "/opt/microsoft/msedge/msedge",
    "/snap/bin/chromium",
];

/// Whether the program that a setting names is there; what is only looked for may be missing.
///
/// # Errors
/// A problem of the input: it is not.
pub fn usable(choice: &Choice) -> Result<(), Problem> {
    match choice {
        Choice::Path(_) => {
            find(choice).map(drop).map_err(|message| Problem::input(message).fix(Message::new("browser.not-there-fix")))
        }
        Choice::None | Choice::Find => Ok(()),
    }
}

/// The browser's program.
///
/// # Errors
/// Why there is none, and what to do about it is `browser.none-fix`.
pub(super) fn find(choice: &Choice) -> Result<PathBuf, Message> {
    find_in(choice, |name| std::env::var_os(name))
}

fn find_in(choice: &Choice, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Message> {
    let named = |path: PathBuf, by: &str| match is_program(&path) {
        true => Ok(path),
        false => Err(Message::new("browser.not-there").with("path", path.display()).with("by", by)),
    };
    match choice {
        Choice::None => return Err(Message::new("browser.off")),
        Choice::Path(path) => return named(path.clone(), "--browser"),
        Choice::Find => {}
    }
    for name in VARIABLES {
        if let Some(path) = variable(name).filter(|path| !path.is_empty()) {
            return named(PathBuf::from(path), name);
        }
    }
    let folders = variable("PATH").unwrap_or_default();
    // By name first: the whole path is searched for the best one.
    for name in NAMES.map(|name| format!("{name}{}", std::env::consts::EXE_SUFFIX)) {
        let mut places = std::env::split_paths(&folders).map(|folder| folder.join(&name));
        if let Some(path) = places.find(|path| is_program(path)) {
            return Ok(path);
        }
    }
    PLACES.iter().map(PathBuf::from).find(|path| is_program(path)).ok_or_else(|| Message::new("browser.none"))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn settings_come_before_variables_and_those_before_the_path() {
        let folder = tempfile::TempDir::new().unwrap();
        let program = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (own, chrome, plain) = (program("own", 0o755), program("google-chrome", 0o755), program("chromium", 0o644));
        let path = |name: &str| (name == "PATH").then(|| folder.path().as_os_str().to_owned());
        assert_eq!(find_in(&Choice::Find, path), Ok(chrome), "a file that cannot run is none");
        let both = |name: &str| match name {
            "CHROME" => Some(own.clone().into_os_string()),
            _ => path(name),
        };
        assert_eq!(find_in(&Choice::Find, both), Ok(own.clone()));
        assert_eq!(find_in(&Choice::Path(plain), both).unwrap_err().key, "browser.not-there");
        let wrong = |name: &str| (name == "CHROME_PATH").then(|| "/nowhere/chrome".into());
        assert_eq!(find_in(&Choice::Find, wrong).unwrap_err().key, "browser.not-there", "never another one silently");
        assert_eq!(find_in(&Choice::None, both).unwrap_err().key, "browser.off");
    }
}
