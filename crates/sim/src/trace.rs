//! What was asked and answered, in order: what tests look at, and what must be
//! the same for the same seed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

/// One request with its outcome, as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// Which request this was, among all and among those of its user.
    pub index: RequestIndex,
    /// When it took effect.
    pub time: Timestamp,
    /// Who asked.
    pub username: String,
    /// The verb of RBAC, or the method for a path that is about no resource.
    pub verb: String,
    /// Path and parameters.
    pub uri: String,
    /// The status code of the server's answer, whatever became of it on the
    /// way; 0 where the request never arrived.
    pub code: u16,
    /// The resourceVersion of the cluster after it.
    pub revision: u64,
    /// Whether it wrote something.
    pub wrote: bool,
}

/// One object that was written, whoever did it: what to check a promise on that
/// must hold after every write, and not only where a test happens to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The resourceVersion of the cluster from then on.
    pub revision: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The API group in which the object is stored.
    pub group: Arc<str>,
    /// The plural name of its resource.
    pub resource: Arc<str>,
    /// Its namespace; none for a cluster-scoped resource.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What was there before.
    pub before: Option<Arc<Value>>,
    /// What is there now.
    pub after: Option<Arc<Value>>,
}

/// Which request: its place among all requests, and among those of one user,
/// both from 0. A retry is a request of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestIndex {
    /// Among all requests.
    pub all: u64,
    /// Among the requests of its user, whatever others do meanwhile.
    pub user: u64,
}

/// All exchanges so far.
#[derive(Default)]
pub(crate) struct Trace {
    exchanges: Vec<Exchange>,
    hash: u64,
}

impl Trace {
    pub(crate) fn push(&mut self, exchange: Exchange, bodies: [&[u8]; 2]) {
        // Its keys are fixed, so that the same trace has the same hash in every
        // run of one build.
        let mut hasher = DefaultHasher::new();
        self.hash.hash(&mut hasher);
        exchange.hash(&mut hasher);
        bodies.hash(&mut hasher);
        self.hash = hasher.finish();
        self.exchanges.push(exchange);
    }

    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}
