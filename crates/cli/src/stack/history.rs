//! The history of an execution, event by event.

use crate::calls::Called;
use crate::execution::{Event, Happened};
use crate::failure::Failure;
use crate::stack::{Stack, cut_off};
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};

/// Most polls need one page.
const PAGE: i32 = 100;

impl Stack<'_> {
    /// The events after that one, in their order. Only the newest are read: an execution may have thousands. `None` if there is
    /// no such execution, which may be so for a moment after its start.
    pub async fn events_after(&self, execution: &str, last: i64) -> Result<Option<Vec<Event>>, Failure> {
        let client = aws_sdk_sfn::Client::new(self.config().await?);
        let (mut events, mut token) = (Vec::new(), None);
        loop {
            let call = client.get_execution_history().execution_arn(execution).max_results(PAGE);
            let page = match call.reverse_order(true).set_next_token(token).send().await {
                Ok(page) => page,
                Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => {
                    return Ok(None);
                }
                Err(error) => return Err(self.failed("states:GetExecutionHistory", Called::Stack, &error)),
            };
            let is_known = page.events().iter().any(|event| event.id() <= last);
            events.extend(page.events().iter().filter(|event| event.id() > last).map(read));
            token = page.next_token().filter(|_| !is_known).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(Some(events))
    }
}

fn read(event: &HistoryEvent) -> Event {
    Event { id: event.id(), time: event.timestamp().as_secs_f64(), happened: happened(event) }
}

fn happened(event: &HistoryEvent) -> Happened {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    if let Some(entered) = event.state_entered_event_details() {
        return Happened::Entered(entered.name().to_owned());
    }
    if let Some(left) = event.state_exited_event_details() {
        return Happened::Left(left.name().to_owned());
    }
    if let Some(failed) = event.task_failed_event_details() {
        return Happened::TaskFailed(text(failed.error()), text(failed.cause()));
    }
    if let Some(succeeded) = event.task_succeeded_event_details() {
        return Happened::TaskSucceeded(text(succeeded.output()));
    }
    match event.r#type() {
        HistoryEventType::TaskTimedOut => Happened::TaskFailed("States.Timeout".into(), String::new()),
        HistoryEventType::ExecutionSucceeded => {
            let output = event.execution_succeeded_event_details().and_then(|details| details.output());
            Happened::Ended(serde_json::from_str(output.unwrap_or("null")).map_err(Failure::other))
        }
        HistoryEventType::ExecutionFailed => {
            let details = event.execution_failed_event_details();
            let error = details.and_then(|details| details.error()).unwrap_or("Unknown");
            let cause = details.and_then(|details| details.cause()).unwrap_or_default();
            Happened::Ended(Err(Failure::of_execution(error, cause)))
        }
        HistoryEventType::ExecutionAborted => Happened::Ended(cut_off("ABORTED")),
        HistoryEventType::ExecutionTimedOut => Happened::Ended(cut_off("TIMED_OUT")),
        _ => Happened::Other,
    }
}
