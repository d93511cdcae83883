//! The program as a user meets it: exit codes, what stands on which stream, and
//! what is said about wrong input.
#![cfg(test)]

mod access;
mod audit;
mod batch;
mod demo;
mod diff;
mod exposure;
mod help;
mod ledger;
mod nodes;
mod notes;
mod options;
mod replicas;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use snapbox::{assert_data_eq, str};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fallgate"));
    command
        .args(args)
        .current_dir(root())
        .env_remove("KUBECONFIG")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env_remove("CLICOLOR_FORCE")
        .env("HOME", "/nonexistent")
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// Runs the program; its exit code, standard output and standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    told(&command(args).output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn with_input(args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    told(&child.wait_with_output().unwrap())
}

#[test]
fn an_allowed_connection_exits_with_0() {
    let (code, out, err) = run(&["can", "shop/web", "shop/api", "9090", "-f", "examples/shop"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_data_eq!(
        out,
        str![[r#"
allowed: shop/web -> shop/api 9090/tcp
  egress  allowed  NetworkPolicy shop/web, egress[0]: [..]  examples/shop/policies.yaml:37
  ingress allowed  NetworkPolicy shop/api, ingress[0]: [..]  examples/shop/policies.yaml:49

"#]]
    );
}

#[test]
fn a_denial_exits_with_1_and_an_unknown_with_3() {
    let denied = ["can", "oncall-tools/debug", "shop/db", "5432", "-f", "examples/shop"];
    assert_eq!(run(&denied).0, 1);
    let (code, out, _) = run(&[
        "can",
        "blue-shop/storefront",
        "red-ledger/books",
        "8443",
        "-f",
        "examples/tiers-ambiguous",
    ]);
    assert_eq!(code, 3);
    assert!(out.starts_with("unknown: "), "{out}");
}

#[test]
fn json_names_both_sides_with_their_rules() {
    let (code, out, _) =
        run(&["can", "shop/web", "shop/api", "http", "-f", "examples/shop", "-o", "json"]);
    assert_eq!(code, 0, "{out}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "fallgate/can/v1");
    assert_eq!(document["verdict"], "allowed");
    assert_eq!(document["protocol"], "TCP");
    assert_eq!(document["port"], 9090);
    assert_eq!(document["to"]["kind"], "Deployment");
    assert_eq!(document["ingress"]["tier"], "NetworkPolicy");
    assert_eq!(document["ingress"]["policy"]["name"], "api");
    assert_eq!(document["ingress"]["rule"], 0);
    assert_eq!(document["ingress"]["source"]["file"], "examples/shop/policies.yaml");
    assert_eq!(document["ingress"]["source"]["line"], 49);
    assert!(document["diagnostics"].as_array().unwrap().is_empty());
}

#[test]
fn a_service_is_answered_by_its_backends() {
    let asked = |port| run(&["can", "shop/web", "shop/svc/api", port, "-f", "examples/shop"]);
    assert_eq!(asked("80").0, 0);
    let (code, _, err) = asked("81");
    assert_eq!(code, 2);
    assert_data_eq!(
        err,
        str![[r#"
error: service `shop/api` has no port `81/tcp`
help: its ports are 80/tcp (http)

"#]]
    );
}

#[test]
fn a_question_about_many_shows_what_decides() {
    let (code, out, _) = run(&["can", "internet", "shop/*", "-f", "examples/shop", "-o", "json"]);
    assert_eq!(code, 1);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["verdict"], "denied");
    assert_eq!(document["counterexample"]["from"]["cidrs"][0], "203.0.113.1/32");
    assert_eq!(document["counterexample"]["to"]["namespace"], "shop");
}

#[test]
fn a_namespace_may_be_left_out_with_n() {
    let args = ["can", "web", "api", "9090", "-n", "shop", "-f", "examples/shop"];
    assert_eq!(run(&args).0, 0);
}

#[test]
fn a_misspelt_name_is_told_with_the_nearest() {
    let (code, out, err) = run(&["can", "shop/wbe", "shop/apo", "80", "-f", "examples/shop"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_data_eq!(
        err,
        str![[r#"
error: no pod, workload or service `shop/wbe` in the input
help: did you mean `shop/web`?
error: no pod, workload or service `shop/apo` in the input
help: did you mean `shop/api`?

"#]]
    );
}

/// They were called not in the input.
#[test]
fn what_is_in_the_input_and_no_endpoint_says_why() {
    let input = "
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: job, namespace: shop}, status: {phase: Succeeded}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop}, spec: {hostNetwork: maybe}}
";
    let (code, out, err) = with_input(&["can", "shop/web", "shop/job", "80", "-f", "-"], input);
    assert_eq!((code, out.as_str()), (2, ""));
    let why = "error: `shop/job` is in the input, and has completed, so nothing has its address for certain\n";
    assert!(err.contains(why), "{err}");
    let (code, _, err) = with_input(&["can", "shop/web", "shop/po/db", "80", "-f", "-"], input);
    assert_eq!(code, 2);
    let help = "help: correct it at stdin:6:88";
    assert!(err.contains("`shop/Pod/db` is in the input, and was not read: "), "{err}");
    assert!(err.contains(help), "{err}");
}

#[test]
fn wrong_arguments_exit_with_2_and_say_what_to_do() {
    for (args, said) in [
        (&["can", "shop/web", "shop/api", "99999", "-f", "examples/shop"][..], "from 1 to 65535"),
        (
            &["can", "shop/web", "shop/api", "80/icmp", "-f", "examples/shop"],
            "`tcp`, `udp` or `sctp`",
        ),
        (&["can", "web", "shop/api", "80", "-f", "examples/shop"], "names no namespace"),
        (&["can", "internet", "8.8.8.8", "-f", "examples/shop"], "both ends are outside"),
        (&["can", "a/b", "c/d", "-f", "nowhere"], "nowhere: cannot be read"),
        (&["can", "a/b", "c/d", "-f", "crates/cli/tests"], "add -R"),
        (&["can", "a/b", "c/d", "-f", "git:no-such-revision"], "git"),
        (&["can", "a/b", "c/d", "--dialect", "cilum", "-f", "examples/shop"], "`cilium`"),
        (&["can", "a/b", "c/d", "--pod-cidr", "x", "-f", "examples/shop"], "10.244.0.0/16"),
        (&["can", "a/b", "c/d", "--filname", "x"], "--filename"),
        (&["can", "a/b"], "<TO>"),
        (&["can", "shop/web", "shop/api"], "-f"),
        (&["can", "shop/web", "shop/api"], "KUBECONFIG"),
        (
            &["can", "shop/web", "shop/api", "-f", "examples/shop", "--remove", "netpol/shop/nope"],
            "there is no NetworkPolicy shop/nope",
        ),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
        assert_eq!(out, "", "{args:?}");
    }
}

#[test]
fn overlays_answer_what_if() {
    let ask = |more: &[&str]| {
        let mut args = vec!["can", "oncall-tools/debug", "shop/db", "5432", "-f", "examples/shop"];
        args.extend(more);
        run(&args).0
    };
    assert_eq!(ask(&[]), 1);
    assert_eq!(ask(&["--add-file", "crates/cli/tests/data/open-db.yaml"]), 1);
    let both = [
        "--add-file",
        "crates/cli/tests/data/open-db.yaml",
        "--remove",
        "netpol/oncall-tools/default-deny",
        "--remove",
        "netpol/oncall-tools/dns",
    ];
    assert_eq!(ask(&both), 0);
}

#[test]
fn standard_input_is_read() {
    let pod = |name: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: x}}\n---\n")
    };
    let input = pod("a") + &pod("b");
    let (code, out, err) = with_input(&["can", "x/a", "x/b", "80", "-f", "-"], &input);
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = with_input(&["test", "-", "-f", "-"], "tests: []");
    assert_eq!(code, 2);
    assert!(err.contains("asserts nothing"), "{err}");
    let test = "tests: [{from: x/a, to: x/b, expect: allowed}]";
    let (code, _, err) = with_input(&["test", "-", "-f", "-"], test);
    assert_eq!(code, 2);
    assert!(err.contains("standard input can be read only once"), "{err}");
}

#[test]
fn a_revision_is_read_without_touching_the_files() {
    let rev =
        Command::new("git").args(["rev-parse", "HEAD:examples/shop"]).current_dir(root()).output();
    if !rev.is_ok_and(|o| o.status.success()) {
        return; // An archive of the sources has no revisions.
    }
    let (code, out, err) =
        run(&["can", "shop/web", "shop/api", "9090", "-f", "git:HEAD:examples/shop"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("git:HEAD:examples/shop/policies.yaml:"), "{out}");
}

#[test]
fn assertions_hold_or_are_shown() {
    let (code, out, err) =
        run(&["test", "examples/shop-tests/connectivity.yaml", "-f", "examples/shop"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("13 passed, 0 failed\n"), "{out}");
    let failing = "crates/cli/tests/data/failing.yaml";
    let (code, out, _) = run(&["test", failing, "-f", "examples/shop"]);
    assert_eq!(code, 1);
    assert_data_eq!(
        out,
        str![[r#"
RESULT   EXPECT    VERDICT   NAME
FAIL     allowed   denied    shop/web -> shop/db 5432
FAIL     denied    allowed   * -> shop/db 5432, except 192.0.2.10
pass     allowed   allowed   shop/web -> shop/api 9090

shop/web -> shop/db 5432  crates/cli/tests/data/failing.yaml:2
  expected allowed, is denied
  shop/web -> shop/db 5432/tcp
  [..]

* -> shop/db 5432, except 192.0.2.10  crates/cli/tests/data/failing.yaml:3
  expected denied, is allowed
  shop/api -> shop/db 5432/tcp
  [..]

1 passed, 2 failed

"#]]
    );
    let (code, out, _) = run(&["test", failing, "-f", "examples/shop", "--fail-fast", "-o", "tap"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("TAP version 14\n1..1\nnot ok 1 - "), "{out}");
    let (_, out, _) = run(&["test", failing, "-f", "examples/shop", "-o", "junit"]);
    assert!(out.contains("failures=\"2\"") && out.contains("-&gt;"), "{out}");
    let (_, out, _) = run(&["test", failing, "-f", "examples/shop", "-o", "json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["passed"], &document["failed"]), (&1.into(), &2.into()));
    let result = &document["results"][1];
    assert_eq!(result["verdict"], "allowed");
    assert_eq!(result["pass"], false);
    assert_eq!(result["counterexample"]["from"]["name"], "api");
    assert_eq!(result["counterexample"]["ingress"]["policy"]["name"], "db");
}

#[test]
fn a_typo_in_an_assertion_file_has_a_place() {
    let (code, _, err) = run(&["test", "crates/cli/tests/data/wrong.yaml", "-f", "examples/shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("crates/cli/tests/data/wrong.yaml:4:5"), "{err}");
    assert!(err.contains("expects") && err.contains("transitive"), "{err}");
    let input = "tests:\n  - {from: shop/web, to: shop/nope, expect: denied}\n";
    let (code, _, err) = with_input(&["test", "-", "-f", "examples/shop"], input);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: stdin:2:"), "{err}");
}

#[test]
fn an_explanation_is_the_answer_with_its_derivation() {
    let asked = ["explain", "shop/web", "shop/api", "80", "-f", "examples/shop"];
    let (code, out, _) = run(&asked);
    assert_eq!(code, 1);
    assert!(out.contains("egress (from shop/web): denied"), "{out}");
    assert!(out.contains("examples/shop/policies.yaml:"), "{out}");
    let json = run(&[&asked[..], &["-o", "json"]].concat()).1;
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["schema"], "fallgate/explain/v1");
    let steps = document["steps"].as_array().unwrap();
    assert!(steps.iter().any(|s| s["end"] == "egress" && s["decision"] == "deny"), "{json}");
    assert!(!document["repair"]["edit"].as_array().unwrap().is_empty(), "{json}");
    assert!(!document["repair"]["effect"]["opened"].as_array().unwrap().is_empty(), "{json}");
    let markdown = run(&[&asked[..], &["-o", "md"]].concat()).1;
    assert!(markdown.contains("```yaml"), "{markdown}");
}

#[test]
fn lost_indentation_is_restored() {
    let (code, out, err) = run(&["fix", "examples/traps/lost-indentation.txt"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\n  name: tickets-from-desk\n"), "{out}");
    assert!(err.contains("as it stands:") && err.contains("repaired:"), "{err}");
    assert!(err.contains("isolates pods with app=tickets in namespace helpdesk"), "{err}");
}

#[test]
fn what_is_no_manifest_is_told() {
    let directory = std::env::temp_dir().join(format!("fallgate-cli-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("below")).unwrap();
    let at = directory.to_str().unwrap();
    let (code, _, err) = run(&["can", "a/b", "c/d", "-f", at]);
    assert_eq!(code, 2);
    assert!(err.contains("no manifest in this directory"), "{err}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("loop.yaml", directory.join("loop.yaml")).unwrap();
        let (code, _, err) = run(&["can", "a/b", "c/d", "-f", at]);
        assert_eq!(code, 2);
        assert!(err.contains("loop.yaml: cannot be read"), "{err}");
        std::fs::remove_file(directory.join("loop.yaml")).unwrap();
        let made = Command::new("mkfifo").arg(directory.join("pipe.yaml")).status();
        if made.is_ok_and(|s| s.success()) {
            let (code, _, err) = run(&["can", "a/b", "c/d", "-f", at]);
            assert_eq!(code, 2);
            assert!(err.contains("pipe.yaml: it is neither a file nor a directory"), "{err}");
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn colour_is_asked_for_or_not_there() {
    let args = ["can", "shop/web", "shop/api", "9090", "-f", "examples/shop"];
    assert!(!run(&args).1.contains('\u{1b}'));
    let always = run(&[&args[..], &["--color", "always"]].concat()).1;
    assert!(always.contains("\u{1b}["), "{always}");
    let forced = command(&args).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(told(&forced).1.contains("\u{1b}["));
    let both = command(&args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!told(&both).1.contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = command(&["completion", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, err) = run(&["completion", shell]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("fallgate"), "{shell}");
    }
}

#[test]
fn a_port_name_that_no_destination_has_is_a_mistake() {
    let (code, out, err) = run(&["map", "--port", "nope", "-f", "examples/shop"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.contains("no destination has a port called `nope`") && err.contains("http"),
        "{err}"
    );
}

#[test]
fn what_an_ingress_lets_in_is_asked_for_and_never_folded_into_yes() {
    assert_eq!(run(&["map", "-f", "examples/shop"]).0, 3);
    let ask = |args: &[&str]| run(&[args, &["-f", "examples/shop"]].concat());
    let (code, out, _) = ask(&["can", "shop/ing/web", "shop/web", "8080"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("who serves the Ingress is not in the input"), "{out}");
    assert_eq!(ask(&["explain", "shop/Ingress/web", "shop/web", "8080"]).0, 3);
    assert!(ask(&["map", "--from", "shop/Ingress/web"]).1.contains("shop/web"));
    let (code, _, err) = ask(&["can", "shop/web", "shop/Ingress/web", "80"]);
    assert_eq!(code, 2);
    assert!(err.contains("receives nothing itself"), "{err}");
}

#[test]
fn a_selector_chooses_what_is_listed() {
    let (_, all, _) = run(&["map", "-A", "-f", "examples/shop", "-o", "csv"]);
    let (_, some, _) = run(&["map", "-l", "app=db", "-f", "examples/shop", "-o", "csv"]);
    assert!(some.lines().count() < all.lines().count(), "{some}");
    assert_eq!(run(&["map", "-l", "app=nothing", "-f", "examples/shop"]).0, 2);
}

#[test]
fn single_assertions_that_hold_say_why() {
    let test = "tests: [{from: shop/web, to: shop/api, port: 9090, expect: allowed}]";
    let (_, out, _) = with_input(&["test", "-", "-f", "examples/shop", "-o", "json"], test);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["results"][0]["ingress"]["policy"]["name"], "api", "{out}");
    assert!(document["results"][0]["reason"].is_string(), "{out}");
}

#[test]
fn a_table_holds_cells_of_any_length() {
    let blocks: Vec<String> =
        (0..4600).map(|at| format!("10.{}.{}.0/31", at >> 8 & 255, at & 255)).collect();
    let input = format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: shop}}
spec: {{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: 0.0.0.0/0, except: [{}]}}}}]}}]}}
",
        blocks.join(", ")
    );
    let (code, out, err) = with_input(&["map", "-f", "-"], &input);
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().any(|line| line.len() > 65_535), "no line is as long");
}
