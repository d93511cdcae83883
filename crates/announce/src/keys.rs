use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The keys of one receiver. A message is signed with each of them, so that a key
/// is replaced without a message lost: add the new one, teach it to the receiver,
/// remove the old one.
#[derive(Clone)]
pub struct Keys(Vec<Hmac<Sha256>>);

/// A text is no list of keys. What stands in it is not repeated: it is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKeys {
    /// There is none, or there are too many.
    #[error("there are {0} keys; there must be 1 to {MAX_KEYS}, with spaces or line feeds between")]
    Count(usize),
    /// One of them, counted from 1, is not a key.
    #[error(
        "key {0} must be `whsec_` and {MIN_BYTES} to {MAX_BYTES} random bytes in base64, such as `openssl rand -base64 32` makes"
    )]
    Key(usize),
}

const MAX_KEYS: usize = 4;
/// The bounds of Standard Webhooks: 192 to 512 bits.
const MIN_BYTES: usize = 24;
const MAX_BYTES: usize = 64;

impl Keys {
    /// Reads the text under a key of a Secret.
    ///
    /// # Errors
    ///
    /// When there is anything in it but keys.
    pub fn read(text: &[u8]) -> Result<Keys, NotKeys> {
        let words: Vec<&[u8]> =
            text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > MAX_KEYS {
            return Err(NotKeys::Count(words.len()));
        }
        let key = |(at, word): (usize, &&[u8])| key(word).ok_or(NotKeys::Key(at + 1));
        words.iter().enumerate().map(key).collect::<Result<_, _>>().map(Keys)
    }

    /// The message authentication code of a message under each key.
    pub(crate) fn macs(
        &self,
        id: &str,
        seconds: i64,
        body: &[u8],
    ) -> impl Iterator<Item = Hmac<Sha256>> {
        let before = format!("{id}.{seconds}.");
        self.0.iter().map(move |key| key.clone().chain_update(&before).chain_update(body))
    }
}

fn key(word: &[u8]) -> Option<Hmac<Sha256>> {
    let bytes = STANDARD.decode(word.strip_prefix(b"whsec_")?).ok()?;
    let fits = (MIN_BYTES..=MAX_BYTES).contains(&bytes.len());
    if fits { Hmac::new_from_slice(&bytes).ok() } else { None }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}
