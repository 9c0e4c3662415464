//! What is written, each change with its condition.

use super::{MemoryLedger, parse, with_key};
use isthmus_peering::ledger::{Hold, PairKey, Update, Withdrawer};
use isthmus_peering::ports::{LedgerResult, LedgerWrites, Updated};
use serde_json::json;

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
