use std::fmt;

use fallgate_canonical::{Digest, to_vec};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// An answer and what it stands on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence<A> {
    /// What was answered.
    pub answer: A,
    /// Question, answer and source in one document, for the record.
    pub document: Value,
    /// The hash of the document's canonical form.
    pub digest: Digest,
    /// The answer in a few words, of 512 bytes at most.
    pub summary: String,
}

/// Why there is no answer. It is never a no and never a yes: a person decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// What was read is too old to tell about now.
    #[error("{source_name} was read {age:#} ago, and may be {limit:#} old")]
    Stale {
        /// What was read.
        source_name: String,
        /// How long ago.
        age: SignedDuration,
        /// How long ago it may be.
        limit: SignedDuration,
    },
    /// It was read after the time that is asked about: a clock is wrong.
    #[error(
        "{source_name} was read {ahead:#} after the time that is asked about; compare the clocks"
    )]
    Ahead {
        /// What was read.
        source_name: String,
        /// How much later.
        ahead: SignedDuration,
    },
    /// Working it out would take too long: rules that repeat too often since too
    /// long ago.
    #[error(
        "{source_name} repeats too much to be worked out; let its events start later, or repeat less often"
    )]
    TooMuch {
        /// What was read.
        source_name: String,
    },
}

/// Something in a text that is not understood, or not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// The file or the key.
    pub source_name: String,
    /// The line, from 1; 0 when it is the whole text.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.source_name, self.message),
            line => write!(f, "{}:{line}: {}", self.source_name, self.message),
        }
    }
}

/// A problem before it is known in which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Wrong {
    pub(crate) fn at(line: usize, message: impl Into<String>) -> Wrong {
        Wrong { line, message: message.into() }
    }

    pub(crate) fn within(self, source: &Source) -> Problem {
        Problem { source_name: source.name.clone(), line: self.line, message: self.message }
    }
}

/// The longest text that is read, in bytes; a ConfigMap holds a quarter of it.
const MAX_TEXT: usize = 4 << 20;

/// What was read, and when.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    name: String,
    read_at: Timestamp,
    digest: Digest,
}

impl Source {
    /// The source of this text, which must be one.
    pub(crate) fn of<'t>(
        name: &str,
        bytes: &'t [u8],
        read_at: Timestamp,
    ) -> Result<(Source, &'t str), Problem> {
        let source = Source { name: name.to_owned(), read_at, digest: Digest::of(bytes) };
        let text = if bytes.len() > MAX_TEXT {
            Err(Wrong::at(0, format!("it is larger than {} MiB", MAX_TEXT >> 20)))
        } else {
            std::str::from_utf8(bytes).map_err(|error| {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                Wrong::at(line, "it is not UTF-8 text")
            })
        };
        let text = text.map_err(|wrong| wrong.within(&source))?;
        Ok((source, text.strip_prefix('\u{feff}').unwrap_or(text)))
    }

    /// Whether it tells about this time.
    pub(crate) fn fresh(&self, now: Timestamp, limit: SignedDuration) -> Result<(), Unavailable> {
        let age = now.duration_since(self.read_at);
        let source_name = self.name.clone();
        if age.is_negative() {
            Err(Unavailable::Ahead { source_name, ahead: -age })
        } else if age > limit {
            Err(Unavailable::Stale { source_name, age, limit })
        } else {
            Ok(())
        }
    }

    pub(crate) fn too_much(&self) -> Unavailable {
        Unavailable::TooMuch { source_name: self.name.clone() }
    }

    /// An answer with what it stands on.
    pub(crate) fn evidence<A>(
        &self,
        question: Value,
        answer: A,
        facts: Value,
        summary: String,
    ) -> Evidence<A> {
        let document = json!({
            "schema": "fallgate/evidence/v1",
            "question": question,
            "answer": facts,
            "source": {
                "name": self.name,
                "readAt": self.read_at.to_string(),
                "digest": self.digest.to_string(),
            },
        });
        // Nothing in it but text and truth values, three deep: it has a canonical form.
        let form = to_vec(&document).unwrap_or_default();
        Evidence { answer, digest: Digest::of(&form), document, summary: shortened(summary) }
    }
}

fn shortened(mut summary: String) -> String {
    const LONGEST: usize = 512;
    if summary.len() > LONGEST {
        summary.truncate(summary.floor_char_boundary(LONGEST - '…'.len_utf8()));
        summary.push('…');
    }
    summary
}

/// A name of a person, a ticket or a service, as it may stand in a text.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        Err("must not be empty")
    } else if text.len() > 253 {
        Err("must not be longer than 253 bytes")
    } else if text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}') {
        Err("must not have control characters or line breaks")
    } else {
        Ok(text.to_owned())
    }
}
