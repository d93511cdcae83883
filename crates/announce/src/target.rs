use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// Where messages are sent: an address over HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Uri);

/// The text is no address that messages are sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an address such as `https://hooks.example.com/fallgate`, without user or password"
)]
pub struct NotATarget;

impl Target {
    /// The address.
    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Target, NotATarget> {
        let uri: Uri = text.parse().map_err(|_| NotATarget)?;
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let plain = uri.authority().is_some_and(|at| !at.as_str().contains('@'));
        let named = uri.host().is_some_and(|host| !host.is_empty());
        if secure && plain && named { Ok(Target(uri)) } else { Err(NotATarget) }
    }
}
