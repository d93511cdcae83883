//! Whatever is observed has a next step, and what is not understood opens
//! nothing.

use fallgate_access::{Call, Step};
use fallgate_api::{Phase, Verdict};
use fastrand::Rng;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::cluster::Cluster;
use crate::shop::decision;

type Edit = fn(&mut Cluster, &mut Rng);

fn time(rng: &mut Rng) -> Time {
    let near = Timestamp::from_second(1_795_000_000 + rng.i64(-100_000..100_000)).unwrap();
    Time(*rng.choice(&[Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH, near]).unwrap())
}

/// Ways in which what opening rests on can be missing or make no sense.
const SPOILT: &[Edit] = &[
    |c, _| *c.config = None,
    |c, _| *c.policy = None,
    |c, _| c.request.metadata.uid = None,
    |c, _| c.request.metadata.namespace = None,
    |c, _| c.request.metadata.name = None,
    |c, _| c.decisions.iter_mut().for_each(|d| d.metadata.uid = None),
    |c, _| c.decisions.iter_mut().for_each(|d| d.metadata.creation_timestamp = None),
    |c, _| c.decisions.iter_mut().for_each(|d| d.metadata.namespace = None),
    |c, _| c.decisions.iter_mut().for_each(|d| d.spec.decided_by.username.clear()),
    |c, _| c.skew = Some(i64::MAX),
    |c, _| c.skew = Some(i64::MIN),
    |c, _| c.skew = None,
    |c, _| c.complete = false,
    |c, _| c.writable = false,
    |c, _| c.lease = false,
];

/// Ways in which everything else can be.
const ODD: &[Edit] = &[
    |c, rng| c.request.metadata.creation_timestamp = rng.bool().then(|| time(rng)),
    |c, rng| c.request.spec.not_before = Some(time(rng)),
    |c, rng| c.request.spec.duration_seconds = Some(rng.i64(..)),
    |c, rng| {
        if let Some(policy) = c.policy.as_mut() {
            policy.pending_seconds = rng.i64(..);
            policy.approval.approvals = rng.i32(..);
        }
    },
    |c, rng| {
        if let Some(grant) = c.grant.as_mut() {
            grant.metadata.creation_timestamp = rng.bool().then(|| time(rng));
        }
    },
    |c, rng| {
        if let Some(grant) = c.grant.as_mut() {
            grant.spec.approved.duration_seconds = rng.i64(..);
        }
    },
    |c, _| {
        if let Some(grant) = c.grant.as_mut() {
            grant.spec.policies = vec![serde_json::Value::Null, serde_json::json!({"spec": 7})];
        }
    },
    |c, _| {
        if let Some(grant) = c.grant.as_mut() {
            grant.spec.namespaces.clear();
        }
    },
    |c, rng| {
        let status = c.grant.as_mut().and_then(|grant| grant.status.as_mut());
        if let Some(status) = status {
            let phases = [Phase::Pending, Phase::Active, Phase::Revoking, Phase::Ended];
            status.phase = *rng.choice(&phases).unwrap();
            status.expires_at = rng.bool().then(|| time(rng));
            status.switches.truncate(rng.usize(..2));
            status.objects.clear();
        }
    },
    |c, rng| {
        for job in c.jobs.iter_mut() {
            let spec = job.spec.get_or_insert_default();
            spec.active_deadline_seconds = Some(rng.i64(..));
            if let Some(status) = &mut job.status {
                status.start_time = Some(time(rng));
            }
        }
    },
    |c, _| c.jobs.iter_mut().for_each(|job| job.spec = None),
    |c, _| c.jobs.iter_mut().for_each(|job| job.metadata = Default::default()),
    |c, _| c.policies.iter_mut().for_each(|policy| policy.spec = None),
    |c, _| c.policies.iter_mut().for_each(|policy| policy.metadata = Default::default()),
    |c, rng| c.now = rng.i64(-100_000..100_000),
];

/// A cluster on its way, somewhere between its request and its end.
fn somewhere(rng: &mut Rng) -> Cluster {
    let mut cluster = if rng.bool() { Cluster::new() } else { Cluster::in_two_namespaces() };
    cluster.settle();
    for namespace in ["shop", "oncall-tools"] {
        let mut approval = decision("bob", Verdict::Approved, namespace, cluster.now);
        approval.spec.plan_hash = Some(cluster.plan_hash());
        cluster.decisions.push(approval);
    }
    for _ in 0..rng.usize(..30) {
        cluster.turn();
    }
    cluster
}

fn opens(step: &Step) -> bool {
    let Step::Send(call) = step else { return false };
    matches!(call, Call::CreateGrant(_) | Call::CreateSwitch(_) | Call::CreatePolicy(_))
}

#[test]
fn whatever_is_observed_has_a_next_step() {
    let (mut rng, mut opened) = (Rng::with_seed(7), 0);
    let starts: Vec<Cluster> = (0..40).map(|_| somewhere(&mut rng)).collect();
    for round in 0..4000 {
        let mut cluster = rng.choice(&starts).unwrap().clone();
        opened += usize::from(opens(&cluster.step()));
        for _ in 0..rng.usize(..3) {
            rng.choice(ODD).unwrap()(&mut cluster, &mut rng);
        }
        let spoilt = rng.usize(..2);
        for _ in 0..spoilt {
            rng.choice(SPOILT).unwrap()(&mut cluster, &mut rng);
        }
        let step = cluster.step();
        assert!(spoilt == 0 || !opens(&step), "round {round}: {step:?}");
    }
    assert!(opened > 500, "hardly any of the clusters was about to open anything: {opened}");
}
