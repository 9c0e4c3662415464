//! An execution as it goes on: which states it has been in, how long, and what can be said about each.

mod details;

use crate::failure::Failure;
use crate::stack::Machine;
use details::Known;
use serde_json::Value;

/// How an execution ended: its output, or its failure.
pub type Ended = Result<Value, Failure>;

/// One event of its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number, from 1.
    pub id: i64,
    /// When it happened, in seconds since 1970.
    pub time: f64,
    /// What happened.
    pub happened: Happened,
}

/// What happened, as far as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A state began.
    Entered(String),
    /// A state is over.
    Left(String),
    /// A call of a state's function failed, by an error's name and Lambda's report. It may be repeated.
    TaskFailed(String, String),
    /// A call succeeded, and answered this.
    TaskSucceeded(String),
    /// The execution is over.
    Ended(Ended),
    /// Anything else.
    Other,
}

/// One visit of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The state's name.
    pub state: String,
    /// When it began, in seconds since 1970.
    pub since: f64,
    /// How long it took, in seconds; `None` while it goes on.
    pub took: Option<f64>,
    /// Whether its last call failed.
    pub has_failed: bool,
    /// How many of its calls failed.
    pub failures: usize,
    /// What is known about it.
    pub detail: String,
}

/// What is known of an execution.
#[derive(Debug, Clone, Default)]
pub struct Execution {
    /// The visits of states that do something, in their order.
    pub visits: Vec<Visit>,
    /// How it ended; `None` while it goes on.
    pub ended: Option<Ended>,
    /// The number of the last event.
    pub last: i64,
    known: Known,
}

/// The states that call a function of the stack; a test compares them with the machines. The others choose, publish or end.
pub const STATES: [&str; 10] = [
    "CreateRequest",
    "AcceptInPeerRegion",
    "WaitActive",
    "UpdateRoutes",
    "RollBack",
    "RecordFailure",
    "PlanTeardown",
    "DeleteRoutes",
    "DeletePeering",
    "PlanGroups",
];

/// How `WaitActive` says that the peering with an external account is to be planned again. It is no failure.
const PLAN_AGAIN: &str = "PlanAgain";

/// States that only wait: for a time, or for other executions.
pub const PAUSES: [&str; 5] =
    ["WaitUntilDue", "WaitForItsFunctions", "WaitForItsMinute", "WaitForTheOtherRun", "WorkLanes"];

impl Machine {
    /// The states that an execution goes through where nothing is skipped and nothing fails.
    pub fn main_line(self) -> &'static [&'static str] {
        match self {
            Self::Peering => &["CreateRequest", "AcceptInPeerRegion", "WaitActive", "UpdateRoutes"],
            Self::Teardown => &["PlanTeardown", "DeleteRoutes", "DeletePeering"],
            Self::CleanUp => &["WaitForItsFunctions", "RollBack", "RecordFailure"],
            Self::Groups => &["PlanGroups", "WorkLanes"],
        }
    }
}

impl Execution {
    /// Takes in the next events.
    pub fn apply(&mut self, events: Vec<Event>) {
        for Event { id, time, happened } in events {
            self.last = id;
            match happened {
                Happened::Entered(state) => self.enter(state, time),
                Happened::Left(state) => self.leave(Some(&state), time),
                Happened::TaskFailed(error, report) => self.fail_task(&error, &report),
                Happened::TaskSucceeded(output) => self.succeed_task(&output),
                Happened::Ended(ended) => {
                    self.leave(None, time);
                    self.ended = Some(ended);
                }
                Happened::Other => {}
            }
        }
    }

    fn enter(&mut self, state: String, time: f64) {
        // A state that catches an error may be left without an event.
        self.leave(None, time);
        if STATES.contains(&state.as_str()) || PAUSES.contains(&state.as_str()) {
            let detail = self.known.on_entry(&state);
            self.visits.push(Visit { state, since: time, took: None, has_failed: false, failures: 0, detail });
        }
    }

    /// Ends the visit that goes on, if it is of that state.
    fn leave(&mut self, state: Option<&str>, time: f64) {
        if let Some(visit) = self.current()
            && state.is_none_or(|state| visit.state == state)
        {
            visit.took = Some(time - visit.since);
        }
    }

    fn fail_task(&mut self, error: &str, report: &str) {
        if let Some(visit) = self.current() {
            visit.has_failed = error != PLAN_AGAIN;
            visit.failures += 1;
            visit.detail = details::of_failure(error, report, visit.failures);
        }
    }

    fn succeed_task(&mut self, output: &str) {
        self.known.learn(output);
        let Self { visits, known, .. } = self;
        if let Some(visit) = visits.last_mut().filter(|visit| visit.took.is_none()) {
            visit.has_failed = false;
            if let Some(detail) = known.on_success(&visit.state) {
                visit.detail = detail;
            }
        }
    }

    fn current(&mut self) -> Option<&mut Visit> {
        self.visits.last_mut().filter(|visit| visit.took.is_none())
    }
}
