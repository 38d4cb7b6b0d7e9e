//! A page in a real browser that a test can act on: the browser's own protocol over a pair of pipes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open page.
pub struct Tab {
    browser: Child,
    pipe: File,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    /// Exceptions and everything that the browser logged as an error, a refused script among it.
    pub errors: Vec<String>,
    /// How long an answer may take.
    pub patience: Duration,
    _folder: TempDir,
}

impl Tab {
    /// Opens an address.
    pub fn open(browser: &Path, url: &str) -> Tab {
        let folder = TempDir::new().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().expect("mkfifo runs").success());
        // The shell opens the pipes in this order, and so does the test: nobody waits for the other for ever.
        let script = r#"exec "$0" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
            --disable-component-update --disable-sync --no-proxy-server --remote-debugging-pipe --user-data-dir="$3" \
            about:blank 3<"$1" 4>"$2""#;
        let profile = folder.path().join("profile");
        let browser = Command::new("sh")
            .arg("-c")
            .arg(script)
            .args([browser, &to, &from, &profile])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let pipe = OpenOptions::new().write(true).open(&to).unwrap();
        let mut from = File::open(&from).unwrap();
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let (mut bytes, mut piece) = (Vec::new(), [0u8; 65536]);
            while let Ok(count) = from.read(&mut piece) {
                if count == 0 {
                    return;
                }
                bytes.extend_from_slice(&piece[..count]);
                while let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = bytes.drain(..=end).collect();
                    if send.send(serde_json::from_slice(&message[..end]).unwrap()).is_err() {
                        return;
                    }
                }
            }
        });
        let mut tab = Tab {
            browser,
            pipe,
            messages,
            session: String::new(),
            last: 0,
            errors: Vec::new(),
            patience: PATIENCE,
            _folder: folder,
        };
        let target = tab.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = tab.ask("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        tab.session = attached["sessionId"].as_str().unwrap().to_owned();
        tab.ask("Runtime.enable", json!({}));
        tab.ask("Log.enable", json!({}));
        tab.ask("Page.navigate", json!({ "url": url }));
        tab
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.pipe.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.messages.recv_timeout(self.patience).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            let entry = &answer["params"]["entry"];
            if answer["method"] == "Runtime.exceptionThrown" || entry["level"] == "error" {
                self.errors.push(answer.to_string());
            }
        }
    }

    /// The value of an expression on the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Shows the page as it is printed.
    pub fn print_media(&mut self) {
        self.ask("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    }

    /// How many pages of A4 it takes.
    pub fn pages_on_a4(&mut self) -> usize {
        use base64::Engine as _;
        let inches = json!({ "paperWidth": 8.27, "paperHeight": 11.69 });
        let printed = self.ask("Page.printToPDF", inches);
        let bytes = base64::engine::general_purpose::STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
        // Objects of pages stand in the file as they are; `/Type /Pages` is the list of them.
        let named = b"/Type /Page";
        bytes.windows(named.len() + 1).filter(|piece| piece.starts_with(named) && piece[named.len()] != b's').count()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        let started = Instant::now();
        while self.value(expression) != json!(true) {
            assert!(started.elapsed() < PATIENCE, "{expression}: {}", self.value("document.body.innerText"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.browser.kill().ok();
        self.browser.wait().ok();
        // Its helpers may still write to the profile's folder.
        std::thread::sleep(Duration::from_millis(100));
    }
}
