//! Questions that are asked by creating an object: who am I, may they, whose
//! token is this.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Reply, Request, Server, Snapshot, decode, metadata};
use crate::admission::Operation;
use crate::object;
use crate::registry::Resource;
use crate::request::{Attributes, UserInfo};
use crate::status::Refusal;
use crate::store::Key;
use crate::time;

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
/// Whom tokens are for, unless somebody asks for another audience.
const AUDIENCE: &str = "https://kubernetes.default.svc";

/// A kind that is only created and never stored.
pub(crate) struct Review {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
}

const fn review(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
) -> Review {
    Review { group, plural, singular, kind, namespaced: false }
}

pub(crate) const REVIEWS: &[Review] = &[
    review(AUTHENTICATION, "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"),
    review(AUTHENTICATION, "tokenreviews", "tokenreview", "TokenReview"),
    Review {
        namespaced: true,
        ..review(
            AUTHORIZATION,
            "localsubjectaccessreviews",
            "localsubjectaccessreview",
            "LocalSubjectAccessReview",
        )
    },
    review(
        AUTHORIZATION,
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        "SelfSubjectAccessReview",
    ),
    review(
        AUTHORIZATION,
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        "SelfSubjectRulesReview",
    ),
    review(AUTHORIZATION, "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview"),
];

/// The review that a request is about.
pub(super) fn find(attributes: &Attributes) -> Option<&'static Review> {
    REVIEWS.iter().find(|review| {
        review.group == attributes.group
            && attributes.version == "v1"
            && review.plural == attributes.resource
    })
}

impl Server {
    pub(super) fn review(
        &mut self,
        request: &Request,
        review: &Review,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let attributes = &request.attributes;
        if attributes.verb != "create"
            || attributes.name.is_some()
            || !attributes.subresource.is_empty()
        {
            return Err(Refusal::method_not_allowed());
        }
        let mut object = decode::document(body, &request.media_type, review.kind)?;
        let spec = object["spec"].clone();
        let status = match review.kind {
            "SelfSubjectReview" => json!({"userInfo": user_info(&attributes.user)}),
            "TokenReview" => self.token_review(&spec),
            "SelfSubjectRulesReview" => {
                let namespace = spec["namespace"].as_str().unwrap_or_default();
                self.authorizer().rules(&attributes.user, namespace)
            }
            "SelfSubjectAccessReview" => self.access(&attributes.user, &spec)?,
            _ => {
                let user = user_of(&spec);
                if user.username.is_empty() && user.groups.is_empty() {
                    return Err(Refusal::invalid(review.group, review.kind, "", &[missing_user()]));
                }
                let asked = spec["resourceAttributes"]["namespace"].as_str().unwrap_or_default();
                if review.namespaced && attributes.namespace.as_deref() != Some(asked) {
                    return Err(Refusal::bad_request(
                        "spec.resourceAttributes.namespace must match metadata.namespace",
                    ));
                }
                self.access(&user, &spec)?
            }
        };
        let fields = object::into_fields(&mut object);
        fields.insert("kind".to_owned(), review.kind.into());
        fields.insert("apiVersion".to_owned(), format!("{}/v1", review.group).into());
        object::fields(fields, "metadata").insert("creationTimestamp".to_owned(), Value::Null);
        fields.insert("status".to_owned(), status);
        Ok(Reply { code: 201, object, warnings: Vec::new() })
    }

    fn access(&mut self, user: &UserInfo, spec: &Value) -> Result<Value, Refusal> {
        let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
        if resource.is_object() == path.is_object() {
            return Err(Refusal::bad_request(
                "exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be set",
            ));
        }
        let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
        let some = |key: &str| Some(text(key)).filter(|text| !text.is_empty());
        let attributes = if resource.is_object() {
            Attributes {
                user: user.clone(),
                verb: text("verb"),
                group: text("group"),
                version: text("version"),
                resource: text("resource"),
                subresource: text("subresource"),
                namespace: some("namespace"),
                name: some("name"),
                ..Attributes::default()
            }
        } else {
            Attributes {
                user: user.clone(),
                verb: path["verb"].as_str().unwrap_or_default().to_owned(),
                path: path["path"].as_str().unwrap_or_default().to_owned(),
                ..Attributes::default()
            }
        };
        let decision = self.authorizer().allowed(&attributes);
        let mut status = json!({"allowed": decision.allowed});
        if !decision.reason.is_empty() {
            status["reason"] = decision.reason.into();
        }
        Ok(status)
    }

    fn token_review(&self, spec: &Value) -> Value {
        let token = spec["token"].as_str().unwrap_or_default();
        let audiences = object::texts(&spec["audiences"]);
        match self.authenticate(token) {
            Some(user) if audiences.is_empty() || audiences.contains(&AUDIENCE) => json!({
                "authenticated": true,
                "user": user_info(&user),
                "audiences": [AUDIENCE],
            }),
            _ => json!({"user": {}, "error": "invalid bearer token"}),
        }
    }

    /// Whose token this is.
    pub(crate) fn authenticate(&self, token: &str) -> Option<UserInfo> {
        let view = Snapshot { store: &self.store, registry: &self.registry };
        self.identities.authenticate(token, &view, self.now)
    }

    /// A new token for a user.
    pub(crate) fn issue_token(
        &mut self,
        user: UserInfo,
        expires: Option<jiff::Timestamp>,
    ) -> String {
        self.identities.issue(user, expires, &mut self.random)
    }

    /// A token of a service account: `serviceaccounts/NAME/token`.
    pub(super) fn token_request(
        &mut self,
        request: &Request,
        resource: &Resource,
        body: &[u8],
    ) -> Result<Reply, Refusal> {
        let written = decode::document(body, &request.media_type, "TokenRequest")?;
        let name = request.name();
        let account_key = Key::new(&resource.table, request.namespace(), name);
        let Some(account) = self.store.get(&account_key) else {
            return Err(Refusal::not_found("", "serviceaccounts", name));
        };
        let uid = object::uid(account).to_owned();
        let namespace = account_key.namespace().unwrap_or_default();
        let spec = &written["spec"];
        let audiences = object::texts(&spec["audiences"]);
        if audiences.iter().any(|audience| *audience != AUDIENCE) {
            let message = "tokens for an audience other than the API server";
            return Err(Refusal::not_implemented(message));
        }
        if !spec["boundObjectRef"].is_null() {
            return Err(Refusal::not_implemented("tokens that are bound to an object"));
        }
        let warnings = self.admit(request, resource, Operation::Create, Some(&written), None)?;
        let seconds = spec["expirationSeconds"].as_u64().unwrap_or(3600).clamp(600, 1 << 32);
        let expires = time::after(self.now, Duration::from_secs(seconds));
        let user = UserInfo::service_account(namespace, name, &uid);
        let token = self.issue_token(user, Some(expires));
        let object = json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": metadata::uid(&mut self.random),
                "creationTimestamp": time::seconds(self.now),
            },
            "spec": {"audiences": [AUDIENCE], "expirationSeconds": seconds, "boundObjectRef": null},
            "status": {"token": token, "expirationTimestamp": time::seconds(expires)},
        });
        Ok(Reply { code: 201, object, warnings })
    }
}

fn missing_user() -> crate::schema::FieldError {
    crate::schema::FieldError {
        field: "spec.user".to_owned(),
        reason: "FieldValueInvalid".to_owned(),
        message: "Invalid value: \"\": at least one of user or group must be specified".to_owned(),
    }
}

fn user_info(user: &UserInfo) -> Value {
    let mut info = json!({"username": user.username, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.clone().into();
    }
    if !user.extra.is_empty() {
        let extra: serde_json::Map<String, Value> =
            user.extra.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
        info["extra"] = Value::Object(extra);
    }
    info
}

fn user_of(spec: &Value) -> UserInfo {
    let texts = |value: &Value| -> Vec<String> {
        object::texts(value).into_iter().map(str::to_owned).collect()
    };
    let mut extra: Vec<(String, Vec<String>)> = spec["extra"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, values)| (key.clone(), texts(values)))
        .collect();
    extra.sort();
    UserInfo {
        username: spec["user"].as_str().unwrap_or_default().to_owned(),
        uid: spec["uid"].as_str().unwrap_or_default().to_owned(),
        groups: texts(&spec["groups"]),
        extra,
    }
}
