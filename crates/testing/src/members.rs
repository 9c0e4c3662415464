//! Members of groups, and what is planned for them.

use ipnet::IpNet;
use isthmus_peering::connection::End;
pub use isthmus_peering::groups::Pairs;
use isthmus_peering::groups::{GroupName, GroupsPlan, Member, Planning, Role, RouteRoom, plan};

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
        tables: 1,
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
    let not_admitted = |_: &GroupName, _, _| None;
    plan(&Planning { members, live, asked: &Pairs::new(), not_admitted: &not_admitted, peerings_per_vpc: limit })
}
