//! The ledger's adapter against answers as DynamoDB and Step Functions give them.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::DateTime;
use isthmus_aws::DynamoLedger;
use isthmus_peering::ledger::{Hold, PairKey, Update, Withdrawer};
use isthmus_peering::ports::{ExecutionState, LedgerReads, LedgerWrites, Updated};
use std::collections::HashMap;
use std::time::SystemTime;

const KEY: &str = "vpc-0000000a@eu-west-1@123456789012|vpc-0000000b@us-east-1@123456789012";

fn key() -> PairKey {
    KEY.parse().expect("a key")
}

fn item(attributes: &[(&str, AttributeValue)]) -> HashMap<String, AttributeValue> {
    let own = [("Pair", AttributeValue::S(KEY.into())), ("V", AttributeValue::N("1".into()))];
    own.iter().chain(attributes).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn ledger(rules: &[&Rule]) -> DynamoLedger {
    let answers =
        || rules.iter().fold(MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny), |i, rule| i.with_rule(rule));
    let tables = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("id", "secret", None, None, "test"))
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
        .http_client(create_mock_http_client())
        .interceptor(answers())
        .build();
    let machines = aws_sdk_sfn::Config::builder()
        .behavior_version(aws_sdk_sfn::config::BehaviorVersion::latest())
        .region(aws_sdk_sfn::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_sfn::config::Credentials::new("id", "secret", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers())
        .build();
    let tables = aws_sdk_dynamodb::Client::from_conf(tables);
    DynamoLedger::new(tables, aws_sdk_sfn::Client::from_conf(machines), "the-table".into())
}

fn is_take(input: &UpdateItemInput) -> bool {
    let condition = input.condition_expression().unwrap_or_default();
    let update = input.update_expression().unwrap_or_default();
    let values = input.expression_attribute_values().expect("values");
    input.table_name() == Some("the-table")
        && input.key().and_then(|key| key["Pair"].as_s().ok()).map(String::as_str) == Some(KEY)
        && condition.contains("attribute_not_exists(#Holder) OR #Holder IN (:Known0, :Known1)")
        && condition.contains("attribute_not_exists(#V) OR #V <= :Newest")
        && update.contains("ADD #Makers :Makers")
        && update.contains("REMOVE #Again, #Removed, #Expires")
        && values[":Makers"].as_ss().ok() == Some(&vec!["me".to_owned()])
        && values[":Known1"].as_s().ok().map(String::as_str) == Some("the dead one")
}

#[tokio::test]
async fn a_pair_is_taken_by_one_conditional_update() {
    let rule = mock!(aws_sdk_dynamodb::Client::update_item).match_requests(is_take).then_output(|| {
        let makers = AttributeValue::Ss(vec!["me".into(), "the dead one".into()]);
        let attributes = item(&[("Holder", AttributeValue::S("me".into())), ("Makers", makers)]);
        UpdateItemOutput::builder().set_attributes(Some(attributes)).build()
    });
    let update = Update::acquire("me", "now", Some("the dead one"));
    let Updated::Done(item) = ledger(&[&rule]).update(&key(), &update).await.expect("taken") else {
        panic!("not refused");
    };
    assert!(item.is_held_by("me") && item.makers.len() == 2);
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_answers_the_item_as_it_is() {
    let rule = mock!(aws_sdk_dynamodb::Client::update_item).then_error(|| {
        let holder = item(&[("Holder", AttributeValue::S("somebody".into()))]);
        let refused = ConditionalCheckFailedException::builder().set_item(Some(holder)).build();
        UpdateItemError::ConditionalCheckFailedException(refused)
    });
    let refused = ledger(&[&rule]).update(&key(), &Update::acquire("me", "now", None)).await.expect("an answer");
    let Updated::Refused(Some(item)) = refused else { panic!("{refused:?}") };
    assert_eq!(item.holder.as_deref(), Some("somebody"));
}

#[tokio::test]
async fn a_brake_that_another_execution_put_on_first_answers_that_one_s() {
    let rule = mock!(aws_sdk_dynamodb::Client::update_item).then_error(|| {
        let first = HashMap::from([
            ("Pair".to_owned(), AttributeValue::S("brake@123456789012".into())),
            ("HeldSince".to_owned(), AttributeValue::N("100".into())),
            ("HeldBy".to_owned(), AttributeValue::S("the first".into())),
            ("Limit".to_owned(), AttributeValue::N("12".into())),
        ]);
        let refused = ConditionalCheckFailedException::builder().set_item(Some(first)).build();
        UpdateItemError::ConditionalCheckFailedException(refused)
    });
    let hold = |held_since, held_by: &str, limit| Hold { held_since, held_by: held_by.into(), limit };
    let account = Withdrawer::Account("123456789012".parse().expect("an account"));
    let in_force = ledger(&[&rule]).hold(&account, hold(101, "me", 10), None).await.expect("an answer");
    assert_eq!(in_force, hold(100, "the first", 12));
}

#[tokio::test]
async fn an_item_that_can_t_be_used_is_an_error_by_name() {
    for (attribute, value, code) in [
        ("V", AttributeValue::N("2".into()), "NewerItem"),
        ("Makers", AttributeValue::Bool(true), "InvalidItem"),
        ("RoutesA", AttributeValue::S("nonsense".into()), "InvalidItem"),
    ] {
        let rule = mock!(aws_sdk_dynamodb::Client::get_item)
            .then_output(move || GetItemOutput::builder().set_item(Some(item(&[(attribute, value.clone())]))).build());
        let error = ledger(&[&rule]).item(&key()).await.expect_err(code);
        assert_eq!((error.action.as_str(), error.code.as_str()), ("dynamodb:GetItem", code), "{attribute}");
    }
}

#[tokio::test]
async fn an_execution_runs_until_it_has_a_stop_date_and_one_that_awaits_its_redrive_runs_too() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let stopped = move |seconds| DateTime::from_secs(i64::try_from(now - seconds).expect("seconds"));
    let cases = [
        (ExecutionStatus::Running, None, ExecutionState::Running),
        (ExecutionStatus::PendingRedrive, Some(stopped(500)), ExecutionState::Running),
        (ExecutionStatus::Aborted, Some(stopped(100)), ExecutionState::Closed { seconds: 100 }),
    ];
    for (status, stop_date, expected) in cases {
        let given = status.clone();
        let rule = mock!(aws_sdk_sfn::Client::describe_execution).then_output(move || {
            let described = DescribeExecutionOutput::builder().execution_arn("arn").state_machine_arn("arn");
            let described = described.status(given.clone()).start_date(DateTime::from_secs(0));
            described.set_stop_date(stop_date).build().expect("an answer")
        });
        let state = ledger(&[&rule]).execution_state("arn").await.expect("an answer");
        match (state, expected) {
            (ExecutionState::Closed { seconds }, ExecutionState::Closed { seconds: least }) => {
                assert!((least..least + 60).contains(&seconds), "{status}");
            }
            (state, expected) => assert_eq!(state, expected, "{status}"),
        }
    }
}

/// The condition compares ARNs, in which the time of a run is.
#[tokio::test]
async fn of_the_runs_that_wait_for_the_lease_on_all_groups_the_last_one_is_noted() {
    let noted = mock!(aws_sdk_dynamodb::Client::update_item)
        .match_requests(|input| {
            input.key().and_then(|key| key["Pair"].as_s().ok()).map(String::as_str) == Some("groups")
                && input.update_expression() == Some("SET #waiting = :execution")
                && input.condition_expression() == Some("attribute_not_exists(#waiting) OR #waiting <= :execution")
        })
        .then_output(|| UpdateItemOutput::builder().build());
    assert_eq!(ledger(&[&noted]).wait_for_groups("earlier").await, Ok(None));

    let later = HashMap::from([("Waiting".to_owned(), AttributeValue::S("later".into()))]);
    let refused = mock!(aws_sdk_dynamodb::Client::update_item).then_error(move || {
        let refused = ConditionalCheckFailedException::builder().set_item(Some(later.clone())).build();
        UpdateItemError::ConditionalCheckFailedException(refused)
    });
    assert_eq!(ledger(&[&refused]).wait_for_groups("earlier").await, Ok(Some("later".into())));
}
