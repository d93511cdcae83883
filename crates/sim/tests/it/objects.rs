//! Objects: what is set, what is refused, what is stored.

use fallgate_sim::{Refusal, UserInfo};
use serde_json::{Value, json};

use crate::cluster::{CONFIG_MAPS, Cluster, JOBS, POLICIES, WIDGETS, job, text, widget};

fn policy(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"podSelector": {}}})
}

fn told<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (u16, String, String) {
    let refusal = result.unwrap_err();
    (refusal.code, refusal.reason, refusal.message)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>, code: u16, reason: &str, message: &str) {
    assert_eq!(told(result), (code, reason.to_owned(), message.to_owned()));
}

#[test]
fn a_created_object_has_what_the_server_sets_and_what_the_kind_defaults_to() {
    let cluster = Cluster::new();
    let created = cluster.post(POLICIES, policy("p")).unwrap();
    let metadata = &created["metadata"];
    assert_eq!(created["kind"], "NetworkPolicy");
    assert_eq!(created["apiVersion"], "networking.k8s.io/v1");
    assert_eq!(metadata["namespace"], "default");
    assert_eq!(metadata["generation"], 1);
    assert_eq!(metadata["creationTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(text(&metadata["uid"]).len(), 36);
    assert_eq!(created["spec"], json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    assert_eq!(cluster.get(&format!("{POLICIES}/p")).unwrap(), created);
}

#[test]
fn what_only_the_server_may_say_is_ignored_in_a_new_object() {
    let cluster = Cluster::new();
    let mut written = policy("p");
    written["metadata"] = json!({
        "name": "p",
        "generateName": "zz",
        "uid": "abc",
        "generation": 7,
        "creationTimestamp": "2020-01-01T00:00:00Z",
        "deletionTimestamp": "2020-01-01T00:00:00Z",
    });
    let metadata = &cluster.post(POLICIES, written).unwrap()["metadata"];
    assert_ne!(metadata["uid"], "abc");
    assert_eq!(metadata["generation"], 1);
    assert_eq!(metadata["creationTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(metadata["deletionTimestamp"], Value::Null);
    assert_eq!(metadata["name"], "p");
}

#[test]
fn a_resource_version_in_a_new_object_is_refused() {
    let mut written = policy("p");
    written["metadata"]["resourceVersion"] = json!("5");
    let result = Cluster::new().post(POLICIES, written);
    refused(result, 500, "", "resourceVersion should not be set on objects to be created");
}

#[test]
fn generated_names_are_the_prefix_and_five_letters() {
    let cluster = Cluster::new();
    let generated = json!({"metadata": {"generateName": "gen-"}, "spec": {"podSelector": {}}});
    let created = cluster.post(POLICIES, generated.clone()).unwrap();
    let name = text(&created["metadata"]["name"]);
    assert!(name.starts_with("gen-") && name.len() == 9, "{name}");
    let other = cluster.post(POLICIES, generated).unwrap();
    assert_ne!(other["metadata"]["name"], name);
}

#[test]
fn what_is_there_is_not_created_again() {
    let cluster = Cluster::new();
    cluster.post(POLICIES, policy("p")).unwrap();
    refused(
        cluster.post(POLICIES, policy("p")),
        409,
        "AlreadyExists",
        "networkpolicies.networking.k8s.io \"p\" already exists",
    );
}

#[test]
fn a_dry_run_answers_as_if_it_had_been_done_and_stores_nothing() {
    let cluster = Cluster::new();
    let before = cluster.sim.revision();
    let created = cluster.post(&format!("{POLICIES}?dryRun=All"), policy("p")).unwrap();
    assert_eq!(created["metadata"]["resourceVersion"], Value::Null);
    assert_eq!(created["spec"]["policyTypes"], json!(["Ingress"]));
    cluster.post(POLICIES, policy("q")).unwrap();
    let own = format!("{POLICIES}/q?dryRun=All");
    let patched = cluster.patch(&own, json!({"metadata": {"labels": {"a": "b"}}})).unwrap();
    assert_eq!(patched["metadata"]["labels"]["a"], "b");
    cluster.delete(&own, json!({})).unwrap();
    let body = json!({"dryRun": ["All"]});
    cluster.delete(&format!("{POLICIES}/q"), body).unwrap();
    assert_eq!(cluster.sim.revision(), before + 1);
    assert!(cluster.exists(&format!("{POLICIES}/q")) && !cluster.exists(&format!("{POLICIES}/p")));
}

#[test]
fn nothing_is_created_in_a_namespace_that_is_not_there() {
    refused(
        Cluster::new().post(&POLICIES.replace("default", "zz"), policy("p")),
        404,
        "NotFound",
        "namespaces \"zz\" not found",
    );
}

#[test]
fn names_and_namespaces_must_be_those_of_the_path() {
    let cluster = Cluster::new();
    cluster.post(POLICIES, policy("p")).unwrap();
    let own = format!("{POLICIES}/p");
    refused(
        cluster.put(&own, policy("q")),
        400,
        "BadRequest",
        "the name of the object (q) does not match the name on the URL (p)",
    );
    let elsewhere = json!({"metadata": {"namespace": "x"}});
    let message =
        "the namespace of the provided object does not match the namespace sent on the request";
    refused(cluster.patch(&own, elsewhere), 400, "BadRequest", message);
}

#[test]
fn an_update_is_based_on_a_version_of_one_object() {
    let cluster = Cluster::new();
    let created = cluster.post(POLICIES, policy("p")).unwrap();
    let own = format!("{POLICIES}/p");
    let mut other = policy("p");
    other["metadata"]["resourceVersion"] = json!("1");
    let modified = "Operation cannot be fulfilled on networkpolicies.networking.k8s.io \"p\": the \
                    object has been modified; please apply your changes to the latest version and \
                    try again";
    refused(cluster.put(&own, other), 409, "Conflict", modified);
    refused(
        cluster.patch(&own, json!({"metadata": {"resourceVersion": "1"}})),
        409,
        "Conflict",
        modified,
    );
    let mut other = policy("p");
    other["metadata"]["uid"] = json!("1");
    let (code, reason, message) = told(cluster.put(&own, other));
    assert_eq!((code, reason.as_str()), (409, "Conflict"));
    let uid = text(&created["metadata"]["uid"]);
    assert!(message.contains(&format!("UID in precondition: 1, UID in object meta: {uid}")));
    let mut current = created.clone();
    current["metadata"]["labels"] = json!({"a": "b"});
    let updated = cluster.put(&own, current).unwrap();
    assert_eq!(updated["metadata"]["labels"]["a"], "b");
    refused(cluster.put(&own, created), 409, "Conflict", modified);
}

#[test]
fn an_update_that_changes_nothing_is_no_write() {
    let cluster = Cluster::new();
    let created = cluster.post(POLICIES, policy("p")).unwrap();
    cluster.pass(5000);
    let same = cluster.put(&format!("{POLICIES}/p"), policy("p")).unwrap();
    assert_eq!(same["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
}

#[test]
fn generations_count_changes_of_the_spec_alone() {
    let cluster = Cluster::new();
    cluster.post(POLICIES, policy("p")).unwrap();
    let own = format!("{POLICIES}/p");
    let generation = |patch: Value| {
        cluster.patch(&own, patch).unwrap()["metadata"]["generation"].as_u64().unwrap()
    };
    assert_eq!(generation(json!({"metadata": {"labels": {"a": "b"}}})), 1);
    assert_eq!(generation(json!({"spec": {"podSelector": {"matchLabels": {"a": "b"}}}})), 2);
    assert_eq!(generation(json!({"metadata": {"generation": 9}})), 2);
}

#[test]
fn some_kinds_must_say_what_an_update_is_based_on() {
    let cluster = Cluster::with_widgets();
    cluster.post(WIDGETS, widget("w", json!({}))).unwrap();
    refused(
        cluster.put(&format!("{WIDGETS}/w"), widget("w", json!({"size": 4}))),
        422,
        "Invalid",
        "widgets.t.dev \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
         specified for an update",
    );
}

#[test]
fn an_update_of_what_is_not_there_creates_some_kinds_and_not_others() {
    let cluster = Cluster::new();
    let lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
    assert!(cluster.put(lease, json!({"metadata": {"name": "l"}, "spec": {}})).is_ok());
    refused(
        cluster.put(&format!("{POLICIES}/p"), policy("p")),
        404,
        "NotFound",
        "networkpolicies.networking.k8s.io \"p\" not found",
    );
}

#[test]
fn a_body_of_the_wrong_kind_or_type_is_refused() {
    let cluster = Cluster::new();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
    let (code, _, message) = told(cluster.post(POLICIES, pod));
    assert_eq!(code, 400);
    assert!(message.starts_with("Pod in version \"v1\" cannot be handled as a NetworkPolicy"));
    let wrong = json!({"metadata": {"name": "p"}, "spec": {"podSelector": {}, "ingress": "x"}});
    let (code, _, message) = told(cluster.post(POLICIES, wrong));
    assert_eq!(code, 400);
    assert!(message.starts_with("NetworkPolicy in version \"v1\" cannot be handled as a"));
    let nonsense = cluster.send("POST", POLICIES, &[], "{\"apiVersion\":");
    assert_eq!((nonsense.code, text(&nonsense.body["reason"])), (400, "BadRequest"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(cluster.send("POST", POLICIES, &form, "{}").code, 415);
    assert_eq!(cluster.send("GET", POLICIES, &[("accept", "text/html")], "").code, 406);
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    assert_eq!(cluster.send("POST", POLICIES, &[], &large).code, 413);
}

#[test]
fn unknown_fields_are_dropped_with_a_warning_or_refused_when_asked() {
    let cluster = Cluster::with_widgets();
    let json = [("content-type", "application/json")];
    let mut written = policy("p");
    written["spec"]["foo"] = json!(1);
    let answer = cluster.send("POST", POLICIES, &json, &written.to_string());
    assert_eq!(answer.code, 201);
    assert_eq!(answer.warnings, ["299 - \"unknown field \\\"spec.foo\\\"\""]);
    assert_eq!(answer.body["spec"]["foo"], Value::Null);
    refused(
        cluster.post(&format!("{POLICIES}?fieldValidation=Strict"), written),
        400,
        "BadRequest",
        "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: strict decoding \
         error: unknown field \"spec.foo\"",
    );
    let answer = cluster.send("POST", WIDGETS, &json, &widget("w", json!({"foo": 1})).to_string());
    assert_eq!(answer.warnings, ["299 - \"unknown field \\\"spec.foo\\\"\""]);
    let strict = format!("{WIDGETS}?fieldValidation=Strict");
    refused(
        cluster.post(&strict, widget("w2", json!({"sizee": 1}))),
        400,
        "BadRequest",
        "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown \
         field \"spec.sizee\"",
    );
}

#[test]
fn custom_resources_are_defaulted_pruned_and_checked_by_their_schema() {
    let cluster = Cluster::with_widgets();
    let mut written = widget("w", json!({"name": "n"}));
    written["status"] = json!({"phase": "X"});
    let created = cluster.post(WIDGETS, written).unwrap();
    assert_eq!(created["spec"], json!({"name": "n", "size": 3}));
    assert_eq!(created.get("status"), None, "the status is a subresource");
    let (code, reason, message) = told(cluster.post(WIDGETS, widget("v", json!({"size": 0}))));
    assert_eq!((code, reason.as_str()), (422, "Invalid"));
    assert_eq!(
        message,
        "Widget.t.dev \"v\" is invalid: spec.size: Invalid value: 0: spec.size in body should be \
         greater than or equal to 1"
    );
    let untyped = json!({"metadata": {"name": "u"}});
    assert_eq!(told(cluster.post(WIDGETS, untyped)).0, 400);
}

#[test]
fn the_status_of_a_custom_resource_is_written_by_itself() {
    let cluster = Cluster::with_widgets();
    cluster.post(WIDGETS, widget("w", json!({}))).unwrap();
    let own = format!("{WIDGETS}/w");
    let patch = json!({
        "status": {"phase": "Y", "zz": 1},
        "spec": {"size": 7},
        "metadata": {"labels": {"a": "b"}},
    });
    let written = cluster.patch(&format!("{own}/status"), patch.clone()).unwrap();
    assert_eq!(written["status"], json!({"phase": "Y"}));
    assert_eq!(written["spec"]["size"], 3);
    assert_eq!(written["metadata"]["labels"], Value::Null);
    assert_eq!(written["metadata"]["generation"], 1);
    let written = cluster.patch(&own, json!({"status": {"phase": "Z"}, "spec": {"size": 8}}));
    let written = written.unwrap();
    assert_eq!(written["status"], json!({"phase": "Y"}));
    assert_eq!(written["metadata"]["generation"], 2);
}

#[test]
fn what_is_not_served_is_not_found() {
    let cluster = Cluster::new();
    let message = "the server could not find the requested resource";
    refused(cluster.get("/apis/networking.k8s.io/v1/foos"), 404, "NotFound", message);
    refused(cluster.get("/apis/foo/v1/bars"), 404, "NotFound", message);
    refused(cluster.get(WIDGETS), 404, "NotFound", message);
    assert_eq!(told(cluster.post(&format!("{POLICIES}/p"), json!({}))).0, 405);
    assert_eq!(told(cluster.put(POLICIES, json!({}))).0, 405);
    assert_eq!(told(cluster.get("/api/v1/namespaces/default/pods/p/log")).0, 501);
    let scale = "/apis/apps/v1/namespaces/default/deployments/d/scale";
    assert_eq!(told(cluster.get(scale)).0, 501);
}

#[test]
fn deletion_preconditions_hold_for_one_object_in_one_version() {
    let cluster = Cluster::new();
    let created = cluster.post(POLICIES, policy("p")).unwrap();
    let own = format!("{POLICIES}/p");
    let uid = text(&created["metadata"]["uid"]);
    refused(
        cluster.delete(&own, json!({"preconditions": {"uid": "x"}})),
        409,
        "Conflict",
        &format!(
            "Operation cannot be fulfilled on NetworkPolicy.networking.k8s.io \"p\": the UID in \
             the precondition (x) does not match the UID in record ({uid}). The object might have \
             been deleted and then recreated"
        ),
    );
    let old = json!({"preconditions": {"uid": uid, "resourceVersion": "1"}});
    assert_eq!(told(cluster.delete(&own, old)).0, 409);
    let deleted = cluster.delete(&own, json!({"preconditions": {"uid": uid}})).unwrap();
    assert_eq!(deleted["status"], "Success");
    assert_eq!(
        deleted["details"],
        json!({"name": "p", "group": "networking.k8s.io", "kind": "networkpolicies", "uid": uid})
    );
    assert_eq!(told(cluster.delete(&own, json!({}))).0, 404);
    let wrong = json!({"propagationPolicy": "Foo"});
    assert_eq!(told(cluster.delete(&own, wrong)).0, 422);
    let both = json!({"propagationPolicy": "Orphan", "orphanDependents": true});
    assert_eq!(told(cluster.delete(&own, both)).0, 422);
}

#[test]
fn finalizers_hold_a_deleted_object_until_the_last_is_gone() {
    let cluster = Cluster::new();
    let mut written = policy("p");
    written["metadata"]["finalizers"] = json!(["a.b/c"]);
    cluster.post(POLICIES, written).unwrap();
    let own = format!("{POLICIES}/p");
    let deleted = cluster.delete(&own, json!({})).unwrap();
    assert_eq!(deleted["kind"], "NetworkPolicy");
    assert_eq!(deleted["metadata"]["deletionTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(deleted["metadata"]["generation"], 2);
    assert_eq!(cluster.delete(&own, json!({})).unwrap(), deleted, "twice is once");
    refused(
        cluster.post(POLICIES, policy("p")),
        409,
        "AlreadyExists",
        "object is being deleted: networkpolicies.networking.k8s.io \"p\" already exists",
    );
    let more = json!({"metadata": {"finalizers": ["a.b/c", "d.e/f"]}});
    let (code, _, message) = told(cluster.patch(&own, more));
    assert_eq!(code, 422);
    assert!(message.contains("no new finalizers can be added if the object is being deleted"));
    let alive = json!({"metadata": {"deletionTimestamp": null}});
    assert_eq!(cluster.patch(&own, alive).unwrap(), deleted);
    let last = cluster.patch(&own, json!({"metadata": {"finalizers": []}})).unwrap();
    assert_eq!(last["metadata"]["finalizers"], Value::Null.take());
    assert!(!cluster.exists(&own));
}

#[test]
fn a_pod_on_a_node_ends_after_a_grace_period_and_any_other_at_once() {
    let cluster = Cluster::new();
    let pods = "/api/v1/namespaces/default/pods";
    let pod = |node: &str| {
        let containers = json!([{"name": "c", "image": "x"}]);
        json!({"metadata": {"name": "p"}, "spec": {"nodeName": node, "containers": containers}})
    };
    let own = format!("{pods}/p");
    cluster.post(pods, pod("")).unwrap();
    let deleted = cluster.delete(&own, json!({})).unwrap();
    assert_eq!(deleted["kind"], "Pod");
    assert!(!cluster.exists(&own));
    cluster.post(pods, pod("n")).unwrap();
    let deleted = cluster.delete(&own, json!({})).unwrap();
    assert_eq!(deleted["metadata"]["deletionTimestamp"], "2026-01-01T00:00:30Z");
    assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 30);
    assert!(cluster.exists(&own));
    cluster.delete(&own, json!({"gracePeriodSeconds": 0})).unwrap();
    assert!(!cluster.exists(&own));
    cluster.post(pods, pod("n")).unwrap();
    cluster.delete(&own, json!({})).unwrap();
    cluster.pass(1500);
    assert!(!cluster.exists(&own), "its node has ended it");
}

#[test]
fn a_collection_is_deleted_by_selector() {
    let cluster = Cluster::new();
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let metadata = json!({"name": name, "labels": {"l": label}});
        cluster.post(CONFIG_MAPS, json!({"metadata": metadata})).unwrap();
    }
    let deleted = cluster.delete(&format!("{CONFIG_MAPS}?labelSelector=l%3Dx"), json!({})).unwrap();
    assert_eq!(deleted["items"].as_array().unwrap().len(), 2);
    assert!(cluster.exists(&format!("{CONFIG_MAPS}/b")));
    assert!(!cluster.exists(&format!("{CONFIG_MAPS}/a")));
}

#[test]
fn a_switch_lets_its_deadline_be_changed_and_not_its_template() {
    let cluster = Cluster::new();
    let created = cluster.job("j", 600);
    assert_eq!(created["spec"]["suspend"], false);
    assert_eq!(created["spec"]["backoffLimit"], 6);
    let own = format!("{JOBS}/j");
    for spec in [
        json!({"activeDeadlineSeconds": 700}),
        json!({"activeDeadlineSeconds": null}),
        json!({"ttlSecondsAfterFinished": null}),
        json!({"parallelism": 1}),
        json!({"suspend": true}),
        json!({"backoffLimit": 1}),
    ] {
        assert!(cluster.patch(&own, json!({"spec": spec})).is_ok(), "{spec}");
    }
    for spec in [
        json!({"completions": 2}),
        json!({"managedBy": "example.com/x"}),
        json!({"template": {"spec": {"restartPolicy": "OnFailure"}}}),
    ] {
        let refused = cluster.patch(&own, json!({"spec": spec}));
        assert_eq!(told(refused).0, 422, "{spec}");
    }
}

#[test]
fn nobody_forges_the_start_or_the_end_of_a_switch() {
    let cluster = Cluster::new();
    cluster.job("j", 600);
    cluster.pass(100);
    let status = format!("{JOBS}/j/status");
    let (code, _, message) =
        told(cluster.patch(&status, json!({"status": {"startTime": "2020-01-01T00:00:00Z"}})));
    assert_eq!(code, 422);
    assert!(
        message.contains("status.startTime: Invalid value: \"2020-01-01T00:00:00Z\": field is")
    );
    let complete = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
    let (code, _, message) = told(cluster.patch(&status, complete));
    assert_eq!(code, 422);
    assert!(message.contains("cannot set Complete=True condition without the"));
}

#[test]
fn patches_of_every_kind_are_applied_or_refused() {
    let cluster = Cluster::with_widgets();
    cluster.post(POLICIES, policy("p")).unwrap();
    cluster.post(WIDGETS, widget("w", json!({}))).unwrap();
    let own = format!("{POLICIES}/p");
    let patch = |uri: &str, kind: &str, patch: &str| {
        cluster.send("PATCH", uri, &[("content-type", kind)], patch)
    };
    let json = "application/json-patch+json";
    let add = r#"[{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]"#;
    assert_eq!(patch(&own, json, add).body["metadata"]["labels"], json!({"a": "b"}));
    let test = r#"[{"op": "test", "path": "/metadata/name", "value": "x"}]"#;
    assert_eq!(patch(&own, json, test).code, 422);
    assert_eq!(patch(&own, json, r#"[{"op": "remove", "path": "/spec/x"}]"#).code, 422);
    assert_eq!(patch(&own, json, "{}").code, 400);
    let merge = "application/merge-patch+json";
    assert_eq!(patch(&own, merge, r#"{"metadata": {"labels": null}}"#).code, 200);
    assert_eq!(patch(&own, merge, "[1]").code, 400);
    assert_eq!(patch(&own, merge, r#"{"spec": {"podSelector": 4}}"#).code, 422);
    let strategic = "application/strategic-merge-patch+json";
    assert_eq!(patch(&own, strategic, r#"{"spec": {"policyTypes": ["Egress"]}}"#).code, 200);
    assert_eq!(patch(&format!("{WIDGETS}/w"), strategic, "{}").code, 415);
    assert_eq!(patch(&own, "application/json", "{}").code, 415);
    assert_eq!(patch(&format!("{POLICIES}/nope"), merge, "{}").code, 404);
}

#[test]
fn lists_can_be_selected_and_paged() {
    let cluster = Cluster::new();
    for name in ["a", "b", "c", "d"] {
        let metadata = json!({"name": name, "labels": {"n": name}});
        cluster.post(CONFIG_MAPS, json!({"metadata": metadata})).unwrap();
    }
    let names = |uri: &str| -> Vec<String> {
        let list = cluster.get(uri).unwrap();
        assert_eq!(list["kind"], "ConfigMapList");
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| text(&item["metadata"]["name"]).to_owned()).collect()
    };
    assert_eq!(names(CONFIG_MAPS), ["a", "b", "c", "d"]);
    assert_eq!(names(&format!("{CONFIG_MAPS}?labelSelector=n%20in%20(a,c)")), ["a", "c"]);
    assert_eq!(names(&format!("{CONFIG_MAPS}?fieldSelector=metadata.name!%3Db")), ["a", "c", "d"]);
    assert_eq!(told(cluster.get(&format!("{CONFIG_MAPS}?fieldSelector=foo%3Dbar"))).0, 400);
    let first = cluster.get(&format!("{CONFIG_MAPS}?limit=3")).unwrap();
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    // What is written between two pages is not seen.
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "e"}})).unwrap();
    cluster.delete(&format!("{CONFIG_MAPS}/d"), json!({})).unwrap();
    let next = text(&first["metadata"]["continue"]).to_owned();
    assert_eq!(names(&format!("{CONFIG_MAPS}?limit=3&continue={next}")), ["d"]);
    cluster.sim.compact();
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "f"}})).unwrap();
    let refusal = cluster.get(&format!("{CONFIG_MAPS}?limit=3&continue={next}")).unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (410, "Expired"));
    let rest = text(&refusal.to_status()["metadata"]["continue"]).to_owned();
    assert_eq!(names(&format!("{CONFIG_MAPS}?limit=3&continue={rest}")), ["e", "f"]);
    assert_eq!(told(cluster.get(&format!("{CONFIG_MAPS}?continue=nonsense"))).0, 400);
}

#[test]
fn lists_can_be_of_an_earlier_version_and_not_of_a_later_one() {
    let cluster = Cluster::new();
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "a"}})).unwrap();
    let then = cluster.sim.revision();
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "b"}})).unwrap();
    let exact = format!("{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=Exact");
    assert_eq!(cluster.get(&exact).unwrap()["items"].as_array().unwrap().len(), 1);
    let newer = format!("{CONFIG_MAPS}?resourceVersion={then}");
    assert_eq!(cluster.get(&newer).unwrap()["items"].as_array().unwrap().len(), 2);
    let refusal = cluster.get(&format!("{CONFIG_MAPS}?resourceVersion=999")).unwrap_err();
    assert_eq!((refusal.code, refusal.reason.as_str()), (504, "Timeout"));
    assert!(refusal.message.starts_with("Timeout: Too large resource version: 999, current: "));
    assert_eq!(refusal.details["retryAfterSeconds"], 1);
    cluster.sim.compact();
    assert_eq!(told(cluster.get(&exact)).0, 410);
}

#[test]
fn whoever_has_no_right_is_told_which_one() {
    let cluster = Cluster::new();
    let alice = cluster.as_user(UserInfo::new("alice", "2", &["devs"]));
    refused(
        alice.get("/api/v1/pods"),
        403,
        "Forbidden",
        "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" at the \
         cluster scope",
    );
    refused(
        alice.get("/api/v1/namespaces/default/pods/x"),
        403,
        "Forbidden",
        "pods \"x\" is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" in \
         the namespace \"default\"",
    );
    refused(
        alice.get("/metrics"),
        403,
        "Forbidden",
        "forbidden: User \"alice\" cannot get path \"/metrics\"",
    );
    assert!(alice.get("/version").is_ok());
    let binding = json!({
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "alice"}],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    cluster.post(bindings, binding).unwrap();
    assert!(alice.get("/api/v1/namespaces/default/pods").is_ok());
    assert_eq!(told(alice.get("/api/v1/namespaces/kube-system/pods")).0, 403);
}

#[test]
fn whoever_may_impersonate_acts_as_somebody_else() {
    let cluster = Cluster::new();
    let asked = |user: UserInfo| {
        let headers = [("impersonate-user", "bob"), ("impersonate-group", "leads")];
        let uri = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        cluster.as_user(user).send("POST", uri, &headers, "{}")
    };
    let answer = asked(UserInfo::admin());
    assert_eq!(answer.code, 201);
    assert_eq!(
        answer.body["status"]["userInfo"],
        json!({"username": "bob", "groups": ["leads", "system:authenticated"]})
    );
    assert_eq!(asked(UserInfo::new("alice", "2", &[])).code, 403);
}

#[test]
fn access_reviews_answer_for_oneself_and_for_others() {
    let cluster = Cluster::new();
    let alice = cluster.as_user(UserInfo::new("alice", "2", &["devs"]));
    let attributes = json!({"verb": "get", "resource": "pods", "namespace": "x"});
    let own = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = json!({"spec": {"resourceAttributes": attributes}});
    assert_eq!(cluster.post(own, asked.clone()).unwrap()["status"]["allowed"], true);
    assert_eq!(alice.post(own, asked).unwrap()["status"]["allowed"], false);
    let of = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let spec =
        json!({"user": "root", "groups": ["system:masters"], "resourceAttributes": attributes});
    let asked = json!({"spec": spec});
    assert_eq!(cluster.post(of, asked.clone()).unwrap()["status"]["allowed"], true);
    assert_eq!(told(alice.post(of, asked)).0, 403);
    assert_eq!(told(cluster.post(of, json!({"spec": {"user": "x"}}))).0, 400);
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let asked = json!({"spec": {"namespace": "default"}});
    assert_eq!(alice.post(rules, asked).unwrap()["status"]["incomplete"], false);
}

#[test]
fn tokens_are_known_until_they_expire_or_their_account_is_gone() {
    let cluster = Cluster::new();
    let token = cluster.sim.token(UserInfo::new("alice", "2", &["devs"]));
    let reviewed = |token: &str| {
        let uri = "/apis/authentication.k8s.io/v1/tokenreviews";
        cluster.post(uri, json!({"spec": {"token": token}})).unwrap()["status"].clone()
    };
    assert_eq!(reviewed(&token)["user"]["username"], "alice");
    assert_eq!(reviewed("nope"), json!({"user": {}, "error": "invalid bearer token"}));
    cluster.pass(100);
    let account = "/api/v1/namespaces/default/serviceaccounts/default";
    let issued = cluster.post(&format!("{account}/token"), json!({"spec": {}})).unwrap();
    let token = text(&issued["status"]["token"]).to_owned();
    let user = reviewed(&token)["user"].clone();
    assert_eq!(user["username"], "system:serviceaccount:default:default");
    cluster.pass(3_600_000);
    assert_eq!(reviewed(&token)["error"], "invalid bearer token");
    let issued = cluster.post(&format!("{account}/token"), json!({"spec": {}})).unwrap();
    let token = text(&issued["status"]["token"]).to_owned();
    cluster.delete(account, json!({})).unwrap();
    cluster.pass(100);
    assert!(cluster.exists(account), "its controller makes a new one");
    assert_eq!(reviewed(&token)["error"], "invalid bearer token", "of which it is not");
}

#[test]
fn an_admission_policy_refuses_in_the_words_of_the_real_server() {
    let cluster = Cluster::new();
    let rules = json!([{
        "apiGroups": [""],
        "apiVersions": ["*"],
        "resources": ["configmaps"],
        "operations": ["DELETE"],
    }, {
        "apiGroups": [""],
        "apiVersions": ["*"],
        "resources": ["serviceaccounts/token"],
        "operations": ["CREATE"],
    }]);
    let group = "/apis/admissionregistration.k8s.io/v1";
    let policy = json!({"metadata": {"name": "v"}, "spec": {
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": "false", "message": "no way"}],
    }});
    cluster.post(&format!("{group}/validatingadmissionpolicies"), policy).unwrap();
    let spec = json!({"policyName": "v", "validationActions": ["Deny"]});
    let binding = json!({"metadata": {"name": "v"}, "spec": spec});
    cluster.post(&format!("{group}/validatingadmissionpolicybindings"), binding).unwrap();
    cluster.post(CONFIG_MAPS, json!({"metadata": {"name": "c"}})).unwrap();
    refused(
        cluster.delete(&format!("{CONFIG_MAPS}/c"), json!({})),
        422,
        "Invalid",
        "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'v' with binding 'v' denied \
         request: no way",
    );
    refused(
        cluster.delete(CONFIG_MAPS, json!({})),
        422,
        "Invalid",
        "configmaps \"Unknown\" is forbidden: ValidatingAdmissionPolicy 'v' with binding 'v' \
         denied request: no way",
    );
    assert!(cluster.exists(&format!("{CONFIG_MAPS}/c")));
    cluster.pass(100);
    let token = "/api/v1/namespaces/default/serviceaccounts/default/token";
    assert_eq!(cluster.post(token, json!({"spec": {}})).unwrap_err().code, 422);
}

#[test]
fn what_a_secret_says_in_text_is_kept_in_base64() {
    let cluster = Cluster::new();
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = json!({
        "metadata": {"name": "s"},
        "data": {"a": "AQ==", "b": "AQ=="},
        "stringData": {"b": "text"},
    });
    let created = cluster.post(secrets, secret).unwrap();
    assert_eq!(created["data"], json!({"a": "AQ==", "b": "dGV4dA=="}));
    assert_eq!((&created["type"], &created["stringData"]), (&json!("Opaque"), &Value::Null));
    let own = format!("{secrets}/s");
    assert_eq!(cluster.patch(&own, json!({"type": "other"})).unwrap_err().code, 422);
    assert_eq!(cluster.patch(&own, json!({"data": {"a": "no base64!"}})).unwrap_err().code, 422);
    let viewer = cluster.as_user(UserInfo::new("v", "3", &["system:viewers"]));
    assert_eq!(viewer.get(&own).unwrap_err().code, 403);
}

#[test]
fn events_are_one_thing_in_two_groups() {
    let cluster = Cluster::new();
    let events = "/apis/events.k8s.io/v1/namespaces/default/events";
    let event = json!({
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "x", "namespace": "default"},
        "reason": "Why",
        "type": "Normal",
        "action": "Acted",
        "note": "hi",
        "reportingController": "c",
        "reportingInstance": "d",
        "eventTime": "2026-01-01T00:00:00.000000Z",
    });
    let created = cluster.post(events, event).unwrap();
    assert_eq!((text(&created["apiVersion"]), text(&created["note"])), ("events.k8s.io/v1", "hi"));
    let core = "/api/v1/namespaces/default/events";
    let read = cluster.get(&format!("{core}/e")).unwrap();
    assert_eq!(read["apiVersion"], "v1");
    assert_eq!(read["message"], "hi");
    assert_eq!(read["involvedObject"]["name"], "x");
    assert_eq!(read["reportingComponent"], "c");
    let count = |uri: String| cluster.get(&uri).unwrap()["items"].as_array().unwrap().len();
    assert_eq!(count(format!("{core}?fieldSelector=involvedObject.name%3Dx")), 1);
    assert_eq!(count(format!("{core}?fieldSelector=involvedObject.name%3Dy")), 0);
    assert_eq!(count(format!("{events}?fieldSelector=regarding.name%3Dx")), 1);
}

#[test]
fn tables_have_the_printer_columns_of_a_definition() {
    let cluster = Cluster::with_widgets();
    cluster.post(WIDGETS, widget("w", json!({}))).unwrap();
    cluster.pass(125_000);
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")];
    let table = cluster.send("GET", WIDGETS, &accept, "").body;
    assert_eq!(table["kind"], "Table");
    let columns = table["columnDefinitions"].as_array().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| text(&column["name"])).collect();
    assert_eq!(names, ["Name", "Size", "Ready", "When", "Age"]);
    assert_eq!(table["rows"][0]["cells"], json!(["w", 3, null, null, "2m5s"]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let list = cluster.send("GET", WIDGETS, &accept, "").body;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0].get("spec"), None);
}

#[test]
fn discovery_names_what_is_served() {
    let cluster = Cluster::with_widgets();
    assert_eq!(cluster.get("/readyz").unwrap(), "ok");
    assert_eq!(cluster.get("/version").unwrap()["major"], "1");
    assert_eq!(cluster.get("/api").unwrap()["versions"], json!(["v1"]));
    let groups = cluster.get("/apis").unwrap();
    let names = groups["groups"].as_array().unwrap().iter();
    assert!(names.map(|group| text(&group["name"])).any(|name| name == "t.dev"));
    let resources = cluster.get("/apis/t.dev/v1").unwrap();
    let names: Vec<&str> = resources["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| text(&resource["name"]))
        .collect();
    assert_eq!(names, ["widgets", "widgets/status"]);
    assert_eq!(resources["resources"][0]["shortNames"], json!(["wd"]));
    let accept =
        [("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")];
    let all = cluster.send("GET", "/apis", &accept, "").body;
    assert_eq!(all["kind"], "APIGroupDiscoveryList");
    let schemas = cluster.get("/openapi/v3/apis/t.dev/v1").unwrap();
    let schema = &schemas["components"]["schemas"]["Widget"];
    assert_eq!(schema["properties"]["spec"]["properties"]["size"]["minimum"], 1);
    assert_eq!(told(cluster.get("/apis/nothing.dev/v1")).0, 404);
}

#[test]
fn server_side_apply_owns_what_it_names() {
    let cluster = Cluster::with_widgets();
    let own = format!("{WIDGETS}/w");
    let apply = |manager: &str, spec: Value, force: bool| {
        let uri = format!("{own}?fieldManager={manager}&force={force}");
        let kind = [("content-type", "application/apply-patch+yaml")];
        cluster.send("PATCH", &uri, &kind, &widget("w", spec).to_string())
    };
    let created = apply("one", json!({"name": "a", "set": ["x"], "ports": [{"port": 1}]}), false);
    assert_eq!(created.code, 201);
    assert_eq!(created.body["spec"]["size"], 3, "defaults are nobody's");
    let again = apply("one", json!({"name": "a", "set": ["x"], "ports": [{"port": 1}]}), false);
    assert_eq!((again.code, again.body), (200, created.body.clone()), "twice is once");
    let shared = apply("two", json!({"set": ["y"], "ports": [{"port": 2}]}), false).body;
    assert_eq!(shared["spec"]["set"], json!(["x", "y"]));
    assert_eq!(shared["spec"]["ports"], json!([{"port": 1}, {"port": 2}]));
    let conflict = apply("two", json!({"name": "b"}), false);
    assert_eq!(conflict.code, 409);
    assert_eq!(
        text(&conflict.body["message"]),
        "Apply failed with 1 conflict: conflict with \"one\" using t.dev/v1: .spec.name"
    );
    assert_eq!(conflict.body["details"]["causes"][0]["field"], ".spec.name");
    let forced = apply("two", json!({"name": "b"}), true).body;
    assert_eq!(forced["spec"]["name"], "b");
    assert_eq!(forced["spec"]["set"], json!(["x"]), "what two no longer names is gone");
    assert_eq!(forced["spec"]["ports"], json!([{"port": 1}]));
    let left = apply("one", json!({"set": ["x"]}), false).body;
    assert_eq!(left["spec"]["name"], "b", "which is two's by now");
    assert_eq!(left["spec"].get("ports"), None);
    let managers: Vec<&str> = left["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(&entry["manager"]))
        .collect();
    assert_eq!(managers, ["one", "two"]);
}

#[test]
fn an_update_takes_fields_from_whoever_applied_them() {
    let cluster = Cluster::with_widgets();
    let own = format!("{WIDGETS}/w");
    let kind = [("content-type", "application/apply-patch+yaml")];
    let uri = format!("{own}?fieldManager=one");
    let config = widget("w", json!({"name": "a"})).to_string();
    assert_eq!(cluster.send("PATCH", &uri, &kind, &config).code, 201);
    let merge = [("content-type", "application/merge-patch+json"), ("user-agent", "kubectl/v1.36")];
    cluster.send("PATCH", &own, &merge, r#"{"spec": {"name": "b"}}"#);
    let conflict = cluster.send("PATCH", &uri, &kind, &config);
    assert_eq!(
        text(&conflict.body["message"]),
        "Apply failed with 1 conflict: conflict with \"kubectl\" using t.dev/v1: .spec.name"
    );
    let nobody = cluster.send("PATCH", &own, &kind, &config);
    assert_eq!(nobody.code, 422, "an apply says who applies");
}

#[test]
fn an_applied_status_is_owned_apart_from_the_spec() {
    let cluster = Cluster::with_widgets();
    cluster.post(WIDGETS, widget("w", json!({"name": "a"}))).unwrap();
    let kind = [("content-type", "application/apply-patch+yaml")];
    let apply = |status: Value| {
        let config = json!({
            "apiVersion": "t.dev/v1",
            "kind": "Widget",
            "metadata": {"name": "w"},
            "status": status,
        });
        let uri = format!("{WIDGETS}/w/status?fieldManager=controller");
        cluster.send("PATCH", &uri, &kind, &config.to_string())
    };
    let ready = |value: &str| json!([{"type": "Ready", "status": value}]);
    let written = apply(json!({"phase": "Active", "conditions": ready("True")})).body;
    assert_eq!(written["status"]["conditions"], ready("True"));
    assert_eq!(written["spec"]["name"], "a");
    let before = cluster.sim.revision();
    assert_eq!(apply(json!({"phase": "Active", "conditions": ready("True")})).code, 200);
    assert_eq!(cluster.sim.revision(), before, "the same again is no write");
    let written = apply(json!({"conditions": ready("False")})).body;
    assert_eq!(written["status"], json!({"conditions": ready("False")}));
}

#[test]
fn built_in_kinds_can_be_applied_too() {
    let cluster = Cluster::new();
    let kind = [("content-type", "application/apply-patch+yaml")];
    let apply = |manager: &str, ports: Value| {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"ports": ports},
        });
        let uri = format!("/api/v1/namespaces/default/services/s?fieldManager={manager}");
        cluster.send("PATCH", &uri, &kind, &config.to_string()).body
    };
    apply("one", json!([{"name": "a", "port": 80}]));
    let both = apply("two", json!([{"name": "b", "port": 443}]));
    assert_eq!(both["spec"]["ports"].as_array().unwrap().len(), 2);
    let one = apply("two", json!([]));
    assert_eq!(one["spec"]["ports"].as_array().unwrap().len(), 1);
    assert_eq!(one["spec"]["ports"][0]["name"], "a");
}

#[test]
fn a_job_can_be_created_without_naming_anything_but_its_pod() {
    let cluster = Cluster::new();
    let created = cluster.post(JOBS, job("j", 5)).unwrap();
    let uid = &created["metadata"]["uid"];
    let label = "batch.kubernetes.io/controller-uid";
    assert_eq!(created["spec"]["selector"]["matchLabels"][label], *uid);
    assert_eq!(created["spec"]["template"]["metadata"]["labels"][label], *uid);
    assert_eq!(created["status"], json!({}));
}
