use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use fallgate_engine::{Idle, PodId, WorkloadRef};
use fallgate_model::{
    Diagnostic, Direction, NetworkPolicy, ObjectRef, Origin, Pod, Severity as Trouble, Str,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Global;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::findings::{
    Finding, Findings, Format, Passed, Report, ReportArgs, Rule, SCHEMA, Severity, Witness,
};
use crate::output::{Printer, Style, Table, Text};
use crate::render::code;
use crate::wire;

/// Report which pods NetworkPolicies isolate, per direction, and what was not looked at
///
/// Also policies that have no effect, because they select nothing or only pods in their node's network. Findings in the
/// namespaces of the cluster's own parts are of severity info, which without --fail-on does not count; those in
/// namespaces that monitor are said to be there. Ends with 1 when a finding counts, and with 3 when something was not
/// evaluated.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate audit coverage -f examples/shop
  fallgate audit coverage -n shop -o json
  fallgate audit coverage -f examples/tiers --fail-on high -o sarif > coverage.sarif
  fallgate audit coverage -f examples/tiers -o json > known.json
  fallgate audit coverage -f DIRECTORY -R --baseline FILE")]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    report: ReportArgs,
}

static INGRESS: Rule = Rule {
    id: "ingress-not-isolated",
    severity: Severity::High,
    summary: "No NetworkPolicy isolates the ingress of a pod: whatever may send reaches it",
};
static EGRESS: Rule = Rule {
    id: "egress-not-isolated",
    severity: Severity::Medium,
    summary: "No NetworkPolicy isolates the egress of a pod: it reaches whatever lets it in",
};
static INGRESS_UNKNOWN: Rule = Rule {
    id: "ingress-isolation-unknown",
    severity: Severity::High,
    summary: "Whether a policy isolates the ingress of a pod is unknown",
};
static EGRESS_UNKNOWN: Rule = Rule {
    id: "egress-isolation-unknown",
    severity: Severity::Medium,
    summary: "Whether a policy isolates the egress of a pod is unknown",
};
static NO_PODS: Rule = Rule {
    id: "selects-no-pods",
    severity: Severity::Medium,
    summary: "A policy selects no pod, so it has no effect",
};
static HOST_PODS_ONLY: Rule = Rule {
    id: "hostnetwork-not-covered",
    severity: Severity::Medium,
    summary: "A policy selects only pods in their node's network, on which no policy has an effect",
};
static HOST_NETWORK: Rule = Rule {
    id: "host-network",
    severity: Severity::Info,
    summary: "A pod is in its node's network, where no policy isolates it",
};
static NOT_EVALUATED: Rule = Rule {
    id: "not-evaluated",
    severity: Severity::High,
    summary: "Something in the input was not evaluated, and what it could change is unknown",
};

/// What is looked for.
static RULES: [&Rule; 8] = [
    &INGRESS,
    &EGRESS,
    &INGRESS_UNKNOWN,
    &EGRESS_UNKNOWN,
    &NO_PODS,
    &HOST_PODS_ONLY,
    &HOST_NETWORK,
    &NOT_EVALUATED,
];

/// What is in the document besides what every document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Coverage {
    #[serde(flatten)]
    shares: Shares,
    #[serde(flatten)]
    findings: Findings,
}

/// How much of what is isolated.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
struct Shares {
    /// The whole in one number.
    coverage: Share,
    namespaces: Vec<NamespaceShare>,
    endpoints: Vec<Isolation>,
}

/// How much is isolated.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Share {
    /// `isolated` in percent of `of`, rounded down to one decimal; 100 without any pod.
    percent: f64,
    /// How many pairs of a pod and a direction are certainly isolated by a NetworkPolicy.
    isolated: usize,
    /// How many may be isolated or not.
    unknown: usize,
    /// How many there are: two for each pod that is not in its node's network. The stand-in of a workload
    /// without pods counts as one pod.
    of: usize,
    /// How many pods are in their node's network, where no policy isolates them.
    host_network: usize,
}

/// How much of a namespace is isolated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct NamespaceShare {
    name: String,
    /// `system` for the cluster's own parts, `monitoring` for what must reach many pods; by the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    pods: usize,
    /// How many of them are certainly isolated.
    ingress: usize,
    egress: usize,
    #[serde(flatten)]
    share: Share,
}

/// Whether every pod of a workload is isolated; null when the input does not
/// tell, or when it is in its node's network.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Isolation {
    endpoint: wire::Endpoint,
    ingress: Option<bool>,
    egress: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    host_network: bool,
}

/// What a namespace is for, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The cluster's own parts.
    System,
    /// What sees every namespace, and must reach many pods.
    Monitoring,
}

pub(super) fn run(
    global: &Global,
    args: &CoverageArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let settings = args.report.read()?;
    let context = Context::read(global)?;
    let namespace = global.live.namespace.as_deref();
    if let Some(namespace) = namespace
        && !context.snapshot.namespaces().iter().any(|known| **known == *namespace)
    {
        return Err(Problem::new(format!("no namespace `{namespace}` in the input")).into());
    }
    let mut audit = Audit::new(&context, namespace);
    audit.workloads();
    audit.policies();
    audit.not_evaluated();
    let Audit { shares, findings, passed, .. } = audit;
    let report = Report::new("audit coverage", &RULES, findings, passed, settings);
    let format = args.report.output;
    match format.writer() {
        Some(write) => report.print(printer, write)?,
        None if format == Format::Json => {
            let coverage = Coverage { shares, findings: report.wire() };
            printer.json(&context.document(SCHEMA, coverage))?;
        }
        None if format == Format::Md => markdown(printer, &shares, &report)?,
        None => table(printer, &shares, &report)?,
    }
    if format != Format::Json {
        context.show_diagnostics(printer);
    }
    Ok(context.listed(report.exit()))
}

/// The findings as they are made.
struct Audit<'a> {
    context: &'a Context,
    /// What `-n` names.
    namespace: Option<&'a str>,
    shares: Shares,
    findings: Vec<Finding>,
    passed: Vec<Passed>,
}

impl<'a> Audit<'a> {
    fn new(context: &'a Context, namespace: Option<&'a str>) -> Audit<'a> {
        Audit {
            context,
            namespace,
            shares: Shares::default(),
            findings: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// Whether something of a namespace is asked about.
    fn asked(&self, namespace: &str) -> bool {
        self.namespace.is_none_or(|asked| asked == namespace)
    }

    fn source(&self, origin: Origin) -> wire::Source {
        wire::Source::new(self.context.sources(), origin)
    }

    /// How much of every workload is isolated.
    fn workloads(&mut self) {
        let snapshot = &self.context.snapshot;
        let mut total = Share::default();
        let mut namespaces: BTreeMap<Str, NamespaceShare> = BTreeMap::new();
        for (workload, pods) in snapshot.workloads() {
            if !self.asked(&workload.namespace) {
                continue;
            }
            let share = namespaces
                .entry(workload.namespace.clone())
                .or_insert_with(|| NamespaceShare::new(&workload.namespace));
            let host = |id: &PodId| snapshot.pod(*id).is_some_and(|pod| pod.host_network);
            let (host_pods, own_pods): (Vec<PodId>, Vec<PodId>) = pods.into_iter().partition(host);
            share.pods += host_pods.len() + own_pods.len();
            for whole in [&mut total, &mut share.share] {
                whole.host_network += host_pods.len();
                whole.of += 2 * own_pods.len();
            }
            let [ingress, egress] = Direction::ALL.map(|direction| {
                let of_pod = |id: &PodId| snapshot.isolated(&[*id], direction);
                let pods: Vec<Option<bool>> = own_pods.iter().map(of_pod).collect();
                let isolated = pods.iter().filter(|pod| **pod == Some(true)).count();
                for whole in [&mut total, &mut share.share] {
                    whole.isolated += isolated;
                    whole.unknown += pods.iter().filter(|pod| pod.is_none()).count();
                }
                match direction {
                    Direction::Ingress => share.ingress += isolated,
                    Direction::Egress => share.egress += isolated,
                }
                self.workload(&workload, direction, &own_pods, &pods)
            });
            if let Some(first) = host_pods.first().and_then(|id| snapshot.pod(*id)) {
                let told = "it is in its node's network, where no policy isolates it";
                let source = self.source(first.origin);
                let object = object(&workload);
                self.findings.push(Finding::new(&HOST_NETWORK, object, source, told));
            }
            self.shares.endpoints.push(Isolation {
                endpoint: (&workload).into(),
                ingress,
                egress,
                host_network: !host_pods.is_empty(),
            });
        }
        total.settle();
        self.shares.coverage = total;
        self.shares.namespaces = namespaces.into_values().collect();
        for namespace in &mut self.shares.namespaces {
            namespace.share.settle();
        }
    }

    /// Whether a workload is isolated in a direction, given whether each of its
    /// pods is; null when the input does not tell, or it has none of its own.
    fn workload(
        &mut self,
        workload: &WorkloadRef,
        direction: Direction,
        ids: &[PodId],
        pods: &[Option<bool>],
    ) -> Option<bool> {
        let snapshot = &self.context.snapshot;
        // The first that is not isolated stands for those that are not.
        let at = pods.iter().position(|pod| *pod == Some(false));
        let shown = snapshot.pod(*ids.get(at.unwrap_or_default())?)?;
        let (rule, unknown) = match direction {
            Direction::Ingress => (&INGRESS, &INGRESS_UNKNOWN),
            Direction::Egress => (&EGRESS, &EGRESS_UNKNOWN),
        };
        let (object, source) = (object(workload), self.source(shown.origin));
        let word = direction.name();
        let open = pods.iter().filter(|pod| **pod == Some(false)).count();
        if open == 0 {
            if pods.contains(&None) {
                let told = format!("whether a policy isolates its {word} is unknown");
                let finding = Finding::new(unknown, object, source, told);
                self.findings.push(Finding { undecided: true, ..finding });
                return None;
            }
            self.passed.push(Passed { rule, object, source });
            return Some(true);
        }
        let role = role(&workload.namespace);
        let whose = match pods.len() {
            all if all == open => format!("its {word}"),
            all => format!("the {word} of {open} of its {all} pods"),
        };
        let place = match role {
            None => "",
            Some(Role::System) => ", in a namespace of the cluster's own parts",
            Some(Role::Monitoring) => ", in a namespace that monitors the others",
        };
        let mut finding =
            Finding::new(rule, object, source, format!("no NetworkPolicy isolates {whose}{place}"));
        finding.severity = match (role, direction) {
            // Default deny there takes more thought than a threshold should demand.
            (Some(Role::System), _) => Severity::Info,
            // Who monitors must reach nearly everything, and little must reach it.
            (Some(Role::Monitoring), Direction::Egress) => Severity::Low,
            _ => rule.severity,
        };
        finding.fix = Some(fix(workload, direction, role));
        if !shown.stand_in && *shown.workload.kind != *"Pod" {
            finding.witness = Some(self.witness(shown));
        }
        self.findings.push(finding);
        Some(false)
    }

    fn witness(&self, pod: &Pod) -> Witness {
        let object = match pod.stand_in {
            true => wire::Object {
                kind: pod.workload.kind.to_string(),
                namespace: pod.namespace.to_string(),
                name: pod.workload.name.to_string(),
            },
            false => wire::Object {
                kind: "Pod".to_owned(),
                namespace: pod.namespace.to_string(),
                name: pod.name.to_string(),
            },
        };
        Witness { object, source: self.source(pod.origin) }
    }

    /// Policies without effect.
    fn policies(&mut self) {
        let snapshot = &self.context.snapshot;
        let mut idle = BTreeSet::new();
        for Idle { policy, host_pods } in snapshot.idle_network_policies() {
            if self.asked(&policy.namespace) {
                let object = network(&policy);
                idle.insert(object.clone());
                let everything = policy.pod_selector.is_empty();
                self.idle(object, policy.origin, &host_pods, everything);
            }
        }
        for policy in snapshot.network_policies() {
            let object = network(&policy);
            if self.asked(&policy.namespace) && !idle.contains(&object) {
                let source = self.source(policy.origin);
                self.passed.push(Passed { rule: &NO_PODS, object, source });
            }
        }
        // Of what other namespaces have, one of them tells nothing.
        if self.namespace.is_some() {
            return;
        }
        for Idle { policy, host_pods } in snapshot.idle_cluster_policies() {
            let object = wire::Object {
                kind: policy.kind.name().to_owned(),
                namespace: String::new(),
                name: policy.name.to_string(),
            };
            let subject = &policy.subject;
            let everything = subject.namespaces.is_empty() && subject.pods.is_empty();
            self.idle(object, policy.origin, &host_pods, everything);
        }
    }

    fn idle(&mut self, object: wire::Object, origin: Origin, host: &[PodId], everything: bool) {
        let source = self.source(origin);
        let mut finding = match host.first().and_then(|id| self.context.snapshot.pod(*id)) {
            Some(pod) => {
                let told = "it selects only pods in their node's network, on which no policy has an effect";
                let fix = "let the pods have a network of their own, or close what they listen on at their nodes";
                Finding {
                    witness: Some(self.witness(pod)),
                    fix: Some(fix.to_owned()),
                    ..Finding::new(&HOST_PODS_ONLY, object, source, told)
                }
            }
            // It is there for pods to come.
            None if everything => Finding {
                severity: Severity::Info,
                ..Finding::new(&NO_PODS, object, source, "it selects every pod, and there is none")
            },
            None => Finding {
                fix: Some("give it labels that pods have, or remove it".to_owned()),
                ..Finding::new(&NO_PODS, object, source, "it selects no pod")
            },
        };
        // What was left out could be what it selects.
        finding.undecided = finding.severity > Severity::Info && self.may_lack_pods();
        self.findings.push(finding);
    }

    /// Whether something that is or makes pods may have been left out.
    fn may_lack_pods(&self) -> bool {
        errors(self.context).any(|error| {
            error.object.as_ref().is_none_or(|object| !object.kind.ends_with("Policy"))
        })
    }

    /// What was left out.
    fn not_evaluated(&mut self) {
        for error in errors(self.context) {
            let source = self.source(error.origin);
            let object = match &error.object {
                Some(object) => object.into(),
                None => wire::Object {
                    kind: "Input".to_owned(),
                    namespace: String::new(),
                    name: source.file.clone(),
                },
            };
            let told = format!("it is not evaluated: {}", error.message);
            let fix = Some(error.help.clone()).filter(|help| !help.is_empty());
            let finding = Finding::new(&NOT_EVALUATED, object, source, told);
            self.findings.push(Finding { fix, undecided: true, ..finding });
        }
        for opaque in self.context.snapshot.opaque() {
            let object = ObjectRef {
                kind: opaque.kind.clone(),
                namespace: opaque.namespace.clone(),
                name: opaque.name.clone(),
            };
            let told = |error: &Diagnostic| {
                error.object.as_ref() == Some(&object)
                    || (opaque.origin.line > 0 && error.origin == opaque.origin)
            };
            if errors(self.context).any(told) {
                continue;
            }
            let source = self.source(opaque.origin);
            let told = format!("it is not evaluated: {}", opaque.reason);
            let finding = Finding::new(&NOT_EVALUATED, (&object).into(), source, told);
            self.findings.push(Finding { undecided: true, ..finding });
        }
    }
}

/// What is wrong with the input so that something was left out.
fn errors(context: &Context) -> impl Iterator<Item = &Diagnostic> {
    context.reading.diagnostics.iter().filter(|d| d.severity == Trouble::Error)
}

impl NamespaceShare {
    fn new(name: &str) -> NamespaceShare {
        NamespaceShare {
            name: name.to_owned(),
            role: role(name).map(Role::name),
            pods: 0,
            ingress: 0,
            egress: 0,
            share: Share::default(),
        }
    }
}

impl Shares {
    /// The number, said precisely.
    fn headline(&self) -> String {
        let Share { isolated, of, host_network, unknown, .. } = self.coverage;
        if of == 0 {
            return "no pod that a policy could isolate".to_owned();
        }
        let mut text = format!(
            "{} % isolated: {isolated} of {of} (two directions for each of {} {})",
            self.coverage.shown(),
            of / 2,
            if of == 2 { "pod" } else { "pods" }
        );
        if unknown > 0 {
            text.push_str(&format!(", {unknown} unknown"));
        }
        if host_network > 0 {
            text.push_str(&match host_network {
                1 => "; 1 pod in its node's network not counted".to_owned(),
                n => format!("; {n} pods in their node's network not counted"),
            });
        }
        text
    }
}

impl Share {
    /// Rounded down, so that nothing short of everything is 100.
    fn tenths(&self) -> u32 {
        let tenths = (self.isolated * 1000).checked_div(self.of).unwrap_or(1000);
        u32::try_from(tenths).unwrap_or(1000)
    }

    fn shown(&self) -> String {
        format!("{}.{}", self.tenths() / 10, self.tenths() % 10)
    }

    fn settle(&mut self) {
        self.percent = f64::from(self.tenths()) / 10.0;
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Monitoring => "monitoring",
        }
    }
}

fn role(namespace: &str) -> Option<Role> {
    const SYSTEM: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];
    const MONITORING: [&str; 6] =
        ["monitoring", "observability", "prometheus", "logging", "metrics", "telemetry"];
    if SYSTEM.contains(&namespace) || namespace.starts_with("openshift-") {
        Some(Role::System)
    } else if MONITORING.iter().any(|word| namespace.contains(word)) {
        Some(Role::Monitoring)
    } else if namespace.starts_with("kube-") {
        Some(Role::System)
    } else {
        None
    }
}

fn object(workload: &WorkloadRef) -> wire::Object {
    wire::Object {
        kind: workload.kind.to_string(),
        namespace: workload.namespace.to_string(),
        name: workload.name.to_string(),
    }
}

fn network(policy: &NetworkPolicy) -> wire::Object {
    wire::Object {
        kind: "NetworkPolicy".to_owned(),
        namespace: policy.namespace.to_string(),
        name: policy.name.to_string(),
    }
}

/// What isolates a workload in a direction.
fn fix(workload: &WorkloadRef, direction: Direction, role: Option<Role>) -> String {
    let kind = match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    };
    let namespace = &workload.namespace;
    let policy = format!(
        "a NetworkPolicy in `{namespace}` with an empty `podSelector` and `{kind}` in `policyTypes` isolates every pod there"
    );
    match (role, direction) {
        (Some(Role::System), _) => format!(
            "{policy}; first allow DNS, and what the API server calls there (webhooks, metrics)"
        ),
        (Some(Role::Monitoring), Direction::Egress) => {
            format!("{policy}; first allow what it monitors")
        }
        _ => policy,
    }
}

fn table(printer: &mut Printer, shares: &Shares, report: &Report) -> Result<(), Failure> {
    let mut table = Table::new(["NAMESPACE", "PODS", "INGRESS", "EGRESS", "HOSTNETWORK", "ROLE"]);
    for n in &shares.namespaces {
        let own = n.share.of / 2;
        let share = |isolated: usize| {
            let style = if isolated == own { Style::Good } else { Style::Bad };
            Text::new().styled(style, format!("{isolated}/{own}"))
        };
        table.row([
            Text::from(&*n.name),
            n.pods.to_string().into(),
            share(n.ingress),
            share(n.egress),
            n.share.host_network.to_string().into(),
            n.role.unwrap_or("<none>").into(),
        ]);
    }
    printer.table(&table)?;
    report.table(printer)?;
    printer.blank()?;
    printer.line(&Text::new().styled(Style::Strong, shares.headline()))
}

fn markdown(printer: &mut Printer, shares: &Shares, report: &Report) -> Result<(), Failure> {
    let out = printer.writer();
    writeln!(out, "### Coverage\n\n**{}**\n", shares.headline())?;
    writeln!(
        out,
        "| Namespace | Pods | Ingress | Egress | hostNetwork | Role |\n| --- | --: | --: | --: | --: | --- |"
    )?;
    for n in &shares.namespaces {
        let own = n.share.of / 2;
        writeln!(
            out,
            "| {} | {} | {}/{own} | {}/{own} | {} | {} |",
            code(&n.name),
            n.pods,
            n.ingress,
            n.egress,
            n.share.host_network,
            n.role.unwrap_or_default()
        )?;
    }
    Ok(report.markdown(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_short_of_everything_is_a_hundred_percent() {
        let share = |isolated, of| Share { isolated, of, ..Share::default() };
        assert_eq!(share(9999, 10_000).shown(), "99.9");
        assert_eq!(share(3, 3).shown(), "100.0");
        assert_eq!(share(0, 0).shown(), "100.0");
        assert_eq!(share(1, 3).shown(), "33.3");
    }

    #[test]
    fn roles_go_by_the_name() {
        assert_eq!(role("kube-system"), Some(Role::System));
        assert_eq!(role("openshift-monitoring"), Some(Role::System));
        assert_eq!(role("team-monitoring"), Some(Role::Monitoring));
        assert_eq!(role("kube-prometheus-stack"), Some(Role::Monitoring));
        assert_eq!(role("shop"), None);
    }
}
