//! Tells receivers of every step: each entry of the record, in its order, as a
//! signed request of [`fallgate_announce`].
//!
//! A [`Courier`] is for one receiver. It goes through the record by a cursor that
//! is kept when the receiver has answered, so that a crash tells something twice
//! and never skips anything. It is driven from outside, an entry at a time, and
//! beside what opens and closes: nothing waits for it, and it changes nothing.
//!
//! What was not taken is sent again, for as long as it takes, at a pace that is
//! bounded. Only an entry that the receiver says it cannot read, so often that it
//! will not, is passed over: otherwise it would hear of nothing after it. That is
//! counted and said; the entry stands in the record, and the receiver sees by the
//! numbers that it is missing.

mod address;
mod cursor;
mod https;
mod queue;

use fallgate_announce::{Keys, Message, Target};
use fallgate_ledger::{Entry, Head};
use futures::future::BoxFuture;
use http::Request;

use crate::elector::Moment;

pub use address::NotAllowed;
pub use cursor::{Cursors, FileCursors};
pub use https::{Failure, Https, Resolve};
pub use queue::{LONGEST, Next, Outcome, Queue, REFUSALS, Then};

/// The record, as far as it is to be told.
pub trait Journal: Send {
    /// How far it goes.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn head(&mut self) -> Result<Head, String>;

    /// The entry with a number, from 1 to that of the head.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn entry(&mut self, seq: u64) -> Result<Entry, String>;
}

/// What carries a request to its receiver.
pub trait Transport: Send + Sync {
    /// Sends it once, and says what became of it within a bounded time.
    fn send(&self, request: Request<Vec<u8>>) -> BoxFuture<'_, Outcome>;
}

/// Time and chance, from outside.
pub trait World: Send {
    /// What time it is.
    fn now(&mut self) -> Moment;

    /// Any number, evenly.
    fn chance(&mut self) -> u64;
}

/// Tells one receiver.
pub struct Courier {
    name: String,
    target: Target,
    keys: Keys,
    queue: Queue,
}

/// What a courier did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// There was nothing to do, or it was not the time.
    Nothing(Next),
    /// It tried to tell of the entry with this number.
    Tried {
        /// Which.
        seq: u64,
        /// What became of it.
        outcome: Outcome,
        /// What follows.
        then: Then,
    },
    /// The record is not the one that was told of: everything is told again, from
    /// its first entry.
    Rewritten,
}

/// Why nothing could be told. It is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// The record cannot be read.
    #[error("the record cannot be read: {0}")]
    Record(String),
    /// An entry cannot be put into a request.
    #[error("entry {seq} makes no request: {why}")]
    Message {
        /// Which.
        seq: u64,
        /// Why.
        why: String,
    },
    /// The receiver took it, but after a crash it will be told of it again.
    #[error("how far `{receiver}` was told cannot be kept: {why}")]
    Cursor {
        /// Which receiver.
        receiver: String,
        /// Why.
        why: String,
    },
}

impl Courier {
    /// Tells the receiver of a name from where it was told up to;
    /// [`Head::EMPTY`] for a new one, which is told of everything.
    pub fn new(name: &str, target: Target, keys: Keys, told: Head) -> Courier {
        Courier { name: name.to_owned(), target, keys, queue: Queue::new(told) }
    }

    /// What the receiver is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is still to be told.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Takes the keys as they are now.
    pub fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// Tells of the next entry, if there is one and it is time: one request.
    ///
    /// # Errors
    ///
    /// When the record cannot be read, or the cursor cannot be kept.
    pub async fn step(
        &mut self,
        journal: &mut dyn Journal,
        cursors: &mut dyn Cursors,
        transport: &dyn Transport,
        world: &mut dyn World,
    ) -> Result<Told, NotTold> {
        let head = journal.head().map_err(NotTold::Record)?;
        match self.queue.next(head, world.now().elapsed) {
            Next::Tell { seq } => {
                let entry = journal.entry(seq).map_err(NotTold::Record)?;
                if !self.queue.fits(&entry) {
                    self.queue.restart();
                    return Ok(Told::Rewritten);
                }
                let outcome = self.send(&entry, transport, world).await?;
                let now = world.now().elapsed;
                let then = self.queue.answered(&entry, &outcome, now, world.chance());
                if then != Then::Again {
                    cursors
                        .save(&self.name, self.queue.told())
                        .map_err(|why| NotTold::Cursor { receiver: self.name.clone(), why })?;
                }
                Ok(Told::Tried { seq, outcome, then })
            }
            Next::Rewritten => {
                self.queue.restart();
                Ok(Told::Rewritten)
            }
            next => Ok(Told::Nothing(next)),
        }
    }

    async fn send(
        &self,
        entry: &Entry,
        transport: &dyn Transport,
        world: &mut dyn World,
    ) -> Result<Outcome, NotTold> {
        let wrong = |why: String| NotTold::Message { seq: entry.seq, why };
        let message = Message::of(entry).map_err(|error| wrong(error.to_string()))?;
        // Signed for each attempt: receivers refuse what is old.
        let request = message
            .request(&self.target, &self.keys, world.now().time)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(transport.send(request).await)
    }
}
