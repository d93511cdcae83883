use std::time::Duration;

/// Why nothing could be read from a cluster.
///
/// The message says what is wrong and with which context and server;
/// [`Error::help`] says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A kubeconfig is missing, cannot be read or does not hold together.
    #[error("the kubeconfig cannot be used: {reason}")]
    Kubeconfig {
        /// What is wrong with it, and with which file or entry.
        reason: String,
    },
    /// The kubeconfigs have no context of the name that was asked for.
    #[error("the kubeconfig has no context `{name}`; it has {}", list(.known))]
    Context {
        /// What was asked for.
        name: String,
        /// The contexts that there are, sorted.
        known: Vec<String>,
    },
    /// Groups were to be impersonated without a user, which no server accepts.
    #[error("a group cannot be impersonated without a user")]
    GroupsWithoutUser,
    /// The program that the kubeconfig names for getting credentials failed.
    #[error("the credential plugin `{command}` of context `{context}` {reason}")]
    Plugin {
        /// The context that names it.
        context: String,
        /// The program.
        command: String,
        /// What it did, as the end of the sentence.
        reason: String,
    },
    /// The credentials in the kubeconfig cannot be used.
    #[error("the credentials of context `{context}` cannot be used: {reason}")]
    Credentials {
        /// The context.
        context: String,
        /// What is wrong with them.
        reason: String,
    },
    /// No connection, or one that broke: the network, a proxy or TLS.
    #[error("the API server {server} of context `{context}` cannot be reached: {reason}")]
    Unreachable {
        /// The context.
        context: String,
        /// The server's address.
        server: String,
        /// The innermost cause.
        reason: String,
    },
    /// Something took longer than the options allow.
    #[error("{what} did not answer within {}", seconds(*.after))]
    Timeout {
        /// Who was asked for what.
        what: String,
        /// How long it had.
        after: Duration,
    },
    /// The server does not know who is asking.
    #[error(
        "the API server {server} does not accept the credentials of context `{context}`: {reason}"
    )]
    Unauthorized {
        /// The context.
        context: String,
        /// The server's address.
        server: String,
        /// The server's words.
        reason: String,
    },
    /// The server does not let the user act as somebody else.
    #[error("impersonation is refused by the API server {server} of context `{context}`: {reason}")]
    Impersonation {
        /// The context.
        context: String,
        /// The server's address.
        server: String,
        /// The server's words.
        reason: String,
    },
    /// The server answered with what an API server does not answer.
    #[error("the API server {server} of context `{context}` answered {path} with {reason}")]
    Answer {
        /// The context.
        context: String,
        /// The server's address.
        server: String,
        /// What was asked for.
        path: String,
        /// What came.
        reason: String,
    },
    /// The operating system would not let us start.
    #[error("the network client cannot be started: {0}")]
    Start(#[source] std::io::Error),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Kubeconfig { .. } => {
                "name a file with --kubeconfig or KUBECONFIG, or read manifests with -f"
            }
            Error::Context { .. } => "choose one of them with --context",
            Error::GroupsWithoutUser => "give --as, too",
            Error::Plugin { .. } => "run it by hand to see what it needs, such as a new login",
            Error::Credentials { .. } | Error::Unauthorized { .. } => {
                "log in to the cluster again, or choose another context with --context"
            }
            Error::Unreachable { reason, .. } if reason.contains("certificate") => {
                "check `certificate-authority-data` and `tls-server-name` of the context's cluster"
            }
            Error::Unreachable { .. } => {
                "check the server's address in the kubeconfig, the network and the proxy settings"
            }
            Error::Timeout { .. } => "check the network, or allow more time",
            Error::Impersonation { .. } => {
                "ask for the right to `impersonate` that user and those groups, or leave out --as"
            }
            Error::Answer { .. } => "check that the context's server is a Kubernetes API server",
            Error::Start(_) => "",
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// The innermost cause of an error: what stands around it only says that
/// something failed.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    // Errors of others may have a cycle for a chain.
    for _ in 0..32 {
        match innermost.source() {
            Some(source) => innermost = source,
            None => break,
        }
    }
    clean(&innermost.to_string())
}

/// Foreign text for a message: one line, of bounded length, and nothing in it
/// that a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    const MAX: usize = 300;
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
