//! `$peering`: what an execution of the peering machine knows once it has a connection. Every state passes it on whole.

use crate::connection::{ConnectionIdentity, End, Status};
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::{AskedBy, PairKey, RecordedConnection, RecordedRoutes, Withdrawal};
use crate::plan::{ReportedRoute, SidePlan, in_request_order, report};
use crate::tags::Tags;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A peering that is being set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Peering {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The connection's status when it was planned.
    pub status: Status,
    /// Whether this execution made the connection.
    pub created: bool,
    /// The end that requested the connection, as EC2 has it.
    pub requester: PeeringSide,
    /// The end that accepts it.
    pub accepter: PeeringSide,
    /// Whether the request names the accepter's VPC first.
    pub swapped: bool,
    /// The tags for the accepter's side of the connection; none on a connection that this stack didn't make.
    pub tags: Tags,
    /// Whether the connection is ours: this stack made it or took it over.
    pub made: bool,
    /// Whether the peering was completed before. Then what is impossible is a warning, and the rest is written.
    pub established: bool,
    /// Deleted connections, to which stale routes lead.
    pub replaced: BTreeSet<VpcPeeringConnectionId>,
    /// What tags take away, where this carries it out.
    pub withdrawal: Option<Withdrawal>,
    /// Who asked for it, for the ledger.
    pub asked_by: AskedBy,
    /// Whether DNS resolution is, or will be, on at both sides.
    pub dns_resolution: bool,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
    /// Whether tags request this peering, or did: its events then carry the ARNs of both VPCs.
    pub requested_by_tags: bool,
}

/// What to do on one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PeeringSide {
    /// The end, and what to write in its tables.
    #[serde(flatten)]
    pub plan: SidePlan,
    /// The routes of ours that stood when it was planned.
    pub standing: RecordedRoutes,
    /// Whether this side has yet to allow DNS resolution.
    pub allow_dns_resolution: bool,
    /// The value of the VPC's status tag, empty where it has none yet; `None` where it gets none.
    pub status: Option<String>,
}

/// The output of an execution, and the detail of its event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PeeringOutput {
    /// The connection; `None` in a dry run that would make one.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    /// `active`, or `planned` in a dry run.
    pub status: &'static str,
    /// Whether this execution made the connection, or would.
    pub created: bool,
    /// The end that requested the connection.
    pub requester: End,
    /// The end that accepted it.
    pub accepter: End,
    /// Every desired route, and what was done about it.
    pub routes: Vec<ReportedRoute>,
    /// Whether DNS resolution is on at both sides.
    pub dns_resolution: bool,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
}

impl PeeringSide {
    /// The VPC.
    pub fn end(&self) -> &End {
        &self.plan.end
    }
}

impl Peering {
    /// The connection's id and ends.
    pub fn identity(&self) -> ConnectionIdentity {
        ConnectionIdentity {
            id: self.vpc_peering_connection_id.clone(),
            requester: self.requester.end().clone(),
            accepter: self.accepter.end().clone(),
        }
    }

    /// Both sides, in the order in which the request names them.
    pub fn sides(&self) -> [&PeeringSide; 2] {
        in_request_order(self.swapped, &self.requester, &self.accepter)
    }

    /// Both ends, in the order in which the request names them.
    pub fn ends(&self) -> [&End; 2] {
        self.sides().map(PeeringSide::end)
    }

    /// The key of its item in the ledger.
    pub fn key(&self) -> PairKey {
        PairKey::of(self.ends())
    }

    /// What the ledger records of the connection.
    pub fn recorded_connection(&self) -> RecordedConnection {
        RecordedConnection { id: self.vpc_peering_connection_id.clone(), made: self.made, pending: false }
    }

    /// For each end, in the canonical order of the pair: what the plan adds.
    pub fn additions(&self) -> [RecordedRoutes; 2] {
        self.key().in_order(self.ends(), self.sides().map(|side| side.plan.additions().collect()))
    }

    /// For its events: the ARNs of both VPCs where tags request the peering, else none.
    pub fn resources(&self, partition: &str) -> Vec<String> {
        match self.requested_by_tags {
            true => self.ends().map(|end| end.arn(partition)).to_vec(),
            false => Vec::new(),
        }
    }

    /// The output once all is written.
    pub fn into_output(mut self) -> PeeringOutput {
        let routes = report(
            in_request_order(self.swapped, &self.requester, &self.accepter).map(|side| &side.plan),
            &mut self.warnings,
        );
        PeeringOutput {
            vpc_peering_connection_id: Some(self.vpc_peering_connection_id),
            status: Status::Active.as_str(),
            created: self.created,
            requester: self.requester.plan.end,
            accepter: self.accepter.plan.end,
            routes,
            dns_resolution: self.dns_resolution,
            warnings: self.warnings,
        }
    }
}
