//! What a change opens and closes, and how sure that is.

use serde_json::Value;

use super::{run, with_input};

/// Two pods, one of which is isolated and lets the other in.
const CLUSTER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
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
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]
";

/// Something that is not evaluated and bears on the database only.
const OPAQUE: &str = "crates/cli/tests/data/opaque.yaml";

#[test]
fn what_is_only_possible_is_no_difference_yet() {
    let diff = ["diff", "-f", "-", "--add-file", OPAQUE];
    let (code, out, err) = with_input(&diff, CLUSTER);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("CiliumNetworkPolicy shop/db"), "{out}");
    assert!(err.contains("0 opened, ") && err.contains("0 closed, "), "{err}");
    assert!(err.contains(" possibly opened, ") && err.contains(" possibly closed, "), "{err}");
    for row in out.lines().skip(1) {
        assert!(row.contains("CiliumNetworkPolicy shop/db"), "what is it due to? {row}");
    }

    let (code, out, _) = with_input(&[&diff[..], &["-o", "json"]].concat(), CLUSTER);
    assert_eq!(code, 3);
    let document: Value = serde_json::from_str(&out).unwrap();
    let count = |list: &str| document[list].as_array().unwrap().len();
    assert!(count("opened") > 0 && count("closed") > 0, "{out}");
    assert_eq!(document["possibly"]["opened"], count("opened"));
    assert_eq!(document["possibly"]["closed"], count("closed"));
    assert_eq!(document["causes"].as_array().unwrap().len(), 1, "{out}");
    assert_eq!(document["causes"][0]["kind"], "CiliumNetworkPolicy");
}

#[test]
fn a_certain_difference_goes_before_a_possible_one() {
    let diff = ["diff", "-f", "-", "--add-file", OPAQUE, "--remove", "pod/shop/web"];
    assert_eq!(with_input(&diff, CLUSTER).0, 1);
    let (code, out, err) = with_input(&["diff", "-f", "-", "--remove", "netpol/shop/db"], CLUSTER);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("NetworkPolicy shop/db"), "{out}");
    assert!(!err.contains("possibly"), "{err}");
    assert_eq!(run(&["diff", "examples/shop", "examples/shop"]).0, 0);
    assert_eq!(run(&["diff", "examples/shop", "nowhere"]).0, 2);
}

/// What an Ingress lets in was shown as a workload's, and due to nothing.
#[test]
fn what_an_ingress_no_longer_lets_in_is_its_own_and_has_a_cause() {
    let (_, out, _) = run(&["diff", "-f", "examples/shop", "--remove", "netpol/shop/web"]);
    let row = out.lines().find(|line| line.contains("shop/Ingress/web")).expect(&out);
    assert!(row.contains("unknown: 8080/tcp") && row.ends_with("NetworkPolicy shop/web"), "{row}");
    let moved = "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8081}]}
";
    let diff = ["diff", "-f", "examples/shop", "--replace", "-"];
    let (_, out, err) = with_input(&diff, moved);
    let row = out.lines().find(|line| line.contains("shop/Ingress/web"));
    let row = row.unwrap_or_else(|| panic!("{out}{err}"));
    assert!(row.ends_with("Service shop/web"), "{row}");
}
