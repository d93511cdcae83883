//! An incident that did not happen: somebody's own manifests and policies on the
//! embedded cluster, where exactly the expected paths must open, and all must
//! close.

use std::time::Duration;

use fallgate_controller::Clock as _;
use fallgate_ledger::{Verified, verify};
use fallgate_sim::people;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{ask, decide, declare, resolve};
use crate::story::changes;
use crate::world;
use crate::{Embedded, Wrong};

/// What is rehearsed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// Files and directories with what is in the cluster, the objects of access
    /// among it; relative to the scenario's own.
    pub manifests: Vec<String>,
    /// Tickets that are open.
    #[serde(default)]
    pub tickets: Vec<Ticket>,
    /// What is declared before anybody asks, and resolved at the end.
    #[serde(default)]
    pub incident: Option<Incident>,
    /// What is asked for, in its order.
    pub requests: Vec<Request>,
    /// How everything ends.
    #[serde(default)]
    pub end: End,
}

/// A ticket that is open.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub namespaces: Vec<String>,
}

/// An incident that is declared.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Where.
    pub namespace: String,
    /// Its ticket.
    pub ticket: String,
}

/// Something that is asked for, by one person, and approved by another where the
/// policy wants that.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The policy, as NAMESPACE/NAME.
    pub policy: String,
    /// Where the path starts; where the policy says, if that is one thing.
    #[serde(default)]
    pub from: Option<Value>,
    /// Where it ends; where the policy says.
    #[serde(default)]
    pub to: Option<Value>,
    /// On which ports; those of the policy.
    #[serde(default)]
    pub ports: Option<Value>,
    /// For how long; as long as the policy says.
    #[serde(default)]
    pub duration_seconds: Option<i64>,
    /// For which ticket.
    #[serde(default)]
    pub ticket: Option<String>,
    /// What must open, and nothing else: `FROM -> TO PORT`, as `fallgate diff` has
    /// them. Nothing where it must be refused.
    pub opens: Vec<String>,
}

/// How everything ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Its time is over; an incident is resolved.
    #[default]
    InTime,
    /// The controller is killed, and nobody is there when its time is over.
    Killed,
    /// Everything is closed by hand, without a controller.
    Panic,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// When, by the cluster's clock.
    pub at: Timestamp,
    /// What must hold.
    pub what: String,
    /// What was seen.
    pub seen: Vec<String>,
    /// Why it does not hold, where that is so.
    pub wrong: Option<String>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was looked at.
    pub checks: Vec<Check>,
    /// Kinds that the embedded cluster does not have, and that were left out.
    pub left_out: Vec<String>,
    /// The record of it.
    pub record: Vec<u8>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    ///
    /// When it is not understood.
    pub fn read(text: &str) -> Result<Scenario, Wrong> {
        let scenario: Scenario =
            serde_saphyr::from_str(text).map_err(|error| Wrong::new(error.to_string()))?;
        if scenario.requests.is_empty() {
            return Err(Wrong::new("`requests` is empty: nothing would be rehearsed"));
        }
        for request in &scenario.requests {
            if !request.policy.contains('/') {
                let policy = &request.policy;
                return Err(Wrong::new(format!("`{policy}` must be a policy's NAMESPACE/NAME")));
            }
        }
        Ok(scenario)
    }
}

/// The longest that anything is waited for that should happen at once.
const SOON: Duration = Duration::from_secs(120);
/// How late a switch may be.
const LATE: Duration = Duration::from_secs(60);

/// Rehearses a scenario with these objects, at this time.
///
/// # Errors
///
/// When there is nothing to rehearse on: an object that the API server refuses.
pub async fn rehearse(
    scenario: &Scenario,
    mut objects: Vec<Value>,
    start: Timestamp,
) -> Result<Report, Wrong> {
    let mut cluster = Embedded::new(start)?;
    if !scenario.tickets.is_empty() {
        sources(&cluster, scenario, &mut objects)?;
    }
    let left_out = world::install(&cluster.sim, &objects)?;
    if let Some(kind) = left_out.iter().find(|kind| kind.ends_with("Policy")) {
        return Err(Wrong::new(format!(
            "the embedded cluster has no {kind}, without which it would answer wrongly"
        )));
    }
    cluster.start()?;
    let mut play = Play { cluster, scenario, checks: Vec::new() };
    play.scenes().await?;
    let Play { cluster, checks, .. } = play;
    Ok(Report { checks, left_out, record: cluster.record() })
}

/// Has the AccessConfig ask the scenario's tickets.
fn sources(cluster: &Embedded, scenario: &Scenario, objects: &mut [Value]) -> Result<(), Wrong> {
    let opened = Timestamp::from_second(cluster.now().as_second() - 60).unwrap_or_default();
    let tickets: Vec<Value> = scenario
        .tickets
        .iter()
        .map(|ticket| {
            json!({
                "id": ticket.id, "state": "open", "namespaces": ticket.namespaces,
                "opened": opened.to_string(),
            })
        })
        .collect();
    let source = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "fallgate-system", "name": "rehearsal"},
        "data": {"tickets.yaml": json!({"tickets": tickets}).to_string()},
    });
    cluster.sim.create(&people::admin(), &source)?;
    let mut configs = objects.iter_mut().filter(|object| object["kind"] == "AccessConfig");
    let config = configs.next().ok_or_else(|| {
        Wrong::new("there is no AccessConfig among the manifests, without which nothing opens")
    })?;
    if let Value::Object(spec) = &mut config["spec"] {
        let source = json!({"configMap": "rehearsal", "key": "tickets.yaml"});
        spec.insert("tickets".to_owned(), json!({"source": source}));
    }
    Ok(())
}

struct Play<'a> {
    cluster: Embedded,
    scenario: &'a Scenario,
    checks: Vec<Check>,
}

/// What a check found, or why it does not hold.
type Seen = Result<Vec<String>, Wrong>;

impl Play<'_> {
    async fn check(&mut self, what: String, scene: impl AsyncFnOnce(&mut Self) -> Seen) -> bool {
        let at = self.cluster.now();
        let (seen, wrong) = match scene(self).await {
            Ok(seen) => (seen, None),
            Err(wrong) => (Vec::new(), Some(wrong.to_string())),
        };
        let holds = wrong.is_none();
        self.checks.push(Check { at, what, seen, wrong });
        holds
    }

    async fn scenes(&mut self) -> Result<(), Wrong> {
        let before = self.cluster.snapshot().await?;
        let incident = match &self.scenario.incident {
            Some(Incident { namespace, ticket }) => {
                let until = self.cluster.now() + Duration::from_secs(4 * 3600);
                Some(declare(&self.cluster.sim, &people::bob(), namespace, ticket, until)?)
            }
            None => None,
        };
        let mut open: Vec<String> = Vec::new();
        for request in &self.scenario.requests {
            let what = match request.opens.is_empty() {
                true => format!("{} is refused", request.policy),
                false => format!("{} opens exactly what is expected", request.policy),
            };
            let mut expected = open.clone();
            expected.extend(request.opens.iter().map(|line| format!("+ {line}")));
            expected.sort();
            expected.dedup();
            let holds = self
                .check(what, async |play| {
                    let told = play.request(request).await?;
                    let mut now = changes(&before, &play.cluster.snapshot().await?);
                    now.sort();
                    if now != expected {
                        let list = |lines: &[String]| match lines {
                            [] => "nothing".to_owned(),
                            lines => lines.join(", "),
                        };
                        let (now, expected) = (list(&now), list(&expected));
                        return Err(Wrong::new(format!("it is {now}, and should be {expected}")));
                    }
                    let opened = request.opens.iter().map(|line| format!("+ {line}"));
                    Ok(opened.chain(told).collect())
                })
                .await;
            if holds {
                open = expected;
            }
        }
        self.check("everything closes".to_owned(), async |play| {
            let seen = play.end(incident.as_ref()).await?;
            let left = changes(&before, &play.cluster.snapshot().await?);
            match &*left {
                [] => Ok(vec![seen, "the cluster is as it was".to_owned()]),
                left => Err(Wrong::new(format!("{seen}, and this is left: {}", left.join(", ")))),
            }
        })
        .await;
        self.check("the record is whole".to_owned(), async |play| {
            let record = play.cluster.record();
            let mut rest = record.as_slice();
            let verified = verify(|into: &mut [u8]| std::io::Read::read(&mut rest, into));
            let Verified { head, .. } = verified.map_err(|error| Wrong::new(error.to_string()))?;
            Ok(vec![format!("{} entries, head {}", head.seq, head.hash)])
        })
        .await;
        Ok(())
    }

    /// Alice asks, bob approves where he must, and it opens, or is refused as
    /// expected.
    async fn request(&mut self, request: &Request) -> Seen {
        let (namespace, name) = request.policy.split_once('/').unwrap_or_default();
        let policy = self.cluster.get(namespace, "accesspolicies", name);
        if policy.is_null() {
            return Err(Wrong::new("there is no such AccessPolicy among the manifests"));
        }
        let refused = |why: String| match request.opens.is_empty() {
            true => Ok(vec![why]),
            false => Err(Wrong::new(why)),
        };
        let made = ask(&self.cluster.sim, &people::alice(), namespace, asked(request, &policy)?);
        let made = match made {
            Ok(made) => made,
            Err(refusal) => return refused(format!("the API server refuses it: {refusal}")),
        };
        let name = text(&made, "/metadata/name");
        let get = |cluster: &Embedded| cluster.get(namespace, "accessrequests", &name);
        let phase = |request: &Value| text(request, "/status/phase");
        let waits = |cluster: &Embedded| !matches!(&*phase(&get(cluster)), "" | "Pending");
        self.cluster.until("a plan", SOON, waits).await?;
        let planned = get(&self.cluster);
        if phase(&planned) == "PendingApproval" {
            let bob = people::bob();
            let places = planned.pointer("/status/plan/decisionNamespaces");
            for place in places.and_then(Value::as_array).into_iter().flatten() {
                let place = place.as_str().unwrap_or_default();
                decide(&self.cluster.sim, (&bob, &bob), &planned, "Approved", place)?;
            }
        }
        let over = |cluster: &Embedded| {
            !matches!(&*phase(&get(cluster)), "PendingApproval" | "Scheduled" | "Arming")
        };
        self.cluster.until("an answer", SOON, over).await?;
        let seen = get(&self.cluster);
        match &*phase(&seen) {
            "Active" => Ok(Vec::new()),
            other => refused(format!("{other}: {}", text(&seen, "/status/message"))),
        }
    }

    /// Everything ends; says how.
    async fn end(&mut self, incident: Option<&Value>) -> Result<String, Wrong> {
        if self.scenario.end != End::InTime {
            self.cluster.kill();
        }
        if self.scenario.end == End::Panic {
            let (writer, clock) = self.cluster.writer(&people::admin());
            let start = clock.now();
            let closed = fallgate_controller::close_everything(&writer, &clock, SOON).await;
            let closed = closed.map_err(|refusal| Wrong::new(refusal.to_string()))?;
            if !closed.left.is_empty() {
                return Err(Wrong::new(closed.left.join(", ")));
            }
            let took = clock.now().duration_since(start).as_secs_f64();
            return Ok(format!("closed by hand within {took:.1} s, without a controller"));
        }
        let end = self.last_end();
        if let (Some(incident), End::InTime) = (incident, self.scenario.end) {
            resolve(&self.cluster.sim, &people::bob(), incident)?;
        }
        let left = end.duration_since(self.cluster.now());
        let limit = Duration::try_from(left).unwrap_or_default() + LATE;
        let closed = |cluster: &Embedded| cluster.opened().1.is_empty();
        let took = self.cluster.until("the end", limit, closed).await?;
        let by = match self.scenario.end {
            End::InTime => "by the controller",
            _ => "by the switches, with the controller killed",
        };
        Ok(format!("closed {:.0} s later {by}", took.as_secs_f64()))
    }

    /// When the last switch fires.
    fn last_end(&self) -> Timestamp {
        let (switches, _) = self.cluster.opened();
        let end = |job: &Value| {
            let start: Timestamp = text(job, "/status/startTime").parse().ok()?;
            let seconds = job["spec"]["activeDeadlineSeconds"].as_u64()?;
            start.checked_add(Duration::from_secs(seconds)).ok()
        };
        switches.iter().filter_map(end).max().unwrap_or_else(|| self.cluster.now())
    }
}

/// The request that is made under a policy: what it does not say is the policy's.
fn asked(request: &Request, policy: &Value) -> Result<Value, Wrong> {
    let of_policy = &policy["spec"];
    let from = match (&request.from, of_policy["from"].as_array().map(Vec::as_slice)) {
        (Some(from), _) => from.clone(),
        (None, Some([one])) => one.clone(),
        (None, _) => {
            return Err(Wrong::new("the policy names several sources: say which one as `from`"));
        }
    };
    let mut spec = json!({
        "policyRef": {"kind": "AccessPolicy", "name": policy["metadata"]["name"]},
        "from": from,
        "to": request.to.as_ref().unwrap_or(&of_policy["to"]),
        "ports": request.ports.as_ref().unwrap_or(&of_policy["ports"]),
        "reason": "a rehearsal",
    });
    if let Value::Object(spec) = &mut spec {
        if let Some(seconds) = request.duration_seconds {
            spec.insert("durationSeconds".to_owned(), json!(seconds));
        }
        if let Some(ticket) = &request.ticket {
            spec.insert("ticket".to_owned(), json!(ticket));
        }
    }
    Ok(spec)
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
