//! One pair as a lane works on it: what its own side of it lacks, and what comes next.

mod next;

use super::acts::{Act, Effect};
use crate::connection::{Connection, End, adopt};
use crate::context::Context;
use crate::error::Error;
use crate::groups::Work;
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::ledger::{LedgerItem, PairKey, RecordedRoutes, Withdrawn};
use crate::ports::{LedgerReads, Location, NetworkReads};
use crate::request::PeeringRequest;
use crate::routes::{PlannedRoute, stale_routes};
use crate::shared::drift::{Planned, plan};
use crate::shared::pairs::PairSnapshot;
use crate::shared::route_writes::RouteWrite;
use crate::shared::snapshot::Snapshot;
use crate::shared::tag_requests::request;
use ipnet::IpNet;
pub(super) use next::Waits;
use std::collections::{BTreeMap, BTreeSet};

/// A pair, and what is left to be done in this lane.
pub(super) struct LanePair {
    pub(super) key: PairKey,
    pub(super) request: PeeringRequest,
    pub(super) item: LedgerItem,
    /// Whether what can't be had is skipped.
    pub(super) established: bool,
    /// What stale routes lead to, beside the connection.
    pub(super) replaced: BTreeSet<VpcPeeringConnectionId>,
    work: Work,
    /// The end from which the connection is requested; its lane records it.
    requester: End,
    /// The connection that is used, as this lane sees it.
    connection: Option<Connection>,
    /// The ends in this lane, each with the routes that are to be added in its tables.
    own: BTreeMap<End, RecordedRoutes>,
    writes: Vec<RouteWrite>,
    dns: Vec<End>,
    stale: BTreeMap<(End, RouteTableId), Vec<IpNet>>,
    /// Calls whose answers are awaited.
    running: usize,
    too_early: bool,
    is_left: bool,
}

impl LanePair {
    /// What is left to be done about the pair here; `None` for nothing.
    pub(super) async fn of<L>(
        context: Context<'_, impl NetworkReads, L>,
        snapshot: &Snapshot,
        at: &Location,
        work: Work,
        known: PairSnapshot,
    ) -> Result<Option<Self>, Error> {
        let stack = context.stack;
        let key = known.key();
        let Some(item) = known.item.clone() else { return Ok(None) };
        let [first, second] = key.ends();
        let connection = match work {
            Work::SetUp => adopt(&known.connections, first, second, stack).cloned(),
            // Ours alone, whichever is used by now.
            Work::DeleteRoutes | Work::DeleteConnection => own_connection(&known.connections, &item),
        };
        let own: BTreeMap<End, RecordedRoutes> = key
            .ends()
            .into_iter()
            .filter(|end| Location::from(*end) == *at)
            .map(|end| (end.clone(), RecordedRoutes::default()))
            .collect();
        let mut pair = Self {
            request: request(&known.pair),
            established: connection.as_ref().is_some_and(|found| item.is_established_with(found.id())),
            replaced: BTreeSet::new(),
            work,
            requester: stack.direction(first, second).0.clone(),
            connection,
            own,
            writes: Vec::new(),
            dns: Vec::new(),
            stale: BTreeMap::new(),
            running: 0,
            too_early: false,
            is_left: false,
            item,
            key,
        };
        match work {
            Work::SetUp => {
                let planned = plan(context, snapshot, &known).await?;
                pair.add_planned(planned);
            }
            Work::DeleteRoutes | Work::DeleteConnection => {
                known.pair.check_not_excluded()?;
                pair.add_all_routes(snapshot);
            }
        }
        Ok(Some(pair))
    }

    fn add_planned(&mut self, Planned { asked, routes, .. }: Planned<'_>) {
        // Without the brake's consent nothing is taken away.
        let may_empty = self.item.open_withdrawal().is_some_and(|(_, open)| open.of == Withdrawn::Routes);
        let keeps_stale = routes.emptied_by.is_some() && !may_empty;
        for side in routes.sides.iter() {
            let Some(additions) = self.own.get_mut(&side.end) else { continue };
            *additions = side.additions().collect();
            self.writes.extend(side.additions().map(|route| RouteWrite { end: side.end.clone(), route }));
            if !keeps_stale {
                add_stale(&mut self.stale, &side.end, side.removals());
            }
        }
        self.replaced = routes.replaced;
        if asked.dns_resolution() {
            self.dns = self.own.keys().cloned().collect();
        }
        self.request = asked.request;
    }

    fn add_all_routes(&mut self, snapshot: &Snapshot) {
        let Some(id) = self.item.connection.as_ref().map(|recorded| recorded.id.clone()) else { return };
        for end in self.own.keys() {
            let routes = stale_routes(snapshot.tables(end), &self.item.routes_at(end), &[id.clone()].into(), &[]);
            add_stale(&mut self.stale, end, routes.into_iter());
        }
        self.replaced.insert(id);
    }

    /// The connection, which is there whenever an act needs it.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// What this lane is about to write in the tables of its own ends, in the canonical order; `None` for an end of another lane.
    pub(super) fn pending(&self) -> [Option<RecordedRoutes>; 2] {
        self.key.ends().map(|end| Some(self.item.pending_at(end).union(self.own.get(end)?)))
    }

    /// That act has begun.
    pub(super) fn begin(&mut self, act: &Act) {
        self.running += 1;
        match act {
            Act::CreateRoute(..) => drop(self.writes.pop()),
            Act::DeleteRoutes(..) => drop(self.stale.pop_last()),
            Act::AllowDns(end, _) => self.dns.retain(|other| other != end),
            Act::Create | Act::Record | Act::Accept(_) | Act::DeleteConnection(..) => {}
        }
    }

    /// It could not be carried out now.
    pub(super) fn put_back(&mut self, act: Act) {
        self.running -= 1;
        match act {
            Act::CreateRoute(write, _) => self.writes.push(write),
            Act::DeleteRoutes(end, table, destinations) => drop(self.stale.insert((end, table), destinations)),
            Act::AllowDns(end, _) => self.dns.push(end),
            Act::Create | Act::Record | Act::Accept(_) | Act::DeleteConnection(..) => {}
        }
    }

    /// It was carried out.
    pub(super) fn finish(&mut self, act: &Act, effect: Effect) {
        self.running -= 1;
        match effect {
            Effect::Seen(connection) => self.connection = Some(*connection),
            Effect::Recorded(item) => self.item = *item,
            Effect::Done => {}
        }
        if matches!(act, Act::DeleteConnection(..)) {
            self.is_left = true;
        }
    }

    /// The connection isn't visible here yet, or in no state for the call: it is looked at before the next call.
    pub(super) fn wait_for_a_look(&mut self) {
        self.too_early = true;
    }

    /// Nothing more is done about it in this round.
    pub(super) fn leave(&mut self) {
        self.is_left = true;
    }

    /// Takes over what is seen now. Answers whether that is new.
    pub(super) async fn see<N>(&mut self, context: Context<'_, N, impl LedgerReads>, seen: Vec<Connection>) -> bool {
        let state = |pair: &Self| {
            let found = pair.connection.as_ref()?;
            Some((found.id().clone(), found.status, pair.item.records(found.id())))
        };
        let before = state(self);
        let [first, second] = self.key.ends();
        let found = adopt(&seen, first, second, context.stack);
        if let Some(found) = found.filter(|_| self.work == Work::SetUp) {
            self.connection = Some(found.clone());
            if !self.item.records(found.id())
                && let Ok(Some(item)) = context.ledger.item(&self.key).await
            {
                self.item = item;
            }
        }
        self.too_early = false;
        state(self) != before
    }

    /// Whether the connection that is used is ours, as its requester sees it.
    pub(super) fn is_made(&self, found: &Connection) -> bool {
        self.item.owns(found)
    }
}

fn own_connection(connections: &[Connection], item: &LedgerItem) -> Option<Connection> {
    connections.iter().find(|found| found.status.is_live() && item.owns(found)).cloned()
}

fn add_stale(
    stale: &mut BTreeMap<(End, RouteTableId), Vec<IpNet>>,
    end: &End,
    routes: impl Iterator<Item = PlannedRoute>,
) {
    for route in routes {
        stale.entry((end.clone(), route.table)).or_default().push(route.destination);
    }
}
