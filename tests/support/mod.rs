//! Running the program with a scrubbed environment, and servers of a test's own.

pub mod browser;
pub mod stand_in;
pub mod tab;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use axum::Router;
use tempfile::TempDir;

/// What a run of the program gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Both outputs, for searching.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }
}

/// The program, in a folder, with nothing of the environment that could change its output.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homologa"));
    command.current_dir(folder).args(arguments).env_clear().env("LANG", "en_US.UTF-8").env("CI", "1");
    command.env("NO_COLOR", "1").env("HOME", folder);
    command
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    }
}

/// Runs the program in a folder.
pub fn homologa_in(folder: &Path, arguments: &[&str]) -> Ran {
    ran(command(folder, arguments).output().expect("the program runs"))
}

/// Runs the program in a folder with more environment.
pub fn homologa_with(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
    ran(command(folder, arguments).envs(environment.iter().copied()).output().expect("the program runs"))
}

/// Starts the program in a folder with more environment; its output is kept for [`ended`].
pub fn child(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Child {
    let mut command = command(folder, arguments);
    command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// What a started program gave, once it has ended.
pub fn ended(child: Child) -> Ran {
    ran(child.wait_with_output().expect("the program ends"))
}

/// Runs the program in an empty folder.
pub fn homologa(arguments: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    homologa_in(folder.path(), arguments)
}

/// A finished demo: run once for all tests that look at it.
pub struct Demo {
    folder: TempDir,
    pub ran: Ran,
}

impl Demo {
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    pub fn record(&self) -> homologa::run::RunRecord {
        serde_json::from_str(&self.read("report.json")).unwrap()
    }
}

pub fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let ran = homologa_in(folder.path(), &["demo", "--output", "out", "--seed", "7"]);
        Demo { folder, ran }
    })
}

/// A server of the test's own on a free port of this machine; it ends with the process.
pub fn serve(router: Router) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    receive.recv().unwrap()
}

/// A port on this machine where nobody listens.
pub fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
