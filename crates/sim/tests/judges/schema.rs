//! Objects by their schema, compared with what the API server's own library
//! (Kubernetes 1.36.3) says of them.

use std::fmt::Write;

use fallgate_sim::schema::{Crd, FieldError};
use serde_json::{Value, json};

/// A CustomResourceDefinition, and objects to judge by it: one that is `new`, and
/// for an update the `old` one.
const CASES: &str = include_str!("fixtures/schema.yaml");

/// What the API server made of them: what was unknown, the object with its
/// defaults, and the errors, by field, type and text.
const MEASURED: &str = include_str!("fixtures/schema.txt");

#[test]
fn objects_are_judged_as_by_the_server() {
    let documents: Vec<Value> = serde_saphyr::from_multiple(CASES).unwrap();
    let (crd, cases) = documents.split_first().unwrap();
    let crd = Crd::parse(crd).unwrap();
    let mut found = String::new();
    for (at, case) in cases.iter().enumerate() {
        writeln!(found, "case {at}").unwrap();
        let mut prepare = |object: &Value| {
            let mut object = object.clone();
            let unknown = crd.default_and_prune(&mut object);
            if !unknown.is_empty() {
                writeln!(found, "  unknown: [{}]", unknown.join(" ")).unwrap();
            }
            object
        };
        let new = prepare(&case["new"]);
        let old = case.get("old").map(&mut prepare);
        writeln!(found, "  object: {new}").unwrap();
        let mut errors: Vec<String> = crd
            .validate(&new, old.as_ref())
            .iter()
            .map(|error| format!("  {} | {} | {}", error.field, kind(error), error.message))
            .collect();
        errors.sort();
        for error in errors {
            writeln!(found, "{error}").unwrap();
        }
    }
    for (at, (found, measured)) in found.lines().zip(MEASURED.lines()).enumerate() {
        assert_eq!(found, measured, "line {} of fixtures/schema.txt", at + 1);
    }
    assert_eq!(found.lines().count(), MEASURED.lines().count());
}

/// The name of an error's type, which starts its text.
fn kind(error: &FieldError) -> &'static str {
    match error.reason.as_str() {
        "FieldValueRequired" => "Required value",
        "FieldValueInvalid" | "FieldValueTypeInvalid" => "Invalid value",
        "FieldValueNotSupported" => "Unsupported value",
        "FieldValueTooLong" => "Too long",
        "FieldValueTooMany" => "Too many",
        "FieldValueDuplicate" => "Duplicate value",
        "FieldValueForbidden" => "Forbidden",
        other => panic!("what is {other}?"),
    }
}

/// A definition of one kind, whose `spec` has this schema.
fn definition(spec: Value) -> Value {
    json!({"spec": {"versions": [{
        "name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }]}})
}

/// What is wrong with a schema of `spec`, by path below it.
fn refused(spec: Value) -> Vec<String> {
    let errors = Crd::parse(&definition(spec)).unwrap_err();
    let within = "spec.versions[0].schema.openAPIV3Schema.properties[spec]";
    let texts = errors.iter().map(|error| {
        format!("{}: {}", error.field.strip_prefix(within).unwrap_or(&error.field), error.message)
    });
    texts.collect()
}

#[test]
fn a_schema_that_is_not_structural_is_refused() {
    for (schema, why) in [
        (json!({}), ".type: Required value: must not be empty for specified object fields"),
        (json!({"type": "array"}), ".items: Required value: must be specified"),
        (
            json!({"type": "array", "items": {}}),
            ".items.type: Required value: must not be empty for specified array items",
        ),
        (
            json!({"type": "null"}),
            ".type: Invalid value: \"null\": is not a type of a structural schema",
        ),
        (
            json!({"type": "object", "additionalProperties": false}),
            ".additionalProperties: Forbidden: additionalProperties cannot be set to false",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}},
                   "additionalProperties": {"type": "string"}}),
            ".additionalProperties: Forbidden: additionalProperties and properties are mutual \
             exclusive",
        ),
        (
            json!({"type": "object", "patternProperties": {}}),
            ".patternProperties: Forbidden: this keyword is not supported",
        ),
        (
            json!({"type": "object", "$ref": "#/x"}),
            ".$ref: Forbidden: this keyword is not supported",
        ),
        (
            json!({"type": "object", "anyOf": [{"properties": {"a": {}}}]}),
            ".anyOf[0].properties[a]: Required value: because it is not defined in properties[a]",
        ),
        (
            json!({"type": "object", "allOf": [{"nullable": true}]}),
            ".allOf[0].nullable: Forbidden: must be undefined to be structural",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime \
             complexity becomes quadratic",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}),
            ".x-kubernetes-list-map-keys: Required value: must not be empty if \
             x-kubernetes-list-type is map",
        ),
        (
            json!({"type": "string", "pattern": "("}),
            ".pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: `(`: \
             unclosed group",
        ),
        (
            json!({"type": "string", "format": "email"}),
            ".format: Forbidden: this format is not simulated",
        ),
        (
            json!({"type": "integer", "default": "x"}),
            ".default: Invalid value: \"x\": Invalid value: \"string\":  in body must be of type \
             integer: \"string\"",
        ),
    ] {
        assert_eq!(refused(schema), [why]);
    }
}

#[test]
fn a_rule_that_cannot_hold_is_refused() {
    let rules = |rule: Value| {
        json!({
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "n": {"type": "integer"},
                "l": {"type": "array", "items": {"type": "object", "properties": {
                    "b": {"type": "string"},
                }}},
            },
            "x-kubernetes-validations": [rule],
        })
    };
    for (rule, keyword, why) in [
        (json!({"rule": "self.c == 'x'"}), "rule", "compilation failed: undefined field 'c'"),
        (
            json!({"rule": "self.a == 1"}),
            "rule",
            "compilation failed: found no matching overload for '_==_' applied to '(string, int)'",
        ),
        (json!({"rule": "self.a"}), "rule", "must evaluate to bool but got string"),
        (
            json!({"rule": "self.l.all(x, x.a == '')"}),
            "rule",
            "compilation failed: undefined field 'a'",
        ),
        (
            json!({"rule": "object.a == ''"}),
            "rule",
            "compilation failed: undeclared reference to 'object' (in container '')",
        ),
        (
            json!({"rule": "self.n > 1", "messageExpression": "self.n"}),
            "messageExpression",
            "must evaluate to string but got int",
        ),
        (
            json!({"rule": "self.n > 1", "fieldPath": ".x"}),
            "fieldPath",
            "does not refer to a valid field",
        ),
        (
            json!({"rule": "self.n > 1", "optionalOldSelf": true}),
            "optionalOldSelf",
            "may not be set if oldSelf is not used in rule",
        ),
        (json!({"rule": "self.n > 1\n"}), "", ""),
        (
            json!({"rule": "self.n > 1 &&\nself.n < 5"}),
            "message",
            "message must be specified if rule contains line breaks",
        ),
    ] {
        let parsed = Crd::parse(&definition(rules(rule.clone())));
        if keyword.is_empty() {
            assert!(parsed.is_ok());
            continue;
        }
        let value = &rule[keyword];
        let path = format!(".x-kubernetes-validations[0].{keyword}");
        assert_eq!(
            refused(rules(rule.clone())),
            [format!("{path}: Invalid value: {value}: {why}")]
        );
    }
}

#[test]
fn a_rule_about_changes_needs_something_that_stays_the_same() {
    let list = |kind: &str| {
        let mut list = json!({
            "type": "array", "x-kubernetes-list-type": kind,
            "items": {
                "type": "object", "required": ["k"],
                "properties": {"k": {"type": "string"}},
                "x-kubernetes-validations": [{"rule": "self.k == oldSelf.k"}],
            },
        });
        if kind == "map" {
            list["x-kubernetes-list-map-keys"] = json!(["k"]);
        }
        json!({"type": "object", "properties": {"list": list}})
    };
    assert!(Crd::parse(&definition(list("map"))).is_ok());
    for kind in ["atomic", "set"] {
        let errors = refused(list(kind));
        let why = "oldSelf cannot be used on the uncorrelatable portion of the schema within";
        assert!(errors.len() == 1 && errors.iter().all(|error| error.contains(why)), "{errors:?}");
    }
}

#[test]
fn versions_have_schemas_of_their_own() {
    let version = |name: &str, storage: bool, field: &str| {
        json!({
            "name": name, "served": true, "storage": storage,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                field: {"type": "string", "default": name},
            }}},
        })
    };
    let crd = Crd::parse(
        &json!({"spec": {"versions": [version("v1", false, "a"), version("v2", true, "b")]}}),
    );
    let crd = crd.unwrap();
    for (given, becomes) in [("v1", json!({"a": "v1"})), ("v2", json!({"b": "v2"}))] {
        let mut object = json!({"apiVersion": format!("example.com/{given}")});
        crd.default_and_prune(&mut object);
        object.as_object_mut().unwrap().remove("apiVersion");
        assert_eq!(object, becomes);
    }
    let twice = json!({"spec": {"versions": [version("v1", true, "a"), version("v2", true, "b")]}});
    assert_eq!(Crd::parse(&twice).unwrap_err().len(), 1);
}
