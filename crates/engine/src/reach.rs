//! Which namespaces' policies can concern which others: what lets a change be
//! compared without looking at every pod of the cluster.

use std::sync::Arc;

use fallgate_model::{Action, Direction, Opacity};
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use crate::compiled::{CompiledPeer, CompiledRule, Namespaces};
use crate::intern::CompiledSelector;
use crate::state::{NsId, Shard};
use crate::tri::Tri;

/// For each direction, the namespaces that may have traffic with another one
/// as far as their own policies of that direction go. Never too few: what is
/// not listed is certainly denied by that side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    ingress: Arc<Side>,
    egress: Arc<Side>,
}

#[derive(Clone, Debug, Default)]
struct Side {
    /// Namespaces with a pod whose traffic is open to more than a list of
    /// namespace selectors.
    open: RoaringBitmap,
    /// By namespace selector: the namespaces whose rules use it.
    users: FxHashMap<u32, (Arc<CompiledSelector>, RoaringBitmap)>,
}

/// What a namespace contributes to the index, by direction; kept with the
/// namespace, to take it back.
pub(crate) type Summaries = [Summary; 2];

/// What one namespace's policies allow in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    open: bool,
    /// By selector id, each once.
    selectors: Vec<Arc<CompiledSelector>>,
}

impl PartialEq for Summary {
    fn eq(&self, other: &Summary) -> bool {
        self.open == other.open
            && self.selectors.iter().map(|s| s.id).eq(other.selectors.iter().map(|s| s.id))
    }
}

impl Reach {
    fn side(&self, direction: Direction) -> &Arc<Side> {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// The namespaces that may have traffic with pods of `ns`, as far as their
    /// own side in `direction` goes.
    pub(crate) fn candidates(
        &self,
        direction: Direction,
        ns: NsId,
        shard: &Shard,
    ) -> RoaringBitmap {
        let side = self.side(direction);
        let mut found = side.open.clone();
        found.insert(ns.0);
        // The union does not depend on the order in which the selectors come.
        #[expect(clippy::iter_over_hash_type, reason = "a union is the same in any order")]
        for (selector, users) in side.users.values() {
            if selector.matches(&shard.labels) != Tri::No {
                found |= users;
            }
        }
        found
    }

    /// Brings the index up to date with a namespace, of which `last` is what it
    /// contributed so far; returns what it contributes now, where that differs.
    pub(crate) fn update(&mut self, ns: NsId, shard: &Shard) -> Option<Summaries> {
        let now = Direction::ALL.map(|direction| summarise(shard, direction));
        if now == shard.summaries {
            return None;
        }
        for ((direction, last), now) in Direction::ALL.into_iter().zip(&shard.summaries).zip(&now) {
            if last == now {
                continue;
            }
            let side = Arc::make_mut(match direction {
                Direction::Ingress => &mut self.ingress,
                Direction::Egress => &mut self.egress,
            });
            for selector in &last.selectors {
                if let Some((_, users)) = side.users.get_mut(&selector.id) {
                    users.remove(ns.0);
                    if users.is_empty() {
                        side.users.remove(&selector.id);
                    }
                }
            }
            if now.open {
                side.open.insert(ns.0);
            } else {
                side.open.remove(ns.0);
            }
            for selector in &now.selectors {
                let entry = side.users.entry(selector.id);
                entry.or_insert_with(|| (selector.clone(), RoaringBitmap::new())).1.insert(ns.0);
            }
        }
        Some(now)
    }
}

fn summarise(shard: &Shard, direction: Direction) -> Summary {
    let mut summary = Summary::default();
    for (_, endpoint) in shard.live() {
        let row = shard.row(endpoint);
        summary.open |= row.host
            || row.isolated(direction) != Tri::Yes
            || row.opacity(direction) == Some(Opacity::Anything)
            // An Accept of the Admin tier reaches past isolation.
            || row.admin.iter().any(|(policy, _)| {
                policy.rules(direction).iter().any(|rule| rule.action == Action::Accept)
            });
        if summary.open {
            return summary;
        }
    }
    for policy in shard.policies.values() {
        for rule in policy.rules(direction).unwrap_or_default() {
            if !add_peers(rule, &mut summary.selectors) {
                summary.open = true;
                summary.selectors.clear();
                return summary;
            }
        }
    }
    summary.selectors.sort_by_key(|s| s.id);
    summary.selectors.dedup_by_key(|s| s.id);
    summary
}

/// Adds a rule's namespace selectors; false when the rule reaches pods in
/// another way.
fn add_peers(rule: &CompiledRule, selectors: &mut Vec<Arc<CompiledSelector>>) -> bool {
    let Some(peers) = &rule.peers else { return false };
    for peer in peers {
        match peer {
            CompiledPeer::Pods(peer) => match &peer.namespaces {
                Namespaces::Own(_) => {}
                Namespaces::Selector(selector) => selectors.push(selector.clone()),
            },
            // Addresses and nodes say nothing about namespaces.
            CompiledPeer::Block(_) | CompiledPeer::Network(_) | CompiledPeer::Nodes(_) => {
                return false;
            }
            CompiledPeer::DomainNames => {}
        }
    }
    true
}
