//! The least that a runner in Rust must do: read the YAML, send each request over one kept connection, check the status,
//! six fields and the schema. No names, no places, no record, no report.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct File {
    scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Scenario {
    key: String,
    body: Value,
    status: u16,
    schema: String,
    checks: Map<String, Value>,
}

/// `FILE HOST:PORT SCHEMAS`
pub fn run(words: &[String]) -> super::Done {
    let [file, address, schemas] = words else { return Err("FILE HOST:PORT SCHEMAS".into()) };
    let file: File = serde_yaml::from_str(&std::fs::read_to_string(file)?)?;
    let schema = |name: &str| -> Result<jsonschema::Validator, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(Path::new(schemas).join(format!("{name}.schema.json")))?;
        Ok(jsonschema::validator_for(&serde_json::from_str(&text)?)?)
    };
    let (payment, error) = (schema("payment")?, schema("error")?);
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    for scenario in &file.scenarios {
        let body = serde_json::to_vec(&scenario.body)?;
        let mut request = format!(
            "POST /v1/payments HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nX-Idempotency-Key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            super::measure::TOKEN,
            scenario.key,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        socket.write_all(&request)?;
        let (status, from, to) = answer(&mut socket, &mut buffer)?;
        let value: Value = serde_json::from_slice(&buffer[from..to])?;
        let fields = scenario.checks.iter().all(|(pointer, wanted)| value.pointer(pointer) == Some(wanted));
        let valid = if scenario.schema == "error" { error.is_valid(&value) } else { payment.is_valid(&value) };
        if status != scenario.status || !fields || !valid {
            return Err(format!("{}: failed", scenario.key).into());
        }
    }
    Ok(())
}

/// Reads one answer with a `Content-Length`; gives the status and where the body stands in the buffer.
fn answer(socket: &mut TcpStream, buffer: &mut [u8]) -> Result<(u16, usize, usize), Box<dyn std::error::Error>> {
    let mut filled = 0;
    loop {
        let read = socket.read(&mut buffer[filled..])?;
        if read == 0 {
            return Err("the connection ended".into());
        }
        filled += read;
        let Some(end) = buffer[..filled].windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end])?;
        let status = head.get(9..12).ok_or("no status")?.parse()?;
        let length = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        };
        let length = head.lines().find_map(length).ok_or("no length")?;
        let body = end + 4;
        while filled < body + length {
            let read = socket.read(&mut buffer[filled..])?;
            if read == 0 {
                return Err("the connection ended".into());
            }
            filled += read;
        }
        return Ok((status, body, body + length));
    }
}
