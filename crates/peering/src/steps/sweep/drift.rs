//! Whether a pair is as its tags wish it, by the same plan that the machine would make.

use super::pairs::Known;
use super::world::World;
use crate::connection::{Connection, DnsSides, Status, adopt};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::Network;
use crate::request::Request;
use crate::stack::{Stack, is_made_by, is_wished_by_tags};
use crate::standing::Origin;
use crate::status_tag::{ToldFailure, told_failure};
use crate::steps::create_request::related::Related;
use crate::steps::create_request::survey::{Survey, refuse};
use crate::steps::executions::{Verdict, misspelt, request};
use crate::steps::pair::Pair;
use crate::steps::sweep::Sweep;
use crate::tables::Target;
use futures_util::join;

/// What a sweep finds about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is as wished.
    InPlace(VpcPeeringConnectionId),
    /// It differs in this, which an execution of the peering machine puts right, or tells by name.
    SetUp(String),
    /// It is no longer wished, or left this behind.
    TakeApart(String),
    /// It can't be had, and its status says so already: this error's name.
    Refused(String),
    /// It is no longer wished, and stays because the stack's owner wants that.
    Kept,
    /// There is nothing left of it but perhaps a status.
    Forgotten,
}

/// Errors that planning can't foresee, and that an hour rarely mends.
const ONCE_A_DAY: [&str; 3] = ["AccessDenied", "QuotaExceeded", "PeeringRejected"];

pub(super) async fn examine(
    network: &impl Network,
    stack: &Stack,
    sweep: &Sweep,
    world: &World,
    known: &Known,
) -> Result<Finding, Error> {
    let [end, peer] = known.ends();
    let own = adopt(&known.connections, end, peer)
        .filter(|live| is_made_by(&live.tags, stack) && is_wished_by_tags(&live.tags));
    let is_one_gone = known.pair.sides.iter().any(|side| side.is_gone);
    match Verdict::of(&known.pair, own, stack) {
        Verdict::TakeApart => Ok(Finding::TakeApart("Unwished".into())),
        Verdict::Keep => Ok(Finding::Kept),
        Verdict::Forget if leaves_blackholes(stack, world, known) => Ok(Finding::TakeApart("Blackhole".into())),
        Verdict::Forget => Ok(Finding::Forgotten),
        Verdict::SetUp if misspelt(&known.pair).is_some() => Ok(Finding::Refused("InvalidRequest".into())),
        // No execution could repair these routes.
        Verdict::SetUp if is_one_gone && leaves_blackholes(stack, world, known) => {
            Ok(Finding::TakeApart("Blackhole".into()))
        }
        Verdict::SetUp => match differs(network, stack, world, known).await {
            Ok(Finding::SetUp(differs)) => Ok(told_today(stack, sweep, known).unwrap_or(Finding::SetUp(differs))),
            Ok(finding) => Ok(finding),
            Err(Error::ServiceFault { action, code }) => Err(Error::ServiceFault { action, code }),
            Err(error) => Ok(refused(stack, known, &error)),
        },
    }
}

/// A refusal that is told already isn't worth an execution an hour.
fn refused(stack: &Stack, known: &Known, error: &Error) -> Finding {
    let (name, _) = error.name_and_cause();
    match told(stack, known).any(|told| told.error == name) {
        true => Finding::Refused(name),
        false => Finding::SetUp(name),
    }
}

fn told_today(stack: &Stack, sweep: &Sweep, known: &Known) -> Option<Finding> {
    let today = sweep.time.get(..DATE)?;
    // Planning does foresee a full table, so one that was full has room by now.
    let is_foreseen = |told: &ToldFailure| told.error == "QuotaExceeded" && told.message.starts_with("rtb-");
    let is_for_a_day = |told: &ToldFailure| ONCE_A_DAY.contains(&told.error) && !is_foreseen(told);
    let told = told(stack, known).find(|told| is_for_a_day(told) && told.time.starts_with(today))?;
    Some(Finding::Refused(told.error.to_owned()))
}

/// `2026-11-25`
const DATE: usize = 10;

fn told<'k>(stack: &'k Stack, known: &'k Known) -> impl Iterator<Item = ToldFailure<'k>> {
    let [side, peer] = &known.pair.sides;
    let prefix = &stack.tag_prefix;
    [(side, &peer.end), (peer, &side.end)]
        .into_iter()
        .filter_map(|(side, other)| told_failure(&side.tags, prefix, &other.vpc_id))
}

async fn differs(network: &impl Network, stack: &Stack, world: &World, known: &Known) -> Result<Finding, Error> {
    let wished = request(&known.pair);
    let vpc = |end| world.vpc(end).cloned().ok_or_else(|| Error::VpcNotFound(end.clone()));
    let vpcs = [vpc(&wished.end)?, vpc(&wished.peer)?];
    let pair = Pair::with(stack, [(&wished.end, &vpcs[0]), (&wished.peer, &vpcs[1])]);
    refuse(&pair, &vpcs, stack, Origin::Tags)?;
    let tables = [&wished.end, &wished.peer].map(|end| world.tables(end).to_vec());
    let survey = Survey { connections: known.connections.clone(), pair, vpcs, tables };
    let found = adopt(&survey.connections, &wished.end, &wished.peer);
    let (plan, _) = survey.plan(network, stack, &wished, found).await?;
    let Some(connection) = found else { return Ok(Finding::SetUp("Missing".into())) };
    let is_changed = plan.iter().any(|side| side.additions().chain(side.removals()).next().is_some());
    let is_unmarked = is_made_by(&connection.tags, stack)
        && !Related::of(&survey.pair, stack, &wished, Origin::Tags).marks_to_put(connection, stack).is_empty();
    Ok(match connection.status {
        Status::Active if is_changed => Finding::SetUp("Routes".into()),
        Status::Active if is_unmarked => Finding::SetUp("Unmarked".into()),
        Status::Active if lacks_dns(network, connection, &wished).await? => Finding::SetUp("DnsResolution".into()),
        Status::Active => Finding::InPlace(connection.id().clone()),
        _ => Finding::SetUp("NotActive".into()),
    })
}

/// Where a VPC lacks DNS hostnames or support, no execution could turn it on; so that is looked at first.
async fn lacks_dns(network: &impl Network, connection: &Connection, wished: &Request) -> Result<bool, Error> {
    let DnsSides { requester, accepter } = connection.dns_resolution;
    if !wished.dns_resolution || (requester && accepter) {
        return Ok(false);
    }
    let (has, peer_has) = join!(network.has_dns_names(&wished.end), network.has_dns_names(&wished.peer));
    Ok(has? && peer_has?)
}

/// Whether a dead connection of ours left routes behind.
fn leaves_blackholes(stack: &Stack, world: &World, known: &Known) -> bool {
    let dead = |own: &&Connection| !own.status.is_live() && is_made_by(&own.tags, stack);
    known.connections.iter().filter(dead).any(|own| {
        let target = Target::Peering(own.id().clone());
        let routes = known.ends().into_iter().flat_map(|end| world.tables(end)).flat_map(|table| &table.routes);
        routes.into_iter().any(|route| route.target == target)
    })
}
