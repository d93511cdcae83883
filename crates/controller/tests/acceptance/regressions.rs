//! Bugs that others had, each once, through the controller and the API server's
//! admission. Those that the life cycle alone can have are in the tests of
//! `access`; docs/THREATS.md says where each threat is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fallgate_controller::{Controller, Record, Settings};
use fallgate_sim::fault::{Fault, Instead};
use fallgate_sim::{Refusal, UserInfo, people};
use kube::Client;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::town::{
    GROUP, JOBS, POLICIES, Town, changes, erin, frank, grace, peggy, phase, refused, seconds,
};

const OPENED: [&str; 1] = ["+ oncall-tools/debug-0 -> shop/db-0:5432"];
const OURS: &str = "access.fallgate.dev";

async fn becomes(town: &mut Town, name: &'static str, wanted: &'static str) -> String {
    let is_so = |shop: &Shop| phase(shop, "shop", name) == wanted;
    town.shop.until(&mut town.controller, 90, is_so).await;
    town.message(name)
}

/// Netwatch logged a duration that it could not read, and the path never ended.
#[tokio::test(start_paused = true)]
async fn netwatch_unparsable_duration() {
    let mut town = Town::new().await;
    let alice = people::alice();
    let wrong = [
        json!("1h"),
        json!("3600"),
        json!(-1),
        json!(0),
        json!(29),
        json!(1e30),
        json!(60.5),
        json!(604_801),
        json!(9_223_372_036_854_775_807_i64),
        json!({"seconds": 60}),
        json!([60]),
    ];
    for duration in wrong {
        let asked = town.request(&alice, "shop", "a", json!({"durationSeconds": duration}));
        let refusal = town.shop.sim.create(&alice, &asked).unwrap_err();
        let code = refusal.code;
        assert!(matches!(code, 400 | 403 | 422), "{duration}: {refusal:?}");
    }
    // None at all is the policy's, and armed as any other.
    town.open("b", json!({"durationSeconds": null})).await;
    let left = town.expires("b").duration_since(town.shop.sim.now()).as_secs();
    assert!((3500..=3600).contains(&left), "{left} s");
}

/// Netwatch's server could act as anybody: the controller may impersonate nobody,
/// write no rights, and get no tokens.
#[tokio::test(start_paused = true)]
async fn netwatch_impersonation() {
    let town = Town::new().await;
    let controller = town.shop.controller_user();
    let may = |verb: &str, group: &str, resource: &str| {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": controller.username, "groups": controller.groups,
                "resourceAttributes": {
                    "verb": verb, "group": group, "resource": resource, "namespace": "shop",
                },
            },
        });
        let uri = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer = town.send(&people::admin(), "POST", uri, review).unwrap();
        answer["status"]["allowed"] == true
    };
    assert!(may("create", "networking.k8s.io", "networkpolicies"));
    for (verb, group, resource) in [
        ("impersonate", "", "users"),
        ("impersonate", "", "groups"),
        ("impersonate", "", "serviceaccounts"),
        ("create", "", "serviceaccounts/token"),
        ("get", "", "secrets"),
        ("create", "rbac.authorization.k8s.io", "rolebindings"),
        ("bind", "rbac.authorization.k8s.io", "clusterroles"),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
        ("use", OURS, "accesspolicies"),
        ("approve", OURS, "accesspolicies"),
        ("revoke", OURS, "accesspolicies"),
        ("breakglass", OURS, "accesspolicies"),
        ("manage", OURS, "accesspolicies"),
        ("update", "networking.k8s.io", "networkpolicies"),
        ("patch", "batch", "jobs"),
        ("update", OURS, "accessrequests"),
    ] {
        assert!(!may(verb, group, resource), "{verb} {resource}");
    }
}

/// Netwatch took a token from its configuration, past every login: we install none,
/// and admission does not ask for any.
#[test]
fn netwatch_static_token() {
    for file in fallgate_api::deploy::files().unwrap() {
        for object in file.objects {
            assert_ne!(object["kind"], "Secret", "{}", file.path);
            let webhook = object["kind"].as_str().unwrap_or_default().contains("Webhook");
            assert!(!webhook, "{}", file.path);
        }
    }
}

/// A process whose record can be lost and found.
fn with_record(town: &Town, lost: &Arc<AtomicBool>) -> Controller {
    let service = town.shop.sim.client_service(town.shop.controller_user());
    let (disk, lost) = (town.shop.disk.clone(), lost.clone());
    let record = Record::new(move || match lost.load(Ordering::Relaxed) {
        true => Err("the disk is gone".to_owned()),
        false => Ok(Box::new(disk.clone())),
    });
    let settings = Settings::new("another");
    let clock = Arc::new(town.shop.clock());
    Controller::new(Client::new(service, "fallgate-system"), record, clock, settings)
}

/// Netwatch's log was a list that nobody had to keep: without a record nothing
/// opens.
#[tokio::test(start_paused = true)]
async fn netwatch_optional_log() {
    let mut town = Town::new().await;
    let before = town.paths();
    let lost = Arc::new(AtomicBool::new(true));
    town.controller = with_record(&town, &lost);
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    town.decide(&people::bob(), "a", "Approved");
    town.pass(120).await;
    assert_eq!((town.paths(), town.shop.objects()), (before.clone(), (0, 0)));
    assert!(town.message("a").contains("record"), "{}", town.message("a"));
    lost.store(false, Ordering::Relaxed);
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// k8s-breakglass lost the end of what expired where its log was not there: closing
/// does not wait for the record, and the entry comes later, with the true time.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_lost_expiry_events() {
    let mut town = Town::new().await;
    town.open("a", json!({"durationSeconds": 120})).await;
    let expires = town.expires("a");
    let lost = Arc::new(AtomicBool::new(true));
    town.controller = with_record(&town, &lost);
    town.pass_until(expires + seconds(2)).await;
    assert_eq!(town.shop.objects(), (0, 0));
    town.pass(600).await;
    let ends = |town: &Town| {
        let mut record = town.shop.record();
        record.retain(|entry| entry.event.kind.name() == "end");
        record
    };
    assert_eq!(ends(&town), []);
    lost.store(false, Ordering::Relaxed);
    town.pass(60).await;
    let [end] = ends(&town).try_into().unwrap();
    let late = end.event.time.duration_since(expires).as_secs();
    assert!((-2..=5).contains(&late), "{late} s");
}

/// Lists of a resource that the controller is refused, as if its rules could not be
/// evaluated.
fn unreadable(town: &Town, resource: &'static str) {
    let refusal = Refusal {
        code: 500,
        reason: "InternalError".to_owned(),
        message: "no".to_owned(),
        details: Default::default(),
        metadata: Default::default(),
    };
    let user = town.shop.controller_user().username;
    town.shop.sim.set_faults(move |_, attributes| {
        let hit = attributes.user.username == user && attributes.resource == resource;
        match hit {
            true => Fault { instead: Some(Instead::Refuse(refusal.clone())), ..Fault::default() },
            false => Fault::default(),
        }
    });
}

/// k8s-breakglass allowed what a deny rule could not be evaluated for, and went on
/// where a template could not be fetched: what cannot be read denies.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_unreadable_rules() {
    for resource in [
        "accesslocks",
        "clusteraccesslocks",
        "accesspolicies",
        "accessconfigs",
        "accessincidents",
        "subjectaccessreviews",
        "networkpolicies",
        "pods",
        "nodes",
    ] {
        let mut town = Town::new().await;
        let before = town.paths();
        town.ask("a", json!({}));
        town.until_phase("a", "PendingApproval").await;
        unreadable(&town, resource);
        town.decide(&people::bob(), "a", "Approved");
        // A new process knows nothing from before.
        town.restart();
        town.pass(60).await;
        assert_eq!(town.paths(), before, "{resource}");
        assert_eq!(town.shop.objects(), (0, 0), "{resource}");
        town.shop.sim.clear_faults();
        assert_eq!(town.phase("a"), "PendingApproval", "{resource}: {}", town.message("a"));
        town.until_phase("a", "Active").await;
    }
}

/// k8s-breakglass looked the groups up of whoever came without: who approves for a
/// group has it in their own credentials, and no other way.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_token_without_groups() {
    let mut town = Town::new().await;
    let before = town.paths();
    let stage = json!({"name": "security", "groups": ["security"]});
    town.amend(json!({"approval": {"stages": [stage]}}));
    // Victor may approve, by his name, and is of no group.
    let mut binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "victor"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "fallgate-approver",
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "victor"}],
    });
    town.admin(binding.clone());
    binding["metadata"]["name"] = json!("erin");
    binding["subjects"][0]["name"] = json!("erin");
    town.admin(binding);
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    town.decide(&UserInfo::new("victor", "victor-uid", &[]), "a", "Approved");
    town.decide(&UserInfo::new("victor", "victor-uid", &["/tenant/security"]), "a", "Approved");
    // Nor does anybody say that they have a group.
    let request = town.get("accessrequests", "shop", "a");
    let victor = UserInfo::new("victor", "victor-uid", &[]);
    let mut claimed = town.decision(&victor, &request, "Approved");
    claimed["spec"]["decidedBy"]["groups"] = json!(["security", "system:authenticated"]);
    assert_eq!(refused(town.shop.sim.create(&victor, &claimed)), "fallgate-decisions");
    town.pass(30).await;
    assert_eq!((town.phase("a").as_str(), town.paths()), ("PendingApproval", before.clone()));
    town.decide(&erin(), "a", "Approved");
    town.until_phase("a", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// In k8s-breakglass who had left a session was back by its renewal: what was given
/// back or revoked is not extended.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_left_participants() {
    for (by, verdict) in [(people::alice(), "Withdrawn"), (erin(), "Revoked")] {
        let mut town = Town::new().await;
        let before = town.paths();
        town.open("a", json!({})).await;
        let extends = json!({"grant": "a", "uid": town.uid("a")});
        // An extension that is approved already does not help either.
        town.ask("b", json!({"extends": extends}));
        town.until_phase("b", "PendingApproval").await;
        town.decide(&by, "a", verdict);
        town.until_closed(20).await;
        town.decide(&people::bob(), "b", "Approved");
        town.ask("c", json!({"extends": extends}));
        becomes(&mut town, "c", "Denied").await;
        town.pass(60).await;
        assert_ne!(town.phase("b"), "Active", "{verdict}");
        assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)), "{verdict}");
    }
}

/// k8s-breakglass had one session twice where two of it were active: two processes,
/// whoever of them believes to lead, make one grant of one request.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_split_brain() {
    let mut town = Town::new().await;
    let before = town.paths();
    let mut second = town.shop.controller();
    town.ask("a", json!({"durationSeconds": 120}));
    let mut decided = false;
    for _ in 0..240 {
        let (one, two) = tokio::join!(town.controller.turn(), second.turn());
        assert!(!(one.leads && two.leads));
        town.shop.hold();
        let (switches, policies) = town.shop.objects();
        assert!(switches <= 1 && policies <= 1);
        if !decided && town.phase("a") == "PendingApproval" {
            town.decide(&people::bob(), "a", "Approved");
            decided = true;
        }
        if town.phase("a") == "Active" {
            // The one that leads hangs, and the other takes over.
            tokio::time::sleep(Duration::from_secs(10)).await;
            std::mem::swap(&mut town.controller, &mut second);
            town.controller.turn().await;
        }
        let pause = one.wait.min(two.wait).max(Duration::from_millis(50));
        tokio::time::sleep(pause).await;
    }
    assert_eq!(town.phase("a"), "Ended");
    assert_eq!(town.paths(), before);
    let kinds: Vec<String> = town.shop.entries().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["request", "decision", "arming", "opening", "end"]);
}

/// In k8s-breakglass a value of a user's became YAML: what people write is a value,
/// and what could be more is refused.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_yaml_injection() {
    let mut town = Town::new().await;
    let alice = people::alice();
    for (field, text) in [
        ("reason", "slow\nspec: {podSelector: {}}"),
        ("reason", "\u{1b}[2Jnothing to see"),
        ("reason", "approve \u{202e}yned"),
        ("ticket", "INC-7\nmetadata: {}"),
        ("ticket", "INC-7 {}"),
    ] {
        let asked = town.request(&alice, "shop", "a", json!({field: text}));
        let refusal = town.shop.sim.create(&alice, &asked).unwrap_err();
        assert_eq!(refusal.code, 422, "{text:?}: {}", refusal.message);
    }
    let before = town.paths();
    let text = "{\"ingress\": [{}]} --- <!here|*bold*> `$(id)` ' \" %s";
    town.open("b", json!({"reason": text})).await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
    let record = town.shop.record();
    let entry = record.iter().find(|entry| entry.event.kind.name() == "request").unwrap();
    assert_eq!(serde_json::to_value(&entry.event.details["reason"]).unwrap(), json!(text));
}

/// k8s-breakglass mixed up what had one name in two namespaces.
#[tokio::test(start_paused = true)]
async fn k8s_breakglass_ambiguous_names() {
    let mut town = Town::new().await;
    town.namespace("staging", true);
    town.pod("staging", "db-0", json!({"app": "db"}));
    town.settle().await;
    let rule = json!({"from": [crate::town::debug()], "to": crate::town::db()});
    town.policy("staging", "oncall-db", rule);
    let before = town.paths();
    town.ask("a", json!({}));
    town.ask_as(&people::alice(), "staging", "a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    town.until_phase_in("staging", "a", "PendingApproval").await;
    // A decision of one that quotes the other is none on either.
    let mut wrong =
        town.decision(&people::bob(), &town.get("accessrequests", "staging", "a"), "Approved");
    wrong["spec"]["requestRef"]["namespace"] = json!("shop");
    wrong["metadata"]["namespace"] = json!("shop");
    town.shop.create(&people::bob(), wrong);
    town.pass(30).await;
    assert_eq!(town.paths(), before);
    town.decide_with(&people::bob(), ("staging", "a"), "Approved", json!({}));
    town.until_phase_in("staging", "a", "Active").await;
    town.pass(30).await;
    assert_eq!(changes(&before, &town.paths()), ["+ oncall-tools/debug-0 -> staging/db-0:5432"]);
    assert_eq!(town.phase("a"), "PendingApproval");
}

/// Teleport GHSA-76cc-p55w-63g3: who owned a list gave themselves more by it. Who
/// may write a policy and use it changes nothing for a request that is under way, and
/// a policy that agrees by itself does not agree to its author.
#[tokio::test(start_paused = true)]
async fn teleport_ghsa_76cc_p55w_63g3() {
    let mut town = Town::new().await;
    let before = town.paths();
    // By their role alone, nobody who writes policies asks or decides.
    let asked = town.request(&grace(), "shop", "none", json!({}));
    assert_eq!(town.shop.sim.create(&grace(), &asked).unwrap_err().code, 403);
    town.bind("policy-admins", "fallgate-requester");
    town.ask_as(&grace(), "shop", "a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
    let own = json!({
        "metadata": {"annotations": {"access.fallgate.dev/author": "grace"}},
        "spec": {"approval": {"mode": "Automatic"}},
    });
    town.shop.patch(&grace(), &path, own);
    becomes(&mut town, "a", "Denied").await;
    town.ask_as(&grace(), "shop", "b", json!({}));
    town.until_phase("b", "PendingApproval").await;
    town.pass(60).await;
    assert_eq!((town.phase("b").as_str(), town.paths()), ("PendingApproval", before.clone()));
    // To others it does.
    town.ask("c", json!({}));
    town.until_phase("c", "Active").await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// Teleport CVE-2025-49825, a login that was none: who somebody is says the API
/// server, and no string in an object.
#[tokio::test(start_paused = true)]
async fn teleport_cve_2025_49825() {
    let mut town = Town::new().await;
    let before = town.paths();
    let (alice, bob) = (people::alice(), people::bob());
    let asked = town.request(&bob, "shop", "forged", json!({}));
    assert_eq!(refused(town.shop.sim.create(&alice, &asked)), "fallgate-requests");
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    let request = town.get("accessrequests", "shop", "a");
    let named_bob = town.decision(&bob, &request, "Approved");
    for who in [alice, people::mallory(), erin(), people::admin(), town.shop.controller_user()] {
        let refusal = town.shop.sim.create(&who, &named_bob).unwrap_err();
        assert_eq!(refusal.code, 403, "{}: {}", who.username, refusal.message);
    }
    town.pass(30).await;
    assert_eq!((town.phase("a").as_str(), town.paths()), ("PendingApproval", before));
}

/// Boundary CVE-2026-7776: who may ask could ask for so much that nobody else was
/// answered. Everything in a request has a bound, and so has what one person asks
/// for at once.
#[tokio::test(start_paused = true)]
async fn boundary_cve_2026_7776() {
    let mut town = Town::new().await;
    let alice = people::alice();
    let port = json!({"protocol": "TCP", "port": 5432});
    let labels: serde_json::Map<String, Value> =
        (0..5000).map(|at| (format!("k{at}"), json!("v"))).collect();
    for more in [
        json!({"reason": "x".repeat(100_000)}),
        json!({"ports": vec![port; 5000]}),
        json!({"to": {"podSelector": {"matchLabels": labels}}}),
        json!({"from": {"cidrs": vec!["192.0.2.10/32"; 5000]}}),
    ] {
        let asked = town.request(&alice, "shop", "large", more);
        assert_eq!(town.shop.sim.create(&alice, &asked).unwrap_err().code, 422);
    }
    town.configure(json!({"maxRequestsPerRequester": 3}));
    for at in 0..5 {
        town.ask(&format!("a-{at}"), json!({}));
        town.pass(2).await;
    }
    town.ask_as(&frank(), "shop", "other", json!({}));
    town.until_phase("other", "PendingApproval").await;
    town.pass(20).await;
    let phases: Vec<String> = (0..5).map(|at| town.phase(&format!("a-{at}"))).collect();
    let waiting = phases.iter().filter(|phase| *phase == "PendingApproval").count();
    assert_eq!(waiting, 3, "{phases:?}");
    assert!(phases.iter().skip(3).all(|phase| phase == "Denied"), "{phases:?}");
}

/// hoop #1446: a rule whose type was read as another one let users in without
/// approval. A rule means one thing; what it does not say is that people decide.
#[tokio::test(start_paused = true)]
async fn hoop_misread_rule_type() {
    let mut town = Town::new().await;
    let before = town.paths();
    for approval in [
        json!({"mode": "jit"}),
        json!({"mode": "automatic"}),
        json!({"mode": "command,jit"}),
        json!({"mode": ["Automatic"]}),
        json!({"approvals": 0}),
        json!({"stages": [{"name": "none", "groups": []}]}),
    ] {
        let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
        let spec = json!({"spec": {"approval": approval}});
        let refusal = town.send(&grace(), "PATCH", &path, spec).unwrap_err();
        assert_eq!(refusal.code, 422, "{approval}: {}", refusal.message);
    }
    let policy = town.get("accesspolicies", "shop", "oncall-db");
    assert_eq!(policy["spec"]["approval"]["mode"], "Required", "{policy:#}");
    town.ask("a", json!({}));
    town.until_phase("a", "PendingApproval").await;
    town.pass(60).await;
    assert_eq!((town.phase("a").as_str(), town.paths()), ("PendingApproval", before));
}

/// A restored backup of the cluster has what was revoked since as if it were open:
/// what the record says has ended is closed again.
#[tokio::test(start_paused = true)]
async fn velero_restored_cluster() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({"durationSeconds": 3600})).await;
    town.pass(30).await;
    let backup = town.shop.sim.revision();
    town.decide(&erin(), "a", "Revoked");
    town.until_closed(20).await;
    town.until_phase("a", "Ended").await;
    town.pass(30).await;
    assert_eq!(town.paths(), before);
    town.shop.sim.restore(backup, None).unwrap();
    assert_eq!(changes(&before, &town.paths()), OPENED, "the backup has it open");
    town.restart();
    town.until_closed(30).await;
    town.until_phase("a", "Ended").await;
    assert_eq!(town.paths(), before);
    let ends = town.shop.entries().iter().filter(|(kind, _)| kind == "end").count();
    assert_eq!(ends, 1, "it has ended once");
}

/// A namespace that is deleted takes its grants along, and one of its name later
/// has none of them.
#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_made_again_has_no_grants() {
    let mut town = Town::new().await;
    town.open("a", json!({})).await;
    town.send(&people::admin(), "DELETE", "/api/v1/namespaces/shop", json!({})).unwrap();
    town.until_closed(60).await;
    town.pass(60).await;
    town.namespace("shop", true);
    town.pod("shop", "db-0", json!({"app": "db"}));
    town.settle().await;
    let before = town.paths();
    town.pass(60).await;
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
    assert!(town.shop.entries().iter().any(|(kind, _)| kind == "end"));
}

/// What a label of a namespace says opens nothing: paths know namespaces by the name
/// that the API server gives them.
#[tokio::test(start_paused = true)]
async fn a_label_of_a_namespace_opens_nothing() {
    let mut town = Town::new().await;
    town.namespace("playground", false);
    town.pod("playground", "debug-0", json!({"role": "debug"}));
    town.settle().await;
    let before = town.paths();
    town.open("a", json!({})).await;
    let labels = json!({
        "kubernetes.io/metadata.name": "oncall-tools", "name": "oncall-tools", "role": "debug",
    });
    let patch = json!({"metadata": {"labels": labels}});
    // The server refuses it, or leaves its own label as it is.
    let _ = town.send(&people::admin(), "PATCH", "/api/v1/namespaces/playground", patch);
    town.pass(30).await;
    assert_eq!(changes(&before, &town.paths()), OPENED);
}

/// Whoever may edit everything in a namespace changes neither switch nor policy of a
/// grant; and closing them is theirs.
#[tokio::test(start_paused = true)]
async fn what_is_open_is_changed_by_nobody_and_closed_by_anybody() {
    let mut town = Town::new().await;
    let before = town.paths();
    town.open("a", json!({})).await;
    let uid = town.uid("a");
    let (policy, switch) =
        (format!("{POLICIES}/fallgate-{uid}-0"), format!("{JOBS}/fallgate-{uid}"));
    for (path, patch, by) in [
        (&policy, json!({"spec": {"podSelector": null}}), "fallgate-managed-policies"),
        (
            &policy,
            json!({"metadata": {"labels": {OURS.to_owned() + "/grant": null}}}),
            "fallgate-managed-policies",
        ),
        (&policy, json!({"metadata": {"ownerReferences": null}}), "fallgate-managed-policies"),
        (&policy, json!({"metadata": {"finalizers": ["mine/stay"]}}), "fallgate-managed-policies"),
        (&switch, json!({"spec": {"suspend": true}}), "fallgate-switches"),
        (&switch, json!({"spec": {"activeDeadlineSeconds": 86400}}), "fallgate-switches"),
        (&switch, json!({"metadata": {"finalizers": ["mine/stay"]}}), "fallgate-switches"),
    ] {
        for who in [peggy(), people::admin()] {
            let result = town.send(&who, "PATCH", path, patch.clone());
            assert_eq!(refused(result), by, "{}: {path} {patch}", who.username);
        }
    }
    town.pass(30).await;
    assert_eq!(town.phase("a"), "Active");
    assert_eq!(changes(&before, &town.paths()), OPENED);
    // Not even by deleting the switch so that what it owns stays.
    let orphan = json!({"propagationPolicy": "Orphan"});
    assert_eq!(refused(town.send(&peggy(), "DELETE", &switch, orphan)), "fallgate-switches");
    town.send(&peggy(), "DELETE", &policy, json!({})).unwrap();
    town.until_closed(20).await;
    assert_eq!(town.paths(), before);
}

/// Nobody has looked at packets yet, and nothing says so: what is open is neither
/// verified, nor would what it has let through be cut.
#[tokio::test(start_paused = true)]
async fn nothing_claims_what_nobody_checks() {
    let mut town = Town::new().await;
    town.open("a", json!({"durationSeconds": 60})).await;
    town.pass(70).await;
    let grant = town.grant("a");
    assert_eq!(grant["status"]["phase"], "Ended");
    let conditions = grant["status"]["conditions"].as_array().unwrap();
    for (type_, reason) in [("Verified", "NoProber"), ("Severed", "NoAgent")] {
        let found = conditions.iter().find(|condition| condition["type"] == type_).unwrap();
        assert_eq!((&found["status"], &found["reason"]), (&json!("Unknown"), &json!(reason)));
    }
}
