//! The commands of temporary access, on the shop of the examples: from files, and
//! on a simulated cluster with its people. Where the controller would answer, the
//! tests write its answer.

use std::path::PathBuf;
use std::time::SystemTime;

use fallgate_sim::{HttpsServer, Options, Sim, UserInfo, people};
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, WatchEvent, WatchParams};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::{command, root, run, told};

const OWN: &str = "/apis/access.fallgate.dev/v1alpha1";

const FILES: [&str; 4] = ["-f", "examples/shop", "-f", "examples/shop-access"];

const PATH: [&str; 10] = [
    "-n",
    "shop",
    "--policy",
    "oncall-db",
    "--from",
    "oncall-tools/debug",
    "--to",
    "shop/db",
    "--port",
    "5432",
];

fn planned(more: &[&str]) -> (i32, String, String) {
    run(&[&["plan"], &FILES[..], &PATH, more].concat())
}

#[test]
fn a_plan_of_files_shows_exactly_what_would_change() {
    let (code, out, err) = planned(&["--for", "30m", "--ticket", "INC-7"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_data_eq!(
        out,
        str![[r#"
planned: shop/oncall-db
  path       oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp, for 30m
  opens      oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp
  closes     nothing
  creates    a NetworkPolicy for egress in oncall-tools, where default-deny isolates
             a NetworkPolicy for ingress in shop, where default-deny isolates
  decided by 1 person with the verb `approve`; in `shop` and in `oncall-tools`

"#]]
    );
}

#[test]
fn a_plan_in_json_has_the_request_and_the_policies() {
    let (code, out, _) = planned(&["--ticket", "INC-7", "-o", "json", "--as", "alice"]);
    assert_eq!(code, 0, "{out}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["schema"], "fallgate/plan/v1");
    assert_eq!(plan["outcome"], "planned");
    let items = plan["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["kind"], "AccessRequest");
    assert_eq!(items[0]["spec"]["requestedBy"]["username"], "alice");
    assert_eq!(items[0]["spec"]["ports"], json!([{"protocol": "TCP", "port": 5432}]));
    assert!(items[1..].iter().all(|item| item["kind"] == "NetworkPolicy"), "{out}");
    let opened = json!([{
        "from": {"namespace": "oncall-tools", "name": "debug", "kind": "Deployment"},
        "to": {"namespace": "shop", "name": "db", "kind": "StatefulSet"},
        "ports": [{"protocol": "TCP", "port": 5432}],
    }]);
    assert_eq!(plan["effect"], json!({"opened": opened, "closed": [], "unknown": []}));
    assert_eq!(plan["approval"]["namespaces"], json!(["shop", "oncall-tools"]));
    // Files have no uid and no generation, so that nobody could quote a hash of them.
    assert_eq!(plan["planHash"], Value::Null);
}

#[test]
fn what_would_be_refused_is_told_with_the_reason() {
    for (more, reason) in [
        (&[][..], "the policy needs a ticket"),
        (&["--ticket", "BUG-7"], "does not match the policy's pattern"),
        (&["--ticket", "INC-7", "--for", "2h"], "7200 seconds are more than 3600"),
        (&["--ticket", "INC-7", "--port", "22"], "`ports` is not within what the policy allows"),
        (&["--ticket", "INC-7", "--break-glass"], "break-glass"),
        (&["--ticket", "INC-7", "--remove", "netpol/shop/default-deny"], "isolate"),
    ] {
        let (code, out, _) = planned(more);
        assert_eq!(code, 1, "{more:?}: {out}");
        assert!(out.starts_with("refused: shop/oncall-db\n") && out.contains(reason), "{out}");
    }
    let incident = ["plan", "-n", "shop", "--policy", "incident-api"];
    let (code, out, _) = run(&[&incident[..], &FILES].concat());
    assert_eq!(code, 1);
    assert!(out.contains("have one declared"), "{out}");
}

#[test]
fn what_is_misspelt_is_no_plan() {
    let (code, _, err) = run(&[&["plan", "--policy", "oncall"][..], &FILES].concat());
    assert_eq!(code, 2);
    assert!(err.contains("there are shop/oncall-db, shop/incident-api"), "{err}");
    for (wrong, help) in [
        (&["--from", "oncall-tools/debugg"][..], "did you mean `oncall-tools/debug`?"),
        (&["--from", "oncall-tools/*"], "NAMESPACE/LABEL=VALUE"),
        (&["--from", "oncall-tools/debug", "--port", "http"], "by number"),
        (&["--for", "soon"], "must be a duration"),
    ] {
        let args = [&["plan", "--policy", "oncall-db"][..], &FILES, wrong].concat();
        let (code, _, err) = run(&args);
        assert_eq!(code, 2, "{wrong:?}");
        assert!(err.contains(help), "{wrong:?}: {err}");
    }
}

#[test]
fn a_denial_comes_with_the_request_that_would_open_it() {
    let ask = ["oncall-tools/debug", "shop/db", "5432"];
    let ready = "fallgate request -n shop --policy oncall-db --from oncall-tools/debug --to shop/db --port 5432/tcp --reason REASON --ticket TICKET";
    for command in ["can", "explain"] {
        let (code, out, _) = run(&[&[command][..], &ask, &FILES].concat());
        assert_eq!(code, 1);
        assert!(out.contains(&format!("to open it for a while: {ready}\n")), "{out}");
    }
    let json = [&["can"][..], &ask, &FILES, &["-o", "json", "--as", "alice"]].concat();
    let document: Value = serde_json::from_str(&run(&json).1).unwrap();
    let [request] = &document["requests"].as_array().unwrap()[..] else { panic!("{document}") };
    assert_eq!(request["command"], ready);
    assert_eq!(request["request"]["kind"], "AccessRequest");
    assert_eq!(request["request"]["spec"]["requestedBy"]["username"], "alice");
    let (_, out, _) =
        run(&[&["can", "oncall-tools/debug", "shop/api", "9090"][..], &FILES].concat());
    assert!(out.contains("once an incident is declared, to open it for a while: "), "{out}");
    // What no policy covers, or no policy was read for, has none.
    for args in [
        [&["can", "shop/web", "shop/db", "5432"][..], &FILES].concat(),
        [&["can", "oncall-tools/debug", "shop/db", "22"][..], &FILES].concat(),
        [&["can"][..], &ask, &FILES[..2]].concat(),
    ] {
        let (code, out, _) = run(&args);
        assert_eq!(code, 1, "{args:?}");
        assert!(!out.contains("fallgate request"), "{out}");
    }
}

/// The shop in a simulated cluster, with a kubeconfig in which each person has a
/// context.
pub(super) struct Shop {
    sim: Sim,
    home: PathBuf,
    server: HttpsServer,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

impl Shop {
    pub(super) async fn new(name: &str) -> Shop {
        // The program asks the machine's clock, and must agree with the server's.
        let start = SystemTime::now().try_into().unwrap();
        let sim = Sim::with_fallgate(Options { start, ..Options::default() }).unwrap();
        for folder in ["shop", "shop-access"] {
            let folder = root().join("examples").join(folder);
            let mut files: Vec<PathBuf> =
                std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            // Namespaces come first, as they must.
            files.sort_by_key(|path| (!path.ends_with("namespaces.yaml"), path.clone()));
            for file in files.iter().filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
                let text = std::fs::read_to_string(file).unwrap();
                for object in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                    if let Err(refusal) = sim.create(&people::admin(), &object) {
                        let why = format!("{refusal:?}");
                        let harmless = ["AlreadyExists", "no matches for kind"];
                        assert!(harmless.iter().any(|part| why.contains(part)), "{why}");
                    }
                }
            }
        }
        tokio::spawn(sim.clone().follow());
        let server = sim.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let home =
            std::env::temp_dir().join(format!("fallgate-access-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("config"), server.kubeconfig(&people::all())).unwrap();
        Shop { sim, home, server }
    }

    /// Runs the program as somebody.
    pub(super) async fn run(&self, who: &str, args: &[&str]) -> (i32, String, String) {
        let mut command = command(args);
        command.arg("--context").arg(who).env("KUBECONFIG", self.home.join("config"));
        let run = move || told(&command.output().unwrap());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// A kubeconfig with which the real controller runs, and where its record is.
    pub(super) fn of_controller(&self) -> (PathBuf, PathBuf) {
        let path = self.home.join("controller");
        let users = [("controller", self.controller())];
        std::fs::write(&path, self.server.kubeconfig(&users)).unwrap();
        (path, self.home.join("record.jsonl"))
    }

    /// Alice asks, and it is answered by whoever runs.
    pub(super) async fn asked(&self) -> String {
        let args = [&["request"], &PATH[..], &WHY, &["-o", "name"]].concat();
        let (code, out, err) = self.run("alice", &args).await;
        assert_eq!(code, 0, "{err}");
        let name = out.trim().to_owned();
        let mut changes = self.sim.revision();
        while self.only_request()["status"]["phase"] != "PendingApproval" {
            while self.sim.revision() == changes {
                tokio::task::yield_now().await;
            }
            changes = self.sim.revision();
        }
        name
    }

    /// The lease of controllers.
    pub(super) fn lease(&self) -> Value {
        let path =
            "/apis/coordination.k8s.io/v1/namespaces/fallgate-system/leases/fallgate-controller";
        self.sim.request(&people::admin(), "GET", path, None).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        self.sim.request(&people::admin(), "GET", &format!("{OWN}/{path}"), None).unwrap()
    }

    fn controller(&self) -> UserInfo {
        self.sim.service_account("fallgate-system", "fallgate-controller").unwrap()
    }

    /// What the controller would say.
    fn answer(&self, plural: &str, name: &str, status: Value) -> Value {
        let mut object = self.get(&format!("namespaces/shop/{plural}/{name}"));
        object["status"] = status;
        let path = format!("{OWN}/namespaces/shop/{plural}/{name}/status");
        self.sim.request(&self.controller(), "PUT", &path, Some(&object)).unwrap()
    }

    /// Waits for the next object of a kind, and has the controller answer it.
    async fn answered(&self, kind: &str, status: impl Fn(&Shop, &Value) -> Value) -> String {
        let client = kube::Client::new(self.sim.client_service(self.controller()), "shop");
        let kind = GroupVersionKind::gvk("access.fallgate.dev", "v1alpha1", kind);
        let resource = ApiResource::from_gvk(&kind);
        let api: Api<DynamicObject> = Api::namespaced_with(client, "shop", &resource);
        let mut events = api.watch(&WatchParams::default(), "0").await.unwrap().boxed();
        loop {
            let event = events.try_next().await.unwrap().unwrap();
            let WatchEvent::Added(object) = event else { continue };
            let object = serde_json::to_value(&object).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            self.answer(&resource.plural, &name, status(self, &object));
            return name;
        }
    }

    /// A request of alice's that waits for people.
    async fn pending(&self) -> String {
        let asked = [&["request"], &PATH[..], &WHY, &["-o", "name"]].concat();
        let (code, out, err) = self.run("alice", &asked).await;
        assert_eq!(code, 0, "{err}");
        let name = out.trim().to_owned();
        self.answer("accessrequests", &name, pending());
        name
    }

    /// The only request that there is.
    fn only_request(&self) -> Value {
        let all = self.get("namespaces/shop/accessrequests");
        let [one] = &all["items"].as_array().unwrap()[..] else { panic!("{all}") };
        one.clone()
    }

    /// The grant of a request, as the controller makes it.
    fn granted(&self, request: &Value) -> Value {
        let mut policy = plan()["policy"].clone();
        let named = self.get("namespaces/shop/accesspolicies/oncall-db");
        policy["uid"] = named["metadata"]["uid"].clone();
        let grant = json!({
            "apiVersion": "access.fallgate.dev/v1alpha1",
            "kind": "AccessGrant",
            "metadata": {"namespace": "shop", "name": request["metadata"]["name"]},
            "spec": {
                "requestRef": {
                    "namespace": "shop",
                    "name": request["metadata"]["name"],
                    "uid": request["metadata"]["uid"],
                },
                "requestedBy": {"username": "alice", "uid": request["spec"]["requestedBy"]["uid"]},
                "policy": policy,
                "planHash": HASH,
                "approved": plan()["request"],
                "effect": plan()["effect"],
                "policies": [],
                "namespaces": ["shop"],
                "ticket": "INC-7",
            },
        });
        let grant = self.sim.create(&self.controller(), &grant).unwrap();
        let name = grant["metadata"]["name"].as_str().unwrap();
        self.answer("accessgrants", name, json!({"phase": "Active", "expiresAt": END}))
    }

    /// What a request says of its grant, which is open.
    fn active(&self, request: &Value) -> Value {
        let grant = self.granted(request);
        let named = json!({"name": grant["metadata"]["name"], "uid": grant["metadata"]["uid"]});
        json!({"phase": "Active", "grantRef": named, "plan": plan(), "planHash": HASH})
    }
}

const WHY: [&str; 4] = ["--reason", "slow queries", "--ticket", "INC-7"];
const HASH: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const END: &str = "2031-01-01T00:00:00Z";

fn plan() -> Value {
    json!({
        "request": {
            "from": {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
            "to": {"namespace": "shop", "podSelector": {"matchLabels": {"app": "db"}}},
            "ports": [{"protocol": "TCP", "port": 5432}],
            "durationSeconds": 1800,
        },
        "policy": {"kind": "AccessPolicy", "name": "oncall-db", "uid": "u", "generation": 1},
        "policies": [],
        "effect": {
            "opened": [{
                "from": {"namespace": "oncall-tools", "name": "debug", "kind": "Deployment"},
                "to": {"namespace": "shop", "name": "db", "kind": "StatefulSet"},
                "ports": [{"protocol": "TCP", "port": 5432}],
            }],
            "closed": [],
            "unknown": [],
        },
        "decisionNamespaces": ["shop", "oncall-tools"],
        "unprotectedSelectorKeys": [],
        "isolation": [{"namespace": "shop", "direction": "Ingress", "baseline": ["default-deny"]}],
    })
}

fn pending() -> Value {
    json!({
        "phase": "PendingApproval",
        "message": "waits for 1 approval in shop",
        "plan": plan(),
        "planHash": HASH,
    })
}

#[tokio::test]
async fn a_preview_is_certain_only_with_every_right() {
    let shop = Shop::new("preview").await;
    let ask = [&["plan"], &PATH[..], &["--ticket", "INC-7", "-o", "json"]].concat();
    let (code, out, err) = shop.run("alice", &ask).await;
    assert_eq!(code, 0, "{out}{err}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["outcome"], "planned");
    assert!(plan["planHash"].as_str().unwrap().starts_with("sha256:"), "{out}");
    let alice = people::alice();
    let requested_by = &plan["items"][0]["spec"]["requestedBy"];
    assert_eq!(
        *requested_by,
        json!({"username": "alice", "uid": alice.uid, "groups": alice.groups})
    );

    // Who may not request, and who may not see all that it depends on.
    let unsure = |run: (i32, String, String), why: &str| {
        let (code, out, _) = run;
        assert_eq!(code, 3, "{out}");
        let plan: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(plan["outcome"], "planned");
        assert_eq!(plan["planHash"], Value::Null);
        assert!(plan["notes"].to_string().contains(why), "{out}");
    };
    unsure(shop.run("carol", &ask).await, "you lack the verb `use` on policy `oncall-db`");
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/oncall-see-nodes";
    shop.sim.request(&people::admin(), "DELETE", binding, None).unwrap();
    unsure(shop.run("alice", &ask).await, "not everything that the effect depends on");

    // Who may read nothing is told so, and that is no refusal.
    let (code, out, err) = shop.run("mallory", &ask).await;
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("oncall-db") && err.contains("not allowed"), "{err}");
    // Nothing was changed by asking.
    assert_eq!(shop.get("accessrequests")["items"], json!([]));
}

#[tokio::test]
async fn a_request_is_made_in_the_callers_own_name() {
    let shop = Shop::new("request").await;
    let ask = [&["request"], &PATH[..], &WHY, &["--for", "15m"]].concat();
    let (code, out, err) = shop.run("alice", &ask).await;
    assert_eq!(code, 0, "{err}");
    let request = shop.only_request();
    let name = request["metadata"]["name"].as_str().unwrap();
    assert_eq!(out, format!("requested: shop/{name}\n"));
    // What it would open stands before it.
    assert!(
        err.contains("opens      oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp"),
        "{err}"
    );
    let alice = people::alice();
    let spec = json!({
        "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
        "requestedBy": {"username": "alice", "uid": alice.uid, "groups": alice.groups},
        "from": {"namespace": "oncall-tools", "workload": {"kind": "Deployment", "name": "debug"}},
        "to": {"namespace": "shop", "workload": {"kind": "StatefulSet", "name": "db"}},
        "ports": [{"protocol": "TCP", "port": 5432}],
        "durationSeconds": 900,
        "reason": "slow queries",
        "ticket": "INC-7",
    });
    assert_eq!(request["spec"], spec);
}

#[tokio::test]
async fn a_request_that_would_be_refused_is_not_made() {
    let shop = Shop::new("refused").await;
    // Bob has no right to request, which only the API server tells.
    let ask = [&["request"], &PATH[..], &WHY].concat();
    let (code, out, err) = shop.run("bob", &ask).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("not allowed") || err.contains("lacks the verb `use`"), "{err}");
    // Admin may read everything, so that the preview is certain.
    let ask = [&["request"], &PATH[..], &["--reason", "none"]].concat();
    let (code, out, err) = shop.run("admin", &ask).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("the policy needs a ticket"), "{err}");
    assert_eq!(shop.get("accessrequests")["items"], json!([]));
    let (code, _, err) = shop.run("alice", &[&["request"], &PATH[..]].concat()).await;
    assert_eq!(code, 2);
    assert!(err.contains("--reason"), "{err}");
}

#[tokio::test]
async fn waiting_ends_as_the_request_does() {
    let shop = Shop::new("wait").await;
    let ask = [&["request"], &PATH[..], &WHY, &["--wait"]].concat();
    let open = |shop: &Shop, request: &Value| shop.active(request);
    let (ran, name) = tokio::join!(shop.run("alice", &ask), shop.answered("AccessRequest", open));
    let (code, out, err) = ran;
    assert_eq!((code, out), (0, format!("Active: shop/{name}, until {END}\n")), "{err}");

    let shop = Shop::new("wait-denied").await;
    let deny = |_: &Shop, _: &Value| json!({"phase": "Denied", "message": "bob denied it: no"});
    let (ran, name) = tokio::join!(shop.run("alice", &ask), shop.answered("AccessRequest", deny));
    assert_eq!((ran.0, ran.1), (1, format!("Denied: shop/{name}: bob denied it: no\n")));

    let shop = Shop::new("wait-long").await;
    let (code, out, _) = shop.run("alice", &[&ask[..], &["--timeout", "0s"]].concat()).await;
    assert_eq!(code, 3);
    assert!(out.starts_with("Pending: shop/oncall-db-"), "{out}");
}

#[tokio::test]
async fn an_inbox_has_what_somebody_else_asked_for() {
    let shop = Shop::new("inbox").await;
    let (code, out, err) = shop.run("bob", &["requests", "--can-approve", "-A"]).await;
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "", "no request waits for you in any namespace\n")
    );
    let name = shop.pending().await;
    let names = ["requests", "--can-approve", "-A", "-o", "name"];
    assert_eq!(shop.run("bob", &names).await.1, format!("{name}\n"));
    // Neither the requester nor who lacks the verb.
    assert_eq!(shop.run("alice", &names).await.1, "");
    assert_eq!(shop.run("carol", &names).await.1, "");
    let (code, out, _) = shop.run("carol", &["requests", "-n", "shop"]).await;
    assert_eq!(code, 0);
    assert_data_eq!(
        out,
        str![[r#"
NAME[..]
oncall-db-[..]   PendingApproval   alice       oncall-db   oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp   30m   INC-7    slow queries

"#]]
    );
    let (code, out, _) = shop.run("carol", &["requests", "-n", "shop", &name]).await;
    assert_eq!(code, 0);
    assert_data_eq!(
        out,
        str![[r#"
PendingApproval: shop/oncall-db-[..]: waits for 1 approval in shop
  requester  alice
  policy     oncall-db
  reason     slow queries
  ticket     INC-7
  path       oncall-tools/role=debug -> shop/app=db 5432/tcp, for 30m
  opens      oncall-tools/Deployment/debug -> shop/StatefulSet/db 5432/tcp
  closes     nothing
  creates    a NetworkPolicy for ingress in shop, where default-deny isolates

"#]]
    );
    let (code, _, err) = shop.run("carol", &["requests", "-n", "shop", "oncall-db"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("there is no AccessRequest `shop/oncall-db`"), "{err}");
}

#[tokio::test]
async fn what_is_open_is_listed() {
    let shop = Shop::new("grants").await;
    let name = shop.pending().await;
    shop.granted(&shop.only_request());
    let (code, out, _) = shop.run("carol", &["grants", "-A"]).await;
    assert_eq!(code, 0);
    assert_data_eq!(
        out,
        str![[r#"
NAMESPACE   NAME[..]
shop        oncall-db-[..]   Active   alice       oncall-db   oncall-tools/role=debug -> shop/app=db 5432/tcp   2031-01-01T00:00:00Z   -       INC-7

"#]]
    );
    let (_, out, _) = shop.run("carol", &["grants", "-n", "shop", &name, "-o", "json"]).await;
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "fallgate/grants/v1");
    assert_eq!(document["items"][0]["kind"], "AccessGrant");
    assert_eq!(document["effect"]["opened"][0]["to"]["name"], "db");
    shop.answer(
        "accessgrants",
        &name,
        json!({"phase": "Ended", "endReason": "Expired", "expiresAt": END}),
    );
    let listed = ["grants", "-n", "shop", "-o", "name"];
    assert_eq!(shop.run("carol", &listed).await.1, "");
    assert_eq!(
        shop.run("carol", &[&listed[..], &["--ended"]].concat()).await.1,
        format!("{name}\n")
    );
}

impl Shop {
    fn decisions(&self, namespace: &str) -> Vec<Value> {
        let all = self.get(&format!("namespaces/{namespace}/accessdecisions"));
        all["items"].as_array().unwrap().iter().map(|decision| decision["spec"].clone()).collect()
    }
}

#[tokio::test]
async fn an_approval_is_bound_to_what_was_shown() {
    let shop = Shop::new("approve").await;
    let name = shop.pending().await;
    let approve = ["approve", "-n", "shop", &name, "--reason", "ok"];
    let narrower = ["--for", "15m", "--narrow", "from=oncall-tools/debug", "--narrow", "port=5432"];
    let (code, out, err) = shop.run("bob", &[&approve[..], &narrower].concat()).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, format!("approved: shop/{name}, in shop and in oncall-tools\n"));
    assert!(err.contains("opens      oncall-tools/Deployment/debug"), "{err}");
    let request = shop.only_request();
    let bob = people::bob();
    let expected = json!({
        "requestRef": {"namespace": "shop", "name": name, "uid": request["metadata"]["uid"]},
        "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
        "requestedBy": {"username": "alice", "uid": people::alice().uid},
        "decidedBy": {"username": "bob", "uid": bob.uid, "groups": bob.groups},
        "verdict": "Approved",
        "planHash": HASH,
        "reason": "ok",
        "durationSeconds": 900,
        "from": {"namespace": "oncall-tools", "workload": {"kind": "Deployment", "name": "debug"}},
        "ports": [{"protocol": "TCP", "port": 5432}],
    });
    // The path has an end in each.
    assert_eq!(shop.decisions("shop"), std::slice::from_ref(&expected));
    assert_eq!(shop.decisions("oncall-tools"), [expected]);
}

#[tokio::test]
async fn who_may_not_decide_is_told_why() {
    let shop = Shop::new("may-not").await;
    let asked = [&["request"], &PATH[..], &WHY, &["-o", "name"]].concat();
    let name = shop.run("alice", &asked).await.1.trim().to_owned();
    let approve = ["approve", "-n", "shop", &name, "--reason", "ok"];
    let early = shop.run("bob", &approve).await;
    assert_eq!(early.0, 2);
    assert!(early.2.contains("is not planned yet"), "{}", early.2);
    shop.answer("accessrequests", &name, pending());
    for (who, why) in [
        ("alice", "is your own request, which nobody approves"),
        ("carol", "you lack the verb `approve` on policy `oncall-db` in shop and in oncall-tools"),
        ("mallory", "not allowed"),
    ] {
        let (code, out, err) = shop.run(who, &approve).await;
        assert_eq!((code, out.as_str()), (2, ""), "{who}");
        assert!(err.contains(why), "{who}: {err}");
    }
    // The API server itself refuses these.
    let deny = ["deny", "-n", "shop", &name, "--reason", "no"];
    let (code, _, err) = shop.run("alice", &deny).await;
    assert_eq!(code, 2);
    assert!(err.contains("alice lacks the verb `approve`"), "{err}");
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "no"];
    let (code, _, err) = shop.run("bob", &revoke).await;
    assert_eq!(code, 2);
    assert!(err.contains("bob lacks the verb `revoke`"), "{err}");
    let (code, _, err) = shop.run("bob", &["withdraw", "-n", "shop", &name]).await;
    assert_eq!(code, 2);
    assert!(err.contains("who alone withdraws it"), "{err}");
    assert_eq!(shop.decisions("shop"), [] as [Value; 0]);

    // What has an end stays as it is.
    let mut denied = pending();
    denied["phase"] = json!("Denied");
    shop.answer("accessrequests", &name, denied);
    for args in [&approve[..], &deny, &revoke] {
        let (code, _, err) = shop.run("bob", args).await;
        assert_eq!(code, 2, "{args:?}");
        assert!(err.contains("Denied"), "{args:?}: {err}");
    }
}

#[tokio::test]
async fn a_request_is_denied_withdrawn_and_given_back() {
    let shop = Shop::new("verdicts").await;
    let name = shop.pending().await;
    let (code, out, err) = shop.run("bob", &["deny", "-n", "shop", &name, "--reason", "no"]).await;
    assert_eq!((code, out), (0, format!("denied: shop/{name}\n")), "{err}");
    let (code, out, _) = shop.run("alice", &["withdraw", "-n", "shop", &name, "-o", "json"]).await;
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "fallgate/withdraw/v1");
    assert_eq!(document["items"][0]["kind"], "AccessDecision");
    assert_eq!(document["items"][0]["spec"]["verdict"], "Withdrawn");
    // Whoever requested revokes without any other right.
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "done"];
    assert_eq!(shop.run("alice", &revoke).await.1, format!("revoked: shop/{name}\n"));
    let mut verdicts: Vec<String> = shop
        .decisions("shop")
        .iter()
        .map(|spec| format!("{} by {}", spec["verdict"], spec["decidedBy"]["username"]))
        .collect();
    verdicts.sort();
    assert_eq!(
        verdicts,
        [r#""Denied" by "bob""#, r#""Revoked" by "alice""#, r#""Withdrawn" by "alice""#]
    );
}

/// Without it, who opened before anybody agreed does not do so again.
#[tokio::test]
async fn break_glass_is_reviewed_by_somebody_else() {
    let shop = Shop::new("review").await;
    let name = shop.pending().await;
    let review =
        |name: &str| ["review", "-n", "shop", name, "--reason", "justified"].map(str::to_owned);
    let (code, _, err) = shop.run("admin", &review(&name).each_ref().map(String::as_str)).await;
    assert_eq!(code, 2);
    assert!(err.contains("is no break-glass"), "{err}");
    let mut request = shop.only_request();
    let policy = format!("{OWN}/namespaces/shop/accesspolicies/oncall-db");
    let glass =
        json!({"spec": {"breakGlass": {"maxDurationSeconds": 600, "reviewWithinSeconds": 3600}}});
    shop.sim.request(&people::admin(), "PATCH", &policy, Some(&glass)).unwrap();
    let admin = people::admin();
    request["metadata"] = json!({"name": "glass", "namespace": "shop"});
    request["spec"]["breakGlass"] = json!(true);
    request["spec"]["durationSeconds"] = json!(300);
    request["spec"]["requestedBy"] =
        json!({"username": admin.username, "uid": admin.uid, "groups": admin.groups});
    request.as_object_mut().unwrap().remove("status");
    shop.sim.create(&admin, &request).unwrap();
    let glass = review("glass");
    let glass = glass.each_ref().map(String::as_str);
    for (who, why) in [
        ("bob", "bob lacks the verb `revoke`"),
        ("admin", "nobody approves or reviews their own request"),
    ] {
        let (code, _, err) = shop.run(who, &glass).await;
        assert_eq!(code, 2, "{who}");
        assert!(err.contains(why), "{err}");
    }
    assert_eq!(shop.decisions("shop"), [] as [Value; 0]);
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "security"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "fallgate-security"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory"}],
    });
    shop.sim.create(&people::admin(), &binding).unwrap();
    let (code, out, err) = shop.run("mallory", &glass).await;
    assert_eq!((code, out.as_str()), (0, "reviewed: shop/glass\n"), "{err}");
    let [decision] = &shop.decisions("shop")[..] else { panic!() };
    assert_eq!(decision["verdict"], "Reviewed");
    assert_eq!(decision["decidedBy"]["username"], "mallory");
}

#[tokio::test]
async fn revoking_waits_until_all_is_closed() {
    let shop = Shop::new("revoke").await;
    let name = shop.pending().await;
    let active = shop.active(&shop.only_request());
    shop.answer("accessrequests", &name, active);
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "done", "--wait"];
    let (code, out, _) = shop.run("admin", &[&revoke[..], &["--timeout", "0s"]].concat()).await;
    assert_eq!((code, out), (3, format!("Active: shop/{name}\n")));
    let ended = async {
        let client = kube::Client::new(shop.sim.client_service(shop.controller()), "shop");
        let kind = GroupVersionKind::gvk("access.fallgate.dev", "v1alpha1", "AccessDecision");
        let api: Api<DynamicObject> =
            Api::namespaced_with(client, "shop", &ApiResource::from_gvk(&kind));
        let mut events = api.watch(&WatchParams::default(), "0").await.unwrap().boxed();
        // The first one is there already; the second is what is waited for.
        for _ in 0..2 {
            events.try_next().await.unwrap().unwrap();
        }
        shop.answer(
            "accessgrants",
            &name,
            json!({"phase": "Ended", "endReason": "Revoked", "expiresAt": END}),
        );
    };
    let ((code, out, err), ()) = tokio::join!(shop.run("admin", &revoke), ended);
    assert_eq!((code, out), (0, format!("Ended: shop/{name}\n")), "{err}");
}

/// A grant without its request can be revoked as any other: it says whose it is.
#[tokio::test]
async fn a_grant_whose_request_is_gone_is_revoked() {
    let shop = Shop::new("orphan").await;
    let name = shop.pending().await;
    let active = shop.active(&shop.only_request());
    shop.answer("accessrequests", &name, active);
    let request = shop.only_request();
    // Only who takes the guard away can delete it.
    let guard = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/fallgate-retention";
    let admin = people::admin();
    shop.sim.request(&admin, "DELETE", guard, None).unwrap();
    let path = format!("{OWN}/namespaces/shop/accessrequests/{name}");
    shop.sim.request(&admin, "DELETE", &path, None).unwrap();
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "done"];
    let (code, out, err) = shop.run("alice", &revoke).await;
    assert_eq!((code, out), (0, format!("revoked: shop/{name}\n")), "{err}");
    assert!(err.contains("is gone"), "{err}");
    let [decision] = &shop.decisions("shop")[..] else { panic!() };
    assert_eq!(decision["requestRef"]["uid"], request["metadata"]["uid"]);
    assert_eq!(decision["requestedBy"]["uid"], request["spec"]["requestedBy"]["uid"]);
    assert_eq!(decision["verdict"], "Revoked");
    // What is over, and what never was, is told as that.
    shop.answer(
        "accessgrants",
        &name,
        json!({"phase": "Ended", "endReason": "Revoked", "expiresAt": END}),
    );
    let (code, _, err) = shop.run("alice", &revoke).await;
    assert_eq!(code, 2);
    assert!(err.contains("is Ended already"), "{err}");
    let (code, _, err) =
        shop.run("alice", &["revoke", "-n", "shop", "no-such", "--reason", "done"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("there is no AccessGrant `shop/no-such`"), "{err}");
}

#[tokio::test]
async fn an_extension_asks_for_what_was_approved() {
    let shop = Shop::new("extend").await;
    let name = shop.pending().await;
    let active = shop.active(&shop.only_request());
    shop.answer("accessrequests", &name, active);
    let extend =
        ["extend", "-n", "shop", &name, "--for", "15m", "--reason", "still looking", "-o", "name"];
    let (code, out, err) = shop.run("alice", &extend).await;
    assert_eq!(code, 0, "{err}");
    let next = shop.get(&format!("namespaces/shop/accessrequests/{}", out.trim()));
    let grant = shop.get(&format!("namespaces/shop/accessgrants/{name}"));
    assert_eq!(next["spec"]["extends"], json!({"grant": name, "uid": grant["metadata"]["uid"]}));
    assert_eq!(next["spec"]["from"], plan()["request"]["from"]);
    assert_eq!(next["spec"]["durationSeconds"], 900);
    assert_eq!(next["spec"]["ticket"], "INC-7");
    let (code, _, err) = shop.run("bob", &extend).await;
    assert_eq!(code, 2);
    assert!(err.contains("who alone extends it"), "{err}");
}

#[tokio::test]
async fn locks_stop_one_or_all() {
    let shop = Shop::new("locks").await;
    for (args, path, whose) in [
        (&["--user", "alice", "--for", "1h"][..], "clusteraccesslocks", json!({"user": "alice"})),
        (&["-n", "shop"], "namespaces/shop/accesslocks", json!({"all": true})),
        (
            &["-n", "oncall-tools", "--policy", "db"],
            "namespaces/oncall-tools/accesslocks",
            json!({"policyRef": {"kind": "AccessPolicy", "name": "db"}}),
        ),
    ] {
        let lock = [&["lock", "--reason", "stop", "-o", "name"], args].concat();
        let (code, out, err) = shop.run("admin", &lock).await;
        assert_eq!(code, 0, "{err}");
        let name = out.trim();
        let spec = shop.get(&format!("{path}/{name}"))["spec"].clone();
        for (key, value) in whose.as_object().unwrap() {
            assert_eq!(spec[key], *value, "{args:?}");
        }
        assert_eq!(spec["expiresAt"].is_string(), args.contains(&"--for"));
        assert_eq!(spec["lockedBy"]["username"], people::admin().username);
        let place: &[&str] = if path.starts_with("cluster") { &[] } else { &args[..2] };
        let (code, _, err) = shop.run("admin", &[&["unlock", name], place].concat()).await;
        assert_eq!(code, 0, "{err}");
        // What it owns goes first, and it owns nothing.
        let left = shop.get(path)["items"].clone();
        let going = |lock: &Value| lock["metadata"]["deletionTimestamp"].is_string();
        assert!(left.as_array().unwrap().iter().all(going), "{left}");
    }
    for (args, why) in [
        (&["lock", "--reason", "x"][..], "what is to be stopped is not said"),
        (&["lock", "--reason", "x", "--policy", "db"], "which namespace policy `db` is in"),
        (&["unlock", "nothing"], "there is no ClusterAccessLock `nothing`"),
    ] {
        let (code, _, err) = shop.run("admin", args).await;
        assert_eq!(code, 2);
        assert!(err.contains(why), "{err}");
    }
    let (code, _, err) = shop.run("alice", &["lock", "--all", "--reason", "x"]).await;
    assert_eq!(code, 2);
    assert!(err.contains("not allowed"), "{err}");
}

#[tokio::test]
async fn an_incident_enables_and_its_end_is_said() {
    let shop = Shop::new("incident").await;
    let plan = ["plan", "-n", "shop", "--policy", "incident-api"];
    let (code, out, _) = shop.run("admin", &plan).await;
    assert_eq!(code, 1);
    assert!(out.contains("have one declared"), "{out}");
    let open = ["incident", "open", "-n", "shop", "--ticket", "INC-7", "--for", "4h"];
    let (code, out, err) = shop.run("bob", &[&open[..], &["-o", "name"]].concat()).await;
    assert_eq!(code, 0, "{err}");
    let name = out.trim();
    assert_eq!(shop.run("admin", &plan).await.0, 0);
    let list = ["incident", "list", "-A", "-o", "name"];
    assert_eq!(shop.run("carol", &list).await.1, format!("{name}\n"));
    // Whoever declares it does not thereby enable themselves, and alice may not.
    let (code, _, err) = shop.run("alice", &open).await;
    assert_eq!(code, 2);
    assert!(err.contains("not allowed") || err.contains("lacks the verb"), "{err}");
    let close = ["incident", "close", "-n", "shop", "--ticket", "INC-7"];
    let (code, out, err) = shop.run("bob", &close).await;
    assert_eq!((code, out), (0, format!("resolved: shop/{name}\n")), "{err}");
    assert_eq!(shop.run("carol", &list).await.1, "");
    let (code, _, err) = shop.run("bob", &close).await;
    assert_eq!(code, 2);
    assert!(err.contains("no incident of ticket `INC-7` is open"), "{err}");
}
