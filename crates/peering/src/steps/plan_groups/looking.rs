//! How one pair stands, which calls it lacks, and what comes next.

use super::run::{Run, Settlement};
use crate::connection::{Connection, End, Status};
use crate::context::Context;
use crate::groups::{CallCounts, Work};
use crate::ledger::{AskedBy, LedgerItem, Outcome, Undone};
use crate::ports::NetworkReads;
use crate::routes::{Action, stale_routes};
use crate::shared::drift::{Examined, Finding, examine};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::status::PeeringStatus;

/// How a pair stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    InPlace,
    /// It is to be set up or repaired, or an execution works on it.
    ToSetUp,
    Refused {
        error: String,
        message: String,
    },
    /// There was no time to look, or AWS didn't answer.
    Unknown,
}

/// What looking at a pair has found.
pub(super) struct Looked {
    pub(super) stands: Stands,
    pub(super) calls: Vec<Call>,
    /// Why nothing is known.
    pub(super) failure: Option<String>,
    pub(super) next: Next,
    /// The item of a pair that tags took away and ask for again.
    pub(super) returned: Option<Box<LedgerItem>>,
}

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

/// Calls that it lacks.
pub(super) enum Call {
    /// The connection has to be accepted, and requested unless it is.
    Connection {
        requester: End,
        accepter: End,
        is_requested: bool,
    },
    Routes {
        end: End,
        created: usize,
        deleted: usize,
    },
    DnsResolution(End),
}

impl Call {
    pub(super) fn add_to(&self, counts: &mut CallCounts) {
        match self {
            Self::Connection { requester, accepter, is_requested } => {
                counts.add_connection(requester, accepter, *is_requested);
            }
            Self::Routes { end, created, deleted } => counts.add_routes(end, *created, *deleted),
            Self::DnsResolution(end) => counts.add_dns_resolution(end),
        }
    }
}

impl From<Stands> for Looked {
    fn from(stands: Stands) -> Self {
        Self { stands, calls: Vec::new(), failure: None, next: Next::Nothing, returned: None }
    }
}

/// `known` is `None` where the ledger's item of the pair can't be used, or a Region was not read. `is_admitted`: whether the plan of
/// all groups has a place for it.
pub(super) async fn look<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    run: &Run<'_>,
    (known, is_admitted): (Option<PairSnapshot>, bool),
    has_time: &impl Fn() -> bool,
) -> Looked {
    let Some(known) = known.filter(|_| has_time()) else { return Stands::Unknown.into() };
    let item = known.item.as_ref();
    if !run.may_take(item) {
        return Stands::ToSetUp.into();
    }
    if let Some(item) = item.filter(|item| run.holds(Some(item)) && item.records_failure_of(run.execution)) {
        return given_up(context.stack, snapshot, item.outcome.clone(), known);
    }
    let examined = match examine(context, snapshot, &known, false).await {
        Ok(examined) => examined,
        Err(error) => {
            let [end, peer] = known.pair.ends();
            let failure = Some(format!("{end} and {peer}: {error}"));
            return Looked { failure, ..Stands::Unknown.into() };
        }
    };
    let stands = stands(&examined, &known);
    let calls = match stands {
        Stands::ToSetUp => missing_calls(context, snapshot, &known, &examined).await,
        Stands::InPlace | Stands::Refused { .. } | Stands::Unknown => Vec::new(),
    };
    let is_taken_away = matches!(examined.finding, Finding::TearDown(_) | Finding::Empty(_));
    let marked = known.item.as_ref().filter(|item| !is_taken_away && item.open_withdrawal().is_some());
    let returned = marked.cloned().map(Box::new);
    let next = match known.is_left_to_groups(context.stack) {
        true => next(context.stack, snapshot, (known, is_admitted), examined, &calls),
        false => Next::Nothing,
    };
    let stands = match &next {
        Next::Settle(settle) if run.acts && matches!(settle.1, Settlement::Complete { .. }) => Stands::InPlace,
        _ => stands,
    };
    Looked { stands, calls, failure: None, next, returned }
}

fn stands(examined: &Examined, known: &PairSnapshot) -> Stands {
    match &examined.finding {
        Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } => {
            Stands::Refused { error: error.clone(), message: message.clone() }
        }
        // It stands, and it is recorded that tags ask for it.
        Finding::SetUp(differs) if differs == "Unrecorded" && known.is_established() => Stands::InPlace,
        // What stands of an excluded VPC is refused without a failure. What something else keeps stands as well.
        Finding::InPlace(..) | Finding::Kept(Some(_)) | Finding::Refused { .. } | Finding::Waiting(_) => {
            Stands::InPlace
        }
        Finding::SetUp(_) | Finding::Empty(_) | Finding::Narrow | Finding::TearDown(_) => Stands::ToSetUp,
        Finding::Kept(None) | Finding::NotRequested => Stands::Unknown,
    }
}

fn next(
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
fn given_up(stack: &Stack, snapshot: &Snapshot, outcome: Option<Outcome>, known: PairSnapshot) -> Looked {
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

async fn missing_calls<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    Examined { sides, dns_resolution, .. }: &Examined,
) -> Vec<Call> {
    let [end, peer] = known.pair.ends();
    let live = known.live(stack);
    let is_requested = live.is_some();
    let (requester, accepter) =
        live.map_or_else(|| stack.direction(end, peer), |live| (&live.identity.requester, &live.identity.accepter));
    let is_accepted = live.is_some_and(|live| live.status >= Status::Provisioning);
    let connection = || Call::Connection { requester: requester.clone(), accepter: accepter.clone(), is_requested };
    let mut calls: Vec<Call> = (!is_accepted).then(connection).into_iter().collect();
    calls.extend(sides.iter().flatten().map(|side| {
        // A blackhole is deleted and made anew.
        let repaired = side.additions().filter(|route| route.action == Action::Repaired).count();
        let deleted = side.removals().count() + repaired;
        Call::Routes { end: side.end.clone(), created: side.additions().count(), deleted }
    }));
    if *dns_resolution {
        let allowed = live.map(|live| live.dns_resolution).unwrap_or_default();
        for (end, is_on) in [(requester, allowed.requester), (accepter, allowed.accepter)] {
            if !is_on && snapshot.has_dns_hostnames(network, end).await.unwrap_or(false) {
                calls.push(Call::DnsResolution(end.clone()));
            }
        }
    }
    calls
}
