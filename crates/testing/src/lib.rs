//! The network in memory, so that every step can be run thousands of times, and killed at every call.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod chain;
mod executions;
mod explore;
mod faulty;
pub mod grouped;
mod ledger;
pub mod members;
mod memory;
pub mod owners;
pub mod pair;
mod pause;
pub mod spokes;
pub mod sweeping;
pub mod three;

pub use chain::{Ended, INSTALLATION, clean_up, context, execute, execute_with_time_for, stack, tear_down};
pub use executions::{Machines, Unavailable, scope};
pub use explore::{Scenario, explore, kill_after, wait_for_another};
pub use faulty::{Faulty, When};
pub use ledger::{HasLedger, MemoryLedger};
pub use memory::Memory;
use pause::pause;

/// A figure of this process's memory, such as `VmRSS` or `VmHWM`, in MB.
pub fn memory_mb(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
