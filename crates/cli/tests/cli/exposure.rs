//! What pods that do not exist yet, and the outside, could reach.

use serde_json::Value;

use super::{run, with_input};

/// A pod that lets in pods by their labels and a block.
const CLUSTER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
    - from: [{podSelector: {}}]
      ports: [{port: 9187}]
";

#[test]
fn what_a_pod_will_be_is_no_gap_in_the_input() {
    let (code, out, err) = with_input(&["exposure", "-f", "-"], CLUSTER);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("some: 5432/tcp"), "{out}");
    assert!(!out.contains("unknown"), "{out}");
}

#[test]
fn what_the_input_leaves_open_is_unknown_and_exits_with_3() {
    let with = ["exposure", "-f", "-", "--add-file", "crates/cli/tests/data/opaque.yaml"];
    let (code, out, err) = with_input(&with, CLUSTER);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("unknown: "), "{out}");
    assert!(!out.contains("some: "), "{out}");
}

#[test]
fn labels_choose_what_is_looked_at() {
    let looked = |args: &[&str]| {
        let (_, out, err) =
            run(&[&["exposure", "-f", "examples/shop", "-o", "json"], args].concat());
        let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        let all = document["endpoints"].as_array().unwrap();
        all.iter().map(|e| e["endpoint"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(looked(&["-l", "app=db"]), ["db"]);
    assert_eq!(looked(&["-l", "app in (api, web)"]), ["api", "web"]);
    assert_eq!(looked(&["-n", "shop", "-l", "app!=db"]), ["api", "migrate", "web"]);
    let (code, out, err) = run(&["exposure", "-f", "examples/shop", "-l", "app=nothing"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no pod has the labels that -l asks for"), "{err}");
}
