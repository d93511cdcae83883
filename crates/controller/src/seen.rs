//! What was read of the API server: whole lists, from the quorum.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_access::names;
use fallgate_api::names::label;
use fallgate_api::{
    AccessConfig, AccessDecision, AccessGrant, AccessIncident, AccessLock, AccessPolicy,
    AccessRequest, ClusterAccessLock, ClusterAccessPolicy, Phase,
};
use fallgate_cluster::{Kind, Refusal, Writer};
use futures::future::{join, join5};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

/// All objects of a kind, sorted by a key of theirs, then by place.
pub(crate) struct Shelf<K> {
    items: Vec<K>,
    key: fn(&K) -> &str,
    /// Whether the last listing went well; before that it is as it was.
    fresh: bool,
    /// Whether any did.
    read: bool,
}

impl<K: Kind> Shelf<K> {
    fn new(key: fn(&K) -> &str) -> Shelf<K> {
        Shelf { items: Vec::new(), key, fresh: false, read: false }
    }

    /// Takes a listing in; what went wrong, where something did.
    fn take(&mut self, listed: Result<Vec<K>, Refusal>) -> Option<String> {
        self.fresh = listed.is_ok();
        match listed {
            Ok(items) => {
                self.items = items;
                self.read = true;
                let key = self.key;
                let place = |k: &K| (k.meta().namespace.clone(), k.meta().name.clone());
                self.items.sort_by(|a, b| key(a).cmp(key(b)).then_with(|| place(a).cmp(&place(b))));
                None
            }
            Err(refusal) => Some(format!("{}: {refusal}", K::plural(&()))),
        }
    }

    pub(crate) fn all(&self) -> &[K] {
        &self.items
    }

    /// Those with a key.
    pub(crate) fn of(&self, key: &str) -> &[K] {
        let start = self.items.partition_point(|item| (self.key)(item) < key);
        let rest = self.items.get(start..).unwrap_or_default();
        let end = rest.partition_point(|item| (self.key)(item) == key);
        rest.get(..end).unwrap_or_default()
    }

    /// Notes that an object is being deleted, for as long as no list says so.
    fn deleting(&mut self, uid: &str, now: Timestamp) {
        mark(&mut self.items, uid, now);
    }

    /// Whether what is not there is absent.
    pub(crate) fn fresh(&self) -> bool {
        self.fresh
    }
}

/// Everything of ours, and everything with a grant's label.
pub(crate) struct Seen {
    pub(crate) configs: Shelf<AccessConfig>,
    pub(crate) policies: Shelf<AccessPolicy>,
    pub(crate) cluster_policies: Shelf<ClusterAccessPolicy>,
    pub(crate) requests: Shelf<AccessRequest>,
    /// By the uid of the request.
    pub(crate) decisions: Shelf<AccessDecision>,
    pub(crate) grants: Shelf<AccessGrant>,
    /// By namespace.
    pub(crate) incidents: Shelf<AccessIncident>,
    pub(crate) locks: Shelf<AccessLock>,
    pub(crate) cluster_locks: Shelf<ClusterAccessLock>,
    /// By the uid of the grant, as the label has it.
    pub(crate) switches: Shelf<Job>,
    /// In the same way.
    pub(crate) opened: Shelf<NetworkPolicy>,
    /// What has the name of an object of a grant and not its label, with the
    /// rest of the grant's, by its uid.
    named: BTreeMap<String, (Vec<Job>, Vec<NetworkPolicy>)>,
    /// Grants of which not all names could be read.
    unread: BTreeSet<String>,
}

fn mark<K: Kind>(items: &mut [K], uid: &str, now: Timestamp) {
    let mut all = items.iter_mut().map(|item| item.meta_mut());
    if let Some(metadata) = all.find(|metadata| metadata.uid.as_deref() == Some(uid)) {
        metadata.deletion_timestamp.get_or_insert(Time(now));
    }
}

fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or_default()
}

/// The uid of the grant that an object belongs to, by its label.
pub(crate) fn grant_label(metadata: &ObjectMeta) -> &str {
    let labels = metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(label::GRANT)).map(String::as_str).unwrap_or_default()
}

impl Seen {
    pub(crate) fn new() -> Seen {
        Seen {
            configs: Shelf::new(|_| ""),
            policies: Shelf::new(|_| ""),
            cluster_policies: Shelf::new(|_| ""),
            requests: Shelf::new(|_| ""),
            decisions: Shelf::new(|decision| &decision.spec.request_ref.uid),
            grants: Shelf::new(|_| ""),
            incidents: Shelf::new(|incident| namespace(&incident.metadata)),
            locks: Shelf::new(|_| ""),
            cluster_locks: Shelf::new(|_| ""),
            switches: Shelf::new(|job| grant_label(&job.metadata)),
            opened: Shelf::new(|policy| grant_label(&policy.metadata)),
            named: BTreeMap::new(),
            unread: BTreeSet::new(),
        }
    }

    /// Lists everything anew, and tells what could not be listed.
    ///
    /// Grants come first: whatever a grant says of its objects was so before
    /// these were listed, and a grant that is listed had its request before.
    pub(crate) async fn refresh(&mut self, writer: &Writer) -> Vec<String> {
        let grants = self.grants.take(writer.list(None).await);
        let first = join5(
            writer.list(Some(label::GRANT)),
            writer.list(Some(label::GRANT)),
            writer.list(None),
            writer.list(None),
            writer.list(None),
        );
        let second = join5(
            writer.list(None),
            writer.list(None),
            writer.list(None),
            writer.list(None),
            writer.list(None),
        );
        let (first, second) = join(first, second).await;
        let (switches, opened, requests, decisions, configs) = first;
        let (policies, cluster_policies, incidents, locks, cluster_locks) = second;
        let problems = [
            grants,
            self.switches.take(switches),
            self.opened.take(opened),
            self.requests.take(requests),
            self.decisions.take(decisions),
            self.configs.take(configs),
            self.policies.take(policies),
            self.cluster_policies.take(cluster_policies),
            self.incidents.take(incidents),
            self.locks.take(locks),
            self.cluster_locks.take(cluster_locks),
        ];
        self.read_names(writer).await;
        problems.into_iter().flatten().collect()
    }

    /// Whether everything was listed the last time.
    pub(crate) fn complete(&self) -> bool {
        self.configs.fresh
            && self.policies.fresh
            && self.cluster_policies.fresh
            && self.requests.fresh
            && self.decisions.fresh
            && self.grants.fresh
            && self.incidents.fresh
            && self.locks.fresh
            && self.cluster_locks.fresh
            && self.switches.fresh
            && self.opened.fresh
    }

    /// Whether there is anything to go by at all.
    pub(crate) fn usable(&self) -> bool {
        self.grants.read && self.requests.read
    }

    /// Notes that the API server has taken a deletion: what cannot be listed anew
    /// is not deleted again and again, and what comes after it is.
    pub(crate) fn deleting(&mut self, uid: &str, now: Timestamp) {
        self.switches.deleting(uid, now);
        self.opened.deleting(uid, now);
        for (jobs, policies) in self.named.values_mut() {
            mark(jobs, uid, now);
            mark(policies, uid, now);
        }
    }

    /// A grant's objects. Of old lists only what is there counts: that something
    /// is gone they cannot tell.
    pub(crate) fn live(&self, uid: &str) -> Option<(&[Job], &[NetworkPolicy])> {
        let objects = match self.named.get(uid) {
            Some((jobs, policies)) => (jobs.as_slice(), policies.as_slice()),
            None => (self.switches.of(uid), self.opened.of(uid)),
        };
        let whole = self.switches.fresh && self.opened.fresh && !self.unread.contains(uid);
        let some = !objects.0.is_empty() || !objects.1.is_empty();
        (whole || some).then_some(objects)
    }

    /// Reads the objects of grants that may be open by their names, where they
    /// were not found by their label.
    async fn read_names(&mut self, writer: &Writer) {
        self.named.clear();
        self.unread.clear();
        for grant in self.grants.all() {
            let phase = grant.status.as_ref().map(|status| status.phase).unwrap_or_default();
            let Some(uid) = &grant.metadata.uid else { continue };
            if !matches!(phase, Phase::Pending | Phase::Arming | Phase::Active) {
                continue;
            }
            let (jobs, policies) = (self.switches.of(uid), self.opened.of(uid));
            let listed = |kind: &str, namespace: &str, name: &str| {
                let same = |metadata: &ObjectMeta| {
                    metadata.namespace.as_deref() == Some(namespace)
                        && metadata.name.as_deref() == Some(name)
                };
                match kind {
                    "Job" => jobs.iter().any(|job| same(&job.metadata)),
                    _ => policies.iter().any(|policy| same(&policy.metadata)),
                }
            };
            let (mut more_jobs, mut more_policies) = (Vec::new(), Vec::new());
            for object in names(grant) {
                let (namespace, name) = (object.namespace.as_str(), object.name.as_str());
                if listed(object.kind, namespace, name) {
                    continue;
                }
                let read = match object.kind {
                    "Job" => {
                        writer.read(Some(namespace), name).await.map(|job| more_jobs.extend(job))
                    }
                    _ => {
                        let read = writer.read(Some(namespace), name).await;
                        read.map(|policy| more_policies.extend(policy))
                    }
                };
                if read.is_err() {
                    self.unread.insert(uid.clone());
                    break;
                }
            }
            if !more_jobs.is_empty() || !more_policies.is_empty() {
                more_jobs.extend_from_slice(jobs);
                more_policies.extend_from_slice(policies);
                self.named.insert(uid.clone(), (more_jobs, more_policies));
            }
        }
    }
}
