//! What a policy says, in sentences for people.

use fallgate_model::{
    Action, Cluster, ClusterPeer, ClusterPolicy, Direction, IpBlock, NamespaceMatch, NetworkPolicy,
    Operator, Peer, PortMatch, Selector, Tier,
};

/// What each policy of a cluster says.
pub(crate) fn policies(cluster: &Cluster) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for policy in &cluster.network_policies {
        said.extend(network_policy(policy));
    }
    for policy in &cluster.cluster_policies {
        said.extend(cluster_policy(policy));
    }
    for opaque in &cluster.opaque {
        let whose = if opaque.namespace.is_empty() {
            opaque.name.to_string()
        } else {
            format!("{}/{}", opaque.namespace, opaque.name)
        };
        said.push(format!("{} {whose} is not evaluated: {}", opaque.kind, opaque.reason));
    }
    said
}

fn network_policy(policy: &NetworkPolicy) -> Vec<String> {
    let called = format!("NetworkPolicy {}/{}", policy.namespace, policy.name);
    let whom = format!("{} in namespace {}", pods(&policy.pod_selector), policy.namespace);
    let isolated: Vec<&str> = Direction::ALL
        .into_iter()
        .filter(|d| policy.rules(*d).is_some())
        .map(Direction::name)
        .collect();
    if isolated.is_empty() {
        return vec![format!("{called} selects {whom} and isolates nothing")];
    }
    let mut said = vec![format!("{called} isolates {whom} for {}", isolated.join(" and "))];
    for direction in Direction::ALL {
        let Some(rules) = policy.rules(direction) else { continue };
        let (open, preposition) = match direction {
            Direction::Ingress => ("may reach them", "from"),
            Direction::Egress => ("may be reached by them", "to"),
        };
        if rules.is_empty() {
            said.push(format!("  {}: nothing is admitted", direction.name()));
        }
        for rule in rules {
            let peers = match &rule.peers {
                None => format!("everyone {open}"),
                Some(peers) => {
                    let list: Vec<String> =
                        peers.iter().map(|p| peer(p, &policy.namespace)).collect();
                    format!("{preposition} {}", list.join(", or "))
                }
            };
            said.push(format!(
                "  {}: {peers}, on {}",
                direction.name(),
                ports(rule.ports.as_deref())
            ));
        }
    }
    said
}

fn cluster_policy(policy: &ClusterPolicy) -> Vec<String> {
    let tier = match policy.tier {
        Tier::Admin => "before NetworkPolicies",
        Tier::Baseline => "after NetworkPolicies",
    };
    let mut said = vec![format!(
        "{} {} applies to {} in {}, {tier}, priority {}",
        policy.kind.name(),
        policy.name,
        pods(&policy.subject.pods),
        namespaces(&policy.subject.namespaces),
        policy.priority
    )];
    for direction in Direction::ALL {
        for rule in policy.rules(direction) {
            let (verb, preposition) = match (rule.action, direction) {
                (Action::Accept, Direction::Ingress) => ("accepts", "from"),
                (Action::Accept, Direction::Egress) => ("accepts", "to"),
                (Action::Deny, Direction::Ingress) => ("denies", "from"),
                (Action::Deny, Direction::Egress) => ("denies", "to"),
                (Action::Pass, Direction::Ingress) => ("leaves to later tiers", "from"),
                (Action::Pass, Direction::Egress) => ("leaves to later tiers", "to"),
            };
            let list: Vec<String> = rule.peers.iter().map(cluster_peer).collect();
            said.push(format!(
                "  {}: {verb} what goes {preposition} {}, on {}",
                direction.name(),
                list.join(", or "),
                ports(rule.ports.as_deref())
            ));
        }
    }
    said
}

fn peer(peer: &Peer, own: &str) -> String {
    match peer {
        Peer::Pods { namespaces: NamespaceMatch::Own, pods: p } => {
            format!("{} in namespace {own}", pods(p))
        }
        Peer::Pods { namespaces: NamespaceMatch::Selector(n), pods: p } => {
            format!("{} in {}", pods(p), namespaces(n))
        }
        Peer::IpBlock(block) => ip_block(block),
    }
}

fn cluster_peer(peer: &ClusterPeer) -> String {
    match peer {
        ClusterPeer::Pods { namespaces: n, pods: p } => format!("{} in {}", pods(p), namespaces(n)),
        ClusterPeer::Networks(nets) => {
            nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ClusterPeer::Nodes(selector) if selector.is_empty() => "all nodes".to_owned(),
        ClusterPeer::Nodes(selector) => format!("nodes with {}", requirements(selector)),
        ClusterPeer::DomainNames(names) => {
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ClusterPeer::Unknown => "a peer that is not understood".to_owned(),
    }
}

fn ip_block(block: &IpBlock) -> String {
    let except: Vec<String> = block.except.iter().map(ToString::to_string).collect();
    if except.is_empty() {
        block.cidr.to_string()
    } else {
        format!("{} except {}", block.cidr, except.join(", "))
    }
}

fn pods(selector: &Selector) -> String {
    if selector.is_empty() {
        "all pods".to_owned()
    } else {
        format!("pods with {}", requirements(selector))
    }
}

fn namespaces(selector: &Selector) -> String {
    if selector.is_empty() {
        "all namespaces".to_owned()
    } else {
        format!("namespaces with {}", requirements(selector))
    }
}

fn requirements(selector: &Selector) -> String {
    let show = |r: &fallgate_model::Requirement| {
        let values: Vec<&str> = r.values.iter().map(|v| &**v).collect();
        match (r.operator, &*values) {
            (Operator::In, [one]) => format!("{}={one}", r.key),
            (Operator::NotIn, [one]) => format!("{}!={one}", r.key),
            (Operator::In, _) => format!("{} in ({})", r.key, values.join(", ")),
            (Operator::NotIn, _) => format!("{} not in ({})", r.key, values.join(", ")),
            (Operator::Exists, _) => format!("label {}", r.key),
            (Operator::DoesNotExist, _) => format!("no label {}", r.key),
        }
    };
    selector.requirements.iter().map(show).collect::<Vec<_>>().join(" and ")
}

fn ports(ports: Option<&[PortMatch]>) -> String {
    let Some(ports) = ports else { return "any port and protocol".to_owned() };
    let show = |port: &PortMatch| match port {
        PortMatch::Range { protocol, start, end } => {
            let protocol = protocol.name().to_ascii_lowercase();
            match (start, end) {
                (1, &u16::MAX) => format!("any {protocol} port"),
                _ if start == end => format!("{start}/{protocol}"),
                _ => format!("{start}-{end}/{protocol}"),
            }
        }
        PortMatch::Named { protocol: Some(protocol), name } => {
            format!("the port called {name}/{}", protocol.name().to_ascii_lowercase())
        }
        PortMatch::Named { protocol: None, name } => format!("the port called {name}"),
    };
    ports.iter().map(show).collect::<Vec<_>>().join(", ")
}
