//! Nodes as ends.

use serde_json::Value;

use super::{run, with_input};

fn ask(args: &[&str]) -> (i32, String, String) {
    run(&[args, &["-f", "examples/dual-stack"]].concat())
}

#[test]
fn a_map_lists_a_node_that_is_named() {
    let (code, out, err) = ask(&["map", "--from", "node/node-b", "-o", "json"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let found: Vec<(&Value, &Value)> = (document["connections"].as_array().unwrap().iter())
        .map(|c| {
            assert_eq!(c["from"], serde_json::json!({"node": "node-b"}));
            (&c["to"], &c["ports"])
        })
        .collect();
    let has = |is: &dyn Fn(&Value) -> bool| found.iter().find(|(to, _)| is(to)).map(|(_, p)| *p);
    // It runs on this node, and no policy keeps a node from its own pods.
    assert_eq!(has(&|to| to["name"] == "modern").unwrap(), "all");
    assert_eq!(has(&|to| to["node"] == "node-a").unwrap(), "all");
    assert_eq!(has(&|to| to["cidrs"].is_array()).unwrap(), "all");

    // Its policy keeps every other node out.
    let (code, out, err) = ask(&["map", "--from", "node/node-a", "--to", "edge/modern"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", "no connection is allowed\n"));
    let (_, out, _) = ask(&["map", "--to", "node/node-a", "-o", "csv"]);
    assert!(out.contains(",Node,node-b,,Node,node-a,all,"), "{out}");
    assert!(out.contains("edge,Pod,modern,,Node,node-a,all,"), "{out}");
    let (_, both, _) = ask(&["map", "--from", "node/node-b", "--to", "node/node-a", "-o", "csv"]);
    assert_eq!(both.lines().count(), 2, "{both}");
    // A map that names none has no row for any.
    assert!(!ask(&["map", "-o", "csv"]).1.contains(",Node,"));
}

#[test]
fn a_map_agrees_with_single_answers_about_nodes() {
    let (_, out, _) = ask(&["map", "--from", "node/node-a", "--pods", "-o", "json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    let reached: Vec<&str> = (document["connections"].as_array().unwrap().iter())
        .filter_map(|c| c["to"]["name"].as_str())
        .collect();
    for pod in ["gateway", "legacy", "mirror", "modern"] {
        let wanted = if reached.contains(&pod) { 0 } else { 1 };
        let (code, out, err) = ask(&["can", "node/node-a", &format!("edge/{pod}"), "443"]);
        assert_eq!(code, wanted, "{out}{err}");
    }
}

#[test]
fn a_compromised_node_reaches_what_it_may() {
    let (code, out, err) = ask(&["blast", "node/node-b", "-o", "json"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["start"], serde_json::json!([{"node": "node-b"}]));
    let reached = document["reached"].as_array().unwrap();
    let modern = reached.iter().find(|r| r["endpoint"]["name"] == "modern").unwrap();
    assert_eq!((&modern["hop"], &modern["via"]["node"]), (&1.into(), &"node-b".into()));
    assert!(reached.iter().all(|r| r["endpoint"]["node"].is_null()), "{out}");
    // By its address it is the same.
    assert_eq!(ask(&["blast", "192.0.2.12", "-o", "json"]).1, out);
    assert!(ask(&["blast", "node/node-b", "-o", "dot"]).1.contains("node-b"));
}

#[test]
fn nodes_have_names_of_their_own() {
    let (code, out, _) = ask(&["can", "node/node-b", "edge/modern", "443"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("allowed: node/node-b -> edge/modern 443/tcp\n"), "{out}");
    let (code, _, err) = ask(&["can", "node/node-c", "edge/modern", "443"]);
    assert_eq!(code, 2);
    assert!(err.contains("no node `node-c`") && err.contains("`node/node-a`"), "{err}");
    let (code, _, err) = ask(&["exposure", "node/node-b"]);
    assert_eq!(code, 2);
    assert!(err.contains("policies isolate pods only") && err.contains("map --to"), "{err}");
    let (code, _, err) = run(&["map", "--from", "node/x", "-f", "examples/shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("the input has no node"), "{err}");
}

#[test]
fn a_namespace_may_be_called_node() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: node}\n";
    let node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: x}\n";
    let ask = |input: &str| with_input(&["can", "node/x", "internet", "443", "-f", "-"], input);
    assert_eq!(ask(pod).0, 0);
    let (code, _, err) = ask(&format!("{pod}{node}"));
    assert_eq!(code, 2);
    assert!(err.contains("is a node and a workload") && err.contains("node/Pod/x"), "{err}");
}
