//! A pair of VPCs as their tags are now: what several steps read before they write.

mod vpc_tags;

use crate::connection::{Connection, End, Vpc};
use crate::consent::{TagRequest, asking_groups, is_requested};
use crate::context::Context;
use crate::error::{AskingEnd, Error, TaggedEnd};
use crate::groups::GroupName;
use crate::ids::AccountId;
use crate::intent::VpcIntent;
use crate::ports::NetworkReads;
use crate::shared::external;
use crate::stack::Stack;
use crate::tags::{EXCLUDE, is_excluded};
use std::collections::BTreeSet;
use std::rc::Rc;
pub(crate) use vpc_tags::{Lookup, VpcTags};

/// The tags of both ends.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// Shared: a sweep has a VPC's tags once, however many peers it has.
    pub(crate) sides: [Rc<VpcTags>; 2],
}

impl Pair {
    pub(crate) fn of(sides: [VpcTags; 2]) -> Self {
        Self { sides: sides.map(Rc::new) }
    }

    /// Both sides, in their order.
    pub(crate) fn sides(&self) -> [&VpcTags; 2] {
        self.sides.each_ref().map(Rc::as_ref)
    }

    /// The same, in the order of these ends.
    pub(crate) fn in_order(&self, [first, _]: [&End; 2]) -> Self {
        let [one, other] = &self.sides;
        let sides = if one.end() == first { [one, other] } else { [other, one] };
        Self { sides: sides.map(Rc::clone) }
    }

    /// The pair of these VPCs, of which one may belong to an external account.
    pub(crate) fn found(stack: &Stack, [(end, vpc), (peer, peer_vpc)]: [(&End, &Vpc); 2]) -> Self {
        let found = |end: &End, vpc: &Vpc| {
            let external = VpcTags::out_of_reach(stack, end);
            external.unwrap_or_else(|| VpcTags::found(stack, end, vpc.tags.clone()))
        };
        Self::of([found(end, vpc), found(peer, peer_vpc)])
    }

    /// The same, with what the owner of an external account does in EC2, where one is.
    pub(crate) fn with_requests(self, stack: &Stack, connections: &[Connection]) -> Self {
        let [one, other] = &self.sides;
        let sides = [(one, other), (other, one)].map(|(side, own)| match side.lookup {
            Lookup::External => Rc::new(external::side(stack, side.end(), &own.intent, connections)),
            _ => Rc::clone(side),
        });
        Self { sides }
    }

    pub(crate) async fn read<L>(
        context: Context<'_, impl NetworkReads, L>,
        [end, peer]: [&End; 2],
    ) -> Result<Self, Error> {
        let Context { network, stack, .. } = context;
        let [side, peer_side] = VpcTags::read_both(context, [end, peer]).await;
        let pair = Self::of([side?, peer_side?]);
        let (own, other) = stack.direction(end, peer);
        if !stack.is_external(&other.owner_id) || stack.is_external(&own.owner_id) {
            return Ok(pair);
        }
        Ok(pair.with_requests(stack, &network.connections_between(own, other).await?))
    }

    pub(crate) fn ends(&self) -> [&End; 2] {
        self.sides().map(VpcTags::end)
    }

    pub(crate) fn intents(&self) -> [&VpcIntent; 2] {
        self.sides().map(|side| &side.intent)
    }

    /// What the `peer` tags of both ends amount to; nothing, where one of the VPCs does not exist.
    pub(crate) fn tag_request(&self, stack: &Stack) -> TagRequest {
        let [intent, peer_intent] = self.intents();
        match self.is_one(Lookup::NotFound) {
            true => TagRequest::None,
            false => TagRequest::of(intent, peer_intent, stack),
        }
    }

    /// The group that asks for the pair, if one does.
    pub(crate) fn asking_group(&self, stack: &Stack) -> Option<&GroupName> {
        self.asking_groups(stack).next()
    }

    /// The groups that ask for the pair, and to which both owners consent.
    pub(crate) fn asking_groups(&self, stack: &Stack) -> impl Iterator<Item = &GroupName> {
        let [intent, peer_intent] = self.intents();
        asking_groups(intent, peer_intent, stack)
    }

    /// Whether a `peer` tag of either VPC requests the peering.
    pub(crate) fn is_requested(&self) -> bool {
        let [intent, peer_intent] = self.intents();
        is_requested(intent, peer_intent)
    }

    /// Across accounts: the ends that don't consent.
    pub(crate) fn without_consent(&self, stack: &Stack) -> Vec<&End> {
        let [one, other] = self.intents();
        let refuses = |(intent, peer): &(&VpcIntent, &VpcIntent)| {
            intent.end.owner_id != peer.end.owner_id && !intent.consents(&peer.end, stack)
        };
        [(one, other), (other, one)].into_iter().filter(refuses).map(|(intent, _)| &intent.end).collect()
    }

    /// The accounts whose tags request the peering, or consent to the request of an external account.
    pub(crate) fn asking_accounts(&self) -> BTreeSet<AccountId> {
        let [side, peer] = self.sides();
        let asks = [(side, peer), (peer, side)].into_iter().filter(|(one, other)| one.intent.names(other.end()));
        let tagged = asks.map(|(one, other)| if one.lookup == Lookup::External { other } else { one });
        tagged.map(|tagged| tagged.end().owner_id.clone()).collect()
    }

    /// Whether tags concern the pair: one requests it, or holds its status.
    pub(crate) fn concerns_tags(&self, stack: &Stack) -> bool {
        let [side, peer] = self.sides();
        let prefix = &stack.tag_prefix;
        self.is_requested() || side.has_status_of(peer, prefix) || peer.has_status_of(side, prefix)
    }

    /// For events: the ARNs of both VPCs where tags concern the pair, else none.
    pub(crate) fn resources(&self, stack: &Stack) -> Vec<String> {
        match self.concerns_tags(stack) {
            true => self.ends().map(|end| end.arn(&stack.partition)).to_vec(),
            false => Vec::new(),
        }
    }

    /// Whether reading one of the VPCs ended like that.
    pub(crate) fn is_one(&self, lookup: Lookup) -> bool {
        self.sides.iter().any(|side| side.lookup == lookup)
    }

    /// [`Error::StillTagged`] if a tag requests the pair: what is torn down would only be set up again.
    /// [`Error::AccessDenied`] where that is unknown.
    pub(crate) fn check_untagged(&self, stack: &Stack) -> Result<(), Error> {
        if let Some(side) = self.sides.iter().find(|side| side.lookup == Lookup::AccessDenied) {
            return Err(Error::denied("ec2:DescribeVpcs", side.end()));
        }
        let group = match self.tag_request(stack) {
            TagRequest::Granted => None,
            _ => match self.asking_group(stack) {
                Some(group) => Some(group.clone()),
                None => return Ok(()),
            },
        };
        let [asking, other] = self.asking_first();
        let end = *TaggedEnd::of(asking.end(), other.end(), &stack.tag_prefix);
        Err(Error::StillTagged(Box::new(AskingEnd { end, group })))
    }

    /// [`Error::Excluded`] if the owner of either VPC excludes it.
    pub(crate) fn check_not_excluded(&self) -> Result<(), Error> {
        match self.sides.iter().find(|side| is_excluded(&side.tags)) {
            None => Ok(()),
            Some(side) => Err(Error::Excluded { vpc_id: side.end().vpc_id.clone(), tag: EXCLUDE }),
        }
    }

    /// Both sides, first the one whose tag names the other; in their own order where both or neither do.
    pub(crate) fn asking_first(&self) -> [&VpcTags; 2] {
        let [side, peer] = self.sides();
        match peer.intent.names(side.end()) && !side.intent.names(peer.end()) {
            true => [peer, side],
            false => [side, peer],
        }
    }
}
