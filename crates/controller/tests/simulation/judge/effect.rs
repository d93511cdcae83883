//! What policies admit, by the naive evaluator, over every pair of pods.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Dialect, Protocol};
use fallgate_oracle::{End, Verdict, verdict};
use serde_json::{Value, json};

use super::{Judge, grant_of, list, text};

/// Who reaches whom, on which port.
pub(super) type Admitted = BTreeSet<(String, String, u16)>;

/// One that was asked for, and some that were not.
const PORTS: [u16; 3] = [80, 5432, 5433];

thread_local! {
    /// The same few clusters come again in every run.
    static KNOWN: RefCell<BTreeMap<String, Admitted>> = RefCell::default();
}

/// What is admitted where these objects are all there is.
fn admitted<'a>(objects: impl Iterator<Item = &'a Value>) -> Admitted {
    let items: Vec<Value> = objects
        .map(|object| {
            json!({
                "apiVersion": object["apiVersion"], "kind": object["kind"],
                "metadata": {
                    "name": object["metadata"]["name"],
                    "namespace": object["metadata"]["namespace"],
                    "labels": object["metadata"]["labels"],
                },
                "spec": object["spec"],
                "status": {"podIP": object["status"]["podIP"], "podIPs": object["status"]["podIPs"],
                    "phase": object["status"]["phase"]},
            })
        })
        .collect();
    let cluster = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&cluster).cloned()) {
        return known;
    }
    let input = Input { name: "store".into(), text: cluster.as_bytes(), kind: InputKind::Live };
    let reading = fallgate_manifest::read(&[input], &ReadOptions::default());
    let dialect = Dialect::default();
    let name = |at: usize| {
        let pod = &reading.cluster.pods[at];
        format!("{}/{}", pod.namespace, pod.name)
    };
    let mut all = Admitted::new();
    for from in 0..reading.cluster.pods.len() {
        for to in (0..reading.cluster.pods.len()).filter(|to| *to != from) {
            for port in PORTS {
                let (one, other) = (End::Pod(from), End::Pod(to));
                let asked = Some((Protocol::Tcp, port));
                let answer = verdict(&reading.cluster, &dialect, &one, &other, asked);
                if answer.verdict() != Verdict::Denied {
                    all.insert((name(from), name(to), port));
                }
            }
        }
    }
    KNOWN.with_borrow_mut(|known| known.insert(cluster, all.clone()));
    all
}

fn matches(pod: &Value, end: &Value) -> bool {
    let labels = end.pointer("/podSelector/matchLabels").and_then(Value::as_object);
    text(pod, "/metadata/namespace") == text(end, "/namespace")
        && labels.is_some_and(|wanted| {
            wanted.iter().all(|(key, value)| pod["metadata"]["labels"].get(key) == Some(value))
        })
}

impl Judge {
    fn kinds(&self, kinds: &'static [&'static str]) -> impl Iterator<Item = &Value> {
        let all = self.objects.iter();
        all.filter(|((resource, ..), _)| kinds.contains(&resource.as_str())).map(|(_, o)| &**o)
    }

    /// What is admitted now; with `without`, as if a policy were not there.
    pub(super) fn admitted(&self, without: Option<&str>) -> Admitted {
        let running =
            |object: &&Value| object["kind"] != "Pod" || !text(object, "/status/podIP").is_empty();
        let other = |object: &&Value| {
            object["kind"] != "NetworkPolicy" || without != Some(text(object, "/metadata/uid"))
        };
        let all = self.kinds(&["namespaces", "pods", "networkpolicies"]);
        admitted(all.filter(running).filter(other))
    }

    /// What a request and the narrowest of its approvals say may be opened.
    pub(super) fn stated(&self, request: &Value) -> Admitted {
        let home = text(request, "/metadata/namespace");
        let approvals = self.approvals(request);
        let side = |name: &str, pod: &Value| {
            std::iter::once(request).chain(approvals.iter().copied()).all(|said| {
                let Some(end) = said["spec"].get(name) else { return true };
                let mut end = end.clone();
                if end.get("namespace").is_none() {
                    end["namespace"] = home.into();
                }
                matches(pod, &end)
            })
        };
        let open = |port: u16| {
            std::iter::once(request).chain(approvals.iter().copied()).all(|said| {
                let ports = list(said, "/spec/ports");
                let of = |range: &Value| {
                    let first = range["port"].as_u64().unwrap_or(0);
                    let last = range["endPort"].as_u64().unwrap_or(first);
                    (first..=last).contains(&u64::from(port))
                };
                ports.is_empty() || ports.iter().any(of)
            })
        };
        let name = |pod: &Value| {
            format!("{}/{}", text(pod, "/metadata/namespace"), text(pod, "/metadata/name"))
        };
        let mut all = Admitted::new();
        for from in self.kinds(&["pods"]).filter(|pod| side("from", pod)) {
            for to in self.kinds(&["pods"]).filter(|pod| side("to", pod)) {
                let ports = PORTS.into_iter().filter(|port| open(*port));
                all.extend(ports.map(|port| (name(from), name(to), port)));
            }
        }
        all
    }

    /// Whether a pod is at either end of what a request asks for.
    pub(super) fn concerns(&self, request: &Value, pod: &Value) -> bool {
        let mut to = request["spec"]["to"].clone();
        if to.get("namespace").is_none() {
            to["namespace"] = request["metadata"]["namespace"].clone();
        }
        matches(pod, &request["spec"]["from"]) || matches(pod, &to)
    }

    /// A policy of a grant was created: it opens what was stated, and closes
    /// nothing.
    pub(super) fn opens(&mut self, policy: &Value) {
        let uid = text(policy, "/metadata/uid").to_owned();
        let (before, after) = (self.admitted(Some(&uid)), self.admitted(None));
        let Some(request) = grant_of(policy).and_then(|grant| self.request_of(grant)) else {
            return;
        };
        let stated = self.stated(request);
        let beyond: Vec<_> =
            after.difference(&before).filter(|one| !stated.contains(*one)).collect();
        if !beyond.is_empty() {
            let what = format!("a policy opens what nobody approved: {beyond:?}");
            self.broken("S6", what);
        }
        let closed: Vec<_> = before.difference(&after).collect();
        if !closed.is_empty() {
            let what = format!("a policy closes what was open: {closed:?}");
            self.broken("S8", what);
        }
    }

    /// A policy of a grant was removed: it opens nothing.
    pub(super) fn closes(&mut self, before: &Admitted) {
        let after = self.admitted(None);
        let opened: Vec<_> = after.difference(before).collect();
        if !opened.is_empty() {
            let what = format!("the removal of a policy opens {opened:?}");
            self.broken("S7", what);
        }
    }
}
