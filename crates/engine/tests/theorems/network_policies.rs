//! What holds for every NetworkPolicy.

use fallgate_engine::{Detail, diff};
use fallgate_model::{Action, Change, Direction, Object, Opacity, Selector, Tier};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;

use crate::cases::{ensure, for_all};
use crate::world::{
    Count, World, certainly, cluster_rules_mut, donor, may_be_own_node, new_policy, rules_mut,
    within,
};

/// A pod that a policy without rules isolates gets nothing, and sends nothing,
/// whoever the other end is; only its loopback and its own node are exempt.
#[test]
fn default_deny() {
    let denied = Count::default();
    for_all(&Knobs::everything(), 300, |case| {
        let mut rng = case.rng();
        let mut cluster = case.cluster.clone();
        let Some(pod) = rng.choice(&case.cluster.pods) else { return Ok(()) };
        let direction = rng.choice(Direction::ALL).expect("there are two");
        // Nothing else admits anything; what only denies stays.
        for policy in &mut cluster.network_policies {
            if policy.namespace == pod.namespace {
                *rules_mut(policy, direction) = None;
            }
        }
        for policy in cluster.cluster_policies.iter_mut().filter(|p| p.tier == Tier::Admin) {
            cluster_rules_mut(policy, direction).retain(|rule| rule.action != Action::Accept);
        }
        cluster.opaque.retain(|opaque| opaque.opacity == Opacity::Denies);
        let labels = pod.labels.known.iter().filter(|_| rng.bool()).cloned();
        let mut policy = new_policy(&pod.namespace, Selector::match_labels(labels));
        *rules_mut(&mut policy, direction) = Some(Vec::new());
        cluster.network_policies.push(policy.clone());

        let world = World::new(&cluster, case.dialect);
        let ends = world.ends(case);
        for (at, pod) in cluster.pods.iter().enumerate() {
            let selected = pod.namespace == policy.namespace
                && !pod.host_network
                && certainly(&policy.pod_selector, &pod.labels);
            if !selected {
                continue;
            }
            for other in &ends {
                if *other == oracle::End::Pod(at) || may_be_own_node(&cluster, pod, other) {
                    continue;
                }
                let own = oracle::End::Pod(at);
                let (from, to) = match direction {
                    Direction::Ingress => (other, &own),
                    Direction::Egress => (&own, other),
                };
                let found = world.between(from, to);
                ensure!(found.is_empty(), "{from:?} -> {to:?}: {found:?}");
                let port = rng.choice(&world.ports).copied().flatten();
                let truth = oracle::verdict(&cluster, case.dialect, from, to, port);
                ensure!(!truth.interval.possible, "{from:?} -> {to:?} {port:?}: oracle {truth:?}");
                denied.one();
            }
        }
        Ok(())
    });
    denied.check();
}

/// One rule more in a policy that is there closes nothing: neither what was
/// certain nor what was possible.
#[test]
fn adding_a_networkpolicy_allow_rule_is_monotone() {
    let opened = Count::default();
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let Some(mut policy) = rng.choice(&case.cluster.network_policies).cloned() else {
            return Ok(());
        };
        let direction = rng.choice(Direction::ALL).expect("there are two");
        let donor = donor(case);
        let rules = donor.network_policies.iter().filter_map(|p| p.rules(direction)).flatten();
        let Some(rule) = rng.choice(rules.collect::<Vec<_>>()).cloned() else { return Ok(()) };
        let Some(rules) = rules_mut(&mut policy, direction) else { return Ok(()) };
        rules.insert(rng.usize(..=rules.len()), rule);

        let before = World::new(case.cluster, case.dialect);
        let mut engine = before.engine.clone();
        let applied = engine.apply(Change::Upsert(Object::NetworkPolicy(policy)));
        let ends = before.ends(case);
        for from in &ends {
            for to in &ends {
                let (from, to) = (before.end(from), before.end(to));
                let old = applied.before.connections(&from, &to).interval;
                let new = applied.after.connections(&from, &to).interval;
                ensure!(within(&old, &new), "{from:?} -> {to:?}: {old:?} became {new:?}");
            }
        }
        for detail in [Detail::Workloads, Detail::Pods] {
            let found = diff(&applied.before, &applied.after, detail);
            ensure!(found.closed.is_empty(), "{detail:?}: {:#?}", found.closed);
            opened.add(found.opened.len());
        }
        Ok(())
    });
    opened.check();
}
