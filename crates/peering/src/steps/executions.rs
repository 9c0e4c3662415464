//! Starting executions of the two machines: for a pair that tags wish, or no longer wish, and for one that an event asks for.

use super::pair::{Pair, Seen};
use crate::connection::{Connection, End};
use crate::error::Error;
use crate::intent::Wish;
use crate::network::Tags;
use crate::request::{Input, Request};
use crate::stack::Stack;
use crate::standing::{Origin, Standing, is_wished};
use crate::teardown;

/// Both machines, as far as they can be started.
#[allow(async_fn_in_trait)] // as for `Network`
pub trait Executions {
    /// Starts an execution that peers; a second start by the same name changes nothing.
    async fn set_up(&self, name: &str, input: &Input) -> Result<(), Error>;

    /// Starts an execution that takes apart; a second start by the same name changes nothing.
    async fn take_apart(&self, name: &str, input: &teardown::Input) -> Result<(), Error>;
}

/// What is to be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Start the peering machine, which also says by name what stands in the way.
    SetUp,
    /// Start the teardown machine.
    TakeApart,
    /// Nothing: the stack's owner wants peerings to outlive the tags that wished them, or what an end's tags say can't be
    /// read.
    Keep,
    /// No tag wishes it and there is nothing to remove.
    Forget,
}

impl Verdict {
    /// `connection` is the live one of the pair that this stack made because tags wished it, if there is one.
    pub(super) fn of(pair: &Pair, connection: Option<&Connection>, stack: &Stack) -> Self {
        let [side, peer_side] = &pair.sides;
        match pair.standing(stack) {
            Standing::Wished => Self::SetUp,
            _ if connection.is_some() && pair.is_shut() => Self::Keep,
            _ if connection.is_some() && stack.teardown_on_untag => Self::TakeApart,
            _ if connection.is_some() => Self::Keep,
            Standing::NotTrusted(_) => Self::SetUp,
            Standing::Unwished if is_wished(side.voice(), peer_side.voice()) => Self::SetUp,
            Standing::Unwished => Self::Forget,
        }
    }
}

/// The end whose selection can't be understood, if there is one. It must not turn into the widest there is, so such a
/// pair isn't started.
pub(super) fn misspelt(pair: &Pair) -> Option<&Seen> {
    pair.sides.iter().find(|side| side.intent.routes == Wish::Malformed)
}

/// The request that the tags of a pair amount to. The end that wishes it asks; the other one has to consent.
pub(super) fn request(pair: &Pair) -> Request {
    asked(wisher_first(pair))
}

/// The request of an execution that tags started, as they ask for it by now: they may have changed since.
pub(super) fn as_tagged_now(pair: &Pair, request: Request, stack: &Stack) -> Request {
    match pair.standing(stack) == Standing::Wished && misspelt(pair).is_none() {
        true => Request { dry_run: request.dry_run, tags: request.tags, ..asked(pair.sides.each_ref()) },
        false => request,
    }
}

fn asked([side, peer_side]: [&Seen; 2]) -> Request {
    let wishes = [side, peer_side].map(|seen| seen.intent.dns_resolution);
    Request {
        end: side.end.clone(),
        peer: peer_side.end.clone(),
        tags: Tags::new(),
        routes: side.intent.selection(),
        peer_routes: peer_side.intent.selection(),
        dns_resolution: wishes.contains(&Some(true)) && !wishes.contains(&Some(false)),
        dry_run: false,
    }
}

/// The name of an execution for what the tags of a pair say: the same for the same occasion.
pub(super) fn name_by_tags(pair: &Pair, occasion: &str) -> String {
    let [end, peer] = wisher_first(pair).map(|seen| &seen.end);
    execution_name(Origin::Tags, end, peer, occasion)
}

/// The name of an execution for this pair: the same for the same occasion, whose id is a UUID. At most 80 characters.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub(super) fn execution_name(by: Origin, end: &End, peer: &End, occasion: &str) -> String {
    let occasion: String = occasion.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(36).collect();
    stem(by, end, peer) + &occasion
}

fn stem(by: Origin, End { vpc_id, .. }: &End, End { vpc_id: peer_vpc_id, .. }: &End) -> String {
    let [bare, peer_bare] = [vpc_id, peer_vpc_id].map(|id| id.as_str().trim_start_matches("vpc-"));
    match by {
        Origin::Tags => format!("{vpc_id}_{peer_vpc_id}_"),
        Origin::MemberEvent => format!("member-{bare}-{peer_bare}-"),
        // Pipelines name theirs as they like; only an event of the stack's own account, which counts as one, gets a name here.
        Origin::Execution => format!("event-{bare}-{peer_bare}-"),
    }
}

/// Where a request comes from, as the name of its execution says.
pub(super) fn origin(name: &str, request: &Request) -> Origin {
    let is_by = |by| name.starts_with(&stem(by, &request.end, &request.peer));
    match name {
        _ if is_by(Origin::Tags) => Origin::Tags,
        _ if is_by(Origin::MemberEvent) => Origin::MemberEvent,
        _ => Origin::Execution,
    }
}

fn wisher_first(pair: &Pair) -> [&Seen; 2] {
    let [side, peer_side] = &pair.sides;
    match peer_side.voice().names(&side.end) && !side.voice().names(&peer_side.end) {
        true => [peer_side, side],
        false => [side, peer_side],
    }
}
