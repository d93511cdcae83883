//! What is promised, held against a cluster as it really is.

use fallgate_access::{ARMING, Call, FRESH, Key, Kind, Object, Probe, Question, SKEW, Step};
use fallgate_api::{AccessDecision, AccessGrant, AccessGrantStatus, Phase, Verdict};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

use super::events::{ANOTHER, labelled, own};
use crate::cluster::Cluster;
use crate::shop::{at, policy_ref, user};

/// Those whose approval counts: people who are not the requester.
const APPROVERS: [&str; 2] = ["bob", "erin"];

type Held = Result<(), String>;

fn broken(what: &str) -> Held {
    Err(what.to_owned())
}

/// The request's grant: the first there was, and none that a replay brought.
fn own_grant(cluster: &Cluster) -> Option<&AccessGrant> {
    let written = cluster.request.status.as_ref().and_then(|status| status.grant_ref.as_ref());
    let first = |grant: &&AccessGrant| {
        written.is_none_or(|written| grant.metadata.uid.as_ref() == Some(&written.uid))
    };
    cluster.grant.as_ref().filter(first)
}

fn own_jobs(cluster: &Cluster) -> impl Iterator<Item = &Job> {
    cluster.jobs.iter().filter(|job| own(&job.metadata))
}

fn own_policies(cluster: &Cluster) -> impl Iterator<Item = &NetworkPolicy> {
    cluster.policies.iter().filter(|policy| own(&policy.metadata))
}

/// What is there of the grant. Once label, owner and grant are gone, nothing
/// tells an object from anybody's: then only whoever took them away knows.
fn remains(cluster: &Cluster) -> impl Iterator<Item = &ObjectMeta> {
    let jobs = own_jobs(cluster).map(|job| &job.metadata);
    let all = jobs.chain(own_policies(cluster).map(|policy| &policy.metadata));
    all.filter(|metadata| own_grant(cluster).is_some() || labelled(metadata).is_some())
}

/// Whether a policy of the grant is there and nobody is deleting it.
pub(super) fn is_open(cluster: &Cluster) -> bool {
    own_policies(cluster).any(|policy| policy.metadata.deletion_timestamp.is_none())
}

fn status(cluster: &Cluster) -> AccessGrantStatus {
    own_grant(cluster).and_then(|grant| grant.status.clone()).unwrap_or_default()
}

fn due(cluster: &Cluster) -> Option<Timestamp> {
    let window = cluster.request.spec.not_before.as_ref().map(|time| time.0);
    let seconds =
        |grant: &AccessGrant| SignedDuration::from_secs(grant.spec.approved.duration_seconds);
    let end = own_grant(cluster).and_then(|grant| window?.checked_add(seconds(grant)).ok());
    status(cluster).expires_at.map(|time| time.0).into_iter().chain(end).min()
}

/// Our clock, or the API server's where it is ahead.
fn later(cluster: &Cluster) -> Timestamp {
    at(cluster.now + cluster.skew.unwrap_or(0).max(0))
}

/// Whether somebody said that nothing may be open.
fn stopped(cluster: &Cluster) -> bool {
    let stops = |decision: &AccessDecision| {
        matches!(decision.spec.verdict, Verdict::Denied | Verdict::Revoked | Verdict::Withdrawn)
    };
    cluster.decisions.iter().any(stops)
        || !cluster.locks.is_empty()
        || cluster.generation != 1
        || cluster.request.metadata.deletion_timestamp.is_some()
        || cluster.ticket.as_ref().is_some_and(|ticket| !ticket.open)
        || cluster.phase().is_terminal()
}

/// Whether what the grant has created must be closed: somebody said so, its time
/// is over, it has ended or is ending, or it is not as it was created.
fn must_close(cluster: &Cluster) -> bool {
    let status = status(cluster);
    let active = status.phase == Phase::Active;
    let tampered = own_jobs(cluster).any(|job| {
        job.metadata.deletion_timestamp.is_some()
            || job.spec.as_ref().is_some_and(|spec| spec.suspend == Some(true))
    }) || own_policies(cluster).any(|policy| {
        let spec = policy.spec.as_ref();
        policy.metadata.finalizers.is_some()
            || policy.metadata.labels.is_none()
            || spec.is_none_or(|spec| spec.pod_selector == Some(Default::default()))
    }) || status.switches.len() > own_jobs(cluster).count()
        || active && status.objects.len() > own_policies(cluster).count();
    stopped(cluster)
        || due(cluster).is_some_and(|due| due <= later(cluster))
        || status.phase == Phase::Revoking
        || status.phase.is_terminal()
        || tampered
        || active && cluster.drift && cluster.lease
}

/// Whether the people have agreed who had to, and may.
fn agreed(cluster: &Cluster) -> bool {
    let may = |username: &str, verb, namespace: &str| {
        let question = Question::new(&user(username), verb, &policy_ref(), namespace);
        cluster.rights.get(&question, FRESH, cluster.time()) == Some(true)
    };
    if !may("alice", "use", "shop") {
        return false;
    }
    if cluster.request.spec.break_glass {
        return may("alice", "breakglass", "shop");
    }
    let plan = cluster.request.status.as_ref().and_then(|status| status.plan.as_ref());
    let namespaces = plan.map(|plan| plan.decision_namespaces.clone()).unwrap_or_default();
    !namespaces.is_empty()
        && namespaces.iter().all(|namespace| {
            cluster.decisions.iter().any(|decision| {
                let spec = &decision.spec;
                decision.metadata.namespace.as_ref() == Some(namespace)
                    && spec.verdict == Verdict::Approved
                    && spec.plan_hash.as_ref() == Some(&cluster.plan_hash())
                    && APPROVERS.contains(&&*spec.decided_by.username)
                    && may(&spec.decided_by.username, "approve", namespace)
            })
        })
}

/// What must hold whenever something is created (S1, S9, S10, S16).
fn opens(cluster: &Cluster) -> Held {
    let passed = |probe: Probe| match probe {
        Probe::Passed(when) => cluster.time().duration_since(when) <= FRESH,
        Probe::Unknown | Probe::Failed => false,
    };
    let skew = cluster.skew.map(SignedDuration::from_secs);
    for (holds, what) in [
        (!stopped(cluster), "opens what somebody stopped"),
        (agreed(cluster), "opens what nobody agreed to who may"),
        (!cluster.changed, "opens what is no longer what was planned"),
        (cluster.writable, "opens without a record"),
        (cluster.lease, "opens without a lease"),
        (cluster.complete, "opens without having read everything"),
        (skew.is_some_and(|skew| skew.abs() <= SKEW), "opens without a clock"),
        (passed(cluster.canaries.owner), "opens without trying admission out"),
        (passed(cluster.canaries.identity), "opens without trying admission out"),
        (!cluster.phase().is_terminal(), "opens what is over"),
        (!status(cluster).phase.is_terminal(), "opens what is over"),
    ] {
        if !holds {
            return broken(what);
        }
    }
    Ok(())
}

fn recorded(cluster: &Cluster, kind: Kind, step: &str) -> bool {
    let uid = own_grant(cluster).and_then(|grant| grant.metadata.uid.clone());
    let subject = uid.unwrap_or_default();
    cluster.record.contains(&Key { kind, subject, step: step.into() })
}

/// The longest that everybody agreed to.
fn longest(cluster: &Cluster) -> i64 {
    let narrowed = cluster.decisions.iter().filter_map(|d| d.spec.duration_seconds).min();
    let asked = cluster.request.spec.duration_seconds.unwrap_or(3600);
    narrowed.unwrap_or(asked).min(asked)
}

/// A switch fires by itself, in the time that was agreed to (S3, S4).
fn arms(cluster: &Cluster, job: &Job) -> Held {
    if !recorded(cluster, Kind::Arming, "Arming") {
        return broken("arms without an entry");
    }
    let approved = own_grant(cluster).map(|grant| grant.spec.approved.duration_seconds);
    let seconds = job.spec.as_ref().and_then(|spec| spec.active_deadline_seconds);
    let fits = seconds.zip(approved).is_some_and(|(seconds, approved)| {
        let end =
            cluster.request.spec.not_before.as_ref().map(|start| start.0.as_second() + approved);
        let window = end.is_none_or(|end| cluster.time().as_second() + seconds <= end);
        (1..=approved).contains(&seconds) && window
    });
    let shape = job.spec.as_ref().is_some_and(|spec| {
        spec.parallelism == Some(0)
            && spec.completions == Some(1)
            && spec.ttl_seconds_after_finished == Some(0)
            && spec.suspend == Some(false)
            && spec.managed_by.is_none()
    });
    let metadata = &job.metadata;
    let alone = metadata.owner_references.is_none() && metadata.finalizers.is_none();
    if fits && shape && alone && names_grant(cluster, metadata) {
        Ok(())
    } else {
        broken("a switch of another shape")
    }
}

/// A policy is what was planned, and has one owner: a switch that was seen armed
/// (S4, S6). Its end is the earliest of all switches, and not over.
fn allows(cluster: &Cluster, policy: &NetworkPolicy) -> Held {
    if !recorded(cluster, Kind::Opening, "Opening") {
        return broken("opens without an entry");
    }
    let made = own_grant(cluster).and_then(|grant| grant.metadata.creation_timestamp.as_ref());
    if made.is_none_or(|made| later(cluster).duration_since(made.0) > ARMING) {
        return broken("opens after arming took too long");
    }
    let owners = policy.metadata.owner_references.as_deref().unwrap_or_default();
    let [owner] = owners else { return broken("a policy without exactly one owner") };
    let armed = |job: &Job| {
        job.metadata.deletion_timestamp.is_none()
            && job.metadata.creation_timestamp.as_ref().is_some_and(|t| t.0 <= cluster.time())
            && job.spec.as_ref().is_some_and(|spec| spec.suspend == Some(false))
            && job.status.as_ref().is_some_and(|status| status.start_time.is_some())
    };
    let guarded = own_jobs(cluster).any(|job| {
        job.metadata.uid.as_ref() == Some(&owner.uid)
            && job.metadata.namespace == policy.metadata.namespace
            && armed(job)
    });
    let namespaces = own_grant(cluster).map_or(0, |grant| grant.spec.namespaces.len());
    if !guarded || own_jobs(cluster).filter(|job| armed(job)).count() != namespaces {
        return broken("opens before its switches were seen armed");
    }
    let ends = own_jobs(cluster).filter_map(|job| {
        let start = job.status.as_ref()?.start_time.as_ref()?.0.as_second();
        Some(start + job.spec.as_ref()?.active_deadline_seconds?)
    });
    if status(cluster).expires_at.map(|time| time.0.as_second()) != ends.min() {
        return broken("its end is not that of its switches");
    }
    if due(cluster).is_none_or(|due| due <= later(cluster)) {
        return broken("opens when its time is over");
    }
    let planned = own_grant(cluster).into_iter().flat_map(|grant| &grant.spec.policies);
    let mut planned = planned.filter_map(|policy| policy.get("spec").cloned());
    let spec = serde_json::to_value(&policy.spec).unwrap();
    if planned.any(|planned| planned == spec) && names_grant(cluster, &policy.metadata) {
        Ok(())
    } else {
        broken("opens another policy than the planned one")
    }
}

/// What is deleted is the grant's own, by its uid (S5, S14).
fn deletes(cluster: &Cluster, object: &Object) -> Held {
    let jobs = cluster.jobs.iter().map(|job| &job.metadata);
    let mut all = jobs.chain(cluster.policies.iter().map(|policy| &policy.metadata));
    let found = all.find(|metadata| metadata.uid.as_ref() == Some(&object.uid));
    let gone = own_grant(cluster).is_none();
    match found {
        Some(metadata) if own(metadata) && (gone || names_grant(cluster, metadata)) => Ok(()),
        _ => broken("deletes what is not the grant's"),
    }
}

/// Whether an object has the label of the grant.
fn names_grant(cluster: &Cluster, metadata: &ObjectMeta) -> bool {
    let uid = own_grant(cluster).and_then(|grant| grant.metadata.uid.as_ref());
    uid.is_some() && labelled(metadata) == uid
}

/// Phases only go forward, what was written once stays, and nothing is said to
/// be closed or cut that is not known to be.
fn says(cluster: &Cluster, new: &AccessGrantStatus) -> Held {
    let old = status(cluster);
    let order = |phase: Phase| match phase {
        Phase::Pending => 0,
        Phase::Arming => 1,
        Phase::Active => 2,
        Phase::Revoking => 3,
        _ => 4,
    };
    let (from, to) = (order(old.phase), order(new.phase));
    if to < from || (from == 4 && old.phase != new.phase) {
        return Err(format!("{:?} becomes {:?}", old.phase, new.phase));
    }
    let kept = (old.expires_at.is_none() || old.expires_at == new.expires_at)
        && (old.activated_at.is_none() || old.activated_at == new.activated_at)
        && (old.ended_at.is_none() || old.ended_at == new.ended_at)
        && (old.end_reason.is_none() || old.end_reason == new.end_reason)
        && (old.review_due_at.is_none() || old.review_due_at == new.review_due_at)
        && (old.switches.is_empty() || old.switches == new.switches);
    if !kept {
        return broken("what was written once is written again");
    }
    if new.phase.is_terminal() && remains(cluster).next().is_some() {
        return broken("is said to be closed and is not");
    }
    let claims = |condition: &Condition| {
        matches!(&*condition.type_, "Severed" | "Verified") && condition.status != "Unknown"
    };
    if new.conditions.iter().any(claims) {
        return broken("claims what nothing could know");
    }
    Ok(())
}

/// What must hold of a step that is about to be taken.
pub(super) fn step(cluster: &Cluster, step: &Step) -> Held {
    closing(cluster, step)?;
    let call = match step {
        Step::Wait(_) => return Ok(()),
        Step::Append(entry) if cluster.record.contains(&entry.key) => {
            return broken("writes an entry twice");
        }
        Step::Append(_) if cluster.writable && cluster.lease => return Ok(()),
        Step::Append(_) => return broken("appends what cannot be written"),
        Step::Send(call) => call,
    };
    match call {
        Call::Ask(_) | Call::Rehearse(_) if cluster.lease => Ok(()),
        Call::Ask(_) | Call::Rehearse(_) => broken("asks without a lease"),
        Call::CreateGrant(grant) => {
            opens(cluster)?;
            let made = cluster.request.status.as_ref().and_then(|s| s.grant_ref.as_ref());
            if made.is_some() || own_grant(cluster).is_some() {
                return broken("a second grant of one request");
            }
            if grant.spec.approved.duration_seconds > longest(cluster) {
                return broken("opens for longer than was agreed to");
            }
            Ok(())
        }
        Call::CreateSwitch(job) => opens(cluster).and_then(|()| arms(cluster, job)),
        Call::CreatePolicy(policy) => opens(cluster).and_then(|()| allows(cluster, policy)),
        Call::Close(object, _) => deletes(cluster, object),
        Call::Delete(object) if matches!(object.kind, "Job" | "NetworkPolicy") => {
            deletes(cluster, object)
        }
        Call::Delete(_) => broken("forgets before its time"),
        Call::WriteGrant(_) | Call::WriteRequest(_) if !cluster.lease => {
            broken("writes without a lease")
        }
        Call::WriteGrant(new) => says(cluster, new),
        Call::WriteRequest(new) => {
            let old = cluster.request.status.clone().unwrap_or_default();
            if old.phase.is_terminal() && new.phase != old.phase {
                return Err(format!("{:?} becomes {:?}", old.phase, new.phase));
            }
            if old.plan.is_some() && (old.plan != new.plan || old.plan_hash != new.plan_hash) {
                return broken("the plan is written twice");
            }
            if !old.phase.is_terminal()
                && new.phase.is_terminal()
                && remains(cluster).next().is_some()
            {
                return broken("is said to be closed and is not");
            }
            let counted = new.decisions.iter().filter(|decision| decision.counted);
            for decision in counted.filter(|decision| decision.verdict == Verdict::Approved) {
                if !APPROVERS.contains(&&*decision.decided_by) {
                    return Err(format!("counts the approval of {}", decision.decided_by));
                }
            }
            Ok(())
        }
    }
}

/// Closing comes before all else, and waits for nothing but what it must see
/// (S2, S13); and while something is open, its end is waited for.
fn closing(cluster: &Cluster, step: &Step) -> Held {
    // What lost its label the controller may not delete.
    let left = remains(cluster)
        .any(|metadata| metadata.deletion_timestamp.is_none() && labelled(metadata).is_some());
    let known = own_grant(cluster).is_some() && cluster.readable;
    if left && known && must_close(cluster) {
        let written_off = !is_open(cluster) && matches!(step, Step::Send(Call::WriteGrant(_)));
        let closes = matches!(step, Step::Send(Call::Close(..)));
        if !closes && !written_off {
            return broken("leaves open what must be closed");
        }
    }
    let gone = own_grant(cluster).is_none() && cluster.complete && cluster.readable;
    if left
        && gone
        && !cluster.phase().is_terminal()
        && !matches!(step, Step::Send(Call::Delete(_)))
    {
        return broken("leaves open what belongs to a grant that is gone");
    }
    // What cannot be read is looked at again at once.
    let latest = due(cluster).max(Some(at(cluster.now + 1)));
    if let Step::Wait(wait) = step
        && is_open(cluster)
        && own_grant(cluster).is_some()
        && wait.until.is_none_or(|until| Some(until) > latest)
    {
        return broken("waits beyond the end");
    }
    Ok(())
}

/// With the controller dead from here on, the control plane closes in time (S3).
pub(super) fn backstop(cluster: &Cluster) -> Held {
    let stuck = |policy: &NetworkPolicy| {
        policy.metadata.finalizers.is_some() || policy.metadata.owner_references.is_none()
    };
    let suspended = |job: &Job| job.spec.as_ref().is_some_and(|spec| spec.suspend == Some(true));
    if !cluster.control_plane
        || own_jobs(cluster).any(suspended)
        || own_policies(cluster).any(stuck)
    {
        return Ok(());
    }
    let mut alone = cluster.clone();
    alone.pass(1);
    alone.pass(3600);
    alone.pass(1);
    if own_policies(&alone).next().is_some() {
        broken("its switch does not close it")
    } else {
        Ok(())
    }
}

/// Once nothing moves any more: everything is closed, nobody else's is touched,
/// and what was opened has its end in the record.
pub(super) fn rest(cluster: &Cluster) -> Held {
    if remains(cluster).next().is_some() {
        return broken("something is left");
    }
    let there = |uid: &str| {
        let jobs = cluster.jobs.iter().map(|job| &job.metadata);
        let mut all = jobs.chain(cluster.policies.iter().map(|policy| &policy.metadata));
        all.any(|metadata| metadata.uid.as_deref() == Some(uid))
    };
    for uid in ["switch", "policy"].map(|name| format!("{ANOTHER}-{name}")) {
        if !there(&uid) {
            return broken("what belongs to another grant is gone");
        }
    }
    if own_grant(cluster).is_some() && !status(cluster).phase.is_terminal() {
        return broken("the grant does not end");
    }
    let deleted = cluster.request.metadata.deletion_timestamp.is_some();
    if !cluster.phase().is_terminal() && !deleted {
        return broken("the request does not end");
    }
    let opened = cluster.record.iter().filter(|key| key.kind == Kind::Opening);
    for Key { subject, .. } in opened {
        let end = Key { kind: Kind::End, subject: subject.clone(), step: "Ended".into() };
        if !deleted && !cluster.record.contains(&end) {
            return broken("what was opened has no end in the record");
        }
    }
    Ok(())
}
