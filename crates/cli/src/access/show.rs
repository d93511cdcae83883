//! Requests, plans and their effect in words.

use fallgate_api::{
    Approval, ApprovalMode, Connection, Direction, Endpoint, OnCallEffect, Phase, Place, Plan,
    Port, PortRange, Ports, Protocol, Shape,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::output::{Style, Text};

/// Lines for people, which stand on standard output or beside it.
pub(crate) type Told = Vec<Text>;

/// A line with what it is about in front.
pub(crate) fn about(label: &str, text: impl AsRef<str>) -> Text {
    Text::new().text("  ").styled(Style::Dim, format!("{label:<11}")).text(text)
}

/// A path: from where, to where, over which ports.
pub(crate) fn path_text(from: &Endpoint, to: &Endpoint, ports: &[Port], home: &str) -> String {
    format!("{} -> {} {}", endpoint_text(from, home), endpoint_text(to, home), ports_text(ports))
}

/// A plan: the path, exactly what that changes, and what would be created.
pub(crate) fn plan_lines(plan: &Plan) -> Told {
    let request = &plan.request;
    let home = plan.decision_namespaces.first().map_or("", String::as_str);
    let mut path = endpoint_text(&request.from, home);
    if let Some(via) = &request.via {
        path.push_str(&format!(
            " -> {} {}",
            endpoint_text(&via.endpoint, home),
            ports_text(&via.ports)
        ));
    }
    path.push_str(&format!(
        " -> {} {}, for {}",
        endpoint_text(&request.to, home),
        ports_text(&request.ports),
        duration(request.duration_seconds)
    ));
    let mut lines = vec![about("path", path)];
    let effect = &plan.effect;
    for (label, style, all) in [
        ("opens", Style::Good, &effect.opened),
        ("closes", Style::Bad, &effect.closed),
        ("unknown", Style::Unsure, &effect.unknown),
    ] {
        for (at, connection) in all.iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            lines.push(about(label, "").styled(style, connection_text(connection)));
        }
    }
    if effect.opened.is_empty() {
        lines.push(about("opens", "nothing for certain"));
    }
    if effect.closed.is_empty() {
        lines.push(about("closes", "nothing"));
    }
    for (at, part) in plan.isolation.iter().enumerate() {
        let direction = match part.direction {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        };
        let text = format!(
            "a NetworkPolicy for {direction} in {}, where {} isolates",
            part.namespace,
            part.baseline.join(", ")
        );
        lines.push(about(if at == 0 { "creates" } else { "" }, text));
    }
    if !plan.unprotected_selector_keys.is_empty() {
        let keys = plan.unprotected_selector_keys.join(", ");
        let text = format!("{keys}: not protected, so whoever labels pods can put one on the path");
        lines.push(about("labels", "").styled(Style::Unsure, text));
    }
    lines
}

/// Who must agree, in one line.
pub(crate) fn approval(approval: &Approval, namespaces: &[String]) -> Text {
    let people =
        |count: i32| if count == 1 { "1 person".to_owned() } else { format!("{count} people") };
    let mut text = match approval.mode {
        ApprovalMode::Automatic => {
            "the policy itself, where the requester did not change it last".to_owned()
        }
        ApprovalMode::Required if approval.stages.is_empty() => {
            format!("{} with the verb `approve`", people(approval.approvals))
        }
        ApprovalMode::Required => {
            let stages = approval.stages.iter().map(|stage| {
                format!(
                    "{} of {} ({})",
                    people(stage.approvals),
                    stage.groups.join(" or "),
                    stage.name
                )
            });
            stages.collect::<Vec<_>>().join(", then ")
        }
    };
    if let Some(rule) = &approval.on_call {
        text.push_str(&match rule.effect {
            OnCallEffect::Eligible => {
                format!("; only who is on call by rota {} may request", rule.rota)
            }
            OnCallEffect::AutoApprove => {
                format!("; nobody for who is on call by rota {}", rule.rota)
            }
        });
    }
    let namespaces: Vec<String> = namespaces.iter().map(|n| format!("`{n}`")).collect();
    if !namespaces.is_empty() {
        text.push_str(&format!("; in {}", namespaces.join(" and in ")));
    }
    about("decided by", text)
}

/// `oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp`.
fn connection_text(connection: &Connection) -> String {
    let mut text = format!("{} -> {}", place_text(&connection.from), place_text(&connection.to));
    text.push_str(&format!(" {}", set_text(&connection.ports)));
    if let Some(unknown) = &connection.unknown {
        text.push_str(&format!(", perhaps {}", set_text(unknown)));
    }
    if connection.other_protocols == Some(true) {
        text.push_str(", protocols without ports");
    }
    text
}

fn place_text(place: &Place) -> String {
    match place {
        Place::Workload { namespace, name, kind } => format!("{namespace}/{kind}/{name}"),
        Place::Node { node } => format!("node/{node}"),
        Place::Outside { cidrs } => cidrs.join(", "),
    }
}

fn set_text(ports: &Ports) -> String {
    let Ports::Ranges(ranges) = ports else { return "all ports".to_owned() };
    if ranges.is_empty() {
        return "no ports".to_owned();
    }
    let range = |range: &PortRange| {
        let protocol = protocol_text(range.protocol);
        match range.end_port {
            Some(end) => format!("{}-{end}/{protocol}", range.port),
            None => format!("{}/{protocol}", range.port),
        }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

fn protocol_text(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// Ports of a request, as `--port` takes each of them.
pub(crate) fn ports_text(ports: &[Port]) -> String {
    ports.iter().map(port_text).collect::<Vec<_>>().join(", ")
}

pub(crate) fn port_text(port: &Port) -> String {
    let protocol = protocol_text(port.protocol);
    match port.end_port {
        Some(end) if end != port.port => format!("{}-{end}/{protocol}", port.port),
        _ => format!("{}/{protocol}", port.port),
    }
}

/// An end of a path, as `--from` and `--to` take it where it is one of what they
/// take.
pub(crate) fn endpoint_text(endpoint: &Endpoint, home: &str) -> String {
    match endpoint.shape() {
        Some(Shape::Pods(namespace, selector)) => {
            format!("{}/{}", namespace.unwrap_or(home), selector_text(selector))
        }
        Some(Shape::Workload(namespace, workload)) => {
            format!("{}/{}/{}", namespace.unwrap_or(home), workload.kind, workload.name)
        }
        Some(Shape::Service(namespace, service)) => {
            format!("{}/Service/{}", namespace.unwrap_or(home), service.name)
        }
        Some(Shape::Cidrs(cidrs)) => cidrs.join(","),
        Some(Shape::Workstations(all)) => {
            let one = |w: &fallgate_api::Workstation| {
                format!("the workstation of {} ({})", w.user, w.cidrs.join(","))
            };
            all.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        None => "something that is no end of a path".to_owned(),
    }
}

fn selector_text(selector: &LabelSelector) -> String {
    let mut parts: Vec<String> = Vec::new();
    for expression in selector.match_expressions.iter().flatten() {
        let values = expression.values.clone().unwrap_or_default().join(",");
        let key = &expression.key;
        parts.push(match expression.operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            "DoesNotExist" => format!("!{key}"),
            other => format!("{key} {other} ({values})"),
        });
    }
    parts.extend(selector.match_labels.iter().flatten().map(|(k, v)| format!("{k}={v}")));
    parts.join(",")
}

/// Seconds as `--for` takes them.
pub(crate) fn duration(seconds: i64) -> String {
    let mut text = String::new();
    let mut rest = seconds.max(0);
    for (unit, size) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A phase in the colour of what it means to who waits.
pub(crate) fn phase_text(phase: Phase) -> Text {
    let style = match phase {
        Phase::Active | Phase::AlreadyOpen => Style::Good,
        Phase::Denied | Phase::Withdrawn | Phase::ApprovalExpired | Phase::Failed => Style::Bad,
        Phase::Pending | Phase::PendingApproval | Phase::Scheduled | Phase::Arming => Style::Unsure,
        Phase::Revoking | Phase::Ended => Style::Plain,
    };
    Text::new().styled(style, format!("{phase:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_they_are_read() {
        for (seconds, shown) in
            [(0, "0s"), (90, "1m30s"), (1800, "30m"), (5400, "1h30m"), (90_000, "1d1h")]
        {
            assert_eq!(duration(seconds), shown);
            let read = crate::time::duration(shown).unwrap();
            assert_eq!(read.as_secs(), seconds);
        }
    }
}
