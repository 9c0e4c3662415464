//! What several steps share. No step imports another; they build on these modules.

pub(crate) mod batch;
pub(crate) mod candidates;
pub(crate) mod decision;
pub(crate) mod diagnosis;
pub(crate) mod drift;
pub(crate) mod lease;
pub(crate) mod lookups;
pub(crate) mod pair;
pub(crate) mod pairs;
pub(crate) mod remaining_routes;
pub(crate) mod removal;
pub(crate) mod route_writes;
pub(crate) mod snapshot;
pub(crate) mod status_tags;
pub(crate) mod survey;
pub(crate) mod tag_requests;
