//! What is written: one `UpdateItem` with a condition for every change.

use super::{DynamoLedger, HELD_SINCE, PAIR, brake_key, failed, key, parse};
use crate::ledger::expression::Expression;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use isthmus_peering::ledger::{Hold, PairKey, Update, Withdrawer};
use isthmus_peering::ports::{LedgerResult, LedgerWrites, Updated};

impl LedgerWrites for DynamoLedger {
    async fn take_groups(&self, execution: &str, dead: Option<&str>) -> LedgerResult<Result<(), String>> {
        self.take_lease_on_groups(execution, dead).await
    }

    async fn wait_for_groups(&self, execution: &str) -> LedgerResult<Option<String>> {
        self.wait_for_lease_on_groups(execution).await
    }

    async fn leave_groups(&self, execution: &str) -> LedgerResult<()> {
        self.leave_lease_on_groups(execution).await
    }

    async fn hold(&self, by: &Withdrawer, hold: Hold, before: Option<&Hold>) -> LedgerResult<Hold> {
        let action = "dynamodb:UpdateItem";
        let number = |number: i64| AttributeValue::N(number.to_string());
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PAIR, brake_key(by))
            .update_expression("SET #since = :since, #by = :by, #limit = :limit")
            .condition_expression("attribute_not_exists(#since) OR #since = :before")
            .expression_attribute_names("#since", HELD_SINCE)
            .expression_attribute_names("#by", "HeldBy")
            .expression_attribute_names("#limit", "Limit")
            .expression_attribute_values(":since", number(hold.held_since))
            .expression_attribute_values(":by", AttributeValue::S(hold.held_by.clone()))
            .expression_attribute_values(":limit", AttributeValue::N(hold.limit.to_string()))
            .expression_attribute_values(":before", number(before.map_or(0, |before| before.held_since)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else { return Ok(hold) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                serde_dynamo::from_item(refused.item.clone().unwrap_or_default()).map_err(|_| failed(action, error))
            }
            _ => Err(failed(action, error)),
        }
    }

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
