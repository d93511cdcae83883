//! What-if: a cluster with objects added, removed or replaced.

use std::collections::BTreeSet;

use fallgate_manifest::{ReadOptions, Reading, overlay};
use fallgate_model::{Cluster, Key};

use crate::args::Global;
use crate::endpoint::{self, suggestion};
use crate::failure::{Failure, Problem};
use crate::input::{self, Text};

/// Applies `--remove`, `--replace` and `--add-file`, in this order.
pub(crate) fn apply(
    global: &Global,
    reading: &mut Reading,
    texts: &mut Vec<Text>,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for name in &global.remove {
        match object(name, global.live.namespace.as_deref()) {
            Ok((kind, namespace, name)) => {
                if !overlay::remove(&mut reading.cluster, &kind, &namespace, &name) {
                    let called = if namespace.is_empty() {
                        format!("{kind} {name}")
                    } else {
                        format!("{kind} {namespace}/{name}")
                    };
                    let problem = Problem::new(format!("there is no {called} to remove"))
                        .help(there_are(&reading.cluster, &kind, &namespace, &name));
                    problems.push(problem.at("--remove"));
                }
            }
            Err(problem) => problems.push(problem.at("--remove")),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    for path in &global.replace {
        let other = read(path, global, reading, texts)?;
        let missing = overlay::replace(&mut reading.cluster, other);
        problems.extend(missing.iter().map(|key| {
            Problem::new(format!("there is no {} to replace", show(key)))
                .at(path.clone())
                .help("add it with --add-file, or correct its namespace and name")
        }));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    for path in &global.add_file {
        let other = read(path, global, reading, texts)?;
        overlay::add(&mut reading.cluster, other);
    }
    Ok(())
}

/// What there is of a kind, nearest names first; or that there is no such kind.
fn there_are(cluster: &Cluster, kind: &str, namespace: &str, name: &str) -> String {
    let mut objects: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    objects.extend(cluster.namespaces.iter().map(|o| ("Namespace", "", &*o.name)));
    objects.extend(cluster.nodes.iter().map(|o| ("Node", "", &*o.name)));
    for pod in &cluster.pods {
        let workload = &pod.workload;
        objects.insert((&*workload.kind, &*pod.namespace, &*workload.name));
        if !pod.stand_in {
            objects.insert(("Pod", &*pod.namespace, &*pod.name));
        }
    }
    objects.extend(cluster.services.iter().map(|o| ("Service", &*o.namespace, &*o.name)));
    let policies = cluster.network_policies.iter();
    objects.extend(policies.map(|o| ("NetworkPolicy", &*o.namespace, &*o.name)));
    for policy in &cluster.cluster_policies {
        objects.insert((policy.kind.name(), "", &*policy.name));
    }
    let entries = cluster.entry_points.iter();
    objects.extend(entries.map(|o| (&*o.kind, &*o.namespace, &*o.name)));
    objects.extend(cluster.opaque.iter().map(|o| (&*o.kind, &*o.namespace, &*o.name)));

    let show = |namespace: &str, name: &str| match namespace {
        "" => name.to_owned(),
        _ => format!("{namespace}/{name}"),
    };
    let known: Vec<String> =
        objects.iter().filter(|o| o.0 == kind).map(|o| show(o.1, o.2)).collect();
    if known.is_empty() {
        let mut kinds: Vec<&str> = objects.iter().map(|o| o.0).collect();
        kinds.dedup();
        let there = KINDS.iter().map(|(kind, ..)| *kind).chain(endpoint::known_kinds());
        let mut every: BTreeSet<&str> = there.collect();
        every.extend(&kinds);
        if every.contains(kind) {
            return format!("there is no {kind} in the input");
        }
        let near = endpoint::nearest(kind, every.iter().copied());
        return format!("`{kind}` is no kind that is known; {}", suggestion(&near, &kinds));
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let wanted = show(namespace, name);
    let mut near = endpoint::nearest(&wanted, known.iter().copied());
    if near.is_empty() {
        let tail = format!("/{name}");
        near.extend(known.iter().copied().filter(|n| n.ends_with(&tail)).take(3));
    }
    suggestion(&near, &known)
}

/// Reads what is laid over, with everything there is to say about it.
fn read(
    path: &str,
    global: &Global,
    reading: &mut Reading,
    texts: &mut Vec<Text>,
) -> Result<fallgate_model::Cluster, Failure> {
    let source = input::Source::parse(path)?;
    let found = input::read(&[source], global)?;
    let inputs: Vec<_> = found.iter().map(Text::as_input).collect();
    let options = ReadOptions { sources: reading.sources.clone(), ..ReadOptions::default() };
    let other = fallgate_manifest::read(&inputs, &options);
    reading.sources = other.sources;
    reading.diagnostics.extend(other.diagnostics);
    for (kind, count) in other.objects {
        *reading.objects.entry(kind).or_default() += count;
    }
    for (kind, count) in other.ignored {
        *reading.ignored.entry(kind).or_default() += count;
    }
    texts.extend(found);
    Ok(other.cluster)
}

/// The kinds that can be removed and are no endpoints, with their names.
const KINDS: &[(&str, bool, &[&str])] = &[
    ("AdminNetworkPolicy", false, &["anp", "adminnetworkpolicy", "adminnetworkpolicies"]),
    (
        "BaselineAdminNetworkPolicy",
        false,
        &["banp", "baselineadminnetworkpolicy", "baselineadminnetworkpolicies"],
    ),
    ("ClusterNetworkPolicy", false, &["cnp", "clusternetworkpolicy", "clusternetworkpolicies"]),
    ("Ingress", true, &["ing", "ingress", "ingresses"]),
    ("Namespace", false, &["ns", "namespace", "namespaces"]),
    ("NetworkPolicy", true, &["netpol", "networkpolicy", "networkpolicies"]),
    ("Node", false, &["no", "node", "nodes"]),
];

/// Reads `KIND/NAMESPACE/NAME`, or `KIND/NAME` of what is cluster-scoped or in
/// the namespace of `-n`.
fn object(text: &str, namespace: Option<&str>) -> Result<(String, String, String), Problem> {
    const HELP: &str =
        "write KIND/NAMESPACE/NAME, such as netpol/shop/db, or KIND/NAME for what has no namespace";
    let parts: Vec<&str> = text.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Problem::new(format!("`{text}` is not an object")).help(HELP));
    }
    let known = |word: &str| {
        let lower = word.to_ascii_lowercase();
        KINDS
            .iter()
            .find(|(_, _, words)| words.contains(&&*lower))
            .map_or_else(|| (endpoint::kind(word), true), |(kind, ns, _)| ((*kind).to_owned(), *ns))
    };
    match *parts {
        [kind, ns, name] => {
            let (kind, namespaced) = known(kind);
            if !namespaced {
                return Err(Problem::new(format!("a {kind} has no namespace"))
                    .help(format!("write {kind}/{name}")));
            }
            Ok((kind, ns.to_owned(), name.to_owned()))
        }
        [kind, name] => match (known(kind), namespace) {
            ((kind, false), _) => Ok((kind, String::new(), name.to_owned())),
            ((kind, true), Some(ns)) => Ok((kind, ns.to_owned(), name.to_owned())),
            ((_, true), None) => {
                Err(Problem::new(format!("`{text}` names no namespace")).help(HELP))
            }
        },
        _ => Err(Problem::new(format!("`{text}` is not an object")).help(HELP)),
    }
}

fn show(key: &Key) -> String {
    match key {
        Key::Namespace(name) => format!("Namespace {name}"),
        Key::Node(name) => format!("Node {name}"),
        Key::Pod { namespace, stand_in, name } => {
            format!("{} {namespace}/{name}", stand_in.as_deref().unwrap_or("Pod"))
        }
        Key::Service(ns, name) => format!("Service {ns}/{name}"),
        Key::EndpointSlice(ns, name) => format!("EndpointSlice {ns}/{name}"),
        Key::NetworkPolicy(ns, name) => format!("NetworkPolicy {ns}/{name}"),
        Key::ClusterPolicy(kind, name) => format!("{} {name}", kind.name()),
        Key::EntryPoint(kind, ns, name) | Key::Opaque(kind, ns, name) => {
            format!("{kind} {ns}/{name}")
        }
    }
}
