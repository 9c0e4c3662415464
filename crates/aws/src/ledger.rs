//! The ledger in DynamoDB, and what Step Functions says about the executions that it names.
//!
//! One table, one item a pair. Every change is one `UpdateItem` with a condition; a condition that doesn't hold answers the
//! item as it is in the same call.

mod expression;
mod groups;
mod writes;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_types::DateTime;
use isthmus_peering::connection::End;
use isthmus_peering::ledger::{LedgerItem, PairKey, VERSION, Withdrawals, Withdrawer, end_key};
use isthmus_peering::ports::{ExecutionState, LedgerError, LedgerReads, LedgerResult};
use std::collections::HashMap;
use std::time::SystemTime;

/// The table's key.
const PAIR: &str = "Pair";
/// The sparse index of pairs that the tags of an account, or of a group's members, withdrew.
const WITHDRAWN_BY: &str = "WithdrawnBy";
/// The attribute that only the items of brakes have.
const HELD_SINCE: &str = "HeldSince";
/// The sparse index of pairs for which an end's consent is missing.
const OWES: &str = "Owes";

type Item = HashMap<String, AttributeValue>;

/// The ledger's table, and the machines of the executions that it names.
pub struct DynamoLedger {
    client: aws_sdk_dynamodb::Client,
    machines: aws_sdk_sfn::Client,
    table: String,
}

impl DynamoLedger {
    /// The ledger in that table.
    pub fn new(client: aws_sdk_dynamodb::Client, machines: aws_sdk_sfn::Client, table: String) -> Self {
        Self { client, machines, table }
    }

    /// What an index holds under that value of the attribute which it is named after.
    async fn query(&self, index: &str, value: String) -> LedgerResult<Vec<Item>> {
        let pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#key = :value")
            .expression_attribute_names("#key", index)
            .expression_attribute_values(":value", AttributeValue::S(value))
            .into_paginator()
            .items()
            .send();
        pages.collect::<Result<Vec<Item>, _>>().await.map_err(|error| failed("dynamodb:Query", error))
    }
}

impl LedgerReads for DynamoLedger {
    async fn item(&self, pair: &PairKey) -> LedgerResult<Option<LedgerItem>> {
        let action = "dynamodb:GetItem";
        let call = self.client.get_item().table_name(&self.table).key(PAIR, key(pair)).consistent_read(true);
        let found = call.send().await.map_err(|error| failed(action, error))?;
        found.item.map(|item| parse(action, item)).transpose()
    }

    async fn pairs_owed_by(&self, end: &End) -> LedgerResult<Vec<PairKey>> {
        let items = self.query(OWES, end_key(end)).await?;
        Ok(items.iter().filter_map(|item| item.get(PAIR)?.as_s().ok()?.parse().ok()).collect())
    }

    async fn withdrawals(&self, by: &Withdrawer) -> LedgerResult<Withdrawals> {
        let action = "dynamodb:GetItem";
        let call = self.client.get_item().table_name(&self.table).key(PAIR, brake_key(by)).consistent_read(true);
        let brake = call.send().await.map_err(|error| failed(action, error))?.item;
        let hold = brake.and_then(|brake| serde_dynamo::from_item(brake).ok());
        let items = self.query(WITHDRAWN_BY, by.to_string()).await?;
        let read = |item: &Item| {
            let pair = item.get(PAIR)?.as_s().ok()?.parse().ok()?;
            Some((pair, serde_dynamo::from_attribute_value(item.get("Withdrawal")?.clone()).ok()?))
        };
        Ok(Withdrawals { of: items.iter().filter_map(read).collect(), hold })
    }

    async fn count_pairs(&self, of: &Withdrawer, removed_since: i64) -> LedgerResult<usize> {
        let action = "dynamodb:Scan";
        let call = self.client.scan().table_name(&self.table).select(Select::Count);
        let call = match of {
            Withdrawer::Account(account) => call
                .filter_expression(
                    "contains(#pair, :of) AND (attribute_exists(#connection) OR #withdrawal.#at > :since)",
                )
                .expression_attribute_names("#pair", PAIR)
                .expression_attribute_values(":of", AttributeValue::S(format!("@{account}"))),
            Withdrawer::Group(group) => call
                .filter_expression(
                    "(contains(#asked.#groups, :of) AND attribute_exists(#connection)) OR \
                     (#by = :by AND #withdrawal.#at > :since)",
                )
                .expression_attribute_names("#asked", "AskedBy")
                .expression_attribute_names("#groups", "Groups")
                .expression_attribute_names("#by", WITHDRAWN_BY)
                .expression_attribute_values(":by", AttributeValue::S(of.to_string()))
                .expression_attribute_values(":of", AttributeValue::S(group.to_string())),
        };
        let pages = call
            .expression_attribute_names("#connection", "Connection")
            .expression_attribute_names("#withdrawal", "Withdrawal")
            .expression_attribute_names("#at", "At")
            .expression_attribute_values(":since", AttributeValue::N(removed_since.to_string()))
            .into_paginator()
            .send();
        let pages = pages.collect::<Result<Vec<_>, _>>().await.map_err(|error| failed(action, error))?;
        Ok(pages.iter().map(|page| usize::try_from(page.count()).unwrap_or_default()).sum())
    }

    async fn items(&self) -> LedgerResult<Vec<Result<LedgerItem, (String, LedgerError)>>> {
        let action = "dynamodb:Scan";
        let pages = self.client.scan().table_name(&self.table).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<Item>, _>>().await.map_err(|error| failed(action, error))?;
        let read = |item: Item| {
            let key = item.get(PAIR).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
            parse(action, item).map_err(|error| (key, error))
        };
        let is_groups =
            |item: &Item| item.get(PAIR).and_then(|key| key.as_s().ok()).is_some_and(|key| key == groups::KEY);
        let is_pair = |item: &Item| !item.contains_key(HELD_SINCE) && !is_groups(item);
        Ok(items.into_iter().filter(is_pair).map(read).collect())
    }

    async fn groups_holder(&self) -> LedgerResult<Option<String>> {
        self.holder_of_groups().await
    }

    async fn execution_state(&self, execution: &str) -> LedgerResult<ExecutionState> {
        let described = self.machines.describe_execution().execution_arn(execution).send().await;
        let described = match described {
            Ok(described) => described,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => {
                return Ok(ExecutionState::Unknown);
            }
            Err(error) => return Err(failed("states:DescribeExecution", error)),
        };
        // One that waits for its redrive runs again, with what it knew when it failed.
        Ok(match (described.status(), described.stop_date()) {
            (ExecutionStatus::Running | ExecutionStatus::PendingRedrive, _) | (_, None) => ExecutionState::Running,
            (_, Some(stopped)) => ExecutionState::Closed { seconds: seconds_since(stopped) },
        })
    }
}

/// The key of the item that says since when the brake holds what that one takes away.
fn brake_key(by: &Withdrawer) -> AttributeValue {
    AttributeValue::S(format!("brake@{by}"))
}

fn key(pair: &PairKey) -> AttributeValue {
    AttributeValue::S(pair.to_string())
}

fn parse(action: &str, item: Item) -> LedgerResult<LedgerItem> {
    let error = |code: &str| LedgerError { action: action.to_owned(), code: code.to_owned() };
    let version: f64 = item.get("V").and_then(|version| version.as_n().ok()?.parse().ok()).unwrap_or(0.0);
    if version > f64::from(VERSION) {
        return Err(error("NewerItem"));
    }
    serde_dynamo::from_item(item).map_err(|reason| {
        tracing::error!(%reason, "an item of the ledger can't be parsed");
        error("InvalidItem")
    })
}

fn failed<E>(action: &str, error: SdkError<E>) -> LedgerError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    tracing::warn!(action, error = %DisplayErrorContext(&error), "the ledger does not answer");
    let code = error.as_service_error().and_then(|service| service.meta().code()).unwrap_or("NoAnswer");
    LedgerError { action: action.to_owned(), code: code.to_owned() }
}

fn seconds_since(time: &DateTime) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    now.saturating_sub(u64::try_from(time.secs()).unwrap_or_default())
}
