//! When paths begin and end, besides when their time is over.

use std::time::Duration;

use fallgate_sim::{UserInfo, people};
use serde_json::{Value, json};

use crate::shop::{Shop, identity};
use crate::town::{GROUP, Town, changes, db, debug, erin, frank, peggy, phase, seconds, stamp};

const OPENED: [&str; 1] = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];

async fn becomes(town: &mut Town, name: &'static str, wanted: &'static str) -> String {
    let is_so = |shop: &Shop| phase(shop, "shop", name) == wanted;
    town.shop.until(&mut town.controller, 90, is_so).await;
    town.message(name)
}

/// A start that is set ahead opens then, and ends when it would have from then on.
#[tokio::test(start_paused = true)]
async fn a_path_of_tomorrow_opens_tomorrow_and_ends_when_it_was_to() {
    let mut town = Town::new().await;
    let before = town.paths();
    let start = town.shop.sim.now() + seconds(600);
    let start: jiff::Timestamp = stamp(start).parse().unwrap();
    town.ask("a", json!({"notBefore": stamp(start), "durationSeconds": 600}));
    town.until_phase("a", "PendingApproval").await;
    town.decide(&people::bob(), "a", "Approved");
    town.until_phase("a", "Scheduled").await;
    town.pass_until(start - Duration::from_secs(5)).await;
    assert_eq!((town.phase("a").as_str(), town.paths()), ("Scheduled", before.clone()));
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    let expires = town.expires("a");
    let late = expires.duration_since(start).as_secs();
    assert!((595..=600).contains(&late), "{late} s after its start");
    town.pass_until(expires + Duration::from_secs(2)).await;
    assert_eq!(town.paths(), before);
}

/// Nobody has agreed to a day on which everything is different.
#[tokio::test(start_paused = true)]
async fn what_is_scheduled_is_cancelled_by_a_change() {
    let mut town = Town::new().await;
    let before = town.paths();
    let start = town.shop.sim.now() + seconds(600);
    town.ask("a", json!({"notBefore": stamp(start), "durationSeconds": 600}));
    town.until_phase("a", "PendingApproval").await;
    town.decide(&people::bob(), "a", "Approved");
    town.until_phase("a", "Scheduled").await;
    town.pod("shop", "db-1", json!({"app": "db"}));
    town.pass(30).await;
    town.restart();
    let over = |shop: &Shop| phase(shop, "shop", "a") == "Failed";
    town.shop.until(&mut town.controller, 700, over).await;
    assert!(town.message("a").contains("no longer what was planned"), "{}", town.message("a"));
    let reached = changes(&before, &town.paths());
    assert!(reached.iter().all(|path| !path.contains("debug-0 -> shop")), "{reached:?}");
}

fn break_glass(town: &Town) {
    town.bind("oncall", "fallgate-breakglass");
    town.amend(json!({"breakGlass": {"maxDurationSeconds": 600, "reviewWithinSeconds": 300}}));
}

/// Break-glass opens before anybody agreed, short and loud; until somebody else has
/// reviewed it, there is no second time.
#[tokio::test(start_paused = true)]
async fn break_glass_is_reviewed_before_the_next_time() {
    let mut town = Town::new().await;
    break_glass(&town);
    let before = town.paths();
    town.ask("a", json!({"breakGlass": true, "durationSeconds": 600}));
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    assert!(town.shop.entries().contains(&("break-glass".to_owned(), "alice".to_owned())));
    // Nobody reviews their own, and no second time meanwhile.
    let request = town.get("accessrequests", "shop", "a");
    let own = town.decision(&people::alice(), &request, "Reviewed");
    let refusal = crate::town::refused(town.shop.sim.create(&people::alice(), &own));
    assert_eq!(refusal, "fallgate-decisions");
    town.ask("b", json!({"breakGlass": true, "durationSeconds": 60}));
    let why = becomes(&mut town, "b", "Denied").await;
    assert!(why.contains("review"), "{why}");
    town.decide(&people::alice(), "a", "Withdrawn");
    town.until_closed(20).await;
    town.ask("c", json!({"breakGlass": true, "durationSeconds": 60}));
    let why = becomes(&mut town, "c", "Denied").await;
    assert!(why.contains("review"), "giving it back is no review: {why}");
    town.decide(&erin(), "a", "Reviewed");
    town.pass(30).await;
    town.ask("d", json!({"breakGlass": true, "durationSeconds": 60}));
    town.until_phase("d", "Active").await;
    assert!(town.shop.entries().contains(&("break-glass-review".to_owned(), "erin".to_owned())));
}

/// What nobody reviews in time ends before its time.
#[tokio::test(start_paused = true)]
async fn break_glass_ends_when_its_review_is_due() {
    let mut town = Town::new().await;
    break_glass(&town);
    let before = town.paths();
    town.ask("a", json!({"breakGlass": true, "durationSeconds": 600}));
    town.until_phase("a", "Active").await;
    town.pass(310).await;
    town.until_closed(15).await;
    town.until_phase("a", "Ended").await;
    assert_eq!(town.end_reason("a"), "ReviewOverdue");
    assert_eq!(town.paths(), before);
    // Whoever has not the verb, or a policy that has no rule for it, opens nothing.
    let longer = json!({"breakGlass": true, "durationSeconds": 900});
    town.ask_as(&frank(), "shop", "b", longer);
    becomes(&mut town, "b", "Denied").await;
    let lead = UserInfo::new("heidi", "heidi-uid", &["requesters"]);
    town.bind("requesters", "fallgate-requester");
    let asked = town.request(&lead, "shop", "c", json!({"breakGlass": true}));
    let refusal = crate::town::refused(town.shop.sim.create(&lead, &asked));
    assert_eq!(refusal, "fallgate-requests");
}

fn lock(town: &Town, name: &str, spec: Value) -> String {
    let mut all = json!({"lockedBy": identity(&erin()), "reason": "an audit"});
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    town.shop.create(
        &erin(),
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessLock",
            "metadata": {"name": name, "namespace": "shop"}, "spec": all,
        }),
    );
    format!("{GROUP}/namespaces/shop/accesslocks/{name}")
}

/// A lock ends what is open of whom or what it names, holds what is not, and lets
/// go when it is deleted or over. What it ended stays so.
#[tokio::test(start_paused = true)]
async fn a_lock_ends_and_holds_whom_it_names() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({})).await;
    town.ask_as(&frank(), "shop", "b", json!({}));
    town.approve("b").await;
    let path = lock(&town, "alice", json!({"user": "alice"}));
    let ended = |shop: &Shop| phase(shop, "shop", "a") == "Ended";
    town.shop.until(&mut town.controller, 30, ended).await;
    assert_eq!(town.end_reason("a"), "Locked");
    assert_eq!(town.phase("b"), "Active", "it is of alice alone");
    assert_eq!(changes(&before, &town.paths()), OPENED, "which frank still needs");
    town.ask("c", json!({}));
    town.until_phase("c", "PendingApproval").await;
    town.decide(&people::bob(), "c", "Approved");
    town.pass(60).await;
    assert_eq!(town.phase("c"), "PendingApproval");
    assert!(town.message("c").contains("lock"), "{}", town.message("c"));
    town.send(&erin(), "DELETE", &path, json!({})).unwrap();
    town.until_phase("c", "Active").await;
    assert_eq!(town.phase("a"), "Ended");
    // Of a policy, and for a while.
    let policy = json!({"kind": "AccessPolicy", "name": "oncall-db"});
    let until = stamp(town.shop.sim.now() + seconds(120));
    lock(&town, "policy", json!({"policyRef": policy, "expiresAt": until}));
    town.until_closed(30).await;
    assert_eq!(town.paths(), before);
    town.ask("d", json!({}));
    town.until_phase("d", "PendingApproval").await;
    town.decide(&people::bob(), "d", "Approved");
    town.pass(60).await;
    assert_eq!(town.shop.objects(), (0, 0));
    town.until_phase("d", "Active").await;
}

/// Of two grants that open the same, each has its own: the end of one leaves the
/// path of the other as it is, until that one ends.
#[tokio::test(start_paused = true)]
async fn of_two_overlapping_grants_the_other_one_stays() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({"durationSeconds": 900})).await;
    town.ask_as(&frank(), "shop", "b", json!({"durationSeconds": 600}));
    town.approve("b").await;
    assert_eq!(town.shop.objects(), (2, 2));
    town.decide(&erin(), "a", "Revoked");
    let closed = |shop: &Shop| shop.objects() == (1, 1);
    town.shop.until(&mut town.controller, 20, closed).await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    town.pass(60).await;
    assert_eq!((town.phase("a").as_str(), town.phase("b").as_str()), ("Ended", "Active"));
    assert_eq!(changes(&before, &town.paths()), OPENED);
    town.pass_until(town.expires("b") + Duration::from_secs(2)).await;
    assert_eq!(town.paths(), before);
}

/// What is open already, by standing policies, is no grant: nobody decides on it, and
/// nothing is made or taken away.
#[tokio::test(start_paused = true)]
async fn what_is_open_already_is_no_grant() {
    let mut town = Town::new().await;
    town.admin(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "standing", "namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress"],
            "ingress": [{
                "from": [{
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": "oncall-tools"},
                    },
                    "podSelector": {"matchLabels": {"role": "debug"}},
                }],
                "ports": [{"protocol": "TCP", "port": 5432}],
            }],
        },
    }));
    let before = town.paths();
    town.ask("a", json!({}));
    becomes(&mut town, "a", "AlreadyOpen").await;
    town.pass(30).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
    assert_eq!(town.grant("a"), Value::Null);
}

/// Whatever makes a grant open more than was approved ends it: a pod, at either end,
/// or that what isolates is weaker.
#[tokio::test(start_paused = true)]
async fn whatever_grows_ends() {
    let more = |town: &Town, what: &str| match what {
        "a source" => town.pod("oncall-tools", "debug-1", json!({"role": "debug"})),
        "a target" => town.pod("shop", "db-1", json!({"app": "db"})),
        _ => {
            let label = json!({"metadata": {"labels": {"app": "db"}}});
            let path = "/api/v1/namespaces/shop/pods/web-0";
            town.send(&peggy(), "PATCH", path, label).unwrap();
        }
    };
    for what in ["a source", "a target", "a label"] {
        let mut town = Town::new().await;
        town.open("a", json!({})).await;
        more(&town, what);
        town.until_closed(30).await;
        becomes(&mut town, "a", "Ended").await;
        assert_eq!(town.end_reason("a"), "DriftDetected", "{what}");
        let grant = town.grant("a");
        assert!(grant["status"]["message"].to_string().contains("more than was approved"));
        let reached = town.paths();
        assert!(reached.iter().all(|path| !path.contains("oncall-tools/debug-0 -> shop/db-0")));
    }
}

/// A grant under another policy is another grant.
#[tokio::test(start_paused = true)]
async fn deleting_a_policy_ends_its_grants_alone() {
    let mut town = Town::new().await;
    town.policy("shop", "other", json!({"from": [debug()], "to": db()}));
    let before = town.paths();
    town.open("a", json!({})).await;
    let named = json!({"kind": "AccessPolicy", "name": "other"});
    town.ask_as(&frank(), "shop", "b", json!({"policyRef": named}));
    town.approve("b").await;
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    town.send(&crate::town::grace(), "DELETE", &path, json!({})).unwrap();
    becomes(&mut town, "a", "Ended").await;
    assert_eq!(town.end_reason("a"), "PolicyChanged");
    town.pass(30).await;
    assert_eq!(town.phase("b"), "Active");
    assert_eq!(changes(&before, &town.paths()), OPENED);
}
