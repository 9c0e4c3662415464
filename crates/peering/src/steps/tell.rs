//! Writing the status back to the VPCs. It is a courtesy: where it can't be written, the peering is none the worse, so a
//! refusal ends nothing. The adapter logs it.

use super::pair::{Pair, Seen};
use crate::connection::{End, Record};
use crate::ids::VpcId;
use crate::network::{Network, Tags};
use crate::stack::{Stack, is_excluded};
use crate::status_tag::{News, invalid_key, key};
use futures_util::future::join_all;
use futures_util::join;
use std::collections::BTreeSet;

/// Tells the news of a connection on these of its ends.
pub(super) async fn tell(network: &impl Network, prefix: &str, ends: &[End], record: &Record, news: &News, time: &str) {
    join_all(ends.iter().map(async |end| {
        let tags = Tags::from([(key(prefix, &record.other(end).vpc_id), news.value(time))]);
        let _logged = network.tag_vpc(end, &tags).await;
    }))
    .await;
}

/// Tells the news of a pair on both ends.
pub(super) async fn tell_both(network: &impl Network, prefix: &str, pair: &Pair, news: &News, time: &str) {
    let [side, peer] = &pair.sides;
    join!(
        tell_one(network, prefix, side, &peer.end.vpc_id, news, time),
        tell_one(network, prefix, peer, &side.end.vpc_id, news, time),
    );
}

/// Takes the status of a pair off both ends.
pub(super) async fn hush(network: &impl Network, prefix: &str, pair: &Pair) {
    let [side, peer] = &pair.sides;
    join!(hush_one(network, prefix, side, &peer.end.vpc_id), hush_one(network, prefix, peer, &side.end.vpc_id),);
}

/// Tells it on one end, unless it says so already.
pub(super) async fn tell_one(network: &impl Network, prefix: &str, side: &Seen, peer: &VpcId, news: &News, time: &str) {
    write(network, side, key(prefix, peer), news, time).await;
}

/// Tells on a VPC which parts of its tags can't be understood; takes that off again where all can.
pub(super) async fn tell_invalid(network: &impl Network, stack: &Stack, side: &Seen, time: &str) {
    let key = invalid_key(&stack.tag_prefix);
    let mut keys: Vec<&str> = side.intent.refused.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    let of_key = |wanted: &str| {
        let of_it = side.intent.refused.iter().filter(|(key, _)| key == wanted);
        let whys: Vec<&str> = of_it.map(|(_, malformed)| malformed.0.as_str()).collect();
        format!("{wanted}: {}", whys.join("; "))
    };
    let reasons: Vec<String> = keys.into_iter().map(of_key).collect();
    if !reasons.is_empty() {
        write(network, side, key, &News::Invalid { reason: reasons.join("; ") }, time).await;
    } else if side.tags.contains_key(&key) {
        let _logged = network.untag_vpc(&side.end, &BTreeSet::from([key])).await;
    }
}

/// Not on a VPC that its owner keeps out of reach.
async fn write(network: &impl Network, side: &Seen, key: String, news: &News, time: &str) {
    if side.is_gone || is_excluded(&side.tags) || side.tags.get(&key).is_some_and(|value| news.is_told_by(value)) {
        return;
    }
    let _logged = network.tag_vpc(&side.end, &Tags::from([(key, news.value(time))])).await;
}

async fn hush_one(network: &impl Network, prefix: &str, side: &Seen, peer: &VpcId) {
    let key = key(prefix, peer);
    if side.tags.contains_key(&key) {
        let _logged = network.untag_vpc(&side.end, &BTreeSet::from([key])).await;
    }
}
