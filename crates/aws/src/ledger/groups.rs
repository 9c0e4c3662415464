//! The lease on all groups: an item of its own.

use super::{DynamoLedger, Item, PAIR, failed};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use isthmus_peering::ports::LedgerResult;

/// The key of the item that says which run of the groups machine works.
pub(super) const KEY: &str = "groups";
/// The attribute that names it.
const HOLDER: &str = "Holder";
/// The one that names the last of those that wait for it.
const WAITING: &str = "Waiting";

impl DynamoLedger {
    pub(super) async fn holder_of_groups(&self) -> LedgerResult<Option<String>> {
        let call = self.client.get_item().table_name(&self.table).key(PAIR, groups_key()).consistent_read(true);
        let found = call.send().await.map_err(|error| failed("dynamodb:GetItem", error))?;
        Ok(found.item.as_ref().and_then(holder))
    }

    pub(super) async fn take_lease_on_groups(
        &self,
        execution: &str,
        dead: Option<&str>,
    ) -> LedgerResult<Result<(), String>> {
        let action = "dynamodb:UpdateItem";
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PAIR, groups_key())
            .update_expression("SET #holder = :execution")
            .condition_expression("attribute_not_exists(#holder) OR #holder IN (:execution, :dead)")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":execution", AttributeValue::S(execution.to_owned()))
            .expression_attribute_values(":dead", AttributeValue::S(dead.unwrap_or(execution).to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else { return Ok(Ok(())) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Err(refused.item().and_then(holder).unwrap_or_default()))
            }
            _ => Err(failed(action, error)),
        }
    }

    pub(super) async fn wait_for_lease_on_groups(&self, execution: &str) -> LedgerResult<Option<String>> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PAIR, groups_key())
            .update_expression("SET #waiting = :execution")
            .condition_expression("attribute_not_exists(#waiting) OR #waiting <= :execution")
            .expression_attribute_names("#waiting", WAITING)
            .expression_attribute_values(":execution", AttributeValue::S(execution.to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else { return Ok(None) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(refused.item().and_then(|item| item.get(WAITING)?.as_s().ok().cloned()))
            }
            _ => Err(failed("dynamodb:UpdateItem", error)),
        }
    }

    pub(super) async fn leave_lease_on_groups(&self, execution: &str) -> LedgerResult<()> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PAIR, groups_key())
            .update_expression("REMOVE #holder")
            .condition_expression("#holder = :execution")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":execution", AttributeValue::S(execution.to_owned()));
        let Err(error) = call.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(failed("dynamodb:UpdateItem", error)),
        }
    }
}

fn groups_key() -> AttributeValue {
    AttributeValue::S(KEY.to_owned())
}

fn holder(item: &Item) -> Option<String> {
    item.get(HOLDER)?.as_s().ok().cloned()
}
