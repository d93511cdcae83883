//! The demo: its story, and the shop that stays up, with the program itself as
//! its people.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use snapbox::{assert_data_eq, file};

use super::{command, run, told};

#[test]
fn the_story_holds_and_is_told_the_same_each_time() {
    let (code, out, err) = run(&["demo", "--script"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert_data_eq!(out, file!["../data/demo.txt"].raw());
}

#[test]
fn the_story_in_json_has_each_step() {
    let (code, out, _) = run(&["demo", "--script", "-o", "json"]);
    assert_eq!(code, 0);
    let story: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(story["schema"], "fallgate/demo/v1");
    assert_eq!(story["holds"], true);
    let steps = story["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 15);
    assert!(steps.iter().all(|step| step["holds"] == true), "{out}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for wrong in [
        &["demo", "--script", "--port", "7"][..],
        &["demo", "-o", "json"],
        &["demo", "--port", "70000"],
        &["demo", "-n", "shop"],
        &["demo", "--kubeconfig-out", "README.md"],
        &["panic"],
        &["panic", "--reason", "x", "--for", "soon"],
        &["panic", "--reason", "x", "-n", "shop"],
        &["with", "--policy", "p", "--reason", "x"],
        &["with", "--policy", "p", "--", "true"],
        &["grants", "-w", "-o", "json"],
        &["controller", "--log", "xml"],
        &["rehearse"],
        &["rehearse", "examples/shop/shop.yaml"],
        &["rehearse", "examples/shop-rehearsal/scenario.yaml", "--context", "staging"],
    ] {
        let (code, out, err) = run(wrong);
        assert_eq!((code, out.as_str()), (2, ""), "{wrong:?}");
        assert!(err.starts_with("error: "), "{wrong:?}: {err}");
    }
    let readme = std::fs::read_to_string(super::root().join("README.md")).unwrap();
    assert!(readme.starts_with("# Fallgate"), "it was written over");
}

#[test]
fn a_rehearsal_holds_or_says_what_does_not() {
    let (code, out, _) = run(&["rehearse", "examples/shop-rehearsal/scenario.yaml"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("holds  shop/incident-api opens exactly what is expected"), "{out}");
    assert!(out.contains("the cluster is as it was"), "{out}");
    let killed = ["rehearse", "examples/shop-rehearsal/controller-killed.yaml", "-o", "json"];
    let (code, out, _) = run(&killed);
    assert_eq!(code, 0, "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["schema"], "fallgate/rehearse/v1");
    assert!(out.contains("by the switches, with the controller killed"), "{out}");

    let home = Home::new("rehearsal");
    let scenario = std::fs::read_to_string(
        super::root().join("examples/shop-rehearsal/controller-killed.yaml"),
    );
    let examples = super::root().join("examples");
    let wrong = scenario
        .unwrap()
        .replace("../", &format!("{}/", examples.display()))
        .replace("shop/db 5432/tcp", "shop/db 5433/tcp")
        .replace("end: killed ", "end: panic ");
    let (path, record) = (home.path("wrong.yaml"), home.path("record.jsonl"));
    std::fs::write(&path, wrong).unwrap();
    let (path, record) = (path.to_str().unwrap(), record.to_str().unwrap());
    let (code, out, _) = run(&["rehearse", path, "--record", record]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("fails  shop/oncall-db opens exactly what is expected"), "{out}");
    assert!(out.contains("5433/tcp"), "{out}");
    let (code, out, _) = run(&["ledger", "verify", record]);
    assert_eq!(code, 0, "{out}");
}

/// A directory that goes with the test.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Home {
        let path = std::env::temp_dir().join(format!("fallgate-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Home(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A demo that is up.
struct Demo {
    child: Child,
    kubeconfig: PathBuf,
    record: PathBuf,
    _home: Home,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Demo {
    fn new(name: &str) -> Demo {
        let home = Home::new(name);
        let kubeconfig = home.path("config");
        let mut child = command(&["demo", "--kubeconfig-out", kubeconfig.to_str().unwrap()])
            .env("TMPDIR", &home.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let record = loop {
            let line = lines.next().expect("the demo ended").unwrap();
            if let Some(record) = line.trim().strip_prefix("record ") {
                break PathBuf::from(record.trim());
            }
        };
        // What it says after that is read to its end, so that it can go on.
        assert!(lines.by_ref().map(Result::unwrap).any(|line| line.contains("ledger show")));
        Demo { child, kubeconfig, record, _home: home }
    }

    fn ask(&self, who: &str, args: &[&str]) -> Command {
        let mut asked = command(&[&["--context", who], args].concat());
        asked.env("KUBECONFIG", &self.kubeconfig);
        asked
    }

    fn run(&self, who: &str, args: &[&str]) -> (i32, String, String) {
        told(&self.ask(who, args).output().unwrap())
    }

    fn verdict(&self) -> i32 {
        self.run("alice", &["can", "oncall-tools/debug", "shop/db", "5432"]).0
    }

    /// Bob looks until somebody asks something of him.
    fn inbox(&self) -> String {
        for _ in 0..2_000 {
            let (code, out, err) =
                self.run("bob", &["requests", "--can-approve", "-A", "-o", "name"]);
            assert_eq!(code, 0, "{err}");
            if !out.is_empty() {
                return out.trim().to_owned();
            }
        }
        panic!("nobody asks bob");
    }
}

fn terminate(child: &mut Child) -> i32 {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    child.wait().unwrap().code().unwrap()
}

const ASK: [&str; 14] = [
    "request",
    "-n",
    "shop",
    "--policy",
    "oncall-db",
    "--from",
    "oncall-tools/debug",
    "--to",
    "shop/db",
    "--for",
    "10m",
    "--ticket",
    "INC-7",
    "--wait",
];

#[test]
fn people_open_and_close_a_path_in_a_demo_that_is_up() {
    let mut demo = Demo::new("live");
    assert_eq!(demo.verdict(), 1, "closed before");
    let asks = [&ASK[..], &["--reason", "slow queries", "--timeout", "2m"]].concat();
    let asked = demo.ask("alice", &asks).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let name = demo.inbox();
    let own = ["approve", "-n", "shop", &name, "--reason", "trust me"];
    assert_eq!(demo.run("alice", &own).0, 2, "one's own request");
    let (code, _, err) = demo.run("bob", &["approve", "-n", "shop", &name, "--reason", "seen"]);
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = told(&asked.unwrap().wait_with_output().unwrap());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with(&format!("Active: shop/{name}")), "{out}");
    assert_eq!(demo.verdict(), 0, "open");
    let (code, out, _) = demo.run("carol", &["grants", "-A", "-o", "name"]);
    assert_eq!((code, out.trim()), (0, &*name));
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "done", "--wait", "--timeout", "1m"];
    let (code, out, err) = demo.run("alice", &revoke);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(demo.verdict(), 1, "closed again");

    // For one command, whose exit code counts, and which sees an open path.
    let path = ["with", "-n", "shop", "--policy", "oncall-metrics", "--reason", "a look"];
    let more = ["--for", "5m", "--ticket", "INC-7", "--timeout", "1m", "--"];
    let look = ["sh", "-c", "echo looking; exit 7"];
    let (code, out, err) = demo.run("alice", &[&path[..], &more, &look].concat());
    assert_eq!((code, out.as_str()), (7, "looking\n"), "{err}");
    let (code, out, _) = demo.run("carol", &["grants", "-A", "-o", "name"]);
    assert_eq!((code, out.as_str()), (0, ""), "given back");
    let (code, _, err) = demo.run("alice", &[&path[..], &more, &["/no/such"]].concat());
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("there is no such program"), "{err}");
    assert!(!err.contains("requested"), "nothing is asked for: {err}");

    // Who may not close is told so; who may, closes and locks.
    let panic = ["panic", "--reason", "who is in there?", "-o", "json"];
    let (code, out, err) = demo.run("mallory", &panic);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let (code, out, err) = demo.run("admin", &panic);
    assert_eq!(code, 0, "{out}{err}");
    let panicked: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(panicked["schema"], "fallgate/panic/v1");
    assert_eq!(panicked["closed"], true);
    assert!(panicked["lock"].is_string(), "{out}");

    let record = demo.record.clone();
    let (code, out, err) = run(&["ledger", "verify", record.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(terminate(&mut demo.child), 0);
    assert!(!demo.kubeconfig.exists() && !record.exists(), "it cleans up");
}

#[test]
fn what_with_waits_for_is_taken_back_when_it_is_told_to_stop() {
    let demo = Demo::new("with");
    let args = [
        &["with", "-n", "shop", "--policy", "oncall-db", "--from", "oncall-tools/debug"][..],
        &["--reason", "a look", "--ticket", "INC-7", "--", "true"],
    ];
    let mut with = demo.ask("alice", &args.concat()).stderr(Stdio::piped()).spawn().unwrap();
    let name = demo.inbox();
    assert_eq!(terminate(&mut with), 143);
    let (code, out, _) = demo.run("carol", &["requests", "-n", "shop", &name, "-o", "json"]);
    assert_eq!(code, 0);
    // The controller says so when it comes to it.
    let decided = demo.run("bob", &["requests", "--can-approve", "-A", "-o", "name"]).1;
    assert!(decided.is_empty() || decided.trim() == name, "{decided}");
    let (code, _, err) = demo.run("alice", &["withdraw", "-n", "shop", &name]);
    let withdrawn = out.contains("Withdrawn") || err.contains("Withdrawn") || code == 0;
    assert!(withdrawn, "{out}{err}");
}

/// The real controller, as a process of its own.
#[tokio::test]
async fn a_controller_runs_until_it_is_told_to_stop() {
    let shop = super::access::Shop::new("controller").await;
    let (kubeconfig, record) = shop.of_controller();
    let args = ["controller", "--kubeconfig", path(&kubeconfig), "--record", path(&record)];
    let child =
        command(&[&args[..], &["--log", "json"]].concat()).stderr(Stdio::piped()).spawn().unwrap();
    let name = shop.asked().await;
    let approve = ["approve", "-n", "shop", &name, "--reason", "seen"];
    let (code, _, err) = shop.run("bob", &approve).await;
    assert_eq!(code, 0, "{err}");
    let revoke = ["revoke", "-n", "shop", &name, "--reason", "done", "--wait", "--timeout", "1m"];
    let (code, out, err) = shop.run("alice", &revoke).await;
    assert_eq!(code, 0, "{out}{err}");
    let stop = move || {
        let mut child = child;
        let code = terminate(&mut child);
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        (code, log.map(Result::unwrap).collect::<Vec<String>>())
    };
    let (code, log) = tokio::task::spawn_blocking(stop).await.unwrap();
    assert_eq!(code, 0, "{log:#?}");
    for line in &log {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    assert!(log.last().unwrap().contains("told to stop"), "{log:#?}");
    assert_eq!(run(&["ledger", "verify", path(&record)]).0, 0);
    let lease = shop.lease();
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    assert_eq!(holder, "", "it lets the lease go: {lease}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
