//! What is sent, whatever becomes of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::wrote::alike;
use super::{Judge, grant_of, is_terminal, list, moment, text, uid};
use crate::wire::Outgoing;

/// How old an answer may be when something opens, and how long until it is used.
const FRESH: SignedDuration = SignedDuration::from_secs(75);
/// For how long a lease holds.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How old the proof may be that switches fire.
const PROOF: SignedDuration = SignedDuration::from_mins(16);

impl Judge {
    /// A process sends a request.
    pub(crate) fn sent(&mut self, process: &str, out: &Outgoing, now: Timestamp) {
        self.now = self.now.max(now);
        let resource = out.resource();
        if out.method == "GET" {
            if resource == "accessgrants" && out.name().is_none() && !out.watches() {
                self.looked.insert(process.to_owned(), now);
            }
            return;
        }
        if out.dry_run() {
            if matches!(resource, "networkpolicies" | "accessdecisions") {
                self.rehearsed.insert((process.to_owned(), resource.to_owned()), now);
            }
            return;
        }
        // Events are a convenience, and no part of what is promised.
        if resource.ends_with("reviews") || matches!(resource, "leases" | "events") {
            return;
        }
        let closes = out.method == "DELETE" && matches!(resource, "jobs" | "networkpolicies");
        if !closes {
            let lease = self.object("leases", "fallgate-system", "fallgate-controller");
            let holder = lease.map(|lease| text(lease, "/spec/holderIdentity").to_owned());
            // Who takes it without waiting for its end is none of ours, and the one
            // who held it may rely on it until then.
            let robbed = holder.as_ref().is_some_and(|holder| !holder.starts_with("process-"))
                && now.duration_since(self.taken) <= LEASE;
            let leads = robbed || holder.as_deref() == Some(process);
            self.hold("S12", leads, || {
                format!("{process} sent {} {} while {holder:?} led", out.method, out.path)
            });
        }
        match (out.method.as_str(), resource) {
            ("DELETE", _) => self.deletes(out),
            ("POST", "networkpolicies") if !out.of_canary() => self.sends_policy(process, out),
            ("POST", "jobs") if !out.of_canary() => self.sends_switch(out),
            ("POST", "jobs" | "networkpolicies" | "accessgrants") => {}
            ("PATCH", kind) if kind.starts_with("access") && out.path.ends_with("/status") => {}
            (_, "jobs" | "networkpolicies") => {
                self.broken("S18", format!("{} {} was sent", out.method, out.path));
            }
            _ => self.broken("S14", format!("{} {} was sent", out.method, out.path)),
        }
    }

    fn deletes(&mut self, out: &Outgoing) {
        let policy = text(&out.body, "/propagationPolicy");
        let named = text(&out.body, "/preconditions/uid").to_owned();
        let safe = matches!(policy, "Foreground" | "Background") && !named.is_empty();
        self.hold("S5", safe, || format!("DELETE {} was sent with {}", out.path, out.body));
        let (namespace, name) =
            (out.namespace().unwrap_or_default(), out.name().unwrap_or_default());
        let there = self.object(out.resource(), namespace, name).cloned();
        if let Some(there) = there.filter(|there| uid(there) == named) {
            let ours = match out.resource() {
                "jobs" | "networkpolicies" => there.pointer(super::GRANT).is_some(),
                "accessdecisions" | "accessgrants" | "accessrequests" => true,
                _ => false,
            };
            self.hold("S14", ours, || format!("DELETE {} was sent, which is not ours", out.path));
        }
    }

    /// A grant must not be worked for any more, for whoever looked when this
    /// process last did.
    fn is_over(&self, process: &str, grant: &str) -> bool {
        let looked = self.looked.get(process).copied().unwrap_or(Timestamp::MIN);
        let request = self.request_of(grant);
        let stopped = request.and_then(|request| self.stopped(&uid(request)));
        stopped.is_some_and(|stopped| stopped < looked)
    }

    fn sends_policy(&mut self, process: &str, out: &Outgoing) {
        let (now, policy) = (self.now, &out.body);
        let called = format!("the creation of {}", text(policy, "/metadata/name"));
        let Some(grant) = grant_of(policy).map(str::to_owned) else {
            self.broken("S14", format!("{called} was sent without a grant's label"));
            return;
        };
        let owners = list(policy, "/metadata/ownerReferences");
        let owner = owners.first().map(|owner| text(owner, "/uid")).unwrap_or_default();
        let job = self.jobs.get(owner);
        let armed = job.is_some_and(|job| moment(job, "/status/startTime").is_some());
        let one = owners.len() == 1 && armed;
        self.hold("S4", one, || format!("{called} was sent without one armed switch"));
        let planned = self.grants.get(&grant).is_some_and(|grant| {
            let mut all = list(grant, "/spec/policies").iter();
            all.any(|planned| alike(&planned["spec"], &policy["spec"]))
        });
        self.hold("S6", planned, || format!("{called} was sent, and it was not planned so"));
        let free = list(policy, "/metadata/finalizers").is_empty();
        self.hold("S5", free, || format!("{called} was sent with a finalizer"));
        let open = self.recorded("opening", &grant) == 1;
        self.hold("S15", open, || format!("{called} was sent before it was recorded"));
        let over = self.is_over(process, &grant);
        self.hold("S9", !over, || format!("{called} was sent after its grant was stopped"));
        let ended = self.grants.get(&grant).is_some_and(|grant| {
            let phase = text(grant, "/status/phase");
            is_terminal(phase) || phase == "Revoking"
        });
        self.hold("S9", !ended, || format!("{called} was sent after its grant had ended"));
        for rehearsal in ["networkpolicies", "accessdecisions"] {
            let last = self.rehearsed.get(&(process.to_owned(), rehearsal.to_owned()));
            let fresh = last.is_some_and(|last| now.duration_since(*last) <= FRESH);
            self.hold("S10", fresh, || {
                format!("{called} was sent and admission not rehearsed with {rehearsal}")
            });
        }
        let lacks = self.disempowered.is_some_and(|since| now.duration_since(since) > FRESH);
        self.hold("S10", !lacks, || format!("{called} was sent after its approver lost the right"));
        let proved = self.proved.is_some_and(|last| now.duration_since(last) <= PROOF);
        self.hold("S3", proved, || format!("{called} was sent, and switches not proved to fire"));
        if let (Some(expires), Some(grant)) = (self.end(&grant), self.grants.get(&grant)) {
            let written = moment(grant, "/status/expiresAt") == Some(expires);
            self.hold("S4", written, || format!("{called} was sent before its end was written"));
        }
    }

    fn sends_switch(&mut self, out: &Outgoing) {
        let Some(grant) = grant_of(&out.body).map(str::to_owned) else {
            self.broken("S14", "a switch was sent without a grant's label");
            return;
        };
        let called = format!("the creation of the switch {}", text(&out.body, "/metadata/name"));
        let armed = self.recorded("arming", &grant) == 1;
        self.hold("S15", armed, || format!("{called} was sent before it was recorded"));
        let written = self.grants.get(&grant).and_then(|grant| moment(grant, "/status/expiresAt"));
        self.hold("S18", written.is_none(), || format!("{called} was sent for a second time"));
        let owners: &[Value] = list(&out.body, "/metadata/ownerReferences");
        self.hold("S5", owners.is_empty(), || format!("{called} was sent with an owner"));
    }
}
