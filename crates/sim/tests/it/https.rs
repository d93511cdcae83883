//! The server over HTTPS, for clients that know nothing of the simulation.

use fallgate_sim::{HttpsServer, Options, ServeError, Sim, UserInfo};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ListParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

async fn serve() -> (Sim, HttpsServer, Kubeconfig) {
    let sim = Sim::new(Options::default());
    let server = sim.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let users = [("admin", UserInfo::admin()), ("mallory", UserInfo::new("mallory", "5", &[]))];
    let config = Kubeconfig::from_yaml(&server.kubeconfig(&users)).unwrap();
    (sim, server, config)
}

async fn client(config: &Kubeconfig, context: &str) -> kube::Client {
    let options =
        KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let config = kube::Config::from_custom_kubeconfig(config.clone(), &options).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

#[tokio::test]
async fn a_client_with_a_token_reads_writes_and_watches() {
    let (_sim, _server, config) = serve().await;
    let client = client(&config, "admin").await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    assert_eq!(namespaces.list(&ListParams::default()).await.unwrap().items.len(), 4);
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let mut events = maps.watch(&WatchParams::default(), "0").await.unwrap().boxed();
    let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    let event = events.try_next().await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("a")));
}

#[tokio::test]
async fn each_token_is_somebody_and_no_token_is_nobody() {
    let (_sim, _server, mut config) = serve().await;
    let code = |result: Result<kube::core::ObjectList<Namespace>, kube::Error>| match result {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("{other}"),
    };
    let list = async |config: &Kubeconfig, context: &str| {
        let namespaces: Api<Namespace> = Api::all(client(config, context).await);
        code(namespaces.list(&ListParams::default()).await)
    };
    assert_eq!(list(&config, "admin").await, 200);
    assert_eq!(list(&config, "mallory").await, 403);
    for user in &mut config.auth_infos {
        if let Some(user) = &mut user.auth_info {
            user.token = Some("guessed".to_owned().into());
        }
    }
    assert_eq!(list(&config, "admin").await, 401);
}

#[tokio::test]
async fn nobody_takes_another_server_for_this_one() {
    let (_sim, _server, config) = serve().await;
    let (_other_sim, _other, mut other) = serve().await;
    // The address of one with the authority of the other.
    other.clusters[0].cluster.as_mut().unwrap().server =
        config.clusters[0].cluster.as_ref().unwrap().server.clone();
    let namespaces: Api<Namespace> = Api::all(client(&other, "admin").await);
    let error = namespaces.list(&ListParams::default()).await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "{error}");
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let sim = Sim::new(Options::default());
    let error = sim.serve("0.0.0.0:0".parse().unwrap()).await.err().unwrap();
    assert!(matches!(error, ServeError::NotLoopback(_)));
}

#[tokio::test]
async fn tokens_do_not_follow_from_the_seed() {
    let token = async || {
        let (_sim, server, _) = serve().await;
        let text = server.kubeconfig(&[("admin", UserInfo::admin())]);
        let config: serde_json::Value = serde_json::from_str(&text).unwrap();
        config["users"][0]["user"]["token"].as_str().unwrap().to_owned()
    };
    let (one, other) = (token().await, token().await);
    assert!(one.len() > 40);
    assert_ne!(one, other);
}
