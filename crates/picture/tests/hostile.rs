//! Names and messages are written by strangers.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod networks;

use isthmus_picture::topology::{Finding, Topology, Unreachable};
use isthmus_picture::{Theme, page, svg, widget};
use networks::{network, peering};
use proptest::prelude::*;

const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\u{1b}[2J\u{1b}]8;;javascript:alert(1)\u{7}x",
    "\" onload=\"alert(1)",
    "' onmouseover='alert(1)",
    "]]></style><svg onload=alert(1)>",
    "abc\u{202e}dcba\u{2066}\u{200b}\u{feff}",
    "a\u{0}b\u{85}c\u{2028}d\u{ffff}",
    "{{ 7 * 7 }}{% if true %}&lt;script&gt;",
];

fn with(text: &str) -> Topology {
    let mut topology = network(10);
    topology.stack = text.into();
    topology.time = text.into();
    topology.tag_prefix = text.into();
    for (finding, other) in Finding::ALL.into_iter().zip(4..) {
        let mut peering = peering(3, other, finding);
        peering.error = Some(text.into());
        peering.message = Some(text.into());
        peering.differs = Some(text.into());
        peering.status = Some(text.into());
        peering.vpc_peering_connection_id = Some(text.into());
        peering.requested_by.groups = vec![text.into()];
        topology.peerings.push(peering);
    }
    for vpc in &mut topology.vpcs[..5] {
        vpc.name = text.into();
        vpc.groups.push(text.into());
        vpc.cidr_blocks.push(text.into());
    }
    topology.vpcs[9].end.region = text.into();
    topology.vpcs[8].end.owner_id = text.into();
    topology.vpcs[7].end.vpc_id = text.into();
    let place = Unreachable { region: Some(text.into()), owner_id: Some(text.into()), message: text.into() };
    topology.unreachable.push(place);
    topology
}

fn drawn(topology: &Topology) -> [String; 3] {
    [svg(topology), page(topology), widget(topology, Theme::Dark)]
}

/// The elements and attributes of a drawing, without the text that is in them: what strangers must not be able to change.
fn structure(drawing: &str) -> Vec<String> {
    let names = |tag: &str| {
        let mut parts = tag.split('"');
        let first = parts.next().unwrap_or_default().to_owned();
        first + &parts.skip(1).step_by(2).collect::<String>()
    };
    drawing.split('<').skip(1).map(|part| names(part.split('>').next().unwrap_or_default())).collect()
}

#[test]
fn hostile_text_adds_no_element_and_no_attribute() {
    for text in HOSTILE {
        for (hostile, plain) in drawn(&with(text)).iter().zip(drawn(&with("plain"))) {
            let mut known = structure(&plain);
            known.sort();
            known.dedup();
            for element in structure(hostile) {
                assert!(known.binary_search(&element).is_ok(), "{element:?} comes from {text:?}");
            }
        }
    }
}

#[test]
fn hostile_characters_are_not_shown() {
    for text in HOSTILE {
        for drawing in drawn(&with(text)) {
            let shown = |c: &char| {
                (c.is_control() && *c != '\n')
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ffff}')
            };
            assert_eq!(drawing.chars().find(shown), None, "of {text:?}");
        }
    }
}

#[test]
fn a_name_that_a_shell_would_interpret_is_in_no_command() {
    for text in ["a;reboot", "$(reboot)", "--role-arn=x", "a b", "`reboot`", "a'b", "ö"] {
        let mut topology = network(10);
        topology.peerings = vec![peering(3, 4, Finding::Missing)];
        topology.vpcs[3].name = text.into();
        let page = page(&topology);
        let commands = networks::between(&page, "<code>", "</code>");
        let id = &topology.vpcs[3].end;
        assert_eq!(commands, [format!("isthmus peer {}@{}@{} shop-4", id.vpc_id, id.region, id.owner_id)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_only_text(text in ".{0,300}") {
        for (hostile, plain) in drawn(&with(&text)).iter().zip(drawn(&with("plain"))) {
            prop_assert_eq!(hostile.matches("<script").count(), plain.matches("<script").count());
            prop_assert_eq!(hostile.find('\u{1b}'), None);
        }
    }
}
