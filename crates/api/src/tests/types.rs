//! The types are what people write.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::*;

#[test]
fn what_people_write_is_read_and_written_back() {
    round_trip::<AccessPolicySpec>(json!({
        "description": "On-call engineers may look into the shop database",
        "owner": {"team": "shop", "contact": "#shop-oncall"},
        "from": [
            {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
            {"cidrs": ["192.0.2.10/32"]},
            {"workstations": [{"user": "alice", "cidrs": ["198.51.100.7/32"]}]},
        ],
        "to": {"podSelector": {"matchLabels": {"app": "db"}}},
        "ports": [{"protocol": "TCP", "port": 5432}],
        "maxDurationSeconds": 3600,
        "defaultDurationSeconds": 1800,
        "pendingSeconds": 3600,
        "limits": {
            "maxTargets": 5, "maxSources": 5, "minPrefixLength": 24, "minPrefixLengthIPv6": 64,
            "maxTotalSeconds": 28800, "maxRenewals": 3,
        },
        "approval": {"mode": "Required", "approvals": 1},
        "ticket": {"required": true, "pattern": "^INC-[0-9]+$"},
        "enabled": "Always",
        "unknownEffect": "Refuse",
    }));
    round_trip::<AccessRequestSpec>(json!({
        "policyRef": {"kind": "AccessPolicy", "name": "oncall-db"},
        "requestedBy": {"username": "alice", "uid": "2", "groups": ["oncall"]},
        "from": {"namespace": "oncall-tools", "podSelector": {"matchLabels": {"role": "debug"}}},
        "to": {"podSelector": {"matchLabels": {"app": "db"}}},
        "ports": [{"protocol": "TCP", "port": 5432}],
        "until": "ticketClosed",
        "reason": "slow queries since 02:40",
        "ticket": "INC-7",
    }));
    round_trip::<AccessDecisionSpec>(json!({
        "requestRef": {"namespace": "shop", "name": "oncall-db-x7", "uid": "9"},
        "policyRef": {"kind": "ClusterAccessPolicy", "name": "oncall-db"},
        "requestedBy": {"username": "alice"},
        "decidedBy": {"username": "bob", "groups": ["leads"]},
        "verdict": "Approved",
        "planHash": format!("sha256:{}", "0".repeat(64)),
        "reason": "ok",
    }));
    round_trip::<ClusterAccessLockSpec>(json!({
        "lockedBy": {"username": "sec"}, "all": true, "reason": "until we know more",
    }));
}

/// What docs/ACCESS.md shows is what is read, in full.
#[test]
fn the_examples_of_the_page_are_read() {
    let page = include_str!("../../../../docs/ACCESS.md");
    let mut kinds = Vec::new();
    for block in page.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for document in block.split("---\n") {
            let object: Value = serde_saphyr::from_str(document).unwrap();
            match object["kind"].as_str().unwrap() {
                "AccessPolicy" => contains_all_of::<AccessPolicy>(&object),
                "AccessRequest" => contains_all_of::<AccessRequest>(&object),
                "AccessDecision" => contains_all_of::<AccessDecision>(&object),
                other => panic!("an example of {other}"),
            }
            kinds.push(object["kind"].clone());
        }
    }
    assert_eq!(kinds, ["AccessPolicy", "AccessRequest", "AccessDecision"]);
}

/// Reads and writes an object, after which it has every field that it had.
fn contains_all_of<T: DeserializeOwned + Serialize>(written: &Value) {
    fn contains(path: &str, all: &Value, some: &Value) {
        match (all, some) {
            (Value::Object(all), Value::Object(some)) => {
                for (key, value) in some {
                    let found = all.get(key).unwrap_or_else(|| panic!("{path}.{key} is dropped"));
                    contains(&format!("{path}.{key}"), found, value);
                }
            }
            (Value::Array(all), Value::Array(some)) => {
                assert_eq!(all.len(), some.len(), "{path}");
                for (found, value) in all.iter().zip(some) {
                    contains(&format!("{path}[]"), found, value);
                }
            }
            _ => assert_eq!(all, some, "{path}"),
        }
    }
    let read: T = serde_json::from_value(written.clone()).unwrap();
    contains("", &serde_json::to_value(read).unwrap(), written);
}

#[test]
fn what_is_left_out_is_narrow() {
    let spec: AccessPolicySpec = serde_json::from_value(json!({
        "owner": {"team": "shop", "contact": "#shop"},
        "from": [{"cidrs": ["192.0.2.10/32"]}],
        "to": {"service": {"name": "db"}},
        "ports": [{"port": 5432}],
        "maxDurationSeconds": 600,
    }))
    .unwrap();
    assert_eq!(spec.approval, Approval::default());
    assert_eq!(spec.approval.mode, ApprovalMode::Required);
    assert_eq!(spec.limits, Limits::default());
    assert_eq!(spec.unknown_effect, UnknownEffect::Refuse);
    assert_eq!(spec.break_glass, None);
    assert_eq!(spec.pending_seconds, 3600);
    assert_eq!(spec.ports, [Port { protocol: Protocol::Tcp, port: 5432, end_port: None }]);
    let config: AccessConfigSpec = serde_json::from_value(json!({})).unwrap();
    assert_eq!(config, AccessConfigSpec::default());
    assert!(config.denied_namespaces.contains(&names::SYSTEM_NAMESPACE.to_owned()));
}

/// An effect has the shape that `fallgate map -o json` prints.
#[test]
fn an_effect_is_written_as_a_map() {
    round_trip::<Effect>(json!({
        "opened": [{
            "from": {"namespace": "tools", "name": "debug", "kind": "Deployment"},
            "to": {"namespace": "shop", "name": "db", "kind": "StatefulSet"},
            "ports": [{"protocol": "TCP", "port": 5432}, {"protocol": "UDP", "port": 0, "endPort": 9}],
        }],
        "closed": [],
        "unknown": [{
            "from": {"cidrs": ["192.0.2.10/32"]},
            "to": {"node": "n1"},
            "ports": [],
            "unknown": "all",
            "otherProtocols": false,
        }],
    }));
}

/// Of all combinations of what an end may be, those that are one thing are read.
#[test]
fn an_end_is_exactly_one_thing() {
    for bits in 0_u8..128 {
        let has = |bit: u8| bits & (1 << bit) != 0;
        let endpoint = Endpoint {
            pod_selector: has(0).then(LabelSelector::default),
            workload: has(1)
                .then(|| WorkloadRef { kind: "Deployment".to_owned(), name: "w".to_owned() }),
            service: has(2).then(|| ServiceRef { name: "s".to_owned() }),
            cidrs: has(3).then(|| "192.0.2.0/24".to_owned()).into_iter().collect(),
            workstations: has(4)
                .then(|| Workstation { user: "u".to_owned(), cidrs: Vec::new() })
                .into_iter()
                .collect(),
            service_account: has(5).then(|| "default".to_owned()),
            namespace: has(6).then(|| "shop".to_owned()),
        };
        let addresses = has(3) || has(4);
        let one = (bits & 0b1_1111).count_ones() == 1 && !has(5) && !(addresses && has(6));
        assert_eq!(endpoint.shape().is_some(), one, "{endpoint:?}");
    }
}

#[test]
fn nothing_follows_from_what_is_terminal() {
    let all = [
        Phase::Pending,
        Phase::PendingApproval,
        Phase::Scheduled,
        Phase::Arming,
        Phase::Active,
        Phase::Revoking,
        Phase::Ended,
        Phase::Denied,
        Phase::Withdrawn,
        Phase::ApprovalExpired,
        Phase::Failed,
        Phase::AlreadyOpen,
    ];
    let terminal: Vec<Phase> = all.into_iter().filter(|phase| phase.is_terminal()).collect();
    assert_eq!(terminal, Phase::TERMINAL);
    assert_eq!(all.iter().max(), Some(&Phase::AlreadyOpen));
}

fn round_trip<T: DeserializeOwned + Serialize>(written: Value) {
    let read: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), written);
}
