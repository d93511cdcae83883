//! Kinds that could change answers and are not evaluated, and all the rest.

use fallgate_model::{
    Direction, NamespaceMatch, ObjectRef, Opacity, Opaque, Operator, Requirement, Scope, Selector,
};

use super::{push_opaque, selector};
use crate::context::{At, Context, shown};
use crate::tree::{Node, Value};

/// A policy kind that is not modelled.
struct Foreign {
    groups: &'static [&'static str],
    kind: &'static str,
    /// What the kind is called in messages.
    name: &'static str,
    reach: Reach,
    opacity: Opacity,
    directions: &'static [Direction],
    /// Where it selects pods by plain labels, if it does.
    selector: Option<Field>,
}

/// How far a kind's objects reach without their selector.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Cluster,
    Namespace,
    /// The namespace, or the cluster from one of the mesh's own namespaces.
    Mesh(&'static [&'static str]),
    /// The cluster, from whichever namespace.
    Anywhere,
    /// A network of a namespace, if it is the primary one.
    Network,
    /// A network of the namespaces that a selector takes, if it is primary.
    ClusterNetwork,
}

/// A selector: its field in the spec, and the keys that it may have besides
/// those of a label selector.
#[derive(Clone, Copy)]
enum Field {
    /// A label selector whose keys may carry the source of a label.
    Endpoints,
    /// `selector.matchLabels` alone.
    MatchLabels,
}

const BOTH: &[Direction] = &Direction::ALL;
const INGRESS: &[Direction] = &[Direction::Ingress];
const EGRESS: &[Direction] = &[Direction::Egress];
const CALICO: &[&str] = &["crd.projectcalico.org", "projectcalico.org"];
const OVN: &[&str] = &["k8s.ovn.org"];
const ISTIO: &[&str] = &["istio-system"];
const KUMA: &[&str] = &["kong-mesh-system", "kuma-system"];
const LINKERD: &[&str] = &["linkerd-egress"];

const FOREIGN: &[Foreign] = &[
    Foreign {
        groups: &["cilium.io"],
        kind: "CiliumNetworkPolicy",
        name: "CiliumNetworkPolicy",
        reach: Reach::Namespace,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: Some(Field::Endpoints),
    },
    Foreign {
        groups: &["cilium.io"],
        kind: "CiliumClusterwideNetworkPolicy",
        name: "CiliumClusterwideNetworkPolicy",
        reach: Reach::Cluster,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: Some(Field::Endpoints),
    },
    Foreign {
        groups: CALICO,
        kind: "NetworkPolicy",
        name: "Calico's NetworkPolicy",
        reach: Reach::Namespace,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: CALICO,
        kind: "GlobalNetworkPolicy",
        name: "Calico's GlobalNetworkPolicy",
        reach: Reach::Cluster,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    // Without a policy for it, what it stands for lets nothing in or out.
    Foreign {
        groups: CALICO,
        kind: "HostEndpoint",
        name: "Calico's HostEndpoint",
        reach: Reach::Cluster,
        opacity: Opacity::Denies,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: &["security.istio.io"],
        kind: "AuthorizationPolicy",
        name: "Istio's AuthorizationPolicy",
        reach: Reach::Mesh(ISTIO),
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: Some(Field::MatchLabels),
    },
    Foreign {
        groups: &["security.istio.io"],
        kind: "PeerAuthentication",
        name: "Istio's PeerAuthentication",
        reach: Reach::Mesh(ISTIO),
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: Some(Field::MatchLabels),
    },
    Foreign {
        groups: &["networking.istio.io"],
        kind: "Sidecar",
        name: "Istio's Sidecar",
        reach: Reach::Mesh(ISTIO),
        opacity: Opacity::Denies,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: &["kuma.io"],
        kind: "MeshTrafficPermission",
        name: "Kuma's MeshTrafficPermission",
        reach: Reach::Mesh(KUMA),
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: None,
    },
    Foreign {
        groups: &["kuma.io"],
        kind: "TrafficPermission",
        name: "Kuma's TrafficPermission",
        reach: Reach::Cluster,
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: None,
    },
    Foreign {
        groups: &["consul.hashicorp.com"],
        kind: "ServiceIntentions",
        name: "Consul's ServiceIntentions",
        reach: Reach::Anywhere,
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: None,
    },
    Foreign {
        groups: &["policy.linkerd.io"],
        kind: "Server",
        name: "Linkerd's Server",
        reach: Reach::Namespace,
        opacity: Opacity::Denies,
        directions: INGRESS,
        selector: None,
    },
    Foreign {
        groups: &["policy.linkerd.io"],
        kind: "EgressNetwork",
        name: "Linkerd's EgressNetwork",
        reach: Reach::Mesh(LINKERD),
        opacity: Opacity::Denies,
        directions: EGRESS,
        selector: None,
    },
    Foreign {
        groups: &["crd.antrea.io"],
        kind: "NetworkPolicy",
        name: "Antrea's NetworkPolicy",
        reach: Reach::Namespace,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: &["crd.antrea.io"],
        kind: "ClusterNetworkPolicy",
        name: "Antrea's ClusterNetworkPolicy",
        reach: Reach::Cluster,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: OVN,
        kind: "UserDefinedNetwork",
        name: "a primary UserDefinedNetwork",
        reach: Reach::Network,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: OVN,
        kind: "ClusterUserDefinedNetwork",
        name: "a primary ClusterUserDefinedNetwork",
        reach: Reach::ClusterNetwork,
        opacity: Opacity::Anything,
        directions: BOTH,
        selector: None,
    },
    Foreign {
        groups: OVN,
        kind: "EgressFirewall",
        name: "EgressFirewall",
        reach: Reach::Namespace,
        opacity: Opacity::Denies,
        directions: EGRESS,
        selector: None,
    },
    Foreign {
        groups: &["network.openshift.io"],
        kind: "EgressNetworkPolicy",
        name: "EgressNetworkPolicy",
        reach: Reach::Namespace,
        opacity: Opacity::Denies,
        directions: EGRESS,
        selector: None,
    },
    Foreign {
        groups: &["vpcresources.k8s.aws"],
        kind: "SecurityGroupPolicy",
        name: "SecurityGroupPolicy of Amazon's VPC",
        reach: Reach::Namespace,
        opacity: Opacity::Denies,
        directions: BOTH,
        selector: None,
    },
];

/// Whether objects of a kind are policies, whatever their group.
pub(crate) fn is_policy_kind(kind: &str) -> bool {
    const OWN: [&str; 4] = [
        "NetworkPolicy",
        "ClusterNetworkPolicy",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
    ];
    OWN.contains(&kind) || FOREIGN.iter().any(|f| f.kind == kind) || looks_like_policy(kind)
}

/// The policy kinds of a group that are not evaluated, and whether they have a
/// namespace.
pub(crate) fn policies_of(group: &str) -> impl Iterator<Item = (&'static str, bool)> {
    let kinds = FOREIGN.iter().filter(move |f| f.groups.contains(&group));
    kinds.map(|f| (f.kind, !matches!(f.reach, Reach::Cluster | Reach::ClusterNetwork)))
}

fn looks_like_policy(kind: &str) -> bool {
    kind.ends_with("NetworkPolicy")
        && !kind.starts_with("Staged")
        && !matches!(kind, "MultiNetworkPolicy")
}

/// Whether a group is Kubernetes' own, so that its kinds are known.
pub(crate) fn is_builtin_group(group: &str) -> bool {
    matches!(
        group,
        "" | "apps"
            | "batch"
            | "core"
            | "discovery.k8s.io"
            | "extensions"
            | "gateway.networking.k8s.io"
            | "networking.k8s.io"
            | "policy"
            | "policy.networking.k8s.io"
    )
}

/// An object of a kind that is not read.
pub(crate) fn read(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    group: &str,
    kind: &str,
    api_version: &str,
    object: &ObjectRef,
    flawed: bool,
) {
    ctx.begin(Some(object.clone()));
    let key = ctx.str(&shown(&format!("{api_version}/{kind}")));
    *ctx.part.ignored.entry(key).or_default() += 1;
    if kind == "MultiNetworkPolicy" {
        let message = "MultiNetworkPolicy governs secondary networks only and is not read";
        return ctx.note(&At::ROOT, node.offset, "secondary-network", message);
    }
    let Some(foreign) = FOREIGN.iter().find(|f| f.kind == kind && f.groups.contains(&group)) else {
        if looks_like_policy(kind) {
            let name = format!("{} of {}", shown(kind), shown(group));
            let scope = if object.namespace.is_empty() {
                Scope::Cluster
            } else {
                Scope::Namespace(object.namespace.clone())
            };
            opaque(ctx, node, object, group, &name, scope, Opacity::Anything, BOTH);
        }
        return;
    };
    if matches!(foreign.reach, Reach::Network | Reach::ClusterNetwork) && !is_primary(node) {
        return;
    }
    let mut object = object.clone();
    let cluster = matches!(foreign.reach, Reach::Cluster | Reach::ClusterNetwork);
    if cluster {
        object.namespace = ctx.str("");
    } else if object.namespace.is_empty() {
        object.namespace = ctx.str("default");
    }
    let wide = match foreign.reach {
        Reach::Mesh(roots) => roots.contains(&&*object.namespace),
        Reach::Anywhere => true,
        _ => cluster,
    };
    let plain = match foreign.selector {
        Some(field) if !flawed => plain_selector(ctx, node, field),
        _ => None,
    };
    let scope = match (plain, wide) {
        _ if foreign.reach == Reach::ClusterNetwork => networks_namespaces(ctx, node),
        (Some(pods), true) => Scope::Pods(NamespaceMatch::Selector(Selector::default()), pods),
        (Some(pods), false) => Scope::Pods(NamespaceMatch::Own, pods),
        (None, true) => Scope::Cluster,
        (None, false) => Scope::Namespace(object.namespace.clone()),
    };
    let (opacity, directions) = (foreign.opacity, foreign.directions);
    opaque(ctx, node, &object, group, foreign.name, scope, opacity, directions);
}

#[expect(clippy::too_many_arguments, reason = "one place that fills one struct")]
fn opaque(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    object: &ObjectRef,
    group: &str,
    name: &str,
    scope: Scope,
    opacity: Opacity,
    directions: &[Direction],
) {
    ctx.begin(Some(object.clone()));
    let message = format!("{name} is not modelled, so answers that it could change are unknown");
    ctx.error(&At::ROOT, node.offset, "not-modelled", message, "");
    // Several groups have a kind of this name: as kubectl does, say which.
    let kind = match &*object.kind {
        "NetworkPolicy" | "ClusterNetworkPolicy" => {
            ctx.str(&format!("{}.{}", object.kind, shown(group)))
        }
        _ => object.kind.clone(),
    };
    let reason = ctx.str(&format!("{name} is not modelled"));
    let origin = ctx.origin(node.offset);
    push_opaque(
        ctx,
        Opaque {
            kind,
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            scope,
            directions: directions.to_vec(),
            opacity,
            reason,
            origin,
        },
    );
}

/// The pods that an object selects, where its selector means certainly what a
/// label selector means.
fn plain_selector(ctx: &mut Context<'_>, node: &Node<'_>, field: Field) -> Option<Selector> {
    if node.get("specs").is_some() {
        return None;
    }
    let spec = node.get("spec")?;
    let chosen = match field {
        Field::Endpoints => spec.get("endpointSelector")?,
        Field::MatchLabels => {
            if spec.get("targetRef").or_else(|| spec.get("targetRefs")).is_some() {
                return None;
            }
            // Without a selector it is for the whole namespace.
            spec.get("selector")?
        }
    };
    let Value::Map(entries) = &chosen.value else { return None };
    if entries.iter().any(|e| e.key != "matchLabels" && e.key != "matchExpressions") {
        return None;
    }
    // Whatever is wrong with it is that kind's business: then the scope is wide.
    let said = ctx.part.diagnostics.len();
    let selector = selector::read(ctx, chosen, &At::ROOT);
    ctx.part.diagnostics.truncate(said);
    ctx.take_failed();
    selector.filter(|s| s.requirements.iter().all(|r| is_plain_key(&r.key)))
}

/// A key that is a pod's label, and nothing that an implementation derives.
fn is_plain_key(key: &str) -> bool {
    const DERIVED: [&str; 5] = ["any", "cidr", "fqdn", "io.cilium", "io.kubernetes.pod"];
    let lead = key.split(['.', '/']).next().unwrap_or_default();
    !DERIVED.iter().any(|d| key == *d || key.starts_with(&format!("{d}."))) && lead != "reserved"
}

fn is_primary(node: &Node<'_>) -> bool {
    let Some(spec) = node.get("spec") else { return false };
    let spec = spec.get("network").unwrap_or(spec);
    ["layer2", "layer3", "localnet"].iter().any(|layer| {
        spec.get(layer).and_then(|l| l.get("role")).and_then(|r| r.text()) == Some("Primary")
    })
}

/// The pods of the namespaces that a cluster-wide network takes.
fn networks_namespaces(ctx: &mut Context<'_>, node: &Node<'_>) -> Scope {
    let chosen = node.get("spec").and_then(|s| s.get("namespaceSelector"));
    let said = ctx.part.diagnostics.len();
    let selector = chosen.and_then(|n| selector::read(ctx, n, &At::ROOT));
    ctx.part.diagnostics.truncate(said);
    match selector {
        Some(selector) => Scope::Pods(NamespaceMatch::Selector(selector), Selector::default()),
        None => Scope::Cluster,
    }
}

/// Of a namespace's pods those that its mesh label takes along.
pub(crate) fn not_opted_out() -> Selector {
    Selector::new([Requirement {
        key: DATAPLANE_MODE.into(),
        operator: Operator::NotIn,
        values: vec!["none".into()],
    }])
}

/// The label that puts a namespace or a pod into an ambient mesh.
pub(crate) const DATAPLANE_MODE: &str = "istio.io/dataplane-mode";
