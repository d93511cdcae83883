//! What holds for every cluster-wide policy.

use fallgate_engine::Verdict;
use fallgate_model::{
    Action, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule, Direction, Family,
    Opacity, Origin, Selector, Subject, Tier,
};
use fallgate_oracle as oracle;
use fallgate_oracle::generate::Knobs;
use fastrand::Rng;
use ipnet::IpNet;

use crate::cases::{Case, ensure, for_all};
use crate::world::{Count, World, cluster_rules_mut, donor};

/// Where a rule that denies comes first and matches, no rule after it in its
/// tier admits anything; ahead of NetworkPolicies, they do not either.
#[test]
fn deny_trumps_allow_within_tier() {
    let denied = Count::default();
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let tier = rng.choice([Tier::Admin, Tier::Admin, Tier::Baseline]).expect("some");
        let Some((direction, deny)) = first_in_tier(case, &mut rng, tier, Action::Deny) else {
            return Ok(());
        };
        let mut cluster = case.cluster.clone();
        cluster.opaque.retain(|opaque| opaque.opacity == Opacity::Denies);
        if tier == Tier::Baseline {
            // What comes before the tier is not the question.
            cluster.network_policies.clear();
            cluster.cluster_policies.retain(|p| p.tier == Tier::Baseline);
        }
        for policy in &mut cluster.cluster_policies {
            policy.priority += 2;
        }
        let mut accept = new_cluster_policy("accept", tier, 1);
        let families = oracle::families_in_use(&cluster, case.dialect);
        cluster_rules_mut(&mut accept, direction).push(everyone(
            Action::Accept,
            direction,
            &families,
        ));
        cluster.cluster_policies.push(accept);
        let without = World::new(&cluster, case.dialect);
        cluster.cluster_policies.push(deny.clone());
        let world = World::new(&cluster, case.dialect);
        let lone = lone(&cluster, deny);
        if without.snapshot.families() != world.snapshot.families()
            || oracle::families_in_use(&lone, case.dialect) != world.snapshot.families()
        {
            return Ok(());
        }
        world.each_question(case, &mut rng, |from, to, port| {
            // Alone, the rule denies exactly what it matches.
            let matches = oracle::verdict(&lone, case.dialect, from, to, port);
            if matches.verdict() == oracle::Verdict::Denied {
                let found = world.verdict(from, to, port);
                ensure!(found == Verdict::Denied, "{from:?} -> {to:?} {port:?}: {found:?}");
                denied.add(usize::from(without.verdict(from, to, port) == Verdict::Allowed));
            }
            Ok(())
        })
    });
    denied.check();
}

/// Where a rule that passes comes first in its tier, what it matches fares as if
/// the tier had no rules for it, and everything else as if the rule were not
/// there.
#[test]
fn pass_leaves_the_tier() {
    let (passed, changed) = (Count::default(), Count::default());
    for_all(&Knobs::everything(), 500, |case| {
        let mut rng = case.rng();
        let tier = rng.choice([Tier::Admin, Tier::Baseline]).expect("there are two");
        let Some((direction, pass)) = first_in_tier(case, &mut rng, tier, Action::Pass) else {
            return Ok(());
        };
        let mut cluster = case.cluster.clone();
        for policy in &mut cluster.cluster_policies {
            policy.priority += 1;
        }
        let without_rule = World::new(&cluster, case.dialect);
        let mut emptied = cluster.clone();
        for policy in emptied.cluster_policies.iter_mut().filter(|p| p.tier == tier) {
            cluster_rules_mut(policy, direction).clear();
        }
        let without_tier = World::new(&emptied, case.dialect);
        cluster.cluster_policies.push(pass.clone());
        let world = World::new(&cluster, case.dialect);
        let mut deny = pass;
        cluster_rules_mut(&mut deny, direction)[0].action = Action::Deny;
        let lone = lone(&cluster, deny);
        let families = world.snapshot.families();
        if without_rule.snapshot.families() != families
            || without_tier.snapshot.families() != families
            || oracle::families_in_use(&lone, case.dialect) != families
        {
            return Ok(());
        }
        world.each_question(case, &mut rng, |from, to, port| {
            let matches = oracle::verdict(&lone, case.dialect, from, to, port);
            let expected = match matches.verdict() {
                // In one family it may match, in another not.
                _ if matches.partial => return Ok(()),
                oracle::Verdict::Unknown => return Ok(()),
                oracle::Verdict::Denied => without_tier.verdict(from, to, port),
                oracle::Verdict::Allowed => without_rule.verdict(from, to, port),
            };
            let found = world.verdict(from, to, port);
            ensure!(found == expected, "{from:?} -> {to:?} {port:?}: {found:?}, not {expected:?}");
            passed.add(usize::from(matches.verdict() == oracle::Verdict::Denied));
            changed.add(usize::from(found != without_rule.verdict(from, to, port)));
            Ok(())
        })
    });
    passed.check();
    changed.check();
}

fn new_cluster_policy(name: &str, tier: Tier, priority: i32) -> ClusterPolicy {
    ClusterPolicy {
        kind: ClusterPolicyKind::ClusterNetworkPolicy,
        name: name.into(),
        tier,
        priority,
        subject: Subject { namespaces: Selector::default(), pods: Selector::default() },
        ingress: Vec::new(),
        egress: Vec::new(),
        origin: Origin::default(),
    }
}

/// A rule for every peer there can be.
fn everyone(action: Action, direction: Direction, families: &[Family]) -> ClusterRule {
    let all = Selector::default;
    let mut peers = vec![ClusterPeer::Pods { namespaces: all(), pods: all() }];
    if direction == Direction::Egress {
        let whole = |family: &Family| match family {
            Family::V4 => "0.0.0.0/0".parse::<IpNet>(),
            Family::V6 => "::/0".parse::<IpNet>(),
        };
        peers.push(ClusterPeer::Networks(families.iter().flat_map(whole).collect()));
    }
    ClusterRule { name: None, action, peers, ports: None, origin: Origin::default() }
}

/// A policy that comes first in its tier, for some pods, with one rule of some
/// other cluster in one direction.
fn first_in_tier(
    case: &Case<'_>,
    rng: &mut Rng,
    tier: Tier,
    action: Action,
) -> Option<(Direction, ClusterPolicy)> {
    let donor = donor(case);
    let direction = rng.choice(Direction::ALL)?;
    let rules = donor.cluster_policies.iter().flat_map(|p| p.rules(direction));
    let mut rule = rng.choice(rules.collect::<Vec<_>>())?.clone();
    rule.action = action;
    // An unknown peer would close the rule, a domain name never matches surely.
    rule.peers.retain(|p| !matches!(p, ClusterPeer::Unknown | ClusterPeer::DomainNames(_)));
    if rule.peers.is_empty() {
        return None;
    }
    let mut policy = new_cluster_policy("first", tier, 0);
    if rng.bool() {
        policy.subject = rng.choice(&donor.cluster_policies)?.subject.clone();
    }
    cluster_rules_mut(&mut policy, direction).push(rule);
    Some((direction, policy))
}

/// The cluster with this one policy.
fn lone(cluster: &Cluster, policy: ClusterPolicy) -> Cluster {
    Cluster {
        network_policies: Vec::new(),
        cluster_policies: vec![policy],
        opaque: Vec::new(),
        ..cluster.clone()
    }
}
