//! Endpoints as users write them, and what they are in a cluster.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use fallgate_engine::{Addresses, End, PodId, Snapshot, WorkloadRef};
use fallgate_model::{ObjectRef, Service, Str};
use ipnet::IpNet;
use rustc_hash::FxHashMap;

use crate::failure::Problem;
use crate::render::entry_ref;
use crate::wire;

/// An endpoint as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EndpointSpec {
    /// `*`: every workload and the outside.
    Everything,
    /// `internet`: every address that is no endpoint's.
    Internet,
    /// An address.
    Address(IpAddr),
    /// A block of addresses.
    Cidr(IpNet),
    /// `NAMESPACE/*`.
    Namespace(String),
    /// `NAMESPACE/NAME` or `NAMESPACE/KIND/NAME`; `node/NAME` is a node, unless
    /// a namespace of that name has a workload of the other.
    Named {
        /// The namespace.
        namespace: String,
        /// The API kind, where one is given.
        kind: Option<String>,
        /// The name.
        name: String,
    },
}

const SYNTAX: &str = "an endpoint is written NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/*, node/NAME, as an address, a CIDR, or internet";

/// What stands in place of a namespace before the name of a node.
const NODE: &str = "node";

/// The kinds that have short names in kubectl, with all their names.
const KINDS: &[(&str, &[&str])] = &[
    ("CronJob", &["cj", "cronjob", "cronjobs"]),
    ("DaemonSet", &["ds", "daemonset", "daemonsets"]),
    ("Deployment", &["deploy", "deployment", "deployments"]),
    ("Job", &["job", "jobs"]),
    ("Pod", &["po", "pod", "pods"]),
    ("ReplicaSet", &["rs", "replicaset", "replicasets"]),
    ("ReplicationController", &["rc", "replicationcontroller", "replicationcontrollers"]),
    ("Service", &["svc", "service", "services"]),
    ("StatefulSet", &["sts", "statefulset", "statefulsets"]),
    ("Ingress", &["ing", "ingress", "ingresses"]),
    ("HTTPRoute", &["httproute", "httproutes"]),
    ("GRPCRoute", &["grpcroute", "grpcroutes"]),
    ("TCPRoute", &["tcproute", "tcproutes"]),
    ("TLSRoute", &["tlsroute", "tlsroutes"]),
    ("UDPRoute", &["udproute", "udproutes"]),
];

/// The kinds that let traffic in and are no endpoints themselves.
const ENTRY_POINTS: [&str; 6] =
    ["Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

/// Every kind that has a short name.
pub(crate) fn known_kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(kind, _)| *kind)
}

/// The API kind that a word means; a kind without short names is itself.
pub(crate) fn kind(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    KINDS
        .iter()
        .find(|(_, words)| words.contains(&&*lower))
        .map_or_else(|| word.to_owned(), |(kind, _)| (*kind).to_owned())
}

impl EndpointSpec {
    /// Reads an endpoint; a name without a namespace is in `namespace`.
    pub(crate) fn parse(text: &str, namespace: Option<&str>) -> Result<EndpointSpec, Problem> {
        let fail = |message: String| Problem::new(message).help(SYNTAX);
        match text {
            "*" => return Ok(EndpointSpec::Everything),
            "internet" => return Ok(EndpointSpec::Internet),
            "" => return Err(fail("an endpoint must not be empty".to_owned())),
            _ => {}
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(EndpointSpec::Address(address.to_canonical()));
        }
        if let Ok(cidr) = text.parse::<IpNet>() {
            let cidr = cidr.trunc();
            return Ok(if cidr.prefix_len() == cidr.max_prefix_len() {
                EndpointSpec::Address(cidr.addr())
            } else {
                EndpointSpec::Cidr(cidr)
            });
        }
        let parts: Vec<&str> = text.split('/').collect();
        match *parts {
            [one] if looks_like_address(one) => {
                return Err(fail(format!("`{text}` is not an address")));
            }
            [one, prefix] if looks_like_address(one) => {
                let long =
                    one.parse::<IpAddr>().is_ok() && prefix.bytes().all(|b| b.is_ascii_digit());
                let why = match long {
                    true => ": the prefix is longer than the address",
                    false => "",
                };
                return Err(fail(format!("`{text}` is not a block of addresses{why}")));
            }
            _ => {}
        }
        let name = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        };
        let named = |namespace: &str, kind: Option<String>, name: &str| EndpointSpec::Named {
            namespace: namespace.to_owned(),
            kind,
            name: name.to_owned(),
        };
        // The name of a namespace is a DNS label, so that no block of addresses is one.
        let label = |part: &str| name(part) && !part.contains(['.', '_']);
        match *parts {
            [ns, "*"] if label(ns) => Ok(EndpointSpec::Namespace(ns.to_owned())),
            [ns, n] if label(ns) && name(n) => Ok(named(ns, None, n)),
            [ns, k, n] if label(ns) && name(k) && name(n) => Ok(named(ns, Some(kind(k)), n)),
            [n] if name(n) => match namespace {
                Some(ns) => Ok(named(ns, None, n)),
                None if !nearest(n, ["internet"].into_iter()).is_empty() => {
                    Err(Problem::new(format!("`{text}` is not an endpoint"))
                        .help("did you mean `internet`?"))
                }
                None => Err(fail(format!("`{text}` names no namespace"))),
            },
            _ => Err(fail(format!("`{text}` is not an endpoint"))),
        }
    }

    /// Fails for what only lets others in: nothing is sent to an Ingress or a
    /// route, it is sent to whoever serves it.
    pub(crate) fn receives(&self) -> Result<(), Problem> {
        match self {
            EndpointSpec::Named { kind: Some(kind), .. } if is_entry_point(kind) => Err(
                Problem::new(format!("`{self}` receives nothing itself: whoever serves it does"))
                    .help("name the workload of its controller, or one of its backends"),
            ),
            _ => Ok(()),
        }
    }
}

/// Whether a kind lets traffic in and is no endpoint itself.
pub(crate) fn is_entry_point(kind: &str) -> bool {
    ENTRY_POINTS.iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// Four numbers with dots between, or what only an IPv6 address has.
fn looks_like_address(text: &str) -> bool {
    let four = text.split('.').count() == 4
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    four || (text.contains(':')
        && text.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b)))
}

impl fmt::Display for EndpointSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndpointSpec::Everything => f.write_str("*"),
            EndpointSpec::Internet => f.write_str("internet"),
            EndpointSpec::Address(address) => address.fmt(f),
            EndpointSpec::Cidr(cidr) => cidr.fmt(f),
            EndpointSpec::Namespace(ns) => write!(f, "{ns}/*"),
            EndpointSpec::Named { namespace, kind: None, name } => write!(f, "{namespace}/{name}"),
            EndpointSpec::Named { namespace, kind: Some(kind), name } => {
                write!(f, "{namespace}/{kind}/{name}")
            }
        }
    }
}

/// One end of a question, as a cluster has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Member {
    /// A workload of the [`Index`], or a bare pod.
    Workload(usize),
    /// One pod of a workload.
    Pod(PodId),
    /// A node by name.
    Node(Str),
    /// An Ingress or a route, which lets others in.
    Entry(WorkloadRef),
    /// Addresses that are no endpoint's.
    Outside(Addresses),
}

/// What an endpoint as written is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// These, at least one.
    Members(Vec<Member>),
    /// A service, which leads to others.
    Service(Arc<Service>),
}

/// A workload with its pods.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) reference: WorkloadRef,
    pub(crate) pods: Vec<PodId>,
    /// It is a pod that nothing else stands for.
    pub(crate) bare: bool,
}

/// The endpoints of a cluster by what users call them.
#[derive(Debug)]
pub(crate) struct Index {
    workloads: Vec<Workload>,
    by_namespace: BTreeMap<Str, Vec<usize>>,
    /// Workloads and the pods of workloads by namespace and name.
    by_name: FxHashMap<(Str, Str), Vec<Member>>,
    workload_of: FxHashMap<PodId, usize>,
    nodes: BTreeSet<Str>,
    /// The address of every pod and node, sorted.
    addresses: Vec<IpAddr>,
    /// Every address of the families in use.
    used: Addresses,
    taken: OnceCell<Addresses>,
    outside: OnceCell<Addresses>,
    absent: Vec<Absent>,
}

/// What is in the input and still no endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Absent {
    pub(crate) object: ObjectRef,
    /// Why it is none, to follow its name.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) help: String,
}

impl Index {
    pub(crate) fn new(snapshot: &Snapshot, absent: Vec<Absent>) -> Index {
        let mut workloads = Vec::new();
        let mut by_namespace: BTreeMap<Str, Vec<usize>> = BTreeMap::new();
        let mut by_name: FxHashMap<(Str, Str), Vec<Member>> = FxHashMap::default();
        let mut workload_of = FxHashMap::default();
        for (at, (reference, pods)) in snapshot.workloads().into_iter().enumerate() {
            let namespace = reference.namespace.clone();
            by_namespace.entry(namespace.clone()).or_default().push(at);
            let mut called = |name: &Str, member| {
                by_name.entry((namespace.clone(), name.clone())).or_default().push(member);
            };
            called(&reference.name, Member::Workload(at));
            let bare = *reference.kind == *"Pod";
            for id in &pods {
                workload_of.insert(*id, at);
                if let Some(pod) = snapshot.pod(*id).filter(|pod| !pod.stand_in && !bare) {
                    called(&pod.name, Member::Pod(*id));
                }
            }
            workloads.push(Workload { reference, pods, bare });
        }
        let nodes = snapshot.node_names();
        let addresses = snapshot.endpoint_addresses();
        let used = snapshot
            .families()
            .into_iter()
            .fold(Addresses::none(), |set, family| set.union(&Addresses::all(family)));
        let (taken, outside) = (OnceCell::new(), OnceCell::new());
        Index {
            workloads,
            by_namespace,
            by_name,
            workload_of,
            nodes,
            addresses,
            used,
            taken,
            outside,
            absent,
        }
    }

    /// Every address that is an endpoint's.
    fn taken(&self) -> &Addresses {
        self.taken.get_or_init(|| united(&self.addresses))
    }

    /// Every workload, by namespace, name and kind.
    pub(crate) fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// The workload that stands for a pod.
    pub(crate) fn workload_of(&self, pod: PodId) -> Option<usize> {
        self.workload_of.get(&pod).copied()
    }

    /// Every address, of the families in use, that is no endpoint's.
    pub(crate) fn outside(&self) -> &Addresses {
        self.outside.get_or_init(|| self.used.difference(self.taken()))
    }

    /// The workloads of a namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> &[usize] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The pods of a member; none for nodes and the outside.
    pub(crate) fn pods<'a>(&'a self, member: &'a Member) -> &'a [PodId] {
        match member {
            Member::Workload(at) => self.workloads.get(*at).map_or(&[], |w| &w.pods),
            Member::Pod(id) => std::slice::from_ref(id),
            Member::Node(_) | Member::Entry(_) | Member::Outside(_) => &[],
        }
    }

    /// The member that an end is.
    pub(crate) fn member(&self, end: End) -> Member {
        match end {
            End::Pod(id) => match self.workload_of(id) {
                Some(at) if self.workloads.get(at).is_some_and(|w| w.bare) => Member::Workload(at),
                _ => Member::Pod(id),
            },
            End::Node(name) => Member::Node(name),
            End::Outside(address) => Member::Outside(Addresses::range(address, address)),
        }
    }

    /// What an endpoint as written is in this cluster.
    pub(crate) fn resolve(
        &self,
        snapshot: &Snapshot,
        spec: &EndpointSpec,
    ) -> Result<Resolved, Problem> {
        let members = match spec {
            EndpointSpec::Everything => {
                let mut all: Vec<Member> =
                    (0..self.workloads.len()).map(Member::Workload).collect();
                all.push(Member::Outside(self.outside().clone()));
                all
            }
            EndpointSpec::Internet => vec![Member::Outside(self.outside().clone())],
            EndpointSpec::Address(address) => {
                let ends = snapshot.ends_at(*address);
                if let [End::Outside(_)] = *ends
                    && let Some(service) = snapshot.service_at(*address)
                {
                    return Ok(Resolved::Service(service));
                }
                ends.into_iter().map(|end| self.member(end)).collect()
            }
            EndpointSpec::Cidr(cidr) => self.block(snapshot, cidr),
            EndpointSpec::Namespace(namespace) => {
                let found = self.in_namespace(namespace);
                if found.is_empty() {
                    return Err(self.no_namespace(snapshot, namespace));
                }
                found.iter().copied().map(Member::Workload).collect()
            }
            EndpointSpec::Named { namespace, kind, name } => {
                return self.named(snapshot, namespace, kind.as_deref(), name);
            }
        };
        Ok(Resolved::Members(members))
    }

    fn block(&self, snapshot: &Snapshot, cidr: &IpNet) -> Vec<Member> {
        let block = Addresses::of(cidr);
        let mut members: Vec<Member> = self
            .addresses
            .iter()
            .filter(|address| block.contains(**address))
            .flat_map(|address| snapshot.ends_at(*address))
            .map(|end| self.member(end))
            .collect();
        members.sort();
        members.dedup();
        let rest = block.difference(self.taken());
        if !rest.is_empty() {
            members.push(Member::Outside(rest));
        }
        members
    }

    fn named(
        &self,
        snapshot: &Snapshot,
        namespace: &str,
        kind: Option<&str>,
        name: &str,
    ) -> Result<Resolved, Problem> {
        let key = (Str::from(namespace), Str::from(name));
        let all = self.by_name.get(&key).map_or(&[][..], Vec::as_slice);
        let is = |member: &Member, kind: &str| self.kind_of(member).eq_ignore_ascii_case(kind);
        if let Some(kind) = kind {
            if kind == "Service" {
                return match snapshot.service(namespace, name) {
                    Some(service) => Ok(Resolved::Service(service.clone())),
                    None => Err(self.unknown(snapshot, namespace, Some(kind), name)),
                };
            }
            if is_entry_point(kind) {
                let entries = snapshot.entry_points();
                let found = entries.iter().find(|e| {
                    e.kind.eq_ignore_ascii_case(kind)
                        && *e.namespace == *namespace
                        && *e.name == *name
                });
                return match found {
                    Some(entry) => Ok(Resolved::Members(vec![Member::Entry(entry_ref(entry))])),
                    None => Err(self.unknown(snapshot, namespace, Some(kind), name)),
                };
            }
            return match all.iter().find(|m| is(m, kind)) {
                Some(member) => Ok(Resolved::Members(vec![member.clone()])),
                None => Err(self.unknown(snapshot, namespace, Some(kind), name)),
            };
        }
        let node = (namespace == NODE).then(|| self.nodes.get(name)).flatten();
        if let Some(node) = node {
            return match all {
                [] => Ok(Resolved::Members(vec![Member::Node(node.clone())])),
                [member, ..] => Err(Problem::new(format!(
                    "`{NODE}/{name}` is a node and a workload"
                ))
                .help(format!(
                    "write {NODE}/{}/{name} for the workload, and an address of the node",
                    self.kind_of(member)
                ))),
            };
        }
        // A workload goes before a pod of the same name.
        let workloads: Vec<&Member> = all.iter().filter(|m| !is(m, "Pod")).collect();
        match (workloads.as_slice(), all) {
            ([one], _) => Ok(Resolved::Members(vec![(*one).clone()])),
            ([], [one, ..]) => Ok(Resolved::Members(vec![one.clone()])),
            ([], []) => match snapshot.service(namespace, name) {
                Some(service) => Ok(Resolved::Service(service.clone())),
                None => Err(self.unknown(snapshot, namespace, None, name)),
            },
            (several, _) => {
                let forms: Vec<String> = several
                    .iter()
                    .map(|m| format!("{namespace}/{}/{name}", self.kind_of(m)))
                    .collect();
                Err(Problem::new(format!("`{namespace}/{name}` is the name of several workloads"))
                    .help(format!("write {}", forms.join(" or "))))
            }
        }
    }

    fn kind_of<'m>(&'m self, member: &'m Member) -> &'m str {
        match member {
            Member::Workload(at) => self.workloads.get(*at).map_or("", |w| &w.reference.kind),
            Member::Pod(_) => "Pod",
            Member::Node(_) => "Node",
            Member::Entry(entry) => &entry.kind,
            Member::Outside(_) => "",
        }
    }

    pub(crate) fn no_namespace(&self, snapshot: &Snapshot, namespace: &str) -> Problem {
        if snapshot.namespace(namespace).is_some() {
            return Problem::new(format!("namespace `{namespace}` has no pod and no workload"));
        }
        let names: Vec<&str> = self.by_namespace.keys().map(|n| &**n).collect();
        let near = nearest(namespace, names.iter().copied());
        Problem::new(format!("no namespace `{namespace}` with a pod or a workload"))
            .help(suggestion(&near, &names))
    }

    fn unknown(
        &self,
        snapshot: &Snapshot,
        namespace: &str,
        kind: Option<&str>,
        name: &str,
    ) -> Problem {
        let wanted = match kind {
            Some(kind) => format!("{namespace}/{kind}/{name}"),
            None => format!("{namespace}/{name}"),
        };
        let called = |o: &ObjectRef| {
            *o.namespace == *namespace && *o.name == *name && kind.is_none_or(|k| *o.kind == *k)
        };
        if let Some(absent) = self.absent.iter().find(|absent| called(&absent.object)) {
            let why = &absent.why;
            return Problem::new(format!("`{wanted}` is in the input, and {why}"))
                .help(&absent.help);
        }
        if namespace == NODE && kind.is_none() && self.in_namespace(NODE).is_empty() {
            let nodes: Vec<String> = self.nodes.iter().map(|n| format!("{NODE}/{n}")).collect();
            let known: Vec<&str> = nodes.iter().map(String::as_str).collect();
            let help = match suggestion(&nearest(&wanted, known.iter().copied()), &known) {
                none if none.is_empty() => "the input has no node".to_owned(),
                help => help,
            };
            return Problem::new(format!("no node `{name}` in the input")).help(help);
        }
        let mut names: Vec<String> = Vec::new();
        if kind.is_some_and(is_entry_point) {
            let entries = snapshot.entry_points();
            names.extend(entries.iter().map(|e| format!("{}/{}/{}", e.namespace, e.kind, e.name)));
        } else if kind == Some("Service") {
            names.extend(
                snapshot.services().iter().map(|s| format!("{}/Service/{}", s.namespace, s.name)),
            );
        } else {
            names.extend(self.workloads.iter().map(|w| {
                let r = &w.reference;
                match kind {
                    Some(_) => format!("{}/{}/{}", r.namespace, r.kind, r.name),
                    None => format!("{}/{}", r.namespace, r.name),
                }
            }));
        }
        names.sort();
        names.dedup();
        let mut near = nearest(&wanted, names.iter().map(String::as_str));
        if near.is_empty() {
            // The right name in another namespace.
            let tail = format!("/{name}");
            near.extend(names.iter().map(String::as_str).filter(|n| n.ends_with(&tail)).take(3));
        }
        let here = format!("{namespace}/");
        let known: Vec<&str> =
            names.iter().map(String::as_str).filter(|n| n.starts_with(&here)).collect();
        let what = match kind {
            Some(kind) if is_entry_point(kind) || kind == "Service" => kind,
            _ => "pod, workload or service",
        };
        let mut help = suggestion(&near, &known);
        if help.is_empty() {
            let namespaces: Vec<&str> = self.by_namespace.keys().map(|n| &**n).collect();
            help = match self.in_namespace(namespace) {
                [] => {
                    let near = nearest(namespace, namespaces.iter().copied());
                    let there = suggestion(&near, &namespaces);
                    let end = if there.is_empty() { String::new() } else { format!("; {there}") };
                    format!("namespace `{namespace}` has no pod and no workload that was read{end}")
                }
                _ => format!("there is no {what} in namespace `{namespace}`"),
            };
        }
        Problem::new(format!("no {what} `{wanted}` in the input")).help(help)
    }

    /// What a member is called in human output.
    pub(crate) fn show(&self, snapshot: &Snapshot, member: &Member) -> String {
        match member {
            Member::Workload(at) => self.workloads.get(*at).map_or_else(String::new, |w| {
                format!("{}/{}", w.reference.namespace, w.reference.name)
            }),
            Member::Pod(id) => snapshot
                .pod(*id)
                .map_or_else(String::new, |pod| format!("{}/{}", pod.namespace, pod.name)),
            Member::Node(name) => format!("{NODE}/{name}"),
            Member::Entry(entry) => format!("{}/{}/{}", entry.namespace, entry.kind, entry.name),
            Member::Outside(addresses) if addresses == self.outside() => "internet".to_owned(),
            Member::Outside(addresses) => show_addresses(addresses),
        }
    }

    /// What a member is in JSON.
    pub(crate) fn wire(&self, snapshot: &Snapshot, member: &Member) -> wire::Endpoint {
        match member {
            Member::Workload(at) => match self.workloads.get(*at) {
                Some(w) => (&w.reference).into(),
                None => wire::Endpoint::Outside { cidrs: Vec::new() },
            },
            Member::Pod(id) => {
                let pod = snapshot.pod(*id);
                wire::Endpoint::Workload {
                    namespace: pod.map(|p| p.namespace.to_string()).unwrap_or_default(),
                    name: pod.map(|p| p.name.to_string()).unwrap_or_default(),
                    kind: "Pod".to_owned(),
                }
            }
            Member::Node(name) => wire::Endpoint::Node { node: name.to_string() },
            Member::Entry(entry) => entry.into(),
            Member::Outside(addresses) => addresses.into(),
        }
    }

    /// A set of members without others: a pod that is left out of its workload
    /// leaves the other pods, addresses that are left out leave the rest.
    pub(crate) fn without(&self, members: Vec<Member>, except: &[Member]) -> Vec<Member> {
        let mut left = Vec::new();
        for member in members {
            match member {
                Member::Outside(addresses) => {
                    let rest = except.iter().fold(addresses, |set, e| match e {
                        Member::Outside(out) => set.difference(out),
                        _ => set,
                    });
                    if !rest.is_empty() {
                        left.push(Member::Outside(rest));
                    }
                }
                _ if except.contains(&member) => {}
                Member::Pod(id) => {
                    let owner = self.workload_of(id).map(Member::Workload);
                    if !owner.is_some_and(|owner| except.contains(&owner)) {
                        left.push(Member::Pod(id));
                    }
                }
                Member::Workload(at) => {
                    let workload = Member::Workload(at);
                    let pods = self.pods(&workload);
                    let out = |id: &PodId| except.contains(&Member::Pod(*id));
                    if pods.iter().any(out) {
                        left.extend(pods.iter().filter(|id| !out(id)).map(|id| Member::Pod(*id)));
                    } else {
                        left.push(Member::Workload(at));
                    }
                }
                Member::Node(_) | Member::Entry(_) => left.push(member),
            }
        }
        left
    }
}

/// Addresses in human output: a few blocks, then how many more.
pub(crate) fn show_addresses(addresses: &Addresses) -> String {
    const FEW: usize = 4;
    let cidrs: Vec<String> = addresses
        .cidrs()
        .iter()
        .map(|c| {
            if c.prefix_len() == c.max_prefix_len() { c.addr().to_string() } else { c.to_string() }
        })
        .collect();
    match cidrs.get(..FEW) {
        Some(few) if cidrs.len() > FEW => {
            format!("{} and {} more blocks", few.join(", "), cidrs.len() - FEW)
        }
        _ => cidrs.join(", "),
    }
}

/// A set of addresses. Halves are united rather than one after another, which
/// would take the square of the time.
fn united(addresses: &[IpAddr]) -> Addresses {
    match addresses {
        [] => Addresses::none(),
        [one] => Addresses::range(*one, *one),
        _ => {
            let (a, b) = addresses.split_at(addresses.len() / 2);
            united(a).union(&united(b))
        }
    }
}

pub(crate) fn suggestion(near: &[&str], known: &[&str]) -> String {
    const FEW: usize = 8;
    let quoted = |names: &[&str]| -> String {
        names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
    };
    if !near.is_empty() {
        return format!(
            "did you mean {}?",
            near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")
        );
    }
    match known {
        [] => String::new(),
        _ if known.len() <= FEW => format!("there are {}", quoted(known)),
        _ => format!(
            "there are {} and {} more",
            quoted(known.get(..FEW).unwrap_or_default()),
            known.len() - FEW
        ),
    }
}

/// The known words that a misspelt one is closest to, best first.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    const MOST: usize = 3;
    if word.len() > 128 {
        return Vec::new();
    }
    let limit = (word.len() / 4).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = known
        .filter(|k| k.len().abs_diff(word.len()) <= limit)
        .map(|k| (distance(word, k), k))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    let least = near.first().map(|(distance, _)| *distance);
    near.into_iter().filter(|(d, _)| Some(*d) == least).take(MOST).map(|(_, k)| k).collect()
}

/// Edits that turn one word into the other; a swap of neighbours is one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
    let (mut earlier, mut before): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let edit = at(&before, j) + usize::from(x != y);
            let mut least = edit.min(at(&before, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&earlier, j - 1) + 1);
            }
            row.push(least);
        }
        earlier = std::mem::replace(&mut before, row);
    }
    at(&before, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_totally() {
        for (text, shown) in [
            ("shop/web", "shop/web"),
            ("shop/deploy/web", "shop/Deployment/web"),
            ("shop/PO/web-1", "shop/Pod/web-1"),
            ("shop/Rollout/web", "shop/Rollout/web"),
            ("shop/*", "shop/*"),
            ("*", "*"),
            ("internet", "internet"),
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(EndpointSpec::parse(text, None).unwrap().to_string(), shown);
        }
        for text in ["", "web", "/", "shop/", "/web", "a/b/c/d", "192.0.2.7/33", "a b/c", "a/*/b"] {
            assert!(EndpointSpec::parse(text, None).is_err(), "{text}");
        }
        for (text, said) in [
            ("300.1.1.1", "is not an address"),
            ("fe80:::1", "is not an address"),
            ("10.0.0.1/33", "the prefix is longer"),
            ("10.0.0.256/8", "is not a block of addresses"),
            ("intrenet", "is not an endpoint"),
        ] {
            assert!(EndpointSpec::parse(text, None).unwrap_err().message.contains(said), "{text}");
        }
        let here = EndpointSpec::parse("web", Some("shop")).unwrap();
        assert_eq!(here.to_string(), "shop/web");
    }

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["shop/web", "shop/api", "tools/debug"];
        assert_eq!(nearest("shop/wbe", known.into_iter()), ["shop/web"]);
        assert!(nearest("nothing/like", known.into_iter()).is_empty());
    }
}
