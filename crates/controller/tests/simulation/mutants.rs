//! Controllers that are not quite right, each of which must be caught: a judge
//! who finds nothing wrong must be able to.
//!
//! A mutant acts on the product's requests and on the answers to them, or on
//! what the product writes to disk. With it stands the story in which it comes
//! to light, which the product itself lives through without a word of the judge,
//! and the promises of which it breaks at least one. L1 is also that the story
//! ends otherwise than with the product: what admission keeps from doing harm
//! does no good either.

use std::io::Result as Io;
use std::time::Duration;

use fallgate_ledger::Storage;
use fallgate_sim::{Controller as Part, Sim};
use serde_json::{Value, json};

use crate::case::{Act, Case, Person, ask, decide, until};
use crate::runs::each;
use crate::shop::Disk;
use crate::wire::{LATE, Outgoing, status};
use crate::world::{run, run_with};

/// What a mutant does in the place of sending a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    Nothing,
    /// Sends another one.
    Instead(Outgoing),
    /// Believes this answer, and sends nothing.
    Forge(u16, Value),
    /// Sends this one as well, so much later.
    Also(Duration, Outgoing),
    /// Believes that it was done, and sends it so much later.
    Late(Duration),
}

/// A controller that is not quite right.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    story: Story,
    /// The promises of which it breaks at least one.
    caught: &'static [&'static str],
    pub(crate) request: Option<fn(&Outgoing, &Sim) -> Deed>,
    pub(crate) answer: Option<fn(&Outgoing, &mut Value)>,
    /// Which bytes it says are on disk when they are not.
    pub(crate) loses: Option<fn(&[u8]) -> bool>,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Story {
    Approve,
    Revoke,
    Expire,
    Narrowed,
    /// Two namespaces, each with an approval, or only one.
    TwoEnds,
    OneApproval,
    /// Denied after it was approved.
    Denied,
    Locked,
    PolicyChanges,
    Intruder,
    /// The Job controller stands still when the switch is made.
    NotArmed,
    /// It stands still at the end, and the process' clock is behind.
    BehindTime,
    /// It stands still at the end.
    NoBackstop,
    Disempowered,
    LeaseStolen,
    Quiet,
    Undecided,
}

impl Story {
    const ALL: [Story; 17] = [
        Story::Approve,
        Story::Revoke,
        Story::Expire,
        Story::Narrowed,
        Story::TwoEnds,
        Story::OneApproval,
        Story::Denied,
        Story::Locked,
        Story::PolicyChanges,
        Story::Intruder,
        Story::NotArmed,
        Story::BehindTime,
        Story::NoBackstop,
        Story::Disempowered,
        Story::LeaseStolen,
        Story::Quiet,
        Story::Undecided,
    ];

    fn case(self) -> Case {
        let asked = |seconds| vec![ask(1, seconds), until(1, "PendingApproval")];
        let approved = decide(1, Person::Bob, "Approved");
        let (wait, active) = (|seconds| Act::Wait { seconds }, until(1, "Active"));
        let opened = |seconds| [asked(seconds), vec![approved.clone(), active.clone()]].concat();
        let with = |mut acts: Vec<Act>, more: Vec<Act>| {
            acts.extend(more);
            Case::of(acts)
        };
        let ends = || until(1, "Ended");
        let stops = Act::Stop(Part::Jobs);
        match self {
            Story::Approve => with(opened(600), vec![wait(20)]),
            Story::Revoke => {
                with(opened(600), vec![decide(1, Person::Alice, "Revoked"), wait(60), ends()])
            }
            Story::Expire => with(opened(30), vec![ends(), wait(60)]),
            Story::Narrowed => {
                let shorter = Act::Decide {
                    request: 1,
                    by: Person::Bob,
                    verdict: "Approved",
                    seconds: Some(60),
                };
                with(asked(600), vec![shorter, active])
            }
            Story::TwoEnds => Case { two_ends: true, ..with(opened(600), vec![wait(20)]) },
            Story::OneApproval => {
                Case { two_ends: true, ..with(asked(600), vec![Act::ApproveAtHome(1), wait(30)]) }
            }
            Story::Denied => {
                with(asked(600), vec![approved, decide(1, Person::Dan, "Denied"), wait(30)])
            }
            Story::Locked => with(opened(600), vec![Act::Lock, wait(30)]),
            Story::PolicyChanges => with(opened(600), vec![Act::ChangePolicy, wait(40)]),
            Story::Intruder => with(opened(600), vec![Act::Intruder, wait(40)]),
            Story::NotArmed => with(asked(600), vec![wait(15), stops, approved, wait(20)]),
            Story::BehindTime => {
                let back = Act::SetClock { process: 0, seconds: -3600 };
                with(opened(60), vec![back, wait(20), stops, ends(), wait(10)])
            }
            Story::NoBackstop => with(opened(30), vec![stops, ends(), wait(20)]),
            Story::Disempowered => with(
                asked(600),
                vec![
                    Act::Lock,
                    approved,
                    wait(5),
                    Act::Disempower,
                    wait(90),
                    Act::Unlock,
                    wait(30),
                ],
            ),
            Story::LeaseStolen => with(opened(600), vec![Act::StealLease, wait(30)]),
            Story::Quiet => with(opened(3600), vec![wait(30), Act::Quiet]),
            Story::Undecided => with(asked(600), vec![wait(30)]),
        }
    }
}

/// The creation of a grant's policy.
fn opens(out: &Outgoing) -> bool {
    out.is("POST", "networkpolicies") && !out.of_canary()
}

/// The creation of a grant's switch.
fn arms(out: &Outgoing) -> bool {
    out.is("POST", "jobs") && !out.of_canary()
}

/// The removal of either.
fn closes(out: &Outgoing) -> bool {
    out.method == "DELETE"
        && matches!(out.resource(), "jobs" | "networkpolicies")
        && !out.of_canary()
}

/// The status of a grant.
fn tells(out: &Outgoing) -> bool {
    out.is("PATCH", "accessgrants")
}

/// The same request with another body.
fn edited(out: &Outgoing, edit: impl FnOnce(&mut Value)) -> Deed {
    let mut other = out.clone();
    edit(&mut other.body);
    if other == *out { Deed::Nothing } else { Deed::Instead(other) }
}

fn when(holds: bool, deed: impl FnOnce() -> Deed) -> Deed {
    if holds { deed() } else { Deed::Nothing }
}

/// One after a while, to another path.
fn later(seconds: u64, out: &Outgoing, method: &str, path: String, body: Value) -> Deed {
    let mut other = out.clone();
    (other.method, other.path, other.body) = (method.to_owned(), path, body);
    other.query = String::new();
    let kind = match method {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    other.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    Deed::Also(Duration::from_secs(seconds), other)
}

/// The items of a list of a resource.
fn listed<'a>(out: &Outgoing, resource: &str, answer: &'a mut Value) -> Option<&'a mut Vec<Value>> {
    let lists = out.method == "GET" && out.resource() == resource && out.name().is_none();
    if lists { answer.get_mut("items")?.as_array_mut() } else { None }
}

fn an_hour_later(time: &mut Value) {
    let later = time.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    if let Some(time_then) = later {
        *time = (time_then + Duration::from_secs(3600)).to_string().into();
    }
}

const fn request(
    name: &'static str,
    story: Story,
    caught: &'static [&'static str],
    request: fn(&Outgoing, &Sim) -> Deed,
) -> Mutant {
    Mutant { name, story, caught, request: Some(request), answer: None, loses: None }
}

const fn answer(
    name: &'static str,
    story: Story,
    caught: &'static [&'static str],
    answer: fn(&Outgoing, &mut Value),
) -> Mutant {
    Mutant { name, story, caught, request: None, answer: Some(answer), loses: None }
}

const fn disk(
    name: &'static str,
    caught: &'static [&'static str],
    loses: fn(&[u8]) -> bool,
) -> Mutant {
    let story = Story::Revoke;
    Mutant { name, story, caught, request: None, answer: None, loses: Some(loses) }
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

static MUTANTS: &[Mutant] = &[
    // How policies are made.
    request("leaves out the policy's owner", Story::Approve, &["S4"], |out, _| {
        when(opens(out), || edited(out, |b| drop(b["metadata"]["ownerReferences"].take())))
    }),
    request("gives the policy a second owner", Story::Approve, &["S4"], |out, _| {
        when(opens(out), || {
            edited(out, |b| {
                let mut other = b["metadata"]["ownerReferences"][0].clone();
                other["name"] = "other".into();
                other["uid"] = "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e77".into();
                b["metadata"]["ownerReferences"].as_array_mut().unwrap().push(other);
            })
        })
    }),
    request("names an owner that is not there", Story::Approve, &["S4"], |out, _| {
        when(opens(out), || {
            edited(out, |b| {
                b["metadata"]["ownerReferences"][0]["uid"] =
                    "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e77".into();
            })
        })
    }),
    request("opens more ports", Story::Approve, &["S6"], |out, _| {
        when(opens(out), || {
            edited(out, |b| b["spec"]["ingress"][0]["ports"][0]["endPort"] = 5500.into())
        })
    }),
    request("opens for other pods", Story::Approve, &["S6"], |out, _| {
        when(opens(out), || {
            edited(out, |b| {
                let peer = &mut b["spec"]["ingress"][0]["from"][0];
                peer["podSelector"]["matchLabels"] = json!({"role": "none"});
            })
        })
    }),
    request("opens for addresses", Story::Approve, &["S6"], |out, _| {
        when(opens(out), || {
            edited(out, |b| {
                b["spec"]["ingress"][0]["from"] = json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}]);
            })
        })
    }),
    request("opens to other pods", Story::Approve, &["S6"], |out, _| {
        when(opens(out), || {
            edited(out, |b| b["spec"]["podSelector"]["matchLabels"] = json!({"app": "web"}))
        })
    }),
    request("isolates what nothing isolated", Story::Approve, &["S8", "S4"], |out, _| {
        when(opens(out), || {
            let mut other = out.clone();
            other.path = other.path.replace("/shop/", "/oncall-tools/");
            other.body["metadata"]["namespace"] = "oncall-tools".into();
            other.body["spec"]["podSelector"]["matchLabels"] = json!({"role": "debug"});
            Deed::Instead(other)
        })
    }),
    request("leaves out the policy's label", Story::Approve, &["S14"], |out, _| {
        when(opens(out), || edited(out, |b| drop(b["metadata"]["labels"].take())))
    }),
    request("labels the policy for another grant", Story::Approve, &["S15", "S1"], |out, _| {
        when(opens(out), || {
            edited(out, |b| b["metadata"]["labels"]["access.fallgate.dev/grant"] = "another".into())
        })
    }),
    request("gives the policy a finalizer", Story::Approve, &["S5"], |out, _| {
        when(opens(out), || edited(out, |b| b["metadata"]["finalizers"] = json!(["fallgate/hold"])))
    }),
    request("never creates the policy", Story::Approve, &["L1"], |out, _| {
        when(opens(out), || Deed::Forge(201, out.body.clone()))
    }),
    request("creates the policy again, later", Story::Revoke, &["S9"], |out, _| {
        when(opens(out), || Deed::Also(LATE, out.clone()))
    }),
    request("creates the policy when it may", Story::Revoke, &["S9", "L1"], |out, _| {
        when(opens(out), || Deed::Late(LATE))
    }),
    request("replaces the policy", Story::Approve, &["S18"], |out, _| {
        when(opens(out), || {
            let name = out.body["metadata"]["name"].as_str().unwrap();
            let patch = json!({"spec": {"policyTypes": ["Ingress", "Egress"]}});
            later(5, out, "PATCH", format!("{}/{name}", out.path), patch)
        })
    }),
    request("closes what nobody ended", Story::Approve, &["L1"], |out, sim| {
        when(tells(out) && out.body["status"]["phase"] == "Active", || {
            let found = sim.view(|view| {
                let all = view.list("networking.k8s.io", "networkpolicies", Some("shop"));
                let own = all.iter().find(|p| p["metadata"]["ownerReferences"].is_array())?;
                Some((own["metadata"]["name"].clone(), own["metadata"]["uid"].clone()))
            });
            let Some((name, uid)) = found else { return Deed::Nothing };
            let path = format!(
                "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/{}",
                name.as_str().unwrap()
            );
            let options = json!({"propagationPolicy": "Foreground", "preconditions": {"uid": uid}});
            later(3, out, "DELETE", path, options)
        })
    }),
    request("edits the baseline", Story::Approve, &["S18", "S14"], |out, _| {
        when(opens(out), || {
            let patch = json!({"spec": {"podSelector": {"matchLabels": {"app": "none"}}}});
            later(1, out, "PATCH", format!("{}/baseline", out.path), patch)
        })
    }),
    request("takes the baseline away with the switch", Story::Revoke, &["S14"], |out, sim| {
        when(closes(out), || {
            let uid = sim.view(|view| {
                let at = view.get("networking.k8s.io", "networkpolicies", Some("shop"), "baseline");
                at.map(|policy| policy["metadata"]["uid"].clone())
            });
            let path = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/baseline";
            let options = json!({"propagationPolicy": "Foreground", "preconditions": {"uid": uid}});
            later(0, out, "DELETE", path.to_owned(), options)
        })
    }),
    request("gives itself rights", Story::Approve, &["S14"], |out, _| {
        when(arms(out), || {
            let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings".to_owned();
            later(
                0,
                out,
                "POST",
                path,
                json!({
                    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                    "metadata": {"name": "more"},
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": "cluster-admin"},
                    "subjects": [{"kind": "ServiceAccount", "name": "fallgate-controller",
                        "namespace": "fallgate-system"}],
                }),
            )
        })
    }),
    // How switches are made.
    request("has the switch wait for longer", Story::Approve, &["S3"], |out, _| {
        when(arms(out), || edited(out, |b| b["spec"]["activeDeadlineSeconds"] = 1200.into()))
    }),
    request("has the switch wait for ever", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || edited(out, |b| drop(b["spec"]["activeDeadlineSeconds"].take())))
    }),
    request("has the switch stay", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || edited(out, |b| b["spec"]["ttlSecondsAfterFinished"] = 3600.into()))
    }),
    request("has the switch run a pod", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || edited(out, |b| b["spec"]["parallelism"] = 1.into()))
    }),
    request("suspends the switch", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || edited(out, |b| b["spec"]["suspend"] = true.into()))
    }),
    request("hands the switch to another controller", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || edited(out, |b| b["spec"]["managedBy"] = "example.com/queue".into()))
    }),
    request("has the grant own the switch", Story::Approve, &["S5"], |out, _| {
        when(arms(out), || {
            edited(out, |b| {
                let grant = b["metadata"]["labels"]["access.fallgate.dev/grant"].clone();
                b["metadata"]["ownerReferences"] = json!([{
                    "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessGrant",
                    "name": "r1", "uid": grant,
                }]);
            })
        })
    }),
    request("leaves out the switch's label", Story::Approve, &["S14"], |out, _| {
        when(arms(out), || edited(out, |b| drop(b["metadata"]["labels"].take())))
    }),
    request("labels the switch for another grant", Story::Approve, &["S15"], |out, _| {
        when(arms(out), || {
            edited(out, |b| b["metadata"]["labels"]["access.fallgate.dev/grant"] = "another".into())
        })
    }),
    request("never creates the switch", Story::Approve, &["L1"], |out, _| {
        when(arms(out), || Deed::Forge(201, out.body.clone()))
    }),
    request("arms the grant again", Story::Revoke, &["S18"], |out, _| {
        when(arms(out), || Deed::Also(LATE, out.clone()))
    }),
    request("extends the switch", Story::Approve, &["S18"], |out, _| {
        when(arms(out), || {
            let name = out.body["metadata"]["name"].as_str().unwrap();
            let patch = json!({"spec": {"activeDeadlineSeconds": 3600}});
            later(5, out, "PATCH", format!("{}/{name}", out.path), patch)
        })
    }),
    request("arms only one of two ends", Story::TwoEnds, &["L1"], |out, _| {
        when(arms(out) && out.namespace() == Some("shop"), || Deed::Forge(201, out.body.clone()))
    }),
    answer("takes a switch for armed that is not", Story::NotArmed, &["S4"], |out, answer| {
        let created = "/metadata/creationTimestamp";
        for job in listed(out, "jobs", answer).into_iter().flatten() {
            let since = job.pointer(created).cloned().unwrap_or_default();
            if job["status"]["startTime"].is_null() {
                job["status"]["startTime"] = since;
            }
        }
    }),
    // How things are deleted.
    request("deletes whatever has the name", Story::Revoke, &["S5"], |out, _| {
        when(closes(out), || edited(out, |b| drop(b["preconditions"].take())))
    }),
    request("leaves the dependents of the switch", Story::Revoke, &["S5"], |out, _| {
        when(closes(out), || edited(out, |b| b["propagationPolicy"] = "Orphan".into()))
    }),
    request("deletes as the server likes", Story::Revoke, &["S5"], |out, _| {
        when(closes(out), || edited(out, |b| drop(b["propagationPolicy"].take())))
    }),
    request("never deletes", Story::Revoke, &["S9"], |out, _| {
        when(closes(out), || Deed::Forge(200, json!({})))
    }),
    request("never deletes the switch", Story::Revoke, &["L2", "S9"], |out, _| {
        when(closes(out) && out.resource() == "jobs", || Deed::Forge(200, json!({})))
    }),
    request("deletes when it may", Story::Revoke, &["S9"], |out, _| {
        when(closes(out), || Deed::Late(LATE))
    }),
    request("relies on the switch", Story::NoBackstop, &["S2"], |out, _| {
        when(closes(out), || Deed::Forge(200, json!({})))
    }),
    request("closes ten seconds late", Story::NoBackstop, &["S2"], |out, _| {
        when(closes(out), || Deed::Late(Duration::from_secs(10)))
    }),
    // What is told.
    request("says too early that it is open", Story::Approve, &["S4"], |out, _| {
        when(tells(out) && out.body["status"]["phase"] == "Arming", || {
            edited(out, |b| b["status"]["phase"] = "Active".into())
        })
    }),
    request("says that it is closed when it is open", Story::Approve, &["S9"], |out, _| {
        when(tells(out) && out.body["status"]["phase"] == "Active", || {
            edited(out, |b| b["status"]["phase"] = "Ended".into())
        })
    }),
    request("says a later end than its switches", Story::Approve, &["S4"], |out, _| {
        when(tells(out) && out.body["status"]["phase"] == "Arming", || {
            edited(out, |b| an_hour_later(&mut b["status"]["expiresAt"]))
        })
    }),
    request("moves the end", Story::Approve, &["S18", "L1"], |out, _| {
        when(tells(out) && out.body["status"]["phase"] == "Active", || {
            edited(out, |b| an_hour_later(&mut b["status"]["expiresAt"]))
        })
    }),
    request("has a request wait again", Story::Approve, &["S9", "L1"], |out, _| {
        when(out.is("PATCH", "accessrequests") && out.body["status"]["phase"] == "Active", || {
            edited(out, |b| b["status"]["phase"] = "PendingApproval".into())
        })
    }),
    request("never tells", Story::Approve, &["L1"], |out, _| {
        when(tells(out), || Deed::Forge(200, out.body.clone()))
    }),
    request("writes without end", Story::Quiet, &["L3"], |out, sim| {
        let renews = out.is("PUT", "leases");
        when(renews, || {
            let path =
                "/apis/access.fallgate.dev/v1alpha1/namespaces/shop/accessrequests/r1/status";
            let patch = json!({"status": {"message": format!("all is well at {}", sim.now())}});
            later(0, out, "PATCH", path.to_owned(), patch)
        })
    }),
    request("grants for longer than was approved", Story::Approve, &["L1", "S3"], |out, _| {
        when(out.is("POST", "accessgrants"), || {
            edited(out, |b| b["spec"]["approved"]["durationSeconds"] = 3000.into())
        })
    }),
    request("grants other policies than were approved", Story::Approve, &["L1", "S6"], |out, _| {
        when(out.is("POST", "accessgrants"), || {
            edited(out, |b| {
                b["spec"]["policies"][0]["spec"]["ingress"][0]["ports"][0]["port"] = 80.into();
            })
        })
    }),
    // What is not asked, and what is believed.
    request("opens without the lease", Story::Approve, &["S12"], |out, _| {
        let writes = matches!(out.method.as_str(), "PUT" | "POST") && out.resource() == "leases";
        when(writes && !out.dry_run(), || {
            let mut lease = out.body.clone();
            lease["metadata"]["resourceVersion"] = "1".into();
            Deed::Forge(200, lease)
        })
    }),
    request("keeps the lease that another has", Story::LeaseStolen, &["S12", "L1"], |out, sim| {
        let holder = sim.view(|view| {
            let named = ("coordination.k8s.io", "leases", Some("fallgate-system"));
            let lease = view.get(named.0, named.1, named.2, "fallgate-controller");
            lease.map(|lease| lease["spec"]["holderIdentity"].clone())
        });
        let lost = holder == Some(json!("somebody"));
        when(lost && out.is("PUT", "leases"), || Deed::Forge(200, out.body.clone()))
    }),
    request("does not rehearse admission", Story::Approve, &["S10"], |out, _| {
        let policy = match out.resource() {
            "networkpolicies" => "fallgate-controller-policies",
            _ => "fallgate-decisions",
        };
        let rehearses = out.method == "POST" && out.dry_run() && out.resource() != "leases";
        when(rehearses, || {
            let message = format!(
                "ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: no"
            );
            Deed::Forge(403, status(403, "Forbidden", &message))
        })
    }),
    answer("asks nobody who may approve", Story::Disempowered, &["S10"], |out, answer| {
        if out.resource() == "subjectaccessreviews" {
            answer["status"]["allowed"] = true.into();
        }
    }),
    answer("does not see revocations", Story::Revoke, &["S9"], |out, answer| {
        if let Some(items) = listed(out, "accessdecisions", answer) {
            items.retain(|decision| decision["spec"]["verdict"] != "Revoked");
        }
    }),
    answer("does not see refusals", Story::Denied, &["S9"], |out, answer| {
        if let Some(items) = listed(out, "accessdecisions", answer) {
            items.retain(|decision| decision["spec"]["verdict"] != "Denied");
        }
    }),
    answer("does not see locks", Story::Locked, &["S9"], |out, answer| {
        if let Some(items) = listed(out, "clusteraccesslocks", answer) {
            items.clear();
        }
    }),
    answer(
        "does not see that the policy changed",
        Story::PolicyChanges,
        &["S13"],
        |out, answer| {
            for policy in listed(out, "accesspolicies", answer).into_iter().flatten() {
                policy["metadata"]["generation"] = 1.into();
                if let Some(spec) = policy["spec"].as_object_mut() {
                    spec.remove("description");
                }
            }
        },
    ),
    answer("does not see new pods", Story::Intruder, &["S13"], |out, answer| {
        if let Some(items) = listed(out, "pods", answer) {
            items.retain(|pod| pod["metadata"]["name"] != "intruder");
        }
    }),
    answer("believes that the clocks agree", Story::BehindTime, &["S16"], |out, answer| {
        if out.resource() == "leases" && out.dry_run() {
            let time = &mut answer["metadata"]["creationTimestamp"];
            let at = time.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            // Before the clock is set back, it is right.
            let set: jiff::Timestamp = "2026-01-01T00:00:40Z".parse().unwrap();
            if let Some(at) = at.filter(|at| *at > set) {
                *time = (at - Duration::from_secs(3600)).to_string().into();
            }
        }
    }),
    answer("does not see for how long it was approved", Story::Narrowed, &["S3"], |out, answer| {
        for decision in listed(out, "accessdecisions", answer).into_iter().flatten() {
            if let Some(spec) = decision["spec"].as_object_mut() {
                spec.remove("durationSeconds");
            }
        }
    }),
    answer("takes one approval for all namespaces", Story::OneApproval, &["S11"], |out, answer| {
        if let Some(items) = listed(out, "accessdecisions", answer) {
            let mut more = items.clone();
            for decision in &mut more {
                decision["metadata"]["namespace"] = "oncall-tools".into();
                decision["metadata"]["uid"] = "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e88".into();
            }
            items.extend(more);
        }
    }),
    answer("takes a refusal for an approval", Story::Denied, &["S9", "S1"], |out, answer| {
        let items = listed(out, "accessdecisions", answer);
        let Some(items) = items else { return };
        let hash = items.iter().find_map(|d| d["spec"].get("planHash").cloned());
        for decision in items.iter_mut().filter(|d| d["spec"]["verdict"] == "Denied") {
            decision["spec"]["verdict"] = "Approved".into();
            decision["spec"]["planHash"] = hash.clone().unwrap_or_default();
        }
    }),
    answer("opens what nobody decided on", Story::Undecided, &["S1"], |out, answer| {
        // Every request approves of itself, in the name of a lead.
        thread_local! {
            static REQUEST: std::cell::RefCell<Value> = const { std::cell::RefCell::new(Value::Null) };
        }
        if let Some(request) = listed(out, "accessrequests", answer).and_then(|all| all.first()) {
            REQUEST.set(request.clone());
        }
        let request = REQUEST.with_borrow(Value::clone);
        let Some(items) = listed(out, "accessdecisions", answer) else { return };
        if request["status"]["planHash"].is_string() {
            let bob = fallgate_sim::people::bob();
            items.push(json!({
                "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
                "metadata": {"name": "invented", "namespace": "shop",
                    "uid": "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e99",
                    "creationTimestamp": request["metadata"]["creationTimestamp"]},
                "spec": {
                    "requestRef": {"namespace": "shop", "name": "r1",
                        "uid": request["metadata"]["uid"]},
                    "policyRef": request["spec"]["policyRef"],
                    "requestedBy": {"username": request["spec"]["requestedBy"]["username"],
                        "uid": request["spec"]["requestedBy"]["uid"]},
                    "decidedBy": {"username": bob.username, "uid": bob.uid, "groups": bob.groups},
                    "verdict": "Approved", "planHash": request["status"]["planHash"],
                },
            }));
        }
    }),
    // What is not kept.
    disk("does not keep openings", &["S15"], |bytes| holds(bytes, "\"opening\"")),
    disk("does not keep ends", &["S15"], |bytes| holds(bytes, "\"end\"")),
    disk("does not keep anything", &["S15", "L1"], |_| true),
];

/// A disk that says that something is on it when it is not.
pub(crate) struct Lossy {
    pub(crate) disk: Disk,
    pub(crate) loses: fn(&[u8]) -> bool,
}

impl Storage for Lossy {
    fn size(&mut self) -> Io<u64> {
        self.disk.size()
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Io<usize> {
        self.disk.read_at(at, into)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> Io<()> {
        if (self.loses)(bytes) { Ok(()) } else { self.disk.write_at(at, bytes) }
    }

    fn truncate(&mut self, size: u64) -> Io<()> {
        Storage::truncate(&mut self.disk, size)
    }

    fn sync(&mut self) -> Io<()> {
        Ok(())
    }
}

/// What the product does, nobody has anything to say about; what each mutant
/// does, somebody does.
#[test]
fn every_mutant_is_caught() {
    assert!(MUTANTS.len() >= 50, "{}", MUTANTS.len());
    let ends: Vec<Vec<String>> = each(&Story::ALL, |story| {
        let outcome = run(&story.case());
        assert_eq!(outcome.violations, [], "{story:?}: {:?}", outcome.ends);
        outcome.ends
    });
    let wrong: Vec<String> = each(MUTANTS, |mutant| {
        let outcome = run_with(&mutant.story.case(), Some(mutant));
        let mut broken: Vec<&str> = outcome.violations.iter().map(|v| v.invariant).collect();
        let at = Story::ALL.iter().position(|story| *story == mutant.story).unwrap();
        if outcome.ends != ends[at] {
            broken.push("L1");
        }
        let acted = outcome.deeds > 0 || mutant.loses.is_some();
        let caught = mutant.caught.iter().any(|promise| broken.contains(promise));
        (!acted || !caught).then(|| {
            format!(
                "{} (acted: {acted}): {broken:?}, not {:?}: {:?} {:#?}",
                mutant.name, mutant.caught, outcome.ends, outcome.violations
            )
        })
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), MUTANTS.len(), wrong.join("\n"));
}
