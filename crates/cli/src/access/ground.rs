//! What a request is judged by: the cluster without what grants have opened, and
//! the objects of access.

use std::mem::ManuallyDrop;

use fallgate_access::{Assess as _, Case, Facts, Other, Planned, Policy, Refusal, Terms, World};
use fallgate_api::names::{CONFIG_NAME, annotation};
use fallgate_api::{
    AccessConfig, AccessConfigSpec, AccessGrant, AccessIncident, AccessPolicy, AccessPolicySpec,
    AccessRequest, ClusterAccessPolicy, Enabled, GROUP, Identity, PolicyKind, PolicyRef,
};
use fallgate_cluster::Refusal as Unsent;
use fallgate_manifest::{InputKind, overlay};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cluster::{Cluster, refused};
use super::wanted::Wanted;
use crate::args::Global;
use crate::context::Context;
use crate::endpoint::{EndpointSpec, Member, Resolved};
use crate::failure::{Failure, Problem};
use crate::input::Text;

/// Which policy a request is made under.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    Namespaced(Box<AccessPolicy>),
    Cluster(Box<ClusterAccessPolicy>),
}

impl Chosen {
    pub(crate) fn spec(&self) -> &AccessPolicySpec {
        match self {
            Chosen::Namespaced(policy) => &policy.spec,
            Chosen::Cluster(policy) => &policy.spec.0,
        }
    }

    /// The name, as `--policy` takes it.
    pub(crate) fn name_text(&self) -> String {
        let PolicyRef { kind, name } = self.reference();
        match kind {
            PolicyKind::AccessPolicy => name,
            PolicyKind::ClusterAccessPolicy => format!("ClusterAccessPolicy/{name}"),
        }
    }

    pub(crate) fn reference(&self) -> PolicyRef {
        let (kind, metadata) = match self {
            Chosen::Namespaced(policy) => (PolicyKind::AccessPolicy, &policy.metadata),
            Chosen::Cluster(policy) => (PolicyKind::ClusterAccessPolicy, &policy.metadata),
        };
        PolicyRef { kind, name: metadata.name.clone().unwrap_or_default() }
    }

    /// The policy as planning takes it. One of a file has neither uid nor
    /// generation, and none is needed to tell what it allows.
    fn policy(&self) -> Policy<'_> {
        let metadata = match self {
            Chosen::Namespaced(policy) => &policy.metadata,
            Chosen::Cluster(policy) => &policy.metadata,
        };
        let author = metadata.annotations.as_ref().and_then(|all| all.get(annotation::AUTHOR));
        Policy {
            kind: self.reference().kind,
            name: metadata.name.as_deref().unwrap_or_default(),
            uid: metadata.uid.as_deref().unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
            author: author.map(String::as_str),
            spec: self.spec(),
        }
    }
}

/// The objects of access that a request is judged by.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) config: Option<AccessConfigSpec>,
    pub(crate) policy: Chosen,
    /// The namespace of the request.
    pub(crate) home: String,
    pub(crate) incidents: Vec<AccessIncident>,
    /// The grant that is to be extended, with its request.
    pub(crate) followed: Option<(AccessRequest, AccessGrant)>,
    /// What the user may not read, although the answer depends on it.
    pub(crate) unread: Vec<String>,
}

/// Why there is nothing to judge by.
pub(crate) enum Lack {
    /// The user may not read it.
    Right(Problem),
    Failure(Failure),
}

impl From<Failure> for Lack {
    fn from(failure: Failure) -> Lack {
        Lack::Failure(failure)
    }
}

impl From<Problem> for Lack {
    fn from(problem: Problem) -> Lack {
        Lack::Failure(problem.into())
    }
}

impl From<Lack> for Failure {
    fn from(lack: Lack) -> Failure {
        match lack {
            Lack::Right(problem) => problem.into(),
            Lack::Failure(failure) => failure,
        }
    }
}

/// The name of a policy, and its kind where it is said.
pub(crate) fn policy_name(text: &str) -> Result<(Option<PolicyKind>, &str), Problem> {
    let Some((kind, name)) = text.split_once('/') else { return Ok((None, text)) };
    let kind = match kind.to_ascii_lowercase().as_str() {
        "accesspolicy" | "accesspolicies" | "accesspol" => PolicyKind::AccessPolicy,
        "clusteraccesspolicy" | "clusteraccesspolicies" | "caccesspol" => {
            PolicyKind::ClusterAccessPolicy
        }
        _ => {
            return Err(Problem::new(format!("`{text}` is not the name of a policy"))
                .help("write NAME with its namespace as -n, or ClusterAccessPolicy/NAME"));
        }
    };
    Ok((Some(kind), name))
}

impl Own {
    /// Reads them from the cluster.
    pub(crate) fn live(cluster: &Cluster, policy: &str, in_incident: bool) -> Result<Own, Lack> {
        let policy = Own::policy(cluster, policy)?;
        let mut unread = Vec::new();
        let config = match cluster.try_ask(cluster.writer().read::<AccessConfig>(None, CONFIG_NAME))
        {
            Ok(config) => config.map(|config| config.spec),
            Err(Unsent::Forbidden(_)) => {
                unread.push(format!("AccessConfig `{CONFIG_NAME}`"));
                None
            }
            Err(other) => return Err(refused("reading AccessConfig".to_owned(), &other).into()),
        };
        let needed = policy.spec().enabled == Enabled::DuringIncident || in_incident;
        let incidents = if needed { cluster.list(false)? } else { Vec::new() };
        let home = cluster.namespace.clone();
        Ok(Own { config, policy, home, incidents, followed: None, unread })
    }

    fn policy(cluster: &Cluster, name: &str) -> Result<Chosen, Lack> {
        let (kind, name) = policy_name(name)?;
        let home = &cluster.namespace;
        let lack = |kind: &str, refusal: &Unsent| {
            let problem = refused(format!("reading {kind} `{name}`"), refusal);
            match refusal {
                Unsent::Forbidden(_) => Lack::Right(problem),
                _ => problem.into(),
            }
        };
        if kind != Some(PolicyKind::ClusterAccessPolicy) {
            let found = cluster.try_ask(cluster.writer().read::<AccessPolicy>(Some(home), name));
            if let Some(policy) = found.map_err(|refusal| lack("AccessPolicy", &refusal))? {
                return Ok(Chosen::Namespaced(Box::new(policy)));
            }
        }
        if kind != Some(PolicyKind::AccessPolicy) {
            let found = cluster.try_ask(cluster.writer().read::<ClusterAccessPolicy>(None, name));
            if let Some(policy) = found.map_err(|refusal| lack("ClusterAccessPolicy", &refusal))? {
                return Ok(Chosen::Cluster(Box::new(policy)));
            }
        }
        // Says which there are.
        let missing =
            cluster.get::<AccessPolicy>(name).map(|policy| Chosen::Namespaced(Box::new(policy)));
        Ok(missing?)
    }

    /// Finds them in what was read from files.
    pub(crate) fn files(
        texts: &[Text],
        namespace: Option<&str>,
        wanted: &Wanted,
    ) -> Result<Own, Failure> {
        let own = Kinds::of(texts);
        let (kind, name) = policy_name(&wanted.policy)?;
        let is = |policy: &&AccessPolicy| {
            let metadata = &policy.metadata;
            metadata.name.as_deref() == Some(name)
                && (namespace.is_none() || metadata.namespace.as_deref() == namespace)
        };
        let found: Vec<&AccessPolicy> = match kind {
            Some(PolicyKind::ClusterAccessPolicy) => Vec::new(),
            _ => own.policies.iter().filter(is).collect(),
        };
        let of_cluster = own.cluster_policies.iter().find(|policy| {
            kind != Some(PolicyKind::AccessPolicy) && policy.metadata.name.as_deref() == Some(name)
        });
        let (policy, home) = match (&*found, of_cluster, namespace) {
            ([one], _, _) => {
                let home = one.metadata.namespace.clone().unwrap_or_default();
                (Chosen::Namespaced(Box::new((*one).clone())), home)
            }
            ([], Some(one), Some(home)) => {
                (Chosen::Cluster(Box::new(one.clone())), home.to_owned())
            }
            ([], None, _) => {
                let names = own.policies.iter().map(|policy| {
                    let metadata = &policy.metadata;
                    let namespace = metadata.namespace.as_deref().unwrap_or_default();
                    format!("{namespace}/{}", metadata.name.as_deref().unwrap_or_default())
                });
                let names: Vec<String> = names.collect();
                let help = match &*names {
                    [] => "add the file of the policy with -f".to_owned(),
                    names => format!("there are {}", names.join(", ")),
                };
                let problem = Problem::new(format!("there is no policy `{name}` in the input"));
                return Err(problem.help(help).into());
            }
            _ => {
                let problem =
                    Problem::new(format!("which namespace `{name}` is meant in is not said"));
                return Err(problem.help("name it with -n").into());
            }
        };
        let incidents = own.incidents;
        Ok(Own { config: own.config, policy, home, incidents, followed: None, unread: Vec::new() })
    }
}

/// Our own kinds, as they were found, and who looks at them.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) config: Option<AccessConfigSpec>,
    pub(super) policies: Vec<AccessPolicy>,
    pub(super) cluster_policies: Vec<ClusterAccessPolicy>,
    pub(super) incidents: Vec<AccessIncident>,
    pub(super) me: Identity,
}

impl Kinds {
    /// Those of texts.
    pub(super) fn of(texts: &[Text]) -> Kinds {
        let mut kinds = Kinds::default();
        for_each(texts, &mut |group, kind, object| kinds.see(group, kind, object));
        kinds
    }

    fn see(&mut self, group: &str, kind: &str, object: &Value) {
        if group != GROUP {
            return;
        }
        match kind {
            "AccessConfig" => self.config = read::<AccessConfig>(object).map(|c| c.spec),
            "AccessPolicy" => self.policies.extend(read(object)),
            "ClusterAccessPolicy" => self.cluster_policies.extend(read(object)),
            "AccessIncident" => self.incidents.extend(read(object)),
            _ => {}
        }
    }
}

fn read<T: DeserializeOwned>(object: &Value) -> Option<T> {
    serde_json::from_value(object.clone()).ok()
}

/// Shows each object of the texts, with its group and kind. What is no YAML is
/// told by the reader of manifests.
fn for_each(texts: &[Text], see: &mut dyn FnMut(&str, &str, &Value)) {
    for text in texts {
        match text.kind {
            InputKind::Live => {
                if let Ok(list) = serde_json::from_slice(&text.bytes) {
                    each(&list, see);
                }
            }
            _ => {
                let Ok(yaml) = std::str::from_utf8(&text.bytes) else { continue };
                let options = serde_saphyr::options! {
                    budget: serde_saphyr::budget! { max_events: 20_000_000, max_nodes: 20_000_000 },
                };
                let documents = serde_saphyr::from_multiple_with_options::<Value>(yaml, options);
                for document in documents.iter().flatten() {
                    each(document, see);
                }
            }
        }
    }
}

/// Shows an object, or those of a list. The items of a list that the API server
/// sends have no kind of their own.
fn each(object: &Value, see: &mut dyn FnMut(&str, &str, &Value)) {
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
    let version = text(object, "apiVersion").unwrap_or_default();
    let kind = text(object, "kind").unwrap_or_default();
    let group = |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
    match (kind.strip_suffix("List"), object.get("items")) {
        (Some(of), Some(Value::Array(items))) => {
            for item in items {
                let own = text(item, "apiVersion");
                let kind = text(item, "kind").unwrap_or_else(|| of.to_owned());
                see(&group(&own.unwrap_or_else(|| version.clone())), &kind, item);
            }
        }
        _ => see(&group(&version), &kind, object),
    }
}

/// The cluster without what grants have opened.
pub(crate) struct Ground {
    pub(crate) context: ManuallyDrop<Context>,
    facts: Facts,
}

/// What a request would do, as far as the user can tell.
pub(crate) struct Preview {
    pub(crate) outcome: Result<Planned, Refusal>,
    /// What stands in the way of being sure.
    pub(crate) unsure: Vec<String>,
    /// What else is worth knowing.
    pub(crate) notes: Vec<String>,
}

impl Ground {
    pub(crate) fn new(global: &Global, texts: Vec<Text>) -> Result<Ground, Failure> {
        let mut facts = Facts::default();
        for_each(&texts, &mut |group, kind, object| facts.see(group, kind, object));
        let context = Context::of_changed(global, texts, |cluster| {
            for (kind, namespace, name) in &facts.granted {
                overlay::remove(cluster, kind, namespace, name);
            }
        })?;
        Ok(Ground { context: ManuallyDrop::new(context), facts })
    }

    /// The kind of what a name means.
    pub(crate) fn kind_of(&self, spec: &EndpointSpec) -> Result<String, Problem> {
        let index = self.context.index();
        let member = match index.resolve(&self.context.snapshot, spec)? {
            Resolved::Service(_) => return Ok("Service".to_owned()),
            Resolved::Members(members) => members.into_iter().next(),
        };
        if let Some(Member::Workload(at)) = member
            && let Some(workload) = index.workloads().get(at)
        {
            return Ok(workload.reference.kind.to_string());
        }
        Err(Problem::new(format!("`{spec}` is one pod of a workload, or no workload at all"))
            .help("name the workload, or pods by their labels as NAMESPACE/LABEL=VALUE"))
    }

    /// What a request would do.
    pub(crate) fn preview(&self, own: &Own, request: &AccessRequest, now: Timestamp) -> Preview {
        let mut notes = Vec::new();
        let mut unsure: Vec<String> =
            own.unread.iter().map(|what| format!("you may not read {what}")).collect();
        if self.context.incomplete() {
            unsure.push("not everything that the effect depends on could be read".to_owned());
        }
        let outcome = match &own.config {
            // The ceilings that there would be without one, where it may not be read.
            None if own.unread.is_empty() => Err(Refusal::NoConfig),
            config => {
                let config = config.clone().unwrap_or_default();
                self.judge(own, &config, request, now, &mut notes)
            }
        };
        Preview { outcome, unsure, notes }
    }

    fn judge(
        &self,
        own: &Own,
        config: &AccessConfigSpec,
        request: &AccessRequest,
        now: Timestamp,
        notes: &mut Vec<String>,
    ) -> Result<Planned, Refusal> {
        let policy = own.policy.policy();
        let others: Vec<Other<'_>> = own
            .followed
            .iter()
            .map(|(request, grant)| Other { request, grant: Some(grant) })
            .collect();
        let terms = Terms {
            config,
            policy,
            request,
            ticket: None,
            on_call: None,
            incidents: &own.incidents,
            others: &others,
        };
        match terms.to_request(now) {
            // The rota is the controller's to read.
            Err(Refusal::NotOnCall(rota, user)) => {
                notes.push(format!("only who is on call by rota `{rota}` may request this; whether `{user}` is, the controller tells"));
            }
            judged => judged?,
        }
        self.plan(config, policy, request)
    }

    /// Whether a policy covers a request, whoever makes it and whenever.
    pub(crate) fn covers(&self, own: &Own, request: &AccessRequest) -> bool {
        let Some(config) = &own.config else { return false };
        self.plan(config, own.policy.policy(), request).is_ok()
    }

    fn plan(
        &self,
        config: &AccessConfigSpec,
        policy: Policy<'_>,
        request: &AccessRequest,
    ) -> Result<Planned, Refusal> {
        let engine = self.context.engine.borrow();
        let world = World {
            engine: &engine,
            baselines: &self.facts.baselines,
            workloads: &self.facts.workloads,
        };
        world.plan(&Case { config, policy, request, narrowings: Vec::new() })
    }
}

impl Preview {
    /// What there is to say beside the outcome.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = &str> {
        self.unsure.iter().chain(&self.notes).map(String::as_str)
    }
}
