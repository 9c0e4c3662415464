//! A failure by its public name. Lambda and Step Functions have names of their own for a function that never answered.

use super::Failure;
use crate::connection::Status;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What every poll that comes too early carries.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Poll {
    vpc_peering_connection_id: VpcPeeringConnectionId,
    status: Status,
}

/// The public name and the cause of a state's failure.
pub(super) fn public(failure: &Failure) -> (String, Map<String, Value>) {
    let Some(cause) = own_cause(&failure.cause) else {
        return service_fault(&failure.state, &failure.error);
    };
    match failure.error.as_str() {
        "PeeringPending" | "PeeringNotVisible" => match Poll::deserialize(Value::Object(cause)) {
            Ok(Poll { vpc_peering_connection_id, status }) => {
                Error::PeeringTimedOut { vpc_peering_connection_id, status }.name_and_cause()
            }
            Err(_) => service_fault(&failure.state, &failure.error),
        },
        "RoutesRemaining" => service_fault("ec2:CreateRoute", "RequestLimitExceeded"),
        name => (name.to_owned(), cause),
    }
}

fn service_fault(action: &str, code: &str) -> (String, Map<String, Value>) {
    Error::ServiceFault { action: action.into(), code: code.into() }.name_and_cause()
}

/// Lambda answers `{"errorType": …, "errorMessage": …}`; our functions put their cause, as JSON, in the message.
fn own_cause(cause: &str) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        error_message: String,
    }
    let report: Report = serde_json::from_str(cause).ok()?;
    serde_json::from_str(&report.error_message).ok().filter(|cause: &Map<String, Value>| cause.contains_key("Message"))
}
