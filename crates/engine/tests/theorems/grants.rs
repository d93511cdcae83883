//! Opening and closing: what a grant adds, and its end takes away.

use fallgate_engine::{
    Addresses, Connections, Delta, Detail, End, Engine, Interval, Place, Snapshot, WorkloadRef,
    diff,
};
use fallgate_model::{
    Change, Direction, IpBlock, METADATA_NAME, NamespaceMatch, NetworkPolicy, Object, Origin, Peer,
    Pod, PortMatch, Protocol, Rule, Selector, Str, Tier,
};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;
use ipnet::IpNet;

use crate::cases::{Case, ensure, for_all};
use crate::world::{Count, World, deleted, donor, new_policy, rules_mut, same_maps};

/// Two pods, every pod of the cluster isolated: a policy for each of them that
/// grants some ports of one to the other opens these ports between the two and
/// nothing else; so does one that grants them to an outside address.
#[test]
fn opening_is_exactly_the_grant() {
    let exact = Count::default();
    for_all(&Knobs::known(), 500, |case| {
        let Some(granted) = Granted::new(case) else { return Ok(()) };
        let found = diff(&granted.before, &granted.after, Detail::Pods);
        ensure!(found.closed.is_empty(), "closed: {:#?}", found.closed);
        let opened: Vec<_> = found.opened.iter().map(|d| (&d.from, &d.to, &d.interval)).collect();
        let prior = granted.before.connections(&granted.from, &granted.to).interval;
        ensure!(prior.unknown().is_empty(), "{prior:?}");
        let new = granted.ports.difference(&prior.certain);
        let families = granted.before.common_families(&granted.from, &granted.to);
        if new.is_empty() || families.is_empty() {
            ensure!(opened.is_empty(), "{opened:#?}");
            return Ok(());
        }
        let new = Interval::exactly(new);
        let expected = vec![(&granted.places.0, &granted.places.1, &new)];
        ensure!(opened == expected, "{opened:#?}, expected {expected:#?}");
        exact.one();
        Ok(())
    });
    exact.check();
}

/// Taking away what a grant added gives back the map that was, to the byte.
#[test]
fn closing_restores_the_prior_reachability() {
    let closed = Count::default();
    for_all(&Knobs::known(), 200, |case| {
        let Some(mut granted) = Granted::new(case) else { return Ok(()) };
        let opened = diff(&granted.before, &granted.after, Detail::Pods).opened;
        let after = granted.engine.apply_all(granted.policies.drain(..).map(deleted));
        let effect = after.effect(Detail::Pods);
        let same = |a: &[Delta], b: &[Delta]| {
            let plain = |d: &Delta| (d.from.clone(), d.to.clone(), d.interval.clone());
            a.iter().map(plain).eq(b.iter().map(plain))
        };
        ensure!(same(&effect.closed, &opened) && effect.opened.is_empty(), "{effect:#?}");
        closed.add(effect.closed.len());
        same_maps(&granted.before, &after.after)
    });
    closed.check();

    // Whatever the policy is and whatever it adds itself to.
    for_all(&Knobs::everything(), 200, |case| {
        let mut rng = case.rng();
        let Some(mut policy) = rng.choice(donor(case).network_policies) else { return Ok(()) };
        policy.name = "added-and-taken-away".into();
        let mut engine = Engine::new(case.cluster.clone(), case.dialect.clone());
        let before = engine.snapshot();
        engine.apply(Change::Upsert(Object::NetworkPolicy(policy.clone())));
        let after = engine.apply(deleted(policy)).after;
        same_maps(&before, &after)
    });
}

/// A grant between two ends of a cluster in which every pod is isolated.
struct Granted {
    engine: Engine,
    before: Snapshot,
    after: Snapshot,
    from: End,
    to: End,
    places: (Place, Place),
    ports: Connections,
    policies: Vec<NetworkPolicy>,
}

impl Granted {
    fn new(case: &Case<'_>) -> Option<Granted> {
        let mut rng = case.rng();
        let mut cluster = case.cluster.clone();
        cluster.cluster_policies.retain(|p| p.tier == Tier::Baseline);
        let mut namespaces: Vec<Str> = cluster.pods.iter().map(|p| p.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        for namespace in namespaces {
            let mut policy = new_policy(&namespace, Selector::default());
            policy.name = "default-deny".into();
            policy.ingress = Some(Vec::new());
            policy.egress = Some(Vec::new());
            cluster.network_policies.push(policy);
        }
        // A label that tells each of the two from everybody.
        let own: Vec<usize> =
            (0..cluster.pods.len()).filter(|i| !cluster.pods[*i].host_network).collect();
        let ends = rng.choose_multiple(own, 2);
        for (at, end) in ends.iter().zip(["first", "second"]) {
            cluster.pods[*at].labels.set("end", end);
        }
        let outside = oracle::interesting_addresses(&cluster, case.dialect);
        let (engine, ids) = {
            let world = World::new(&cluster, case.dialect);
            (world.engine, world.pods)
        };
        let start = rng.u16(1..9000);
        let range = (rng.choice(Protocol::ALL)?, start, start.saturating_add(rng.u16(..3)));
        let rule = |peer: Peer| Rule {
            peers: Some(vec![peer]),
            ports: Some(vec![PortMatch::Range { protocol: range.0, start: range.1, end: range.2 }]),
            origin: Origin::default(),
        };
        let select = |end: &str| Selector::match_labels([("end", end.to_owned())]);
        let place = |at: usize| {
            let pod: &Pod = &cluster.pods[at];
            Place::Workload(WorkloadRef {
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                kind: "Pod".into(),
            })
        };
        let [first, second] = ends[..] else { return None };
        let named = |at: usize| {
            let name = cluster.pods[at].namespace.clone();
            NamespaceMatch::Selector(Selector::match_labels([(METADATA_NAME, name)]))
        };
        let mut policies = Vec::new();
        let mut policy = |at: usize, end: &str, direction, peer| {
            let mut policy = new_policy(&cluster.pods[at].namespace, select(end));
            policy.name = format!("grant-{end}").into();
            *rules_mut(&mut policy, direction) = Some(vec![rule(peer)]);
            policies.push(policy);
        };
        let (from, to, places);
        match rng.choice(&outside) {
            Some(address) if rng.u8(..3) == 0 => {
                let block = IpBlock { cidr: IpNet::from(*address), except: Vec::new() };
                let away = Place::Outside(Addresses::of(&block.cidr));
                let (pod, end) = (End::Pod(ids[first]), End::Outside(*address));
                if rng.bool() {
                    policy(first, "first", Direction::Egress, Peer::IpBlock(block));
                    (from, to, places) = (pod, end, (place(first), away));
                } else {
                    policy(first, "first", Direction::Ingress, Peer::IpBlock(block));
                    (from, to, places) = (end, pod, (away, place(first)));
                }
            }
            _ => {
                let peer = |at, end| Peer::Pods { namespaces: named(at), pods: select(end) };
                policy(first, "first", Direction::Egress, peer(second, "second"));
                policy(second, "second", Direction::Ingress, peer(first, "first"));
                (from, to) = (End::Pod(ids[first]), End::Pod(ids[second]));
                places = (place(first), place(second));
            }
        }
        let mut granted = engine.clone();
        let applied = granted
            .apply_all(policies.iter().map(|p| Change::Upsert(Object::NetworkPolicy(p.clone()))));
        Some(Granted {
            engine: granted,
            before: applied.before,
            after: applied.after,
            from,
            to,
            places,
            ports: Connections::ports(range.0, range.1, range.2),
            policies,
        })
    }
}
