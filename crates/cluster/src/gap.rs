//! What could not be listed, and what that makes unknown.

use fallgate_model::{
    Diagnostic, Direction, METADATA_NAME, NamespaceMatch, Opacity, Opaque, Operator, Origin,
    Requirement, Scope, Selector, Severity,
};

use crate::resource::{BOTH, Reach, Resource, Role};

/// Something that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The resource, as in [`Page::resource`](crate::Page::resource); an API
    /// (`GROUP/VERSION`) or empty where not even its resources are known.
    pub resource: String,
    /// The namespace in which it could not be listed; `None` when it is more
    /// than one, or the whole cluster.
    pub namespace: Option<String>,
    /// Why, in the server's words.
    pub reason: String,
    /// Whether it may pass by itself: it is neither a matter of rights, nor known to
    /// the server itself.
    pub passing: bool,
    /// What that makes unknown: present exactly when policies are missing. Its
    /// origin is the default one, for the caller to replace.
    pub opaque: Option<Opaque>,
    /// The same for a user. Its origin is the default one, too.
    pub diagnostic: Diagnostic,
}

/// Why something could not be listed.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// It is a matter of rights, which may differ by namespace.
    pub(crate) forbidden: bool,
    /// In the server's words.
    pub(crate) reason: String,
}

/// Where something could not be listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// Everywhere.
    Cluster,
    /// In one namespace.
    Namespace(&'a str),
    /// In every namespace but these.
    Beyond(&'a [&'a str]),
}

impl Gap {
    /// A resource that is served and was not listed.
    pub(crate) fn new(resource: &Resource, place: Place<'_>, refusal: &Refusal) -> Gap {
        let what = resource.qualified();
        let at = match place {
            Place::Cluster => String::new(),
            Place::Namespace(name) => format!(" in namespace `{name}`"),
            Place::Beyond([name]) => format!(" outside of namespace `{name}`"),
            Place::Beyond(names) => format!(" outside of {} namespaces", names.len()),
        };
        let (severity, lost) = match resource.role {
            Role::Namespaces => (
                Severity::Error,
                "the labels of namespaces are unknown, and so is what selects by them",
            ),
            Role::Pods => (Severity::Error, "nothing can be said about pods that are not known"),
            Role::Nodes => (
                Severity::Error,
                "the addresses and labels of nodes are unknown, and so is what names them",
            ),
            Role::Services if resource.kind == "Service" => {
                (Severity::Error, "nothing can be said about services that are not known")
            }
            Role::Services => {
                (Severity::Error, "the backends of services without a selector are unknown")
            }
            Role::Workloads => (
                Severity::Warning,
                "pods may be shown apart from their workload, and workloads without pods are missing",
            ),
            Role::EntryPoints => (Severity::Warning, "ways in from outside may be missing"),
            Role::Policy(..) => (Severity::Error, "answers that they could change are unknown"),
            Role::Secondary => (Severity::Note, "they govern secondary networks only"),
        };
        let opaque = match resource.role {
            Role::Policy(reach, opacity, directions) => {
                let why = format!("{what} could not be listed");
                let (namespace, scope) = scope(reach, place);
                Some(opaque(&resource.kind_name(), namespace, scope, opacity, directions, &why))
            }
            _ => None,
        };
        // Whoever lacks a right lacks many: what the server says of each is in
        // `reason`, and the help says the same in fewer words.
        let (because, help) = match refusal.forbidden {
            true => {
                let help = format!("ask for the right to `list` {what}, or use another context");
                (String::new(), help)
            }
            false => (format!(" ({})", refusal.reason), String::new()),
        };
        Gap {
            resource: resource.name(),
            namespace: match place {
                Place::Namespace(name) => Some(name.to_owned()),
                _ => None,
            },
            reason: refusal.reason.clone(),
            passing: !refusal.forbidden,
            opaque,
            diagnostic: Diagnostic {
                id: "not-listed",
                severity,
                message: format!("{what} could not be listed{at}, so {lost}{because}"),
                origin: Origin::default(),
                object: None,
                field: String::new(),
                help,
            },
        }
    }

    /// The server does not say which kinds it has.
    pub(crate) fn kinds(reason: &str) -> Gap {
        let message = format!(
            "the kinds of this cluster could not be listed, so answers that policies other than NetworkPolicies could change are unknown ({reason})"
        );
        let help = "ask for the role `system:discovery`, or use another context";
        Gap::api("", reason, message, help, "the kinds of this cluster could not be listed")
    }

    /// An API that is registered and does not answer.
    pub(crate) fn down(group: &str, version: &str) -> Gap {
        let api = format!("{group}/{version}");
        let reason = format!("the server behind the API {api} is down");
        let message = format!("{reason}, so answers that its policies could change are unknown");
        let help = format!("see `kubectl describe apiservice {version}.{group}`");
        Gap::api(&api, &reason, message, &help, &reason)
    }

    fn api(resource: &str, reason: &str, message: String, help: &str, why: &str) -> Gap {
        Gap {
            resource: resource.to_owned(),
            namespace: None,
            reason: reason.to_owned(),
            passing: false,
            opaque: Some(opaque(resource, "", Scope::Cluster, Opacity::Anything, BOTH, why)),
            diagnostic: Diagnostic {
                id: "not-listed",
                severity: Severity::Error,
                message,
                origin: Origin::default(),
                object: None,
                field: String::new(),
                help: help.to_owned(),
            },
        }
    }
}

/// The namespace of what is missing, where it is one, and whose traffic that
/// could change.
fn scope<'a>(reach: Reach, place: Place<'a>) -> (&'a str, Scope) {
    match (reach, place) {
        (Reach::Namespace, Place::Namespace(name)) => (name, Scope::Namespace(name.into())),
        (Reach::Namespace, Place::Beyond(names)) => {
            let others = Selector::new([Requirement {
                key: METADATA_NAME.into(),
                operator: Operator::NotIn,
                values: names.iter().map(|&name| name.into()).collect(),
            }]);
            ("", Scope::Pods(NamespaceMatch::Selector(others), Selector::default()))
        }
        (Reach::Cluster, Place::Namespace(name)) => (name, Scope::Cluster),
        (Reach::Cluster, Place::Beyond(_)) | (_, Place::Cluster) => ("", Scope::Cluster),
    }
}

fn opaque(
    kind: &str,
    namespace: &str,
    scope: Scope,
    opacity: Opacity,
    directions: &[Direction],
    reason: &str,
) -> Opaque {
    Opaque {
        kind: kind.into(),
        namespace: namespace.into(),
        name: "".into(),
        scope,
        directions: directions.to_vec(),
        opacity,
        reason: reason.into(),
        origin: Origin::default(),
    }
}
