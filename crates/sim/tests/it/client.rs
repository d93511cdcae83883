//! The simulation behind `kube::Client`, in virtual time.

use std::time::Duration;

use fallgate_sim::{Options, Sim, UserInfo};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch,
    PatchParams, PostParams, Preconditions, PropagationPolicy, WatchEvent, WatchParams,
};
use serde_json::json;

use crate::cluster::{job, widgets};

fn client(sim: &Sim) -> kube::Client {
    kube::Client::new(sim.client_service(UserInfo::admin()), "default")
}

/// A cluster whose time passes with the paused clock of the runtime.
fn cluster() -> Sim {
    let millis = Duration::from_millis;
    let sim = Sim::new(Options { seed: 3, latency: (millis(1), millis(5)), ..Options::default() });
    tokio::spawn(sim.clone().follow());
    sim
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_creates_reads_changes_and_deletes() {
    let sim = cluster();
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&sim));
    let created = maps.create(&PostParams::default(), &config_map("a")).await.unwrap();
    assert!(created.metadata.uid.is_some());
    let patch = Patch::Merge(json!({"data": {"k": "v"}}));
    let patched = maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(patched.data.unwrap()["k"], "v");
    let error = maps.replace("a", &PostParams::default(), &created).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.is_conflict()), "{error}");
    assert_eq!(maps.list(&ListParams::default().limit(1)).await.unwrap().items.len(), 1);
    let wrong = Preconditions { uid: Some("other".to_owned()), ..Preconditions::default() };
    let refused = maps.delete("a", &DeleteParams::default().preconditions(wrong)).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 409));
    assert!(maps.delete("a", &DeleteParams::default()).await.unwrap().is_right());
    assert!(maps.get_opt("a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_watches_a_switch_fire() {
    let sim = cluster();
    let jobs: Api<Job> = Api::default_namespaced(client(&sim));
    let policies: Api<NetworkPolicy> = Api::default_namespaced(client(&sim));
    let switch: Job = serde_json::from_value(job("j", 60)).unwrap();
    let switch = jobs.create(&PostParams::default(), &switch).await.unwrap();
    let policy = json!({
        "metadata": {"name": "p", "ownerReferences": [{
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": "j",
            "uid": switch.metadata.uid,
        }]},
        "spec": {"podSelector": {}},
    });
    let policy: NetworkPolicy = serde_json::from_value(policy).unwrap();
    policies.create(&PostParams::default(), &policy).await.unwrap();
    let mut events = policies.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let begun = sim.now();
    let mut kinds = Vec::new();
    while let Some(event) = events.try_next().await.unwrap() {
        match event {
            WatchEvent::Added(_) => kinds.push("added"),
            WatchEvent::Deleted(_) => {
                kinds.push("deleted");
                break;
            }
            WatchEvent::Bookmark(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kinds, ["added", "deleted"]);
    let took = sim.now().duration_since(begun).as_millis();
    assert!((59_000..61_000).contains(&took), "{took} ms of virtual time");
}

/// The demo does not wait for an expiry.
#[tokio::test(start_paused = true)]
async fn time_that_follows_a_clock_can_be_advanced() {
    let sim = cluster();
    let seconds = Duration::from_secs;
    let begun = sim.now();
    tokio::time::sleep(seconds(1)).await;
    sim.advance(seconds(600));
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(sim.now().duration_since(begun).as_secs(), 602);
    sim.settle(seconds(1));
    tokio::time::sleep(seconds(10)).await;
    assert!((612..=613).contains(&sim.now().duration_since(begun).as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_client_applies_custom_resources_and_their_status() {
    let sim = cluster();
    let client = client(&sim);
    sim.request(
        &UserInfo::admin(),
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        Some(&widgets()),
    )
    .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("t.dev", "v1", "Widget"));
    let api: Api<DynamicObject> = Api::default_namespaced_with(client, &kind);
    let apply = PatchParams::apply("me");
    let object = |part: &str, value: serde_json::Value| {
        let mut object = json!({
            "apiVersion": "t.dev/v1",
            "kind": "Widget",
            "metadata": {"name": "w"},
        });
        object[part] = value;
        Patch::Apply(object)
    };
    let created = api.patch("w", &apply, &object("spec", json!({"name": "n"}))).await.unwrap();
    assert_eq!(created.data["spec"]["size"], 3);
    let status = object("status", json!({"phase": "Active"}));
    let written = api.patch_status("w", &apply, &status).await.unwrap();
    assert_eq!(written.data["status"]["phase"], "Active");
    assert_eq!(written.metadata.generation, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_client_deletes_a_namespace_with_all_that_is_in_it() {
    let sim = cluster();
    let namespaces: Api<Namespace> = Api::all(client(&sim));
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": "x"}})).unwrap();
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client(&sim), "x");
    maps.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let background = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        ..DeleteParams::default()
    };
    namespaces.delete("x", &background).await.unwrap();
    while namespaces.get_opt("x").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(maps.get_opt("a").await.unwrap().is_none());
}
