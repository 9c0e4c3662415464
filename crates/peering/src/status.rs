//! The value of a status tag: one tag on a VPC for each of its peers, for people who look at the VPC.

use crate::error::Error;
use crate::ids::{VpcId, VpcPeeringConnectionId};
use crate::tags::{Tags, VALUE_CHARACTERS, status_key};

/// The status of one peering, or of a VPC's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeringStatus {
    /// The connection is active and routed.
    Active(VpcPeeringConnectionId),
    /// The last request failed.
    Failed {
        /// The error's public name.
        error: String,
        /// What to do.
        message: String,
    },
    /// Words in the VPC's tags are invalid.
    Invalid {
        /// Which, and why.
        reason: String,
    },
}

/// `2026-11-25T12:00:00.000Z`, with room for a longer fraction, and the space before it.
const TIME_CHARACTERS: usize = 31;

/// A failure that a status tag holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenFailure<'t> {
    /// The error's public name.
    pub error: &'t str,
    /// What to do, cut to the room there is.
    pub message: &'t str,
    /// When it was written.
    pub time: &'t str,
}

/// The failure that the status of that peer holds, if it holds one.
pub fn written_failure<'t>(tags: &'t Tags, prefix: &str, peer: &VpcId) -> Option<WrittenFailure<'t>> {
    let (error, rest) = tags.get(&status_key(prefix, peer))?.strip_prefix("failed ")?.split_once(' ')?;
    let (message, time) = rest.rsplit_once(' ').unwrap_or(("", rest));
    Some(WrittenFailure { error, message, time })
}

/// The connection that the status of that peer names as active, if it names one.
pub(crate) fn written_active<'t>(tags: &'t Tags, prefix: &str, peer: &VpcId) -> Option<&'t str> {
    tags.get(&status_key(prefix, peer))?.strip_prefix("active ")?.split(' ').next()
}

impl PeeringStatus {
    /// The status of a failure.
    pub fn failed(error: &Error) -> Self {
        let (name, _) = error.name_and_cause();
        Self::Failed { error: name, message: error.to_string() }
    }

    /// The tag's value: the status and the time, within AWS's limit.
    pub fn value(&self, time: &str) -> String {
        let time: String = time.chars().take(TIME_CHARACTERS - 1).collect();
        format!("{} {time}", self.without_time())
    }

    /// Whether that value holds the same status, of whatever time.
    pub fn is_written_in(&self, value: &str) -> bool {
        value.rsplit_once(' ').is_some_and(|(status, _)| status == self.without_time())
    }

    fn without_time(&self) -> String {
        let text = match self {
            Self::Active(id) => format!("active {id}"),
            Self::Failed { error, message } => format!("failed {error} {message}"),
            Self::Invalid { reason } => format!("invalid {reason}"),
        };
        let room = VALUE_CHARACTERS - TIME_CHARACTERS;
        match text.chars().count() > room {
            true => text.chars().take(room - 1).chain(['…']).collect(),
            false => text,
        }
    }
}
