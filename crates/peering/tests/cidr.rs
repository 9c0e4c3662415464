//! Overlap, held against counting addresses one by one.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use isthmus_peering::cidr::{overlaps, parse_destination};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks within 64 addresses, so that all of them can be listed and collisions are common.
fn small_block() -> impl Strategy<Value = IpNet> {
    let v4 = (0_u8..64, 26_u8..=32)
        .prop_map(|(host, bits)| Ipv4Net::new(Ipv4Addr::new(10, 0, 0, host), bits).map(|net| IpNet::V4(net.trunc())));
    let v6 = (0_u16..64, 122_u8..=128).prop_map(|(host, bits)| {
        Ipv6Net::new(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, host), bits).map(|net| IpNet::V6(net.trunc()))
    });
    prop_oneof![v4, v6].prop_map(|block| block.expect("a legal prefix length"))
}

fn blocks() -> impl Strategy<Value = Vec<IpNet>> {
    proptest::collection::vec(small_block(), 0..6)
}

/// Every address of the block, network and broadcast included: peering cares for addresses, not hosts.
fn addresses(block: &IpNet) -> BTreeSet<IpAddr> {
    match block {
        IpNet::V4(net) => {
            (u32::from(net.network())..=u32::from(net.broadcast())).map(|a| IpAddr::V4(a.into())).collect()
        }
        IpNet::V6(net) => {
            (u128::from(net.network())..=u128::from(net.broadcast())).map(|a| IpAddr::V6(a.into())).collect()
        }
    }
}

proptest! {
    #[test]
    fn a_pair_is_named_exactly_when_it_shares_an_address(mine in blocks(), theirs in blocks()) {
        let named: Vec<(IpNet, IpNet)> = overlaps(&mine, &theirs).iter().map(|o| (o.cidr_block, o.peer_cidr_block)).collect();
        let mut shared = Vec::new();
        for a in &mine {
            for b in &theirs {
                if !addresses(a).is_disjoint(&addresses(b)) {
                    shared.push((*a, *b));
                }
            }
        }
        prop_assert_eq!(named, shared);
    }

    #[test]
    fn overlap_is_symmetric(mine in blocks(), theirs in blocks()) {
        let one_way: BTreeSet<_> = overlaps(&mine, &theirs).iter().map(|o| (o.cidr_block, o.peer_cidr_block)).collect();
        let other_way: BTreeSet<_> = overlaps(&theirs, &mine).iter().map(|o| (o.peer_cidr_block, o.cidr_block)).collect();
        prop_assert_eq!(one_way, other_way);
    }

    #[test]
    fn ipv4_and_ipv6_never_mix(mine in blocks(), theirs in blocks()) {
        for overlap in overlaps(&mine, &theirs) {
            prop_assert_eq!(matches!(overlap.cidr_block, IpNet::V4(_)), matches!(overlap.peer_cidr_block, IpNet::V4(_)));
        }
    }

    #[test]
    fn a_destination_printed_is_read_as_the_same(block in small_block()) {
        prop_assert_eq!(parse_destination(&block.to_string()), Ok(block));
        prop_assert_eq!(parse_destination(&block.addr().to_string()), Ok(IpNet::from(block.addr())));
    }

    #[test]
    fn no_text_makes_the_destination_parser_panic(text in ".*") {
        let _ = parse_destination(&text);
    }

    #[test]
    fn host_bits_are_refused_with_the_block_that_was_meant(host in 1_u8..=255, bits in 8_u8..=24) {
        let text = format!("10.0.0.{host}/{bits}");
        let meant = text.parse::<IpNet>().expect("a block").trunc();
        let refusal = parse_destination(&text).expect_err("host bits").to_string();
        prop_assert!(refusal.ends_with(&format!("write {meant}")), "{}", refusal);
    }
}
