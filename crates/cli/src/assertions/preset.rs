//! Common expectations by name.

use fallgate_engine::{Addresses, Interval, PotentialPeer, Verdict};
use fallgate_model::Family;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::file::Located;
use super::{Outcome, order};
use crate::answer::{Answer, Asker, Question, Target};
use crate::endpoint::Member;
use crate::port::PortSpec;

/// The namespaces that a cluster comes with and that its operator answers for.
const SYSTEM: &[&str] = &["kube-node-lease", "kube-public", "kube-system"];

/// A preset: what it is called, and what it expects.
pub(crate) type Preset = (&'static str, &'static str);

/// Every preset, with what it expects, for documentation.
pub(crate) const PRESETS: &[Preset] = &[
    (
        "default-deny",
        "every workload outside the system namespaces is closed in both directions to what no rule names: \
         no pod whatever, and no outside address whatever, is let in or out",
    ),
    (
        "metadata-endpoint",
        "no workload outside the system namespaces reaches the cloud's metadata service \
         (169.254.169.254, and fd00:ec2::254 where IPv6 is in use) on any port",
    ),
    (
        "system-namespaces",
        "nothing outside the system namespaces (kube-system, kube-public, kube-node-lease) reaches a pod in them, \
         but on port 53 (DNS)",
    ),
];

/// A preset by its name.
pub(crate) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|(known, _)| *known == name)
}

/// Checks a preset. Pods in their node's network are left out: no policy
/// selects them.
pub(crate) fn check(asker: &Asker<'_>, preset: &Located<String>) -> Vec<Outcome> {
    let outcome = |what: String, answer: Answer| Outcome {
        name: format!("{}: {what}", preset.value),
        place: preset.place(),
        expect: Verdict::Denied,
        verdict: answer.verdict,
        example: answer.example,
        reason: answer.reason,
        path: Vec::new(),
    };
    let (system, own) = workloads(asker);
    match preset.value.as_str() {
        "default-deny" => own
            .iter()
            .map(|at| {
                let shown = asker.index().show(&asker.context.snapshot, &Member::Workload(*at));
                outcome(shown, default_deny(asker, *at))
            })
            .collect(),
        "metadata-endpoint" => {
            let v6 = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));
            let v4 = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
            let mut to = Vec::new();
            for family in asker.context.snapshot.families() {
                let address = if family == Family::V4 { v4 } else { v6 };
                let member = Member::Outside(Addresses::range(address, address));
                to.push(Target { member, port: PortSpec::Any });
            }
            let from = own.iter().map(|at| Member::Workload(*at)).collect();
            vec![outcome("the metadata service is out of reach".to_owned(), ask(asker, from, to))]
        }
        _ => {
            let dns = [fallgate_model::Protocol::Tcp, fallgate_model::Protocol::Udp]
                .into_iter()
                .map(|p| fallgate_engine::Connections::ports(p, 53, 53))
                .fold(fallgate_engine::Connections::none(), |set, p| set.union(&p));
            let rest = PortSpec::Set(fallgate_engine::Connections::all().difference(&dns));
            let target = |at: &usize| Target { member: Member::Workload(*at), port: rest.clone() };
            let to = system.iter().map(target).collect();
            let mut from: Vec<Member> = own.iter().map(|at| Member::Workload(*at)).collect();
            from.push(Member::Outside(asker.index().outside().clone()));
            vec![outcome("system namespaces are out of reach".to_owned(), ask(asker, from, to))]
        }
    }
}

/// Workloads in and outside of the system namespaces, without those that are in
/// their node's network.
fn workloads(asker: &Asker<'_>) -> (Vec<usize>, Vec<usize>) {
    let snapshot = &asker.context.snapshot;
    let all = asker.index().workloads().iter().enumerate();
    all.filter(|(_, w)| {
        !w.pods.iter().all(|id| snapshot.pod(*id).is_some_and(|pod| pod.host_network))
    })
    .map(|(at, w)| (at, SYSTEM.contains(&&*w.reference.namespace)))
    .fold((Vec::new(), Vec::new()), |(mut system, mut own), (at, is_system)| {
        if is_system {
            system.push(at)
        } else {
            own.push(at)
        }
        (system, own)
    })
}

fn ask(asker: &Asker<'_>, from: Vec<Member>, to: Vec<Target>) -> Answer {
    if from.is_empty() || to.is_empty() {
        return Answer { verdict: Verdict::Denied, example: None, reason: None };
    }
    let question = Question { from: from.into(), to: to.into(), service: None, open: None };
    asker.ask(&question, order(Verdict::Denied))
}

fn default_deny(asker: &Asker<'_>, at: usize) -> Answer {
    let member = Member::Workload(at);
    let exposure = asker.context.snapshot.exposure(asker.index().pods(&member));
    let mut answer = Answer { verdict: Verdict::Denied, example: None, reason: None };
    for (direction, side) in [("ingress", &exposure.ingress), ("egress", &exposure.egress)] {
        // What any pod may do, whatever its labels; what only some may do is
        // possible, and no more than that where policies isolate.
        let mut anyone = Interval::none();
        let mut outside = Addresses::none();
        for exposed in &side.peers {
            match &exposed.peer {
                PotentialPeer::Pods { namespaces, pods } => {
                    if namespaces.is_empty() && pods.is_empty() {
                        anyone = anyone.union(&exposed.interval);
                    }
                }
                PotentialPeer::Outside(addresses) => {
                    if !exposed.interval.certain.is_empty() {
                        outside = outside.union(addresses);
                    }
                }
            }
        }
        let whole_family =
            Family::ALL.into_iter().any(|f| Addresses::all(f).difference(&outside).is_empty());
        let (verdict, reason) = match () {
            () if !anyone.certain.is_empty() => (Verdict::Allowed, "its {} is open to every pod"),
            () if whole_family => (Verdict::Allowed, "its {} is open to every outside address"),
            () if side.isolated == Some(true) => continue,
            () => (Verdict::Unknown, "it is not known whether a policy closes its {}"),
        };
        if verdict == Verdict::Allowed || answer.verdict == Verdict::Denied {
            answer.verdict = verdict;
            answer.reason = Some(reason.replace("{}", direction));
        }
    }
    answer
}
