//! What requests depend on: what is recorded of it, and what its statuses say.

use fallgate_sim::{UserInfo, people};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::shop::{Shop, identity};

const SHOP: &str = "/apis/access.fallgate.dev/v1alpha1/namespaces/shop";
const NOBODY: &str = "system:unknown";
const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";

/// Kind, step and actor of each entry about an object of a name.
fn told(shop: &Shop, name: &str) -> Vec<(String, String, String)> {
    let all = shop.record().into_iter().filter(|entry| entry.event.objects[0].name == name);
    let told = all.map(|entry| {
        let event = entry.event;
        (event.kind.name().to_owned(), event.step, event.actor.username)
    });
    told.collect()
}

fn told_of(entries: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    entries.iter().map(|(a, b, c)| (a.to_string(), b.to_string(), c.to_string())).collect()
}

fn status(shop: &Shop, resource: &str, name: &str) -> Value {
    let path = format!("{SHOP}/{resource}/{name}");
    shop.sim.request(&people::admin(), "GET", &path, None).unwrap()["status"].clone()
}

fn ready(shop: &Shop, resource: &str, name: &str) -> (String, String) {
    let condition = &status(shop, resource, name)["conditions"][0];
    let text = |key: &str| condition[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

fn delete(shop: &Shop, user: &UserInfo, path: &str) {
    shop.sim.request(user, "DELETE", &format!("{SHOP}/{path}"), None).unwrap();
}

#[tokio::test(start_paused = true)]
async fn locks_are_recorded_when_they_are_set_and_when_they_are_gone() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let admin = people::admin();
    shop.create(
        &admin,
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessLock",
            "metadata": {"name": "stop", "namespace": "shop"},
            "spec": {"lockedBy": identity(&admin), "all": true, "reason": "somebody is in"},
        }),
    );
    shop.pass(&mut controller, 15).await;
    let locked = ("lock", "Locked", admin.username.as_str());
    assert_eq!(told(&shop, "stop"), told_of(&[locked]));
    delete(&shop, &admin, "accesslocks/stop");
    // Another process finds out as well: what was locked stands in the record.
    drop(controller);
    let mut controller = shop.controller();
    shop.pass(&mut controller, 40).await;
    assert_eq!(told(&shop, "stop"), told_of(&[locked, ("lock", "Unlocked", NOBODY)]));
    shop.hold();
}

#[tokio::test(start_paused = true)]
async fn incidents_are_recorded_and_say_how_they_stand() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let admin = people::admin();
    let declare = |name: &str, seconds: i64| {
        shop.create(
            &admin,
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessIncident",
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {
                    "declaredBy": identity(&admin), "ticket": "INC-7", "severity": "High",
                    "endsAt": (shop.sim.now() + SignedDuration::from_secs(seconds)).to_string(),
                },
            }),
        );
    };
    declare("short", 60);
    declare("long", 3600);
    shop.pass(&mut controller, 15).await;
    assert_eq!(ready(&shop, "accessincidents", "short").0, "True");
    shop.pass(&mut controller, 70).await;
    let declared = ("incident", "Declared", admin.username.as_str());
    assert_eq!(told(&shop, "short"), told_of(&[declared, ("incident", "Ended", CONTROLLER)]));
    let over = ("False".to_owned(), "its time is over".to_owned());
    assert_eq!(ready(&shop, "accessincidents", "short"), over);
    assert!(status(&shop, "accessincidents", "short")["endedAt"].is_string());
    shop.patch(
        &admin,
        &format!("{SHOP}/accessincidents/long"),
        json!({"spec": {"resolved": true}}),
    );
    shop.pass(&mut controller, 15).await;
    assert_eq!(told(&shop, "long"), told_of(&[declared, ("incident", "Ended", NOBODY)]));
    assert_eq!(ready(&shop, "accessincidents", "long").1, "it is resolved");
}

#[tokio::test(start_paused = true)]
async fn policies_are_recorded_by_generation_and_say_whether_they_can_be_requested() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let (admin, policy) = (people::admin(), format!("{SHOP}/accesspolicies/oncall-db"));
    shop.pass(&mut controller, 15).await;
    assert_eq!(ready(&shop, "accesspolicies", "oncall-db").0, "True");
    let first = ("policy-change", "Generation 1", NOBODY);
    assert_eq!(told(&shop, "oncall-db"), told_of(&[first]));
    assert_eq!(told(&shop, "default"), told_of(&[first]));
    let annotations = json!({"access.fallgate.dev/author": admin.username});
    let spec = json!({"enabled": "DuringIncident"});
    shop.patch(&admin, &policy, json!({"metadata": {"annotations": annotations}, "spec": spec}));
    shop.pass(&mut controller, 15).await;
    let second = ("policy-change", "Generation 2", admin.username.as_str());
    assert_eq!(told(&shop, "oncall-db"), told_of(&[first, second]));
    let closed = ("False".to_owned(), "there is no incident".to_owned());
    assert_eq!(ready(&shop, "accesspolicies", "oncall-db"), closed);
    let on_call = json!({"rota": "shop", "effect": "Eligible"});
    let spec = json!({"enabled": "Always", "approval": {"onCall": on_call}});
    shop.patch(&admin, &policy, json!({"metadata": {"annotations": annotations}, "spec": spec}));
    shop.pass(&mut controller, 15).await;
    let missing = "the AccessConfig has no rota `shop`".to_owned();
    assert_eq!(ready(&shop, "accesspolicies", "oncall-db"), ("False".to_owned(), missing));
    assert_eq!(status(&shop, "accesspolicies", "oncall-db")["observedGeneration"], 3);
    delete(&shop, &admin, "accesspolicies/oncall-db");
    shop.pass(&mut controller, 15).await;
    let last = ("policy-change".to_owned(), "Deleted".to_owned(), NOBODY.to_owned());
    assert_eq!(told(&shop, "oncall-db").last(), Some(&last));
}

#[tokio::test(start_paused = true)]
async fn a_policy_says_when_it_was_last_requested() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let made = shop.ask(60)["metadata"]["creationTimestamp"].clone();
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    shop.pass(&mut controller, 5).await;
    assert_eq!(status(&shop, "accesspolicies", "oncall-db")["lastRequestedAt"], made);
}
