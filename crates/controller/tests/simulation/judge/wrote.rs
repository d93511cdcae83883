//! What is so after a write.

use fallgate_sim::Write;
use serde_json::Value;

use super::{CONTROLLER, Judge, Open, grant_of, is_terminal, list, moment, text, uid};

/// How far a life has come. What is terminal is not left.
fn rank(phase: &str) -> u8 {
    match phase {
        "" | "Pending" => 0,
        "PendingApproval" => 1,
        "Scheduled" => 2,
        "Arming" => 3,
        "Active" => 4,
        "Revoking" => 5,
        _ => 6,
    }
}

impl Judge {
    /// Takes one write in.
    pub(super) fn wrote(&mut self, write: &Write, who: &str) {
        let ours = matches!(
            &*write.resource,
            "jobs"
                | "networkpolicies"
                | "pods"
                | "namespaces"
                | "leases"
                | "accessrequests"
                | "accessgrants"
                | "accessdecisions"
                | "accesspolicies"
                | "clusteraccesslocks"
        );
        if !ours {
            return;
        }
        let (before, after) = (write.before.as_deref(), write.after.as_deref());
        let admitted = match (&*write.resource, before, after) {
            ("networkpolicies", Some(policy), None) if grant_of(policy).is_some() => {
                Some(self.admitted(None))
            }
            _ => None,
        };
        match &write.after {
            Some(after) => {
                self.objects.insert(Judge::place(write), after.clone());
                let all = match &*write.resource {
                    "jobs" => Some(&mut self.jobs),
                    "accessrequests" => Some(&mut self.requests),
                    "accessgrants" => Some(&mut self.grants),
                    _ => None,
                };
                if let Some(all) = all {
                    all.insert(uid(after), after.clone());
                }
            }
            None => drop(self.objects.remove(&Judge::place(write))),
        }
        if who == CONTROLLER {
            self.touched(write);
        }
        match &*write.resource {
            "networkpolicies" => {
                match (before, after) {
                    (None, Some(policy)) if grant_of(policy).is_some() => {
                        self.created(write, policy, who);
                    }
                    (Some(before), Some(after)) if grant_of(before).is_some() => {
                        self.altered(before, after);
                    }
                    (Some(policy), None) => drop(self.open.remove(&uid(policy))),
                    _ => {}
                }
                if let Some(admitted) = admitted {
                    self.closes(&admitted);
                }
            }
            "jobs" => self.switch(write, before, after),
            "pods" => {
                if let Some(pod) = after.filter(|_| before.is_none()) {
                    self.joined(write, pod);
                }
            }
            "accessdecisions" => {
                if let (None, Some(decision)) = (before, &write.after) {
                    let request = text(decision, "/spec/requestRef/uid").to_owned();
                    let all = self.decisions.entry(request).or_default();
                    all.push((write.time, decision.clone()));
                }
            }
            "leases" => {
                let holder = |lease: Option<&Value>| {
                    lease.map(|lease| text(lease, "/spec/holderIdentity").to_owned())
                };
                if holder(before) != holder(after) {
                    self.taken = write.time;
                }
            }
            "clusteraccesslocks" => {
                self.locked = after.map(|_| write.time);
                self.ever_locked = true;
            }
            "accesspolicies" => {
                if let (Some(before), Some(after)) = (before, after)
                    && before["spec"] != after["spec"]
                {
                    self.changed(write);
                }
            }
            "accessrequests" | "accessgrants" => {
                if let Some(after) = after {
                    self.moved(&write.resource, before, after);
                }
            }
            _ => {}
        }
    }

    /// The controller wrote or deleted something.
    fn touched(&mut self, write: &Write) {
        let place = format!("{} {:?}/{}", write.resource, write.namespace, write.name);
        if !matches!(&*write.resource, "jobs" | "networkpolicies") {
            return;
        }
        let label = |object: &Value| object.pointer(super::GRANT).is_some();
        let own = write.before.as_deref().or(write.after.as_deref()).is_some_and(label);
        self.hold("S14", own, || format!("the controller wrote {place}, which is not ours"));
    }

    /// A policy of a grant was created.
    fn created(&mut self, write: &Write, policy: &Value, who: &str) {
        let place = Judge::place(write);
        let called = format!("the policy {}/{}", place.1, place.2);
        let grant = grant_of(policy).unwrap_or_default().to_owned();
        self.hold("S1", who == CONTROLLER, || format!("{called} was created by {who}"));
        let owners = list(policy, "/metadata/ownerReferences").to_vec();
        let owner = match owners.as_slice() {
            [owner] if owner["kind"] == "Job" => text(owner, "/uid").to_owned(),
            _ => {
                self.broken("S4", format!("{called} has not one Job as its owner"));
                String::new()
            }
        };
        let job = self.jobs.get(&owner).cloned();
        let armed = job.as_deref().is_some_and(|job| {
            let spec = &job["spec"];
            grant_of(job) == Some(grant.as_str())
                && text(job, "/metadata/namespace") == place.1
                && moment(job, "/status/startTime").is_some()
                && spec["suspend"] != true
                && spec["managedBy"].is_null()
                && spec["ttlSecondsAfterFinished"] == 0
                && spec["parallelism"] == 0
        });
        self.hold("S4", armed, || format!("{called} was created without an armed switch"));
        let there = self.object(
            "jobs",
            &place.1,
            text(&owners[..].first().cloned().unwrap_or_default(), "/name"),
        );
        let orphaned = there.is_none_or(|there| uid(there) != owner).then_some(write.time);
        self.opened.entry(grant.clone()).or_default().insert(place.2.clone());
        let open = Open { place: place.clone(), grant: grant.clone(), owner, orphaned };
        self.open.insert(uid(policy), open);
        let Some(request) = self.request_of(&grant).cloned() else {
            self.broken("S1", format!("{called} is for no request"));
            return;
        };
        let approvals: Vec<String> = self
            .approvals(&request)
            .into_iter()
            .map(|decision| text(decision, "/metadata/namespace").to_owned())
            .collect();
        self.hold("S1", !approvals.is_empty(), || format!("{called} was approved by nobody"));
        let here = approvals.contains(&place.1);
        self.hold("S11", here, || format!("{called} was approved by nobody in its namespace"));
        let planned = self.grants.get(&grant).cloned();
        let planned = planned.as_deref().is_some_and(|grant| {
            let all = list(grant, "/spec/policies").iter();
            all.clone().any(|planned| {
                text(planned, "/metadata/namespace") == place.1
                    && alike(&planned["spec"], &policy["spec"])
            })
        });
        if !planned || !list(policy, "/metadata/finalizers").is_empty() {
            self.drifted.entry(grant).or_insert(write.time);
        }
        self.opens(policy);
    }

    /// A policy of a grant was changed.
    fn altered(&mut self, before: &Value, after: &Value) {
        let same = before["spec"] == after["spec"]
            && before["metadata"]["ownerReferences"] == after["metadata"]["ownerReferences"]
            && before["metadata"]["labels"] == after["metadata"]["labels"];
        if !same && after["metadata"]["deletionTimestamp"].is_null() {
            let grant = grant_of(before).unwrap_or_default().to_owned();
            let now = self.now;
            self.drifted.entry(grant).or_insert(now);
        }
    }

    /// A Job was written or removed.
    fn switch(&mut self, write: &Write, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (None, Some(job)) => {
                let Some(grant) = grant_of(job).map(str::to_owned) else { return };
                let approved = self.request_of(&grant).map_or(0, |request| self.seconds(request));
                let seconds = job.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64);
                let within = seconds.is_some_and(|seconds| seconds <= approved);
                self.hold("S3", within, || {
                    format!("a switch waits for {seconds:?} s of {approved} that were approved")
                });
            }
            (Some(before), Some(after)) if grant_of(before).is_some() => {
                let same = before["spec"] == after["spec"];
                if !same {
                    let grant = grant_of(before).unwrap_or_default().to_owned();
                    self.drifted.entry(grant).or_insert(write.time);
                }
            }
            (Some(job), None) => {
                let gone = uid(job);
                for open in self.open.values_mut().filter(|open| open.owner == gone) {
                    open.orphaned.get_or_insert(write.time);
                }
                // What proves that switches fire has vanished.
                if job.pointer(super::CANARY).is_some() {
                    self.proved = Some(write.time);
                }
            }
            _ => {}
        }
    }

    /// A pod came. Where a plan is known that did not count it, it is no longer
    /// what was approved.
    fn joined(&mut self, write: &Write, pod: &Value) {
        let planned = self.requests.values().filter(|request| {
            !text(request, "/status/planHash").is_empty() && self.concerns(request, pod)
        });
        let planned: Vec<String> = planned.map(|request| uid(request)).collect();
        for request in planned {
            self.drifted.entry(request).or_insert(write.time);
        }
    }

    /// The policy that was asked under has changed: no plan from before holds.
    fn changed(&mut self, write: &Write) {
        let planned = self.requests.values().filter(|request| {
            !text(request, "/status/planHash").is_empty()
                && text(request, "/spec/policyRef/name") == write.name
        });
        let planned: Vec<String> = planned.map(|request| uid(request)).collect();
        for request in planned {
            self.drifted.entry(request).or_insert(write.time);
        }
    }

    /// The status of a request or a grant was written.
    fn moved(&mut self, resource: &str, before: Option<&Value>, after: &Value) {
        let name = text(after, "/metadata/name").to_owned();
        let phase = |object: &Value| text(object, "/status/phase").to_owned();
        let (was, is) = (before.map(phase).unwrap_or_default(), phase(after));
        let forward = rank(&is) >= rank(&was) && (!is_terminal(&was) || was == is);
        self.hold("S9", forward, || format!("{resource} {name} went from {was} back to {is}"));
        if resource != "accessgrants" {
            return;
        }
        let grant = uid(after);
        let expires = |object: &Value| moment(object, "/status/expiresAt");
        if let Some(written) = before.and_then(expires) {
            let same = expires(after) == Some(written);
            self.hold("S18", same, || format!("the end of the grant {name} was moved"));
        } else if let Some(expires) = expires(after) {
            let end = self.end(&grant);
            self.hold("S4", end == Some(expires), || {
                format!("the grant {name} says that it ends at {expires}, its switches {end:?}")
            });
        }
        let policies = list(after, "/spec/policies").len();
        if is == "Active" && was != is {
            self.opened_in_time(&grant, &name);
            let made = self.opened.get(&grant).map_or(0, |all| all.len());
            self.hold("S4", made >= policies, || {
                format!("the grant {name} is active with {made} of {policies} policies")
            });
        }
        if is == "Ended" && was != is {
            let left =
                self.open.values().any(|open| open.grant == grant && open.orphaned.is_none());
            self.hold("S9", !left, || format!("the grant {name} has ended and is open"));
        }
    }
}

impl Judge {
    /// What was approved is open in ten seconds, and the time that the proof of
    /// the switch takes, where nothing was in the way.
    fn opened_in_time(&mut self, grant: &str, name: &str) {
        let Some(request) = self.request_of(grant).map(|request| uid(request)) else { return };
        let decisions = self.decisions.get(&request).into_iter().flatten();
        let Some(last) = decisions.map(|(at, _)| *at).max() else { return };
        let calm =
            !self.ever_locked && !self.clocks && self.trouble.max(self.manager_trouble) < last;
        let took = self.now.duration_since(last).as_secs();
        self.hold("L1", !calm || took <= 10 + 25, || {
            format!("the grant {name} was open {took} s after it was approved")
        });
    }
}

/// Whether what was planned is what was created: the server fills in what was
/// left out.
pub(super) fn alike(planned: &Value, created: &Value) -> bool {
    match (planned, created) {
        (Value::Object(planned), Value::Object(created)) => {
            planned.iter().all(|(key, value)| match created.get(key) {
                Some(found) => alike(value, found),
                None => value.is_null(),
            }) && ["podSelector", "ingress", "egress", "policyTypes", "ports", "from", "to"]
                .iter()
                .all(|key| planned.contains_key(*key) || !created.contains_key(*key))
        }
        (Value::Array(planned), Value::Array(created)) => {
            planned.len() == created.len()
                && planned.iter().zip(created).all(|(planned, created)| alike(planned, created))
        }
        (planned, created) => planned == created,
    }
}
