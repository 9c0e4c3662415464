//! What people read, whole.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isthmus_cli::plan_text::{Known, Names, PENDING_ACCEPTANCE, PeeringReport, TeardownReport, read};
use isthmus_cli::status_text::{differs, status_lines, topology_lines};
use isthmus_cli::text::{Line, clean, is_invisible};
use isthmus_picture::topology::Topology;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

const ONE: &str = "vpc-0aaaaaaaaaaaaaaa1";
const OTHER: &str = "vpc-0bbbbbbbbbbbbbbb2";

fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn topology() -> Topology {
    Topology::parse(include_bytes!("data/topology.json")).unwrap()
}

fn route(table: &str, vpc_id: &str, region: &str, destination: &str, action: &str) -> Value {
    let field = if destination.contains(':') { "DestinationIpv6CidrBlock" } else { "DestinationCidrBlock" };
    json!({"RouteTableId": table, "VpcId": vpc_id, "Region": region, field: destination, "Action": action})
}

fn plan(created: bool, routes: &[Value], warnings: &[&str]) -> PeeringReport {
    let output = json!({
        "VpcPeeringConnectionId": if created { Value::Null } else { "pcx-0123456789abcdef0".into() },
        "Status": "planned", "Created": created,
        "Requester": {"VpcId": ONE, "Region": "us-east-1", "OwnerId": "111111111111"},
        "Accepter": {"VpcId": OTHER, "Region": "eu-west-1", "OwnerId": "222222222222"},
        "Routes": routes, "DnsResolution": false, "Warnings": warnings,
    });
    read(&output).unwrap()
}

fn names() -> Names {
    let known = |name: &str, blocks: &[&str]| Known {
        name: name.into(),
        blocks: blocks.iter().map(ToString::to_string).collect(),
    };
    Names::from([
        (ONE.to_owned(), known("payments-prod", &["10.1.0.0/16"])),
        (OTHER.to_owned(), known("ledger-prod", &["10.2.0.0/16", "100.64.1.0/24"])),
    ])
}

fn routes() -> Vec<Value> {
    vec![
        route("rtb-0a0000000000000f1", ONE, "us-east-1", "10.2.0.0/16", "Created"),
        route("rtb-0a0000000000000f2", ONE, "us-east-1", "10.2.0.0/16", "Created"),
        route("rtb-0b00000000000009c", OTHER, "eu-west-1", "10.1.0.0/16", "Repaired"),
        route("rtb-0b00000000000009d", OTHER, "eu-west-1", "2600:1f00:1::/56", "Deleted"),
        route("rtb-0b00000000000009d", OTHER, "eu-west-1", "10.1.0.0/16", "Unchanged"),
        route("rtb-0b00000000000009e", OTHER, "eu-west-1", "10.1.0.0/16", "Kept"),
    ]
}

#[test]
fn a_plan_is_a_diff() {
    let report = plan(true, &routes(), &["rtb-0a0000000000000f2 has a more specific route to 10.2.3.0/24"]);
    assert!(report.changes_something());
    assert_data_eq!(
        text(&report.diff(ONE, &names())),
        str![[r#"
payments-prod  vpc-0aaaaaaaaaaaaaaa1  us-east-1 of 111111111111  10.1.0.0/16
ledger-prod    vpc-0bbbbbbbbbbbbbbb2  eu-west-1 of 222222222222  10.2.0.0/16 100.64.1.0/24

  + connection       payments-prod -> ledger-prod, accepted in eu-west-1
  + 10.2.0.0/16      in rtb-0a…f1 rtb-0a…f2  us-east-1
  ~ 10.1.0.0/16      in rtb-0b…9c            eu-west-1   a blackhole, replaced
  - 2600:1f00:1::/56 in rtb-0b…9d            eu-west-1
  ! rtb-0a0000000000000f2 has a more specific route to 10.2.3.0/24


"#]]
    );
    assert_eq!(
        report.summary(["to create", "to repair", "to delete"]),
        "1 connection and 2 routes to create, 1 to repair, 1 to delete"
    );
}

#[test]
fn the_vpc_that_was_named_first_comes_first_and_one_without_a_name_is_its_id() {
    assert_data_eq!(
        text(&plan(true, &[], &[]).diff(OTHER, &Names::new())),
        str![[r#"
vpc-0bbbbbbbbbbbbbbb2  eu-west-1 of 222222222222
vpc-0aaaaaaaaaaaaaaa1  us-east-1 of 111111111111

  + connection       vpc-0aaaaaaaaaaaaaaa1 -> vpc-0bbbbbbbbbbbbbbb2, accepted in eu-west-1


"#]]
    );
}

#[test]
fn a_plan_without_a_change_says_nothing_but_the_ends() {
    let report = plan(false, &routes().split_off(4), &[]);
    assert!(!report.changes_something());
    assert_eq!(report.summary(["created", "repaired", "deleted"]), "");
    assert_data_eq!(
        text(&report.diff(ONE, &names())),
        str![[r#"
payments-prod  vpc-0aaaaaaaaaaaaaaa1  us-east-1 of 111111111111  10.1.0.0/16
ledger-prod    vpc-0bbbbbbbbbbbbbbb2  eu-west-1 of 222222222222  10.2.0.0/16 100.64.1.0/24


"#]]
    );
}

#[test]
fn what_was_done_is_one_line_and_what_is_left_to_do_follows() {
    let ends = |status: &str, routes: &[Value]| {
        let mut report = plan(false, routes, &[]);
        report.status = status.to_owned();
        text(&report.done(OTHER, &names()))
    };
    let all =
        [ends("active", &routes()), ends("active", &[]), ends("planned", &routes()), ends(PENDING_ACCEPTANCE, &[])];
    assert_data_eq!(
        all.concat(),
        str![[r#"
ledger-prod ⇄ payments-prod  active  pcx-0123456789abcdef0: 2 routes created, 1 repaired, 1 deleted
ledger-prod ⇄ payments-prod  active  pcx-0123456789abcdef0: everything was in place
ledger-prod ⇄ payments-prod  planned  pcx-0123456789abcdef0: 2 routes to create, 1 to repair, 1 to delete
Nothing was changed: the stack's parameter Mode is report.
ledger-prod ⇄ payments-prod  pending-acceptance  pcx-0123456789abcdef0: it waits to be accepted
Its owner, 222222222222, has to accept it:
  aws ec2 accept-vpc-peering-connection --region eu-west-1 --vpc-peering-connection-id pcx-0123456789abcdef0

"#]]
    );
}

#[test]
fn tables_that_shortened_ids_do_not_tell_apart_are_written_in_full() {
    let routes = ["rtb-0a0000000000000f1", "rtb-0a1111111111111f1"]
        .map(|table| route(table, ONE, "us-east-1", "10.2.0.0/16", "Created"));
    let lines = text(&plan(false, &routes, &[]).diff(ONE, &Names::new()));
    assert!(lines.contains("in rtb-0a0000000000000f1 rtb-0a1111111111111f1 "), "{lines}");
}

#[test]
fn each_ending_of_a_teardown_is_a_sentence() {
    let said = |status: &str, id: Value| {
        let routes = [route("rtb-0a0000000000000f1", ONE, "us-east-1", "10.2.0.0/16", "Deleted")];
        let output = json!({"VpcPeeringConnectionId": id, "Status": status, "Routes": routes});
        read::<TeardownReport>(&output).unwrap().done().to_string()
    };
    let id = || json!("pcx-0123456789abcdef0");
    let all = ["deleted", "released", "kept", "planned"].map(|status| said(status, id())).join("\n");
    assert_data_eq!(
        all + "\n" + &said("absent", Value::Null) + "\n",
        str![[r#"
1 route deleted, pcx-0123456789abcdef0 deleted.
1 route deleted. pcx-0123456789abcdef0 stays: the stack had adopted it, not made it.
pcx-0123456789abcdef0 was kept: somebody asks for it again.
1 route to delete, and pcx-0123456789abcdef0. Nothing was changed.
There is no peering to remove.

"#]]
    );
}

#[test]
fn an_output_of_another_release_has_an_exit_code_of_its_own() {
    let failure = read::<PeeringReport>(&json!({"Status": 7})).unwrap_err();
    assert_eq!((failure.error.as_str(), failure.code()), ("OtherRelease", 8));
}

#[test]
fn status_lists_what_needs_attention() {
    let seen = topology();
    let mut listed = seen.clone();
    listed.peerings.retain(|peering| peering.finding.needs_attention());
    assert_data_eq!(
        text(&status_lines(&seen, &listed, None)),
        str![[r#"
8 VPCs, 4 peerings, 3 accounts, 2 Regions; seen 22:14:07 UTC
1 in place · 1 waiting · 1 drift · 1 failed
! ap-southeast-2 of 333333333333 could not be read: AccessDenied to sts:AssumeRole
PEERING                           STATE    WHY                                                                                                         REQUESTED BY   WHAT TO DO
identity-prod ⇄ shared-us         failed   OverlappingCidrs: 10.20.0.0/16 overlaps 10.20.0.0/16: remove one block of each pair, or choose another VPC  identity-prod  isthmus explain OverlappingCidrs
ledger-prod ⇄ shared-eu           drift    2 of 12 routes are gone from rtb-0a000000000000ff1.                                                         both           isthmus peer ledger-prod shared-eu
payments-prod ⇄ [2Jx31mevil line  waiting  PeerNotTrusted: [31mred text                                                                                payments-prod  its owner: see below

payments-prod ⇄ [2Jx31mevil line: The owner, 222222222222, runs:
  aws ec2 create-tags --region us-east-1 --resources vpc-0eeeeeeeeeeeeeee8 --tags Key=isthmus:accept:vpc-0aaaaaaaaaaaaaaa1,Value=vpc-0aaaaaaaaaaaaaaa1

"#]]
    );
    assert_eq!(seen.peerings.iter().filter(|peering| differs(peering)).count(), 2, "one that waits does not differ");
}

#[test]
fn a_table_fits_a_narrow_terminal() {
    let lines = status_lines(&topology(), &topology(), Some(100));
    let table: Vec<String> =
        lines.iter().skip(3).map(ToString::to_string).take_while(|line| !line.is_empty()).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 100), "{table:#?}");
    assert!(table.len() > 5, "{table:#?}");
    assert!(
        table.iter().any(|line| line.ends_with("isthmus explain OverlappingCidrs")),
        "no command is cut: {table:#?}"
    );
}

#[test]
fn topology_lists_every_vpc() {
    assert_data_eq!(
        text(&topology_lines(&topology(), None)),
        str![[r#"
8 VPCs, 4 peerings, 3 accounts, 2 Regions; seen 22:14:07 UTC
! ap-southeast-2 of 333333333333 could not be read: AccessDenied to sts:AssumeRole
NAME           VPC                    REGION     ACCOUNT       BLOCKS                     PEERINGS
payments-prod  vpc-0aaaaaaaaaaaaaaa1  us-east-1  111111111111  10.1.0.0/16                2
ledger-prod    vpc-0bbbbbbbbbbbbbbb2  eu-west-1  222222222222  10.2.0.0/16 100.64.1.0/24  2
identity-prod  vpc-0ccccccccccccccc3  us-east-1  111111111111  10.20.0.0/16               1
shared-us      vpc-0ddddddddddddddd4  us-east-1  123456789012  10.20.0.0/16               1
shared-eu      vpc-0eeeeeeeeeeeeeee5  eu-west-1  123456789012  10.40.0.0/16               1
default        vpc-0fffffffffffffff6  us-east-1  111111111111  172.31.0.0/16              0
default        vpc-0fffffffffffffff7  eu-west-1  222222222222  172.31.0.0/16              0
x31mevil line  vpc-0eeeeeeeeeeeeeee8  us-east-1  222222222222  10.8.0.0/16                1

"#]]
    );
}

#[test]
fn no_text_of_a_stranger_reaches_a_terminal_as_it_is() {
    let hostile = "\u{1b}[2Ja\u{1b}]0;title\u{7}b\u{9b}2Jc\u{202e}d\u{2066}e\u{feff}f\ng\r\th\u{0}i\u{ad}j";
    assert_eq!(clean(hostile), "abc2Jdef g  hij".replace("c2J", "2Jc"));
    let all = status_lines(&topology(), &topology(), None).into_iter().chain(topology_lines(&topology(), None));
    for line in all {
        assert!(!line.to_string().chars().any(is_invisible), "{line:?}");
    }
    let name = Known { name: hostile.into(), blocks: vec![hostile.into()] };
    let names = Names::from([(ONE.to_owned(), name)]);
    for line in plan(true, &routes(), &[hostile]).diff(ONE, &names) {
        assert!(!line.to_string().chars().any(is_invisible), "{line:?}");
    }
}
