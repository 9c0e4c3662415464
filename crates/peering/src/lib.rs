//! The peering domain, pure: what a request means, what has to be done about it, and in which order.
//!
//! Nothing here knows AWS's SDK, a runtime or a clock. Facts come in through the [`ports`], where reads and writes are
//! different traits; the [`steps`] are the states of the machines, and the triggers, one function each, and build on
//! [`shared`]. What is ours is in the [`ledger`]. Read [`request`], then one step, then [`cidr`], [`routes`] and [`error`].

pub mod cidr;
pub mod connection;
pub mod consent;
pub mod context;
pub mod error;
pub mod failure;
pub mod groups;
pub mod ids;
pub mod intent;
pub mod ledger;
pub mod peering;
pub mod plan;
pub mod ports;
pub mod regions;
pub mod request;
pub mod route_tables;
pub mod routes;
pub mod selection;
mod shared;
pub mod stack;
pub mod status;
pub mod steps;
pub mod tags;
pub mod teardown;
mod text;
