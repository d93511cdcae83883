//! Real `kubectl` against the server over HTTPS.
//!
//! Run by `cargo xtask test --tier kubectl`, since not every machine has it; which
//! one is tried is said by the variable `KUBECTL`. Versions 1.29 to 1.33 pass; what
//! is older asks for schemas in a form that is not written here.
#![cfg(test)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fallgate_sim::{HttpsServer, Options, Sim, people};
use serde_json::{Value, json};

/// A served cluster, and a directory for what kubectl keeps.
struct Cluster {
    _server: HttpsServer,
    home: PathBuf,
}

/// What a run of kubectl left behind.
#[derive(Debug)]
struct Output {
    code: i32,
    out: String,
    err: String,
}

impl Cluster {
    async fn new(name: &str) -> Cluster {
        let sim = Sim::with_fallgate(Options::default()).unwrap();
        tokio::spawn(sim.clone().follow());
        let server = sim.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kubectl-{name}"));
        if home.exists() {
            fs::remove_dir_all(&home).unwrap();
        }
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("config"), server.kubeconfig(&people::all())).unwrap();
        Cluster { _server: server, home }
    }

    fn command(&self, arguments: &str) -> Command {
        let program = env::var_os("KUBECTL").unwrap_or_else(|| OsString::from("kubectl"));
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .env("HOME", &self.home)
            .env("KUBECONFIG", self.home.join("config"))
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn kubectl_with(&self, arguments: &str, input: &str) -> Output {
        let mut command = self.command(arguments);
        let input = input.to_owned();
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap_or_else(|error| {
                panic!("{:?}: {error}; install kubectl or set KUBECTL", command.get_program())
            });
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            Output {
                code: output.status.code().unwrap(),
                out: String::from_utf8(output.stdout).unwrap(),
                err: String::from_utf8(output.stderr).unwrap(),
            }
        })
        .await
        .unwrap()
    }

    async fn kubectl(&self, arguments: &str) -> Output {
        self.kubectl_with(arguments, "").await
    }

    /// What a run that must succeed prints.
    async fn told(&self, arguments: &str) -> String {
        self.told_of(arguments, "").await
    }

    async fn told_of(&self, arguments: &str, input: &str) -> String {
        let output = self.kubectl_with(arguments, input).await;
        assert_eq!(output.code, 0, "kubectl {arguments}: {output:?}");
        output.out
    }

    /// Why a run fails that must.
    async fn refused(&self, arguments: &str, input: &str) -> String {
        let output = self.kubectl_with(arguments, input).await;
        assert_ne!(output.code, 0, "kubectl {arguments}: {output:?}");
        output.err
    }
}

/// The words of each line.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

const SWITCH: &str = "
apiVersion: batch/v1
kind: Job
metadata: {name: switch}
spec:
  parallelism: 0
  completions: 1
  activeDeadlineSeconds: 600
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: none}]
";

fn policy(switch: &Value) -> String {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": "opening",
            "ownerReferences": [{
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": "switch",
                "uid": switch["metadata"]["uid"],
            }],
        },
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "ingress": [{
                "from": [{"podSelector": {"matchLabels": {"role": "debug"}}}],
                "ports": [{"port": 5432}],
            }],
        },
    })
    .to_string()
}

const CONFIG: &str = "
apiVersion: access.fallgate.dev/v1alpha1
kind: AccessConfig
metadata: {name: default}
spec: {maxDurationSeconds: 7200, protectedLabelKeys: [role]}
";

#[tokio::test]
async fn it_shows_what_there_is() {
    let cluster = Cluster::new("shows").await;
    cluster.told("create configmap a --from-literal=k=v").await;
    let table = cluster.told("get configmaps").await;
    let rows = rows(&table);
    assert_eq!(rows[0], ["NAME", "DATA", "AGE"]);
    assert_eq!(rows[1][..2], ["a", "1"]);
    assert_eq!(cluster.told("get cm a -o jsonpath={.data.k}").await, "v");
    assert_eq!(cluster.told("get cm -A -o name").await, "configmap/a\n");
    assert!(cluster.told("get cm a -o yaml").await.contains("  k: v\n"));
    assert!(cluster.told("get namespaces --show-labels").await.contains("metadata.name=default"));
    let missing = cluster.refused("get cm b", "").await;
    assert!(
        missing.contains("Error from server (NotFound): configmaps \"b\" not found"),
        "{missing}"
    );
    assert!(cluster.told("describe configmap a").await.contains("k:\n----\nv"));
    cluster.told_of("create -f -", SWITCH).await;
    let described = cluster.told("describe job switch").await;
    assert!(described.contains("Active Deadline Seconds:  600s"), "{described}");
    assert!(cluster.told("describe namespace default").await.contains("Status:       Active"));
    assert_eq!(cluster.told("get --raw /readyz").await, "ok");
    assert!(cluster.told("version").await.contains("fallgate-sim"));
}

#[tokio::test]
async fn it_shows_our_kinds_by_their_columns_and_category() {
    let cluster = Cluster::new("kinds").await;
    cluster.told_of("create -f -", CONFIG).await;
    let all = cluster.told("get access -A").await;
    assert!(all.contains("accessconfig.access.fallgate.dev/default"), "{all}");
    let resources = cluster.told("api-resources --api-group=access.fallgate.dev").await;
    for kind in ["AccessConfig", "AccessDecision", "AccessGrant", "ClusterAccessLock"] {
        assert!(rows(&resources).iter().any(|row| row.last() == Some(&kind)), "{resources}");
    }
    let versions = cluster.told("api-versions").await;
    assert!(versions.contains("access.fallgate.dev/v1alpha1\n"), "{versions}");
    let explained = cluster.told("explain accesspolicy.spec.maxDurationSeconds").await;
    assert!(explained.contains("FIELD: maxDurationSeconds <integer>"), "{explained}");
    let explained = cluster.told("explain job.spec.activeDeadlineSeconds").await;
    assert!(explained.contains("FIELD: activeDeadlineSeconds <integer>"), "{explained}");
}

#[tokio::test]
async fn it_watches() {
    let cluster = Cluster::new("watches").await;
    let mut command = cluster.command("get configmaps -w --output-watch-events");
    let (lines, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let mut child = command.spawn().unwrap();
    let out = child.stdout.take().unwrap();
    let reader = tokio::task::spawn_blocking(move || {
        for line in BufReader::new(out).lines() {
            // Nobody listens any more when the test is done.
            let _ = lines.send(line.unwrap());
        }
    });
    cluster.told("create configmap a --from-literal=k=v").await;
    let words =
        |line: String| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    assert_eq!(words(seen.recv().await.unwrap())[..2], ["EVENT", "NAME"]);
    assert_eq!(words(seen.recv().await.unwrap())[..3], ["ADDED", "a", "1"]);
    cluster.told("delete configmap a").await;
    assert_eq!(words(seen.recv().await.unwrap())[..2], ["DELETED", "a"]);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.await.unwrap();
}

#[tokio::test]
async fn it_creates_and_deletes_and_waits_for_the_end() {
    let cluster = Cluster::new("deletes").await;
    let created = cluster.told_of("create -f -", SWITCH).await;
    assert_eq!(created, "job.batch/switch created\n");
    let again = cluster.refused("create -f -", SWITCH).await;
    assert!(again.contains("(AlreadyExists)"), "{again}");
    let switch: Value =
        serde_json::from_str(&cluster.told("get job switch -o json").await).unwrap();
    cluster.told_of("create -f -", &policy(&switch)).await;
    // kubectl deletes in the background: what the switch owns goes, too.
    assert_eq!(cluster.told("delete job switch").await, "job.batch \"switch\" deleted\n");
    cluster.told("wait --for=delete networkpolicy/opening --timeout=20s").await;
    assert_eq!(cluster.told("create namespace x").await, "namespace/x created\n");
    cluster.told("create configmap a -n x").await;
    // This one returns when the namespace has gone with all that was in it.
    cluster.told("delete namespace x").await;
    let gone = cluster.refused("get namespace x", "").await;
    assert!(gone.contains("(NotFound)"), "{gone}");
    let unknown = cluster
        .refused(
            "create -f - --validate=strict",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndada: {}\n",
        )
        .await;
    assert!(unknown.contains("unknown field \"dada\""), "{unknown}");
    let dry = cluster.told("create configmap dry --dry-run=server").await;
    assert_eq!(dry, "configmap/dry created (server dry run)\n");
    assert!(cluster.refused("get configmap dry", "").await.contains("(NotFound)"));
}

#[tokio::test]
async fn it_patches_and_applies() {
    let cluster = Cluster::new("patches").await;
    cluster.told_of("create -f -", SWITCH).await;
    let deadline = "get job switch -o jsonpath={.spec.activeDeadlineSeconds}";
    for (kind, patch, expected) in [
        ("merge", r#"{"spec":{"activeDeadlineSeconds":500}}"#, "500"),
        ("json", r#"[{"op":"replace","path":"/spec/activeDeadlineSeconds","value":400}]"#, "400"),
        ("strategic", r#"{"spec":{"activeDeadlineSeconds":300}}"#, "300"),
    ] {
        cluster.told(&format!("patch job switch --type={kind} -p {patch}")).await;
        assert_eq!(cluster.told(deadline).await, expected, "{kind}");
    }
    cluster.told("label job switch a=b").await;
    cluster.told("annotate job switch c=d").await;
    assert_eq!(cluster.told("get jobs -l a=b -o name").await, "job.batch/switch\n");

    let map = |value: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{k: {value}}}\n")
    };
    let applied = cluster.told_of("apply --server-side --field-manager=one -f -", &map("v")).await;
    assert_eq!(applied, "configmap/m serverside-applied\n");
    let conflict = cluster.refused("apply --server-side --field-manager=two -f -", &map("w")).await;
    assert!(conflict.contains("conflict with \"one\" using v1: .data.k"), "{conflict}");
    let force = "apply --server-side --field-manager=two --force-conflicts -f -";
    cluster.told_of(force, &map("w")).await;
    assert_eq!(cluster.told("get cm m -o jsonpath={.data.k}").await, "w");
    // And the old way, which works out the patch by itself.
    let old = map("v").replace("name: m", "name: old");
    assert_eq!(cluster.told_of("apply -f -", &old).await, "configmap/old created\n");
    let changed = old.replace("k: v", "j: v");
    assert_eq!(cluster.told_of("apply -f -", &changed).await, "configmap/old configured\n");
    assert_eq!(cluster.told("get cm old -o jsonpath={.data}").await, r#"{"j":"v"}"#);
    assert_eq!(cluster.told_of("apply -f -", &changed).await, "configmap/old unchanged\n");
    let mine = CONFIG.replace("7200", "3600");
    cluster.told_of("apply --server-side -f -", CONFIG).await;
    cluster.told_of("apply --server-side -f -", &mine).await;
    let ceiling = "get accessconfig default -o jsonpath={.spec.maxDurationSeconds}";
    assert_eq!(cluster.told(ceiling).await, "3600");
}

#[tokio::test]
async fn it_is_whoever_the_context_says_and_may_what_they_may() {
    let cluster = Cluster::new("people").await;
    let can = async |who: &str, what: &str| {
        cluster.kubectl(&format!("--context={who} auth can-i {what}")).await.out.trim().to_owned()
    };
    for (who, what, answer) in [
        ("admin", "delete nodes", "yes"),
        ("alice", "use accesspolicies.access.fallgate.dev/oncall-db -n shop", "yes"),
        ("alice", "approve accesspolicies.access.fallgate.dev/oncall-db -n shop", "no"),
        ("bob", "approve accesspolicies.access.fallgate.dev/oncall-db -n shop", "yes"),
        ("bob", "use accesspolicies.access.fallgate.dev/oncall-db -n shop", "no"),
        ("carol", "list accessgrants.access.fallgate.dev -A", "yes"),
        ("carol", "create accessrequests.access.fallgate.dev -n shop", "no"),
        ("mallory", "list pods", "no"),
    ] {
        assert_eq!(can(who, what).await, answer, "{who} {what}");
    }
    assert!(cluster.told("--context=alice auth whoami").await.contains("oncall"));
    let listed = cluster.told("--context=bob auth can-i --list").await;
    assert!(listed.contains("accesspolicies.access.fallgate.dev"), "{listed}");
    let refused = cluster.refused("--context=mallory get pods", "").await;
    assert!(
        refused.contains("(Forbidden)") && refused.contains("User \"mallory\" cannot list"),
        "{refused}"
    );
    let refused = cluster.refused("--context=alice --as=admin get pods", "").await;
    assert!(refused.contains("cannot impersonate resource \"users\""), "{refused}");
    assert_eq!(cluster.kubectl("--as=alice auth can-i list pods").await.out, "no\n");
    assert_eq!(cluster.kubectl("--as=a --as-group=oncall auth can-i list pods").await.out, "yes\n");
}

#[tokio::test]
async fn what_admission_refuses_it_shows_with_the_reason() {
    let cluster = Cluster::new("admission").await;
    let lock = r#"{
        "apiVersion": "access.fallgate.dev/v1alpha1", "kind": "ClusterAccessLock",
        "metadata": {"name": "stop"},
        "spec": {"lockedBy": {"username": "bob"}, "reason": "stop", "all": true}
    }"#;
    let refused = cluster.refused("create -f -", lock).await;
    assert!(refused.contains("ValidatingAdmissionPolicy 'fallgate-locks'"), "{refused}");
    cluster.told_of("create -f -", CONFIG).await;
    let marked = policy(&json!({"metadata": {"uid": "x"}})).replace(
        "\"name\":\"opening\"",
        "\"name\":\"opening\",\"labels\":{\"access.fallgate.dev/grant\":\"g\"}",
    );
    let refused = cluster.refused("create -f -", &marked).await;
    assert!(refused.contains("ValidatingAdmissionPolicy 'fallgate-managed-policies'"), "{refused}");
}

#[tokio::test]
async fn what_is_not_simulated_it_says_so() {
    let cluster = Cluster::new("unsupported").await;
    cluster.told("run p --image=x --restart=Never -- sleep 1000").await;
    cluster.told("wait --for=condition=Ready pod/p --timeout=20s").await;
    for what in ["exec p -- true", "logs p", "port-forward p 8080"] {
        let refused = cluster.refused(what, "").await;
        assert!(refused.contains("not simulated"), "{what}: {refused}");
    }
    cluster.told("delete pod p").await;
}
