//! Policies as code.

use fallgate_api::AccessPolicy;
use fallgate_sim::people;
use kube::api::{Api, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};

use crate::town::{Town, changes, db, debug, grace};

/// What stands in the repository: a policy with labels that others of its kind
/// have, too.
fn template(ports: &[u16]) -> Value {
    let ports: Vec<Value> =
        ports.iter().map(|port| json!({"protocol": "TCP", "port": port})).collect();
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessPolicy",
        "metadata": {
            "name": "look-into-db", "namespace": "shop",
            "labels": {"template": "look-into-db", "team": "shop"},
        },
        "spec": {
            "owner": {"team": "shop", "contact": "#shop-oncall"},
            "from": [debug()], "to": db(), "ports": ports, "maxDurationSeconds": 3600,
        },
    })
}

async fn apply(town: &Town, template: &Value, dry_run: bool) -> Result<AccessPolicy, kube::Error> {
    let client = Client::new(town.shop.sim.client_service(grace()), "shop");
    let policies: Api<AccessPolicy> = Api::namespaced(client, "shop");
    let params = PatchParams { dry_run, ..PatchParams::apply("delivery").force() };
    policies.patch("look-into-db", &params, &Patch::Apply(template)).await
}

fn named() -> Value {
    json!({"kind": "AccessPolicy", "name": "look-into-db"})
}

/// H3: templates are applied and rolled back as code. The way back is tried before
/// the way there is taken, and taking it closes what the version between had opened.
#[tokio::test(start_paused = true)]
async fn h3_templates_are_applied_and_rolled_back_as_code() {
    let mut town = Town::new().await;
    let (narrow, wide) = (template(&[5432]), template(&[5432, 8080]));
    let first = apply(&town, &narrow, false).await.unwrap();
    assert_eq!(first.labels()["template"], "look-into-db");
    // Both ways are admitted, and trying them changes nothing.
    for tried in [&wide, &narrow] {
        apply(&town, tried, true).await.unwrap();
    }
    let now = town.get("accesspolicies", "shop", "look-into-db");
    assert_eq!(now["metadata"]["generation"], 1);
    assert_eq!(now["spec"]["ports"].as_array().unwrap().len(), 1);
    // What would not be admitted shows before it is pushed.
    let mut forever = wide.clone();
    forever["spec"]["maxDurationSeconds"] = json!(604_800);
    forever["spec"]["limits"] = json!({"maxTotalSeconds": 604_800});
    let refusal = apply(&town, &forever, true).await.unwrap_err();
    assert!(refusal.to_string().contains("AccessConfig"), "{refusal}");

    let second = apply(&town, &wide, false).await.unwrap();
    assert_eq!(second.metadata.generation, Some(2));
    let before = town.paths();
    let both = json!([{"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 8080}]);
    town.open("a", json!({"policyRef": named(), "ports": both})).await;
    let opened = changes(&before, &town.paths());
    assert_eq!(
        opened,
        ["+ oncall-tools/debug-0 -> shop/db-0:5432", "+ oncall-tools/debug-0 -> shop/db-0:8080"]
    );
    // Applied again, nothing happens.
    apply(&town, &wide, false).await.unwrap();
    town.pass(30).await;
    assert_eq!(town.phase("a"), "Active");

    let back = apply(&town, &narrow, false).await.unwrap();
    assert_eq!((back.metadata.generation, &back.spec), (Some(3), &first.spec));
    town.until_closed(20).await;
    assert_eq!(town.paths(), before);
    town.until_phase("a", "Ended").await;
    assert_eq!(town.end_reason("a"), "PolicyChanged");
    town.ask("b", json!({"policyRef": named(), "ports": both}));
    let denied = |shop: &crate::shop::Shop| crate::town::phase(shop, "shop", "b") == "Denied";
    town.shop.until(&mut town.controller, 60, denied).await;
    town.open("c", json!({"policyRef": named()})).await;
    let opened = changes(&before, &town.paths());
    assert_eq!(opened, ["+ oncall-tools/debug-0 -> shop/db-0:5432"]);
}

/// H3: what an approval was given for under one version of a template is not opened
/// under another one.
#[tokio::test(start_paused = true)]
async fn h3_an_approval_does_not_outlive_the_version_that_it_was_given_for() {
    let mut town = Town::new().await;
    apply(&town, &template(&[5432]), false).await.unwrap();
    let before = town.paths();
    town.ask("a", json!({"policyRef": named()}));
    town.until_phase("a", "PendingApproval").await;
    apply(&town, &template(&[5432, 8080]), false).await.unwrap();
    town.decide(&people::bob(), "a", "Approved");
    let over = |shop: &crate::shop::Shop| crate::town::phase(shop, "shop", "a") == "Denied";
    town.shop.until(&mut town.controller, 60, over).await;
    assert!(town.message("a").contains("policy"), "{}", town.message("a"));
    assert_eq!((town.paths(), town.shop.objects()), (before, (0, 0)));
}

/// H3: that a path closes again is tried before one is opened, on the cluster
/// itself: a policy that lets nobody through has vanished with its switch.
#[tokio::test(start_paused = true)]
async fn h3_closing_is_rehearsed_before_anything_opens() {
    let mut town = Town::new().await;
    town.open("a", json!({})).await;
    let trace = town.shop.sim.trace();
    let at = |verb: &str, part: &str| {
        let hit = |exchange: &fallgate_sim::Exchange| {
            exchange.wrote && exchange.verb == verb && exchange.uri.contains(part)
        };
        trace.iter().position(hit).unwrap_or_else(|| panic!("{verb} {part}"))
    };
    let system = "namespaces/fallgate-system";
    let rehearsed = at("create", &format!("{system}/networkpolicies"));
    let vanished = at("delete", &format!("{system}/networkpolicies/fallgate-canary"));
    let controller = &town.shop.controller_user().username;
    let by_controller = |exchange: &&fallgate_sim::Exchange| {
        exchange.wrote
            && exchange.verb == "create"
            && exchange.uri.contains("namespaces/shop/networkpolicies")
            && exchange.username == *controller
    };
    let opened = trace.iter().position(|exchange| by_controller(&exchange)).unwrap();
    assert!(rehearsed < vanished && vanished < opened);
    assert_ne!(trace[vanished].username, *controller, "the control plane deletes it");
    // And it says that nothing but the path will change.
    let plan = &town.get("accessrequests", "shop", "a")["status"]["plan"];
    assert_eq!(plan["effect"]["closed"], json!([]));
}
