//! One conditional change of an item, as data: the store in memory applies it, DynamoDB gets it as expressions.

use crate::ledger::{AskedBy, LedgerItem, Outcome, RecordedConnection, RecordedRoutes, VERSION};
use crate::ledger::{Withdrawal, WithdrawalState, Withdrawer, Withdrawn};
use serde::Serialize;
use serde_json::{Map, Value};

/// What must hold for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nobody holds the pair, or one of these executions does; and the item is of no newer version.
    FreeOrHeldBy(Vec<String>),
    /// This execution holds the pair.
    HeldBy(String),
    /// Somebody holds the pair.
    Held,
    /// A connection is recorded, and no withdrawal of this by this one that has yet to be carried out.
    NotWithdrawn(Withdrawer, Withdrawn),
    /// The withdrawal is this one.
    Withdrawn(Withdrawal),
}

/// A change of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// What must hold.
    pub condition: Condition,
    /// Attributes to set, by name.
    pub set: Map<String, Value>,
    /// Attributes to remove.
    pub remove: Vec<&'static str>,
    /// An execution to add to `Makers`.
    pub maker: Option<String>,
}

/// What ends with a lease.
const LEASE: [&str; 5] = ["Holder", "Since", "Makers", "PendingA", "PendingB"];
/// What ends when tags ask again for what they withdrew.
const WITHDRAWAL: [&str; 2] = ["WithdrawnBy", "Withdrawal"];
/// What ends with the connection.
const PEERING: [&str; 4] = ["Connection", "RoutesA", "RoutesB", "AskedBy"];

/// How much of what a failed execution made is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Something may be left, so its makers and pending routes stay recorded.
    InPart,
    /// Nothing is left of it.
    Whole,
    /// Nothing is left of it, nor of the connection that it had recorded.
    WithConnection,
}

impl Update {
    /// Takes the pair for `execution`, from nobody, from itself, or from an execution known to be dead, whose pending
    /// routes and makers it inherits.
    pub fn acquire(execution: &str, time: &str, dead: Option<&str>) -> Self {
        let holders = [Some(execution), dead].into_iter().flatten().map(str::to_owned).collect();
        Self::on(Condition::FreeOrHeldBy(holders))
            .set("V", VERSION)
            .set("Holder", execution)
            .set("Since", time)
            .add_maker(execution)
            .remove(&["Again", "Removed", "Expires"])
    }

    /// Records the connection, and the routes that `execution` is about to write, in the canonical order.
    pub fn intend(execution: &str, connection: &RecordedConnection, pending: &[RecordedRoutes; 2]) -> Self {
        Self::held_by(execution).set("Connection", connection).set("PendingA", &pending[0]).set("PendingB", &pending[1])
    }

    /// The same, where another connection was recorded before: of the routes that were written to that, `left` are still there,
    /// as blackholes.
    #[must_use]
    pub fn replacing(self, left: &[RecordedRoutes; 2]) -> Self {
        self.set("RoutesA", &left[0]).set("RoutesB", &left[1])
    }

    /// Records the connection, and the routes that `execution` is about to write in the tables of these ends, in the canonical
    /// order; `None` for an end that another lane writes.
    pub fn intend_here(execution: &str, connection: &RecordedConnection, pending: [Option<RecordedRoutes>; 2]) -> Self {
        let update = Self::held_by(execution).set("Connection", connection);
        let of_ends = ["PendingA", "PendingB"].into_iter().zip(pending);
        of_ends.fold(update, |update, (name, pending)| match pending {
            Some(pending) => update.set(name, pending),
            None => update,
        })
    }

    /// Records which routes are still ours, where the connection is replaced.
    pub fn keep_routes(execution: &str, routes: &[RecordedRoutes; 2]) -> Self {
        Self::held_by(execution).set("RoutesA", &routes[0]).set("RoutesB", &routes[1])
    }

    /// Records that the pair can't be had; what was made of it has yet to be undone.
    pub fn note_failure(execution: &str, outcome: &Outcome) -> Self {
        Self::held_by(execution).set("Outcome", outcome)
    }

    /// Records that the pending routes are written, and that no roll-back may take them away: from here on stale routes are
    /// deleted. `routes` is everything that we have written, in the canonical order.
    pub fn settle_additions(execution: &str, routes: &[RecordedRoutes; 2]) -> Self {
        Self::keep_routes(execution, routes).remove(&["PendingA", "PendingB"])
    }

    /// Records what stands in the end, and gives the pair back. `withdrawal`: what tags took away, where this carried it out.
    pub fn complete(
        execution: &str,
        connection: &RecordedConnection,
        routes: &[RecordedRoutes; 2],
        asked_by: &AskedBy,
        outcome: &Outcome,
        withdrawal: Option<Withdrawal>,
    ) -> Self {
        let update = Self::held_by(execution);
        let update = match withdrawal {
            Some(withdrawal) => update.set("Withdrawal", withdrawal),
            None => update,
        };
        update
            .set("Connection", connection)
            .set("RoutesA", &routes[0])
            .set("RoutesB", &routes[1])
            .set("AskedBy", asked_by)
            .set("Outcome", outcome)
            .remove(&LEASE)
            .remove(&["Owes"])
    }

    /// Records a failure, and gives the pair back. What `undone` leaves stays recorded. `owes` is the end whose consent is
    /// missing.
    pub fn fail(execution: &str, outcome: &Outcome, owes: Option<&str>, undone: Undone) -> Self {
        let update = Self::held_by(execution).set("Outcome", outcome);
        let update = match owes {
            Some(end) => update.set("Owes", end),
            None => update.remove(&["Owes"]),
        };
        match undone {
            Undone::InPart => update.remove(&["Holder", "Since"]),
            Undone::Whole => update.remove(&LEASE),
            Undone::WithConnection => update.remove(&LEASE).remove(&PEERING),
        }
    }

    /// The same, and DynamoDB deletes the item at that time, in seconds since 1970.
    #[must_use]
    pub fn expires(self, time: i64) -> Self {
        self.set("Expires", time)
    }

    /// Gives the pair back and changes nothing else. What an execution that died before it had made stays recorded.
    pub fn release(execution: &str, item: &LedgerItem) -> Self {
        let is_alone = item.makers.iter().all(|maker| maker == execution);
        let lease = if is_alone && !item.has_pending_routes() { &LEASE[..] } else { &["Holder", "Since"] };
        Self::held_by(execution).remove(lease)
    }

    /// Records that the peering is torn down, and gives the pair back. DynamoDB deletes the item at `expires`, in seconds
    /// since 1970. `withdrawal`: what tags took away, where this carried it out; what a person tears down doesn't count.
    pub fn tear_down(execution: &str, time: &str, expires: i64, withdrawal: Option<Withdrawal>) -> Self {
        let update = Self::held_by(execution);
        let update = match withdrawal {
            Some(withdrawal) => update.set("Withdrawal", withdrawal),
            None => update.remove(&WITHDRAWAL),
        };
        update
            .set("Removed", time)
            .set("Expires", expires)
            .set("Outcome", Outcome::success(execution))
            .remove(&LEASE)
            .remove(&PEERING)
            .remove(&["Owes"])
    }

    /// Records who asks for an established peering, where its routes can't follow yet.
    pub fn ask(execution: &str, asked_by: &AskedBy) -> Self {
        Self::held_by(execution).set("AskedBy", asked_by)
    }

    /// Asks whoever ends next to start another execution of tags.
    pub fn again() -> Self {
        Self::on(Condition::Held).set("Again", true)
    }

    /// Records that its tags no longer ask for the pair, or for any route of one side.
    pub fn withdraw(by: &Withdrawer, of: Withdrawn, now: i64) -> Self {
        let withdrawal = Withdrawal { at: now, state: WithdrawalState::Waiting, of };
        let condition = Condition::NotWithdrawn(by.clone(), of);
        Self::on(condition).set("WithdrawnBy", by).set("Withdrawal", withdrawal)
    }

    /// Lets that be carried out, whatever else the same account or group withdraws.
    pub fn release_withdrawal(withdrawal: Withdrawal, now: i64) -> Self {
        let released = Withdrawal { at: now, state: WithdrawalState::Released, ..withdrawal };
        Self::on(Condition::Withdrawn(withdrawal)).set("Withdrawal", released)
    }

    /// Records that tags ask for it again, or that it no longer counts.
    pub fn forget_withdrawal(withdrawal: Withdrawal) -> Self {
        Self::on(Condition::Withdrawn(withdrawal)).remove(&WITHDRAWAL)
    }

    fn held_by(execution: &str) -> Self {
        Self::on(Condition::HeldBy(execution.into()))
    }

    fn on(condition: Condition) -> Self {
        Self { condition, set: Map::new(), remove: Vec::new(), maker: None }
    }

    fn set(mut self, name: &str, value: impl Serialize) -> Self {
        self.set.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    fn remove(mut self, names: &[&'static str]) -> Self {
        self.remove.extend(names);
        self
    }

    fn add_maker(mut self, execution: &str) -> Self {
        self.maker = Some(execution.to_owned());
        self
    }
}

impl Condition {
    /// Whether it holds for that item, or where there is none.
    pub fn holds(&self, item: Option<&LedgerItem>) -> bool {
        let holder = item.and_then(|item| item.holder.as_deref());
        match self {
            Self::FreeOrHeldBy(holders) => {
                let is_readable = item.is_none_or(|item| item.v <= VERSION);
                is_readable && holder.is_none_or(|holder| holders.iter().any(|known| known == holder))
            }
            Self::HeldBy(execution) => holder == Some(execution),
            Self::Held => holder.is_some(),
            Self::NotWithdrawn(by, of) => item.is_some_and(|item| {
                let is_that = |(known, withdrawal): (&Withdrawer, Withdrawal)| known == by && withdrawal.of == *of;
                item.connection.is_some() && !item.open_withdrawal().is_some_and(is_that)
            }),
            Self::Withdrawn(withdrawal) => item.is_some_and(|item| item.withdrawal == Some(*withdrawal)),
        }
    }
}
