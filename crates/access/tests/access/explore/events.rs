//! What happens to a cluster while a grant lives.

use fallgate_access::policy_name;
use fallgate_api::names::label;
use fallgate_api::{AccessLockSpec, Verdict};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use crate::cluster::Cluster;
use crate::shop::{HASH, at, decision, metadata, user};

/// Something that happens, once or, where it is a switch, there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Somebody decides.
    Decides(&'static str, Verdict),
    /// Somebody approves for a shorter time.
    Narrows,
    /// Somebody approves another plan.
    OtherPlan,
    /// A lock on everybody.
    Lock,
    /// The policy is changed.
    PolicyChanges,
    /// What the grant opens grows.
    Drift,
    /// What the request would do changes.
    EffectChanges,
    /// The record can no longer be written, or can again.
    Record,
    /// The lease is lost, or won.
    Lease,
    /// The API server's clock cannot be read.
    NoClock,
    /// The API server's clock is an hour ahead.
    Ahead,
    /// Not everything can be read, or it can again.
    Incomplete,
    /// The grant's objects cannot be read, or can again.
    Unreadable,
    /// The control plane stops, or starts.
    ControlPlane,
    /// The control plane does its work, if there is any.
    Tick,
    /// Admission lets everything through.
    Admission,
    /// Somebody loses their rights.
    Loses(&'static str),
    /// The ticket is closed.
    TicketCloses,
    /// Somebody deletes the switches in the foreground.
    SwitchDeleted,
    /// Somebody stops the clock of the switches.
    SwitchSuspended,
    /// Somebody deletes the policies.
    PolicyDeleted,
    /// Somebody widens the policies.
    PolicyWidened,
    /// Somebody keeps the policies from being deleted.
    PolicyPinned,
    /// Somebody takes label and owner from the policies.
    PolicyStripped,
    /// Somebody creates an object of the policy's name.
    NameTaken,
    /// Somebody deletes the grant.
    GrantDeleted,
    /// Somebody deletes the request.
    RequestDeleted,
    /// The controller does nothing for longer than arming may take.
    Pause,
    /// The controller starts anew.
    Crash,
    /// The request that would be sent is on its way, and lands at any later time.
    Delayed,
}

pub(super) const EVERY: &[Event] = &[
    Event::Decides("carol", Verdict::Denied),
    Event::Decides("erin", Verdict::Revoked),
    Event::Decides("alice", Verdict::Withdrawn),
    Event::Decides("alice", Verdict::Approved),
    Event::Decides("system:serviceaccount:shop:robot", Verdict::Approved),
    Event::Narrows,
    Event::OtherPlan,
    Event::Lock,
    Event::PolicyChanges,
    Event::Drift,
    Event::EffectChanges,
    Event::Record,
    Event::Lease,
    Event::NoClock,
    Event::Ahead,
    Event::Incomplete,
    Event::Unreadable,
    Event::ControlPlane,
    Event::Tick,
    Event::Admission,
    Event::Loses("alice"),
    Event::Loses("bob"),
    Event::TicketCloses,
    Event::SwitchDeleted,
    Event::SwitchSuspended,
    Event::PolicyDeleted,
    Event::PolicyWidened,
    Event::PolicyPinned,
    Event::PolicyStripped,
    Event::NameTaken,
    Event::GrantDeleted,
    Event::RequestDeleted,
    Event::Pause,
    Event::Crash,
    Event::Delayed,
];

/// Those that are one of several ways to the same, and that are left out where two
/// things happen.
pub(super) const ALIKE: &[Event] = &[
    Event::Decides("carol", Verdict::Denied),
    Event::Decides("alice", Verdict::Withdrawn),
    Event::Decides("alice", Verdict::Approved),
    Event::Decides("system:serviceaccount:shop:robot", Verdict::Approved),
    Event::OtherPlan,
    Event::PolicyChanges,
    Event::NoClock,
    Event::Tick,
    Event::Loses("alice"),
    Event::SwitchSuspended,
    Event::PolicyDeleted,
    Event::PolicyWidened,
    Event::PolicyStripped,
];

/// The uid of another grant, whose objects lie beside.
pub(super) const ANOTHER: &str = "another-grant";
/// The uid of an object that is nobody's grant's.
pub(super) const FOREIGN: &str = "foreign";

/// Whether an object was created for the grant that is looked at, whatever
/// became of it: nobody else creates anything here that gets such a uid.
pub(super) fn own(metadata: &ObjectMeta) -> bool {
    metadata.uid.as_ref().is_some_and(|uid| uid.starts_with("uid-"))
}

/// The uid of the grant that an object names.
pub(super) fn labelled(metadata: &ObjectMeta) -> Option<&String> {
    metadata.labels.as_ref().and_then(|labels| labels.get(label::GRANT))
}

/// The switch and the policy of another grant, which nothing may touch.
pub(super) fn neighbours(cluster: &mut Cluster) {
    let labels = Some([(label::GRANT.to_owned(), ANOTHER.to_owned())].into());
    let metadata = |name: &str| ObjectMeta {
        labels: labels.clone(),
        ..metadata("shop", name, &format!("{ANOTHER}-{name}"), at(0))
    };
    let mut job = Job { metadata: metadata("switch"), ..Job::default() };
    job.spec.get_or_insert_default().active_deadline_seconds = Some(1_000_000);
    job.status.get_or_insert_default().start_time = Some(Time(at(0)));
    cluster.jobs.push(job);
    cluster.policies.push(NetworkPolicy { metadata: metadata("policy"), spec: None });
}

fn own_jobs(cluster: &mut Cluster) -> Option<impl Iterator<Item = &mut Job>> {
    cluster.jobs.iter().any(|job| own(&job.metadata)).then_some(())?;
    Some(cluster.jobs.iter_mut().filter(|job| own(&job.metadata)))
}

fn own_policies(cluster: &mut Cluster) -> Option<impl Iterator<Item = &mut NetworkPolicy>> {
    cluster.policies.iter().any(|policy| own(&policy.metadata)).then_some(())?;
    Some(cluster.policies.iter_mut().filter(|policy| own(&policy.metadata)))
}

impl Event {
    /// What it does to a cluster; nothing where it cannot happen.
    pub(super) fn happen(self, cluster: &mut Cluster) -> Option<()> {
        match self {
            Event::Decides(by, verdict) => {
                let again = |other: &fallgate_api::AccessDecision| {
                    other.spec.decided_by.username == by && other.spec.verdict == verdict
                };
                if cluster.decisions.iter().any(again) {
                    return None;
                }
                let mut decision = decision(by, verdict, "shop", cluster.now);
                decision.spec.plan_hash = Some(cluster.plan_hash());
                cluster.decisions.push(decision);
            }
            Event::Narrows | Event::OtherPlan => {
                let by = if self == Event::Narrows { "erin" } else { "frank" };
                if cluster.decisions.iter().any(|other| other.spec.decided_by.username == by) {
                    return None;
                }
                let mut decision = decision(by, Verdict::Approved, "shop", cluster.now);
                if self == Event::Narrows {
                    decision.spec.plan_hash = Some(cluster.plan_hash());
                    decision.spec.duration_seconds = Some(600);
                } else {
                    decision.spec.plan_hash = Some(HASH.into());
                }
                cluster.decisions.push(decision);
            }
            Event::Lock if cluster.locks.is_empty() => cluster.locks.push(lock()),
            Event::Lock => cluster.locks.clear(),
            Event::PolicyChanges => cluster.generation += 1,
            Event::Drift => cluster.drift = !cluster.drift,
            Event::EffectChanges => cluster.changed = !cluster.changed,
            Event::Record => cluster.writable = !cluster.writable,
            Event::Lease => cluster.lease = !cluster.lease,
            Event::NoClock => cluster.skew = None,
            Event::Ahead => cluster.skew = Some(3600),
            Event::Incomplete => cluster.complete = !cluster.complete,
            Event::Unreadable => cluster.readable = !cluster.readable,
            Event::ControlPlane => cluster.control_plane = !cluster.control_plane,
            Event::Tick => cluster.pass(0),
            Event::Admission => cluster.admission = !cluster.admission,
            Event::Loses(who) => {
                cluster.without_rights.insert(who.into()).then_some(())?;
            }
            Event::TicketCloses => cluster.ticket.as_mut().filter(|t| t.open)?.open = false,
            Event::SwitchDeleted => {
                let now = Time(cluster.time());
                for job in own_jobs(cluster)? {
                    job.metadata.deletion_timestamp.get_or_insert_with(|| now.clone());
                }
            }
            Event::SwitchSuspended => {
                own_jobs(cluster)?.for_each(|job| job.spec.as_mut().unwrap().suspend = Some(true));
            }
            Event::PolicyDeleted => {
                drop(own_policies(cluster)?);
                cluster.policies.retain(|policy| !own(&policy.metadata));
            }
            Event::PolicyWidened => own_policies(cluster)?.for_each(|policy| {
                policy.spec.as_mut().unwrap().pod_selector = Some(Default::default());
            }),
            Event::PolicyPinned => own_policies(cluster)?.for_each(|policy| {
                policy.metadata.finalizers = Some(vec!["somebody/else".to_owned()]);
            }),
            Event::PolicyStripped => {
                // Before its uid is written down it could be anybody's.
                let status = cluster.grant.as_ref()?.status.as_ref()?;
                let known: Vec<_> = status.objects.iter().map(|o| Some(o.uid.clone())).collect();
                let mut policies = own_policies(cluster)?;
                let policy = policies.find(|policy| known.contains(&policy.metadata.uid))?;
                policy.metadata.labels = None;
                policy.metadata.owner_references = None;
            }
            Event::NameTaken => {
                let uid = cluster.grant.as_ref()?.metadata.uid.clone()?;
                let name = policy_name(&uid, 0);
                let taken = |metadata: &ObjectMeta| metadata.name.as_ref() == Some(&name);
                if cluster.policies.iter().any(|policy| taken(&policy.metadata)) {
                    return None;
                }
                let metadata = metadata("shop", &name, FOREIGN, cluster.time());
                cluster.policies.push(NetworkPolicy { metadata, spec: None });
            }
            Event::GrantDeleted => drop(cluster.grant.take()?),
            Event::RequestDeleted => {
                let now = Time(cluster.time());
                cluster.request.metadata.deletion_timestamp.get_or_insert(now);
            }
            Event::Pause => cluster.pass(70),
            Event::Crash => cluster.restart(),
            // That is for whoever knows what would be sent.
            Event::Delayed => return None,
        }
        Some(())
    }
}

/// What breaks of itself is mended, and what only people can still delete is
/// deleted; what somebody decided stays decided.
pub(super) fn heal(cluster: &mut Cluster) {
    cluster.lease = true;
    cluster.writable = true;
    cluster.complete = true;
    cluster.readable = true;
    cluster.control_plane = true;
    cluster.skew = cluster.skew.or(Some(0));
    let stripped =
        |policy: &NetworkPolicy| own(&policy.metadata) && policy.metadata.labels.is_none();
    if cluster.policies.iter().any(stripped) {
        cluster.policies.retain(|policy| !stripped(policy));
    }
    if own_policies(cluster).is_some_and(|mut all| all.any(|p| p.metadata.finalizers.is_some())) {
        let all = own_policies(cluster).into_iter().flatten();
        all.for_each(|policy| policy.metadata.finalizers = None);
    }
}

fn lock() -> AccessLockSpec {
    AccessLockSpec {
        locked_by: user("erin"),
        user: None,
        policy_ref: None,
        all: true,
        expires_at: None,
        reason: "stop".into(),
    }
}
