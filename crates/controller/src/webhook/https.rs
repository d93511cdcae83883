//! The way to a receiver: one request over one connection, to an address that was
//! checked, without a proxy and without following anything.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use http::header::{CONNECTION, HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Uri, uri::PathAndQuery};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::{NotAllowed, check};
use super::{Outcome, Transport};

/// How large the head of an answer may be, in bytes. Its body is not read.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// How many addresses of one name are tried.
const MAX_ADDRESSES: usize = 4;

/// Looks up the addresses of a name.
pub type Resolve =
    Box<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Why there was no answer. Nothing that the receiver sent stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request has no host, or one that no certificate can be for.
    #[error("the address of the receiver has no host that a certificate can be for")]
    Host,
    /// The name has no address.
    #[error("the receiver's name cannot be resolved: {0}")]
    Name(io::ErrorKind),
    /// One of its addresses is none that requests go to.
    #[error(transparent)]
    Address(#[from] NotAllowed),
    /// None of them could be connected to.
    #[error("the receiver cannot be connected to: {0}")]
    Connect(io::ErrorKind),
    /// The connection is not to whom it should be, or not secure.
    #[error(
        "no secure connection to the receiver: its certificate must be valid for its name and from an authority that is trusted here"
    )]
    Tls,
    /// It answered no HTTP.
    #[error("the receiver gave no answer that is HTTP")]
    Http,
    /// It took too long.
    #[error("the receiver did not answer in time")]
    Timeout,
}

/// Sends over HTTPS.
pub struct Https {
    connector: TlsConnector,
    allowed: Vec<IpNet>,
    timeout: Duration,
    resolve: Resolve,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Https {
    /// Sends to receivers whose certificates are from these authorities, at public
    /// addresses or in networks that the operator allows; all of an attempt takes
    /// no longer than the timeout.
    ///
    /// # Errors
    ///
    /// When the library has no version of TLS to offer.
    pub fn new(
        roots: RootCertStore,
        allowed: Vec<IpNet>,
        timeout: Duration,
    ) -> Result<Https, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Https { connector, allowed, timeout, resolve: Box::new(system) })
    }

    /// Trusts the authorities that this machine trusts.
    ///
    /// # Errors
    ///
    /// When there are none, which a container image has to bring along.
    pub fn of_this_machine(allowed: Vec<IpNet>, timeout: Duration) -> Result<Https, String> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (taken, _) = roots.add_parsable_certificates(found.certs);
        if taken == 0 {
            let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            return Err(format!("there are no certificates of authorities here{why}"));
        }
        Https::new(roots, allowed, timeout).map_err(|error| error.to_string())
    }

    /// Looks names up otherwise than the system does.
    #[must_use]
    pub fn resolving(mut self, resolve: Resolve) -> Https {
        self.resolve = resolve;
        self
    }

    async fn attempt(&self, request: Request<Vec<u8>>) -> Result<Outcome, Failure> {
        let (host, port, request) = prepare(request).ok_or(Failure::Host)?;
        let name = ServerName::try_from(host.clone()).map_err(|_| Failure::Host)?;
        let tcp = self.connect(host, port).await?;
        let tls = self.connector.connect(name, tcp).await.map_err(|_| Failure::Tls)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(tls))
            .await
            .map_err(|_| Failure::Http)?;
        let answer = pin!(sender.send_request(request));
        let answer = match select(answer, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, answer)) => answer.await,
        };
        // The body goes with the connection: there is nothing in it for us.
        let answer = answer.map_err(|_| Failure::Http)?;
        if answer.status().is_success() {
            return Ok(Outcome::Taken);
        }
        Ok(Outcome::Status { status: answer.status().as_u16(), wait: wait(answer.headers()) })
    }

    /// Connects to an address of the name, where all of them may be connected to:
    /// the one that was checked, so that the name cannot change its mind.
    async fn connect(&self, host: String, port: u16) -> Result<TcpStream, Failure> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => {
                let found = (self.resolve)(host, port).await;
                found.map_err(|error| Failure::Name(error.kind()))?
            }
        };
        addresses.iter().try_for_each(|address| check(address.ip(), &self.allowed))?;
        let mut failure = Failure::Name(io::ErrorKind::NotFound);
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Failure::Connect(error.kind()),
            }
        }
        Err(failure)
    }
}

impl Transport for Https {
    fn send(&self, request: Request<Vec<u8>>) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            match tokio::time::timeout(self.timeout, self.attempt(request)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(failure)) => Outcome::Failed(failure),
                Err(_) => Outcome::Failed(Failure::Timeout),
            }
        })
    }
}

fn system(host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}

/// The host, the port, and the request as it goes over a connection to them.
fn prepare(request: Request<Vec<u8>>) -> Option<(String, u16, Request<Full<Bytes>>)> {
    let mut request = request.map(|body| Full::new(Bytes::from(body)));
    let uri = std::mem::take(request.uri_mut());
    if uri.scheme_str() != Some("https") {
        return None;
    }
    let authority = uri.authority()?.clone();
    let path = uri.path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let host = HeaderValue::from_str(authority.as_str()).ok()?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    // An address of IPv6 stands in brackets.
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    Some((host, authority.port_u16().unwrap_or(443), request))
}

/// For how long the receiver wants to be left alone, where it says so in seconds.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}
