//! The commands that are printed after a failure.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isthmus_cli::failure::Failure;
use isthmus_cli::help::with_help;
use isthmus_peering::connection::End;
use isthmus_peering::error::{Error, TaggedEnd, UntrustedEnd};
use serde_json::{Value, json};

fn end(vpc_id: &str, region: &str, owner_id: &str) -> End {
    End { vpc_id: vpc_id.parse().unwrap(), region: region.parse().unwrap(), owner_id: owner_id.parse().unwrap() }
}

fn untrusted(is_admitted: bool) -> Failure {
    let owner = end("vpc-0bbbbbbb", "eu-west-1", "222222222222");
    let asker = end("vpc-0aaaaaaa", "us-east-1", "111111111111");
    let end = *TaggedEnd::of(&owner, &asker, "net");
    failure(&Error::PeerNotTrusted(Box::new(UntrustedEnd { end, is_admitted })))
}

fn failure(error: &Error) -> Failure {
    let (error, cause) = error.name_and_cause();
    Failure { error, cause, help: Vec::new() }
}

fn help(failure: Failure, input: &Value) -> Vec<String> {
    with_help(failure, input, "us-west-2").help
}

#[test]
fn a_missing_consent_prints_the_owners_command_with_the_stacks_own_tag() {
    let command = |region: &str| {
        format!(
            "aws ec2 create-tags --region {region} --resources vpc-0bbbbbbb --tags Key=net:accept:vpc-0aaaaaaa,Value=vpc-0aaaaaaa"
        )
    };
    let input = json!({"VpcId": "vpc-0aaaaaaa", "PeerVpcId": "vpc-0bbbbbbb", "PeerRegion": "eu-west-1"});
    assert_eq!(help(untrusted(true), &input), [command("eu-west-1"), "isthmus explain PeerNotTrusted".into()]);
    // What an input leaves out is where the first end is, and that is where the stack is.
    let input = json!({"VpcId": "vpc-0aaaaaaa", "Region": "us-east-2", "PeerVpcId": "vpc-0bbbbbbb"});
    assert_eq!(help(untrusted(true), &input).first(), Some(&command("us-east-2")));
    let input = json!({"VpcId": "vpc-0bbbbbbb", "PeerVpcId": "vpc-0aaaaaaa", "PeerRegion": "us-east-1"});
    assert_eq!(help(untrusted(true), &input).first(), Some(&command("us-west-2")));
}

#[test]
fn an_account_that_is_none_of_the_stacks_needs_no_tag() {
    assert_eq!(help(untrusted(false), &json!({})), ["isthmus explain PeerNotTrusted"]);
}

#[test]
fn only_what_can_be_explained_is_offered_for_explanation() {
    let busy = Error::PairBusy { execution: String::new() };
    assert_eq!(help(failure(&busy), &json!({})), ["isthmus explain PairBusy"]);
    assert_eq!(help(Failure::new("OfTheNextRelease", "?"), &json!({})), [""; 0]);
}
