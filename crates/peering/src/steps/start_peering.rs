//! `start-peering`: something changed about a VPC, so start what its peerings need now.
//!
//! The event is only a hint that may be late, repeated or forged: what is requested is read from EC2, on both ends of each
//! pair that the change may concern.

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcId;
use crate::ledger::{LedgerItem, PairKey, Withdrawal, Withdrawn};
use crate::ports::{Executions, Ledger, LedgerReads, Network, NetworkWrites};
use crate::request::{Moment, TeardownInput};
use crate::shared::brake::{forget_withdrawal, withdraw, withdrawal_due, withdrawer};
use crate::shared::candidates::{candidates, misplaced, routes_to_strangers};
use crate::shared::decision::{Decision, is_of_groups};
use crate::shared::lookups::reject_unknown_regions;
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::shared::status_tags::{clear_status, clear_unasked_statuses, write_invalid_status, write_status};
use crate::shared::tag_requests::{
    input, invalid_routes, name_by_tags, name_of_minute, narrowing_input, side_with_invalid_routes,
};
use crate::status::PeeringStatus;
use serde::Serialize;
use std::collections::BTreeSet;

/// A hint that something changed about a VPC.
#[derive(Debug, Clone)]
pub struct StartTask {
    /// The VPC.
    pub end: End,
    /// What changed.
    pub change: VpcChange,
    /// Identifies the event, so that a repeated one starts nothing new.
    pub event_id: String,
    /// When it happened, as ISO 8601.
    pub time: String,
}

/// What changed about a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VpcChange {
    /// Its tags.
    Tags {
        /// Whether `accept` is among them.
        accept: bool,
        /// Whether `group` is among them.
        group: bool,
    },
    /// Its peering with this end was set up, while its tags may have changed.
    SetUp(End),
    /// Its peering with this end was torn down, at least in part, while its tags may have changed.
    TornDown(End),
}

/// What was started.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Started {
    /// The names of the executions of the peering machine.
    pub executions: Vec<String>,
    /// The names of those of the groups machine.
    pub groups: Vec<String>,
    /// The names of those of the teardown machine.
    pub teardowns: Vec<String>,
    /// The VPCs and words of tags that nothing is started for.
    pub invalid: Vec<String>,
}

/// Starts one execution for each pair that needs one.
pub async fn start_peering(
    context: Context<'_, impl Network, impl Ledger>,
    executions: &impl Executions,
    task: StartTask,
) -> Result<Started, Error> {
    let Context { network, stack, .. } = context;
    let (side, peer) = match &task.change {
        VpcChange::SetUp(peer) | VpcChange::TornDown(peer) => {
            let [side, peer] = VpcTags::read_both(context, [&task.end, peer]).await;
            (side, Some(peer))
        }
        VpcChange::Tags { .. } => (VpcTags::read(context, &task.end).await, None),
    };
    let mut side = side?;
    if side.lookup != Lookup::Found {
        // Another delivery of the event would find the same.
        let invalid = vec![format!("{}: VPC not found, or access denied", task.end)];
        return Ok(Started { invalid, ..Started::default() });
    }
    reject_unknown_regions(network, stack, &mut [&mut side]).await?;
    let connections = match &task.change {
        VpcChange::SetUp(peer) | VpcChange::TornDown(peer) if !stack.is_external(&peer.owner_id) => Vec::new(),
        _ => network.connections_of(side.end()).await?,
    };
    let mut started = Started { invalid: invalid_words(&side), ..Started::default() };
    let sides = match (peer, &task.change) {
        (None, VpcChange::Tags { accept, .. }) => {
            VpcTags::read_all(context, &candidates(context, &side, &connections, *accept).await?).await
        }
        (peer, _) => peer.into_iter().collect(),
    };
    let found: Vec<&VpcTags> = sides.iter().flatten().collect();
    let reason = |peer: &VpcTags| misplaced(&stack.tag_prefix, &side, peer, &found);
    let is_peer = |id: &VpcId| found.iter().any(|peer| peer.end().vpc_id == *id);
    // Of a member of groups, the sweep alone knows who its peers are: what it told stays.
    let is_member = !side.intent.groups.is_empty();
    let strangers = if is_member { Vec::new() } else { routes_to_strangers(stack, &side, is_peer) };
    let reasons: Vec<String> = found.iter().filter_map(|peer| reason(peer)).chain(strangers).collect();
    clear_unasked_statuses(context, &side).await;
    let is_for_the_sweep =
        is_member && !side.intent.routes_to.is_empty() && reasons.is_empty() && side.intent.invalid.is_empty();
    if matches!(task.change, VpcChange::Tags { .. }) && !is_for_the_sweep {
        write_invalid_status(context, &side, &reasons, &task.time).await;
    }
    let mut first_failure = None;
    let mut decided = Vec::new();
    for peer in found.iter().filter(|peer| reason(peer).is_none()) {
        let pair = Pair::of([side.clone(), (*peer).clone()]).with_requests(stack, &connections);
        // A failure with one peer doesn't affect the others; EventBridge then delivers the event again.
        match Decided::of(context, &task, pair).await {
            Ok(pair) => decided.push(pair),
            Err(error) => first_failure = first_failure.or(Some(error)),
        }
    }
    let mut minutes: BTreeSet<i64> = decided.iter().filter_map(|decided| decided.due_by_groups(context)).collect();
    // All that is withdrawn is recorded before the first of it is carried out: the brake counts it.
    for decided in decided {
        let result = started.start(context, executions, &task, &decided).await;
        first_failure = first_failure.or(result.err());
    }
    if matches!(task.change, VpcChange::Tags { group, .. } if group || is_member) {
        minutes.insert(end_of_minute(context.now));
    }
    for minute in minutes {
        started.groups.push(start_groups(executions, minute).await?);
    }
    let unread = sides.into_iter().find_map(Result::err);
    first_failure.or(unread).map_or(Ok(started), Err)
}

/// A pair, and what is to be done about it.
struct Decided {
    pair: Pair,
    item: Option<LedgerItem>,
    decision: Decision,
    /// Where its teardown is to be started: what tags take away, unless a VPC is gone.
    withdrawal: Option<Withdrawal>,
}

impl Decided {
    async fn of<N>(context: Context<'_, N, impl Ledger>, task: &StartTask, pair: Pair) -> Result<Self, Error> {
        let key = PairKey::of(pair.ends());
        let item = context.ledger.item(&key).await?;
        let decision = Decision::of(&pair, item.as_ref(), context.stack);
        let is_to_start = decision == Decision::TearDown && !matches!(task.change, VpcChange::TornDown(_));
        let by = item.as_ref().filter(|_| is_to_start).and_then(|item| withdrawer(&pair, item, context.stack));
        let withdrawal = match by {
            Some(by) => withdraw(context, &key, &by, Withdrawn::Pair).await?,
            None => None,
        };
        // Before a set-up, which may fail: a tag that goes again later begins the delay anew.
        let is_of_pair =
            |item: &&LedgerItem| item.open_withdrawal().is_some_and(|(_, open)| open.of == Withdrawn::Pair);
        if let (Decision::SetUp, Some(item)) = (decision, item.as_ref().filter(is_of_pair)) {
            forget_withdrawal(context, item).await;
        }
        Ok(Self { pair, item, decision, withdrawal })
    }

    /// The end of the minute in which `TeardownDelay` is over for a pair of groups, unless a run can't wait for so long.
    fn due_by_groups<N, L>(&self, context: Context<'_, N, L>) -> Option<i64> {
        let Moment(due) = withdrawal_due(Some(self.withdrawal?), context)?;
        let can_wait = due - context.now <= LONGEST_WAIT;
        (can_wait && is_of_groups(&self.pair, self.item.as_ref(), context.stack)).then_some(end_of_minute(due))
    }
}

impl Started {
    async fn start(
        &mut self,
        context: Context<'_, impl NetworkWrites, impl LedgerReads>,
        executions: &impl Executions,
        task: &StartTask,
        Decided { pair, item, decision, withdrawal }: &Decided,
    ) -> Result<(), Error> {
        let [side, peer] = pair.sides();
        self.invalid.extend(invalid_words(peer));
        if is_of_groups(pair, item.as_ref(), context.stack) {
            return Ok(());
        }
        let name = name_by_tags(pair, &task.event_id);
        let is_established = item.as_ref().is_some_and(LedgerItem::is_established);
        let again = item.as_ref().is_some_and(|item| item.again == Some(true));
        match (decision, &task.change) {
            (Decision::SetUp, VpcChange::SetUp(_)) if !again => {}
            (Decision::TearDown | Decision::Narrow, VpcChange::TornDown(_)) | (Decision::Keep, _) => {}
            (Decision::Narrow, _) => {
                if let Some(item) = &item {
                    executions.start_peering(&name, &narrowing_input(item)).await?;
                    self.executions.push(name);
                }
            }
            (Decision::SetUp, _) => match side_with_invalid_routes(pair).filter(|_| !is_established) {
                Some(invalid) => {
                    let status = PeeringStatus::failed(&invalid_routes(invalid, context.stack));
                    write_status(context, pair, &status, &task.time).await;
                }
                None => {
                    executions.start_peering(&name, &input(pair)).await?;
                    self.executions.push(name);
                }
            },
            (Decision::TearDown, _) => {
                let due = withdrawal_due(*withdrawal, context);
                executions.start_teardown(&name, &TeardownInput::by_tags(side.end(), peer.end(), due)).await?;
                self.teardowns.push(name);
            }
            (Decision::ClearStatus, _) => clear_status(context, pair).await,
        }
        Ok(())
    }
}

fn invalid_words(side: &VpcTags) -> Vec<String> {
    let vpc_id = &side.end().vpc_id;
    side.intent.invalid.iter().map(|(key, malformed)| format!("{vpc_id}: {key}: {malformed}")).collect()
}

fn end_of_minute(seconds: i64) -> i64 {
    seconds / 60 + 1
}

/// Starts the run of the groups machine for everything that changes in a minute: it waits until the minute ends, and its name says
/// so, so that all these changes start one. One that is closed has read before this change; then it is the next minute's.
async fn start_groups(executions: &impl Executions, end: i64) -> Result<String, Error> {
    for minute in end..end + MINUTES {
        let name = name_of_minute(minute);
        if executions.start_groups(&name).await? {
            return Ok(name);
        }
    }
    let (action, code) = ("states:StartExecution".into(), "ExecutionAlreadyExists".into());
    Err(Error::ServiceFault { action, code })
}

/// The clocks of Lambda and of Step Functions differ by less.
const MINUTES: i64 = 10;
/// The groups machine ends after twelve hours, of which a run works in what is left. What is due later is left to the sweep.
const LONGEST_WAIT: i64 = 6 * 60 * 60;
