//! Large clusters for measuring, and changes to them. Each is a function of its
//! size: the dice are seeded with a constant.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use fallgate_model::{
    Action, Change, Cluster, ClusterPeer, ClusterPolicy, ClusterPolicyKind, ClusterRule,
    ContainerPort, IpBlock, Labels, METADATA_NAME, Namespace, NamespaceMatch, NetworkPolicy,
    Object, Operator, Origin, Peer, Pod, PortMatch, Protocol, Requirement, Rule, Selector, Str,
    Subject, Tier, Workload,
};
use fastrand::Rng;
use ipnet::{IpNet, Ipv4Net};

const TIERS: [&str; 4] = ["web", "api", "db", "cache"];
const ENVS: [&str; 3] = ["prod", "staging", "dev"];
const TEAMS: [&str; 8] = ["blue", "green", "red", "amber", "teal", "plum", "jade", "onyx"];
const NODES: usize = 1000;

/// Applications of four tiers in namespaces of three environments and eight
/// teams, DNS and monitoring beside them: the kinds of policies that people
/// write, so many in each namespace. Workloads are bare pods with addresses on
/// 1,000 nodes, or stand-ins for Deployments.
pub fn tiers(workloads: usize, namespaces: usize, policies_per_ns: usize, pods: bool) -> Cluster {
    let mut b = Builder::new(pods);
    b.namespace("kube-system", &[("env", "infra")]);
    let labels = [("app", "coredns"), ("k8s-app", "kube-dns")];
    let ports = [("dns", Protocol::Udp, 53), ("dns-tcp", Protocol::Tcp, 53)];
    b.workload("kube-system", "coredns", &labels, &ports);
    b.namespace("monitoring", &[("env", "infra")]);
    let ports = [("http", Protocol::Tcp, 9090)];
    b.workload("monitoring", "prometheus", &[("app", "prometheus")], &ports);
    let networks: Vec<Ipv4Addr> =
        (0..12).map(|_| Ipv4Addr::new(b.rng.u8(11..200), b.rng.u8(..), 0, 0)).collect();
    for n in 0..namespaces {
        let ns = format!("ns-{n:04}");
        let (env, team) = (ENVS[n % 3], TEAMS[n / 3 % 8]);
        b.namespace(&ns, &[("env", env), ("team", team)]);
        let count = workloads / namespaces + usize::from(n < workloads % namespaces);
        for w in 0..count {
            let name = format!("app-{w}");
            let labels = [("app", &*name), ("tier", TIERS[w % 4]), ("env", env), ("team", team)];
            let web = [8080, 8081, 8082][w % 3];
            let mut ports = vec![("http", Protocol::Tcp, web), ("metrics", Protocol::Tcp, 9090)];
            if w % 7 == 3 {
                ports.push(("dns", Protocol::Udp, 53));
            }
            b.workload(&ns, &name, &labels, &ports);
        }
        for p in 0..policies_per_ns {
            b.tier_policy(&ns, p, env, count, &networks);
        }
    }
    b.cluster
}

/// [`tiers`] under 40 AdminNetworkPolicies of different priorities and the
/// BaselineAdminNetworkPolicy.
pub fn cnp(workloads: usize, namespaces: usize, policies_per_ns: usize, pods: bool) -> Cluster {
    let mut b = Builder::new(pods);
    b.cluster = tiers(workloads, namespaces, policies_per_ns, pods);
    for i in 0_u8..40 {
        let subject = Subject {
            namespaces: equal("env", b.pick(&ENVS)),
            pods: equal("tier", b.pick(&TIERS)),
        };
        b.cluster_policy(&format!("anp-{i}"), i32::from(i), subject, (3, 2));
    }
    b.cluster_policy("default", 1001, Subject { namespaces: all(), pods: all() }, (30, 20));
    b.cluster
}

/// Red Hat's scale test: 10 pods and 20 policies in each namespace, and in each
/// policy 5 ports, 5 ranges, 5 namespaces, 5 label values and 5 networks.
pub fn openshift(namespaces: usize) -> Cluster {
    let mut b = Builder::new(true);
    for n in 0..namespaces {
        let ns = format!("scale-{n:03}");
        b.namespace(&ns, &[("index", &format!("i{n}"))]);
        for w in 0..10 {
            let name = format!("pod-{w}");
            let labels = [("app", &*name), ("num", &*format!("v{w}"))];
            b.workload(&ns, &name, &labels, &[("http", Protocol::Tcp, 8080)]);
        }
        for p in 0..20 {
            let rules = vec![b.scale_rule(namespaces)];
            let select = one_of("num", &b.numbered("v", 10));
            b.policy(&ns, &format!("np-{p}"), select, Some(rules.clone()), Some(rules));
        }
    }
    b.cluster
}

/// Antrea's controller benchmark: 4 pods in two groups and 3 policies in each
/// namespace, one that denies everything and one for each group to reach itself.
pub fn antrea(namespaces: usize) -> Cluster {
    let mut b = Builder::new(true);
    for n in 0..namespaces {
        let ns = format!("ns-{n:05}");
        b.namespace(&ns, &[("app", &ns)]);
        for w in 0..4 {
            let (key, value) = group(w / 2 + 1);
            b.workload(
                &ns,
                &format!("pod{}", w + 1),
                &[(&key, &value)],
                &[("http", Protocol::Tcp, 80)],
            );
        }
        b.policy(&ns, "default-deny-all", all(), Some(Vec::new()), Some(Vec::new()));
        for g in 1..=2 {
            let (key, value) = group(g);
            let same = equal(&key, &value);
            let itself = vec![rule(vec![pods(NamespaceMatch::Own, same.clone())], None)];
            b.policy(&ns, &format!("np-{g}"), same, Some(itself.clone()), Some(itself));
        }
    }
    b.cluster
}

/// So many changes of one NetworkPolicy each, every one of the cluster as it is:
/// mostly a rule that gains a port and a peer, else a rule more, a rule less or
/// another subject.
pub fn policy_edits(cluster: &Cluster, count: usize, seed: u64) -> Vec<Change> {
    let mut rng = Rng::with_seed(seed);
    let editable: Vec<&NetworkPolicy> = cluster
        .network_policies
        .iter()
        .filter(|p| p.ingress.as_ref().is_some_and(|rules| !rules.is_empty()))
        .collect();
    if editable.is_empty() {
        return Vec::new();
    }
    let peer = |tier: &str| pods(NamespaceMatch::Selector(all()), equal("tier", tier));
    (0..count)
        .map(|i| {
            let mut policy = editable[rng.usize(..editable.len())].clone();
            let tier = TIERS[rng.usize(..TIERS.len())];
            let number = rng.u16(7000..8000);
            let rules = policy.ingress.get_or_insert_default();
            match i % 8 {
                5 => rules.push(rule(vec![peer(tier)], Some(vec![port(number)]))),
                6 => drop(rules.pop()),
                7 => policy.pod_selector = equal("tier", tier),
                _ => {
                    rules[0].peers.iter_mut().for_each(|peers| peers.push(peer(tier)));
                    rules[0].ports.iter_mut().for_each(|ports| ports.push(port(number)));
                }
            }
            Change::Upsert(Object::NetworkPolicy(policy))
        })
        .collect()
}

/// So many changes of one pod each, every one of the cluster as it is: a pod
/// more, a pod less, or a pod with another label.
pub fn pod_events(cluster: &Cluster, count: usize, seed: u64) -> Vec<Change> {
    let mut rng = Rng::with_seed(seed);
    if cluster.pods.is_empty() {
        return Vec::new();
    }
    (0..count)
        .map(|i| {
            let mut pod = cluster.pods[rng.usize(..cluster.pods.len())].clone();
            match i % 3 {
                0 => {
                    pod.name = format!("{}-new-{i}", pod.name).into();
                    pod.workload = Workload { kind: "Pod".into(), name: pod.name.clone() };
                    pod.stand_in = false;
                    pod.addresses = vec![nth_address(11, i)];
                    Change::Upsert(Object::Pod(pod))
                }
                1 => Change::Delete(Object::Pod(pod).key()),
                _ => {
                    pod.labels.set("tier", TIERS[rng.usize(..TIERS.len())]);
                    Change::Upsert(Object::Pod(pod))
                }
            }
        })
        .collect()
}

/// A cluster in the making. Strings that repeat are shared, as a reader shares
/// them.
struct Builder {
    cluster: Cluster,
    rng: Rng,
    words: BTreeSet<Str>,
    pods: bool,
    line: u32,
}

impl Builder {
    fn new(pods: bool) -> Builder {
        Builder {
            cluster: Cluster::default(),
            rng: Rng::with_seed(1),
            words: BTreeSet::new(),
            pods,
            line: 0,
        }
    }

    fn word(&mut self, text: &str) -> Str {
        if let Some(word) = self.words.get(text) {
            return word.clone();
        }
        let word = Str::from(text);
        self.words.insert(word.clone());
        word
    }

    fn labels(&mut self, pairs: &[(&str, &str)]) -> Labels {
        let mut labels = Labels::default();
        for (key, value) in pairs {
            labels.set(self.word(key), self.word(value));
        }
        labels
    }

    fn origin(&mut self) -> Origin {
        self.line += 1;
        Origin { line: self.line, column: 1, ..Origin::default() }
    }

    fn pick(&mut self, items: &[&'static str]) -> &'static str {
        items[self.rng.usize(..items.len())]
    }

    /// Five different numbers of so many, each after a letter.
    fn numbered(&mut self, prefix: &str, of: usize) -> Vec<String> {
        let numbers = self.rng.choose_multiple(0..of, 5);
        numbers.into_iter().map(|n| format!("{prefix}{n}")).collect()
    }

    fn namespace(&mut self, name: &str, labels: &[(&str, &str)]) {
        let mut labels = self.labels(labels);
        labels.set(self.word(METADATA_NAME), self.word(name));
        let namespace = Namespace { name: self.word(name), labels, origin: self.origin() };
        self.cluster.namespaces.push(namespace);
    }

    fn workload(
        &mut self,
        namespace: &str,
        name: &str,
        labels: &[(&str, &str)],
        ports: &[(&str, Protocol, u16)],
    ) {
        let number = self.cluster.pods.len() + 1;
        let mut labels = self.labels(labels);
        let (mut addresses, mut host_addresses, mut node) = (Vec::new(), Vec::new(), None);
        if self.pods {
            addresses.push(nth_address(10, number));
            host_addresses.push(nth_address(192, number % NODES));
            node = Some(self.word(&format!("node-{}", number % NODES)));
        } else {
            labels.set_unvalued(self.word("pod-template-hash"));
        }
        let ports = ports
            .iter()
            .map(|(name, protocol, port)| ContainerPort {
                name: Some(self.word(name)),
                protocol: *protocol,
                port: *port,
            })
            .collect();
        let pod = Pod {
            namespace: self.word(namespace),
            name: self.word(name),
            workload: Workload {
                kind: self.word(if self.pods { "Pod" } else { "Deployment" }),
                name: self.word(name),
            },
            labels,
            addresses,
            node,
            host_addresses,
            host_network: false,
            ports,
            stand_in: !self.pods,
            origin: self.origin(),
        };
        self.cluster.pods.push(pod);
    }

    fn policy(
        &mut self,
        namespace: &str,
        name: &str,
        pod_selector: Selector,
        ingress: Option<Vec<Rule>>,
        egress: Option<Vec<Rule>>,
    ) {
        let policy = NetworkPolicy {
            namespace: self.word(namespace),
            name: self.word(name),
            pod_selector,
            ingress,
            egress,
            origin: self.origin(),
        };
        self.cluster.network_policies.push(policy);
    }

    /// The nth policy of a namespace: nine of a kind each, then those between
    /// single applications.
    fn tier_policy(&mut self, ns: &str, nth: usize, env: &str, apps: usize, nets: &[Ipv4Addr]) {
        let own = |selector| pods(NamespaceMatch::Own, selector);
        let of = |namespaces, selector| pods(NamespaceMatch::Selector(namespaces), selector);
        match nth {
            0 => self.policy(ns, "default-deny", all(), Some(vec![]), Some(vec![])),
            1 => {
                let dns = of(equal(METADATA_NAME, "kube-system"), equal("k8s-app", "kube-dns"));
                let udp = PortMatch::Range { protocol: Protocol::Udp, start: 53, end: 53 };
                let rules = vec![rule(vec![dns], Some(vec![udp, port(53)]))];
                self.policy(ns, "allow-dns", all(), None, Some(rules));
            }
            2 => {
                let rules = vec![rule(vec![own(all())], Some(vec![named("http")]))];
                self.policy(ns, "same-namespace-in", all(), Some(rules), None);
            }
            3 => {
                let rules = vec![rule(vec![own(all())], None)];
                self.policy(ns, "same-namespace-out", all(), None, Some(rules));
            }
            4 => {
                let teams = self.rng.choose_multiple(TEAMS, 3);
                let namespaces = both(equal("env", env), one_of("team", &teams));
                let peer = of(namespaces, equal("tier", self.pick(&["web", "api"])));
                let rules = vec![rule(vec![peer], Some(vec![named("http"), port(8443)]))];
                self.policy(ns, "web-from-teams", equal("tier", "web"), Some(rules), None);
            }
            5 => {
                let peer = of(equal("env", env), one_of("tier", &["web", "api"]));
                let rules = vec![rule(vec![peer], Some(vec![range(8000, 8999)]))];
                self.policy(ns, "api-to-env", equal("tier", "api"), None, Some(rules));
            }
            6 => {
                let network = nets[self.rng.usize(..nets.len())].octets();
                let cut = self.rng.u8(..16) * 16;
                let net = |third, length| block([network[0], network[1], third, 0], length);
                let block = IpBlock { cidr: net(0, 16), except: vec![net(cut, 20)] };
                let rules = vec![rule(vec![Peer::IpBlock(block)], Some(vec![port(443)]))];
                let select = require("tier", Operator::NotIn, &["db", "cache"]);
                self.policy(ns, "egress-external", select, None, Some(rules));
            }
            7 => {
                let peer = of(equal(METADATA_NAME, "monitoring"), all());
                let rules = vec![rule(vec![peer], Some(vec![named("metrics")]))];
                self.policy(ns, "metrics", all(), Some(rules), None);
            }
            8 => {
                let guarded = both(
                    one_of("tier", &["db", "cache"]),
                    require::<&str>("team", Operator::Exists, &[]),
                );
                let peer = own(both(
                    require("tier", Operator::NotIn, &["web"]),
                    require::<&str>("quarantine", Operator::DoesNotExist, &[]),
                ));
                let ports = vec![port(5432), range(6379, 6389)];
                let rules = vec![rule(vec![peer], Some(ports))];
                self.policy(ns, "db-guard", guarded, Some(rules), None);
            }
            _ => {
                let (from, to) = (self.rng.usize(..apps.max(1)), self.rng.usize(..apps.max(1)));
                let namespaces = both(equal("env", env), equal("team", self.pick(&TEAMS)));
                let peer = vec![of(namespaces, equal("app", &format!("app-{from}")))];
                let number = [8080, 8081, 8082, 8083, 8084][nth % 5];
                self.policy(
                    ns,
                    &format!("app-{to}-rule-{nth}"),
                    equal("app", &format!("app-{to}")),
                    Some(vec![rule(peer.clone(), Some(vec![port(number)]))]),
                    Some(vec![rule(peer, Some(vec![range(8080, 8090)]))]),
                );
            }
        }
    }

    /// An AdminNetworkPolicy, or above its priorities the Baseline one, with so
    /// many ingress and egress rules.
    fn cluster_policy(
        &mut self,
        name: &str,
        priority: i32,
        subject: Subject,
        rules: (usize, usize),
    ) {
        let tier = if priority > 1000 { Tier::Baseline } else { Tier::Admin };
        let kind = match tier {
            Tier::Admin => ClusterPolicyKind::AdminNetworkPolicy,
            Tier::Baseline => ClusterPolicyKind::BaselineAdminNetworkPolicy,
        };
        let policy = ClusterPolicy {
            kind,
            name: self.word(name),
            tier,
            priority,
            subject,
            ingress: (0..rules.0).map(|r| self.cluster_rule("from", tier, r)).collect(),
            egress: (0..rules.1).map(|r| self.cluster_rule("to", tier, r)).collect(),
            origin: self.origin(),
        };
        self.cluster.cluster_policies.push(policy);
    }

    fn cluster_rule(&mut self, prefix: &str, tier: Tier, nth: usize) -> ClusterRule {
        let namespaces = both(equal("env", self.pick(&ENVS)), equal("team", self.pick(&TEAMS)));
        let tiers = equal("tier", self.pick(&TIERS));
        let pods = if nth.is_multiple_of(2) { tiers } else { all() };
        let actions: &[Action] = match tier {
            Tier::Admin => &[Action::Accept, Action::Deny, Action::Pass],
            Tier::Baseline => &[Action::Accept, Action::Deny],
        };
        let ports = match self.rng.u8(..4) {
            0 => None,
            1 => Some(vec![range(8000, 8100)]),
            2 => Some(vec![PortMatch::Named { protocol: None, name: self.word("metrics") }]),
            _ => Some(vec![port(8083)]),
        };
        ClusterRule {
            name: Some(format!("{prefix}-{nth}").into()),
            action: actions[self.rng.usize(..actions.len())],
            peers: vec![ClusterPeer::Pods { namespaces, pods }],
            ports,
            origin: self.origin(),
        }
    }

    /// 5 ports and 5 ranges, for 5 namespaces' pods with 5 label values and for 5
    /// networks.
    fn scale_rule(&mut self, namespaces: usize) -> Rule {
        let mut ports: Vec<PortMatch> = (0..5).map(|_| port(self.rng.u16(8000..8200))).collect();
        for _ in 0..5 {
            let start = self.rng.u16(1024..30_000);
            ports.push(range(start, start + self.rng.u16(1..50)));
        }
        let names: Vec<String> = self
            .rng
            .choose_multiple(0..namespaces, 5)
            .into_iter()
            .map(|n| format!("scale-{n:03}"))
            .collect();
        let mut peers = vec![pods(
            NamespaceMatch::Selector(one_of(METADATA_NAME, &names)),
            one_of("num", &self.numbered("v", 10)),
        )];
        for _ in 0..5 {
            let network = [self.rng.u8(11..224), self.rng.u8(..), self.rng.u8(..), 0];
            peers.push(Peer::IpBlock(IpBlock { cidr: block(network, 24), except: Vec::new() }));
        }
        rule(peers, Some(ports))
    }
}

/// The label of an Antrea group.
fn group(number: usize) -> (String, String) {
    (format!("app-{number}"), format!("scale-{number}"))
}

fn all() -> Selector {
    Selector::default()
}

fn equal(key: &str, value: &str) -> Selector {
    Selector::match_labels([(key, value)])
}

fn one_of<V: AsRef<str>>(key: &str, values: &[V]) -> Selector {
    require(key, Operator::In, values)
}

fn require<V: AsRef<str>>(key: &str, operator: Operator, values: &[V]) -> Selector {
    let values = values.iter().map(|v| Str::from(v.as_ref())).collect();
    Selector::new([Requirement { key: key.into(), operator, values }])
}

fn both(a: Selector, b: Selector) -> Selector {
    Selector::new(a.requirements.into_iter().chain(b.requirements))
}

fn pods(namespaces: NamespaceMatch, pods: Selector) -> Peer {
    Peer::Pods { namespaces, pods }
}

fn rule(peers: Vec<Peer>, ports: Option<Vec<PortMatch>>) -> Rule {
    Rule { peers: Some(peers), ports, origin: Origin::default() }
}

fn port(number: u16) -> PortMatch {
    range(number, number)
}

fn range(start: u16, end: u16) -> PortMatch {
    PortMatch::Range { protocol: Protocol::Tcp, start, end }
}

fn named(name: &str) -> PortMatch {
    PortMatch::Named { protocol: Some(Protocol::Tcp), name: name.into() }
}

/// A network of at most /32 that has no host bits.
fn block(octets: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from(octets), length))
}

/// The nth address under a first octet.
fn nth_address(first: u8, nth: usize) -> IpAddr {
    let base = Ipv4Addr::new(first, if first == 192 { 168 } else { 0 }, 0, 0).to_bits();
    IpAddr::V4(Ipv4Addr::from_bits(base + 1 + u32::try_from(nth).unwrap_or(0)))
}
