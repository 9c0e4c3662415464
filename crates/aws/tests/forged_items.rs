//! Items of the ledger's table with attributes of every type: each is read, or refused by name, and none hides the others.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::Blob;
use isthmus_aws::DynamoLedger;
use isthmus_peering::ledger::Withdrawer;
use isthmus_peering::ports::LedgerReads;
use isthmus_testing::ITEM_ATTRIBUTES;
use serde_json::json;
use std::collections::HashMap;

type Item = HashMap<String, AttributeValue>;

fn key(number: usize) -> String {
    format!("vpc-{number:08x}@eu-west-1@123456789012|vpc-ffffffff@us-east-1@123456789012")
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn item(pair: AttributeValue, attributes: &[(&str, AttributeValue)]) -> Item {
    let own = [("Pair".to_owned(), pair), ("V".to_owned(), number("1"))];
    own.into_iter().chain(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))).collect()
}

/// One of each type, and those of numbers and texts that are no number, or a very large one.
fn values() -> Vec<AttributeValue> {
    let nested = (0..31).fold(number("1"), |inner, _| AttributeValue::L(vec![inner]));
    vec![
        text(""),
        text(&"x".repeat(300_000)),
        text("語\u{202e}\u{0}\n"),
        number("-1"),
        number("4294967296"),
        number("99999999999999999999999999999999999999"),
        number("1E+125"),
        number("0.5"),
        number("NaN"),
        AttributeValue::Bool(true),
        AttributeValue::Null(true),
        AttributeValue::B(Blob::new([0, 255])),
        AttributeValue::Ss(vec!["a".into(), "b".into()]),
        AttributeValue::Ns(vec!["1".into(), "x".into()]),
        AttributeValue::Bs(vec![Blob::new([0])]),
        AttributeValue::L(vec![]),
        AttributeValue::L(vec![number("1"), text("x"), AttributeValue::Null(true)]),
        AttributeValue::M(HashMap::new()),
        AttributeValue::M([("Id".to_owned(), number("1")), ("By".to_owned(), AttributeValue::Null(true))].into()),
        nested,
    ]
}

fn ledger(rules: &[&Rule]) -> DynamoLedger {
    let answers = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    let answers = rules.iter().fold(answers, |answers, rule| answers.with_rule(rule));
    let tables = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("id", "secret", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    let machines = aws_sdk_sfn::Config::builder()
        .behavior_version(aws_sdk_sfn::config::BehaviorVersion::latest())
        .region(aws_sdk_sfn::config::Region::new("us-east-1"))
        .http_client(create_mock_http_client())
        .build();
    let tables = aws_sdk_dynamodb::Client::from_conf(tables);
    DynamoLedger::new(tables, aws_sdk_sfn::Client::from_conf(machines), "the-table".into())
}

async fn scanned(items: Vec<Item>) -> Vec<Result<String, (String, String)>> {
    let rule = mock!(aws_sdk_dynamodb::Client::scan)
        .then_output(move || ScanOutput::builder().set_items(Some(items.clone())).build());
    let found = ledger(&[&rule]).items().await.expect("items");
    found
        .into_iter()
        .map(|item| item.map(|item| item.pair.to_string()).map_err(|(key, error)| (key, error.code)))
        .collect()
}

#[tokio::test]
async fn an_item_of_any_attributes_is_read_or_refused_by_name() {
    let cases: Vec<(&str, AttributeValue)> =
        ITEM_ATTRIBUTES[1..].iter().flat_map(|name| values().into_iter().map(move |value| (*name, value))).collect();
    let mut items: Vec<Item> =
        cases.iter().enumerate().map(|(number, case)| item(text(&key(number)), std::slice::from_ref(case))).collect();
    items.push(item(text(&key(cases.len())), &[]));
    let found = scanned(items).await;
    assert_eq!(found.len(), cases.len() + 1);
    let mut refused = 0;
    for (number, found) in found.iter().enumerate() {
        match found {
            Ok(pair) => assert_eq!(*pair, key(number)),
            Err((pair, code)) => {
                assert_eq!(*pair, key(number), "it says of which pair it is");
                assert!(["InvalidItem", "NewerItem"].contains(&code.as_str()), "{code}");
                refused += 1;
            }
        }
    }
    assert!(found[cases.len()].is_ok() && refused > cases.len() / 2, "{refused} of {}", cases.len());
}

#[tokio::test]
async fn a_version_of_any_size_is_refused() {
    for (version, code) in [
        (number("2"), "NewerItem"),
        (number("4294967295"), "NewerItem"),
        (number("4294967296"), "NewerItem"),
        (number("1E+125"), "NewerItem"),
        (number("-1"), "InvalidItem"),
        (text("2"), "InvalidItem"),
    ] {
        let [found] = scanned(vec![item(text(&key(1)), &[("V", version.clone())])]).await.try_into().expect("one");
        assert_eq!(found, Err((key(1), code.to_owned())), "{version:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_no_pair_is_refused_by_that_key() {
    let keys = [
        "",
        "|",
        "vpc-00000001@eu-west-1@123456789012",
        "vpc-00000001@eu-west-1@123456789012|",
        "brake@123456789012",
        "語|\u{202e}",
        "vpc-00000001@eu-west-1|vpc-00000002@eu-west-1",
        "vpc-00000001@eu-west-1@123456789012|vpc-00000002@eu-west-1@123456789012|vpc-00000003@eu-west-1@123456789012",
    ];
    let mut items: Vec<Item> = keys.iter().map(|key| item(text(key), &[])).collect();
    items.push(item(number("7"), &[]));
    items.push(item(text(&key(1)), &[]));
    let found = scanned(items).await;
    for (key, found) in keys.iter().chain(&[""]).zip(&found) {
        assert_eq!(*found, Err(((*key).to_owned(), "InvalidItem".to_owned())));
    }
    assert_eq!(found[keys.len() + 1], Ok(key(1)), "the others are read");
}

/// An index has what anybody wrote to its attribute.
#[tokio::test]
async fn an_index_is_read_as_far_as_it_names_pairs() {
    let withdrawal = |at: &str| {
        let fields = [("At", number(at)), ("State", text("Waiting")), ("Of", text("Pair"))];
        ("Withdrawal", AttributeValue::M(fields.map(|(name, value)| (name.to_owned(), value)).into()))
    };
    let mut items: Vec<Item> = values().into_iter().map(|value| item(value, &[withdrawal("1")])).collect();
    items.extend(values().into_iter().map(|value| item(text(&key(1)), &[("Withdrawal", value)])));
    items.push(item(text(&key(2)), &[withdrawal("9223372036854775807")]));
    items.push(item(text(&key(3)), &[withdrawal("9223372036854775808")]));
    let rule = mock!(aws_sdk_dynamodb::Client::query)
        .then_output(move || QueryOutput::builder().set_items(Some(items.clone())).build());
    let end = json!({"VpcId": "vpc-ffffffff", "Region": "us-east-1", "OwnerId": "123456789012"});
    let end = serde_json::from_value(end).expect("an end");
    let owed = ledger(&[&rule]).pairs_owed_by(&end).await.expect("pairs");
    assert!(owed.iter().all(|pair| [key(1), key(2), key(3)].contains(&pair.to_string())));

    let by = Withdrawer::try_from("123456789012".to_owned()).expect("an account");
    for held_since in values() {
        let brake = item(text("brake@123456789012"), &[("HeldSince", held_since), ("HeldBy", text("x"))]);
        let brake = mock!(aws_sdk_dynamodb::Client::get_item)
            .then_output(move || GetItemOutput::builder().set_item(Some(brake.clone())).build());
        let withdrawals = ledger(&[&rule, &brake]).withdrawals(&by).await.expect("read");
        let pairs: Vec<String> = withdrawals.of.keys().map(ToString::to_string).collect();
        assert_eq!((pairs, withdrawals.hold), (vec![key(2)], None));
    }
}
