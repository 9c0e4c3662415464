//! VPCs that carry the tag `group`, and what a run of the groups machine reports about them.

use crate::three::end;
use crate::{Machines, Memory, context, execute, scope, stack};
use isthmus_peering::connection::{Connection, End, Status};
use isthmus_peering::error::Error;
use isthmus_peering::groups::{GroupReport, GroupsReport};
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::stack::{Quotas, Stack};
use isthmus_peering::steps::{GroupsTask, PlannedGroups, plan_groups};
use serde_json::{Value, json};

/// A VPC of a member.
pub fn of_member(id: &str) -> End {
    End { owner_id: "222222222222".parse().expect("an account"), ..end(id) }
}

/// VPCs of the stack's account, each with a block of its own.
pub fn vpcs(count: u8) -> (Memory, Vec<End>) {
    let memory = Memory::default();
    let ends: Vec<End> = (1..=count).map(|number| end(&format!("vpc-{number:08x}"))).collect();
    for (number, end) in (1..).zip(&ends) {
        memory.add_vpc(end, &[&format!("10.{number}.0.0/16")], 1);
    }
    (memory, ends)
}

/// So many VPCs of the stack's account that all have one block.
pub fn alike(count: u8) -> (Memory, Vec<End>) {
    let memory = Memory::default();
    let ends: Vec<End> = (1..=count).map(|number| end(&format!("vpc-{number:08x}"))).collect();
    ends.iter().for_each(|end| memory.add_vpc(end, &["10.0.0.0/16"], 1));
    (memory, ends)
}

/// Tags them all with these words.
pub fn join(memory: &Memory, words: &str, ends: &[End]) {
    ends.iter().for_each(|end| memory.tag_vpc(end, "isthmus:group", words));
}

/// Takes them out of their groups.
pub fn leave(memory: &Memory, ends: &[End]) {
    ends.iter().for_each(|end| memory.drop_tag(end, "isthmus:group"));
}

/// Two VPCs of the group `payments`, in two Regions and so in two lanes.
pub fn two_lanes() -> (Memory, Vec<End>) {
    let (memory, mut ends) = vpcs(1);
    ends.push(End { region: "eu-west-1".parse().expect("a Region"), ..end("vpc-000000a1") });
    memory.add_vpc(&ends[1], &["10.201.0.0/16"], 1);
    join(&memory, "payments", &ends);
    (memory, ends)
}

/// A mesh of three in three lanes, of two accounts and two Regions, with DNS resolution and a foreign route.
pub fn three_lanes() -> (Memory, Vec<End>, Stack) {
    let (memory, mut ends) = vpcs(1);
    ends.push(End { region: "eu-west-1".parse().expect("a Region"), ..end("vpc-000000a1") });
    ends.push(of_member("vpc-000000b1"));
    memory.add_vpc(&ends[1], &["10.201.0.0/16"], 1);
    memory.add_vpc(&ends[2], &["10.202.0.0/16"], 1);
    memory.turn_on_dns_hostnames();
    memory.tag_vpc(&ends[0], "isthmus:dns", "on");
    let foreign = Target::Other("igw-00000001".into());
    let route = Route {
        destination: "0.0.0.0/0".parse().expect("a block"),
        target: foreign,
        blackhole: false,
        propagated: false,
    };
    ends.iter().for_each(|end| memory.add_route(end, 0, route.clone()));
    join(&memory, "payments", &ends);
    let group_accounts = "payments:mesh=123456789012,222222222222".parse().expect("words");
    (memory, ends, Stack { group_accounts, ..stack() })
}

/// Nobody holds anything, each table has its foreign and its own route, and those of its peers.
pub fn check_whole(memory: &Memory, ends: &[End], peers: usize, what: &str) {
    for item in memory.ledger.all() {
        assert!(item.holder.is_none() && item.makers.is_empty(), "{what}: {item:?}");
        assert!(item.pending_a.is_empty() && item.pending_b.is_empty(), "{what}: {item:?}");
    }
    assert_eq!(memory.ledger.groups_run(), None, "{what}");
    for end in ends {
        let tables = memory.tables(end);
        assert_eq!(tables[0].routes.len(), 2 + peers, "{what}: {:?}", tables[0].routes);
        assert!(tables[0].routes.iter().all(|route| !route.blackhole), "{what}");
    }
}

/// The hub of the group `payments`, and so many spokes, set up by a run.
pub fn star(spokes: u8) -> (Memory, Vec<End>) {
    let (memory, ends) = vpcs(spokes + 1);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    crate::run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(peered(&memory, &ends), usize::from(spokes));
    (memory, ends)
}

/// A stack with that quota of peerings.
pub fn with_quota(peerings_per_vpc: u32) -> Stack {
    Stack { quotas: Quotas { peerings_per_vpc, ..stack().quotas }, ..stack() }
}

/// What the step answers about a dry run.
pub async fn planned(memory: &Memory, stack: &Stack, input: Value) -> Result<PlannedGroups, Error> {
    planned_for(memory, stack, "planned", input).await
}

/// What it answers at the start of the run of that name.
pub async fn planned_for(memory: &Memory, stack: &Stack, run: &str, input: Value) -> Result<PlannedGroups, Error> {
    let execution = crate::groups_arn(run);
    let task = GroupsTask {
        input,
        execution,
        before: None,
        lanes_at_once: crate::LANES_AT_ONCE,
        attempt: 0,
        time: "2026-11-25T12:00:00.000Z".into(),
    };
    plan_groups(context(memory, stack), &scope(), task, || true).await
}

/// The report about all groups of a dry run; it only reads.
pub async fn report(memory: &Memory) -> GroupsReport {
    memory.take_calls();
    let planned = planned(memory, &stack(), json!({"DryRun": true})).await.expect("planned");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    planned.report.expect("a report")
}

/// Its pairs, those in place, to set up, and refused.
pub fn counts(group: &GroupReport) -> [usize; 4] {
    [group.pairs, group.in_place, group.set_up, group.refused_count]
}

/// The errors of all groups' refusals.
pub fn errors(report: &GroupsReport) -> Vec<&str> {
    report.groups.iter().flat_map(|group| &group.refused).map(|refused| refused.error.as_str()).collect()
}

/// How many pairs of these are active, and routed to each other in every table.
pub fn peered(memory: &Memory, ends: &[End]) -> usize {
    let is_routed = |end: &End, id: &VpcPeeringConnectionId| {
        let to = Target::Peering(id.clone());
        let leads = |route: &Route| route.target == to && !route.blackhole;
        memory.tables(end).iter().all(|table| table.routes.iter().any(leads))
    };
    let is_whole = |found: &Connection| {
        let joined = [&found.identity.requester, &found.identity.accepter];
        found.status == Status::Active && joined.iter().all(|end| ends.contains(end) && is_routed(end, found.id()))
    };
    memory.connections().iter().filter(|found| is_whole(found)).count()
}

/// Runs what was started, as the peering machine would.
pub async fn run(memory: &Memory, machines: &Machines) {
    for (name, input) in machines.peerings.take() {
        execute(memory, &name, &serde_json::to_value(&input).expect("JSON")).await.expect("peered");
    }
}
