//! Paths over any number of hops: whoever is on a pod can go on from there.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use fallgate_engine::{Detail, Place, Verdict, WorkloadRef};

use crate::answer::{Answer, Asker, Order, Question, Target};
use crate::context::Context;
use crate::endpoint::{Index, Member};
use crate::port::PortSpec;

/// Which workload can send anything at all to which.
pub(crate) struct Graph {
    /// By source: the destination, and whether it is certain.
    edges: Vec<Vec<(u32, bool)>>,
}

/// How a workload was reached: certainly, possibly or not; and from where.
#[derive(Clone, Copy, Default)]
struct Reached {
    certain: bool,
    possible: bool,
    before: Option<usize>,
}

impl Graph {
    pub(crate) fn new(context: &Context, index: &Index) -> Graph {
        let mut edges = vec![Vec::new(); index.workloads().len()];
        let at = |w: &WorkloadRef| {
            index.workloads().binary_search_by(|known| known.reference.cmp(w)).ok()
        };
        context.snapshot.map(Detail::Workloads, &mut |entry| {
            if let (Place::Workload(from), Place::Workload(to)) = (entry.from, entry.to)
                && let (Some(from), Some(to)) = (at(from), at(to))
                && from != to
                && let Some(list) = edges.get_mut(from)
            {
                let certain = !entry.interval.certain.is_empty();
                list.push((u32::try_from(to).unwrap_or(u32::MAX), certain));
            }
            ControlFlow::Continue(())
        });
        Graph { edges }
    }

    /// Answers a question about paths: from each source to each target there
    /// is one, certainly or possibly, whose last hop is on the port. With the
    /// path that stands for the answer.
    pub(crate) fn ask(
        &self,
        asker: &Asker<'_>,
        question: &Question,
        order: Order,
    ) -> (Answer, Vec<Member>) {
        let several = question.from.len() > 1 || question.to.len() > 1;
        let mut best: Option<(usize, Answer, Vec<Member>)> = None;
        for from in question.from.iter() {
            let reached = self.reach(asker, from);
            for target in question.to.iter() {
                if several && *from == target.member {
                    continue;
                }
                let (answer, path) = last_hop(asker, from, target, &reached);
                let rank = order.iter().position(|v| *v == answer.verdict).unwrap_or(0);
                if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
                    best = Some((rank, answer, path));
                }
                if rank == 0 {
                    break;
                }
            }
            if best.as_ref().is_some_and(|(rank, ..)| *rank == 0) {
                break;
            }
        }
        let (mut answer, path) = match best {
            Some((_, answer, path)) => (answer, path),
            None => (
                Answer {
                    verdict: Verdict::Denied,
                    example: None,
                    reason: Some("there is no path of this kind".to_owned()),
                },
                Vec::new(),
            ),
        };
        if let Some(open) = &question.open {
            answer =
                Answer { verdict: Verdict::Unknown, example: None, reason: Some(open.clone()) };
        }
        (answer, path)
    }

    /// Every workload that can be reached from a member in one or more hops.
    /// Certain paths are found first, so that `before` leads back along one.
    fn reach(&self, asker: &Asker<'_>, from: &Member) -> Vec<Reached> {
        let mut reached = vec![Reached::default(); self.edges.len()];
        let first: Vec<(usize, bool)> = match from {
            Member::Workload(at) => self.next(*at).collect(),
            _ => {
                // Anything that can be sent there at all.
                let any = [Verdict::Allowed, Verdict::Unknown, Verdict::Denied];
                let to = (0..self.edges.len()).filter_map(|at| {
                    let target = Target { member: Member::Workload(at), port: PortSpec::Any };
                    match hop(asker, from, &target, any).verdict {
                        Verdict::Allowed => Some((at, true)),
                        Verdict::Unknown => Some((at, false)),
                        Verdict::Denied => None,
                    }
                });
                to.collect()
            }
        };
        let mut queue = VecDeque::new();
        for (at, _) in first.iter().filter(|(_, certain)| *certain) {
            mark(&mut reached, *at, true, None, &mut queue);
        }
        while let Some(at) = queue.pop_front() {
            for (to, _) in self.next(at).filter(|(_, certain)| *certain) {
                mark(&mut reached, to, true, Some(at), &mut queue);
            }
        }
        queue.extend((0..reached.len()).filter(|at| reached.get(*at).is_some_and(|r| r.certain)));
        for (at, _) in first {
            mark(&mut reached, at, false, None, &mut queue);
        }
        while let Some(at) = queue.pop_front() {
            for (to, _) in self.next(at) {
                mark(&mut reached, to, false, Some(at), &mut queue);
            }
        }
        reached
    }

    fn next(&self, at: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
        self.edges.get(at).into_iter().flatten().map(|(to, certain)| (*to as usize, *certain))
    }
}

fn mark(
    reached: &mut [Reached],
    at: usize,
    certain: bool,
    before: Option<usize>,
    queue: &mut VecDeque<usize>,
) {
    if let Some(slot) = reached.get_mut(at)
        && !slot.possible
    {
        *slot = Reached { certain, possible: true, before };
        queue.push_back(at);
    }
}

/// What one hop allows: any of the target's packets will do.
fn hop(asker: &Asker<'_>, from: &Member, target: &Target, order: Order) -> Answer {
    let question = Question {
        from: vec![from.clone()].into(),
        to: vec![target.clone()].into(),
        service: None,
        open: None,
    };
    asker.ask(&question, order)
}

/// The best path to a target: certain before possible, direct before longer.
fn last_hop(
    asker: &Asker<'_>,
    from: &Member,
    target: &Target,
    reached: &[Reached],
) -> (Answer, Vec<Member>) {
    let any = [Verdict::Allowed, Verdict::Unknown, Verdict::Denied];
    let direct = hop(asker, from, target, any);
    let mut best = (direct, vec![from.clone(), target.member.clone()]);
    if best.0.verdict == Verdict::Allowed {
        return best;
    }
    for (at, how) in reached.iter().enumerate().filter(|(_, how)| how.possible) {
        let via = Member::Workload(at);
        if via == *from || via == target.member {
            continue;
        }
        let mut answer = hop(asker, &via, target, any);
        if answer.verdict == Verdict::Allowed && !how.certain {
            answer.verdict = Verdict::Unknown;
            answer.reason = Some("a hop before the last one is unknown".to_owned());
        }
        let better = matches!(
            (answer.verdict, best.0.verdict),
            (Verdict::Allowed, _) | (Verdict::Unknown, Verdict::Denied)
        );
        if better {
            let mut path = vec![target.member.clone(), via];
            let mut before = how.before;
            while let Some(earlier) = before {
                path.push(Member::Workload(earlier));
                before = reached.get(earlier).and_then(|r| r.before);
            }
            path.push(from.clone());
            path.reverse();
            let done = answer.verdict == Verdict::Allowed;
            best = (answer, path);
            if done {
                break;
            }
        }
    }
    best
}
