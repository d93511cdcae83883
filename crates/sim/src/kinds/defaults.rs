//! What missing fields mean, for the fields that somebody reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Kind;
use crate::object;

type Fields = Map<String, Value>;

pub(super) fn default(kind: &Kind, value: &mut Value) {
    let Some(whole) = value.as_object_mut() else { return };
    match kind.kind {
        "ConfigMap" | "Event" | "Lease" | "Node" | "ServiceAccount" => {}
        "Secret" => secret(whole),
        "ClusterRole" | "Role" => fill(whole, "rules", json!([])),
        "ClusterRoleBinding" | "RoleBinding" => binding(whole),
        "EndpointSlice" => each(whole, "ports", |port| {
            fill(port, "name", json!(""));
            fill(port, "protocol", json!("TCP"));
        }),
        "Namespace" => namespace(whole),
        _ => {
            let spec = object::fields(whole, "spec");
            match kind.kind {
                "NetworkPolicy" => network_policy(spec),
                "Pod" => {
                    pod(spec);
                    fill(spec, "restartPolicy", json!("Always"));
                    fill(spec, "enableServiceLinks", json!(true));
                    fill(spec, "serviceAccountName", json!("default"));
                }
                "Service" => service(spec),
                "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => workload(kind, spec),
                "Job" => job(spec),
                "CronJob" => {
                    fill(spec, "concurrencyPolicy", json!("Allow"));
                    fill(spec, "suspend", json!(false));
                    fill(spec, "successfulJobsHistoryLimit", json!(3));
                    fill(spec, "failedJobsHistoryLimit", json!(1));
                    job(object::fields(object::fields(spec, "jobTemplate"), "spec"));
                }
                "ValidatingAdmissionPolicy" => {
                    fill(spec, "failurePolicy", json!("Fail"));
                    matching(object::fields(spec, "matchConstraints"));
                }
                "ValidatingAdmissionPolicyBinding" => {
                    if let Some(Value::Object(resources)) = spec.get_mut("matchResources") {
                        matching(resources);
                    }
                }
                "CustomResourceDefinition" => definition(spec),
                _ => {}
            }
            if kind.has("status") {
                status(kind, value);
            }
        }
    }
}

/// What is written as text is kept in base64, as everything else.
fn secret(whole: &mut Fields) {
    if let Some(Value::Object(texts)) = whole.remove("stringData") {
        let data = object::fields(whole, "data");
        for (key, text) in texts {
            let text = STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(key, text.into());
        }
    }
    fill(whole, "type", json!("Opaque"));
}

/// What is known of an object before anybody has looked at it.
pub(super) fn status(kind: &Kind, value: &mut Value) {
    let status = object::fields(object::into_fields(value), "status");
    if kind.kind == "Pod" {
        fill(status, "phase", json!("Pending"));
        fill(status, "qosClass", json!("BestEffort"));
    }
}

fn fill(fields: &mut Fields, key: &str, value: Value) {
    fields.entry(key).or_insert(value);
}

fn each(fields: &mut Fields, key: &str, mut with: impl FnMut(&mut Fields)) {
    if let Some(Value::Array(items)) = fields.get_mut(key) {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            with(item);
        }
    }
}

fn network_policy(spec: &mut Fields) {
    let egress =
        spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    if spec.get("policyTypes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        spec.insert("policyTypes".to_owned(), types);
    }
    fill(spec, "podSelector", json!({}));
    for direction in ["ingress", "egress"] {
        each(spec, direction, |rule| {
            each(rule, "ports", |port| fill(port, "protocol", json!("TCP")));
        });
    }
}

/// The part of a pod's spec that a template of a pod has, too.
fn pod(spec: &mut Fields) {
    fill(spec, "dnsPolicy", json!("ClusterFirst"));
    fill(spec, "schedulerName", json!("default-scheduler"));
    fill(spec, "securityContext", json!({}));
    fill(spec, "terminationGracePeriodSeconds", json!(30));
    for containers in ["containers", "initContainers"] {
        each(spec, containers, |container| {
            let image = object::of(container, "image");
            let tag = image.rsplit('/').next().unwrap_or_default();
            let latest = !tag.contains(':') || tag.ends_with(":latest");
            let pull = if latest && !tag.contains('@') { "Always" } else { "IfNotPresent" };
            fill(container, "imagePullPolicy", json!(pull));
            fill(container, "resources", json!({}));
            fill(container, "terminationMessagePath", json!("/dev/termination-log"));
            fill(container, "terminationMessagePolicy", json!("File"));
            each(container, "ports", |port| fill(port, "protocol", json!("TCP")));
        });
    }
}

fn template(spec: &mut Fields) -> &mut Fields {
    let template = object::fields(object::fields(spec, "template"), "spec");
    pod(template);
    template
}

fn workload(kind: &Kind, spec: &mut Fields) {
    fill(template(spec), "restartPolicy", json!("Always"));
    if kind.kind != "DaemonSet" {
        fill(spec, "replicas", json!(1));
    }
    match kind.kind {
        "Deployment" => {
            fill(spec, "progressDeadlineSeconds", json!(600));
            fill(spec, "revisionHistoryLimit", json!(10));
            let rolling = json!({"maxSurge": "25%", "maxUnavailable": "25%"});
            fill(spec, "strategy", json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
        }
        "StatefulSet" => {
            fill(spec, "podManagementPolicy", json!("OrderedReady"));
            fill(spec, "revisionHistoryLimit", json!(10));
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
            fill(spec, "updateStrategy", rolling);
        }
        "DaemonSet" => {
            fill(spec, "revisionHistoryLimit", json!(10));
            let rolling = json!({"maxSurge": 0, "maxUnavailable": 1});
            fill(
                spec,
                "updateStrategy",
                json!({"type": "RollingUpdate", "rollingUpdate": rolling}),
            );
        }
        _ => {}
    }
}

fn job(spec: &mut Fields) {
    template(spec);
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        fill(spec, "completions", json!(1));
    }
    fill(spec, "parallelism", json!(1));
    fill(spec, "backoffLimit", json!(6));
    fill(spec, "completionMode", json!("NonIndexed"));
    fill(spec, "suspend", json!(false));
    fill(spec, "manualSelector", json!(false));
    fill(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
}

fn service(spec: &mut Fields) {
    fill(spec, "type", json!("ClusterIP"));
    fill(spec, "sessionAffinity", json!("None"));
    fill(spec, "internalTrafficPolicy", json!("Cluster"));
    each(spec, "ports", |port| {
        fill(port, "protocol", json!("TCP"));
        let number = port.get("port").cloned().unwrap_or(Value::Null);
        fill(port, "targetPort", number);
    });
}

fn binding(whole: &mut Fields) {
    const RBAC: &str = "rbac.authorization.k8s.io";
    fill(object::fields(whole, "roleRef"), "apiGroup", json!(RBAC));
    each(whole, "subjects", |subject| {
        if matches!(object::of(subject, "kind"), "User" | "Group") {
            fill(subject, "apiGroup", json!(RBAC));
        }
    });
}

fn namespace(whole: &mut Fields) {
    let metadata = object::fields(whole, "metadata");
    let name = object::of(metadata, "name").to_owned();
    if !name.is_empty() {
        let labels = object::fields(metadata, "labels");
        labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
    }
    fill(object::fields(whole, "status"), "phase", json!("Active"));
}

fn matching(resources: &mut Fields) {
    fill(resources, "matchPolicy", json!("Equivalent"));
    fill(resources, "namespaceSelector", json!({}));
    fill(resources, "objectSelector", json!({}));
    for rules in ["resourceRules", "excludeResourceRules"] {
        each(resources, rules, |rule| fill(rule, "scope", json!("*")));
    }
}

fn definition(spec: &mut Fields) {
    fill(spec, "conversion", json!({"strategy": "None"}));
    let names = object::fields(spec, "names");
    let kind = object::of(names, "kind").to_owned();
    fill(names, "singular", json!(kind.to_lowercase()));
    fill(names, "listKind", json!(format!("{kind}List")));
}

/// A namespace ends when its content has ended, which its controller tells by
/// this finalizer of the spec.
pub(super) fn prepare_namespace(object: &mut Value) {
    let whole = object::into_fields(object);
    whole.insert("spec".to_owned(), json!({"finalizers": ["kubernetes"]}));
    whole.insert("status".to_owned(), json!({"phase": "Active"}));
}

/// Gives a service its address, from the range that most clusters use.
pub(super) fn prepare_service(object: &mut Value, random: &mut fastrand::Rng) {
    let spec = object::fields(object::into_fields(object), "spec");
    if object::of(spec, "type") == "ExternalName" {
        return;
    }
    let address = format!("10.96.{}.{}", random.u8(1..), random.u8(1..255));
    fill(spec, "clusterIP", json!(address));
    let address = spec.get("clusterIP").cloned().unwrap_or(Value::Null);
    fill(spec, "clusterIPs", json!([address]));
    fill(spec, "ipFamilies", json!(["IPv4"]));
    fill(spec, "ipFamilyPolicy", json!("SingleStack"));
}
