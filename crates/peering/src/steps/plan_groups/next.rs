//! What a run does about a pair, decided from how it stands.

use super::looking::{Call, Looked, Stands};
use super::run::Settlement;
use crate::connection::{Connection, End, Status};
use crate::groups::{TO_MAKE_ROOM, Work};
use crate::ledger::{AskedBy, LedgerItem, Outcome, Undone};
use crate::routes::stale_routes;
use crate::shared::drift::{Examined, Finding};
use crate::shared::pair::Lookup;
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::status::PeeringStatus;

/// What a run does about it.
pub(super) enum Next {
    /// Nothing: it is as it should be, or somebody else's.
    Nothing,
    /// The lanes of these ends do this.
    Lanes(Box<ForLanes>),
    /// It is recorded, and given back.
    Settle(Box<(PairSnapshot, Settlement)>),
    /// The brake and `TeardownDelay` decide first.
    Withdraw(Box<(PairSnapshot, Finding)>),
}

/// What lanes do about a pair.
pub(super) struct ForLanes {
    pub(super) known: PairSnapshot,
    pub(super) work: Work,
    pub(super) at: Vec<End>,
    /// Why it is undone, where tags ask for it.
    pub(super) why: Option<Outcome>,
    /// How many calls of one action it takes at an end, at most.
    pub(super) calls: usize,
}

/// What comes next for a pair that is the groups machine's.
pub(super) fn next(
    stack: &Stack,
    snapshot: &Snapshot,
    (known, is_admitted): (PairSnapshot, bool),
    examined: Examined,
    calls: &[Call],
) -> Next {
    let is_held = known.is_held();
    let live = known.live(stack);
    match examined.finding {
        Finding::InPlace(..) if !is_held => Next::Nothing,
        Finding::InPlace(..) => complete(stack, snapshot, known),
        Finding::SetUp(differs) if differs == "Unrecorded" => complete(stack, snapshot, known),
        Finding::SetUp(_) if is_admitted || known.is_established() || live.is_some_and(|live| !owns(&known, live)) => {
            let at = ends_to_set_up(&known, live, calls);
            Next::Lanes(Box::new(ForLanes { known, work: Work::SetUp, at, why: None, calls: most_at_an_end(calls) }))
        }
        Finding::Empty(_) | Finding::TearDown(_) => Next::Withdraw(Box::new((known, examined.finding))),
        Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } if is_held => {
            let outcome = Outcome { error: Some(error), message: Some(message), ..Outcome::success("") };
            let recorded = known.item.as_ref().and_then(|item| item.outcome.clone());
            let is_that = |recorded: &Outcome| recorded.error == outcome.error;
            given_up(stack, snapshot, recorded.filter(is_that).or(Some(outcome)), known).next
        }
        Finding::NotRequested if is_held => undo(stack, snapshot, None, known),
        Finding::SetUp(_) if is_held => {
            let message = Some(format!("the plan of all groups has no place for it: {TO_MAKE_ROOM}"));
            let outcome = Outcome { error: Some("QuotaExceeded".to_owned()), message, ..Outcome::success("") };
            undo(stack, snapshot, Some(outcome), known)
        }
        _ if is_held => Next::Settle(Box::new((known, Settlement::Released))),
        _ => Next::Nothing,
    }
}

fn owns(known: &PairSnapshot, connection: &Connection) -> bool {
    known.item.as_ref().is_some_and(|item| item.owns(connection))
}

fn complete(stack: &Stack, snapshot: &Snapshot, known: PairSnapshot) -> Next {
    let Some(live) = known.live(stack).cloned() else { return Next::Nothing };
    let asked_by = AskedBy { groups: known.pair.asking_groups(stack).cloned().collect(), ..AskedBy::default() };
    let made = owns(&known, &live);
    let settlement = Settlement::complete(snapshot, &known.key(), (known.item.as_ref(), live.id(), made), asked_by);
    Next::Settle(Box::new((known, settlement)))
}

/// The ends whose lanes have something to do: both while there is no active connection.
fn ends_to_set_up(known: &PairSnapshot, live: Option<&Connection>, calls: &[Call]) -> Vec<End> {
    let both = || known.key().ends().map(End::clone).to_vec();
    let Some(live) = live.filter(|live| live.status == Status::Active) else { return both() };
    if !known.item.as_ref().is_some_and(|item| item.records(live.id())) {
        return both();
    }
    let lacks = |end: &&End| {
        calls.iter().any(|call| match call {
            Call::Connection { .. } => true,
            Call::Routes { end: of, created, deleted } => of == *end && created + deleted > 0,
            Call::DnsResolution(of) => of == *end,
            Call::Deletion(_) => false,
        })
    };
    let at: Vec<End> = known.key().ends().into_iter().filter(lacks).cloned().collect();
    if at.is_empty() { both() } else { at }
}

/// A pair that can't be had: what was made of it is undone, unless it stood before.
pub(super) fn given_up(stack: &Stack, snapshot: &Snapshot, outcome: Option<Outcome>, known: PairSnapshot) -> Looked {
    let of = |outcome: &Option<Outcome>| {
        let outcome = outcome.as_ref()?;
        Some((outcome.error.clone()?, outcome.message.clone().unwrap_or_default()))
    };
    let stands = match of(&outcome) {
        Some((error, message)) => Stands::Refused { error, message },
        None => Stands::Unknown,
    };
    let next = undo(stack, snapshot, outcome, known);
    Looked { next, ..stands.into() }
}

/// Routes first; then the connection, if it is ours; then the ledger forgets it. What stood before the run stays, with whatever is
/// recorded.
pub(super) fn undo(stack: &Stack, snapshot: &Snapshot, outcome: Option<Outcome>, known: PairSnapshot) -> Next {
    if known.is_established() {
        let is_pending = known.item.as_ref().is_some_and(LedgerItem::has_pending_routes);
        let undone = if is_pending { Undone::InPart } else { Undone::Whole };
        let settlement = outcome.map_or(Settlement::Released, |outcome| Settlement::Failed(outcome, undone));
        return Next::Settle(Box::new((known, settlement)));
    }
    let (next, calls) = to_remove(stack, snapshot, &known);
    if let Some((work, at)) = next.or_else(|| unseen(stack, &known)) {
        let calls = most_at_an_end(&calls);
        return Next::Lanes(Box::new(ForLanes { known, work, at, why: outcome, calls }));
    }
    let undone = |outcome| Settlement::Failed(outcome, Undone::WithConnection);
    Next::Settle(Box::new((known, outcome.map_or(Settlement::Nothing, undone))))
}

/// EC2 may not show a connection yet that was just made. It is deleted by its id.
fn unseen(stack: &Stack, known: &PairSnapshot) -> Option<(Work, Vec<End>)> {
    let id = known.item.as_ref().and_then(LedgerItem::own_connection)?;
    let [first, second] = known.pair.ends();
    let requester = stack.direction(first, second).0.clone();
    let is_seen = known.connections.iter().any(|seen| seen.id() == id);
    (!is_seen && !known.pair.is_one(Lookup::NotFound)).then(|| (Work::DeleteConnection, vec![requester]))
}

/// How many calls of one action the busier end needs.
pub(super) fn most_at_an_end(calls: &[Call]) -> usize {
    let of = |call: &Call| match call {
        Call::Routes { created, deleted, .. } => *created.max(deleted),
        Call::Connection { .. } | Call::DnsResolution(_) | Call::Deletion(_) => 1,
    };
    calls.iter().map(of).max().unwrap_or(1)
}

/// What the lanes of which ends delete of a pair next, if there is anything of ours; and the calls until nothing is left.
pub(super) fn to_remove(
    stack: &Stack,
    snapshot: &Snapshot,
    known: &PairSnapshot,
) -> (Option<(Work, Vec<End>)>, Vec<Call>) {
    let routes = routes_to_remove(snapshot, known);
    let requester = connection_to_remove(stack, known);
    let next = match routes.is_empty() {
        false => Some((Work::DeleteRoutes, routes.iter().map(|(end, _)| end.clone()).collect())),
        true => requester.clone().map(|requester| (Work::DeleteConnection, vec![requester])),
    };
    let routes = routes.into_iter().map(|(end, deleted)| Call::Routes { end, created: 0, deleted });
    (next, routes.chain(requester.map(Call::Deletion)).collect())
}

/// The ends in whose tables we have routes, and how many.
fn routes_to_remove(snapshot: &Snapshot, known: &PairSnapshot) -> Vec<(End, usize)> {
    let Some(item) = known.item.as_ref() else { return Vec::new() };
    let to = item.connection.as_ref().map(|recorded| recorded.id.clone()).into_iter().collect();
    let count = |end: &End| stale_routes(snapshot.tables(end), &item.routes_at(end), &to, &[]).len();
    let counted = item.pair.ends().into_iter().map(|end| (end.clone(), count(end)));
    counted.filter(|(_, routes)| *routes > 0).collect()
}

/// The requester of our live connection.
fn connection_to_remove(stack: &Stack, known: &PairSnapshot) -> Option<End> {
    let own = known.live(stack).filter(|live| owns(known, live))?;
    Some(own.identity.requester.clone())
}
