//! What the API server checks of each object by itself: rules of the schemas, in
//! the Common Expression Language.
//!
//! A rule sees one object, and the one before it. What depends on the caller, on
//! the namespace or on AccessConfig stands in the admission policies. The lists
//! that rules walk through have low bounds, which keeps their estimated cost far
//! below what the API server accepts.

use serde::Serialize;

/// An entry of `x-kubernetes-validations`.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Rule {
    /// What must hold.
    pub(crate) rule: &'static str,
    /// What is said where it does not.
    pub(crate) message: &'static str,
}

pub(crate) const ENDPOINT: &[Rule] = &[
    Rule {
        rule: "[has(self.podSelector), has(self.workload), has(self.service), has(self.cidrs), \
               has(self.workstations), has(self.serviceAccount)].exists_one(given, given)",
        message: "must be exactly one of `podSelector`, `workload`, `service`, `cidrs` and \
                  `workstations`",
    },
    Rule {
        rule: "!has(self.serviceAccount)",
        message: "must not be a ServiceAccount, which a NetworkPolicy does not know: name the \
                  pods that run under it by a label, in `podSelector`",
    },
    Rule {
        rule: "!has(self.namespace) || has(self.podSelector) || has(self.workload) || \
               has(self.service)",
        message: "must not have a `namespace` beside `cidrs` or `workstations`: addresses are \
                  of no namespace",
    },
];

pub(crate) const SELECTOR: &[Rule] = &[
    Rule {
        rule: "(has(self.matchLabels) && size(self.matchLabels) > 0) || \
               (has(self.matchExpressions) && \
               self.matchExpressions.exists(e, e.operator == 'In' || e.operator == 'Exists'))",
        message: "must name at least one label that the pods have: a selector of every pod is \
                  refused",
    },
    Rule {
        rule: "!has(self.matchLabels) || self.matchLabels.all(key, size(key) <= 317)",
        message: "must not have a label key of more than 317 characters",
    },
];

pub(crate) const REQUIREMENT: &[Rule] = &[Rule {
    rule: "(self.operator == 'In' || self.operator == 'NotIn') == \
           (has(self.values) && size(self.values) > 0)",
    message: "must have `values` with the operators `In` and `NotIn`, and none with `Exists` and \
              `DoesNotExist`",
}];

pub(crate) const PORT: &[Rule] = &[Rule {
    rule: "!has(self.endPort) || self.endPort >= self.port",
    message: "must not end before it starts: `endPort` is less than `port`",
}];

pub(crate) const HOP: &[Rule] = &[Rule {
    rule: "has(self.endpoint.podSelector) || has(self.endpoint.workload)",
    message: "must be pods: `podSelector` or `workload`",
}];

pub(crate) const POLICY: &[Rule] = &[
    Rule {
        rule: "self.from.all(f, !has(f.service))",
        message: "`from` must not be a `service`: its pods connect as pods or as a workload",
    },
    TO_IS_NO_WORKSTATION,
    Rule {
        rule: "!has(self.to.cidrs) || self.from.all(f, !has(f.cidrs) && !has(f.workstations))",
        message: "must have pods at one end: no policy stands between addresses",
    },
    Rule {
        rule: "!has(self.defaultDurationSeconds) || \
               self.defaultDurationSeconds <= self.maxDurationSeconds",
        message: "`defaultDurationSeconds` must not be more than `maxDurationSeconds`",
    },
    Rule {
        rule: "self.limits.maxTotalSeconds >= self.maxDurationSeconds",
        message: "`limits.maxTotalSeconds` must not be less than `maxDurationSeconds`",
    },
    Rule {
        rule: "!has(self.breakGlass) || \
               self.breakGlass.maxDurationSeconds <= self.maxDurationSeconds",
        message: "`breakGlass.maxDurationSeconds` must not be more than `maxDurationSeconds`",
    },
];

pub(crate) const REQUEST: &[Rule] = &[
    Rule { rule: "self == oldSelf", message: "a request never changes: make a new one" },
    FROM_IS_NO_SERVICE,
    TO_IS_NO_WORKSTATION,
    PODS_AT_ONE_END,
    Rule {
        rule: "!has(self.until) || self.until != 'ticketClosed' || has(self.ticket)",
        message: "`until: ticketClosed` needs a `ticket`",
    },
    Rule {
        rule: "!has(self.until) || self.until != 'incidentResolved' || has(self.incidentRef)",
        message: "`until: incidentResolved` needs an `incidentRef`",
    },
    Rule {
        rule: "!has(self.breakGlass) || !self.breakGlass || !has(self.notBefore)",
        message: "`breakGlass` opens now: it must not have a `notBefore`",
    },
];

/// Of what a plan has made of a request.
pub(crate) const NARROWED: &[Rule] = &[FROM_IS_NO_SERVICE, TO_IS_NO_WORKSTATION, PODS_AT_ONE_END];

pub(crate) const DECISION: &[Rule] = &[
    Rule { rule: "self == oldSelf", message: "a decision never changes: make a new one" },
    Rule {
        rule: "self.verdict != 'Approved' || has(self.planHash)",
        message: "`Approved` must quote the `planHash` of what is approved",
    },
    Rule {
        rule: "self.verdict == 'Approved' || (!has(self.durationSeconds) && !has(self.from) && \
               !has(self.to) && !has(self.ports))",
        message: "only `Approved` may narrow `from`, `to`, `ports` and `durationSeconds`",
    },
    Rule {
        rule: "!has(self.from) || !has(self.from.service)",
        message: "`from` must not be a `service`: its pods connect as pods or as a workload",
    },
    Rule {
        rule: "!has(self.to) || !has(self.to.workstations)",
        message: "`to` must not be `workstations`",
    },
];

pub(crate) const GRANT: &[Rule] =
    &[Rule { rule: "self == oldSelf", message: "what was granted never changes" }];

pub(crate) const INCIDENT: &[Rule] = &[
    Rule {
        rule: "self.declaredBy == oldSelf.declaredBy && self.ticket == oldSelf.ticket && \
               self.severity == oldSelf.severity && self.endsAt == oldSelf.endsAt && \
               has(self.reason) == has(oldSelf.reason) && \
               (!has(self.reason) || self.reason == oldSelf.reason)",
        message: "an incident never changes, but for `resolved`",
    },
    Rule {
        rule: "self.resolved || !oldSelf.resolved",
        message: "an incident that is resolved stays so: declare a new one",
    },
];

pub(crate) const LOCK: &[Rule] = &[
    Rule {
        rule: "self == oldSelf",
        message: "a lock never changes: delete it, or make another one",
    },
    Rule {
        rule: "[has(self.user), has(self.policyRef), has(self.all) && self.all]\
               .exists_one(given, given)",
        message: "must be exactly one of `user`, `policyRef` and `all: true`",
    },
];

pub(crate) const SOURCE: &[Rule] = &[
    Rule {
        rule: "has(self.file) != has(self.configMap) && has(self.configMap) == has(self.key)",
        message: "must be either a `file`, or a `configMap` with a `key`",
    },
    Rule {
        rule: "!has(self.file) || self.file.startsWith('/')",
        message: "`file` must be an absolute path",
    },
];

/// Of a whole AccessConfig.
pub(crate) const CONFIG_ROOT: &[Rule] = &[Rule {
    rule: "self.metadata.name == 'default'",
    message: "there is one AccessConfig, and it must be named `default`",
}];

/// Of a whole AccessRequest: what its status says stays said.
pub(crate) const REQUEST_ROOT: &[Rule] = &[
    TERMINAL_STAYS,
    Rule {
        rule: "!has(oldSelf.status) || !has(oldSelf.status.plan) || (has(self.status) && \
               has(self.status.plan) && self.status.plan == oldSelf.status.plan)",
        message: "`status.plan` is written once",
    },
    Rule {
        rule: "!has(oldSelf.status) || !has(oldSelf.status.planHash) || (has(self.status) && \
               has(self.status.planHash) && self.status.planHash == oldSelf.status.planHash)",
        message: "`status.planHash` is written once",
    },
];

/// Of a whole AccessGrant.
pub(crate) const GRANT_ROOT: &[Rule] = &[
    TERMINAL_STAYS,
    Rule {
        rule: "!has(oldSelf.status) || !has(oldSelf.status.expiresAt) || (has(self.status) && \
               has(self.status.expiresAt) && self.status.expiresAt == oldSelf.status.expiresAt)",
        message: "`status.expiresAt` is written once",
    },
];

const FROM_IS_NO_SERVICE: Rule = Rule {
    rule: "!has(self.from.service)",
    message: "`from` must not be a `service`: its pods connect as pods or as a workload",
};

const TO_IS_NO_WORKSTATION: Rule =
    Rule { rule: "!has(self.to.workstations)", message: "`to` must not be `workstations`" };

const PODS_AT_ONE_END: Rule = Rule {
    rule: "!has(self.to.cidrs) || (!has(self.from.cidrs) && !has(self.from.workstations))",
    message: "must have pods at one end: no policy stands between addresses",
};

/// The phases are those of `Phase::TERMINAL`, as a test checks.
const TERMINAL_STAYS: Rule = Rule {
    rule: "!has(oldSelf.status) || !has(oldSelf.status.phase) || !(oldSelf.status.phase in \
           ['Ended', 'Denied', 'Withdrawn', 'ApprovalExpired', 'Failed', 'AlreadyOpen']) || \
           (has(self.status) && has(self.status.phase) && \
           self.status.phase == oldSelf.status.phase)",
    message: "a phase from which nothing follows stays",
};
