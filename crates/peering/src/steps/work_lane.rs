//! `WorkLane`: the writes of one round of the groups machine in one Region of one account. A lane has one worker, so that no two
//! calls of groups compete for a token of EC2's buckets.
//!
//! Nothing depends on its end: whatever it leaves, the next round plans anew.

mod acts;
mod lane_pair;

use crate::context::Context;
use crate::error::Error;
use crate::groups::{ACCEPT, Buckets, CREATE_ROUTE, Lane, Work};
use crate::ledger::{Outcome, PairKey, Update};
use crate::ports::{Clock, Ledger, Location, Network};
use crate::shared::decision::Decision;
use crate::shared::lease::update_held;
use crate::shared::pairs::pair;
use crate::shared::retry::seconds_until_retry;
use crate::shared::snapshot::{Snapshot, connections_by_pair};
use acts::{Act, Effect, Failed, perform};
use futures_util::{StreamExt, stream};
use lane_pair::{LanePair, Waits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What the state passes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LaneTask {
    /// What to do.
    pub lane: Lane,
    /// The ARN of the run, which holds the pairs.
    pub execution: String,
    /// Whether this is the run's first round: then EC2's buckets are full.
    pub is_first: bool,
}

/// The answer: all lanes' answers share 256 KiB, so it says nothing. The next round reads what there is.
#[derive(Debug, Clone, Serialize)]
pub struct Worked {}

/// Calls at once: a second's tokens of every bucket.
const AT_ONCE: usize = 16;
/// Between two passes over all pairs.
const PASS: Duration = Duration::from_secs(1);
/// Between two looks at what others do, while nothing changes: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LONGEST_LOOK: Duration = Duration::from_secs(15);
/// For so long nothing may change; then the rest is the next round's.
const PATIENCE: Duration = Duration::from_secs(60);

/// How fast a lane works.
#[derive(Debug)]
pub struct Pace<'p, C> {
    /// The clock by which EC2 refills its buckets.
    pub clock: &'p C,
    /// How much of a refill is used, in percent.
    pub share: u32,
}

/// Does what can be done, for as long as `has_time` says so.
pub async fn work_lane(
    context: Context<'_, impl Network, impl Ledger>,
    pace: Pace<'_, impl Clock>,
    task: LaneTask,
    has_time: impl Fn() -> bool,
) -> Result<Worked, Error> {
    context.stack.check_mode()?;
    let LaneTask { lane, execution, is_first } = task;
    let at = lane.at();
    let mut worker =
        Worker { context, execution: &execution, pairs: Vec::new(), buckets: Buckets::new(pace.share, is_first) };
    worker.read(&at, lane.pairs()).await?;
    worker.work(&at, pace.clock, has_time).await;
    Ok(Worked {})
}

struct Worker<'w, N, L> {
    context: Context<'w, N, L>,
    execution: &'w str,
    pairs: Vec<LanePair>,
    buckets: Buckets,
}

impl<N: Network, L: Ledger> Worker<'_, N, L> {
    /// Reads what the pairs need. A pair that the run doesn't hold any more, or of which a VPC can't be read, is left out.
    async fn read(&mut self, at: &Location, work: Vec<(Work, PairKey)>) -> Result<(), Error> {
        let (context, execution) = (self.context, self.execution);
        let keys: BTreeSet<PairKey> = work.iter().map(|(_, key)| key.clone()).collect();
        let snapshot = Snapshot::of_lane(context, at, &keys).await?;
        for (work, key) in work {
            let known = pair(&snapshot, context.stack, key).filter(|known| known.is_held_by(execution));
            let Some(known) = known else { continue };
            // What failed is undone although tags ask for it.
            let is_asked_for = Decision::of(&known.pair, known.item.as_ref(), context.stack) == Decision::SetUp;
            let has_failed = known.item.as_ref().is_some_and(|item| item.records_failure_of(execution));
            if work != Work::SetUp && is_asked_for && !has_failed {
                continue;
            }
            let key = known.key();
            match LanePair::of(context, &snapshot, at, work, known).await {
                Ok(pair) => self.pairs.extend(pair),
                Err(error) => self.refuse(&key, &error).await,
            }
        }
        Ok(())
    }

    async fn work(&mut self, at: &Location, clock: &impl Clock, has_time: impl Fn() -> bool) {
        let mut look = FIRST_LOOK;
        let (mut looked, mut changed) = (clock.now(), clock.now());
        while has_time() && self.pairs.iter().any(|pair| !pair.is_over()) {
            let began = clock.now();
            let acts = self.choose(began);
            let is_paced = acts.iter().all(|(_, act)| act.bucket().is_some());
            let is_stuck = !self.carry_out(acts, clock).await;
            let now = clock.now();
            if !is_stuck {
                changed = now;
            }
            if self.could_do_more(now) && now.saturating_sub(looked) >= look {
                looked = now;
                let has_changed = self.look(at).await;
                look = if has_changed { FIRST_LOOK } else { LONGEST_LOOK.min(look * 2) };
                changed = if has_changed { now } else { changed };
            }
            if now.saturating_sub(changed) > PATIENCE {
                return;
            }
            if is_paced || is_stuck {
                clock.sleep(PASS.saturating_sub(clock.now().saturating_sub(began))).await;
            }
        }
    }

    /// What can be done now, as far as there are tokens for it.
    fn choose(&mut self, now: Duration) -> Vec<(usize, Act)> {
        let limit = self.context.stack.quotas.outstanding_requests as usize;
        let mut outstanding = self.pairs.iter().filter(|pair| pair.is_outstanding()).count();
        let mut acts = Vec::new();
        for (number, pair) in self.pairs.iter_mut().enumerate() {
            while let Some(act) = pair.next() {
                let is_request = matches!(act, Act::Create);
                let has_place = !is_request || outstanding < limit;
                let has_token =
                    has_place && act.bucket().is_none_or(|(action, tokens)| self.buckets.take(action, tokens, now));
                if !has_token {
                    break;
                }
                outstanding += usize::from(is_request);
                pair.begin(&act);
                acts.push((number, act));
            }
        }
        acts
    }

    /// Answers whether any of them was, or will not be tried again.
    async fn carry_out(&mut self, acts: Vec<(usize, Act)>, clock: &impl Clock) -> bool {
        let (context, execution, pairs) = (self.context, self.execution, &self.pairs);
        let performed = stream::iter(acts).map(async |(number, act)| {
            let Some(pair) = pairs.get(number) else { return (number, act, Ok(Effect::Done)) };
            let effect = perform(context, pair, &act, execution).await;
            (number, act, effect)
        });
        let performed: Vec<_> = performed.buffer_unordered(AT_ONCE).collect().await;
        let (mut refused, mut has_moved) = (Vec::new(), false);
        for (number, act, effect) in performed {
            let Some(pair) = self.pairs.get_mut(number) else { continue };
            if let (Err(Failed::Later), Some((action, _))) = (&effect, act.bucket()) {
                self.buckets.empty(action, clock.now());
            }
            has_moved |= !matches!(effect, Err(Failed::Later | Failed::TooEarly));
            match effect {
                Ok(effect) => pair.finish(&act, effect),
                Err(Failed::Later) => pair.put_back(act),
                Err(Failed::TooEarly) => {
                    pair.put_back(act);
                    pair.wait_for_a_look();
                }
                Err(Failed::Lost) => pair.leave(),
                Err(Failed::Refused(error)) => {
                    pair.leave();
                    refused.push((pair.key.clone(), error));
                }
            }
        }
        for (key, error) in refused {
            self.refuse(&key, &error).await;
        }
        has_moved
    }

    /// Whether tokens are left that pairs could use if what they wait for has happened.
    fn could_do_more(&mut self, now: Duration) -> bool {
        let waits = |waits: Waits| self.pairs.iter().any(|pair| pair.waits() == Some(waits));
        let (for_other_lane, for_active) = (waits(Waits::ForOtherLane), waits(Waits::ForActive));
        (for_other_lane && self.buckets.has(ACCEPT, now)) || (for_active && self.buckets.has(CREATE_ROUTE, now))
    }

    /// Looks at what others have done. Answers whether something has changed.
    async fn look(&mut self, at: &Location) -> bool {
        let Ok(mut seen) = connections_by_pair(self.context.network, at).await else { return false };
        let mut has_changed = false;
        for pair in &mut self.pairs {
            has_changed |= pair.see(self.context, seen.remove(&pair.key).unwrap_or_default()).await;
        }
        has_changed
    }

    /// Records that this pair can't be had; the run then undoes what was made of it. A run that has lost the pair tells nothing.
    async fn refuse(&self, key: &PairKey, error: &Error) {
        let (name, cause) = error.name_and_cause();
        let before = self.context.ledger.item(key).await.ok().flatten().and_then(|item| item.outcome);
        let before = before.filter(|before| before.error.as_ref() == Some(&name));
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        let retry_at = seconds_until_retry(&name, &cause, true, count).map(|seconds| self.context.now + seconds);
        let (error, message) = (Some(name), Some(error.to_string()));
        let outcome = Outcome { by: self.execution.to_owned(), error, message, count, retry_at };
        let noted = update_held(self.context, key, self.execution, Update::note_failure(self.execution, &outcome));
        let _next_round_tries_again = noted.await;
    }
}
