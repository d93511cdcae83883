//! Questions that are about many connections at once, and their one answer.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use fallgate_engine::{
    Addresses, Connections, End, Engine, Explanation, Interval, NoRepair, PodId, Port, Repair,
    Union, Verdict, WorkloadRef,
};
use fallgate_model::{Change, Direction, Family, Object, Pod, Protocol, Service, Str};
use rustc_hash::FxHashMap;

use crate::context::Context;
use crate::endpoint::{EndpointSpec, Index, Member, Resolved, nearest, suggestion};
use crate::failure::Problem;
use crate::port::PortSpec;
use crate::render::{entry_ref, port_names};

/// Which verdict of a question about many connections is its answer: the first
/// of these that any of them has.
pub(crate) type Order = [Verdict; 3];

/// Allowed only if all are; else denied; else unknown.
pub(crate) const STRICT: Order = [Verdict::Denied, Verdict::Unknown, Verdict::Allowed];

/// Where a question leads: an end, and the packets that are meant there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) member: Member,
    pub(crate) port: PortSpec,
}

/// A question, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) from: Rc<Vec<Member>>,
    pub(crate) to: Rc<Vec<Target>>,
    /// The service that leads to the targets, where the question is about one.
    pub(crate) service: Option<String>,
    /// Why the targets may not be all, or too many.
    pub(crate) open: Option<String>,
}

/// One connection that stands for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) from: Member,
    pub(crate) to: Member,
    /// A kind of packet.
    pub(crate) packet: Port,
    /// The outside address, where one end is outside.
    pub(crate) address: Option<IpAddr>,
    /// It is all that was asked about.
    pub(crate) only: bool,
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// A connection with that verdict; `None` when there is none to show, as
    /// when a service has no backends.
    pub(crate) example: Option<Example>,
    /// What there is to say when no connection says it.
    pub(crate) reason: Option<String>,
}

/// Asks a cluster, and remembers what several questions need.
pub(crate) struct Asker<'c> {
    pub(crate) context: &'c Context,
    outside: RefCell<FxHashMap<(Member, Direction), Parts>>,
    resolved: RefCell<FxHashMap<EndpointSpec, Resolved>>,
    /// The ports on which services lead to pods, by namespace.
    served: RefCell<FxHashMap<Str, Served>>,
}

type Parts = Rc<Vec<(Addresses, Union)>>;
type Served = Rc<FxHashMap<PodId, Vec<Port>>>;

impl<'c> Asker<'c> {
    pub(crate) fn new(context: &'c Context) -> Asker<'c> {
        let (outside, resolved) = (RefCell::default(), RefCell::default());
        Asker { context, outside, resolved, served: RefCell::default() }
    }

    pub(crate) fn index(&self) -> &'c Index {
        self.context.index()
    }

    /// What an endpoint as written is.
    pub(crate) fn resolve(&self, spec: &EndpointSpec) -> Result<Resolved, Problem> {
        if let Some(known) = self.resolved.borrow().get(spec) {
            return Ok(known.clone());
        }
        let resolved = self.index().resolve(&self.context.snapshot, spec)?;
        self.resolved.borrow_mut().insert(spec.clone(), resolved.clone());
        Ok(resolved)
    }

    /// The members of an endpoint that sends.
    pub(crate) fn sources(&self, spec: &EndpointSpec) -> Result<Vec<Member>, Problem> {
        match self.resolve(spec)? {
            Resolved::Members(members) => Ok(members),
            Resolved::Service(service) => Err(Problem::new(format!(
                "service `{}/{}` sends nothing: it only receives",
                service.namespace, service.name
            ))
            .help("name the workload behind it")),
        }
    }

    /// Resolves a question.
    pub(crate) fn question(
        &self,
        from: &EndpointSpec,
        to: &EndpointSpec,
        port: &PortSpec,
    ) -> Result<Question, Problem> {
        let from = self.sources(from)?;
        self.question_of(from, &[], to, port)
    }

    /// The same from members, without some of the targets.
    pub(crate) fn question_of(
        &self,
        from: Vec<Member>,
        without: &[Member],
        to: &EndpointSpec,
        port: &PortSpec,
    ) -> Result<Question, Problem> {
        to.receives()?;
        let resolved = self.resolve(to)?;
        let mut question = match resolved {
            Resolved::Service(service) => self.through(&service, port)?,
            Resolved::Members(members) => {
                let members = self.index().without(members, without);
                self.check_name(&members, to, port)?;
                let target = |member| Target { member, port: port.clone() };
                let to = members.into_iter().map(target).collect();
                Question { from: Rc::default(), to: Rc::new(to), service: None, open: None }
            }
        };
        let outside = |m: &Member| matches!(m, Member::Outside(_));
        let pointless = from.iter().all(outside) && question.to.iter().all(|t| outside(&t.member));
        if pointless && !from.is_empty() && !question.to.is_empty() {
            return Err(Problem::new("both ends are outside the cluster, where no policy decides")
                .help("one end must be a pod or a workload"));
        }
        question.from = Rc::new(from);
        Ok(question)
    }

    /// A name that no destination has is a mistake, not a denial.
    fn check_name(
        &self,
        members: &[Member],
        to: &EndpointSpec,
        port: &PortSpec,
    ) -> Result<(), Problem> {
        let PortSpec::Named { .. } = port else { return Ok(()) };
        let snapshot = &self.context.snapshot;
        let mut known: Vec<&str> = Vec::new();
        for id in members.iter().flat_map(|m| self.index().pods(m)) {
            let Some(pod) = snapshot.pod(*id) else { continue };
            if port.on(Some(pod)).is_some() {
                return Ok(());
            }
            known.extend(pod.ports.iter().filter_map(|p| p.name.as_deref()));
        }
        if members.is_empty() {
            return Ok(());
        }
        known.sort_unstable();
        known.dedup();
        Err(Problem::new(format!("`{to}` has no port called `{port}`")).help(port_names(
            port,
            "its ports are called",
            &known,
        )))
    }

    /// What a question to a service is about: its backends, and the ports that
    /// they get the traffic on. Policies see those, not the service.
    fn through(&self, service: &Service, port: &PortSpec) -> Result<Question, Problem> {
        let called = format!("{}/{}", service.namespace, service.name);
        let meant = |p: &&fallgate_model::ServicePort| match port {
            PortSpec::Any => true,
            PortSpec::Set(set) => set.contains(Some((p.protocol, p.port))),
            PortSpec::Range { protocol, start, end } => {
                p.protocol == *protocol && (*start..=*end).contains(&p.port)
            }
            PortSpec::Named { name, protocol } => {
                p.name.as_ref() == Some(name) && protocol.is_none_or(|wanted| wanted == p.protocol)
            }
        };
        let ports: Vec<_> = service.ports.iter().filter(meant).collect();
        if ports.is_empty() && service.external_name.is_none() {
            let list: Vec<String> = (service.ports.iter())
                .map(|p| match &p.name {
                    Some(name) => format!("{} ({name})", show_port(p.protocol, p.port)),
                    None => show_port(p.protocol, p.port),
                })
                .collect();
            let names: Vec<&str> = service.ports.iter().filter_map(|p| p.name.as_deref()).collect();
            let near = match port {
                PortSpec::Named { name, .. } => nearest(name, names.iter().copied()),
                _ => Vec::new(),
            };
            let help = match &*near {
                [] => format!("its ports are {}", list.join(", ")),
                near => suggestion(near, &names),
            };
            return Err(Problem::new(format!("service `{called}` has no port `{port}`")).help(help));
        }
        let mut to = Vec::new();
        let mut open = service.external_name.as_ref().map(|name| {
            format!("service {called} leads to the name {name}, whose addresses are not known")
        });
        for p in ports {
            let asked = Some((p.protocol, p.port));
            let Some(targets) = self.context.snapshot.service_targets(service, asked) else {
                continue;
            };
            let exact = |port: Port| match port {
                Some((protocol, port)) => PortSpec::Range { protocol, start: port, end: port },
                None => PortSpec::Any,
            };
            for (id, port) in targets.pods {
                to.push(Target { member: self.index().member(End::Pod(id)), port: exact(port) });
            }
            for (address, port) in targets.addresses {
                for end in self.context.snapshot.ends_at(address) {
                    to.push(Target { member: self.index().member(end), port: exact(port) });
                }
            }
            open = open.or(targets.unknown);
        }
        Ok(Question { from: Rc::default(), to: Rc::new(to), service: Some(called), open })
    }

    /// Answers a question: the first verdict of `order` that any connection of
    /// the question has.
    pub(crate) fn ask(&self, question: &Question, order: Order) -> Answer {
        let several = question.from.len() > 1 || question.to.len() > 1;
        let mut best: Option<(usize, Example)> = None;
        let mut add = |verdict: Verdict, example: Example| {
            let rank = order.iter().position(|v| *v == verdict).unwrap_or(order.len());
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, example));
            }
            rank == 0
        };
        'all: for from in question.from.iter() {
            for target in question.to.iter() {
                // A pod reaches itself whatever the policies say: that is no finding among many.
                if several && self.is_loopback(from, &target.member) {
                    continue;
                }
                if self.pair(from, target, !several, &mut add) {
                    break 'all;
                }
            }
        }
        let mut answer = match best {
            Some((rank, example)) => Answer {
                verdict: order.get(rank).copied().unwrap_or(Verdict::Unknown),
                example: Some(example),
                reason: None,
            },
            None if question.to.is_empty() && question.service.is_some() => Answer {
                verdict: Verdict::Denied,
                example: None,
                reason: Some("the service has no backend in the input".to_owned()),
            },
            None => Answer {
                verdict: Verdict::Denied,
                example: None,
                reason: Some("there is no connection of this kind".to_owned()),
            },
        };
        if let Some(Example { from: Member::Entry(entry), .. }) = &answer.example {
            answer.reason = Some(match answer.verdict {
                Verdict::Allowed => {
                    format!("the {} leads there, and this is admitted from anyone", entry.kind)
                }
                Verdict::Denied => format!(
                    "the {} does not lead there on this port, or nobody is admitted on it",
                    entry.kind
                ),
                Verdict::Unknown => format!(
                    "who serves the {} is not in the input, so only what its backends admit from anyone is certain",
                    entry.kind
                ),
            });
        }
        if let Some(open) = &question.open {
            answer = Answer {
                verdict: Verdict::Unknown,
                example: answer.example.filter(|_| answer.verdict == Verdict::Unknown),
                reason: Some(open.clone()),
            };
        }
        answer
    }

    /// Whether all there is between two members is a pod's way to itself.
    pub(crate) fn is_loopback(&self, from: &Member, to: &Member) -> bool {
        from == to
            && match from {
                Member::Workload(at) => self.index().workloads().get(*at).is_some_and(|w| w.bare),
                Member::Pod(_) | Member::Node(_) => true,
                Member::Entry(_) | Member::Outside(_) => false,
            }
    }

    /// Hands out an example of each verdict that the connections between two
    /// members have, until `add` has seen enough.
    fn pair(
        &self,
        from: &Member,
        target: &Target,
        only: bool,
        add: &mut dyn FnMut(Verdict, Example) -> bool,
    ) -> bool {
        let to = &target.member;
        let example = |packet, address, only| {
            let (from, to) = (from.clone(), to.clone());
            Example { from, to, packet, address, only }
        };
        if let (Member::Outside(_), Member::Outside(_)) = (from, to) {
            return false;
        }
        if let (Some(packet), Some((a, b))) = (target.port.single(), self.exact(from, to)) {
            let verdict = self.one(&a, &b, packet);
            return add(verdict, example(packet, outside_of(&a).or(outside_of(&b)), only));
        }
        let mut each = |asked: &Connections, interval: &Interval, address| {
            for (verdict, set) in [
                (Verdict::Denied, asked.difference(&interval.possible)),
                (Verdict::Unknown, asked.intersection(&interval.unknown())),
                (Verdict::Allowed, asked.intersection(&interval.certain)),
            ] {
                if let Some(packet) = self.declared(to, &set).or_else(|| typical(&set))
                    && add(verdict, example(packet, address, false))
                {
                    return true;
                }
            }
            false
        };
        match (from, to) {
            (Member::Entry(entry), _) => {
                let Some(asked) = self.asked(to, &target.port) else { return false };
                each(&asked, &self.let_in(entry, to), None)
            }
            (Member::Outside(addresses), _) if !self.index().pods(to).is_empty() => {
                let Some(asked) = self.asked(to, &target.port) else { return false };
                self.parts(to, Direction::Ingress, addresses)
                    .any(|(address, interval)| each(&asked, &interval, Some(address)))
            }
            (_, Member::Outside(addresses)) if !self.index().pods(from).is_empty() => {
                let Some(asked) = target.port.on(None) else { return false };
                self.parts(from, Direction::Egress, addresses)
                    .any(|(address, interval)| each(&asked, &interval, Some(address)))
            }
            _ => match self.union(from, target) {
                Some((asked, interval)) => each(&asked, &interval, None),
                None => false,
            },
        }
    }

    /// What an Ingress or a route lets in to a member.
    fn let_in(&self, entry: &WorkloadRef, to: &Member) -> Interval {
        let (index, snapshot) = (self.index(), &self.context.snapshot);
        let workload = match to {
            Member::Workload(at) => Some(*at),
            Member::Pod(id) => index.workload_of(*id),
            _ => None,
        };
        let to = workload.and_then(|at| index.workloads().get(at)).map(|w| &w.reference);
        let entries = snapshot.entry_points();
        (entries.iter().filter(|e| entry_ref(e) == *entry))
            .flat_map(|e| snapshot.entry_connections(e))
            .filter(|(reached, _)| Some(reached) == to)
            .map(|(_, union)| union.interval)
            .reduce(|a, b| a.union(&b))
            .unwrap_or_default()
    }

    /// A packet of a set that the destination is there for: to a port that a
    /// container declares, or else one that a service leads to.
    fn declared(&self, to: &Member, set: &Connections) -> Option<Port> {
        let snapshot = &self.context.snapshot;
        let pods = || self.index().pods(to).iter().filter_map(|id| Some((*id, snapshot.pod(*id)?)));
        let among = |port: &Port| set.contains(*port);
        let ports = pods().flat_map(|(_, pod)| pod.ports.iter());
        if let Some(found) = ports.map(|p| Some((p.protocol, p.port))).find(among) {
            return Some(found);
        }
        pods()
            .find_map(|(id, pod)| self.served(&pod.namespace).get(&id)?.iter().copied().find(among))
    }

    /// The ports on which the services of a namespace lead to its pods.
    fn served(&self, namespace: &Str) -> Served {
        if let Some(known) = self.served.borrow().get(namespace) {
            return known.clone();
        }
        let snapshot = &self.context.snapshot;
        let mut served: FxHashMap<PodId, Vec<Port>> = FxHashMap::default();
        for service in snapshot.services().iter().filter(|s| s.namespace == *namespace) {
            for port in &service.ports {
                let asked = Some((port.protocol, port.port));
                for (id, port) in snapshot.service_targets(service, asked).unwrap_or_default().pods
                {
                    served.entry(id).or_default().push(port);
                }
            }
        }
        let served = Rc::new(served);
        self.served.borrow_mut().insert(namespace.clone(), served.clone());
        served
    }

    /// The packets that are asked about, united over the pods of a destination;
    /// `None` when none of them has a port of the name.
    pub(crate) fn asked(&self, to: &Member, port: &PortSpec) -> Option<Connections> {
        let pods = self.index().pods(to);
        if pods.is_empty() {
            return port.on(None);
        }
        pods.iter()
            .filter_map(|id| port.on(self.context.snapshot.pod(*id).map(|p| &**p)))
            .reduce(|a, b| a.union(&b))
    }

    /// What is allowed between two members that are not addresses, as far as
    /// it is asked about.
    fn union(&self, from: &Member, target: &Target) -> Option<(Connections, Interval)> {
        let snapshot = &self.context.snapshot;
        let asked = self.asked(&target.member, &target.port)?;
        let (a, b) = (self.index().pods(from), self.index().pods(&target.member));
        if a.is_empty() || b.is_empty() {
            let union = self
                .ends(from, &target.member)
                .map(|(x, y, _)| snapshot.connections(&x, &y).interval);
            return Some((asked, union.reduce(|x, y| x.union(&y)).unwrap_or_default()));
        }
        if !matches!(target.port, PortSpec::Named { .. }) {
            return Some((asked, self.workloads(a, b).interval));
        }
        // Each pod has its own idea of what a name means.
        let mut interval = Interval::none();
        for (x, y, twin) in pod_pairs(self.index(), a, b) {
            let Some(own) = target.port.on(snapshot.pod(y).map(|p| &**p)) else { continue };
            let found = if twin {
                snapshot.workload_connections(&[x], &[y]).interval
            } else {
                snapshot.connections(&End::Pod(x), &End::Pod(y)).interval
            };
            interval = interval.union(&found.intersection(&Interval::exactly(own)));
        }
        Some((asked, interval))
    }

    /// What is allowed between two workloads; the loopback of a pod that stands
    /// on both sides is not among it, unless it is all there is.
    fn workloads(&self, a: &[PodId], b: &[PodId]) -> Union {
        let snapshot = &self.context.snapshot;
        let overlap = a != b && a.iter().any(|id| b.contains(id));
        if !overlap {
            return snapshot.workload_connections(a, b);
        }
        let mut union = Union { interval: Interval::none(), partial: false };
        let mut first = true;
        for (x, y, _) in pod_pairs(self.index(), a, b) {
            let found = snapshot.connections(&End::Pod(x), &End::Pod(y));
            union.partial |= found.partial || (!first && union.interval != found.interval);
            union.interval = union.interval.union(&found.interval);
            first = false;
        }
        union
    }

    /// Whether the pods that a workload answer unites differ in it.
    pub(crate) fn partial(&self, from: &Member, to: &Member) -> bool {
        let (a, b) = (self.index().pods(from), self.index().pods(to));
        let snapshot = &self.context.snapshot;
        let outside = |pods, direction, addresses: &Addresses| {
            let parts = snapshot.outside_of(pods, direction);
            parts
                .iter()
                .any(|(part, union)| union.partial && !part.intersection(addresses).is_empty())
        };
        match (from, to) {
            (_, Member::Outside(addresses)) => outside(a, Direction::Egress, addresses),
            (Member::Outside(addresses), _) => outside(b, Direction::Ingress, addresses),
            _ if a.is_empty() && b.is_empty() => false,
            _ if a.is_empty() || b.is_empty() => {
                let mut each =
                    self.ends(from, to).map(|(x, y, _)| snapshot.connections(&x, &y).interval);
                let first = each.next();
                each.any(|other| Some(&other) != first.as_ref())
            }
            _ => self.workloads(a, b).partial,
        }
    }

    /// The ends of two members when each is but one kind of end, so that one
    /// kind of packet has one verdict per pair of pods.
    fn exact(&self, from: &Member, to: &Member) -> Option<(Side, Side)> {
        Some((self.side(from)?, self.side(to)?))
    }

    fn side(&self, member: &Member) -> Option<Side> {
        match member {
            Member::Workload(_) | Member::Pod(_) => Some(Side::Pods(member.clone())),
            Member::Node(name) => Some(Side::Other(End::Node(name.clone()))),
            Member::Outside(addresses) => {
                let mut ranges = addresses.ranges();
                match (ranges.next(), ranges.next()) {
                    (Some((first, last)), None) if first == last => {
                        Some(Side::Other(End::Outside(first)))
                    }
                    _ => None,
                }
            }
            Member::Entry(_) => None,
        }
    }

    /// The verdict on one kind of packet, united over pods.
    fn one(&self, from: &Side, to: &Side, packet: Port) -> Verdict {
        let snapshot = &self.context.snapshot;
        let pods = |side: &Side| -> Vec<End> {
            match side {
                Side::Pods(member) => {
                    self.index().pods(member).iter().copied().map(End::Pod).collect()
                }
                Side::Other(end) => vec![end.clone()],
            }
        };
        if let (Side::Pods(a), Side::Pods(b)) = (from, to) {
            let (a, b) = (self.index().pods(a), self.index().pods(b));
            if let ([x], [y]) = (a, b)
                && x != y
            {
                return snapshot.verdict(&End::Pod(*x), &End::Pod(*y), packet);
            }
            return best(pod_pairs(self.index(), a, b).map(|(x, y, twin)| {
                if twin {
                    snapshot.workload_connections(&[x], &[y]).interval.verdict(packet)
                } else {
                    snapshot.verdict(&End::Pod(x), &End::Pod(y), packet)
                }
            }));
        }
        let to = pods(to);
        best(
            pods(from)
                .iter()
                .flat_map(|x| to.iter().map(move |y| (x, y)))
                .map(|(x, y)| snapshot.verdict(x, y, packet)),
        )
    }

    /// The outside as a workload sees it, cut to some addresses: an address of
    /// each part that is treated alike, and what is allowed there.
    fn parts(
        &self,
        pods: &Member,
        direction: Direction,
        addresses: &Addresses,
    ) -> impl Iterator<Item = (IpAddr, Interval)> + use<> {
        let key = (pods.clone(), direction);
        let known = self.outside.borrow().get(&key).cloned();
        let snapshot = &self.context.snapshot;
        let ids = self.index().pods(pods);
        let parts = known.unwrap_or_else(|| {
            let parts = Rc::new(snapshot.outside_of(ids, direction));
            self.outside.borrow_mut().insert(key, parts.clone());
            parts
        });
        let mut found = Vec::new();
        let mut rest = addresses.clone();
        for (part, union) in parts.iter() {
            if let Some(address) = typical_address(&part.intersection(addresses)) {
                found.push((address, union.interval.clone()));
                rest = rest.difference(part);
            }
        }
        // Addresses of a family that nothing in the input has: they are all alike.
        while let Some(address) = rest.first() {
            let outside = End::Outside(address);
            let interval = ids
                .iter()
                .map(|id| match direction {
                    Direction::Ingress => snapshot.connections(&outside, &End::Pod(*id)).interval,
                    Direction::Egress => snapshot.connections(&End::Pod(*id), &outside).interval,
                })
                .reduce(|a, b| a.union(&b))
                .unwrap_or_default();
            found.push((address, interval));
            rest = rest.difference(&Addresses::all(Family::of(address)));
        }
        found.into_iter()
    }

    /// The pairs of ends that two members stand for, and whether equal pods
    /// stand for two that are just alike.
    fn ends(&self, from: &Member, to: &Member) -> impl Iterator<Item = (End, End, bool)> + use<> {
        let list = |member: &Member| -> Vec<End> {
            match member {
                Member::Node(name) => vec![End::Node(name.clone())],
                Member::Entry(_) => Vec::new(),
                Member::Outside(addresses) => {
                    addresses.first().map(End::Outside).into_iter().collect()
                }
                _ => self.index().pods(member).iter().copied().map(End::Pod).collect(),
            }
        };
        let (a, b) = (list(from), list(to));
        let mut pairs = Vec::new();
        if let (Member::Workload(_) | Member::Pod(_), Member::Workload(_) | Member::Pod(_)) =
            (from, to)
        {
            let (a, b) = (self.index().pods(from), self.index().pods(to));
            for (x, y, twin) in pod_pairs(self.index(), a, b) {
                pairs.push((End::Pod(x), End::Pod(y), twin));
            }
        } else {
            for x in &a {
                pairs.extend(b.iter().map(|y| (x.clone(), y.clone(), false)));
            }
        }
        pairs.into_iter()
    }

    /// A pair of ends that shows an example's verdict, to be explained.
    pub(crate) fn witness(&self, example: &Example, verdict: Verdict) -> Option<(End, End, bool)> {
        let snapshot = &self.context.snapshot;
        let mut first = None;
        for (mut from, mut to, twin) in self.ends(&example.from, &example.to) {
            if let (Some(address), End::Outside(_)) = (example.address, &from) {
                from = End::Outside(address);
            }
            if let (Some(address), End::Outside(_)) = (example.address, &to) {
                to = End::Outside(address);
            }
            if twin || snapshot.verdict(&from, &to, example.packet) == verdict {
                return Some((from, to, twin));
            }
            first.get_or_insert((from, to, twin));
        }
        first
    }

    /// How an answer came about, by the connection that stands for it.
    pub(crate) fn explain(&self, answer: &Answer) -> Option<(End, End, Explanation)> {
        let example = answer.example.as_ref()?;
        let (from, to, twin) = self.witness(example, answer.verdict)?;
        let explanation = self.with_twin(&from, &to, twin, |engine, from, to| {
            engine.snapshot().explain(from, to, example.packet)
        });
        Some((from, to, explanation))
    }

    /// The smallest edit that would admit everything that was asked about or,
    /// where there is none, the connection that stands for its denial, and which
    /// of the two; or why there is none. `None` when no connection stands for it.
    /// Whether the pods that the answer unites differ is the caller's to know.
    pub(crate) fn repair(
        &self,
        question: &Question,
        answer: &Answer,
        partial: bool,
    ) -> Option<Result<(Repair, Admits), NoRepair>> {
        let example = answer.example.as_ref()?;
        let (from, to, twin) = self.witness(example, answer.verdict)?;
        // Replicas that fare differently may be denied by different policies.
        let all = (!partial).then(|| self.between_two(question)).flatten();
        let ask = |engine: &Engine, from: &_, to: &_| {
            let whole = all.as_ref().and_then(|(all, outside)| {
                let outside = outside.as_ref();
                let repair = engine.repair_all(from, to, example.packet, all, outside).ok()?;
                Some((repair, Admits::Everything))
            });
            match whole {
                Some(whole) => Ok(whole),
                None => Ok((engine.repair(from, to, example.packet)?, Admits::Example)),
            }
        };
        Some(self.with_twin(&from, &to, twin, ask))
    }

    /// What a question is about, where it is about two ends that need but one
    /// rule each: the connections, and the addresses that are one of the ends.
    fn between_two(&self, question: &Question) -> Option<(Connections, Option<Addresses>)> {
        let ([from], [to]) = (&**question.from, &**question.to) else { return None };
        let outside = match (from, &to.member) {
            (Member::Outside(addresses), pods) | (pods, Member::Outside(addresses)) => {
                self.side(pods)?;
                Some(addresses.clone())
            }
            (from, to) => {
                self.exact(from, to)?;
                None
            }
        };
        Some((self.asked(&to.member, &to.port)?, outside))
    }

    /// Asks about two pods that are just alike, where only one is in the input:
    /// in a cluster that has the other one, too.
    fn with_twin<T>(
        &self,
        from: &End,
        to: &End,
        twin: bool,
        ask: impl FnOnce(&Engine, &End, &End) -> T,
    ) -> T {
        let mut engine = self.context.engine.borrow_mut();
        let pod = match to {
            End::Pod(id) if twin => self.context.snapshot.pod(*id),
            _ => None,
        };
        let Some(pod) = pod else { return ask(&engine, from, to) };
        let mut other = Pod::clone(pod);
        // No object of the API has a name with a space in it.
        other.name = format!("{} (another)", pod.name).into();
        let (namespace, name) = (other.namespace.clone(), other.name.clone());
        let object = Object::Pod(other);
        let key = object.key();
        let with = engine.apply(Change::Upsert(object)).after;
        let mut pods = with.pods_in(&namespace).into_iter();
        let other = pods.find(|id| with.pod(*id).is_some_and(|pod| pod.name == name));
        let answer = match other {
            Some(other) => ask(&engine, from, &End::Pod(other)),
            None => ask(&engine, from, to),
        };
        engine.apply(Change::Delete(key));
        answer
    }
}

/// What a repair admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admits {
    /// Everything that was asked about.
    Everything,
    /// Only the connection that stands for it.
    Example,
}

/// One side of a question about one kind of packet.
enum Side {
    /// The pods of a member.
    Pods(Member),
    /// Anything else.
    Other(End),
}

fn outside_of(side: &Side) -> Option<IpAddr> {
    match side {
        Side::Other(End::Outside(address)) => Some(*address),
        _ => None,
    }
}

/// A packet of a set that a reader has seen before: TCP where there is any.
fn typical(set: &Connections) -> Option<Port> {
    const KNOWN: [u16; 4] = [443, 80, 8080, 1];
    let tcp = |port| Some((Protocol::Tcp, port));
    if let Some(port) = KNOWN.into_iter().find(|port| set.contains(tcp(*port))) {
        return Some(tcp(port));
    }
    let first = set.ranges().find(|(protocol, ..)| *protocol == Protocol::Tcp);
    match first {
        Some((_, port, _)) => Some(tcp(port)),
        None => set.example(),
    }
}

/// An address of a set that a reader takes for an outside one: one of those
/// reserved for documentation where there is any.
fn typical_address(set: &Addresses) -> Option<IpAddr> {
    let known = [
        IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    ];
    known.into_iter().find(|address| set.contains(*address)).or_else(|| set.first())
}

/// The union of verdicts: several replicas, either is enough.
fn best(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut best = Verdict::Denied;
    for verdict in verdicts {
        match verdict {
            Verdict::Allowed => return Verdict::Allowed,
            Verdict::Unknown => best = Verdict::Unknown,
            Verdict::Denied => {}
        }
    }
    best
}

/// The pairs of pods that a question about two workloads is about (SEMANTICS
/// §2), and whether equal ids stand for two pods that are just alike.
fn pod_pairs<'a>(
    index: &Index,
    a: &'a [PodId],
    b: &'a [PodId],
) -> Box<dyn Iterator<Item = (PodId, PodId, bool)> + 'a> {
    if let ([x], [y]) = (a, b)
        && x == y
    {
        let bare =
            index.workload_of(*x).and_then(|at| index.workloads().get(at)).is_some_and(|w| w.bare);
        return Box::new(std::iter::once((*x, *y, !bare)));
    }
    Box::new(
        a.iter().flat_map(move |x| b.iter().filter(move |y| x != *y).map(move |y| (*x, *y, false))),
    )
}

fn show_port(protocol: Protocol, port: u16) -> String {
    crate::port::show_port(Some((protocol, port)))
}
