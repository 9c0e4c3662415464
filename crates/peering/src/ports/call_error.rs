//! A call that was not carried out, and what that means.

use crate::error::{Denied, Error, Quota};
use crate::ids::{AccountId, Region};

/// The result of one call.
pub type CallResult<T> = Result<T, CallError>;

/// A call that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} for account {owner_id} in {region}: {code}")]
pub struct CallError {
    /// What that means to a step.
    pub kind: CallErrorKind,
    /// The action, such as `ec2:CreateRoute`.
    pub action: String,
    /// The account it was made in.
    pub owner_id: AccountId,
    /// The Region it was made in.
    pub region: Region,
    /// AWS's error code, such as `RouteAlreadyExists`.
    pub code: String,
    /// AWS's message.
    pub message: Box<str>,
}

/// What a failed call means to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The VPC does not exist there.
    NoSuchVpc,
    /// The connection does not exist there, or is not visible there yet.
    NoSuchConnection,
    /// The route table does not exist there.
    NoSuchRouteTable,
    /// The table has no such route.
    NoSuchRoute,
    /// The table has a route to that destination.
    RouteExists,
    /// The connection's status forbids it.
    WrongState,
    /// Another connection between the two VPCs came first.
    ConnectionExists,
    /// A VPC lacks DNS hostnames or DNS support.
    DnsUnavailable,
    /// The resource has fifty tags already.
    TooManyTags,
    /// A quota is used up.
    Quota(Quota),
    /// The caller is not allowed to do it.
    Denied,
    /// AWS throttles; the call was tried several times.
    Throttled,
    /// AWS fails; the call was tried several times.
    Unavailable,
    /// AWS refused it for a reason of its own: the same call would be refused again.
    Other,
}

impl CallErrorKind {
    /// Whether the same call may succeed later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }
}

impl CallError {
    /// The failure of a step to which this error means nothing in particular. Quotas need more words, so the steps that
    /// can meet one handle it before.
    pub fn into_error(self) -> Error {
        let Self { kind, action, owner_id, region, code, message } = self;
        match kind {
            // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors>
            CallErrorKind::Denied if code == "RegionDisabledException" => {
                Error::AccessDenied { action, owner_id, region, what: Denied::HomeRegionOff }
            }
            CallErrorKind::Denied => Error::AccessDenied { action, owner_id, region, what: Denied::Call },
            CallErrorKind::Throttled => Error::Throttled { action, code },
            CallErrorKind::Unavailable => Error::ServiceFault { action, code },
            _ => Error::RefusedByAws { action, code, reason: message.into() },
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        error.into_error()
    }
}
