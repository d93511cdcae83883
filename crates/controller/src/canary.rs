//! The proof that the control plane closes what nobody else does: a switch and a
//! policy of its own, which must vanish by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use fallgate_access::{Object, Probe, switch_spec};
use fallgate_api::names::{SYSTEM_NAMESPACE, label};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};

/// What the label of grants says on both objects.
pub(crate) const UID: &str = "canary";
/// The name of both objects, in the controller's namespace.
const NAME: &str = "fallgate-canary";
/// How long the switch waits.
const SECONDS: i64 = 5;
/// How much later than its deadline the policy may vanish.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// A policy that vanishes so much before its deadline vanished by somebody's hand.
const EARLY: SignedDuration = SignedDuration::from_secs(2);
/// How often this is proved while all goes well, and when it does not.
const EVERY: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(15));

/// One proof after the other.
#[derive(Default)]
pub(crate) struct Canary {
    probe: Probe,
    /// When the policy that is there must vanish.
    deadline: Option<Timestamp>,
    /// When the switch that is there was first seen without its clock running.
    waiting: Option<Timestamp>,
    /// When the next proof begins.
    next: Duration,
}

/// What is to be done for the proof.
pub(crate) enum Next {
    Create(Box<Job>),
    Open(Box<NetworkPolicy>, Timestamp),
    Remove(Vec<Object>),
    Wait(Option<SignedDuration>),
}

impl Canary {
    /// How the last proof went.
    pub(crate) fn probe(&self) -> Probe {
        self.probe
    }

    /// The policy was created.
    pub(crate) fn opened(&mut self, deadline: Timestamp) {
        self.deadline = Some(deadline);
    }

    /// Something could not be sent: later.
    pub(crate) fn failed(&mut self, elapsed: Duration) {
        self.next = elapsed + EVERY.1;
    }

    /// The next step by what was read. `now` is the API server's time.
    pub(crate) fn next(
        &mut self,
        (jobs, policies): (&[Job], &[NetworkPolicy]),
        now: Timestamp,
        elapsed: Duration,
    ) -> Next {
        let again = |seconds| Next::Wait(Some(SignedDuration::from_secs(seconds)));
        if let Some(deadline) = self.deadline {
            if policies.is_empty() && jobs.is_empty() {
                let late = now.duration_since(deadline);
                self.deadline = None;
                if late >= -EARLY && late <= LATE {
                    self.probe = Probe::Passed(now);
                    self.next = elapsed + EVERY.0;
                } else {
                    self.next = elapsed + EVERY.1;
                }
                return again(1);
            }
            if now.duration_since(deadline) <= LATE {
                return Next::Wait(Some(
                    deadline.duration_since(now).max(SignedDuration::from_secs(1)),
                ));
            }
            tracing::error!("the canary's policy is still there a minute after its deadline");
            self.probe = Probe::Failed;
            self.deadline = None;
            self.next = elapsed + EVERY.1;
            return remove(jobs, policies);
        }
        match (jobs, policies) {
            ([], []) if elapsed < self.next => {
                Next::Wait(Some(crate::clock::signed(self.next - elapsed)))
            }
            ([], []) => {
                self.waiting = None;
                Next::Create(Box::new(switch()))
            }
            ([job], []) if job.metadata.deletion_timestamp.is_none() => match starts(job) {
                Some(start) if now.duration_since(start).as_secs() < SECONDS - 2 => {
                    self.waiting = None;
                    let deadline = start.checked_add(SignedDuration::from_secs(SECONDS));
                    let deadline = deadline.unwrap_or(Timestamp::MAX);
                    let uid = job.metadata.uid.clone().unwrap_or_default();
                    Next::Open(Box::new(policy(uid)), deadline)
                }
                // Too late for this one; it goes by itself, or is taken away.
                Some(start) if now.duration_since(start) <= LATE => again(1),
                Some(_) => remove(jobs, policies),
                None => {
                    let since = *self.waiting.get_or_insert(now);
                    if now.duration_since(since) <= LATE {
                        return again(1);
                    }
                    tracing::error!("the control plane does not take up the canary's switch");
                    self.probe = Probe::Failed;
                    self.waiting = None;
                    remove(jobs, policies)
                }
            },
            // What a process before this one left proves as much, while its time lasts.
            ([job], [_]) if ends(job).is_some_and(|end| now < end) => {
                self.deadline = ends(job);
                again(1)
            }
            _ => {
                let since = *self.waiting.get_or_insert(now);
                if now.duration_since(since) <= LATE { again(1) } else { remove(jobs, policies) }
            }
        }
    }
}

fn remove(jobs: &[Job], policies: &[NetworkPolicy]) -> Next {
    let jobs = jobs.iter().map(|job| Object::of("Job", &job.metadata));
    let policies = policies.iter().map(|policy| Object::of("NetworkPolicy", &policy.metadata));
    Next::Remove(jobs.chain(policies).collect())
}

fn starts(job: &Job) -> Option<Timestamp> {
    Some(job.status.as_ref()?.start_time.as_ref()?.0)
}

/// When a switch that nobody deletes fires.
fn ends(job: &Job) -> Option<Timestamp> {
    let start = starts(job).filter(|_| job.metadata.deletion_timestamp.is_none())?;
    start.checked_add(SignedDuration::from_secs(SECONDS)).ok()
}

fn metadata() -> ObjectMeta {
    let labels = [
        (label::GRANT, UID),
        (label::CANARY, "true"),
        (label::MANAGED_BY, label::MANAGED_BY_VALUE),
    ];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    ObjectMeta {
        name: Some(NAME.to_owned()),
        namespace: Some(SYSTEM_NAMESPACE.to_owned()),
        labels: Some(BTreeMap::from(labels)),
        ..ObjectMeta::default()
    }
}

fn switch() -> Job {
    Job { metadata: metadata(), spec: Some(switch_spec(SECONDS)), status: None }
}

/// Selects no pod, since none has the label, and allows nothing.
fn policy(owner: String) -> NetworkPolicy {
    let mut metadata = metadata();
    metadata.owner_references = Some(vec![OwnerReference {
        api_version: "batch/v1".to_owned(),
        block_owner_deletion: Some(true),
        controller: None,
        kind: "Job".to_owned(),
        name: NAME.to_owned(),
        uid: owner,
    }]);
    let nobody = BTreeMap::from([(label::CANARY.to_owned(), "nobody".to_owned())]);
    let spec = NetworkPolicySpec {
        pod_selector: Some(LabelSelector { match_labels: Some(nobody), match_expressions: None }),
        policy_types: Some(vec!["Ingress".to_owned()]),
        ..NetworkPolicySpec::default()
    };
    NetworkPolicy { metadata, spec: Some(spec) }
}
