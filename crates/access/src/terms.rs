//! What a request must meet besides its path: time, tickets, incidents, rotas,
//! and what the requester has open already.

use std::collections::BTreeSet;

use fallgate_api::names::condition;
use fallgate_api::{
    AccessConfigSpec, AccessGrant, AccessIncident, AccessPolicySpec, AccessRequest,
    AccessRequestSpec, ApprovalMode, Effect, Enabled, EndReason, OnCallEffect, Phase, Until,
};
use jiff::{SignedDuration, Timestamp};

use crate::identity::{People, Relation, readable};
use crate::refusal::Refusal;
use crate::resolve::Policy;
use crate::status;

/// A request that starts later than this after it was made is refused: whoever
/// approves it could not know what the cluster will be like.
const LEAD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A grant that starts within this of the end of an earlier one, of the same
/// person on the same path, follows it, whether or not it says so.
const GAP: SignedDuration = SignedDuration::from_mins(15);
/// The largest compiled form of a policy's pattern, in bytes.
const PATTERN: usize = 1 << 16;

/// What a ticket source said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket's id.
    pub id: String,
    /// Whether it is open.
    pub open: bool,
    /// As of when.
    pub as_of: Timestamp,
    /// SHA-256 of the answer as it was read.
    pub digest: String,
}

/// What a rota said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCall {
    /// The rota's name.
    pub rota: String,
    /// The user names of who is on call now.
    pub users: Vec<String>,
    /// As of when.
    pub as_of: Timestamp,
    /// SHA-256 of the answer as it was read.
    pub digest: String,
}

/// Another request, with its grant where it has one.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    /// The request.
    pub request: &'a AccessRequest,
    /// Its grant.
    pub grant: Option<&'a AccessGrant>,
}

/// A request, and what its terms are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The ceilings.
    pub config: &'a AccessConfigSpec,
    /// The request's policy.
    pub policy: Policy<'a>,
    /// The request.
    pub request: &'a AccessRequest,
    /// What the source says of the request's ticket; absent where it could not
    /// be read.
    pub ticket: Option<&'a Ticket>,
    /// What the policy's rota says; absent where it could not be read.
    pub on_call: Option<&'a OnCall>,
    /// The incidents of the request's namespace.
    pub incidents: &'a [AccessIncident],
    /// The other requests of the cluster.
    pub others: &'a [Other<'a>],
}

/// For how long a request opens.
pub(crate) fn seconds(
    config: &AccessConfigSpec,
    policy: &AccessPolicySpec,
    request: &AccessRequestSpec,
) -> Result<i64, Refusal> {
    let mut limit = policy.max_duration_seconds.min(config.max_duration_seconds);
    if request.break_glass {
        let break_glass = policy.break_glass.as_ref().ok_or(Refusal::NoBreakGlass)?;
        limit = limit.min(break_glass.max_duration_seconds);
    }
    let asked = match (request.duration_seconds, request.until) {
        (Some(asked), _) if asked > limit => return Err(Refusal::TooLong { asked, limit }),
        (Some(asked), _) => asked,
        (None, Some(_)) => limit,
        (None, None) => policy.default_duration_seconds.unwrap_or(limit).min(limit),
    };
    if asked < 1 { Err(Refusal::TooShort(asked)) } else { Ok(asked) }
}

impl<'a> Terms<'a> {
    /// What must hold from the time of the request on.
    pub fn to_request(&self, now: Timestamp) -> Result<(), Refusal> {
        let (policy, spec) = (self.policy.spec, &self.request.spec);
        if let Some(stage) = policy.approval.stages.iter().find(|stage| stage.groups.is_empty()) {
            return Err(Refusal::NoApprovers(stage.name.clone()));
        }
        seconds(self.config, policy, spec)?;
        match spec.until {
            Some(Until::TicketClosed) if spec.ticket.is_none() => {
                return Err(Refusal::UntilNothing("a ticket"));
            }
            Some(Until::IncidentResolved) if spec.incident_ref.is_none() => {
                return Err(Refusal::UntilNothing("an incident"));
            }
            _ => {}
        }
        if let (Some(start), Some(made)) =
            (&spec.not_before, &self.request.metadata.creation_timestamp)
            && start.0.duration_since(made.0) > LEAD
        {
            return Err(Refusal::TooFarAhead(LEAD.as_secs()));
        }
        self.ticket_named()?;
        self.incident(now)?;
        self.eligible(now)?;
        self.reviewed()?;
        self.extended()
    }

    /// What must hold besides when it opens.
    pub fn to_open(&self, now: Timestamp) -> Result<(), Refusal> {
        self.to_request(now)?;
        self.ticket_open(now)?;
        let namespace = self.request.metadata.namespace.clone().unwrap_or_default();
        let limit = self.config.max_grants_per_namespace;
        let open = self.others.iter().filter(|other| {
            other.request.metadata.namespace.as_ref() == Some(&namespace)
                && other.grant.is_some_and(|grant| !phase(grant).is_terminal())
        });
        let found = open.count();
        if usize::try_from(limit).is_ok_and(|limit| found < limit) {
            Ok(())
        } else {
            Err(Refusal::TooManyGrants { namespace, found, limit })
        }
    }

    /// Holds the requester to the number of requests that may wait or be open.
    pub fn within_quota(&self) -> Result<(), Refusal> {
        let user = &self.request.spec.requested_by;
        let people = People::new(self.config);
        let pending = self.others.iter().filter(|other| {
            let status = other.request.status.as_ref();
            !status.is_some_and(|status| status.phase.is_terminal())
                && people.may_be_one(&other.request.spec.requested_by, user)
                && older(other.request, self.request)
        });
        let (found, limit) = (pending.count() + 1, self.config.max_requests_per_requester);
        if usize::try_from(limit).is_ok_and(|limit| found <= limit) {
            Ok(())
        } else {
            Err(Refusal::TooManyRequests { user: user.username.clone(), found, limit })
        }
    }

    fn ticket_named(&self) -> Result<(), Refusal> {
        let Some(rule) = &self.policy.spec.ticket else { return Ok(()) };
        let Some(ticket) = &self.request.spec.ticket else {
            return if rule.required { Err(Refusal::NoTicket) } else { Ok(()) };
        };
        let Some(pattern) = &rule.pattern else { return Ok(()) };
        let build = |text: &str| {
            let mut builder = regex::RegexBuilder::new(text);
            let built = builder.size_limit(PATTERN).dfa_size_limit(PATTERN).build();
            built.map_err(|_| Refusal::BadPattern(pattern.clone()))
        };
        // By itself first: what closes the group that it is put into is none.
        build(pattern)?;
        if build(&format!(r"\A(?:{pattern})\z"))?.is_match(ticket) {
            Ok(())
        } else {
            Err(Refusal::TicketPattern(ticket.clone(), pattern.clone()))
        }
    }

    /// The ticket is open, where there is a source that knows it and something
    /// depends on it.
    fn ticket_open(&self, now: Timestamp) -> Result<(), Refusal> {
        let spec = &self.request.spec;
        let required = self.policy.spec.ticket.as_ref().is_some_and(|rule| rule.required)
            || spec.until == Some(Until::TicketClosed);
        let Some(id) = spec.ticket.as_ref().filter(|_| required) else { return Ok(()) };
        if self.config.tickets.is_none() {
            return match spec.until {
                Some(Until::TicketClosed) => Err(Refusal::TicketUnvouched(id.clone())),
                _ => Ok(()),
            };
        }
        match self.ticket_state(now) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::TicketNotOpen(id.clone())),
            None => Err(Refusal::TicketUnknown(id.clone())),
        }
    }

    /// Whether the request's ticket is open; nothing where that is not known.
    pub fn ticket_state(&self, now: Timestamp) -> Option<bool> {
        let source = self.config.tickets.as_ref()?;
        let ticket = self.ticket.filter(|t| Some(&t.id) == self.request.spec.ticket.as_ref())?;
        fresh(ticket.as_of, source.max_staleness_seconds, now).then_some(ticket.open)
    }

    /// An incident that enables the request, where the policy or the request
    /// needs one: open, and declared by somebody else.
    pub fn incident(&self, now: Timestamp) -> Result<(), Refusal> {
        let people = People::new(self.config);
        let requester = &self.request.spec.requested_by;
        let during = self.policy.spec.enabled == Enabled::DuringIncident;
        let open = |incident: &&AccessIncident| {
            !incident.spec.resolved
                && now < incident.spec.ends_at.0
                && incident.metadata.namespace == self.request.metadata.namespace
        };
        let own =
            |incident: &AccessIncident| people.may_be_one(&incident.spec.declared_by, requester);
        match &self.request.spec.incident_ref {
            Some(named) => {
                let found = self.incidents.iter().filter(open).find(|incident| {
                    incident.metadata.uid.as_ref() == Some(&named.uid)
                        && incident.metadata.name.as_ref() == Some(&named.name)
                });
                let found = found.ok_or_else(|| Refusal::IncidentOver(named.name.clone()))?;
                if during && own(found) {
                    return Err(Refusal::OwnIncident(named.name.clone()));
                }
                Ok(())
            }
            None if !during => Ok(()),
            None if self.incidents.iter().filter(open).any(|incident| !own(incident)) => Ok(()),
            None => {
                let namespace = self.request.metadata.namespace.clone().unwrap_or_default();
                Err(Refusal::NoIncident(namespace))
            }
        }
    }

    fn eligible(&self, now: Timestamp) -> Result<(), Refusal> {
        match &self.policy.spec.approval.on_call {
            Some(rule) if rule.effect == OnCallEffect::Eligible && !self.is_on_call(now) => {
                let user = self.request.spec.requested_by.username.clone();
                Err(Refusal::NotOnCall(rule.rota.clone(), user))
            }
            _ => Ok(()),
        }
    }

    /// Whether the requester is certainly on call by the policy's rota.
    pub fn is_on_call(&self, now: Timestamp) -> bool {
        let Some(rule) = &self.policy.spec.approval.on_call else { return false };
        let rota = self.config.rotas.iter().find(|rota| rota.name == rule.rota);
        let (Some(rota), Some(answer)) = (rota, self.on_call) else { return false };
        let people = People::new(self.config);
        let user = &self.request.spec.requested_by;
        answer.rota == rule.rota
            && fresh(answer.as_of, rota.max_staleness_seconds, now)
            && answer.users.iter().any(|name| people.relation_to_name(user, name) == Relation::Same)
    }

    /// Nobody opens by break-glass twice without a review between.
    fn reviewed(&self) -> Result<(), Refusal> {
        if !self.request.spec.break_glass {
            return Ok(());
        }
        if self.policy.spec.break_glass.is_none() {
            return Err(Refusal::NoBreakGlass);
        }
        let people = People::new(self.config);
        let user = &self.request.spec.requested_by;
        let unreviewed = self.others.iter().filter_map(|other| other.grant).find(|grant| {
            grant.spec.break_glass
                && people.may_be_one(&grant.spec.requested_by, user)
                && grant.status.as_ref().is_none_or(|status| {
                    let opened = status.activated_at.is_some() || !status.phase.is_terminal();
                    opened && !status::holds(&status.conditions, condition::REVIEWED)
                })
        });
        match unreviewed {
            None => Ok(()),
            Some(grant) => {
                Err(Refusal::Unreviewed(grant.metadata.name.clone().unwrap_or_default()))
            }
        }
    }

    /// An extension follows a grant of the same person and policy that is open,
    /// or that ended by nothing but its time.
    fn extended(&self) -> Result<(), Refusal> {
        let Some(extends) = &self.request.spec.extends else { return Ok(()) };
        let people = People::new(self.config);
        let found = self.others.iter().any(|other| {
            let Some(grant) = other.grant else { return false };
            let status = grant.status.as_ref();
            let continues = status.is_some_and(|status| {
                status.phase == Phase::Active || status.end_reason == Some(EndReason::Expired)
            });
            grant.metadata.uid.as_ref() == Some(&extends.uid)
                && grant.metadata.name.as_ref() == Some(&extends.grant)
                && grant.metadata.namespace == self.request.metadata.namespace
                && grant.spec.policy.uid == self.policy.uid
                && people.relation(&grant.spec.requested_by, &self.request.spec.requested_by)
                    == Relation::Same
                && continues
        });
        if found { Ok(()) } else { Err(Refusal::NothingToExtend(extends.grant.clone())) }
    }

    /// Holds a new grant against the grants that it follows: those of the same
    /// person under the same policy that open some of the same, as far back as
    /// they follow each other.
    pub fn renewed(&self, effect: &Effect, seconds: i64, now: Timestamp) -> Result<(), Refusal> {
        let people = People::new(self.config);
        let user = &self.request.spec.requested_by;
        let same_path = |grant: &AccessGrant| {
            let opened = || grant.spec.effect.opened.iter();
            effect
                .opened
                .iter()
                .any(|new| opened().any(|old| old.from == new.from && old.to == new.to))
        };
        let earlier: Vec<(Timestamp, Timestamp)> = self
            .others
            .iter()
            .filter_map(|other| other.grant)
            .filter(|grant| {
                (grant.spec.policy.kind, &*grant.spec.policy.name)
                    == (self.policy.kind, self.policy.name)
                    && grant.metadata.namespace == self.request.metadata.namespace
                    && people.may_be_one(&grant.spec.requested_by, user)
                    && same_path(grant)
            })
            .filter_map(|grant| {
                let status = grant.status.as_ref()?;
                let start = status.activated_at.as_ref()?.0;
                let end = status.ended_at.as_ref().map_or(now, |ended| ended.0);
                Some((start, end))
            })
            .collect();
        let mut followed: BTreeSet<usize> = BTreeSet::new();
        let mut first = now;
        loop {
            let more = earlier
                .iter()
                .enumerate()
                .find(|(at, (_, end))| !followed.contains(at) && first.duration_since(*end) <= GAP);
            let Some((at, (start, _))) = more else { break };
            followed.insert(at);
            first = first.min(*start);
        }
        let limits = &self.policy.spec.limits;
        let limit = limits.max_renewals;
        if !followed.is_empty() && usize::try_from(limit).is_ok_and(|limit| followed.len() > limit)
        {
            return Err(Refusal::TooManyRenewals(followed.len(), limit));
        }
        let asked = now.duration_since(first).as_secs().saturating_add(seconds);
        let limit = limits.max_total_seconds;
        if asked > limit { Err(Refusal::TooLongInAll { asked, limit }) } else { Ok(()) }
    }

    /// Why the policy does not agree to the request by itself; nothing where it
    /// does. What is not known is a reason.
    pub fn not_automatic(&self, effect: &Effect, now: Timestamp) -> Option<&'static str> {
        let approval = &self.policy.spec.approval;
        let on_call = approval
            .on_call
            .as_ref()
            .is_some_and(|rule| rule.effect == OnCallEffect::AutoApprove && self.is_on_call(now));
        if approval.mode != ApprovalMode::Automatic && !on_call {
            return Some("the policy asks people");
        }
        let people = People::new(self.config);
        let user = &self.request.spec.requested_by;
        let by_another = self.policy.author.is_some_and(|author| {
            readable(author) && people.relation_to_name(user, author) == Relation::Different
        });
        if !by_another {
            return Some("the policy was changed last by the requester, or by nobody known");
        }
        let unknown = effect.opened.iter().any(|connection| connection.unknown.is_some());
        if unknown || !effect.unknown.is_empty() {
            return Some("its effect is not wholly known");
        }
        let ticket = self.policy.spec.ticket.as_ref().is_some_and(|rule| rule.required);
        if ticket && self.ticket_state(now) != Some(true) {
            return Some("nobody vouches for its ticket");
        }
        None
    }
}

pub(crate) fn phase(grant: &AccessGrant) -> Phase {
    grant.status.as_ref().map(|status| status.phase).unwrap_or_default()
}

/// Nobody can have said by now what is dated later: an answer of the future is
/// none.
fn fresh(as_of: Timestamp, seconds: i64, now: Timestamp) -> bool {
    as_of <= now && now.duration_since(as_of) <= SignedDuration::from_secs(seconds)
}

/// Whether a request came before another one, so that of several only the last
/// ones are too many.
fn older(other: &AccessRequest, this: &AccessRequest) -> bool {
    let order = |request: &AccessRequest| {
        let metadata = &request.metadata;
        let made = metadata.creation_timestamp.as_ref().map(|time| time.0);
        (made, metadata.namespace.clone(), metadata.name.clone())
    };
    order(other) < order(this)
}
