//! Networks to draw, the same for the same size, and how to read a drawing.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_picture::topology::{
    End, Finding, MissingRoute, Peering, RequestedBy, RouteCounts, Topology, Unreachable, VERSION, Vpc,
};
use std::collections::BTreeMap;

const REGIONS: [&str; 3] = ["eu-central-1", "eu-west-1", "us-east-1"];

pub(crate) fn end(place: usize) -> End {
    let account = (place / 3 * 7) % 12;
    End {
        region: REGIONS[place % 3].into(),
        owner_id: format!("{:012}", 111_111_111_111_u64 + account as u64),
        vpc_id: format!("vpc-{:017x}", 0xa00_0000 + place),
    }
}

pub(crate) fn vpc(place: usize) -> Vpc {
    Vpc {
        end: end(place),
        name: format!("shop-{place}"),
        cidr_blocks: vec![format!("10.{}.{}.0/24", place / 250, place % 250), format!("2600:1f13:{place:x}::/56")],
        route_tables: vec![format!("rtb-{place:017x}")],
        excluded: false,
        groups: if place < 3 { vec!["core:hub".into()] } else { vec!["core:spoke".into()] },
        peers: Vec::new(),
        accepts: Vec::new(),
    }
}

pub(crate) fn peering(one: usize, other: usize, finding: Finding) -> Peering {
    let exists = matches!(finding, Finding::InPlace | Finding::Drift | Finding::Foreign);
    let missing =
        MissingRoute { route_table_id: format!("rtb-{one:017x}"), destination_cidr_block: "10.1.0.0/24".into() };
    let gone = usize::from(finding == Finding::Drift);
    let counts = RouteCounts { wanted: 6, present: 6 - gone, missing: vec![missing; gone] };
    Peering {
        vpc_peering_connection_id: exists.then(|| format!("pcx-{:017x}", one * 1000 + other)),
        status: exists.then(|| "active".into()),
        requester: end(one),
        accepter: end(other),
        ours: exists,
        requested_by: RequestedBy { tags: vec![end(one).vpc_id], ..RequestedBy::default() },
        finding,
        differs: (finding == Finding::Drift).then(|| "Routes".into()),
        error: (finding == Finding::Failed).then(|| "OverlappingCidrs".into()),
        message: (finding == Finding::Failed).then(|| "10.0.0.0/24 overlaps 10.0.0.0/24: remove one".into()),
        waits_for: (finding == Finding::Waiting).then(|| end(other).vpc_id),
        routes: if exists { BTreeMap::from([(end(one).vpc_id, counts)]) } else { BTreeMap::new() },
        dns_resolution: exists,
    }
}

/// Each VPC peers with the hub of its Region, some with another one; of every nine peerings, four are not in place.
pub(crate) fn network(vpcs: usize) -> Topology {
    let mut pairs: Vec<(usize, usize)> = match vpcs {
        0..=2 => (1..vpcs).map(|place| (0, place)).collect(),
        _ => (3..vpcs).map(|place| (place, place % 3)).chain([(1, 0), (2, 1), (2, 0)]).collect(),
    };
    pairs.extend((3..vpcs).filter(|place| place % 5 == 0).map(|place| (place, 3 + (place * 7) % (vpcs - 3))));
    pairs.retain(|(one, other)| one != other);
    let finding = |place: usize| match (vpcs, place % 9) {
        (0..=2, _) => Finding::InPlace,
        (_, 1) => Finding::Waiting,
        (_, 3) => Finding::Missing,
        (_, 5) => Finding::Drift,
        (_, 7) => Finding::Failed,
        _ => Finding::InPlace,
    };
    let drawn = pairs.iter().enumerate().map(|(place, (one, other))| peering(*one, *other, finding(place)));
    Topology {
        version: VERSION,
        stack: "isthmus".into(),
        tag_prefix: "isthmus".into(),
        time: "2026-11-25T22:14:07Z".into(),
        vpcs: (0..vpcs).map(vpc).collect(),
        peerings: drawn.collect(),
        unreachable: Vec::new(),
    }
}

pub(crate) fn unreachable(region: &str) -> Unreachable {
    Unreachable {
        region: Some(region.into()),
        owner_id: None,
        message: "UnauthorizedOperation to ec2:DescribeVpcs".into(),
    }
}

/// The values of an attribute of all elements that have it, in the order of the document.
pub(crate) fn attributes<'d>(drawing: &'d str, name: &str) -> Vec<&'d str> {
    let start = format!(" {name}=\"");
    drawing.split(start.as_str()).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What is between these two texts, wherever they are.
pub(crate) fn between<'d>(drawing: &'d str, start: &str, end: &str) -> Vec<&'d str> {
    drawing.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// The lines of a drawing: their classes and their nodes.
pub(crate) fn lines(drawing: &str) -> Vec<(&str, &str)> {
    let read = |line: &&'_ str| line.contains("data-e");
    let lines: Vec<&str> = between(drawing, "<path class=\"p ", ">").into_iter().filter(read).collect();
    lines.into_iter().map(|line| (line.split('"').next().unwrap(), attributes(line, "data-e")[0])).collect()
}
