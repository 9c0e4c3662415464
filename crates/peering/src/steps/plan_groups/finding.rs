//! Looking at all pairs of a run, and what comes out of it.

use super::View;
use super::looking::{Call, Looked, look};
use super::next::{ForLanes, Next};
use super::run::{Run, Settlement};
use crate::context::Context;
use crate::groups::{CallCounts, Effort, GroupPlan};
use crate::ledger::{LedgerItem, PairKey};
use crate::ports::NetworkReads;
use crate::shared::drift::Finding;
use crate::shared::pairs::{PairSnapshot, pair};
use crate::shared::snapshot::AT_ONCE;
use crate::stack::Stack;
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
pub(super) struct Found {
    /// About the pairs that have a place, by the numbers of their members.
    pub(super) admitted: BTreeMap<(usize, usize), Looked>,
    /// About those that have none, and that groups asked for before, or a run works on.
    pub(super) others: Vec<(PairKey, Looked)>,
    /// What is to be done.
    pub(super) todo: Todo,
    /// The calls that set up what is missing.
    counts: CallCounts,
}

/// What is to be done.
#[derive(Default)]
pub(super) struct Todo {
    /// By lanes; more than a round has room for, perhaps.
    pub(super) lanes: Vec<ForLanes>,
    /// How many there are, those that aren't kept included.
    pub(super) for_lanes: usize,
    /// What is recorded about pairs that are then given back.
    pub(super) settle: Vec<(PairSnapshot, Settlement)>,
    /// What tags took away and ask for again.
    pub(super) returned: Vec<LedgerItem>,
    /// What may be taken away once the brake and the delay let it.
    pub(super) withdraw: Vec<(PairSnapshot, Finding)>,
}

/// So many pairs that lanes have to work on are kept in memory.
const KEPT: usize = 10_000;

impl Todo {
    pub(super) fn add(&mut self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Lanes(work) => {
                self.for_lanes += 1;
                if self.lanes.len() < KEPT {
                    self.lanes.push(*work);
                }
            }
            Next::Settle(settlement) => self.settle.push(*settlement),
            Next::Withdraw(withdrawal) => self.withdraw.push(*withdrawal),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.settle.is_empty()
    }
}

impl Found {
    /// Of half a million pairs no more is kept than how each stands.
    fn take_over(&mut self, looked: &mut Looked) {
        std::mem::take(&mut looked.calls).iter().for_each(|call| call.add_to(&mut self.counts));
        self.todo.add(std::mem::replace(&mut looked.next, Next::Nothing));
        self.todo.returned.extend(looked.returned.take().map(|item| *item));
    }

    fn all(&self) -> impl Iterator<Item = &Looked> {
        self.admitted.values().chain(self.others.iter().map(|(_, looked)| looked))
    }

    /// What it costs to set up what is missing, and more.
    pub(super) fn effort(&self, more: &[Call]) -> Effort {
        let mut counts = self.counts.clone();
        more.iter().for_each(|call| call.add_to(&mut counts));
        counts.effort()
    }

    /// How much is left to the lanes: calls, and pairs.
    pub(super) fn left(&self, more: &[Call]) -> usize {
        let calls: usize = self.effort(more).calls.values().sum();
        calls + self.todo.for_lanes + self.todo.settle.len()
    }

    /// Why nothing is known of some.
    pub(super) fn failures(&self) -> impl Iterator<Item = &String> {
        self.all().filter_map(|looked| looked.failure.as_ref())
    }
}

/// Looks at every pair that the run is about, those of the smallest groups first: a large one takes many rounds.
pub(super) async fn find<L>(
    context: Context<'_, impl NetworkReads, L>,
    view: View<'_>,
    run: &Run<'_>,
    has_time: &impl Fn() -> bool,
) -> Found {
    let View { snapshot, grouped, input } = view;
    let stack = context.stack;
    let mut groups: Vec<&GroupPlan> =
        grouped.plan.groups.iter().filter(|(name, _)| input.is_about(name)).map(|(_, group)| group).collect();
    groups.sort_by_key(|group| group.rule);
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    let chosen: Vec<(usize, usize)> =
        groups.into_iter().flat_map(|group| &group.pairs).filter(|pair| seen.insert(**pair)).copied().collect();
    drop(seen);
    let mut found =
        Found { admitted: BTreeMap::new(), others: Vec::new(), todo: Todo::default(), counts: CallCounts::default() };
    let others = others(view, stack, &chosen);
    let looking = stream::iter(chosen).map(async |numbers| {
        let known = pair(snapshot, stack, PairKey::of(grouped.ends(numbers)));
        (numbers, look(context, snapshot, run, (known, true), has_time).await)
    });
    let mut looking = std::pin::pin!(looking.buffered(AT_ONCE));
    while let Some((numbers, mut looked)) = looking.next().await {
        found.take_over(&mut looked);
        found.admitted.insert(numbers, looked);
    }
    for key in others {
        let known = pair(snapshot, stack, key.clone());
        let mut looked = look(context, snapshot, run, (known, false), has_time).await;
        found.take_over(&mut looked);
        found.others.push((key, looked));
    }
    found
}

/// The other pairs that are the groups machine's.
fn others(View { snapshot, grouped, input }: View<'_>, stack: &Stack, chosen: &[(usize, usize)]) -> Vec<PairKey> {
    let is_asked = |item: &LedgerItem| {
        let asked_by = item.asked_by.as_ref();
        asked_by
            .is_none_or(|asked_by| asked_by.groups.iter().any(|name| input.is_about(name)) || input.groups.is_empty())
    };
    let is_ours = |item: &&LedgerItem| {
        let known = pair(snapshot, stack, item.pair.clone());
        is_asked(item) && known.is_some_and(|known| known.is_left_to_groups(stack))
    };
    let recorded = snapshot.items().filter(|item| item.connection.is_some() || item.holder.is_some()).filter(is_ours);
    let chosen: BTreeSet<PairKey> = chosen.iter().map(|pair| PairKey::of(grouped.ends(*pair))).collect();
    recorded.map(|item| item.pair.clone()).filter(|pair| !chosen.contains(pair)).collect()
}
