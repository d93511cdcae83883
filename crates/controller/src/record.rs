//! The record as a controller keeps it: opened when it is needed, and again when
//! it broke.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fallgate_access::{Entry, Key, Kind, Object, is_gone};
use fallgate_ledger::{
    Actor, AppendError, Appended, Entries, Entry as Written, Event, FileStorage, Head,
    Kind as Word, Ledger, ObjectRef, Storage,
};

use crate::locked::locked;
use crate::webhook::Journal;

/// A record that is open.
type Book = Ledger<Box<dyn Storage + Send>>;

/// A record while it is open.
type Opened = Option<Book>;

/// Gets what the record is kept in. At most one is in use at a time.
type Open = Box<dyn FnMut() -> Result<Box<dyn Storage + Send>, String> + Send>;

/// The record of one controller.
pub struct Record {
    open: Open,
    /// Shared with who tells of it.
    ledger: Arc<Mutex<Opened>>,
    contents: Contents,
    problem: Option<String>,
}

impl Record {
    /// A record that is kept in what `open` gets, which may be tried again.
    pub fn new(
        open: impl FnMut() -> Result<Box<dyn Storage + Send>, String> + Send + 'static,
    ) -> Record {
        let ledger = Arc::default();
        Record { open: Box::new(open), ledger, contents: Contents::default(), problem: None }
    }

    /// A record in a file; its directory must be there.
    pub fn in_file(path: PathBuf) -> Record {
        Record::new(move || match FileStorage::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Opens it where it is not open.
    pub(crate) fn ready(&mut self) {
        if self.writable() {
            return;
        }
        match self.read() {
            Ok((ledger, contents)) => {
                *locked(&self.ledger) = Some(ledger);
                (self.contents, self.problem) = (contents, None);
            }
            Err(problem) => {
                if self.problem.as_ref() != Some(&problem) {
                    tracing::error!(%problem, "the record cannot be opened; nothing opens");
                }
                self.problem = Some(problem);
            }
        }
    }

    /// Lets it go, for another process to open.
    pub(crate) fn close(&mut self) {
        *locked(&self.ledger) = None;
    }

    /// Whether an entry can be appended.
    pub(crate) fn writable(&self) -> bool {
        locked(&self.ledger).is_some()
    }

    /// What stands in it, for those who tell of it while it is open.
    pub(crate) fn pages(&self) -> Pages {
        Pages(self.ledger.clone())
    }

    /// Why it cannot be written, where that is so.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// What stands in it.
    pub(crate) fn keys(&self) -> &BTreeSet<Key> {
        &self.contents.keys
    }

    /// Locks, incidents and policies that it names and that it does not say are
    /// gone, by uid.
    pub(crate) fn objects(&self) -> &BTreeMap<String, Object> {
        &self.contents.objects
    }

    /// Appends an entry, unless it is there, and returns when it is on disk.
    pub(crate) fn append(&mut self, cluster: &str, entry: &Entry) -> Result<Appended, String> {
        let mut opened = locked(&self.ledger);
        let ledger = opened.as_mut().ok_or("the record is not open")?;
        let event = event(cluster, entry).ok_or("the record has no such kind of event")?;
        match ledger.append(&event) {
            Ok(appended) => {
                self.contents.add(entry.key.clone(), entry.objects.first().cloned());
                Ok(appended)
            }
            Err(error) => {
                if matches!(error, AppendError::Broken(_)) {
                    *opened = None;
                }
                self.problem = Some(error.to_string());
                Err(error.to_string())
            }
        }
    }

    fn read(&mut self) -> Result<(Book, Contents), String> {
        let mut storage = (self.open)()?;
        let mut contents = Contents::default();
        let mut offset = 0;
        let entries = Entries::new(|into: &mut [u8]| {
            let read = storage.read_at(offset, into)?;
            offset += read as u64;
            Ok(read)
        });
        // What is wrong with it, opening it says better.
        entries.map_while(Result::ok).for_each(|entry| contents.read(entry.event));
        let (ledger, recovered) = Ledger::open(storage).map_err(|error| error.to_string())?;
        tracing::info!(entries = ledger.head().seq, ?recovered, "the record is open");
        Ok((ledger, contents))
    }
}

/// The entries of a record that another one writes.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Mutex<Opened>>);

impl Journal for Pages {
    fn head(&mut self) -> Result<Head, String> {
        let opened = locked(&self.0);
        opened.as_ref().map(Ledger::head).ok_or_else(|| "it is not open".to_owned())
    }

    fn entry(&mut self, seq: u64) -> Result<Written, String> {
        let mut opened = locked(&self.0);
        let ledger = opened.as_mut().ok_or("it is not open")?;
        let entry = ledger.entry(seq).map_err(|error| error.to_string())?;
        entry.ok_or_else(|| format!("it has no entry {seq}"))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("writable", &self.writable()).finish_non_exhaustive()
    }
}

/// What stands in a record, as far as anybody asks for it.
#[derive(Default)]
struct Contents {
    keys: BTreeSet<Key>,
    /// Locks, incidents and policies that are not known to be gone.
    objects: BTreeMap<String, Object>,
}

impl Contents {
    fn add(&mut self, key: Key, object: Option<Object>) {
        if is_gone(&key) {
            self.objects.remove(&key.subject);
        } else if let Some(object) = object
            && matches!(key.kind, Kind::Lock | Kind::Incident | Kind::PolicyChange)
        {
            self.objects.insert(key.subject.clone(), object);
        }
        self.keys.insert(key);
    }

    fn read(&mut self, event: Event) {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == event.kind.name());
        let Some(kind) = kind else { return };
        let object = event.objects.into_iter().next().and_then(object);
        self.add(Key { kind, subject: event.subject, step: event.step }, object);
    }
}

/// An object as it was recorded, where it is of a kind whose end is looked for.
fn object(of: ObjectRef) -> Option<Object> {
    let kinds = [
        "AccessConfig",
        "AccessIncident",
        "AccessLock",
        "AccessPolicy",
        "ClusterAccessLock",
        "ClusterAccessPolicy",
    ];
    let kind = kinds.into_iter().find(|kind| *kind == of.kind)?;
    let namespace = of.namespace.unwrap_or_default();
    Some(Object { kind, namespace, name: of.name, uid: of.uid })
}

fn event(cluster: &str, entry: &Entry) -> Option<Event> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let kind = Word::ALL.into_iter().find(|kind| kind.name() == entry.key.kind.name())?;
    let objects = entry.objects.iter().map(|object| ObjectRef {
        kind: object.kind.to_owned(),
        namespace: some(&object.namespace),
        name: object.name.clone(),
        uid: object.uid.clone(),
    });
    let details = entry.details.iter().filter(|(_, text)| !text.is_empty());
    Some(Event {
        time: entry.time,
        cluster: cluster.to_owned(),
        kind,
        subject: entry.key.subject.clone(),
        step: entry.key.step.clone(),
        actor: Actor { username: entry.actor.username.clone(), uid: some(&entry.actor.uid) },
        ticket: entry.ticket.clone(),
        objects: objects.collect(),
        details: details.map(|(key, text)| ((*key).to_owned(), text.as_str().into())).collect(),
    })
}
