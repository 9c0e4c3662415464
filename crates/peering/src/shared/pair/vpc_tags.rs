//! The tags of one VPC, as they are now.

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::intent::VpcIntent;
use crate::ports::{CallError, CallErrorKind, Location, NetworkReads, RegionReads};
use crate::stack::Stack;
use crate::tags::{Tags, status_key};
use futures_util::{StreamExt, join, stream};
use std::collections::{BTreeMap, BTreeSet};

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

    /// The same of both, with one call where they are in one place.
    pub(crate) async fn read_both<L>(
        context: Context<'_, impl NetworkReads, L>,
        [end, peer]: [&End; 2],
    ) -> [Result<Self, Error>; 2] {
        let at = Location::from(end);
        if at == Location::from(peer) {
            let mut read = Self::read_at(context, &at, &[end, peer]).await.into_iter();
            if let (Some(side), Some(peer_side)) = (read.next(), read.next()) {
                return [side, peer_side];
            }
        }
        let (side, peer_side) = join!(Self::read(context, end), Self::read(context, peer));
        [side, peer_side]
    }

    /// The same of many, each by itself: with one call for all in one Region, instead of one each.
    pub(crate) async fn read_all<L>(
        context: Context<'_, impl NetworkReads, L>,
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

    pub(super) fn has_status_of(&self, peer: &Self, prefix: &str) -> bool {
        self.tags.contains_key(&status_key(prefix, &peer.end().vpc_id))
    }
}
