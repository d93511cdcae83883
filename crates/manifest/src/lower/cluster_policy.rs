//! `policy.networking.k8s.io`: ClusterNetworkPolicy, and before it
//! AdminNetworkPolicy and BaselineAdminNetworkPolicy.

use fallgate_model::{
    Action, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, NamespaceMatch, PortMatch,
    Protocol, Scope, Selector, Str, Subject, Tier,
};

use super::meta::Meta;
use super::network_policy::{cidr, list, port_number, read_protocol};
use super::selector;
use super::stray::OBJECT;
use crate::context::{At, Context, shown};
use crate::item::Content;
use crate::tree::{Entry, Node};
use crate::validate;

/// What differs between the APIs.
struct Api {
    kind: ClusterPolicyKind,
    /// The fields of the spec.
    spec: &'static [&'static str],
    /// How accepting is called.
    accept: &'static str,
    /// The field of a rule that holds its ports.
    ports: &'static str,
    /// How many rules a direction, how many peers and ports a rule may have.
    most_rules: usize,
    most_entries: usize,
}

const APIS: [Api; 3] = [
    Api {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        spec: &["egress", "ingress", "priority", "subject", "tier"],
        accept: "Accept",
        ports: "protocols",
        most_rules: 25,
        most_entries: 25,
    },
    Api {
        kind: ClusterPolicyKind::AdminNetworkPolicy,
        spec: &["egress", "ingress", "priority", "subject"],
        accept: "Allow",
        ports: "ports",
        most_rules: 100,
        most_entries: 100,
    },
    Api {
        kind: ClusterPolicyKind::BaselineAdminNetworkPolicy,
        spec: &["egress", "ingress", "subject"],
        accept: "Allow",
        ports: "ports",
        most_rules: 100,
        most_entries: 100,
    },
];

/// The priority that the model gives to what has none.
const BASELINE_SINGLETON: i32 = 1001;

/// Reads a policy; with it, whose traffic it could change if it is not valid.
pub(crate) fn read(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
    kind: &str,
) -> (Option<Content>, Scope) {
    let Some(api) = APIS.iter().find(|a| a.kind.name() == kind) else {
        return (None, Scope::Cluster);
    };
    for entry in ctx.fields(node, &At::ROOT).unwrap_or_default() {
        if !OBJECT.contains(&&*entry.key) {
            ctx.unknown_field(entry, &At::ROOT, &OBJECT);
        }
    }
    let at = At::ROOT.key("spec");
    let Some(fields) = node.get("spec").and_then(|spec| ctx.fields(spec, &at)) else {
        if node.get("spec").is_none() {
            ctx.error(&at, node.offset, "missing-field", "`spec` is missing", "");
        }
        return (None, Scope::Cluster);
    };
    let mut subject = None;
    let mut tier = None;
    let mut priority = None;
    let (mut ingress, mut egress) = (Some(Vec::new()), Some(Vec::new()));
    for entry in fields {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            key if !api.spec.contains(&key) => ctx.unknown_field(entry, &at, api.spec),
            "subject" => subject = read_subject(ctx, value, &inner),
            "tier" => tier = read_tier(ctx, value, &inner),
            "priority" => priority = read_priority(ctx, value, &inner),
            "ingress" => ingress = rules(ctx, value, &inner, api, "from"),
            _ => egress = rules(ctx, value, &inner, api, "to"),
        }
    }
    match api.kind {
        ClusterPolicyKind::ClusterNetworkPolicy => {}
        ClusterPolicyKind::AdminNetworkPolicy => tier = Some(Tier::Admin),
        ClusterPolicyKind::BaselineAdminNetworkPolicy => {
            tier = Some(Tier::Baseline);
            priority = Some(BASELINE_SINGLETON);
        }
    }
    let spec_offset = node.get("spec").map_or(node.offset, |n| n.offset);
    let given = |key: &str| fields.iter().any(|e| e.key == key);
    for (key, missing) in
        [("subject", subject.is_none()), ("tier", tier.is_none()), ("priority", priority.is_none())]
    {
        if missing && !given(key) {
            let message = format!("`{key}` is missing");
            ctx.error(&at.key(key), spec_offset, "missing-field", message, "");
        }
    }
    let scope = match &subject {
        Some(Subject { namespaces, pods }) => {
            Scope::Pods(NamespaceMatch::Selector(namespaces.clone()), pods.clone())
        }
        None => Scope::Cluster,
    };
    let policy = (|| {
        let head = head?;
        if api.kind == ClusterPolicyKind::BaselineAdminNetworkPolicy && &*head.name != "default" {
            let message = format!("the name must be `default`, not `{}`", head.name);
            let meta = At::ROOT.key("metadata");
            ctx.error(&meta.key("name"), node.offset, "invalid-name", message, "");
            return None;
        }
        Some(Content::ClusterPolicy(ClusterPolicy {
            kind: api.kind,
            name: head.name,
            tier: tier?,
            priority: priority?,
            subject: subject?,
            ingress: ingress?,
            egress: egress?,
            origin: ctx.origin(node.offset),
        }))
    })();
    (policy, scope)
}

fn read_tier(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Tier> {
    match ctx.string(node, at)? {
        "Admin" => Some(Tier::Admin),
        "Baseline" => Some(Tier::Baseline),
        other => {
            let message = format!("`{}` is no tier", shown(other));
            ctx.error(at, node.offset, "unknown-tier", message, "must be Admin or Baseline");
            None
        }
    }
}

fn read_priority(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<i32> {
    let number = ctx.int(node, at)?;
    if (0..=1000).contains(&number) {
        return i32::try_from(number).ok();
    }
    let message = format!("the priority {number} must be between 0 and 1000");
    ctx.error(at, node.offset, "priority-out-of-range", message, "");
    None
}

fn read_subject(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Subject> {
    let fields = ctx.fields(node, at)?;
    let mut subject = None;
    let mut count = 0;
    for entry in fields {
        let inner = at.key(&entry.key);
        match &*entry.key {
            "namespaces" => {
                count += 1;
                let namespaces = selector::read(ctx, &entry.value, &inner)?;
                subject = Some(Subject { namespaces, pods: Selector::default() });
            }
            "pods" => {
                count += 1;
                let (namespaces, pods) = pods(ctx, &entry.value, &inner)?;
                subject = Some(Subject { namespaces, pods });
            }
            _ => {
                ctx.unknown_field(entry, at, &["namespaces", "pods"]);
                if !ctx.lenient {
                    return None;
                }
            }
        }
    }
    if count != 1 {
        let message = "a subject must have exactly one of namespaces and pods";
        ctx.error(at, node.offset, "invalid-subject", message, "");
        return None;
    }
    subject
}

/// `pods`: selectors of namespaces and of pods there, both required.
fn pods(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<(Selector, Selector)> {
    const FIELDS: [&str; 2] = ["namespaceSelector", "podSelector"];
    let fields = ctx.fields(node, at)?;
    let (mut namespaces, mut pods, mut valid) = (None, None, true);
    for entry in fields {
        let inner = at.key(&entry.key);
        match &*entry.key {
            "namespaceSelector" => namespaces = selector::read(ctx, &entry.value, &inner),
            "podSelector" => pods = selector::read(ctx, &entry.value, &inner),
            _ => {
                ctx.unknown_field(entry, at, &FIELDS);
                valid &= ctx.lenient;
            }
        }
    }
    for key in FIELDS {
        if !fields.iter().any(|e| e.key == key) {
            let message = format!("`{key}` is missing");
            let help = "write `{}` to select everything";
            ctx.error(&at.key(key), node.offset, "missing-field", message, help);
        }
    }
    valid.then_some(())?;
    Some((namespaces?, pods?))
}

fn rules(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    api: &Api,
    peers_key: &'static str,
) -> Option<Vec<ClusterRule>> {
    limit(ctx, node, at, api.most_rules, "rules")?;
    list(ctx, node, at, |ctx, node, at| rule(ctx, node, at, api, peers_key))
}

fn limit(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    most: usize,
    what: &str,
) -> Option<()> {
    if node.items().len() <= most {
        return Some(());
    }
    let message = format!("{} {what} are more than the {most} that may be", node.items().len());
    ctx.error(at, node.offset, "too-many", message, "");
    None
}

fn rule(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    api: &Api,
    peers_key: &'static str,
) -> Option<ClusterRule> {
    let fields = ctx.fields(node, at)?;
    let (mut name, mut action, mut peers, mut ports) = (None, None, None, None);
    let mut valid = true;
    for entry in fields {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "name" => name = ctx.string(value, &inner).filter(|n| !n.is_empty()),
            "action" => action = read_action(ctx, value, &inner, api),
            key if key == peers_key => {
                limit(ctx, value, &inner, api.most_entries, "peers")?;
                peers = list(ctx, value, &inner, |ctx, node, at| peer(ctx, node, at, peers_key));
                valid &= peers.is_some();
            }
            key if key == api.ports => {
                limit(ctx, value, &inner, api.most_entries, "ports")?;
                let read = list(ctx, value, &inner, |ctx, node, at| port(ctx, node, at, api))?;
                ports = (!read.is_empty()).then_some(read);
            }
            _ => {
                ctx.unknown_field(entry, at, &["action", "name", api.ports, peers_key]);
                valid &= ctx.lenient;
            }
        }
    }
    if !fields.iter().any(|e| e.key == "action") {
        ctx.error(at, node.offset, "missing-field", "`action` is missing", "");
    }
    let peers = match peers {
        Some(peers) if !peers.is_empty() => peers,
        _ => {
            if valid {
                let message = format!("`{peers_key}` must have at least one peer");
                ctx.error(&at.key(peers_key), node.offset, "missing-field", message, "");
            }
            return None;
        }
    };
    let action = action?;
    let name = name.map(|n| ctx.str(n));
    let rule = ClusterRule { name, action, peers, ports, origin: ctx.origin(node.offset) };
    (agrees(ctx, node, at, &rule) && valid).then_some(rule)
}

/// What the API forbids between the fields of a rule.
fn agrees(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>, rule: &ClusterRule) -> bool {
    let domains = rule.peers.iter().any(|p| matches!(p, ClusterPeer::DomainNames(_)));
    let addresses = rule.peers.iter().any(|p| {
        matches!(p, ClusterPeer::DomainNames(_) | ClusterPeer::Networks(_) | ClusterPeer::Nodes(_))
    });
    let named = rule.ports.iter().flatten().any(|port| matches!(port, PortMatch::Named { .. }));
    if domains && rule.action != Action::Accept {
        let message = "domainNames may only stand in a rule that accepts";
        ctx.error(at, node.offset, "invalid-peer", message, "");
        return false;
    }
    if named && addresses {
        let message = "a named port needs pods to look it up on, and a peer here is none";
        ctx.error(at, node.offset, "invalid-port", message, "make two rules");
        return false;
    }
    true
}

fn read_action(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>, api: &Api) -> Option<Action> {
    let text = ctx.string(node, at)?;
    let pass = api.kind != ClusterPolicyKind::BaselineAdminNetworkPolicy;
    match text {
        "Deny" => return Some(Action::Deny),
        "Pass" if pass => return Some(Action::Pass),
        _ if text == api.accept => return Some(Action::Accept),
        _ => {}
    }
    let message = format!("`{}` is no action of {}", shown(text), api.kind.name());
    let rest = if pass { ", Deny or Pass" } else { " or Deny" };
    let help = format!("must be {}{rest}", api.accept);
    ctx.error(at, node.offset, "unknown-action", message, help);
    None
}

fn peer(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    peers_key: &'static str,
) -> Option<ClusterPeer> {
    let fields = ctx.fields(node, at)?;
    let egress = peers_key == "to";
    let entry = match fields {
        [entry] => entry,
        [] => return Some(unknown_peer(ctx, node, at, None)),
        _ => {
            let message = "a peer must have exactly one field";
            ctx.error(at, node.offset, "peer-conflict", message, "make them several peers");
            return None;
        }
    };
    let inner = at.key(&entry.key);
    let value = &entry.value;
    match &*entry.key {
        "namespaces" => {
            let namespaces = selector::read(ctx, value, &inner)?;
            Some(ClusterPeer::Pods { namespaces, pods: Selector::default() })
        }
        "pods" => {
            let (namespaces, pods) = pods(ctx, value, &inner)?;
            Some(ClusterPeer::Pods { namespaces, pods })
        }
        key @ ("networks" | "nodes" | "domainNames") if !egress => {
            let message = format!("`{key}` may only be a peer of an egress rule");
            ctx.error(&inner, entry.offset, "invalid-peer", message, "");
            None
        }
        "networks" => {
            let networks = some(ctx, value, &inner, cidr)?;
            Some(ClusterPeer::Networks(networks))
        }
        "nodes" => Some(ClusterPeer::Nodes(selector::read(ctx, value, &inner)?)),
        "domainNames" => Some(ClusterPeer::DomainNames(some(ctx, value, &inner, domain)?)),
        _ => Some(unknown_peer(ctx, node, at, Some(entry))),
    }
}

fn unknown_peer(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    entry: Option<&Entry<'_>>,
) -> ClusterPeer {
    let message = match entry {
        Some(entry) => format!("the peer `{}` is not known", shown(&entry.key)),
        None => "the peer has no field".to_owned(),
    };
    let help =
        "such a rule fails closed: an accepting one matches nothing, any other denies everything";
    ctx.warning(at, node.offset, "unknown-peer", message, help);
    ClusterPeer::Unknown
}

/// A list of 1 to 25 entries.
fn some<T>(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    read: impl Fn(&mut Context<'_>, &Node<'_>, &At<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    limit(ctx, node, at, 25, "entries")?;
    let entries = list(ctx, node, at, read)?;
    if entries.is_empty() {
        ctx.error(at, node.offset, "missing-field", "the list must not be empty", "");
        return None;
    }
    Some(entries)
}

fn domain(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Str> {
    let text = ctx.string(node, at)?;
    if let Some(fault) = validate::domain_name(text) {
        let message = format!("`{}` {fault}", shown(text));
        ctx.error(at, node.offset, "invalid-domain-name", message, "");
        return None;
    }
    Some(ctx.str(text))
}

fn port(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>, api: &Api) -> Option<PortMatch> {
    let fields = ctx.fields(node, at)?;
    let [entry] = fields else {
        let message = "a port must have exactly one field";
        ctx.error(at, node.offset, "invalid-port", message, "");
        return None;
    };
    let inner = at.key(&entry.key);
    let value = &entry.value;
    let modern = api.kind == ClusterPolicyKind::ClusterNetworkPolicy;
    match &*entry.key {
        "tcp" if modern => destination(ctx, value, &inner, Protocol::Tcp),
        "udp" if modern => destination(ctx, value, &inner, Protocol::Udp),
        "sctp" if modern => destination(ctx, value, &inner, Protocol::Sctp),
        "destinationNamedPort" if modern => named(ctx, value, &inner),
        "namedPort" if !modern => named(ctx, value, &inner),
        "portNumber" if !modern => {
            let [protocol, port] = parts(ctx, value, &inner, ["protocol", "port"])?;
            let protocol = match protocol {
                Some(node) => read_protocol(ctx, node, &inner.key("protocol"))?,
                None => Protocol::Tcp,
            };
            let number = required(ctx, port, value, &inner, "port")?;
            Some(PortMatch::Range { protocol, start: number, end: number })
        }
        "portRange" if !modern => {
            let [protocol, start, end] = parts(ctx, value, &inner, ["protocol", "start", "end"])?;
            let protocol = match protocol {
                Some(node) => read_protocol(ctx, node, &inner.key("protocol"))?,
                None => Protocol::Tcp,
            };
            range(ctx, value, &inner, protocol, start, end)
        }
        _ if modern => {
            ctx.unknown_field(entry, at, &["destinationNamedPort", "sctp", "tcp", "udp"]);
            None
        }
        _ => {
            ctx.unknown_field(entry, at, &["namedPort", "portNumber", "portRange"]);
            None
        }
    }
}

fn destination(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    protocol: Protocol,
) -> Option<PortMatch> {
    let [destination] = parts(ctx, node, at, ["destinationPort"])?;
    let at = at.key("destinationPort");
    let Some(node) = destination else {
        let message = "`destinationPort` is missing";
        ctx.error(&at, node.offset, "missing-field", message, "");
        return None;
    };
    let [number, span] = parts(ctx, node, &at, ["number", "range"])?;
    match (number, span) {
        (Some(number), None) => {
            let number = port_number(ctx, number, &at.key("number"))?;
            Some(PortMatch::Range { protocol, start: number, end: number })
        }
        (None, Some(span)) => {
            let at = at.key("range");
            let [start, end] = parts(ctx, span, &at, ["start", "end"])?;
            range(ctx, span, &at, protocol, start, end)
        }
        _ => {
            let message = "a destination port must have exactly one of number and range";
            ctx.error(&at, node.offset, "invalid-port", message, "");
            None
        }
    }
}

fn range(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    protocol: Protocol,
    start: Option<&Node<'_>>,
    end: Option<&Node<'_>>,
) -> Option<PortMatch> {
    let start = required(ctx, start, node, at, "start")?;
    let end = required(ctx, end, node, at, "end")?;
    if start >= end {
        let message = format!("the range {start} to {end} must start below its end");
        ctx.error(at, node.offset, "invalid-port", message, "");
        return None;
    }
    Some(PortMatch::Range { protocol, start, end })
}

fn named(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<PortMatch> {
    let text = ctx.filled(node, at)?;
    if let Some(fault) = validate::port_name(text) {
        let message = format!("the port name `{}` {fault}", shown(text));
        ctx.error(at, node.offset, "invalid-port", message, "");
        return None;
    }
    Some(PortMatch::Named { protocol: None, name: ctx.str(text) })
}

fn required(
    ctx: &mut Context<'_>,
    node: Option<&Node<'_>>,
    parent: &Node<'_>,
    at: &At<'_>,
    key: &'static str,
) -> Option<u16> {
    match node {
        Some(node) => port_number(ctx, node, &at.key(key)),
        None => {
            let message = format!("`{key}` is missing");
            ctx.error(&at.key(key), parent.offset, "missing-field", message, "");
            None
        }
    }
}

/// The fields of a small mapping by name; `None` when it has another.
fn parts<'n, 't, const N: usize>(
    ctx: &mut Context<'_>,
    node: &'n Node<'t>,
    at: &At<'_>,
    keys: [&'static str; N],
) -> Option<[Option<&'n Node<'t>>; N]> {
    let fields = ctx.fields(node, at)?;
    if let Some(entry) = fields.iter().find(|e| !keys.contains(&&*e.key)) {
        ctx.unknown_field(entry, at, &keys);
        if !ctx.lenient {
            return None;
        }
    }
    Some(keys.map(|key| node.get(key).filter(|n| !n.is_null())))
}
