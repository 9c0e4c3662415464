//! Whether a pair is as its tags request it, by the same plan that the machine would make. Nothing here can write.

mod comparison;

use crate::connection::{Connection, End, Status, adopt};
use crate::consent::check_accounts;
use crate::context::Context;
use crate::error::Error;
use crate::ids::{AccountId, VpcPeeringConnectionId};
use crate::ledger::LedgerItem;
use crate::plan::SidePlan;
use crate::ports::NetworkReads;
use crate::shared::candidates::namesake;
use crate::shared::decision::Decision;
use crate::shared::external;
use crate::shared::pair::{Lookup, VpcTags};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::Snapshot;
use crate::shared::tag_requests::{invalid_routes, side_with_invalid_routes};
use crate::stack::Mode;
use crate::status::PeeringStatus;
pub(crate) use comparison::{Planned, plan};
use comparison::{compare, leaves_blackholes};

/// What a sweep finds about a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is as requested, with these warnings.
    InPlace(VpcPeeringConnectionId, Vec<String>),
    /// It differs in this, which an execution of the peering machine repairs, or reports by name.
    SetUp(String),
    /// The owner of an external account has yet to accept it; what its status is to say.
    Waiting(PeeringStatus),
    /// It is no longer requested, or left this behind.
    TearDown(String),
    /// The tags of that account, or the stack's parameters, leave one side without a route that has some.
    Empty(AccountId),
    /// It can't be set up, or isn't tried again yet, and this has been told.
    Refused {
        /// The error's name.
        error: String,
        /// What the status of both VPCs is to say.
        status: PeeringStatus,
    },
    /// Tags no longer request what they did, and an execution asked for less: a set-up by its request deletes the rest.
    Narrow,
    /// Nothing is to be done about it: an execution asked for it, or the stack's owner wants it to stay. Its connection, if
    /// that is active.
    Kept(Option<VpcPeeringConnectionId>),
    /// Nothing is left of it but perhaps a status.
    NotRequested,
}

/// A pair, compared with its tags.
pub(crate) struct Examined {
    pub(crate) finding: Finding,
    /// The plan for the routes of both sides, where one was made.
    pub(crate) sides: Option<[SidePlan; 2]>,
    /// Whether DNS resolution is asked for.
    pub(crate) dns_resolution: bool,
}

impl From<Finding> for Examined {
    fn from(finding: Finding) -> Self {
        Self { finding, sides: None, dns_resolution: false }
    }
}

impl Finding {
    /// Whether an execution does something about it.
    pub(crate) fn is_to_start(&self) -> bool {
        matches!(self, Self::SetUp(_) | Self::Empty(_) | Self::Narrow | Self::TearDown(_))
    }
}

/// Compares a pair with its tags. `retry`: what was refused, or is to be tried later, is tried now.
pub(crate) async fn examine<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    retry: bool,
) -> Result<Examined, Error> {
    let stack = context.stack;
    if let Err(error) = check_accounts(known.pair.ends(), stack) {
        // Nothing is called there, nor decided about it.
        let is_asked_for = known.pair.is_requested() || known.pair.asking_group(stack).is_some();
        let is_of_concern = is_asked_for || known.is_established();
        return Ok(if is_of_concern { known.refused(&error) } else { Finding::NotRequested }.into());
    }
    let finding = match Decision::of(&known.pair, known.item.as_ref(), stack) {
        Decision::TearDown | Decision::ClearStatus if leaves_blackholes(snapshot, known) => {
            known.unless_waiting(context.now, retry, Finding::TearDown("Blackhole".into()))
        }
        Decision::TearDown => known.unless_waiting(context.now, retry, Finding::TearDown("NotRequested".into())),
        Decision::Narrow => Finding::Narrow,
        Decision::Keep => Finding::Kept(known.live_connection().cloned()),
        Decision::ClearStatus => known.carried_on(context, retry).unwrap_or(Finding::NotRequested),
        Decision::SetUp => return examine_desired(context, snapshot, known, retry).await,
    };
    Ok(finding.into())
}

async fn examine_desired<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    retry: bool,
) -> Result<Examined, Error> {
    let stack = context.stack;
    if let Some(side) = side_with_invalid_routes(&known.pair).filter(|_| !known.is_established()) {
        return Ok(known.refused(&invalid_routes(side, stack)).into());
    }
    // No execution could repair these routes.
    if known.pair.is_one(Lookup::NotFound) && leaves_blackholes(snapshot, known) {
        return Ok(known.unless_waiting(context.now, retry, Finding::TearDown("Blackhole".into())).into());
    }
    match compare(context, snapshot, known).await {
        Ok(Examined { finding: finding @ (Finding::SetUp(_) | Finding::Empty(_)), sides, dns_resolution }) => {
            Ok(Examined { finding: known.unless_waiting(context.now, retry, finding), sides, dns_resolution })
        }
        Ok(examined) => Ok(examined),
        Err(error @ (Error::ServiceFault { .. } | Error::Throttled { .. })) => Err(error),
        // In report mode no execution records that it told this, and of what groups alone ask for, a run of theirs does.
        Err(error)
            if (known.is_told(&error) && !retry) || stack.mode == Mode::Report || known.is_left_to_groups(stack) =>
        {
            Ok(known.refused(&error).into())
        }
        Err(error) => Ok(Finding::SetUp(error.name_and_cause().0).into()),
    }
}

impl PairSnapshot {
    /// Whether the recorded connection is active.
    pub(crate) fn is_live(&self) -> bool {
        self.live_connection().is_some()
    }

    fn live_connection(&self) -> Option<&VpcPeeringConnectionId> {
        let recorded = self.item.as_ref().and_then(|item| item.connection.as_ref())?;
        let live = self.connections.iter().filter(|connection| connection.status == Status::Active);
        live.map(Connection::id).find(|id| **id == recorded.id)
    }

    /// Whether an execution was started for that error already, or has nothing to do: a standing peering of an excluded VPC
    /// stays as it is, and no execution may act in an account that is none of the stack's.
    fn is_told(&self, error: &Error) -> bool {
        let (name, _) = error.name_and_cause();
        let outcome = self.item.as_ref().and_then(|item| item.outcome.as_ref());
        let is_frozen = matches!(error, Error::Excluded { .. }) && self.live_connection().is_some();
        let is_outside = matches!(error, Error::PeerNotTrusted(end) if !end.is_admitted);
        is_frozen || is_outside || outcome.is_some_and(|outcome| outcome.error.as_ref() == Some(&name))
    }

    /// The end that does not exist where a tag says, while another pair joins the other end with a VPC of the same id.
    pub(crate) fn misplaced_end<'s>(&'s self, pairs: &[Self]) -> Option<&'s End> {
        let [side, peer] = self.pair.sides();
        let is_misplaced = |(missing, present): &(&VpcTags, &VpcTags)| {
            let joined = pairs.iter().filter(|other| other.pair.ends().contains(&present.end()));
            namesake(missing, joined.flat_map(|other| other.pair.sides())).is_some()
        };
        [(peer, side), (side, peer)].into_iter().find(is_misplaced).map(|(missing, _)| missing.end())
    }

    /// Whether the peering was completed.
    pub(crate) fn is_established(&self) -> bool {
        self.item.as_ref().is_some_and(LedgerItem::is_established)
    }

    /// A request to an external account that an execution asked for. Its owner has days to accept, so the sweep goes on where the
    /// execution ended.
    fn carried_on<N, L>(&self, Context { stack, now, .. }: Context<'_, N, L>, retry: bool) -> Option<Finding> {
        let item = self.item.as_ref().filter(|item| item.connection.as_ref().is_some_and(|found| found.pending))?;
        item.asked_by.as_ref()?.execution.as_ref()?;
        let [end, peer] = self.pair.ends();
        let Some(connection) = adopt(&self.connections, end, peer, stack) else {
            let refusal = external::refused(&self.pair, &self.connections, item)?;
            return Some(match self.is_told(&refusal) && !retry {
                true => self.refused(&refusal),
                false => self.unless_waiting(now, retry, Finding::Narrow),
            });
        };
        Some(match external::waits_for(connection, stack) {
            Some(reason) => Finding::Waiting(PeeringStatus::Waiting { reason }),
            None => self.unless_waiting(now, retry, Finding::Narrow),
        })
    }

    pub(crate) fn refused(&self, error: &Error) -> Finding {
        let (name, _) = error.name_and_cause();
        let status = match (error, self.live_connection()) {
            (Error::Excluded { .. }, Some(id)) => PeeringStatus::active(id, &[error.to_string()]),
            _ => PeeringStatus::failed(error),
        };
        Finding::Refused { error: name, status }
    }

    /// What is to be done, unless it is too early to try again: what was tried last, then.
    fn unless_waiting(&self, now: i64, retry: bool, finding: Finding) -> Finding {
        let Some(outcome) = self.item.as_ref().and_then(|item| item.outcome.as_ref()) else { return finding };
        if retry || outcome.retry_at.is_none_or(|time| time <= now) {
            return finding;
        }
        let message = outcome.message.clone().unwrap_or_default();
        match (&outcome.error, self.live_connection()) {
            (Some(error), _) => {
                let (error, status) = (error.clone(), PeeringStatus::Failed { error: error.clone(), message });
                Finding::Refused { error, status }
            }
            (None, Some(id)) => Finding::InPlace(id.clone(), vec![message]),
            (None, None) => finding,
        }
    }
}
