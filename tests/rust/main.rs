//! Everything that needs no local cloud.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod adapter;
mod consent;
mod contract;
mod dismantling;
mod fuzz;
mod intents;
mod moving;
mod overlap;
mod pair;
mod requested;
mod requests;
mod rolling_back;
mod routes;
mod selections;
mod starting;
mod steps;
mod sweeping;
