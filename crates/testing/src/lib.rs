//! The network in memory, so that every step can be run thousands of times, and killed at every call.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod around;
mod around_services;
mod chain;
mod executions;
mod explore;
mod faulty;
pub mod grouped;
mod groups_run;
mod ledger;
pub mod members;
mod memory;
mod metered;
pub mod owners;
pub mod pair;
mod pause;
mod resent;
mod script;
pub mod spokes;
mod stack;
mod state;
pub mod sweeping;
pub mod three;
mod virtual_time;

pub use chain::{
    Ended, Execution, clean_up, context, execute, execute_as_deployed, execute_with_time_for, record, tear_down,
};
pub use executions::{Machines, Unavailable, scope};
pub use explore::{Scenario, explore, kill_after, until_free};
pub use faulty::{Faulty, When};
pub use groups_run::{LANES_AT_ONCE, RunOfGroups, groups_arn, run_groups, run_in, run_with, work_at};
pub use ledger::{HasLedger, MemoryLedger};
pub use memory::Memory;
pub use metered::Metered;
use pause::pause;
pub use resent::Resent;
pub use script::{FaultKind, PlannedFault, Scripted};
pub use stack::{INSTALLATION, stack};
pub use state::{Machine, Retries, unless_killed};
pub use virtual_time::{VirtualClock, in_virtual_time};

/// The names of the attributes of an item of the ledger.
pub const ITEM_ATTRIBUTES: [&str; 18] = [
    "Pair",
    "V",
    "Holder",
    "Since",
    "Again",
    "Makers",
    "Connection",
    "AskedBy",
    "RoutesA",
    "RoutesB",
    "PendingA",
    "PendingB",
    "Outcome",
    "Owes",
    "WithdrawnBy",
    "Withdrawal",
    "Removed",
    "Expires",
];

/// A figure of this process's memory, such as `VmRSS` or `VmHWM`, in MB.
pub fn memory_mb(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
