//! Our own kinds: who writes which, and under whose name.

use super::build::{Config, Draft, Match, Rule};
use crate::GROUP;
use crate::names::{CONTROLLER, admission, annotation, control_plane, verb};
use crate::status::Phase;

/// The user name of the caller.
const ME: &str = "request.userInfo.username";

pub(super) fn drafts() -> Vec<Draft> {
    vec![
        requests(),
        decisions(),
        policies(),
        cluster_policies(),
        incidents(),
        locks(),
        grants(),
        status(),
        records(),
        retention(),
    ]
}

fn requests() -> Draft {
    let mut variables = caller_is("object.spec.requestedBy");
    variables.push(("rights", rights("object.spec.policyRef")));
    variables.push((
        "namespaces",
        "[request.namespace] + \
         (has(object.spec.from.namespace) ? [object.spec.from.namespace] : []) + \
         (has(object.spec.to.namespace) ? [object.spec.to.namespace] : []) + \
         (has(object.spec.via) && has(object.spec.via.endpoint.namespace) ? \
         [object.spec.via.endpoint.namespace] : [])"
            .to_owned(),
    ));
    Draft {
        name: admission::REQUESTS,
        about: "A request is made in the caller's own name, by who may use its policy, and within \
                the ceilings of AccessConfig.",
        matches: vec![Match::ours(&["accessrequests"], &["CREATE"])],
        config: Config::Required,
        variables,
        rules: vec![
            Rule::right(
                "variables.exactly",
                "`requestedBy` must be exactly the caller: `username`, `uid` and `groups`",
            ),
            Rule::right(
                format!("variables.rights.check('{}').allowed()", verb::USE),
                "the caller lacks the verb `use` on the policy",
            )
            .saying(lacks(verb::USE)),
            Rule::right(
                format!(
                    "!has(object.spec.breakGlass) || !object.spec.breakGlass || \
                     variables.rights.check('{}').allowed()",
                    verb::BREAK_GLASS
                ),
                "the caller lacks the verb `breakglass` on the policy",
            )
            .saying(lacks(verb::BREAK_GLASS)),
            Rule::right(
                format!(
                    "!has(object.spec.from.workstations) || \
                     object.spec.from.workstations.all(w, w.user == {ME})"
                ),
                "`from.workstations` must be the caller's own",
            ),
            Rule::shape(
                "has(object.spec.to.cidrs) ? (!has(object.spec.from.namespace) || \
                 object.spec.from.namespace == request.namespace) : \
                 (!has(object.spec.to.namespace) || object.spec.to.namespace == request.namespace)",
                "a request must be in the namespace of its target or, where that is an address \
                 range, of its source",
            ),
            denied_namespaces(),
            Rule::shape(
                "!has(object.spec.durationSeconds) || \
                 object.spec.durationSeconds <= params.spec.maxDurationSeconds",
                "`durationSeconds` must not be more than `maxDurationSeconds` of AccessConfig",
            )
            .saying(
                "'`durationSeconds` must not be more than ' + \
                 string(params.spec.maxDurationSeconds) + ', `maxDurationSeconds` of AccessConfig'",
            ),
        ],
        ..Draft::default()
    }
}

/// Without ceilings and aliases: they stand in AccessConfig, and a revocation
/// must not wait for it. Whoever counts approvals knows both.
fn decisions() -> Draft {
    let mut variables = caller_is("object.spec.decidedBy");
    variables.push(("rights", rights("object.spec.policyRef")));
    variables.push((
        "own",
        format!("{ME} == object.spec.requestedBy.username || {}", same_uid("requestedBy")),
    ));
    Draft {
        name: admission::DECISIONS,
        about: "A decision is made in the caller's own name, by who may decide, and nobody \
                approves their own request.",
        matches: vec![Match::ours(&["accessdecisions"], &["CREATE"])],
        variables,
        rules: vec![
            Rule::right(
                "variables.exactly",
                "`decidedBy` must be exactly the caller: `username`, `uid` and `groups`",
            ),
            Rule::right(
                "!(object.spec.verdict in ['Approved', 'Reviewed']) || !variables.own",
                "nobody approves or reviews their own request",
            ),
            Rule::right(
                format!(
                    "!(object.spec.verdict in ['Approved', 'Reviewed']) || \
                     !{ME}.startsWith('system:')"
                ),
                "a machine never approves or reviews: a person must decide in their own name",
            ),
            Rule::right(
                format!(
                    "!(object.spec.verdict in ['Approved', 'Denied']) || \
                     variables.rights.check('{}').allowed()",
                    verb::APPROVE
                ),
                "the caller lacks the verb `approve` on the policy",
            )
            .saying(lacks(verb::APPROVE)),
            Rule::right(
                format!(
                    "!(object.spec.verdict == 'Reviewed' || \
                     (object.spec.verdict == 'Revoked' && !variables.own)) || \
                     variables.rights.check('{}').allowed()",
                    verb::REVOKE
                ),
                "the caller lacks the verb `revoke` on the policy",
            )
            .saying(lacks(verb::REVOKE)),
            Rule::right(
                format!(
                    "object.spec.verdict != 'Withdrawn' || \
                     {ME} == object.spec.requestedBy.username"
                ),
                "only the requester withdraws: somebody else denies or revokes",
            ),
        ],
        ..Draft::default()
    }
}

fn policies() -> Draft {
    let mut draft = any_policies("accesspolicies", "request.namespace");
    draft.name = admission::POLICIES;
    draft.matches = vec![Match::ours(&["accesspolicies"], &["CREATE", "UPDATE"])];
    draft.rules.push(Rule::shape(
        "has(object.spec.to.cidrs) ? object.spec.from.all(f, !has(f.namespace) || \
         f.namespace == request.namespace) : \
         (!has(object.spec.to.namespace) || object.spec.to.namespace == request.namespace)",
        "an AccessPolicy must be in the namespace of its target or, where that is an address \
         range, of its source",
    ));
    draft
}

fn cluster_policies() -> Draft {
    let mut draft = any_policies("clusteraccesspolicies", "''");
    draft.name = admission::CLUSTER_POLICIES;
    draft.matches = vec![Match::ours(&["clusteraccesspolicies"], &["CREATE", "UPDATE"])];
    draft
}

/// What holds for policies of either scope.
fn any_policies(resource: &'static str, namespace: &'static str) -> Draft {
    let author = annotation::AUTHOR;
    let of = |object: &str| {
        format!(
            "has({object}.metadata.annotations) && '{author}' in {object}.metadata.annotations ? \
             {object}.metadata.annotations['{author}'] : ''"
        )
    };
    let own = if namespace == "''" { "[]".to_owned() } else { format!("[{namespace}]") };
    Draft {
        about: "A policy is written by who may manage it, within the ceilings of AccessConfig, \
                and names nobody else as its author.",
        config: Config::Required,
        variables: vec![
            (
                "rights",
                format!(
                    "authorizer.group('{GROUP}').resource('{resource}').namespace({namespace})\
                     .name(object.metadata.name)"
                ),
            ),
            ("author", of("object")),
            ("changed", "oldObject == null || object.spec != oldObject.spec".to_owned()),
            ("before", format!("oldObject == null ? '' : ({})", of("oldObject"))),
            (
                "automatic",
                "object.spec.approval.mode == 'Automatic' || \
                 (has(object.spec.approval.onCall) && \
                 object.spec.approval.onCall.effect == 'AutoApprove')"
                    .to_owned(),
            ),
            (
                "namespaces",
                format!(
                    "{own} + object.spec.from.filter(f, has(f.namespace)).map(f, f.namespace) + \
                     (has(object.spec.to.namespace) ? [object.spec.to.namespace] : []) + \
                     (has(object.spec.via) && has(object.spec.via.endpoint.namespace) ? \
                     [object.spec.via.endpoint.namespace] : [])"
                ),
            ),
        ],
        rules: vec![
            Rule::right(
                format!("variables.rights.check('{}').allowed()", verb::MANAGE),
                "the caller lacks the verb `manage` on the policy",
            )
            .saying(format!(
                "{ME} + ' lacks the verb `{}` on {resource}/' + object.metadata.name",
                verb::MANAGE
            )),
            Rule::right(
                format!(
                    "variables.changed ? (variables.author == '' || variables.author == {ME}) : \
                     variables.author == variables.before"
                ),
                "the annotation `access.fallgate.dev/author` must be the user name of who changes \
                 the policy: set it to your own, or leave it out",
            ),
            Rule::right(
                "!variables.automatic || variables.author != ''",
                "a policy that approves by itself must name who changed it last, in the \
                 annotation `access.fallgate.dev/author`",
            ),
            denied_namespaces(),
            Rule::shape(
                "object.spec.maxDurationSeconds <= params.spec.maxDurationSeconds",
                "`maxDurationSeconds` must not be more than that of AccessConfig",
            )
            .saying(
                "'`maxDurationSeconds` must not be more than ' + \
                 string(params.spec.maxDurationSeconds) + ', that of AccessConfig'",
            ),
        ],
        ..Draft::default()
    }
}

fn incidents() -> Draft {
    Draft {
        name: admission::INCIDENTS,
        about: "An incident is declared in the caller's own name, by who may, and not for longer \
                than AccessConfig allows. Whoever may update it resolves it.",
        matches: vec![Match::ours(&["accessincidents"], &["CREATE"])],
        config: Config::Required,
        variables: caller_is("object.spec.declaredBy"),
        rules: vec![
            Rule::right(
                "variables.exactly",
                "`declaredBy` must be exactly the caller: `username`, `uid` and `groups`",
            ),
            Rule::right(
                format!(
                    "authorizer.group('{GROUP}').resource('accesspolicies')\
                     .namespace(request.namespace).check('{}').allowed()",
                    verb::DECLARE
                ),
                "the caller lacks the verb `declare` on accesspolicies",
            )
            .saying(format!(
                "{ME} + ' lacks the verb `{}` on accesspolicies in ' + request.namespace",
                verb::DECLARE
            )),
            Rule::shape(
                "timestamp(object.spec.endsAt) <= timestamp(object.metadata.creationTimestamp) + \
                 duration(string(params.spec.maxIncidentSeconds) + 's')",
                "`endsAt` must not be later than `maxIncidentSeconds` of AccessConfig from now",
            )
            .saying(
                "'`endsAt` must not be later than ' + string(params.spec.maxIncidentSeconds) + \
                 ' seconds from now, `maxIncidentSeconds` of AccessConfig'",
            ),
        ],
        ..Draft::default()
    }
}

/// Without ceilings: a lock closes.
fn locks() -> Draft {
    Draft {
        name: admission::LOCKS,
        about: "A lock is made in the caller's own name.",
        matches: vec![Match::ours(&["accesslocks", "clusteraccesslocks"], &["CREATE"])],
        variables: caller_is("object.spec.lockedBy"),
        rules: vec![Rule::right(
            "variables.exactly",
            "`lockedBy` must be exactly the caller: `username`, `uid` and `groups`",
        )],
        ..Draft::default()
    }
}

fn grants() -> Draft {
    Draft {
        name: admission::GRANTS,
        about: "Grants are written by the controller alone. Whoever may delete one closes it.",
        matches: vec![Match::ours(&["accessgrants"], &["CREATE", "UPDATE"])],
        rules: vec![Rule::right(
            format!(
                "{ME} == '{CONTROLLER}' || (request.operation == 'UPDATE' && {ME} in {})",
                list(&[control_plane::GARBAGE_COLLECTOR, control_plane::MANAGER])
            ),
            "grants are written by the controller alone: make an AccessRequest",
        )],
        ..Draft::default()
    }
}

fn status() -> Draft {
    Draft {
        name: admission::STATUS,
        about: "What became of a request, a grant, a policy or an incident is said by the \
                controller alone.",
        matches: vec![Match::ours(
            &[
                "accessgrants/status",
                "accessincidents/status",
                "accesspolicies/status",
                "accessrequests/status",
                "clusteraccesspolicies/status",
            ],
            &["UPDATE"],
        )],
        rules: vec![Rule::right(
            format!("{ME} == '{CONTROLLER}'"),
            "`status` is written by the controller alone",
        )],
        ..Draft::default()
    }
}

/// An owner would let somebody delete the record of what they asked for, by
/// deleting the owner; a finalizer would keep it for ever.
fn records() -> Draft {
    Draft {
        name: admission::RECORDS,
        about: "Requests, decisions and grants go when the controller deletes them, and neither \
                earlier nor later.",
        matches: vec![Match::ours(
            &["accessrequests", "accessdecisions", "accessgrants"],
            &["CREATE", "UPDATE"],
        )],
        rules: vec![
            Rule::shape(
                "!has(object.metadata.ownerReferences) || \
                 size(object.metadata.ownerReferences) == 0",
                "must not have owners: it would go with them",
            ),
            Rule::shape(
                "!has(object.metadata.finalizers) || object.metadata.finalizers.all(f, \
                 f in ['foregroundDeletion', 'orphan'])",
                "must not have finalizers: it would outlast its time",
            ),
        ],
        ..Draft::default()
    }
}

fn retention() -> Draft {
    let terminal: Vec<String> =
        Phase::TERMINAL.iter().map(|phase| format!("'{phase:?}'")).collect();
    Draft {
        name: admission::RETENTION,
        about: "Requests and decisions are deleted by the controller, once nothing follows, and \
                with their namespace.",
        matches: vec![Match::ours(&["accessrequests", "accessdecisions"], &["DELETE"])],
        rules: vec![
            Rule::right(
                format!(
                    "{ME} in {}",
                    list(&[
                        CONTROLLER,
                        control_plane::NAMESPACES,
                        control_plane::GARBAGE_COLLECTOR,
                        control_plane::MANAGER,
                    ])
                ),
                "requests and decisions are kept for `retentionDays` of AccessConfig, and deleted \
                 by the controller: to take a request back, withdraw it",
            ),
            Rule::right(
                format!(
                    "{ME} != '{CONTROLLER}' || request.resource.resource != 'accessrequests' || \
                     (has(oldObject.status) && has(oldObject.status.phase) && \
                     oldObject.status.phase in [{}])",
                    terminal.join(", ")
                ),
                "a request is kept for as long as something may follow from it",
            ),
        ],
        ..Draft::default()
    }
}

/// Variables that end in `exactly`: whether a field is the caller, with nothing
/// more and nothing less.
fn caller_is(field: &str) -> Vec<(&'static str, String)> {
    vec![
        ("named", format!("has({field}.groups) ? {field}.groups : []")),
        ("groups", "has(request.userInfo.groups) ? request.userInfo.groups : []".to_owned()),
        (
            "exactly",
            format!(
                "{field}.username == {ME} && (has({field}.uid) ? {field}.uid : '') == \
                 (has(request.userInfo.uid) ? request.userInfo.uid : '') && \
                 variables.named.all(g, g in variables.groups) && \
                 variables.groups.all(g, g in variables.named)"
            ),
        ),
    ]
}

/// Whether the caller has the uid of a quoted user; not where either has none.
fn same_uid(field: &str) -> String {
    format!(
        "(has(request.userInfo.uid) && request.userInfo.uid != '' && \
         has(object.spec.{field}.uid) && object.spec.{field}.uid == request.userInfo.uid)"
    )
}

/// The caller's rights on the policy that a field refers to, in the namespace of
/// the request to the API server.
fn rights(field: &str) -> String {
    format!(
        "authorizer.group('{GROUP}').resource({field}.kind == 'ClusterAccessPolicy' ? \
         'clusteraccesspolicies' : 'accesspolicies').namespace(request.namespace)\
         .name({field}.name)"
    )
}

/// Who lacks which verb on which policy.
fn lacks(verb: &str) -> String {
    format!(
        "{ME} + ' lacks the verb `{verb}` on ' + \
         (object.spec.policyRef.kind == 'ClusterAccessPolicy' ? 'clusteraccesspolicies/' : \
         'accesspolicies/') + object.spec.policyRef.name + ' in ' + request.namespace"
    )
}

fn denied_namespaces() -> Rule {
    Rule::shape(
        "!variables.namespaces.exists(n, n in params.spec.deniedNamespaces)",
        "no path may start or end in one of the `deniedNamespaces` of AccessConfig",
    )
}

/// A list of user names.
pub(super) fn list(users: &[&str]) -> String {
    let quoted: Vec<String> = users.iter().map(|user| format!("'{user}'")).collect();
    format!("[{}]", quoted.join(", "))
}
