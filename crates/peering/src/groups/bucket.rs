//! EC2's token buckets, as a lane uses them: it never asks for a token that isn't there, and leaves a share of each refill to the
//! other users of the account.

use crate::groups::effort::bucket;
use std::collections::BTreeMap;
use std::time::Duration;

/// The buckets of one lane.
#[derive(Debug)]
pub struct Buckets {
    /// How much of the refill is used, in percent.
    share: u32,
    /// Whether they are full at first.
    are_full: bool,
    levels: BTreeMap<&'static str, Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    at: Duration,
}

impl Buckets {
    /// Those of which that share of the refill may be used, in percent. Full, unless a round before has used them.
    pub fn new(share: u32, are_full: bool) -> Self {
        Self { share, are_full, levels: BTreeMap::new() }
    }

    /// Whether there is a token for that action.
    pub fn has(&mut self, action: &'static str, now: Duration) -> bool {
        self.level(action, now).tokens >= 1.0
    }

    /// Takes so many tokens, if there is one. What is taken beyond is paid back by the refill.
    pub fn take(&mut self, action: &'static str, tokens: u32, now: Duration) -> bool {
        let level = self.level(action, now);
        let has_one = level.tokens >= 1.0;
        if has_one {
            level.tokens -= f64::from(tokens);
        }
        has_one
    }

    /// EC2 throttled: somebody else has used the rest.
    pub fn empty(&mut self, action: &'static str, now: Duration) {
        self.level(action, now).tokens = 0.0;
    }

    fn level(&mut self, action: &'static str, now: Duration) -> &mut Level {
        let (burst, rate) = bucket(action);
        let first = if self.are_full { f64::from(burst) } else { 0.0 };
        let level = self.levels.entry(action).or_insert(Level { tokens: first, at: now });
        let refill = now.saturating_sub(level.at).as_secs_f64() * f64::from(rate * self.share) / 100.0;
        *level = Level { tokens: (level.tokens + refill).min(f64::from(burst)), at: now };
        level
    }
}
