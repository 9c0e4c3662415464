//! A change of an item as DynamoDB's expressions.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html>

use aws_sdk_dynamodb::types::AttributeValue;
use isthmus_peering::ledger::{Condition, Update, VERSION, WithdrawalState};
use std::collections::HashMap;

/// The parameters of one `UpdateItem`.
pub(crate) struct Expression {
    pub(crate) update: String,
    pub(crate) condition: String,
    /// Every attribute by a placeholder: some names are reserved words.
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Expression {
    pub(crate) fn of(update: &Update) -> Self {
        let mut expression =
            Self { update: String::new(), condition: String::new(), names: HashMap::new(), values: HashMap::new() };
        let mut clauses = Vec::new();
        let set: Vec<String> = update
            .set
            .iter()
            .map(|(name, value)| {
                let value = serde_dynamo::to_attribute_value(value).unwrap_or(AttributeValue::Null(true));
                format!("{} = {}", expression.name(name), expression.value(name, value))
            })
            .collect();
        let remove: Vec<String> = update.remove.iter().map(|name| expression.name(name)).collect();
        clauses.extend((!set.is_empty()).then(|| format!("SET {}", set.join(", "))));
        clauses.extend((!remove.is_empty()).then(|| format!("REMOVE {}", remove.join(", "))));
        if let Some(maker) = &update.maker {
            let makers = expression.value("Makers", AttributeValue::Ss(vec![maker.clone()]));
            clauses.push(format!("ADD {} {makers}", expression.name("Makers")));
        }
        expression.update = clauses.join(" ");
        expression.condition = expression.condition(&update.condition);
        expression
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::FreeOrHeldBy(holders) => {
                let holder = self.name("Holder");
                let known: Vec<String> = holders
                    .iter()
                    .enumerate()
                    .map(|(number, known)| self.value(&format!("Known{number}"), AttributeValue::S(known.clone())))
                    .collect();
                let version = self.name("V");
                let newest = self.value("Newest", AttributeValue::N(VERSION.to_string()));
                format!(
                    "(attribute_not_exists({holder}) OR {holder} IN ({})) AND \
                     (attribute_not_exists({version}) OR {version} <= {newest})",
                    known.join(", ")
                )
            }
            Condition::HeldBy(execution) => {
                let execution = self.value("Execution", AttributeValue::S(execution.clone()));
                format!("{} = {execution}", self.name("Holder"))
            }
            Condition::Held => format!("attribute_exists({})", self.name("Holder")),
            Condition::NotWithdrawn(by, of) => {
                let [connection, known] = [self.name("Connection"), self.name("WithdrawnBy")];
                let [state, known_of] = [self.part("Withdrawal", "State"), self.part("Withdrawal", "Of")];
                let by = self.value("By", AttributeValue::S(by.to_string()));
                let of = self.value("Of", AttributeValue::S(<&str>::from(of).to_owned()));
                let done = self.value("Done", AttributeValue::S(<&str>::from(WithdrawalState::Done).to_owned()));
                format!(
                    "attribute_exists({connection}) AND \
                     (attribute_not_exists({known}) OR {known} <> {by} OR {known_of} <> {of} OR {state} = {done})"
                )
            }
            Condition::Withdrawn(withdrawal) => {
                let withdrawal = serde_dynamo::to_attribute_value(withdrawal).unwrap_or(AttributeValue::Null(true));
                format!("{} = {}", self.name("Withdrawal"), self.value("KnownWithdrawal", withdrawal))
            }
        }
    }

    fn part(&mut self, attribute: &str, part: &str) -> String {
        format!("{}.{}", self.name(attribute), self.name(part))
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{name}");
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
