//! From options and kubeconfigs to a client.

use std::path::PathBuf;
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::runtime::Handle;

use crate::error::{Error, cause, clean};
use crate::session::{Session, Target};
use crate::{LiveOptions, plugin};

/// Who we are, in the server's logs.
const AGENT: &str = concat!("fallgate-cli/", env!("CARGO_PKG_VERSION"));

/// The name that stands for the service account of the pod we run in.
const IN_CLUSTER: &str = "in-cluster";

/// A client, whose server it is of, and the namespace that its context means.
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) target: Target,
    pub(crate) namespace: String,
}

/// A session of what [`client`] connects to.
pub(crate) async fn connect(options: &LiveOptions) -> Result<Session, Error> {
    let Connected { client, target, .. } = client(options).await?;
    Ok(Session::new(client, target, options.timeout))
}

/// Reads the kubeconfig, gets credentials and sets up a client. Nothing has
/// been sent to the server yet.
pub(crate) async fn client(options: &LiveOptions) -> Result<Connected, Error> {
    if options.impersonate.is_none() && !options.impersonate_groups.is_empty() {
        return Err(Error::GroupsWithoutUser);
    }
    let timeout = options.timeout;
    let load = {
        let options = options.clone();
        move || load(&options)
    };
    let (context, mut config) = aside(load, timeout, || "the kubeconfig".to_owned()).await??;
    plugin::replace(&mut config.auth_info, &context, timeout).await?;
    act_as(&mut config, options);
    let target = Target { context, server: server(&config) };
    let namespace = config.default_namespace.clone();
    // Certificates and tokens are files, which may hang as the kubeconfig may.
    let client = aside(
        move || Client::try_from(config),
        timeout,
        || format!("reading the credentials of context `{}`", target.context),
    )
    .await?
    .map_err(|e| Error::Credentials { context: target.context.clone(), reason: cause(&e) })?;
    Ok(Connected { client, target, namespace })
}

/// Runs what blocks on a thread of its own, and waits for it no longer than it
/// may take.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    timeout: Duration,
    what: impl FnOnce() -> String,
) -> Result<T, Error> {
    match tokio::time::timeout(timeout, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(stopped)) => Err(Error::Start(std::io::Error::other(stopped))),
        Err(_) => Err(Error::Timeout { what: what(), after: timeout }),
    }
}

/// Sets who asks, and as whom.
pub(crate) fn act_as(config: &mut Config, options: &LiveOptions) {
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    // Both are the session's, which knows how much time is left.
    config.default_retry = false;
    config.connect_timeout = None;
    if let Some(user) = &options.impersonate {
        config.auth_info.impersonate = Some(user.clone());
        // What the kubeconfig says of another user is not said of this one.
        config.auth_info.impersonate_groups = Some(options.impersonate_groups.clone());
        config.auth_info.impersonate_uid = None;
        config.auth_info.impersonate_user_extra = None;
    }
}

/// The context's name and the configuration that it stands for.
fn load(options: &LiveOptions) -> Result<(String, Config), Error> {
    let Some(kubeconfig) = kubeconfig(options)? else {
        let config = Config::incluster_env().map_err(|e| unusable(cause(&e)))?;
        return Ok((IN_CLUSTER.to_owned(), config));
    };
    let chosen = options.context.as_ref().or(kubeconfig.current_context.as_ref());
    let chosen = chosen.filter(|name| !name.is_empty()).cloned();
    let Some(name) = chosen else {
        return Err(unusable("no context is chosen".to_owned()));
    };
    let Some(context) = kubeconfig.contexts.iter().find(|c| c.name == name) else {
        let mut known: Vec<String> = kubeconfig.contexts.iter().map(|c| clean(&c.name)).collect();
        known.sort();
        return Err(Error::Context { name: clean(&name), known });
    };
    let cluster = context.context.as_ref().map(|c| c.cluster.as_str()).unwrap_or_default();
    let has_own_proxy = kubeconfig
        .clusters
        .iter()
        .filter(|c| c.name == cluster)
        .filter_map(|c| c.cluster.as_ref()?.proxy_url.as_ref())
        .any(|url| !url.is_empty());
    let chosen = KubeConfigOptions { context: Some(name.clone()), ..Default::default() };
    // Nothing in there waits; it is `async` for its name's sake.
    let mut config = Handle::current()
        .block_on(Config::from_custom_kubeconfig(kubeconfig, &chosen))
        .map_err(|e| unusable(format!("context `{}`: {}", clean(&name), clean(&e.to_string()))))?;
    if !has_own_proxy && !takes_proxy(&config) {
        config.proxy_url = None;
    }
    Ok((clean(&name), config))
}

/// Whether the environment wants this server to be asked through a proxy. The
/// client library compares `NO_PROXY` with the proxy's own name, and asks
/// proxies for servers on this machine, which no other client does.
fn takes_proxy(config: &Config) -> bool {
    let host = config.cluster_url.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let is_local = host == "localhost" || address.is_ok_and(|a| a.is_loopback());
    !is_local && Matcher::from_env().intercept(&config.cluster_url).is_some()
}

/// The kubeconfigs merged; `None` when there is none and we run in a pod. As
/// kubectl does, a missing file is skipped when several are named.
fn kubeconfig(options: &LiveOptions) -> Result<Option<Kubeconfig>, Error> {
    let read = |path: &PathBuf| {
        Kubeconfig::read_from(path).map_err(|e| match &e {
            KubeconfigError::Parse(inner) => {
                unusable(format!("{}: {}", clean(&path.to_string_lossy()), cause(inner)))
            }
            _ => unusable(clean(&e.to_string())),
        })
    };
    if let Some(path) = &options.kubeconfig {
        return read(path).map(Some);
    }
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        std::env::split_paths(&listed).filter(|p| !p.as_os_str().is_empty()).collect();
    let home = std::env::home_dir().map(|home| home.join(".kube").join("config"));
    if paths.is_empty() {
        paths.extend(home);
    }
    let present: Vec<&PathBuf> = paths.iter().filter(|p| p.exists()).collect();
    if present.is_empty() {
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            return Ok(None);
        }
        let tried: Vec<String> = paths.iter().map(|p| clean(&p.to_string_lossy())).collect();
        return Err(unusable(format!("there is none at {}", tried.join(", "))));
    }
    let mut merged = Kubeconfig::default();
    for path in present {
        merged = merged.merge(read(path)?).map_err(|e| unusable(clean(&e.to_string())))?;
    }
    Ok(Some(merged))
}

fn unusable(reason: String) -> Error {
    Error::Kubeconfig { reason }
}

/// The server's address for messages, without what may be secret in it.
fn server(config: &Config) -> String {
    let url = &config.cluster_url;
    let scheme = url.scheme_str().unwrap_or("https");
    let authority = url.authority().map(|a| a.as_str()).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    clean(&format!("{scheme}://{host}{}", url.path().trim_end_matches('/')))
}
