//! A pair of VPCs as their tags are now: what several steps read before they write.

use crate::connection::{Connection, End, Vpc};
use crate::consent::{TagRequest, is_requested};
use crate::context::Context;
use crate::error::{Error, TaggedEnd};
use crate::ids::AccountId;
use crate::intent::VpcIntent;
use crate::ports::{CallError, CallErrorKind, Location, NetworkReads, RegionReads};
use crate::shared::external;
use crate::stack::Stack;
use crate::tags::{EXCLUDE, Tags, is_excluded, status_key};
use futures_util::{StreamExt, join, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Regions read at once.
const AT_ONCE: usize = 8;

/// One VPC's tags.
#[derive(Debug, Clone)]
pub(crate) struct VpcTags {
    /// None where the VPC could not be read.
    pub(crate) tags: Tags,
    pub(crate) intent: VpcIntent,
    pub(crate) lookup: Lookup,
}

/// Whether the VPC could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    Found,
    NotFound,
    AccessDenied,
    /// It belongs to an external account, in which no calls are made.
    External,
}

/// The tags of both ends.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// Shared: a sweep has a VPC's tags once, however many peers it has.
    pub(crate) sides: [Rc<VpcTags>; 2],
}

impl VpcTags {
    /// Reads the VPC's tags. A VPC that does not exist, or that we are not allowed to read, counts as one without tags; any
    /// other failure is an error. Nothing is read in an account that is none of the stack's, or external.
    pub(crate) async fn read<L>(context: Context<'_, impl NetworkReads, L>, end: &End) -> Result<Self, Error> {
        let stack = context.stack;
        if let Some(unread) = Self::out_of_reach(stack, end) {
            return Ok(unread);
        }
        match context.network.vpc(end).await {
            Ok(vpc) => Ok(Self::found(stack, end, vpc.tags)),
            Err(CallError { kind: CallErrorKind::NoSuchVpc, .. }) => Ok(Self::unread(stack, end, Lookup::NotFound)),
            Err(CallError { kind: CallErrorKind::Denied, .. }) => Ok(Self::unread(stack, end, Lookup::AccessDenied)),
            Err(error) => Err(error.into()),
        }
    }

    /// The same of many, each by itself: with one call for all in one Region, instead of one each.
    pub(crate) async fn read_all<L>(
        context: Context<'_, impl NetworkReads + RegionReads, L>,
        ends: &BTreeSet<End>,
    ) -> Vec<Result<Self, Error>> {
        let mut by_place: BTreeMap<Location, Vec<&End>> = BTreeMap::new();
        for end in ends {
            by_place.entry(Location::from(end)).or_default().push(end);
        }
        let read = stream::iter(by_place).map(async |(at, ends)| match ends.as_slice() {
            [end] => vec![Self::read(context, end).await],
            _ => Self::read_at(context, &at, &ends).await,
        });
        read.buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().flatten().collect()
    }

    async fn read_at<L>(
        Context { network, stack, .. }: Context<'_, impl RegionReads, L>,
        at: &Location,
        ends: &[&End],
    ) -> Vec<Result<Self, Error>> {
        if !stack.acts_in(&at.owner_id) {
            return ends.iter().filter_map(|end| Self::out_of_reach(stack, end)).map(Ok).collect();
        }
        let unread = |lookup| ends.iter().map(|end| Ok(Self::unread(stack, end, lookup))).collect();
        let ids = ends.iter().map(|end| end.vpc_id.clone()).collect();
        match network.vpcs_by_id(at, &ids).await {
            Ok(mut vpcs) => ends
                .iter()
                .map(|end| match vpcs.remove(&end.vpc_id) {
                    Some(vpc) => Ok(Self::found(stack, end, vpc.tags)),
                    None => Ok(Self::unread(stack, end, Lookup::NotFound)),
                })
                .collect(),
            Err(CallError { kind: CallErrorKind::Denied, .. }) => unread(Lookup::AccessDenied),
            Err(error) => ends.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    pub(crate) fn found(stack: &Stack, end: &End, tags: Tags) -> Self {
        let intent = VpcIntent::parse(&tags, &stack.tag_prefix, end);
        Self { tags, intent, lookup: Lookup::Found }
    }

    pub(crate) fn unread(stack: &Stack, end: &End, lookup: Lookup) -> Self {
        Self { lookup, ..Self::found(stack, end, Tags::new()) }
    }

    /// The side, where no calls are made in its account.
    pub(crate) fn out_of_reach(stack: &Stack, end: &End) -> Option<Self> {
        let lookup = if stack.is_external(&end.owner_id) { Lookup::External } else { Lookup::AccessDenied };
        (!stack.acts_in(&end.owner_id)).then(|| Self::unread(stack, end, lookup))
    }

    pub(crate) fn end(&self) -> &End {
        &self.intent.end
    }

    fn has_status_of(&self, peer: &Self, prefix: &str) -> bool {
        self.tags.contains_key(&status_key(prefix, &peer.end().vpc_id))
    }
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
        let (side, peer_side) = join!(VpcTags::read(context, end), VpcTags::read(context, peer));
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

    /// What the tags of both ends amount to; nothing, where one of the VPCs does not exist.
    pub(crate) fn tag_request(&self, stack: &Stack) -> TagRequest {
        let [intent, peer_intent] = self.intents();
        match self.is_one(Lookup::NotFound) {
            true => TagRequest::None,
            false => TagRequest::of(intent, peer_intent, stack),
        }
    }

    /// Whether a tag of either VPC requests the peering.
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
        if self.tag_request(stack) != TagRequest::Granted {
            return Ok(());
        }
        let [asking, other] = self.asking_first();
        Err(Error::StillTagged(TaggedEnd::of(asking.end(), other.end(), &stack.tag_prefix)))
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
