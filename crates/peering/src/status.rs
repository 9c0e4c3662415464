//! The value of a status tag: one tag on a VPC for each of its peers, for people who look at the VPC.

use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::tags::VALUE_CHARACTERS;
use crate::text::shown;

/// The status of one peering, or of a VPC's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeeringStatus {
    /// The connection is active and routed.
    Active {
        /// The connection.
        id: VpcPeeringConnectionId,
        /// What is surprising about it, or can't be had.
        warning: Option<String>,
    },
    /// What tags ask for is not done yet.
    Waiting {
        /// What, and for what it waits.
        reason: String,
    },
    /// The last request failed.
    Failed {
        /// The error's public name.
        error: String,
        /// What to do.
        message: String,
    },
    /// How a member's pairs of a group stand.
    Group {
        /// How many are active, of how many; and what is refused.
        reason: String,
    },
    /// Words in the VPC's tags are invalid.
    Invalid {
        /// Which, and why.
        reason: String,
    },
}

/// `2026-11-25T12:00:00.000Z`, with room for a longer fraction, and the space before it.
const TIME_CHARACTERS: usize = 31;

impl PeeringStatus {
    /// The status of an active peering.
    pub fn active(id: &VpcPeeringConnectionId, warnings: &[String]) -> Self {
        let warning = warnings.split_first().map(|(first, more)| match more.len() {
            0 => first.clone(),
            count => format!("{first} (and {count} more)"),
        });
        Self::Active { id: id.clone(), warning }
    }

    /// The status of a failure.
    pub fn failed(error: &Error) -> Self {
        let (name, _) = error.name_and_cause();
        Self::Failed { error: name, message: error.to_string() }
    }

    /// The tag's value: the status and the time, within AWS's limit.
    pub fn value(&self, time: &str) -> String {
        let time: String = time.chars().take(TIME_CHARACTERS - 1).collect();
        let (before, after) = self.around_time();
        format!("{before} {time}{after}")
    }

    /// Whether that value holds the same status, of whatever time.
    pub fn is_written_in(&self, value: &str) -> bool {
        let (before, after) = self.around_time();
        let time = value.strip_prefix(&before).and_then(|rest| rest.strip_prefix(' '));
        let time = time.and_then(|rest| rest.strip_suffix(&after));
        time.is_some_and(|time| !time.is_empty() && !time.contains([' ', ';']))
    }

    /// Whether that value says that something is wrong. Of more statuses than a VPC has room for, these come first.
    pub(crate) fn is_failure(value: &str) -> bool {
        // Of a group: "124 of 125 active", with a comma after it where something is refused.
        if value.starts_with(|first: char| first.is_ascii_digit()) {
            return value.contains(',');
        }
        !value.starts_with("active ") && !value.starts_with("waiting ")
    }

    fn around_time(&self) -> (String, String) {
        let room = VALUE_CHARACTERS - TIME_CHARACTERS;
        match self {
            Self::Active { id, warning } => {
                let before = format!("active {id}");
                let after: String = warning.iter().map(|warning| format!("; warning: {warning}")).collect();
                let room = room - before.len();
                (before, shown(&after, room))
            }
            Self::Failed { error, message } => (shown(&format!("failed {error} {message}"), room), String::new()),
            Self::Waiting { reason } => (shown(&format!("waiting {reason}"), room), String::new()),
            Self::Group { reason } => (shown(reason, room), String::new()),
            Self::Invalid { reason } => (shown(&format!("invalid {reason}"), room), String::new()),
        }
    }
}
