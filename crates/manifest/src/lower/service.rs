//! Services, what stands behind them and what leads to them; nodes.

use fallgate_model::{
    Backend, EndpointSlice, EntryPoint, EntryTarget, Node as ClusterNode, Selector, Service,
    ServicePort, Str, TargetPort,
};
use ipnet::IpNet;

use super::meta::{Meta, annotation};
use super::network_policy::{PortOrName, cidr, list, port_number, port_or_name};
use super::selector;
use super::workload::{address, container_port};
use crate::context::{At, Context};
use crate::item::Content;
use crate::tree::{Kind, Node, Value};

/// A Service.
pub(crate) fn service(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
) -> Option<Content> {
    let Meta { namespace, name, .. } = head?;
    let at = At::ROOT.key("spec");
    let origin = ctx.origin(node.offset);
    let mut service = Service {
        namespace,
        name,
        cluster_ips: Vec::new(),
        selector: None,
        ports: Vec::new(),
        external_name: None,
        origin,
    };
    let Some(spec) = node.get("spec") else { return Some(Content::Service(service)) };
    ctx.fields(spec, &at)?;
    let listed = spec.get("clusterIPs").map(|n| n.items()).unwrap_or_default();
    let single = spec.get("clusterIP");
    let ips = if listed.is_empty() { single.map(std::slice::from_ref) } else { Some(listed) };
    for ip in ips.unwrap_or_default() {
        if ip.text() != Some("None") {
            service.cluster_ips.extend(address(ctx, ip, &at.key("clusterIP"))?);
        }
    }
    if let Some(pairs) = spec.get("selector") {
        let pairs = selector::match_labels(ctx, pairs, &at.key("selector"))?;
        service.selector = (!pairs.is_empty()).then(|| Selector::new(pairs));
    }
    if let Some(ports) = spec.get("ports") {
        service.ports = list(ctx, ports, &at.key("ports"), service_port)?;
    }
    if spec.get("type").and_then(|n| n.text()) == Some("ExternalName") {
        let external = spec.get("externalName").and_then(|n| n.text()).unwrap_or_default();
        service.external_name = super::named(&ctx.str(external));
    }
    Some(Content::Service(service))
}

fn service_port(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<ServicePort> {
    let port = container_port(ctx, node, at, "port")?;
    let target = match node.get("targetPort") {
        // The API server reads zero and nothing alike: the port itself.
        Some(target) if !is_unset(target) => target_port(ctx, target, &at.key("targetPort"))?,
        _ => TargetPort::Number(port.port),
    };
    Some(ServicePort { name: port.name, protocol: port.protocol, port: port.port, target })
}

fn is_unset(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Scalar(_, Kind::Null) => true,
        Value::Scalar(text, Kind::Int) => text == "0",
        Value::Scalar(text, Kind::Str) => text.is_empty(),
        _ => false,
    }
}

fn target_port(ctx: &mut Context<'_>, node: &Node<'_>, at: &At<'_>) -> Option<TargetPort> {
    Some(match port_or_name(ctx, node, at)? {
        PortOrName::Number(number) => TargetPort::Number(number),
        PortOrName::Name(name) => TargetPort::Name(ctx.str(name)),
    })
}

/// An EndpointSlice.
pub(crate) fn endpoint_slice(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
) -> Option<Content> {
    let Meta { namespace, name, labels } = head?;
    let Some(service) = labels.get("kubernetes.io/service-name").cloned() else {
        return Some(Content::Nothing);
    };
    let names = node.get("addressType").and_then(|n| n.text()) == Some("FQDN");
    let mut ports = Vec::new();
    let at = At::ROOT.key("ports");
    for (index, port) in node.get("ports").map(|n| n.items()).unwrap_or_default().iter().enumerate()
    {
        // A port without a number means every port; the model has no such.
        if port.get("port").is_some_and(|n| !n.is_null()) {
            ports.push(container_port(ctx, port, &at.index(index), "port")?);
        }
    }
    let at = At::ROOT.key("endpoints");
    let mut backends = Vec::new();
    let endpoints = node.get("endpoints").map(|n| n.items()).unwrap_or_default();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let at = at.index(index);
        let ready = endpoint.get("conditions").and_then(|c| c.get("ready"));
        if matches!(ready.map(|n| &n.value), Some(Value::Scalar(_, Kind::Bool(false)))) {
            continue;
        }
        let mut addresses = Vec::new();
        if !names && let Some(listed) = endpoint.get("addresses") {
            addresses = list(ctx, listed, &at.key("addresses"), address)?;
        }
        let target = endpoint.get("targetRef");
        let target = target.filter(|t| t.get("kind").and_then(|n| n.text()) == Some("Pod"));
        let pod = target.and_then(|t| t.get("name")).and_then(|n| n.text()).map(|n| ctx.str(n));
        backends.push(Backend { addresses: addresses.into_iter().flatten().collect(), pod });
    }
    let origin = ctx.origin(node.offset);
    Some(Content::EndpointSlice(EndpointSlice {
        namespace,
        name,
        service,
        ports,
        backends,
        origin,
    }))
}

/// A Node.
pub(crate) fn node(ctx: &mut Context<'_>, node: &Node<'_>, head: Option<Meta>) -> Option<Content> {
    let Meta { name, labels, .. } = head?;
    let at = At::ROOT.key("status");
    let mut addresses = Vec::new();
    if let Some(listed) = node.get("status").and_then(|s| s.get("addresses")) {
        let at = at.key("addresses");
        for (index, item) in ctx.items(listed, &at)?.iter().enumerate() {
            let kind = item.get("type").and_then(|n| n.text());
            if let (Some("InternalIP" | "ExternalIP"), Some(ip)) = (kind, item.get("address")) {
                let at = at.index(index);
                addresses.extend(address(ctx, ip, &at.key("address"))?);
            }
        }
    }
    let at = At::ROOT.key("spec");
    let mut pod_cidrs: Vec<IpNet> = Vec::new();
    if let Some(spec) = node.get("spec") {
        if let Some(listed) = spec.get("podCIDRs") {
            pod_cidrs = list(ctx, listed, &at.key("podCIDRs"), cidr)?;
        } else if let Some(single) = spec.get("podCIDR")
            && !single.is_null()
        {
            pod_cidrs.push(cidr(ctx, single, &at.key("podCIDR"))?);
        }
    }
    let origin = ctx.origin(node.offset);
    Some(Content::Node(ClusterNode { name, labels, addresses, pod_cidrs, origin }))
}

/// An Ingress.
pub(crate) fn ingress(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
) -> Option<Content> {
    let Meta { namespace, name, .. } = head?;
    let at = At::ROOT.key("spec");
    let spec = node.get("spec");
    let class = spec.and_then(|s| s.get("ingressClassName")).and_then(|n| n.text());
    let class = class.or_else(|| annotation(node, "kubernetes.io/ingress.class"));
    let controller = ctx.str(class.unwrap_or_default());
    let mut targets = Vec::new();
    if let Some(spec) = spec {
        if let Some(backend) = spec.get("defaultBackend") {
            ingress_backend(ctx, backend, &namespace, &at.key("defaultBackend"), &mut targets)?;
        }
        let at = at.key("rules");
        for (r, rule) in spec.get("rules").map(|n| n.items()).unwrap_or_default().iter().enumerate()
        {
            let (rule_at, paths) = (at.index(r), rule.get("http").and_then(|h| h.get("paths")));
            let http_at = rule_at.key("http");
            let paths_at = http_at.key("paths");
            for (p, path) in paths.map(|n| n.items()).unwrap_or_default().iter().enumerate() {
                if let Some(backend) = path.get("backend") {
                    let at = paths_at.index(p);
                    ingress_backend(ctx, backend, &namespace, &at.key("backend"), &mut targets)?;
                }
            }
        }
    }
    let kind = ctx.str("Ingress");
    Some(entry_point(ctx, node, kind, namespace, name, controller, targets))
}

fn ingress_backend(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    namespace: &Str,
    at: &At<'_>,
    targets: &mut Vec<EntryTarget>,
) -> Option<()> {
    let Some(service) = node.get("service") else { return Some(()) };
    let at = at.key("service");
    let Some(name) = service.get("name") else { return Some(()) };
    let name = ctx.filled(name, &at.key("name"))?;
    let at = at.key("port");
    let port = match service.get("port") {
        None => None,
        Some(port) => match (port.get("number"), port.get("name")) {
            (Some(number), _) if !is_unset(number) => {
                Some(TargetPort::Number(port_number(ctx, number, &at.key("number"))?))
            }
            (_, Some(name)) if !is_unset(name) => {
                let name = ctx.string(name, &at.key("name"))?;
                Some(TargetPort::Name(ctx.str(name)))
            }
            _ => None,
        },
    };
    targets.push(EntryTarget { namespace: namespace.clone(), service: ctx.str(name), port });
    Some(())
}

/// A route of the Gateway API.
pub(crate) fn route(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
    kind: &'static str,
) -> Option<Content> {
    let Meta { namespace, name, .. } = head?;
    let spec_at = At::ROOT.key("spec");
    let spec = node.get("spec");
    let parents = spec.and_then(|s| s.get("parentRefs")).map(|n| n.items()).unwrap_or_default();
    let gateways: Vec<String> = parents
        .iter()
        .filter_map(|parent| {
            let name = parent.get("name")?.text()?;
            let namespace =
                parent.get("namespace").and_then(|n| n.text()).unwrap_or(&namespace).to_owned();
            Some(format!("{namespace}/{name}"))
        })
        .collect();
    let controller = ctx.str(&gateways.join(","));
    let mut targets = Vec::new();
    let rules = spec.and_then(|s| s.get("rules")).map(|n| n.items()).unwrap_or_default();
    let rules_at = spec_at.key("rules");
    for (r, rule) in rules.iter().enumerate() {
        let rule_at = rules_at.index(r);
        let at = rule_at.key("backendRefs");
        let backends = rule.get("backendRefs").map(|n| n.items()).unwrap_or_default();
        for (b, backend) in backends.iter().enumerate() {
            let text = |key| backend.get(key).and_then(|n| n.text()).unwrap_or_default();
            let is_service = matches!((text("group"), text("kind")), ("", "" | "Service"));
            let service = text("name");
            if !is_service || service.is_empty() {
                continue;
            }
            let at = at.index(b);
            let port = match backend.get("port") {
                Some(port) if !is_unset(port) => {
                    Some(TargetPort::Number(port_number(ctx, port, &at.key("port"))?))
                }
                _ => None,
            };
            let there = match text("namespace") {
                "" => namespace.clone(),
                other => ctx.str(other),
            };
            targets.push(EntryTarget { namespace: there, service: ctx.str(service), port });
        }
    }
    let kind = ctx.str(kind);
    Some(entry_point(ctx, node, kind, namespace, name, controller, targets))
}

fn entry_point(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    kind: Str,
    namespace: Str,
    name: Str,
    controller: Str,
    mut targets: Vec<EntryTarget>,
) -> Content {
    targets.sort();
    targets.dedup();
    let origin = ctx.origin(node.offset);
    Content::EntryPoint(EntryPoint { kind, namespace, name, controller, targets, origin })
}
