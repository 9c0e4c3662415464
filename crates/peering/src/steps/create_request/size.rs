//! Whether what an execution passes from state to state fits into what Step Functions passes.

use super::Plan;
use crate::error::Error;
use crate::request::PeeringInput;
use serde::Serialize;

/// Of 256 KiB; the rest is for a failure, and for what is small.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const ROOM: usize = 200_000;

/// [`Error::InvalidRequest`] if the request, and what is planned about it, are too long to be passed together, as they are to the
/// roll-back. Then the execution would end between two states, by a name of Step Functions, with a connection made.
pub(super) fn check_size(plan: &Plan) -> Result<(), Error> {
    let Plan { asked, routes, .. } = plan;
    let request = PeeringInput::from(asked.request.clone());
    let peering = (&routes.sides, &routes.standing, &routes.warnings, &asked.asked_by, &asked.request.tags);
    let bytes = size(&request) + size(&peering);
    if bytes > ROOM {
        let message = format!(
            "the request and what is planned about it have {bytes} bytes, and Step Functions passes {ROOM}: select fewer tables or \
             destinations, or write fewer tags"
        );
        return Err(Error::invalid("Routes", message));
    }
    Ok(())
}

/// As JSON.
fn size(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
}
