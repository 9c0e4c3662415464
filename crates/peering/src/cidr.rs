//! CIDR blocks: which collide, and which destinations lie inside a VPC.
//!
//! EC2 answers an overlap with a connection that is `failed` and says little about why, so the answer here is the
//! whole list of colliding pairs. IPv4 and IPv6 are two worlds: a block of one never meets a block of the other.

use crate::ids::Malformed;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Two blocks, one of each VPC, that share at least one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Overlap {
    /// The block of the VPC that the request names `VpcId`.
    pub cidr_block: IpNet,
    /// The block of the VPC that the request names `PeerVpcId`.
    pub peer_cidr_block: IpNet,
}

/// Every pair of blocks, one from each side, that overlap, in the order of the blocks.
///
/// Two CIDR blocks overlap exactly when one contains the other.
pub fn overlaps(blocks: &[IpNet], peer_blocks: &[IpNet]) -> Vec<Overlap> {
    let collide = |a: &IpNet, b: &IpNet| a.contains(b) || b.contains(a);
    blocks
        .iter()
        .flat_map(|&cidr_block| {
            peer_blocks
                .iter()
                .filter(move |peer_block| collide(&cidr_block, peer_block))
                .map(move |&peer_cidr_block| Overlap { cidr_block, peer_cidr_block })
        })
        .collect()
}

/// Whether the blocks, taken together, contain that one: 10.12.0.0/16 and 10.13.0.0/16 contain 10.12.0.0/15.
pub fn covers(blocks: &[IpNet], block: &IpNet) -> bool {
    IpNet::aggregate(&blocks.to_vec()).iter().any(|known| known.contains(block))
}

/// Reads a destination as people write it: a block (`10.0.0.0/24`), or one address (`10.0.0.7` is `10.0.0.7/32`).
///
/// EC2 silently clears host bits (`10.0.0.7/24` becomes `10.0.0.0/24`); here they are refused, with the block that
/// was probably meant.
pub fn parse_destination(text: &str) -> Result<IpNet, Malformed> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let block: IpNet = text.parse().map_err(|_| {
        Malformed(format!(
            "{text:?} is neither a CIDR block nor an address: write one such as 10.0.0.0/24, 10.0.0.7 or 2001:db8::/64"
        ))
    })?;
    if block.trunc() != block {
        return Err(Malformed(format!("{text:?} has host bits set: write {}", block.trunc())));
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn every_colliding_pair_is_named() {
        let found = overlaps(
            &blocks(&["10.0.0.0/16", "10.1.0.0/16", "2001:db8::/56"]),
            &blocks(&["10.0.128.0/20", "10.0.0.0/8", "2001:db8::/64"]),
        );
        let pairs: Vec<String> = found.iter().map(|o| format!("{} {}", o.cidr_block, o.peer_cidr_block)).collect();
        assert_eq!(
            pairs,
            [
                "10.0.0.0/16 10.0.128.0/20",
                "10.0.0.0/16 10.0.0.0/8",
                "10.1.0.0/16 10.0.0.0/8",
                "2001:db8::/56 2001:db8::/64"
            ]
        );
    }

    #[test]
    fn neighbours_do_not_collide() {
        assert!(overlaps(&blocks(&["10.0.0.0/16", "::/1"]), &blocks(&["10.1.0.0/16", "8000::/1"])).is_empty());
    }

    #[test]
    fn a_destination_is_a_block_or_an_address() {
        for (text, block) in [
            ("10.0.0.0/24", "10.0.0.0/24"),
            ("10.0.0.7", "10.0.0.7/32"),
            ("10.0.0.7/32", "10.0.0.7/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8::/64", "2001:db8::/64"),
        ] {
            assert_eq!(parse_destination(text).unwrap().to_string(), block);
        }
    }

    #[test]
    fn host_bits_are_refused_with_the_corrected_block() {
        let refusal = |text| parse_destination(text).unwrap_err().to_string();
        assert!(refusal("10.0.0.7/24").ends_with("write 10.0.0.0/24"));
        assert!(refusal("2001:db8::7/64").ends_with("write 2001:db8::/64"));
        assert!(refusal("10.0.0/24").contains("neither a CIDR block nor an address"));
        assert!(refusal("10.0.0.0/33").contains("neither a CIDR block nor an address"));
    }
}
