//! What-if: a cluster with objects added, removed or replaced.

use fallgate_manifest::{ReadOptions, Reading, overlay};
use fallgate_model::Key;

use crate::args::Global;
use crate::endpoint;
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
        match object(name, global.namespace.as_deref()) {
            Ok((kind, namespace, name)) => {
                if !overlay::remove(&mut reading.cluster, &kind, &namespace, &name) {
                    let called = if namespace.is_empty() {
                        format!("{kind} {name}")
                    } else {
                        format!("{kind} {namespace}/{name}")
                    };
                    problems.push(
                        Problem::new(format!("there is no {called} to remove")).at("--remove"),
                    );
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
