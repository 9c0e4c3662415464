//! Reading both sides of a pair. Nothing here can write.

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Vpc};
use crate::consent::{RequestedBy, missing_consent};
use crate::context::Context;
use crate::error::{Error, TaggedEnd, UntrustedEnd};
use crate::ports::{CallErrorKind, CallResult, Location, NetworkReads};
use crate::request::PeeringRequest;
use crate::route_tables::RouteTable;
use crate::shared::elsewhere::seen_elsewhere;
use crate::shared::external;
use crate::shared::lookups::check_regions;
use crate::shared::pair::Pair;
use crate::stack::Stack;
use futures_util::join;
use std::borrow::Cow;

/// Both sides as they are.
pub(crate) struct Survey<'s> {
    pub(crate) connections: Vec<Connection>,
    pub(crate) pair: Pair,
    pub(crate) vpcs: [Cow<'s, Vpc>; 2],
    /// `None` of an end whose routes are planned elsewhere.
    pub(crate) tables: [Option<Cow<'s, [RouteTable]>>; 2],
}

impl Survey<'static> {
    /// Reads everything at once; five calls, or three where both VPCs are in one place, plus pages. Fails where the pair can't be peered at all.
    pub(crate) async fn read<L>(
        context: Context<'_, impl NetworkReads, L>,
        request: &PeeringRequest,
    ) -> Result<Self, Error> {
        let Context { network, stack, .. } = context;
        let PeeringRequest { end, peer, .. } = request;
        check_regions(network, end, peer).await?;
        let (requester, accepter) = request.direction(stack);
        let (vpcs, connections, tables) = join!(
            read_vpcs(context, [end, peer]),
            network.connections_between(requester, accepter),
            read_tables(context, [end, peer]),
        );
        let vpcs = match vpcs {
            [Ok(vpc), Ok(peer_vpc)] => [vpc, peer_vpc],
            [Err(missing @ Error::VpcNotFound(_)), _] | [_, Err(missing @ Error::VpcNotFound(_))] => {
                let elsewhere = seen_elsewhere(context, [end, peer], connections.unwrap_or_default()).await?;
                return Err(elsewhere.map_or(missing, Error::VpcNotFound));
            }
            [Err(error), _] | [_, Err(error)] => return Err(error),
        };
        let connections = connections?;
        let [vpc, peer_vpc] = vpcs;
        let vpc = vpc.unwrap_or_else(|| external::vpc(stack, end, peer, &connections));
        let peer_vpc = peer_vpc.unwrap_or_else(|| external::vpc(stack, peer, end, &connections));
        let pair = Pair::found(stack, [(end, &vpc), (peer, &peer_vpc)]).with_requests(stack, &connections);
        let vpcs = [vpc, peer_vpc].map(Cow::Owned);
        check_pair(&pair, &vpcs, stack, request.requested_by)?;
        let tables = tables?.map(Cow::Owned).map(Some);
        Ok(Self { connections, pair, vpcs, tables })
    }
}

/// Consent, exclusion and overlaps, in that order: without consent nothing is disclosed of the other VPC's blocks.
pub(crate) fn check_pair(
    pair: &Pair,
    vpcs: &[Cow<'_, Vpc>; 2],
    stack: &Stack,
    requested_by: RequestedBy,
) -> Result<(), Error> {
    let [intent, peer_intent] = pair.intents();
    if let Some(end) = missing_consent(intent, peer_intent, requested_by, stack) {
        let other = if *end == intent.end { &peer_intent.end } else { &intent.end };
        let end = *TaggedEnd::of(end, other, &stack.tag_prefix);
        return Err(Error::PeerNotTrusted(Box::new(UntrustedEnd { end, is_admitted: true })));
    }
    // The policies deny it as well, on each side by itself; better before anything is made.
    pair.check_not_excluded()?;
    match overlaps(&vpcs[0].cidr_blocks, &vpcs[1].cidr_blocks) {
        overlaps if overlaps.is_empty() => Ok(()),
        overlaps => Err(Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: None }),
    }
}

/// The VPCs; `None` of an external account's.
async fn read_vpcs<L>(
    context: Context<'_, impl NetworkReads, L>,
    [end, peer]: [&End; 2],
) -> [Result<Option<Vpc>, Error>; 2] {
    if !are_read_together(context.stack, [end, peer]) {
        let (vpc, peer_vpc) = join!(read_vpc(context, end), read_vpc(context, peer));
        return [vpc, peer_vpc];
    }
    let ids = [end, peer].map(|end| end.vpc_id.clone()).into();
    let found = context.network.vpcs_by_id(&end.into(), &ids).await;
    [end, peer].map(|end| match &found {
        Ok(vpcs) => vpcs.get(&end.vpc_id).cloned().map(Some).ok_or_else(|| Error::missing(end)),
        Err(error) => Err(error.clone().into_error()),
    })
}

async fn read_vpc<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    end: &End,
) -> Result<Option<Vpc>, Error> {
    if stack.is_external(&end.owner_id) {
        return Ok(None);
    }
    let vpc = network.vpc(end).await.map_err(|error| match error.kind {
        CallErrorKind::NoSuchVpc => Error::missing(end),
        _ => error.into_error(),
    });
    vpc.map(Some)
}

/// Their tables; none of an external account's.
pub(crate) async fn read_tables<L>(
    context: Context<'_, impl NetworkReads, L>,
    [end, peer]: [&End; 2],
) -> CallResult<[Vec<RouteTable>; 2]> {
    let Context { network, stack, .. } = context;
    if are_read_together(stack, [end, peer]) {
        let ids = [end, peer].map(|end| end.vpc_id.clone()).into();
        let mut tables = network.route_tables_of(&end.into(), &ids).await?;
        return Ok([end, peer].map(|end| tables.remove(&end.vpc_id).unwrap_or_default()));
    }
    let read = async |end: &End| match stack.is_external(&end.owner_id) {
        true => Ok(Vec::new()),
        false => network.route_tables(end).await,
    };
    let (tables, peer_tables) = join!(read(end), read(peer));
    Ok([tables?, peer_tables?])
}

/// Whether one call reads both: they take their tokens from the same bucket, and many executions at once share it.
fn are_read_together(stack: &Stack, [end, peer]: [&End; 2]) -> bool {
    Location::from(end) == Location::from(peer) && stack.acts_in(&end.owner_id)
}
