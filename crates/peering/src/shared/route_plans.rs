//! The plan for the routes of both sides: what is selected there, compared with the tables as they are, and with what the
//! ledger knows as ours. Nothing here can write.

use crate::connection::Connection;
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::Error;
use crate::ids::{AccountId, VpcPeeringConnectionId};
use crate::ledger::{LedgerItem, RecordedRoutes};
use crate::plan::{SidePlan, shorten};
use crate::ports::NetworkReads;
use crate::request::PeeringRequest;
use crate::routes::{RoutePlan, standing_routes};
use crate::shared::advertised::Advertised;
use crate::shared::survey::Survey;
use crate::shared::tag_requests::Asked;
use crate::stack::Stack;
use side::{Known, Side};
use std::collections::BTreeSet;

pub(crate) mod side;

/// A Fail state's cause holds 32 KiB.
pub(crate) const CONFLICTS_LISTED: usize = 100;

/// The plan for the routes of both sides, in the order of the request.
pub(crate) struct RoutePlans {
    pub(crate) sides: [SidePlan; 2],
    /// Of the routes that the ledger knows as ours, those that lead to the connection.
    pub(crate) standing: [RecordedRoutes; 2],
    /// The deleted connections to which stale routes lead.
    pub(crate) replaced: BTreeSet<VpcPeeringConnectionId>,
    /// The account whose tags leave one side without any of the routes that stand.
    pub(crate) emptied_by: Option<AccountId>,
    /// Whether the peering was completed before: then it is repaired as far as possible.
    pub(crate) established: bool,
    pub(crate) warnings: Vec<String>,
}

impl Survey<'_> {
    /// Decides about every route of both sides, or says why the request can't be carried out. What `asked` doesn't ask for
    /// any more, and the ledger knows as ours, goes.
    pub(crate) async fn plan<L>(
        &self,
        context: Context<'_, impl NetworkReads, L>,
        asked: &Asked,
        connection: Option<&Connection>,
        item: Option<&LedgerItem>,
    ) -> Result<RoutePlans, Error> {
        let limit = context.stack.quotas.routes_per_table;
        let id = connection.map(Connection::id);
        let known = Known {
            connections: &self.connections,
            id,
            item,
            established: item.zip(id).is_some_and(|(item, id)| item.is_established_with(id)),
            is_repeated: item.is_some_and(|item| {
                item.asked_by.as_ref().is_some_and(|before| before.execution == asked.asked_by.execution)
            }),
            routes_per_table: limit,
        };
        let [side, peer_side] = self.sides(asked, &known, context.stack);
        let (plan, peer_plan) =
            (side.plan(context.network, &known).await?, peer_side.plan(context.network, &known).await?);
        let standing = [&side, &peer_side].map(|side| match (item, id) {
            (Some(item), Some(id)) if item.records(id) => standing_routes(side.tables, &side.recorded, id),
            // What is recorded was written to another connection.
            _ => RecordedRoutes::default(),
        });
        let mut conflicts = [plan.routes.conflicts, peer_plan.routes.conflicts].concat();
        conflicts.truncate(CONFLICTS_LISTED);
        let full = plan.routes.full.first().or(peer_plan.routes.full.first());
        if let Some(error) = RoutePlan::error(conflicts, full, limit) {
            return Err(error);
        }
        let sides = [(side.end, plan.routes.routes), (peer_side.end, peer_plan.routes.routes)];
        let mut warnings = [plan.routes.warnings, peer_plan.routes.warnings].concat();
        shorten(&mut warnings);
        Ok(RoutePlans {
            sides: sides.map(|(end, routes)| SidePlan::new(end.clone(), routes)),
            standing,
            emptied_by: plan.emptied_by.or(peer_plan.emptied_by),
            replaced: plan.replaced.into_iter().chain(peer_plan.replaced).collect(),
            established: known.established,
            warnings,
        })
    }

    fn sides<'s>(&'s self, asked: &'s Asked, known: &Known<'_>, stack: &'s Stack) -> [Side<'s>; 2] {
        let PeeringRequest { end, peer, routes, peer_routes, .. } = &asked.request;
        let [vpc, peer_vpc] = &self.vpcs;
        let [tables, peer_tables] = &self.tables;
        let beside = asked.beside.as_ref();
        let (beside, peer_beside) = (beside.map(|beside| &beside.routes), beside.map(|beside| &beside.peer_routes));
        let [intent, peer_intent] = self.pair.intents();
        let recorded = |end| known.item.map(|item| item.routes_at(end)).unwrap_or_default();
        let is_lenient = known.is_repeated || asked.request.requested_by == RequestedBy::Tags;
        [
            Side {
                end,
                field: "Routes",
                selection: routes,
                beside,
                tables: tables.as_deref().unwrap_or_default(),
                is_planned: tables.is_some(),
                owner_selects: intent.routes_to(peer),
                keeps_tables: intent.unclear.routes,
                recorded: recorded(end),
                is_lenient,
                other: Advertised { intent: peer_intent, vpc: peer_vpc, stack },
            },
            Side {
                end: peer,
                field: "PeerRoutes",
                selection: peer_routes,
                beside: peer_beside,
                tables: peer_tables.as_deref().unwrap_or_default(),
                is_planned: peer_tables.is_some(),
                owner_selects: peer_intent.routes_to(end),
                keeps_tables: peer_intent.unclear.routes,
                recorded: recorded(peer),
                is_lenient,
                other: Advertised { intent, vpc, stack },
            },
        ]
    }
}
