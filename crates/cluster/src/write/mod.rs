//! The write side of the access path: one request each, and never more than one.
//!
//! There is one way to create, one to delete and one to write a status, and none
//! of them can be used without what makes it safe. Nothing is sent again here:
//! whoever asked looks at what is there and decides anew, since a create that is
//! repeated may land after the path's end.

mod follow;
mod refusal;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, UserInfo};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec,
};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{
    DeleteParams, ListParams, ObjectList, Patch, PatchParams, PostParams, Preconditions,
};
use kube::core::Request;
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use follow::Followed;
pub use refusal::Refusal;

/// A kind that is written, or read live to decide about a write.
pub trait Kind: Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + Debug {}

impl<K: Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + Debug> Kind for K {}

/// How many objects a page of a list holds.
const PAGE: u32 = 500;

/// How often a list is started over when it grew too old between two pages.
const RESTARTS: u32 = 3;

/// Sends single requests as one identity.
///
/// The client must not retry by itself: `kube`'s default repeats creates for
/// minutes.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    manager: &'static str,
    timeout: Duration,
}

impl Writer {
    /// A writer whose fields belong to `manager`, and whose requests are given
    /// up after `timeout`.
    pub fn new(client: Client, manager: &'static str, timeout: Duration) -> Writer {
        Writer { client, manager, timeout }
    }

    /// The same with less time: what is left of a lease, for one.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Writer {
        Writer { timeout: timeout.min(self.timeout), ..self.clone() }
    }

    /// Creates an object. An object of its name that is there is never touched.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart; after [`Refusal::Uncertain`] the object
    /// may be there.
    pub async fn create<K: Kind>(&self, object: &K) -> Result<K, Refusal> {
        self.post(object, false).await
    }

    /// Asks whether [`Writer::create`] would, everything but the storing
    /// included.
    ///
    /// # Errors
    ///
    /// As [`Writer::create`]'s, and nothing is there afterwards.
    pub async fn rehearse<K: Kind>(&self, object: &K) -> Result<(), Refusal> {
        self.post(object, true).await.map(drop)
    }

    async fn post<K: Kind>(&self, object: &K, dry_run: bool) -> Result<K, Refusal> {
        let path = K::url_path(&(), object.meta().namespace.as_deref());
        let parameters = PostParams { dry_run, field_manager: Some(self.manager.to_owned()) };
        let body = serde_json::to_vec(object).map_err(|e| Refusal::Invalid(e.to_string()))?;
        self.send(Request::new(path).create(&parameters, body)).await
    }

    /// Deletes this very object and what it owns: an object of its name with
    /// another uid stays. Where it is gone already, it is closed.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart; a name that another object has by now is
    /// a [`Refusal::Conflict`].
    pub async fn delete<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        uid: &str,
    ) -> Result<(), Refusal> {
        let parameters = match &*K::kind(&()) {
            // Without a policy, what it owns would be orphaned: a NetworkPolicy would
            // stay for ever. So it goes first, and then the Job.
            "Job" => DeleteParams::foreground(),
            // Nothing else owns anything. In the foreground it would wait for the
            // garbage collector, and a NetworkPolicy be in force until then.
            _ => DeleteParams::background(),
        };
        let parameters = parameters
            .preconditions(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        let path = K::url_path(&(), namespace);
        // The answer is the object or a Status, and says nothing that is needed.
        let answer: Result<Value, Refusal> =
            self.send(Request::new(path).delete(name, &parameters)).await;
        match answer {
            Ok(_) | Err(Refusal::NotFound) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Writes the status of this very object as a whole: a field that is left
    /// out is removed. Nothing happens to one with another uid or, where the
    /// object has one, another resourceVersion.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart.
    pub async fn write_status<K: Kind>(&self, object: &K) -> Result<K, Refusal> {
        let invalid = |e: serde_json::Error| Refusal::Invalid(e.to_string());
        let mut whole = serde_json::to_value(object).map_err(invalid)?;
        let status = whole.get_mut("status").map(Value::take).unwrap_or_else(|| json!({}));
        let meta = object.meta();
        let (Some(name), Some(uid)) = (&meta.name, &meta.uid) else {
            return Err(Refusal::Invalid("an object without name or uid has no status".to_owned()));
        };
        let mut metadata = json!({"name": name, "uid": uid});
        if let Value::Object(fields) = &mut metadata {
            let optional =
                [("namespace", &meta.namespace), ("resourceVersion", &meta.resource_version)];
            for (key, value) in optional {
                if let Some(value) = value {
                    fields.insert(key.to_owned(), json!(value));
                }
            }
        }
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": metadata,
            "status": status,
        });
        let parameters = PatchParams::apply(self.manager).force();
        let path = K::url_path(&(), meta.namespace.as_deref());
        let request = Request::new(path);
        self.send(request.patch_subresource("status", name, &parameters, &Patch::Apply(patch)))
            .await
    }

    /// Changes fields of the spec of this very object, and nothing else of it:
    /// an object of its name with another uid stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart.
    pub async fn amend<K: Kind>(&self, object: &K, spec: Value) -> Result<K, Refusal> {
        let meta = object.meta();
        let (Some(name), Some(uid)) = (&meta.name, &meta.uid) else {
            return Err(Refusal::Invalid("an object without name or uid is not there".to_owned()));
        };
        let patch = json!({"metadata": {"uid": uid}, "spec": spec});
        let parameters =
            PatchParams { field_manager: Some(self.manager.to_owned()), ..Default::default() };
        let request = Request::new(K::url_path(&(), meta.namespace.as_deref()));
        self.send(request.patch(name, &parameters, &Patch::Merge(patch))).await
    }

    /// Takes or renews a lease: writes it in the place of the one of its
    /// resourceVersion, and of no other.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart; [`Refusal::Conflict`] when somebody else
    /// was faster.
    pub async fn hold(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let (Some(name), Some(_)) = (&lease.metadata.name, &lease.metadata.resource_version) else {
            return Err(Refusal::Invalid("a lease that was not read cannot be held".to_owned()));
        };
        let path = Lease::url_path(&(), lease.metadata.namespace.as_deref());
        let parameters =
            PostParams { dry_run: false, field_manager: Some(self.manager.to_owned()) };
        let body = serde_json::to_vec(lease).map_err(|e| Refusal::Invalid(e.to_string()))?;
        self.send(Request::new(path).replace(name, &parameters, body)).await
    }

    /// The time by the API server's clock, in whole seconds: what it would stamp
    /// on a lease that is not created.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart.
    pub async fn time(&self, namespace: &str) -> Result<Timestamp, Refusal> {
        let mut lease = Lease::default();
        lease.metadata.namespace = Some(namespace.to_owned());
        lease.metadata.generate_name = Some(format!("{}-time-", self.manager));
        let answer = self.post(&lease, true).await?;
        let made = answer.metadata.creation_timestamp;
        let unstamped = || Refusal::Invalid("a lease that has no time of creation".to_owned());
        made.map(|time| time.0).ok_or_else(unstamped)
    }

    /// Reads one object as it is now; `None` when there is none.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart.
    pub async fn read<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<K>, Refusal> {
        let path = K::url_path(&(), namespace);
        match self.send(Request::new(path).get(name, &Default::default())).await {
            Ok(object) => Ok(Some(object)),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Lists all objects of a kind as they are now, in every namespace, with a
    /// label selector where one is given.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart. A part of a list is never returned for
    /// the whole.
    pub async fn list<K: Kind>(&self, labels: Option<&str>) -> Result<Vec<K>, Refusal> {
        self.list_in(None, labels).await
    }

    /// The same in one namespace, where one is given.
    ///
    /// # Errors
    ///
    /// As [`Writer::list`]'s.
    pub async fn list_in<K: Kind>(
        &self,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<K>, Refusal> {
        let mut restarts = 0;
        'whole: loop {
            let mut found = Vec::new();
            let mut parameters = ListParams::default().limit(PAGE);
            parameters.label_selector = labels.map(str::to_owned);
            loop {
                let request = Request::new(K::url_path(&(), namespace)).list(&parameters);
                let page: ObjectList<K> = match self.send(request).await {
                    Ok(page) => page,
                    Err(Refusal::Expired) if restarts < RESTARTS => {
                        restarts += 1;
                        continue 'whole;
                    }
                    Err(refusal) => return Err(refusal),
                };
                found.extend(page.items);
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => parameters.continue_token = Some(token),
                    None => return Ok(found),
                }
            }
        }
    }

    /// Asks the API server's authorizer whether somebody may do something.
    ///
    /// # Errors
    ///
    /// When it gave no answer, which is never a yes.
    pub async fn may(&self, user: &UserInfo, what: ResourceAttributes) -> Result<bool, Refusal> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: user.username.clone(),
                uid: user.uid.clone(),
                groups: user.groups.clone(),
                extra: user.extra.clone(),
                resource_attributes: Some(what),
                non_resource_attributes: None,
            },
            ..Default::default()
        };
        let answer = self.post(&review, false).await?;
        Ok(answer.status.is_some_and(|status| status.allowed && status.denied != Some(true)))
    }

    /// Asks the API server's authorizer whether we may do something ourselves,
    /// which everybody may ask.
    ///
    /// # Errors
    ///
    /// As [`Writer::may`]'s.
    pub async fn may_we(&self, what: ResourceAttributes) -> Result<bool, Refusal> {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(what),
                non_resource_attributes: None,
            },
            ..Default::default()
        };
        let answer = self.post(&review, false).await?;
        Ok(answer.status.is_some_and(|status| status.allowed && status.denied != Some(true)))
    }

    /// Who the API server says that we are.
    ///
    /// # Errors
    ///
    /// As [`Refusal`] tells them apart.
    pub async fn identity(&self) -> Result<UserInfo, Refusal> {
        let answer = self.post(&SelfSubjectReview::default(), false).await?;
        let user = answer.status.and_then(|status| status.user_info);
        user.ok_or_else(|| Refusal::Invalid("a review of ourselves that names nobody".to_owned()))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<T, Refusal> {
        let request = request.map_err(|e| Refusal::Invalid(e.to_string()))?;
        match tokio::time::timeout(self.timeout, self.client.request(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Refusal::from_client(&error)),
            Err(_) => Err(Refusal::Uncertain(format!(
                "no answer within {} s",
                self.timeout.as_secs_f64()
            ))),
        }
    }
}
