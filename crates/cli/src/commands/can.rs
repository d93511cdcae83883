use clap::{Args, ValueEnum};
use fallgate_engine::{Explanation, SideExplanation, Step, Verdict};
use fallgate_model::{Direction, Sources};
use schemars::JsonSchema;
use serde::Serialize;

use crate::access::ready::{self, Ready};
use crate::answer::{Answer, Asker, Question, STRICT};
use crate::args::Global;
use crate::context::Context;
use crate::endpoint::EndpointSpec;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::notes;
use crate::output::{Printer, Style, Text};
use crate::port::{PortSpec, show_port};
use crate::wire::{self, WireVerdict};

/// Say whether one endpoint may reach another, and which rules decide
///
/// Where the question is about many connections, they must all be allowed; one that is not is shown. Exits 0 when
/// allowed, 1 when denied and 3 when unknown.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  fallgate can shop/web shop/api 9090 -f examples/shop
  fallgate can internet shop/web http -f examples/shop
  fallgate can shop/api 203.0.113.7 443 -f examples/shop -o json
  fallgate can shop/web shop/db 5432 -f examples/shop --add-file FILE")]
pub(crate) struct CanArgs {
    #[command(flatten)]
    pub(crate) ends: Ends,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

/// What `can` and `explain` ask about.
#[derive(Args, Debug)]
pub(crate) struct Ends {
    /// Where it comes from: NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/*, an address, a CIDR or internet; also an
    /// Ingress or a route, such as shop/ing/web
    from: String,
    /// Where it goes: the same, or a service
    to: String,
    /// The port there: 5432, 53/udp, 8000-8100/tcp, http or any
    #[arg(default_value = "any")]
    port: String,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Table,
    /// A JSON document.
    Json,
}

/// `fallgate can -o json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Can {
    #[serde(flatten)]
    pub(crate) answer: WireAnswer,
}

const SCHEMA: &str = "fallgate/can/v1";

/// An answer, with the connection that stands for it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAnswer {
    /// The question as it was put.
    pub(crate) asked: Asked,
    #[serde(flatten)]
    pub(crate) connection: Connection,
    pub(crate) verdict: WireVerdict,
    /// True when the pods that the answer unites differ.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// The source's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) egress: Option<WireSide>,
    /// The destination's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ingress: Option<WireSide>,
    /// Why, in one sentence.
    pub(crate) reason: String,
    /// What else is worth knowing: that another question may have been meant, or
    /// why `explain` has no repair.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// Of a question about many connections, one that has the verdict; present
    /// when that is not `allowed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counterexample: Option<Connection>,
    /// Of a denial, the requests that would open it for a while: one for each
    /// AccessPolicy that covers it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<Ready>,
}

/// A question as it was put.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Asked {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) port: String,
}

/// A connection: of a question about many, one that decides.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Connection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<wire::Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<wire::Endpoint>,
    /// `TCP`, `UDP` or `SCTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
}

/// What one side says, by the step that decides there.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireSide {
    /// The verdict of this side alone.
    pub(crate) verdict: WireVerdict,
    #[serde(flatten)]
    pub(crate) decided: Option<WireDecided>,
}

/// What decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireDecided {
    /// `Admin`, `NetworkPolicy`, `Baseline`, `default`, `exemption` or `unevaluated`.
    pub(crate) tier: String,
    /// The policy, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<wire::Object>,
    /// The rule's place among the rules of its direction, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule_name: Option<String>,
    /// Where the rule, or else the policy, is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<wire::Source>,
    /// `allow`, `deny`, `pass`, `isolates`, `no match` or `unknown`.
    pub(crate) decision: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

impl WireDecided {
    pub(crate) fn new(sources: &Sources, step: &Step) -> WireDecided {
        WireDecided {
            tier: step.stage.name().to_owned(),
            policy: step.policy.as_ref().map(wire::Object::from),
            rule: step.rule,
            rule_name: step.rule_name.clone(),
            source: step.origin.map(|origin| wire::Source::new(sources, origin)),
            decision: step.decision.name().to_owned(),
            reason: step.reason.clone(),
        }
    }
}

impl WireSide {
    fn new(sources: &Sources, side: &SideExplanation) -> WireSide {
        WireSide {
            verdict: side.verdict.into(),
            decided: side.steps.last().map(|step| WireDecided::new(sources, step)),
        }
    }
}

impl Ends {
    /// Reads and resolves the question.
    pub(crate) fn question(
        &self,
        asker: &Asker<'_>,
    ) -> Result<(Question, [EndpointSpec; 2], PortSpec), Failure> {
        let namespace = asker.context.namespace.as_deref();
        let from = EndpointSpec::parse(&self.from, namespace).map_err(|p| p.at("FROM"))?;
        let to = EndpointSpec::parse(&self.to, namespace).map_err(|p| p.at("TO"))?;
        let port = PortSpec::parse(&self.port).map_err(|p| p.at("PORT"))?;
        if let (EndpointSpec::Named { .. }, EndpointSpec::Named { .. }) = (&from, &to) {
            // Both names may be wrong: say so at once.
            let problems: Vec<Problem> =
                [&from, &to].into_iter().filter_map(|e| asker.resolve(e).err()).collect();
            if !problems.is_empty() {
                return Err(problems.into());
            }
        }
        let question = asker.question(&from, &to, &port)?;
        Ok((question, [from, to], port))
    }
}

/// The exit code that a verdict is.
pub(crate) fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Allowed => Exit::Yes,
        Verdict::Denied => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    }
}

/// An answer with everything that is told about it.
pub(crate) struct Told {
    pub(crate) answer: Answer,
    pub(crate) explained: Option<(fallgate_engine::End, fallgate_engine::End, Explanation)>,
    pub(crate) reason: String,
    pub(crate) notes: Vec<String>,
    pub(crate) partial: bool,
    pub(crate) many: bool,
    /// What would open it, where it is denied.
    pub(crate) ready: Vec<Ready>,
}

impl Told {
    pub(crate) fn new(asker: &Asker<'_>, question: &Question, port: &PortSpec) -> Told {
        let answer = asker.ask(question, STRICT);
        let explained = asker.explain(&answer);
        let reason = match (&answer.reason, &explained) {
            (Some(reason), _) => reason.clone(),
            (None, Some((_, _, explanation))) => explanation.reason.clone(),
            (None, None) => String::new(),
        };
        let partial = match (&**question.from, &**question.to) {
            ([from], [to]) => asker.partial(from, &to.member),
            _ => false,
        };
        let many = question.from.len() > 1 || question.to.len() > 1 || port.single().is_none();
        let notes = match (&question.service, &**question.to, port.single()) {
            (None, [to], Some(packet)) => notes::on(asker, &to.member, packet),
            _ => Vec::new(),
        };
        Told { answer, explained, reason, notes, partial, many, ready: Vec::new() }
    }

    /// The connection that stands for the answer.
    fn connection(&self, asker: &Asker<'_>) -> Option<Connection> {
        let example = self.answer.example.as_ref()?;
        Some(connection(asker, example))
    }

    pub(crate) fn wire(&self, asker: &Asker<'_>, question: &Question, asked: Asked) -> WireAnswer {
        let sources = asker.context.sources();
        let (index, snapshot) = (asker.index(), &asker.context.snapshot);
        let found = self.connection(asker);
        let denied = self.answer.verdict != Verdict::Allowed;
        let side = |pick: fn(&Explanation) -> &SideExplanation| {
            self.explained.as_ref().map(|(_, _, e)| WireSide::new(sources, pick(e)))
        };
        // What was asked about, where it is one; else what decides.
        let only = |one: Option<wire::Endpoint>, found: Option<wire::Endpoint>| one.or(found);
        let from = match &**question.from {
            [one] => Some(index.wire(snapshot, one)),
            _ => None,
        };
        let to = match &**question.to {
            [one] => Some(index.wire(snapshot, &one.member)),
            _ => None,
        };
        WireAnswer {
            asked,
            connection: Connection {
                from: only(from, found.as_ref().and_then(|c| c.from.clone())),
                to: only(to, found.as_ref().and_then(|c| c.to.clone())),
                protocol: found.as_ref().and_then(|c| c.protocol.clone()),
                port: found.as_ref().and_then(|c| c.port),
            },
            verdict: self.answer.verdict.into(),
            partial: self.partial,
            egress: side(|e| &e.egress),
            ingress: side(|e| &e.ingress),
            reason: self.reason.clone(),
            notes: self.notes.clone(),
            counterexample: found.filter(|_| self.many && denied),
            requests: self.ready.clone(),
        }
    }
}

/// An example as JSON has it: an outside end by the address that stands for it.
pub(crate) fn connection(asker: &Asker<'_>, example: &crate::answer::Example) -> Connection {
    let (index, snapshot) = (asker.index(), &asker.context.snapshot);
    let end = |member: &crate::endpoint::Member| match (member, example.address) {
        (crate::endpoint::Member::Outside(_), Some(address)) => {
            wire::Endpoint::Outside { cidrs: vec![ipnet::IpNet::from(address).to_string()] }
        }
        _ => index.wire(snapshot, member),
    };
    Connection {
        from: Some(end(&example.from)),
        to: Some(end(&example.to)),
        protocol: example.packet.map(|(protocol, _)| protocol.name().to_owned()),
        port: example.packet.map(|(_, port)| port),
    }
}

/// An example in human output: `shop/web -> shop/db 5432/tcp`.
pub(crate) fn show_example(asker: &Asker<'_>, example: &crate::answer::Example) -> String {
    let (index, snapshot) = (asker.index(), &asker.context.snapshot);
    let end = |member: &crate::endpoint::Member| match (member, example.address) {
        (crate::endpoint::Member::Outside(_), Some(address)) => address.to_string(),
        _ => index.show(snapshot, member),
    };
    format!("{} -> {} {}", end(&example.from), end(&example.to), show_port(example.packet))
}

pub(crate) fn run(global: &Global, args: &CanArgs, printer: &mut Printer) -> Result<Exit, Failure> {
    let context = Context::read(global)?;
    let asker = Asker::new(&context);
    let (question, [from, to], port) = match args.ends.question(&asker) {
        Ok(question) => question,
        Err(failure) => {
            // An object that could not be read may be why a name is not known.
            context.show_diagnostics(printer);
            return Err(failure);
        }
    };
    let mut told = Told::new(&asker, &question, &port);
    let verdict = told.answer.verdict;
    if verdict == Verdict::Denied {
        told.ready = ready::ready(global, &context, (&from, &to), &port);
    }
    let asked = Asked { from: from.to_string(), to: to.to_string(), port: port.to_string() };
    match args.output {
        Output::Json => {
            let answer = told.wire(&asker, &question, asked);
            printer.json(&context.document(SCHEMA, Can { answer }))?;
        }
        Output::Table => {
            context.show_diagnostics(printer);
            headline(&told, &asked, printer)?;
            if let Some((_, _, explanation)) = &told.explained {
                if told.many
                    && let Some(example) = &told.answer.example
                {
                    let label = if verdict == Verdict::Allowed { "such as" } else { "because of" };
                    let shown = show_example(&asker, example);
                    printer.line(&Text::new().text(format!("  {label} {shown}")))?;
                }
                sides(&context, explanation, printer)?;
            }
            if told.explained.is_none() || told.answer.reason.is_some() {
                reason(&told, printer)?;
            }
            show_notes(&told, printer)?;
            ready::show(&told.ready, printer)?;
        }
    }
    Ok(exit_of(verdict))
}

/// `denied: shop/web -> shop/db 5432/tcp`.
pub(crate) fn headline(told: &Told, asked: &Asked, printer: &mut Printer) -> Result<(), Failure> {
    let verdict = told.answer.verdict;
    let mut line = Text::new()
        .styled(verdict.into(), verdict.name())
        .text(": ")
        .styled(Style::Strong, format!("{} -> {}", asked.from, asked.to))
        .text(if asked.port == "any" {
            " on any port".to_owned()
        } else {
            format!(" {}", asked.port)
        });
    if told.partial {
        line = line.styled(Style::Unsure, " (partial: not the same for all pods)");
    }
    printer.line(&line)
}

/// The reason in one sentence.
pub(crate) fn reason(told: &Told, printer: &mut Printer) -> Result<(), Failure> {
    if told.reason.is_empty() {
        return Ok(());
    }
    printer.line(&Text::new().styled(Style::Dim, format!("  {}", told.reason)))
}

/// What else is worth knowing, a line each.
pub(crate) fn show_notes(told: &Told, printer: &mut Printer) -> Result<(), Failure> {
    for note in &told.notes {
        printer.line(&Text::new().text("  ").styled(Style::Help, "note").text(": ").text(note))?;
    }
    Ok(())
}

/// One line for each side, by the step that decides there.
fn sides(
    context: &Context,
    explanation: &Explanation,
    printer: &mut Printer,
) -> Result<(), Failure> {
    for (direction, side) in
        [(Direction::Egress, &explanation.egress), (Direction::Ingress, &explanation.ingress)]
    {
        let Some(step) = side.steps.last() else { continue };
        let mut line = Text::new()
            .text(format!("  {:<8}", direction.name()))
            .styled(side.verdict.into(), format!("{:<8}", side.verdict.name()))
            .text(" ")
            .text(show_step(step, direction));
        if let Some(origin) = step.origin {
            line = line.styled(Style::Dim, format!("  {}", place(context.sources(), origin)));
        }
        printer.line(&line)?;
    }
    Ok(())
}

/// `file:line`, or the source alone where it has no lines.
pub(crate) fn place(sources: &Sources, origin: fallgate_model::Origin) -> String {
    let name = sources.name(origin.source);
    if origin.line == 0 { name.to_owned() } else { format!("{name}:{}", origin.line) }
}

/// What a step is, in a few words: `NetworkPolicy shop/db, ingress[0]: the rule matches`.
pub(crate) fn show_step(step: &Step, direction: Direction) -> String {
    let mut shown = match &step.policy {
        Some(policy) => policy.to_string(),
        None => step.stage.name().to_owned(),
    };
    if let Some(rule) = step.rule {
        shown.push_str(&format!(", {}[{rule}]", direction.name()));
    }
    if let Some(name) = &step.rule_name {
        shown.push_str(&format!(" ({name})"));
    }
    if !step.reason.is_empty() {
        shown.push_str(&format!(": {}", step.reason));
    }
    shown
}
