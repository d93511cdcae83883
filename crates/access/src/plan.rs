//! What a request would do: the policies, and exactly what they change.

use std::collections::{BTreeMap, BTreeSet};

use fallgate_api::{AccessGrant, Direction, Effect, Isolation, Plan, UnknownEffect};
use fallgate_engine::{Detail, PodId, Snapshot};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::canonical::plan_hash;
use crate::effect::{self, Missing, Requested};
use crate::isolation::isolated_by;
use crate::refusal::{End, Refusal};
use crate::render;
use crate::resolve::{self, Case, World, too_many};
use crate::scope::{Pods, Scope, Side};
use crate::terms;

/// A plan, and what approvers quote of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub hash: String,
}

/// What is asked of the cluster in the course of a life cycle. [`World`]
/// computes it; whoever asks often may remember the answers for as long as
/// neither the cluster nor the question changes.
pub trait Assess {
    /// What a case would do; refused unless that is exactly what was asked for.
    fn plan(&self, case: &Case<'_>) -> Result<Planned, Refusal>;

    /// What a grant's policies open beyond what was approved, in words.
    fn growth(&self, grant: &AccessGrant) -> Option<String>;
}

impl Assess for World<'_> {
    fn plan(&self, case: &Case<'_>) -> Result<Planned, Refusal> {
        let seconds = terms::seconds(case.config, case.policy.spec, &case.request.spec)?;
        let scope = resolve::scope(case, self, seconds)?;
        let snapshot = self.engine.snapshot();
        let pods = matched(&snapshot, &scope, case)?;
        let rendered = self.render(&snapshot, &scope, &pods)?;
        let requested = Requested::new(&scope, &snapshot, &pods)?;
        if requested.missing(&snapshot).is_empty() {
            return Err(Refusal::AlreadyOpen);
        }
        let policies: Vec<_> = rendered.iter().map(|rendered| rendered.policy.clone()).collect();
        let applied = effect::apply(self.engine, &policies)?;
        requested.hold(&applied.effect(Detail::Pods))?;
        let missing = requested.missing(&applied.after);
        if let Some(denied) = &missing.denied {
            return Err(Refusal::NotOpened(denied.clone()));
        }
        let effect = effect::write(&applied, &missing)?;
        if case.policy.spec.unknown_effect == UnknownEffect::Refuse {
            effect::certain(&effect)?;
        }
        let home = case.request.metadata.namespace.clone().unwrap_or_default();
        let plan = Plan {
            request: scope.write(),
            policy: case.policy.planned(),
            policies: policies.iter().map(write).collect::<Result<_, _>>()?,
            effect,
            decision_namespaces: decision_namespaces(home, &policies),
            unprotected_selector_keys: unprotected(&scope, case)?,
            isolation: isolation(rendered),
        };
        let hash = plan_hash(&plan)?;
        Ok(Planned { plan, hash })
    }

    fn growth(&self, grant: &AccessGrant) -> Option<String> {
        let now = || -> Result<Effect, Refusal> {
            let read = |value: &Value| {
                serde_json::from_value(value.clone())
                    .map_err(|error| Refusal::Unread(error.to_string()))
            };
            let policies: Vec<NetworkPolicy> =
                grant.spec.policies.iter().map(read).collect::<Result<_, _>>()?;
            effect::write(&effect::apply(self.engine, &policies)?, &Missing::default())
        };
        match now() {
            Ok(effect) => effect::within(&effect, &grant.spec.effect).err(),
            Err(refusal) => Some(refusal.to_string()),
        }
    }
}

/// A policy of a plan, and what isolates the pods that it selects.
struct Rendered {
    policy: NetworkPolicy,
    isolation: Isolation,
}

impl World<'_> {
    /// A policy for each end of each leg that a baseline isolates.
    fn render(
        &self,
        snapshot: &Snapshot,
        scope: &Scope,
        matched: &BTreeMap<End, Vec<PodId>>,
    ) -> Result<Vec<Rendered>, Refusal> {
        use fallgate_model::Direction as Seen;
        let mut rendered = Vec::new();
        for leg in scope.legs() {
            for (seen, direction, (end, side)) in [
                (Seen::Egress, Direction::Egress, leg.from),
                (Seen::Ingress, Direction::Ingress, leg.to),
            ] {
                let Side::Pods(pods) = side else { continue };
                let here = matched.get(&end).map(Vec::as_slice).unwrap_or_default();
                let baseline = isolated_by(snapshot, self.baselines, (end, pods), here, seen)?;
                if baseline.is_empty() {
                    continue;
                }
                let namespace = pods.namespace.to_string();
                rendered.push(Rendered {
                    policy: render::policy(seen, pods, &leg),
                    isolation: Isolation { namespace, direction, baseline },
                });
            }
        }
        Ok(rendered)
    }
}

/// The pods that each end matches now, held against the policy's limits.
fn matched(
    snapshot: &Snapshot,
    scope: &Scope,
    case: &Case<'_>,
) -> Result<BTreeMap<End, Vec<PodId>>, Refusal> {
    let mut all = BTreeMap::new();
    for (end, side) in scope.ends() {
        let Side::Pods(pods) = side else { continue };
        let found = matched_by(snapshot, end, pods)?;
        too_many(end, found.len(), &case.policy.spec.limits)?;
        all.insert(end, found);
    }
    Ok(all)
}

fn matched_by(snapshot: &Snapshot, end: End, pods: &Pods) -> Result<Vec<PodId>, Refusal> {
    let mut found = Vec::new();
    for (id, certain) in snapshot.select(&pods.namespace, &pods.labels.selector()) {
        let Some(pod) = snapshot.pod(id) else { continue };
        if let Some(workload) = &pods.workload
            && (*pod.workload.kind != *workload.kind || *pod.workload.name != *workload.name)
        {
            continue;
        }
        let names = || (pod.namespace.to_string(), pod.name.to_string());
        if !certain {
            let (namespace, name) = names();
            return Err(Refusal::MayMatch(end, namespace, name));
        }
        if pod.host_network {
            let (namespace, name) = names();
            return Err(Refusal::HostNetwork(end, namespace, name));
        }
        found.push(id);
    }
    if found.is_empty() { Err(Refusal::NoPods(end, pods.namespace.to_string())) } else { Ok(found) }
}

fn write(policy: &NetworkPolicy) -> Result<Value, Refusal> {
    serde_json::to_value(policy).map_err(|error| Refusal::Unread(error.to_string()))
}

/// The request's own namespace, then the others in which an object will lie.
fn decision_namespaces(home: String, policies: &[NetworkPolicy]) -> Vec<String> {
    let others: BTreeSet<String> = policies
        .iter()
        .filter_map(|policy| policy.metadata.namespace.clone())
        .filter(|namespace| *namespace != home)
        .collect();
    std::iter::once(home).chain(others).collect()
}

/// The keys of selectors that whoever may label pods can set.
fn unprotected(scope: &Scope, case: &Case<'_>) -> Result<Vec<String>, Refusal> {
    const LISTED: usize = 32;
    let protected = &case.config.protected_label_keys;
    let mut keys = BTreeSet::new();
    for (_, side) in scope.ends() {
        let Side::Pods(pods) = side else { continue };
        let free = pods.labels.keys().filter(|key| !protected.iter().any(|p| **p == ***key));
        keys.extend(free.map(|key| key.to_string()));
    }
    if keys.len() > LISTED {
        return Err(Refusal::TooLarge(LISTED, "keys of labels"));
    }
    Ok(keys.into_iter().collect())
}

/// One entry for each namespace and direction.
fn isolation(rendered: Vec<Rendered>) -> Vec<Isolation> {
    const LISTED: usize = 16;
    let mut by_place: BTreeMap<(String, Direction), BTreeSet<String>> = BTreeMap::new();
    for Isolation { namespace, direction, baseline } in rendered.into_iter().map(|r| r.isolation) {
        by_place.entry((namespace, direction)).or_default().extend(baseline);
    }
    let entry = |((namespace, direction), baseline): (_, BTreeSet<String>)| {
        let baseline = baseline.into_iter().take(LISTED).collect();
        Isolation { namespace, direction, baseline }
    };
    by_place.into_iter().map(entry).collect()
}
