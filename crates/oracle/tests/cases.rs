//! Verdicts that an evaluator of other authors gave on random clusters.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it cannot read")]

mod common;

use fallgate_model::{Cluster, Dialect, Protocol};
use fallgate_oracle::{End, Port, Verdict, end_of_address, verdict};
use serde_json::Value;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/cases/verdicts.jsonl");

#[test]
fn an_independent_evaluator_agrees() {
    let mut assertions = 0;
    let mut differences = Vec::new();
    for line in std::fs::read_to_string(CASES).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let cluster = common::cluster(case["objects"].as_array().unwrap());
        for test in case["tests"].as_array().unwrap() {
            let (from, to) = (end(&cluster, &test["from"]), end(&cluster, &test["to"]));
            let port = port(&test["port"]);
            let answer = verdict(&cluster, &Dialect::default(), &from, &to, port);
            let expected = match test["expect"].as_str().unwrap() {
                "allowed" => Verdict::Allowed,
                "denied" => Verdict::Denied,
                other => panic!("no verdict {other}"),
            };
            assertions += 1;
            if answer.verdict() != expected || answer.partial {
                differences.push(format!("{}: {test} is {answer:?}", case["name"]));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!(assertions, 10_646);
}

/// `namespace/pod` or an address.
fn end(cluster: &Cluster, value: &Value) -> End {
    let text = value.as_str().unwrap();
    match text.split_once('/') {
        Some((namespace, name)) => End::Pod(
            cluster
                .pods
                .iter()
                .position(|p| *p.namespace == *namespace && *p.name == *name)
                .unwrap(),
        ),
        None => end_of_address(cluster, text.parse().unwrap()),
    }
}

/// `number/protocol`.
fn port(value: &Value) -> Port {
    let (number, protocol) = value.as_str().unwrap().split_once('/').unwrap();
    Some((Protocol::parse(protocol).unwrap(), number.parse().unwrap()))
}
