//! The ledger in memory: items as JSON, as DynamoDB has them, each change with its condition.

use isthmus_peering::connection::End;
use isthmus_peering::ledger::{Hold, LedgerItem, PairKey, Update, VERSION, Withdrawals, Withdrawer, end_key};
use isthmus_peering::ports::{ExecutionState, Ledger, LedgerError, LedgerReads, LedgerResult, LedgerWrites, Updated};
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

impl LedgerReads for MemoryLedger {
    async fn item(&self, pair: &PairKey) -> LedgerResult<Option<LedgerItem>> {
        crate::pause().await;
        self.check("dynamodb:GetItem")?;
        self.items.borrow().get(pair).map(parse).transpose()
    }

    async fn pairs_owed_by(&self, end: &End) -> LedgerResult<Vec<PairKey>> {
        crate::pause().await;
        self.check("dynamodb:Query")?;
        let owes = json!(end_key(end));
        let items = self.items.borrow();
        Ok(items.iter().filter(|(_, item)| item.get("Owes") == Some(&owes)).map(|(pair, _)| pair.clone()).collect())
    }

    async fn withdrawals(&self, by: &Withdrawer) -> LedgerResult<Withdrawals> {
        crate::pause().await;
        self.check("dynamodb:Query")?;
        let items = self.items.borrow();
        let unindexed = self.unindexed.borrow();
        let indexed = items.iter().filter(|(pair, _)| !unindexed.contains(*pair));
        let of_account = indexed.filter(|(_, item)| item.get("WithdrawnBy") == Some(&json!(by)));
        let of = of_account.filter_map(|(pair, item)| Some((pair.clone(), parse(item).ok()?.withdrawal?))).collect();
        Ok(Withdrawals { of, hold: self.holds.borrow().get(by).cloned() })
    }

    async fn count_pairs(&self, of: &Withdrawer, removed_since: i64) -> LedgerResult<usize> {
        crate::pause().await;
        self.check("dynamodb:Scan")?;
        let items = self.items.borrow();
        let counted = items.iter().filter(|(pair, item)| {
            let has_connection = item.contains_key("Connection");
            let at = item.get("Withdrawal").and_then(|withdrawal| withdrawal.get("At")?.as_i64());
            let is_removed = at > Some(removed_since);
            match of {
                Withdrawer::Account(account) => {
                    pair.ends().iter().any(|end| end.owner_id == *account) && (has_connection || is_removed)
                }
                Withdrawer::Group(group) => {
                    let groups = item.get("AskedBy").and_then(|asked_by| asked_by.get("Groups")?.as_array());
                    let is_asked = groups.is_some_and(|groups| groups.contains(&json!(group)));
                    (is_asked && has_connection) || (item.get("WithdrawnBy") == Some(&json!(of)) && is_removed)
                }
            }
        });
        Ok(counted.count())
    }

    async fn items(&self) -> LedgerResult<Vec<Result<LedgerItem, (String, LedgerError)>>> {
        crate::pause().await;
        self.check("dynamodb:Scan")?;
        let items = self.items.borrow();
        Ok(items.iter().map(|(pair, item)| parse(item).map_err(|error| (pair.to_string(), error))).collect())
    }

    async fn groups_holder(&self) -> LedgerResult<Option<String>> {
        crate::pause().await;
        self.check("dynamodb:GetItem")?;
        Ok(self.groups.borrow().clone())
    }

    async fn execution_state(&self, execution: &str) -> LedgerResult<ExecutionState> {
        crate::pause().await;
        self.check("states:DescribeExecution")?;
        Ok(match self.closed.borrow().get(execution) {
            Some(seconds) => ExecutionState::Closed { seconds: *seconds },
            None if self.forgotten.borrow().contains(execution) => ExecutionState::Unknown,
            None => ExecutionState::Running,
        })
    }
}

impl LedgerWrites for MemoryLedger {
    async fn take_groups(&self, execution: &str, dead: Option<&str>) -> LedgerResult<Result<(), String>> {
        crate::pause().await;
        self.check("dynamodb:UpdateItem")?;
        let mut groups = self.groups.borrow_mut();
        match groups.as_deref().filter(|holder| *holder != execution && Some(*holder) != dead) {
            Some(holder) => Ok(Err(holder.to_owned())),
            None => {
                self.writes.set(self.writes.get() + 1);
                *groups = Some(execution.to_owned());
                Ok(Ok(()))
            }
        }
    }

    async fn wait_for_groups(&self, execution: &str) -> LedgerResult<Option<String>> {
        crate::pause().await;
        self.check("dynamodb:UpdateItem")?;
        let mut waiting = self.waiting_for_groups.borrow_mut();
        if let Some(later) = waiting.as_ref().filter(|other| other.as_str() > execution) {
            return Ok(Some(later.clone()));
        }
        *waiting = Some(execution.to_owned());
        Ok(None)
    }

    async fn leave_groups(&self, execution: &str) -> LedgerResult<()> {
        crate::pause().await;
        self.check("dynamodb:UpdateItem")?;
        self.groups.borrow_mut().take_if(|holder| *holder == execution);
        Ok(())
    }

    async fn hold(&self, by: &Withdrawer, hold: Hold, before: Option<&Hold>) -> LedgerResult<Hold> {
        crate::pause().await;
        self.check("dynamodb:UpdateItem")?;
        let mut holds = self.holds.borrow_mut();
        Ok(match holds.get(by) {
            Some(other) if Some(other) != before => other.clone(),
            _ => holds.entry(by.clone()).insert_entry(hold).get().clone(),
        })
    }

    async fn update(&self, pair: &PairKey, update: &Update) -> LedgerResult<Updated> {
        crate::pause().await;
        self.check("dynamodb:UpdateItem")?;
        let mut items = self.items.borrow_mut();
        let before = items.get(pair).map(parse).transpose()?;
        if !update.condition.holds(before.as_ref()) {
            return Ok(Updated::Refused(before.map(Box::new)));
        }
        let item = items.entry(pair.clone()).or_insert_with(|| with_key(pair));
        item.extend(update.set.clone());
        for name in &update.remove {
            item.remove(*name);
        }
        if let Some(maker) = &update.maker {
            let makers = item.entry("Makers").or_insert_with(|| json!([]));
            let known = makers.as_array_mut().expect("a set");
            if !known.contains(&json!(maker)) {
                known.push(json!(maker));
            }
        }
        self.writes.set(self.writes.get() + 1);
        parse(item).map(|item| Updated::Done(Box::new(item)))
    }
}
