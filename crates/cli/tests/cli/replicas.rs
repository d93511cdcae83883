//! Workloads whose pods differ, and workloads that talk to themselves.

use serde_json::Value;

use super::{run, with_input};

/// Two replicas, of which a policy isolates one, and a pod beside them.
const DIFFERENT: &str = "
apiVersion: v1
kind: Pod
metadata: {name: w-1, namespace: x, labels: {app: w, v: a}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: w, uid: u, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: w-2, namespace: x, labels: {app: w}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: w, uid: u, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: x, labels: {app: other}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: x}
spec: {podSelector: {matchLabels: {v: a}}, policyTypes: [Ingress, Egress]}
";

fn document(args: &[&str], input: &str) -> Value {
    let (_, out, err) = with_input(&[args, &["-f", "-", "-o", "json"]].concat(), input);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{args:?}: {out}{err}"))
}

#[test]
fn an_answer_about_the_outside_says_that_replicas_differ() {
    for (from, to) in [
        ("192.0.2.1", "x/w"),
        ("192.0.2.0/24", "x/w"),
        ("internet", "x/w"),
        ("x/w", "192.0.2.1"),
        ("x/other", "x/w"),
    ] {
        let answer = document(&["can", from, to, "80"], DIFFERENT);
        assert_eq!(answer["partial"], true, "{from} -> {to}: {answer}");
    }
    let answer = document(&["can", "192.0.2.1", "x/other", "80"], DIFFERENT);
    assert_ne!(answer["partial"], true, "{answer}");
}

#[test]
fn exposure_says_that_replicas_differ() {
    let exposure = document(&["exposure", "x/w"], DIFFERENT);
    let endpoint = &exposure["endpoints"][0];
    for side in ["ingress", "egress"] {
        assert_eq!(endpoint[side]["isolated"], false, "{exposure}");
        assert_eq!(endpoint[side]["partial"], true, "{exposure}");
    }
    let (_, out, _) = with_input(&["exposure", "x/w", "-f", "-"], DIFFERENT);
    assert!(out.contains("some pods"), "{out}");
}

/// One policy takes the rules of both directions.
#[test]
fn a_workload_that_may_not_reach_itself_has_a_repair() {
    let input = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: w, namespace: x}
spec: {replicas: 2, selector: {matchLabels: {app: w}}, template: {metadata: {labels: {app: w}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: x, labels: {app: other}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: x}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
";
    let explained = document(&["explain", "x/w", "x/w", "80"], input);
    let edits = explained["repair"]["edit"].as_array().unwrap();
    let [edit] = &edits[..] else { panic!("{edits:#?}") };
    let repaired = format!("{input}---\n{}", edit["manifest"].as_str().unwrap());
    let (code, out, err) = with_input(&["can", "x/w", "x/w", "80", "-f", "-"], &repaired);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn a_repair_admits_all_that_was_asked_about_or_says_what_it_admits() {
    let explain = |from: &str, to: &str, port: &str| {
        let with = ["explain", from, to, port, "-f", "examples/shop", "-o", "json"];
        let (_, out, err) = run(&with);
        let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        document["repair"].clone()
    };
    for (from, to, port) in [
        ("shop/web", "shop/migrate", "8000-8003/tcp"),
        ("shop/web", "shop/migrate", "any"),
        ("shop/api", "198.51.100.0/24", "443"),
        ("shop/api", "internet", "443"),
        ("2001:db8::/64", "shop/db", "5432"),
    ] {
        let repair = explain(from, to, port);
        assert_eq!(repair["only"], Value::Null, "{repair}");
        let edits = repair["edit"].as_array().unwrap();
        let mut with = vec!["can", from, to, port, "-f", "examples/shop"];
        let files: Vec<String> = (0..edits.len())
            .map(|at| {
                let name = format!("fallgate-repair-{}-{at}.yaml", std::process::id());
                std::env::temp_dir().join(name).to_str().unwrap().to_owned()
            })
            .collect();
        for (file, edit) in files.iter().zip(edits) {
            std::fs::write(file, edit["manifest"].as_str().unwrap()).unwrap();
            with.extend(["--add-file", file]);
        }
        let (code, out, err) = run(&with);
        files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
        assert_eq!(code, 0, "{port}: {out}{err}");
    }
    // What is carved into more blocks than anybody reviews.
    let pod = |at: u8| {
        format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{at}, namespace: shop, labels: {{app: p{at}}}}}, status: {{podIP: 10.0.0.{at}}}}}\n"
        )
    };
    let policy = "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress]}}\n";
    let input = (1..40).step_by(2).map(pod).collect::<String>() + policy;
    let (_, out, _) = with_input(&["explain", "shop/p1", "internet", "443", "-f", "-"], &input);
    assert!(out.contains(" 443/tcp, and no more of it\n"), "{out}");
}
