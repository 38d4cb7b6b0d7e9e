//! The bare server: reads each request whole and answers fixed bytes by method and path, with the headers and the
//! threads of the sandbox.

use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri, header};

/// The answers: a payment made, a payment read, a token.
struct Answers {
    made: Bytes,
    read: Bytes,
    token: Bytes,
}

/// `PORT FOLDER`: serves the files of the folder until it is killed.
pub fn run(words: &[String]) -> super::Done {
    let [port, folder] = words else { return Err("bare PORT FOLDER".into()) };
    let read = |name: &str| fs::read(format!("{folder}/{name}.json")).map(Bytes::from);
    let answers = Arc::new(Answers { made: read("made")?, read: read("read")?, token: read("token")? });
    let port: u16 = port.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |socket| {
            let _ = socket.set_nodelay(true);
        });
        axum::serve(listener, Router::new().fallback(answer).with_state(answers)).await?;
        Ok(())
    })
}

async fn answer(State(answers): State<Arc<Answers>>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    drop(body);
    let (status, body) = match (method, uri.path()) {
        (Method::POST, "/v1/payments") => (StatusCode::CREATED, answers.made.clone()),
        (Method::POST, _) => (StatusCode::CREATED, answers.token.clone()),
        _ => (StatusCode::OK, answers.read.clone()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
