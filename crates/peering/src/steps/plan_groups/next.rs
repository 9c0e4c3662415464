//! What a run does about a pair, decided from how it stands.

use super::looking::{Call, Looked, Stands};
use super::run::Settlement;
use crate::connection::{Connection, End, Status};
use crate::groups::Work;
use crate::ledger::{AskedBy, Outcome, Undone};
use crate::routes::stale_routes;
use crate::shared::drift::{Examined, Finding};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::status::PeeringStatus;

/// What a run does about it.
pub(super) enum Next {
    /// Nothing: it is as it should be, or somebody else's.
    Nothing,
    /// The lanes of these ends do this.
    Lanes(Box<(PairSnapshot, Work, Vec<End>)>),
    /// It is recorded, and given back.
    Settle(Box<(PairSnapshot, Settlement)>),
    /// The brake and `TeardownDelay` decide first.
    Withdraw(Box<(PairSnapshot, Finding)>),
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
            Next::Lanes(Box::new((known, Work::SetUp, at)))
        }
        Finding::Empty(_) | Finding::TearDown(_) => Next::Withdraw(Box::new((known, examined.finding))),
        Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } if is_held => {
            let outcome = Outcome { error: Some(error), message: Some(message), ..Outcome::success("") };
            let recorded = known.item.as_ref().and_then(|item| item.outcome.clone());
            let is_that = |recorded: &Outcome| recorded.error == outcome.error;
            given_up(stack, snapshot, recorded.filter(is_that).or(Some(outcome)), known).next
        }
        Finding::SetUp(_) | Finding::NotRequested if is_held => undo(stack, snapshot, None, known),
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

/// Routes first; then the connection, if it is ours; then the ledger forgets it. What stood before the run stays.
pub(super) fn undo(stack: &Stack, snapshot: &Snapshot, outcome: Option<Outcome>, known: PairSnapshot) -> Next {
    if known.is_established() {
        let settlement = outcome.map_or(Settlement::Released, |outcome| Settlement::Failed(outcome, Undone::Whole));
        return Next::Settle(Box::new((known, settlement)));
    }
    match remove(stack, snapshot, &known) {
        Some((work, at)) => Next::Lanes(Box::new((known, work, at))),
        None => {
            let undone = |outcome| Settlement::Failed(outcome, Undone::WithConnection);
            Next::Settle(Box::new((known, outcome.map_or(Settlement::Nothing, undone))))
        }
    }
}

/// What lanes have to delete of a pair, if there is anything of ours.
pub(super) fn remove(stack: &Stack, snapshot: &Snapshot, known: &PairSnapshot) -> Option<(Work, Vec<End>)> {
    let item = known.item.as_ref()?;
    let has_routes = |end: &&End| {
        let to = item.connection.as_ref().map(|recorded| recorded.id.clone()).into_iter().collect();
        !stale_routes(snapshot.tables(end), &item.routes_at(end), &to, &[]).is_empty()
    };
    let at: Vec<End> = item.pair.ends().into_iter().filter(has_routes).cloned().collect();
    if !at.is_empty() {
        return Some((Work::DeleteRoutes, at));
    }
    let own = known.live(stack).filter(|live| item.owns(live))?;
    Some((Work::DeleteConnection, vec![own.identity.requester.clone()]))
}
