//! The network in memory, so that every step can be run thousands of times, and killed at every call.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod chain;
mod faulty;
mod machine;
mod memory;

pub use chain::{Ended, execute, execute_in_haste, stack, take_apart};
pub use faulty::{Faulty, When};
pub use machine::{Machine, Unavailable, fleet};
pub use memory::Memory;
