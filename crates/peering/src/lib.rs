//! VPC peering, decided: what a request means, what has to be done about it, and in which order.
//!
//! Nothing here knows AWS's SDK, a runtime or a clock. Facts come in through the one port, [`network::Network`]; the
//! [`steps`] are the states of `statemachine/peering.asl.json`, one function each. Read [`request`], then one step, then
//! [`cidr`], [`routes`] and [`error`].

pub mod cidr;
pub mod connection;
pub mod error;
pub mod ids;
pub mod intent;
pub mod network;
pub mod plan;
pub mod regions;
pub mod request;
pub mod routes;
pub mod selection;
pub mod stack;
pub mod standing;
pub mod status_tag;
pub mod steps;
pub mod tables;
pub mod teardown;
