//! What a run from a list of acts cannot tell: backups, namespaces and kinds
//! that go, and what was mended.

use std::time::Duration;

use fallgate_sim::{Options, people};
use serde_json::{Value, json};

use crate::shop::{Shop, identity};

const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";

/// S17: a backup brings back what was revoked, and it is closed within a minute:
/// with a leap of revisions, and without one.
#[tokio::test(start_paused = true)]
async fn what_a_backup_brings_back_is_closed() {
    for bump in [None, Some(1_000_000)] {
        let mut shop = Shop::with(Options { history: None, ..Options::default() }).await;
        let mut controller = shop.controller();
        shop.open(&mut controller, 3600).await;
        shop.pass(&mut controller, 5).await;
        let backup = shop.sim.revision();
        shop.decide(&people::alice(), "Revoked");
        shop.until(&mut controller, 60, |shop| shop.phase() == "Ended").await;
        shop.pass(&mut controller, 10).await;
        assert!(shop.entries().iter().any(|(kind, _)| kind == "end"));
        shop.sim.restore(backup, bump).unwrap();
        assert_eq!(shop.objects(), (1, 1), "the backup brings it back");
        shop.until(&mut controller, 60, |shop| shop.objects() == (0, 0)).await;
    }
}

/// S17 for a process that starts after the backup and knows only the record.
#[tokio::test(start_paused = true)]
async fn what_a_backup_brings_back_is_closed_by_whoever_comes_later() {
    let mut shop = Shop::with(Options { history: None, ..Options::default() }).await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    shop.pass(&mut controller, 5).await;
    let backup = shop.sim.revision();
    shop.decide(&people::alice(), "Revoked");
    shop.until(&mut controller, 60, |shop| shop.phase() == "Ended").await;
    shop.pass(&mut controller, 10).await;
    drop(controller);
    shop.sim.restore(backup, Some(1_000_000)).unwrap();
    let mut controller = shop.controller();
    shop.until(&mut controller, 60, |shop| shop.objects() == (0, 0)).await;
}

/// L5: the namespace goes, and everything with it, with a controller and without.
#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_everything_in_it() {
    for runs in [true, false] {
        let mut shop = Shop::new().await;
        let mut controller = shop.controller();
        shop.open(&mut controller, 3600).await;
        let path = "/api/v1/namespaces/shop";
        shop.sim.request(&people::admin(), "DELETE", path, None).unwrap();
        let gone =
            |shop: &Shop| shop.sim.view(|view| view.get("", "namespaces", None, "shop").is_none());
        if runs {
            shop.until(&mut controller, 60, gone).await;
        } else {
            drop(controller);
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        assert!(gone(&shop), "controller: {runs}");
        assert_eq!(shop.objects(), (0, 0));
    }
}

/// L5: the kinds go, and nothing keeps them: no finalizer, no webhook. What was
/// open ends with its switch at the latest.
#[tokio::test(start_paused = true)]
async fn the_kinds_go_and_nothing_keeps_them() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 120).await;
    drop(controller);
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let left = |shop: &Shop| {
        shop.sim.view(|view| {
            let all = view.list("apiextensions.k8s.io", "customresourcedefinitions", None);
            all.iter().map(|found| found["metadata"]["name"].clone()).collect::<Vec<Value>>()
        })
    };
    for name in left(&shop) {
        let path = format!("{definitions}/{}", name.as_str().unwrap());
        shop.sim.request(&people::admin(), "DELETE", &path, None).unwrap();
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(left(&shop), [] as [Value; 0]);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(shop.objects(), (0, 0));
    let finalizers = shop.sim.view(|view| {
        let kinds = [("batch", "jobs"), ("networking.k8s.io", "networkpolicies")];
        let all = kinds.into_iter().flat_map(|(group, resource)| view.list(group, resource, None));
        all.filter(|object| object["metadata"]["finalizers"].is_array()).count()
    });
    assert_eq!(finalizers, 0);
}

/// What is broken, how, and how it is mended.
type Mishap = (&'static str, fn(&Shop), fn(&Shop));

fn amend(shop: &Shop, path: &str, patch: Value) {
    shop.patch(&people::admin(), &format!("{GROUP}/{path}"), patch);
}

const POLICY: &str = "namespaces/shop/accesspolicies/oncall-db";
const BASELINE: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/baseline";

const MISHAPS: &[Mishap] = &[
    (
        "the policy asks for an incident",
        |shop| amend(shop, POLICY, json!({"spec": {"enabled": "DuringIncident"}})),
        |shop| amend(shop, POLICY, json!({"spec": {"enabled": "Always"}})),
    ),
    (
        "the policy asks for a ticket that nobody gives",
        |shop| amend(shop, POLICY, json!({"spec": {"ticket": {"required": true}}})),
        |shop| amend(shop, POLICY, json!({"spec": {"ticket": null}})),
    ),
    (
        "the policy selects nothing",
        |shop| {
            let nobody = json!({"podSelector": {"matchLabels": {"app": "nobody"}}});
            amend(shop, POLICY, json!({"spec": {"to": nobody}}));
        },
        |shop| {
            let db = json!({"podSelector": {"matchLabels": {"app": "db"}}});
            amend(shop, POLICY, json!({"spec": {"to": db}}));
        },
    ),
    (
        "nothing isolates",
        |shop| {
            let label = json!({"metadata": {"labels": {"access.fallgate.dev/baseline": null}}});
            shop.patch(&people::admin(), BASELINE, label);
        },
        |shop| {
            let label = json!({"metadata": {"labels": {"access.fallgate.dev/baseline": "true"}}});
            shop.patch(&people::admin(), BASELINE, label);
        },
    ),
];

/// L4: whatever kept a request from opening, once it is mended the next one opens.
#[tokio::test(start_paused = true)]
async fn what_was_mended_opens() {
    for (what, breaks, mends) in MISHAPS {
        let mut shop = Shop::new().await;
        let mut controller = shop.controller();
        breaks(&shop);
        shop.ask(300);
        shop.pass(&mut controller, 20).await;
        assert!(!["Active", "PendingApproval"].contains(&shop.phase().as_str()), "{what}");
        mends(&shop);
        let next = |shop: &Shop| {
            let path = format!("{GROUP}/namespaces/shop/accessrequests/next");
            shop.sim.request(&people::admin(), "GET", &path, None).unwrap()
        };
        let mut request = shop.request();
        request["metadata"] = json!({"name": "next", "namespace": "shop"});
        request.as_object_mut().unwrap().remove("status");
        shop.create(&people::alice(), request);
        let is = |phase: &'static str| move |shop: &Shop| next(shop)["status"]["phase"] == phase;
        shop.until(&mut controller, 60, is("PendingApproval")).await;
        let request = next(&shop);
        let requested = &request["spec"]["requestedBy"];
        let bob = people::bob();
        shop.create(
            &bob,
            json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
                "metadata": {"generateName": "next-", "namespace": "shop"},
                "spec": {
                    "requestRef": {"namespace": "shop", "name": "next",
                        "uid": request["metadata"]["uid"]},
                    "policyRef": request["spec"]["policyRef"],
                    "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
                    "decidedBy": identity(&bob),
                    "verdict": "Approved", "planHash": request["status"]["planHash"],
                },
            }),
        );
        shop.until(&mut controller, 60, is("Active")).await;
    }
}
