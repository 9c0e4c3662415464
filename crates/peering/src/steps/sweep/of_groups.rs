//! The pairs that are left to groups: the sweep counts them and starts a run about them. It starts nothing for one of them.

use crate::context::Context;
use crate::ledger::PairKey;
use crate::ports::{ExecutionState, Executions, LedgerReads, NetworkReads};
use crate::shared::drift::{Finding, examine};
use crate::shared::grouped::Grouped;
use crate::shared::pairs::{PairSnapshot, pair};
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::shared::sweep_statuses::{Statuses, Told};
use crate::steps::sweep::{RefusedPair, Sweep, Swept, told};
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use std::pin::pin;

/// An answer of Lambda holds 6 MB. The report of the groups machine has the counts.
const LISTED: usize = 500;

/// What a sweep finds about these pairs.
pub(super) struct OfGroups<'s> {
    pub(super) swept: &'s mut Swept,
    /// Whether something is left to a run.
    is_due: bool,
    /// Whether one works already: it sets up whatever it finds.
    is_running: bool,
}

impl<'s> OfGroups<'s> {
    pub(super) async fn new<N>(context: Context<'_, N, impl LedgerReads>, swept: &'s mut Swept) -> Self {
        let is_running = match context.ledger.groups_holder().await {
            Ok(None) => false,
            Ok(Some(holder)) => matches!(context.ledger.execution_state(&holder).await, Ok(ExecutionState::Running)),
            Err(error) => {
                swept.unreachable.push(format!("the groups: {error}"));
                false
            }
        };
        Self { swept, is_due: false, is_running }
    }

    /// Something is to be done about a pair, by the next run or by the one that works.
    pub(super) fn leave_to_run(&mut self) {
        self.is_due = true;
        self.swept.waiting += usize::from(self.is_running);
    }

    /// A run has died while it worked on a pair, or still works on it.
    pub(super) fn leave_held_to_run(&mut self) {
        self.is_due = true;
    }

    /// Whether a run is to be started. A large network keeps one busy for hours: each sweep would add one that waits.
    pub(super) fn is_to_start(&self) -> bool {
        self.is_due && !self.is_running
    }

    /// Counts the pairs that groups ask for and that nobody has worked on yet, and those that they refuse. Each is let go once it is
    /// counted: ten thousand VPCs in groups may be half a million pairs.
    pub(super) async fn look(
        &mut self,
        context: Context<'_, impl NetworkReads, impl LedgerReads>,
        snapshot: &Snapshot,
        (known, statuses): (&BTreeSet<PairKey>, &mut Statuses),
        has_time: &impl Fn() -> bool,
    ) {
        let grouped = Grouped::of(snapshot, context.stack);
        let pairs = grouped.pairs().filter(|key| !known.contains(key));
        let pairs = pairs.filter_map(|key| pair(snapshot, context.stack, key));
        let of_groups = pairs.filter(|pair| pair.is_left_to_groups(context.stack));
        let found = stream::iter(of_groups).map(async |pair| {
            let found = if has_time() { Some(examine(context, snapshot, &pair, false).await) } else { None };
            (pair, found)
        });
        let mut found = pin!(found.buffered(AT_ONCE));
        let mut counted = 0;
        while let Some((pair, found)) = found.next().await {
            match found {
                None => self.swept.left += 1,
                Some(Err(error)) => self.swept.fail(&pair, &error),
                Some(Ok(examined)) => {
                    counted += 1;
                    if examined.finding.is_to_start() {
                        self.leave_to_run();
                    }
                    self.swept.count_of_group(&pair, &examined.finding, counted <= LISTED);
                }
            }
            // Their `routes` tags of single peers are about peers.
            if pair.pair.intents().iter().any(|intent| !intent.routes_to.is_empty()) {
                self.tell(&pair, None, statuses);
            }
        }
        let (count, refused) = grouped.refusals(LISTED);
        self.swept.desired += count;
        self.swept.refused.extend(refused.map(|([end, peer], refusal)| RefusedPair {
            vpc_id: end.vpc_id.to_string(),
            peer_vpc_id: peer.vpc_id.to_string(),
            error: refusal.error.to_owned(),
        }));
    }

    /// A pair that is left to groups has no status, unless a `peer` tag asks for it too: runs of groups write their own alone.
    pub(super) fn tell(&self, known: &PairSnapshot, finding: Option<&Finding>, statuses: &mut Statuses) {
        let told = match finding {
            _ if !known.pair.is_requested() => Told::Nothing,
            Some(finding) => told(known, finding),
            None => Told::AsWritten,
        };
        statuses.add(&known.pair, &told);
    }
}

/// Starts a run about all groups.
pub(super) async fn start(executions: &impl Executions, sweep: &Sweep, swept: &mut Swept) {
    let name = format!("sweep-{}", sweep.id);
    match executions.start_groups(&name).await {
        Ok(_) => swept.started.push(name),
        Err(error) => swept.unreachable.push(format!("the groups: {error}")),
    }
}
