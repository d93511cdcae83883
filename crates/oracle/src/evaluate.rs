//! One packet: its two sides, what is exempt (§6) and what is not evaluated (§7).

use std::net::IpAddr;

use fallgate_model::{
    Cluster, Dialect, Direction, Family, Opacity, Opaque, Pod, PortMatch, Protocol, Scope, Str,
};

use crate::tri::{Interval, Tri};
use crate::{World, end_of_address};

/// A protocol and destination port; `None` is any other IP protocol, ICMP for
/// one, which policies cannot name (§1).
pub type Port = Option<(Protocol, u16)>;

/// One end of a packet (§2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A pod or stand-in: its index in [`Cluster::pods`].
    Pod(usize),
    /// A node by name.
    Node(Str),
    /// An address. One that an endpoint has is taken for that endpoint.
    Outside(IpAddr),
}

/// A packet (§1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    /// Where it comes from.
    pub from: End,
    /// Where it goes.
    pub to: End,
    /// Its address family.
    pub family: Family,
    /// Its protocol and destination port.
    pub port: Port,
}

impl Packet {
    /// The end whose policies are asked in this direction.
    pub(crate) fn subject(&self, direction: Direction) -> &End {
        match direction {
            Direction::Ingress => &self.to,
            Direction::Egress => &self.from,
        }
    }

    /// The end that the rules of this direction call the peer.
    pub(crate) fn peer(&self, direction: Direction) -> &End {
        match direction {
            Direction::Ingress => &self.from,
            Direction::Egress => &self.to,
        }
    }
}

/// What is known about one packet. From a pod to itself it is the pod's loopback
/// and allowed (§6); whether both ends have an address of the family is not
/// asked here but in [`crate::verdict`].
///
/// # Panics
///
/// When an [`End::Pod`] is no index of the cluster's pods.
pub fn packet(cluster: &Cluster, dialect: &Dialect, packet: &Packet) -> Interval {
    let packet = Packet {
        from: canonical(cluster, &packet.from),
        to: canonical(cluster, &packet.to),
        ..*packet
    };
    if packet.from == packet.to && matches!(packet.from, End::Pod(_)) {
        return Interval::ALLOWED;
    }
    World { cluster, dialect }.both_sides(&packet)
}

/// The endpoint that an address belongs to, so that each end has one form.
pub(crate) fn canonical(cluster: &Cluster, end: &End) -> End {
    match end {
        End::Outside(address) => end_of_address(cluster, *address),
        known => known.clone(),
    }
}

impl World<'_> {
    /// §1: the source's egress and the destination's ingress must both allow it.
    /// A pod that is both ends stands for two pods just like it (§2).
    pub(crate) fn both_sides(self, packet: &Packet) -> Interval {
        self.side(Direction::Egress, packet).and(self.side(Direction::Ingress, packet))
    }

    /// §6: nothing selects what is no pod, or a hostNetwork pod. What is exempt
    /// on the pod's own node is weighed with what is not where the node is not
    /// known.
    fn side(self, direction: Direction, packet: &Packet) -> Interval {
        let End::Pod(index) = packet.subject(direction) else { return Interval::ALLOWED };
        let pod = &self.cluster.pods[*index];
        if pod.host_network {
            return Interval::ALLOWED;
        }
        match self.runs_on_node_of(pod, packet.peer(direction)) {
            Tri::No => self.remote(direction, pod, packet),
            Tri::Yes => self.local(direction, pod, packet),
            Tri::Unknown => {
                self.remote(direction, pod, packet).either(self.local(direction, pod, packet))
            }
        }
    }

    /// §6: whether the peer is the pod's own node, or a hostNetwork pod there.
    fn runs_on_node_of(self, pod: &Pod, peer: &End) -> Tri {
        let peer_node = match peer {
            End::Node(name) => Some(name),
            End::Pod(index) => {
                let peer = &self.cluster.pods[*index];
                if !peer.host_network {
                    return Tri::No;
                }
                known_node(peer)
            }
            End::Outside(_) => return Tri::No,
        };
        match (known_node(pod), peer_node) {
            (Some(node), Some(peer_node)) => Tri::from(node == peer_node),
            _ => Tri::Unknown,
        }
    }

    /// Nothing is exempt: all tiers, then what is not evaluated.
    fn remote(self, direction: Direction, pod: &Pod, packet: &Packet) -> Interval {
        let tiers = self
            .admin_tier(direction, pod, packet, || self.network_policies(direction, pod, packet));
        self.opaque(direction, pod, tiers)
    }

    /// §6: from its own node everything reaches the pod; to its own node,
    /// NetworkPolicies and the Baseline tier count as allowing and Admin rules
    /// hold. §7: what is not evaluated may hold there as an Admin rule does.
    fn local(self, direction: Direction, pod: &Pod, packet: &Packet) -> Interval {
        match direction {
            Direction::Ingress => Interval::ALLOWED,
            Direction::Egress => {
                let tiers = self.admin_tier(direction, pod, packet, || Interval::ALLOWED);
                self.opaque(direction, pod, tiers)
            }
        }
    }

    /// §7: what unevaluated objects leave of a side's interval.
    fn opaque(self, direction: Direction, pod: &Pod, evaluated: Interval) -> Interval {
        let mut result = evaluated;
        for object in &self.cluster.opaque {
            if object.directions.contains(&direction) && self.in_scope(object, pod).possible() {
                result.certain = false;
                result.possible |= object.opacity == Opacity::Anything;
            }
        }
        result
    }

    fn in_scope(self, object: &Opaque, pod: &Pod) -> Tri {
        match &object.scope {
            Scope::Cluster => Tri::Yes,
            Scope::Namespace(name) => Tri::from(pod.namespace == *name),
            Scope::Pods(namespaces, pods) => {
                self.selects_pod_from(&object.namespace, namespaces, pods, pod)
            }
        }
    }

    /// Whether a rule's ports match (§4): no ports, every protocol.
    pub(crate) fn ports_match(self, ports: Option<&[PortMatch]>, packet: &Packet) -> bool {
        match ports {
            None => true,
            Some(ports) => ports.iter().any(|p| self.port_matches(p, packet)),
        }
    }

    /// §4: a range of one protocol, or a name that is resolved on the
    /// destination, whichever side's rule it stands in.
    fn port_matches(self, port: &PortMatch, packet: &Packet) -> bool {
        let Some((packet_protocol, number)) = packet.port else { return false };
        match port {
            PortMatch::Range { protocol, start, end } => {
                *protocol == packet_protocol && (*start..=*end).contains(&number)
            }
            PortMatch::Named { protocol, name } => {
                let End::Pod(destination) = &packet.to else { return false };
                let pod = &self.cluster.pods[*destination];
                !pod.host_network
                    && pod.ports.iter().any(|c| {
                        c.name.as_ref() == Some(name)
                            && c.protocol == packet_protocol
                            && c.port == number
                            && protocol.is_none_or(|p| p == packet_protocol)
                    })
            }
        }
    }
}

/// The node a pod runs on, if the input says; a stand-in runs on any (§2).
pub(crate) fn known_node(pod: &Pod) -> Option<&Str> {
    if pod.stand_in { None } else { pod.node.as_ref() }
}
