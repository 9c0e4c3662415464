//! Writing status tags to VPCs. That is best effort: the peering doesn't depend on it, so a failed call ends nothing. The
//! adapter logs it.

use crate::connection::End;
use crate::context::Context;
use crate::ids::VpcId;
use crate::ports::NetworkWrites;
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::status::PeeringStatus;
use crate::tags::{Tags, invalid_status_key, is_excluded, status_key};
use futures_util::future::join_all;
use futures_util::join;
use std::collections::BTreeSet;

/// Writes the status to each of these VPCs, under the peer beside it.
pub(crate) async fn write_statuses<L>(
    context: Context<'_, impl NetworkWrites, L>,
    ends: Vec<(&End, &VpcId)>,
    status: &PeeringStatus,
    time: &str,
) {
    let Context { network, stack, .. } = context;
    let write = ends.into_iter().map(async |(end, peer)| {
        let tags = Tags::from([(status_key(&stack.tag_prefix, peer), status.value(time))]);
        let _logged = network.tag_vpc(end, &tags).await;
    });
    join_all(write).await;
}

/// Writes the status of a pair to both ends, where it isn't written yet.
pub(crate) async fn write_status<L>(
    context: Context<'_, impl NetworkWrites, L>,
    pair: &Pair,
    status: &PeeringStatus,
    time: &str,
) {
    let [side, peer] = &pair.sides;
    join!(
        write_status_at(context, side, &peer.end().vpc_id, status, time),
        write_status_at(context, peer, &side.end().vpc_id, status, time),
    );
}

/// Removes the status of a pair from both ends.
pub(crate) async fn clear_status<L>(context: Context<'_, impl NetworkWrites, L>, pair: &Pair) {
    let [side, peer] = &pair.sides;
    join!(
        remove(context, side, status_key(&context.stack.tag_prefix, &peer.end().vpc_id)),
        remove(context, peer, status_key(&context.stack.tag_prefix, &side.end().vpc_id)),
    );
}

/// Writes the status of a pair to one end, where it isn't written yet.
pub(crate) async fn write_status_at<L>(
    context: Context<'_, impl NetworkWrites, L>,
    side: &VpcTags,
    peer: &VpcId,
    status: &PeeringStatus,
    time: &str,
) {
    write(context, side, status_key(&context.stack.tag_prefix, peer), status, time).await;
}

/// Writes to a VPC which words of its tags are invalid; removes that status where none are.
pub(crate) async fn write_invalid_status<L>(context: Context<'_, impl NetworkWrites, L>, side: &VpcTags, time: &str) {
    let status_key = invalid_status_key(&context.stack.tag_prefix);
    let mut keys: Vec<&str> = side.intent.invalid.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    let reason_of = |key: &str| {
        let of_key = side.intent.invalid.iter().filter(|(invalid, _)| invalid == key);
        let reasons: Vec<&str> = of_key.map(|(_, malformed)| malformed.0.as_str()).collect();
        format!("{key}: {}", reasons.join("; "))
    };
    let reasons: Vec<String> = keys.into_iter().map(reason_of).collect();
    match reasons.is_empty() {
        true => remove(context, side, status_key).await,
        false => {
            let status = PeeringStatus::Invalid { reason: reasons.join("; ") };
            write(context, side, status_key, &status, time).await;
        }
    }
}

/// An excluded VPC gets no status.
async fn write<L>(
    context: Context<'_, impl NetworkWrites, L>,
    side: &VpcTags,
    key: String,
    status: &PeeringStatus,
    time: &str,
) {
    let is_written = side.tags.get(&key).is_some_and(|value| status.is_written_in(value));
    if side.lookup == Lookup::NotFound || is_excluded(&side.tags) || is_written {
        return;
    }
    let _logged = context.network.tag_vpc(side.end(), &Tags::from([(key, status.value(time))])).await;
}

async fn remove<L>(context: Context<'_, impl NetworkWrites, L>, side: &VpcTags, key: String) {
    if side.tags.contains_key(&key) {
        let _logged = context.network.untag_vpc(side.end(), &BTreeSet::from([key])).await;
    }
}
