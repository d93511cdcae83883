//! Schemas: bounded, cheap to check, and shown as a table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::crd::definitions;
use crate::{API_VERSION, GROUP, Phase, VERSION, names, rules};

/// Where an object of another API is carried as it is. Its size is bounded by
/// the number of such objects and by that of a request to the API server.
const FOREIGN: &[&str] = &[
    "AccessGrant.spec.policies[]",
    "AccessRequest.status.plan.policies[]",
    // `"all"` or a list; the list and the word are bounded.
    "AccessGrant.spec.effect.closed[].ports",
    "AccessGrant.spec.effect.closed[].unknown",
    "AccessGrant.spec.effect.opened[].ports",
    "AccessGrant.spec.effect.opened[].unknown",
    "AccessGrant.spec.effect.unknown[].ports",
    "AccessGrant.spec.effect.unknown[].unknown",
    "AccessRequest.status.plan.effect.closed[].ports",
    "AccessRequest.status.plan.effect.closed[].unknown",
    "AccessRequest.status.plan.effect.opened[].ports",
    "AccessRequest.status.plan.effect.opened[].unknown",
    "AccessRequest.status.plan.effect.unknown[].ports",
    "AccessRequest.status.plan.effect.unknown[].unknown",
];

#[test]
fn every_value_has_a_bound() {
    let mut foreign = BTreeSet::new();
    for_each_schema(|path, schema, _| {
        let has = |key: &str| schema.get(key).is_some();
        if has("x-kubernetes-preserve-unknown-fields") {
            foreign.insert(path.to_owned());
            return;
        }
        let bounded = match schema["type"].as_str() {
            Some("string") => has("enum") || has("maxLength"),
            Some("integer") => has("minimum") && has("maximum"),
            Some("array") => has("maxItems") && has("items"),
            Some("object") => {
                has("properties") || (has("additionalProperties") && has("maxProperties"))
            }
            Some("boolean") => true,
            _ => false,
        };
        assert!(bounded, "{path} has no bound: {schema}");
        assert!(!has("nullable"), "{path} may be null");
    });
    assert_eq!(foreign, FOREIGN.iter().map(|path| (*path).to_owned()).collect());
}

/// What people write is of a known form: everything but what the controller has
/// to say.
#[test]
fn every_string_that_people_write_has_a_form() {
    for_each_schema(|path, schema, _| {
        let free = ["pattern", "enum", "format"].iter().all(|key| schema.get(key).is_none());
        if schema["type"] == "string" && free {
            assert!(path.contains(".status."), "{path} has neither pattern nor format");
        }
    });
}

/// The API server multiplies the cost of a rule with how often it can be
/// evaluated: the bounds of the lists around it, and of those it walks through.
/// It accepts an estimated cost of ten million for each rule.
#[test]
fn every_rule_is_cheap() {
    let mut rules = 0;
    for_each_schema(|path, schema, times| {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            rules += 1;
            let expression = rule["rule"].as_str().unwrap();
            assert!(rule["message"].as_str().is_some_and(|m| !m.is_empty()), "{path}: {rule}");
            let walks = [".all(", ".exists(", ".exists_one(", ".map(", ".filter("]
                .iter()
                .map(|walk| expression.matches(walk).count())
                .sum::<usize>();
            assert!(walks <= 1, "{path}: a rule that walks twice: {expression}");
            // The longest list that a rule walks through has 16 entries.
            let cost = times * if walks == 0 { 1 } else { 16 };
            assert!(cost <= 4096, "{path}: evaluated up to {cost} times: {expression}");
        }
    });
    assert!(rules > 50, "only {rules} rules were looked at");
}

#[test]
fn a_phase_that_stays_is_one_from_which_nothing_follows() {
    let stays = rules::REQUEST_ROOT.first().unwrap().rule;
    let quoted: Vec<String> = Phase::TERMINAL
        .iter()
        .map(|phase| format!("'{}'", serde_json::to_value(phase).unwrap().as_str().unwrap()))
        .collect();
    assert!(stays.contains(&format!("[{}]", quoted.join(", "))), "{stays}");
}

#[test]
fn every_kind_is_found_under_its_names() {
    let mut taken = BTreeSet::new();
    for definition in definitions() {
        let spec = definition.spec;
        let versions: Vec<&str> = spec.versions.iter().map(|v| v.name.as_str()).collect();
        assert_eq!((spec.group.as_str(), versions.as_slice()), (GROUP, [VERSION].as_slice()));
        assert_eq!(spec.names.categories.unwrap(), [names::CATEGORY]);
        assert_eq!(spec.names.kind.to_lowercase(), spec.names.singular.clone().unwrap());
        for name in [spec.names.plural, spec.names.singular.unwrap()]
            .into_iter()
            .chain(spec.names.short_names.unwrap())
        {
            assert!(taken.insert(name.clone()), "`{name}` is two things");
        }
    }
    assert_eq!(API_VERSION, format!("{GROUP}/{VERSION}"));
}

/// What `kubectl get` prints; columns in parentheses with `-o wide` only.
#[test]
fn printer_columns() {
    let mut shown = String::new();
    for definition in definitions() {
        write!(shown, "{} {}:", definition.spec.names.kind, definition.spec.scope).unwrap();
        for column in definition.spec.versions[0].additional_printer_columns.iter().flatten() {
            let name = &column.name;
            match column.priority {
                None | Some(0) => write!(shown, " {name}={}", column.json_path).unwrap(),
                Some(_) => write!(shown, " ({name}={})", column.json_path).unwrap(),
            }
        }
        shown.push('\n');
    }
    assert_eq!(
        shown,
        "\
AccessConfig Cluster: Max=.spec.maxDurationSeconds Retention=.spec.retentionDays Age=.metadata.creationTimestamp
AccessDecision Namespaced: Request=.spec.requestRef.name Verdict=.spec.verdict By=.spec.decidedBy.username (Reason=.spec.reason) Age=.metadata.creationTimestamp
AccessGrant Namespaced: Phase=.status.phase Requester=.spec.requestedBy.username Policy=.spec.policy.name Expires=.status.expiresAt Ended=.status.endReason (Ticket=.spec.ticket) Age=.metadata.creationTimestamp
AccessIncident Namespaced: Ticket=.spec.ticket Severity=.spec.severity Declarer=.spec.declaredBy.username Ends=.spec.endsAt Resolved=.spec.resolved Age=.metadata.creationTimestamp
AccessLock Namespaced: User=.spec.user Policy=.spec.policyRef.name All=.spec.all Expires=.spec.expiresAt By=.spec.lockedBy.username (Reason=.spec.reason) Age=.metadata.creationTimestamp
AccessPolicy Namespaced: Owner=.spec.owner.team Max=.spec.maxDurationSeconds Approval=.spec.approval.mode Enabled=.spec.enabled Ready=.status.conditions[?(@.type==\"Ready\")].status Age=.metadata.creationTimestamp
AccessRequest Namespaced: Phase=.status.phase Policy=.spec.policyRef.name Requester=.spec.requestedBy.username Ticket=.spec.ticket Grant=.status.grantRef.name (Reason=.spec.reason) Age=.metadata.creationTimestamp
ClusterAccessLock Cluster: User=.spec.user Policy=.spec.policyRef.name All=.spec.all Expires=.spec.expiresAt By=.spec.lockedBy.username (Reason=.spec.reason) Age=.metadata.creationTimestamp
ClusterAccessPolicy Cluster: Owner=.spec.owner.team Max=.spec.maxDurationSeconds Approval=.spec.approval.mode Enabled=.spec.enabled Ready=.status.conditions[?(@.type==\"Ready\")].status Age=.metadata.creationTimestamp
"
    );
}

/// Every column shows a field that the schema has.
#[test]
fn every_column_shows_a_field() {
    let mut known = BTreeSet::from([".metadata.creationTimestamp".to_owned()]);
    for_each_schema(|path, _, _| {
        known.insert(path[path.find('.').unwrap_or(path.len())..].to_owned());
    });
    for definition in definitions() {
        for column in definition.spec.versions[0].additional_printer_columns.iter().flatten() {
            let path = column.json_path.replace("[?(@.type==\"Ready\")]", "[]");
            assert!(known.contains(&path), "no field {path}");
        }
    }
}

/// Calls `look` with the path, the schema, and how often it can apply to one
/// object, for every schema of every kind.
fn for_each_schema(mut look: impl FnMut(&str, &Value, usize)) {
    let definitions = definitions();
    assert_eq!(definitions.len(), 9);
    for definition in definitions {
        let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
        walk(&definition.spec.names.kind, &schema["openAPIV3Schema"], 1, &mut look);
    }
}

fn walk(path: &str, schema: &Value, times: usize, look: &mut impl FnMut(&str, &Value, usize)) {
    look(path, schema, times);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, times, look);
    }
    let bound = |key: &str| usize::try_from(schema[key].as_u64().unwrap_or(u64::MAX)).unwrap();
    if let Some(items) = schema.get("items") {
        walk(&format!("{path}[]"), items, times.saturating_mul(bound("maxItems")), look);
    }
    if let Some(values) = schema.get("additionalProperties") {
        let times = times.saturating_mul(bound("maxProperties"));
        walk(&format!("{path}.*"), values, times, look);
    }
}
