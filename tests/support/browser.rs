//! A real browser, for looking at what the program writes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// Where Chromium may be.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// The browser; `None` when there is none, which is said loudly, and fails in CI.
pub fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .find_map(|folder| NAMES.iter().map(|name| folder.join(name)).find(|candidate| candidate.is_file()));
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no Chromium: tests of the report need one in CI");
        // Written to the stream itself: what goes through `eprintln!` is swallowed when a test passes.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: no Chromium on the PATH, the report was not looked at\n");
    }
    found
}

/// What a page became in the browser.
pub struct Seen {
    /// The document after scripts ran.
    pub dom: String,
    /// What the browser logged, messages of the console among it.
    pub log: String,
}

/// Opens a file in the browser, `width` pixels wide.
pub fn open(browser: &Path, file: &Path, width: u32) -> Seen {
    let profile = TempDir::new().unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // The page under test is a local file inside a local frame.
            "--disable-web-security",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            "--dump-dom",
        ])
        .arg(format!("--window-size={width},1000"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser starts");
    // The profile's folder is removed while helpers of the browser may still write to it.
    std::thread::sleep(Duration::from_millis(50));
    Seen {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
