//! The ledger in DynamoDB, and what Step Functions says about the executions that it names.
//!
//! One table, one item a pair. Every change is one `UpdateItem` with a condition; a condition that doesn't hold answers the
//! item as it is in the same call.

mod expression;

use crate::ledger::expression::Expression;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_smithy_types::DateTime;
use isthmus_peering::connection::End;
use isthmus_peering::ledger::{LedgerItem, PairKey, Update, VERSION, end_key};
use isthmus_peering::ports::{ExecutionState, LedgerError, LedgerReads, LedgerResult, LedgerWrites, Updated};
use std::collections::HashMap;
use std::time::SystemTime;

/// The table's key.
const PAIR: &str = "Pair";
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
}

impl LedgerReads for DynamoLedger {
    async fn item(&self, pair: &PairKey) -> LedgerResult<Option<LedgerItem>> {
        let action = "dynamodb:GetItem";
        let call = self.client.get_item().table_name(&self.table).key(PAIR, key(pair)).consistent_read(true);
        let found = call.send().await.map_err(|error| failed(action, error))?;
        found.item.map(|item| parse(action, item)).transpose()
    }

    async fn pairs_owed_by(&self, end: &End) -> LedgerResult<Vec<PairKey>> {
        let action = "dynamodb:Query";
        let pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWES)
            .key_condition_expression("#owes = :end")
            .expression_attribute_names("#owes", OWES)
            .expression_attribute_values(":end", AttributeValue::S(end_key(end)))
            .into_paginator()
            .items()
            .send();
        let items = pages.collect::<Result<Vec<Item>, _>>().await.map_err(|error| failed(action, error))?;
        Ok(items.iter().filter_map(|item| item.get(PAIR)?.as_s().ok()?.parse().ok()).collect())
    }

    async fn items(&self) -> LedgerResult<Vec<Result<LedgerItem, (String, LedgerError)>>> {
        let action = "dynamodb:Scan";
        let pages = self.client.scan().table_name(&self.table).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<Item>, _>>().await.map_err(|error| failed(action, error))?;
        let read = |item: Item| {
            let key = item.get(PAIR).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
            parse(action, item).map_err(|error| (key, error))
        };
        Ok(items.into_iter().map(read).collect())
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

impl LedgerWrites for DynamoLedger {
    async fn update(&self, pair: &PairKey, update: &Update) -> LedgerResult<Updated> {
        let action = "dynamodb:UpdateItem";
        let Expression { update, condition, names, values } = Expression::of(update);
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PAIR, key(pair))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match call.send().await {
            Ok(updated) => return Ok(Updated::Done(Box::new(parse(action, updated.attributes.unwrap_or_default())?))),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                // A newer item is told by its version, whatever else is in it.
                let item = refused.item.clone().filter(|item| !item.is_empty());
                Ok(Updated::Refused(item.map(|item| parse(action, item)).transpose()?.map(Box::new)))
            }
            _ => Err(failed(action, error)),
        }
    }
}

fn key(pair: &PairKey) -> AttributeValue {
    AttributeValue::S(pair.to_string())
}

fn parse(action: &str, item: Item) -> LedgerResult<LedgerItem> {
    let error = |code: &str| LedgerError { action: action.to_owned(), code: code.to_owned() };
    let version = item.get("V").and_then(|version| version.as_n().ok()?.parse().ok()).unwrap_or(0);
    if version > VERSION {
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
