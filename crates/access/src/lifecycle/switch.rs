//! Whether a switch is armed, and whether what it owns is as it was created.

use fallgate_api::AccessGrant;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::observed::belongs;
use crate::render::{managed, policy_name, switch_name};

/// What a live read shows of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    /// Its clock runs, since the first time until the second.
    Armed(Timestamp, Timestamp),
    /// It is as it must be, and the control plane has not taken it up yet.
    Idle,
    /// It has fired, or is being deleted.
    Firing,
    /// It is not as it must be: it might never fire, or too late.
    Broken(&'static str),
}

/// The switch of a grant in a namespace.
pub(crate) fn find<'a>(switches: &'a [Job], uid: &str, namespace: &str) -> Option<&'a Job> {
    let name = switch_name(uid);
    switches.iter().find(|job| {
        job.metadata.name.as_ref() == Some(&name)
            && job.metadata.namespace.as_deref() == Some(namespace)
    })
}

/// The policy of a grant by its place, among those of its namespace.
pub(crate) fn find_policy<'a>(
    policies: &'a [NetworkPolicy],
    grant: &AccessGrant,
    uid: &str,
    at: usize,
) -> Option<&'a NetworkPolicy> {
    let name = policy_name(uid, at);
    let namespace = policy_namespace(grant, at)?;
    policies.iter().find(|policy| {
        policy.metadata.name.as_ref() == Some(&name)
            && policy.metadata.namespace.as_deref() == Some(namespace)
    })
}

/// The namespace of a grant's policy, by its place.
pub(crate) fn policy_namespace(grant: &AccessGrant, at: usize) -> Option<&str> {
    grant.spec.policies.get(at)?.pointer("/metadata/namespace")?.as_str()
}

/// What a switch shows. Its deadline may be nearer than `limit`, never farther.
pub(crate) fn look(job: &Job, uid: &str, limit: i64) -> Switch {
    let metadata = &job.metadata;
    if !belongs(metadata, uid) || metadata.uid.is_none() {
        return Switch::Broken("it lacks the label of the grant");
    }
    let status = job.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let holds = |names: &[&str]| {
        conditions.into_iter().flatten().any(|condition| {
            names.contains(&condition.type_.as_str()) && condition.status == "True"
        })
    };
    if metadata.deletion_timestamp.is_some() || holds(&["FailureTarget", "Failed", "Complete"]) {
        return Switch::Firing;
    }
    if !metadata.owner_references.as_deref().unwrap_or_default().is_empty() {
        return Switch::Broken("something owns it");
    }
    if !metadata.finalizers.as_deref().unwrap_or_default().is_empty() {
        return Switch::Broken("it has a finalizer");
    }
    let Some(spec) = &job.spec else { return Switch::Broken("it has no spec") };
    let Some(seconds) = spec.active_deadline_seconds.filter(|n| (1..=limit).contains(n)) else {
        return Switch::Broken("it has no deadline within what was approved");
    };
    if spec.ttl_seconds_after_finished != Some(0) {
        return Switch::Broken("it stays after its deadline");
    }
    if spec.suspend == Some(true) || holds(&["Suspended"]) {
        return Switch::Broken("it is suspended");
    }
    if spec.managed_by.is_some() {
        return Switch::Broken("the control plane does not manage it");
    }
    if spec.parallelism != Some(0) || spec.completions != Some(1) {
        return Switch::Broken("it would run pods, or end before its time");
    }
    let Some(start) = status.and_then(|status| status.start_time.as_ref()) else {
        return Switch::Idle;
    };
    match start.0.checked_add(SignedDuration::from_secs(seconds)) {
        Ok(deadline) => Switch::Armed(start.0, deadline),
        Err(_) => Switch::Broken("its deadline is no time"),
    }
}

/// What is wrong with a policy of a grant; nothing where it is what was created.
pub(crate) fn altered(
    policy: &NetworkPolicy,
    grant: &AccessGrant,
    uid: &str,
    at: usize,
    switch_uid: &str,
) -> Option<&'static str> {
    let metadata = &policy.metadata;
    // Only the spec is compared with it, and the spec does not hold the time.
    let Some(created) = managed(grant, at, switch_uid, Timestamp::MIN) else {
        return Some("it cannot be told what it should be");
    };
    if !belongs(metadata, uid) || metadata.uid.is_none() {
        return Some("it lacks the label of the grant");
    }
    if metadata.owner_references != created.metadata.owner_references {
        return Some("its switch is not its only owner");
    }
    if !metadata.finalizers.as_deref().unwrap_or_default().is_empty()
        && metadata.deletion_timestamp.is_none()
    {
        return Some("it has a finalizer");
    }
    (policy.spec != created.spec).then_some("its spec was changed")
}
