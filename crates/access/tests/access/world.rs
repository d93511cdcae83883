//! Clusters to plan on.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_access::World;
use fallgate_engine::{Engine, WorkloadRef};
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Cluster, Dialect, Selector, Str};

/// The parts of a [`World`].
pub(crate) struct Ground {
    pub(crate) engine: Engine,
    pub(crate) baselines: BTreeSet<(Str, Str)>,
    pub(crate) workloads: BTreeMap<WorkloadRef, Selector>,
}

impl Ground {
    pub(crate) fn new(cluster: Cluster) -> Ground {
        Ground {
            engine: Engine::new(cluster, Dialect::default()),
            baselines: BTreeSet::new(),
            workloads: BTreeMap::new(),
        }
    }

    /// Reads manifests; policies named `baseline` are baselines.
    pub(crate) fn read(manifests: &str) -> Ground {
        let input =
            Input { name: "test".into(), text: manifests.as_bytes(), kind: InputKind::File };
        let reading = fallgate_manifest::read(&[input], &ReadOptions::default());
        assert!(reading.diagnostics.is_empty(), "{:#?}", reading.diagnostics);
        let policies = reading.cluster.network_policies.iter();
        let baselines = policies
            .filter(|policy| policy.name.starts_with("baseline"))
            .map(|policy| (policy.namespace.clone(), policy.name.clone()))
            .collect();
        Ground { baselines, ..Ground::new(reading.cluster) }
    }

    pub(crate) fn with_workload(
        mut self,
        (namespace, kind, name): (&str, &str, &str),
        labels: &[(&str, &str)],
    ) -> Ground {
        let workload =
            WorkloadRef { namespace: namespace.into(), name: name.into(), kind: kind.into() };
        self.workloads.insert(workload, Selector::match_labels(labels.iter().copied()));
        self
    }

    pub(crate) fn world(&self) -> World<'_> {
        World { engine: &self.engine, baselines: &self.baselines, workloads: &self.workloads }
    }
}

/// A pod of a workload, as `kubectl get -o yaml` shows it.
pub(crate) fn pod(namespace: &str, name: &str, labels: &str, address: &str) -> String {
    let owner = name.rsplit_once('-').map_or(String::new(), |(set, _)| {
        format!(", ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: {set}, uid: u, controller: true}}]")
    });
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {labels}{owner}}}\n\
         spec: {{nodeName: node, containers: [{{name: c, image: i, ports: [{{name: sql, containerPort: 5432}}]}}]}}\n\
         status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
    )
}

/// A policy that isolates what `selector` selects.
pub(crate) fn deny(namespace: &str, name: &str, selector: &str, types: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{podSelector: {selector}, policyTypes: {types}}}\n"
    )
}

pub(crate) fn namespace(name: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{kubernetes.io/metadata.name: {name}}}}}\n"
    )
}

/// A shop that nothing reaches, and a namespace of tools that may send anything.
pub(crate) fn shop() -> String {
    [
        namespace("shop"),
        namespace("oncall-tools"),
        pod("shop", "db-0", "{app: db}", "10.0.0.10"),
        pod("shop", "db-1", "{app: db}", "10.0.0.11"),
        pod("shop", "web-0", "{app: web}", "10.0.0.20"),
        pod("oncall-tools", "debug-0", "{role: debug}", "10.0.1.10"),
        pod("oncall-tools", "other-0", "{role: other}", "10.0.1.20"),
        deny("shop", "baseline", "{}", "[Ingress, Egress]"),
    ]
    .concat()
}
