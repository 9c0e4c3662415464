//! What is read, strongly consistent but for the pairs that are left out of the index.

use super::{MemoryLedger, parse};
use isthmus_peering::connection::End;
use isthmus_peering::ledger::{LedgerItem, PairKey, Withdrawals, Withdrawer, end_key};
use isthmus_peering::ports::{ExecutionState, LedgerError, LedgerReads, LedgerResult};
use serde_json::json;

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
