//! Which pods a selector selects.

#![cfg(test)]

use fallgate_engine::Engine;
use fallgate_model::{
    Cluster, Dialect, Labels, Operator, Origin, Pod, Requirement, Selector, Str, Workload,
};

fn pod(name: &str, labels: Labels) -> Pod {
    Pod {
        namespace: "shop".into(),
        name: name.into(),
        workload: Workload { kind: "Pod".into(), name: name.into() },
        labels,
        addresses: Vec::new(),
        node: None,
        host_addresses: Vec::new(),
        host_network: false,
        ports: Vec::new(),
        stand_in: false,
        origin: Origin::default(),
    }
}

#[test]
fn pods_are_selected_certainly_possibly_or_not() {
    let mut unvalued = Labels::default();
    unvalued.set_unvalued("app");
    let open = Labels { open: true, ..Labels::default() };
    let pods = vec![
        pod("open", open),
        pod("db", Labels::new([("app", "db")])),
        pod("web", Labels::new([("app", "web")])),
        pod("bare", Labels::default()),
        pod("unvalued", unvalued),
    ];
    let cluster = Cluster { pods, ..Cluster::default() };
    let snapshot = Engine::new(cluster, Dialect::default()).snapshot();
    let selected = |namespace: &str, operator, values: &[&str]| -> Vec<(Str, bool)> {
        let values = values.iter().map(|v| Str::from(*v)).collect();
        let selector = Selector::new([Requirement { key: "app".into(), operator, values }]);
        let found = snapshot.select(namespace, &selector).into_iter();
        found.map(|(id, certain)| (snapshot.pod(id).unwrap().name.clone(), certain)).collect()
    };
    let pairs = |pairs: &[(&str, bool)]| -> Vec<(Str, bool)> {
        pairs.iter().map(|(name, certain)| (Str::from(*name), *certain)).collect()
    };
    assert_eq!(
        selected("shop", Operator::In, &["db"]),
        pairs(&[("db", true), ("open", false), ("unvalued", false)])
    );
    assert_eq!(
        selected("shop", Operator::NotIn, &["db"]),
        pairs(&[("bare", true), ("open", false), ("unvalued", false), ("web", true)])
    );
    assert_eq!(
        selected("shop", Operator::Exists, &[]),
        pairs(&[("db", true), ("open", false), ("unvalued", true), ("web", true)])
    );
    assert_eq!(
        selected("shop", Operator::DoesNotExist, &[]),
        pairs(&[("bare", true), ("open", false)])
    );
    assert_eq!(selected("bank", Operator::In, &["db"]), pairs(&[]));
}
