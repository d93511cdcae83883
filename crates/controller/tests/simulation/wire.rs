//! The way of a process's requests: where they are watched, where the process
//! crashes, and where a mutant does something else than the product does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fallgate_sim::{ClientService, Sim};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower_service::Service as _;

use crate::judge::Judge;
use crate::mutants::{Deed, Mutant};
use crate::shop::Disk;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer = Response<UnsyncBoxBody<Bytes, Failure>>;

/// One request on its way out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// What is sent; null for nothing.
    pub(crate) body: Value,
}

impl Outgoing {
    /// The plural name of the resource, and the rest of the path.
    fn parts(&self) -> (&str, Vec<&str>) {
        let mut parts: Vec<&str> = self.path.trim_start_matches('/').split('/').collect();
        let group = if parts.first() == Some(&"api") { 2 } else { 3 };
        parts.drain(..group.min(parts.len()));
        if parts.first() == Some(&"namespaces") && parts.len() > 2 {
            parts.drain(..2);
        }
        let resource = if parts.is_empty() { "" } else { parts.remove(0) };
        (resource, parts)
    }

    pub(crate) fn resource(&self) -> &str {
        self.parts().0
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.parts().1.first().copied()
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        let (_, rest) = self.path.split_once("/namespaces/")?;
        rest.split_once('/').map(|(namespace, _)| namespace)
    }

    pub(crate) fn watches(&self) -> bool {
        self.query.contains("watch=")
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.query.contains("dryRun")
    }

    /// Whether it is a request of this method about this resource.
    pub(crate) fn is(&self, method: &str, resource: &str) -> bool {
        self.method == method && self.resource() == resource && !self.dry_run()
    }

    /// Whether it is about what proves that switches work, and no grant.
    pub(crate) fn of_canary(&self) -> bool {
        self.namespace() == Some("fallgate-system")
    }
}

/// One process of the controller, between its start and its crash.
pub(crate) struct Process {
    /// What the lease calls it.
    pub(crate) identity: String,
    /// Told when it crashes.
    pub(crate) crashed: Notify,
}

/// A crash of the process that sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crash {
    /// Which request, among those of all processes.
    pub(crate) index: u64,
    /// Whether it takes effect first.
    pub(crate) after: bool,
}

/// What all processes share with whoever looks at them.
pub(crate) struct Shared {
    pub(crate) judge: Judge,
    pub(crate) disk: Disk,
    pub(crate) crashes: Vec<Crash>,
    pub(crate) mutant: Option<&'static Mutant>,
    /// How many requests were sent.
    pub(crate) requests: u64,
    /// How many faults befell a request, and how many of those the judge knows.
    pub(crate) met: Arc<AtomicUsize>,
    pub(crate) told: usize,
    /// How often a mutant has acted.
    pub(crate) deeds: u32,
}

impl Shared {
    /// Has the judge see everything that was written and recorded since.
    pub(crate) fn look(&mut self, sim: &Sim) {
        let met = self.met.load(Ordering::Relaxed);
        if met > self.told {
            self.told = met;
            self.judge.trouble(sim.now());
        }
        self.judge.look(sim, &self.disk.bytes());
    }
}

/// The service of one process's client.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) inner: ClientService,
    pub(crate) sim: Sim,
    pub(crate) process: Arc<Process>,
    pub(crate) shared: Arc<Mutex<Shared>>,
}

impl tower_service::Service<Request<kube::client::Body>> for Wire {
    type Response = Answer;
    type Error = Failure;
    type Future = BoxFuture<'static, Result<Answer, Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await?.to_bytes();
            let out = Outgoing {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                headers: parts.headers,
                body: serde_json::from_slice(&bytes).unwrap_or_default(),
            };
            this.pass(out).await
        })
    }
}

impl Wire {
    async fn pass(self, out: Outgoing) -> Result<Answer, Failure> {
        let (crash, mutant) = {
            let mut shared = self.shared.lock().unwrap();
            let index = shared.requests;
            shared.requests += 1;
            shared.look(&self.sim);
            (shared.crashes.iter().find(|crash| crash.index == index).copied(), shared.mutant)
        };
        if crash.is_some_and(|crash| !crash.after) {
            return self.crash().await;
        }
        let deed = match mutant.and_then(|mutant| mutant.request) {
            Some(request) if !out.watches() => {
                // A mutant sees the cluster as it is, which spares it a memory.
                let deed = request(&out, &self.sim);
                if deed != Deed::Nothing {
                    self.shared.lock().unwrap().deeds += 1;
                }
                deed
            }
            _ => Deed::Nothing,
        };
        let answer = match deed {
            Deed::Nothing => self.send(&out).await,
            Deed::Instead(other) => self.send(&other).await,
            Deed::Forge(code, body) => Ok(forged(code, &body)),
            Deed::Also(later, other) => {
                let answer = self.send(&out).await;
                let wire = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(later).await;
                    let _ = wire.send(&other).await;
                });
                answer
            }
            Deed::Late(later) => {
                let wire = self.clone();
                let same = out.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(later).await;
                    let _ = wire.send(&same).await;
                });
                Ok(forged(201, &out.body))
            }
        };
        self.shared.lock().unwrap().look(&self.sim);
        if crash.is_some() {
            return self.crash().await;
        }
        match mutant.and_then(|mutant| mutant.answer) {
            Some(change) if !out.watches() => {
                let (parts, body) = answer?.into_parts();
                let bytes = body.collect().await?.to_bytes();
                let Ok(before) = serde_json::from_slice::<Value>(&bytes) else {
                    return Ok(Response::from_parts(parts, whole(bytes)));
                };
                let mut after = before.clone();
                change(&out, &mut after);
                if after != before {
                    self.shared.lock().unwrap().deeds += 1;
                }
                Ok(Response::from_parts(parts, whole(after.to_string().into())))
            }
            _ => answer,
        }
    }

    /// Sends one request, as the judge sees it.
    async fn send(&self, out: &Outgoing) -> Result<Answer, Failure> {
        {
            let mut shared = self.shared.lock().unwrap();
            shared.look(&self.sim);
            let now = self.sim.now();
            shared.judge.sent(&self.process.identity, out, now);
        }
        let uri = match out.query.as_str() {
            "" => out.path.clone(),
            query => format!("{}?{query}", out.path),
        };
        let bytes = match &out.body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let request = Request::builder().method(out.method.as_str()).uri(uri);
        let mut request = request.body(Full::new(bytes))?;
        *request.headers_mut() = out.headers.clone();
        let answer = self.inner.clone().call(request).await?;
        Ok(answer.map(|body| body.map_err(Failure::from).boxed_unsync()))
    }

    async fn crash(&self) -> Result<Answer, Failure> {
        self.process.crashed.notify_one();
        std::future::pending().await
    }
}

fn whole(bytes: Bytes) -> UnsyncBoxBody<Bytes, Failure> {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn forged(code: u16, body: &Value) -> Answer {
    let mut answer = Response::new(whole(body.to_string().into()));
    *answer.status_mut() = http::StatusCode::from_u16(code).unwrap();
    answer
}

/// A refusal as the API server words it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

/// How long a mutant waits who comes late.
pub(crate) const LATE: Duration = Duration::from_secs(40);
