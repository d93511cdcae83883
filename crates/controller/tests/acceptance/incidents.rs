//! Paths that are there only while something is wrong.

use fallgate_sim::{UserInfo, people};
use serde_json::{Value, json};

use crate::shop::identity;
use crate::town::{GROUP, Town, changes, phase, pods, stamp};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

fn declare(town: &Town, by: &UserInfo, namespace: &str, name: &str, minutes: u32) -> Value {
    let ends = town.shop.sim.now() + MINUTE * minutes;
    let incident = town.shop.create(
        by,
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessIncident",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "declaredBy": identity(by), "ticket": "INC-7", "severity": "High",
                "endsAt": stamp(ends),
            },
        }),
    );
    json!({"name": name, "uid": incident["metadata"]["uid"]})
}

async fn denied(town: &mut Town, name: &str) -> String {
    let is_denied = |shop: &crate::shop::Shop| phase(shop, "shop", name) == "Denied";
    town.shop.until(&mut town.controller, 60, is_denied).await;
    town.message(name)
}

/// H5: rules for who is on call are disabled, until somebody else declares an
/// incident; while it lasts they open as asked, and all that is recorded has its
/// ticket.
#[tokio::test(start_paused = true)]
async fn h5_on_call_rules_are_disabled_but_in_an_incident() {
    let mut town = Town::new().await;
    town.bind("oncall", "fallgate-declarer");
    town.amend(json!({
        "enabled": "DuringIncident",
        "ticket": {"required": true, "pattern": "^INC-[0-9]+$"},
    }));
    let before = town.paths();
    // There is none.
    town.ask("early", json!({"ticket": "INC-7"}));
    assert!(denied(&mut town, "early").await.contains("incident"), "{}", town.message("early"));
    // One's own enables nothing of one's own.
    let own = declare(&town, &people::alice(), "shop", "mine", 60);
    town.ask("own", json!({"ticket": "INC-7", "incidentRef": own}));
    assert!(denied(&mut town, "own").await.contains("declared"), "{}", town.message("own"));
    // One elsewhere enables nothing here.
    declare(&town, &people::bob(), "oncall-tools", "elsewhere", 60);
    town.ask("there", json!({"ticket": "INC-7"}));
    denied(&mut town, "there").await;
    assert_eq!(town.paths(), before);
    let slow = declare(&town, &people::bob(), "shop", "slow", 10);
    town.open("a", json!({"ticket": "INC-7", "incidentRef": slow, "durationSeconds": 3600})).await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    // It is over at its end, whether or not anybody resolves it.
    town.pass(595).await;
    town.until_closed(30).await;
    town.until_phase("a", "Ended").await;
    assert_eq!(town.end_reason("a"), "IncidentResolved");
    assert_eq!(town.paths(), before);
    let of_grant = town.uid("a");
    let about = |entry: &fallgate_ledger::Entry| entry.event.subject == of_grant;
    let told: Vec<_> = town.shop.record().into_iter().filter(about).collect();
    assert_eq!(told.len(), 3, "armed, opened, ended");
    assert!(told.iter().all(|entry| entry.event.ticket.as_deref() == Some("INC-7")));
    // The next one needs another incident.
    town.ask("late", json!({"ticket": "INC-7"}));
    denied(&mut town, "late").await;
}

/// H6: an incident is tried out where nothing depends on it: one in staging enables
/// staging's paths, and none of production's. The step that this proves so far is
/// that trying out is kept apart; the command that rehearses a whole incident comes
/// by itself.
#[tokio::test(start_paused = true)]
async fn h6_an_incident_that_is_simulated_in_staging_opens_nothing_in_production() {
    let mut town = Town::new().await;
    town.namespace("staging", true);
    town.pod("staging", "db", json!({"app": "db"}));
    town.settle().await;
    let (from, to) = (pods("oncall-tools", json!({"role": "debug"})), crate::town::db());
    let rule = json!({"from": [from], "to": to, "enabled": "DuringIncident"});
    town.policy("staging", "oncall-db", rule);
    town.amend(json!({"enabled": "DuringIncident"}));
    let before = town.paths();
    let drill = declare(&town, &people::bob(), "staging", "drill", 60);
    let more = json!({"incidentRef": drill, "until": "incidentResolved"});
    town.ask_as(&people::alice(), "staging", "a", more.clone());
    town.ask("a", more);
    denied(&mut town, "a").await;
    town.until_phase_in("staging", "a", "PendingApproval").await;
    town.decide_with(&people::bob(), ("staging", "a"), "Approved", json!({}));
    town.until_phase_in("staging", "a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), ["+ oncall-tools/debug-0 -> staging/db:5432"]);
    let path = format!("{GROUP}/namespaces/staging/accessincidents/drill");
    town.shop.patch(&people::bob(), &path, json!({"spec": {"resolved": true}}));
    town.until_closed(30).await;
    assert_eq!(town.paths(), before);
}

/// H6: nothing is cluster-wide, whatever is wrong: neither every pod nor every
/// address is an end of a path.
#[tokio::test(start_paused = true)]
async fn h6_no_path_is_cluster_wide() {
    let mut town = Town::new().await;
    let before = town.paths();
    let everything = [
        json!({"from": {"namespace": "oncall-tools", "podSelector": {}}}),
        json!({"to": {"podSelector": {}}}),
        json!({"to": {"podSelector": {"matchExpressions": [
            {"key": "nothing", "operator": "DoesNotExist"},
        ]}}}),
        json!({"from": {"podSelector": {"matchLabels": {}}, "namespace": "*"}}),
    ];
    for (at, more) in everything.into_iter().enumerate() {
        let alice = people::alice();
        let asked = town.request(&alice, "shop", &format!("all-{at}"), more);
        let refusal = town.shop.sim.create(&alice, &asked).unwrap_err();
        assert_eq!(refusal.code, 422, "{}", refusal.message);
    }
    // A policy that allows it all the same does not make it so.
    let anywhere = json!({"cidrs": ["0.0.0.0/0"]});
    town.policy("shop", "anywhere", json!({"from": [anywhere], "to": crate::town::db()}));
    let named = json!({"kind": "AccessPolicy", "name": "anywhere"});
    town.ask("a", json!({"policyRef": named, "from": anywhere}));
    assert!(denied(&mut town, "a").await.contains("0.0.0.0/0"), "{}", town.message("a"));
    // `Exists` matches whatever has the label, and the number of those is bounded.
    for at in 1..6 {
        town.pod("shop", &format!("app-{at}"), json!({"app": format!("app-{at}")}));
    }
    town.settle().await;
    let all = json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}});
    town.policy("shop", "all-apps", json!({"from": [crate::town::debug()], "to": all}));
    let named = json!({"kind": "AccessPolicy", "name": "all-apps"});
    town.ask("b", json!({"policyRef": named, "to": all}));
    assert!(
        denied(&mut town, "b").await.contains("the policy's limit is 5"),
        "{}",
        town.message("b")
    );
    let new = changes(&before, &town.paths());
    assert!(new.iter().all(|path| !path.contains("debug-0 -> shop")), "{new:?}");
}
