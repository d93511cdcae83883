//! The shop with more around it: people, places and policies, and who reaches
//! whom in it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fallgate_controller::{Controller, Turn};
use fallgate_engine::{End, Engine, Snapshot, Verdict};
use fallgate_manifest::{Input, InputKind, ReadOptions};
use fallgate_model::{Dialect, Protocol};
use fallgate_sim::{Refusal, UserInfo, people};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::shop::{Shop, identity};

pub(crate) const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";
pub(crate) const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies";
pub(crate) const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";

/// What packets are tried on.
const PORTS: [u16; 4] = [22, 443, 5432, 8080];
/// From where they come, besides from pods: the jump host, its neighbour, alice's
/// machine, and anywhere.
pub(crate) const JUMP_HOST: &str = "192.0.2.10";
const OUTSIDE: [&str; 4] = [JUMP_HOST, "192.0.2.11", "198.51.100.7", "203.0.113.9"];

/// Leads as well: the second one of a quorum.
pub(crate) fn dave() -> UserInfo {
    UserInfo::new("dave", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e06", &["leads"])
}

/// On call as well.
pub(crate) fn frank() -> UserInfo {
    UserInfo::new("frank", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e08", &["oncall"])
}

/// Security: ends, locks, and reviews.
pub(crate) fn erin() -> UserInfo {
    UserInfo::new("erin", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e07", &["security"])
}

/// Writes policies.
pub(crate) fn grace() -> UserInfo {
    UserInfo::new("grace", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e09", &["policy-admins"])
}

/// May do in namespaces what people do who look after what runs there.
pub(crate) fn peggy() -> UserInfo {
    UserInfo::new("peggy", "6f1b3c52-0a4d-4c38-9c6e-1a2b3c4d5e10", &["editors"])
}

pub(crate) struct Town {
    pub(crate) shop: Shop,
    pub(crate) controller: Controller,
}

impl Town {
    pub(crate) async fn new() -> Town {
        let mut shop = Shop::new().await;
        for (group, role) in [
            ("security", "fallgate-security"),
            ("policy-admins", "fallgate-policy-admin"),
            ("editors", "edit"),
        ] {
            shop.create(&people::admin(), binding(group, role));
        }
        let controller = shop.controller();
        Town { shop, controller }
    }

    /// Gives a group a role, everywhere.
    pub(crate) fn bind(&self, group: &str, role: &str) {
        self.shop.create(&people::admin(), binding(group, role));
    }

    /// Another process takes over from this one, which is gone.
    pub(crate) fn restart(&mut self) {
        self.controller = self.shop.controller();
    }

    pub(crate) fn admin(&self, object: Value) -> Value {
        self.shop.create(&people::admin(), object)
    }

    pub(crate) fn send(
        &self,
        user: &UserInfo,
        method: &str,
        uri: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        self.shop.sim.request(user, method, uri, Some(&body))
    }

    /// A namespace in which pods have the labels given, whether or not its own
    /// policies keep everything out and in.
    pub(crate) fn namespace(&self, name: &str, closed: bool) {
        self.admin(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        if closed {
            self.close(name);
        }
    }

    /// A baseline that isolates all of a namespace.
    pub(crate) fn close(&self, namespace: &str) {
        self.admin(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "baseline", "namespace": namespace,
                "labels": {"access.fallgate.dev/baseline": "true"}},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        }));
    }

    pub(crate) fn pod(&self, namespace: &str, name: &str, labels: Value) {
        self.admin(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"nodeName": "node", "containers": [{"name": "c", "image": "i"}]},
        }));
    }

    /// Until pods have their addresses.
    pub(crate) async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }

    /// A policy that says what every policy must, and more.
    pub(crate) fn policy(&self, namespace: &str, name: &str, more: Value) -> Value {
        let mut policy = json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "owner": {"team": "shop", "contact": "#shop-oncall"},
                "ports": [{"protocol": "TCP", "port": 5432}],
                "maxDurationSeconds": 3600,
            },
        });
        merge(&mut policy["spec"], more);
        self.shop.create(&grace(), policy)
    }

    /// Changes the policy that every shop has.
    pub(crate) fn amend(&self, more: Value) {
        let path = format!("{GROUP}/namespaces/shop/accesspolicies/oncall-db");
        self.shop.patch(&grace(), &path, json!({"spec": more}));
    }

    pub(crate) fn configure(&self, spec: Value) {
        let path = format!("{GROUP}/accessconfigs/default");
        self.shop.patch(&people::admin(), &path, json!({"spec": spec}));
    }

    /// A request for the path of the shop's policy, but for what is given.
    pub(crate) fn request(&self, by: &UserInfo, namespace: &str, name: &str, more: Value) -> Value {
        let mut request = json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessRequest",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
                "requestedBy": identity(by),
                "from": debug(),
                "to": db(),
                "ports": [{"protocol": "TCP", "port": 5432}],
                "reason": "slow queries since 02:40",
            },
        });
        merge(&mut request["spec"], more);
        request
    }

    /// Alice asks in the shop.
    pub(crate) fn ask(&self, name: &str, more: Value) -> Value {
        self.ask_as(&people::alice(), "shop", name, more)
    }

    pub(crate) fn ask_as(&self, by: &UserInfo, namespace: &str, name: &str, more: Value) -> Value {
        self.shop.create(by, self.request(by, namespace, name, more))
    }

    /// A decision that quotes a request as it is.
    pub(crate) fn decision(&self, by: &UserInfo, of: &Value, verdict: &str) -> Value {
        let requested = &of["spec"]["requestedBy"];
        let mut spec = json!({
            "requestRef": {
                "namespace": of["metadata"]["namespace"],
                "name": of["metadata"]["name"],
                "uid": of["metadata"]["uid"],
            },
            "policyRef": of["spec"]["policyRef"],
            "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
            "decidedBy": identity(by),
            "verdict": verdict,
            "reason": "seen",
        });
        if verdict == "Approved" {
            spec["planHash"] = of["status"]["planHash"].clone();
        }
        json!({
            "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "AccessDecision",
            "metadata": {"generateName": "decision-", "namespace": of["metadata"]["namespace"]},
            "spec": spec,
        })
    }

    /// Somebody decides on a request, in its namespace.
    pub(crate) fn decide(&self, by: &UserInfo, name: &str, verdict: &str) {
        self.decide_with(by, ("shop", name), verdict, json!({}));
    }

    pub(crate) fn decide_with(
        &self,
        by: &UserInfo,
        (namespace, name): (&str, &str),
        verdict: &str,
        more: Value,
    ) {
        let request = self.get("accessrequests", namespace, name);
        let mut decision = self.decision(by, &request, verdict);
        merge(&mut decision["spec"], more);
        self.shop.create(by, decision);
    }

    /// An object of ours; null where there is none.
    pub(crate) fn get(&self, resource: &str, namespace: &str, name: &str) -> Value {
        get(&self.shop, resource, namespace, name)
    }

    pub(crate) fn phase(&self, name: &str) -> String {
        phase(&self.shop, "shop", name)
    }

    pub(crate) fn message(&self, name: &str) -> String {
        self.get("accessrequests", "shop", name)["status"]["message"].to_string()
    }

    pub(crate) fn grant(&self, name: &str) -> Value {
        self.get("accessgrants", "shop", name)
    }

    pub(crate) fn end_reason(&self, name: &str) -> String {
        let grant = self.grant(name);
        grant["status"]["endReason"].as_str().unwrap_or_default().to_owned()
    }

    /// When a grant ends at the latest.
    pub(crate) fn expires(&self, name: &str) -> Timestamp {
        self.grant(name)["status"]["expiresAt"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn uid(&self, name: &str) -> String {
        self.grant(name)["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    /// For how long a request of the shop waits at most.
    pub(crate) async fn until_phase(&mut self, name: &str, wanted: &str) -> Vec<Turn> {
        self.until_phase_in("shop", name, wanted).await
    }

    pub(crate) async fn until_phase_in(
        &mut self,
        namespace: &str,
        name: &str,
        wanted: &str,
    ) -> Vec<Turn> {
        let is_so = |shop: &Shop| {
            let found = phase(shop, namespace, name);
            let over = ["Denied", "Failed", "AlreadyOpen", "Ended", "ApprovalExpired"];
            assert!(
                found == wanted || !over.contains(&found.as_str()),
                "{name} is {found}: {}",
                get(shop, "accessrequests", namespace, name)["status"]["message"]
            );
            found == wanted
        };
        self.shop.until(&mut self.controller, 90, is_so).await
    }

    /// Until nothing of any grant is left.
    pub(crate) async fn until_closed(&mut self, seconds: i64) {
        self.shop.until(&mut self.controller, seconds, |shop| shop.objects() == (0, 0)).await;
    }

    pub(crate) async fn pass(&mut self, seconds: i64) {
        self.shop.pass(&mut self.controller, seconds).await;
        self.shop.hold();
    }

    pub(crate) async fn pass_until(&mut self, time: Timestamp) {
        let left = time.duration_since(self.shop.sim.now());
        self.pass(left.as_secs().max(0)).await;
    }

    /// Asks, has it approved, and waits until it is open.
    pub(crate) async fn open(&mut self, name: &str, more: Value) {
        self.ask(name, more);
        self.approve(name).await;
    }

    /// Bob approves what was asked for, and it opens.
    pub(crate) async fn approve(&mut self, name: &str) {
        self.until_phase(name, "PendingApproval").await;
        self.decide(&people::bob(), name, "Approved");
        self.until_phase(name, "Active").await;
    }

    /// Who reaches whom, by every pod, some addresses and some ports, as the
    /// packets would find it: what grants have opened is there with all else.
    pub(crate) fn paths(&self) -> BTreeSet<String> {
        let snapshot = self.snapshot();
        let mut ends: Vec<(String, End)> = snapshot
            .pods()
            .into_iter()
            .map(|id| {
                let pod = snapshot.pod(id).unwrap();
                (format!("{}/{}", pod.namespace, pod.name), End::Pod(id))
            })
            .collect();
        ends.extend(OUTSIDE.map(|address| {
            let parsed: IpAddr = address.parse().unwrap();
            (address.to_owned(), End::Outside(parsed))
        }));
        let mut paths = BTreeSet::new();
        for (from, source) in &ends {
            for (to, target) in &ends {
                if from == to || matches!((source, target), (End::Outside(_), End::Outside(_))) {
                    continue;
                }
                for port in PORTS {
                    match snapshot.verdict(source, target, Some((Protocol::Tcp, port))) {
                        Verdict::Allowed => {
                            paths.insert(format!("{from} -> {to}:{port}"));
                        }
                        Verdict::Denied => {}
                        Verdict::Unknown => panic!("{from} -> {to}:{port} is not known"),
                    }
                }
            }
        }
        paths
    }

    fn snapshot(&self) -> Snapshot {
        let lists: Vec<(String, String)> = self.shop.sim.view(|view| {
            let of = |group: &str, resource: &str| {
                let items = view.list(group, resource, None);
                let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
                (resource.to_owned(), list.to_string())
            };
            vec![
                of("", "namespaces"),
                of("", "nodes"),
                of("", "services"),
                of("", "pods"),
                of("networking.k8s.io", "networkpolicies"),
            ]
        });
        let inputs: Vec<Input<'_>> = lists
            .iter()
            .map(|(name, text)| Input {
                name: name.as_str().into(),
                text: text.as_bytes(),
                kind: InputKind::Live,
            })
            .collect();
        let reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
        assert!(reading.cluster.opaque.is_empty(), "{:?}", reading.diagnostics);
        Engine::new(reading.cluster, Dialect::default()).snapshot()
    }
}

fn binding(group: &str, role: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": format!("{group}-{role}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    })
}

fn get(shop: &Shop, resource: &str, namespace: &str, name: &str) -> Value {
    let path = format!("{GROUP}/namespaces/{namespace}/{resource}/{name}");
    shop.sim.request(&people::admin(), "GET", &path, None).unwrap_or_default()
}

pub(crate) fn phase(shop: &Shop, namespace: &str, name: &str) -> String {
    let request = get(shop, "accessrequests", namespace, name);
    request["status"]["phase"].as_str().unwrap_or("Pending").to_owned()
}

/// What has come to be reachable, and what has ceased to be.
pub(crate) fn changes(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<String> {
    let opened = after.difference(before).map(|path| format!("+ {path}"));
    let closed = before.difference(after).map(|path| format!("- {path}"));
    opened.chain(closed).collect()
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("{more}") };
    for (key, value) in more {
        into[key] = value;
    }
}

pub(crate) fn pods(namespace: &str, labels: Value) -> Value {
    json!({"namespace": namespace, "podSelector": {"matchLabels": labels}})
}

/// The tool pods of who is on call.
pub(crate) fn debug() -> Value {
    pods("oncall-tools", json!({"role": "debug"}))
}

/// The database of the shop.
pub(crate) fn db() -> Value {
    json!({"podSelector": {"matchLabels": {"app": "db"}}})
}

/// A time as objects have it.
pub(crate) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// Which admission policy refused, or the whole message of who else did.
pub(crate) fn refused(result: Result<Value, Refusal>) -> String {
    let message = result.unwrap_err().message;
    let policy = message.split_once("ValidatingAdmissionPolicy '");
    let name = policy.and_then(|(_, rest)| rest.split_once('\''));
    name.map_or(message.clone(), |(name, _)| name.to_owned())
}
