//! Where options may stand, and which commands take them.

use serde_json::Value;

use super::run;

/// What `-o json` says was read.
fn sources(args: &[&str]) -> Vec<String> {
    let (_, out, err) = run(args);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{args:?}: {err}"));
    let sources = document["input"]["sources"].as_array().unwrap();
    sources.iter().map(|source| source.as_str().unwrap().to_owned()).collect()
}

#[test]
fn options_may_stand_before_the_command() {
    let behind = run(&["map", "-f", "examples/shop", "-n", "shop", "--dialect", "cilium"]);
    for before in [
        &["-f", "examples/shop", "-n", "shop", "--dialect", "cilium", "map"][..],
        &["-fexamples/shop", "--namespace=shop", "map", "--dialect", "cilium"],
        &["--color", "never", "--filename=examples/shop", "-nshop", "--dialect=cilium", "map"],
        &["-Rf", "examples/shop", "-n", "shop", "--dialect", "cilium", "map"],
    ] {
        assert_eq!(run(before), behind, "{before:?}");
    }
    let (code, _, err) = run(&["--context", "nowhere", "--kubeconfig", "/nonexistent", "map"]);
    assert_eq!(code, 2);
    assert!(err.contains("/nonexistent"), "{err}");
}

/// The values in front were dropped without a word.
#[test]
fn an_option_on_both_sides_of_a_command_is_given_twice() {
    let (shop, tests) = ("examples/shop/namespaces.yaml", "examples/tiers/namespaces.yaml");
    assert_eq!(sources(&["-f", shop, "map", "-f", tests, "-o", "json"]), [shop, tests]);
    let nested = ["-f", shop, "audit", "-f", tests, "coverage", "-o", "json"];
    assert_eq!(sources(&nested), [shop, tests]);
    let (code, _, err) = run(&["-n", "shop", "map", "-A", "-f", "examples/shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("--all-namespaces"), "{err}");
}

#[test]
fn commands_that_read_no_cluster_refuse_to_be_told_which() {
    for args in [
        &["version", "-f", "x"][..],
        &["-f", "x", "version"],
        &["completion", "bash", "--dialect", "cilium"],
        &["--context", "x", "completion", "bash"],
        &["fix", "examples/traps/lost-indentation.txt", "--remove", "y"],
        &["-n", "x", "fix", "examples/traps/lost-indentation.txt"],
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains("this command reads none"), "{args:?}: {err}");
    }
    // What no command takes is a mistake of another kind.
    let (code, _, err) = run(&["version", "--no-such"]);
    assert_eq!(code, 2);
    assert!(!err.contains("this command reads none"), "{err}");
}

#[test]
fn what_is_missing_is_the_command() {
    let (code, _, err) = run(&["-f", "examples/shop"]);
    assert_eq!(code, 2);
    assert!(err.contains("Usage:") && !err.contains("unexpected argument"), "{err}");
    let (code, _, err) = run(&["-f", "examples/shop", "frobnicate"]);
    assert_eq!(code, 2);
    assert!(err.contains("unrecognized subcommand"), "{err}");
}
