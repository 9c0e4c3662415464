//! Whether a pair is as its tags request it, by the same plan that the machine would make. Nothing here can write.

use crate::connection::{Connection, DnsSides, Status, adopt};
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::ports::NetworkReads;
use crate::request::PeeringRequest;
use crate::route_tables::Target;
use crate::shared::decision::Decision;
use crate::shared::marks::Marks;
use crate::shared::pair::{Lookup, Pair};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::shared::survey::{Survey, check_pair};
use crate::shared::tag_requests::{request, side_with_invalid_routes};
use crate::stack::Stack;
use crate::status::{WrittenFailure, written_failure};
use crate::tags::{is_made_by, is_requested_by_tags};
use futures_util::join;

/// What a sweep finds about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is as requested.
    InPlace(VpcPeeringConnectionId),
    /// It differs in this, which an execution of the peering machine repairs, or reports by name.
    SetUp(String),
    /// It is no longer requested, or left this behind.
    TearDown(String),
    /// It can't be set up, and its status says so already: this error's name.
    Refused(String),
    /// It is no longer requested, and stays because the stack's owner wants that.
    Kept,
    /// Nothing is left of it but perhaps a status.
    NotRequested,
}

/// Errors that planning can't foresee, and that rarely go away within an hour.
const ONCE_A_DAY: [&str; 3] = ["AccessDenied", "QuotaExceeded", "PeeringRejected"];

/// Compares a pair with its tags; `time` is when the sweep began.
pub(crate) async fn examine(
    context: Context<'_, impl NetworkReads>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    time: &str,
) -> Result<Finding, Error> {
    let stack = context.stack;
    let [end, peer] = known.pair.ends();
    let own = adopt(&known.connections, end, peer)
        .filter(|live| is_made_by(&live.tags, stack) && is_requested_by_tags(&live.tags));
    match Decision::of(&known.pair, own, stack) {
        Decision::TearDown => Ok(Finding::TearDown("NotRequested".into())),
        Decision::Keep => Ok(Finding::Kept),
        Decision::ClearStatus if leaves_blackholes(stack, snapshot, known) => Ok(Finding::TearDown("Blackhole".into())),
        Decision::ClearStatus => Ok(Finding::NotRequested),
        Decision::SetUp if side_with_invalid_routes(&known.pair).is_some() => {
            Ok(Finding::Refused("InvalidRequest".into()))
        }
        // No execution could repair these routes.
        Decision::SetUp if known.pair.is_one(Lookup::NotFound) && leaves_blackholes(stack, snapshot, known) => {
            Ok(Finding::TearDown("Blackhole".into()))
        }
        Decision::SetUp => match compare(context, snapshot, known).await {
            Ok(Finding::SetUp(differs)) => Ok(failed_today(stack, known, time).unwrap_or(Finding::SetUp(differs))),
            Ok(finding) => Ok(finding),
            Err(Error::ServiceFault { action, code }) => Err(Error::ServiceFault { action, code }),
            Err(error) => Ok(refused(stack, known, &error)),
        },
    }
}

/// An execution an hour isn't worth it for an error that the status says already.
fn refused(stack: &Stack, known: &PairSnapshot, error: &Error) -> Finding {
    let (name, _) = error.name_and_cause();
    match written_failures(stack, known).any(|written| written.error == name) {
        true => Finding::Refused(name),
        false => Finding::SetUp(name),
    }
}

fn failed_today(stack: &Stack, known: &PairSnapshot, time: &str) -> Option<Finding> {
    let today = time.get(..DATE)?;
    // Planning does foresee a full table, so one that was full has room by now.
    let is_foreseen =
        |written: &WrittenFailure| written.error == "QuotaExceeded" && written.message.starts_with("rtb-");
    let is_for_a_day = |written: &WrittenFailure| ONCE_A_DAY.contains(&written.error) && !is_foreseen(written);
    let written =
        written_failures(stack, known).find(|written| is_for_a_day(written) && written.time.starts_with(today))?;
    Some(Finding::Refused(written.error.to_owned()))
}

/// `2026-11-25`
const DATE: usize = 10;

fn written_failures<'k>(stack: &'k Stack, known: &'k PairSnapshot) -> impl Iterator<Item = WrittenFailure<'k>> {
    let [side, peer] = &known.pair.sides;
    let prefix = &stack.tag_prefix;
    [(side, peer), (peer, side)]
        .into_iter()
        .filter_map(|(side, other)| written_failure(&side.tags, prefix, &other.end().vpc_id))
}

async fn compare(
    context: Context<'_, impl NetworkReads>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
) -> Result<Finding, Error> {
    let Context { network, stack } = context;
    let request = request(&known.pair);
    let vpc = |end| snapshot.vpc(end).cloned().ok_or_else(|| Error::VpcNotFound(end.clone()));
    let vpcs = [vpc(&request.end)?, vpc(&request.peer)?];
    let pair = Pair::found(stack, [(&request.end, &vpcs[0]), (&request.peer, &vpcs[1])]);
    check_pair(&pair, &vpcs, stack, RequestedBy::Tags)?;
    let tables = [&request.end, &request.peer].map(|end| snapshot.tables(end).to_vec());
    let survey = Survey { connections: known.connections.clone(), pair, vpcs, tables };
    let found = adopt(&survey.connections, &request.end, &request.peer);
    let (plan, _) = survey.plan(context, &request, found).await?;
    let Some(connection) = found else { return Ok(Finding::SetUp("Missing".into())) };
    let is_changed = plan.iter().any(|side| side.additions().chain(side.removals()).next().is_some());
    let is_unmarked = is_made_by(&connection.tags, stack)
        && !Marks::of(&survey.pair, stack, &request).due(connection, stack).is_empty();
    Ok(match connection.status {
        Status::Active if is_changed => Finding::SetUp("Routes".into()),
        Status::Active if is_unmarked => Finding::SetUp("Unmarked".into()),
        Status::Active if lacks_dns(network, connection, &request).await? => Finding::SetUp("DnsResolution".into()),
        Status::Active => Finding::InPlace(connection.id().clone()),
        _ => Finding::SetUp("NotActive".into()),
    })
}

/// Where a VPC lacks DNS hostnames or support, no execution could turn DNS resolution on; so that is read first.
async fn lacks_dns(
    network: &impl NetworkReads,
    connection: &Connection,
    request: &PeeringRequest,
) -> Result<bool, Error> {
    let DnsSides { requester, accepter } = connection.dns_resolution;
    if !request.dns_resolution || (requester && accepter) {
        return Ok(false);
    }
    let (has, peer_has) = join!(network.has_dns_hostnames(&request.end), network.has_dns_hostnames(&request.peer));
    Ok(has? && peer_has?)
}

/// Whether a deleted connection of ours left routes behind.
fn leaves_blackholes(stack: &Stack, snapshot: &Snapshot, known: &PairSnapshot) -> bool {
    let is_deleted = |own: &&Connection| !own.status.is_live() && is_made_by(&own.tags, stack);
    known.connections.iter().filter(is_deleted).any(|own| {
        let target = Target::Peering(own.id().clone());
        let routes = known.pair.ends().into_iter().flat_map(|end| snapshot.tables(end)).flat_map(|table| &table.routes);
        routes.into_iter().any(|route| route.target == target)
    })
}
