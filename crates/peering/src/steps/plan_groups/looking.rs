//! How one pair stands, which calls it lacks, and what comes next.

use super::next::{Next, given_up, next};
use super::run::{Run, Settlement};
use crate::connection::{End, Status};
use crate::context::Context;
use crate::groups::CallCounts;
use crate::ledger::LedgerItem;
use crate::ports::NetworkReads;
use crate::routes::Action;
use crate::shared::drift::{Examined, Finding, examine};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::status::PeeringStatus;

/// How a pair stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    InPlace,
    /// It is to be set up or repaired, or an execution works on it.
    ToSetUp,
    Refused {
        error: String,
        message: String,
    },
    /// There was no time to look, or AWS didn't answer.
    Unknown,
}

/// What looking at a pair has found.
pub(super) struct Looked {
    pub(super) stands: Stands,
    pub(super) calls: Vec<Call>,
    /// Why nothing is known.
    pub(super) failure: Option<String>,
    pub(super) next: Next,
    /// The item of a pair that tags took away and ask for again.
    pub(super) returned: Option<Box<LedgerItem>>,
}

/// Calls that it lacks.
pub(super) enum Call {
    /// The connection has to be accepted, and requested unless it is.
    Connection {
        requester: End,
        accepter: End,
        is_requested: bool,
    },
    Routes {
        end: End,
        created: usize,
        deleted: usize,
    },
    DnsResolution(End),
    /// The connection has to be deleted.
    Deletion(End),
}

impl Call {
    pub(super) fn add_to(&self, counts: &mut CallCounts) {
        match self {
            Self::Connection { requester, accepter, is_requested } => {
                counts.add_connection(requester, accepter, *is_requested);
            }
            Self::Routes { end, created, deleted } => counts.add_routes(end, *created, *deleted),
            Self::DnsResolution(end) => counts.add_dns_resolution(end),
            Self::Deletion(requester) => counts.add_deletion(requester),
        }
    }
}

impl From<Stands> for Looked {
    fn from(stands: Stands) -> Self {
        Self { stands, calls: Vec::new(), failure: None, next: Next::Nothing, returned: None }
    }
}

/// `known` is `None` where the ledger's item of the pair can't be used, or a Region was not read. `is_admitted`: whether the plan of
/// all groups has a place for it.
pub(super) async fn look<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    run: &Run<'_>,
    (known, is_admitted): (Option<PairSnapshot>, bool),
    has_time: &impl Fn() -> bool,
) -> Looked {
    let Some(known) = known.filter(|_| has_time()) else { return Stands::Unknown.into() };
    let item = known.item.as_ref();
    if !run.may_take(item) {
        return Stands::ToSetUp.into();
    }
    // What failed in this run isn't tried again by it; what failed before is.
    if let Some(item) = item.filter(|item| item.records_failure_of(run.execution)) {
        let given_up = given_up(context.stack, snapshot, item.outcome.clone(), known.clone());
        return if run.holds(Some(item)) { given_up } else { given_up.stands.into() };
    }
    let examined = match examine(context, snapshot, &known, true).await {
        Ok(examined) => examined,
        Err(error) => {
            let [end, peer] = known.pair.ends();
            let failure = Some(format!("{end} and {peer}: {error}"));
            return Looked { failure, ..Stands::Unknown.into() };
        }
    };
    let stands = stands(&examined, &known);
    let calls = match stands {
        Stands::ToSetUp => missing_calls(context, snapshot, &known, &examined).await,
        Stands::InPlace | Stands::Refused { .. } | Stands::Unknown => Vec::new(),
    };
    let is_taken_away = matches!(examined.finding, Finding::TearDown(_) | Finding::Empty(_));
    let marked = known.item.as_ref().filter(|item| !is_taken_away && item.open_withdrawal().is_some());
    let returned = marked.cloned().map(Box::new);
    let next = match known.is_left_to_groups(context.stack) {
        true => next(context.stack, snapshot, (known, is_admitted), examined, &calls),
        false => Next::Nothing,
    };
    let stands = match &next {
        Next::Settle(settle) if run.acts && matches!(settle.1, Settlement::Complete { .. }) => Stands::InPlace,
        _ => stands,
    };
    Looked { stands, calls, failure: None, next, returned }
}

fn stands(examined: &Examined, known: &PairSnapshot) -> Stands {
    match &examined.finding {
        Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } => {
            Stands::Refused { error: error.clone(), message: message.clone() }
        }
        // It stands, and it is recorded that tags ask for it.
        Finding::SetUp(differs) if differs == "Unrecorded" && known.is_established() => Stands::InPlace,
        // What stands of an excluded VPC is refused without a failure. What something else keeps stands as well.
        Finding::InPlace(..) | Finding::Kept(Some(_)) | Finding::Refused { .. } | Finding::Waiting(_) => {
            Stands::InPlace
        }
        Finding::SetUp(_) | Finding::Empty(_) | Finding::Narrow | Finding::TearDown(_) => Stands::ToSetUp,
        Finding::Kept(None) | Finding::NotRequested => Stands::Unknown,
    }
}

async fn missing_calls<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    Examined { sides, dns_resolution, .. }: &Examined,
) -> Vec<Call> {
    let [end, peer] = known.pair.ends();
    let live = known.live(stack);
    let is_requested = live.is_some();
    let (requester, accepter) =
        live.map_or_else(|| stack.direction(end, peer), |live| (&live.identity.requester, &live.identity.accepter));
    let is_accepted = live.is_some_and(|live| live.status >= Status::Provisioning);
    let connection = || Call::Connection { requester: requester.clone(), accepter: accepter.clone(), is_requested };
    let mut calls: Vec<Call> = (!is_accepted).then(connection).into_iter().collect();
    calls.extend(sides.iter().flatten().map(|side| {
        // A blackhole is deleted and made anew.
        let repaired = side.additions().filter(|route| route.action == Action::Repaired).count();
        let deleted = side.removals().count() + repaired;
        Call::Routes { end: side.end.clone(), created: side.additions().count(), deleted }
    }));
    if *dns_resolution {
        let allowed = live.map(|live| live.dns_resolution).unwrap_or_default();
        for (end, is_on) in [(requester, allowed.requester), (accepter, allowed.accepter)] {
            if !is_on && snapshot.has_dns_hostnames(network, end).await.unwrap_or(false) {
                calls.push(Call::DnsResolution(end.clone()));
            }
        }
    }
    calls
}
