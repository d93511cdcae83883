//! Who agrees, to how much, and for how long.

use fallgate_sim::{UserInfo, people};
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::town::{POLICIES, Town, changes, dave, debug, phase, refused};

const OPENED: [&str; 1] = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];

/// H7: a request is intercepted, what it would do is shown, an engineer who may
/// decides, exactly that policy appears with its end, goes by itself, and what
/// isolated before isolates as before.
#[tokio::test(start_paused = true)]
async fn h7_the_whole_loop_leaves_the_baseline_as_it_was() {
    let mut town = Town::new().await;
    let admin = people::admin();
    let baseline =
        |town: &Town| town.shop.sim.request(&admin, "GET", &format!("{POLICIES}/baseline"), None);
    let (before, at_first) = (town.paths(), baseline(&town).unwrap());
    // Nobody gets in without asking: a policy of one's own hand is another matter, and
    // whoever has no right to write one has no path.
    let by_hand = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "mine", "namespace": "shop"}, "spec": {"podSelector": {}},
    });
    assert_eq!(town.shop.sim.create(&people::alice(), &by_hand).unwrap_err().code, 403);
    town.ask("a", json!({"durationSeconds": 300}));
    town.until_phase("a", "PendingApproval").await;
    // What is shown is what opens.
    let status = town.get("accessrequests", "shop", "a")["status"].clone();
    let effect = &status["plan"]["effect"];
    assert_eq!(
        effect["opened"],
        json!([{
            "from": {"namespace": "oncall-tools", "name": "debug-0", "kind": "Pod"},
            "to": {"namespace": "shop", "name": "db-0", "kind": "Pod"},
            "ports": [{"protocol": "TCP", "port": 5432}],
        }])
    );
    assert_eq!((&effect["closed"], &effect["unknown"]), (&json!([]), &json!([])));
    // Who asked, who only reads, and who has no right decide nothing.
    let request = town.get("accessrequests", "shop", "a");
    for (who, expected) in [
        (people::alice(), "fallgate-decisions"),
        (people::carol(), "cannot create"),
        (people::mallory(), "cannot create"),
    ] {
        let decision = town.decision(&who, &request, "Approved");
        let refusal = refused(town.shop.sim.create(&who, &decision));
        assert!(refusal.contains(expected), "{}: {refusal}", who.username);
    }
    town.pass(30).await;
    assert_eq!(town.paths(), before);
    town.decide(&people::bob(), "a", "Approved");
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    let expires = town.expires("a");
    let made = town.shop.sim.view(|view| {
        let all = view.list("networking.k8s.io", "networkpolicies", Some("shop"));
        let managed = |policy: &&&Value| {
            policy["metadata"]["labels"]["access.fallgate.dev/grant"].is_string()
        };
        let found: Vec<Value> =
            all.iter().filter(managed).map(|policy| (*policy).clone()).collect();
        found
    });
    let [made] = made.as_slice() else { panic!("{made:#?}") };
    assert_eq!(made["spec"], status["plan"]["policies"][0]["spec"]);
    let said = &made["metadata"]["annotations"]["access.fallgate.dev/expires-at"];
    assert_eq!(said.as_str().unwrap().parse::<jiff::Timestamp>().unwrap(), expires);
    town.pass_until(expires + std::time::Duration::from_secs(2)).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
    assert_eq!(baseline(&town).unwrap(), at_first);
}

/// An approval narrows to a part of what was asked for, in time, ports and pods,
/// and that part is what opens.
#[tokio::test(start_paused = true)]
async fn a_narrower_approval_opens_the_narrower_path() {
    let mut town = Town::new().await;
    town.pod("shop", "db-1", json!({"app": "db", "shard": "b"}));
    town.settle().await;
    town.amend(json!({"ports": [
        {"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 8080},
    ]}));
    let before = town.paths();
    let ports = json!([{"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 8080}]);
    town.ask("a", json!({"ports": ports, "durationSeconds": 3600}));
    town.until_phase("a", "PendingApproval").await;
    let narrower = json!({
        "to": {"podSelector": {"matchLabels": {"app": "db", "shard": "b"}}},
        "ports": [{"protocol": "TCP", "port": 8080}],
        "durationSeconds": 120,
    });
    town.decide_with(&people::bob(), ("shop", "a"), "Approved", narrower);
    town.until_phase("a", "Active").await;
    let expected = ["+ oncall-tools/debug-0 -> shop/db-1:8080"];
    assert_eq!(changes(&before, &town.paths()), expected);
    town.pass(125).await;
    assert_eq!(town.paths(), before);
    // One that widens is no approval.
    town.ask("b", json!({"durationSeconds": 60}));
    town.until_phase("b", "PendingApproval").await;
    let wider = json!({"ports": ports});
    town.decide_with(&people::bob(), ("shop", "b"), "Approved", wider);
    town.pass(30).await;
    assert_eq!((town.phase("b"), town.paths()), ("PendingApproval".to_owned(), before));
}

/// What two approvers have in common holds.
#[tokio::test(start_paused = true)]
async fn of_two_narrower_approvals_the_intersection_opens() {
    let mut town = Town::new().await;
    let ports = json!([{"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 8080}]);
    town.amend(json!({"ports": ports, "approval": {"approvals": 2}}));
    let before = town.paths();
    town.ask("a", json!({"ports": ports, "durationSeconds": 3600}));
    town.until_phase("a", "PendingApproval").await;
    let (bob, dave) = (people::bob(), dave());
    town.decide_with(&bob, ("shop", "a"), "Approved", json!({"durationSeconds": 300}));
    let one = json!({"ports": [{"protocol": "TCP", "port": 5432}], "durationSeconds": 900});
    town.decide_with(&dave, ("shop", "a"), "Approved", one);
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    assert_eq!(town.grant("a")["spec"]["approved"]["durationSeconds"], 300);
}

/// A quorum is of different people, however often one of them approves and by
/// whatever name.
#[tokio::test(start_paused = true)]
async fn a_quorum_of_two_is_two_people() {
    let mut town = Town::new().await;
    town.amend(json!({"approval": {"approvals": 2}}));
    let aliases = ["bob", "bob@example.com"];
    town.configure(json!({"identityAliases": [{"person": "Bob", "usernames": aliases}]}));
    let before = town.paths();
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    let other_bob = UserInfo::new("bob@example.com", "another-uid", &["leads"]);
    for who in [people::bob(), people::bob(), other_bob] {
        town.decide(&who, "a", "Approved");
        town.pass(20).await;
        assert_eq!((town.phase("a").as_str(), town.paths()), ("PendingApproval", before.clone()));
    }
    town.decide(&dave(), "a", "Approved");
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// One refusal outweighs every approval, also one that comes later.
#[tokio::test(start_paused = true)]
async fn a_denial_wins() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.amend(json!({"approval": {"approvals": 2}}));
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    town.decide(&people::bob(), "a", "Approved");
    town.decide(&dave(), "a", "Denied");
    town.decide(&UserInfo::new("heidi", "heidi-uid", &["leads"]), "a", "Approved");
    let denied = |shop: &Shop| phase(shop, "shop", "a") == "Denied";
    town.shop.until(&mut town.controller, 30, denied).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
}

/// An extension is a request of its own, with a decision and objects of its own:
/// the path stays open over the first end, and ends at the second.
#[tokio::test(start_paused = true)]
async fn an_extension_carries_on_where_the_first_grant_ends() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({"durationSeconds": 300})).await;
    town.pass(120).await;
    let extends = json!({"grant": "a", "uid": town.uid("a")});
    town.ask("b", json!({"durationSeconds": 600, "extends": extends}));
    town.until_phase("b", "PendingApproval").await;
    town.pass(30).await;
    assert_eq!(town.phase("b"), "PendingApproval", "the first approval is not one of the second");
    let switches = town.shop.objects();
    assert_eq!(switches, (1, 1), "what is open is not touched");
    town.approve("b").await;
    assert_eq!(town.shop.objects(), (2, 2));
    let (first, second) = (town.expires("a"), town.expires("b"));
    assert!(second > first);
    town.pass_until(first + std::time::Duration::from_secs(3)).await;
    assert_eq!(town.end_reason("a"), "Expired");
    assert_eq!(changes(&before, &town.paths()), OPENED);
    town.pass_until(second + std::time::Duration::from_secs(3)).await;
    assert_eq!(town.paths(), before);
    // Nor does it go on for ever.
    town.amend(json!({"limits": {"maxTotalSeconds": 3600}}));
    let extends = json!({"grant": "b", "uid": town.uid("b")});
    town.ask("c", json!({"durationSeconds": 3600, "extends": extends}));
    let refused = |shop: &Shop| phase(shop, "shop", "c") == "Denied";
    town.shop.until(&mut town.controller, 60, refused).await;
}

/// Whoever could approve may ask under another policy, and be decided on as
/// everybody else.
#[tokio::test(start_paused = true)]
async fn who_approves_does_not_approve_their_own() {
    let mut town = Town::new().await;
    town.bind("leads", "fallgate-requester");
    let before = town.paths();
    let bob = people::bob();
    town.ask_as(&bob, "shop", "a", json!({"from": debug()}));
    town.until_phase("a", "PendingApproval").await;
    let request = town.get("accessrequests", "shop", "a");
    let own = town.decision(&bob, &request, "Approved");
    assert_eq!(refused(town.shop.sim.create(&bob, &own)), "fallgate-decisions");
    // By another name of his, which the API server does not know to be his.
    let aliases = ["bob", "bob@example.com"];
    town.configure(json!({"identityAliases": [{"person": "Bob", "usernames": aliases}]}));
    town.decide(&UserInfo::new("bob@example.com", "another-uid", &["leads"]), "a", "Approved");
    town.pass(30).await;
    assert_eq!((town.phase("a").as_str(), town.paths()), ("PendingApproval", before.clone()));
    town.decide(&dave(), "a", "Approved");
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}
