//! Errors that analysers of policies have made on their command lines, a test
//! each; those about what policies mean stand in `spec/regressions.md`.
#![cfg(test)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A pod, and a policy that lets in a block and pods that do not exist yet.
const CLUSTER: &str = "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: d, labels: {closed: 'true'}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: d}
spec:
  podSelector: {}
  ingress:
    - from: [{ipBlock: {cidr: 1.2.3.0/24}}, {podSelector: {matchLabels: {app: future}}}]
      ports: [{port: 80}]
";

/// The same pod, and a policy that the API server refuses: its label value is a
/// boolean.
const REFUSED: &str = "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: d, labels: {closed: 'true'}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: d}
spec: {podSelector: {matchLabels: {closed: true}}, policyTypes: [Ingress]}
";

/// Runs the program on a cluster; its exit code, standard output and standard
/// error.
fn run(cluster: &str, args: &[&str]) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fallgate"))
        .args(args)
        .args(["-f", "-"])
        .env_remove("KUBECONFIG")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(cluster.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A flag that did nothing without another one, silently.
#[test]
fn exposure_needs_no_other_flag() {
    let (code, out, err) = run(CLUSTER, &["exposure", "d/a", "-o", "json"]);
    assert_ne!(code, 2, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let ingress = &document["endpoints"][0]["ingress"];
    assert_eq!(ingress["isolated"], true);
    assert!(!ingress["from"].as_array().unwrap().is_empty(), "{out}");
}

/// An inverted check refused every question from an address to a pod, and let
/// through those between two addresses.
#[test]
fn one_end_may_be_an_address_and_not_both() {
    assert_eq!(run(CLUSTER, &["can", "1.2.3.4", "d/a", "80"]).0, 0);
    assert_eq!(run(CLUSTER, &["can", "1.2.4.4", "d/a", "80"]).0, 1);
    assert_eq!(run(CLUSTER, &["can", "d/a", "1.2.3.4", "80"]).0, 0);
    assert_eq!(run(CLUSTER, &["can", "1.2.3.4", "1.1.1.1", "80"]).0, 2);
}

/// A policy that could not be read was dropped: its pods were shown open, with
/// exit code 0 and, when quiet, without a word.
#[test]
fn a_policy_that_is_refused_is_never_success() {
    for args in [
        &["map"][..],
        &["can", "203.0.113.7", "d/a", "80"],
        &["explain", "203.0.113.7", "d/a", "80"],
        &["exposure"],
    ] {
        let (code, _, err) = run(REFUSED, args);
        assert_eq!(code, 3, "{args:?}: {err}");
        assert!(err.contains("error[wrong-type]"), "{args:?}: {err}");
    }
    let (_, out, _) = run(REFUSED, &["map"]);
    assert!(out.contains("unknown: all"), "{out}");
}
