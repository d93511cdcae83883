//! The life cycle of grants, as functions of what was read and the time.
//!
//! Nothing here reads a clock, does IO or keeps state: whoever drives it hands in
//! what was observed and does what comes out. Every function is total, and what
//! it does not understand it refuses.
//!
//! # Driving it
//!
//! [`next`] takes an [`Observed`] and the time and returns one [`Step`]: one
//! request to the API server, one entry for the record, or waiting. The driver
//! does that one thing, reads again, and asks again. It decides nothing and
//! repeats nothing: whether a request succeeded, failed or got lost shows in what
//! is read next. So a crash at any point needs no care of its own, and neither do
//! two drivers at once: names follow from uids, creates never replace, deletions
//! name the uid of what they delete, and statuses are written on the version that
//! was read.
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use fallgate_access::{
//!     Assess, Call, Canaries, Case, Observed, Planned, Record, Refusal, Rights, Step, next,
//! };
//! use fallgate_api::{AccessGrant, AccessRequest};
//!
//! /// The cluster, of which nothing is asked here: there are no ceilings yet.
//! struct Unasked;
//!
//! impl Assess for Unasked {
//!     fn plan(&self, _: &Case<'_>) -> Result<Planned, Refusal> {
//!         Err(Refusal::NoConfig)
//!     }
//!     fn growth(&self, _: &AccessGrant) -> Option<String> {
//!         None
//!     }
//! }
//!
//! let mut request: AccessRequest = serde_json::from_value(serde_json::json!({
//!     "apiVersion": "access.fallgate.dev/v1alpha1",
//!     "kind": "AccessRequest",
//!     "metadata": {
//!         "namespace": "shop", "name": "oncall-db-1", "uid": "0b9b",
//!         "creationTimestamp": "2026-11-21T02:40:00Z",
//!     },
//!     "spec": {
//!         "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
//!         "requestedBy": {"username": "alice", "uid": "4711"},
//!         "from": {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
//!         "to": {"podSelector": {"matchLabels": {"app": "db"}}},
//!         "ports": [{"protocol": "TCP", "port": 5432}],
//!         "reason": "slow queries since 02:40",
//!     },
//! }))?;
//! let now = "2026-11-21T02:40:01Z".parse()?;
//! let lease = Some("2026-11-21T02:40:16Z".parse()?);
//! let (rights, mut entries, mut done) = (Rights::default(), BTreeSet::new(), Vec::new());
//! let why = loop {
//!     let observed = Observed {
//!         config: None,
//!         policy: None,
//!         request: &request,
//!         decisions: &[],
//!         grant: None,
//!         live: None,
//!         locks: &[],
//!         incidents: &[],
//!         ticket: None,
//!         on_call: None,
//!         others: &[],
//!         complete: true,
//!         rights: &rights,
//!         record: Record { writable: true, entries: &entries },
//!         canaries: Canaries::default(),
//!         lease,
//!         skew: Some(jiff::SignedDuration::ZERO),
//!         closing: None,
//!         world: &Unasked,
//!     };
//!     // Whoever crashed here, or lost the answer, is told the same again.
//!     assert_eq!(next(&observed, now), next(&observed, now));
//!     match next(&observed, now) {
//!         Step::Append(entry) => {
//!             done.push(entry.key.kind.name());
//!             entries.insert(entry.key);
//!         }
//!         Step::Send(Call::WriteRequest(status)) => {
//!             done.push("status");
//!             request.status = Some(*status);
//!         }
//!         Step::Send(call) => unreachable!("{call:?}"),
//!         Step::Wait(wait) => break wait.why,
//!     }
//! };
//! assert_eq!(done, ["request", "status"]);
//! assert!(why.starts_with("there is no AccessConfig"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## What the driver observes
//!
//! - **Live reads.** The grant is read by its name ([`grant_name`]), and its
//!   objects by the label with its uid ([`grant_uid`]) in every namespace and by
//!   their [`names`], from the quorum and not from a cache. A grant that is there
//!   and was not read could be closed as if it were gone.
//! - **[`Observed::complete`]** is true only when every list was read whole and is
//!   up to date. Nothing opens while it is false; what closes does not look at it,
//!   except to tell absent from unknown.
//! - **The world without our own grants.** [`World::engine`] holds the cluster
//!   without the policies that carry the label
//!   [`GRANT`](fallgate_api::names::label::GRANT); otherwise a grant would find
//!   itself open already. Answers of [`Assess`] may be remembered for as long as
//!   neither the cluster nor the question changes.
//! - **The lease.** A driver that does not lead passes no lease. It is then given
//!   nothing to write and nothing to open, but still deletions: closing waits for
//!   no leader. A leader stops sending when its lease ends, also in the midst of a
//!   request ([`Observed::lease`] is checked with two seconds to spare).
//! - **The record.** [`Observed::record`] tells which entries are on disk, and
//!   whether one can be appended now.
//! - **The clock.** [`Observed::skew`] is how far the API server's clock is ahead.
//!
//! ## What the driver does
//!
//! | step | what is sent |
//! |---|---|
//! | [`Call::Ask`] | one SubjectAccessReview for the [`Question`] |
//! | [`Call::Rehearse`] | a create with `dryRun=All` of what stands in the [`Rehearsal`] |
//! | [`Call::CreateGrant`], [`Call::CreateSwitch`], [`Call::CreatePolicy`] | one POST, never repeated by itself and never a replacement |
//! | [`Call::Close`], [`Call::Delete`] | one DELETE with the uid as a precondition; of a Job with foreground propagation |
//! | [`Call::WriteRequest`], [`Call::WriteGrant`] | the status as a whole, on the resourceVersion that was read |
//! | [`Step::Append`] | one entry into the record; the record keeps one for each [`Key`] |
//! | [`Step::Wait`] | nothing, until something that is observed changes or the time has come, whether or not an event came: the end of a grant is never driven by events |
//!
//! Besides, objects with a grant's label and no grant that may be open are shown
//! to [`sweep`], at the start before anything else and then from time to time.
//!
//! Whatever is asked of the API server may fail for good. What opens then stays
//! closed, and says why in the status of the request; what closes is asked for
//! again, for ever, and meanwhile the switch closes it without us.
//!
//! ## What the driver hands back
//!
//! - The answer to a [`Call::Ask`] goes into [`Rights`] with the time of asking. An
//!   error is no answer, and the same question comes again.
//! - A [`Call::Rehearse`] must be refused by the admission policy that
//!   [`Rehearsal::refused_by`] names: then it has [passed](Probe::Passed).
//!   Admitted, or refused by anything else of admission, it has
//!   [failed](Probe::Failed), which cancels whatever is not open. Any other error
//!   says nothing.
//! - The [`Ending`] of the last [`Call::Close`] that was sent for the grant comes
//!   back in [`Observed::closing`].
//!
//! All three are forgotten when the driver starts: questions are asked again, and
//! of an end that only the driver knew the reason is lost, never the end.
//!
//! # Inside
//!
//! `identity` and `decide`: who is who, and whether people have agreed. `resolve`,
//! `selector`, `scope`: what a request comes to under its policy. `facts`: what
//! that takes of objects besides what the reader of manifests keeps. `isolation`,
//! `render`, `effect`, `plan`: the policies, and exactly what they change. `terms`:
//! time, tickets, incidents, rotas, renewals. `lifecycle`: the state machine, with
//! `closing` before all else. `refusal`: every reason there is for not opening,
//! with a sentence each.

#![warn(clippy::indexing_slicing)]

mod canonical;
mod circumstances;
mod decide;
mod effect;
mod facts;
mod identity;
mod isolation;
mod lifecycle;
mod observed;
mod plan;
mod record;
mod refusal;
mod render;
mod resolve;
mod rights;
mod scope;
mod selector;
mod status;
mod step;
mod terms;

pub use canonical::plan_hash;
pub use circumstances::{Circumstances, incident_status, is_gone, policy_status};
pub use decide::{Ballot, Consent, Discard, Judged, Missing, Standing, Tally};
pub use facts::Facts;
pub use identity::{People, Relation};
pub use lifecycle::{ARMING, Ending, FRESH, Owner, SKEW, due, next, sweep};
pub use observed::{
    Canaries, Live, Lock, Name, Observed, Probe, Record, grant_name, grant_uid, names,
};
pub use plan::{Assess, Planned};
pub use record::{Entry, Key, Kind, Object};
pub use refusal::{End, Refusal};
pub use render::{managed, policy_name, switch, switch_name, switch_spec};
pub use resolve::{Case, Narrowing, Policy, World};
pub use rights::{Answer, Question, Rights};
pub use selector::write as write_selector;
pub use step::{Call, Rehearsal, Step, Wait};
pub use terms::{OnCall, Other, Terms, Ticket};
