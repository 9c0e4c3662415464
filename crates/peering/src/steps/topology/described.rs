//! One pair, as the topology describes it.

use super::made::{ends, listed, of_connection};
use crate::connection::{Connection, End, Status, adopt};
use crate::consent::{TagRequest, groups_of_pair};
use crate::context::Context;
use crate::ledger::RecordedRoutes;
use crate::routes::standing_routes;
use crate::shared::drift::Finding;
use crate::shared::external::waits_for;
use crate::shared::held::{Found, Held};
use crate::shared::pair::{Lookup, VpcTags};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::status::PeeringStatus;
use isthmus_topology::{self as topology, Peering, RequestedBy, RouteCounts};
use std::collections::BTreeMap;

/// What a description is made of.
pub(super) struct Description<'d, N, L> {
    pub(super) context: Context<'d, N, L>,
    pub(super) snapshot: &'d Snapshot,
    pub(super) held: &'d Held,
}

/// What is found, in the topology's words.
struct Verdict {
    finding: topology::Finding,
    differs: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl<N, L> Description<'_, N, L> {
    /// `None` where nothing is left of the pair, or nobody asks for it. `planned`: its routes, where tags ask for it.
    pub(super) fn of(&self, found: &Found<'_>, planned: Option<BTreeMap<String, RouteCounts>>) -> Option<Peering> {
        let known = found.0;
        let [end, peer] = known.pair.ends();
        let connection = live_connection(known, self.context.stack);
        let Verdict { finding, differs, error, message } = self.verdict(found)?;
        let (requester, accepter) = self.context.stack.direction(end, peer);
        let [requester, accepter] = connection.map_or([requester, accepter], ends);
        Some(Peering {
            ours: is_ours(known, connection),
            requested_by: requested_by(known),
            finding,
            differs,
            error,
            message,
            waits_for: self.waits_for(known, connection),
            routes: planned.unwrap_or_else(|| self.recorded_routes(known, connection)),
            ..of_connection(connection, requester, accepter)
        })
    }

    fn verdict(&self, found: &Found<'_>) -> Option<Verdict> {
        let (known, finding) = found;
        if let Some(PeeringStatus::Waiting { reason }) = self.held.status(self.context, found) {
            let error = self.held.is_held(&known.key()).then(|| "TeardownHeld".to_owned());
            return Some(Verdict { error, message: Some(reason), ..Verdict::of(topology::Finding::Waiting) });
        }
        let finding = match finding {
            Ok(None) => {
                let message = Some("an execution works on it".into());
                return Some(Verdict { message, ..Verdict::of(topology::Finding::Waiting) });
            }
            Err(error) => return Some(Verdict::failed(&error.name_and_cause().0, Some(error.to_string()))),
            Ok(Some(finding)) => finding,
        };
        Some(match finding {
            Finding::InPlace(_, warnings) => {
                let message = (!warnings.is_empty()).then(|| warnings.join("; "));
                Verdict { message, ..Verdict::of(topology::Finding::InPlace) }
            }
            Finding::Refused { status: PeeringStatus::Active { warning, .. }, .. } => {
                Verdict { message: warning.clone(), ..Verdict::of(topology::Finding::InPlace) }
            }
            Finding::Waiting(status) => Verdict { message: reason(status), ..Verdict::of(topology::Finding::Waiting) },
            Finding::Refused { error, status } => Verdict::failed(error, reason(status)),
            Finding::SetUp(differs) => to_set_up(known, differs),
            Finding::TearDown(differs) => Verdict::differs(topology::Finding::Drift, differs),
            Finding::Empty(_) | Finding::Narrow => Verdict::differs(topology::Finding::Drift, "Routes"),
            Finding::Kept(_) => self.as_recorded(known),
            Finding::NotRequested if is_requested_by_execution(known) => self.as_recorded(known),
            Finding::NotRequested => return None,
        })
    }

    /// What an execution asked for, or the stack's owner wants to stay: by what the ledger knows as written. The sweep leaves it
    /// alone; an execution repairs it.
    fn as_recorded(&self, known: &PairSnapshot) -> Verdict {
        let Some(connection) = live_connection(known, self.context.stack) else {
            return Verdict::differs(topology::Finding::Missing, "Missing");
        };
        if connection.status != Status::Active {
            return Verdict::differs(topology::Finding::Waiting, "NotActive");
        }
        let stand = |end: &End| {
            let recorded = known.item.as_ref().map(|item| item.routes_at(end)).unwrap_or_default();
            recorded.is_subset(&standing_routes(self.snapshot.tables(end), &recorded, connection.id()))
        };
        match known.pair.ends().into_iter().all(stand) {
            true => Verdict::of(topology::Finding::InPlace),
            false => Verdict::differs(topology::Finding::Drift, "Routes"),
        }
    }

    fn waits_for(&self, known: &PairSnapshot, connection: Option<&Connection>) -> Option<String> {
        if let Some(connection) = connection.filter(|found| waits_for(found, self.context.stack).is_some()) {
            return Some(connection.identity.accepter.vpc_id.to_string());
        }
        match known.pair.tag_request(self.context.stack) {
            TagRequest::ConsentMissing(end) => Some(end.vpc_id.to_string()),
            TagRequest::Granted | TagRequest::None => None,
        }
    }

    /// By what the ledger knows as written.
    fn recorded_routes(&self, known: &PairSnapshot, connection: Option<&Connection>) -> BTreeMap<String, RouteCounts> {
        known.pair.ends().into_iter().filter_map(|end| self.recorded(known, connection, end)).collect()
    }

    fn recorded(
        &self,
        known: &PairSnapshot,
        connection: Option<&Connection>,
        end: &End,
    ) -> Option<(String, RouteCounts)> {
        let recorded = known.item.as_ref()?.routes_at(end);
        let standing = match connection {
            Some(connection) => standing_routes(self.snapshot.tables(end), &recorded, connection.id()),
            None => RecordedRoutes::default(),
        };
        let counts = RouteCounts {
            wanted: recorded.deletions().count(),
            present: standing.deletions().count(),
            missing: listed(recorded.without(&standing).deletions()),
        };
        (counts.wanted > 0).then(|| (end.vpc_id.to_string(), counts))
    }
}

/// A pair that an execution has to set up or repair, or that it would refuse.
fn to_set_up(known: &PairSnapshot, differs: &str) -> Verdict {
    match differs {
        "Missing" => Verdict::differs(topology::Finding::Missing, differs),
        "NotActive" => Verdict::differs(topology::Finding::Waiting, differs),
        "Routes" | "Unrecorded" | "DnsResolution" => Verdict::differs(topology::Finding::Drift, differs),
        error => {
            let outcome = known.item.as_ref().and_then(|item| item.outcome.as_ref());
            let told = outcome.filter(|outcome| outcome.error.as_deref() == Some(error));
            Verdict::failed(error, told.and_then(|outcome| outcome.message.clone()))
        }
    }
}

fn reason(status: &PeeringStatus) -> Option<String> {
    match status {
        PeeringStatus::Active { warning, .. } => warning.clone(),
        PeeringStatus::Failed { message: reason, .. }
        | PeeringStatus::Waiting { reason }
        | PeeringStatus::Group { reason }
        | PeeringStatus::Invalid { reason } => Some(reason.clone()),
    }
}

impl Verdict {
    fn of(finding: topology::Finding) -> Self {
        Self { finding, differs: None, error: None, message: None }
    }

    fn differs(finding: topology::Finding, differs: &str) -> Self {
        Self { differs: Some(differs.to_owned()), ..Self::of(finding) }
    }

    fn failed(error: &str, message: Option<String>) -> Self {
        Self { error: Some(error.to_owned()), message, ..Self::of(topology::Finding::Failed) }
    }
}

fn is_ours(known: &PairSnapshot, connection: Option<&Connection>) -> bool {
    let recorded = known.item.as_ref().and_then(|item| item.connection.as_ref());
    recorded.is_some_and(|recorded| recorded.made && connection.is_some_and(|found| *found.id() == recorded.id))
}

fn live_connection<'k>(known: &'k PairSnapshot, stack: &Stack) -> Option<&'k Connection> {
    let [end, peer] = known.pair.ends();
    adopt(&known.connections, end, peer, stack)
}

fn is_requested_by_execution(known: &PairSnapshot) -> bool {
    let asked = known.item.as_ref().and_then(|item| item.asked_by.as_ref());
    asked.is_some_and(|asked| asked.execution.is_some())
}

fn requested_by(known: &PairSnapshot) -> RequestedBy {
    let [one, other] = known.pair.sides();
    // An external account asks in EC2, not by a tag.
    let names =
        |(asking, named): &(&VpcTags, &VpcTags)| asking.lookup != Lookup::External && asking.intent.names(named.end());
    let naming = [(one, other), (other, one)].into_iter().filter(names);
    RequestedBy {
        tags: naming.map(|(asking, _)| asking.end().vpc_id.to_string()).collect(),
        groups: groups_of_pair(&one.intent, &other.intent).map(|(name, _)| name.to_string()).collect(),
        execution: is_requested_by_execution(known),
    }
}
