//! Whether people have agreed.

use std::collections::BTreeSet;

use fallgate_api::names::verb;
use fallgate_api::{
    AccessConfigSpec, AccessDecision, AccessPolicySpec, AccessRequest, Identity, Verdict,
};
use jiff::{SignedDuration, Timestamp};

use crate::identity::{People, Relation, readable};
use crate::rights::{Question, Rights};

/// A request, and everything that bears on who agreed to it; of it all, the
/// tally keeps the decisions.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a, 'b> {
    /// The configuration, for who is who.
    pub config: &'b AccessConfigSpec,
    /// The request's policy, for who must agree. Without it nobody's agreement
    /// is enough, and refusing counts all the same.
    pub policy: Option<&'b AccessPolicySpec>,
    /// The request.
    pub request: &'b AccessRequest,
    /// Every decision that names the request, of every namespace.
    pub decisions: &'a [AccessDecision],
    /// The hash that an approval must quote; absent until there is a plan.
    pub plan_hash: Option<&'b str>,
    /// The namespaces in which somebody must decide: the request's own first.
    pub namespaces: &'b [String],
    /// Until when an approval must have been given.
    pub deadline: Option<Timestamp>,
    /// The uids of decisions whose narrowing is none.
    pub no_narrowing: &'b BTreeSet<String>,
    /// What the authorizer said.
    pub rights: &'b Rights,
    /// How old its answers may be.
    pub fresh: SignedDuration,
    /// Whose agreement is needed.
    pub consent: Consent,
}

/// Whose agreement a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// That of people, as the policy says.
    People,
    /// The policy agrees by itself; in other namespaces than its own people
    /// must.
    Policy,
    /// Nobody's: break-glass.
    Nobody,
}

/// What the decisions come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally<'a> {
    /// Every decision in the order in which they were made, with what became of
    /// it.
    pub judged: Vec<Judged<'a>>,
    /// Whose agreement is missing; empty where nobody's is.
    pub missing: Vec<Missing>,
}

/// A decision, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// The decision.
    pub decision: &'a AccessDecision,
    /// What became of it.
    pub standing: Standing,
}

/// What becomes of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It does not.
    Discarded(Discard),
    /// That depends on a right that has not been asked for.
    Asks(Question),
}

/// Why a decision does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discard {
    /// What it quotes of the request is not what the request says.
    #[error("its `{0}` is not that of the request; decide again on the request as it is")]
    Quotes(&'static str),
    /// It lacks what the API server gives every object.
    #[error("it has no `metadata.{0}`")]
    Incomplete(&'static str),
    /// Nobody has to decide in its namespace.
    #[error("nobody has to decide in namespace `{0}`; decide in one that the plan names")]
    Namespace(String),
    /// It came after the request had expired.
    #[error("it was made after the request had expired; request again")]
    Late,
    /// A machine made it.
    #[error("`{0}` is a machine, and machines never decide for people")]
    Machine(String),
    /// Its maker's name can be mistaken for another one.
    #[error("the name `{}` can be mistaken for another one; decide by a plain name", .0.escape_default())]
    Unreadable(String),
    /// The requester made it.
    #[error("`{0}` is, or may be, the requester; somebody else must decide")]
    OwnRequest(String),
    /// Somebody else than the requester made it.
    #[error("`{0}` is not the requester, and only the requester can withdraw")]
    NotRequester(String),
    /// It quotes another plan.
    #[error("it quotes another plan than the request's; look at the plan and decide again")]
    OtherPlan,
    /// It approves something that was not asked for.
    #[error("what it narrows the request to is not within the request")]
    Narrowing,
    /// Its maker lacks the right.
    #[error("`{user}` lacks the verb `{verb}` on the policy in namespace `{namespace}`")]
    Right {
        /// Who decided.
        user: String,
        /// The verb.
        verb: &'static str,
        /// Where.
        namespace: String,
    },
}

/// Whose agreement is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// That of anybody: there is no policy that says whose.
    #[error("no policy that says who must agree")]
    Policy,
    /// That of more people.
    #[error("{have} of {need} approvals")]
    People {
        /// How many different people must agree.
        need: usize,
        /// How many have.
        have: usize,
    },
    /// That of people of a stage.
    #[error("{have} of {need} approvals of stage `{stage}`")]
    Stage {
        /// The stage.
        stage: String,
        /// How many of its people must agree.
        need: usize,
        /// How many have, who count for no other stage.
        have: usize,
    },
    /// That of somebody who may approve in a namespace.
    #[error("an approval in namespace `{0}`")]
    Namespace(String),
}

impl<'a> Ballot<'a, '_> {
    /// Counts.
    pub fn tally(&self, now: Timestamp) -> Tally<'a> {
        let people = People::new(self.config);
        let mut decisions: Vec<&AccessDecision> = self.decisions.iter().collect();
        decisions.sort_by_key(|d| {
            let metadata = &d.metadata;
            (made_at(d), &metadata.namespace, &metadata.name, &metadata.uid)
        });
        let judge = |decision| Judged { decision, standing: self.judge(&people, decision, now) };
        let judged: Vec<Judged<'a>> = decisions.into_iter().map(judge).collect();
        let missing = self.missing(&people, &judged);
        Tally { judged, missing }
    }

    fn judge(&self, people: &People, decision: &AccessDecision, now: Timestamp) -> Standing {
        match self.discard(people, decision) {
            Err(discard) => Standing::Discarded(discard),
            Ok(None) => Standing::Counts,
            Ok(Some(question)) => match self.rights.get(&question, self.fresh, now) {
                Some(true) => Standing::Counts,
                Some(false) => Standing::Discarded(Discard::Right {
                    user: question.username,
                    verb: question.verb,
                    namespace: question.namespace,
                }),
                None => Standing::Asks(question),
            },
        }
    }

    /// What is wrong with a decision by itself, else which right it needs.
    fn discard(
        &self,
        people: &People,
        decision: &AccessDecision,
    ) -> Result<Option<Question>, Discard> {
        let (spec, metadata) = (&decision.spec, &decision.metadata);
        let asked = &self.request.spec;
        let of_request = &self.request.metadata;
        let quoted = &spec.request_ref;
        let same = |quoted: &str, own: &Option<String>| own.as_deref() == Some(quoted);
        for (field, holds) in [
            ("requestRef.namespace", same(&quoted.namespace, &of_request.namespace)),
            ("requestRef.name", same(&quoted.name, &of_request.name)),
            ("requestRef.uid", same(&quoted.uid, &of_request.uid)),
            ("policyRef", spec.policy_ref == asked.policy_ref),
            ("requestedBy", spec.requested_by.username == asked.requested_by.username),
            ("requestedBy.uid", spec.requested_by.uid == asked.requested_by.uid),
        ] {
            if !holds {
                return Err(Discard::Quotes(field));
            }
        }
        let uid = metadata.uid.as_ref().ok_or(Discard::Incomplete("uid"))?;
        let made_at = made_at(decision).ok_or(Discard::Incomplete("creationTimestamp"))?;
        let namespace = metadata.namespace.as_ref().ok_or(Discard::Incomplete("namespace"))?;
        let by = &spec.decided_by;
        let relation = people.relation(&asked.requested_by, by);
        let ask = |verb| Some(Question::new(by, verb, &asked.policy_ref, namespace));
        let known =
            self.namespaces.contains(namespace) || Some(namespace) == of_request.namespace.as_ref();
        if !known {
            return Err(Discard::Namespace(namespace.clone()));
        }
        let another_person = || {
            if people.machine(by) {
                Err(Discard::Machine(by.username.clone()))
            } else if !readable(&by.username) {
                Err(Discard::Unreadable(by.username.clone()))
            } else if relation != Relation::Different {
                Err(Discard::OwnRequest(by.username.clone()))
            } else {
                Ok(())
            }
        };
        match spec.verdict {
            Verdict::Approved => {
                another_person()?;
                if self.deadline.is_none_or(|deadline| made_at > deadline) {
                    return Err(Discard::Late);
                }
                if self.plan_hash.is_none() || spec.plan_hash.as_deref() != self.plan_hash {
                    return Err(Discard::OtherPlan);
                }
                if self.no_narrowing.contains(uid) {
                    return Err(Discard::Narrowing);
                }
                Ok(ask(verb::APPROVE))
            }
            // Refusing and ending are open to machines, too, and to whoever the
            // requester may be: what is closed by mistake can be asked for again.
            Verdict::Denied if relation != Relation::Different => Ok(None),
            Verdict::Denied => Ok(ask(verb::APPROVE)),
            Verdict::Withdrawn if relation != Relation::Different => Ok(None),
            Verdict::Withdrawn => Err(Discard::NotRequester(by.username.clone())),
            Verdict::Revoked if relation != Relation::Different => Ok(None),
            Verdict::Revoked => Ok(ask(verb::REVOKE)),
            Verdict::Reviewed => {
                another_person()?;
                Ok(ask(verb::REVOKE))
            }
        }
    }

    fn missing(&self, people: &People, judged: &[Judged<'a>]) -> Vec<Missing> {
        let approvals = || {
            let counting = judged.iter().filter(|j| j.standing == Standing::Counts);
            counting.map(|j| j.decision).filter(|d| d.spec.verdict == Verdict::Approved)
        };
        let home = self.request.metadata.namespace.as_ref();
        let mut missing = Vec::new();
        if self.consent == Consent::People {
            let at_home = approvals().filter(|d| d.metadata.namespace.as_ref() == home);
            let voters = voters(people, at_home.map(|d| &d.spec.decided_by));
            self.missing_people(&voters, &mut missing);
        }
        if self.consent != Consent::Nobody {
            for namespace in self.namespaces.iter().filter(|namespace| Some(*namespace) != home) {
                if !approvals().any(|d| d.metadata.namespace.as_ref() == Some(namespace)) {
                    missing.push(Missing::Namespace(namespace.clone()));
                }
            }
        }
        missing
    }

    fn missing_people(&self, voters: &[Vec<&Identity>], missing: &mut Vec<Missing>) {
        let Some(approval) = self.policy.map(|policy| &policy.approval) else {
            missing.push(Missing::Policy);
            return;
        };
        let count = |n: i32| usize::try_from(n).unwrap_or(0).max(1);
        if approval.stages.is_empty() {
            let (need, have) = (count(approval.approvals), voters.len());
            if have < need {
                missing.push(Missing::People { need, have });
            }
            return;
        }
        let mut seats = Seats::default();
        for (stage, at) in approval.stages.iter().zip(0..) {
            let eligible: Vec<usize> = (0..)
                .zip(voters)
                .filter(|(_, names)| {
                    let mut groups = names.iter().flat_map(|name| &name.groups);
                    groups.any(|group| stage.groups.contains(group))
                })
                .map(|(voter, _)| voter)
                .collect();
            for _ in 0..count(stage.approvals) {
                seats.add(at, &eligible);
            }
        }
        for (stage, at) in approval.stages.iter().zip(0..) {
            let (need, have) = (count(stage.approvals), seats.taken(at));
            if have < need {
                missing.push(Missing::Stage { stage: stage.name.clone(), need, have });
            }
        }
    }
}

impl<'a> Tally<'a> {
    /// True when nobody's agreement is missing, and nobody may have refused.
    pub fn agreed(&self) -> bool {
        let stops = |j: &&Judged<'_>| {
            matches!(
                j.decision.spec.verdict,
                Verdict::Denied | Verdict::Withdrawn | Verdict::Revoked
            ) && !matches!(j.standing, Standing::Discarded(_))
        };
        self.missing.is_empty() && self.judged.iter().find(stops).is_none()
    }

    /// The first decision of a verdict that counts.
    pub fn first(&self, verdict: Verdict) -> Option<&'a AccessDecision> {
        self.counting(verdict).next()
    }

    /// The decisions of a verdict that count.
    pub fn counting(&self, verdict: Verdict) -> impl Iterator<Item = &'a AccessDecision> {
        let counting = self.judged.iter().filter(|j| j.standing == Standing::Counts);
        counting.map(|j| j.decision).filter(move |d| d.spec.verdict == verdict)
    }

    /// A right that must be asked for before it is known what a decision comes
    /// to.
    pub fn question(&self) -> Option<&Question> {
        self.judged.iter().find_map(|j| match &j.standing {
            Standing::Asks(question) => Some(question),
            Standing::Counts | Standing::Discarded(_) => None,
        })
    }

    /// When the last of the approvals that count was given.
    pub fn agreed_at(&self) -> Option<Timestamp> {
        self.counting(Verdict::Approved).filter_map(made_at).max()
    }
}

/// When the API server took a decision.
pub(crate) fn made_at(decision: &AccessDecision) -> Option<Timestamp> {
    decision.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// The people behind some user names: names that may be one person's count once.
fn voters<'a>(
    people: &People,
    names: impl Iterator<Item = &'a Identity>,
) -> Vec<Vec<&'a Identity>> {
    let mut voters: Vec<Vec<&Identity>> = Vec::new();
    for name in names {
        let (one, others) = voters
            .into_iter()
            .partition(|voter: &Vec<_>| voter.iter().any(|known| people.may_be_one(known, name)));
        voters = others;
        let mut one: Vec<&Identity> = one.into_iter().flatten().collect();
        one.push(name);
        voters.push(one);
    }
    voters
}

/// Seats of stages, each taken by one voter who sits nowhere else: a matching,
/// grown one seat at a time along augmenting paths.
#[derive(Default)]
struct Seats {
    seats: Vec<Seat>,
}

struct Seat {
    stage: usize,
    eligible: Vec<usize>,
    taken_by: Option<usize>,
}

impl Seats {
    fn add(&mut self, stage: usize, eligible: &[usize]) {
        let seat = self.seats.len();
        self.seats.push(Seat { stage, eligible: eligible.to_vec(), taken_by: None });
        self.seat(seat, &mut BTreeSet::new());
    }

    /// Finds somebody for a seat, moving others where that helps.
    fn seat(&mut self, seat: usize, tried: &mut BTreeSet<usize>) -> bool {
        let Some(eligible) = self.seats.get(seat).map(|seat| seat.eligible.clone()) else {
            return false;
        };
        for voter in eligible {
            if !tried.insert(voter) {
                continue;
            }
            let sits = self.seats.iter().position(|seat| seat.taken_by == Some(voter));
            if sits.is_none_or(|other| self.seat(other, tried)) {
                if let Some(seat) = self.seats.get_mut(seat) {
                    seat.taken_by = Some(voter);
                }
                return true;
            }
        }
        false
    }

    fn taken(&self, stage: usize) -> usize {
        self.seats.iter().filter(|seat| seat.stage == stage && seat.taken_by.is_some()).count()
    }
}
