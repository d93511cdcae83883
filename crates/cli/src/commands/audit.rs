use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use fallgate_engine::{PodId, WorkloadRef};
use fallgate_model::{Direction, ObjectRef, Origin, Severity, Str};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Global;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::output::{Printer, Style, Table, Text};
use crate::render::code;
use crate::wire;

/// Report findings
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate audit coverage -f examples/shop")]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    what: Audit,
}

#[derive(Debug, Subcommand)]
enum Audit {
    Coverage(CoverageArgs),
}

/// Report which pods NetworkPolicies isolate, per direction, and what was not looked at
///
/// Ends with 1 when a pod is not isolated in a direction, outside of the namespaces of the cluster's own parts.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate audit coverage -f examples/shop
  fallgate audit coverage -n shop -o json")]
struct CoverageArgs {
    /// The output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/audit/v1
    Json,
    /// Markdown
    Md,
}

/// What is in the document besides what every document has.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Coverage {
    /// The whole in one number.
    pub(crate) coverage: Share,
    pub(crate) namespaces: Vec<NamespaceShare>,
    pub(crate) endpoints: Vec<Isolation>,
    pub(crate) findings: Vec<Finding>,
}

/// How much is isolated.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Share {
    /// `isolated` in percent of `of`, rounded down to one decimal; 100 without any pod.
    pub(crate) percent: f64,
    /// How many pairs of a pod and a direction are certainly isolated by a NetworkPolicy.
    pub(crate) isolated: usize,
    /// How many may be isolated or not.
    pub(crate) unknown: usize,
    /// How many there are: two for each pod that is not in its node's network. The stand-in of a workload
    /// without pods counts as one pod.
    pub(crate) of: usize,
    /// How many pods are in their node's network, where no policy isolates them.
    pub(crate) host_network: usize,
}

/// How much of a namespace is isolated.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NamespaceShare {
    pub(crate) name: String,
    /// `system` for the cluster's own parts, `monitoring` for what must reach many pods; by the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    pub(crate) pods: usize,
    /// How many of them are certainly isolated.
    pub(crate) ingress: usize,
    pub(crate) egress: usize,
    #[serde(flatten)]
    pub(crate) share: Share,
}

/// Whether every pod of a workload is isolated; null when the input does not
/// tell, or when it is in its node's network.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Isolation {
    pub(crate) endpoint: wire::Endpoint,
    pub(crate) ingress: Option<bool>,
    pub(crate) egress: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) host_network: bool,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// Stable kebab-case id.
    pub(crate) id: &'static str,
    /// `note`, `warning` or `error`.
    pub(crate) severity: &'static str,
    pub(crate) message: String,
    pub(crate) object: wire::Object,
    #[serde(flatten)]
    pub(crate) source: wire::Source,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}

pub(crate) fn run(
    global: &Global,
    args: &AuditArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let Audit::Coverage(args) = &args.what;
    let context = Context::read(global)?;
    let namespace = global.namespace.as_deref();
    if let Some(namespace) = namespace
        && !context.snapshot.namespaces().iter().any(|known| **known == *namespace)
    {
        return Err(Problem::new(format!("no namespace `{namespace}` in the input")).into());
    }
    let coverage = Coverage::of(&context, namespace);
    let exit = coverage.exit();
    match args.output {
        Format::Table => table(printer, &coverage)?,
        Format::Md => markdown(printer, &coverage)?,
        Format::Json => printer.json(&context.document("fallgate/audit/v1", coverage))?,
    }
    if args.output != Format::Json {
        context.show_diagnostics(printer);
    }
    Ok(context.listed(exit))
}

impl Coverage {
    fn of(context: &Context, namespace: Option<&str>) -> Coverage {
        let snapshot = &context.snapshot;
        let mut total = Share::default();
        let mut namespaces: BTreeMap<Str, NamespaceShare> = BTreeMap::new();
        let mut endpoints = Vec::new();
        let mut findings = Vec::new();
        for (workload, pods) in snapshot.workloads() {
            if namespace.is_some_and(|namespace| *workload.namespace != *namespace) {
                continue;
            }
            let role = role(&workload.namespace);
            let share =
                namespaces.entry(workload.namespace.clone()).or_insert_with(|| NamespaceShare {
                    name: workload.namespace.to_string(),
                    role,
                    pods: 0,
                    ingress: 0,
                    egress: 0,
                    share: Share::default(),
                });
            let host = |id: &PodId| snapshot.pod(*id).is_some_and(|pod| pod.host_network);
            let (host_pods, own_pods): (Vec<PodId>, Vec<PodId>) = pods.into_iter().partition(host);
            share.pods += host_pods.len() + own_pods.len();
            for whole in [&mut total, &mut share.share] {
                whole.host_network += host_pods.len();
                whole.of += 2 * own_pods.len();
            }
            for id in &own_pods {
                for direction in Direction::ALL {
                    let isolated = snapshot.isolated(&[*id], direction);
                    for whole in [&mut total, &mut share.share] {
                        whole.isolated += usize::from(isolated == Some(true));
                        whole.unknown += usize::from(isolated.is_none());
                    }
                    let count = match direction {
                        Direction::Ingress => &mut share.ingress,
                        Direction::Egress => &mut share.egress,
                    };
                    *count += usize::from(isolated == Some(true));
                }
            }
            let all = |direction| match own_pods.is_empty() {
                true => None,
                false => snapshot.isolated(&own_pods, direction),
            };
            let (ingress, egress) = (all(Direction::Ingress), all(Direction::Egress));
            let first = own_pods.first().or(host_pods.first()).and_then(|id| snapshot.pod(*id));
            let origin = first.map(|pod| pod.origin).unwrap_or_default();
            if !host_pods.is_empty() {
                findings.push(host_network(context, &workload, origin));
            }
            if !own_pods.is_empty() {
                for (direction, isolated) in
                    [(Direction::Ingress, ingress), (Direction::Egress, egress)]
                {
                    findings.extend(finding(context, &workload, origin, direction, isolated, role));
                }
            }
            endpoints.push(Isolation {
                endpoint: (&workload).into(),
                ingress,
                egress,
                host_network: !host_pods.is_empty(),
            });
        }
        for opaque in snapshot.opaque() {
            findings.push(Finding {
                id: "not-evaluated",
                severity: Severity::Error.name(),
                message: format!("it is not evaluated: {}", opaque.reason),
                object: (&ObjectRef {
                    kind: opaque.kind.clone(),
                    namespace: opaque.namespace.clone(),
                    name: opaque.name.clone(),
                })
                    .into(),
                source: wire::Source::new(context.sources(), opaque.origin),
                fix: None,
            });
        }
        total.settle();
        let mut namespaces: Vec<NamespaceShare> = namespaces.into_values().collect();
        for namespace in &mut namespaces {
            namespace.share.settle();
        }
        Coverage { coverage: total, namespaces, endpoints, findings }
    }

    /// A finding about a pod is a no; what could not be decided is unknown.
    fn exit(&self) -> Exit {
        let any = |severity: Severity| self.findings.iter().any(|f| f.severity == severity.name());
        match (any(Severity::Warning), any(Severity::Error)) {
            (true, _) => Exit::No,
            (false, true) => Exit::Incomplete,
            (false, false) => Exit::Yes,
        }
    }

    /// The number, said precisely.
    fn headline(&self) -> String {
        let Share { isolated, of, host_network, unknown, .. } = self.coverage;
        if of == 0 {
            return "no pod that a policy could isolate".to_owned();
        }
        let mut text = format!(
            "{} % isolated: {isolated} of {of} (two directions for each of {} pods)",
            self.coverage.shown(),
            of / 2
        );
        if unknown > 0 {
            text.push_str(&format!(", {unknown} unknown"));
        }
        if host_network > 0 {
            text.push_str(&format!("; {host_network} pods in their node's network not counted"));
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

/// What a namespace is for, as far as its name tells.
fn role(namespace: &str) -> Option<&'static str> {
    const MONITORING: [&str; 6] =
        ["monitoring", "observability", "prometheus", "logging", "metrics", "telemetry"];
    if namespace.starts_with("kube-") || namespace.starts_with("openshift-") {
        Some("system")
    } else if MONITORING.iter().any(|word| namespace.contains(word)) {
        Some("monitoring")
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

fn host_network(context: &Context, workload: &WorkloadRef, origin: Origin) -> Finding {
    Finding {
        id: "host-network",
        severity: Severity::Note.name(),
        message: "it is in its node's network, where no policy isolates it".to_owned(),
        object: object(workload),
        source: wire::Source::new(context.sources(), origin),
        fix: None,
    }
}

/// What there is to say about a workload's isolation in a direction.
fn finding(
    context: &Context,
    workload: &WorkloadRef,
    origin: Origin,
    direction: Direction,
    isolated: Option<bool>,
    role: Option<&'static str>,
) -> Option<Finding> {
    let (id, severity, message) = match (isolated, direction) {
        (Some(true), _) => return None,
        (None, Direction::Ingress) => (
            "ingress-isolation-unknown",
            Severity::Error,
            "whether a policy isolates its ingress is unknown",
        ),
        (None, Direction::Egress) => (
            "egress-isolation-unknown",
            Severity::Error,
            "whether a policy isolates its egress is unknown",
        ),
        (Some(false), Direction::Ingress) => {
            ("ingress-not-isolated", Severity::Warning, "no NetworkPolicy isolates its ingress")
        }
        (Some(false), Direction::Egress) => {
            ("egress-not-isolated", Severity::Warning, "no NetworkPolicy isolates its egress")
        }
    };
    // Default deny in these takes more thought than a warning should demand.
    let severity = if role == Some("system") && severity == Severity::Warning {
        Severity::Note
    } else {
        severity
    };
    let kind = match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    };
    Some(Finding {
        id,
        severity: severity.name(),
        message: message.to_owned(),
        object: object(workload),
        source: wire::Source::new(context.sources(), origin),
        fix: (isolated == Some(false)).then(|| {
            format!(
                "a NetworkPolicy in `{}` with `podSelector: {{}}` and `policyTypes: [{kind}]` isolates every pod there",
                workload.namespace
            )
        }),
    })
}

/// Findings that are listed one by one; what is a note is counted instead.
fn listed(coverage: &Coverage) -> impl Iterator<Item = &Finding> {
    coverage.findings.iter().filter(|f| f.severity != Severity::Note.name())
}

fn place(source: &wire::Source) -> String {
    match source.line {
        Some(line) => format!("{}:{line}", source.file),
        None => source.file.clone(),
    }
}

fn called(object: &wire::Object) -> String {
    if object.namespace.is_empty() {
        format!("{} {}", object.kind, object.name)
    } else {
        format!("{} {}/{}", object.kind, object.namespace, object.name)
    }
}

fn table(printer: &mut Printer, coverage: &Coverage) -> Result<(), Failure> {
    let mut table = Table::new(["NAMESPACE", "PODS", "INGRESS", "EGRESS", "HOSTNETWORK", "ROLE"]);
    for n in &coverage.namespaces {
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
    let mut table = Table::new(["SEVERITY", "OBJECT", "FINDING", "WHERE"]);
    for finding in listed(coverage) {
        let style = match finding.severity {
            "error" => Style::Unsure,
            _ => Style::Bad,
        };
        table.row([
            Text::new().styled(style, finding.severity),
            called(&finding.object).into(),
            Text::from(&*finding.message),
            place(&finding.source).into(),
        ]);
    }
    if !table.is_empty() {
        printer.blank()?;
        printer.table(&table)?;
    }
    printer.blank()?;
    printer.line(&Text::new().styled(Style::Strong, coverage.headline()))
}

fn markdown(printer: &mut Printer, coverage: &Coverage) -> Result<(), Failure> {
    let out = printer.writer();
    writeln!(out, "### Coverage\n\n**{}**\n", coverage.headline())?;
    writeln!(
        out,
        "| Namespace | Pods | Ingress | Egress | hostNetwork | Role |\n| --- | --: | --: | --: | --: | --- |"
    )?;
    for n in &coverage.namespaces {
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
    if listed(coverage).next().is_some() {
        writeln!(out, "\n| Severity | Object | Finding | Where |\n| --- | --- | --- | --- |")?;
    }
    for finding in listed(coverage) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            finding.severity,
            code(&called(&finding.object)),
            code(&finding.message),
            code(&place(&finding.source))
        )?;
    }
    Ok(())
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
        assert_eq!(role("kube-system"), Some("system"));
        assert_eq!(role("team-monitoring"), Some("monitoring"));
        assert_eq!(role("shop"), None);
    }
}
