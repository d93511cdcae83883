//! The built-in kinds: what the server knows of each without a
//! CustomResourceDefinition.
//!
//! Objects are read by the types that a real server lists, so that what has the
//! wrong type is refused and what is unknown is dropped, as it does.

mod defaults;
mod event;
mod job;
mod network_policy;
pub(crate) mod types;
mod validate;

use serde_json::Value;

pub(crate) use event::{from_stored as event_from_stored, to_stored as event_to_stored};

use crate::name;
use crate::schema::FieldError;

/// A built-in kind.
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) namespaced: bool,
    /// The subresources, `status` among them.
    pub(crate) subresources: &'static [&'static str],
    pub(crate) traits: Traits,
    /// Its type in the table of types.
    pub(crate) type_name: &'static str,
    /// Why a name is none for this kind.
    pub(crate) name: fn(&str) -> Option<String>,
    /// Fields that a selector may name besides `metadata.name` and
    /// `metadata.namespace`.
    pub(crate) selectable: &'static [&'static str],
}

/// How a kind differs from most others in the way it is stored.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traits {
    /// The kind counts the generations of its spec.
    pub(crate) generation: bool,
    /// An update must name the resourceVersion that it is based on.
    pub(crate) conditional_update: bool,
    /// An update of what is not there creates it.
    pub(crate) create_on_update: bool,
    /// A deletion answers with the object and not with a Status.
    pub(crate) returns_deleted: bool,
    /// A deletion that says nothing of dependents orphans them.
    pub(crate) orphans_by_default: bool,
}

const PLAIN: Traits = Traits {
    generation: false,
    conditional_update: false,
    create_on_update: false,
    returns_deleted: false,
    orphans_by_default: false,
};
const COUNTED: Traits = Traits { generation: true, ..PLAIN };

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const STATUS: &[&str] = &["status"];
const NOTHING: &[&str] = &[];
const ALL: &[&str] = &["all"];
const EXTENSIONS: &[&str] = &["api-extensions"];

/// Most of a kind; the rest stands in [`KINDS`] where it differs.
const fn kind(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
) -> Kind {
    Kind {
        group,
        version: "v1",
        plural,
        singular,
        kind,
        short_names: NOTHING,
        categories: NOTHING,
        namespaced: true,
        subresources: NOTHING,
        traits: PLAIN,
        type_name: kind,
        name: name::subdomain,
        selectable: NOTHING,
    }
}

const INVOLVED: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

const EVENT: Kind = Kind {
    short_names: &["ev"],
    traits: Traits { create_on_update: true, ..PLAIN },
    selectable: INVOLVED,
    ..kind("", "events", "event", "Event")
};

/// Every built-in kind, by group and plural name.
pub(crate) static KINDS: &[Kind] = &[
    Kind { short_names: &["cm"], ..kind("", "configmaps", "configmap", "ConfigMap") },
    EVENT,
    Kind {
        short_names: &["ns"],
        namespaced: false,
        subresources: &["finalize", "status"],
        name: name::label,
        selectable: &["status.phase"],
        ..kind("", "namespaces", "namespace", "Namespace")
    },
    Kind {
        short_names: &["no"],
        namespaced: false,
        subresources: STATUS,
        selectable: &["spec.unschedulable"],
        ..kind("", "nodes", "node", "Node")
    },
    Kind {
        short_names: &["po"],
        categories: ALL,
        subresources: STATUS,
        traits: Traits { generation: true, returns_deleted: true, ..PLAIN },
        selectable: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ..kind("", "pods", "pod", "Pod")
    },
    Kind { selectable: &["type"], ..kind("", "secrets", "secret", "Secret") },
    Kind {
        short_names: &["sa"],
        subresources: &["token"],
        traits: Traits { returns_deleted: true, ..PLAIN },
        ..kind("", "serviceaccounts", "serviceaccount", "ServiceAccount")
    },
    Kind {
        short_names: &["svc"],
        categories: ALL,
        subresources: STATUS,
        traits: Traits { create_on_update: true, returns_deleted: true, ..PLAIN },
        name: name::label,
        selectable: &["spec.clusterIP", "spec.type"],
        ..kind("", "services", "service", "Service")
    },
    Kind {
        categories: EXTENSIONS,
        namespaced: false,
        subresources: STATUS,
        traits: Traits { generation: true, conditional_update: true, ..PLAIN },
        ..kind(
            ADMISSION,
            "validatingadmissionpolicies",
            "validatingadmissionpolicy",
            "ValidatingAdmissionPolicy",
        )
    },
    Kind {
        categories: EXTENSIONS,
        namespaced: false,
        traits: Traits { generation: true, conditional_update: true, ..PLAIN },
        ..kind(
            ADMISSION,
            "validatingadmissionpolicybindings",
            "validatingadmissionpolicybinding",
            "ValidatingAdmissionPolicyBinding",
        )
    },
    Kind {
        short_names: &["crd", "crds"],
        categories: EXTENSIONS,
        namespaced: false,
        subresources: STATUS,
        traits: Traits { generation: true, conditional_update: true, ..PLAIN },
        ..kind(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "customresourcedefinition",
            "CustomResourceDefinition",
        )
    },
    Kind {
        short_names: &["ds"],
        categories: ALL,
        subresources: STATUS,
        traits: COUNTED,
        ..kind("apps", "daemonsets", "daemonset", "DaemonSet")
    },
    Kind {
        short_names: &["deploy"],
        categories: ALL,
        subresources: &["scale", "status"],
        traits: COUNTED,
        ..kind("apps", "deployments", "deployment", "Deployment")
    },
    Kind {
        short_names: &["rs"],
        categories: ALL,
        subresources: &["scale", "status"],
        traits: COUNTED,
        selectable: &["status.replicas"],
        ..kind("apps", "replicasets", "replicaset", "ReplicaSet")
    },
    Kind {
        short_names: &["sts"],
        categories: ALL,
        subresources: &["scale", "status"],
        traits: COUNTED,
        ..kind("apps", "statefulsets", "statefulset", "StatefulSet")
    },
    Kind {
        short_names: &["cj"],
        categories: ALL,
        subresources: STATUS,
        traits: COUNTED,
        ..kind("batch", "cronjobs", "cronjob", "CronJob")
    },
    Kind {
        categories: ALL,
        subresources: STATUS,
        traits: Traits { generation: true, orphans_by_default: true, ..PLAIN },
        selectable: &["status.successful"],
        ..kind("batch", "jobs", "job", "Job")
    },
    Kind {
        traits: Traits { conditional_update: true, create_on_update: true, ..PLAIN },
        ..kind("coordination.k8s.io", "leases", "lease", "Lease")
    },
    Kind {
        traits: COUNTED,
        ..kind("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice")
    },
    // The same objects as `events` of the core group, in other words.
    Kind {
        group: "events.k8s.io",
        type_name: "EventsEvent",
        selectable: &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        ..EVENT
    },
    Kind {
        short_names: &["netpol"],
        traits: COUNTED,
        ..kind("networking.k8s.io", "networkpolicies", "networkpolicy", "NetworkPolicy")
    },
    Kind {
        namespaced: false,
        traits: Traits { create_on_update: true, ..PLAIN },
        name: name::segment,
        ..kind(RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding")
    },
    Kind {
        namespaced: false,
        traits: Traits { create_on_update: true, ..PLAIN },
        name: name::segment,
        ..kind(RBAC, "clusterroles", "clusterrole", "ClusterRole")
    },
    Kind {
        traits: Traits { create_on_update: true, ..PLAIN },
        name: name::segment,
        ..kind(RBAC, "rolebindings", "rolebinding", "RoleBinding")
    },
    Kind {
        traits: Traits { create_on_update: true, ..PLAIN },
        name: name::segment,
        ..kind(RBAC, "roles", "role", "Role")
    },
];

impl Kind {
    /// Whether a name, such as `status`, is a subresource.
    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.contains(&subresource)
    }

    /// Fills in what the API says a missing field means.
    pub(crate) fn default(&self, object: &mut Value) {
        defaults::default(self, object);
    }

    /// What the server sets by itself on a new object, once it has a name and
    /// a uid.
    pub(crate) fn prepare_create(&self, object: &mut Value, random: &mut fastrand::Rng) {
        match self.kind {
            "Job" => job::prepare_create(object),
            "Namespace" => defaults::prepare_namespace(object),
            "Service" => defaults::prepare_service(object, random),
            _ => {}
        }
        // Nobody says of a new object how it is; a node alone does, of itself.
        if self.has("status") && !matches!(self.kind, "Namespace" | "Node") {
            crate::object::into_fields(object).insert("status".to_owned(), Value::Null);
            defaults::status(self, object);
        }
    }

    /// What an update may not do is undone here, as far as the API does so
    /// without a word: the status in an update of the object, everything else
    /// in one of the status.
    pub(crate) fn prepare_update(&self, new: &mut Value, old: &Value, subresource: &str) {
        let keep: &[&str] = match subresource {
            "" if self.has("status") && self.kind != "Namespace" => &["status"],
            // What the namespace controller decides.
            "" if self.kind == "Namespace" => &["spec", "status"],
            "status" if self.kind == "Namespace" => &["spec"],
            "status" => &["spec"],
            "finalize" => &["status"],
            _ => &[],
        };
        if let Some(fields) = new.as_object_mut() {
            for key in keep {
                crate::object::set(fields, key, old.get(key).cloned());
            }
        }
    }

    /// Everything that is wrong with an object, by what the API says about its
    /// kind; `old` is what it replaces.
    pub(crate) fn validate(
        &self,
        new: &Value,
        old: Option<&Value>,
        subresource: &str,
    ) -> Vec<FieldError> {
        match self.kind {
            "NetworkPolicy" => network_policy::validate(new),
            "Job" => job::validate(new, old, subresource),
            _ => validate::validate(self, new, old),
        }
    }

    /// For how long a deleted object stays for somebody to end it; none where
    /// the kind knows no such thing.
    pub(crate) fn grace(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        if self.kind != "Pod" {
            return None;
        }
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let unscheduled = phase != "Running"
            && object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
        if unscheduled || matches!(phase, "Failed" | "Succeeded") {
            return Some(0);
        }
        let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
        Some(asked.or(own).unwrap_or(30).max(0))
    }
}
