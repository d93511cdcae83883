//! Zones, and what may pass between them: everything that is not listed must be
//! denied, within a zone too.

use fallgate_engine::{Connections, Tri, Verdict, WorkloadRef, matches};

use super::Outcome;
use super::file::{self, File, Located};
use crate::answer::{Asker, Example, Question, Target};
use crate::endpoint::{EndpointSpec, Member, Resolved};
use crate::failure::Problem;
use crate::labels::namespace_labels;
use crate::port::PortSpec;

/// A matrix, with what its zones are in the cluster.
pub(crate) struct Matrix {
    zones: Vec<Zone>,
    allow: Vec<(usize, usize, Vec<PortSpec>)>,
}

struct Zone {
    at: Located<String>,
    /// Its members, and whether that is certain.
    members: Vec<(Member, bool)>,
}

/// Finds out what the zones of a file are.
pub(crate) fn resolve(file: &File, asker: &Asker<'_>, problems: &mut Vec<Problem>) -> Matrix {
    let mut zones = Vec::new();
    for zone in file.zones.values() {
        match members(zone, asker) {
            Ok(members) => zones.push(Zone { at: zone.at.clone(), members }),
            Err(mut found) => problems.append(&mut found),
        }
    }
    let place = |name: &Located<String>| file.zones.keys().position(|z| *z == name.value);
    let mut allow = Vec::new();
    for entry in &file.allow {
        let mut ports = Vec::new();
        for port in &entry.ports {
            match PortSpec::parse(&port.value) {
                Ok(port) => ports.push(port),
                Err(problem) => problems.push(port.problem(problem)),
            }
        }
        if let (Some(from), Some(to)) = (place(&entry.from), place(&entry.to)) {
            allow.push((from, to, ports));
        }
    }
    Matrix { zones, allow }
}

fn members(zone: &file::Zone, asker: &Asker<'_>) -> Result<Vec<(Member, bool)>, Vec<Problem>> {
    let (index, snapshot) = (asker.index(), &asker.context.snapshot);
    let mut problems = Vec::new();
    let mut found: Vec<(Member, bool)> = Vec::new();
    let by_labels = !zone.namespaces.is_empty()
        || zone.namespace_selector.is_some()
        || zone.pod_selector.is_some();
    if by_labels {
        for name in &zone.namespaces {
            if index.in_namespace(&name.value).is_empty()
                && snapshot.namespace(&name.value).is_none()
            {
                let problem = Problem::new(format!("no namespace `{}` in the input", name.value));
                problems.push(name.problem(problem));
            }
        }
        for (at, workload) in index.workloads().iter().enumerate() {
            let WorkloadRef { namespace, .. } = &workload.reference;
            let named = zone.namespaces.is_empty()
                || zone.namespaces.iter().any(|n| *n.value == **namespace);
            let mut is = if named { Tri::Yes } else { Tri::No };
            if let Some(selector) = &zone.namespace_selector {
                is = is.and(matches(selector, &namespace_labels(snapshot, namespace)));
            }
            // The pods of a workload may carry different labels.
            for id in &workload.pods {
                let Some(pod) = snapshot.pod(*id) else { continue };
                let own = match &zone.pod_selector {
                    Some(selector) => is.and(matches(selector, &pod.labels)),
                    None => is,
                };
                let member = if workload.pods.len() == 1 || zone.pod_selector.is_none() {
                    Member::Workload(at)
                } else {
                    Member::Pod(*id)
                };
                match own {
                    Tri::No => {}
                    Tri::Yes => found.push((member, true)),
                    Tri::Unknown => found.push((member, false)),
                }
                if zone.pod_selector.is_none() {
                    break;
                }
            }
        }
    }
    for text in zone.cidrs.iter().chain(&zone.endpoints) {
        let spec = EndpointSpec::parse(&text.value, asker.context.namespace.as_deref());
        match spec.and_then(|spec| asker.resolve(&spec)) {
            Ok(Resolved::Members(members)) => found.extend(members.into_iter().map(|m| (m, true))),
            Ok(Resolved::Service(_)) => problems.push(
                text.problem(
                    Problem::new("a service is no member of a zone")
                        .help("name the workload behind it"),
                ),
            ),
            Err(problem) => problems.push(text.problem(problem)),
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

impl Matrix {
    /// One outcome for each ordered pair of zones: `denied` is expected of all
    /// that is not listed.
    pub(crate) fn check(&self, asker: &Asker<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (a, from) in self.zones.iter().enumerate() {
            for (b, to) in self.zones.iter().enumerate() {
                outcomes.extend(self.pair(asker, (a, from), (b, to)));
            }
        }
        outcomes
    }

    fn pair(
        &self,
        asker: &Asker<'_>,
        (a, from): (usize, &Zone),
        (b, to): (usize, &Zone),
    ) -> Option<Outcome> {
        let outside = |m: &Member| matches!(m, Member::Outside(_));
        let mut worst: (Verdict, Option<Example>) = (Verdict::Denied, None);
        let mut asked = false;
        'all: for (x, x_certain) in &from.members {
            for (y, y_certain) in &to.members {
                if outside(x) && outside(y) || x == y && !matches!(x, Member::Workload(_)) {
                    continue;
                }
                asked = true;
                let (mut verdict, example) = self.unlisted(asker, x, y);
                if verdict == Verdict::Allowed && !(*x_certain && *y_certain) {
                    verdict = Verdict::Unknown;
                }
                let worse = matches!(
                    (verdict, worst.0),
                    (Verdict::Allowed, _) | (Verdict::Unknown, Verdict::Denied)
                );
                if worse {
                    worst = (verdict, example);
                }
                if verdict == Verdict::Allowed {
                    break 'all;
                }
            }
        }
        let listed = self.allow.iter().any(|(x, y, _)| (*x, *y) == (a, b));
        asked.then(|| Outcome {
            name: format!(
                "zones: {} -> {}, {}",
                from.at.value,
                to.at.value,
                if listed { "nothing but what is listed" } else { "nothing" }
            ),
            place: from.at.place(),
            expect: Verdict::Denied,
            verdict: worst.0,
            example: worst.1,
            reason: None,
            path: Vec::new(),
        })
    }

    /// The worst verdict on what no entry admits between two members: entries
    /// hold for every pair of zones that the members are in.
    fn unlisted(
        &self,
        asker: &Asker<'_>,
        from: &Member,
        to: &Member,
    ) -> (Verdict, Option<Example>) {
        let within = |zone: usize, member: &Member| {
            self.zones.get(zone).is_some_and(|z| {
                z.members.iter().any(|(m, _)| match (m, member) {
                    (Member::Outside(all), Member::Outside(some)) => {
                        some.difference(all).is_empty()
                    }
                    _ => m == member,
                })
            })
        };
        let mut listed = Connections::none();
        for (a, b, ports) in &self.allow {
            if within(*a, from) && within(*b, to) {
                for port in ports {
                    let set = match port {
                        PortSpec::Any => Some(Connections::all()),
                        _ => asker.asked(to, port),
                    };
                    listed = listed.union(&set.unwrap_or_default());
                }
            }
        }
        let unlisted = Connections::all().difference(&listed);
        let question = Question {
            from: vec![from.clone()].into(),
            to: vec![Target { member: to.clone(), port: PortSpec::Set(unlisted) }].into(),
            service: None,
            open: None,
        };
        if asker.is_loopback(from, to) {
            return (Verdict::Denied, None);
        }
        let answer = asker.ask(&question, super::order(Verdict::Denied));
        (answer.verdict, answer.example)
    }
}
