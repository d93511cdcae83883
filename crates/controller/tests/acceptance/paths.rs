//! Short narrow paths: exactly what was asked for opens, and nothing else.

use fallgate_sim::people;
use serde_json::{Value, json};

use crate::town::{JUMP_HOST, Town, changes, db, debug, frank, pods, stamp};

/// H1, a tool pod to the database's pods: nothing before the decision, exactly the
/// path while the grant lasts, and afterwards what there was.
#[tokio::test(start_paused = true)]
async fn h1_pod_to_pod() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.ask("a", json!({"durationSeconds": 300}));
    town.until_phase("a", "PendingApproval").await;
    assert_eq!(town.paths(), before, "asking opens nothing");
    town.approve("a").await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    let expires = town.expires("a");
    town.pass_until(expires - std::time::Duration::from_secs(5)).await;
    assert_eq!(changes(&before, &town.paths()), expected);
    town.pass_until(expires + std::time::Duration::from_secs(2)).await;
    assert_eq!(town.paths(), before);
    assert_eq!(town.end_reason("a"), "Expired");
}

/// H1, a pod to a Service: what opens is what the Service leads to when it is
/// planned, by its pods and their ports.
#[tokio::test(start_paused = true)]
async fn h1_pod_to_service() {
    let mut town = Town::new().await;
    town.admin(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 443, "targetPort": 5432}]},
    }));
    let to = json!({"service": {"name": "db"}});
    let ports = json!([{"protocol": "TCP", "port": 443}]);
    town.policy("shop", "db-service", json!({"from": [debug()], "to": to, "ports": ports}));
    let before = town.paths();
    let named = json!({"kind": "AccessPolicy", "name": "db-service"});
    town.open("a", json!({"policyRef": named, "to": to, "ports": ports})).await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    town.decide(&people::alice(), "a", "Withdrawn");
    town.until_closed(20).await;
    assert_eq!(town.paths(), before);
}

/// H1, a job of continuous integration to the API of staging: runners are a
/// namespace and a label, and only those of this pipeline get through.
#[tokio::test(start_paused = true)]
async fn h1_ci_job_to_staging_api() {
    let mut town = Town::new().await;
    town.namespace("ci", false);
    town.namespace("staging", true);
    town.pod("ci", "deploy", json!({"pipeline": "shop"}));
    town.pod("ci", "other", json!({"pipeline": "blog"}));
    town.pod("staging", "api", json!({"app": "api"}));
    town.pod("staging", "db", json!({"app": "db"}));
    town.settle().await;
    let from = pods("ci", json!({"pipeline": "shop"}));
    let to = json!({"podSelector": {"matchLabels": {"app": "api"}}});
    let ports = json!([{"protocol": "TCP", "port": 8080}]);
    town.policy("staging", "ci", json!({"from": [from], "to": to, "ports": ports}));
    let before = town.paths();
    let named = json!({"kind": "AccessPolicy", "name": "ci"});
    let more = json!({
        "policyRef": named, "from": from, "to": to, "ports": ports, "durationSeconds": 120,
    });
    town.ask_as(&people::alice(), "staging", "a", more);
    town.until_phase_in("staging", "a", "PendingApproval").await;
    town.decide_with(&people::bob(), ("staging", "a"), "Approved", json!({}));
    town.until_phase_in("staging", "a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), ["+ ci/deploy -> staging/api:8080"]);
    // The job is over, and nobody gives the path back.
    town.pass(125).await;
    assert_eq!(town.paths(), before);
    // A ServiceAccount is none that packets carry.
    let from = json!({"namespace": "ci", "serviceAccount": "deployer"});
    let asked = town.request(&people::alice(), "staging", "b", json!({"from": from}));
    let refusal = town.shop.sim.create(&people::alice(), &asked).unwrap_err();
    assert!(refusal.message.contains("erviceAccount"), "{}", refusal.message);
}

/// H1, the path of an incident: it is there while there is one, for who is on it,
/// and goes with it.
#[tokio::test(start_paused = true)]
async fn h1_incident_path() {
    let mut town = Town::new().await;
    town.amend(json!({"enabled": "DuringIncident"}));
    let before = town.paths();
    let bob = people::bob();
    let ends = town.shop.sim.now() + std::time::Duration::from_secs(3600);
    let incident = town.shop.create(
        &bob,
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessIncident",
            "metadata": {"name": "slow", "namespace": "shop"},
            "spec": {
                "declaredBy": crate::shop::identity(&bob), "ticket": "INC-7",
                "severity": "High", "endsAt": stamp(ends),
            },
        }),
    );
    let named = json!({"name": "slow", "uid": incident["metadata"]["uid"]});
    let more = json!({"incidentRef": named, "until": "incidentResolved", "ticket": "INC-7"});
    town.open("a", more).await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    let path = "/apis/access.fallgate.dev/v1alpha1/namespaces/shop/accessincidents/slow";
    town.shop.patch(&bob, path, json!({"spec": {"resolved": true}}));
    town.until_closed(20).await;
    assert_eq!(town.paths(), before);
}

/// What is there to be jumped over, isolated as production is.
fn jump(town: &Town) -> (Value, Value) {
    town.close("oncall-tools");
    let jump = json!({"cidrs": [format!("{JUMP_HOST}/32")]});
    let via = json!({"endpoint": debug(), "ports": [{"protocol": "TCP", "port": 22}]});
    town.policy("shop", "over-jump", json!({"from": [jump], "via": via, "to": db()}));
    (jump, via)
}

/// H4: a path over a jump host and a tool pod is two legs of one grant. Peers of
/// one rule are alternatives: the jump host never reaches the database itself, and
/// its neighbour nothing.
#[tokio::test(start_paused = true)]
async fn h4_a_jump_host_and_a_tool_pod_are_two_legs_of_one_grant() {
    let mut town = Town::new().await;
    let (jump, via) = jump(&town);
    let before = town.paths();
    let named = json!({"kind": "AccessPolicy", "name": "over-jump"});
    let more = json!({"policyRef": named, "from": jump, "via": via, "durationSeconds": 600});
    town.ask("a", more);
    town.until_phase("a", "PendingApproval").await;
    let plan = &town.get("accessrequests", "shop", "a")["status"]["plan"];
    assert_eq!(plan["decisionNamespaces"], json!(["shop", "oncall-tools"]));
    for namespace in ["shop", "oncall-tools"] {
        let there = json!({});
        assert_eq!(town.paths(), before);
        decide_in(&town, namespace, "a", there);
    }
    town.until_phase("a", "Active").await;
    let expected =
        ["+ 192.0.2.10 -> oncall-tools/debug-0:22", "+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    assert_eq!(town.shop.objects(), (2, 3), "one switch for each namespace, one grant");
    // One leg gone, both are.
    let uid = town.uid("a");
    let switch = format!("/apis/batch/v1/namespaces/oncall-tools/jobs/fallgate-{uid}");
    let background = json!({"propagationPolicy": "Background"});
    town.send(&people::admin(), "DELETE", &switch, background).unwrap();
    town.until_closed(20).await;
    assert_eq!(town.paths(), before);
}

/// Bob decides about a request of the shop in another namespace.
fn decide_in(town: &Town, namespace: &str, name: &str, more: Value) {
    let request = town.get("accessrequests", "shop", name);
    let mut decision = town.decision(&people::bob(), &request, "Approved");
    decision["metadata"]["namespace"] = json!(namespace);
    for (key, value) in more.as_object().unwrap() {
        decision["spec"][key] = value.clone();
    }
    town.shop.create(&people::bob(), decision);
}

/// H4: an engineer's workstation is an address that is theirs alone.
#[tokio::test(start_paused = true)]
async fn h4_a_workstation_is_its_engineers_own() {
    let mut town = Town::new().await;
    let own = |user: &str, cidr: &str| json!({"workstations": [{"user": user, "cidrs": [cidr]}]});
    let (alices, franks) = (own("alice", "198.51.100.7/32"), own("frank", "203.0.113.9/32"));
    town.policy("shop", "from-desks", json!({"from": [alices, franks], "to": db()}));
    let named = json!({"kind": "AccessPolicy", "name": "from-desks"});
    let before = town.paths();
    town.open("a", json!({"policyRef": named, "from": alices})).await;
    assert_eq!(changes(&before, &town.paths()), ["+ 198.51.100.7 -> shop/db-0:5432"]);
    // Nobody opens from a desk of somebody else's, and nobody names another address
    // as their own.
    let more = json!({"policyRef": named, "from": alices});
    let foreign = town.request(&frank(), "shop", "b", more);
    let refusal = town.shop.sim.create(&frank(), &foreign).unwrap_err();
    assert!(refusal.message.contains("must be the caller's own"), "{}", refusal.message);
    let elsewhere = own("frank", "198.51.100.7/32");
    town.ask_as(&frank(), "shop", "c", json!({"policyRef": named, "from": elsewhere}));
    town.shop
        .until(&mut town.controller, 60, |shop| crate::town::phase(shop, "shop", "c") == "Denied")
        .await;
    assert_eq!(changes(&before, &town.paths()), ["+ 198.51.100.7 -> shop/db-0:5432"]);
}

/// H4: who is on call works from a namespace of its own, and a label alone, or the
/// namespace alone, opens nothing.
#[tokio::test(start_paused = true)]
async fn h4_support_tools_are_a_namespace_and_a_label() {
    let mut town = Town::new().await;
    town.namespace("playground", false);
    town.pod("playground", "pretender", json!({"role": "debug"}));
    town.pod("oncall-tools", "dashboard", json!({"role": "dashboard"}));
    town.settle().await;
    let before = town.paths();
    town.open("a", json!({})).await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
}
