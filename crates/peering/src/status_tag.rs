//! The status that is written back to a VPC, one tag for each peer: how its peering stands, for whoever looks at the VPC.
//!
//! The keys are no keys that a rule listens to, so writing them starts nothing.

use crate::error::Error;
use crate::ids::{VpcId, VpcPeeringConnectionId};
use crate::network::Tags;

/// What is told about one peering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It carries traffic.
    Active(VpcPeeringConnectionId),
    /// It could not be had.
    Failed {
        /// The error's public name.
        error: String,
        /// What to do.
        message: String,
    },
    /// Parts of the tags can't be understood.
    Invalid {
        /// Which, and why.
        reason: String,
    },
}

/// AWS's limit, in characters. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
pub(crate) const VALUE_CHARACTERS: usize = 256;
/// `2026-11-25T12:00:00.000Z`, with room for a longer fraction, and the space before it.
const TIME_CHARACTERS: usize = 31;

/// The key of the status of one peering.
pub fn key(prefix: &str, peer: &VpcId) -> String {
    format!("{}{peer}", start(prefix))
}

/// What every key of a status begins with.
fn start(prefix: &str) -> String {
    format!("{prefix}:status:")
}

/// The key under which is told what in a VPC's tags can't be understood.
pub fn invalid_key(prefix: &str) -> String {
    format!("{}invalid", start(prefix))
}

/// The peers that a VPC has a status of.
pub fn peers<'t>(tags: &'t Tags, prefix: &str) -> impl Iterator<Item = VpcId> + 't {
    let start = start(prefix);
    tags.keys().filter_map(move |key| key.strip_prefix(&start)?.parse().ok())
}

/// A failure as a status tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldFailure<'t> {
    /// The error's public name.
    pub error: &'t str,
    /// What to do, as far as there was room for it.
    pub message: &'t str,
    /// When it was told.
    pub time: &'t str,
}

/// The failure that a status tells, if it tells one.
pub fn told_failure<'t>(tags: &'t Tags, prefix: &str, peer: &VpcId) -> Option<ToldFailure<'t>> {
    let (error, rest) = tags.get(&key(prefix, peer))?.strip_prefix("failed ")?.split_once(' ')?;
    let (message, time) = rest.rsplit_once(' ').unwrap_or(("", rest));
    Some(ToldFailure { error, message, time })
}

/// The connection that a status tells to be active, if it tells that.
pub(crate) fn told_active<'t>(tags: &'t Tags, prefix: &str, peer: &VpcId) -> Option<&'t str> {
    tags.get(&key(prefix, peer))?.strip_prefix("active ")?.split(' ').next()
}

impl News {
    /// What a failure is told as.
    pub fn of(error: &Error) -> Self {
        let (name, _) = error.name_and_cause();
        Self::Failed { error: name, message: error.to_string() }
    }

    /// The tag's value: the news and the time, within what AWS allows.
    pub fn value(&self, time: &str) -> String {
        let time: String = time.chars().take(TIME_CHARACTERS - 1).collect();
        format!("{} {time}", self.without_time())
    }

    /// Whether that value tells the same, at whatever time.
    pub fn is_told_by(&self, value: &str) -> bool {
        value.rsplit_once(' ').is_some_and(|(news, _)| news == self.without_time())
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
