//! The two servers, and what the system's books say of them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A server that does not outlive the measurement.
pub struct Server {
    child: Child,
    pub address: String,
    /// Until it answered for the first time.
    pub started: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The sandbox of this package.
    pub fn sandbox(more: &[&str]) -> super::Done<Server> {
        let port = free_port()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_homologa"));
        command.args(["sandbox", "--format", "json", "--port", &port.to_string()]).args(more);
        Server::of(command, port)
    }

    /// The bare one, which answers the files of a folder.
    pub fn bare(folder: &Path) -> super::Done<Server> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", &port.to_string()]).arg(folder);
        Server::of(command, port)
    }

    fn of(mut command: Command, port: u16) -> super::Done<Server> {
        let address = format!("127.0.0.1:{port}");
        let begin = Instant::now();
        let child = command.stdout(Stdio::null()).spawn()?;
        let mut server = Server { child, address, started: Duration::ZERO };
        loop {
            if server.ask("GET", "/openapi.json", "", "", "").is_ok() {
                break;
            }
            if begin.elapsed() > Duration::from_secs(60) || server.child.try_wait()?.is_some() {
                return Err(format!("{command:?} does not answer").into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        server.started = begin.elapsed();
        Ok(server)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One request on a connection of its own: the body of the answer.
    pub fn ask(&self, method: &str, path: &str, token: &str, key: &str, body: &str) -> super::Done<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             X-Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        if !head.starts_with("HTTP/1.1 2") {
            return Err(text.into());
        }
        Ok(body.to_owned())
    }

    pub fn json(&self, method: &str, path: &str, token: &str, key: &str, body: &str) -> super::Done<Value> {
        Ok(serde_json::from_str(&self.ask(method, path, token, key, body)?)?)
    }

    /// Processor time so far, in seconds.
    pub fn cpu(&self) -> super::Done<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = text.rsplit_once(')').ok_or("no stat")?.1.split_whitespace().collect();
        // utime and stime, in hundredths.
        let hundredths: f64 =
            fields.get(11).ok_or("no utime")?.parse::<f64>()? + fields.get(12).ok_or("no stime")?.parse::<f64>()?;
        Ok(hundredths / 100.0)
    }

    /// A size from the system's books, in MiB: `VmRSS` or `VmHWM`.
    pub fn memory(&self, name: &str) -> super::Done<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no memory")?;
        let kib = line.trim_matches([':', ' ', '\t']).split_whitespace().next().ok_or("no memory")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }
}

fn free_port() -> super::Done<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
