//! Controllers that are not quite right, each caught by the exploration: what
//! finds nothing wrong must be able to.
//!
//! A mutant sees another cluster than there is, or does something else than it
//! should. With it stand the events that bring it to light, which are among those
//! that the real one is explored with.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_access::{Answer, Call, Entry, FRESH, Key, Kind, Object, Probe, Question, Step, Wait};
use fallgate_api::{AccessGrantStatus, Identity, Phase, Verdict};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::events::{ANOTHER, EVERY, Event, own};
use super::{explore, plain, scheduled, two_namespaces};
use crate::cluster::Cluster;
use crate::shop::{at, user};

type Controller = fn(&Cluster) -> Step;

/// The step of who sees another cluster.
fn seeing(cluster: &Cluster, edit: impl FnOnce(&mut Cluster)) -> Step {
    let mut seen = cluster.clone();
    edit(&mut seen);
    seen.step()
}

/// The step of who needs no entry of a kind.
fn unrecorded(cluster: &Cluster, kind: Kind) -> Step {
    let mut seen = cluster.clone();
    loop {
        match seen.step() {
            Step::Append(entry) if entry.key.kind == kind => drop(seen.record.insert(entry.key)),
            step => return step,
        }
    }
}

fn switch(cluster: &Cluster, edit: fn(&mut JobSpec)) -> Step {
    let mut step = cluster.step();
    if let Step::Send(Call::CreateSwitch(job)) = &mut step {
        edit(job.spec.as_mut().unwrap());
    }
    step
}

fn created(cluster: &Cluster, edit: fn(&mut NetworkPolicy)) -> Step {
    let mut step = cluster.step();
    if let Step::Send(Call::CreatePolicy(policy)) = &mut step {
        edit(policy);
    }
    step
}

fn written(cluster: &Cluster, edit: impl FnOnce(&mut AccessGrantStatus)) -> Step {
    let mut step = cluster.step();
    if let Step::Send(Call::WriteGrant(status)) = &mut step {
        edit(status);
    }
    step
}

fn wait(until: Option<Timestamp>) -> Step {
    Step::Wait(Wait { until, why: "it is a mutant".into() })
}

fn soon(cluster: &Cluster) -> Step {
    wait(Some(at(cluster.now + 1)))
}

/// Waits in place of closing, where that is so.
fn closing_waits(cluster: &Cluster, waits: bool) -> Step {
    match cluster.step() {
        Step::Send(Call::Close(..)) if waits => soon(cluster),
        step => step,
    }
}

fn grant_phase(cluster: &mut Cluster, phase: Phase) {
    if let Some(status) = cluster.grant.as_mut().and_then(|grant| grant.status.as_mut()) {
        status.phase = phase;
        status.end_reason = None;
    }
}

fn active(cluster: &Cluster) -> bool {
    cluster.phases().1 == Some(Phase::Active)
}

const DENIED: Event = Event::Decides("carol", Verdict::Denied);
const REVOKED: Event = Event::Decides("erin", Verdict::Revoked);
const WITHDRAWN: Event = Event::Decides("alice", Verdict::Withdrawn);

/// Those that see what is not so.
const BLIND: &[(&str, &[Event], Controller)] = &[
    ("does not see refusals", &[DENIED], |c| {
        seeing(c, |c| c.decisions.retain(|d| d.spec.verdict != Verdict::Denied))
    }),
    ("does not see revocations", &[REVOKED], |c| {
        seeing(c, |c| c.decisions.retain(|d| d.spec.verdict != Verdict::Revoked))
    }),
    ("does not see withdrawals", &[WITHDRAWN], |c| {
        seeing(c, |c| c.decisions.retain(|d| d.spec.verdict != Verdict::Withdrawn))
    }),
    ("does not see locks", &[Event::Lock], |c| seeing(c, |c| c.locks.clear())),
    ("does not see that the policy changed", &[Event::PolicyChanges], |c| {
        seeing(c, |c| c.generation = 1)
    }),
    ("does not see that the effect changed", &[Event::EffectChanges], |c| {
        seeing(c, |c| c.changed = false)
    }),
    ("does not see what grows", &[Event::Drift], |c| seeing(c, |c| c.drift = false)),
    ("does not see that the request was deleted", &[Event::RequestDeleted], |c| {
        seeing(c, |c| c.request.metadata.deletion_timestamp = None)
    }),
    ("believes that it leads", &[Event::Lease], |c| seeing(c, |c| c.lease = true)),
    ("believes that it can write the record", &[Event::Record], |c| {
        seeing(c, |c| c.writable = true)
    }),
    ("believes that it read everything", &[Event::Incomplete], |c| {
        seeing(c, |c| c.complete = true)
    }),
    ("takes what it could not read for absent", &[Event::Unreadable, REVOKED], |c| {
        seeing(c, |c| {
            if !c.readable {
                c.readable = true;
                c.jobs.clear();
                c.policies.clear();
            }
        })
    }),
    ("believes that the clocks agree", &[Event::Ahead], |c| seeing(c, |c| c.skew = Some(0))),
    ("needs no clock but its own", &[Event::NoClock], |c| {
        seeing(c, |c| c.skew = c.skew.or(Some(0)))
    }),
    ("closes five seconds late", &[], |c| seeing(c, |c| c.now -= 5)),
    ("knows no end", &[], |c| {
        seeing(c, |c| {
            if active(c) {
                c.now = c.now.min(100);
            }
        })
    }),
    ("believes in a later end", &[], |c| {
        seeing(c, |c| {
            let status = c.grant.as_mut().and_then(|grant| grant.status.as_mut());
            if let Some(end) = status.and_then(|status| status.expires_at.as_mut()) {
                end.0 = end.0.checked_add(SignedDuration::from_secs(60)).unwrap();
            }
        })
    }),
    ("takes the requester for somebody else", &[Event::Decides("alice", Verdict::Approved)], |c| {
        seeing(c, |c| {
            for decision in c.decisions.iter_mut() {
                if decision.spec.decided_by == user("alice") {
                    decision.spec.decided_by = user("zoe");
                }
            }
        })
    }),
    (
        "takes machines for people",
        &[Event::Decides("system:serviceaccount:shop:robot", Verdict::Approved)],
        |c| {
            seeing(c, |c| {
                for decision in c.decisions.iter_mut() {
                    if decision.spec.decided_by.username.starts_with("system:") {
                        decision.spec.decided_by = user("zoe");
                    }
                }
            })
        },
    ),
    ("does not compare plans", &[Event::OtherPlan], |c| {
        seeing(c, |c| {
            let hash = Some(c.plan_hash());
            c.decisions.iter_mut().for_each(|d| d.spec.plan_hash = hash.clone());
        })
    }),
    ("does not see what approvers narrow", &[Event::Narrows], |c| {
        seeing(c, |c| c.decisions.iter_mut().for_each(|d| d.spec.duration_seconds = None))
    }),
    ("asks nobody for rights", &[], |c| {
        let mut seen = c.clone();
        loop {
            match seen.step() {
                Step::Send(Call::Ask(question)) => {
                    let answer = Answer { allowed: true, at: seen.time() };
                    seen.rights.insert(question, answer);
                }
                step => return step,
            }
        }
    }),
    ("does not try admission out", &[], |c| {
        seeing(c, |c| {
            c.canaries.owner = Probe::Passed(c.time());
            c.canaries.identity = Probe::Passed(c.time());
        })
    }),
    ("does not wait until a switch is armed", &[], |c| {
        seeing(c, |c| {
            let now = Some(Time(c.time()));
            for job in c.jobs.iter_mut() {
                job.status.get_or_insert_default().start_time = now.clone();
            }
        })
    }),
    ("does not look how long arming takes", &[Event::ControlPlane], |c| {
        let step = seeing(c, |c| {
            let now = Some(Time(c.time()));
            if let Some(grant) = c.grant.as_mut() {
                grant.metadata.creation_timestamp = now;
            }
        });
        match step {
            // And would wait for ever.
            Step::Wait(_) if !active(c) && c.grant.is_some() => wait(None),
            step => step,
        }
    }),
    ("does not see that a switch was stopped", &[Event::SwitchSuspended], |c| {
        seeing(c, |c| {
            for job in c.jobs.iter_mut().filter(|job| own(&job.metadata)) {
                job.spec.as_mut().unwrap().suspend = Some(false);
            }
        })
    }),
    ("does not see that a switch is being deleted", &[Event::SwitchDeleted], |c| {
        seeing(c, |c| c.jobs.iter_mut().for_each(|job| job.metadata.deletion_timestamp = None))
    }),
    ("does not see that a policy is another one", &[Event::PolicyWidened], |c| {
        seeing(c, |c| {
            let planned = c.grant.as_ref().and_then(|grant| grant.spec.policies.first()).cloned();
            let Some(planned) = planned else { return };
            let planned: NetworkPolicy = serde_json::from_value(planned).unwrap();
            for policy in c.policies.iter_mut().filter(|policy| own(&policy.metadata)) {
                policy.spec = planned.spec.clone();
            }
        })
    }),
    ("does not see finalizers", &[Event::PolicyPinned], |c| {
        seeing(c, |c| c.policies.iter_mut().for_each(|p| p.metadata.finalizers = None))
    }),
    ("does not see what lost its label", &[Event::PolicyStripped], |c| {
        seeing(c, |c| c.policies.retain(|policy| policy.metadata.labels.is_some()))
    }),
    ("adopts what has the right name", &[Event::NameTaken], |c| {
        seeing(c, |c| {
            let label = c.jobs.iter().find(|job| own(&job.metadata));
            let label = label.and_then(|job| job.metadata.labels.clone());
            for policy in c.policies.iter_mut().filter(|p| p.metadata.labels.is_none()) {
                policy.metadata.labels = label.clone();
            }
        })
    }),
    ("forgets what it began to close", &[REVOKED], |c| {
        seeing(c, |c| {
            if c.phases().1 == Some(Phase::Revoking) {
                grant_phase(c, Phase::Active);
                c.decisions.retain(|d| d.spec.verdict == Verdict::Approved);
                c.restart();
            }
        })
    }),
    ("makes a grant again that somebody deleted", &[Event::GrantDeleted], |c| {
        seeing(c, |c| {
            if c.grant.is_none()
                && let Some(status) = c.request.status.as_mut()
            {
                status.grant_ref = None;
            }
        })
    }),
    ("closes what belongs to others", &[REVOKED], |c| {
        seeing(c, |c| {
            let mine = c.grant.as_ref().and_then(|grant| grant.metadata.uid.clone());
            let Some(mine) = mine else { return };
            for policy in c.policies.iter_mut() {
                let labels = policy.metadata.labels.iter_mut().flatten();
                labels
                    .filter(|(_, uid)| *uid == ANOTHER)
                    .for_each(|(_, uid)| uid.clone_from(&mine));
            }
        })
    }),
    ("needs no entry before it arms", &[], |c| unrecorded(c, Kind::Arming)),
    ("needs no entry before it opens", &[], |c| unrecorded(c, Kind::Opening)),
    ("writes no ends down", &[], |c| unrecorded(c, Kind::End)),
];

/// Those that do something else.
const CLUMSY: &[(&str, &[Event], Controller)] = &[
    ("never opens", &[], |c| match c.step() {
        Step::Send(Call::CreateSwitch(_)) => wait(None),
        step => step,
    }),
    ("never closes", &[REVOKED], |c| closing_waits(c, true)),
    ("closes only while it leads", &[Event::Lease], |c| closing_waits(c, !c.lease)),
    ("closes only with a record", &[Event::Record], |c| closing_waits(c, !c.writable)),
    ("closes only what it read everything about", &[Event::Incomplete], |c| {
        closing_waits(c, !c.complete)
    }),
    ("closes only while the API server's clock is known", &[Event::NoClock], |c| {
        closing_waits(c, c.skew.is_none())
    }),
    ("writes ends down before it closes", &[REVOKED], |c| match c.step() {
        Step::Send(Call::Close(..)) if c.lease => end(c),
        step => step,
    }),
    ("takes its time until it looks again", &[], |c| match c.step() {
        Step::Wait(_) if active(c) => wait(Some(at(c.now + 7200))),
        step => step,
    }),
    ("waits for events alone", &[], |c| match c.step() {
        Step::Wait(_) if active(c) => wait(None),
        step => step,
    }),
    ("a switch that waits longer", &[], |c| {
        switch(c, |job| job.active_deadline_seconds = Some(3601))
    }),
    ("a switch that never fires", &[], |c| switch(c, |job| job.active_deadline_seconds = None)),
    ("a switch that stays", &[], |c| switch(c, |job| job.ttl_seconds_after_finished = None)),
    ("a switch that runs a pod", &[], |c| switch(c, |job| job.parallelism = Some(1))),
    ("a switch that is stopped", &[], |c| switch(c, |job| job.suspend = Some(true))),
    ("a switch that somebody else manages", &[], |c| {
        switch(c, |job| job.managed_by = Some("example.com/other".into()))
    }),
    ("a policy without an owner", &[], |c| created(c, |p| p.metadata.owner_references = None)),
    ("a policy with two owners", &[], |c| {
        created(c, |p| {
            let owners = p.metadata.owner_references.as_mut().unwrap();
            owners.push(owners[0].clone());
        })
    }),
    ("a policy of another switch", &[], |c| {
        created(c, |p| {
            p.metadata.owner_references.as_mut().unwrap()[0].uid = format!("{ANOTHER}-switch");
        })
    }),
    ("a policy that opens more", &[], |c| {
        created(c, |p| p.spec.as_mut().unwrap().pod_selector = Some(Default::default()))
    }),
    ("policies before switches", &[], |c| match c.step() {
        Step::Send(Call::CreateSwitch(_)) => {
            let mut policy = NetworkPolicy::default();
            policy.metadata.namespace = Some("shop".into());
            Step::Send(Call::CreatePolicy(Box::new(policy)))
        }
        step => step,
    }),
    ("grants more time than was asked for", &[], |c| {
        let mut step = c.step();
        if let Step::Send(Call::CreateGrant(grant)) = &mut step {
            grant.spec.approved.duration_seconds = 3600;
        }
        step
    }),
    ("writes the end twice", &[], |c| {
        let later = Some(Time(at(c.now + 3600)));
        written(c, |status| {
            if status.phase == Phase::Active {
                status.expires_at = later;
            }
        })
    }),
    ("writes the end once and wrong", &[], |c| {
        let later = Some(Time(at(c.now + 3600)));
        written(c, |status| {
            if status.phase == Phase::Arming {
                status.expires_at = later;
            }
        })
    }),
    ("says that it ended while it ends", &[REVOKED], |c| {
        written(c, |status| {
            if status.phase == Phase::Revoking {
                status.phase = Phase::Ended;
            }
        })
    }),
    ("says that connections were cut", &[], |c| {
        written(c, |status| {
            for condition in status.conditions.iter_mut().filter(|c| c.type_ == "Severed") {
                condition.status = "True".into();
            }
        })
    }),
    ("says that it was tried out", &[], |c| {
        written(c, |status| {
            for condition in status.conditions.iter_mut().filter(|c| c.type_ == "Verified") {
                condition.status = "True".into();
            }
        })
    }),
    ("says of the request that it ended while it ends", &[REVOKED], |c| match c.step() {
        Step::Wait(_) if c.phases() == (Phase::Active, Some(Phase::Revoking)) => {
            let mut status = c.request.status.clone().unwrap();
            status.phase = Phase::Ended;
            Step::Send(Call::WriteRequest(Box::new(status)))
        }
        step => step,
    }),
    ("opens what is over", &[WITHDRAWN], |c| match c.step() {
        Step::Wait(_) if c.phase() == Phase::Withdrawn => {
            let mut status = c.request.status.clone().unwrap();
            status.phase = Phase::PendingApproval;
            Step::Send(Call::WriteRequest(Box::new(status)))
        }
        step => step,
    }),
    ("plans again", &[], |c| {
        let mut step = c.step();
        if let Step::Send(Call::WriteRequest(status)) = &mut step
            && c.request.status.as_ref().is_some_and(|old| old.plan.is_some())
        {
            status.plan_hash = Some(format!("sha256:{}", "1".repeat(64)));
        }
        step
    }),
    ("forgets at once", &[], |c| match c.step() {
        Step::Wait(_) if c.phase() == Phase::Ended => Step::Send(Call::Delete(Object {
            kind: "AccessRequest",
            namespace: "shop".into(),
            name: "oncall-db-1".into(),
            uid: "request-1".into(),
        })),
        step => step,
    }),
    ("writes what stands there already", &[], |c| match c.step() {
        Step::Wait(_) => {
            let status = c.request.status.clone().unwrap_or_default();
            Step::Send(Call::WriteRequest(Box::new(status)))
        }
        step => step,
    }),
    ("takes two steps back and forth", &[], |c| match c.step() {
        Step::Wait(_) if c.phase() == Phase::Active => {
            let mut status = c.request.status.clone().unwrap_or_default();
            let other = status.message.as_deref() == Some("one");
            status.message = Some(if other { "two" } else { "one" }.into());
            Step::Send(Call::WriteRequest(Box::new(status)))
        }
        step => step,
    }),
    ("asks again and again", &[], |c| match c.step() {
        Step::Wait(_) if c.lease => Step::Send(Call::Ask(Question::new(
            &user("alice"),
            "use",
            &crate::shop::policy_ref(),
            "shop",
        ))),
        step => step,
    }),
    ("asks for rights once", &[Event::Loses("bob"), Event::Loses("alice")], |c| {
        let mut seen = c.clone();
        loop {
            match seen.step() {
                Step::Send(Call::Ask(question))
                    if c.rights.get(&question, FRESH * 100, c.time()) == Some(true) =>
                {
                    let answer = Answer { allowed: true, at: seen.time() };
                    seen.rights.insert(question, answer);
                }
                step => return step,
            }
        }
    }),
];

/// An entry about the end of the grant, written before it.
fn end(cluster: &Cluster) -> Step {
    let uid = cluster.grant.as_ref().and_then(|grant| grant.metadata.uid.clone());
    Step::Append(Box::new(Entry {
        key: Key { kind: Kind::End, subject: uid.unwrap_or_default(), step: "Ended".into() },
        time: cluster.time(),
        actor: Identity::default(),
        ticket: None,
        objects: Vec::new(),
        details: BTreeMap::new(),
    }))
}

/// Whether the exploration finds something wrong with a controller.
fn caught(events: &[Event], controller: Controller) -> Option<String> {
    for start in [plain(), two_namespaces(), scheduled()] {
        match explore(&start, events, events.len(), controller) {
            Err(broken) => return broken.lines().last().map(str::to_owned),
            Ok(found) if found.open == 0 => return Some("never opens".into()),
            Ok(_) => {}
        }
    }
    None
}

#[test]
fn every_mutant_is_caught() {
    let mut names = BTreeSet::new();
    let mut free = Vec::new();
    for (name, events, controller) in BLIND.iter().chain(CLUMSY) {
        assert!(names.insert(name), "{name}");
        assert!(events.iter().all(|event| EVERY.contains(event)), "{name}");
        match caught(events, *controller) {
            Some(how) => println!("{name}: {how}"),
            None => free.push(name),
        }
    }
    println!("{} mutants", names.len());
    assert!(free.is_empty(), "not caught: {free:?}");
}
