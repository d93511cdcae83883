//! Time, tickets, incidents, rotas, renewals and break-glass.

use fallgate_access::{OnCall, Other, Policy, Refusal, Terms, Ticket};
use fallgate_api::{
    AccessConfigSpec, AccessGrant, AccessGrantSpec, AccessGrantStatus, AccessIncident,
    AccessIncidentSpec, AccessPolicySpec, AccessRequest, AccessRequestStatus, Alias, ApprovalMode,
    BreakGlass, Connection, Effect, Enabled, EndReason, Extends, FileOrConfigMap, IncidentRef,
    NarrowedRequest, OnCallEffect, Phase, Place, PlannedPolicy, PolicyKind, Ports, RequestRef,
    Rota, RotaFormat, Severity, Stage, TicketRule, TicketSource, Until,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::shop::{at, config, metadata, policy, request, user};

struct Story {
    config: AccessConfigSpec,
    policy: AccessPolicySpec,
    author: Option<&'static str>,
    request: AccessRequest,
    ticket: Option<Ticket>,
    on_call: Option<OnCall>,
    incidents: Vec<AccessIncident>,
    others: Vec<(AccessRequest, AccessGrant)>,
}

impl Story {
    fn new() -> Story {
        Story {
            config: config(),
            policy: policy(),
            author: Some("carol"),
            request: request(),
            ticket: None,
            on_call: None,
            incidents: Vec::new(),
            others: Vec::new(),
        }
    }

    fn see<R>(&self, see: impl FnOnce(&Terms<'_>) -> R) -> R {
        let others: Vec<Other<'_>> = self
            .others
            .iter()
            .map(|(request, grant)| Other { request, grant: Some(grant) })
            .collect();
        see(&Terms {
            config: &self.config,
            policy: Policy {
                kind: PolicyKind::AccessPolicy,
                name: "oncall-db",
                uid: "policy-1",
                generation: 1,
                author: self.author,
                spec: &self.policy,
            },
            request: &self.request,
            ticket: self.ticket.as_ref(),
            on_call: self.on_call.as_ref(),
            incidents: &self.incidents,
            others: &others,
        })
    }

    fn to_request(&self) -> Result<(), Refusal> {
        self.see(|terms| terms.to_request(at(100)))
    }

    fn to_open(&self) -> Result<(), Refusal> {
        self.see(|terms| terms.to_open(at(100)))
    }

    fn not_automatic(&self) -> Option<&'static str> {
        self.see(|terms| terms.not_automatic(&effect(), at(100)))
    }

    fn renewed(&self, seconds: i64) -> Result<(), Refusal> {
        self.see(|terms| terms.renewed(&effect(), seconds, at(10_000)))
    }

    /// An earlier request of somebody, with a grant that was open.
    fn other(&mut self, by: &str, name: &str, open: i64, ended: Option<i64>) -> &mut AccessGrant {
        let mut other = request();
        other.metadata = metadata("shop", name, &format!("request-{name}"), at(-9999));
        other.spec.requested_by = user(by);
        let time = |seconds| Some(Time(at(seconds)));
        let spec = AccessGrantSpec {
            request_ref: RequestRef {
                namespace: "shop".into(),
                name: name.into(),
                uid: format!("request-{name}"),
            },
            requested_by: user(by),
            policy: PlannedPolicy {
                kind: PolicyKind::AccessPolicy,
                name: "oncall-db".into(),
                uid: "policy-1".into(),
                generation: 1,
            },
            plan_hash: crate::shop::HASH.into(),
            approved: NarrowedRequest {
                from: other.spec.from.clone(),
                via: None,
                to: other.spec.to.clone(),
                ports: other.spec.ports.clone(),
                duration_seconds: 1800,
            },
            effect: effect(),
            policies: Vec::new(),
            namespaces: vec!["shop".into()],
            ticket: None,
            break_glass: false,
        };
        let status = AccessGrantStatus {
            phase: if ended.is_some() { Phase::Ended } else { Phase::Active },
            activated_at: time(open),
            ended_at: ended.and_then(time),
            end_reason: ended.map(|_| EndReason::Expired),
            ..AccessGrantStatus::default()
        };
        let metadata = metadata("shop", name, &format!("grant-{name}"), at(open));
        self.others.push((other, AccessGrant { metadata, spec, status: Some(status) }));
        &mut self.others.last_mut().unwrap().1
    }
}

fn place(name: &str) -> Place {
    Place::Workload { namespace: "shop".into(), name: name.into(), kind: "StatefulSet".into() }
}

fn effect() -> Effect {
    let opened = Connection {
        from: place("debug"),
        to: place("db"),
        ports: Ports::Ranges(Vec::new()),
        unknown: None,
        other_protocols: None,
    };
    Effect { opened: vec![opened], ..Effect::default() }
}

fn ticket(open: bool, seconds: i64) -> Ticket {
    Ticket { id: "INC-7".into(), open, as_of: at(seconds), digest: String::new() }
}

fn source() -> TicketSource {
    TicketSource { source: FileOrConfigMap::default(), max_staleness_seconds: 60 }
}

fn needs_ticket(pattern: &str) -> Story {
    let mut story = Story::new();
    story.policy.ticket = Some(TicketRule { required: true, pattern: Some(pattern.into()) });
    story.request.spec.ticket = Some("INC-7".into());
    story
}

pub(crate) fn incident(by: &str, uid: &str, ends: i64) -> AccessIncident {
    AccessIncident {
        metadata: metadata("shop", "inc-7", uid, at(0)),
        spec: AccessIncidentSpec {
            declared_by: user(by),
            ticket: "INC-7".into(),
            severity: Severity::High,
            ends_at: Time(at(ends)),
            reason: None,
            resolved: false,
        },
        status: None,
    }
}

#[test]
fn a_plain_request_meets_its_terms() {
    assert_eq!(Story::new().to_request(), Ok(()));
    assert_eq!(Story::new().to_open(), Ok(()));
}

#[test]
fn a_ticket_matches_as_a_whole() {
    let pattern = r"INC-[0-9]+";
    assert_eq!(needs_ticket(pattern).to_request(), Ok(()));
    let named = |ticket: &str| {
        let mut story = needs_ticket(pattern);
        story.request.spec.ticket = Some(ticket.into());
        story.to_request()
    };
    for odd in ["INC-7x", "xINC-7", "INC-", "INC-7\n", "inc-7", ""] {
        assert_eq!(named(odd), Err(Refusal::TicketPattern(odd.into(), pattern.into())));
    }
    let mut none = needs_ticket(pattern);
    none.request.spec.ticket = None;
    assert_eq!(none.to_request(), Err(Refusal::NoTicket));
}

#[test]
fn a_pattern_that_is_none_or_too_large_lets_nothing_through() {
    for bad in ["(", "a)|(?:.*", "[", r"\", "(?:a{1000}){1000}"] {
        assert_eq!(needs_ticket(bad).to_request(), Err(Refusal::BadPattern(bad.into())));
    }
}

#[test]
fn a_ticket_must_be_open_as_far_as_there_is_a_source() {
    let mut story = needs_ticket("INC-[0-9]+");
    assert_eq!(story.to_open(), Ok(()));
    story.config.tickets = Some(source());
    assert_eq!(story.to_open(), Err(Refusal::TicketUnknown("INC-7".into())));
    story.ticket = Some(ticket(true, 100));
    assert_eq!(story.to_open(), Ok(()));
    story.ticket = Some(ticket(false, 100));
    assert_eq!(story.to_open(), Err(Refusal::TicketNotOpen("INC-7".into())));
    for not_now in [39, 101, 161] {
        story.ticket = Some(ticket(true, not_now));
        assert_eq!(story.to_open(), Err(Refusal::TicketUnknown("INC-7".into())));
    }
    let mut other = ticket(true, 100);
    other.id = "INC-8".into();
    story.ticket = Some(other);
    assert_eq!(story.to_open(), Err(Refusal::TicketUnknown("INC-7".into())));
}

#[test]
fn until_needs_something_that_can_end() {
    let mut story = Story::new();
    story.request.spec.until = Some(Until::TicketClosed);
    assert_eq!(story.to_request(), Err(Refusal::UntilNothing("a ticket")));
    story.request.spec.ticket = Some("INC-7".into());
    assert_eq!(story.to_request(), Ok(()));
    assert_eq!(story.to_open(), Err(Refusal::TicketUnvouched("INC-7".into())));
    story.request.spec.until = Some(Until::IncidentResolved);
    assert_eq!(story.to_request(), Err(Refusal::UntilNothing("an incident")));
}

#[test]
fn h5_a_policy_for_incidents_is_disabled_without_one() {
    let mut story = Story::new();
    story.policy.enabled = Enabled::DuringIncident;
    assert_eq!(story.to_request(), Err(Refusal::NoIncident("shop".into())));
    story.incidents = vec![incident("bob", "incident-1", 1000)];
    assert_eq!(story.to_request(), Ok(()));
    let open_at = |seconds| story.see(|terms| terms.incident(at(seconds)));
    assert_eq!(open_at(999), Ok(()));
    assert!(open_at(1000).is_err());
    story.incidents[0].spec.resolved = true;
    assert!(story.to_request().is_err());
    story.incidents[0].spec.resolved = false;
    story.incidents[0].metadata.namespace = Some("bank".into());
    assert!(story.to_request().is_err());
}

#[test]
fn declaring_never_enables_ones_own_request() {
    let mut story = Story::new();
    story.policy.enabled = Enabled::DuringIncident;
    story.incidents = vec![incident("alice", "incident-1", 1000)];
    assert_eq!(story.to_request(), Err(Refusal::NoIncident("shop".into())));
    story.request.spec.incident_ref =
        Some(IncidentRef { name: "inc-7".into(), uid: "incident-1".into() });
    assert_eq!(story.to_request(), Err(Refusal::OwnIncident("inc-7".into())));
    // Nor under another name of the same person.
    story.incidents = vec![incident("a.smith", "incident-1", 1000)];
    assert_eq!(story.to_request(), Ok(()));
    story.config.identity_aliases =
        vec![Alias { person: "Alice".into(), usernames: vec!["alice".into(), "a.smith".into()] }];
    assert_eq!(story.to_request(), Err(Refusal::OwnIncident("inc-7".into())));
}

#[test]
fn an_incident_is_known_by_its_uid() {
    let mut story = Story::new();
    story.request.spec.incident_ref =
        Some(IncidentRef { name: "inc-7".into(), uid: "incident-1".into() });
    story.incidents = vec![incident("bob", "incident-2", 1000)];
    assert_eq!(story.to_request(), Err(Refusal::IncidentOver("inc-7".into())));
    story.incidents.push(incident("bob", "incident-1", 1000));
    assert_eq!(story.to_request(), Ok(()));
}

fn on_call_rule(effect: OnCallEffect) -> Story {
    let mut story = Story::new();
    story.policy.approval.on_call = Some(fallgate_api::OnCall { rota: "shop".into(), effect });
    story.config.rotas = vec![Rota {
        name: "shop".into(),
        source: FileOrConfigMap::default(),
        format: RotaFormat::Shifts,
        max_staleness_seconds: 60,
    }];
    story
}

fn on_call(rota: &str, users: &[&str], seconds: i64) -> Option<OnCall> {
    let users = users.iter().map(|user| (*user).to_owned()).collect();
    Some(OnCall { rota: rota.into(), users, as_of: at(seconds), digest: String::new() })
}

#[test]
fn a_rota_that_cannot_be_read_has_nobody_on_call() {
    let mut story = on_call_rule(OnCallEffect::Eligible);
    let refused = Err(Refusal::NotOnCall("shop".into(), "alice".into()));
    for nobody in [
        None,
        on_call("shop", &["bob"], 100),
        on_call("shop", &["alice"], 39),
        // From the future.
        on_call("shop", &["alice"], 101),
        on_call("shop", &["alice"], 161),
        on_call("other", &["alice"], 100),
        // A name that is alike is not the same.
        on_call("shop", &["Alice"], 100),
    ] {
        story.on_call = nobody;
        assert_eq!(story.to_request(), refused);
    }
    story.on_call = on_call("shop", &["alice@example.com"], 100);
    assert_eq!(story.to_request(), refused);
    story.config.identity_aliases = vec![Alias {
        person: "Alice".into(),
        usernames: vec!["alice".into(), "alice@example.com".into()],
    }];
    assert_eq!(story.to_request(), Ok(()));
    story.config.rotas.clear();
    assert_eq!(story.to_request(), refused);
}

#[test]
fn a_policy_agrees_by_itself_only_when_somebody_else_wrote_it() {
    let mut story = Story::new();
    assert!(story.not_automatic().is_some());
    story.policy.approval.mode = ApprovalMode::Automatic;
    assert_eq!(story.not_automatic(), None);
    for author in [None, Some("alice"), Some("Alice"), Some("аlice"), Some("")] {
        story.author = author;
        assert!(story.not_automatic().is_some(), "{author:?}");
    }
}

#[test]
fn a_policy_does_not_agree_by_itself_to_what_is_not_known() {
    let mut story = needs_ticket("INC-[0-9]+");
    story.policy.approval.mode = ApprovalMode::Automatic;
    assert!(story.not_automatic().is_some(), "nobody vouches for the ticket");
    story.config.tickets = Some(source());
    assert!(story.not_automatic().is_some());
    story.ticket = Some(ticket(true, 100));
    assert_eq!(story.not_automatic(), None);
    let mut unknown = effect();
    unknown.unknown = unknown.opened.clone();
    assert!(story.see(|terms| terms.not_automatic(&unknown, at(100))).is_some());
}

#[test]
fn h4_being_on_call_agrees_like_the_policy() {
    let mut story = on_call_rule(OnCallEffect::AutoApprove);
    assert!(story.not_automatic().is_some());
    story.on_call = on_call("shop", &["alice"], 100);
    assert_eq!(story.not_automatic(), None);
    story.on_call = on_call("shop", &["alice"], 39);
    assert!(story.not_automatic().is_some());
    // Not being on call leaves people to ask; it refuses nothing.
    assert_eq!(story.to_request(), Ok(()));
}

#[test]
fn a_stage_without_groups_makes_a_policy_that_cannot_be_requested() {
    let mut story = Story::new();
    story.policy.approval.stages =
        vec![Stage { name: "leads".into(), groups: Vec::new(), approvals: 1 }];
    assert_eq!(story.to_request(), Err(Refusal::NoApprovers("leads".into())));
}

#[test]
fn break_glass_is_short_and_waits_for_the_last_review() {
    let mut story = Story::new();
    story.request.spec.break_glass = true;
    assert_eq!(story.to_request(), Err(Refusal::NoBreakGlass));
    let rule = BreakGlass { max_duration_seconds: 600, review_within_seconds: 3600 };
    story.policy.break_glass = Some(rule);
    assert_eq!(story.to_request(), Err(Refusal::TooLong { asked: 1800, limit: 600 }));
    story.request.spec.duration_seconds = Some(600);
    assert_eq!(story.to_request(), Ok(()));
    story.other("bob", "bobs", 0, Some(50)).spec.break_glass = true;
    assert_eq!(story.to_request(), Ok(()));
    let earlier = story.other("Alice", "earlier", 0, Some(50));
    earlier.spec.break_glass = true;
    assert_eq!(story.to_request(), Err(Refusal::Unreviewed("earlier".into())));
    let condition = Condition {
        type_: "Reviewed".into(),
        status: "True".into(),
        reason: "Succeeded".into(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(at(60)),
    };
    let status = story.others.last_mut().unwrap().1.status.as_mut().unwrap();
    status.conditions.push(condition);
    assert_eq!(story.to_request(), Ok(()));
}

/// k8s-breakglass let a renewal go beyond the longest time there was.
#[test]
fn k8s_breakglass_renewal_beyond_the_maximum() {
    let mut story = Story::new();
    story.policy.limits.max_total_seconds = 7200;
    story.policy.limits.max_renewals = 2;
    // Open from 5000 to now, 10000.
    story.other("alice", "first", 5000, None);
    assert_eq!(story.renewed(2200), Ok(()));
    let too_long = Refusal::TooLongInAll { asked: 7201, limit: 7200 };
    assert_eq!(story.renewed(2201), Err(too_long));
    story.other("alice", "second", 9000, None);
    assert_eq!(story.renewed(60), Ok(()));
    story.other("alice", "third", 9500, None);
    assert_eq!(story.renewed(60), Err(Refusal::TooManyRenewals(3, 2)));
}

#[test]
fn back_to_back_requests_are_renewals_whatever_they_say() {
    let mut story = Story::new();
    story.policy.limits.max_total_seconds = 3600;
    // 7000 to 8500, then 9300 to 9900: pauses of 800 seconds and less.
    story.other("alice", "first", 7000, Some(8500));
    story.other("Alice", "second", 9300, Some(9900));
    assert_eq!(story.renewed(600), Ok(()));
    assert_eq!(story.renewed(601), Err(Refusal::TooLongInAll { asked: 3601, limit: 3600 }));
    // A longer pause, another person, another path, another policy: all new.
    let ended = |seconds: i64| Some(Time(at(seconds)));
    story.others[1].1.status.as_mut().unwrap().ended_at = ended(9000);
    assert_eq!(story.renewed(3600), Ok(()));
    story.others[1].1.status.as_mut().unwrap().ended_at = ended(9900);
    for edit in [
        |grant: &mut AccessGrant| grant.spec.requested_by = user("bob"),
        |grant: &mut AccessGrant| grant.spec.effect.opened[0].to = place("web"),
        |grant: &mut AccessGrant| grant.spec.policy.name = "other".into(),
    ] {
        let mut story = Story { others: story.others.clone(), ..Story::new() };
        story.policy.limits.max_total_seconds = 3600;
        edit(&mut story.others[1].1);
        assert_eq!(story.renewed(3600), Ok(()));
    }
}

#[test]
fn an_extension_follows_an_open_grant_of_the_same_person_and_policy() {
    let mut story = Story::new();
    story.request.spec.extends = Some(Extends { grant: "first".into(), uid: "grant-first".into() });
    let refused = Err(Refusal::NothingToExtend("first".into()));
    assert_eq!(story.to_request(), refused);
    story.other("alice", "first", 0, None);
    assert_eq!(story.to_request(), Ok(()));
    let with = |edit: &dyn Fn(&mut AccessGrant)| {
        let mut story =
            Story { others: story.others.clone(), request: story.request.clone(), ..Story::new() };
        edit(&mut story.others[0].1);
        story.to_request()
    };
    let ended = |reason| {
        move |grant: &mut AccessGrant| {
            let status = grant.status.as_mut().unwrap();
            (status.phase, status.end_reason) = (Phase::Ended, Some(reason));
        }
    };
    assert_eq!(with(&ended(EndReason::Expired)), Ok(()));
    assert_eq!(with(&ended(EndReason::Revoked)), refused);
    assert_eq!(with(&|grant| grant.spec.requested_by = user("bob")), refused);
    assert_eq!(with(&|grant| grant.spec.policy.uid = "policy-2".into()), refused);
    assert_eq!(with(&|grant| grant.metadata.uid = Some("other".into())), refused);
}

#[test]
fn who_asks_for_too_much_at_once_waits() {
    let mut story = Story::new();
    story.config.max_requests_per_requester = 2;
    let quota = |story: &Story| story.see(|terms| terms.within_quota());
    story.other("alice", "one", 0, None);
    assert_eq!(quota(&story), Ok(()));
    story.other("Alice", "two", 0, None);
    let user = "alice".into();
    assert_eq!(quota(&story), Err(Refusal::TooManyRequests { user, found: 3, limit: 2 }));
    let status = AccessRequestStatus { phase: Phase::Ended, ..AccessRequestStatus::default() };
    story.others[0].0.status = Some(status);
    assert_eq!(quota(&story), Ok(()));
    story.config.max_grants_per_namespace = 2;
    assert!(matches!(story.to_open(), Err(Refusal::TooManyGrants { found: 2, limit: 2, .. })));
}

#[test]
fn a_start_is_not_far_ahead() {
    let mut story = Story::new();
    let week = 7 * 24 * 3600;
    story.request.spec.not_before = Some(Time(at(week)));
    assert_eq!(story.to_request(), Ok(()));
    story.request.spec.not_before = Some(Time(at(week + 1)));
    assert_eq!(story.to_request(), Err(Refusal::TooFarAhead(week)));
    story.request.spec.not_before = Some(Time(Timestamp::MAX));
    assert_eq!(story.to_request(), Err(Refusal::TooFarAhead(week)));
}
