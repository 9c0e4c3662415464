//! Tags as somebody may write them who means harm: 256 characters of Unicode, fifty keys, keys that only look like ours. Every tag
//! that is written because of them is one that EC2 takes, and nobody can write a line of it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::intent::VpcIntent;
use isthmus_peering::steps::topology;
use isthmus_peering::tags::Tags;
use isthmus_testing::grouped::planned;
use isthmus_testing::owners::{HUB, MEMBER, two};
use isthmus_testing::sweeping::{run_started, try_sweep};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, Memory, context, execute, in_virtual_time, scope, stack};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const NAMES: [&str; 8] = ["peer", "accept", "routes", "advertise", "dns", "group", "status", "exclude"];
const ENDINGS: [&str; 10] = [
    "",
    ":",
    ":more",
    ":vpc-0000000b",
    ":\u{202e}moc.live",
    ":\n\"level\":\"ERROR\"",
    ":invalid",
    ":group:a",
    ":語",
    ": ",
];
const PREFIXES: [&str; 7] =
    ["isthmus:", "isthmus:", "isthmus:", "Isthmus:", "isthmus\u{200b}:", " isthmus:", "aws:isthmus:"];
const WORDS: [&str; 24] = [
    "vpc-0000000b",
    "vpc-0000000b@us-east-1@222222222222",
    "vpc-0000000b@mars-north-1",
    "vpc-0000000a",
    "222222222222",
    "123456789012",
    "all",
    "none",
    "main",
    "rtb-00000000",
    "tag:tier=private",
    "tag:=",
    "tag:a\u{202e}=\u{0}b",
    "10.1.0.0/16",
    "10.1.0.0/99",
    "::/0",
    "on",
    "a:hub",
    "a:spoke",
    "a",
    "\u{202e}",
    "\u{0}\n\r\u{1b}[2J",
    "語語語",
    "; warning: ",
];

fn value() -> impl Strategy<Value = String> {
    let words = vec(prop_oneof![6 => select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,20}"], 0..12);
    let listed = (words, select(&[" ", ",", "\u{2003}", "\n", "  , "][..])).prop_map(|(words, by)| words.join(by));
    let repeated = (select(&WORDS[..]), 1..300_usize).prop_map(|(word, times)| vec![word; times].join(" "));
    let any = vec(any::<char>(), 0..256).prop_map(String::from_iter);
    prop_oneof![4 => listed, 1 => repeated, 1 => any].prop_map(|text| text.chars().take(256).collect())
}

fn tags() -> impl Strategy<Value = Tags> {
    let ours = (select(&PREFIXES[..]), select(&NAMES[..]), select(&ENDINGS[..]))
        .prop_map(|(prefix, name, ending)| format!("{prefix}{name}{ending}"));
    let any = vec(any::<char>(), 1..128).prop_map(String::from_iter);
    let key = prop_oneof![8 => ours, 1 => any];
    btree_map(key.prop_map(|key| key.chars().take(128).collect::<String>()), value(), 0..30)
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>; and XML, in which EC2 answers, has no
/// control characters.
fn assert_taken_by_ec2(before: &Tags, after: &Tags) {
    for (key, value) in after.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
        assert!(key.starts_with("isthmus:status:") && key.chars().count() <= 128, "{key:?}");
        assert!(value.chars().count() <= 256, "{value:?}");
        let is_seen = |c: char| {
            !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        };
        assert!(value.chars().all(is_seen), "{key:?}: {value:?}");
    }
    assert!(after.len() <= 50 || after.len() <= before.len());
}

fn ends_of(memory: &Memory) -> [(End, Tags); 2] {
    ["vpc-0000000a", "vpc-0000000b"].map(|id| {
        let owner = if id == "vpc-0000000a" { HUB } else { MEMBER };
        let end = isthmus_testing::owners::end(id, owner);
        let tags = memory.tags(&end);
        (end, tags)
    })
}

/// Everything that reads tags. Nothing fails because of them.
async fn use_them(memory: &Memory) {
    for (end, _) in ends_of(memory) {
        let machines = Machines::default();
        let task = isthmus_peering::steps::StartTask { end: end.clone(), ..task("vpc-00000000", TAGS) };
        let started = start_as(memory, &machines, &stack(), task).await.expect("started");
        let names = started.executions.iter().chain(&started.teardowns);
        assert!(
            names
                .clone()
                .all(|name| name.len() <= 80 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)))
        );
        run_started(memory, &machines).await;
    }
    let machines = Machines::default();
    try_sweep(memory, &machines, json!({})).await.expect("swept");
    run_started(memory, &machines).await;
    let seen = topology(context(memory, &stack()), &scope(), "2026-11-26T12:00:00Z").await.expect("a topology");
    serde_json::to_string(&seen).expect("JSON");
    planned(memory, &stack(), json!({})).await.expect("planned");
    let request = json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b", "PeerOwnerId": MEMBER});
    if let Err((_, cause)) = execute(memory, "a pipeline's", &request).await {
        assert!(cause.to_string().len() < 32_768);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_tags_there_are_those_that_we_write_are_taken_by_ec2(of_one in tags(), of_other in tags()) {
        let (memory, one, other) = two(MEMBER);
        for (end, tags) in [(&one, &of_one), (&other, &of_other)] {
            tags.iter().for_each(|(key, value)| memory.tag_vpc(end, key, value));
        }
        let before = ends_of(&memory);
        in_virtual_time(use_them(&memory));
        for ((_, before), (_, after)) in before.iter().zip(ends_of(&memory)) {
            assert_taken_by_ec2(before, &after);
        }
    }

    /// What is read is what a valid word says, and nothing else; what isn't is told by its key.
    #[test]
    fn each_word_counts_or_is_told(tags in tags()) {
        let own = isthmus_testing::owners::end("vpc-0000000a", HUB);
        let intent = VpcIntent::parse(&tags, "isthmus", &own);
        let values = tags.iter().filter(|(key, _)| key.starts_with("isthmus:")).map(|(_, value)| value.as_str());
        let said = values.collect::<Vec<_>>().join(" ");
        prop_assert!(intent.peers.iter().all(|peer| said.contains(peer.vpc_id.as_str()) && peer.vpc_id != own.vpc_id));
        prop_assert!(intent.accept.vpcs.iter().all(|id| said.contains(id.as_str())));
        prop_assert!(intent.accept.accounts.iter().all(|id| said.contains(id.as_str())));
        prop_assert!(intent.groups.keys().all(|name| said.contains(name.as_str())));
        prop_assert!(intent.invalid.iter().all(|(key, why)| key.starts_with("isthmus:") && tags.contains_key(key) && !why.0.is_empty()));
        let told: usize = intent.invalid.iter().map(|(key, why)| key.len() + why.0.len()).sum();
        prop_assert!(told < 400_000, "{told} bytes for {} tags", tags.len());
    }
}

#[tokio::test]
async fn a_status_shows_a_key_and_a_value_as_they_are() {
    let (memory, one, other) = two(HUB);
    memory.tag_vpc(&one, "isthmus:accept:\u{202e}\n\u{0}", "nobody");
    memory.tag_vpc(&one, "isthmus:peer", other.vpc_id.as_str());
    memory.tag_vpc(&one, "isthmus:routes", "tag:\u{202e}tier=a\nactive pcx-00000000");
    use_started(&memory, &one).await;
    let tags = memory.tags(&one);
    let invalid = &tags["isthmus:status:invalid"];
    assert!(invalid.starts_with(r#"invalid isthmus:accept:\u{202e}\n\0: "nobody" is neither"#), "{invalid}");
    let status = &tags["isthmus:status:vpc-0000000b"];
    assert!(status.contains(r"no route table carries \u{202e}tier=a\nactive pcx-00000000 (TableTags)"), "{status}");
}

async fn use_started(memory: &Memory, end: &End) {
    let machines = Machines::default();
    let task = isthmus_peering::steps::StartTask { end: end.clone(), ..task("vpc-00000000", TAGS) };
    start_as(memory, &machines, &stack(), task).await.expect("started");
    run_started(memory, &machines).await;
}
