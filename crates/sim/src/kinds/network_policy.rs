//! NetworkPolicies, checked as the API checks them.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use super::validate::{Errors, forbidden, invalid, required, unsupported};
use crate::schema::FieldError;

pub(super) fn validate(policy: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let spec = &policy["spec"];
    label_selector(&spec["podSelector"], "spec.podSelector", &mut errors);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in items(&spec[direction]) {
            let path = format!("spec.{direction}[{index}]");
            for (index, port) in items(&rule["ports"]) {
                check_port(port, &format!("{path}.ports[{index}]"), &mut errors);
            }
            for (index, peer) in items(&rule[peers]) {
                check_peer(peer, &format!("{path}.{peers}[{index}]"), &mut errors);
            }
        }
    }
    let types = spec["policyTypes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if types.len() > 2 {
        let message = "may not specify more than two policyTypes";
        errors.push(invalid("spec.policyTypes", &spec["policyTypes"], message));
        return errors.0;
    }
    for (index, kind) in types.iter().enumerate() {
        let kind = kind.as_str().unwrap_or_default();
        if !matches!(kind, "Ingress" | "Egress") {
            let field = format!("spec.policyTypes[{index}]");
            errors.push(unsupported(&field, kind, &["Ingress", "Egress"]));
        }
    }
    errors.0
}

fn items(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate()
}

fn check_port(port: &Value, path: &str, errors: &mut Errors) {
    let field = format!("{path}.port");
    if let Some(protocol) = port["protocol"].as_str()
        && !matches!(protocol, "TCP" | "UDP" | "SCTP")
    {
        errors.push(unsupported(&format!("{path}.protocol"), protocol, &["TCP", "UDP", "SCTP"]));
    }
    let range = "must be between 1 and 65535, inclusive";
    let end = port["endPort"].as_i64();
    let end_field = format!("{path}.endPort");
    match &port["port"] {
        Value::Number(number) => {
            let start = number.as_i64().unwrap_or_default();
            if !(1..=65535).contains(&start) {
                errors.push(invalid(&field, &port["port"], range));
            } else if let Some(end) = end {
                if end < start {
                    let message = "must be greater than or equal to `port`";
                    errors.push(invalid(&end_field, &json!(end), message));
                }
                if !(1..=65535).contains(&end) {
                    errors.push(invalid(&end_field, &json!(end), range));
                }
            }
        }
        Value::String(name) => {
            if let Some(end) = end {
                let message = "may not be specified when `port` is non-numeric";
                errors.push(invalid(&end_field, &json!(end), message));
            }
            for message in port_name(name) {
                errors.push(invalid(&field, &port["port"], message));
            }
        }
        _ => {
            if let Some(end) = end {
                let message = "may not be specified when `port` is not specified";
                errors.push(invalid(&end_field, &json!(end), message));
            }
        }
    }
}

/// What is wrong with the name of a port.
fn port_name(name: &str) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if name.is_empty() || name.len() > 15 {
        wrong.push("must be no more than 15 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    } else if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        wrong.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong.push("must not begin or end with a hyphen");
    }
    wrong
}

fn check_peer(peer: &Value, path: &str, errors: &mut Errors) {
    let mut peers = 0;
    for selector in ["podSelector", "namespaceSelector"] {
        if !peer[selector].is_null() {
            peers += 1;
            label_selector(&peer[selector], &format!("{path}.{selector}"), errors);
        }
    }
    let block = &peer["ipBlock"];
    if !block.is_null() {
        ip_block(block, &format!("{path}.ipBlock"), errors);
        if peers > 0 {
            errors.push(forbidden(path, "may not specify both ipBlock and another peer"));
        }
        peers += 1;
    }
    if peers == 0 {
        errors.push(required(path, "must specify a peer"));
    }
}

fn ip_block(block: &Value, path: &str, errors: &mut Errors) {
    let message = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    let field = format!("{path}.cidr");
    let text = block["cidr"].as_str().unwrap_or_default();
    if text.is_empty() {
        errors.push(required(&field, ""));
        return;
    }
    let Some(cidr) = Cidr::parse(text) else {
        errors.push(invalid(&field, &block["cidr"], message));
        return;
    };
    for (index, except) in items(&block["except"]) {
        let field = format!("{path}.except[{index}]");
        match Cidr::parse(except.as_str().unwrap_or_default()) {
            None => errors.push(invalid(&field, except, message)),
            Some(inner) if !cidr.strictly_contains(&inner) => {
                let message = format!("must be a strict subset of `{path}.cidr`");
                errors.push(invalid(&field, except, &message));
            }
            Some(_) => {}
        }
    }
}

/// A block of addresses: its first address, left-aligned, and its prefix.
struct Cidr {
    bits: u128,
    prefix: u32,
    v6: bool,
}

impl Cidr {
    fn parse(text: &str) -> Option<Cidr> {
        let (address, prefix) = text.split_once('/')?;
        if prefix.is_empty() || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let (bits, width, v6) = match address.parse::<Ipv4Addr>() {
            Ok(v4) => (u128::from(v4.to_bits()) << 96, 32, false),
            Err(_) => (address.parse::<Ipv6Addr>().ok()?.to_bits(), 128, true),
        };
        let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
        (prefix <= width).then_some(Cidr { bits: bits & mask, prefix, v6 })
    }

    fn strictly_contains(&self, other: &Cidr) -> bool {
        let mask = u128::MAX.checked_shl(128 - self.prefix.min(128)).unwrap_or(0);
        self.v6 == other.v6 && self.prefix < other.prefix && other.bits & mask == self.bits
    }
}

/// A label selector that stands in an object.
fn label_selector(selector: &Value, path: &str, errors: &mut Errors) {
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        let field = format!("{path}.matchLabels");
        if let Some(why) = crate::name::qualified_name(key) {
            errors.push(invalid(&field, &json!(key), &why));
        }
        if let Some(why) = crate::name::label_value(value.as_str().unwrap_or_default()) {
            errors.push(invalid(&field, value, &why));
        }
    }
    for (index, expression) in items(&selector["matchExpressions"]) {
        let path = format!("{path}.matchExpressions[{index}]");
        let key = expression["key"].as_str().unwrap_or_default();
        if let Some(why) = crate::name::qualified_name(key) {
            errors.push(invalid(&format!("{path}.key"), &json!(key), &why));
        }
        let values = expression["values"].as_array().map(Vec::as_slice).unwrap_or_default();
        let field = format!("{path}.values");
        match expression["operator"].as_str().unwrap_or_default() {
            "In" | "NotIn" if values.is_empty() => {
                let message = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(required(&field, message));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(forbidden(&field, message));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                let message = "not a valid selector operator";
                errors.push(invalid(&format!("{path}.operator"), &json!(other), message));
            }
        }
        for (index, value) in values.iter().enumerate() {
            if let Some(why) = crate::name::label_value(value.as_str().unwrap_or_default()) {
                errors.push(invalid(&format!("{field}[{index}]"), value, &why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(spec: Value) -> Vec<String> {
        validate(&json!({"spec": spec}))
            .into_iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect()
    }

    /// The request and the answer of a 1.36.3 API server.
    #[test]
    fn an_invalid_policy_is_told_all_its_faults_in_the_words_of_the_real_server() {
        let found = messages(json!({
            "podSelector": {},
            "ingress": [{
                "ports": [{"port": 0, "endPort": 3}, {"port": "xX"}, {"protocol": "FOO"}],
                "from": [{}, {"ipBlock": {"cidr": "1.2.3.4/99", "except": ["10.0.0.0/8"]}, "podSelector": {}}],
            }],
            "policyTypes": ["Foo"],
        }));
        assert_eq!(
            found,
            [
                "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ingress[0].ports[1].port: Invalid value: \"xX\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                "spec.ingress[0].ports[2].protocol: Unsupported value: \"FOO\": supported values: \"TCP\", \"UDP\", \"SCTP\"",
                "spec.ingress[0].from[0]: Required value: must specify a peer",
                "spec.ingress[0].from[1].ipBlock.cidr: Invalid value: \"1.2.3.4/99\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
                "spec.policyTypes[0]: Unsupported value: \"Foo\": supported values: \"Ingress\", \"Egress\"",
            ]
        );
    }

    #[test]
    fn an_exception_lies_strictly_within_its_block() {
        let except = |except: &str| {
            let block = json!({"cidr": "10.0.0.0/8", "except": [except]});
            messages(json!({"egress": [{"to": [{"ipBlock": block}]}]})).len()
        };
        assert_eq!(except("10.1.0.0/16"), 0);
        assert_eq!(except("10.0.0.0/8"), 1);
        assert_eq!(except("11.0.0.0/16"), 1);
        assert_eq!(except("::/64"), 1);
        assert_eq!(except("10.1/16"), 1);
    }

    #[test]
    fn selectors_in_policies_are_checked() {
        let selector = |selector: Value| messages(json!({"podSelector": selector})).len();
        assert_eq!(selector(json!({"matchLabels": {"a": "b"}})), 0);
        assert_eq!(selector(json!({"matchLabels": {"a b": "!"}})), 2);
        let expression = |operator: &str, values: Value| {
            let expression = json!({"key": "a", "operator": operator, "values": values});
            selector(json!({"matchExpressions": [expression]}))
        };
        assert_eq!(expression("In", json!(["b"])), 0);
        assert_eq!(expression("In", json!([])), 1);
        assert_eq!(expression("Exists", json!(["b"])), 1);
        assert_eq!(expression("Within", json!([])), 1);
    }
}
