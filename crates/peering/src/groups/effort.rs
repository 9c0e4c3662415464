//! How many calls of EC2 a plan costs, and how long they take at least.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

use crate::connection::canonical;
use crate::groups::planning::Member;
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
    /// The bucket that takes the longest; none where nothing waits for a token.
    pub slowest: Option<LaneCalls>,
}

/// A connection is active some seconds after its request, however few there are.
const SECONDS_FOR_ONE: usize = 5;

/// How many calls a full bucket allows at once, and how many more a second.
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
fn bucket(action: &str) -> (usize, usize) {
    if action == CREATE_TAGS { (100, 10) } else { (50, 5) }
}

const CREATE: &str = "CreateVpcPeeringConnection";
const ACCEPT: &str = "AcceptVpcPeeringConnection";
const CREATE_ROUTE: &str = "CreateRoute";
const CREATE_TAGS: &str = "CreateTags";

/// What it costs to set up these pairs of members.
pub fn effort(members: &[Member], pairs: impl Iterator<Item = (usize, usize)>) -> Effort {
    let mut lanes: BTreeMap<(Location, &'static str), usize> = BTreeMap::new();
    for (one, other) in pairs {
        let (one, other) = (&members[one], &members[other]);
        let (requester, accepter) = canonical(&one.end, &other.end);
        let mut add = |at: Location, action, calls| *lanes.entry((at, action)).or_default() += calls;
        add(requester.into(), CREATE, 1);
        add(accepter.into(), ACCEPT, 1);
        // The requester's side is tagged as it is made.
        add(accepter.into(), CREATE_TAGS, usize::from(requester.sees_other_tags_than(accepter)));
        add((&one.end).into(), CREATE_ROUTE, one.tables * other.routed.len());
        add((&other.end).into(), CREATE_ROUTE, other.tables * one.routed.len());
    }
    lanes.retain(|_, calls| *calls > 0);
    let mut effort = Effort::default();
    for ((_, action), calls) in &lanes {
        *effort.calls.entry(action).or_default() += calls;
    }
    let waits = |((_, action), calls): &(&(Location, &'static str), &usize)| {
        let (burst, rate) = bucket(action);
        calls.saturating_sub(burst).div_ceil(rate)
    };
    let slowest = lanes.iter().max_by_key(waits);
    effort.least_seconds = slowest.map_or(0, |slowest| SECONDS_FOR_ONE + waits(&slowest));
    let slowest = slowest.filter(|slowest| waits(slowest) > 0);
    effort.slowest = slowest.map(|((at, action), calls)| LaneCalls { at: at.clone(), action, calls: *calls });
    effort
}
