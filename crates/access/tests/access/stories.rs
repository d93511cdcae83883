//! Requests from their beginning to their end.

use fallgate_access::{Call, Kind, Owner, Step, Ticket, sweep};
use fallgate_api::{
    AccessDecision, AccessLockSpec, BreakGlass, ClosedBy, Enabled, EndReason, Extends,
    FileOrConfigMap, IncidentRef, Phase, TicketRule, TicketSource, Until, Verdict,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::cluster::Cluster;
use crate::shop::{at, decision, pods, policy, request, user};
use crate::terms::incident;
use crate::world::{pod, shop};

fn decide(cluster: &mut Cluster, by: &str, verdict: Verdict, namespace: &str) -> AccessDecision {
    let mut decision = decision(by, verdict, namespace, cluster.now);
    decision.spec.plan_hash = Some(cluster.plan_hash());
    cluster.decisions.push(decision.clone());
    decision
}

/// A cluster whose grant is open.
fn open() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Active, Some(Phase::Active)), "{}", cluster.message());
    cluster
}

fn end(cluster: &Cluster) -> (Option<EndReason>, Option<ClosedBy>) {
    let status = cluster.grant.as_ref().unwrap().status.as_ref().unwrap();
    (status.end_reason, status.closed_by)
}

fn recorded(cluster: &Cluster, kind: Kind) -> usize {
    cluster.record.iter().filter(|key| key.kind == kind).count()
}

fn lock(user: Option<&str>, expires: Option<i64>) -> AccessLockSpec {
    AccessLockSpec {
        locked_by: crate::shop::user("erin"),
        user: user.map(str::to_owned),
        policy_ref: None,
        all: user.is_none(),
        expires_at: expires.map(|seconds| Time(at(seconds))),
        reason: "stop".into(),
    }
}

#[test]
fn h7_a_path_is_asked_for_approved_opened_and_closed_by_itself() {
    let mut cluster = Cluster::new();
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::PendingApproval);
    assert!(cluster.is_closed());
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Active, Some(Phase::Active)));
    let grant = cluster.grant.as_ref().unwrap();
    let status = grant.status.as_ref().unwrap();
    let uid = grant.metadata.uid.as_deref().unwrap();
    let [job] = cluster.jobs.as_slice() else { panic!() };
    let [policy] = cluster.policies.as_slice() else { panic!() };
    let owners = policy.metadata.owner_references.as_deref().unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(Some(&owners[0].uid), job.metadata.uid.as_ref());
    assert_eq!(job.spec.as_ref().unwrap().active_deadline_seconds, Some(1800));
    for labels in [&job.metadata.labels, &policy.metadata.labels] {
        assert_eq!(labels.as_ref().unwrap()["access.fallgate.dev/grant"], uid);
    }
    let start = job.status.as_ref().unwrap().start_time.as_ref().unwrap().0.as_second();
    assert_eq!(status.expires_at.as_ref().unwrap().0.as_second(), start + 1800);
    while !cluster.phase().is_terminal() {
        cluster.turn();
        assert!(cluster.now < 2000);
    }
    cluster.settle();
    assert!(cluster.is_closed());
    assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Ended)));
    // The control plane's clock strikes with ours, and here it goes first.
    assert_eq!(end(&cluster), (Some(EndReason::Expired), Some(ClosedBy::Switch)));
    for kind in [Kind::Request, Kind::Decision, Kind::Arming, Kind::Opening, Kind::End] {
        assert_eq!(recorded(&cluster, kind), 1, "{kind:?}");
    }
}

/// hoop counts the time of access from when it is first used, with its full
/// length: here the end is a point in time, fixed when it is armed.
#[test]
fn hoop_relative_clock() {
    let mut cluster = open();
    let expires = |cluster: &Cluster| {
        let status = cluster.grant.as_ref().unwrap().status.clone().unwrap();
        (status.expires_at, status.activated_at)
    };
    let (before, activated) = expires(&cluster);
    cluster.restart();
    cluster.pass(600);
    cluster.settle();
    assert_eq!(expires(&cluster), (before, activated));
}

#[test]
fn the_controllers_own_timer_closes_too() {
    let mut cluster = open();
    cluster.control_plane = false;
    cluster.now = 1810;
    for _ in 0..10 {
        cluster.turn();
    }
    assert!(cluster.policies.is_empty());
    cluster.control_plane = true;
    cluster.settle();
    assert_eq!(end(&cluster), (Some(EndReason::Expired), Some(ClosedBy::Controller)));
}

#[test]
fn the_switch_closes_what_the_controller_does_not() {
    let mut cluster = open();
    for _ in 0..100 {
        cluster.pass(20);
    }
    assert!(cluster.is_closed());
    cluster.restart();
    cluster.settle();
    assert_eq!(end(&cluster), (Some(EndReason::Expired), Some(ClosedBy::Switch)));
    assert_eq!(recorded(&cluster, Kind::End), 1);
}

#[test]
fn two_ends_in_two_namespaces_are_one_grant_with_two_switches() {
    let mut cluster = Cluster::in_two_namespaces();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::PendingApproval);
    assert!(cluster.message().contains("oncall-tools"), "{}", cluster.message());
    decide(&mut cluster, "erin", Verdict::Approved, "oncall-tools");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
    assert_eq!((cluster.jobs.len(), cluster.policies.len()), (2, 2));
    for policy in cluster.policies.iter() {
        let owner = &policy.metadata.owner_references.as_ref().unwrap()[0];
        let owner = cluster.jobs.iter().find(|job| job.metadata.uid.as_ref() == Some(&owner.uid));
        assert_eq!(owner.unwrap().metadata.namespace, policy.metadata.namespace);
    }
    // One of the two switches gone closes both ends.
    cluster.jobs.remove(0);
    cluster.settle();
    assert!(cluster.is_closed());
    assert_eq!(end(&cluster), (Some(EndReason::Revoked), Some(ClosedBy::Other)));
}

#[test]
fn who_may_revoke_ends_it_at_once() {
    for (by, verdict, reason) in [
        ("erin", Verdict::Revoked, EndReason::Revoked),
        ("alice", Verdict::Revoked, EndReason::Revoked),
        ("alice", Verdict::Withdrawn, EndReason::Withdrawn),
        ("bob", Verdict::Denied, EndReason::Revoked),
    ] {
        let mut cluster = open();
        decide(&mut cluster, by, verdict, "shop");
        let before = cluster.now;
        cluster.settle();
        assert!(cluster.is_closed() && cluster.now <= before + 3);
        assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Ended)));
        assert_eq!(end(&cluster), (Some(reason), Some(ClosedBy::Controller)));
    }
}

/// AWS TEAM said that access was revoked while it was there (#398, #255): it is
/// over when everything is seen gone, and not before.
#[test]
fn aws_team_revoked_but_active() {
    let mut cluster = open();
    cluster.policies[0].metadata.finalizers = Some(vec!["somebody/else".into()]);
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    for _ in 0..20 {
        cluster.turn();
    }
    assert_eq!(cluster.phases(), (Phase::Active, Some(Phase::Revoking)));
    cluster.policies[0].metadata.finalizers = None;
    cluster.pass(1);
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Ended)));
}

/// AWS TEAM #279: the end of one grant took the access of another one away.
#[test]
fn aws_team_overlap() {
    let one = open();
    let mut other = Cluster::new();
    other.request.metadata.name = Some("oncall-db-2".into());
    other.request.metadata.uid = Some("request-2".into());
    other.settle();
    let mut approval = decide(&mut other, "bob", Verdict::Approved, "shop");
    approval.spec.request_ref.name = "oncall-db-2".into();
    approval.spec.request_ref.uid = "request-2".into();
    *other.decisions = vec![approval];
    other.settle();
    assert_eq!(other.phase(), Phase::Active);
    // The uids of the two simulated servers count alike; those of a real one do not.
    let names = |cluster: &Cluster| -> Vec<_> {
        let objects = cluster.jobs.iter().map(|job| &job.metadata);
        let objects = objects.chain(cluster.policies.iter().map(|policy| &policy.metadata));
        objects.map(|metadata| metadata.name.clone().unwrap()).collect()
    };
    let uid = |cluster: &Cluster| cluster.grant.as_ref().unwrap().metadata.uid.clone().unwrap();
    assert!(names(&one).iter().all(|name| name.contains(&uid(&one))));
    assert!(names(&other).iter().all(|name| name.contains(&uid(&other))));
    // Objects of another grant are nobody's to delete.
    let mut foreign = one.policies[0].clone();
    foreign.metadata.name = Some("fallgate-other-0".into());
    foreign
        .metadata
        .labels
        .as_mut()
        .unwrap()
        .insert("access.fallgate.dev/grant".into(), "other".into());
    let mut cluster = one;
    cluster.policies.push(foreign);
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    for _ in 0..20 {
        let step = cluster.step();
        let other = |call: &Call| matches!(call, Call::Close(o, _) if o.name == "fallgate-other-0");
        assert!(!matches!(&step, Step::Send(call) if other(call)));
        cluster.turn();
    }
    assert_eq!(cluster.phase(), Phase::Ended);
}

#[test]
fn a_lock_ends_what_is_open_and_holds_what_is_not() {
    for held in [lock(Some("ALICE"), None), lock(None, Some(9999))] {
        let mut cluster = open();
        cluster.locks.push(held);
        cluster.settle();
        assert_eq!(end(&cluster), (Some(EndReason::Locked), Some(ClosedBy::Controller)));
    }
    let mut cluster = open();
    cluster.locks = vec![lock(Some("mallory"), None), lock(None, Some(0))];
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);

    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.locks.push(lock(None, Some(300)));
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    for _ in 0..60 {
        cluster.turn();
        assert!(cluster.grant.is_none());
    }
    assert!(cluster.message().contains("lock"), "{}", cluster.message());
    cluster.now = 301;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
}

#[test]
fn a_changed_policy_cancels_what_is_not_open_and_ends_what_is() {
    let mut cluster = open();
    cluster.generation += 1;
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::PolicyChanged));
    let mut cluster = open();
    *cluster.policy = None;
    // That it could not be read does not say that it is gone.
    cluster.complete = false;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
    cluster.complete = true;
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::PolicyChanged));

    // Teleport GHSA-76cc-p55w-63g3: who may change a rule grants themself more.
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.generation += 1;
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Denied);
    assert!(cluster.is_closed());
}

/// k8s-breakglass: a request without the binding that it named was active
/// without anybody's approval.
#[test]
fn k8s_breakglass_missing_binding() {
    let mut cluster = Cluster::new();
    *cluster.policy = None;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Denied);
    let mut cluster = Cluster::new();
    cluster.complete = false;
    for _ in 0..50 {
        cluster.turn();
    }
    assert_eq!(cluster.phase(), Phase::Pending);
    let mut cluster = Cluster::new();
    *cluster.config = None;
    for _ in 0..50 {
        cluster.turn();
    }
    assert_eq!(cluster.phase(), Phase::Pending);
    assert!(cluster.message().contains("AccessConfig"));
}

#[test]
fn what_grows_ends() {
    let mut cluster = open();
    cluster.drift = true;
    cluster.settle();
    assert_eq!(end(&cluster), (Some(EndReason::DriftDetected), Some(ClosedBy::Controller)));
    assert!(cluster.is_closed());
}

/// MaxTac let whoever owned a service widen an approved path; k8s-breakglass and
/// Netwatch never looked at what they had created again.
#[test]
fn netwatch_tampering() {
    type Edit = fn(&mut Cluster);
    let edits: [(&str, Edit, EndReason); 11] = [
        ("suspended", |c| spec(c).suspend = Some(true), EndReason::DriftDetected),
        ("later", |c| spec(c).active_deadline_seconds = Some(9999), EndReason::DriftDetected),
        ("sooner", |c| spec(c).active_deadline_seconds = Some(60), EndReason::DriftDetected),
        ("never", |c| spec(c).active_deadline_seconds = None, EndReason::DriftDetected),
        ("kept", |c| spec(c).ttl_seconds_after_finished = None, EndReason::DriftDetected),
        ("restarted", |c| start(c, 7), EndReason::DriftDetected),
        (
            "widened",
            |c| c.policies[0].spec.as_mut().unwrap().pod_selector = Some(Default::default()),
            EndReason::DriftDetected,
        ),
        ("orphaned", |c| c.policies[0].metadata.owner_references = None, EndReason::DriftDetected),
        (
            "pinned",
            |c| c.policies[0].metadata.finalizers = Some(vec!["x".into()]),
            EndReason::DriftDetected,
        ),
        ("deleted", |c| c.policies.clear(), EndReason::Revoked),
        ("without a switch", |c| c.jobs.clear(), EndReason::Revoked),
    ];
    for (what, edit, reason) in edits {
        let mut cluster = open();
        edit(&mut cluster);
        for _ in 0..20 {
            cluster.turn();
        }
        for policy in cluster.policies.iter_mut() {
            policy.metadata.finalizers = None;
        }
        cluster.pass(1);
        cluster.settle();
        assert!(cluster.is_closed(), "{what}");
        assert_eq!(end(&cluster).0, Some(reason), "{what}");
    }
}

fn spec(cluster: &mut Cluster) -> &mut k8s_openapi::api::batch::v1::JobSpec {
    cluster.jobs[0].spec.as_mut().unwrap()
}

fn start(cluster: &mut Cluster, seconds: i64) {
    let start = Time(at(cluster.now + seconds));
    cluster.jobs[0].status.as_mut().unwrap().start_time = Some(start);
}

/// A name is taken, perhaps by somebody who wants the controller to adopt it.
#[test]
fn a_foreign_object_of_the_same_name_is_never_touched() {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    let policy = loop {
        match cluster.step() {
            Step::Send(Call::CreatePolicy(policy)) => break policy,
            _ => drop(cluster.turn()),
        }
    };
    let mut foreign = *policy;
    foreign.metadata.uid = Some("foreign".into());
    foreign.metadata.labels = None;
    foreign.metadata.owner_references = None;
    cluster.policies.push(foreign.clone());
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Failed, Some(Phase::Failed)));
    assert!(cluster.message().contains("not this grant's"), "{}", cluster.message());
    assert_eq!(*cluster.policies, [foreign]);
    assert!(cluster.jobs.is_empty());
}

#[test]
fn nothing_opens_before_the_switch_is_seen_armed() {
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.control_plane = false;
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    for _ in 0..90 {
        cluster.turn();
        assert!(cluster.policies.is_empty());
    }
    assert_eq!(cluster.phases().1, Some(Phase::Revoking));
    cluster.control_plane = true;
    cluster.pass(1);
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Failed, Some(Phase::Failed)));
    assert!(cluster.is_closed());
    assert_eq!(recorded(&cluster, Kind::Opening), 0);
}

#[test]
fn no_record_no_opening_and_closing_all_the_same() {
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.writable = false;
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    for _ in 0..60 {
        cluster.turn();
        assert!(cluster.jobs.is_empty() && cluster.policies.is_empty());
    }
    assert!(cluster.message().contains("record"), "{}", cluster.message());
    cluster.writable = true;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
    cluster.writable = false;
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    for _ in 0..20 {
        cluster.turn();
    }
    assert!(cluster.is_closed());
    assert_eq!(cluster.phase(), Phase::Ended);
    // k8s-breakglass lost the events of ends that nobody could take in.
    assert_eq!(recorded(&cluster, Kind::End), 0);
    cluster.writable = true;
    cluster.settle();
    assert_eq!(recorded(&cluster, Kind::End), 1);
}

#[test]
fn closing_needs_no_lease_no_config_no_policy_and_no_clock() {
    let mut cluster = open();
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    cluster.lease = false;
    *cluster.config = None;
    *cluster.policy = None;
    cluster.complete = false;
    cluster.skew = None;
    cluster.writable = false;
    for _ in 0..10 {
        cluster.turn();
    }
    assert!(cluster.is_closed());
    // Who leads writes it down.
    assert_eq!(cluster.phase(), Phase::Active);
}

#[test]
fn without_a_lease_nothing_is_written_and_nothing_opens() {
    let mut cluster = Cluster::new();
    cluster.lease = false;
    assert!(matches!(cluster.step(), Step::Wait(_)));
    let mut cluster = open();
    cluster.lease = false;
    let Step::Wait(wait) = cluster.step() else { panic!() };
    let expires = cluster.grant.as_ref().unwrap().status.as_ref().unwrap().expires_at.clone();
    assert_eq!(wait.until, expires.map(|time| time.0));
}

#[test]
fn the_earlier_of_two_clocks_ends_it() {
    let mut cluster = open();
    cluster.pass(1700);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
    cluster.skew = Some(3600);
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::Expired));
    // A clock that is behind lengthens nothing, and opens nothing.
    let mut cluster = open();
    cluster.skew = Some(-3600);
    cluster.now = 1810;
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::Expired));
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.skew = Some(-11);
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    for _ in 0..30 {
        cluster.turn();
    }
    assert!(cluster.grant.is_none());
}

#[test]
fn admission_that_lets_too_much_through_opens_nothing_and_cancels() {
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.admission = false;
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert!(cluster.grant.is_none());
    assert_eq!(cluster.phase(), Phase::Denied);
    assert!(cluster.message().contains("admission"), "{}", cluster.message());
}

#[test]
fn an_undecided_request_expires() {
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.pass(3580);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::PendingApproval);
    cluster.pass(20);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::ApprovalExpired);
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::ApprovalExpired);
}

/// hoop #1136: what is approved and not opened stays approved for ever.
#[test]
fn hoop_approvals_that_never_expire() {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.pass(3700);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::ApprovalExpired);
}

/// hoop auto-approves its administrators' own requests; nobody's name is enough
/// here, whatever their groups.
#[test]
fn hoop_admins_approve_themselves() {
    let mut cluster = Cluster::new();
    cluster.request.spec.requested_by.groups = vec!["system:masters".into(), "admin".into()];
    cluster.settle();
    decide(&mut cluster, "alice", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::PendingApproval);
    let status = cluster.request.status.as_ref().unwrap();
    assert!(!status.decisions[0].counted);
    assert!(status.decisions[0].why_not.as_ref().unwrap().contains("somebody else"));
}

#[test]
fn who_lost_the_right_since_opens_nothing() {
    for who in ["alice", "bob"] {
        let mut cluster = Cluster::new();
        cluster.request.spec.not_before = Some(Time(at(600)));
        cluster = Cluster::on(&shop(), policy(), (*cluster.request).clone());
        cluster.settle();
        decide(&mut cluster, "bob", Verdict::Approved, "shop");
        cluster.settle();
        assert_eq!(cluster.phase(), Phase::Scheduled);
        cluster.without_rights.insert(who.into());
        cluster.pass(600);
        cluster.settle();
        assert_eq!(cluster.phase(), Phase::Failed, "{}", cluster.message());
        assert!(cluster.grant.is_none());
    }
}

#[test]
fn a_start_that_is_set_ahead_ends_when_it_would_have() {
    let mut cluster = Cluster::new();
    cluster.request.spec.not_before = Some(Time(at(600)));
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Scheduled);
    cluster.pass(1000);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
    let deadline = cluster.jobs[0].spec.as_ref().unwrap().active_deadline_seconds.unwrap();
    assert!(deadline <= 600 + 1800 - 1000, "{deadline}");
    cluster.now = 600 + 1800;
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::Expired));
}

/// k8s-breakglass: a session that was scheduled was activated after its end.
#[test]
fn k8s_breakglass_scheduled_after_its_end() {
    let mut cluster = Cluster::new();
    cluster.request.spec.not_before = Some(Time(at(600)));
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    cluster.pass(600 + 1800);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::ApprovalExpired);
    assert!(cluster.grant.is_none());
}

/// k8s-breakglass: cleaning up wrote over a withdrawal.
#[test]
fn k8s_breakglass_cleanup_overwrote_withdraw() {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "alice", Verdict::Withdrawn, "shop");
    cluster.settle();
    let status = cluster.request.status.clone();
    assert_eq!(cluster.phase(), Phase::Withdrawn);
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.pass(9999);
    cluster.settle();
    let now = cluster.request.status.clone();
    assert_eq!(now, status);
}

/// k8s-breakglass: a sweep of what was left over deleted live sessions.
#[test]
fn k8s_breakglass_sweep_of_live_sessions() {
    let cluster = open();
    let grant = cluster.grant.as_ref().unwrap();
    let objects =
        [("Job", &cluster.jobs[0].metadata), ("NetworkPolicy", &cluster.policies[0].metadata)];
    for (kind, metadata) in objects {
        assert_eq!(sweep(kind, metadata, Owner::There(grant)), None);
        assert_eq!(sweep(kind, metadata, Owner::Unknown), None);
        let expected = |step: Option<Step>| match step {
            Some(Step::Send(Call::Delete(object))) => {
                assert_eq!((object.kind, Some(&object.uid)), (kind, metadata.uid.as_ref()));
            }
            other => panic!("{other:?}"),
        };
        expected(sweep(kind, metadata, Owner::Absent));
        // A restore brought the objects back, and with them a grant that is over
        // or another one of its name.
        let mut ended = grant.clone();
        ended.status.as_mut().unwrap().phase = Phase::Ended;
        expected(sweep(kind, metadata, Owner::There(&ended)));
        let mut another = grant.clone();
        another.metadata.uid = Some("another".into());
        expected(sweep(kind, metadata, Owner::There(&another)));
        let mut bare = metadata.clone();
        bare.labels = None;
        assert_eq!(sweep(kind, &bare, Owner::Absent), None);
    }
}

#[test]
fn a_grant_that_somebody_deletes_is_not_made_again() {
    let mut cluster = open();
    *cluster.grant = None;
    // Who does not lead closes, too, and says nothing.
    cluster.lease = false;
    for _ in 0..10 {
        cluster.turn();
    }
    assert!(cluster.is_closed());
    assert_eq!(cluster.phase(), Phase::Active);
    cluster.lease = true;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Ended);
    assert!(cluster.grant.is_none());
    assert_eq!(recorded(&cluster, Kind::End), 1);
}

/// kube's default retry sends a create again: what comes of it after the grant was
/// deleted is no grant, or one approval would open twice.
#[test]
fn a_replayed_create_is_no_second_grant() {
    let mut cluster = open();
    let mut replayed = cluster.grant.take().unwrap();
    replayed.metadata.uid = Some("replayed".into());
    replayed.status = None;
    *cluster.grant = Some(replayed);
    cluster.settle();
    assert!(cluster.is_closed());
    assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Pending)));
    // It is forgotten with its request.
    cluster.pass(90 * 86_400);
    for _ in 0..10 {
        cluster.turn();
    }
    assert!(cluster.grant.is_none());
}

/// Who takes label and owner from a policy takes it out of the controller's
/// reach: it stays open, and nobody says that it is closed.
#[test]
fn what_lost_its_label_is_not_said_to_be_closed() {
    let mut cluster = open();
    cluster.policies[0].metadata.labels = None;
    cluster.policies[0].metadata.owner_references = None;
    for _ in 0..200 {
        cluster.turn();
    }
    assert_eq!(cluster.phases(), (Phase::Active, Some(Phase::Revoking)));
    assert_eq!(cluster.policies.len(), 1);
    cluster.policies.clear();
    cluster.settle();
    assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Ended)));
    assert_eq!(end(&cluster).0, Some(EndReason::DriftDetected));
}

#[test]
fn what_is_open_and_knows_no_end_ends() {
    let mut cluster = open();
    let status = cluster.grant.as_mut().unwrap().status.as_mut().unwrap();
    status.expires_at = None;
    cluster.settle();
    assert!(cluster.is_closed());
    assert_eq!(end(&cluster).0, Some(EndReason::DriftDetected));
}

/// Velero brings a policy back without its owner (#4707): it closes by its
/// label, although the grant was over.
#[test]
fn velero_restored_policy() {
    let mut cluster = open();
    let mut restored = cluster.policies[0].clone();
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    cluster.settle();
    assert!(cluster.is_closed());
    restored.metadata.owner_references = None;
    restored.metadata.uid = Some("restored".into());
    cluster.policies.push(restored);
    cluster.settle();
    assert!(cluster.is_closed());
    assert_eq!(cluster.phases(), (Phase::Ended, Some(Phase::Ended)));
}

/// A backup has as open what was revoked since: the record, which is not in it, has
/// the last word.
#[test]
fn velero_restored_grant() {
    let mut cluster = open();
    let backup = cluster.clone();
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    cluster.settle();
    let mut restored = backup;
    (restored.record, restored.now) = (cluster.record.clone(), cluster.now);
    restored.restart();
    restored.settle();
    assert!(restored.is_closed());
    assert_eq!(restored.phases(), (Phase::Ended, Some(Phase::Ended)));
    assert_eq!(recorded(&restored, Kind::End), 1);
}

/// The same of what was denied, when the approval is in the backup and the refusal
/// is not.
#[test]
fn velero_restored_request() {
    let mut rule = policy();
    rule.approval.approvals = 2;
    let mut cluster = Cluster::on(&shop(), rule, request());
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    let backup = cluster.clone();
    decide(&mut cluster, "erin", Verdict::Denied, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Denied);
    let mut restored = backup;
    (restored.record, restored.now) = (cluster.record.clone(), cluster.now);
    restored.restart();
    decide(&mut restored, "frank", Verdict::Approved, "shop");
    restored.settle();
    assert_eq!(restored.phase(), Phase::Denied);
    assert!(restored.is_closed() && restored.grant.is_none());
}

#[test]
fn closing_the_ticket_closes_the_path() {
    let mut rule = policy();
    rule.ticket = Some(TicketRule { required: true, pattern: Some("INC-[0-9]+".into()) });
    let mut ask = request();
    ask.spec.ticket = Some("INC-7".into());
    ask.spec.until = Some(Until::TicketClosed);
    ask.spec.duration_seconds = None;
    let mut cluster = Cluster::on(&shop(), rule, ask);
    cluster.config.as_mut().unwrap().tickets =
        Some(TicketSource { source: FileOrConfigMap::default(), max_staleness_seconds: 3600 });
    let ticket = |open, seconds| {
        let digest = format!("sha256:{}", "0".repeat(64));
        Some(Ticket { id: "INC-7".into(), open, as_of: at(seconds), digest })
    };
    cluster.ticket = ticket(true, 0);
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
    // The longest time is armed all the same, and the answer is kept as evidence.
    assert_eq!(cluster.jobs[0].spec.as_ref().unwrap().active_deadline_seconds, Some(3600));
    assert_eq!(cluster.request.status.as_ref().unwrap().evidence.len(), 1);
    cluster.ticket = None;
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
    cluster.ticket = ticket(false, cluster.now);
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::TicketClosed));
}

#[test]
fn h5_the_end_of_the_incident_is_the_end_of_the_path() {
    let mut rule = policy();
    rule.enabled = Enabled::DuringIncident;
    let mut ask = request();
    ask.spec.incident_ref = Some(IncidentRef { name: "inc-7".into(), uid: "incident-1".into() });
    ask.spec.until = Some(Until::IncidentResolved);
    ask.spec.duration_seconds = None;
    let ends: [fn(&mut Cluster); 3] =
        [|c| c.incidents[0].spec.resolved = true, |c| c.incidents.clear(), |c| c.now = 1000];
    for over in ends {
        let mut cluster = Cluster::on(&shop(), rule.clone(), ask.clone());
        cluster.incidents = vec![incident("bob", "incident-1", 1000)];
        cluster.settle();
        decide(&mut cluster, "bob", Verdict::Approved, "shop");
        cluster.settle();
        assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
        // The longest time is armed all the same.
        assert_eq!(cluster.jobs[0].spec.as_ref().unwrap().active_deadline_seconds, Some(3600));
        // What cannot be read has not ended.
        let mut unread = cluster.clone();
        unread.complete = false;
        unread.incidents.clear();
        unread.settle();
        assert_eq!(unread.phase(), Phase::Active);
        over(&mut cluster);
        cluster.settle();
        assert!(cluster.is_closed());
        assert_eq!(end(&cluster).0, Some(EndReason::IncidentResolved));
    }
    // Nobody declares an incident for their own request.
    let mut cluster = Cluster::on(&shop(), rule, ask);
    cluster.incidents = vec![incident("alice", "incident-1", 1000)];
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Denied);
}

/// Nothing that is there is made to last longer: whoever needs more time gets
/// another grant, by another decision, with a switch of its own.
#[test]
fn an_extension_is_a_grant_of_its_own() {
    let first = open();
    let mut ask = request();
    ask.metadata.name = Some("oncall-db-2".into());
    ask.metadata.uid = Some("request-2".into());
    ask.spec.extends = Some(Extends { grant: "oncall-db-1".into(), uid: "first".into() });
    let mut grant = (*first.grant).clone().unwrap();
    grant.metadata.uid = Some("first".into());
    let mut second = Cluster::on(&shop(), policy(), ask);
    let mut alone = second.clone();
    second.others = vec![((*first.request).clone(), Some(grant))];
    second.now = 900;
    second.settle();
    assert_eq!(second.phase(), Phase::PendingApproval, "the first decision is not one on it");
    let mut approval = decide(&mut second, "bob", Verdict::Approved, "shop");
    approval.spec.request_ref.name = "oncall-db-2".into();
    approval.spec.request_ref.uid = "request-2".into();
    *second.decisions = vec![approval];
    second.settle();
    assert_eq!(second.phase(), Phase::Active, "{}", second.message());
    let switch = &second.jobs[0];
    assert_eq!((second.jobs.len(), second.policies.len()), (1, 1));
    assert_eq!(switch.spec.as_ref().unwrap().active_deadline_seconds, Some(1800));
    assert!(switch.status.as_ref().unwrap().start_time.as_ref().unwrap().0 >= at(900));
    assert_eq!(first.jobs[0].spec.as_ref().unwrap().active_deadline_seconds, Some(1800));
    // There is nothing to extend.
    alone.settle();
    assert_eq!(alone.phase(), Phase::Denied);
}

#[test]
fn break_glass_opens_first_and_is_reviewed_afterwards() {
    let mut rule = policy();
    rule.break_glass = Some(BreakGlass { max_duration_seconds: 1800, review_within_seconds: 900 });
    let mut ask = request();
    ask.spec.break_glass = true;
    let opened = || {
        let mut cluster = Cluster::on(&shop(), rule.clone(), ask.clone());
        cluster.settle();
        assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
        assert_eq!(recorded(&cluster, Kind::BreakGlass), 1);
        cluster
    };
    let mut cluster = opened();
    decide(&mut cluster, "alice", Verdict::Reviewed, "shop");
    cluster.pass(950);
    cluster.settle();
    assert_eq!(end(&cluster).0, Some(EndReason::ReviewOverdue));
    let reviewed = |cluster: &Cluster| {
        let status = cluster.grant.as_ref().unwrap().status.clone().unwrap();
        status.conditions.iter().any(|c| c.type_ == "Reviewed" && c.status == "True")
    };
    // It can be reviewed after its end.
    assert!(!reviewed(&cluster));
    decide(&mut cluster, "erin", Verdict::Reviewed, "shop");
    cluster.settle();
    assert!(reviewed(&cluster));
    assert_eq!(end(&cluster).0, Some(EndReason::ReviewOverdue));
    let mut cluster = opened();
    decide(&mut cluster, "erin", Verdict::Reviewed, "shop");
    cluster.pass(950);
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
    // Who may not break glass does not.
    let mut cluster = Cluster::on(&shop(), rule.clone(), ask.clone());
    cluster.without_rights.insert("alice".into());
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Denied);
}

#[test]
fn approvers_narrow_and_the_narrower_path_is_opened() {
    let manifests = shop() + &pod("shop", "db-2", "{app: db, shard: a}", "10.0.0.12");
    let mut cluster = Cluster::on(&manifests, policy(), request());
    cluster.settle();
    let approval = decide(&mut cluster, "bob", Verdict::Approved, "shop");
    let last = cluster.decisions.last_mut().unwrap();
    last.spec.duration_seconds = Some(600);
    last.spec.to = Some(pods("shop", &[("app", "db"), ("shard", "a")]));
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active, "{}", cluster.message());
    let grant = cluster.grant.as_ref().unwrap();
    assert_eq!(Some(&grant.spec.plan_hash), approval.spec.plan_hash.as_ref());
    assert_eq!(grant.spec.approved.duration_seconds, 600);
    assert_eq!(cluster.jobs[0].spec.as_ref().unwrap().active_deadline_seconds, Some(600));
    let selector = cluster.policies[0].spec.as_ref().unwrap().pod_selector.clone().unwrap();
    assert_eq!(selector.match_labels.unwrap()["shard"], "a");
}

#[test]
fn an_approval_that_widens_does_not_count() {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.decisions.last_mut().unwrap().spec.to = Some(pods("shop", &[("app", "web")]));
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::PendingApproval);
    let status = cluster.request.status.as_ref().unwrap();
    assert!(!status.decisions[0].counted);
}

#[test]
fn what_would_be_done_is_looked_at_again_when_it_opens() {
    let mut cluster = Cluster::new();
    cluster.settle();
    cluster.changed = true;
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Failed, "{}", cluster.message());
    assert!(cluster.grant.is_none());
}

#[test]
fn everything_but_the_record_is_forgotten_after_its_time() {
    let mut cluster = open();
    decide(&mut cluster, "erin", Verdict::Revoked, "shop");
    cluster.settle();
    cluster.pass(90 * 86_400 - 60);
    cluster.settle();
    assert!(cluster.grant.is_some() && cluster.decisions.len() == 2);
    cluster.pass(120);
    for _ in 0..10 {
        cluster.turn();
    }
    assert!(cluster.grant.is_none() && cluster.decisions.is_empty());
    assert!(cluster.request.metadata.deletion_timestamp.is_some());
}

/// In a quiet window nothing is written.
#[test]
fn a_settled_cluster_stays_as_it_is() {
    for verdict in [None, Some(Verdict::Revoked)] {
        let mut cluster = open();
        if let Some(verdict) = verdict {
            decide(&mut cluster, "erin", verdict, "shop");
        }
        cluster.settle();
        for _ in 0..20 {
            cluster.pass(30);
            assert!(matches!(cluster.step(), Step::Wait(_)), "{:?}", cluster.step());
        }
    }
}

#[test]
fn an_approval_by_somebody_without_a_uid_counts() {
    let mut cluster = Cluster::new();
    cluster.settle();
    decide(&mut cluster, "bob", Verdict::Approved, "shop");
    cluster.decisions.last_mut().unwrap().spec.decided_by = user("bob");
    cluster.decisions.last_mut().unwrap().spec.decided_by.uid = String::new();
    cluster.settle();
    assert_eq!(cluster.phase(), Phase::Active);
}
