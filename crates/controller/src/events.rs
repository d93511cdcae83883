//! Kubernetes Events, one for each entry of the record, where `kubectl describe`
//! shows them. They are a convenience that the API server forgets within hours:
//! what counts stands in the record.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use fallgate_api::names::FIELD_MANAGER;
use fallgate_api::{GROUP, VERSION};
use fallgate_cluster::{Refusal, Writer};
use fallgate_ledger::{Entry, Kind, ObjectRef};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use crate::locked::locked;

/// How many are kept that could not be sent yet; of more, the oldest are dropped.
const KEPT: usize = 256;
/// The API server's bound for a note, in bytes.
const LONGEST: usize = 1024;

/// Entries of which there is no Event yet.
#[derive(Clone, Default)]
pub(crate) struct Pending(Arc<Mutex<VecDeque<Entry>>>);

impl Pending {
    /// An entry was appended.
    pub(crate) fn push(&self, entry: &Entry) {
        let mut entries = locked(&self.0);
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(entry.clone());
    }

    /// Takes what there is.
    fn take(&self) -> VecDeque<Entry> {
        std::mem::take(&mut *locked(&self.0))
    }
}

/// Sends what is pending, each once: what is not taken is not worth a second try.
pub(crate) async fn send(pending: &Pending, reporter: &str, writer: &Writer, now: Timestamp) {
    for entry in pending.take() {
        let Some(event) = event(&entry, reporter, now) else { continue };
        match writer.create(&event).await {
            // Of an entry that was told of before a crash.
            Ok(_) | Err(Refusal::Exists(_)) => {}
            Err(refusal) => tracing::debug!(seq = entry.seq, %refusal, "no Event was created"),
        }
    }
}

/// The Event of an entry; none where it is about nothing in a namespace.
fn event(entry: &Entry, reporter: &str, now: Timestamp) -> Option<Event> {
    let mut objects = entry.event.objects.iter();
    let about = objects.next()?;
    let namespace = about.namespace.clone()?;
    let related = objects.next().map(reference);
    let warns = matches!(
        entry.event.kind,
        Kind::Failure | Kind::BreakGlass | Kind::BreakGlassReview | Kind::Lock
    );
    // The name says which entry it is, so that there is one of each.
    let digest = entry.hash.to_string();
    let digest = digest.trim_start_matches("sha256:").get(..16)?;
    let name = format!("{}.{digest}", about.name.get(..200).unwrap_or(&about.name));
    Some(Event {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        },
        action: Some(entry.event.kind.name().to_owned()),
        event_time: Some(MicroTime(now)),
        note: Some(note(entry)),
        reason: Some(reason(entry)),
        regarding: Some(reference(about)),
        related,
        reporting_controller: Some(format!("{GROUP}/{FIELD_MANAGER}")),
        reporting_instance: Some(reporter.get(..128).unwrap_or(reporter).to_owned()),
        type_: Some(if warns { "Warning" } else { "Normal" }.to_owned()),
        ..Event::default()
    })
}

fn reference(object: &ObjectRef) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{GROUP}/{VERSION}")),
        kind: Some(object.kind.clone()),
        name: Some(object.name.clone()),
        namespace: object.namespace.clone(),
        uid: Some(object.uid.clone()),
        ..ObjectReference::default()
    }
}

/// What happened, as one word.
fn reason(entry: &Entry) -> String {
    let detail = |name| entry.event.details.get(name).and_then(|value| value.as_str());
    let word = match entry.event.kind {
        Kind::Request => "Requested",
        Kind::Plan => "Planned",
        Kind::Decision => detail("verdict").unwrap_or("Decided"),
        Kind::Arming => "Arming",
        Kind::Opening => "Opening",
        Kind::End => detail("endReason").unwrap_or("Ended"),
        Kind::Failure => &entry.event.step,
        Kind::Lock => "Locked",
        Kind::Incident => "Incident",
        Kind::PolicyChange => "PolicyChanged",
        Kind::Canary => "Canary",
        Kind::BreakGlass => "BreakGlass",
        Kind::BreakGlassReview => "Reviewed",
    };
    word.to_owned()
}

/// Who did it, and what they or the controller said.
fn note(entry: &Entry) -> String {
    let said = ["why", "reason"].into_iter().find_map(|name| entry.event.details.get(name));
    let said = said.and_then(|value| value.as_str()).unwrap_or_default();
    let who = &entry.event.actor.username;
    let mut note = if said.is_empty() { format!("by {who}") } else { format!("{said} (by {who})") };
    if note.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| note.is_char_boundary(*at)).unwrap_or(0);
        note.truncate(end);
    }
    note
}
