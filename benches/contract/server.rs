//! The server of the benchmark: one thread, keep-alive, no log. `POST` is answered with a fixed payment, or with error
//! 4000 where the body has no token; `GET /stats` gives the number of requests and connections, and begins anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};

const PAYMENT: &str = include_str!("payment.json");
const NO_TOKEN: &str = r#"{"message":"token attribute can't be null","error":"bad_request","status":400,"cause":[{"code":4000,"description":"token attribute can't be null","data":null}]}"#;

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

#[derive(Clone)]
struct Shared {
    counts: Arc<Counts>,
    delay: Duration,
}

/// `PORT [DELAY_MS]`: serves until it is killed.
pub fn run(words: &[String]) -> super::Done {
    let port: u16 = words.first().ok_or("the port is missing")?.parse()?;
    let delay = Duration::from_millis(words.get(1).map_or(Ok(0), |word| word.parse())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let shared = Shared { counts: Arc::default(), delay };
        let app = Router::new().route("/v1/payments", post(pay)).route("/stats", get(stats)).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, move |socket| {
            let _ = socket.set_nodelay(true);
            shared.counts.connections.fetch_add(1, Relaxed);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn pay(State(shared): State<Shared>, body: Bytes) -> impl IntoResponse {
    shared.counts.requests.fetch_add(1, Relaxed);
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    let token = body.windows(8).any(|part| part == b"\"token\":");
    let (status, text) = if token { (StatusCode::CREATED, PAYMENT) } else { (StatusCode::BAD_REQUEST, NO_TOKEN) };
    (status, [(header::CONTENT_TYPE, "application/json")], text)
}

async fn stats(State(shared): State<Shared>) -> String {
    let (requests, connections) = (shared.counts.requests.swap(0, Relaxed), shared.counts.connections.swap(0, Relaxed));
    format!("{requests} {connections}")
}
