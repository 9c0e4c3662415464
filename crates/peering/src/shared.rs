//! What several steps share. No step imports another; they build on these modules.

pub(crate) mod advertised;
pub(crate) mod batch;
pub(crate) mod brake;
pub(crate) mod candidates;
pub(crate) mod contested;
pub(crate) mod decision;
pub(crate) mod diagnosis;
pub(crate) mod dns_resolution;
pub(crate) mod drift;
pub(crate) mod elsewhere;
pub(crate) mod lease;
pub(crate) mod lookups;
pub(crate) mod pair;
pub(crate) mod pairs;
pub(crate) mod remaining_routes;
pub(crate) mod removal;
pub(crate) mod retry;
pub(crate) mod route_plans;
pub(crate) mod route_records;
pub(crate) mod route_writes;
pub(crate) mod selected_tables;
pub(crate) mod snapshot;
pub(crate) mod status_tags;
pub(crate) mod survey;
pub(crate) mod sweep_statuses;
pub(crate) mod tag_requests;
