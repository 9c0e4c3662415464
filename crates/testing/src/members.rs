//! Members of groups, and what is planned for them.

use ipnet::IpNet;
use isthmus_peering::connection::{End, canonical};
pub use isthmus_peering::groups::Pairs;
use isthmus_peering::groups::{CallCounts, Effort, GroupName, GroupsPlan, Member, Planning, Role, RouteRoom, plan};
use std::collections::BTreeMap;

/// The account of all members.
pub const HUB: &str = "123456789012";

/// The name of a group.
pub fn name(text: &str) -> GroupName {
    text.parse().expect("a name")
}

/// The VPC of that number.
pub fn end(number: usize, owner: &str) -> End {
    End {
        vpc_id: format!("vpc-{number:08x}").parse().expect("an id"),
        region: "us-east-1".parse().expect("a Region"),
        owner_id: owner.parse().expect("an account"),
    }
}

/// These blocks.
pub fn blocks(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().expect("a block")).collect()
}

/// A member of the group `payments`, with these blocks, all of which are routed.
pub fn member(number: usize, role: Role, of: &[&str]) -> Member {
    Member {
        end: end(number, HUB),
        groups: [(name("payments"), role)].into(),
        blocks: blocks(of),
        routed: blocks(of),
        excluded: false,
        room: RouteRoom { v4: 500, v6: 500 },
        peerings: 0,
    }
}

/// So many members with a block each.
pub fn numbered(count: usize, role: impl Fn(usize) -> Role) -> Vec<Member> {
    (0..count).map(|number| member(number, role(number), &[&format!("10.{number}.0.0/16")])).collect()
}

/// The plan, where everybody consents.
pub fn planned(members: &[Member], live: &Pairs, limit: usize) -> GroupsPlan {
    planned_among(members, live, &Pairs::new(), &Pairs::new(), limit)
}

/// The plan, where those pairs are asked for by something else, and the owners of these don't consent.
pub fn planned_among(members: &[Member], live: &Pairs, asked: &Pairs, without: &Pairs, limit: usize) -> GroupsPlan {
    let missing_admission = |_: &GroupName, one: usize, other: usize| {
        without.contains(&(one.min(other), one.max(other))).then(|| "not admitted".to_owned())
    };
    plan(&Planning { members, live, asked, missing_admission: &missing_admission, peerings_per_vpc: limit })
}

/// What it costs to set up these pairs, of which nothing is there yet, where each member has so many tables.
pub fn costs(members: &[Member], pairs: &Pairs, tables: impl Fn(usize) -> usize) -> Effort {
    let mut lanes = CallCounts::default();
    for (one, other) in pairs {
        let [end, peer] = [one, other].map(|number| &members[*number].end);
        let (requester, accepter) = canonical(end, peer);
        lanes.add_connection(requester, accepter, false);
        lanes.add_routes(end, tables(*one) * members[*other].routed.len(), 0);
        lanes.add_routes(peer, tables(*other) * members[*one].routed.len(), 0);
    }
    lanes.effort()
}

/// The errors of a group's refusals, by the numbers of the two.
pub fn refused(plan: &GroupsPlan) -> BTreeMap<(usize, usize), &'static str> {
    let refusals = plan.groups.values().flat_map(|group| &group.refused);
    refusals
        .map(|refusal| ((refusal.member.min(refusal.peer), refusal.member.max(refusal.peer)), refusal.error))
        .collect()
}
