//! What is written, and what is put over what was read.

use super::*;

#[test]
fn overlays() {
    let mut base = clean(&format!("{DEPLOYMENT}{POD}---\n{}", policy("policyTypes: [Egress]")));
    overlay::add(&mut base, clean(&policy("policyTypes: [Ingress]")));
    assert_eq!(base.network_policies.len(), 1);
    assert!(base.network_policies[0].ingress.is_some());
    // A policy that is not valid hides the one that it replaces.
    overlay::add(&mut base, reading(&policy("ingress: [{from: [{}]}]")).cluster);
    assert_eq!((base.network_policies.len(), base.opaque.len()), (0, 1));
    assert!(overlay::remove(&mut base, "NetworkPolicy", "shop", "p"));
    assert_eq!(base.opaque, []);
    assert!(!overlay::remove(&mut base, "NetworkPolicy", "shop", "p"));
    overlay::add(&mut base, clean(DEPLOYMENT));
    assert!(base.pods.iter().all(|p| p.stand_in) && base.pods.len() == 1);
    let missing =
        overlay::replace(&mut base, clean("apiVersion: v1\nkind: Pod\nmetadata: {name: zz}\n"));
    assert_eq!(missing.len(), 1);
}

#[test]
fn generated_clusters_are_clean_and_survive_writing() {
    for line in include_str!("../data/clusters.jsonl").lines() {
        // Some have rules for directions that they do not list, which is legal.
        let reading = reading(line);
        assert!(reading.diagnostics.iter().all(|d| d.id == "rules-ignored"));
        let mut first = reading.cluster;
        let mut again = clean(&write_cluster(&first));
        forget_origins(&mut first);
        forget_origins(&mut again);
        assert_eq!(first, again);
    }
}

#[test]
fn workloads_survive_writing() {
    let mut text = DEPLOYMENT.to_owned();
    for (api, kind) in [("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job")] {
        text.push_str(&format!(
            "---\n{}",
            DEPLOYMENT.replace("apps/v1", api).replace("Deployment", kind)
        ));
    }
    text.push_str("---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {a: b}}}}}}\n");
    let mut first = clean(&text);
    assert_eq!(first.pods.len(), 5);
    let mut again = clean(&write_cluster(&first));
    forget_origins(&mut first);
    forget_origins(&mut again);
    assert_eq!(first, again);
}
