//! Everything that the next step is decided by.

use std::collections::BTreeSet;
use std::fmt;

use fallgate_api::names::label;
use fallgate_api::{
    AccessConfigSpec, AccessDecision, AccessGrant, AccessIncident, AccessLockSpec, AccessRequest,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::lifecycle::Ending;
use crate::plan::Assess;
use crate::record::Key;
use crate::render::{policy_name, switch_name};
use crate::resolve::Policy;
use crate::rights::Rights;
use crate::terms::{OnCall, Other, Ticket};

/// A request, its grant, and everything that was read about them. Nothing else
/// is remembered from one step to the next: after a crash the same is read
/// again, and the same step follows.
#[derive(Clone, Copy)]
pub struct Observed<'a> {
    /// The ceilings; without them nothing opens.
    pub config: Option<&'a AccessConfigSpec>,
    /// The request's policy, where there is one.
    pub policy: Option<Policy<'a>>,
    /// The request.
    pub request: &'a AccessRequest,
    /// Every decision that names the request, of every namespace.
    pub decisions: &'a [AccessDecision],
    /// The grant, read live under the name of the request.
    pub grant: Option<&'a AccessGrant>,
    /// The objects of the request's grant, also where it is gone ([`grant_uid`]),
    /// read live; absent where that failed, or where there never was a grant.
    pub live: Option<Live<'a>>,
    /// The locks of the request's and the grant's namespaces, and of the cluster.
    pub locks: &'a [Lock<'a>],
    /// The incidents of the request's namespace.
    pub incidents: &'a [AccessIncident],
    /// What the source says of the request's ticket; absent where it could not
    /// be read.
    pub ticket: Option<&'a Ticket>,
    /// What the policy's rota says; absent where it could not be read.
    pub on_call: Option<&'a OnCall>,
    /// The other requests of the cluster, with their grants.
    pub others: &'a [Other<'a>],
    /// Whether all of the above was read whole and is up to date: what is not
    /// there is then absent and not only unknown. Nothing opens without it.
    pub complete: bool,
    /// What the authorizer said.
    pub rights: &'a Rights,
    /// What stands in the record, and whether it can be written.
    pub record: Record<'a>,
    /// Whether the control plane still does what grants rely on.
    pub canaries: Canaries,
    /// Until when this process may write as the only one; absent for one that
    /// does not lead. Deleting what a grant opened needs no lease.
    pub lease: Option<Timestamp>,
    /// How far the API server's clock is ahead of ours; absent where it is not
    /// known.
    pub skew: Option<SignedDuration>,
    /// What came with the last [`Call::Close`](crate::Call::Close) of this grant,
    /// if this process has sent one. It keeps the reason while the objects go;
    /// that they go does not depend on it.
    pub closing: Option<&'a Ending>,
    /// The cluster, for what the request would do and what the grant does.
    pub world: &'a dyn Assess,
}

impl fmt::Debug for Observed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("request", &self.request.metadata.name)
            .field("phase", &self.request.status.as_ref().map(|status| status.phase))
            .field("grant", &self.grant.map(|grant| &grant.status))
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

/// The objects of a grant as they are now: those with its label in any
/// namespace, and whatever has one of the names in [`names`].
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// Jobs.
    pub switches: &'a [Job],
    /// NetworkPolicies.
    pub policies: &'a [NetworkPolicy],
}

/// A lock of either kind.
#[derive(Clone, Copy, Debug)]
pub struct Lock<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace; absent for a ClusterAccessLock.
    pub namespace: Option<&'a str>,
    /// What it says.
    pub spec: &'a AccessLockSpec,
}

/// The record, as far as a request and its grant stand in it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whether an entry can be appended now.
    pub writable: bool,
    /// The entries that are there, and on disk.
    pub entries: &'a BTreeSet<Key>,
}

/// What was tried out lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Canaries {
    /// A policy without an owner was refused by admission.
    pub owner: Probe,
    /// A decision in somebody else's name was refused by admission.
    pub identity: Probe,
    /// A switch and its policy vanished by themselves.
    pub switch: Probe,
}

/// How a trial went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// It was not made, or came to nothing.
    #[default]
    Unknown,
    /// As it must, at that time.
    Passed(Timestamp),
    /// Not as it must.
    Failed,
}

/// An object that a grant has or will have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Job or NetworkPolicy.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The names of a grant's objects: what is to be read live besides everything
/// with its label.
pub fn names(grant: &AccessGrant) -> Vec<Name> {
    let Some(uid) = grant.metadata.uid.as_deref() else { return Vec::new() };
    let switches = grant.spec.namespaces.iter().map(|namespace| Name {
        kind: "Job",
        namespace: namespace.clone(),
        name: switch_name(uid),
    });
    let policies = grant.spec.policies.iter().enumerate().filter_map(|(at, policy)| {
        let namespace = policy.pointer("/metadata/namespace")?.as_str()?.to_owned();
        Some(Name { kind: "NetworkPolicy", namespace, name: policy_name(uid, at) })
    });
    switches.chain(policies).collect()
}

/// The uid whose label is looked for, as to what a grant has opened: that of the
/// grant, else that of the one that was there.
pub fn grant_uid<'a>(
    request: &'a AccessRequest,
    grant: Option<&'a AccessGrant>,
) -> Option<&'a str> {
    let gone = || Some(request.status.as_ref()?.grant_ref.as_ref()?.uid.as_str());
    grant.and_then(|grant| grant.metadata.uid.as_deref()).or_else(gone)
}

/// The name of the grant that a request gets.
pub fn grant_name(request: &AccessRequest) -> &str {
    request.metadata.name.as_deref().unwrap_or_default()
}

/// Whether an object has a grant's label.
pub(crate) fn belongs(
    metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    grant_uid: &str,
) -> bool {
    let labels = metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(label::GRANT)).is_some_and(|uid| uid == grant_uid)
}
