//! The network in memory, so that every step can be run thousands of times, and killed at every call.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod chain;
mod executions;
mod faulty;
mod memory;
pub mod pair;
pub mod three;

pub use chain::{Ended, execute, execute_with_time_for, stack, tear_down};
pub use executions::{Machines, Unavailable, scope};
pub use faulty::{Faulty, When};
pub use memory::Memory;
