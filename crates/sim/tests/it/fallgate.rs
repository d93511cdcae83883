//! A cluster with Fallgate installed: its people, and what guards it, through
//! every way in which something is written.

use std::time::{Duration, Instant};

use fallgate_sim::fault::{Fault, Plan};
use fallgate_sim::{Options, Refusal, Sim, UserInfo, people};
use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::cluster::Cluster;

const GROUP: &str = "/apis/access.fallgate.dev/v1alpha1";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn config() -> Value {
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1",
        "kind": "AccessConfig",
        "metadata": {"name": "default"},
        "spec": {"maxDurationSeconds": 7200},
    })
}

fn policy() -> Value {
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1",
        "kind": "AccessPolicy",
        "metadata": {"name": "oncall-db", "namespace": "shop"},
        "spec": {
            "description": "On call",
            "owner": {"team": "shop", "contact": "#shop"},
            "from": [{"namespace": "tools", "podSelector": {"matchLabels": {"role": "debug"}}}],
            "to": {"podSelector": {"matchLabels": {"app": "db"}}},
            "ports": [{"protocol": "TCP", "port": 5432}],
            "maxDurationSeconds": 3600,
            "approval": {"mode": "Required", "approvals": 1},
        },
    })
}

fn identity(user: &UserInfo) -> Value {
    json!({"username": user.username, "uid": user.uid, "groups": user.groups})
}

fn request(by: &UserInfo) -> Value {
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1",
        "kind": "AccessRequest",
        "metadata": {"generateName": "oncall-db-", "namespace": "shop"},
        "spec": {
            "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
            "requestedBy": identity(by),
            "from": {"namespace": "tools", "podSelector": {"matchLabels": {"role": "debug"}}},
            "to": {"podSelector": {"matchLabels": {"app": "db"}}},
            "ports": [{"port": 5432}],
            "durationSeconds": 1800,
            "reason": "slow queries",
        },
    })
}

fn decision(of: &Value, by: &UserInfo) -> Value {
    let requested = &of["spec"]["requestedBy"];
    json!({
        "apiVersion": "access.fallgate.dev/v1alpha1",
        "kind": "AccessDecision",
        "metadata": {"generateName": "oncall-db-", "namespace": "shop"},
        "spec": {
            "requestRef": {
                "namespace": "shop",
                "name": of["metadata"]["name"],
                "uid": of["metadata"]["uid"],
            },
            "policyRef": of["spec"]["policyRef"],
            "requestedBy": {"username": requested["username"], "uid": requested["uid"]},
            "decidedBy": identity(by),
            "verdict": "Denied",
        },
    })
}

/// What the controller makes of a grant.
fn switch(grant: &str, seconds: u64) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": format!("switch-{grant}"),
            "namespace": "shop",
            "labels": {"access.fallgate.dev/grant": grant},
        },
        "spec": {
            "parallelism": 0,
            "completions": 1,
            "activeDeadlineSeconds": seconds,
            "ttlSecondsAfterFinished": 0,
            "suspend": false,
            "template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "never", "image": "none"}],
            }},
        },
    })
}

fn opening(grant: &str, switch: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": format!("grant-{grant}"),
            "namespace": "shop",
            "labels": {"access.fallgate.dev/grant": grant},
            "ownerReferences": [{
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": switch["metadata"]["name"],
                "uid": switch["metadata"]["uid"],
            }],
        },
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress"],
            "ingress": [{
                "ports": [{"protocol": "TCP", "port": 5432}],
                "from": [{"podSelector": {"matchLabels": {"role": "debug"}}}],
            }],
        },
    })
}

/// A cluster with one policy to ask for.
fn cluster() -> Sim {
    let sim = Sim::with_fallgate(Options::default()).unwrap();
    let admin = people::admin();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    for object in [namespace, config(), policy()] {
        sim.create(&admin, &object).unwrap();
    }
    sim
}

fn controller(sim: &Sim) -> UserInfo {
    sim.service_account("fallgate-system", "fallgate-controller").unwrap()
}

/// Which admission policy refuses, or the whole message of who else does.
fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    let message = result.unwrap_err().message;
    let policy = message.split_once("ValidatingAdmissionPolicy '");
    let name = policy.and_then(|(_, rest)| rest.split_once('\''));
    name.map_or(message.clone(), |(name, _)| name.to_owned())
}

#[test]
fn people_ask_and_decide_in_their_own_name_and_by_right() {
    let sim = cluster();
    let (alice, bob, carol, mallory) =
        (people::alice(), people::bob(), people::carol(), people::mallory());
    let asked = sim.create(&alice, &request(&alice)).unwrap();
    assert_eq!(refused(sim.create(&alice, &request(&bob))), "fallgate-requests");
    assert!(refused(sim.create(&mallory, &request(&mallory))).contains("cannot create resource"));
    assert!(sim.create(&bob, &decision(&asked, &bob)).is_ok());
    assert!(refused(sim.create(&carol, &decision(&asked, &carol))).contains("cannot create"));
    // By system:masters only admission is in the way.
    let admin = people::admin();
    assert_eq!(refused(sim.create(&admin, &decision(&asked, &bob))), "fallgate-decisions");
    let uri = format!("{GROUP}/accessrequests");
    assert_eq!(
        sim.request(&carol, "GET", &uri, None).unwrap()["items"].as_array().unwrap().len(),
        1
    );
}

/// Dry runs, status, patches, collections and what controllers write: nothing
/// goes around admission.
#[test]
fn admission_is_asked_of_every_write() {
    let sim = cluster();
    let (admin, alice, own) = (people::admin(), people::alice(), controller(&sim));
    let asked = sim.create(&alice, &request(&alice)).unwrap();
    let name = asked["metadata"]["name"].as_str().unwrap();
    let requests = format!("{GROUP}/namespaces/shop/accessrequests");
    let one = format!("{requests}/{name}");
    let send = |user: &UserInfo, method: &str, uri: &str, body: Value| {
        sim.request(user, method, uri, Some(&body))
    };
    let forged = request(&people::bob());
    let dry = format!("{requests}?dryRun=All");
    assert_eq!(refused(send(&alice, "POST", &dry, forged)), "fallgate-requests");
    let longer = json!({"spec": {"durationSeconds": 3600}});
    assert!(refused(send(&admin, "PATCH", &one, longer)).contains("never changes"));
    let status = json!({"status": {"phase": "Active"}});
    let uri = format!("{one}/status");
    assert_eq!(refused(send(&admin, "PATCH", &uri, status.clone())), "fallgate-status");
    let dry = format!("{uri}?dryRun=All");
    assert_eq!(refused(send(&admin, "PATCH", &dry, status)), "fallgate-status");
    assert_eq!(refused(send(&admin, "DELETE", &one, json!({}))), "fallgate-retention");
    assert_eq!(refused(send(&admin, "DELETE", &requests, json!({}))), "fallgate-retention");
    // The controller itself, in its dry-run canaries and otherwise.
    let canary = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?dryRun=All";
    let mut bare = opening("g", &Value::Null);
    bare["metadata"]["ownerReferences"] = Value::Null;
    assert_eq!(refused(send(&own, "POST", canary, bare)), "fallgate-controller-policies");
    let made = sim.create(&own, &switch("g", 600)).unwrap();
    sim.create(&own, &opening("g", &made)).unwrap();
    let job = "/apis/batch/v1/namespaces/shop/jobs/switch-g";
    let tamper = json!({"spec": {"activeDeadlineSeconds": 9000}});
    assert_eq!(refused(send(&admin, "PATCH", job, tamper)), "fallgate-switches");
    assert_eq!(refused(send(&admin, "DELETE", job, json!({}))), "fallgate-switches");
    let background = json!({"propagationPolicy": "Background"});
    assert!(send(&admin, "DELETE", job, background).is_ok());
}

#[test]
fn a_policy_that_does_not_compile_is_not_stored() {
    let sim = Sim::new(Options::default());
    let policy = |expression: &str| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "p"},
            "spec": {
                "matchConstraints": {"resourceRules": [{
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["pods"],
                }]},
                "validations": [{"expression": expression}],
            },
        })
    };
    let admin = people::admin();
    let wrong = sim.create(&admin, &policy("object.spec.")).unwrap_err();
    assert_eq!(wrong.code, 422);
    assert!(wrong.message.contains("spec.validations[0].expression"), "{}", wrong.message);
    sim.create(&admin, &policy("true")).unwrap();
    let uri = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/p";
    let patch = json!({"spec": {"validations": [{"expression": "1 +"}]}});
    assert_eq!(sim.request(&admin, "PATCH", uri, Some(&patch)).unwrap_err().code, 422);
}

#[test]
fn nobody_gives_away_rights_through_the_api() {
    let sim = cluster();
    let admin = people::admin();
    let ned = UserInfo::new("ned", "7", &[]);
    let binding = |name: &str, role: &str, who: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who}],
        })
    };
    sim.create(&admin, &binding("ned", "admin", "ned")).unwrap();
    sim.create(&ned, &binding("mine", "edit", "eve")).unwrap();
    let taken = sim.create(&ned, &binding("more", "fallgate-approver", "ned"));
    assert!(refused(taken).contains("is attempting to grant RBAC permissions not currently held"));
    let missing = sim.create(&ned, &binding("more", "none", "ned")).unwrap_err();
    assert_eq!((missing.code, missing.reason.as_str()), (404, "NotFound"));
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "own", "namespace": "shop"},
        "rules": [],
    });
    sim.create(&ned, &role).unwrap();
    let more = json!({"rules": [{
        "apiGroups": ["access.fallgate.dev"], "resources": ["accesspolicies"], "verbs": ["approve"],
    }]});
    let uri = format!("{RBAC}/namespaces/shop/roles/own");
    let patched = sim.request(&ned, "PATCH", &uri, Some(&more)).unwrap_err();
    assert_eq!((patched.code, patched.reason.as_str()), (403, "Forbidden"));
}

#[test]
fn objects_may_be_written_as_yaml() {
    let sim = cluster();
    let cluster = Cluster { sim, user: people::admin() };
    let yaml =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {n: '1', t: \"yes\"}\n";
    let maps = "/api/v1/namespaces/shop/configmaps";
    let form = [("content-type", "application/yaml")];
    let created = cluster.send("POST", maps, &form, yaml);
    assert_eq!((created.code, &created.body["data"]["t"]), (201, &json!("yes")));
    let apply = [("content-type", "application/apply-patch+yaml")];
    let uri = format!("{maps}/a?fieldManager=m&force=true");
    let applied = cluster.send("PATCH", &uri, &apply, &yaml.replace("'1'", "'2'"));
    assert_eq!((applied.code, &applied.body["data"]["n"]), (200, &json!("2")));
    for broken in ["a: [", "a: 1\na: 2", "- a", ""] {
        assert_eq!(cluster.send("POST", maps, &form, broken).code, 400, "{broken}");
        assert_eq!(cluster.send("PATCH", &uri, &apply, broken).code, 400, "{broken}");
    }
    assert_eq!(
        cluster.send("DELETE", &format!("{maps}/a"), &form, "propagationPolicy: Background").code,
        200
    );
}

/// Requests that a crash overtakes never arrive, and nobody hears of the others.
#[test]
fn a_crash_ends_what_is_under_way() {
    let sim = Sim::new(Options {
        latency: (Duration::from_secs(2), Duration::from_secs(2)),
        ..Options::default()
    });
    let cluster = Cluster { sim, user: people::admin() };
    let maps = "/api/v1/namespaces/default/configmaps";
    let post = |name: &str| {
        use tower::Service as _;
        let body = json!({"metadata": {"name": name}}).to_string();
        let request = http::Request::post(maps)
            .header("content-type", "application/json")
            .body(http_body_util::Full::new(bytes::Bytes::from(body)))
            .unwrap();
        cluster.sim.client_service(cluster.user.clone()).call(request)
    };
    let mut crashed = Box::pin(cluster.sim.crashed("admin"));
    let mut early = post("early");
    assert!(early.as_mut().now_or_never().is_none());
    cluster.pass(1_500);
    assert!(early.as_mut().now_or_never().is_none());
    assert!(cluster.exists(&format!("{maps}/early")), "it has arrived, and is not answered yet");
    let mut late = post("late");
    assert!(late.as_mut().now_or_never().is_none());
    assert!(crashed.as_mut().now_or_never().is_none());
    cluster.sim.crash("admin");
    assert!(crashed.as_mut().now_or_never().is_some());
    cluster.pass(10_000);
    assert!(early.now_or_never().is_none() && late.now_or_never().is_none());
    assert!(!cluster.exists(&format!("{maps}/late")));
    // The next process is answered.
    let mut next = post("next");
    assert!(next.as_mut().now_or_never().is_none());
    cluster.pass(1_500);
    assert!(next.as_mut().now_or_never().is_none());
    cluster.pass(1_500);
    assert_eq!(next.now_or_never().unwrap().unwrap().status(), 201);
}

#[test]
fn a_crash_comes_before_or_after_a_request() {
    for (fault, exists) in [(Fault::crash_before(), false), (Fault::crash_after(), true)] {
        let cluster = Cluster::new();
        let maps = "/api/v1/namespaces/default/configmaps";
        let mut watch = cluster.watch(&format!("{maps}?watch=true"));
        let next = cluster.sim.requests_of("admin");
        let plan = Plan::new().of("admin").at(next, fault);
        cluster.sim.set_faults(move |index, attributes| plan.fault(index, attributes));
        let mut crashed = Box::pin(cluster.sim.crashed("admin"));
        use tower::Service as _;
        let body = json!({"metadata": {"name": "a"}}).to_string();
        let request = http::Request::post(maps)
            .header("content-type", "application/json")
            .body(http_body_util::Full::new(bytes::Bytes::from(body)))
            .unwrap();
        let mut service = cluster.sim.client_service(cluster.user.clone());
        assert!(service.call(request).now_or_never().is_none());
        assert!(crashed.as_mut().now_or_never().is_some());
        assert_eq!(cluster.exists(&format!("{maps}/a")), exists);
        cluster.pass(1_000);
        assert_eq!(watch.next(), None, "who has crashed sees nothing more");
    }
}

/// A thousand grants that end in the same second, at the rate of a real control
/// plane: all of them end, and the simulation of it is quick.
#[test]
fn a_thousand_grants_expire() {
    let begun = Instant::now();
    let sim = cluster();
    let own = controller(&sim);
    const GRANTS: usize = 1000;
    for grant in 0..GRANTS {
        let grant = format!("g{grant}");
        let made = sim.create(&own, &switch(&grant, 600)).unwrap();
        sim.create(&own, &opening(&grant, &made)).unwrap();
    }
    let count = |resource: &str| {
        let group = if resource == "jobs" { "batch" } else { "networking.k8s.io" };
        sim.view(|view| view.list(group, resource, Some("shop")).len())
    };
    let created = begun.elapsed();
    sim.advance(Duration::from_secs(590));
    assert_eq!((count("jobs"), count("networkpolicies")), (GRANTS, GRANTS));
    let mut seconds = 0;
    while count("networkpolicies") > 0 {
        assert!(seconds < 600, "{} policies are left", count("networkpolicies"));
        sim.advance(Duration::from_secs(10));
        seconds += 10;
    }
    sim.advance(Duration::from_secs(60));
    assert_eq!(count("jobs"), 0);
    let took = begun.elapsed();
    // Two writes for each Job at 20 a second: the real one takes as long.
    assert!(seconds >= 100, "{seconds} s is faster than the rate allows");
    assert!(took < Duration::from_secs(60), "{created:?} to create, {took:?} in all");
}
