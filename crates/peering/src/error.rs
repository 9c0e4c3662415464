//! Every way an execution can end badly, by the name that the state machine, the README and pipelines know.
//!
//! The variant's name *is* the `errorType` that the function reports, the name in the machine's `Retry` and `Catch`,
//! and the execution's `error`. Its fields, with `Message`, are the JSON object in the execution's `cause`.

mod details;

use crate::cidr::Overlap;
use crate::connection::{End, Status};
use crate::ids::{AccountId, Region, VpcPeeringConnectionId};
pub use details::{Claim, Conflict, Ended, Place, Quota};
use serde::Serialize;
use serde_json::{Map, Value};

/// A refusal or a failure. The last three variants never end an execution: they ask the machine to call again.
#[derive(Debug, Clone, PartialEq, Serialize, strum::VariantNames, thiserror::Error)]
#[serde(rename_all_fields = "PascalCase")]
pub enum Error {
    /// The input can't be understood or asks for the impossible.
    #[error("{field}: {message}")]
    InvalidRequest {
        /// The field of the input, as a path.
        field: String,
        /// What is wrong, and what to write instead.
        #[serde(skip)]
        message: String,
    },
    /// One end does not exist in that account and Region.
    #[error("{0} does not exist: check VpcId, Region and OwnerId of that end")]
    VpcNotFound(End),
    /// Blocks of the two VPCs overlap; EC2 peers no such pair.
    #[error("{}: remove one block of each pair, or choose another VPC", list_overlaps(overlaps))]
    OverlappingCidrs {
        /// Every colliding pair.
        overlaps: Vec<Overlap>,
        /// The connection that EC2 turned to `failed` over it, which can't be deleted and goes away by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    },
    /// Across accounts: this end's owner has not consented.
    #[error(
        "{} of {} has not consented: its owner has to tag it {}:accept={} (or {})",
        .0.vpc_id, .0.owner_id, .0.tag_prefix, .0.peer.vpc_id, .0.peer.owner_id
    )]
    PeerNotTrusted(Box<Claim>),
    /// Selected tables already route these destinations elsewhere.
    #[error("{}: remove that route, or leave its table or destination out of the selection", list_conflicts(conflicts))]
    RouteConflict {
        /// Every route in the way.
        conflicts: Vec<Conflict>,
    },
    /// A quota of AWS leaves no room.
    #[error("{} has no room left under the quota of {limit} {quota}: raise it in Service Quotas and in the stack's parameters, or make room", place.name())]
    QuotaExceeded {
        /// Which quota.
        quota: Quota,
        /// How many it allows.
        limit: u32,
        /// What is full.
        #[serde(flatten)]
        place: Place,
    },
    /// EC2 or STS refused us.
    #[error(
        "AWS refused {action} for account {owner_id} in {region}: let the stack's role in that account do it, and enable that Region if it is off"
    )]
    AccessDenied {
        /// The action, such as `ec2:AcceptVpcPeeringConnection`.
        action: String,
        /// The account acted in.
        owner_id: AccountId,
        /// The Region acted in.
        region: Region,
    },
    /// The accepter's owner rejected the connection.
    #[error("the owner of the accepter VPC rejected {}: ask them, then run again", .0.vpc_peering_connection_id)]
    PeeringRejected(Ended),
    /// Nobody accepted the connection in seven days.
    #[error("{} was not accepted within seven days: run again", .0.vpc_peering_connection_id)]
    PeeringExpired(Ended),
    /// Somebody deleted the connection under way.
    #[error("{} was deleted while it was being set up: run again if it is still wished", .0.vpc_peering_connection_id)]
    PeeringDeleted(Ended),
    /// EC2 failed the connection, and neither a missing VPC nor an overlap explains it.
    #[error("EC2 failed {}: read StatusMessage, then run again", .0.vpc_peering_connection_id)]
    PeeringFailed(Ended),
    /// The connection was not active in the time that the machine allows.
    #[error(
        "{vpc_peering_connection_id} was still {status} when the time ran out: run again, or ask AWS about that connection"
    )]
    PeeringTimedOut {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// The last status seen.
        status: Status,
    },
    /// The connection to tear down was not made by this stack.
    #[error("{vpc_peering_connection_id} was not made by this stack: remove it where it was made, or by hand")]
    NotOurs {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
    },
    /// The pair to take apart is wished by a tag, which would only have it made again.
    #[error(
        "the tag {}:peer of {} names {}: take it out there, which takes the peering apart by itself",
        .0.tag_prefix, .0.vpc_id, .0.peer.vpc_id
    )]
    StillWished(Box<Claim>),
    /// AWS kept failing after every retry.
    #[error(
        "AWS answered {code} to {action}, however often: look that code up, or see the AWS Health Dashboard, then run again"
    )]
    ServiceFault {
        /// The action, such as `ec2:CreateRoute`.
        action: String,
        /// AWS's error code.
        code: String,
    },
    /// A fresh connection can't be seen yet where it has to be accepted.
    #[error("{vpc_peering_connection_id} is not visible to its accepter yet")]
    PeeringNotVisible {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// The status seen from the requester's side.
        status: Status,
    },
    /// The connection is on its way.
    #[error("{vpc_peering_connection_id} is still {status}")]
    PeeringPending {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// The status seen.
        status: Status,
    },
    /// The function stopped before its time was up; calling again goes on where it stopped.
    #[error("{remaining} routes remain to be done")]
    RoutesRemaining {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// How many.
        remaining: usize,
    },
}

impl Error {
    /// A refusal of the input.
    pub fn invalid(field: impl Into<String>, message: impl ToString) -> Self {
        Self::InvalidRequest { field: field.into(), message: message.to_string() }
    }

    /// A refusal of what may not be done at that end.
    pub(crate) fn denied(action: &str, End { owner_id, region, .. }: &End) -> Self {
        Self::AccessDenied { action: action.into(), owner_id: owner_id.clone(), region: region.clone() }
    }

    /// Its public name, and the JSON object that explains it.
    pub fn name_and_cause(&self) -> (String, Map<String, Value>) {
        let tagged = match serde_json::to_value(self) {
            Ok(Value::Object(tagged)) => tagged,
            other => unreachable!("an enum of structs serializes as an object with its name, not {other:?}"),
        };
        let (name, fields) = tagged.into_iter().next().unwrap_or_else(|| unreachable!("one name"));
        let mut cause = Map::from_iter([("Message".to_owned(), Value::from(self.to_string()))]);
        if let Value::Object(fields) = fields {
            cause.extend(fields);
        }
        (name, cause)
    }
}

fn list_overlaps(overlaps: &[Overlap]) -> String {
    let pairs: Vec<String> =
        overlaps.iter().map(|o| format!("{} overlaps {}", o.cidr_block, o.peer_cidr_block)).collect();
    pairs.join(", ")
}

fn list_conflicts(conflicts: &[Conflict]) -> String {
    let Some(first) = conflicts.first() else { return String::new() };
    let more = match conflicts.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!("{} already routes {} to {}{more}", first.route_table_id, first.destination_cidr_block, first.target)
}
