//! What is said beside an answer, and in place of one.

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use super::{run, with_input};

fn shop(args: &[&str]) -> (i32, String, String) {
    run(&[args, &["-f", "examples/shop"]].concat())
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&shop(&[args, &["-o", "json"]].concat()).1).unwrap()
}

#[test]
fn a_misspelt_port_is_told_with_the_nearest() {
    for to in ["shop/api", "shop/svc/api"] {
        let (code, _, err) = shop(&["can", "shop/web", to, "htpp"]);
        assert_eq!(code, 2);
        assert!(err.ends_with("help: did you mean `http`?\n"), "{err}");
        assert_eq!(shop(&["explain", "shop/web", to, "htpp"]).2, err);
    }
    let (_, _, err) = shop(&["map", "--port", "metrcis"]);
    assert!(err.ends_with("help: did you mean `metrics`?\n"), "{err}");
    // What is like none is told with all there are.
    let (_, _, err) = shop(&["can", "shop/web", "shop/api", "nope"]);
    assert!(err.ends_with("help: its ports are called http, metrics\n"), "{err}");
}

#[test]
fn the_port_of_a_service_is_not_the_port_of_its_pods() {
    let said = "service shop/api maps 80/tcp to 9090/tcp, which is what policies see; \
                ask for 9090/tcp, or for shop/svc/api";
    for command in ["can", "explain"] {
        let (code, out, _) = shop(&[command, "shop/web", "shop/api", "80"]);
        assert_eq!(code, 1);
        assert!(out.contains(&format!("  note: {said}\n")), "{out}");
        assert_eq!(json(&[command, "shop/web", "shop/api", "80"])["notes"][0], said);
        // Neither on the port of the pod nor through the service is there a doubt.
        for (to, port) in [("shop/api", "9090"), ("shop/svc/api", "80"), ("shop/api", "81")] {
            let notes = &json(&[command, "shop/web", to, port])["notes"];
            let notes = notes.to_string();
            assert!(!notes.contains("maps"), "{to} {port}: {notes}");
        }
    }
    let test = "tests: [{from: shop/web, to: shop/api, port: 80, expect: allowed}]";
    let (_, out, _) = with_input(&["test", "-", "-f", "examples/shop"], test);
    assert!(out.contains(&format!("  note: {said}\n")), "{out}");
}

#[test]
fn where_there_is_no_repair_it_says_why() {
    // The pods of a node's network have no address in this input.
    let cluster = "
apiVersion: v1
kind: Namespace
metadata: {name: x}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: x, labels: {app: agent}}
spec: {hostNetwork: true, containers: [{name: c}], nodeName: node-1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: x, labels: {app: web}}
spec: {containers: [{name: c}], nodeName: node-2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: x}
spec: {podSelector: {matchLabels: {app: web}}}
";
    let explain = ["explain", "x/agent", "x/web", "80", "-f", "-"];
    let (code, out, _) = with_input(&explain, cluster);
    assert_eq!(code, 1);
    let said = "no edit admits it for certain: a rule could name the peer by its address only, \
                which is not in the input";
    assert!(out.ends_with(&format!("\n\n  note: {said}\n")), "{out}");
    let (_, out, _) = with_input(&[&explain[..], &["-o", "json"]].concat(), cluster);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["notes"][0], &document["repair"]), (&said.into(), &Value::Null));
    let (_, out, _) = with_input(&[&explain[..], &["-o", "md"]].concat(), cluster);
    assert!(out.contains(&format!("Note: {said}\n")), "{out}");
    // What is no policy's doing cannot be undone by one.
    let dual = ["explain", "edge/legacy", "edge/modern", "443", "-f", "examples/dual-stack"];
    let (_, out, _) = run(&dual);
    assert!(out.contains("for certain: the two have no address family in common"), "{out}");
}

/// The port that is printed for `any` is one that the destination is there for.
#[test]
fn many_ports_are_shown_by_one_that_somebody_listens_on() {
    let (_, out, _) = shop(&["can", "shop/web", "shop/db"]);
    assert_data_eq!(
        out,
        str![[r#"
denied: shop/web -> shop/db on any port
  because of shop/web -> shop/db 5432/tcp
  egress  denied   NetworkPolicy shop/default-deny: [..]
  ingress unknown  NetworkPolicy shop/db, ingress[0]: [..]

"#]]
    );
    let document = json(&["can", "shop/web", "shop/db"]);
    assert_eq!((&document["protocol"], &document["port"]), (&"TCP".into(), &5432.into()));
    assert_eq!(document["asked"]["port"], "any");
    assert_eq!(document["counterexample"]["port"], 5432);
    // Of what is partly allowed, one that is not.
    assert_eq!(json(&["can", "shop/api", "shop/db"])["port"], 9187);
}

#[test]
fn text_and_json_give_the_same_reason() {
    for (from, to, port) in [
        ("shop/web", "shop/api", "9090"),
        ("oncall-tools/debug", "shop/db", "5432"),
        ("shop/web", "shop/db", "any"),
        ("internet", "shop/*", "any"),
        ("shop/ing/web", "shop/web", "8080"),
        ("shop/web", "shop/svc/api", "80"),
    ] {
        let (code, out, _) = shop(&["explain", from, to, port]);
        let document = json(&["can", from, to, port]);
        let reason = document["reason"].as_str().unwrap();
        assert!(!reason.is_empty());
        assert_eq!(out.lines().nth(1).unwrap_or_default(), format!("  {reason}"), "{out}");
        let verdict = document["verdict"].as_str().unwrap();
        assert!(out.starts_with(&format!("{verdict}: ")), "{out}");
        // `can` says the reason in a line for each side that has it.
        let (same, out, _) = shop(&["can", from, to, port]);
        assert_eq!(same, code);
        for side in ["egress", "ingress"] {
            let decided = document[side]["reason"].as_str().unwrap_or_default();
            assert!(out.contains(decided), "{decided}: {out}");
        }
        assert!(
            reason.split("; ").all(|part| {
                let part = part.split_once(": ").map_or(part, |(_, rest)| rest);
                out.contains(part.rsplit(": ").next().unwrap_or(part))
            }),
            "{reason}: {out}"
        );
    }
}
