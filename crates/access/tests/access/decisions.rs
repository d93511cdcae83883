//! Who agrees to a request, and whose agreement is none.

use std::collections::BTreeSet;

use fallgate_access::{
    Answer, Ballot, Consent, Discard, Judged, Missing, Question, Rights, Standing, Tally,
};
use fallgate_api::{
    AccessConfigSpec, AccessDecision, AccessPolicySpec, AccessRequest, Alias, Stage, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::shop::{HASH, all_may, at, config, decision, policy, policy_ref, request, user};

const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// A ballot that a test changes where it differs.
#[derive(Debug)]
struct Story {
    config: AccessConfigSpec,
    policy: AccessPolicySpec,
    request: AccessRequest,
    namespaces: Vec<String>,
    rights: Option<Rights>,
    consent: Consent,
    deadline: Option<Timestamp>,
    no_narrowing: BTreeSet<String>,
}

impl Default for Story {
    fn default() -> Story {
        Story {
            config: config(),
            policy: policy(),
            request: request(),
            namespaces: vec!["shop".into()],
            rights: None,
            consent: Consent::People,
            deadline: Some(at(3600)),
            no_narrowing: BTreeSet::new(),
        }
    }
}

impl Story {
    fn tally<R>(&self, decisions: &[AccessDecision], see: impl FnOnce(&Tally<'_>) -> R) -> R {
        let now = at(100);
        let rights = self.rights.clone().unwrap_or_else(|| all_may(decisions, now));
        let ballot = Ballot {
            config: &self.config,
            policy: Some(&self.policy),
            request: &self.request,
            decisions,
            plan_hash: Some(HASH),
            namespaces: &self.namespaces,
            deadline: self.deadline,
            no_narrowing: &self.no_narrowing,
            rights: &rights,
            fresh: FRESH,
            consent: self.consent,
        };
        see(&ballot.tally(now))
    }

    fn agreed(&self, decisions: &[AccessDecision]) -> bool {
        self.tally(decisions, |tally| tally.agreed())
    }

    /// Why the only decision does not count.
    fn discard(&self, decision: AccessDecision) -> Discard {
        self.tally(&[decision], |tally| match tally.judged.as_slice() {
            [Judged { standing: Standing::Discarded(discard), .. }] => discard.clone(),
            other => panic!("{other:?}"),
        })
    }

    fn missing(&self, decisions: &[AccessDecision]) -> Vec<Missing> {
        self.tally(decisions, |tally| tally.missing.clone())
    }
}

fn approved(by: &str) -> AccessDecision {
    decision(by, Verdict::Approved, "shop", 60)
}

fn of(mut decision: AccessDecision, groups: &[&str]) -> AccessDecision {
    decision.spec.decided_by.groups = groups.iter().map(|group| (*group).to_owned()).collect();
    decision
}

#[test]
fn one_other_person_is_enough_where_the_policy_says_so() {
    let story = Story::default();
    assert!(!story.agreed(&[]));
    assert_eq!(story.missing(&[]), [Missing::People { need: 1, have: 0 }]);
    assert!(story.agreed(&[approved("bob")]));
}

#[test]
fn nobody_approves_their_own_request() {
    let story = Story::default();
    assert_eq!(story.discard(approved("alice")), Discard::OwnRequest("alice".into()));
}

/// Netwatch lets whoever may approve at all approve their own request.
#[test]
fn netwatch_self_approval() {
    assert!(!Story::default().agreed(&[approved("alice")]));
}

/// k8s-breakglass compared e-mail addresses, so a second address of one person
/// was somebody else.
#[test]
fn k8s_breakglass_self_approval_through_an_alias() {
    let mut story = Story::default();
    let mut mail = approved("alice@example.com");
    mail.spec.decided_by.uid = "another".into();
    assert!(story.agreed(std::slice::from_ref(&mail)));
    story.config.identity_aliases = vec![Alias {
        person: "Alice".into(),
        usernames: vec!["alice".into(), "alice@example.com".into()],
    }];
    assert_eq!(story.discard(mail), Discard::OwnRequest("alice@example.com".into()));
}

/// k8s-breakglass: `sub` and `preferred_username` of one person differed.
#[test]
fn k8s_breakglass_self_approval_under_another_name_of_one_uid() {
    let mut other = approved("a.smith");
    other.spec.decided_by.uid = user("alice").uid;
    assert_eq!(Story::default().discard(other), Discard::OwnRequest("a.smith".into()));
}

#[test]
fn an_empty_uid_neither_matches_nor_distinguishes() {
    let mut story = Story::default();
    story.request.spec.requested_by.uid = String::new();
    let mut by_bob = approved("bob");
    by_bob.spec.requested_by.uid = String::new();
    by_bob.spec.decided_by.uid = String::new();
    assert!(story.agreed(std::slice::from_ref(&by_bob)));
    by_bob.spec.decided_by.username = "alice".into();
    assert_eq!(story.discard(by_bob), Discard::OwnRequest("alice".into()));
}

#[test]
fn names_that_can_be_mistaken_are_refused_not_folded() {
    let story = Story::default();
    assert_eq!(story.discard(approved("ALICE")), Discard::OwnRequest("ALICE".into()));
    for odd in ["аlice", "bоb", "bob\u{200d}", " bob"] {
        assert_eq!(story.discard(approved(odd)), Discard::Unreadable(odd.into()));
    }
}

#[test]
fn machines_never_approve() {
    let story = Story::default();
    let robot = "system:serviceaccount:shop:approver";
    assert_eq!(story.discard(approved(robot)), Discard::Machine(robot.into()));
    let review = decision(robot, Verdict::Reviewed, "shop", 60);
    assert_eq!(story.discard(review), Discard::Machine(robot.into()));
}

/// CVE-2025-1969 (AWS TEAM): what was approved was edited afterwards. A decision
/// holds for one request, one policy, one requester and one plan.
#[test]
fn aws_team_cve_2025_1969() {
    let story = Story::default();
    type Edit = fn(&mut AccessDecision);
    let edits: [(&str, Edit); 6] = [
        ("requestRef.uid", |d| d.spec.request_ref.uid = "request-2".into()),
        ("requestRef.name", |d| d.spec.request_ref.name = "oncall-db-2".into()),
        ("requestRef.namespace", |d| d.spec.request_ref.namespace = "bank".into()),
        ("policyRef", |d| d.spec.policy_ref.name = "another".into()),
        ("requestedBy", |d| d.spec.requested_by.username = "mallory".into()),
        ("requestedBy.uid", |d| d.spec.requested_by.uid = "uid-mallory".into()),
    ];
    for (field, edit) in edits {
        for verdict in [Verdict::Approved, Verdict::Denied, Verdict::Revoked, Verdict::Reviewed] {
            let mut decision = decision("bob", verdict, "shop", 60);
            edit(&mut decision);
            assert_eq!(story.discard(decision), Discard::Quotes(field));
        }
    }
    let mut other_plan = approved("bob");
    other_plan.spec.plan_hash = Some(HASH.replace('0', "1"));
    assert_eq!(story.discard(other_plan), Discard::OtherPlan);
    let mut no_plan = approved("bob");
    no_plan.spec.plan_hash = None;
    assert_eq!(story.discard(no_plan), Discard::OtherPlan);
}

/// k8s-breakglass accepted approvals after the approval had timed out.
#[test]
fn k8s_breakglass_approval_after_the_timeout() {
    let mut story = Story::default();
    assert!(story.agreed(&[decision("bob", Verdict::Approved, "shop", 3600)]));
    assert_eq!(story.discard(decision("bob", Verdict::Approved, "shop", 3601)), Discard::Late);
    // Without a deadline there is nothing that an approval could be in time for.
    story.deadline = None;
    assert_eq!(story.discard(approved("bob")), Discard::Late);
}

/// k8s-breakglass: an empty approver set meant that anyone approves.
#[test]
fn k8s_breakglass_empty_approver_set() {
    let mut story = Story::default();
    story.policy.approval.stages =
        vec![Stage { name: "leads".into(), groups: Vec::new(), approvals: 1 }];
    let decisions = [of(approved("bob"), &["leads"]), of(approved("carol"), &[])];
    assert!(!story.agreed(&decisions));
    // Nor does a policy that needs nobody's approval need nobody's.
    story.policy.approval.stages = Vec::new();
    for none in [0, -1, i32::MIN] {
        story.policy.approval.approvals = none;
        assert!(!story.agreed(&[]));
    }
}

/// k8s-breakglass compared the last part of a group's path.
#[test]
fn k8s_breakglass_group_path_collision() {
    let mut story = Story::default();
    let groups = vec!["/tenant/admin".to_owned()];
    story.policy.approval.stages = vec![Stage { name: "admins".into(), groups, approvals: 1 }];
    for other in ["admin", "/other/admin", "/tenant/admin/", "/TENANT/admin", "tenant/admin"] {
        assert!(!story.agreed(&[of(approved("bob"), &[other])]), "{other}");
    }
    assert!(story.agreed(&[of(approved("bob"), &["/tenant/admin"])]));
}

#[test]
fn a_denial_wins_whenever_it_comes() {
    let story = Story::default();
    for seconds in [1, 60, 5000] {
        let denial = decision("carol", Verdict::Denied, "shop", seconds);
        assert!(!story.agreed(&[approved("bob"), denial]));
    }
}

#[test]
fn a_denial_whose_right_is_not_known_stops_too() {
    let decisions = [approved("bob"), decision("carol", Verdict::Denied, "shop", 61)];
    let mut story = Story::default();
    let ask = |by: &str, verb| Question::new(&user(by), verb, &policy_ref(), "shop");
    let answer = |allowed| Answer { allowed, at: at(100) };
    let mut rights = Rights::default();
    rights.insert(ask("bob", "approve"), answer(true));
    story.rights = Some(rights.clone());
    story.tally(&decisions, |tally| {
        assert!(!tally.agreed() && tally.missing.is_empty());
        assert_eq!(tally.question(), Some(&ask("carol", "approve")));
    });
    rights.insert(ask("carol", "approve"), answer(false));
    story.rights = Some(rights.clone());
    assert!(story.agreed(&decisions));
    // What was answered long ago is not known.
    rights.insert(ask("bob", "approve"), Answer { allowed: true, at: at(39) });
    story.rights = Some(rights);
    assert!(!story.agreed(&decisions));
}

#[test]
fn who_lacks_the_right_decides_nothing() {
    let mut story = Story { rights: Some(Rights::default()), ..Story::default() };
    let mut rights = Rights::default();
    for verb in ["approve", "revoke"] {
        let question = Question::new(&user("dave"), verb, &policy_ref(), "shop");
        rights.insert(question, Answer { allowed: false, at: at(100) });
    }
    story.rights = Some(rights);
    for (verdict, verb) in [
        (Verdict::Approved, "approve"),
        (Verdict::Denied, "approve"),
        (Verdict::Revoked, "revoke"),
        (Verdict::Reviewed, "revoke"),
    ] {
        let user = "dave".into();
        let expected = Discard::Right { user, verb, namespace: "shop".into() };
        assert_eq!(story.discard(decision("dave", verdict, "shop", 60)), expected);
    }
}

#[test]
fn only_the_requester_withdraws_and_the_requester_may_give_back() {
    let story = Story { rights: Some(Rights::default()), ..Story::default() };
    let withdrawn = |by| decision(by, Verdict::Withdrawn, "shop", 60);
    assert_eq!(story.discard(withdrawn("bob")), Discard::NotRequester("bob".into()));
    for verdict in [Verdict::Withdrawn, Verdict::Revoked, Verdict::Denied] {
        let own = decision("alice", verdict, "shop", 60);
        story.tally(&[own], |tally| assert!(tally.first(verdict).is_some()));
    }
}

#[test]
fn a_quorum_is_of_different_people() {
    let mut story = Story::default();
    story.policy.approval.approvals = 2;
    let again = decision("bob", Verdict::Approved, "shop", 61);
    assert_eq!(story.missing(&[approved("bob"), again]), [Missing::People { need: 2, have: 1 }]);
    assert!(!story.agreed(&[approved("bob"), approved("Bob")]));
    assert!(story.agreed(&[approved("bob"), approved("carol")]));
    // A third name that may be either of two people makes one person of them.
    story.config.identity_aliases =
        vec![Alias { person: "Bob".into(), usernames: vec!["bob".into(), "b.jones".into()] }];
    let mut bridge = approved("b.jones");
    bridge.spec.decided_by.uid = user("carol").uid;
    assert!(!story.agreed(&[approved("bob"), approved("carol"), bridge]));
}

#[test]
fn nobody_counts_in_two_stages_but_everybody_in_the_one_that_helps() {
    let mut story = Story::default();
    let stage = |name: &str, groups: &[&str], approvals| Stage {
        name: name.into(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        approvals,
    };
    story.policy.approval.stages =
        vec![stage("any", &["leads", "security"], 1), stage("security", &["security"], 1)];
    let carol = of(approved("carol"), &["security"]);
    assert_eq!(
        story.missing(std::slice::from_ref(&carol)),
        [Missing::Stage { stage: "security".into(), need: 1, have: 0 }]
    );
    // Carol sat down in the first stage, and moves to the second for Bob.
    assert!(story.agreed(&[carol.clone(), of(approved("bob"), &["leads"])]));
    assert!(!story.agreed(&[of(approved("bob"), &["leads"]), of(approved("dave"), &["leads"])]));
    story.policy.approval.stages = vec![stage("security", &["security"], 2)];
    assert_eq!(
        story.missing(&[carol, of(approved("bob"), &["leads"])]),
        [Missing::Stage { stage: "security".into(), need: 2, have: 1 }]
    );
}

#[test]
fn every_namespace_with_an_object_needs_a_decision_made_there() {
    let namespaces: Vec<String> = vec!["shop".into(), "oncall-tools".into()];
    let mut story = Story { namespaces, ..Story::default() };
    let there = decision("erin", Verdict::Approved, "oncall-tools", 61);
    assert_eq!(story.missing(&[approved("bob")]), [Missing::Namespace("oncall-tools".into())]);
    assert_eq!(story.missing(std::slice::from_ref(&there)), [Missing::People { need: 1, have: 0 }]);
    assert!(story.agreed(&[approved("bob"), there.clone()]));
    // The policy may agree by itself in its own namespace only.
    story.consent = Consent::Policy;
    assert_eq!(story.missing(&[]), [Missing::Namespace("oncall-tools".into())]);
    assert!(story.agreed(std::slice::from_ref(&there)));
    story.consent = Consent::Nobody;
    assert!(story.agreed(&[]));
    // A decision where nobody has to decide is none.
    story.namespaces = vec!["shop".into()];
    assert_eq!(story.discard(there), Discard::Namespace("oncall-tools".into()));
}

#[test]
fn a_right_is_asked_for_where_the_decision_was_made() {
    let there = decision("erin", Verdict::Approved, "oncall-tools", 61);
    let story = Story {
        namespaces: vec!["shop".into(), "oncall-tools".into()],
        rights: Some(Rights::default()),
        ..Story::default()
    };
    story.tally(&[there], |tally| {
        assert_eq!(tally.question().unwrap().namespace, "oncall-tools");
    });
}

/// k8s-breakglass remembered whom it acted for, and acted for somebody else: what
/// was asked about one person under one policy says nothing of another one.
#[test]
fn k8s_breakglass_cached_impersonation() {
    let approval = approved("bob");
    let rights = all_may(std::slice::from_ref(&approval), at(100));
    let (bob, policy) = (&approval.spec.decided_by, policy_ref());
    let knows = |question: &Question| rights.get(question, FRESH, at(100));
    assert_eq!(knows(&Question::new(bob, "approve", &policy, "shop")), Some(true));
    let mut another_uid = bob.clone();
    another_uid.uid = "recreated".into();
    let mut more_groups = bob.clone();
    more_groups.groups.push("leads".into());
    let mut other_policy = policy.clone();
    other_policy.name = "payments".into();
    for question in [
        Question::new(&user("erin"), "approve", &policy, "shop"),
        Question::new(&another_uid, "approve", &policy, "shop"),
        Question::new(&more_groups, "approve", &policy, "shop"),
        Question::new(bob, "use", &policy, "shop"),
        Question::new(bob, "approve", &policy, "oncall-tools"),
        Question::new(bob, "approve", &other_policy, "shop"),
    ] {
        assert_eq!(knows(&question), None, "{question:?}");
    }
}

/// A clock that was set back makes answers of the future: nobody knows how old
/// they are, and they are asked for again.
#[test]
fn an_answer_from_the_future_is_asked_for_again() {
    let approval = approved("bob");
    for (asked_at, known) in [(39, false), (40, true), (100, true), (101, false), (9000, false)] {
        let rights = all_may(std::slice::from_ref(&approval), at(asked_at));
        let spec = &approval.spec;
        let question = Question::new(&spec.decided_by, "approve", &spec.policy_ref, "shop");
        let answer = rights.get(&question, FRESH, at(100));
        assert_eq!(answer, known.then_some(true), "asked at {asked_at}, read at 100");
    }
}

#[test]
fn an_approval_that_narrows_to_something_else_is_none() {
    let mut story = Story::default();
    let approval = approved("bob");
    story.no_narrowing.extend(approval.metadata.uid.clone());
    assert_eq!(story.discard(approval), Discard::Narrowing);
}

#[test]
fn what_the_api_server_gives_every_object_must_be_there() {
    let story = Story::default();
    let mut no_time = approved("bob");
    no_time.metadata.creation_timestamp = None;
    assert_eq!(story.discard(no_time), Discard::Incomplete("creationTimestamp"));
    let mut no_uid = approved("bob");
    no_uid.metadata.uid = None;
    assert_eq!(story.discard(no_uid), Discard::Incomplete("uid"));
}

fn any_decision() -> impl Strategy<Value = AccessDecision> {
    let names = ["alice", "Alice", "bob", "carol", "system:node:a", "b\u{f3}b"];
    let verdicts = [
        Verdict::Approved,
        Verdict::Approved,
        Verdict::Denied,
        Verdict::Withdrawn,
        Verdict::Revoked,
        Verdict::Reviewed,
    ];
    let groups = proptest::sample::subsequence(vec!["leads", "security"], 0..=2);
    (
        proptest::sample::select(names.to_vec()),
        proptest::sample::select(verdicts.to_vec()),
        proptest::sample::select(vec!["shop", "oncall-tools", "bank"]),
        0_i64..4000,
        groups,
    )
        .prop_map(|(by, verdict, namespace, seconds, groups)| {
            of(decision(by, verdict, namespace, seconds), &groups)
        })
}

fn any_story() -> impl Strategy<Value = Story> {
    (1..3_i32, any::<bool>(), any::<bool>()).prop_map(|(approvals, staged, two)| {
        let mut story = Story::default();
        story.policy.approval.approvals = approvals;
        if staged {
            let stage =
                |name: &str| Stage { name: name.into(), groups: vec![name.into()], approvals };
            story.policy.approval.stages = vec![stage("leads"), stage("security")];
        }
        if two {
            story.namespaces.push("oncall-tools".into());
        }
        story
    })
}

proptest! {
    #[test]
    fn agreement_needs_another_person_and_no_refusal(
        story in any_story(),
        decisions in proptest::collection::vec(any_decision(), 0..8),
    ) {
        let need = usize::try_from(story.policy.approval.approvals).unwrap()
            * story.policy.approval.stages.len().max(1);
        story.tally(&decisions, |tally| {
            if !tally.agreed() {
                return Ok(());
            }
            let people: BTreeSet<_> = tally
                .counting(Verdict::Approved)
                .filter(|d| d.metadata.namespace.as_deref() == Some("shop"))
                .map(|d| d.spec.decided_by.username.to_lowercase())
                .collect();
            prop_assert!(people.len() >= need && !people.contains("alice"));
            for namespace in &story.namespaces {
                let mut there = tally.counting(Verdict::Approved);
                prop_assert!(there.any(|d| d.metadata.namespace.as_ref() == Some(namespace)));
            }
            for stop in [Verdict::Denied, Verdict::Withdrawn, Verdict::Revoked] {
                prop_assert!(tally.first(stop).is_none());
            }
            Ok(())
        })?;
    }

    #[test]
    fn only_an_approval_brings_agreement_nearer(
        story in any_story(),
        decisions in proptest::collection::vec(any_decision(), 0..6),
        one_more in any_decision(),
    ) {
        let mut more = decisions.clone();
        more.push(one_more.clone());
        if story.agreed(&more) && !story.agreed(&decisions) {
            prop_assert_eq!(one_more.spec.verdict, Verdict::Approved);
        }
    }

    #[test]
    fn the_order_of_decisions_does_not_matter(
        story in any_story(),
        decisions in proptest::collection::vec(any_decision(), 0..6),
    ) {
        let mut turned = decisions.clone();
        turned.reverse();
        let see = |tally: &Tally<'_>| (tally.agreed(), tally.missing.clone());
        prop_assert_eq!(story.tally(&decisions, see), story.tally(&turned, see));
    }
}
