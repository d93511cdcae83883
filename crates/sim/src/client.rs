//! The way of a request: through latency and faults to the server, and back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, header};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::body::Body;
use crate::fault::{Fault, Instead, Reply};
use crate::request::UserInfo;
use crate::schedule::Sleep;
use crate::server::{Answer, Tweaks};
use crate::sim::{Life, Shared, Sim, State};
use crate::status::Refusal;
use crate::time;
use crate::trace::{Exchange, RequestIndex};

/// Clients look at the media type to see whether they were understood.
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The connection broke: nobody knows whether the request took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnected;

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to the simulated server broke")
    }
}

impl std::error::Error for Disconnected {}

/// A service that answers the requests of one user, without a network.
#[derive(Clone)]
pub struct ClientService {
    sim: Sim,
    user: UserInfo,
}

impl ClientService {
    pub(crate) fn new(sim: Sim, user: UserInfo) -> ClientService {
        ClientService { sim, user }
    }
}

impl<B> tower_service::Service<Request<B>> for ClientService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<Body>;
    type Error = Disconnected;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Disconnected>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Disconnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let ClientService { sim, user } = self.clone();
        let (parts, body) = request.into_parts();
        Box::pin(async move {
            let body = body.collect().await.map_err(|_| Disconnected)?.to_bytes();
            sim.catch_up();
            let latency = sim.0.lock().options.latency;
            respond(&Arc::downgrade(&sim.0), user, parts, body, latency).await
        })
    }
}

/// The answer to a request after all that happens to it on its way.
pub(crate) async fn respond(
    shared: &Weak<Shared>,
    user: UserInfo,
    parts: Parts,
    body: Bytes,
    latency: (Duration, Duration),
) -> Result<Response<Body>, Disconnected> {
    let (call, fault, there, back, life) = {
        let shared = shared.upgrade().ok_or(Disconnected)?;
        let mut state = shared.lock();
        let index = state.count(&user);
        let parsed = state.server.parse(&user, &parts.method, &parts.uri, &parts.headers);
        let (verb, fault) = match parsed {
            Ok(request) => {
                let fault = state.fault(&index, &request.attributes);
                (request.attributes.verb, fault)
            }
            Err(_) => (parts.method.as_str().to_lowercase(), Fault::default()),
        };
        let whole = state.between(latency.0, latency.1);
        let life = state.life(&user.username);
        let call = Call { index, user, verb, parts, body };
        (call, fault, whole / 2, whole - whole / 2, life)
    };
    wait(shared, there + fault.delay).await;
    while_alive(shared, &life).await;
    let response = {
        let shared = shared.upgrade().ok_or(Disconnected)?;
        match &fault.instead {
            Some(Instead::Drop) => {
                shared.lock().record(&call, 0, &[], false);
                return Err(Disconnected);
            }
            Some(Instead::Crash) => {
                shared.lock().record(&call, 0, &[], false);
                Sim(shared).crash(&call.user.username);
                return std::future::pending().await;
            }
            Some(Instead::Refuse(refusal)) => {
                shared.lock().record(&call, 0, &[], false);
                refused(refusal)
            }
            None => {
                let response = execute(&shared, &call, &fault, &life);
                let user = call.user.username.clone();
                if let Some(later) = fault.again {
                    deliver_again(&shared, call, later);
                }
                if fault.reply == Reply::Crash {
                    Sim(shared).crash(&user);
                }
                response
            }
        }
    };
    wait(shared, back + fault.reply_delay).await;
    while_alive(shared, &life).await;
    spoil(response, &fault.reply)
}

/// Goes on only where the client still lives: nobody answers one that crashed.
async fn while_alive(shared: &Weak<Shared>, life: &Life) {
    if shared.upgrade().is_some_and(|shared| !shared.lock().lives(life)) {
        std::future::pending().await
    }
}

/// A request on its way.
struct Call {
    index: RequestIndex,
    user: UserInfo,
    verb: String,
    parts: Parts,
    body: Bytes,
}

async fn wait(shared: &Weak<Shared>, duration: Duration) {
    if !duration.is_zero() {
        let now = shared.upgrade().map(|shared| shared.lock().server.now);
        Sleep::new(shared, time::after(now.unwrap_or_default(), duration)).await;
    }
}

/// Has the server answer a request, and tells of what it wrote.
fn execute(shared: &Arc<Shared>, call: &Call, fault: &Fault, life: &Life) -> Response<Body> {
    let mut state = shared.lock();
    let tweaks = Tweaks { mutation: fault.mutation.clone(), stale: fault.stale, page: fault.page };
    let before = state.server.store.revision();
    let outcome = state.server.serve(&call.user, &call.parts, &call.body, tweaks);
    let wrote = state.server.store.revision() != before;
    let (response, text) = match outcome {
        Ok(Answer::Watch(watch)) => {
            let stream = fault.stream.clone();
            let body = Body::watch(Arc::downgrade(shared), *watch, life.clone(), stream);
            (json_response(200, body), Bytes::new())
        }
        Ok(Answer::Discovery(groups)) => {
            let text = Bytes::from(groups.to_string());
            (response(200, DISCOVERY, Body::full(text.clone())), text)
        }
        Ok(Answer::Text(text)) => {
            let text = Bytes::from_static(text.as_bytes());
            (plain_response(200, text.clone()), text)
        }
        Ok(Answer::Object(reply)) => {
            let text = Bytes::from(reply.object.to_string());
            let mut response = json_response(reply.code, Body::full(text.clone()));
            for warning in &reply.warnings {
                let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
                if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
                    response.headers_mut().append(header::WARNING, value);
                }
            }
            (response, text)
        }
        Err(refusal) => {
            let text = Bytes::from(refusal.to_status().to_string());
            (refused(&refusal), text)
        }
    };
    let code = response.status().as_u16();
    state.record(call, code, &text, wrote);
    state.tell();
    drop(state);
    shared.changed();
    response
}

/// A request that arrives a second time.
fn deliver_again(shared: &Arc<Shared>, call: Call, later: Duration) {
    let me = Arc::downgrade(shared);
    let mut state = shared.lock();
    let at = time::after(state.server.now, later);
    state.timers.set(at, move || {
        if let Some(shared) = me.upgrade() {
            let life = shared.lock().life(&call.user.username);
            execute(&shared, &call, &Fault::default(), &life);
        }
    });
}

/// A request that meets neither latency nor fault.
pub(crate) fn at_once(
    shared: &Arc<Shared>,
    user: UserInfo,
    parts: Parts,
    body: Bytes,
) -> Result<Value, Refusal> {
    let mut state = shared.lock();
    let index = state.count(&user);
    let verb = match state.server.parse(&user, &parts.method, &parts.uri, &parts.headers) {
        Ok(request) => request.attributes.verb,
        Err(_) => parts.method.as_str().to_lowercase(),
    };
    let call = Call { index, user, verb, parts, body };
    let before = state.server.store.revision();
    let outcome = state.server.serve(&call.user, &call.parts, &call.body, Tweaks::default());
    let wrote = state.server.store.revision() != before;
    let result = outcome.and_then(|answer| match answer {
        Answer::Object(reply) => Ok((reply.code, reply.object)),
        Answer::Discovery(groups) => Ok((200, groups)),
        Answer::Text(text) => Ok((200, text.into())),
        Answer::Watch(_) => Err(Refusal::bad_request("a watch needs a client")),
    });
    let (code, text) = match &result {
        Ok((code, object)) => (*code, object.to_string()),
        Err(refusal) => (refusal.code, refusal.to_status().to_string()),
    };
    state.record(&call, code, text.as_bytes(), wrote);
    state.tell();
    drop(state);
    shared.changed();
    result.map(|(_, object)| object)
}

impl State {
    fn record(&mut self, call: &Call, code: u16, answer: &[u8], wrote: bool) {
        let exchange = Exchange {
            index: call.index,
            time: self.server.now,
            username: call.user.username.clone(),
            verb: call.verb.clone(),
            uri: call.parts.uri.to_string(),
            code,
            revision: self.server.store.revision(),
            wrote,
        };
        self.trace.push(exchange, [&call.body, answer]);
    }
}

fn json_response(code: u16, body: Body) -> Response<Body> {
    response(code, "application/json", body)
}

fn plain_response(code: u16, text: Bytes) -> Response<Body> {
    response(code, "text/plain; charset=utf-8", Body::full(text))
}

fn response(code: u16, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// The answer that a refusal is.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    let body = Body::full(refusal.to_status().to_string().into());
    let mut response = json_response(refusal.code, body);
    if let Some(seconds) = refusal.details.get("retryAfterSeconds").and_then(Value::as_u64) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// What becomes of an answer on its way back.
fn spoil(response: Response<Body>, reply: &Reply) -> Result<Response<Body>, Disconnected> {
    let (parts, body) = response.into_parts();
    let with = |change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let body = match body.text() {
            Some(text) => Body::full(change(text).into()),
            // The stream of a watch has faults of its own.
            None => body,
        };
        Ok(Response::from_parts(parts, body))
    };
    match reply {
        // Who crashed is not answered at all.
        Reply::Deliver | Reply::Crash => with(&<[u8]>::to_vec),
        Reply::Drop => Err(Disconnected),
        Reply::Truncate => with(&|text| text.get(..text.len() / 2).unwrap_or_default().to_vec()),
        Reply::Garbage => with(&|_| b"\x00\xffnot json".to_vec()),
        Reply::Html(code) => {
            let page = "<html><body><h1>Something is in the way</h1></body></html>";
            Ok(self::response(*code, "text/html", Body::full(Bytes::from_static(page.as_bytes()))))
        }
        Reply::Refuse(refusal) => Ok(refused(refusal)),
        Reply::UnknownFields => with(&|text| {
            reshaped(text, &|object| {
                if let Some(fields) = object.as_object_mut() {
                    fields.insert("fromTheFuture".to_owned(), serde_json::json!({"a": [1]}));
                    for part in ["metadata", "spec", "status"] {
                        if let Some(Value::Object(fields)) = fields.get_mut(part) {
                            fields.insert("fromTheFuture".to_owned(), true.into());
                        }
                    }
                }
            })
        }),
        Reply::MissingFields => with(&|text| {
            reshaped(text, &|object| {
                if let Some(fields) = object.as_object_mut() {
                    fields.remove("spec");
                    fields.remove("status");
                }
            })
        }),
        Reply::NullLists => with(&|text| reshaped(text, &null_lists)),
    }
}

/// Changes the object in a body, or each in a list.
fn reshaped(text: &[u8], change: &dyn Fn(&mut Value)) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(text) else { return text.to_vec() };
    match value.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(change),
        None => change(&mut value),
    }
    value.to_string().into_bytes()
}

fn null_lists(value: &mut Value) {
    match value {
        Value::Array(_) => *value = Value::Null,
        Value::Object(fields) => fields.values_mut().for_each(null_lists),
        _ => {}
    }
}
