//! `$teardown`: what an execution of the teardown machine removes. Every state passes it on whole.

use crate::connection::{ConnectionIdentity, End, Status};
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::{LedgerItem, PairKey, Withdrawal};
use crate::plan::{ReportedRoute, SidePlan, in_request_order, report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Earlier connections, deleted by now, to which routes of ours lead.
    pub replaced: BTreeSet<VpcPeeringConnectionId>,
    /// Whether the request names the accepter's VPC first.
    pub swapped: bool,
    /// Whether the connection is ours to delete. An adopted one stays, without the routes that we wrote.
    pub made: bool,
    /// What tags take away, where this carries it out.
    pub withdrawal: Option<Withdrawal>,
    /// Whether tags requested the connection: its events then carry the ARNs of both VPCs.
    pub requested_by_tags: bool,
}

/// The output of an execution, and the detail of its event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownOutput {
    /// The connection; `None` where there is none.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    /// `deleted`, `released` where an adopted connection stays, `absent`, `kept` where tags ask for it again, or `planned`
    /// in a dry run.
    pub status: &'static str,
    /// The routes that were, or would be, deleted.
    pub routes: Vec<ReportedRoute>,
}

impl TeardownPlan {
    /// The plan for the connection of that item; `sides` are in the order in which the request names them.
    pub fn new(
        connection: &ConnectionIdentity,
        made: bool,
        item: &LedgerItem,
        sides: [SidePlan; 2],
        replaced: BTreeSet<VpcPeeringConnectionId>,
    ) -> Self {
        let swapped = sides[0].end != connection.requester;
        let [requester, accepter] = sides;
        let [requester, accepter] = in_request_order(swapped, requester, accepter);
        Self {
            vpc_peering_connection_id: connection.id.clone(),
            requester,
            accepter,
            replaced,
            swapped,
            made,
            withdrawal: None,
            requested_by_tags: item.asked_by.as_ref().is_some_and(|asked| !asked.tags.is_empty()),
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

    /// The output once all is removed that is ours.
    pub fn done(&self) -> TeardownOutput {
        self.output(if self.made { Status::Deleted.as_str() } else { "released" })
    }

    /// The key of its item in the ledger.
    pub fn key(&self) -> PairKey {
        PairKey::of(self.ends())
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
    /// The output where tags ask for the pair again.
    pub fn kept(id: &VpcPeeringConnectionId) -> Self {
        Self { vpc_peering_connection_id: Some(id.clone()), status: "kept", routes: Vec::new() }
    }

    /// The output where there is nothing to remove.
    pub fn absent() -> Self {
        Self { vpc_peering_connection_id: None, status: "absent", routes: Vec::new() }
    }
}
