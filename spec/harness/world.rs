//! A section's cluster, as the engine and as the oracle have it.

use std::net::IpAddr;

use fallgate_engine::{End, Engine, PodId, Port, Snapshot, Verdict, WorkloadRef};
use fallgate_manifest::{Input, InputKind, ReadOptions, Reading};
use fallgate_model::{Cluster, Dialect, Pod, Service};
use fallgate_oracle as oracle;

use crate::document::{Block, File, Kind, Section};

pub(crate) struct World {
    pub(crate) reading: Reading,
    /// The blocks with manifests; the source of the same number was read from it.
    pub(crate) manifests: Vec<(usize, usize)>,
    pub(crate) cluster: Cluster,
    pub(crate) dialect: Dialect,
    pub(crate) snapshot: Snapshot,
    /// The engine's name for each pod of the cluster.
    ids: Vec<PodId>,
    /// Every packet that could tell two sets of connections apart.
    pub(crate) ports: Vec<Port>,
    /// One outside address of each kind.
    pub(crate) outside: Vec<IpAddr>,
}

/// One end of a question.
pub(crate) enum Party {
    /// A workload and which of the cluster's pods are its.
    Workload(WorkloadRef, Vec<usize>),
    /// One pod, or an address and whoever has it.
    End(oracle::End),
    /// Every address that is no endpoint's.
    Internet,
    Service(std::sync::Arc<Service>),
}

impl World {
    pub(crate) fn new(file: &File, section: &Section) -> Result<World, String> {
        let blocks = || file.shared.iter().chain(&section.blocks);
        let manifests: Vec<&Block> = blocks().filter(|b| b.kind == Kind::Manifest).collect();
        // Led by empty lines, so that positions are those in the file.
        let texts: Vec<String> = manifests
            .iter()
            .map(|b| "\n".repeat(b.line - 1) + &b.lines.join("\n") + "\n")
            .collect();
        let inputs: Vec<Input<'_>> = texts
            .iter()
            .map(|text| Input {
                name: file.name.as_str().into(),
                text: text.as_bytes(),
                kind: InputKind::File,
            })
            .collect();
        let reading = fallgate_manifest::read(&inputs, &ReadOptions::default());
        let dialect = dialect(file, blocks().filter(|b| b.kind == Kind::Options))?;
        let cluster = reading.cluster.clone();
        let snapshot = Engine::new(cluster.clone(), dialect.clone()).snapshot();
        let all = snapshot.pods();
        let id = |pod: &Pod| {
            let is = |id: &PodId| snapshot.pod(*id).is_some_and(|found| **found == *pod);
            all.iter().copied().find(is).ok_or("the engine lost a pod")
        };
        let ids = cluster.pods.iter().map(id).collect::<Result<_, _>>()?;
        let ports = oracle::interesting_ports(&cluster);
        let outside = oracle::interesting_addresses(&cluster, &dialect);
        let manifests = manifests.iter().map(|b| (b.line, b.line + b.lines.len())).collect();
        Ok(World { reading, manifests, cluster, dialect, snapshot, ids, ports, outside })
    }

    /// The engine's form of an end.
    pub(crate) fn end(&self, end: &oracle::End) -> End {
        match end {
            oracle::End::Pod(at) => End::Pod(self.ids[*at]),
            oracle::End::Node(name) => End::Node(name.clone()),
            oracle::End::Outside(address) => End::Outside(*address),
        }
    }

    pub(crate) fn ids(&self, pods: &[usize]) -> Vec<PodId> {
        let mut ids: Vec<PodId> = pods.iter().map(|at| self.ids[*at]).collect();
        ids.sort();
        ids
    }

    pub(crate) fn index(&self, id: PodId) -> Option<usize> {
        self.ids.iter().position(|other| *other == id)
    }

    /// `NAMESPACE/NAME`, `NAMESPACE/KIND/NAME`, an address, or `internet`.
    pub(crate) fn party(&self, text: &str) -> Result<Party, String> {
        if text == "internet" {
            return Ok(Party::Internet);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return self.address(address);
        }
        let parts: Vec<&str> = text.split('/').collect();
        let (namespace, kind, name) = match *parts {
            [namespace, name] => (namespace, None, name),
            [namespace, kind, name] => (namespace, Some(kind), name),
            _ => return Err(format!("`{text}` is not an endpoint")),
        };
        if kind == Some("Service") {
            let found = self.snapshot.service(namespace, name);
            return found.map(|s| Party::Service(s.clone())).ok_or(format!("no service `{text}`"));
        }
        let workloads: Vec<oracle::WorkloadRef> = oracle::workloads(&self.cluster)
            .into_iter()
            .filter(|w| *w.namespace == *namespace && *w.workload.name == *name)
            .filter(|w| kind.is_none_or(|kind| *w.workload.kind == *kind))
            .collect();
        match &*workloads {
            [workload] if *workload.workload.kind == *"Pod" => {
                let [only] = workload.pods(&self.cluster)[..] else {
                    return Err(format!("`{text}` is several pods"));
                };
                return Ok(Party::End(oracle::End::Pod(only)));
            }
            [workload] => {
                let reference = WorkloadRef {
                    namespace: workload.namespace.clone(),
                    name: workload.workload.name.clone(),
                    kind: workload.workload.kind.clone(),
                };
                return Ok(Party::Workload(reference, workload.pods(&self.cluster)));
            }
            [] => {}
            _ => return Err(format!("`{text}` has several kinds")),
        }
        let is = |pod: &&Pod| {
            *pod.namespace == *namespace && *pod.name == *name && kind.is_none_or(|k| k == "Pod")
        };
        match self.cluster.pods.iter().position(|pod| is(&pod)) {
            Some(at) => Ok(Party::End(oracle::End::Pod(at))),
            None => Err(format!("there is no `{text}`")),
        }
    }

    fn address(&self, address: IpAddr) -> Result<Party, String> {
        let end = oracle::end_of_address(&self.cluster, address);
        let ends = self.snapshot.ends_at(address);
        if ends.first() != Some(&self.end(&end)) {
            return Err(format!("{address} is {ends:?}, but the oracle says {end:?}"));
        }
        match (self.snapshot.service_at(address), &end) {
            (Some(service), oracle::End::Outside(_)) => Ok(Party::Service(service)),
            _ => Ok(Party::End(end)),
        }
    }
}

fn dialect<'a>(file: &File, blocks: impl Iterator<Item = &'a Block>) -> Result<Dialect, String> {
    let mut dialect = Dialect::default();
    for block in blocks {
        for (line, text) in block.statements() {
            let fail = |what: String| format!("{}:{line}: {what}", file.name);
            match text.split_once(": ") {
                Some(("dialect", name)) => {
                    let pod_cidrs = dialect.pod_cidrs;
                    dialect = Dialect::parse(name).map_err(|error| fail(error.to_string()))?;
                    dialect.pod_cidrs = pod_cidrs;
                }
                Some(("pod-cidr", cidr)) => {
                    let cidr = cidr.parse().map_err(|_| fail(format!("`{cidr}` is no CIDR")))?;
                    dialect.pod_cidrs.push(cidr);
                }
                _ => return Err(fail(format!("`{text}` is not an option"))),
            }
        }
    }
    Ok(dialect)
}

/// The oracle's interval as a verdict of the engine.
pub(crate) fn verdict(interval: oracle::Interval) -> Verdict {
    match interval.verdict() {
        oracle::Verdict::Allowed => Verdict::Allowed,
        oracle::Verdict::Denied => Verdict::Denied,
        oracle::Verdict::Unknown => Verdict::Unknown,
    }
}
