//! What tags take away: a pair that they no longer ask for, or all the routes of one of its sides. The brake counts it.

use crate::ledger::PairKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Above so many of an account no teardown is made, however few pairs it has.
const FEW: usize = 10;
/// Above this share of its pairs neither, in percent.
const SHARE: usize = 30;
/// For so long after it was carried out, a withdrawal counts, in seconds.
const COUNTED_FOR: i64 = 60 * 60;

/// Tags no longer ask for a pair, or for any route of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Withdrawal {
    /// When that was seen first; once it is carried out, when it was. In seconds since 1970.
    pub at: i64,
    /// How far it is.
    pub state: WithdrawalState,
    /// What is taken away.
    pub of: Withdrawn,
}

/// What tags take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum Withdrawn {
    /// The peering.
    Pair,
    /// All the routes of one side that stand.
    Routes,
}

/// How far a withdrawal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
pub enum WithdrawalState {
    /// It isn't carried out yet.
    Waiting,
    /// Likewise, and a person said that the brake doesn't hold it.
    Released,
    /// It is carried out.
    Done,
}

impl Withdrawal {
    /// The same, carried out.
    #[must_use]
    pub fn done(self, now: i64) -> Self {
        Self { at: now, state: WithdrawalState::Done, ..self }
    }

    /// Whether it counts for the brake.
    pub fn counts(self, now: i64) -> bool {
        self.is_open() || self.at > counted_since(now)
    }

    /// Whether it has yet to be carried out.
    pub fn is_open(self) -> bool {
        self.state != WithdrawalState::Done
    }
}

/// What the tags of one account take away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withdrawals {
    /// By pair.
    pub of: BTreeMap<PairKey, Withdrawal>,
    /// What the brake did about them last.
    pub hold: Option<Hold>,
}

/// The brake holds what the tags of an account take away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hold {
    /// Since when, in seconds since 1970.
    pub held_since: i64,
    /// The execution that found that it is too much, and tells it.
    pub held_by: String,
    /// How many withdrawals were too much.
    pub limit: usize,
}

impl Withdrawals {
    /// Those that are neither carried out nor released.
    pub fn waiting(&self) -> impl Iterator<Item = (&PairKey, &Withdrawal)> {
        self.of.iter().filter(|(_, withdrawal)| withdrawal.state == WithdrawalState::Waiting)
    }

    /// Whether the brake holds them: it does until none is left of those that waited when it began to.
    pub fn are_held(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| self.waiting().any(|(_, withdrawal)| withdrawal.at <= hold.held_since))
    }

    /// How many count: what waits, and what was carried out within the hour.
    pub fn counted(&self, now: i64) -> usize {
        self.of.values().filter(|withdrawal| withdrawal.counts(now)).count()
    }

    /// Whether they are too few to be held, however many pairs the account has.
    pub fn are_few(&self, now: i64) -> bool {
        self.counted(now) <= FEW
    }
}

/// What was carried out later than this counts.
pub fn counted_since(now: i64) -> i64 {
    now - COUNTED_FOR
}

/// So many withdrawals an account with so many pairs may have.
pub fn limit(pairs: usize) -> usize {
    FEW.max(pairs * SHARE / 100)
}
