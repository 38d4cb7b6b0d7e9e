//! A stand-in for the real API: it answers as the embedded sandbox does, except where a test plays something else, and
//! it notes what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use homologa::sandbox::{Options, Role, Sandbox, account};
use secrecy::ExposeSecret;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Method and path with the query, for example `GET /users/me`.
    pub line: String,
    /// Headers that the program chose, in their order.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: std::time::Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Everything but the time.
    pub fn bytes(&self) -> String {
        format!("{}\n{:?}\n{}", self.line, self.headers, self.body)
    }
}

/// What the stand-in does with a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// Answers as the sandbox does.
    Sandbox,
    /// Answers this.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Does what was asked, then answers this instead.
    DoneBut(u16, String),
    /// Does what was asked, then does not answer for so long.
    DoneThenSilent(Duration),
    /// Answers as the sandbox does after so long.
    Slow(Duration),
}

/// An answer without headers of its own.
pub fn answer(status: u16, body: &str) -> Play {
    Play::Answer(status, Vec::new(), body.to_owned())
}

type Script = Box<dyn Fn(&Asked, usize) -> Play + Send + Sync>;

struct Shared {
    log: Mutex<Vec<Asked>>,
    script: Script,
    sandbox: String,
    client: reqwest::Client,
}

pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// Starts a stand-in; the script is told how often the same method and path came before.
pub fn stand_in(script: impl Fn(&Asked, usize) -> Play + Send + Sync + 'static) -> StandIn {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(Options::default(), ([127, 0, 0, 1], 0).into())).unwrap();
        let options = homologa::http::ClientOptions { direct: true, ..homologa::http::ClientOptions::default() };
        let client = homologa::http::client(&options).unwrap();
        let shared = Shared {
            log: Mutex::default(),
            script: Box::new(script),
            sandbox: sandbox.url().trim_end_matches('/').to_owned(),
            client,
        };
        let shared = Arc::new(shared);
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send((listener.local_addr().unwrap(), shared.clone())).unwrap();
            let _kept = sandbox;
            axum::serve(listener, Router::new().fallback(serve).with_state(shared)).await.unwrap();
        });
    });
    let (address, shared) = receive.recv().unwrap();
    StandIn { address, shared }
}

fn path_of(line: &str) -> &str {
    line.split_once('?').map_or(line, |(path, _)| path)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let chosen = ["authorization", "content-type", "x-idempotency-key"];
    let asked = Asked {
        line: format!("{method} {uri}"),
        headers: chosen
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), headers.get(*name)?.to_str().unwrap().to_owned())))
            .collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        at: std::time::Instant::now(),
    };
    let before = {
        let mut log = shared.log.lock().unwrap();
        let before = log.iter().filter(|other| path_of(&other.line) == path_of(&asked.line)).count();
        log.push(asked.clone());
        before
    };
    match (shared.script)(&asked, before) {
        Play::Sandbox => forward(&shared, &asked).await,
        Play::Slow(duration) => {
            tokio::time::sleep(duration).await;
            forward(&shared, &asked).await
        }
        Play::Answer(status, headers, body) => made(status, &headers, body),
        Play::DoneBut(status, body) => {
            forward(&shared, &asked).await;
            made(status, &[], body)
        }
        Play::DoneThenSilent(duration) => {
            forward(&shared, &asked).await;
            tokio::time::sleep(duration).await;
            made(200, &[], String::new())
        }
    }
}

fn made(status: u16, headers: &[(&'static str, String)], body: String) -> Response<Body> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(body)).unwrap()
}

async fn forward(shared: &Shared, asked: &Asked) -> Response<Body> {
    let (method, path) = asked.line.split_once(' ').unwrap();
    let method = method.parse::<reqwest::Method>().unwrap();
    let mut request = shared.client.request(method, format!("{}{path}", shared.sandbox)).body(asked.body.clone());
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    made(status, &[], response.text().await.unwrap())
}

impl StandIn {
    /// `--target`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub fn log(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap().clone()
    }

    /// The requests that begin like this, for example `POST /v1/payments`.
    pub fn asked(&self, line: &str) -> Vec<Asked> {
        self.log().into_iter().filter(|asked| path_of(&asked.line) == line).collect()
    }
}

/// Credentials that the stand-in knows: those of the sandbox's test seller of a site.
pub fn credentials(site: &str) -> [(&'static str, String); 2] {
    let seller = account(site, Role::Seller);
    [
        ("MERCADOPAGO_ACCESS_TOKEN", seller.access_token.expose_secret().to_owned()),
        ("MERCADOPAGO_PUBLIC_KEY", seller.public_key),
    ]
}
