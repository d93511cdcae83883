//! What holds for pods that do not exist yet.

use fallgate_engine::{End, PodId, Port, PotentialPeer, Snapshot, Verdict};
use fallgate_model::{
    Change, ContainerPort, Direction, Family, Labels, METADATA_NAME, Namespace, Object, Operator,
    Origin, Pod, Protocol, Selector, Str, Workload,
};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;
use fastrand::Rng;
use ipnet::IpNet;

use crate::cases::{Case, ensure, for_all};
use crate::world::{Count, World, certainly, possibly};

/// A new pod that the selectors of an exposed peer select gets at least what the
/// exposure calls certain and at most what it calls possible.
#[test]
fn exposure_holds_for_every_pod_to_come() {
    let asked = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        let mut rng = case.rng();
        let world = World::new(case.cluster, case.dialect);
        for (workload, pods) in world.snapshot.workloads() {
            let exposure = world.snapshot.exposure(&pods);
            for direction in Direction::ALL {
                let side = match direction {
                    Direction::Ingress => &exposure.ingress,
                    Direction::Egress => &exposure.egress,
                };
                for exposed in &side.peers {
                    let PotentialPeer::Pods { namespaces, pods: selector } = &exposed.peer else {
                        continue;
                    };
                    let Some((namespace, pod)) = pod_to_come(case, &mut rng, namespaces, selector)
                    else {
                        continue;
                    };
                    let mut engine = world.engine.clone();
                    engine.apply_all(namespace.map(|n| Change::Upsert(Object::Namespace(n))));
                    let after = engine.apply(Change::Upsert(Object::Pod(pod.clone()))).after;
                    if after.families() != world.snapshot.families() {
                        continue;
                    }
                    let new = after
                        .pods()
                        .into_iter()
                        .find(|id| after.pod(*id).is_some_and(|p| **p == pod));
                    let new = End::Pod(new.ok_or("the pod is not there")?);
                    let its = match after.namespace(&pod.namespace) {
                        Some(namespace) => namespace.labels.clone(),
                        None => {
                            let mut its = Labels::new([(METADATA_NAME, pod.namespace.clone())]);
                            its.open = true;
                            its
                        }
                    };
                    let is_about = |peer: &PotentialPeer| match peer {
                        PotentialPeer::Pods { namespaces, pods } => {
                            possibly(namespaces, &its) && certainly(pods, &pod.labels)
                        }
                        PotentialPeer::Outside(_) => false,
                    };
                    for port in rng.choose_multiple(&world.ports, 12) {
                        let sides: Vec<Verdict> = pods
                            .iter()
                            .map(|id| own_side(&after, direction, *id, &new, *port))
                            .collect();
                        let what = || {
                            format!(
                                "{workload:?} {direction:?} {exposed:#?} {port:?}: {sides:?} for {pod:#?}"
                            )
                        };
                        if exposed.interval.certain.contains(*port)
                            && pods.iter().all(|id| meet(&after, *id, &new))
                        {
                            ensure!(sides.contains(&Verdict::Allowed), "{}", what());
                        }
                        // Other entries may be about it, too.
                        let possible = side
                            .peers
                            .iter()
                            .any(|e| e.interval.possible.contains(*port) && is_about(&e.peer));
                        if !possible {
                            ensure!(sides.iter().all(|v| *v == Verdict::Denied), "{}", what());
                        }
                        asked.one();
                    }
                }
            }
        }
        Ok(())
    });
    asked.check();
}

/// What one end of a connection says by itself.
fn own_side(
    snapshot: &Snapshot,
    direction: Direction,
    own: PodId,
    other: &End,
    port: Port,
) -> Verdict {
    match direction {
        Direction::Ingress => snapshot.explain(other, &End::Pod(own), port).ingress.verdict,
        Direction::Egress => snapshot.explain(&End::Pod(own), other, port).egress.verdict,
    }
}

fn meet(snapshot: &Snapshot, pod: PodId, other: &End) -> bool {
    !snapshot.common_families(&End::Pod(pod), other).is_empty()
}

/// A pod that does not exist yet and that the selectors select, and its
/// namespace where that does not exist either.
fn pod_to_come(
    case: &Case<'_>,
    rng: &mut Rng,
    namespaces: &Selector,
    pods: &Selector,
) -> Option<(Option<Namespace>, Pod)> {
    let mut places: Vec<(Option<Namespace>, Str)> = (case.cluster.namespaces.iter())
        .filter(|n| certainly(namespaces, &n.labels))
        .map(|n| (None, n.name.clone()))
        .collect();
    let mut labels = labels_for(rng, namespaces)?;
    let name = labels.get(METADATA_NAME).cloned().unwrap_or_else(|| "to-come".into());
    labels.set(METADATA_NAME, name.clone());
    let fresh = case.cluster.namespaces.iter().all(|n| n.name != name);
    if fresh && certainly(namespaces, &labels) {
        let namespace = Namespace { name: name.clone(), labels, origin: Origin::default() };
        // One that objects are in already is not to come: its labels are unknown.
        let named = case.cluster.pods.iter().any(|p| p.namespace == name)
            || case.cluster.network_policies.iter().any(|p| p.namespace == name);
        places.push(((!named).then_some(namespace), name));
    }
    let (namespace, name) = rng.choice(places)?;
    let labels = labels_for(rng, pods)?;
    if !certainly(pods, &labels) {
        return None;
    }
    let families = oracle::families_in_use(case.cluster, case.dialect);
    let mut addresses = Vec::new();
    for family in families {
        let network: IpNet = match family {
            Family::V4 => "10.0.0.0/24",
            Family::V6 => "fd00::/120",
        }
        .parse()
        .ok()?;
        let cidrs = case.dialect.pod_cidrs.iter();
        let cidrs: Vec<IpNet> = cidrs.filter(|c| Family::of(c.addr()) == family).copied().collect();
        let network = rng.choice(&cidrs).copied().unwrap_or(network);
        let address = network.hosts().nth(rng.usize(..120))?;
        if oracle::end_of_address(case.cluster, address) == oracle::End::Outside(address) {
            addresses.push(address);
        }
    }
    if rng.u8(..3) == 0 {
        addresses.clear();
    }
    let mut ports = Vec::new();
    for name in ["http", "dns", "metrics"] {
        if rng.bool() {
            let protocol = rng.choice(Protocol::ALL)?;
            let port = rng.choice([53, 80, 81, 8080, 9090])?;
            ports.push(ContainerPort { name: Some(name.into()), protocol, port });
        }
    }
    let pod = Pod {
        namespace: name,
        name: "to-come".into(),
        workload: Workload { kind: "Pod".into(), name: "to-come".into() },
        labels,
        addresses,
        node: rng.choice(&case.cluster.nodes).filter(|_| rng.bool()).map(|n| n.name.clone()),
        host_addresses: Vec::new(),
        host_network: false,
        ports,
        stand_in: false,
        origin: Origin::default(),
    };
    Some((namespace, pod))
}

/// Labels that a selector may select: what it asks for, and others at random.
fn labels_for(rng: &mut Rng, selector: &Selector) -> Option<Labels> {
    let vocabulary: [(&str, &[&str]); 4] = [
        ("app", &["a", "b", "c", "other"]),
        ("tier", &["x", "y", "other"]),
        ("env", &["p", "q", "other"]),
        ("pod-template-hash", &["5d4f"]),
    ];
    let mut labels = Labels::default();
    for (key, values) in vocabulary {
        let barred = selector
            .requirements
            .iter()
            .any(|r| r.operator == Operator::DoesNotExist && *r.key == *key);
        if !barred && rng.bool() {
            labels.set(key, rng.choice(values.iter().copied())?);
        }
    }
    for r in &selector.requirements {
        match r.operator {
            Operator::In => labels.set(r.key.clone(), rng.choice(&r.values)?.clone()),
            Operator::Exists if labels.get(&r.key).is_none() => labels.set(r.key.clone(), "other"),
            _ => {}
        }
    }
    Some(labels)
}
