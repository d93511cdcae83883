//! Both ends isolated, in two namespaces: two switches, one state.

use fallgate_sim::people;
use serde_json::json;

use crate::shop::identity;
use crate::town::{Town, changes, erin};

/// The shop, with tools that are isolated as well.
async fn both_isolated() -> Town {
    let town = Town::new().await;
    town.close("oncall-tools");
    town
}

fn decide_in(town: &Town, namespace: &str, verdict: &str) {
    let request = town.get("accessrequests", "shop", "a");
    let mut decision = town.decision(&people::bob(), &request, verdict);
    decision["metadata"]["namespace"] = json!(namespace);
    town.shop.create(&people::bob(), decision);
}

async fn opened() -> Town {
    let mut town = both_isolated().await;
    town.ask("a", json!({"durationSeconds": 600}));
    town.until_phase("a", "PendingApproval").await;
    decide_in(&town, "shop", "Approved");
    decide_in(&town, "oncall-tools", "Approved");
    town.until_phase("a", "Active").await;
    town
}

/// Who decides where the target is does not decide where the source is.
#[tokio::test(start_paused = true)]
async fn each_namespace_needs_a_decision_made_there() {
    let mut town = both_isolated().await;
    let before = town.paths();
    town.ask("a", json!({"durationSeconds": 600}));
    town.until_phase("a", "PendingApproval").await;
    decide_in(&town, "shop", "Approved");
    town.pass(30).await;
    assert_eq!(town.phase("a"), "PendingApproval");
    assert!(town.message("a").contains("oncall-tools"), "{}", town.message("a"));
    assert_eq!((town.paths(), town.shop.objects()), (before.clone(), (0, 0)));
    decide_in(&town, "oncall-tools", "Approved");
    town.until_phase("a", "Active").await;
    assert_eq!(town.shop.objects(), (2, 2));
    let expected = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
    assert_eq!(changes(&before, &town.paths()), expected);
    town.pass(601).await;
    assert_eq!(town.paths(), before);
    let ends = town.shop.entries().iter().filter(|(kind, _)| kind == "end").count();
    assert_eq!(ends, 1, "two switches are one grant");
}

/// Whichever of its objects goes, all of them do, and at once.
#[tokio::test(start_paused = true)]
async fn one_end_gone_closes_both() {
    for (path, at) in [
        ("/apis/batch/v1/namespaces/shop/jobs/fallgate-", ""),
        ("/apis/batch/v1/namespaces/oncall-tools/jobs/fallgate-", ""),
        ("/apis/networking.k8s.io/v1/namespaces/oncall-tools/networkpolicies/fallgate-", "-0"),
    ] {
        let mut town = opened().await;
        let uri = format!("{path}{}{at}", town.uid("a"));
        let background = json!({"propagationPolicy": "Background"});
        town.send(&people::admin(), "DELETE", &uri, background).unwrap();
        town.until_closed(20).await;
        town.until_phase("a", "Ended").await;
        assert_eq!(town.end_reason("a"), "Revoked", "{uri}");
        assert_eq!(town.grant("a")["status"]["closedBy"], "Other", "{uri}");
    }
}

/// A lock of the source's namespace ends what begins there, as one of the target's
/// does what ends there.
#[tokio::test(start_paused = true)]
async fn a_lock_at_either_end_ends_it() {
    for namespace in ["shop", "oncall-tools"] {
        let mut town = opened().await;
        town.shop.create(
            &erin(),
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessLock",
                "metadata": {"name": "freeze", "namespace": namespace},
                "spec": {"lockedBy": identity(&erin()), "all": true, "reason": "an audit"},
            }),
        );
        town.until_closed(20).await;
        town.until_phase("a", "Ended").await;
        assert_eq!(town.end_reason("a"), "Locked", "{namespace}");
    }
}

/// Without anybody: both switches fire.
#[tokio::test(start_paused = true)]
async fn both_ends_close_without_the_controller() {
    let mut town = opened().await;
    let expires = town.expires("a");
    let left = expires.duration_since(town.shop.sim.now()).unsigned_abs();
    tokio::time::sleep(left + std::time::Duration::from_secs(5)).await;
    assert_eq!(town.shop.objects(), (0, 0));
    town.restart();
    town.until_phase("a", "Ended").await;
    assert_eq!(town.grant("a")["status"]["closedBy"], "Switch");
}
