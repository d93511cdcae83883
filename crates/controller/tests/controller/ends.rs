//! What ends a grant before its time.

use fallgate_sim::{Controller as Part, people};
use serde_json::{Value, json};

use crate::shop::{Shop, identity};

const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";

/// The reason that a grant gave for its end, and how long it took until nothing
/// of it was left.
async fn ended(shop: &Shop, controller: &mut fallgate_controller::Controller) -> (String, i64) {
    let start = shop.sim.now();
    shop.until(controller, 60, |shop| shop.objects() == (0, 0)).await;
    let took = shop.sim.now().duration_since(start).as_secs();
    shop.until(controller, 30, |shop| shop.phase() == "Ended").await;
    (shop.grant()["status"]["endReason"].as_str().unwrap_or_default().to_owned(), took)
}

#[tokio::test(start_paused = true)]
async fn giving_it_back_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    shop.decide(&people::alice(), "Withdrawn");
    let (reason, took) = ended(&shop, &mut controller).await;
    assert_eq!(reason, "Withdrawn");
    assert!(took <= 12, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn revoking_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    shop.decide(&people::alice(), "Revoked");
    assert_eq!(ended(&shop, &mut controller).await.0, "Revoked");
}

#[tokio::test(start_paused = true)]
async fn a_lock_ends_it_and_keeps_the_next_one_closed() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    let admin = people::admin();
    shop.create(
        &admin,
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "ClusterAccessLock",
            "metadata": {"name": "freeze"},
            "spec": {"lockedBy": identity(&admin), "all": true, "reason": "an audit"},
        }),
    );
    assert_eq!(ended(&shop, &mut controller).await.0, "Locked");
}

#[tokio::test(start_paused = true)]
async fn changing_its_policy_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    shop.patch(&people::admin(), &path, json!({"spec": {"maxDurationSeconds": 600}}));
    assert_eq!(ended(&shop, &mut controller).await.0, "PolicyChanged");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_was_not_approved_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    shop.pass(&mut controller, 30).await;
    assert_eq!(shop.phase(), "Active");
    shop.create(
        &people::admin(),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "intruder", "namespace": "oncall-tools", "labels": {"role": "debug"}},
            "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
        }),
    );
    assert_eq!(ended(&shop, &mut controller).await.0, "DriftDetected");
}

#[tokio::test(start_paused = true)]
async fn deleting_its_policy_its_switch_or_the_grant_ends_it() {
    for kind in ["networkpolicies", "jobs", "accessgrants"] {
        let mut shop = Shop::new().await;
        let mut controller = shop.controller();
        shop.open(&mut controller, 3600).await;
        let uid = shop.grant()["metadata"]["uid"].as_str().unwrap().to_owned();
        let path = match kind {
            "networkpolicies" => {
                format!("/apis/networking.k8s.io/v1/namespaces/shop/{kind}/fallgate-{uid}-0")
            }
            "jobs" => format!("/apis/batch/v1/namespaces/shop/{kind}/fallgate-{uid}"),
            _ => format!("{GROUP}/namespaces/shop/{kind}/oncall-db-1"),
        };
        let background = json!({"propagationPolicy": "Background"});
        shop.sim.request(&people::admin(), "DELETE", &path, Some(&background)).unwrap();
        shop.until(&mut controller, 60, |shop| shop.objects() == (0, 0)).await;
        let turns = shop.pass(&mut controller, 30).await;
        assert_eq!(shop.request()["status"]["phase"], "Ended", "{kind} {turns:#?}");
        assert!(shop.entries().iter().any(|(kind, _)| kind == "end"), "{kind}");
    }
}

/// A path is closed when its policy is gone, whether or not the control plane
/// tidies up behind it.
#[tokio::test(start_paused = true)]
async fn a_path_closes_in_time_without_the_garbage_collector() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 120).await;
    let expires = shop.grant_time("expiresAt");
    shop.sim.stop(Part::GarbageCollector);
    shop.until(&mut controller, 140, |shop| shop.objects().1 == 0).await;
    assert!(shop.sim.now().duration_since(expires).as_secs() <= 1);
    // Its switch waits for the garbage collector, and so the end is not told yet.
    shop.pass(&mut controller, 30).await;
    assert_eq!(shop.phase(), "Active");
    shop.sim.start(Part::GarbageCollector);
    shop.until(&mut controller, 30, |shop| shop.phase() == "Ended").await;
}

/// Requests are kept for as long as something may follow. Whoever takes that guard
/// away and deletes one all the same closes what it opened.
#[tokio::test(start_paused = true)]
async fn deleting_its_request_is_refused_and_otherwise_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    let path = format!("{GROUP}/namespaces/shop/accessrequests/oncall-db-1");
    for by in [people::admin(), people::alice(), shop.controller_user()] {
        let refusal = shop.sim.request(&by, "DELETE", &path, None).unwrap_err();
        assert_eq!(refusal.code, 403, "{}: {}", by.username, refusal.message);
    }
    let bindings = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
    let guard = format!("{bindings}/fallgate-retention");
    shop.sim.request(&people::admin(), "DELETE", &guard, None).unwrap();
    shop.sim.request(&people::admin(), "DELETE", &path, None).unwrap();
    shop.until(&mut controller, 60, |shop| shop.objects() == (0, 0)).await;
    let turns = shop.pass(&mut controller, 30).await;
    let grant = shop.grant();
    assert_eq!(grant["status"]["phase"], "Ended", "{turns:#?}");
    assert_eq!(grant["status"]["endReason"], "Revoked");
    assert_eq!(grant["status"]["closedBy"], "Other");
    assert!(shop.entries().iter().any(|(kind, _)| kind == "end"));
}

/// A ConfigMap in the controller's namespace, which rotas and tickets are read
/// from.
fn text(shop: &Shop, name: &str, key: &str, text: &str) {
    let path = format!("/api/v1/namespaces/fallgate-system/configmaps/{name}");
    let data = json!({"data": {key: text}});
    if shop.sim.request(&people::admin(), "PATCH", &path, Some(&data)).is_err() {
        shop.create(
            &people::admin(),
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "fallgate-system"},
                "data": {key: text},
            }),
        );
    }
}

fn configure(shop: &Shop, spec: Value) {
    let path = format!("{GROUP}/accessconfigs/default");
    shop.patch(&people::admin(), &path, json!({"spec": spec}));
}

#[tokio::test(start_paused = true)]
async fn closing_its_ticket_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let ticket = |state: &str| {
        format!(
            "tickets:\n- id: INC-7\n  state: {state}\n  namespaces: [shop]\n  opened: 2025-12-31T00:00:00Z\n"
        )
    };
    text(&shop, "tickets", "tickets.yaml", &ticket("open"));
    configure(
        &shop,
        json!({"tickets": {"source": {"configMap": "tickets", "key": "tickets.yaml"}}}),
    );
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    let rule = json!({"spec": {"ticket": {"required": true, "pattern": "^INC-[0-9]+$"}}});
    shop.patch(&people::admin(), &path, rule);
    shop.ask_with(3600, json!({"ticket": "INC-7"}));
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    shop.decide(&people::bob(), "Approved");
    shop.until(&mut controller, 60, |shop| shop.phase() == "Active").await;
    assert_eq!(shop.request()["status"]["evidence"][0]["kind"], "Ticket");
    text(&shop, "tickets", "tickets.yaml", &ticket("closed"));
    assert_eq!(ended(&shop, &mut controller).await.0, "TicketClosed");
}

#[tokio::test(start_paused = true)]
async fn who_is_on_call_opens_without_waiting_for_a_person() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let rota =
        "shifts:\n- user: alice\n  start: 2025-12-31T00:00:00Z\n  end: 2026-01-02T00:00:00Z\n";
    text(&shop, "rota", "rota.yaml", rota);
    let source = json!({"configMap": "rota", "key": "rota.yaml"});
    configure(&shop, json!({"rotas": [{"name": "shop", "source": source, "format": "Shifts"}]}));
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    let on_call = json!({"onCall": {"rota": "shop", "effect": "AutoApprove"}});
    let author = people::admin().username;
    shop.patch(
        &people::admin(),
        &path,
        json!({
            "metadata": {"annotations": {"access.fallgate.dev/author": author}},
            "spec": {"approval": on_call},
        }),
    );
    shop.ask(300);
    shop.until(&mut controller, 60, |shop| shop.phase() == "Active").await;
    assert_eq!(shop.request()["status"]["evidence"][0]["kind"], "OnCall");
}

#[tokio::test(start_paused = true)]
async fn resolving_its_incident_ends_it() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    shop.patch(&people::admin(), &path, json!({"spec": {"enabled": "DuringIncident"}}));
    let bob = people::bob();
    let ends = shop.sim.now() + std::time::Duration::from_secs(7200);
    let incident = shop.create(
        &bob,
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessIncident",
            "metadata": {"name": "slow", "namespace": "shop"},
            "spec": {
                "declaredBy": identity(&bob), "ticket": "INC-7", "severity": "High",
                "endsAt": ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            },
        }),
    );
    let named = json!({"name": "slow", "uid": incident["metadata"]["uid"]});
    shop.ask_with(3600, json!({"incidentRef": named}));
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    shop.decide(&bob, "Approved");
    shop.until(&mut controller, 60, |shop| shop.phase() == "Active").await;
    let path = format!("{GROUP}/namespaces/shop/accessincidents/slow");
    shop.patch(&bob, &path, json!({"spec": {"resolved": true}}));
    assert_eq!(ended(&shop, &mut controller).await.0, "IncidentResolved");
}
