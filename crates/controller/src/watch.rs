//! Watches, which only hint: they end a pause early, and nothing depends on
//! them. A watch that is silent costs no more than the pause.

use std::sync::Arc;
use std::time::Duration;

use fallgate_api::names::label;
use fallgate_api::{
    AccessConfig, AccessDecision, AccessGrant, AccessIncident, AccessLock, AccessPolicy,
    AccessRequest, ClusterAccessLock, ClusterAccessPolicy,
};
use fallgate_cluster::Kind;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt as _, StreamExt as _};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Client;
use kube::api::{Api, WatchParams};
use tokio::sync::Notify;

use crate::Clock;

/// How long a watch is left alone that has ended or could not begin.
const PAUSE: Duration = Duration::from_secs(2);

/// Watches everything that a life cycle depends on, for as long as it is polled.
pub(crate) async fn watch(client: Client, clock: Arc<dyn Clock>, hint: Arc<Notify>) {
    fn one<K: Kind + Send + Sync + 'static>(
        client: &Client,
        labels: Option<&'static str>,
        clock: &Arc<dyn Clock>,
        hint: &Arc<Notify>,
    ) -> BoxFuture<'static, ()> {
        let api = Api::<K>::all(client.clone());
        hints(api, labels, clock.clone(), hint.clone()).boxed()
    }
    let all = [
        one::<AccessConfig>(&client, None, &clock, &hint),
        one::<AccessDecision>(&client, None, &clock, &hint),
        one::<AccessGrant>(&client, None, &clock, &hint),
        one::<AccessIncident>(&client, None, &clock, &hint),
        one::<AccessLock>(&client, None, &clock, &hint),
        one::<AccessPolicy>(&client, None, &clock, &hint),
        one::<AccessRequest>(&client, None, &clock, &hint),
        one::<ClusterAccessLock>(&client, None, &clock, &hint),
        one::<ClusterAccessPolicy>(&client, None, &clock, &hint),
        one::<Job>(&client, Some(label::GRANT), &clock, &hint),
        one::<NetworkPolicy>(&client, None, &clock, &hint),
        one::<Pod>(&client, None, &clock, &hint),
    ];
    join_all(all).await;
}

async fn hints<K: Kind>(
    api: Api<K>,
    labels: Option<&'static str>,
    clock: Arc<dyn Clock>,
    hint: Arc<Notify>,
) {
    let label_selector = labels.map(str::to_owned);
    let parameters = WatchParams { label_selector, ..WatchParams::default() };
    loop {
        match api.watch(&parameters, "0").await {
            Ok(events) => {
                let mut events = std::pin::pin!(events);
                while let Some(Ok(_)) = events.next().await {
                    hint.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, kind = %K::kind(&()), "it cannot be watched"),
        }
        clock.sleep(PAUSE).await;
        hint.notify_one();
    }
}
