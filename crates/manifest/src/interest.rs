//! Which fields nothing reads, so that no time is spent on them.
//!
//! Most of what the API server says about a pod is never looked at: who manages
//! which field, volumes, environments, conditions. What is left out here is left
//! out by its place, never by its name alone, because labels may be called
//! anything.

/// A place in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An object or a list of them, or a pod template.
    Object,
    /// A `metadata`.
    Meta,
    Annotations,
    /// The `spec` of anything.
    Spec,
    Container,
    Status,
    /// Everything below is read.
    All,
}

/// Annotations that are read, and labels that slipped below them.
pub(crate) const ANNOTATIONS: [&str; 4] = [
    "kubernetes.io/ingress.class",
    "k8s.v1.cni.cncf.io/policy-for",
    "labels",
    "sidecar.istio.io/status",
];

impl Place {
    /// The place of a field, or `None` where nothing reads it. `job` tells
    /// whether the object is, or could be, a Job, whose conditions matter.
    pub(crate) fn step(self, key: &str, job: bool) -> Option<Place> {
        match self {
            Place::All => Some(Place::All),
            Place::Object => match key {
                "metadata" => Some(Place::Meta),
                "spec" => Some(Place::Spec),
                "status" => Some(Place::Status),
                "items" => Some(Place::Object),
                "data" | "stringData" | "binaryData" => None,
                _ => Some(Place::All),
            },
            Place::Meta => match key {
                "managedFields" => None,
                "annotations" => Some(Place::Annotations),
                _ => Some(Place::All),
            },
            Place::Annotations => ANNOTATIONS.contains(&key).then_some(Place::All),
            Place::Spec => match key {
                "template" | "jobTemplate" => Some(Place::Object),
                "containers" | "initContainers" => Some(Place::Container),
                "affinity"
                | "dnsConfig"
                | "ephemeralContainers"
                | "hostAliases"
                | "imagePullSecrets"
                | "overhead"
                | "readinessGates"
                | "resourceClaims"
                | "securityContext"
                | "tolerations"
                | "topologySpreadConstraints"
                | "versions"
                | "volumeClaimTemplates"
                | "volumes" => None,
                _ => Some(Place::All),
            },
            Place::Container => {
                matches!(key, "name" | "ports" | "restartPolicy").then_some(Place::All)
            }
            Place::Status => match key {
                "phase" | "podIP" | "podIPs" | "hostIP" | "hostIPs" | "addresses"
                | "completionTime" => Some(Place::All),
                "conditions" if job => Some(Place::All),
                _ => None,
            },
        }
    }
}
