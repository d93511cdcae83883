//! Fields that slipped: where they stand the API has none of their name, be it
//! that they are misspelt or that their line is at another depth.
//!
//! The API server refuses them, or drops them where it is told to. For most
//! fields that changes no answer and nothing is said. For those that are read,
//! an object without them would be taken for another one than was meant.

use super::Reader;
use crate::context::{At, Context, nearest};
use crate::tree::{Entry, Node, Value};

/// The fields of most objects.
pub(super) const OBJECT: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// The fields of a template, whatever of.
pub(super) const TEMPLATE: [&str; 2] = ["metadata", "spec"];

pub(super) const POD_SPEC: [&str; 42] = [
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
    "workloadRef",
];

pub(super) const CONTAINER: [&str; 25] = [
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
];

/// The fields of a port, be it a container's, a service's or an endpoint's.
pub(super) const PORT: [&str; 9] = [
    "appProtocol",
    "containerPort",
    "hostIP",
    "hostPort",
    "name",
    "nodePort",
    "port",
    "protocol",
    "targetPort",
];

/// The specs of all kinds that have a pod template.
pub(super) const WORKLOAD_SPEC: [&str; 36] = [
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completionMode",
    "completions",
    "concurrencyPolicy",
    "failedJobsHistoryLimit",
    "jobTemplate",
    "managedBy",
    "manualSelector",
    "maxFailedIndexes",
    "minReadySeconds",
    "ordinals",
    "parallelism",
    "paused",
    "persistentVolumeClaimRetentionPolicy",
    "podFailurePolicy",
    "podManagementPolicy",
    "podReplacementPolicy",
    "progressDeadlineSeconds",
    "replicas",
    "revisionHistoryLimit",
    "schedule",
    "selector",
    "serviceName",
    "startingDeadlineSeconds",
    "strategy",
    "successPolicy",
    "successfulJobsHistoryLimit",
    "suspend",
    "template",
    "templateGeneration",
    "timeZone",
    "ttlSecondsAfterFinished",
    "updateStrategy",
    "volumeClaimTemplates",
];

const SERVICE_SPEC: [&str; 21] = [
    "allocateLoadBalancerNodePorts",
    "clusterIP",
    "clusterIPs",
    "externalIPs",
    "externalName",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "internalTrafficPolicy",
    "ipFamilies",
    "ipFamily",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "ports",
    "publishNotReadyAddresses",
    "selector",
    "sessionAffinity",
    "sessionAffinityConfig",
    "trafficDistribution",
    "type",
];

/// A field that is read, and below which one it belongs.
type Read = (&'static str, &'static str);

const NAMESPACE: Read = ("namespace", "metadata");
const LABELS: Read = ("labels", "metadata");
const SPEC: Read = ("spec", "");

/// What is read of a pod or of its template.
const POD: &[Read] = &[
    ("containerPort", "spec.containers[].ports"),
    ("containers", "spec"),
    ("hostNetwork", "spec"),
    ("initContainers", "spec"),
    LABELS,
    ("metadata", ""),
    ("nodeName", "spec"),
    ("ports", "spec.containers[]"),
    SPEC,
];

/// The ports of containers, services and endpoints.
pub(super) const PORTS: Strays = Strays {
    own: &[("containerPort", ""), ("name", ""), ("port", ""), ("protocol", ""), ("targetPort", "")],
    ..Strays::NONE
};

/// What is looked for in objects of some kind.
#[derive(Clone, Copy)]
pub(super) struct Strays {
    /// The fields of the object and of its spec.
    root: &'static [&'static str],
    spec: &'static [&'static str],
    /// What is read of the object itself.
    own: &'static [Read],
    /// What is read of its pod, and where that one stands in it.
    pod: &'static [Read],
    template: &'static str,
}

impl Strays {
    const NONE: Strays = Strays { root: &OBJECT, spec: &[], own: &[], pod: &[], template: "" };

    pub(super) fn of(reader: Reader, kind: &str) -> Strays {
        match reader {
            Reader::Pod => Strays { spec: &POD_SPEC, own: &[NAMESPACE], pod: POD, ..Strays::NONE },
            Reader::Workload => Strays {
                spec: &WORKLOAD_SPEC,
                own: &[
                    ("jobTemplate", "spec"),
                    NAMESPACE,
                    ("selector", "spec"),
                    ("template", "spec"),
                ],
                pod: POD,
                template: match kind {
                    "CronJob" => "spec.jobTemplate.spec.template",
                    _ => "spec.template",
                },
                ..Strays::NONE
            },
            Reader::Namespace => Strays { spec: &["finalizers"], own: &[LABELS], ..Strays::NONE },
            Reader::Node => Strays {
                spec: &["podCIDR", "podCIDRs", "providerID", "taints", "unschedulable"],
                own: &[LABELS, ("podCIDR", "spec"), ("podCIDRs", "spec"), SPEC],
                ..Strays::NONE
            },
            Reader::Service => Strays {
                spec: &SERVICE_SPEC,
                own: &[
                    ("clusterIP", "spec"),
                    ("clusterIPs", "spec"),
                    ("externalName", "spec"),
                    NAMESPACE,
                    ("ports", "spec"),
                    ("selector", "spec"),
                    SPEC,
                    ("type", "spec"),
                ],
                ..Strays::NONE
            },
            Reader::EndpointSlice => Strays {
                root: &["addressType", "apiVersion", "endpoints", "kind", "metadata", "ports"],
                own: &[("endpoints", ""), LABELS, NAMESPACE, ("ports", "")],
                ..Strays::NONE
            },
            Reader::Ingress => Strays {
                spec: &["defaultBackend", "ingressClassName", "rules", "tls"],
                own: &[("defaultBackend", "spec"), NAMESPACE, ("rules", "spec"), SPEC],
                ..Strays::NONE
            },
            Reader::Route => Strays {
                spec: &["hostnames", "parentRefs", "rules", "useDefaultGateways"],
                own: &[NAMESPACE, ("parentRefs", "spec"), ("rules", "spec"), SPEC],
                ..Strays::NONE
            },
            // Nothing is read of a Gateway; of a policy everything is, and each
            // field that the API does not have is an error there.
            Reader::Gateway | Reader::NetworkPolicy | Reader::ClusterPolicy => Strays::NONE,
        }
    }

    /// The same for what stands in the template and not in the object.
    pub(super) fn of_template(self) -> Strays {
        Strays { own: &[], ..self }
    }

    /// Looks through an object and its spec; says whether labels slipped.
    pub(super) fn object(&self, ctx: &mut Context<'_>, object: &Node<'_>) -> bool {
        let root = self.fields(ctx, Some(object), &At::ROOT, self.root);
        let spec = self.fields(ctx, object.get("spec"), &At::ROOT.key("spec"), self.spec);
        root || spec
    }

    /// Looks through a mapping that has these fields; says whether labels, or
    /// what they stand in, slipped.
    pub(super) fn fields(
        &self,
        ctx: &mut Context<'_>,
        node: Option<&Node<'_>>,
        at: &At<'_>,
        has: &[&str],
    ) -> bool {
        let Some(Value::Map(entries)) = node.map(|n| &n.value) else { return false };
        let mut labels = false;
        for entry in entries {
            if !has.contains(&&*entry.key)
                && let Some(read) = self.meant(&entry.key)
            {
                labels |= self.report(ctx, entry, at, has, read);
            }
        }
        labels
    }

    /// The field that is read and that a stray one was meant to be.
    pub(super) fn meant(&self, key: &str) -> Option<Read> {
        let reads = || self.own.iter().chain(self.pod);
        let names: Vec<&str> = reads().map(|(name, _)| *name).collect();
        let near = nearest(key, &names)?;
        reads().find(|(name, _)| *name == near).copied()
    }

    /// Reports a stray field; says whether it holds labels.
    pub(super) fn report(
        &self,
        ctx: &mut Context<'_>,
        entry: &Entry<'_>,
        at: &At<'_>,
        has: &[&str],
        (name, home): Read,
    ) -> bool {
        let of_pod = self.pod.iter().any(|(pods, _)| *pods == name);
        let template = if of_pod { self.template } else { "" };
        let dot = if template.is_empty() || home.is_empty() { "" } else { "." };
        let help = match format!("{template}{dot}{home}") {
            _ if has.contains(&name) => format!("did you mean `{name}`?"),
            home if home.is_empty() => format!("give `{name}` the indentation of `kind`"),
            home => format!("write `{name}` below `{home}`"),
        };
        if matches!(name, "labels" | "metadata") {
            return ctx.stray_labels(entry, at, help);
        }
        ctx.stray_field(entry, at, help);
        false
    }
}
