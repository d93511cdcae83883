//! What the program says about itself, and what to do about an error.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use super::{root, run, told};

/// The commands, and those below them.
fn commands() -> Vec<Vec<String>> {
    let listed = |of: &[&str]| -> Vec<String> {
        let (code, out, _) = run(&[of, &["--help"]].concat());
        assert_eq!(code, 0);
        out.lines()
            .skip_while(|l| *l != "Commands:")
            .skip(1)
            .take_while(|l| !l.is_empty())
            .filter_map(|l| l.split_whitespace().next())
            .filter(|c| *c != "help")
            .map(str::to_owned)
            .collect()
    };
    let mut all = Vec::new();
    for command in listed(&[]) {
        all.extend(listed(&[&command]).into_iter().map(|below| vec![command.clone(), below]));
        all.push(vec![command]);
    }
    all
}

/// The help of a command, as lines.
fn help(command: &[String]) -> Vec<String> {
    let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
    args.push("--help");
    let (code, out, _) = run(&args);
    assert_eq!(code, 0);
    out.lines().map(str::to_owned).collect()
}

#[test]
fn every_help_has_examples() {
    let commands = commands();
    assert!(commands.len() >= 11, "{commands:?}");
    for command in commands {
        let out = help(&command).join("\n");
        assert!(out.contains("Examples:\n  fallgate "), "{command:?}: {out}");
        assert!(!out.contains("  $ "), "{command:?}: {out}");
    }
}

/// An example that cannot be tried is none. What stands for a file of the
/// reader's is in capitals.
#[test]
fn every_file_of_an_example_is_there() {
    let mut paths = BTreeSet::new();
    for command in commands().into_iter().chain([Vec::new()]) {
        let lines = help(&command);
        let examples = lines.iter().skip_while(|l| *l != "Examples:").skip(1);
        for line in examples {
            let read = line.split(['>', '|']).next().unwrap_or_default();
            for word in read.split_whitespace() {
                let path = word.strip_prefix("git:main:").unwrap_or(word);
                if path.starts_with("examples/") {
                    assert!(root().join(path).exists(), "{path}: {line}");
                    paths.insert(path.to_owned());
                }
            }
            let unknown = |word: &&str| {
                word.ends_with(".yaml") && !word.starts_with("examples/")
                    || word.contains("path/to")
            };
            assert_eq!(read.split_whitespace().find(unknown), None, "{line}");
        }
    }
    assert!(paths.contains("examples/shop"), "{paths:?}");
}

/// Examples that name nothing of the reader's run, and do not fail.
#[test]
fn every_example_runs() {
    let mut tried = 0;
    for command in commands().into_iter().chain([Vec::new()]) {
        for line in help(&command).iter().skip_while(|l| *l != "Examples:").skip(1) {
            let Some(args) = line.strip_prefix("  fallgate ") else { continue };
            let args: Vec<&str> =
                args.split(['>', '|']).next().unwrap().split_whitespace().collect();
            let foreign = |arg: &&str| {
                matches!(*arg, "FILE" | "FILE…" | "DIRECTORY" | "live") || arg.starts_with("git:")
            };
            if args.iter().any(foreign) || !args.contains(&"-f") && args[0] != "version" {
                continue;
            }
            let (code, _, err) = run(&args);
            assert_ne!(code, 2, "{line}: {err}");
            tried += 1;
        }
    }
    assert!(tried >= 12, "{tried}");
}

/// What a README tells the reader to type runs, too.
#[test]
fn every_command_of_the_examples_runs() {
    let mut tried = 0;
    for example in std::fs::read_dir(root().join("examples")).unwrap() {
        let Ok(readme) = std::fs::read_to_string(example.unwrap().path().join("README.md")) else {
            continue;
        };
        for line in readme.lines() {
            let Some(args) = line.strip_prefix("    fallgate ") else { continue };
            let (code, _, err) = run(&args.split_whitespace().collect::<Vec<_>>());
            assert_ne!(code, 2, "{line}: {err}");
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried}");
}

#[test]
fn the_plugin_is_the_same_program_under_its_own_name() {
    let plugin = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-fallgate"));
        told(&command.args(args).current_dir(root()).stdin(Stdio::null()).output().unwrap())
    };
    let ask = ["can", "oncall-tools/debug", "shop/db", "5432", "-f", "examples/shop"];
    assert_eq!(plugin(&ask), run(&ask));
    let (code, out, _) = plugin(&["map", "--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("Usage: kubectl fallgate map"), "{out}");
    let (code, _, err) = plugin(&["version", "-n", "shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("Usage: kubectl fallgate version"), "{err}");
    assert!(run(&["version", "-n", "shop"]).2.contains("Usage: fallgate version"));
}

/// Each error, and what it says to do.
#[test]
fn every_error_says_what_to_do() {
    let shop = "examples/shop";
    for (args, help) in [
        (&["can", "web", "shop/api", "-f", shop][..], "an endpoint is written NAMESPACE/NAME"),
        (&["can", "intrenet", "shop/api", "-f", shop], "did you mean `internet`?"),
        (&["can", "shop/wbe", "shop/api", "-f", shop], "did you mean `shop/web`?"),
        (
            &["can", "shop/deploy/wbe", "shop/api", "-f", shop],
            "did you mean `shop/Deployment/web`?",
        ),
        (&["can", "shpo/*", "shop/api", "-f", shop], "did you mean `shop`?"),
        (&["can", "shop/svc/api", "shop/web", "-f", shop], "name the workload behind it"),
        (&["can", "shop/web", "shop/ing/web", "-f", shop], "name the workload of its controller"),
        (&["can", "internet", "192.0.2.1", "-f", shop], "one end must be a pod or a workload"),
        (&["can", "shop/web", "shop/api", "80/icmp", "-f", shop], "a port is written 5432"),
        (&["can", "shop/web", "shop/api", "0", "-f", shop], "a port is written 5432"),
        (&["can", "shop/web", "shop/svc/api", "81", "-f", shop], "its ports are 80/tcp (http)"),
        (&["can", "shop/web", "shop/api", "-f", "nowhere"], "paths start at the current directory"),
        (&["can", "shop/web", "shop/api", "-f", "examples"], "add -R to read the directories"),
        (&["map", "-f", "README.md/x"], "paths start at the current directory"),
        (&["map", "-n", "shpo", "-f", shop], "did you mean `shop`?"),
        (&["map", "-l", "app=nothing", "-f", shop], "kubectl get pods --show-labels"),
        (&["blast", "shop/ing/web", "-f", shop], "name the workload of its controller"),
        (&["diff", "-f", shop], "name BEFORE and AFTER"),
        (&["diff", shop, shop, "-f", shop], "name the two clusters as BEFORE and AFTER"),
        (&["map", "-f", shop, "--remove", "netpol/shop/nope"], "help: "),
        (&["map", "-f", shop, "--remove", "nope"], "help: "),
        (&["map", "-f", shop, "--dialect", "cilum"], "cilium"),
        (&["map", "-f", "-"], "kubectl get -o yaml"),
        (&["test", "examples/shop-tests/connectivity.yaml", "-f", "examples/tiers"], "help: "),
        (&["exposure", "--trusted", "x", "-f", shop], "--egress"),
        (&["map"], "-f"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(help), "{args:?}: {err}");
        assert!(err.starts_with("error: "), "{args:?}: {err}");
    }
}
