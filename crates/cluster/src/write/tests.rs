use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request as HttpRequest, Response};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::client::Body;
use tower::service_fn;

use super::*;

/// A request as it arrived: method, path with query, body.
type Arrived = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A server that answers every request alike.
fn writer(code: u16, answer: Value) -> (Writer, Arrived) {
    let arrived = Arrived::default();
    let log = arrived.clone();
    let service = service_fn(move |request: HttpRequest<Body>| {
        let (log, answer) = (log.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            log.lock().unwrap().push((parts.method.to_string(), parts.uri.to_string(), body));
            let response = Response::builder().status(code);
            Ok::<_, Infallible>(response.body(Body::from(answer.to_string().into_bytes())).unwrap())
        }
    });
    let client = Client::new(service, "default");
    (Writer::new(client, "fallgate-controller", Duration::from_secs(5)), arrived)
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
}

fn job() -> Job {
    serde_json::from_value(json!({
        "metadata": {"namespace": "shop", "name": "switch", "uid": "u-1", "resourceVersion": "7"},
        "status": {"active": 0},
    }))
    .unwrap()
}

#[tokio::test]
async fn a_delete_names_the_uid_and_takes_what_is_owned_with_it() {
    let (writer, arrived) = writer(200, job_value());
    writer.delete::<Job>(Some("shop"), "switch", "u-1").await.unwrap();
    let arrived = arrived.lock().unwrap();
    let [(method, path, body)] = &arrived[..] else { panic!("{arrived:?}") };
    assert_eq!(
        (method.as_str(), path.as_str()),
        ("DELETE", "/apis/batch/v1/namespaces/shop/jobs/switch?")
    );
    assert_eq!(*body, json!({"propagationPolicy": "Foreground", "preconditions": {"uid": "u-1"}}));
}

/// A policy is in force for as long as it is there, also while it waits for the
/// garbage collector.
#[tokio::test]
async fn what_owns_nothing_is_deleted_at_once() {
    let (writer, arrived) = writer(200, job_value());
    writer.delete::<NetworkPolicy>(Some("shop"), "path", "u-1").await.unwrap();
    let arrived = arrived.lock().unwrap();
    let [(_, _, body)] = &arrived[..] else { panic!("{arrived:?}") };
    assert_eq!(*body, json!({"propagationPolicy": "Background", "preconditions": {"uid": "u-1"}}));
}

fn job_value() -> Value {
    serde_json::to_value(job()).unwrap()
}

#[tokio::test]
async fn what_is_gone_is_closed_and_what_is_another_is_not() {
    let (gone, _) = writer(404, status(404, "NotFound", "jobs \"switch\" not found"));
    gone.delete::<Job>(Some("shop"), "switch", "u-1").await.unwrap();
    let (other, _) = writer(409, status(409, "Conflict", "the UID in the precondition is another"));
    let refusal = other.delete::<Job>(Some("shop"), "switch", "u-1").await.unwrap_err();
    assert!(matches!(refusal, Refusal::Conflict(_)), "{refusal:?}");
}

#[tokio::test]
async fn a_request_is_sent_once_whatever_the_answer() {
    for code in [409, 429, 500, 502, 503, 504] {
        let (writer, arrived) = writer(code, status(code, "", "no"));
        let object = NetworkPolicy { metadata: job().metadata, ..Default::default() };
        let refusal = writer.create(&object).await.unwrap_err();
        assert_eq!(arrived.lock().unwrap().len(), 1, "{code}");
        let certain = matches!(code, 409 | 429);
        assert_eq!(!matches!(refusal, Refusal::Uncertain(_)), certain, "{code}: {refusal:?}");
    }
}

#[tokio::test]
async fn a_refusal_by_an_admission_policy_names_it() {
    let message = "networkpolicies.networking.k8s.io \"x\" is forbidden: ValidatingAdmissionPolicy \
                   'fallgate-managed-policies' with binding 'fallgate-managed-policies' denied \
                   request: a NetworkPolicy of a grant has one owner";
    // The status code is the policy's to choose.
    for code in [403, 422] {
        let (writer, arrived) = writer(code, status(code, "Invalid", message));
        let object = NetworkPolicy { metadata: job().metadata, ..Default::default() };
        let refusal = writer.rehearse(&object).await.unwrap_err();
        let expected = Refusal::Admission {
            policy: "fallgate-managed-policies".to_owned(),
            message: "a NetworkPolicy of a grant has one owner".to_owned(),
        };
        assert_eq!(refusal, expected);
        assert!(arrived.lock().unwrap()[0].1.contains("dryRun=All"));
    }
    let (writer, _) = writer(403, status(403, "Forbidden", "User \"x\" cannot create"));
    let object = NetworkPolicy { metadata: job().metadata, ..Default::default() };
    assert!(matches!(writer.rehearse(&object).await.unwrap_err(), Refusal::Forbidden(_)));
}

#[tokio::test]
async fn a_status_is_written_for_one_object_and_nothing_else_of_it() {
    let (writer, arrived) = writer(200, job_value());
    writer.write_status(&job()).await.unwrap();
    let arrived = arrived.lock().unwrap();
    let (method, path, body) = &arrived[0];
    assert_eq!(method, "PATCH");
    assert!(path.starts_with("/apis/batch/v1/namespaces/shop/jobs/switch/status?"), "{path}");
    assert!(path.contains("force=true") && path.contains("fieldManager=fallgate-controller"));
    assert_eq!(
        *body,
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"namespace": "shop", "name": "switch", "uid": "u-1", "resourceVersion": "7"},
            "status": {"active": 0},
        })
    );
}

#[tokio::test]
async fn a_part_of_a_list_is_never_the_whole() {
    let (writer, arrived) = writer(410, status(410, "Expired", "too old"));
    assert_eq!(writer.list::<Job>(None).await.unwrap_err(), Refusal::Expired);
    assert_eq!(arrived.lock().unwrap().len(), 1 + RESTARTS as usize);
}

#[tokio::test]
async fn only_a_plain_yes_is_a_yes() {
    let user = UserInfo { username: Some("bob".to_owned()), ..Default::default() };
    for (answer, expected) in [
        (json!({"allowed": true}), true),
        (json!({"allowed": false}), false),
        (json!({"allowed": true, "denied": true}), false),
    ] {
        let (writer, _) = writer(201, json!({"spec": {}, "status": answer}));
        assert_eq!(writer.may(&user, ResourceAttributes::default()).await.unwrap(), expected);
    }
    let (silent, _) = writer(201, json!({"spec": {}}));
    assert!(!silent.may(&user, ResourceAttributes::default()).await.unwrap());
    let (broken, _) = writer(500, status(500, "InternalError", "no"));
    broken.may(&user, ResourceAttributes::default()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_in_time_may_have_been_done() {
    let service = service_fn(|_: HttpRequest<Body>| {
        std::future::pending::<Result<Response<Body>, Infallible>>()
    });
    let writer = Writer::new(Client::new(service, "default"), "test", Duration::from_secs(30));
    let object = NetworkPolicy { metadata: job().metadata, ..Default::default() };
    let refusal = writer.within(Duration::from_secs(2)).create(&object).await.unwrap_err();
    assert_eq!(refusal, Refusal::Uncertain("no answer within 2 s".to_owned()));
}

/// A server that answers each request by the next of these bodies, and holds the
/// connection of what comes after them.
fn script(answers: Vec<(u16, String)>) -> (Writer, Arrived) {
    let arrived = Arrived::default();
    let log = arrived.clone();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let service = service_fn(move |request: HttpRequest<Body>| {
        let next = answers.lock().unwrap().next();
        let path = request.uri().to_string();
        log.lock().unwrap().push((request.method().to_string(), path, Value::Null));
        async move {
            let Some((code, body)) = next else { return std::future::pending().await };
            Ok::<_, Infallible>(
                Response::builder().status(code).body(Body::from(body.into_bytes())).unwrap(),
            )
        }
    });
    let writer = Writer::new(Client::new(service, "default"), "fallgate", Duration::from_secs(5));
    (writer, arrived)
}

fn at_version(version: &str) -> Value {
    let mut job = job_value();
    job["metadata"]["resourceVersion"] = json!(version);
    job
}

fn versions(patience: u64) -> (Duration, impl FnMut(&Job) -> bool) {
    let done = |job: &Job| job.metadata.resource_version.as_deref() == Some("9");
    (Duration::from_secs(patience), done)
}

#[tokio::test(start_paused = true)]
async fn an_object_is_followed_from_where_it_was_read() {
    let event = |version| json!({"type": "MODIFIED", "object": at_version(version)}).to_string();
    let answers = vec![
        (200, at_version("7").to_string()),
        (200, format!("{}\n{}\n", event("8"), event("9"))),
    ];
    let (writer, arrived) = script(answers);
    let (patience, done) = versions(60);
    let followed = writer.follow::<Job>(Some("shop"), "switch", patience, done).await.unwrap();
    assert!(matches!(followed, Followed::Done(_)), "{followed:?}");
    let arrived = arrived.lock().unwrap();
    let watch = &arrived[1].1;
    assert!(watch.contains("watch=true") && watch.contains("resourceVersion=7"), "{watch}");
    assert!(watch.contains("fieldSelector=metadata.name%3Dswitch"), "{watch}");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_watched_is_read_again() {
    let forbidden = status(403, "Forbidden", "no").to_string();
    let answers = vec![
        (200, at_version("7").to_string()),
        (403, forbidden),
        (503, status(503, "ServiceUnavailable", "busy").to_string()),
        (200, at_version("9").to_string()),
    ];
    let (writer, arrived) = script(answers);
    let (patience, done) = versions(60);
    let followed = writer.follow::<Job>(Some("shop"), "switch", patience, done).await.unwrap();
    assert!(matches!(followed, Followed::Done(_)), "{followed:?}");
    assert_eq!(arrived.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_what_was_seen_last() {
    let (writer, _) = script(vec![(200, at_version("7").to_string())]);
    let (patience, done) = versions(60);
    let followed = writer.follow::<Job>(Some("shop"), "switch", patience, done).await.unwrap();
    let Followed::TimeOver(job) = followed else { panic!("{followed:?}") };
    assert_eq!(job.metadata.resource_version.as_deref(), Some("7"));
    let (gone, _) = script(vec![(404, status(404, "NotFound", "no").to_string())]);
    let (patience, done) = versions(60);
    let followed = gone.follow::<Job>(Some("shop"), "switch", patience, done).await.unwrap();
    assert_eq!(followed, Followed::Gone);
    let (silent, _) = script(Vec::new());
    let (patience, done) = versions(60);
    silent.follow::<Job>(Some("shop"), "switch", patience, done).await.unwrap_err();
}

#[tokio::test]
async fn a_spec_is_amended_for_one_object_only() {
    let (writer, arrived) = writer(200, job_value());
    writer.amend(&job(), json!({"suspend": true})).await.unwrap();
    let arrived = arrived.lock().unwrap();
    let (method, path, body) = &arrived[0];
    assert_eq!(method, "PATCH");
    assert!(path.starts_with("/apis/batch/v1/namespaces/shop/jobs/switch?"), "{path}");
    assert_eq!(*body, json!({"metadata": {"uid": "u-1"}, "spec": {"suspend": true}}));
}

#[tokio::test]
async fn a_list_may_be_of_one_namespace() {
    let (writer, arrived) = writer(200, json!({"metadata": {}, "items": []}));
    assert!(writer.list_in::<Job>(Some("shop"), None).await.unwrap().is_empty());
    assert!(arrived.lock().unwrap()[0].1.starts_with("/apis/batch/v1/namespaces/shop/jobs?"));
}

#[tokio::test]
async fn everybody_may_ask_what_they_may() {
    let (writer, arrived) = writer(201, json!({"spec": {}, "status": {"allowed": true}}));
    assert!(writer.may_we(ResourceAttributes::default()).await.unwrap());
    let arrived = arrived.lock().unwrap();
    let path = &arrived[0].1;
    assert!(path.starts_with("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?"), "{path}");
}
