//! Whether a pair is as its tags request it, by the same plan that the machine would make. Nothing here can write.

use crate::connection::{Connection, DnsSides, Status, adopt};
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::ports::NetworkReads;
use crate::routes::stale_routes;
use crate::shared::decision::Decision;
use crate::shared::pair::{Lookup, Pair};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::shared::survey::{Survey, check_pair};
use crate::shared::tag_requests::{Asked, request, side_with_invalid_routes};
use crate::stack::Stack;
use crate::status::{WrittenFailure, written_failure};
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
    /// Tags no longer request what they did, and an execution asked for less: a set-up by its request deletes the rest.
    Narrow,
    /// It is no longer requested, and stays because an execution asked for it or the stack's owner wants that.
    Kept,
    /// Nothing is left of it but perhaps a status.
    NotRequested,
}

/// Errors that planning can't foresee, and that rarely go away within an hour.
const ONCE_A_DAY: [&str; 3] = ["AccessDenied", "QuotaExceeded", "PeeringRejected"];

/// Compares a pair with its tags; `time` is when the sweep began.
pub(crate) async fn examine<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    time: &str,
) -> Result<Finding, Error> {
    let stack = context.stack;
    match Decision::of(&known.pair, known.item.as_ref(), stack) {
        Decision::TearDown | Decision::ClearStatus if leaves_blackholes(snapshot, known) => {
            Ok(Finding::TearDown("Blackhole".into()))
        }
        Decision::TearDown => Ok(Finding::TearDown("NotRequested".into())),
        Decision::Narrow => Ok(Finding::Narrow),
        Decision::Keep => Ok(Finding::Kept),
        Decision::ClearStatus => Ok(Finding::NotRequested),
        Decision::SetUp if side_with_invalid_routes(&known.pair).is_some() => {
            Ok(Finding::Refused("InvalidRequest".into()))
        }
        // No execution could repair these routes.
        Decision::SetUp if known.pair.is_one(Lookup::NotFound) && leaves_blackholes(snapshot, known) => {
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

async fn compare<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
) -> Result<Finding, Error> {
    let Context { network, stack, .. } = context;
    let request = request(&known.pair);
    let vpc = |end| snapshot.vpc(end).cloned().ok_or_else(|| Error::VpcNotFound(end.clone()));
    let vpcs = [vpc(&request.end)?, vpc(&request.peer)?];
    let pair = Pair::found(stack, [(&request.end, &vpcs[0]), (&request.peer, &vpcs[1])]);
    check_pair(&pair, &vpcs, stack, RequestedBy::Tags)?;
    let tables = [&request.end, &request.peer].map(|end| snapshot.tables(end).to_vec());
    let survey = Survey { connections: known.connections.clone(), pair, vpcs, tables };
    let item = known.item.as_ref();
    let asked = Asked::of(&survey.pair, request, item, stack)?;
    let found = adopt(&survey.connections, &asked.request.end, &asked.request.peer);
    let (plan, _) = survey.plan(context, &asked, found, item).await?;
    let Some(connection) = found else { return Ok(Finding::SetUp("Missing".into())) };
    let is_changed = plan.iter().any(|side| side.additions().chain(side.removals()).next().is_some());
    let is_recorded = item.is_some_and(|item| {
        let is_this = item.connection.as_ref().is_some_and(|recorded| recorded.id == *connection.id());
        is_this && item.asked_by.as_ref().is_some_and(|asked| asked.tags)
    });
    Ok(match connection.status {
        Status::Active if is_changed => Finding::SetUp("Routes".into()),
        Status::Active if !is_recorded => Finding::SetUp("Unrecorded".into()),
        Status::Active if lacks_dns(network, connection, &asked).await? => Finding::SetUp("DnsResolution".into()),
        Status::Active => Finding::InPlace(connection.id().clone()),
        _ => Finding::SetUp("NotActive".into()),
    })
}

/// Where a VPC lacks DNS hostnames or support, no execution could turn DNS resolution on; so that is read first.
async fn lacks_dns(network: &impl NetworkReads, connection: &Connection, asked: &Asked) -> Result<bool, Error> {
    let DnsSides { requester, accepter } = connection.dns_resolution;
    if !asked.dns_resolution() || (requester && accepter) {
        return Ok(false);
    }
    let (has, peer_has) =
        join!(network.has_dns_hostnames(&asked.request.end), network.has_dns_hostnames(&asked.request.peer));
    Ok(has? && peer_has?)
}

/// Whether a connection that is deleted left routes behind that we wrote.
fn leaves_blackholes(snapshot: &Snapshot, known: &PairSnapshot) -> bool {
    let Some(item) = &known.item else { return false };
    let Some(recorded) = &item.connection else { return false };
    let is_live = known.connections.iter().any(|found| *found.id() == recorded.id && found.status.is_live());
    let leads_there = |end| !stale_routes(snapshot.tables(end), &item.routes_at(end), &recorded.id, &[]).is_empty();
    !is_live && item.pair.ends().into_iter().any(leads_there)
}
