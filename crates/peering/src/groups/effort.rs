//! How many calls of EC2 a plan costs, and how long they take at least.

use crate::connection::End;
use crate::ports::Location;
use std::collections::BTreeMap;

/// The calls of one action in one Region of one account, which share a token bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCalls {
    /// Where.
    pub at: Location,
    /// EC2's action.
    pub action: &'static str,
    /// How many.
    pub calls: usize,
}

/// What a plan costs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effort {
    /// All calls that write, by action.
    pub calls: BTreeMap<&'static str, usize>,
    /// No execution can be quicker, in seconds.
    pub least_seconds: usize,
    /// The bucket that takes the longest, or else has the most calls; none where there is no call.
    pub slowest: Option<LaneCalls>,
}

/// A connection is active some seconds after its acceptance, however few there are.
const SECONDS_FOR_ONE: usize = 5;

/// How many calls a full bucket allows at once, and how many more a second.
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
pub(super) fn bucket(action: &str) -> (u32, u32) {
    match action {
        CREATE_TAGS | "DeleteTags" => (100, 10),
        _ if action.starts_with("Describe") => (100, 20),
        _ => (50, 5),
    }
}

pub(crate) const CREATE: &str = "CreateVpcPeeringConnection";
pub(crate) const ACCEPT: &str = "AcceptVpcPeeringConnection";
pub(crate) const DELETE_CONNECTION: &str = "DeleteVpcPeeringConnection";
pub(crate) const CREATE_ROUTE: &str = "CreateRoute";
pub(crate) const DELETE_ROUTE: &str = "DeleteRoute";
pub(crate) const MODIFY_OPTIONS: &str = "ModifyVpcPeeringConnectionOptions";
pub(crate) const CREATE_TAGS: &str = "CreateTags";

/// Calls that write, by the bucket from which they take a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallCounts(BTreeMap<(Location, &'static str), usize>);

impl CallCounts {
    /// A connection that has to be made, or one that only has to be accepted: requested, accepted, and tagged on the accepter's side
    /// where that has tags of its own.
    pub fn add_connection(&mut self, requester: &End, accepter: &End, is_requested: bool) {
        // The requester's side is tagged as it is made.
        self.add(requester, CREATE, usize::from(!is_requested));
        self.add(accepter, ACCEPT, 1);
        self.add(accepter, CREATE_TAGS, usize::from(requester.sees_other_tags_than(accepter)));
    }

    /// Routes in the tables of that end.
    pub fn add_routes(&mut self, end: &End, created: usize, deleted: usize) {
        self.add(end, CREATE_ROUTE, created);
        self.add(end, DELETE_ROUTE, deleted);
    }

    /// DNS resolution at that end.
    pub fn add_dns_resolution(&mut self, end: &End) {
        self.add(end, MODIFY_OPTIONS, 1);
    }

    /// A connection that has to be deleted.
    pub fn add_deletion(&mut self, requester: &End) {
        self.add(requester, DELETE_CONNECTION, 1);
    }

    fn add(&mut self, end: &End, action: &'static str, calls: usize) {
        if calls > 0 {
            *self.0.entry((end.into(), action)).or_default() += calls;
        }
    }

    /// What all of it costs.
    pub fn effort(&self) -> Effort {
        let mut effort = Effort::default();
        for ((_, action), calls) in &self.0 {
            *effort.calls.entry(action).or_default() += calls;
        }
        let waits = |((_, action), calls): &(&(Location, &'static str), &usize)| {
            let (burst, rate) = bucket(action);
            calls.saturating_sub(burst as usize).div_ceil(rate as usize)
        };
        let slowest = self.0.iter().max_by_key(|lane| (waits(lane), *lane.1));
        let seconds_for_one = if effort.calls.contains_key(ACCEPT) { SECONDS_FOR_ONE } else { 0 };
        effort.least_seconds = seconds_for_one + slowest.map_or(0, |slowest| waits(&slowest));
        effort.slowest = slowest.map(|((at, action), calls)| LaneCalls { at: at.clone(), action, calls: *calls });
        effort
    }
}
