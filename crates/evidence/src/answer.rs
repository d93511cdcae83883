use std::fmt;

use fallgate_canonical::{Digest, NotCanonical};
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
    /// As of when it is true: when its source was read or, where the source says
    /// so, when that was written.
    pub as_of: Timestamp,
}

/// Why there is no answer. It is never a no and never a yes: a person decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// It could not be read.
    #[error("{source_name} cannot be read: {why}")]
    Unreachable {
        /// What was to be read.
        source_name: String,
        /// What went wrong, and what to do.
        why: String,
    },
    /// It was read, and not understood.
    #[error(transparent)]
    NotUnderstood(#[from] Problem),
    /// What was read is too old to tell about now.
    #[error("{source_name} is as of {age:#} ago, and may be {limit:#} old")]
    Stale {
        /// What was read.
        source_name: String,
        /// How old it is.
        age: SignedDuration,
        /// How long ago it may be.
        limit: SignedDuration,
    },
    /// It is as of a time after the one that is asked about: a clock is wrong.
    #[error(
        "{source_name} is as of {ahead:#} after the time that is asked about; compare the clocks"
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
    /// An answer that cannot be kept is none.
    #[error("what {source_name} says cannot be kept: it {why}")]
    NotKept {
        /// What was read.
        source_name: String,
        /// Why its digest cannot be taken.
        why: NotCanonical,
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
    /// The message may quote the text: it is made legible, and short enough to be
    /// kept.
    pub(crate) fn at(line: usize, message: impl AsRef<str>) -> Wrong {
        let mut legible = String::new();
        for c in message.as_ref().chars() {
            if breaks(c) { legible.extend(c.escape_debug()) } else { legible.push(c) }
        }
        Wrong { line, message: shortened(legible) }
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
    /// Since when what it says may be out of date, where it says so itself.
    said_as_of: Option<Timestamp>,
    digest: Digest,
}

impl Source {
    /// The source of this text, which must be one.
    pub(crate) fn of<'t>(
        name: &str,
        bytes: &'t [u8],
        read_at: Timestamp,
    ) -> Result<(Source, &'t str), Problem> {
        let digest = Digest::of(bytes);
        let source = Source { name: name.to_owned(), read_at, said_as_of: None, digest };
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

    /// The same source, which says itself when it was written.
    pub(crate) fn written(self, said_as_of: Option<Timestamp>) -> Source {
        Source { said_as_of, ..self }
    }

    fn oldest(&self) -> Timestamp {
        self.said_as_of.map_or(self.read_at, |said| said.min(self.read_at))
    }

    /// Whether it tells about this time.
    pub(crate) fn fresh(&self, now: Timestamp, limit: SignedDuration) -> Result<(), Unavailable> {
        let age = now.duration_since(self.oldest());
        let newest = self.said_as_of.map_or(self.read_at, |said| said.max(self.read_at));
        let ahead = newest.duration_since(now);
        let source_name = self.name.clone();
        if ahead.is_positive() {
            Err(Unavailable::Ahead { source_name, ahead })
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
    ) -> Result<Evidence<A>, Unavailable> {
        let document = json!({
            "schema": "fallgate/evidence/v1",
            "question": question,
            "answer": facts,
            "source": {
                "name": self.name,
                "readAt": self.read_at.to_string(),
                "asOf": self.oldest().to_string(),
                "digest": self.digest.to_string(),
            },
        });
        let digest = Digest::of_json(&document)
            .map_err(|why| Unavailable::NotKept { source_name: self.name.clone(), why })?;
        let (summary, as_of) = (shortened(summary), self.oldest());
        Ok(Evidence { answer, document, digest, summary, as_of })
    }
}

/// A text of 512 bytes at most.
fn shortened(mut text: String) -> String {
    const LONGEST: usize = 512;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST - '…'.len_utf8()));
        text.push('…');
    }
    text
}

/// Whether a character breaks a line, or does something to a terminal.
fn breaks(c: char) -> bool {
    c.is_control() || c == '\u{2028}' || c == '\u{2029}'
}

/// A name of a person, a ticket or a service, as it may stand in a text.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        Err("must not be empty")
    } else if text.len() > 253 {
        Err("must not be longer than 253 bytes")
    } else if text.chars().any(breaks) {
        Err("must not have control characters or line breaks")
    } else {
        Ok(text.to_owned())
    }
}
