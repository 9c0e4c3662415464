//! Which accounts are external, and what is never done in one.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ids::AccountId;
use isthmus_peering::ports::Location;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Created, create_request};
use isthmus_testing::owners::{EXTERNAL, HUB, MEMBER, end, request};
use isthmus_testing::{Memory, context, stack};
use serde_json::json;
use std::collections::BTreeSet;

fn accounts<const N: usize>(accounts: [&str; N]) -> BTreeSet<AccountId> {
    accounts.iter().map(|account| account.parse().expect("an account")).collect()
}

fn two(owner: &str) -> (Memory, End, End) {
    let (own, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", owner));
    let memory = Memory::default();
    memory.add_vpc(&own, &["10.1.0.0/16"], 1);
    memory.add_vpc(&other, &["10.2.0.0/16"], 1);
    memory.deny(&Location::from(&other));
    (memory, own, other)
}

async fn create(memory: &Memory, of_stack: &Stack, own: &End, other: &End) -> Result<Created, (String, String)> {
    let task = json!({"Request": request(own, other, "execution"), "Execution": "an ARN", "Attempt": 0, "Time": "now",
                      "Started": 1_800_000_000_000_i64});
    let task = serde_json::from_value(task).expect("a task");
    let created = create_request(context(memory, of_stack), task).await;
    created.map_err(|error| {
        let (name, cause) = error.name_and_cause();
        (name, cause.get("Field").and_then(|field| field.as_str()).unwrap_or_default().to_owned())
    })
}

#[tokio::test]
async fn an_account_is_external_or_the_stack_s_and_not_both() {
    let stacks = [
        Stack { external_accounts: accounts([EXTERNAL, MEMBER]), ..stack() },
        Stack { external_accounts: accounts([EXTERNAL, HUB]), ..stack() },
        Stack { trusted_accounts: accounts([EXTERNAL]), ..stack() },
    ];
    for of_stack in stacks {
        let (memory, own, other) = two(EXTERNAL);
        let refused = create(&memory, &of_stack, &own, &other).await.map(drop);
        assert_eq!(refused, Err(("InvalidRequest".into(), "ExternalAccounts".into())), "{of_stack:?}");
        assert!(memory.take_calls().is_empty());
    }
}

/// IAM would refuse the role of an account outside the organization, and every peering with it.
#[tokio::test]
async fn an_organization_makes_no_external_account_a_member() {
    let (memory, own, other) = two(EXTERNAL);
    let of_stack = Stack { has_organization: true, ..stack() };
    let created = create(&memory, &of_stack, &own, &other).await.expect("requested");
    assert_eq!(created.output.map(|output| output.status), Some("pending-acceptance"));
}

#[test]
fn nothing_is_called_in_an_external_account_and_its_connections_are_read_at_our_end() {
    let (_, own, other) = two(EXTERNAL);
    for has_organization in [false, true] {
        let stack = Stack { has_organization, ..stack() };
        assert!(stack.acts_in(&own.owner_id) && !stack.acts_in(&other.owner_id));
        assert!(stack.admits(&own.owner_id) && stack.admits(&other.owner_id));
        assert_eq!([stack.own_end([&own, &other]), stack.own_end([&other, &own])], [&own, &own]);
    }
}
