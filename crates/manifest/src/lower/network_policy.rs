//! `networking.k8s.io/v1` NetworkPolicy.

use fallgate_model::{
    Direction, IpBlock, NamespaceMatch, NetworkPolicy, ObjectRef, Peer, PortMatch, Protocol, Rule,
    Scope, Selector,
};
use ipnet::IpNet;

use super::meta::{self, Meta};
use super::selector;
use super::stray::OBJECT;
use crate::context::{At, Context, shown};
use crate::item::Content;
use crate::scalar;
use crate::tree::{Entry, Kind, Node, Value};
use crate::validate;

const SPEC: [&str; 4] = ["egress", "ingress", "podSelector", "policyTypes"];
const PEER: [&str; 3] = ["ipBlock", "namespaceSelector", "podSelector"];
const BLOCK: [&str; 2] = ["cidr", "except"];
const PORT: [&str; 3] = ["endPort", "port", "protocol"];

/// A policy, and whose traffic in which directions it could change if it is not
/// valid.
pub(crate) type Outcome = (Option<Content>, Scope, Option<Vec<Direction>>);

/// Reads a policy as the API server defaults and validates it.
pub(crate) fn read(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
    object: &ObjectRef,
) -> Outcome {
    // Without a valid namespace nobody knows where it would have been applied.
    let mut scope = match &head {
        Some(head) => Scope::Namespace(head.namespace.clone()),
        None if meta::certain_namespace(node).is_some() => {
            Scope::Namespace(object.namespace.clone())
        }
        None => Scope::Cluster,
    };
    let Some(spec) = spec(ctx, node) else { return (None, scope, None) };
    if matches!(scope, Scope::Namespace(_))
        && spec.names_pods
        && let Some(pods) = &spec.pods
    {
        scope = Scope::Pods(NamespaceMatch::Own, pods.clone());
    }
    let directions = spec.types.as_ref().and_then(|types| {
        let Types { ingress, egress } = (*types)?;
        let mut directions = Vec::new();
        directions.extend(ingress.then_some(Direction::Ingress));
        directions.extend(egress.then_some(Direction::Egress));
        Some(directions)
    });
    let policy = assemble(ctx, node, head, spec);
    (policy, scope, directions)
}

#[derive(Clone, Copy)]
struct Types {
    ingress: bool,
    egress: bool,
}

/// The parts of a spec; `None` where one is not valid.
struct Spec {
    /// `podSelector` stands there, so its pods are meant whatever else is wrong.
    names_pods: bool,
    pods: Option<Selector>,
    /// The inner `None`: not given, to be defaulted.
    types: Option<Option<Types>>,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
    ingress_at: u32,
    egress_at: u32,
}

fn spec(ctx: &mut Context<'_>, node: &Node<'_>) -> Option<Spec> {
    let fields = ctx.fields(node, &At::ROOT)?;
    let mut spec = Spec {
        names_pods: false,
        pods: Some(Selector::default()),
        types: Some(None),
        ingress: Some(Vec::new()),
        egress: Some(Vec::new()),
        ingress_at: node.offset,
        egress_at: node.offset,
    };
    for entry in fields {
        if !OBJECT.contains(&&*entry.key) {
            ctx.unknown_field(entry, &At::ROOT, &OBJECT);
        }
    }
    let at = At::ROOT.key("spec");
    let Some(node) = node.get("spec") else { return Some(spec) };
    for entry in ctx.fields(node, &at)? {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "podSelector" => {
                spec.names_pods = !value.is_null();
                spec.pods = selector::read(ctx, value, &inner);
            }
            "policyTypes" => spec.types = types(ctx, value, &inner),
            "ingress" => {
                spec.ingress_at = entry.offset;
                spec.ingress = rules(ctx, value, &inner, "from");
            }
            "egress" => {
                spec.egress_at = entry.offset;
                spec.egress = rules(ctx, value, &inner, "to");
            }
            _ => ctx.unknown_field(entry, &at, &SPEC),
        }
    }
    Some(spec)
}

fn assemble(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
    spec: Spec,
) -> Option<Content> {
    let (head, pods, types) = (head?, spec.pods?, spec.types?);
    let (ingress, egress) = (spec.ingress?, spec.egress?);
    // Without types a policy is about ingress, and about egress when it has
    // rules for it; an empty list of them does not count (traps 1 to 4).
    let types = types.unwrap_or(Types { ingress: true, egress: !egress.is_empty() });
    let at = At::ROOT.key("spec");
    let mut direction = |wanted: bool, rules: Vec<Rule>, name: &str, offset: u32| {
        if !wanted && !rules.is_empty() {
            let title = if name == "ingress" { "Ingress" } else { "Egress" };
            let message =
                format!("these rules have no effect: `policyTypes` does not list {title}");
            let help = format!("add {title} to `policyTypes`, or remove the rules");
            ctx.warning(&at.key(name), offset, "rules-ignored", message, help);
        }
        wanted.then_some(rules)
    };
    let ingress = direction(types.ingress, ingress, "ingress", spec.ingress_at);
    let egress = direction(types.egress, egress, "egress", spec.egress_at);
    Some(Content::NetworkPolicy(NetworkPolicy {
        namespace: head.namespace,
        name: head.name,
        pod_selector: pods,
        ingress,
        egress,
        origin: ctx.origin(node.offset),
    }))
}

fn types(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Option<Types>> {
    let items = ctx.items(node, at)?;
    let mut types = Types { ingress: false, egress: false };
    let mut valid = true;
    for (index, item) in items.iter().enumerate() {
        let at = at.index(index);
        match ctx.string(item, &at) {
            Some("Ingress") => types.ingress = true,
            Some("Egress") => types.egress = true,
            Some(other) => {
                let message = format!("`{}` is no policy type", shown(other));
                let help = "must be Ingress or Egress";
                ctx.error(&at, item.offset, "unknown-policy-type", message, help);
                valid = false;
            }
            None => valid = false,
        }
    }
    if items.len() > 2 {
        let message = "there are two policy types and more are listed";
        ctx.error(at, node.offset, "unknown-policy-type", message, "list each once");
        valid = false;
    }
    valid.then_some((!items.is_empty()).then_some(types))
}

fn rules(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    peers_key: &'static str,
) -> Option<Vec<Rule>> {
    let items = ctx.items(node, at)?;
    let mut rules = Vec::with_capacity(items.len());
    let mut valid = true;
    for (index, item) in items.iter().enumerate() {
        match rule(ctx, item, &at.index(index), peers_key) {
            Some(rule) => rules.push(rule),
            None => valid = false,
        }
    }
    valid.then_some(rules)
}

fn rule(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    peers_key: &'static str,
) -> Option<Rule> {
    let fields = ctx.fields(node, at)?;
    let mut rule = Rule { peers: None, ports: None, origin: ctx.origin(node.offset) };
    let mut valid = true;
    for entry in fields {
        let inner = at.key(&entry.key);
        if entry.key == peers_key {
            match list(ctx, &entry.value, &inner, peer) {
                Some(peers) => rule.peers = (!peers.is_empty()).then_some(peers),
                None => valid = false,
            }
        } else if entry.key == "ports" {
            match list(ctx, &entry.value, &inner, port) {
                Some(ports) => rule.ports = (!ports.is_empty()).then_some(ports),
                None => valid = false,
            }
        } else {
            unknown_in_rule(ctx, entry, at, peers_key);
            valid &= ctx.lenient;
        }
    }
    valid.then_some(rule)
}

fn unknown_in_rule(ctx: &mut Context<'_>, entry: &Entry<'_>, at: &At<'_>, peers_key: &'static str) {
    // The commonest slip is the other direction's word.
    let other = if peers_key == "from" { "to" } else { "from" };
    if entry.key == other && !ctx.lenient {
        let direction = if peers_key == "from" { "an ingress" } else { "an egress" };
        let message = format!("{direction} rule has no `{other}`, so it would be dropped");
        let help = format!("write `{peers_key}`");
        ctx.error(&at.key(other), entry.offset, "unknown-field", message, help);
    } else {
        ctx.unknown_field(entry, at, &[peers_key, "ports"]);
    }
}

/// A list whose items are all valid.
pub(crate) fn list<T>(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    read: impl Fn(&mut Context<'_>, &Node<'_>, &At<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let items = ctx.items(node, at)?;
    let mut list = Vec::with_capacity(items.len());
    let mut valid = true;
    for (index, item) in items.iter().enumerate() {
        match read(ctx, item, &at.index(index)) {
            Some(one) => list.push(one),
            None => valid = false,
        }
    }
    valid.then_some(list)
}

fn peer(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<Peer> {
    let fields = ctx.fields(node, at)?;
    let (mut pods, mut namespaces, mut block) = (None, None, None);
    let mut valid = true;
    for entry in fields {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "podSelector" | "namespaceSelector" | "ipBlock" if value.is_null() => {}
            "podSelector" => match selector::read(ctx, value, &inner) {
                Some(selector) => pods = Some(selector),
                None => valid = false,
            },
            "namespaceSelector" => match selector::read(ctx, value, &inner) {
                Some(selector) => namespaces = Some(selector),
                None => valid = false,
            },
            "ipBlock" => match ip_block(ctx, value, &inner) {
                Some(read) => block = Some(read),
                None => valid = false,
            },
            _ => {
                ctx.unknown_field(entry, at, &PEER);
                valid &= ctx.lenient;
            }
        }
    }
    if !valid {
        return None;
    }
    match (block, pods, namespaces) {
        (None, None, None) => {
            let message = "a peer must have a podSelector, a namespaceSelector or an ipBlock";
            let help = "write `podSelector: {}` for every pod of the namespace, or leave out the whole list for every peer";
            ctx.error(at, node.offset, "empty-peer", message, help);
            None
        }
        (Some(block), None, None) => Some(Peer::IpBlock(block)),
        (Some(_), _, _) => {
            let message = "a peer must not have both an ipBlock and a selector";
            ctx.error(at, node.offset, "peer-conflict", message, "make them two peers");
            None
        }
        (None, pods, namespaces) => Some(Peer::Pods {
            namespaces: namespaces.map_or(NamespaceMatch::Own, NamespaceMatch::Selector),
            pods: pods.unwrap_or_default(),
        }),
    }
}

fn ip_block(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<IpBlock> {
    let fields = ctx.fields(node, at)?;
    let (mut block, mut except, mut valid) = (None, Vec::new(), true);
    for entry in fields {
        let inner = at.key(&entry.key);
        match &*entry.key {
            "cidr" => {
                block = cidr(ctx, &entry.value, &inner);
                valid &= block.is_some();
            }
            "except" => {
                for (index, item) in ctx.items(&entry.value, &inner)?.iter().enumerate() {
                    match cidr(ctx, item, &inner.index(index)) {
                        Some(net) => except.push((index, item.offset, net)),
                        None => valid = false,
                    }
                }
            }
            _ => {
                ctx.unknown_field(entry, at, &BLOCK);
                valid &= ctx.lenient;
            }
        }
    }
    let Some(block) = block else {
        if valid {
            ctx.error(at, node.offset, "invalid-cidr", "an ipBlock must have a cidr", "");
        }
        return None;
    };
    for (index, offset, net) in &except {
        if !(block.contains(net) && net.prefix_len() > block.prefix_len()) {
            let message = format!("the exception {net} must lie strictly within {block}");
            let inner = at.key("except");
            ctx.error(&inner.index(*index), *offset, "except-outside-block", message, "");
            valid = false;
        }
    }
    let except = except.into_iter().map(|(_, _, net)| net).collect();
    valid.then_some(IpBlock { cidr: block, except })
}

/// A block of addresses, host bits cleared.
pub(crate) fn cidr(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<IpNet> {
    let text = ctx.string(node, at)?;
    match validate::cidr(text) {
        Ok((net, cleared)) => {
            if cleared {
                let message = format!("`{}` has host bits set and means {net}", shown(text));
                ctx.note(at, node.offset, "host-bits", message);
            }
            Some(net)
        }
        Err(fault) => {
            let message = format!("`{}` {fault}", shown(text));
            ctx.error(at, node.offset, "invalid-cidr", message, "");
            None
        }
    }
}

fn port(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<PortMatch> {
    let fields = ctx.fields(node, at)?;
    let (mut port, mut end, mut valid) = (None, None, true);
    let mut protocol = Protocol::Tcp;
    for entry in fields {
        let inner = at.key(&entry.key);
        let value = &entry.value;
        match &*entry.key {
            "port" | "endPort" | "protocol" if value.is_null() => {}
            "port" => match port_or_name(ctx, value, &inner) {
                Some(read) => port = Some(read),
                None => valid = false,
            },
            "endPort" => match port_number(ctx, value, &inner) {
                Some(number) => end = Some((number, value.offset)),
                None => valid = false,
            },
            "protocol" => match read_protocol(ctx, value, &inner) {
                Some(read) => protocol = read,
                None => valid = false,
            },
            _ => {
                ctx.unknown_field(entry, at, &PORT);
                valid &= ctx.lenient;
            }
        }
    }
    if !valid {
        return None;
    }
    let fault = match (port, end) {
        (None, None) => {
            return Some(PortMatch::Range { protocol, start: 1, end: u16::MAX });
        }
        (Some(PortOrName::Name(name)), None) => {
            return Some(PortMatch::Named { protocol: Some(protocol), name: ctx.str(name) });
        }
        (Some(PortOrName::Number(start)), None) => {
            return Some(PortMatch::Range { protocol, start, end: start });
        }
        (Some(PortOrName::Number(start)), Some((end, _))) if start <= end => {
            return Some(PortMatch::Range { protocol, start, end });
        }
        (None, Some(_)) => "endPort must come with a port",
        (Some(PortOrName::Name(_)), Some(_)) => "endPort must not come with a named port",
        (Some(PortOrName::Number(_)), Some(_)) => "endPort must not be below port",
    };
    let offset = end.map_or(node.offset, |(_, offset)| offset);
    ctx.error(&at.key("endPort"), offset, "invalid-port", fault, "");
    None
}

/// A port as the API's IntOrString.
pub(crate) enum PortOrName<'n> {
    Number(u16),
    Name(&'n str),
}

/// A port number or a port name.
pub(crate) fn port_or_name<'n>(
    ctx: &mut Context<'_>,
    node: &'n Node<'_>,
    at: &At<'_>,
) -> Option<PortOrName<'n>> {
    let Value::Scalar(text, Kind::Str) = &node.value else {
        return port_number(ctx, node, at).map(PortOrName::Number);
    };
    let Some(fault) = validate::port_name(text) else { return Some(PortOrName::Name(text)) };
    let text = shown(text);
    if scalar::integer(&text).is_some() {
        let message = format!("`\"{text}\"` is a string, so it is a port's name, and no valid one");
        let help = format!("write {text} without quotes");
        ctx.error(at, node.offset, "invalid-port", message, help);
    } else {
        let message = format!("the port name `{text}` {fault}");
        ctx.error(at, node.offset, "invalid-port", message, "");
    }
    None
}

/// A port number, at least 1.
pub(crate) fn port_number(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<u16> {
    let number = ctx.int(node, at)?;
    match u16::try_from(number) {
        Ok(port) if port > 0 => Some(port),
        _ => {
            let message = format!("the port {number} must be between 1 and 65535");
            ctx.error(at, node.offset, "port-out-of-range", message, "");
            None
        }
    }
}

/// A protocol; empty means TCP.
pub(crate) fn read_protocol(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
) -> Option<Protocol> {
    let text = ctx.string(node, at)?;
    if text.is_empty() {
        return Some(Protocol::Tcp);
    }
    if let Some(protocol) = Protocol::ALL.into_iter().find(|p| p.name() == text) {
        return Some(protocol);
    }
    let help = match Protocol::parse(text) {
        Some(protocol) => format!("write {}", protocol.name()),
        None => "must be TCP, UDP or SCTP".to_owned(),
    };
    let message = format!("`{}` is no protocol here", shown(text));
    ctx.error(at, node.offset, "unknown-protocol", message, help);
    None
}
