//! The server over HTTPS on loopback, for `kubectl` and everything else that
//! reads a kubeconfig.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, Response, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::body::Body;
use crate::client::{self, Disconnected};
use crate::request::UserInfo;
use crate::server::BODY_LIMIT;
use crate::sim::Sim;
use crate::status::Refusal;

/// How long a client may take to say what it wants, or to finish a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no server.
#[derive(Debug)]
pub enum ServeError {
    /// The address is not on loopback: the simulation is for one machine.
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// There is no certificate to be had.
    Certificate(String),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::NotLoopback(address) => {
                write!(f, "`{address}` must be an address on loopback, such as `127.0.0.1:0`")
            }
            ServeError::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            ServeError::Certificate(why) => write!(f, "cannot make a certificate: {why}"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ServeError::Listen(_, error) => Some(error),
            _ => None,
        }
    }
}

/// A running server; it ends when this is dropped.
pub struct HttpsServer {
    sim: Sim,
    address: SocketAddr,
    authority: String,
    accepting: JoinHandle<()>,
}

impl Drop for HttpsServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Sim {
    /// Serves the cluster on an address of this machine, with a certificate of
    /// its own authority, to whoever has a token.
    ///
    /// # Errors
    ///
    /// When the address is not on loopback or cannot be listened on.
    pub async fn serve(&self, address: SocketAddr) -> Result<HttpsServer, ServeError> {
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback(address));
        }
        let listen = |error| ServeError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (config, authority) =
            certify().map_err(|error| ServeError::Certificate(error.to_string()))?;
        let accepting = tokio::spawn(accept(self.clone(), listener, TlsAcceptor::from(config)));
        Ok(HttpsServer { sim: self.clone(), address, authority, accepting })
    }
}

impl HttpsServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its authority, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A kubeconfig with a context for each user, named after them, with a new
    /// token that nobody can guess. The first is the current one.
    pub fn kubeconfig(&self, users: &[(&str, UserInfo)]) -> String {
        let cluster = json!({
            "server": format!("https://{}", self.address),
            "certificate-authority-data": STANDARD.encode(&self.authority),
        });
        let tokens = users.iter().map(|(name, user)| {
            let token = unguessable();
            self.sim.0.lock().server.identities.admit(token.clone(), user.clone());
            json!({"name": name, "user": {"token": token}})
        });
        let contexts = users.iter().map(|(name, _)| {
            json!({
                "name": name,
                "context": {"cluster": "sim", "user": name, "namespace": "default"},
            })
        });
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sim", "cluster": cluster}],
            "users": tokens.collect::<Vec<_>>(),
            "contexts": contexts.collect::<Vec<_>>(),
            "current-context": users.first().map(|(name, _)| name),
        });
        format!("{config:#}\n")
    }
}

/// A token that does not follow from the seed.
fn unguessable() -> String {
    let mut bytes = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    // Without chance there are no secrets, and nobody gets in.
    if random.fill(&mut bytes).is_err() {
        return String::new();
    }
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A certificate for loopback, and that of the authority behind it.
fn certify() -> Result<(Arc<ServerConfig>, String), Box<dyn std::error::Error>> {
    let named = |name: &str| {
        let mut names = DistinguishedName::new();
        names.push(DnType::CommonName, name);
        names
    };
    let validity = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    };
    let mut authority = CertificateParams::default();
    validity(&mut authority);
    authority.distinguished_name = named("fallgate simulated cluster");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut server = CertificateParams::new(names)?;
    validity(&mut server);
    server.distinguished_name = named("kube-apiserver");
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(config), authority_pem))
}

/// Takes connections until it is aborted, which ends them, too.
async fn accept(sim: Sim, listener: TcpListener, acceptor: TlsAcceptor) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that ended before it was taken is nobody's loss.
                let Ok((stream, _)) = accepted else { continue };
                let (sim, acceptor) = (sim.clone(), acceptor.clone());
                connections.spawn(async move {
                    let handshake = tokio::time::timeout(PATIENCE, acceptor.accept(stream));
                    let Ok(Ok(stream)) = handshake.await else { return };
                    let service = service_fn(|request| answer(sim.clone(), request));
                    // What goes wrong with a connection concerns its client.
                    let _ = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(PATIENCE)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(sim: Sim, request: Request<Incoming>) -> Result<Response<Body>, Disconnected> {
    let (parts, body) = request.into_parts();
    if !is_local(&parts.headers) {
        // A name that somebody else has pointed here.
        let refusal = Refusal::new(421, "BadRequest", "this server answers on loopback only");
        return Ok(client::refused(&refusal));
    }
    let body = match Limited::new(body, BODY_LIMIT + 1).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("Request entity too large: limit is {BODY_LIMIT}");
            return Ok(client::refused(&Refusal::new(413, "RequestEntityTooLarge", message)));
        }
        Err(_) => return Err(Disconnected),
    };
    sim.catch_up();
    let Some(user) = identify(&sim, &parts.headers) else {
        return Ok(client::refused(&Refusal::unauthorized()));
    };
    let latency = sim.0.lock().options.latency;
    client::respond(&Arc::downgrade(&sim.0), user, parts, body, latency).await
}

/// Whose request this is: nobody's without a token, none's with a wrong one.
fn identify(sim: &Sim, headers: &HeaderMap) -> Option<UserInfo> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Some(UserInfo::anonymous());
    };
    let token = value.to_str().ok()?.strip_prefix("Bearer ")?.trim();
    sim.0.lock().server.authenticate(token)
}

/// Whether a request was sent to this machine by its own name.
fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_that_point_here_are_refused() {
        let local = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_local(&headers)
        };
        for host in ["localhost:1", "127.0.0.1:6443", "[::1]:6443", "localhost"] {
            assert!(local(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil:1", "localhost.evil", "10.0.0.1:1"] {
            assert!(!local(host), "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }
}
