//! Watches.

use serde_json::json;

use crate::cluster::{CONFIG_MAPS, Cluster, WIDGETS, text, widget};

fn config_map(name: &str, label: &str) -> serde_json::Value {
    json!({"metadata": {"name": name, "labels": {"l": label}}})
}

#[test]
fn a_watch_without_a_version_starts_with_what_is_there() {
    let cluster = Cluster::new();
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true"));
    assert_eq!(watch.all(), ["ADDED a"]);
    cluster.post(CONFIG_MAPS, config_map("b", "x")).unwrap();
    cluster.patch(&format!("{CONFIG_MAPS}/a"), json!({"data": {"k": "v"}})).unwrap();
    cluster.delete(&format!("{CONFIG_MAPS}/b"), json!({})).unwrap();
    assert_eq!(watch.all(), ["ADDED b", "MODIFIED a", "DELETED b"]);
}

#[test]
fn a_watch_from_a_version_tells_what_came_after_it() {
    let cluster = Cluster::new();
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    let then = cluster.sim.revision();
    cluster.post(CONFIG_MAPS, config_map("b", "x")).unwrap();
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={then}"));
    let (kind, object) = watch.next().unwrap();
    assert_eq!((kind.as_str(), text(&object["metadata"]["name"])), ("ADDED", "b"));
    assert_eq!(object["kind"], "ConfigMap");
    cluster.delete(&format!("{CONFIG_MAPS}/b"), json!({})).unwrap();
    let (kind, object) = watch.next().unwrap();
    assert_eq!(kind, "DELETED");
    let revision = cluster.sim.revision().to_string();
    assert_eq!(object["metadata"]["resourceVersion"], revision, "that of the deletion");
    assert!(watch.next().is_none());
}

#[test]
fn what_stops_matching_a_watch_is_deleted_for_it() {
    let cluster = Cluster::new();
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true&labelSelector=l%3Dx"));
    cluster.post(CONFIG_MAPS, config_map("a", "y")).unwrap();
    assert!(watch.all().is_empty());
    let own = format!("{CONFIG_MAPS}/a");
    let label = |value: &str| json!({"metadata": {"labels": {"l": value}}});
    cluster.patch(&own, label("x")).unwrap();
    cluster.patch(&own, label("y")).unwrap();
    cluster.delete(&own, json!({})).unwrap();
    assert_eq!(watch.all(), ["ADDED a", "DELETED a"]);
}

#[test]
fn a_watch_from_before_the_compaction_is_told_so_in_the_stream() {
    let cluster = Cluster::new();
    let then = cluster.sim.revision();
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    cluster.sim.compact();
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={then}"));
    let (kind, status) = watch.next().unwrap();
    assert_eq!(
        (kind.as_str(), &status["code"], text(&status["reason"])),
        ("ERROR", &json!(410), "Expired")
    );
    let oldest = cluster.sim.revision();
    assert_eq!(status["message"], format!("too old resource version: {then} ({oldest})"));
    assert!(watch.has_ended());
}

#[test]
fn changes_are_forgotten_after_five_minutes() {
    let cluster = Cluster::new();
    let then = cluster.sim.revision();
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    cluster.post(CONFIG_MAPS, config_map("b", "x")).unwrap();
    let uri = format!("{CONFIG_MAPS}?watch=true&resourceVersion={then}");
    cluster.pass(200_000);
    assert_eq!(cluster.watch(&uri).all(), ["ADDED a", "ADDED b"]);
    cluster.pass(500_000);
    assert_eq!(cluster.watch(&uri).next().unwrap().0, "ERROR");
}

#[test]
fn a_watch_from_the_future_waits_for_it() {
    let cluster = Cluster::new();
    let later = cluster.sim.revision() + 1;
    let mut watch = cluster.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={later}"));
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    assert!(watch.next().is_none());
    cluster.post(CONFIG_MAPS, config_map("b", "x")).unwrap();
    assert_eq!(watch.all(), ["ADDED b"]);
}

#[test]
fn a_quiet_watch_gets_bookmarks_and_ends_at_its_timeout() {
    let cluster = Cluster::new();
    let then = cluster.sim.revision();
    let uri = format!(
        "{CONFIG_MAPS}?watch=true&resourceVersion={then}&allowWatchBookmarks=true&timeoutSeconds=90"
    );
    let mut watch = cluster.watch(&uri);
    assert!(watch.next().is_none());
    cluster.post("/api/v1/namespaces", json!({"metadata": {"name": "other"}})).unwrap();
    assert!(watch.next().is_none(), "that is no event of this watch");
    cluster.pass(61_000);
    let (kind, object) = watch.next().unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(object["metadata"]["resourceVersion"], cluster.sim.revision().to_string());
    assert!(watch.next().is_none());
    cluster.pass(30_000);
    assert!(watch.has_ended());
}

#[test]
fn a_streaming_list_ends_with_a_bookmark_that_says_so() {
    let cluster = Cluster::new();
    cluster.post(CONFIG_MAPS, config_map("a", "x")).unwrap();
    let uri = format!(
        "{CONFIG_MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
         &allowWatchBookmarks=true"
    );
    let mut watch = cluster.watch(&uri);
    assert_eq!(watch.next().unwrap().0, "ADDED");
    let (kind, object) = watch.next().unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[test]
fn a_watch_on_a_custom_resource_ends_with_its_definition() {
    let cluster = Cluster::with_widgets();
    cluster.post(WIDGETS, widget("w", json!({}))).unwrap();
    let mut watch = cluster.watch(&format!("{WIDGETS}?watch=true"));
    assert_eq!(watch.all(), ["ADDED w"]);
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    cluster.delete(&format!("{definitions}/widgets.t.dev"), json!({})).unwrap();
    cluster.pass(1000);
    assert_eq!(watch.all(), ["DELETED w"]);
    assert!(watch.has_ended());
    assert!(!cluster.exists(WIDGETS));
    cluster.install(crate::cluster::widgets());
    assert_eq!(cluster.get(WIDGETS).unwrap()["items"], json!([]));
}

#[test]
fn a_watched_table_says_what_its_columns_are_once() {
    let cluster = Cluster::with_widgets();
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let response = cluster.respond("GET", &format!("{WIDGETS}?watch=true"), &accept, "");
    let mut watch = crate::cluster::Watch::of(response);
    for name in ["v", "w"] {
        cluster.post(WIDGETS, widget(name, json!({}))).unwrap();
    }
    let (_, first) = watch.next().unwrap();
    assert_eq!(first["columnDefinitions"].as_array().unwrap().len(), 5);
    assert_eq!(first["rows"][0]["cells"][0], "v");
    let (_, second) = watch.next().unwrap();
    assert!(second["columnDefinitions"].is_null());
    assert_eq!(second["rows"][0]["cells"][0], "w");
}
