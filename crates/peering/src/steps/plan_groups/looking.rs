//! How one pair of a group stands, and which calls it lacks.

use crate::connection::{End, Status, adopt};
use crate::context::Context;
use crate::groups::Lanes;
use crate::ports::NetworkReads;
use crate::routes::Action;
use crate::shared::drift::{Examined, Finding, examine};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::status::PeeringStatus;

/// How a pair stands.
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
}

impl Call {
    pub(super) fn add_to(&self, lanes: &mut Lanes) {
        match self {
            Self::Connection { requester, accepter, is_requested } => {
                lanes.add_connection(requester, accepter, *is_requested);
            }
            Self::Routes { end, created, deleted } => lanes.add_routes(end, *created, *deleted),
            Self::DnsResolution(end) => lanes.add_dns_resolution(end),
        }
    }
}

impl From<Stands> for Looked {
    fn from(stands: Stands) -> Self {
        Self { stands, calls: Vec::new(), failure: None }
    }
}

/// `known` is `None` where the ledger's item of the pair can't be used.
pub(super) async fn look<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: Option<PairSnapshot>,
    has_time: &impl Fn() -> bool,
) -> Looked {
    let Some(known) = known.filter(|_| has_time()) else { return Stands::Unknown.into() };
    if known.is_held() {
        return Stands::ToSetUp.into();
    }
    let examined = match examine(context, snapshot, &known, false).await {
        Ok(examined) => examined,
        Err(error) => {
            let [end, peer] = known.pair.ends();
            let failure = Some(format!("{end} and {peer}: {error}"));
            return Looked { stands: Stands::Unknown, calls: Vec::new(), failure };
        }
    };
    let stands = match &examined.finding {
        Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } => {
            Stands::Refused { error: error.clone(), message: message.clone() }
        }
        // It stands, and an execution will record that tags ask for it.
        Finding::SetUp(differs) if differs == "Unrecorded" && known.is_established() => Stands::InPlace,
        // What stands of an excluded VPC is refused without a failure. What something else keeps stands as well.
        Finding::InPlace(..) | Finding::Kept(Some(_)) | Finding::Refused { .. } | Finding::Waiting(_) => {
            Stands::InPlace
        }
        Finding::SetUp(_) | Finding::Empty(_) | Finding::Narrow | Finding::TearDown(_) => Stands::ToSetUp,
        Finding::Kept(None) | Finding::NotRequested => Stands::Unknown,
    };
    let calls = match stands {
        Stands::ToSetUp => missing_calls(context, snapshot, &known, &examined).await,
        Stands::InPlace | Stands::Refused { .. } | Stands::Unknown => Vec::new(),
    };
    Looked { stands, calls, failure: None }
}

async fn missing_calls<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    Examined { sides, dns_resolution, .. }: &Examined,
) -> Vec<Call> {
    let [end, peer] = known.pair.ends();
    let live = adopt(&known.connections, end, peer, stack);
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
