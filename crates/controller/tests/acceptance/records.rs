//! What stands in the record, and who is behind what is open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fallgate_ledger::Entry;
use fallgate_sim::people;
use serde_json::json;
use tokio::sync::Notify;

use crate::shop::Shop;
use crate::town::{GROUP, Town, changes, dave, db, debug, erin, frank, phase};

const OPENED: [&str; 1] = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];

fn told(town: &Town, subject: &str) -> Vec<Entry> {
    let mut record = town.shop.record();
    record.retain(|entry| entry.event.subject == subject);
    record
}

fn uid_of(object: &serde_json::Value) -> String {
    object["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// H2: every policy that is there for a while has an end, an owner, and an entry in
/// the record that came before it.
#[tokio::test(start_paused = true)]
async fn h2_what_is_opened_has_an_expiry_an_owner_and_an_entry() {
    let mut town = Town::new().await;
    town.close("oncall-tools");
    town.ask("a", json!({"durationSeconds": 600}));
    town.until_phase("a", "PendingApproval").await;
    let request = town.get("accessrequests", "shop", "a");
    for namespace in ["shop", "oncall-tools"] {
        let mut decision = town.decision(&people::bob(), &request, "Approved");
        decision["metadata"]["namespace"] = json!(namespace);
        town.shop.create(&people::bob(), decision);
    }
    town.until_phase("a", "Active").await;
    let uid = town.uid("a");
    let opening = told(&town, &uid).into_iter().find(|entry| entry.event.kind.name() == "opening");
    let opening = opening.unwrap();
    let (now, expires) = (town.shop.sim.now(), town.expires("a"));
    let seen = town.shop.sim.view(|view| {
        let switches = view.list("batch", "jobs", None);
        let mut seen = 0;
        for policy in view.list("networking.k8s.io", "networkpolicies", None) {
            let metadata = &policy["metadata"];
            let labels = &metadata["labels"];
            if labels["access.fallgate.dev/canary"].is_string() {
                continue;
            }
            if labels["access.fallgate.dev/baseline"].is_string() {
                continue;
            }
            // Everything that opens anything is a grant's.
            assert_eq!(labels["access.fallgate.dev/grant"], json!(uid), "{policy:#}");
            let said = &metadata["annotations"];
            assert_eq!(said["access.fallgate.dev/requested-by"], "alice");
            assert_eq!(said["access.fallgate.dev/grant-name"], "shop/a");
            let until = said["access.fallgate.dev/expires-at"].as_str().unwrap();
            assert_eq!(until.parse::<jiff::Timestamp>().unwrap(), expires);
            let [owner] = metadata["ownerReferences"].as_array().unwrap().as_slice() else {
                panic!("{policy:#}")
            };
            let switch = switches.iter().find(|job| job["metadata"]["uid"] == owner["uid"]);
            let spec = &switch.unwrap()["spec"];
            assert!(spec["activeDeadlineSeconds"].as_i64().unwrap() <= 600);
            let made: jiff::Timestamp =
                metadata["creationTimestamp"].as_str().unwrap().parse().unwrap();
            // A creation is told in whole seconds.
            assert!(opening.event.time <= made + Duration::from_secs(1), "{policy:#}");
            seen += 1;
        }
        seen
    });
    assert_eq!(seen, 2);
    assert!(now < expires);
    // The team that owns it stands in its policy, which must name one.
    let policy = town.get("accesspolicies", "shop", "oncall-db");
    assert_eq!(policy["spec"]["owner"]["team"], "shop");
    let mut nobodys = policy;
    nobodys["metadata"] = json!({"name": "nobodys", "namespace": "shop"});
    nobodys["spec"]["owner"] = json!(null);
    let refusal = town.shop.sim.create(&crate::town::grace(), &nobodys).unwrap_err();
    assert!(refusal.message.contains("owner"), "{}", refusal.message);
}

/// H8: whatever is asked and decided is recorded, whoever it was and whatever came
/// of it, and the record holds together.
#[tokio::test(start_paused = true)]
async fn h8_all_requests_and_decisions_are_recorded() {
    let mut town = Town::new().await;
    town.amend(json!({"pendingSeconds": 120}));
    let mut asked = BTreeSet::new();
    for name in ["denied", "withdrawn", "expired", "opened"] {
        asked.insert(uid_of(&town.ask(name, json!({"durationSeconds": 60}))));
    }
    let named = json!({"kind": "AccessPolicy", "name": "no-such"});
    asked.insert(uid_of(&town.ask("refused", json!({"policyRef": named}))));
    for name in ["denied", "withdrawn", "expired", "opened"] {
        town.until_phase(name, "PendingApproval").await;
    }
    town.decide(&people::bob(), "denied", "Denied");
    town.decide(&people::alice(), "withdrawn", "Withdrawn");
    town.decide(&people::bob(), "opened", "Approved");
    town.decide(&dave(), "opened", "Approved");
    town.until_phase("opened", "Active").await;
    town.pass(200).await;
    for (name, expected) in [
        ("denied", "Denied"),
        ("withdrawn", "Withdrawn"),
        ("expired", "ApprovalExpired"),
        ("opened", "Ended"),
        ("refused", "Denied"),
    ] {
        assert_eq!(town.phase(name), expected, "{name}");
    }
    // Reading it checks every hash and its place in the chain.
    let record = town.shop.record();
    let all =
        |kind: &'static str| record.iter().filter(move |entry| entry.event.kind.name() == kind);
    let requests: BTreeSet<String> = all("request").map(|e| e.event.subject.clone()).collect();
    assert_eq!(requests, asked);
    assert!(all("request").all(|entry| entry.event.actor.username == "alice"));
    let decisions: BTreeSet<(String, String)> = all("decision")
        .map(|entry| {
            let verdict = serde_json::to_value(&entry.event.details["verdict"]).unwrap();
            (entry.event.actor.username.clone(), verdict.as_str().unwrap().to_owned())
        })
        .collect();
    let expected =
        [("alice", "Withdrawn"), ("bob", "Approved"), ("bob", "Denied"), ("dave", "Approved")];
    let expected = expected.map(|(who, verdict)| (who.to_owned(), verdict.to_owned()));
    assert_eq!(decisions, BTreeSet::from(expected));
    // What never opened has a last word, too.
    assert_eq!(all("failure").count(), 4);
    assert_eq!(all("end").count(), 1);
}

/// H9: the step that this proves so far is what a review begins and ends with: the
/// record tells which policies are asked for and which nobody uses, and removing
/// one takes nothing from anybody else. Which of what is open is really used needs
/// live flows, which come later.
#[tokio::test(start_paused = true)]
async fn h9_the_record_tells_which_policies_nobody_uses() {
    let mut town = Town::new().await;
    for name in ["never-asked", "never-approved"] {
        let web = json!({"podSelector": {"matchLabels": {"app": "web"}}});
        town.policy("shop", name, json!({"from": [debug()], "to": web}));
    }
    let before = town.paths();
    town.open("a", json!({"durationSeconds": 60})).await;
    town.pass(65).await;
    town.open("b", json!({"durationSeconds": 3600})).await;
    let named = json!({"kind": "AccessPolicy", "name": "never-approved"});
    let web = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    town.ask("c", json!({"policyRef": named, "to": web}));
    town.until_phase("c", "PendingApproval").await;
    town.decide(&people::bob(), "c", "Denied");
    town.pass(20).await;
    // Collect.
    let record = town.shop.record();
    let mut uses: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let policies = format!("{GROUP}/namespaces/shop/accesspolicies");
    let all = town.shop.sim.request(&people::carol(), "GET", &policies, None).unwrap();
    for policy in all["items"].as_array().unwrap() {
        uses.insert(policy["metadata"]["name"].as_str().unwrap().to_owned(), (0, 0));
    }
    for request in record.iter().filter(|entry| entry.event.kind.name() == "request") {
        let policy = serde_json::to_value(&request.event.details["policy"]).unwrap();
        let (asked, opened) = uses.get_mut(policy.as_str().unwrap()).unwrap();
        *asked += 1;
        let own = &request.event.objects[0];
        *opened += record
            .iter()
            .filter(|e| e.event.kind.name() == "opening" && e.event.objects.contains(own))
            .count();
    }
    let expected = [("never-approved", (1, 0)), ("never-asked", (0, 0)), ("oncall-db", (2, 2))];
    assert_eq!(uses, expected.map(|(name, uses)| (name.to_owned(), uses)).into());
    // Remove, and look again: what is used goes on.
    for name in ["never-asked", "never-approved"] {
        let path = format!("{policies}/{name}");
        town.send(&crate::town::grace(), "DELETE", &path, json!({})).unwrap();
    }
    town.pass(30).await;
    assert_eq!(town.phase("b"), "Active");
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// H10: behind whatever is open stand two people by name, who asked and who agreed;
/// the policy's last author cannot be forged, and whoever changes a policy or locks
/// stands in the record as well.
#[tokio::test(start_paused = true)]
async fn h10_what_is_open_is_linked_to_people() {
    let mut town = Town::new().await;
    town.open("a", json!({"ticket": "INC-7"})).await;
    let uid = town.uid("a");
    let entries = told(&town, &uid);
    let opening = entries.iter().find(|entry| entry.event.kind.name() == "opening").unwrap();
    let request = opening.event.objects.iter().find(|object| object.kind == "AccessRequest");
    let people: BTreeSet<(String, String)> = told(&town, &request.unwrap().uid)
        .into_iter()
        .map(|entry| (entry.event.kind.name().to_owned(), entry.event.actor.username))
        .collect();
    let expected = [("request", "alice"), ("decision", "bob")];
    assert_eq!(people, expected.map(|(kind, who)| (kind.to_owned(), who.to_owned())).into());
    assert!(entries.iter().all(|entry| entry.event.ticket.as_deref() == Some("INC-7")));
    // Nobody writes under another one's name.
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    let forged = json!({
        "metadata": {"annotations": {"access.fallgate.dev/author": "bob"}},
        "spec": {"description": "mine"},
    });
    let result = town.send(&crate::town::grace(), "PATCH", &path, forged);
    assert_eq!(crate::town::refused(result), "fallgate-policies");
    let own = json!({
        "metadata": {"annotations": {"access.fallgate.dev/author": "grace"}},
        "spec": {"description": "mine"},
    });
    town.send(&crate::town::grace(), "PATCH", &path, own).unwrap();
    town.shop.create(
        &erin(),
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessLock",
            "metadata": {"name": "freeze", "namespace": "shop"},
            "spec": {
                "lockedBy": crate::shop::identity(&erin()), "all": true, "reason": "an audit",
            },
        }),
    );
    town.pass(30).await;
    let by = |kind: &str, who: &str| {
        let record = town.shop.record();
        record.iter().any(|e| e.event.kind.name() == kind && e.event.actor.username == who)
    };
    assert!(by("policy-change", "grace") && by("lock", "erin"));
}

/// H10: who may revoke does so in real time. The controller runs as it does in a
/// cluster: what it watches wakes it.
#[tokio::test(start_paused = true)]
async fn h10_revocation_is_in_real_time() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({})).await;
    let Town { shop, controller } = &mut town;
    let stop = Arc::new(Notify::new());
    let stopper = stop.clone();
    let revoke = async {
        // Not when it looks anyway.
        tokio::time::sleep(Duration::from_millis(33_300)).await;
        let request = shop.sim.view(|view| {
            let found =
                view.get("access.fallgate.dev", "accessrequests", Some("shop"), "a").cloned();
            found.unwrap()
        });
        let requested = &request["spec"]["requestedBy"];
        shop.create(
            &erin(),
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
                "metadata": {"generateName": "a-", "namespace": "shop"},
                "spec": {
                    "requestRef": {
                        "namespace": "shop", "name": "a", "uid": request["metadata"]["uid"],
                    },
                    "policyRef": request["spec"]["policyRef"],
                    "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
                    "decidedBy": crate::shop::identity(&erin()),
                    "verdict": "Revoked",
                },
            }),
        );
        let start = shop.sim.now();
        while shop.objects() != (0, 0) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(shop.sim.now().duration_since(start).as_secs() < 60);
        }
        let took = shop.sim.now().duration_since(start);
        while phase(shop, "shop", "a") != "Ended" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(shop.sim.now().duration_since(start).as_secs() < 60);
        }
        stopper.notify_one();
        took
    };
    let ((), took) = tokio::join!(controller.run(stop), revoke);
    assert!(took.as_millis() <= 2000, "{took}");
    assert_eq!(town.end_reason("a"), "Revoked");
    assert_eq!(town.paths(), before);
}

/// H11: debugging is scoped to one pod and port, recorded, and temporary whatever
/// becomes of who debugs and of the controller. The step that this proves so far is
/// the path; recording what is typed over it comes with sessions.
#[tokio::test(start_paused = true)]
async fn h11_debugging_is_scoped_recorded_and_temporary() {
    let mut town = Town::new().await;
    town.pod("shop", "db-1", json!({"app": "db", "statefulset.kubernetes.io/pod-name": "db-1"}));
    town.settle().await;
    let before = town.paths();
    let one = json!({"podSelector": {"matchLabels": {
        "app": "db", "statefulset.kubernetes.io/pod-name": "db-1",
    }}});
    town.policy("shop", "any-db", json!({"from": [debug()], "to": db()}));
    town.ask_as(&frank(), "shop", "a", json!({"to": one, "durationSeconds": 300}));
    town.approve("a").await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-1:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    let kinds =
        |shop: &Shop| -> Vec<String> { shop.entries().into_iter().map(|(kind, _)| kind).collect() };
    assert_eq!(kinds(&town.shop), ["request", "decision", "arming", "opening"]);
    // The controller is gone for good, and the path is gone in time.
    let expires = town.expires("a");
    let left = expires.duration_since(town.shop.sim.now()).unsigned_abs();
    tokio::time::sleep(left + Duration::from_secs(5)).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
    town.restart();
    town.until_phase("a", "Ended").await;
    town.pass(15).await;
    assert_eq!(kinds(&town.shop), ["request", "decision", "arming", "opening", "end"]);
}
