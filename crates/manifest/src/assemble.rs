//! Parts to a cluster: the last of each object, owners, stand-ins.

use std::collections::BTreeMap;

use fallgate_model::{
    Diagnostic, Direction, NamespaceMatch, ObjectRef, Opacity, Opaque, Origin, Pod, Scope,
    Severity, SourceId, Sources, Str, Workload,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Reading;
use crate::context::MAX_DIAGNOSTICS;
use crate::item::{Content, Item, Owner, Part, RawPod, RawWorkload};
use crate::lower::{DATAPLANE_MODE, not_opted_out};

/// Puts together what the documents gave, in their order.
pub(crate) fn assemble(parts: Vec<Part>, sources: Sources) -> Reading {
    let mut reading = Reading { sources, ..Reading::default() };
    let mut items = Vec::with_capacity(parts.iter().map(|p| p.items.len()).sum());
    let mut unsaid = BTreeMap::new();
    let mut homeless = Vec::new();
    for part in parts {
        homeless.extend(part.homeless);
        items.extend(part.items);
        reading.diagnostics.extend(part.diagnostics);
        for (source, (count, severity)) in part.unsaid {
            leave_unsaid(&mut unsaid, source, count, severity);
        }
        for (kind, count) in part.objects {
            *reading.objects.entry(kind).or_default() += count;
        }
        for (kind, count) in part.ignored {
            *reading.ignored.entry(kind).or_default() += count;
        }
    }
    let items = last_of_each(items, &mut reading);
    let (pods, workloads) = sort_out(items, &mut reading);
    settle(pods, workloads, &mut reading);
    ambient(&mut reading);
    astray(homeless, &mut reading);
    reading.diagnostics.sort_by_key(|d| (d.origin.source, d.origin.line, d.origin.column));
    cap(&mut reading, unsaid);
    reading
}

type Unsaid = BTreeMap<SourceId, (usize, Severity)>;

fn leave_unsaid(unsaid: &mut Unsaid, source: SourceId, count: usize, severity: Severity) {
    let entry = unsaid.entry(source).or_insert((0, severity));
    entry.0 += count;
    entry.1 = entry.1.max(severity);
}

/// Keeps the first diagnostics of each source and counts the others.
fn cap(reading: &mut Reading, mut unsaid: Unsaid) {
    let mut kept: FxHashMap<SourceId, usize> = FxHashMap::default();
    reading.diagnostics.retain(|d| {
        let count = kept.entry(d.origin.source).or_default();
        *count += 1;
        if *count > MAX_DIAGNOSTICS {
            leave_unsaid(&mut unsaid, d.origin.source, 1, d.severity);
        }
        *count <= MAX_DIAGNOSTICS
    });
    for (source, (count, severity)) in unsaid {
        reading.diagnostics.push(Diagnostic {
            id: "more-diagnostics",
            severity,
            message: format!("and {count} more in this input"),
            origin: Origin { source, line: 0, column: 0 },
            object: None,
            field: String::new(),
            help: String::new(),
        });
    }
}

/// Drops all but the last of objects that are the same one, as applying them in
/// turn does.
fn last_of_each(items: Vec<Item>, reading: &mut Reading) -> Vec<Item> {
    let mut latest: FxHashMap<(Str, Str, Str), usize> = FxHashMap::default();
    let mut kept: Vec<Option<Item>> = Vec::with_capacity(items.len());
    for item in items {
        let at = kept.len();
        if !item.name.is_empty() {
            let key = (item.kind.clone(), item.namespace.clone(), item.name.clone());
            if let Some(earlier) = latest.insert(key, at).and_then(|at| kept.get_mut(at)) {
                if let Some(earlier) = earlier {
                    let there = reading.sources.locate(earlier.origin);
                    reading.diagnostics.push(Diagnostic {
                        id: "duplicate-object",
                        severity: Severity::Warning,
                        message: format!(
                            "the same object is also at {there}; the later one counts"
                        ),
                        origin: item.origin,
                        object: Some(reference(&item)),
                        field: String::new(),
                        help: "keep one of them".to_owned(),
                    });
                }
                *earlier = None;
            }
        }
        kept.push(Some(item));
    }
    kept.into_iter().flatten().collect()
}

fn reference(item: &Item) -> ObjectRef {
    ObjectRef {
        kind: item.kind.clone(),
        namespace: item.namespace.clone(),
        name: item.name.clone(),
    }
}

type Workloads = BTreeMap<(Str, Owner), RawWorkload>;

fn sort_out(items: Vec<Item>, reading: &mut Reading) -> (Vec<RawPod>, Workloads) {
    let mut pods = Vec::new();
    let mut workloads = BTreeMap::new();
    let cluster = &mut reading.cluster;
    for Item { kind, namespace, name, content, .. } in items {
        match content {
            Content::Namespace(object) => cluster.namespaces.push(object),
            Content::Service(object) => cluster.services.push(object),
            Content::EndpointSlice(object) => cluster.endpoint_slices.push(object),
            Content::Node(object) => cluster.nodes.push(object),
            Content::NetworkPolicy(object) => cluster.network_policies.push(object),
            Content::ClusterPolicy(object) => cluster.cluster_policies.push(object),
            Content::EntryPoint(object) => cluster.entry_points.push(object),
            Content::Opaque(object) => cluster.opaque.push(object),
            Content::Pod(pod) => pods.push(*pod),
            Content::Workload(workload) => {
                workloads.insert((namespace, Owner { kind, name }), *workload);
            }
            Content::Nothing => {}
        }
    }
    (pods, workloads)
}

/// Finds whose pods are whose, and which workloads have none.
fn settle(pods: Vec<RawPod>, workloads: Workloads, reading: &mut Reading) {
    let mut served: FxHashSet<(Str, Owner)> = FxHashSet::default();
    let (mut completed, mut sidecars) = (Counted::default(), Counted::default());
    for RawPod { mut pod, owner, completed: done, sidecar } in pods {
        if done {
            completed.count(pod.origin);
            let Pod { namespace, name, .. } = pod;
            reading.completed.push(ObjectRef { kind: "Pod".into(), namespace, name });
            continue;
        }
        if sidecar {
            sidecars.count(pod.origin);
        }
        if let Some(owner) = owner {
            let hash = pod.labels.get("pod-template-hash").cloned();
            let top = outermost(owner, &pod.namespace, hash, &workloads, &mut served);
            pod.workload = Workload { kind: top.kind, name: top.name };
        }
        reading.cluster.pods.push(pod);
    }
    for ((namespace, this), workload) in &workloads {
        let Some(stand_in) = &workload.stand_in else { continue };
        let has_pods = |owner: &Owner| served.contains(&(namespace.clone(), owner.clone()));
        let spared = workload.owner.as_ref().is_some_and(|owner| {
            // Its owner stands for it, or it is an old revision.
            workloads.contains_key(&(namespace.clone(), owner.clone()))
                || has_pods(owner)
                || workload.empty
        });
        if spared || has_pods(this) {
            continue;
        }
        if workload.sidecar {
            sidecars.count(stand_in.origin);
        }
        reading.cluster.pods.push(stand_in.clone());
    }
    completed.note(reading, "completed-pods", |count| {
        format!("{count} completed pods are left out: their addresses are given to others")
    });
    sidecars.note(reading, "l7-not-modelled", |count| {
        format!("{count} pods have a mesh sidecar: what it decides on requests is not modelled")
    });
}

/// Follows owners outwards, noting that each has pods.
fn outermost(
    mut owner: Owner,
    namespace: &Str,
    hash: Option<Str>,
    workloads: &Workloads,
    served: &mut FxHashSet<(Str, Owner)>,
) -> Owner {
    /// Pods have two owners above each other; more is a loop.
    const MOST: usize = 8;
    if &*owner.kind == "Node" {
        // A static pod is nobody's replica; its node only runs it.
        return owner;
    }
    for _ in 0..MOST {
        let key = (namespace.clone(), owner.clone());
        let next = match workloads.get(&key) {
            Some(workload) => workload.owner.clone(),
            None => deployment(&owner, hash.as_deref()),
        };
        served.insert(key);
        match next {
            Some(next) => owner = next,
            None => break,
        }
    }
    owner
}

/// The Deployment of a ReplicaSet that is not in the input: Deployments name
/// theirs by the hash that its pods carry.
fn deployment(owner: &Owner, hash: Option<&str>) -> Option<Owner> {
    if &*owner.kind != "ReplicaSet" {
        return None;
    }
    let name = owner.name.strip_suffix(hash?)?.strip_suffix('-')?;
    (!name.is_empty()).then(|| Owner { kind: "Deployment".into(), name: name.into() })
}

/// How often something was seen and where first.
#[derive(Default)]
struct Counted {
    count: usize,
    first: Option<Origin>,
}

impl Counted {
    fn count(&mut self, origin: Origin) {
        self.count += 1;
        self.first = Some(self.first.map_or(origin, |first| first.min(origin)));
    }

    fn note(self, reading: &mut Reading, id: &'static str, message: impl Fn(usize) -> String) {
        let Some(origin) = self.first else { return };
        reading.diagnostics.push(Diagnostic {
            id,
            severity: Severity::Note,
            message: message(self.count),
            origin,
            object: None,
            field: String::new(),
            help: String::new(),
        });
    }
}

/// Tells of policies that name no namespace, where all pods are elsewhere than
/// that puts them: somebody meant them for the others.
fn astray(homeless: Vec<(ObjectRef, Origin)>, reading: &mut Reading) {
    let pods = &reading.cluster.pods;
    for (object, origin) in homeless {
        if pods.is_empty() || pods.iter().any(|pod| pod.namespace == object.namespace) {
            continue;
        }
        reading.diagnostics.push(Diagnostic {
            id: "no-namespace",
            severity: Severity::Warning,
            message: format!(
                "the policy names no namespace, so it is in `{}`, where no pod is",
                object.namespace
            ),
            origin,
            object: Some(object),
            field: "metadata.namespace".to_owned(),
            help: "write `namespace:` below `metadata:`".to_owned(),
        });
    }
}

/// Traffic of an ambient mesh arrives on the mesh's own port, whatever port it
/// was for, so policies on its pods do not see what they name.
fn ambient(reading: &mut Reading) {
    let mut found: Vec<Opaque> = Vec::new();
    let reason: Str =
        "traffic of an ambient mesh arrives on port 15008, which is not modelled".into();
    let opaque = |kind: &str, namespace: &Str, name: Str, scope, origin| Opaque {
        kind: kind.into(),
        namespace: namespace.clone(),
        name,
        scope,
        directions: Direction::ALL.to_vec(),
        opacity: Opacity::Anything,
        reason: reason.clone(),
        origin,
    };
    let is_ambient = |value: Option<&Str>| value.is_some_and(|v| &**v == "ambient");
    for namespace in &reading.cluster.namespaces {
        if is_ambient(namespace.labels.get(DATAPLANE_MODE)) {
            let scope = Scope::Pods(NamespaceMatch::Own, not_opted_out());
            let name = namespace.name.clone();
            found.push(opaque("Namespace", &namespace.name, name, scope, namespace.origin));
        }
    }
    let mut own: BTreeMap<&Str, Origin> = BTreeMap::new();
    for pod in &reading.cluster.pods {
        if is_ambient(pod.labels.get(DATAPLANE_MODE)) {
            let first = own.entry(&pod.namespace).or_insert(pod.origin);
            *first = (*first).min(pod.origin);
        }
    }
    for (namespace, origin) in own {
        let selector = fallgate_model::Selector::match_labels([(DATAPLANE_MODE, "ambient")]);
        let scope = Scope::Pods(NamespaceMatch::Own, selector);
        found.push(opaque("Pod", namespace, DATAPLANE_MODE.into(), scope, origin));
    }
    for opaque in found {
        reading.diagnostics.push(Diagnostic {
            id: "not-modelled",
            severity: Severity::Error,
            message: format!("{}, so answers about these pods are unknown", opaque.reason),
            origin: opaque.origin,
            object: Some(ObjectRef {
                kind: opaque.kind.clone(),
                namespace: opaque.namespace.clone(),
                name: opaque.name.clone(),
            }),
            field: String::new(),
            help: crate::context::usual_help("not-modelled").to_owned(),
        });
        reading.cluster.opaque.push(opaque);
    }
}
