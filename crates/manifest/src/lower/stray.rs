//! Fields that slipped: where they stand the API has none of their name, be it
//! that they are misspelt or that their line is at another depth.
//!
//! The API server refuses them, or drops them where it is told to. For most
//! fields that changes no answer and nothing is said. For those that are read,
//! an object without them would be taken for another one than was meant.

use super::Reader;
use crate::context::{At, Context, nearest};
use crate::tree::{Entry, Kind, Node, Value};

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
const SERVICE_PORTS: &str = "spec.ports[]";

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

/// The fields of a container's ports, where they stand beside `ports`.
pub(super) const BESIDE_PORTS: Strays =
    Strays { own: &[("hostPort", PORTS_HERE), ("protocol", PORTS_HERE)], ..Strays::NONE };

const PORTS_HERE: &str = "ports[]";

/// The labels that single ones may have slipped out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Left {
    /// There is no such field.
    Nowhere,
    Some,
    /// The field is there and holds nothing.
    Empty,
}

impl Left {
    /// What an object or a template has of labels.
    pub(super) fn of(object: Option<&Node<'_>>) -> Left {
        let labels = object.and_then(|o| o.get("metadata")).and_then(|m| m.get("labels"));
        match labels.map(|n| &n.value) {
            None => Left::Nowhere,
            Some(Value::Scalar(_, Kind::Null)) => Left::Empty,
            Some(Value::Map(entries)) if entries.is_empty() => Left::Empty,
            Some(_) => Left::Some,
        }
    }
}

/// What to do about a label at the wrong depth.
pub(super) const IF_LABEL: &str = "if it is a label, indent it below `labels`";

/// Whether an entry is none of these fields, nor one of them misspelt, nor what
/// says the type of an object, and has the value of a label.
fn could_be_label(entry: &Entry<'_>, has: &[&str]) -> bool {
    matches!(entry.value.value, Value::Scalar(_, kind) if kind != Kind::Null)
        && !OBJECT.contains(&&*entry.key)
        && nearest(&entry.key, has).is_none()
}

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
                    ("nodePort", SERVICE_PORTS),
                    ("port", SERVICE_PORTS),
                    ("ports", "spec"),
                    ("protocol", SERVICE_PORTS),
                    ("selector", "spec"),
                    SPEC,
                    ("targetPort", SERVICE_PORTS),
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

    /// Looks through an object and its spec; says whether labels slipped, which
    /// matters where these are what it has `left`.
    pub(super) fn object(&self, ctx: &mut Context<'_>, object: &Node<'_>, left: Left) -> bool {
        let at = At::ROOT.key("spec");
        let spec = object.get("spec");
        let mut slipped = self.fields(ctx, Some(object), &At::ROOT, self.root);
        slipped |= self.fields(ctx, spec, &at, self.spec);
        self.labels(ctx, spec, &at, self.spec, left, &mut slipped);
        self.others(ctx, object, left, &mut slipped);
        slipped
    }

    /// Reports what no object of the kind has at its root, which never gains a
    /// field: nobody knows where it was meant to be.
    fn others(&self, ctx: &mut Context<'_>, object: &Node<'_>, left: Left, slipped: &mut bool) {
        let Value::Map(entries) = &object.value else { return };
        for entry in entries {
            if self.root.contains(&&*entry.key) || self.meant(entry).is_some() {
                continue;
            }
            let missed = *slipped || left > Left::Nowhere;
            if !(missed && could_be_label(entry, self.root)) {
                ctx.unknown_field(entry, &At::ROOT, self.root);
            } else if !*slipped {
                *slipped = ctx.stray_labels(entry, &At::ROOT, IF_LABEL.to_owned());
            }
        }
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
                && let Some(read) = self.meant(entry)
            {
                labels |= self.report(ctx, entry, at, has, read);
            }
        }
        labels
    }

    /// Reports the first text that is no field here and could be one of the
    /// labels that are `left`: labels that lost their indentation are one slip,
    /// however many. Notes whether there is any.
    ///
    /// Where the API may have gained a field, only labels of which none is left
    /// are missed.
    pub(super) fn labels(
        &self,
        ctx: &mut Context<'_>,
        node: Option<&Node<'_>>,
        at: &At<'_>,
        has: &[&str],
        left: Left,
        slipped: &mut bool,
    ) {
        let Some(Value::Map(entries)) = node.map(|n| &n.value) else { return };
        let least = if has == TEMPLATE { Left::Some } else { Left::Empty };
        if *slipped || left < least {
            return;
        }
        let label = |e: &&Entry<'_>| could_be_label(e, has) && self.meant(e).is_none();
        if let Some(entry) = entries.iter().find(label) {
            *slipped = ctx.stray_labels(entry, at, IF_LABEL.to_owned());
        }
    }

    /// The field that is read and that a stray one was meant to be.
    pub(super) fn meant(&self, entry: &Entry<'_>) -> Option<Read> {
        let list = matches!(entry.value.value, Value::Seq(_));
        // A port's own fields hold one value.
        let fits = |(_, home): &&Read| !list || *home != SERVICE_PORTS;
        let reads = || self.own.iter().chain(self.pod).filter(fits);
        let names: Vec<&str> = reads().map(|(name, _)| *name).collect();
        let near = nearest(&entry.key, &names)?;
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
