//! What manifests mean and what is said about them.

#![cfg(test)]

mod objects;
mod origins;
mod policies;
mod slips;
mod text;
mod writing;

use fallgate_manifest::{
    Input, InputKind, ReadOptions, Reading, fix, overlay, read, write_cluster,
};
use fallgate_model::*;

use origins::forget_origins;

fn reading(text: &str) -> Reading {
    let input = Input { name: "f.yaml".into(), text: text.as_bytes(), kind: InputKind::File };
    read(&[input], &ReadOptions::default())
}

/// `line:column id` of each diagnostic.
fn said(text: &str) -> Vec<String> {
    let shown = |d: &Diagnostic| format!("{}:{} {}", d.origin.line, d.origin.column, d.id);
    reading(text).diagnostics.iter().map(shown).collect()
}

fn clean(text: &str) -> Cluster {
    let reading = reading(text);
    assert_eq!(reading.diagnostics, [], "{text}");
    reading.cluster
}

/// A policy with this spec, whose lines are indented by two spaces.
fn policy(spec: &str) -> String {
    let spec: String = spec.lines().map(|l| format!("  {l}\n")).collect();
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\n  namespace: shop\nspec:\n{spec}"
    )
}

fn clean_policy(spec: &str) -> NetworkPolicy {
    let mut cluster = clean(&policy(spec));
    assert_eq!(cluster.network_policies.len(), 1);
    cluster.network_policies.remove(0)
}

/// The one diagnostic's id, and that the policy became opaque.
fn rejected(spec: &str) -> Diagnostic {
    let mut reading = reading(&policy(spec));
    assert!(reading.incomplete(), "{spec}");
    assert_eq!(reading.cluster.network_policies, [], "{spec}");
    assert_eq!(reading.cluster.opaque.len(), 1, "{spec}");
    reading.diagnostics.remove(0)
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: false
      initContainers:
      - {name: side, restartPolicy: Always, ports: [{name: s, containerPort: 15}]}
      - {name: once, ports: [{name: o, containerPort: 16}]}
      containers:
      - name: main
        ports: [{containerPort: 80, name: http}]
";

const POD: &str = "---
apiVersion: v1
kind: Pod
metadata:
  name: web-5d-x1
  labels: {app: web, pod-template-hash: 5d}
  ownerReferences:
  - {apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, controller: true}
status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], hostIP: 192.168.0.1}
";

/// What is said about a text, as `line:column field: help`; all of it errors.
fn slips(text: &str) -> Vec<String> {
    let shown = |d: &Diagnostic| {
        assert_eq!(d.severity, Severity::Error, "{d:?}");
        format!("{}:{} {}: {}", d.origin.line, d.origin.column, d.field, d.help)
    };
    reading(text).diagnostics.iter().map(shown).collect()
}
