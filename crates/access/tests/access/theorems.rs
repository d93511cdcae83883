//! What holds of every plan on every cluster, told by the oracle.

use std::collections::BTreeSet;

use fallgate_access::{Assess, Case, Policy, Refusal};
use fallgate_api::{Endpoint, PolicyKind, Port, UnknownEffect};
use fallgate_engine::Engine;
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Cluster, Dialect, NetworkPolicy, Origin, Pod, Protocol, Selector, Str};
use fallgate_oracle as oracle;
use fallgate_oracle::End;
use fallgate_oracle::generate::Knobs;
use serde_json::Value;

use crate::shop::{config, pods, policy, request};
use crate::world::Ground;

fn baseline(namespace: &Str) -> NetworkPolicy {
    NetworkPolicy {
        namespace: namespace.clone(),
        name: "baseline".into(),
        pod_selector: Selector::default(),
        ingress: Some(Vec::new()),
        egress: Some(Vec::new()),
        origin: Origin::default(),
    }
}

/// A pod's labels as a selector, and who matches it, told without the engine.
struct Ends {
    namespace: Str,
    labels: Vec<(Str, Str)>,
}

impl Ends {
    fn endpoint(&self) -> Endpoint {
        let labels: Vec<(&str, &str)> = self.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
        pods(&self.namespace, &labels)
    }

    fn matches(&self, pod: &Pod) -> bool {
        pod.namespace == self.namespace
            && self.labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    }
}

fn read(policies: &[Value]) -> Vec<NetworkPolicy> {
    let mut text = String::new();
    for (at, policy) in policies.iter().enumerate() {
        let mut policy = policy.clone();
        policy["metadata"]["name"] = format!("grant-{at}").into();
        text += &policy.to_string();
        text.push('\n');
    }
    let input = Input { name: "plan".into(), text: text.as_bytes(), kind: InputKind::Live };
    let reading = fallgate_manifest::read(&[input], &ReadOptions::default());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    reading.cluster.network_policies
}

/// Opens what was asked for, certainly; nothing else, not even perhaps; closes
/// nothing; and taking the policies away gives back what was, because it is the
/// same cluster again.
fn opening_is_exactly_the_request(knobs: &Knobs, seeds: u64) -> (usize, BTreeSet<&'static str>) {
    let dialect = Dialect::default();
    let (mut planned, mut reasons) = (0, BTreeSet::new());
    for seed in 0..seeds {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut cluster = oracle::generate::cluster(knobs, seed);
        let mut namespaces: Vec<Str> = cluster.pods.iter().map(|p| p.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        let mut baselines = BTreeSet::new();
        for namespace in &namespaces {
            if rng.u8(..10) < 8 {
                cluster.network_policies.push(baseline(namespace));
                baselines.insert((namespace.clone(), Str::from("baseline")));
            }
        }
        let labelled: Vec<&Pod> =
            cluster.pods.iter().filter(|pod| !pod.labels.known.is_empty()).collect();
        let mut end = || -> Option<Ends> {
            let pod = rng.choice(&labelled)?;
            let count = rng.usize(1..=pod.labels.known.len());
            let labels = rng.choose_multiple(pod.labels.known.clone(), count);
            Some(Ends { namespace: pod.namespace.clone(), labels })
        };
        let (Some(from), Some(to)) = (end(), end()) else { continue };
        let first = rng.u16(1..9000);
        let last = first + rng.u16(..3);
        let mut ask = request();
        ask.metadata.namespace = Some(to.namespace.to_string());
        ask.spec.from = from.endpoint();
        ask.spec.to = to.endpoint();
        ask.spec.ports = vec![Port {
            protocol: fallgate_api::Protocol::Tcp,
            port: first.into(),
            end_port: Some(last.into()),
        }];
        let mut rule = policy();
        rule.from = vec![ask.spec.from.clone()];
        rule.to = ask.spec.to.clone();
        rule.ports = ask.spec.ports.clone();
        rule.unknown_effect = UnknownEffect::Refuse;
        rule.limits.max_sources = 100;
        rule.limits.max_targets = 100;
        let config = config();
        let case = Case {
            config: &config,
            policy: Policy {
                kind: PolicyKind::AccessPolicy,
                name: "p",
                uid: "u",
                generation: 1,
                author: None,
                spec: &rule,
            },
            request: &ask,
            narrowings: Vec::new(),
        };
        let engine = Engine::new(cluster.clone(), dialect.clone());
        let ground = Ground { engine, baselines, ..Ground::new(Cluster::default()) };
        let plan = match ground.world().plan(&case) {
            Ok(planned) => planned.plan,
            Err(refusal) => {
                assert!(!matches!(refusal, Refusal::Unread(_)), "seed {seed}: {refusal}");
                reasons.insert(refusal.reason());
                continue;
            }
        };
        planned += 1;
        let mut after = cluster.clone();
        after.network_policies.extend(read(&plan.policies));
        let mut ports: BTreeSet<oracle::Port> =
            oracle::interesting_ports(&after).into_iter().collect();
        ports.extend([None, Some((Protocol::Udp, first))]);
        let mut ends = oracle::endpoints(&after);
        ends.extend(oracle::interesting_addresses(&after, &dialect).into_iter().map(End::Outside));
        let is = |end: &End, side: &Ends| match end {
            End::Pod(at) => side.matches(&after.pods[*at]),
            End::Node(_) | End::Outside(_) => false,
        };
        for x in &ends {
            for y in &ends {
                if matches!((x, y), (End::Outside(_), End::Outside(_))) {
                    continue;
                }
                for port in &ports {
                    let was = oracle::verdict(&cluster, &dialect, x, y, *port).interval;
                    let is_now = oracle::verdict(&after, &dialect, x, y, *port).interval;
                    let wanted = is(x, &from)
                        && is(y, &to)
                        && matches!(port, Some((Protocol::Tcp, n)) if (first..=last).contains(n));
                    if wanted {
                        let common = oracle::families(&after, &dialect, x, y);
                        assert!(
                            is_now.certain || common.is_empty(),
                            "seed {seed}: {x:?} {y:?} {port:?}"
                        );
                    } else {
                        assert_eq!(was, is_now, "seed {seed}: {x:?} to {y:?} on {port:?}");
                    }
                    assert!(is_now.certain || !was.certain, "seed {seed} closes");
                }
            }
        }
    }
    (planned, reasons)
}

#[test]
fn opening_is_exactly_the_request_where_all_is_known() {
    let knobs = Knobs { cluster_policies: 1, pods: 6, ..Knobs::known() };
    let (planned, reasons) = opening_is_exactly_the_request(&knobs, 80);
    assert!(planned > 10, "only {planned} requests were planned; refused for {reasons:?}");
}

#[test]
fn opening_is_exactly_the_request_whatever_is_not_known() {
    let (planned, reasons) = opening_is_exactly_the_request(&Knobs::everything(), 160);
    assert!(planned > 3, "only {planned} requests were planned; refused for {reasons:?}");
    let expected = ["AlreadyOpen", "EffectUnknown", "NotIsolated", "NotOpened"];
    assert!(expected.iter().all(|reason| reasons.contains(reason)), "only for {reasons:?}");
}
