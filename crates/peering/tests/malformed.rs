//! What can't be understood changes nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::owners::{HUB, MEMBER, two};
use isthmus_testing::pair::routed;
use isthmus_testing::sweeping::{run_started, sweep_and_run};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, Memory, execute, stack};
use serde_json::json;

fn live(memory: &Memory) -> usize {
    memory.connections().iter().filter(|connection| connection.status.is_live()).count()
}

/// While a word can't be understood, nothing is taken away because of that key. Valid words still add.
#[tokio::test]
async fn what_can_t_be_understood_changes_nothing() {
    let named = "vpc-0000000b@us-east-1@222222222222";
    type Change = fn(&Memory, &End, &End);
    let cases: [(&str, Change, usize); 9] = [
        ("a semicolon", |m, one, _| m.tag_vpc(one, "isthmus:peer", "vpc-0000000b;vpc-0000000c"), 1),
        ("no Region of AWS", |m, one, _| m.tag_vpc(one, "isthmus:peer", "vpc-0000000b@us-esat-1@222222222222"), 1),
        ("another Region", |m, one, _| m.tag_vpc(one, "isthmus:peer", "vpc-0000000b@eu-west-1@222222222222"), 1),
        ("its account left out", |m, one, _| m.tag_vpc(one, "isthmus:peer", "vpc-0000000b"), 1),
        ("a malformed consent", |m, _, other| m.tag_vpc(other, "isthmus:accept", "12345678901"), 1),
        (
            "another key's word",
            |m, one, _| {
                m.tag_vpc(one, "isthmus:peer:more", "vpc-oops");
                m.drop_tag(one, "isthmus:peer");
            },
            1,
        ),
        ("malformed tables", |m, one, _| m.tag_vpc(one, "isthmus:routes", "rtb-oops"), 1),
        ("consent withdrawn", |m, _, other| m.drop_tag(other, "isthmus:accept"), 0),
        ("a peer fewer", |m, one, _| m.drop_tag(one, "isthmus:peer"), 0),
    ];
    for (name, change, left) in cases {
        let (memory, one, other) = two(MEMBER);
        memory.tag_vpc(&one, "isthmus:peer", named);
        memory.tag_vpc(&other, "isthmus:accept", HUB);
        sweep_and_run(&memory).await;
        let before = (routed(&memory, &one), routed(&memory, &other));
        change(&memory, &one, &other);
        for end in [&one, &other] {
            let machines = Machines::default();
            let task = isthmus_peering::steps::StartTask { end: end.clone(), ..task("vpc-00000000", TAGS) };
            start_as(&memory, &machines, &stack(), task).await.expect("started");
            run_started(&memory, &machines).await;
        }
        sweep_and_run(&memory).await;
        assert_eq!(live(&memory), left, "{name}: {:?}", memory.tags(&one));
        if left == 1 {
            assert_eq!((routed(&memory, &one), routed(&memory, &other)), before, "{name}");
        }
    }
}

/// One owner's typo is no reason to leave the other end unrepaired, or to call a standing peering failed.
#[tokio::test]
async fn a_typo_at_one_end_leaves_the_other_one_repaired() {
    let (memory, one, other) = two(HUB);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&other, "isthmus:accept", "vpc-0000000a");
    sweep_and_run(&memory).await;
    memory.tag_vpc(&one, "isthmus:routes", "rtb-oops");
    memory.drop_routes(&other, "10.1.0.0/16");
    sweep_and_run(&memory).await;
    assert_eq!((routed(&memory, &one).len(), routed(&memory, &other).len()), (2, 2));
    for (end, peer) in [(&one, "vpc-0000000b"), (&other, "vpc-0000000a")] {
        let status = memory.tags(end)[&format!("isthmus:status:{peer}")].clone();
        assert!(
            status.starts_with("active pcx-") && status.contains("isthmus:routes of vpc-0000000a can't be"),
            "{status}"
        );
    }
}

/// A table that the VPC doesn't have and never had is a typo, of an id this time.
#[tokio::test]
async fn a_mistyped_table_removes_nothing() {
    let (memory, one, other) = two(HUB);
    let ids: Vec<String> = memory.tables(&one).iter().map(|table| table.id.to_string()).collect();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&one, "isthmus:routes", &ids[0]);
    sweep_and_run(&memory).await;
    memory.tag_vpc(&one, "isthmus:routes", "rtb-99999999");
    for _ in 0..2 {
        sweep_and_run(&memory).await;
    }
    assert_eq!(routed(&memory, &one).into_iter().map(|(table, _)| table).collect::<Vec<_>>(), [0]);
    memory.drop_tag(&one, "isthmus:routes");
    let mistyped = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "Routes": {"Tables": ["rtb-99999999"]}});
    let (error, _) = execute(&memory, "a pipeline's", &mistyped).await.expect_err("a pipeline is told");
    assert_eq!(error, "InvalidRequest");
}

/// The same of a subnet, and of a table in the tag of an owner that a pipeline's request is narrowed to.
#[tokio::test]
async fn a_mistyped_subnet_removes_nothing_whoever_names_it() {
    let (memory, one, other) = two(HUB);
    let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
    execute(&memory, "a pipeline's", &request).await.expect("peered");
    let before = routed(&memory, &one);
    assert_eq!(before.len(), 2);
    for selected in ["subnet-99999999", "rtb-99999999"] {
        memory.tag_vpc(&one, "isthmus:routes", selected);
        for asked in
            [request.clone(), json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "Routes": {"Tables": "all"}})]
        {
            let output =
                execute(&memory, selected, &asked).await.unwrap_or_else(|error| panic!("{selected}: {error:?}"));
            assert!(output["Warnings"].to_string().contains(selected), "{output}");
            assert_eq!(routed(&memory, &one), before, "{selected} in the owner's tag");
        }
    }
    memory.drop_tag(&one, "isthmus:routes");
    let mistyped = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "Routes": {"Subnets": ["subnet-99999999"]}});
    let (error, cause) = execute(&memory, "with subnets", &mistyped).await.expect_err("a pipeline is told");
    assert_eq!((error.as_str(), &cause["Field"]), ("InvalidRequest", &json!("Routes.Subnets")));
    assert_eq!(routed(&memory, &one), before);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&one, "isthmus:routes", "subnet-99999999");
    for _ in 0..2 {
        sweep_and_run(&memory).await;
    }
    assert_eq!(routed(&memory, &one), before, "asked for by tags");
}

/// A block that the VPC doesn't have.
#[tokio::test]
async fn a_mistyped_block_removes_nothing() {
    for advertised in ["10.22.0.0/16", "", ",", "10.2.0.0/33"] {
        let (memory, one, other) = two(HUB);
        memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
        sweep_and_run(&memory).await;
        memory.tag_vpc(&other, "isthmus:advertise", advertised);
        for _ in 0..2 {
            sweep_and_run(&memory).await;
        }
        assert_eq!(routed(&memory, &one).len(), 2, "{advertised:?}");
        memory.tag_vpc(&one, "isthmus:routes", "main");
        sweep_and_run(&memory).await;
        assert_eq!(routed(&memory, &one).len(), 1, "{advertised:?}: the other owner's word still counts");
    }
}

/// Of a list of tables the valid ones are added, and none is removed.
#[tokio::test]
async fn the_valid_tables_of_a_list_are_added() {
    let (memory, one, _) = two(HUB);
    let ids: Vec<String> = memory.tables(&one).iter().map(|table| table.id.to_string()).collect();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&one, "isthmus:routes", &ids[0]);
    sweep_and_run(&memory).await;
    memory.tag_vpc(&one, "isthmus:routes", &format!("{},rtb-oops", ids[1]));
    sweep_and_run(&memory).await;
    let tables: Vec<usize> = routed(&memory, &one).into_iter().map(|(table, _)| table).collect();
    assert_eq!(tables, [0, 1], "{:?}", memory.tags(&one));
    memory.tag_vpc(&one, "isthmus:routes", &ids[1]);
    sweep_and_run(&memory).await;
    assert_eq!(routed(&memory, &one).into_iter().map(|(table, _)| table).collect::<Vec<_>>(), [1]);
}

/// Whoever asks: the widest selection there is must not take its place.
#[tokio::test]
async fn a_selection_that_can_t_be_understood_selects_nothing() {
    let (memory, one, other) = two(HUB);
    memory.tag_vpc(&one, "isthmus:routes", "rtb-oops");
    let asked = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
    let output = execute(&memory, "a pipeline's", &asked).await.expect("peered");
    assert_eq!((routed(&memory, &one).len(), routed(&memory, &other).len()), (0, 2));
    assert!(output["Warnings"].to_string().contains("isthmus:routes of vpc-0000000a can't be understood"), "{output}");
    memory.tag_vpc(&one, "isthmus:routes", "main");
    execute(&memory, "once it can", &asked).await.expect("routed");
    assert_eq!(routed(&memory, &one).len(), 1);
}
