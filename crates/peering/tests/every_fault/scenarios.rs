//! What the machines are asked for, and on which network.

use isthmus_peering::connection::{End, Status};
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::owners::{EXTERNAL, HUB, MEMBER};
use isthmus_testing::{Memory, Scripted};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The ends of most scenarios: the stack's own VPC, another one, and one that nobody asks to peer.
pub(crate) struct Ends {
    pub(crate) one: End,
    pub(crate) other: End,
    pub(crate) stranger: End,
}

fn end(id: &str, region: &str, owner: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": region, "OwnerId": owner})).expect("an end")
}

fn ends(region: &str, owner: &str) -> Ends {
    Ends {
        one: end("vpc-0000000a", "us-east-1", HUB),
        other: end("vpc-0000000b", region, owner),
        stranger: end("vpc-0000000c", "us-east-1", HUB),
    }
}

/// What is done.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    Peer,
    /// The owner of the other VPC accepts what is requested, and the sweep goes on.
    PeerExternal,
    TearDown,
    Groups,
    Sweep,
    /// The event that the tags of the first VPC changed.
    Event,
}

pub(crate) struct Scenario {
    pub(crate) act: Act,
    /// Whether a failure has to leave nothing: what stands already is changed as far as possible.
    pub(crate) is_new: bool,
    pub(crate) memory: Memory,
    pub(crate) ends: Ends,
    /// The inputs of executions that were started, by name.
    pub(crate) started: RefCell<BTreeMap<String, Value>>,
    /// Fields of the request.
    fields: Value,
    /// The error by which it fails even without a fault, until it is cured.
    pub(crate) fails: Option<&'static str>,
}

pub(crate) const NAMES: [&str; 13] = [
    "same Region",
    "two Regions",
    "two accounts",
    "an external account",
    "an adopted connection",
    "a second run, with drift",
    "DNS resolution",
    "a changed selection",
    "a roll-back",
    "a teardown",
    "a group of four",
    "an event of tags",
    "the sweep",
];

impl Scenario {
    /// The one of that name, on a network of its own.
    pub(crate) fn of(name: &'static str) -> Self {
        let in_two_accounts = || ends("eu-west-1", MEMBER);
        match name {
            "same Region" => Self::on(ends("us-east-1", HUB)),
            "two Regions" => Self::on(ends("eu-west-1", HUB)),
            "two accounts" => Self::on(in_two_accounts()),
            "an external account" => {
                Self { act: Act::PeerExternal, is_new: false, ..Self::on(ends("us-east-1", EXTERNAL)) }
            }
            "an adopted connection" => {
                let scenario = Self::on(in_two_accounts());
                let Ends { one, other, .. } = &scenario.ends;
                let id = scenario.memory.add_connection(other, one, Status::Active);
                scenario.memory.tag_side(other, &id, "owner", "somebody");
                Self { is_new: false, ..scenario }
            }
            "a second run, with drift" => {
                let scenario = Self::on(in_two_accounts()).peered();
                let Ends { one, other, .. } = &scenario.ends;
                scenario.memory.drop_routes(one, "10.2.0.0/16");
                scenario.memory.drop_routes(other, "10.11.0.0/16");
                scenario.memory.add_table(other);
                scenario
            }
            "DNS resolution" => {
                let scenario = Self::on(in_two_accounts());
                scenario.memory.turn_on_dns_hostnames();
                Self { fields: json!({"DnsResolution": true}), ..scenario }
            }
            "a changed selection" => {
                let scenario = Self::on(in_two_accounts()).peered();
                let table = scenario.memory.tables(&scenario.ends.one)[1].id.clone();
                Self { fields: json!({"Routes": {"Tables": [table]}}), ..scenario }
            }
            "a roll-back" => {
                let scenario = Self::on(in_two_accounts());
                scenario.memory.refuse_acceptances(&scenario.ends.other);
                scenario.memory.refuse_acceptances(&scenario.ends.one);
                Self { fails: Some("QuotaExceeded"), ..scenario }
            }
            "a teardown" => Self { act: Act::TearDown, ..Self::on(in_two_accounts()).peered() },
            "a group of four" => Self::group(),
            "an event of tags" => {
                let scenario = Self::on(ends("us-east-1", HUB));
                scenario.memory.tag_vpc(&scenario.ends.one, "isthmus:peer", "vpc-0000000b");
                Self { act: Act::Event, ..scenario }
            }
            "the sweep" => Self::swept(),
            other => panic!("no such scenario: {other}"),
        }
    }

    fn on(ends: Ends) -> Self {
        let memory = Memory::default();
        memory.add_vpc(&ends.one, &["10.1.0.0/16", "10.11.0.0/16"], 2);
        memory.add_vpc(&ends.other, &["10.2.0.0/16"], 2);
        memory.add_vpc(&ends.stranger, &["10.3.0.0/16"], 1);
        memory.tag_vpc(&ends.one, "isthmus:accept", "vpc-0000000b");
        if ends.other.owner_id.as_str() == EXTERNAL {
            memory.deny(&(&ends.other).into());
        } else {
            memory.tag_vpc(&ends.other, "isthmus:accept", "vpc-0000000a");
        }
        let foreign = memory.add_connection(&ends.one, &ends.stranger, Status::Active);
        memory.tag_side(&ends.one, &foreign, "owner", "somebody");
        for (end, table) in [(&ends.one, 0), (&ends.one, 1), (&ends.other, 0), (&ends.other, 1)] {
            memory.tag_vpc(end, "Name", "of its owner");
            memory.add_route(end, table, route("0.0.0.0/0", Target::Other("igw-00000001".into())));
        }
        memory.add_route(&ends.one, 0, route("10.3.0.0/16", Target::Peering(foreign)));
        Self { act: Act::Peer, is_new: true, memory, ends, started: RefCell::default(), fields: json!({}), fails: None }
    }

    fn peered(self) -> Self {
        self.run(&Scripted::new(&self.memory, None), "before").expect("peered");
        Self { is_new: false, ..self }
    }

    /// Two of the stack's own VPCs, one in another Region and one in another account, of which no two have a peering.
    fn group() -> Self {
        let scenario = Self::on(ends("eu-west-1", HUB));
        let more = [end("vpc-0000000d", "us-east-1", HUB), end("vpc-0000000e", "us-east-1", MEMBER)];
        scenario.memory.add_vpc(&more[0], &["10.4.0.0/16"], 1);
        scenario.memory.add_vpc(&more[1], &["10.5.0.0/16"], 1);
        for end in [&scenario.ends.one, &scenario.ends.other, &more[0], &more[1]] {
            scenario.memory.tag_vpc(end, "isthmus:group", "payments");
        }
        Self { act: Act::Groups, is_new: false, ..scenario }
    }

    /// One pair whose event was lost, one with a route too few, and one whose tag is gone.
    fn swept() -> Self {
        let scenario = Self::on(ends("eu-west-1", HUB));
        let more = [end("vpc-0000000d", "us-east-1", HUB), end("vpc-0000000e", "us-east-1", HUB)];
        for (end, block) in more.iter().zip(["10.4.0.0/16", "10.5.0.0/16"]) {
            scenario.memory.add_vpc(end, &[block], 1);
            scenario.memory.tag_vpc(end, "isthmus:peer", "vpc-0000000a");
        }
        let scenario = Self { act: Act::Sweep, is_new: false, ..scenario };
        scenario.run(&Scripted::new(&scenario.memory, None), "before").expect("swept");
        scenario.memory.drop_routes(&more[0], "10.1.0.0/16");
        scenario.memory.drop_tag(&more[1], "isthmus:peer");
        scenario.memory.tag_vpc(&scenario.ends.one, "isthmus:peer", "vpc-0000000b@eu-west-1");
        scenario
    }

    /// From now on nothing but a fault makes it fail.
    pub(crate) fn cure(&self) {
        self.memory.allow_acceptances();
    }

    pub(crate) fn request(&self) -> Value {
        let Ends { one, other, .. } = &self.ends;
        let mut request = json!({"VpcId": one.vpc_id, "Region": one.region, "OwnerId": one.owner_id,
            "PeerVpcId": other.vpc_id, "PeerRegion": other.region, "PeerOwnerId": other.owner_id});
        request.as_object_mut().expect("an object").extend(self.fields.as_object().expect("fields").clone());
        request
    }
}

fn route(destination: &str, target: Target) -> Route {
    Route { destination: destination.parse().expect("a block"), target, blackhole: false, propagated: false }
}
