//! Rotas and tickets: what they say is asked when it counts, and what cannot be
//! asked is left to people.

use fallgate_sim::people;
use serde_json::{Value, json};

use crate::shop::{Shop, identity};
use crate::town::{GROUP, Town, changes, phase, seconds, stamp};

const OPENED: [&str; 1] = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
const ROTA: &str = "/api/v1/namespaces/fallgate-system/configmaps/rota";

fn write(town: &Town, name: &str, text: &str) {
    let admin = people::admin();
    let path = format!("/api/v1/namespaces/fallgate-system/configmaps/{name}");
    let data = json!({"data": {"text": text}});
    if town.send(&admin, "PATCH", &path, data.clone()).is_err() {
        let mut map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "fallgate-system"},
        });
        map["data"] = data["data"].clone();
        town.admin(map);
    }
}

fn source(name: &str) -> Value {
    json!({"configMap": name, "key": "text"})
}

/// Who is on call opens by themselves, by a rota that says so.
async fn on_call_opens() -> Town {
    let town = Town::new().await;
    write(
        &town,
        "rota",
        "shifts:\n- {user: alice, start: 2025-12-31T00:00:00Z, end: 2026-01-02T00:00:00Z}\n",
    );
    let rota = json!({
        "name": "shop", "source": source("rota"), "format": "Shifts", "maxStalenessSeconds": 300,
    });
    town.configure(json!({"rotas": [rota]}));
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    let admin = people::admin();
    let rule = json!({
        "metadata": {"annotations": {"access.fallgate.dev/author": admin.username}},
        "spec": {"approval": {"onCall": {"rota": "shop", "effect": "AutoApprove"}}},
    });
    town.shop.patch(&admin, &path, rule);
    town
}

/// Being on call is an approval, as long as it is certain. What was said is kept by
/// its digest.
#[tokio::test(start_paused = true)]
async fn who_is_certainly_on_call_waits_for_nobody() {
    let mut town = on_call_opens().await;
    let before = town.paths();
    town.ask("a", json!({"durationSeconds": 300}));
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    let evidence = &town.get("accessrequests", "shop", "a")["status"]["evidence"][0];
    assert_eq!(evidence["source"], "shop");
    assert!(evidence["digest"].as_str().unwrap().starts_with("sha256:"), "{evidence}");
    town.pass(305).await;
    assert_eq!(town.paths(), before);
}

/// A rota that is gone, that nobody writes any more, that cannot be understood, that
/// names somebody else or comes from the future agrees to nothing; people still do.
#[tokio::test(start_paused = true)]
async fn where_the_rota_does_not_say_so_people_decide() {
    let shift =
        "shifts:\n- {user: alice, start: 2025-12-31T00:00:00Z, end: 2026-01-02T00:00:00Z}\n";
    for (what, text) in [
        ("gone", None),
        ("stale", Some(format!("asOf: 2025-12-31T12:00:00Z\n{shift}"))),
        ("of the future", Some(format!("asOf: 2026-01-01T12:00:00Z\n{shift}"))),
        ("garbled", Some("shifts: [what".to_owned())),
        ("of somebody else", Some(shift.replace("alice", "frank"))),
        (
            "over",
            Some(
                shift
                    .replace("2026-01-02", "2025-12-31")
                    .replace("12-31T00:00:00Z, end", "12-30T00:00:00Z, end"),
            ),
        ),
    ] {
        let mut town = on_call_opens().await;
        let before = town.paths();
        match &text {
            None => drop(town.send(&people::admin(), "DELETE", ROTA, json!({})).unwrap()),
            Some(text) => write(&town, "rota", text),
        }
        town.ask("a", json!({}));
        town.until_phase("a", "PendingApproval").await;
        town.pass(60).await;
        assert_eq!(town.phase("a"), "PendingApproval", "{what}");
        assert_eq!(town.paths(), before, "{what}");
        town.approve("a").await;
        assert_eq!(changes(&before, &town.paths()), OPENED, "{what}");
    }
}

/// A rota that ceases to answer between the agreement and the opening is asked again
/// for the opening.
#[tokio::test(start_paused = true)]
async fn a_rota_is_asked_again_when_it_opens() {
    let mut town = on_call_opens().await;
    let before = town.paths();
    let start = stamp(town.shop.sim.now() + seconds(600));
    town.ask("a", json!({"notBefore": start, "durationSeconds": 300}));
    town.until_phase("a", "Scheduled").await;
    write(&town, "rota", "shifts: []\n");
    let failed = |shop: &Shop| phase(shop, "shop", "a") == "Failed";
    town.shop.until(&mut town.controller, 700, failed).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
}

fn tickets(town: &Town, state: &str) {
    let text = format!(
        "tickets:\n- {{id: INC-7, state: {state}, namespaces: [shop], opened: 2025-12-31T00:00:00Z}}\n"
    );
    write(town, "tickets", &text);
}

/// Until the ticket is closed, and never longer than the policy's ceiling, which is
/// armed all the same.
#[tokio::test(start_paused = true)]
async fn until_the_ticket_is_closed_and_no_longer_than_the_ceiling() {
    let mut town = Town::new().await;
    tickets(&town, "open");
    town.configure(json!({"tickets": {"source": source("tickets")}}));
    town.amend(json!({"maxDurationSeconds": 600}));
    let before = town.paths();
    for closes in [true, false] {
        tickets(&town, "open");
        let name = if closes { "a" } else { "b" };
        town.pass(15).await;
        town.open(name, json!({"until": "ticketClosed", "ticket": "INC-7"})).await;
        let left = town.expires(name).duration_since(town.shop.sim.now()).as_secs();
        assert!((580..=600).contains(&left), "{left} s");
        town.pass(60).await;
        assert_eq!(changes(&before, &town.paths()), OPENED);
        if closes {
            tickets(&town, "closed");
            town.until_closed(20).await;
            town.until_phase(name, "Ended").await;
            assert_eq!(town.end_reason(name), "TicketClosed");
        } else {
            town.pass_until(town.expires(name) + seconds(2)).await;
            assert_eq!(town.end_reason(name), "Expired");
        }
        assert_eq!(town.paths(), before);
    }
}

/// A list of tickets that cannot be read opens nothing, and closes nothing either:
/// what is open has its end.
#[tokio::test(start_paused = true)]
async fn tickets_that_cannot_be_read_open_nothing_and_close_nothing() {
    let mut town = Town::new().await;
    tickets(&town, "open");
    town.configure(json!({"tickets": {"source": source("tickets")}}));
    town.amend(json!({"ticket": {"required": true}, "maxDurationSeconds": 300}));
    let before = town.paths();
    town.open("a", json!({"ticket": "INC-7"})).await;
    let path = "/api/v1/namespaces/fallgate-system/configmaps/tickets";
    town.send(&people::admin(), "DELETE", path, json!({})).unwrap();
    town.pass(15).await;
    town.ask("b", json!({"ticket": "INC-7"}));
    town.until_phase("b", "PendingApproval").await;
    town.decide(&people::bob(), "b", "Approved");
    town.pass(60).await;
    assert_eq!((town.phase("a").as_str(), town.phase("b").as_str()), ("Active", "PendingApproval"));
    assert_eq!(changes(&before, &town.paths()), OPENED);
    town.pass_until(town.expires("a") + seconds(2)).await;
    assert_eq!(town.paths(), before);
}

/// Until the incident is over: resolved, or at its end, or at the ceiling.
#[tokio::test(start_paused = true)]
async fn until_the_incident_is_over_and_no_longer_than_the_ceiling() {
    for (minutes, resolves, reason) in
        [(60, true, "IncidentResolved"), (10, false, "IncidentResolved"), (30, false, "Expired")]
    {
        let mut town = Town::new().await;
        town.amend(json!({"maxDurationSeconds": 900}));
        let before = town.paths();
        let bob = people::bob();
        let ends = stamp(town.shop.sim.now() + seconds(minutes * 60));
        let incident = town.shop.create(
            &bob,
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessIncident",
                "metadata": {"name": "slow", "namespace": "shop"},
                "spec": {
                    "declaredBy": identity(&bob), "ticket": "INC-7", "severity": "High",
                    "endsAt": ends,
                },
            }),
        );
        let named = json!({"name": "slow", "uid": incident["metadata"]["uid"]});
        town.open("a", json!({"until": "incidentResolved", "incidentRef": named})).await;
        town.pass(300).await;
        assert_eq!(changes(&before, &town.paths()), OPENED);
        if resolves {
            let path = format!("{GROUP}/namespaces/shop/accessincidents/slow");
            town.shop.patch(&bob, &path, json!({"spec": {"resolved": true}}));
        }
        town.until_closed(900).await;
        town.until_phase("a", "Ended").await;
        assert_eq!(town.end_reason("a"), reason, "{minutes}");
        assert_eq!(town.paths(), before);
    }
}
