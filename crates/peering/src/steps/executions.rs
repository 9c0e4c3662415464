//! Starting executions of the two machines for a pair that tags wish, or no longer wish.

use super::pair::{Pair, Seen};
use crate::connection::{Connection, End};
use crate::error::Error;
use crate::intent::Wish;
use crate::network::Tags;
use crate::request::{Input, Request};
use crate::stack::Stack;
use crate::standing::{Standing, is_wished};
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
    let [side, peer_side] = wisher_first(pair);
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

/// At most 80 characters, of which each id takes 21 and the event's UUID 36.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub(super) fn execution_name(pair: &Pair, occasion: &str) -> String {
    let occasion: String = occasion.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(36).collect();
    let [end, peer] = wisher_first(pair).map(|seen| &seen.end);
    named_after(end, peer) + &occasion
}

/// What the name of every execution begins with that tags started for this pair.
pub(super) fn named_after(end: &End, peer: &End) -> String {
    format!("{}-{}-", end.vpc_id, peer.vpc_id)
}

fn wisher_first(pair: &Pair) -> [&Seen; 2] {
    let [side, peer_side] = &pair.sides;
    match peer_side.voice().names(&side.end) && !side.voice().names(&peer_side.end) {
        true => [peer_side, side],
        false => [side, peer_side],
    }
}
