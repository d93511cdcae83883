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
//! two drivers at once; names follow from uids, creates never replace, and
//! deletions name the uid of what they delete.
//!
//! What the driver owes, and what would go wrong without it:
//!
//! - **Live reads.** The grant is read by its name ([`grant_name`]), and its
//!   objects by its label in every namespace and by their [`names`], from the
//!   quorum and not from a cache. A grant that is there and was not read could be
//!   closed as if it were gone.
//! - **[`Observed::complete`]** is true only when every list was read whole and is
//!   up to date. Nothing opens while it is false; what closes does not look at it,
//!   except to tell absent from unknown.
//! - **The world without our own grants.** [`World::engine`] holds the cluster
//!   without the policies that carry the label
//!   [`GRANT`](fallgate_api::names::label::GRANT); otherwise a grant would find
//!   itself open already. Answers of [`Assess`] may be remembered for as long as
//!   neither the cluster nor the question changes.
//! - **Timers.** A [`Wait`] says until when; the driver asks again then, whether
//!   or not an event came: the end of a grant is never driven by events. While a
//!   wait has no end, only a change of what is observed matters.
//! - **The lease.** A driver that does not lead passes no lease. It is then given
//!   nothing to write and nothing to open, but still deletions: closing waits for
//!   no leader. A leader stops sending when its lease ends, also in the midst of a
//!   request ([`Observed::lease`] is checked with two seconds to spare).
//! - **Answers.** [`Call::Ask`] is one SubjectAccessReview; its answer goes into
//!   [`Rights`] with the time of asking. An error is no answer, and the same
//!   question comes again. [`Call::Rehearse`] is a dry-run create that admission
//!   must refuse under the name that [`Rehearsal::refused_by`] gives: then it has
//!   [passed](Probe::Passed). Admitted, or refused by anything else of admission,
//!   it has [failed](Probe::Failed), which cancels whatever is not open. Any other
//!   error says nothing. Both are forgotten when the driver starts.
//! - **[`Observed::closing`]** is what came with the last [`Call::Close`] that was
//!   sent for the grant; forgetting it loses the reason of an end, never the end.
//! - **Statuses** are written whole and on the resourceVersion that was read, so
//!   that a write which is late is refused.
//! - **The record.** An [`Entry`] counts as written when it is on disk, and not
//!   before; [`Observed::record`] tells which are. The record keeps one entry for
//!   each [`Key`].
//! - **Sweeping.** Objects with a grant's label and no grant that may be open are
//!   shown to [`sweep`], at the start before anything else and then from time to
//!   time.
//!
//! Whatever is asked of the API server may fail for good. What opens then stays
//! closed, and says why in the status of the request; what closes is asked for
//! again, for ever, and meanwhile the switch closes it without us.
//!
//! # Inside
//!
//! `identity` and `decide`: who is who, and whether people have agreed. `resolve`,
//! `selector`, `scope`: what a request comes to under its policy. `isolation`,
//! `render`, `effect`, `plan`: the policies, and exactly what they change. `terms`:
//! time, tickets, incidents, rotas, renewals. `lifecycle`: the state machine, with
//! `closing` before all else. `refusal`: every reason there is for not opening,
//! with a sentence each.

#![warn(clippy::indexing_slicing)]

mod canonical;
mod decide;
mod effect;
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
pub use decide::{Ballot, Consent, Discard, Judged, Missing, Standing, Tally};
pub use identity::{People, Relation};
pub use lifecycle::{ARMING, Ending, FRESH, Owner, SKEW, next, sweep};
pub use observed::{Canaries, Live, Lock, Name, Observed, Probe, Record, grant_name, grant_uid, names};
pub use plan::{Assess, Planned};
pub use record::{Entry, Key, Kind, Object};
pub use refusal::{End, Refusal};
pub use render::{managed, policy_name, switch, switch_name};
pub use resolve::{Case, Narrowing, Policy, World};
pub use rights::{Answer, Question, Rights};
pub use step::{Call, Rehearsal, Step, Wait};
pub use terms::{OnCall, Other, Terms, Ticket};
