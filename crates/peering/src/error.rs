//! Every way an execution can fail, by the name that the state machines, the reference and pipelines use.
//!
//! The variant's name *is* the `errorType` that the function reports, the name in the machine's `Retry` and `Catch`,
//! and the execution's `error`. Its fields, with `Message`, are the JSON object in the execution's `cause`.

mod details;

use crate::cidr::Overlap;
use crate::connection::{End, Status};
use crate::ids::{AccountId, Region, VpcId, VpcPeeringConnectionId};
use crate::ledger::Withdrawer;
use crate::text::shown;
pub use details::{
    AskingEnd, Conflict, Denied, EndedConnection, FullResource, HeldPair, MissingVpc, Quota, TaggedEnd, UntrustedEnd,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// A failure. The last five variants never end an execution: they make the machine call again.
#[derive(Debug, Clone, PartialEq, Serialize, strum::VariantNames, thiserror::Error)]
#[serde(rename_all_fields = "PascalCase")]
pub enum Error {
    /// The input is invalid, or asks for something impossible.
    #[error("{field}: {message}")]
    InvalidRequest {
        /// The field of the input, as a path.
        field: String,
        /// What is wrong, and what to write instead.
        #[serde(skip)]
        message: String,
    },
    /// One end does not exist in that account and Region.
    #[error("{0}")]
    VpcNotFound(Box<MissingVpc>),
    /// Blocks of the two VPCs overlap; EC2 can't peer such a pair.
    #[error("{}: remove one block of each pair, or choose another VPC", details::overlaps_in_words(overlaps))]
    OverlappingCidrs {
        /// Every overlapping pair.
        overlaps: Vec<Overlap>,
        /// The connection that became `failed` because of it, which can't be deleted and disappears by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    },
    /// Across accounts: this end's owner has not consented, or its account is none of the stack's.
    #[error("{0}")]
    PeerNotTrusted(Box<UntrustedEnd>),
    /// Selected tables already route these destinations elsewhere.
    #[error(
        "{}: remove that route, or leave its table or destination out of the selection",
        details::conflicts_in_words(conflicts)
    )]
    RouteConflict {
        /// Every route in the way.
        conflicts: Vec<Conflict>,
    },
    /// A quota of AWS leaves no room.
    #[error("{} has no room left under the quota of {limit} {quota}: raise it in Service Quotas and in the stack's parameters, or make room", resource.id())]
    QuotaExceeded {
        /// Which quota.
        quota: Quota,
        /// How many it allows.
        limit: u32,
        /// What is full.
        #[serde(flatten)]
        resource: FullResource,
    },
    /// The owner of one VPC excludes it: nothing about its peerings is changed.
    #[error("{vpc_id} is excluded by its tag {tag}: its owner has to remove that tag before anything is changed")]
    Excluded {
        /// The VPC.
        vpc_id: VpcId,
        /// The tag's key.
        tag: &'static str,
    },
    /// EC2 or STS denied a call.
    #[error("AWS denied {action} for account {owner_id} in {region}: {what}")]
    AccessDenied {
        /// The action, such as `ec2:AcceptVpcPeeringConnection`.
        action: String,
        /// The account acted in.
        owner_id: AccountId,
        /// The Region acted in.
        region: Region,
        /// What to do about it.
        #[serde(skip)]
        what: Denied,
    },
    /// AWS refused a call for good, for a reason of its own.
    #[error("AWS refused {action}, {code}: {reason}")]
    RefusedByAws {
        /// The action, such as `ec2:CreateRoute`.
        action: String,
        /// AWS's error code.
        code: String,
        /// AWS's own message.
        reason: String,
    },
    /// The accepter's owner rejected the connection.
    #[error("the owner of the accepter VPC rejected {}: ask them, then run again", .0.vpc_peering_connection_id)]
    PeeringRejected(EndedConnection),
    /// The connection was not accepted within seven days.
    #[error("{} was not accepted within seven days: run again", .0.vpc_peering_connection_id)]
    PeeringExpired(EndedConnection),
    /// The connection was deleted during the set-up.
    #[error("{} was deleted while it was being set up: run again if it is still wanted", .0.vpc_peering_connection_id)]
    PeeringDeleted(EndedConnection),
    /// The connection became `failed`, and neither a missing VPC nor an overlap explains it.
    #[error("{} has failed ({}): correct that, then run again", .0.vpc_peering_connection_id, .0.status_message)]
    PeeringFailed(EndedConnection),
    /// The connection was not active in the time that the machine allows.
    #[error(
        "{vpc_peering_connection_id} was still {status} after the time allowed: run again, or ask AWS Support about that connection"
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
    /// The pair to tear down is requested by a tag, so that it would only be set up again.
    #[error("{0}")]
    StillTagged(Box<AskingEnd>),
    /// The brake holds what the tags of one account take away: it is too much at once.
    #[error(
        "{held} removals that tags of {} ask for are held: it was more than {limit} in an hour. Restore the tags, or invoke the sweep with {{\"Release\": {held}}}",
        by.described()
    )]
    TeardownHeld {
        /// Whose.
        #[serde(flatten, serialize_with = "Withdrawer::as_field")]
        by: Withdrawer,
        /// How many wait.
        held: usize,
        /// How many may be made in an hour.
        limit: usize,
        /// The first 100 of them, where this is the first that is held.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pairs: Vec<HeldPair>,
    },
    /// Another execution works on the pair. The machine calls again for 20 minutes on average.
    #[error("another execution works on this pair: wait until it has ended, then run again")]
    PairBusy {
        /// The ARN of that execution.
        execution: String,
    },
    /// AWS kept failing after every retry.
    #[error(
        "AWS answered {code} to {action} at every attempt: look up that code, or see the AWS Health Dashboard, then run again"
    )]
    ServiceFault {
        /// The action, such as `ec2:CreateRoute`.
        action: String,
        /// AWS's error code.
        code: String,
    },
    /// AWS throttles the call, or has no room for it yet. The machine calls again, ever more slowly.
    #[error("AWS has no room for {action} yet: {code}")]
    Throttled {
        /// The action, such as `ec2:CreateRoute`.
        action: String,
        /// AWS's error code.
        code: String,
    },
    /// A new connection is not visible yet where it has to be accepted.
    #[error("a new connection is not visible yet")]
    PeeringNotVisible {
        /// The connection, if its id is known.
        vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
        /// Its status on the requester's side.
        status: Status,
    },
    /// The connection is not active yet.
    #[error("{vpc_peering_connection_id} is still {status}")]
    PeeringPending {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// Its status.
        status: Status,
    },
    /// The connection of an external account has been waited for: what its plan lacked can be read now.
    #[error("the connection is to be planned again")]
    PlanAgain {},
    /// The function stopped before its timeout; the next call continues.
    #[error("{remaining} routes remain to be done")]
    RoutesRemaining {
        /// The connection.
        vpc_peering_connection_id: VpcPeeringConnectionId,
        /// How many.
        remaining: usize,
    },
}

/// Of a text in a cause, such as AWS's own message. Step Functions keeps 32 KiB of a whole cause.
const CAUSE_TEXT: usize = 2_000;

impl Error {
    /// An invalid input. Both may quote any of it, and are cut.
    pub fn invalid(field: impl Into<String>, message: impl ToString) -> Self {
        Self::InvalidRequest { field: shown(&field.into(), 200), message: shown(&message.to_string(), 1_000) }
    }

    /// A VPC that does not exist.
    pub(crate) fn missing(end: &End) -> Self {
        Self::VpcNotFound(Box::new(MissingVpc { end: end.clone(), elsewhere: None }))
    }

    /// A call that is not allowed at that end.
    pub(crate) fn denied(action: &str, End { owner_id, region, .. }: &End) -> Self {
        Self::AccessDenied {
            action: action.into(),
            owner_id: owner_id.clone(),
            region: region.clone(),
            what: Denied::Call,
        }
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
        for value in cause.values_mut() {
            if let Value::String(text) = value {
                *text = shown(text, CAUSE_TEXT);
            }
        }
        (name, cause)
    }
}
