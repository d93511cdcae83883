//! Many assertions in one process.

use std::fmt::Write as _;

use serde_json::Value;

use super::with_input;

/// Every third holds, every third fails and every third cannot be decided: the
/// block may or may not be the addresses of pods.
#[test]
fn ten_thousand_assertions_are_one_process() {
    const PODS: usize = 50;
    const ASSERTIONS: usize = 10_000;
    let mut cluster = String::new();
    for pod in 0..PODS {
        let _ = write!(
            cluster,
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{pod}, namespace: x, labels: {{app: p{pod}}}}}\n---\n"
        );
    }
    cluster.push_str(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: x}
spec:
  podSelector: {}
  ingress:
    - ports: [{port: 1}]
    - from: [{ipBlock: {cidr: 10.0.0.0/8}}]
      ports: [{port: 3}]
",
    );
    let mut tests = String::from("tests:\n");
    for at in 0..ASSERTIONS {
        let (from, to, port) = (at % PODS, (at / PODS + at + 1) % PODS, at % 3 + 1);
        let to = if from == to { (to + 1) % PODS } else { to };
        let _ =
            writeln!(tests, "  - {{from: x/p{from}, to: x/p{to}, port: {port}, expect: allowed}}");
    }
    let file = std::env::temp_dir().join(format!("fallgate-batch-{}.yaml", std::process::id()));
    std::fs::write(&file, tests).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, err) = with_input(&["test", path, "-f", "-", "-o", "json"], &cluster);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code, 1, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let results = document["results"].as_array().unwrap();
    assert_eq!(results.len(), ASSERTIONS);
    for (at, result) in results.iter().enumerate() {
        let wanted = ["allowed", "denied", "unknown"][at % 3];
        assert_eq!(result["verdict"], wanted, "{result}");
        assert_eq!(result["source"]["line"], at + 2, "{result}");
    }
    let counts = ["passed", "failed", "unknown"].map(|name| document[name].as_u64().unwrap());
    assert_eq!(counts, [3334, 3333, 3333]);
}

/// Nobody knows what the text that is no YAML was: `*` may lack a pod.
#[test]
fn an_assertion_about_everybody_is_not_passed_where_a_text_is_lost() {
    let lost = "apiVersion: v1
kind: Pod
metadata: {name: a, namespace: x}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: x
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: x}
spec: {podSelector: {}}
";
    let assertions = "tests: [{from: '*', to: x/a, port: 80, expect: denied}]\n";
    let file = std::env::temp_dir().join(format!("fallgate-lost-{}.yaml", std::process::id()));
    std::fs::write(&file, assertions).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, err) = with_input(&["test", path, "-f", "-"], lost);
    let (whole, _, _) = with_input(&["test", path, "-f", "-"], &lost.replace("x\n---", "x}\n---"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!((code, whole), (3, 0), "{out}{err}");
}

#[test]
fn wrong_assertion_files_get_advice_for_whoever_wrote_them() {
    let one = "tests: [{from: x/a, to: x/b, port: 80, expect: denied}]\n";
    for (text, help) in [
        (format!("{one}{one}"), "merge the two into one"),
        (format!("{one}---\n{one}"), "a file of its own"),
    ] {
        let (code, _, err) = with_input(&["test", "-", "-f", "examples/shop"], &text);
        assert_eq!(code, 2, "{err}");
        assert!(
            err.contains(help) && !err.contains("from_") && !err.contains("Policy in"),
            "{err}"
        );
    }
}
