//! What there is, in words that are the same whichever execution made it.

use isthmus_peering::connection::Connection;
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::route_tables::Target;
use isthmus_testing::Memory;
use std::collections::BTreeMap;

/// Facts, each with how often it holds.
pub(crate) type Facts = BTreeMap<String, usize>;

fn count(facts: impl IntoIterator<Item = String>) -> Facts {
    facts.into_iter().fold(Facts::new(), |mut all, fact| {
        *all.entry(fact).or_default() += 1;
        all
    })
}

/// Somebody else's connection, which every scenario has first.
fn is_foreign(memory: &Memory, id: &VpcPeeringConnectionId) -> bool {
    memory.connections()[0].id() == id
}

fn by_ends(connection: &Connection) -> String {
    let [requester, accepter] = [&connection.identity.requester, &connection.identity.accepter];
    format!("{} to {}", requester.vpc_id, accepter.vpc_id)
}

/// The peerings that work: live connections and the routes to any.
pub(crate) fn peerings(memory: &Memory) -> Facts {
    let connections = memory.connections();
    let live = connections.iter().filter(|found| found.status.is_live() && !is_foreign(memory, found.id()));
    let live = live.map(|found| format!("{} {:?} {:?}", by_ends(found), found.status, found.dns_resolution));
    let mut all: Vec<String> = live.collect();
    for end in memory.ends() {
        for table in memory.tables(&end) {
            for route in &table.routes {
                let Target::Peering(id) = &route.target else { continue };
                let Some(to) = connections.iter().find(|found| found.id() == id && !is_foreign(memory, id)) else {
                    continue;
                };
                let state = if route.blackhole { "blackhole" } else { "active" };
                all.push(format!("{} {} {} {} {state}", end.vpc_id, table.id, route.destination, by_ends(to)));
            }
        }
    }
    count(all)
}

/// The same with the tags of all VPCs, but for times and the ids of connections.
pub(crate) fn everything(memory: &Memory) -> Facts {
    let mut all = peerings(memory);
    for end in memory.ends() {
        for (key, value) in memory.tags(&end) {
            let is_lasting = |word: &&str| !word.starts_with("pcx-") && !word.starts_with("2026-");
            let value: Vec<&str> = value.split(' ').filter(is_lasting).collect();
            *all.entry(format!("{} {key}={}", end.vpc_id, value.join(" "))).or_default() += 1;
        }
    }
    all
}

/// Everything that isn't ours.
pub(crate) fn foreign(memory: &Memory) -> Vec<String> {
    let mut all = vec![format!("{:?}", memory.connections()[0])];
    for end in memory.ends() {
        let own = memory.tags(&end).into_iter().filter(|(key, _)| !key.starts_with("isthmus:status:"));
        all.push(format!("{end:?} {:?}", own.collect::<BTreeMap<_, _>>()));
        for table in memory.tables(&end) {
            all.push(format!("{:?} {:?} {:?}", table.id, table.tags, table.subnets));
            let is_ours = |target: &Target| matches!(target, Target::Peering(id) if !is_foreign(memory, id));
            all.extend(table.routes.iter().filter(|route| !is_ours(&route.target)).map(|route| format!("{route:?}")));
        }
    }
    all
}
