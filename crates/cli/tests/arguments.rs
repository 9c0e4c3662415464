//! What the command line accepts, and what it means.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use clap::{CommandFactory, Parser};
use isthmus_cli::arguments::{Arguments, Command, Format, PeerArguments, State};
use isthmus_cli::ends::EndArgument;
use isthmus_cli::failure::Failure;
use isthmus_picture::topology::Topology;
use serde_json::json;
use std::ffi::OsString;
use std::time::Duration;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(["isthmus"].into_iter().chain(line.split(' ')))
}

fn refused(line: &str) -> String {
    parse(line).unwrap_err().to_string()
}

fn peer(line: &str) -> PeerArguments {
    match parse(&format!("peer {line}")).unwrap().command {
        Command::Peer(arguments) => arguments,
        other => panic!("{other:?}"),
    }
}

fn topology() -> Topology {
    Topology::parse(include_bytes!("data/topology.json")).unwrap()
}

fn find(text: &str) -> Result<String, Failure> {
    let end: EndArgument = text.parse().unwrap();
    end.find(&topology()).map(|end| end.to_string())
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn a_vpc_is_an_id_as_tags_spell_it_or_a_name() {
    for id in ["vpc-0a1b2c3d", "vpc-0a1b2c3d@eu-west-1", "vpc-0123456789abcdef0@us-gov-west-1@222222222222"] {
        assert!(matches!(id.parse().unwrap(), EndArgument::Id(end) if end.to_string() == id), "{id}");
    }
    for name in ["payments-prod", "vpc-main", "VPC 7", "a@b"] {
        assert_eq!(name.parse(), Ok(EndArgument::Name(name.to_owned())));
    }
    for wrong in ["vpc-0a1b", "vpc-0a1b2c3d@nowhere", "vpc-0a1b2c3d@eu-west-1@22", "vpc-", "", " "] {
        assert!(wrong.parse::<EndArgument>().is_err(), "{wrong}");
    }
}

#[test]
fn a_name_is_looked_up_in_the_topology() {
    assert_eq!(find("ledger-prod").unwrap(), "vpc-0bbbbbbbbbbbbbbb2@eu-west-1@222222222222");
    assert_eq!(find("vpc-0a1b2c3d").unwrap(), "vpc-0a1b2c3d");
}

#[test]
fn an_ambiguous_name_lists_its_candidates() {
    let failure = find("default").unwrap_err();
    let candidates = ["vpc-0fffffffffffffff6@us-east-1@111111111111", "vpc-0fffffffffffffff7@eu-west-1@222222222222"];
    assert_eq!(failure.code(), 2);
    assert_eq!(failure.cause["Candidates"], json!(candidates));
    assert!(candidates.iter().all(|candidate| failure.message().contains(candidate)), "{}", failure.message());
}

#[test]
fn an_unknown_name_says_how_to_write_an_id() {
    let failure = find("no such").unwrap_err();
    assert_eq!(failure.code(), 2);
    assert!(failure.message().contains("'no such'") && failure.message().contains("vpc-…@region@account"));
}

#[test]
fn routes_are_written_as_in_the_tag_or_as_json() {
    let arguments = peer("a b --routes main --peer-routes tag:tier=private");
    let [routes, peer_routes] = [arguments.asked.routes, arguments.asked.peer_routes].map(Option::unwrap);
    assert_eq!(json!(routes.selection), json!({"Tables": "main"}));
    assert_eq!(json!(peer_routes.selection), json!({"TableTags": {"tier": "private"}}));
    let arguments = peer(r#"a b --routes rtb-0a1b2c3d,rtb-0a1b2c3e --peer-routes {"Destinations":["10.2.0.0/24"]}"#);
    let [routes, peer_routes] = [arguments.asked.routes, arguments.asked.peer_routes].map(Option::unwrap);
    assert_eq!(json!(routes.selection), json!({"Tables": ["rtb-0a1b2c3d", "rtb-0a1b2c3e"]}));
    assert_eq!(json!(peer_routes.selection)["Destinations"], json!(["10.2.0.0/24"]));
    assert!(refused("peer a b --routes some").contains("is not all, main, none"));
    assert!(refused("peer a b --routes rtb-0a1b2c3d,rtb-x").contains("rtb-x"));
    assert!(refused("peer a b --routes {\"Tabels\":1}").contains("Tabels"));
}

#[test]
fn times_have_a_unit() {
    let timeout = |text: &str| peer(&format!("a b --timeout {text}")).waiting.timeout.unwrap();
    assert_eq!(timeout("90s"), Duration::from_secs(90));
    assert_eq!(timeout("10m"), Duration::from_secs(600));
    assert_eq!(timeout("1h"), Duration::from_secs(3600));
    for wrong in ["10", "m", "-1s", "1.5h", "ten", "99999999999999999999s", "9999999999999999999h", "1ü"] {
        assert!(refused(&format!("peer a b --timeout={wrong}")).contains("write a number and s, m or h"), "{wrong}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for line in [
        "peer a b --no-wait --timeout 1s",
        "unpeer a b --yes --dry-run",
        "status --all --state drift",
        "topology --html f --json",
        "topology --html f --svg f",
        "--stack a:b status",
        "--stack 1 status",
        "plan a",
        "groups A",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn states_are_a_list() {
    let Command::Status(arguments) = parse("status --state drift,failed").unwrap().command else { panic!() };
    assert_eq!(arguments.state, [State::Drift, State::Failed]);
}

#[test]
fn a_wrong_line_still_says_that_it_wants_json() {
    let format = |line: &str| Format::among(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
    assert_eq!(format("isthmus plan --output json"), Format::Json);
    assert_eq!(format("isthmus --output=json"), Format::Json);
    assert_eq!(format("isthmus plan json --output text"), Format::Text);
}
