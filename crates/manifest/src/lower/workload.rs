//! Pods, and the workloads that stand for pods.

use std::net::IpAddr;

use fallgate_model::{
    ContainerPort, Family, Labels, Operator, Pod, Protocol, Requirement, Workload,
};

use super::Reader;
use super::meta::{self, Meta, annotation};
use super::network_policy::{port_number, read_protocol};
use super::selector;
use super::stray::{self, Left, Strays};
use crate::context::{At, Context, shown};
use crate::item::{Content, RawPod, RawWorkload};
use crate::tree::{Kind, Node, Value};
use crate::validate;

/// A Pod.
pub(crate) fn pod(ctx: &mut Context<'_>, node: &Node<'_>, head: Option<Meta>) -> Option<Content> {
    let Meta { namespace, name, mut labels } = head?;
    let spec_at = At::ROOT.key("spec");
    let spec = spec(ctx, node.get("spec"), &spec_at, &Strays::of(Reader::Pod, "Pod"));
    let status = node.get("status");
    let addresses = addresses(ctx, status, "podIPs", "podIP");
    let host_addresses = self::addresses(ctx, status, "hostIPs", "hostIP");
    let phase = status.and_then(|s| s.get("phase")).and_then(|n| n.text());
    let on = match node.get("spec").and_then(|s| s.get("nodeName")) {
        Some(name) if !name.is_null() => Some(ctx.string(name, &spec_at.key("nodeName"))),
        _ => None,
    };
    let kind = ctx.str("Pod");
    let Spec { ports, host_network, sidecar, slipped } = spec?;
    labels.open |= slipped;
    let on = match on {
        Some(name) => Some(name?).filter(|n| !n.is_empty()).map(|n| ctx.str(n)),
        None => None,
    };
    let pod = Pod {
        workload: Workload { kind, name: name.clone() },
        namespace,
        name,
        labels,
        addresses: addresses?,
        node: on,
        host_addresses: host_addresses?,
        host_network,
        ports,
        stand_in: false,
        origin: ctx.origin(node.offset),
    };
    Some(Content::Pod(Box::new(RawPod {
        pod,
        owner: meta::owner(ctx, node),
        completed: matches!(phase, Some("Succeeded" | "Failed")),
        sidecar: sidecar || annotation(node, "sidecar.istio.io/status").is_some(),
    })))
}

/// A Deployment or another kind with a pod template.
pub(crate) fn workload(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    head: Option<Meta>,
    kind: &'static str,
) -> Option<Content> {
    let Meta { namespace, name, labels: beside } = head?;
    let strays = Strays::of(Reader::Workload, kind);
    let spec_at = At::ROOT.key("spec");
    let own = node.get("spec");
    let empty = is_zero(own, "replicas");
    let (job_at, inner_at);
    let mut slipped = beside.open;
    let (parent, parent_at) = if kind == "CronJob" {
        let job = own.and_then(|s| s.get("jobTemplate"));
        job_at = spec_at.key("jobTemplate");
        slipped |= strays.fields(ctx, job, &job_at, &stray::TEMPLATE);
        inner_at = job_at.key("spec");
        let inner = job.and_then(|t| t.get("spec"));
        slipped |= strays.fields(ctx, inner, &inner_at, &stray::WORKLOAD_SPEC);
        let left = Left::of(inner.and_then(|s| s.get("template")));
        strays.labels(ctx, job, &job_at, &stray::TEMPLATE, left, &mut slipped);
        strays.labels(ctx, inner, &inner_at, &stray::WORKLOAD_SPEC, left, &mut slipped);
        (inner, &inner_at)
    } else {
        (own, &spec_at)
    };
    let at = parent_at.key("template");
    let template = parent.and_then(|p| p.get("template"));
    let Some(template) = template else {
        // A template that slipped has been reported where it stands.
        if !ctx.failed() {
            let message = "the pod template is missing";
            ctx.error(&at, node.offset, "missing-field", message, "");
        }
        return None;
    };
    let strays = strays.of_template();
    slipped |= strays.fields(ctx, Some(template), &at, &stray::TEMPLATE);
    let labels = match template.get("metadata") {
        Some(metadata) => meta::template(ctx, metadata, &at.key("metadata"), &strays),
        None => Some(Labels::default()),
    };
    let (pods, pods_at) = (template.get("spec"), at.key("spec"));
    slipped |= strays.fields(ctx, pods, &pods_at, &stray::POD_SPEC);
    let left = Left::of(Some(template));
    strays.labels(ctx, Some(template), &at, &stray::TEMPLATE, left, &mut slipped);
    strays.labels(ctx, pods, &pods_at, &stray::POD_SPEC, left, &mut slipped);
    let spec = spec(ctx, pods, &pods_at, &strays);
    let injected = annotation(template, "sidecar.istio.io/status").is_some();
    let (mut labels, spec) = (labels?, spec?);
    labels.open |= slipped || spec.slipped;
    if kind != "CronJob" {
        check_selector(ctx, parent, parent_at, kind, &mut labels)?;
    }
    let indexed = parent.and_then(|p| p.get("completionMode")).and_then(|n| n.text());
    controller_labels(ctx, &mut labels, kind, &name, indexed == Some("Indexed"));
    let kind_name = ctx.str(kind);
    let pod = Pod {
        workload: Workload { kind: kind_name, name: name.clone() },
        namespace,
        name,
        labels,
        addresses: Vec::new(),
        node: None,
        host_addresses: Vec::new(),
        host_network: spec.host_network,
        ports: spec.ports,
        stand_in: true,
        origin: ctx.origin(node.offset),
    };
    Some(Content::Workload(Box::new(RawWorkload {
        owner: meta::owner(ctx, node),
        stand_in: (!(kind == "Job" && (is_finished(node) || is_switch(node)))).then_some(pod),
        empty,
        sidecar: spec.sidecar || injected,
    })))
}

/// Looks whether a workload selects the pods of its own template, as it must.
/// Where it does not, nobody knows which of the two was meant, so the labels
/// that it wants are not known; `None` when the selector cannot be read.
fn check_selector(
    ctx: &mut Context<'_>,
    spec: Option<&Node<'_>>,
    at: &At<'_>,
    kind: &str,
    labels: &mut Labels,
) -> Option<()> {
    let Some(node) = spec.and_then(|s| s.get("selector")) else { return Some(()) };
    let at = at.key("selector");
    let wanted = match kind {
        "ReplicationController" => selector::match_labels(ctx, node, &at)?,
        _ => selector::read(ctx, node, &at)?.requirements,
    };
    let missed: Vec<&Requirement> = wanted.iter().filter(|r| !holds(r, labels)).collect();
    // Labels that slipped have been reported, and may be just these.
    let Some(first) = missed.first().filter(|_| !labels.open && !ctx.lenient) else {
        return Some(());
    };
    let failed = ctx.failed();
    let message = format!(
        "the selector does not match the labels of the pod template: they differ in `{}`",
        shown(&first.key)
    );
    let help = "write the same labels here and below `template.metadata.labels`";
    ctx.error(&at, node.offset, "selector-mismatch", message, help);
    ctx.set_failed(failed);
    for requirement in &missed {
        let key = &requirement.key;
        if labels.get(key).is_some() {
            labels.known.retain(|(known, _)| known != key);
            labels.set_unvalued(key.clone());
        }
    }
    labels.open = true;
    Some(())
}

fn holds(requirement: &Requirement, labels: &Labels) -> bool {
    let value = labels.get(&requirement.key);
    match requirement.operator {
        Operator::In => value.is_some_and(|v| requirement.values.contains(v)),
        Operator::NotIn => value.is_none_or(|v| !requirement.values.contains(v)),
        Operator::Exists => value.is_some(),
        Operator::DoesNotExist => value.is_none(),
    }
}

/// The labels that a kind's controller puts on its pods.
fn controller_labels(
    ctx: &mut Context<'_>,
    labels: &mut Labels,
    kind: &str,
    name: &str,
    indexed: bool,
) {
    let unvalued: &[&str] = match kind {
        "Deployment" => &["pod-template-hash"],
        "StatefulSet" => &[
            "apps.kubernetes.io/pod-index",
            "controller-revision-hash",
            "statefulset.kubernetes.io/pod-name",
        ],
        "DaemonSet" => &["controller-revision-hash", "pod-template-generation"],
        "Job" => &["batch.kubernetes.io/controller-uid", "controller-uid"],
        "CronJob" => &[
            "batch.kubernetes.io/controller-uid",
            "batch.kubernetes.io/job-name",
            "controller-uid",
            "job-name",
        ],
        _ => &[],
    };
    if kind == "Job" {
        for key in ["batch.kubernetes.io/job-name", "job-name"] {
            if labels.get(key).is_none() {
                let (key, name) = (ctx.str(key), ctx.str(name));
                labels.set(key, name);
            }
        }
    }
    for key in unvalued {
        let key = ctx.str(key);
        labels.set_unvalued(key);
    }
    if indexed {
        let key = ctx.str("batch.kubernetes.io/job-completion-index");
        labels.set_unvalued(key);
    }
}

/// A Job that ends a grant of Fallgate never has a pod: admission lets nobody
/// change it.
fn is_switch(job: &Node<'_>) -> bool {
    let labels = job.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels.is_some_and(|labels| labels.get("access.fallgate.dev/grant").is_some())
        && is_zero(job.get("spec"), "parallelism")
}

fn is_zero(spec: Option<&Node<'_>>, field: &str) -> bool {
    let value = spec.and_then(|spec| spec.get(field)).map(|node| &node.value);
    matches!(value, Some(Value::Scalar(text, Kind::Int)) if text == "0")
}

fn is_finished(job: &Node<'_>) -> bool {
    let Some(status) = job.get("status") else { return false };
    if status.get("completionTime").is_some_and(|n| !n.is_null()) {
        return true;
    }
    let text = |n: &Node<'_>, key| n.get(key).and_then(|v| v.text()).unwrap_or_default().to_owned();
    status.get("conditions").is_some_and(|conditions| {
        conditions.items().iter().any(|c| {
            matches!(text(c, "type").as_str(), "Complete" | "Failed") && text(c, "status") == "True"
        })
    })
}

struct Spec {
    ports: Vec<ContainerPort>,
    host_network: bool,
    sidecar: bool,
    /// Labels slipped into a container.
    slipped: bool,
}

fn spec(
    ctx: &mut Context<'_>,
    node: Option<&Node<'_>>,
    at: &At<'_>,
    strays: &Strays,
) -> Option<Spec> {
    let mut spec = Spec { ports: Vec::new(), host_network: false, sidecar: false, slipped: false };
    let Some(node) = node else { return Some(spec) };
    ctx.fields(node, at)?;
    if let Some(value) = node.get("hostNetwork") {
        spec.host_network = ctx.bool(value, &at.key("hostNetwork"))?;
    }
    for (key, stays) in [("containers", true), ("initContainers", false)] {
        let Some(list) = node.get(key) else { continue };
        let at = at.key(key);
        for (index, container) in ctx.items(list, &at)?.iter().enumerate() {
            let at = at.index(index);
            spec.slipped |= strays.fields(ctx, Some(container), &at, &stray::CONTAINER);
            stray::BESIDE_PORTS.fields(ctx, Some(container), &at, &stray::CONTAINER);
            let name = container.get("name").and_then(|n| n.text());
            spec.sidecar |= name == Some("istio-proxy");
            let always = container.get("restartPolicy").and_then(|n| n.text()) == Some("Always");
            if !(stays || always) {
                continue;
            }
            let Some(ports) = container.get("ports") else { continue };
            let at = at.key("ports");
            for (index, port) in ctx.items(ports, &at)?.iter().enumerate() {
                let port = container_port(ctx, port, &at.index(index), "containerPort")?;
                spec.ports.push(port);
            }
        }
    }
    Some(spec)
}

/// A port with a name and a protocol, whose number stands under `key`.
pub(crate) fn container_port(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
    key: &'static str,
) -> Option<ContainerPort> {
    ctx.fields(node, at)?;
    let Some(number) = node.get(key) else {
        ctx.error(&at.key(key), node.offset, "missing-field", format!("`{key}` is missing"), "");
        return None;
    };
    let port = port_number(ctx, number, &at.key(key))?;
    let name = match node.get("name") {
        Some(name) => super::named(&{
            let text = ctx.string(name, &at.key("name"))?;
            // Those of services and endpoints may be any DNS label.
            if key == "containerPort"
                && !text.is_empty()
                && let Some(fault) = validate::port_name(text)
            {
                let message = format!("the port name `{}` {fault}", shown(text));
                let help = "rename it, such as to `http`, here and wherever it is referred to";
                ctx.error(&at.key("name"), name.offset, "invalid-port-name", message, help);
                return None;
            }
            ctx.str(text)
        }),
        None => None,
    };
    let protocol = match node.get("protocol") {
        Some(protocol) => read_protocol(ctx, protocol, &at.key("protocol"))?,
        None => Protocol::Tcp,
    };
    stray::PORTS.fields(ctx, Some(node), at, &stray::PORT);
    Some(ContainerPort { name, protocol, port })
}

/// The addresses of a pod or its host: the list, or else the single one; of
/// each family the first.
fn addresses(
    ctx: &mut Context<'_>,
    status: Option<&Node<'_>>,
    list: &'static str,
    single: &'static str,
) -> Option<Vec<IpAddr>> {
    let Some(status) = status else { return Some(Vec::new()) };
    let base = At::ROOT.key("status");
    let mut found: Vec<IpAddr> = Vec::new();
    let listed = status.get(list).map(|l| l.items()).unwrap_or_default();
    let at = base.key(list);
    for (index, item) in listed.iter().enumerate() {
        let Some(ip) = item.get("ip") else { continue };
        let at = at.index(index);
        if let Some(address) = address(ctx, ip, &at.key("ip"))? {
            found.push(address);
        }
    }
    if found.is_empty()
        && let Some(ip) = status.get(single)
        && let Some(address) = address(ctx, ip, &base.key(single))?
    {
        found.push(address);
    }
    let mut each = Vec::with_capacity(found.len());
    for address in found {
        if !each.iter().any(|a: &IpAddr| Family::of(*a) == Family::of(address)) {
            each.push(address);
        }
    }
    Some(each)
}

/// An address; the inner `None` when it is empty.
pub(crate) fn address(
    ctx: &mut Context<'_>,
    node: &Node<'_>,
    at: &At<'_>,
) -> Option<Option<IpAddr>> {
    let text = ctx.string(node, at)?;
    if text.is_empty() {
        return Some(None);
    }
    match validate::address(text) {
        Ok(address) => Some(Some(address)),
        Err(fault) => {
            let message = format!("`{}` {fault}", shown(text));
            ctx.error(at, node.offset, "invalid-address", message, "");
            None
        }
    }
}
