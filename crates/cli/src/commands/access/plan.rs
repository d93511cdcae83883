use clap::{Args, ValueEnum};
use fallgate_access::{Planned, Refusal};
use fallgate_api::names::verb;
use fallgate_api::{AccessRequest, ApprovalMode, Identity};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::access::{
    Cluster, Effect, Ground, Lack, Own, Preview, Wanted, approval, object, plan_lines,
};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::input;
use crate::output::{Printer, Style, Text};
use crate::time;

/// Show what a request would open and render, and who must agree
///
/// Nothing is changed by it. From files, the policy is among them, and so is the AccessConfig. From a cluster, it is a preview by what you may
/// read: it ends with 3 where that is not all that the answer depends on. Ends with 1 where the request would be
/// refused.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fallgate plan -f examples/shop -f examples/shop-access --policy incident-api --for 30m
  fallgate plan -n shop --policy oncall-db --from oncall-tools/debug --ticket INC-7
  fallgate plan -n shop --policy oncall-db --to shop/db --port 5432 --ticket INC-7 -o json")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    wanted: Wanted,
    /// The output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people
    #[default]
    Table,
    /// A document; its schema is fallgate/plan/v1
    Json,
}

const SCHEMA: &str = "fallgate/plan/v1";

/// `fallgate plan -o json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    outcome: Outcome,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The AccessRequest, then the NetworkPolicies that it would have created.
    items: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    /// What approvers would quote, where nothing is left out that the plan depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_hash: Option<String>,
    approval: WireApproval,
    /// Keys of the selectors' labels that anybody who labels pods may set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unprotected_selector_keys: Vec<String>,
    /// What is not certain about it, and what else is worth knowing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// What would become of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    /// It is planned as shown.
    Planned,
    /// All of it is allowed already.
    AlreadyOpen,
    /// It is refused.
    Refused,
    /// The user may not read what the answer depends on.
    Unknown,
}

/// Who must agree.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WireApproval {
    /// `Required` or `Automatic`.
    mode: &'static str,
    /// How many people, where there are no stages.
    approvals: i32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<WireStage>,
    /// The namespaces in which somebody must decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<String>,
}

/// People of whom some must agree.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WireStage {
    name: String,
    groups: Vec<String>,
    approvals: i32,
}

pub(crate) fn run(
    global: &Global,
    args: &PlanArgs,
    printer: &mut Printer,
) -> Result<Exit, Failure> {
    let now = time::now();
    let wanted = &args.wanted;
    let (own, ground, me, usable) = if global.filename.is_empty() {
        let cluster = Cluster::open(&global.live)?;
        let me = cluster.me()?;
        let own = match Own::live(&cluster, &wanted.policy, wanted.needs_incident()) {
            Ok(own) => own,
            Err(Lack::Right(problem)) => {
                // There is nothing to plan with, and so no answer.
                printer.problem(&problem);
                return Ok(Exit::Incomplete);
            }
            Err(Lack::Failure(failure)) => return Err(failure),
        };
        let usable = cluster.may(verb::USE, &own.policy.reference(), &own.home)?;
        let ground = Ground::new(global, cluster.texts()?)?;
        (own, ground, me, usable)
    } else {
        let texts = input::read(&input::sources(global)?, global)?;
        let own = Own::files(&texts, global.live.namespace.as_deref(), wanted)?;
        let username = global.live.as_user.clone().unwrap_or_default();
        let me = Identity { username, groups: global.live.as_group.clone(), ..Identity::default() };
        (own, Ground::new(global, texts)?, me, true)
    };
    let request = match wanted.request(&own, me, &|spec| ground.kind_of(spec), now) {
        Ok(request) => request,
        Err(problem) => {
            ground.context.show_diagnostics(printer);
            return Err(problem.into());
        }
    };
    let mut preview = ground.preview(&own, &request, now);
    if !usable {
        let policy = own.policy.reference().name;
        preview.unsure.push(format!(
            "you lack the verb `use` on policy `{policy}` in namespace `{}`",
            own.home
        ));
    }
    match args.output {
        Output::Json => {
            let live = global.filename.is_empty();
            let document = document(&own, &request, &preview, live)?;
            printer.json(&ground.context.document(SCHEMA, document))?;
        }
        Output::Table => {
            ground.context.show_diagnostics(printer);
            people(&own, &preview, printer)?;
        }
    }
    Ok(exit(&preview))
}

fn outcome(preview: &Preview) -> Outcome {
    match &preview.outcome {
        Ok(_) => Outcome::Planned,
        Err(Refusal::AlreadyOpen) => Outcome::AlreadyOpen,
        Err(_) if preview.unsure.is_empty() => Outcome::Refused,
        Err(_) => Outcome::Unknown,
    }
}

fn exit(preview: &Preview) -> Exit {
    match outcome(preview) {
        Outcome::Refused => Exit::No,
        Outcome::Unknown => Exit::Incomplete,
        Outcome::Planned | Outcome::AlreadyOpen if preview.unsure.is_empty() => Exit::Yes,
        Outcome::Planned | Outcome::AlreadyOpen => Exit::Incomplete,
    }
}

fn people(own: &Own, preview: &Preview, printer: &mut Printer) -> Result<(), Failure> {
    let policy = own.policy.reference();
    let line = match outcome(preview) {
        Outcome::Planned => Text::new().styled(Style::Good, "planned"),
        Outcome::AlreadyOpen => Text::new().styled(Style::Good, "already open"),
        Outcome::Refused => Text::new().styled(Style::Bad, "refused"),
        Outcome::Unknown => Text::new().styled(Style::Unsure, "unknown"),
    };
    let name = format!(": {}/{}", own.home, policy.name);
    printer.line(&line.styled(Style::Strong, name))?;
    match &preview.outcome {
        Ok(Planned { plan, .. }) => {
            for line in plan_lines(plan) {
                printer.line(&line)?;
            }
            printer.line(&approval(&own.policy.spec().approval, &plan.decision_namespaces))?;
        }
        Err(refusal) => printer.line(&Text::new().text(format!("  {refusal}")))?,
    }
    for remark in preview.remarks() {
        printer.line(
            &Text::new().text("  ").styled(Style::Help, "note").text(format!(": {remark}")),
        )?;
    }
    Ok(())
}

fn document(
    own: &Own,
    request: &AccessRequest,
    preview: &Preview,
    live: bool,
) -> Result<Plan, Failure> {
    let policy = own.policy.spec();
    let planned = preview.outcome.as_ref().ok();
    let mut items = vec![object(request)?];
    items.extend(planned.iter().flat_map(|planned| &planned.plan.policies).cloned());
    let whole = live && preview.unsure.is_empty();
    Ok(Plan {
        outcome: outcome(preview),
        reason: preview.outcome.as_ref().err().map(ToString::to_string),
        items,
        effect: planned.map(|planned| Effect::from(&planned.plan.effect)),
        plan_hash: planned.filter(|_| whole).map(|planned| planned.hash.clone()),
        approval: WireApproval {
            mode: match policy.approval.mode {
                ApprovalMode::Required => "Required",
                ApprovalMode::Automatic => "Automatic",
            },
            approvals: policy.approval.approvals,
            stages: (policy.approval.stages.iter())
                .map(|stage| WireStage {
                    name: stage.name.clone(),
                    groups: stage.groups.clone(),
                    approvals: stage.approvals,
                })
                .collect(),
            namespaces: planned.map(|p| p.plan.decision_namespaces.clone()).unwrap_or_default(),
        },
        unprotected_selector_keys: planned
            .map(|planned| planned.plan.unprotected_selector_keys.clone())
            .unwrap_or_default(),
        notes: preview.remarks().map(str::to_owned).collect(),
    })
}

/// A request that would certainly be refused, as the failure that it is.
pub(crate) fn refusal(preview: &Preview) -> Option<Problem> {
    let refusal = preview.outcome.as_ref().err()?;
    (outcome(preview) == Outcome::Refused)
        .then(|| Problem::new(format!("the request would be refused: {refusal}")))
}
