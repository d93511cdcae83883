//! One call of a life cycle as one request to the API server.

use std::collections::BTreeMap;

use fallgate_access::{Call, Object, Question, Rehearsal};
use fallgate_api::{
    AccessDecision, AccessGrant, AccessIncident, AccessPolicy, AccessRequest, ClusterAccessPolicy,
    GROUP,
};
use fallgate_cluster::{Refusal, Writer};
use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::authorization::v1::ResourceAttributes;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;

/// A request to send, with the object that it is about.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(Question),
    Rehearse(Rehearsal),
    CreateGrant(Box<AccessGrant>),
    CreateSwitch(Box<Job>),
    CreatePolicy(Box<NetworkPolicy>),
    Delete(Object),
    /// The status of the request, as a whole.
    WriteRequest(Box<AccessRequest>),
    /// The status of the grant, as a whole.
    WriteGrant(Box<AccessGrant>),
    /// The status of the incident, as a whole.
    WriteIncident(Box<AccessIncident>),
    /// The status of the policy, as a whole.
    WritePolicy(Box<AccessPolicy>),
    /// The same of a policy of the whole cluster.
    WriteClusterPolicy(Box<ClusterAccessPolicy>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Done,
    Allowed(bool),
}

impl Act {
    /// A call about a request and its grant.
    pub(crate) fn of(
        call: Call,
        request: &AccessRequest,
        grant: Option<&AccessGrant>,
    ) -> Option<Act> {
        Some(match call {
            Call::Ask(question) => Act::Ask(question),
            Call::Rehearse(rehearsal) => Act::Rehearse(rehearsal),
            Call::CreateGrant(grant) => Act::CreateGrant(grant),
            Call::CreateSwitch(job) => Act::CreateSwitch(job),
            Call::CreatePolicy(policy) => Act::CreatePolicy(policy),
            Call::Close(object, _) | Call::Delete(object) => Act::Delete(object),
            Call::WriteRequest(status) => Act::WriteRequest(Box::new(AccessRequest {
                status: Some(*status),
                ..request.clone()
            })),
            Call::WriteGrant(status) => {
                let grant = grant?.clone();
                Act::WriteGrant(Box::new(AccessGrant { status: Some(*status), ..grant }))
            }
        })
    }

    /// Whether it closes something. All else needs the lease.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Act::Delete(Object { kind: "Job" | "NetworkPolicy", .. }))
    }

    /// What it does, in a word, and to what.
    pub(crate) fn words(&self) -> (&'static str, String) {
        let at = |namespace: &Option<String>, name: &Option<String>| {
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{}/{}", part(namespace), part(name))
        };
        match self {
            Act::Ask(question) => {
                ("ask", format!("whether {} may {}", question.username, question.verb))
            }
            Act::Rehearse(rehearsal) => ("rehearse", rehearsal.refused_by().to_owned()),
            Act::CreateGrant(grant) => {
                ("create grant", at(&grant.metadata.namespace, &grant.metadata.name))
            }
            Act::CreateSwitch(job) => {
                ("create switch", at(&job.metadata.namespace, &job.metadata.name))
            }
            Act::CreatePolicy(policy) => {
                ("create policy", at(&policy.metadata.namespace, &policy.metadata.name))
            }
            Act::Delete(object) => {
                ("delete", format!("{} {}/{}", object.kind, object.namespace, object.name))
            }
            Act::WriteRequest(request) => {
                ("write request", at(&request.metadata.namespace, &request.metadata.name))
            }
            Act::WriteGrant(grant) => {
                ("write grant", at(&grant.metadata.namespace, &grant.metadata.name))
            }
            Act::WriteIncident(incident) => {
                ("write incident", at(&incident.metadata.namespace, &incident.metadata.name))
            }
            Act::WritePolicy(policy) => {
                ("write policy", at(&policy.metadata.namespace, &policy.metadata.name))
            }
            Act::WriteClusterPolicy(policy) => {
                ("write policy", policy.metadata.name.clone().unwrap_or_default())
            }
        }
    }

    /// Sends it, once.
    pub(crate) async fn send(&self, writer: &Writer) -> Result<Answer, Refusal> {
        match self {
            Act::Ask(question) => {
                let (user, what) = review(question);
                return writer.may(&user, what).await.map(Answer::Allowed);
            }
            Act::Rehearse(Rehearsal::Owner(policy)) => writer.rehearse(&**policy).await?,
            Act::Rehearse(Rehearsal::Identity(decision)) => writer.rehearse(&**decision).await?,
            Act::CreateGrant(grant) => drop(writer.create(&**grant).await?),
            Act::CreateSwitch(job) => drop(writer.create(&**job).await?),
            Act::CreatePolicy(policy) => drop(writer.create(&**policy).await?),
            Act::Delete(object) => delete(object, writer).await?,
            Act::WriteRequest(request) => drop(writer.write_status(&**request).await?),
            Act::WriteGrant(grant) => drop(writer.write_status(&**grant).await?),
            Act::WriteIncident(incident) => drop(writer.write_status(&**incident).await?),
            Act::WritePolicy(policy) => drop(writer.write_status(&**policy).await?),
            Act::WriteClusterPolicy(policy) => drop(writer.write_status(&**policy).await?),
        }
        Ok(Answer::Done)
    }
}

/// Deletes this very object.
async fn delete(object: &Object, writer: &Writer) -> Result<(), Refusal> {
    let (namespace, name, uid) = (Some(object.namespace.as_str()), &object.name, &object.uid);
    match object.kind {
        "Job" => writer.delete::<Job>(namespace, name, uid).await,
        "NetworkPolicy" => writer.delete::<NetworkPolicy>(namespace, name, uid).await,
        "AccessDecision" => writer.delete::<AccessDecision>(namespace, name, uid).await,
        "AccessGrant" => writer.delete::<AccessGrant>(namespace, name, uid).await,
        "AccessRequest" => writer.delete::<AccessRequest>(namespace, name, uid).await,
        kind => Err(Refusal::Invalid(format!("objects of kind {kind} are not deleted here"))),
    }
}

fn review(question: &Question) -> (UserInfo, ResourceAttributes) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let user = UserInfo {
        username: some(&question.username),
        uid: some(&question.uid),
        groups: Some(question.groups.iter().cloned().collect()),
        extra: None::<BTreeMap<_, _>>,
    };
    let what = ResourceAttributes {
        verb: Some(question.verb.to_owned()),
        group: Some(GROUP.to_owned()),
        resource: Some(question.policy.kind.resource().to_owned()),
        name: Some(question.policy.name.clone()),
        namespace: Some(question.namespace.clone()),
        ..ResourceAttributes::default()
    };
    (user, what)
}
