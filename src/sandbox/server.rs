//! The HTTP side of the sandbox: listening, reading a bounded body, writing the reply, stopping.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, header};
use axum::serve::ListenerExt;
use bytes::{Bytes, BytesMut};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::errors::Catalogue;
use super::faults::plan;
use super::journal::Entry;
use super::leave::{encode, leave};
use super::options::Options;
use super::reply::{Body, Reply};
use super::router::{self, Call, perform};
use super::tls::{self, Both};
use super::webhooks;
use super::world::World;
use super::{Account, Role, account, admin, state, store};
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::sites;
use crate::yaml::Source;

/// Most bytes of a request body.
const MOST_BODY: usize = 1024 * 1024;
/// Most characters that the journal keeps of an idempotency key.
const MOST_KEY: usize = 128;
/// Most bytes of a larger one that are read, to be forgotten.
const MOST_FORGOTTEN: usize = 512 * 1024 * 1024;
/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long stopping waits for open connections.
const STOP_TIME: Duration = Duration::from_secs(2);

/// Reads a file of faults for its mistakes alone; starting tells only the first.
///
/// # Errors
/// Every mistake in it.
pub fn check_faults(source: &Source) -> Result<(), Vec<Problem>> {
    plan::read(source, Catalogue::embedded()).map(drop)
}

/// A running sandbox.
pub struct Sandbox {
    url: String,
    default_site: String,
    ca_pem: Option<String>,
    world: Arc<World>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Binds and serves in the background on the current tokio runtime; port 0 takes any free one.
    ///
    /// # Errors
    /// The site does not exist, or the address cannot be bound.
    pub async fn start(options: Options, addr: SocketAddr) -> Result<Sandbox, Problem> {
        let world = world(&options)?;
        let cannot_listen = |error: std::io::Error| {
            let message = match error.kind() {
                std::io::ErrorKind::AddrInUse => Message::new("sandbox.address-in-use").with("address", addr),
                _ => Message::new("sandbox.cannot-listen").with("address", addr).with("error", error),
            };
            Problem::environment(message).fix(Message::new("sandbox.cannot-listen-fix"))
        };
        let identity = options.tls.as_deref().map(tls::identity).transpose()?;
        let ca_pem = identity.as_ref().map(|identity| identity.ca_pem.clone());
        if !world.kept().await {
            return Err(world.failed().await);
        }
        let listener = tokio::net::TcpListener::bind(addr).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let url = format!("http://{address}");
        let telling = webhooks::start(&world);
        let router = Router::new().fallback(serve).with_state(Arc::clone(&world));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let until = async {
                // Also ends when the sandbox is dropped without being stopped.
                stopped.await.ok();
            };
            // Serving only fails by its listener, and that one waits instead.
            match identity {
                Some(identity) => {
                    let both = Both::new(listener, identity, address);
                    axum::serve(both, router).with_graceful_shutdown(until).await.ok();
                }
                None => {
                    let listener = listener.tap_io(|socket| {
                        socket.set_nodelay(true).ok();
                    });
                    axum::serve(listener, router).with_graceful_shutdown(until).await.ok();
                }
            }
            if let Some(telling) = telling {
                telling.abort();
            }
        });
        Ok(Sandbox { url, default_site: options.default_site, ca_pem, world, stop, server })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The base URL of HTTPS, without a slash at its end.
    pub fn tls_url(&self) -> Option<String> {
        self.ca_pem.as_ref()?;
        Some(self.url.replacen("http:", "https:", 1))
    }

    /// The certificate (PEM) of the authority to trust for [`Sandbox::tls_url`].
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// An account of the default site.
    pub fn account(&self, role: Role) -> Account {
        account(&self.default_site, role)
    }

    /// Waits until what it remembers cannot be kept any more (a full disk, say): then it answers nothing but 503. It
    /// never ends otherwise.
    pub async fn failed(&self) -> Problem {
        self.world.failed().await
    }

    /// Stops listening, lets the requests in flight finish for at most two seconds, closes what it keeps, and returns.
    pub async fn stop(self) {
        self.stop.send(()).ok();
        let abort = self.server.abort_handle();
        if tokio::time::timeout(STOP_TIME, self.server).await.is_err() {
            abort.abort();
        }
        self.world.close();
    }
}

/// What a sandbox begins with: what was kept, and what is planted. On its own, so that starting holds nothing large while
/// it waits.
fn world(options: &Options) -> Result<Arc<World>, Problem> {
    if sites::get(&options.default_site).is_none() {
        let known: Vec<&str> = sites::all().iter().map(|site| site.id.as_str()).collect();
        return Err(Problem::input(Message::new("sandbox.unknown-site").with("site", &options.default_site))
            .fix(Message::new("sandbox.unknown-site-fix").with("sites", known.join(", "))));
    }
    let opened = options.data.as_deref().map(|folder| store::open(folder, options.durability)).transpose()?;
    let starts = opened.as_ref().map_or(0, |opened| opened.starts);
    let mut state = state::State::new(options.keep);
    let kept = opened.map(|opened| opened.load(&mut state)).transpose()?;
    let world = World::with(options.seed, options.clock, state, kept, starts);
    let world = world.telling(options.webhooks.clone()).reusing(options.reuse);
    if let Some(source) = &options.faults {
        world.faults.add(plan::read(source, world.catalogue).map_err(first)?);
    }
    let world = world.of_site(&options.default_site);
    options.seeds.plant(&world, &options.default_site, starts > 0)?;
    Ok(Arc::new(world))
}

async fn serve(State(world): State<Arc<World>>, request: Request) -> Response<HttpBody> {
    let (parts, body) = request.into_parts();
    let uri = parts.uri.path_and_query().map_or("/", |uri| uri.as_str());
    let front_end = ["/v1/card_tokens", "/v1/payment_methods", "/v1/identification_types"];
    let front_end = front_end.iter().any(|path| uri.starts_with(path));
    if front_end && parts.method == axum::http::Method::OPTIONS {
        return with_cross_origin(response(Reply { status: 204, body: Body::Empty, retry_after: None }));
    }
    let body = match tokio::time::timeout(BODY_TIME, read_body(body)).await {
        Ok(Some(body)) => body,
        Ok(None) => return response(unread(413, "Request body too large", "request_entity_too_large")),
        Err(_) => return response(unread(408, "Request timeout", "request_timeout")),
    };
    let call = Call::new(parts.method.as_str(), uri, &parts.headers, &body);
    if admin::owns(call.path) {
        let response = admin::respond(&world, &call);
        return if world.kept().await { response } else { unkept() };
    }
    let (at, started) = (world.now(), Instant::now());
    let (played, fault) = perform(&world, &call);
    let encoded = encode(played.reply);
    world.journal.note(Entry {
        number: 0,
        at,
        method: parts.method.as_str().to_owned(),
        uri: uri.to_owned(),
        key: call.header(&router::KEY).map(|key| key.get(..MOST_KEY).unwrap_or(key).to_owned()),
        status: encoded.status,
        took: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        fault,
        request: body.clone(),
        response: encoded.body.clone(),
    });
    if !world.kept().await {
        return unkept();
    }
    let response = leave(encoded, played.manner).await;
    if front_end { with_cross_origin(response) } else { response }
}

/// The body, if it comes whole and is not too large. A large one is read to its end and forgotten as it comes: who is
/// still sending would see a broken connection instead of the answer.
async fn read_body(mut body: HttpBody) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    let (mut seen, mut sound) = (0, true);
    while let Some(frame) = poll_fn(|cx| axum::body::HttpBody::poll_frame(Pin::new(&mut body), cx)).await {
        let Ok(frame) = frame else { return None };
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        // A short body comes in one piece, which need not be copied.
        if seen == data.len() && seen <= MOST_BODY && axum::body::HttpBody::is_end_stream(&body) {
            return Some(data);
        }
        sound = sound && seen <= MOST_BODY;
        if seen > MOST_FORGOTTEN {
            return None;
        }
        if sound {
            whole.extend_from_slice(&data);
        } else {
            whole = BytesMut::new();
        }
    }
    sound.then(|| whole.freeze())
}

/// What the server says itself: nobody has documented it, the words are those of the envelope.
fn unread(status: u16, message: &str, error: &str) -> Reply {
    Reply::json(status, json!({ "message": message, "error": error, "status": status, "cause": [] }))
}

/// What was done cannot be kept: that nothing was done is nearer to the truth than any other answer.
fn unkept() -> Response<HttpBody> {
    response(unread(503, "The sandbox cannot write to its --data folder", "homologa_data_not_written"))
}

/// Checkout pages call these endpoints from the browser, where pages of any origin may.
fn with_cross_origin(mut response: Response<HttpBody>) -> Response<HttpBody> {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    response
}

fn response(reply: Reply) -> Response<HttpBody> {
    encode(reply).whole()
}

/// The first of the mistakes: starting tells one.
fn first(problems: Vec<Problem>) -> Problem {
    let unread = || Problem::input(Message::new("sandbox.unknown-fault").with("fault", "?"));
    problems.into_iter().next().unwrap_or_else(unread)
}
