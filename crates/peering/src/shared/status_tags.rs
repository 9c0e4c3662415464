//! Writing status tags to VPCs. That is best effort: the peering doesn't depend on it, so a failed call ends nothing. The
//! adapter logs it.
//!
//! A VPC gets a status of a peer that its own tags ask for or accept, as long as it has room: its owner keeps the last ten
//! of its fifty tags, and at most twenty are ours.

use crate::connection::End;
use crate::context::Context;
use crate::ids::VpcId;
use crate::ports::NetworkWrites;
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::stack::{Mode, Stack};
use crate::status::PeeringStatus;
use crate::tags::{
    TAGS_PER_RESOURCE, Tags, invalid_status_key, is_excluded, peers_with_status, status_key, status_key_start,
};
use futures_util::future::join_all;
use futures_util::join;
use std::collections::BTreeSet;

/// So many status tags a VPC has at most.
const STATUSES: usize = 20;
/// So many tags a VPC has left for its owner.
const LEFT_FOR_THE_OWNER: usize = 10;

/// Whether a VPC gets statuses of that peer at all.
pub(crate) fn gets_status(side: &VpcTags, peer: &End) -> bool {
    side.lookup == Lookup::Found && !is_excluded(&side.tags) && side.intent.mentions(peer)
}

/// How many status tags a VPC may have. AWS's own tags don't count.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
fn room_for_statuses(tags: &Tags, prefix: &str) -> usize {
    let start = status_key_start(prefix);
    let others = tags.keys().filter(|key| !key.starts_with("aws:") && !key.starts_with(&start)).count();
    STATUSES.min((TAGS_PER_RESOURCE - LEFT_FOR_THE_OWNER).saturating_sub(others))
}

/// Of these statuses as many as the VPC has room for, beside so many others: failures first, then by their keys.
pub(crate) fn trimmed(stack: &Stack, side: &VpcTags, statuses: Tags, others: usize) -> Tags {
    let mut values: Vec<(String, String)> = statuses.into_iter().collect();
    values.sort_by_key(|(_, value)| !PeeringStatus::is_failure(value));
    values.truncate(room_for_statuses(&side.tags, &stack.tag_prefix).saturating_sub(others));
    values.into_iter().collect()
}

/// The value of the VPC's status tag for that peer, empty where it has none yet; `None` where it gets none.
pub(crate) fn written_status<'t>(stack: &Stack, side: &'t VpcTags, peer: &End) -> Option<&'t str> {
    let key = status_key(&stack.tag_prefix, &peer.vpc_id);
    let written = side.tags.get(&key).map_or("", String::as_str);
    (gets_status(side, peer) && has_room(stack, side, &key)).then_some(written)
}

fn has_room(stack: &Stack, side: &VpcTags, key: &str) -> bool {
    let count = written_statuses(stack, side).count();
    side.tags.contains_key(key) || count < room_for_statuses(&side.tags, &stack.tag_prefix)
}

fn written_statuses<'t>(stack: &Stack, side: &'t VpcTags) -> impl Iterator<Item = (&'t String, &'t String)> {
    let start = status_key_start(&stack.tag_prefix);
    side.tags.iter().filter(move |(key, _)| key.starts_with(&start))
}

/// What of `told` the VPC has room for, and which of its statuses have to go for that, besides those that are stale.
pub(crate) fn make_room(
    stack: &Stack,
    side: &VpcTags,
    told: Tags,
    mut stale: BTreeSet<String>,
) -> (Tags, BTreeSet<String>) {
    if told.is_empty() {
        return (told, stale);
    }
    let invalid = invalid_status_key(&stack.tag_prefix);
    let written = written_statuses(stack, side).filter(|(key, _)| **key != invalid && !stale.contains(*key));
    let mut statuses: Tags = written.map(|(key, value)| (key.clone(), value.clone())).collect();
    let before: BTreeSet<String> = statuses.keys().cloned().collect();
    statuses.extend(told.clone());
    let kept = trimmed(stack, side, statuses, usize::from(side.tags.contains_key(&invalid)));
    stale.extend(before.into_iter().filter(|key| !kept.contains_key(key)));
    (told.into_iter().filter(|(key, _)| kept.contains_key(key)).collect(), stale)
}

/// Writes the status to each of these VPCs, under the peer beside it.
pub(crate) async fn write_statuses<L>(
    context: Context<'_, impl NetworkWrites, L>,
    ends: Vec<(&End, &VpcId)>,
    status: &PeeringStatus,
    time: &str,
) {
    let Context { network, stack, .. } = context;
    if stack.mode == Mode::Report {
        return;
    }
    let write = ends.into_iter().map(async |(end, peer)| {
        let tags = Tags::from([(status_key(&stack.tag_prefix, peer), status.value(time))]);
        let _logged = network.tag_vpc(end, &tags).await;
    });
    join_all(write).await;
}

/// Writes the status of a pair to both ends, as far as they get one and it isn't written yet.
pub(crate) async fn write_status<L>(
    context: Context<'_, impl NetworkWrites, L>,
    pair: &Pair,
    status: &PeeringStatus,
    time: &str,
) {
    let [side, peer] = pair.sides();
    let is_due = |(side, peer): &(&VpcTags, &VpcTags)| {
        written_status(context.stack, side, peer.end()).is_some_and(|written| !status.is_written_in(written))
    };
    let due = [(side, peer), (peer, side)].into_iter().filter(is_due);
    write_statuses(context, due.map(|(side, peer)| (side.end(), &peer.end().vpc_id)).collect(), status, time).await;
}

/// Removes the status of a pair from both ends.
pub(crate) async fn clear_status<L>(context: Context<'_, impl NetworkWrites, L>, pair: &Pair) {
    let [side, peer] = pair.sides();
    let key = |other: &VpcTags| [status_key(&context.stack.tag_prefix, &other.end().vpc_id)].into();
    join!(remove(context, side, key(peer)), remove(context, peer, key(side)));
}

/// Removes the statuses of peers that the VPC's tags no longer ask for or accept.
pub(crate) async fn clear_unasked_statuses<L>(context: Context<'_, impl NetworkWrites, L>, side: &VpcTags) {
    let prefix = &context.stack.tag_prefix;
    let unasked = peers_with_status(&side.tags, prefix).filter(|id| !side.intent.may_mention(id));
    remove(context, side, unasked.map(|id| status_key(prefix, &id)).collect()).await;
}

/// Writes to a VPC which words of its tags are invalid, or name a VPC that doesn't exist beside one that does; removes that
/// status where there are none.
pub(crate) async fn write_invalid_status<L>(
    context: Context<'_, impl NetworkWrites, L>,
    side: &VpcTags,
    also: &[String],
    time: &str,
) {
    let status_key = invalid_status_key(&context.stack.tag_prefix);
    let mut keys: Vec<&str> = side.intent.invalid.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    let reason_of = |key: &str| {
        let of_key = side.intent.invalid.iter().filter(|(invalid, _)| invalid == key);
        let reasons: Vec<&str> = of_key.map(|(_, malformed)| malformed.0.as_str()).collect();
        format!("{key}: {}", reasons.join("; "))
    };
    let reasons: Vec<String> = keys.into_iter().map(reason_of).chain(also.iter().cloned()).collect();
    if reasons.is_empty() || is_excluded(&side.tags) {
        return remove(context, side, [status_key].into()).await;
    }
    let status = PeeringStatus::Invalid { reason: reasons.join("; ") };
    let is_written = side.tags.get(&status_key).is_some_and(|value| status.is_written_in(value));
    if !is_written && context.stack.mode == Mode::Apply && has_room(context.stack, side, &status_key) {
        let _logged = context.network.tag_vpc(side.end(), &Tags::from([(status_key, status.value(time))])).await;
    }
}

/// Removes those of the tags that the VPC has. One that is excluded keeps them: nobody may touch it.
pub(crate) async fn remove<L>(context: Context<'_, impl NetworkWrites, L>, side: &VpcTags, keys: BTreeSet<String>) {
    let present: BTreeSet<String> = keys.into_iter().filter(|key| side.tags.contains_key(key)).collect();
    if !present.is_empty() && !is_excluded(&side.tags) && context.stack.mode == Mode::Apply {
        let _logged = context.network.untag_vpc(side.end(), &present).await;
    }
}
