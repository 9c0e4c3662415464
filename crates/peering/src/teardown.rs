//! `$teardown`: what an execution of the teardown machine removes. Every state passes it on whole.

use crate::connection::{Connection, End, Status};
use crate::ids::VpcPeeringConnectionId;
use crate::plan::{ReportedRoute, SidePlan, in_request_order, report};
use crate::tags::is_requested_by_tags;
use serde::{Deserialize, Serialize};

/// A connection to delete, and the routes to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownPlan {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The end in whose account and Region the connection is deleted, and the routes to delete there.
    pub requester: SidePlan,
    /// The other end.
    pub accepter: SidePlan,
    /// Whether the request names the accepter's VPC first.
    pub swapped: bool,
    /// Whether tags requested the connection: its events then carry the ARNs of both VPCs.
    pub requested_by_tags: bool,
}

/// The output of an execution, and the detail of its event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownOutput {
    /// The connection; `None` where there is none.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    /// `deleted`, `absent`, or `planned` in a dry run.
    pub status: &'static str,
    /// The routes that were, or would be, deleted.
    pub routes: Vec<ReportedRoute>,
}

impl TeardownPlan {
    /// The plan for that connection; `sides` are in the order in which the request names them.
    pub fn new(connection: &Connection, sides: [SidePlan; 2]) -> Self {
        let swapped = sides[0].end != connection.identity.requester;
        let [requester, accepter] = sides;
        let [requester, accepter] = in_request_order(swapped, requester, accepter);
        Self {
            vpc_peering_connection_id: connection.id().clone(),
            requester,
            accepter,
            swapped,
            requested_by_tags: is_requested_by_tags(&connection.tags),
        }
    }

    /// Both sides, in the order in which the request names them.
    pub fn sides(&self) -> [&SidePlan; 2] {
        in_request_order(self.swapped, &self.requester, &self.accepter)
    }

    /// Both ends, in the order in which the request names them.
    pub fn ends(&self) -> [&End; 2] {
        self.sides().map(|side| &side.end)
    }

    /// For its events: the ARNs of both VPCs where tags requested the connection, else none.
    pub fn resources(&self, partition: &str) -> Vec<String> {
        match self.requested_by_tags {
            true => self.ends().map(|end| end.arn(partition)).to_vec(),
            false => Vec::new(),
        }
    }

    /// The output of a dry run.
    pub fn planned(&self) -> TeardownOutput {
        self.output("planned")
    }

    /// The output once all is removed.
    pub fn deleted(&self) -> TeardownOutput {
        self.output(Status::Deleted.as_str())
    }

    fn output(&self, status: &'static str) -> TeardownOutput {
        TeardownOutput {
            vpc_peering_connection_id: Some(self.vpc_peering_connection_id.clone()),
            status,
            // This output has no place for warnings; a long list of routes is cut.
            routes: report(self.sides(), &mut Vec::new()),
        }
    }
}

impl TeardownOutput {
    /// The output where there is nothing to remove.
    pub fn absent() -> Self {
        Self { vpc_peering_connection_id: None, status: "absent", routes: Vec::new() }
    }
}
