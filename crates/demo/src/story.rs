//! The whole life of temporary access, played once, step by step.
//!
//! Each step does something and says what that proves. What it says is looked up
//! in the cluster, not assumed: a step that does not hold ends the story.

use std::collections::BTreeMap;
use std::time::Duration;

use fallgate_api::names::CONTROLLER;
use fallgate_engine::{Delta, Detail, Place, Snapshot, Verdict, diff};
use fallgate_ledger::{Entries, ReadError, Verified, verify};
use fallgate_model::Protocol;
use fallgate_sim::{Refusal, people};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::people::{ask, decide, declare, path, pods, resolve};
use crate::world::{self, TICKET};
use crate::{Embedded, Wrong};

/// When it begins: the queries have been slow since twenty to three.
const NIGHT: &str = "2026-11-21T02:45:00Z";

/// A step of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place, from 1.
    pub number: usize,
    /// When it began, by the cluster's clock.
    pub at: Timestamp,
    /// What happens.
    pub title: String,
    /// Commands that do the same in a cluster that stays up.
    pub commands: Vec<String>,
    /// What was seen.
    pub seen: Vec<String>,
    /// What that proves.
    pub proves: String,
    /// Why it does not, where that is so.
    pub wrong: Option<String>,
}

/// What a step found.
#[derive(Default)]
struct Found {
    commands: Vec<String>,
    seen: Vec<String>,
}

impl Found {
    fn command(&mut self, line: impl Into<String>) {
        self.commands.push(line.into());
    }

    fn see(&mut self, line: impl Into<String>) {
        self.seen.push(line.into());
    }
}

/// The story while it is played.
struct Story<'a> {
    cluster: Embedded,
    /// Before anybody asked for anything.
    before: Snapshot,
    policies: Vec<Value>,
    steps: Vec<Step>,
    tell: &'a mut dyn FnMut(&Step),
}

/// Ends the story: a step did not hold, and was told.
struct Stopped;

/// Plays the story, and hands on each step when it is over. Returns all of them;
/// the last one says what is wrong where one does not hold.
///
/// # Errors
///
/// When there is no cluster to play it on.
pub async fn play(tell: &mut dyn FnMut(&Step)) -> Result<Vec<Step>, Wrong> {
    let start = NIGHT.parse().map_err(|_| Wrong::new("the night does not begin"))?;
    let mut cluster = Embedded::new(start)?;
    world::build(&cluster.sim)?;
    cluster.start()?;
    let before = cluster.snapshot().await?;
    let policies = network_policies(&cluster);
    let mut story = Story { cluster, before, policies, steps: Vec::new(), tell };
    // Where it stopped stands in its last step.
    let (Ok(()) | Err(Stopped)) = story.scenes().await;
    Ok(story.steps)
}

const MINUTE: Duration = Duration::from_secs(60);

impl Story<'_> {
    async fn step(
        &mut self,
        title: &str,
        proves: &str,
        scene: impl AsyncFnOnce(&mut Self, &mut Found) -> Result<(), Wrong>,
    ) -> Result<(), Stopped> {
        let (number, at) = (self.steps.len() + 1, self.cluster.now());
        let mut found = Found::default();
        let wrong = scene(self, &mut found).await.err().map(|wrong| wrong.to_string());
        let step = Step {
            number,
            at,
            title: title.to_owned(),
            commands: found.commands,
            seen: found.seen,
            proves: proves.to_owned(),
            wrong,
        };
        (self.tell)(&step);
        let holds = step.wrong.is_none();
        self.steps.push(step);
        if holds { Ok(()) } else { Err(Stopped) }
    }

    async fn scenes(&mut self) -> Result<(), Stopped> {
        self.step(
            "Closed",
            "the shop works, and its database is closed to the engineers' tools",
            async |story, found| {
                found.command("fallgate can oncall-tools/debug shop/db 5432");
                story.is("oncall-tools/debug", 5432, Verdict::Denied, found).await?;
                story.is("shop/api", 5432, Verdict::Allowed, found).await
            },
        )
        .await?;

        let mut request = Value::Null;
        self.step(
            "Alice asks",
            "a request opens nothing; it shows who decides exactly what it would change",
            async |story, found| {
                found.command(
                    "fallgate request -n shop --policy oncall-db --from oncall-tools/debug \\\n  \
                     --to shop/db --port 5432 --for 30m --reason 'slow queries' --ticket INC-7",
                );
                request = story.ask(database(1800, json!({}))).await?;
                for line in effect(&request) {
                    found.see(line);
                }
                let hash = request["status"]["planHash"].as_str().unwrap_or_default();
                found.see(format!("who decides signs {}", hash.get(..23).unwrap_or(hash)));
                story.nothing_open()?;
                story.is("oncall-tools/debug", 5432, Verdict::Denied, found).await
            },
        )
        .await?;

        self.step(
            "Alice approves it herself",
            "nobody decides about their own request, and nobody in another's name",
            async |story, found| {
                let name = text(&request, "/metadata/name");
                found.command(format!(
                    "fallgate approve -n shop {name} --reason 'trust me' --context alice"
                ));
                let (alice, bob, admin) = (people::alice(), people::bob(), people::admin());
                let sim = &story.cluster.sim;
                let own = decide(sim, (&alice, &alice), &request, "Approved", "shop");
                found.see(format!("as herself: {}", refused(own)?));
                let forged = decide(sim, (&alice, &bob), &request, "Approved", "shop");
                found.see(format!("as bob: {}", refused(forged)?));
                let admins = decide(sim, (&admin, &bob), &request, "Approved", "shop");
                refused(admins)?;
                found.see("as bob, by the cluster's admin: the same");
                story.cluster.pass(MINUTE).await?;
                story.nothing_open()
            },
        )
        .await?;

        let mut grant = Value::Null;
        self.step(
            "Bob approves, and the path opens",
            "a second person agreed to this very effect; the switch was armed before anything opened",
            async |story, found| {
                let name = text(&request, "/metadata/name");
                found.command("fallgate requests --can-approve -A --context bob");
                found.command(format!(
                    "fallgate approve -n shop {name} --reason 'seen with alice' --context bob"
                ));
                let so_far = story.cluster.sim.trace().len();
                story.approve(&request)?;
                grant = story.active(&request).await?;
                story.armed_first(so_far, found)?;
                story.owned_by_switches(&grant, found)
            },
        )
        .await?;

        self.step(
            "Open, and nothing else",
            "exactly what was approved is open: the engine compares all of the cluster with before",
            async |story, found| {
                found.command("fallgate can oncall-tools/debug shop/db 5432");
                found.command("fallgate grants -A");
                let changes = story.changes().await?;
                let wanted = ["+ oncall-tools/debug -> shop/db 5432/tcp"];
                ensure(changes == wanted, || format!("this changed: {}", changes.join(", ")))?;
                changes.into_iter().for_each(|change| found.see(change));
                story.is("oncall-tools/debug", 5432, Verdict::Allowed, found).await?;
                story.is("oncall-tools/debug", 22, Verdict::Denied, found).await
            },
        )
        .await?;

        self.step(
            "Tampering",
            "even the cluster's admin cannot widen, prolong or unhook what is open, only close it",
            async |story, found| story.tampering(&grant, found),
        )
        .await?;

        self.step(
            "Revoked",
            "what is open ends at once when somebody says so",
            async |story, found| {
                let name = text(&request, "/metadata/name");
                found.command(format!(
                    "fallgate revoke -n shop {name} --reason 'that was quick' --wait --context admin"
                ));
                let admin = people::admin();
                decide(&story.cluster.sim, (&admin, &admin), &request, "Revoked", "shop")?;
                let took = story.closed(Duration::from_secs(30)).await?;
                found.see(format!("closed within {}", seconds(took)));
                story.ended(&request, "Revoked", "Controller", found).await?;
                story.is("oncall-tools/debug", 5432, Verdict::Denied, found).await
            },
        )
        .await?;

        self.step(
            "The controller is killed, and the time is over",
            "the switch closes what Fallgate cannot: an end does not depend on us",
            async |story, found| {
                let request = story.open(database(600, json!({}))).await?;
                story.is("oncall-tools/debug", 5432, Verdict::Allowed, found).await?;
                story.cluster.kill();
                let grant = story.grant(&request);
                let end: Timestamp = text(&grant, "/status/expiresAt")
                    .parse()
                    .map_err(|_| Wrong::new("the grant has no end"))?;
                story.closed(20 * MINUTE).await?;
                let late = story.cluster.now().duration_since(end);
                found.see("the controller was killed, and nobody started another one");
                found.see(format!(
                    "closed {} after its end by the control plane",
                    seconds(late.try_into().unwrap_or_default())
                ));
                ensure(late.as_secs() <= 60, || "that is more than 60 s late".to_owned())?;
                ensure(!late.is_negative(), || "that is before its end".to_owned())?;
                story.is("oncall-tools/debug", 5432, Verdict::Denied, found).await?;
                story.cluster.start()?;
                story.ended(&request, "Expired", "Switch", found).await
            },
        )
        .await?;

        self.step(
            "Everything is closed by hand, without a controller",
            "who may delete can close, whatever else is broken",
            async |story, found| {
                found.command("fallgate panic --reason 'who is in there?' --context admin");
                let request = story.open(database(1800, json!({}))).await?;
                story.is("oncall-tools/debug", 5432, Verdict::Allowed, found).await?;
                story.cluster.kill();
                let (writer, clock) = story.cluster.writer(&people::admin());
                let closed = fallgate_controller::close_everything(&writer, &clock, MINUTE).await;
                let closed = closed.map_err(|refusal| Wrong::new(refusal.to_string()))?;
                ensure(closed.left.is_empty(), || closed.left.join(", "))?;
                story.nothing_open()?;
                found.see("every switch and every policy of a grant is gone");
                story.is("oncall-tools/debug", 5432, Verdict::Denied, found).await?;
                story.cluster.start()?;
                story.ended(&request, "", "Other", found).await
            },
        )
        .await?;

        self.step(
            "On call",
            "the rota is asked when it matters: who is on call by it wakes nobody",
            async |story, found| {
                found.command(
                    "fallgate request -n shop --policy oncall-metrics --reason 'a look at the metrics' \\\n  \
                     --for 10m --ticket INC-7 --wait --context alice",
                );
                let spec = json!({
                    "policyRef": {"kind": "AccessPolicy", "name": "oncall-metrics"},
                    "from": {"cidrs": ["192.0.2.11/32"]},
                    "to": {"podSelector": {"matchLabels": {"app": "db"}}},
                    "ports": [{"port": 9187}],
                    "durationSeconds": 600,
                    "reason": "a look at the metrics",
                    "ticket": TICKET,
                });
                let alice = people::alice();
                let request = ask(&story.cluster.sim, &alice, "shop", spec)?;
                let grant = story.active(&request).await?;
                found.see(format!("open until {} without a decision", clock(&grant, "/status/expiresAt")));
                story.closed(11 * MINUTE).await?;
                story.ended(&request, "Expired", "Controller", found).await
            },
        )
        .await?;

        let mut incident = Value::Null;
        self.step(
            "A path for incidents, without one",
            "what is only for incidents is closed to requests, too",
            async |story, found| {
                found
                    .command("fallgate request -n shop --policy incident-api --reason 'is it up?'");
                let request = ask(&story.cluster.sim, &people::alice(), "shop", during_incident());
                let phase = match request {
                    Err(refusal) => format!("the API server refuses it: {refusal}"),
                    Ok(request) => {
                        let seen = story.settled(&request).await?;
                        let phase = text(&seen, "/status/phase");
                        ensure(phase == "Failed" || phase == "Denied", || {
                            format!("the request is {phase}")
                        })?;
                        format!("{phase}: {}", text(&seen, "/status/message"))
                    }
                };
                found.see(phase);
                story.nothing_open()
            },
        )
        .await?;

        self.step(
            "Bob declares an incident",
            "the incident enables the path, for others than who declared it, and its end closes it",
            async |story, found| {
                found.command(
                    "fallgate incident open -n shop --ticket INC-7 --for 4h --context bob",
                );
                found.command("fallgate incident close -n shop --ticket INC-7 --context bob");
                let until = story.cluster.now() + Duration::from_secs(4 * 3600);
                let (sim, bob) = (story.cluster.sim.clone(), people::bob());
                incident = declare(&sim, &bob, "shop", TICKET, until)?;
                let request = story.open(during_incident()).await?;
                story
                    .allowed("oncall-tools/debug", "shop/api", 9090, Verdict::Allowed, found)
                    .await?;
                resolve(&sim, &bob, &incident)?;
                let took = story.closed(MINUTE).await?;
                found.see(format!("resolved, and closed within {}", seconds(took)));
                story.ended(&request, "IncidentResolved", "Controller", found).await?;
                story.allowed("oncall-tools/debug", "shop/api", 9090, Verdict::Denied, found).await
            },
        )
        .await?;

        self.step(
            "The ticket is closed",
            "a grant lasts no longer than its reason",
            async |story, found| {
                found.command(
                    "fallgate request -n shop --policy oncall-db --reason 'until it is solved' \\\n  \
                     --to shop/db --from oncall-tools/debug --until ticketClosed --ticket INC-7",
                );
                let mut spec = database(1800, json!({"until": "ticketClosed"}));
                if let Value::Object(spec) = &mut spec {
                    spec.remove("durationSeconds");
                }
                let request = story.open(spec).await?;
                story.is("oncall-tools/debug", 5432, Verdict::Allowed, found).await?;
                let tickets = world::tickets(story.cluster.now(), false);
                let path = "/api/v1/namespaces/fallgate-system/configmaps/tickets";
                let data = json!({"data": tickets["data"]});
                story.cluster.sim.request(&people::admin(), "PATCH", path, Some(&data))?;
                let took = story.closed(MINUTE).await?;
                found.see(format!("{TICKET} was closed, and the path within {}", seconds(took)));
                story.ended(&request, "TicketClosed", "Controller", found).await
            },
        )
        .await?;

        self.step(
            "As it was",
            "every end restored exactly what was there",
            async |story, found| {
                found.command("fallgate grants -A --ended");
                let changes = story.changes().await?;
                ensure(changes.is_empty(), || format!("this remains: {}", changes.join(", ")))?;
                let policies = network_policies(&story.cluster);
                ensure(policies == story.policies, || "policies are not as they were".to_owned())?;
                story.nothing_open()?;
                found.see(format!(
                    "{} NetworkPolicies, each as it was; no path opened, none closed",
                    policies.len()
                ));
                Ok(())
            },
        )
        .await?;

        self.step(
            "The record",
            "it says who asked, who agreed, what opened and how it ended, and shows any change of it",
            async |story, found| {
                found.command("fallgate ledger verify FILE");
                // The last entry follows the last end.
                story.cluster.pass(MINUTE).await?;
                story.recorded(found)
            },
        )
        .await
    }

    /// The engine's answer about the database.
    async fn is(
        &self,
        from: &str,
        port: u16,
        verdict: Verdict,
        found: &mut Found,
    ) -> Result<(), Wrong> {
        self.allowed(from, "shop/db", port, verdict, found).await
    }

    /// The engine's answer, which must be this one.
    async fn allowed(
        &self,
        from: &str,
        to: &str,
        port: u16,
        wanted: Verdict,
        found: &mut Found,
    ) -> Result<(), Wrong> {
        let snapshot = self.cluster.snapshot().await?;
        let verdict = answer(&snapshot, from, to, port)?;
        let line = format!("{}: {from} -> {to} {port}/tcp", verdict.name());
        ensure(verdict == wanted, || format!("{line}, which should be {}", wanted.name()))?;
        found.see(line);
        Ok(())
    }

    /// What differs from before anybody asked for anything.
    async fn changes(&self) -> Result<Vec<String>, Wrong> {
        let now = self.cluster.snapshot().await?;
        Ok(changes(&self.before, &now))
    }

    /// Alice asks, and the controller plans it.
    async fn ask(&mut self, spec: Value) -> Result<Value, Wrong> {
        let request = ask(&self.cluster.sim, &people::alice(), "shop", spec)?;
        let seen = self.settled(&request).await?;
        let phase = text(&seen, "/status/phase");
        ensure(phase == "PendingApproval", || {
            format!("the request is {phase}: {}", text(&seen, "/status/message"))
        })?;
        Ok(seen)
    }

    /// A request that the controller has looked at.
    async fn settled(&mut self, request: &Value) -> Result<Value, Wrong> {
        let name = text(request, "/metadata/name");
        let get = |cluster: &Embedded| cluster.get("shop", "accessrequests", &name);
        let planned = |cluster: &Embedded| {
            let phase = text(&get(cluster), "/status/phase");
            !phase.is_empty() && phase != "Pending"
        };
        self.cluster.until("a plan", MINUTE, planned).await?;
        Ok(get(&self.cluster))
    }

    /// Bob approves, wherever somebody must.
    fn approve(&self, request: &Value) -> Result<(), Wrong> {
        let bob = people::bob();
        let places = request.pointer("/status/plan/decisionNamespaces").and_then(Value::as_array);
        for place in places.into_iter().flatten().filter_map(Value::as_str) {
            decide(&self.cluster.sim, (&bob, &bob), request, "Approved", place)?;
        }
        Ok(())
    }

    /// The grant of a request, once it is open.
    async fn active(&mut self, request: &Value) -> Result<Value, Wrong> {
        let name = text(request, "/metadata/name");
        let open = |cluster: &Embedded| {
            let request = cluster.get("shop", "accessrequests", &name);
            text(&request, "/status/phase") == "Active"
        };
        self.cluster.until("an open path", 2 * MINUTE, open).await?;
        Ok(self.grant(request))
    }

    fn grant(&self, request: &Value) -> Value {
        self.cluster.get("shop", "accessgrants", &text(request, "/metadata/name"))
    }

    /// Alice asks, bob approves, and it opens.
    async fn open(&mut self, spec: Value) -> Result<Value, Wrong> {
        let request = self.ask(spec).await?;
        self.approve(&request)?;
        self.active(&request).await?;
        Ok(request)
    }

    fn nothing_open(&self) -> Result<(), Wrong> {
        let (switches, policies) = self.cluster.opened();
        ensure(switches.is_empty() && policies.is_empty(), || {
            format!("there are {} switches and {} policies", switches.len(), policies.len())
        })
    }

    /// Waits until nothing is open.
    async fn closed(&mut self, limit: Duration) -> Result<Duration, Wrong> {
        let closed = |cluster: &Embedded| cluster.opened().1.is_empty();
        let took = self.cluster.until("a closed path", limit, closed).await?;
        Ok(took)
    }

    /// What the grant says of its end.
    async fn ended(
        &mut self,
        request: &Value,
        reason: &str,
        by: &str,
        found: &mut Found,
    ) -> Result<(), Wrong> {
        let name = text(request, "/metadata/name");
        let over = |cluster: &Embedded| {
            let grant = cluster.get("shop", "accessgrants", &name);
            text(&grant, "/status/phase") == "Ended"
        };
        self.cluster.until("an ended grant", 2 * MINUTE, over).await?;
        let grant = self.grant(request);
        let (why, who) = (text(&grant, "/status/endReason"), text(&grant, "/status/closedBy"));
        let line = format!("ended: {why}, closed by {who}");
        let as_wanted = (reason.is_empty() || why == reason) && who == by;
        ensure(as_wanted, || format!("{line}, which should be {reason}, closed by {by}"))?;
        found.see(line);
        Ok(())
    }

    /// The order in which the controller made things.
    fn armed_first(&self, so_far: usize, found: &mut Found) -> Result<(), Wrong> {
        let trace = self.cluster.sim.trace();
        let made: Vec<&str> = trace
            .iter()
            .skip(so_far)
            .filter(|e| e.username == CONTROLLER && e.verb == "create" && e.wrote)
            .filter(|e| !e.uri.contains("/fallgate-system/"))
            .filter_map(|e| {
                ["jobs", "networkpolicies"].into_iter().find(|kind| e.uri.contains(kind))
            })
            .collect();
        ensure(made == ["jobs", "jobs", "networkpolicies", "networkpolicies"], || {
            format!("it made {}", made.join(", "))
        })?;
        found
            .see("first a switch in each namespace, armed by the control plane; then the policies");
        Ok(())
    }

    /// Every policy is owned by an armed switch that ends when the grant does.
    fn owned_by_switches(&self, grant: &Value, found: &mut Found) -> Result<(), Wrong> {
        let (switches, policies) = self.cluster.opened();
        for policy in &policies {
            let owners = policy["metadata"]["ownerReferences"].as_array();
            let [owner] = owners.map(Vec::as_slice).unwrap_or_default() else {
                return Err(Wrong::new("a policy without exactly one owner"));
            };
            let switch = switches.iter().find(|job| job["metadata"]["uid"] == owner["uid"]);
            let switch = switch.ok_or_else(|| Wrong::new("a policy without its switch"))?;
            let armed = switch["status"]["startTime"].is_string();
            ensure(armed, || "a switch that is not armed".to_owned())?;
            found.see(format!(
                "the policy in {} goes with its switch, {} s after that was armed",
                text(policy, "/metadata/namespace"),
                switch["spec"]["activeDeadlineSeconds"]
            ));
        }
        found.see(format!("open until {}", clock(grant, "/status/expiresAt")));
        ensure(policies.len() == 2, || format!("there are {} policies", policies.len()))
    }

    fn tampering(&self, grant: &Value, found: &mut Found) -> Result<(), Wrong> {
        let (sim, admin) = (&self.cluster.sim, people::admin());
        let (switches, policies) = self.cluster.opened();
        let (Some(switch), Some(policy)) = (switches.first(), policies.first()) else {
            return Err(Wrong::new("nothing is open"));
        };
        let at = |object: &Value, api: &str, resource: &str| {
            let (namespace, name) =
                (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
            format!("/apis/{api}/namespaces/{namespace}/{resource}/{name}")
        };
        let policy_path = at(policy, "networking.k8s.io/v1", "networkpolicies");
        let switch_path = at(switch, "batch/v1", "jobs");
        let grant_path = path("shop", "accessgrants", &text(grant, "/metadata/name"));

        let (name, namespace) =
            (text(policy, "/metadata/name"), text(policy, "/metadata/namespace"));
        found.command(format!(
            "kubectl -n {namespace} patch networkpolicy {name} \\\n  \
             --type merge -p '{{\"spec\":{{\"podSelector\":{{}}}}}}'"
        ));
        found.command(format!(
            "kubectl -n {} delete job {} \\\n  --cascade=orphan",
            text(switch, "/metadata/namespace"),
            text(switch, "/metadata/name")
        ));
        let try_to = |found: &mut Found, what: &str, (method, path): (&str, &str), body: Value| {
            let answer = sim.request(&admin, method, path, Some(&body));
            found.see(format!("{what}: {}", refused(answer)?));
            Ok::<(), Wrong>(())
        };
        let wider = json!({"spec": {"podSelector": {}}});
        try_to(found, "widen the policy", ("PATCH", &policy_path), wider)?;
        let longer = json!({"spec": {"activeDeadlineSeconds": 86_400}});
        try_to(found, "prolong the switch", ("PATCH", &switch_path), longer)?;
        let orphan =
            json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan"});
        try_to(found, "delete the switch and leave its policy", ("DELETE", &switch_path), orphan)?;
        let note = json!({"status": {"message": "all is well"}});
        try_to(found, "write the status", ("PATCH", &format!("{grant_path}/status")), note)?;
        let later = json!({"status": {"expiresAt": "2031-01-01T00:00:00Z"}});
        try_to(found, "write a later end", ("PATCH", &format!("{grant_path}/status")), later)?;
        let mut copy = policy.clone();
        if let Value::Object(copy) = &mut copy {
            let labels = copy.get("metadata").map(|m| m["labels"].clone());
            let metadata = json!({"name": "backdoor", "namespace": "shop", "labels": labels});
            copy.insert("metadata".to_owned(), metadata);
        }
        let all = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies";
        try_to(found, "add a policy to the grant", ("POST", all), copy)?;
        let (left, kept) = self.cluster.opened();
        let same = |a: &[Value], b: &[Value]| {
            let spec =
                |all: &[Value]| -> Vec<Value> { all.iter().map(|o| o["spec"].clone()).collect() };
            spec(a) == spec(b)
        };
        ensure(same(&left, &switches) && same(&kept, &policies), || {
            "something is not as it was".to_owned()
        })
    }

    /// The record is whole, and a tampered copy of it is not.
    fn recorded(&self, found: &mut Found) -> Result<(), Wrong> {
        let record = self.cluster.record();
        let Verified { head, unfinished } =
            check(&record).map_err(|error| Wrong::new(error.to_string()))?;
        ensure(unfinished == 0, || "its last entry is not finished".to_owned())?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut rest = record.as_slice();
        for entry in Entries::new(move |into: &mut [u8]| std::io::Read::read(&mut rest, into)) {
            let entry = entry.map_err(|error| Wrong::new(error.to_string()))?;
            *counts.entry(entry.event.kind.name()).or_default() += 1;
        }
        let told: Vec<String> = counts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        found.see(format!("whole: {} entries: {}", head.seq, told.join(", ")));
        let opened = counts.get("opening").copied().unwrap_or_default();
        let ended = counts.get("end").copied().unwrap_or_default();
        ensure(opened > 0 && opened == ended, || {
            format!("{opened} openings and {ended} ends are recorded")
        })?;

        let text = String::from_utf8_lossy(&record);
        let forged = text.replacen("slow queries", "slow Queries", 1);
        ensure(forged != text, || "the reason does not stand in the record".to_owned())?;
        found.see(format!("one letter of a reason changed: {}", faulty(&forged)?));
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(1);
        let cut: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
        found.see(format!("one entry taken out: {}", faulty(&cut)?));
        Ok(())
    }
}

/// The engine's answer about a workload and another one.
pub(crate) fn answer(
    snapshot: &Snapshot,
    from: &str,
    to: &str,
    port: u16,
) -> Result<Verdict, Wrong> {
    let pods = |named: &str| {
        let (namespace, name) = named.split_once('/').unwrap_or_default();
        let all = snapshot.workloads();
        let found = all.into_iter().find(|(w, _)| &*w.namespace == namespace && &*w.name == name);
        found.map(|(_, pods)| pods).ok_or_else(|| Wrong::new(format!("there is no `{named}`")))
    };
    let union = snapshot.workload_connections(&pods(from)?, &pods(to)?);
    Ok(union.interval.verdict(Some((Protocol::Tcp, port))))
}

/// What one cluster allows and another does not, a line each.
pub(crate) fn changes(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let found = diff(before, after, Detail::Workloads);
    let line = |sign: &str, delta: &Delta| {
        let possible =
            if delta.interval.certain == delta.interval.possible { "" } else { " perhaps" };
        let ports: Vec<String> = delta
            .interval
            .possible
            .ranges()
            .map(|(protocol, start, end)| {
                let protocol = protocol.name().to_ascii_lowercase();
                match start == end {
                    true => format!("{start}/{protocol}"),
                    false => format!("{start}-{end}/{protocol}"),
                }
            })
            .collect();
        let (from, to) = (place(&delta.from), place(&delta.to));
        format!("{sign}{possible} {from} -> {to} {}", ports.join(", "))
    };
    let opened = found.opened.iter().map(|delta| line("+", delta));
    opened.chain(found.closed.iter().map(|delta| line("-", delta))).collect()
}

fn place(place: &Place) -> String {
    match place {
        Place::Workload(workload) => format!("{}/{}", workload.namespace, workload.name),
        Place::Node(name) => format!("node/{name}"),
        Place::Outside(_) => "outside".to_owned(),
    }
}

/// The path to the database.
fn database(seconds: i64, more: Value) -> Value {
    let mut spec = json!({
        "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
        "from": pods("oncall-tools", "role", "debug"),
        "to": {"podSelector": {"matchLabels": {"app": "db"}}},
        "ports": [{"port": 5432}],
        "durationSeconds": seconds,
        "reason": "slow queries",
        "ticket": TICKET,
    });
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    spec
}

/// The path that is only for incidents.
fn during_incident() -> Value {
    json!({
        "policyRef": {"kind": "AccessPolicy", "name": "incident-api"},
        "from": pods("oncall-tools", "role", "debug"),
        "to": {"podSelector": {"matchLabels": {"app": "api"}}},
        "ports": [{"port": 9090}],
        "durationSeconds": 1800,
        "reason": "is it up?",
        "ticket": TICKET,
    })
}

/// What a plan would change.
fn effect(request: &Value) -> Vec<String> {
    let effect = &request["status"]["plan"]["effect"];
    let end = |place: &Value| format!("{}/{}", text(place, "/namespace"), text(place, "/name"));
    let mut lines = Vec::new();
    for (word, key) in [("opens", "opened"), ("closes", "closed")] {
        let all = effect[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if all.is_empty() {
            lines.push(format!("{word} nothing"));
        }
        for connection in all {
            let ports = connection["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
            let port = |port: &Value| {
                format!("{}/{}", port["port"], text(port, "/protocol").to_ascii_lowercase())
            };
            let ports: Vec<String> = ports.iter().map(port).collect();
            let (from, to) = (end(&connection["from"]), end(&connection["to"]));
            lines.push(format!("{word} {from} -> {to} {}", ports.join(", ")));
        }
    }
    lines
}

/// Every policy that somebody wrote, canaries aside.
fn network_policies(cluster: &Embedded) -> Vec<Value> {
    cluster.sim.view(|view| {
        view.list("networking.k8s.io", "networkpolicies", None)
            .into_iter()
            .filter(|policy| text(policy, "/metadata/namespace") != "fallgate-system")
            .map(|policy| {
                json!([policy["metadata"]["uid"], policy["metadata"]["labels"], policy["spec"]])
            })
            .collect()
    })
}

fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(Wrong::new(wrong())) }
}

/// What a refusal says, which must be that of a rule, by admission or of the
/// schema: it holds whatever a person may.
fn refused(answer: Result<Value, Refusal>) -> Result<String, Wrong> {
    let Err(refusal) = answer else { return Err(Wrong::new("the API server lets it through")) };
    let said = ["denied request: ", "Invalid value: "]
        .into_iter()
        .find_map(|before| refusal.message.rsplit_once(before));
    match said {
        Some((_, said)) => Ok(said.to_owned()),
        None => Err(Wrong::new(format!("it is refused for another reason: {refusal}"))),
    }
}

fn check(record: &[u8]) -> Result<Verified, ReadError> {
    let mut rest = record;
    verify(|into: &mut [u8]| std::io::Read::read(&mut rest, into))
}

/// What is said about a record that is not what was written.
fn faulty(record: &str) -> Result<String, Wrong> {
    match check(record.as_bytes()) {
        Ok(_) => Err(Wrong::new("a tampered record is taken for whole")),
        Err(error) => Ok(format!("refused: {error}")),
    }
}

fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The time of day in a field.
fn clock(object: &Value, pointer: &str) -> String {
    let text = text(object, pointer);
    text.split_once('T').map_or(text.clone(), |(_, time)| time.trim_end_matches('Z').to_owned())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
