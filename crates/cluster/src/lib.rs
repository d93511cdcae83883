//! A live cluster: everything that answers depend on, listed once, and the
//! single requests that open and close a path.
//!
//! What comes out is what the server sent, page by page and unread: the same
//! reader takes it that takes files, so that a cluster and its dump cannot
//! mean different things. What may not be listed is no error but a gap, and
//! what it could have changed is unknown.

mod connect;
mod connection;
mod discover;
mod error;
mod gap;
mod list;
mod plugin;
mod resource;
mod session;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;
use std::time::Duration;

pub use connection::Connection;
pub use error::Error;
pub use gap::Gap;
use serde::Deserialize;
pub use write::{Followed, Kind, Refusal, Writer};

/// Which cluster to read, and as whom.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// The kubeconfig to read, instead of those that `KUBECONFIG` names or the
    /// one in the home directory.
    pub kubeconfig: Option<PathBuf>,
    /// The context, instead of the kubeconfig's current one.
    pub context: Option<String>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act as; only with a user.
    pub impersonate_groups: Vec<String>,
    /// The longest that any one thing may take: reading the kubeconfig, getting
    /// credentials, or one request with its retries.
    pub timeout: Duration,
    /// A namespace that the user named: the one to fall back on where neither
    /// the whole cluster nor its namespaces may be listed.
    pub namespace: Option<String>,
}

impl Default for LiveOptions {
    /// The current context with 30 seconds for each thing.
    fn default() -> LiveOptions {
        LiveOptions {
            kubeconfig: None,
            context: None,
            impersonate: None,
            impersonate_groups: Vec::new(),
            timeout: Duration::from_secs(30),
            namespace: None,
        }
    }
}

/// What a cluster holds.
#[derive(Clone, Debug)]
pub struct LiveInput {
    /// The context's name; `in-cluster` when there is no kubeconfig and we run
    /// in a pod.
    pub context: String,
    /// The server's address.
    pub server: String,
    /// Lists by resource, in an order that depends on what the cluster has and
    /// not on how fast it answers.
    pub pages: Vec<Page>,
    /// What could not be listed, in the same order.
    pub gaps: Vec<Gap>,
}

/// One answer of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What was listed, such as `networking.k8s.io/v1/networkpolicies`.
    pub resource: String,
    /// A `List` of the resource as JSON, or a single object.
    pub text: Vec<u8>,
}

/// A server that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The context's name.
    pub context: String,
    /// The server's address.
    pub server: String,
    /// Its version, such as `v1.36.3`.
    pub version: String,
}

/// Lists everything that answers depend on.
///
/// # Errors
///
/// When there is no answer to be had at all: a bad kubeconfig, credentials that
/// are not accepted, a server that cannot be reached or is too slow.
///
/// # Panics
///
/// When called from within an asynchronous runtime: it starts its own.
pub fn read(options: &LiveOptions) -> Result<LiveInput, Error> {
    run(async {
        let session = connect::connect(options).await?;
        let (pages, gaps) = list::collect(&session, options.namespace.as_deref()).await?;
        let session::Target { context, server } = session.target;
        Ok(LiveInput { context, server, pages, gaps })
    })
}

/// The same by a client that is there already, for a program that goes on
/// running. `context` is what messages call the cluster.
///
/// # Errors
///
/// As [`read`].
pub async fn read_by(
    client: kube::Client,
    context: &str,
    timeout: Duration,
) -> Result<LiveInput, Error> {
    let target = session::Target { context: context.to_owned(), server: context.to_owned() };
    let session = session::Session::new(client, target, timeout);
    let (pages, gaps) = list::collect(&session, None).await?;
    let session::Target { context, server } = session.target;
    Ok(LiveInput { context, server, pages, gaps })
}

/// Asks the server for its version and nothing else.
///
/// # Errors
///
/// As [`read`].
///
/// # Panics
///
/// As [`read`].
pub fn can_connect(options: &LiveOptions) -> Result<Server, Error> {
    run(async {
        let session = connect::connect(options).await?;
        version(session).await
    })
}

async fn version(session: session::Session) -> Result<Server, Error> {
    const PATH: &str = "/version";
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let answer = session.get(PATH, "application/json").await?;
    if !answer.status.is_success() {
        return Err(session.refused(PATH, &answer));
    }
    let Version { git_version } = serde_json::from_slice(&answer.text)
        .map_err(|_| session.nonsense(PATH, "something that is no version"))?;
    let session::Target { context, server } = session.target;
    Ok(Server { context, server, version: error::clean(&git_version) })
}

fn run<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = runtime()?;
    let result = runtime.block_on(work);
    // A file that hangs must not hold up the end of the program, too.
    runtime.shutdown_background();
    result
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)
}
