//! A small shop: who asks for what under which policy.

use fallgate_access::{Answer, Question, Rights};
use fallgate_api::{
    AccessConfigSpec, AccessDecision, AccessDecisionSpec, AccessPolicySpec, AccessRequest,
    AccessRequestSpec, Endpoint, Identity, Owner, PolicyKind, PolicyRef, Port, Protocol,
    RequestRef, Verdict,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};

/// When the stories start.
pub(crate) fn start() -> Timestamp {
    "2026-11-21T02:40:00Z".parse().unwrap()
}

/// So many seconds after the start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(start().as_second() + seconds).unwrap()
}

pub(crate) fn user(username: &str) -> Identity {
    Identity { username: username.into(), uid: format!("uid-{username}"), groups: Vec::new() }
}

pub(crate) fn pods(namespace: &str, labels: &[(&str, &str)]) -> Endpoint {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Endpoint {
        namespace: Some(namespace.into()),
        pod_selector: Some(LabelSelector {
            match_labels: Some(labels.collect()),
            match_expressions: None,
        }),
        ..Endpoint::default()
    }
}

pub(crate) fn tcp(port: i32) -> Port {
    Port { protocol: Protocol::Tcp, port, end_port: None }
}

pub(crate) fn policy_ref() -> PolicyRef {
    PolicyRef { kind: PolicyKind::AccessPolicy, name: "oncall-db".into() }
}

/// On-call engineers may look into the shop database.
pub(crate) fn policy() -> AccessPolicySpec {
    AccessPolicySpec {
        description: None,
        owner: Owner { team: "shop".into(), contact: "#shop-oncall".into() },
        from: vec![pods("oncall-tools", &[("role", "debug")])],
        via: None,
        to: pods("shop", &[("app", "db")]),
        ports: vec![tcp(5432)],
        max_duration_seconds: 3600,
        default_duration_seconds: Some(1800),
        pending_seconds: 3600,
        limits: Default::default(),
        approval: Default::default(),
        ticket: None,
        enabled: Default::default(),
        unknown_effect: Default::default(),
        break_glass: None,
    }
}

/// Alice asks for the path of [`policy`].
pub(crate) fn request() -> AccessRequest {
    AccessRequest {
        metadata: metadata("shop", "oncall-db-1", "request-1", start()),
        spec: AccessRequestSpec {
            policy_ref: policy_ref(),
            requested_by: user("alice"),
            from: pods("oncall-tools", &[("role", "debug")]),
            via: None,
            to: pods("shop", &[("app", "db")]),
            ports: vec![tcp(5432)],
            duration_seconds: Some(1800),
            until: None,
            not_before: None,
            reason: "slow queries since 02:40".into(),
            ticket: None,
            incident_ref: None,
            break_glass: false,
            extends: None,
        },
        status: None,
    }
}

pub(crate) fn metadata(namespace: &str, name: &str, uid: &str, created: Timestamp) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.into()),
        name: Some(name.into()),
        uid: Some(uid.into()),
        creation_timestamp: Some(Time(created)),
        ..ObjectMeta::default()
    }
}

pub(crate) const HASH: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A decision on [`request`], made `seconds` after the start.
pub(crate) fn decision(
    by: &str,
    verdict: Verdict,
    namespace: &str,
    seconds: i64,
) -> AccessDecision {
    let request = request();
    let name = format!("{by}-{verdict:?}-{namespace}-{seconds}").to_lowercase();
    AccessDecision {
        metadata: metadata(namespace, &name, &name, at(seconds)),
        spec: AccessDecisionSpec {
            request_ref: RequestRef {
                namespace: request.metadata.namespace.unwrap(),
                name: request.metadata.name.unwrap(),
                uid: request.metadata.uid.unwrap(),
            },
            policy_ref: request.spec.policy_ref,
            requested_by: request.spec.requested_by,
            decided_by: user(by),
            verdict,
            plan_hash: Some(HASH.into()),
            reason: Some("ok".into()),
            duration_seconds: None,
            from: None,
            to: None,
            ports: Vec::new(),
        },
    }
}

/// Answers every question of some decisions with yes, asked at a time.
pub(crate) fn all_may(decisions: &[AccessDecision], now: Timestamp) -> Rights {
    let mut rights = Rights::default();
    for decision in decisions {
        for verb in ["approve", "revoke"] {
            let namespace = decision.metadata.namespace.as_deref().unwrap();
            let question = Question::new(
                &decision.spec.decided_by,
                verb,
                &decision.spec.policy_ref,
                namespace,
            );
            rights.insert(question, Answer { allowed: true, at: now });
        }
    }
    rights
}

pub(crate) fn config() -> AccessConfigSpec {
    AccessConfigSpec::default()
}
