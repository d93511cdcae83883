//! Which kinds a server has, from aggregated discovery (KEP-3352).

use http::StatusCode;
use kube::core::discovery::v2::{
    ACCEPT_AGGREGATED_DISCOVERY_V2, APIGroupDiscovery, APIGroupDiscoveryList,
};

use serde::Deserialize;

use crate::Gap;
use crate::error::Error;
use crate::resource::{Resource, has_policies, known_version, role, store_of};
use crate::session::Session;

/// The resources beyond those that every cluster has, sorted, and what could
/// not be learnt.
pub(crate) async fn discover(session: &Session) -> Result<(Vec<Resource>, Vec<Gap>), Error> {
    const PATH: &str = "/apis";
    let answer = session.get(PATH, ACCEPT_AGGREGATED_DISCOVERY_V2).await?;
    if answer.status == StatusCode::FORBIDDEN {
        return match session.refused(PATH, &answer) {
            Error::Answer { reason, .. } => Ok((Vec::new(), vec![Gap::kinds(&reason)])),
            impersonation => Err(impersonation),
        };
    }
    if !answer.status.is_success() {
        return Err(session.refused(PATH, &answer));
    }
    let nonsense = |_| session.nonsense(PATH, "something that is no list of APIs");
    let typed: Typed = serde_json::from_slice(&answer.text).map_err(nonsense)?;
    if typed.kind == "APIGroupList" {
        let reason = "the server is older than Kubernetes 1.26";
        return Ok((Vec::new(), vec![Gap::kinds(reason)]));
    }
    let list: APIGroupDiscoveryList = serde_json::from_slice(&answer.text).map_err(nonsense)?;
    Ok(select(&list.items))
}

/// A server that does not know the answer asked for gives the old one.
#[derive(Deserialize)]
struct Typed {
    kind: String,
}

fn select(groups: &[APIGroupDiscovery]) -> (Vec<Resource>, Vec<Gap>) {
    let name_of = |g: &APIGroupDiscovery| {
        g.metadata.as_ref().and_then(|m| m.name.clone()).unwrap_or_default()
    };
    let mut found: Vec<Resource> = Vec::new();
    let mut gaps = Vec::new();
    for group in groups {
        let name = name_of(group);
        if store_of(&name).is_some_and(|store| groups.iter().any(|g| name_of(g) == store)) {
            continue;
        }
        for served in &group.versions {
            let version = served.version.clone().unwrap_or_default();
            if served.freshness.as_deref() == Some("Stale")
                && served.resources.is_empty()
                && has_policies(&name)
            {
                gaps.push(Gap::down(&name, &version));
            }
            for resource in &served.resources {
                let kind = resource.response_kind.as_ref().and_then(|k| k.kind.as_deref());
                let (Some(plural), Some(kind)) = (&resource.resource, kind) else { continue };
                let namespaced = resource.scope.as_deref() == Some("Namespaced");
                let Some(role) = role(&name, kind, namespaced) else { continue };
                if !resource.verbs.iter().any(|v| v == "list") {
                    continue;
                }
                let new = Resource {
                    group: name.clone(),
                    version: version.clone(),
                    plural: plural.clone(),
                    kind: kind.to_owned(),
                    namespaced,
                    role,
                };
                // Every version shows the same objects. The server's preferred
                // one comes first, but one that is read is better.
                match found.iter_mut().find(|r| r.group == name && r.kind == kind) {
                    Some(old) if known_version(&name, kind) == Some(version.as_str()) => *old = new,
                    Some(_) => {}
                    None => found.push(new),
                }
            }
        }
    }
    found.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
    (found, gaps)
}
