//! Objects to the model: the API server's defaults and its validation.

mod cluster_policy;
mod foreign;
mod meta;
mod network_policy;
mod selector;
mod service;
mod stray;
mod workload;

use fallgate_model::{Direction, ObjectRef, Opacity, Opaque, Scope, Str};

use crate::context::{At, Context, distance, nearest, shown};
use crate::item::{Content, Item};
use crate::tree::{Entry, Flaw, Node, Value};

pub(crate) use foreign::{DATAPLANE_MODE, is_policy_kind, not_opted_out};

/// The kinds that are read, with their groups and the versions that have the
/// fields that are read; no version means any.
const KNOWN: &[Known] = &[
    Known::new("", "Namespace", &["v1"], Reader::Namespace, false),
    Known::new("", "Pod", &["v1"], Reader::Pod, true),
    Known::new("", "ReplicationController", &["v1"], Reader::Workload, true),
    Known::new("", "Service", &["v1"], Reader::Service, true),
    Known::new("", "Node", &["v1"], Reader::Node, false),
    Known::new("apps", "ReplicaSet", &["v1"], Reader::Workload, true),
    Known::new("apps", "Deployment", &["v1"], Reader::Workload, true),
    Known::new("apps", "StatefulSet", &["v1"], Reader::Workload, true),
    Known::new("apps", "DaemonSet", &["v1"], Reader::Workload, true),
    Known::new("batch", "Job", &["v1"], Reader::Workload, true),
    Known::new("batch", "CronJob", &["v1"], Reader::Workload, true),
    Known::new("discovery.k8s.io", "EndpointSlice", &["v1"], Reader::EndpointSlice, true),
    Known::new(NETWORKING, "Ingress", &["v1"], Reader::Ingress, true),
    Known::new(NETWORKING, "NetworkPolicy", &["v1"], Reader::NetworkPolicy, true),
    Known::new(GATEWAY, "Gateway", &[], Reader::Gateway, true),
    Known::new(GATEWAY, "HTTPRoute", &[], Reader::Route, true),
    Known::new(GATEWAY, "GRPCRoute", &[], Reader::Route, true),
    Known::new(GATEWAY, "TCPRoute", &[], Reader::Route, true),
    Known::new(GATEWAY, "TLSRoute", &[], Reader::Route, true),
    Known::new(GATEWAY, "UDPRoute", &[], Reader::Route, true),
    Known::new(POLICY, "ClusterNetworkPolicy", &["v1alpha2"], Reader::ClusterPolicy, false),
    Known::new(POLICY, "AdminNetworkPolicy", &["v1alpha1"], Reader::ClusterPolicy, false),
    Known::new(POLICY, "BaselineAdminNetworkPolicy", &["v1alpha1"], Reader::ClusterPolicy, false),
];

const GATEWAY: &str = "gateway.networking.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const POLICY: &str = "policy.networking.k8s.io";

struct Known {
    group: &'static str,
    kind: &'static str,
    versions: &'static [&'static str],
    reader: Reader,
    namespaced: bool,
}

impl Known {
    const fn new(
        group: &'static str,
        kind: &'static str,
        versions: &'static [&'static str],
        reader: Reader,
        namespaced: bool,
    ) -> Known {
        Known { group, kind, versions, reader, namespaced }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Namespace,
    Pod,
    Workload,
    Service,
    Node,
    EndpointSlice,
    Ingress,
    Gateway,
    Route,
    NetworkPolicy,
    ClusterPolicy,
}

impl Reader {
    fn is_policy(self) -> bool {
        matches!(self, Reader::NetworkPolicy | Reader::ClusterPolicy)
    }

    /// Whether something goes by the labels of the object itself.
    fn is_labelled(self) -> bool {
        matches!(self, Reader::Namespace | Reader::Pod | Reader::Node | Reader::EndpointSlice)
    }
}

/// Whether a kind is one that is read and is no policy, whatever its group.
pub(crate) fn is_harmless_kind(kind: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CustomResourceDefinition",
        "HorizontalPodAutoscaler",
        "Kustomization",
        "LimitRange",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "ServiceAccount",
        "StorageClass",
    ];
    OTHERS.contains(&kind) || KNOWN.iter().any(|k| k.kind == kind && !k.reader.is_policy())
}

/// Reads the object, or list of objects, that a document is, or an item of a
/// list that was cut up.
pub(crate) fn document(
    ctx: &mut Context<'_>,
    root: &Node<'_>,
    flaws: &[Flaw],
    end: usize,
    typed: Option<&ItemType<'_>>,
) {
    let span = Span { flaws, end: crate::tree::narrow(end) };
    object(ctx, root, &span, typed);
}

/// The name and the namespace that stand in an object.
pub(crate) fn names(root: &Node<'_>) -> (String, String) {
    (meta::text(root, "name").to_owned(), meta::text(root, "namespace").to_owned())
}

/// Where an object ends, and what is wrong with the text somewhere around.
struct Span<'a> {
    flaws: &'a [Flaw],
    end: u32,
}

/// The apiVersion and kind of the items of a typed list, which do not repeat
/// them.
#[derive(Clone, Copy)]
pub(crate) struct ItemType<'a> {
    api_version: &'a str,
    kind: &'a str,
}

impl<'a> ItemType<'a> {
    /// The type of the items of a list of this type; items of a plain `List`
    /// have their own.
    pub(crate) fn of_list(api_version: &'a str, kind: &'a str) -> Option<ItemType<'a>> {
        let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some(ItemType { api_version, kind })
    }
}

fn object(ctx: &mut Context<'_>, node: &Node<'_>, span: &Span<'_>, typed: Option<&ItemType<'_>>) {
    ctx.begin(None);
    if node.is_null() {
        return;
    }
    if let Value::Seq(nodes) = &node.value
        && nodes.iter().any(|n| n.get("kind").or_else(|| n.get("apiVersion")).is_some())
    {
        return bare_list(ctx, node, nodes, span);
    }
    let Value::Map(entries) = &node.value else {
        let message = "this is no Kubernetes object: it must be a mapping";
        let help = "leave this file out, or write fields such as `kind:`";
        ctx.error(&At::ROOT, node.offset, "not-an-object", message, help);
        return;
    };
    let own_kind = entry(entries, "kind").and_then(|n| n.text());
    let own_version = entry(entries, "apiVersion").and_then(|n| n.text());
    let kind = own_kind.or(typed.map(|t| t.kind)).unwrap_or_default();
    let api_version = own_version.or(typed.map(|t| t.api_version)).unwrap_or_default();
    if let Some(items) = list_items(entries, kind) {
        return list(ctx, entries, items, span, api_version, kind);
    }
    if is_list(api_version, kind) {
        return without_items(ctx, node, entries, kind);
    }
    let namespace = meta::text(node, "namespace");
    let name = meta::text(node, "name");
    let object = ObjectRef {
        kind: ctx.str(&shown(kind)),
        namespace: ctx.str(&shown(namespace)),
        name: ctx.str(&shown(name)),
    };
    if kind.is_empty() || api_version.is_empty() {
        return untyped(ctx, node, kind, api_version, object);
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    match KNOWN.iter().find(|k| k.kind == kind && k.group == group) {
        Some(known) => native(ctx, node, span, known, version, object),
        None if KNOWN.iter().any(|k| k.kind == kind) && foreign::is_builtin_group(group) => {
            elsewhere(ctx, node, kind, api_version, object);
        }
        None if misspelt(ctx, node, span, group, kind, &object) => {}
        None => {
            let flawed = flaws_within(span, node.offset, span.end).next().is_some();
            foreign::read(ctx, node, group, kind, api_version, &object, flawed);
        }
    }
}

fn entry<'n, 't>(entries: &'n [Entry<'t>], key: &str) -> Option<&'n Node<'t>> {
    entries.iter().rev().find(|e| e.key == key).map(|e| &e.value)
}

fn list_items<'n, 't>(entries: &'n [Entry<'t>], kind: &str) -> Option<&'n Entry<'t>> {
    kind.ends_with("List").then_some(())?;
    entries
        .iter()
        .rev()
        .find(|e| e.key == "items" && (matches!(e.value.value, Value::Seq(_)) || e.value.is_null()))
}

fn list(
    ctx: &mut Context<'_>,
    entries: &[Entry<'_>],
    items: &Entry<'_>,
    span: &Span<'_>,
    api_version: &str,
    kind: &str,
) {
    let typed = ItemType::of_list(api_version, kind);
    let nodes = items.value.items();
    let after = entries.iter().map(|e| e.offset).filter(|o| *o > items.offset).min();
    let after = after.unwrap_or(span.end).min(span.end);
    let first = nodes.first().map_or(after, |n| n.offset);
    let outside = span.flaws.iter().filter(|f| {
        // Those before this list are an enclosing list's.
        let at = f.offset();
        (at >= items.offset && at < first)
            || entries.iter().any(|e| e.offset == at && e.offset < span.end)
    });
    for flaw in outside {
        report(ctx, flaw);
        unread_list(ctx, flaw.offset());
    }
    each(ctx, nodes, span, after, typed.as_ref());
}

/// Reads the items of a list, which end where the next of them starts.
fn each(
    ctx: &mut Context<'_>,
    nodes: &[Node<'_>],
    span: &Span<'_>,
    after: u32,
    typed: Option<&ItemType<'_>>,
) {
    let mut ends = nodes.iter().skip(1).map(|n| n.offset).chain([after]);
    for node in nodes {
        let end = ends.next().unwrap_or(after);
        object(ctx, node, &Span { flaws: span.flaws, end }, typed);
    }
}

/// Keeps a list of which nobody knows what it holds.
fn unread_list(ctx: &mut Context<'_>, offset: u32) {
    let none = ctx.str("");
    let opaque = Opaque {
        kind: ctx.str(LIST),
        namespace: none.clone(),
        name: none,
        scope: Scope::Cluster,
        directions: Direction::ALL.to_vec(),
        opacity: Opacity::Anything,
        reason: ctx.str("a list that could not be read may hold policies"),
        origin: ctx.origin(offset),
    };
    push_opaque(ctx, opaque);
}

/// Reads a list of objects that is itself no object. kubectl refuses it as a
/// whole, so its policies are not in force; the others are there to be asked
/// about.
fn bare_list(ctx: &mut Context<'_>, node: &Node<'_>, nodes: &[Node<'_>], span: &Span<'_>) {
    let message = "this is a list of objects, where kubectl takes one object";
    let help = "put the list below `items:` of a `kind: List`, or `---` between the objects";
    ctx.error(&At::ROOT, node.offset, "not-an-object", message, help);
    let refused = std::mem::replace(&mut ctx.refused, true);
    each(ctx, nodes, span, span.end, None);
    ctx.refused = refused;
}

/// Whether a kind is a plain list, or one of a kind that is read.
fn is_list(api_version: &str, kind: &str) -> bool {
    let Some(of) = kind.strip_suffix("List") else { return false };
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    of.is_empty() || KNOWN.iter().any(|k| k.kind == of && k.group == group)
}

/// Reports a list whose items are not where they belong.
fn without_items(ctx: &mut Context<'_>, node: &Node<'_>, entries: &[Entry<'_>], kind: &str) {
    const ITEMS: &str = "items";
    let at = At::ROOT.key(ITEMS);
    let meant = entries.iter().find(|e| nearest(&e.key, &[ITEMS]).is_some());
    match meant {
        Some(entry) if entry.key == ITEMS => ctx.wrong(&entry.value, &at, "a list"),
        Some(entry) => ctx.unknown_field(entry, &At::ROOT, &[ITEMS]),
        None => {
            let message = "`items` is missing, so this is a list of nothing";
            ctx.error(
                &at,
                node.offset,
                "missing-field",
                message,
                "write the objects below `items:`",
            );
        }
    }
    let of = kind.strip_suffix("List").unwrap_or_default();
    if !is_harmless_kind(of) || is_policy_kind(of) {
        unread_list(ctx, node.offset);
    }
}

fn flaws_within<'a>(
    span: &Span<'a>,
    start: u32,
    end: u32,
) -> impl Iterator<Item = &'a Flaw> + use<'a> {
    span.flaws.iter().filter(move |f| f.offset() >= start && f.offset() < end)
}

fn report(ctx: &mut Context<'_>, flaw: &Flaw) {
    match flaw {
        // Looking up a position for nobody would cost the whole text each time.
        Flaw::Duplicate { again, .. } if ctx.has_said_enough() => {
            ctx.error(&At::ROOT, *again, "duplicate-key", "", "");
        }
        Flaw::Duplicate { key, first, again } => {
            let first = ctx.origin(*first);
            let place = match first.line {
                0 => String::new(),
                line => format!(", first at line {line}, column {}", first.column),
            };
            let message = format!("the key `{}` is here twice{place}", shown(key));
            let help = "keep one; if they belong to different parents, indent them";
            ctx.error(&At::ROOT, *again, "duplicate-key", message, help);
        }
        Flaw::Merge { at } => {
            let message = "the merge key `<<` is not part of YAML 1.2 and is not merged";
            ctx.error(&At::ROOT, *at, "merge-key", message, "write the fields out");
        }
    }
}

/// An object of a kind that is read.
fn native(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    span: &Span<'_>,
    known: &Known,
    version: &str,
    object: ObjectRef,
) {
    let kind = ctx.str(known.kind);
    *ctx.part.objects.entry(kind.clone()).or_default() += 1;
    let mut object = ObjectRef { kind: kind.clone(), ..object };
    if !known.namespaced {
        object.namespace = ctx.str("");
    } else if object.namespace.is_empty() {
        let certain = meta::certain_namespace(node).is_some() || !known.reader.is_policy();
        object.namespace = ctx.str(if certain { "default" } else { "" });
    }
    ctx.begin((!object.name.is_empty()).then(|| object.clone()));
    if !ctx.lenient {
        for flaw in flaws_within(span, node.offset, span.end) {
            report(ctx, flaw);
        }
    }
    if !known.versions.is_empty() && !known.versions.contains(&version) {
        let at = node.get("apiVersion").map_or(node.offset, |n| n.offset);
        let served = known.versions.join(", ");
        let message = format!("version `{}` of {} is not known", shown(version), known.kind);
        let help = format!("known: {served}");
        ctx.error(&At::ROOT.key("apiVersion"), at, "unknown-api-version", message, help);
        if known.reader.is_policy() {
            rejected(ctx, node, &object, Scope::Cluster, None);
        }
        return;
    }
    if ctx.failed() {
        // Nobody knows which of two keys was meant, so nothing more is said and
        // nothing below the flaw is certain.
        if known.reader.is_policy() {
            let uncertain = flaws_within(span, node.offset, span.end).any(Flaw::hides_namespace);
            let narrow = known.namespaced && !uncertain && meta::certain_namespace(node).is_some();
            let scope =
                if narrow { Scope::Namespace(object.namespace.clone()) } else { Scope::Cluster };
            rejected(ctx, node, &object, scope, None);
        }
        return;
    }
    let head = meta::read(ctx, node, known);
    let content = match known.reader {
        Reader::Namespace => meta::namespace(ctx, node, head),
        Reader::Pod => workload::pod(ctx, node, head),
        Reader::Workload => workload::workload(ctx, node, head, known.kind),
        Reader::Service => service::service(ctx, node, head),
        Reader::Node => service::node(ctx, node, head),
        Reader::EndpointSlice => service::endpoint_slice(ctx, node, head),
        Reader::Ingress => service::ingress(ctx, node, head),
        Reader::Gateway => head.map(|_| Content::Nothing),
        Reader::Route => service::route(ctx, node, head, known.kind),
        Reader::NetworkPolicy => {
            let (policy, scope, directions) = network_policy::read(ctx, node, head, &object);
            if ctx.failed() || ctx.refused || policy.is_none() {
                return rejected(ctx, node, &object, scope, directions);
            }
            if node.get("metadata").is_none_or(|m| m.get("namespace").is_none()) {
                let origin = ctx.origin(node.offset);
                ctx.part.homeless.push((object.clone(), origin));
            }
            policy
        }
        Reader::ClusterPolicy => {
            let (policy, scope) = cluster_policy::read(ctx, node, head, known.kind);
            if ctx.failed() || ctx.refused || policy.is_none() {
                return rejected(ctx, node, &object, scope, None);
            }
            policy
        }
    };
    if ctx.failed() {
        return;
    }
    if let Some(content) = content {
        let origin = ctx.origin(node.offset);
        let ObjectRef { kind, namespace, name } = object;
        ctx.part.items.push(Item { kind, namespace, name, origin, content });
    }
}

/// Keeps a policy that the API server would reject as something that could
/// change answers: whoever meant it will write it again, otherwise.
fn rejected(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    object: &ObjectRef,
    scope: Scope,
    directions: Option<Vec<Direction>>,
) {
    let origin = ctx.origin(node.offset);
    let reason = match &*object.kind {
        "" => ctx.str("an object without a kind may be a policy"),
        kind => ctx.str(&format!("this {kind} is not valid")),
    };
    push_opaque(
        ctx,
        Opaque {
            kind: object.kind.clone(),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            scope,
            directions: directions.unwrap_or_else(|| Direction::ALL.to_vec()),
            opacity: Opacity::Anything,
            reason,
            origin,
        },
    );
}

pub(crate) fn push_opaque(ctx: &mut Context<'_>, opaque: Opaque) {
    ctx.part.items.push(Item {
        kind: opaque.kind.clone(),
        namespace: opaque.namespace.clone(),
        name: opaque.name.clone(),
        origin: opaque.origin,
        content: Content::Opaque(opaque),
    });
}

/// A mapping without a kind or an apiVersion.
fn untyped(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    kind: &str,
    api_version: &str,
    object: ObjectRef,
) {
    let (id, field) = if kind.is_empty() {
        ("missing-kind", "kind")
    } else {
        ("missing-api-version", "apiVersion")
    };
    ctx.begin((!kind.is_empty() && !object.name.is_empty()).then_some(object.clone()));
    let at = At::ROOT.key(field);
    match node.get(field) {
        Some(value) if !value.is_null() => {
            ctx.filled(value, &at);
        }
        _ => {
            let message = format!("`{field}` is missing, so this is no Kubernetes object");
            let help = match field {
                "kind" => "add a kind such as `kind: NetworkPolicy`, or leave this file out",
                _ => "add the API, such as `apiVersion: networking.k8s.io/v1` for a NetworkPolicy",
            };
            ctx.error(&at, node.offset, id, message, help);
        }
    }
    // Without either it is some other file; with one of them it could be a
    // policy that somebody takes to be in force.
    let could_be_policy = if kind.is_empty() {
        !api_version.is_empty()
    } else {
        is_policy_kind(kind) || !is_harmless_kind(kind)
    };
    if could_be_policy {
        rejected(ctx, node, &object, Scope::Cluster, None);
    }
}

/// A kind that is read, in a group of the API server that does not have it.
fn elsewhere(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    kind: &str,
    api_version: &str,
    object: ObjectRef,
) {
    ctx.begin(Some(object.clone()));
    let at = node.get("apiVersion").map_or(node.offset, |n| n.offset);
    let message = format!("the API `{}` has no kind {kind}", shown(api_version));
    let homes: Vec<String> = KNOWN
        .iter()
        .filter(|k| k.kind == kind)
        .map(|k| {
            let version = k.versions.first().copied().unwrap_or("v1");
            if k.group.is_empty() { version.to_owned() } else { format!("{}/{version}", k.group) }
        })
        .collect();
    let help = format!("write `apiVersion: {}`", homes.join("` or `"));
    ctx.error(&At::ROOT.key("apiVersion"), at, "unknown-api-version", message, help);
    if is_policy_kind(kind) {
        rejected(ctx, node, &object, Scope::Cluster, None);
    }
}

/// Whether an object of a kind that the core API does not have is a list, of
/// whatever, or what somebody takes for a policy.
fn hides_policies(node: &Node<'_>, kind: &str) -> bool {
    /// The core's kinds that are neither read nor known elsewhere.
    const CORE: [&str; 8] = [
        "Binding",
        "ComponentStatus",
        "Endpoints",
        "Event",
        "PodTemplate",
        "RangeAllocation",
        "Scale",
        "Status",
    ];
    /// What only policies have in their spec.
    const OF_POLICIES: [&str; 6] =
        ["egress", "endpointSelector", "ingress", "podSelector", "policyTypes", "subject"];
    let policy = node.get("spec").is_some_and(|s| OF_POLICIES.iter().any(|f| s.get(f).is_some()));
    // What kubectl takes for one.
    let short = ["netpol", "networkpolicies"].iter().any(|name| kind.eq_ignore_ascii_case(name));
    !CORE.contains(&kind) && (policy || short || meant_as_list(node, kind))
}

fn meant_as_list(node: &Node<'_>, kind: &str) -> bool {
    node.get("items").is_some() || nearest(kind, &[LIST]).is_some()
}

/// The kind of a list of anything.
const LIST: &str = "List";

/// Reports such an object; what it holds could change any answer.
fn hidden(ctx: &mut Context<'_>, node: &Node<'_>, kind: &str, object: &ObjectRef) {
    ctx.begin(Some(object.clone()));
    let at = node.get("kind").map_or(node.offset, |n| n.offset);
    let shown_kind = shown(kind);
    let list = meant_as_list(node, kind);
    let help = if list {
        "write `kind: List`"
    } else {
        "a policy is `kind: NetworkPolicy` of `apiVersion: networking.k8s.io/v1`"
    };
    let message =
        format!("there is no kind `{shown_kind}` in this API, so nothing would be applied");
    ctx.error(&At::ROOT.key("kind"), at, "unknown-kind", message, help);
    if list {
        unread_list(ctx, node.offset)
    } else {
        rejected(ctx, node, object, Scope::Cluster, None)
    }
}

/// Whether a kind is one that is not there, where a policy may have been meant;
/// then it is reported. A near miss of another kind is told and otherwise
/// ignored like any kind that is not read.
fn misspelt(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    span: &Span<'_>,
    group: &str,
    kind: &str,
    object: &ObjectRef,
) -> bool {
    /// Of a group that has policies, the kinds that are none.
    const NO_POLICIES: [&str; 4] = ["ClusterCIDR", "IPAddress", "IngressClass", "ServiceCIDR"];
    // A list of some other kind.
    if kind.ends_with("List") && node.get("items").is_none() {
        return false;
    }
    let of_policies = group == POLICY || group == NETWORKING;
    if !of_policies && is_harmless_kind(kind) {
        return false;
    }
    let here = |k: &&Known| k.group == group;
    let policies = || KNOWN.iter().filter(|k| k.reader.is_policy());
    let meant = policies()
        .filter(here)
        .chain(policies())
        .map(|k| (k.kind, k.namespaced))
        .chain(foreign::policies_of(group))
        .filter(|(known, _)| !foreign::is_policy_kind(kind) || (of_policies && *known != kind))
        .find(|(known, _)| is_near(kind, known));
    let unknown = of_policies && !NO_POLICIES.contains(&kind);
    let at = node.get("kind").map_or(node.offset, |n| n.offset);
    let field = At::ROOT.key("kind");
    let shown_kind = shown(kind);
    ctx.begin(Some(object.clone()));
    if meant.is_none() && group.is_empty() && hides_policies(node, kind) {
        hidden(ctx, node, kind, object);
        return true;
    }
    if meant.is_none() && !unknown {
        let known: Vec<&str> = KNOWN.iter().filter(here).map(|k| k.kind).collect();
        if let Some(near) = nearest(kind, &known)
            && !NO_POLICIES.contains(&kind)
        {
            let message =
                format!("there is no kind `{shown_kind}` in this API, so the object is ignored");
            let help = format!("did you mean `{near}`?");
            ctx.error(&field, at, "unknown-kind", message, help);
        }
        return false;
    }
    let help = match (meant, group) {
        (Some((near, _)), _) => format!("did you mean `{near}`?"),
        (None, NETWORKING) => "a policy's kind is `NetworkPolicy`".to_owned(),
        (None, _) => "a policy's kind is `ClusterNetworkPolicy`".to_owned(),
    };
    let message = if foreign::is_builtin_group(group) {
        format!("there is no kind `{shown_kind}` in this API, so nothing would be applied")
    } else {
        format!("the kind `{shown_kind}` is not known, so answers that it could change are unknown")
    };
    ctx.error(&field, at, "unknown-kind", message, help);
    let uncertain = flaws_within(span, node.offset, span.end).any(Flaw::hides_namespace);
    let namespace = match meant {
        _ if uncertain => None,
        Some((_, false)) => None,
        Some((_, true)) => meta::certain_namespace(node),
        // Nobody knows whether it would have a namespace.
        None => meta::certain_namespace(node).filter(|_| !object.namespace.is_empty()),
    };
    let scope = match namespace {
        Some(namespace) => Scope::Namespace(ctx.str(namespace)),
        None => Scope::Cluster,
    };
    rejected(ctx, node, object, scope, None);
    true
}

/// Whether a kind is a known one but for its case, its number or two letters.
fn is_near(kind: &str, known: &str) -> bool {
    if kind.len().abs_diff(known.len()) > 2 {
        return false;
    }
    let (kind, known) = (kind.to_ascii_lowercase(), known.to_ascii_lowercase());
    let singular = match kind.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => kind.clone(),
    };
    distance(&kind, &known).min(distance(&singular, &known)) <= 2
}

/// What the model calls an absent string.
fn named(text: &Str) -> Option<Str> {
    (!text.is_empty()).then(|| text.clone())
}
