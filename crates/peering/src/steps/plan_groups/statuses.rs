//! The status of each group on its members: how many of a member's pairs are active, and what is refused.

use super::View;
use super::finding::Found;
use super::looking::Stands;
use super::run::Run;
use crate::connection::End;
use crate::context::Context;
use crate::groups::GroupName;
use crate::ids::VpcId;
use crate::ports::{Location, NetworkWrites};
use crate::shared::pair::VpcTags;
use crate::shared::snapshot::AT_ONCE;
use crate::shared::status_tags::make_room;
use crate::status::PeeringStatus;
use crate::tags::{Tags, group_status_key, group_statuses, is_excluded};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// A member's pairs of one group.
#[derive(Default)]
struct Tally<'t> {
    pairs: usize,
    active: usize,
    /// Whether nothing is known about one of them.
    is_unknown: bool,
    refused: Vec<Refused<'t>>,
}

struct Refused<'t> {
    peer: &'t VpcId,
    error: &'t str,
    message: &'t str,
}

/// Writes and removes what differs. Best effort, as every status; an excluded VPC isn't touched.
pub(super) async fn write_statuses<L>(
    context: Context<'_, impl NetworkWrites, L>,
    view: View<'_>,
    run: &Run<'_>,
    found: &Found,
) {
    let mut tallies = tally(view, found);
    let all_is_read = view.snapshot.unreachable_regions().next().is_none();
    let stack = context.stack;
    let sides = view.snapshot.sides().filter(|side| view.snapshot.is_read(side.end()) && !is_excluded(&side.tags));
    let due: Vec<(&VpcTags, Tags, BTreeSet<String>)> = sides
        .map(|side| {
            let key_of = |name: &GroupName| group_status_key(&stack.tag_prefix, name.as_str());
            let kept: BTreeSet<String> = side.intent.groups.keys().map(key_of).collect();
            let stale = group_statuses(&side.tags, &stack.tag_prefix).filter(|key| !kept.contains(*key)).cloned();
            let stale: BTreeSet<String> = if side.intent.unclear.groups { BTreeSet::new() } else { stale.collect() };
            let mut told = Tags::new();
            for name in side.intent.groups.keys().filter(|name| view.input.is_about(name)) {
                let key = key_of(name);
                // There is none where its group makes no pair with it, or its peers are in a Region that could not be read.
                let known = tallies.remove(&(side.end().clone(), name.clone()));
                let tally = known.unwrap_or_else(|| Tally { is_unknown: !all_is_read, ..Tally::default() });
                let status = tally.status();
                let is_written = side.tags.get(&key).is_some_and(|written| status.is_written_in(written));
                // What nothing is known about stays as it is written.
                if !tally.is_unknown && !is_written {
                    told.insert(key, status.value(run.time));
                }
            }
            let (told, stale) = make_room(stack, side, told, stale);
            (side, told, stale)
        })
        .collect();
    // Most members have the same to lose and to get, which is one call for all of them in a place. If it fails, one of them may be
    // gone, or have too many tags.
    let lost = due.iter().filter(|(_, _, stale)| !stale.is_empty()).map(|(side, _, stale)| (side.end(), stale));
    let untag = stream::iter(alike(lost)).map(async |((at, keys), ids)| {
        if context.network.untag_vpcs(&at, &ids, keys).await.is_err() && ids.len() > 1 {
            for id in ids {
                let _logged = context.network.untag_vpc(&at.end(id), keys).await;
            }
        }
    });
    untag.buffer_unordered(AT_ONCE).collect::<()>().await;
    let told = due.iter().filter(|(_, told, _)| !told.is_empty()).map(|(side, told, _)| (side.end(), told));
    let write = stream::iter(alike(told)).map(async |((at, told), ids)| {
        if context.network.tag_vpcs(&at, &ids, told).await.is_err() && ids.len() > 1 {
            for id in ids {
                let _logged = context.network.tag_vpc(&at.end(id), told).await;
            }
        }
    });
    write.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// The VPCs for which one call does, by place and by what it writes.
fn alike<'t, T: Ord>(due: impl Iterator<Item = (&'t End, &'t T)>) -> BTreeMap<(Location, &'t T), BTreeSet<VpcId>> {
    let mut alike: BTreeMap<(Location, &T), BTreeSet<VpcId>> = BTreeMap::new();
    for (end, what) in due {
        alike.entry((end.into(), what)).or_default().insert(end.vpc_id.clone());
    }
    alike
}

/// By member and group.
fn tally<'t>(View { grouped, input, .. }: View<'t>, found: &'t Found) -> BTreeMap<(End, GroupName), Tally<'t>> {
    let mut tallies: BTreeMap<(End, GroupName), Tally<'t>> = BTreeMap::new();
    for (name, group) in grouped.plan.groups.iter().filter(|(name, _)| input.is_about(name)) {
        let mut add = |ends: [&'t End; 2], stands: Option<&'t Stands>, refusal: Option<(&'t str, &'t str)>| {
            for [end, peer] in [ends, [ends[1], ends[0]]] {
                let of_member = tallies.entry((end.clone(), name.clone())).or_default();
                of_member.pairs += 1;
                of_member.is_unknown |= stands == Some(&Stands::Unknown);
                of_member.active += usize::from(stands == Some(&Stands::InPlace));
                if let Some((error, message)) = refusal {
                    of_member.refused.push(Refused { peer: &peer.vpc_id, error, message });
                }
            }
        };
        for pair in &group.pairs {
            let stands = found.admitted.get(pair).map(|looked| &looked.stands);
            let refusal = match stands {
                Some(Stands::Refused { error, message }) => Some((error.as_str(), message.as_str())),
                _ => None,
            };
            add(grouped.ends(*pair), stands, refusal);
        }
        for refusal in &group.refused {
            add(grouped.ends((refusal.member, refusal.peer)), None, Some((refusal.error, &refusal.reason)));
        }
    }
    tallies
}

impl Tally<'_> {
    fn status(&self) -> PeeringStatus {
        let Some(first) = self.refused.first() else {
            let reason = format!("{} of {} active", self.active, self.pairs);
            return PeeringStatus::Group { reason };
        };
        let is_alike = self.refused.iter().all(|other| other.error == first.error);
        if self.refused.len() == self.pairs && is_alike {
            let (error, message) = (first.error.to_owned(), first.message.to_owned());
            return PeeringStatus::Failed { error, message };
        }
        let (active, pairs, refused) = (self.active, self.pairs, self.refused.len());
        let reason = format!("{active} of {pairs} active, {refused} refused: {} {}", first.error, first.peer);
        PeeringStatus::Group { reason }
    }
}
