//! The ledger in memory: items as JSON, as DynamoDB has them, each change with its condition.

mod reads;
mod writes;

use isthmus_peering::ledger::{Hold, LedgerItem, PairKey, VERSION, Withdrawer};
use isthmus_peering::ports::{Ledger, LedgerError, LedgerResult};
use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// A network beside which there is a ledger.
pub trait HasLedger {
    /// Its kind.
    type Ledger: Ledger;

    /// The ledger.
    fn ledger(&self) -> &Self::Ledger;
}

/// The ledger.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    items: RefCell<BTreeMap<PairKey, Map<String, Value>>>,
    closed: RefCell<BTreeMap<String, u64>>,
    forgotten: RefCell<BTreeSet<String>>,
    unindexed: RefCell<BTreeSet<PairKey>>,
    writes: Cell<usize>,
    failing: Cell<bool>,
    holds: RefCell<BTreeMap<Withdrawer, Hold>>,
    groups: RefCell<Option<String>>,
    waiting_for_groups: RefCell<Option<String>>,
}

impl MemoryLedger {
    /// The item of a pair, if it has one.
    pub fn get(&self, pair: &PairKey) -> Option<LedgerItem> {
        self.items.borrow().get(pair).map(|item| parse(item).expect("an item"))
    }

    /// The run of the groups machine that works.
    pub fn groups_run(&self) -> Option<String> {
        self.groups.borrow().clone()
    }

    /// Every item.
    pub fn all(&self) -> Vec<LedgerItem> {
        self.items.borrow().values().map(|item| parse(item).expect("an item")).collect()
    }

    /// Loses every item, as a table that is made anew.
    pub fn clear(&self) {
        self.items.borrow_mut().clear();
    }

    /// Sets an attribute of an item to any value.
    pub fn set(&self, pair: &PairKey, name: &str, value: Value) {
        let mut items = self.items.borrow_mut();
        let item = items.entry(pair.clone()).or_insert_with(|| with_key(pair));
        item.insert(name.to_owned(), value);
        self.writes.set(self.writes.get() + 1);
    }

    /// Step Functions knows the execution as closed for so long. All others are running.
    pub fn close(&self, execution: &str, seconds: u64) {
        self.closed.borrow_mut().insert(execution.to_owned(), seconds);
    }

    /// Whether Step Functions knows it as closed.
    pub fn is_closed(&self, execution: &str) -> bool {
        self.closed.borrow().contains_key(execution)
    }

    /// Step Functions no longer knows the execution: it closed more than 90 days ago.
    pub fn forget(&self, execution: &str) {
        self.forgotten.borrow_mut().insert(execution.to_owned());
    }

    /// The index of withdrawals doesn't show that item yet: it is eventually consistent.
    pub fn hide_from_index(&self, pair: &PairKey) {
        self.unindexed.borrow_mut().insert(pair.clone());
    }

    /// Makes every call fail, or work again.
    pub fn fail(&self, failing: bool) {
        self.failing.set(failing);
    }

    /// The brake began to hold what it holds earlier, by so many seconds.
    pub fn held_earlier(&self, seconds: i64) {
        self.holds.borrow_mut().values_mut().for_each(|hold| hold.held_since -= seconds);
    }

    /// How many changes were made.
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    fn check(&self, action: &str) -> LedgerResult<()> {
        match self.failing.get() {
            true => Err(LedgerError {
                action: action.to_owned(),
                code: "ProvisionedThroughputExceededException".to_owned(),
            }),
            false => Ok(()),
        }
    }
}

fn with_key(pair: &PairKey) -> Map<String, Value> {
    Map::from_iter([("Pair".to_owned(), json!(pair))])
}

fn parse(item: &Map<String, Value>) -> LedgerResult<LedgerItem> {
    let error = |code: &str| LedgerError { action: "dynamodb:GetItem".to_owned(), code: code.to_owned() };
    if item.get("V").and_then(Value::as_u64) > Some(u64::from(VERSION)) {
        return Err(error("NewerItem"));
    }
    serde_json::from_value(Value::Object(item.clone())).map_err(|_| error("InvalidItem"))
}
