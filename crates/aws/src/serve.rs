//! What every function does around its one step: read the settings, build the clients, answer events.

use crate::accounts::{Accounts, CALL, sdk_config};
use crate::ec2::Ec2Network;
use crate::executions::StateMachine;
use crate::logs;
use crate::settings::{self, BadSetting, setting};
use aws_config::SdkConfig;
use isthmus_peering::error::Error;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::Started;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// What a step works with, made once, before the first event.
pub struct Hub {
    /// EC2, everywhere.
    pub network: Ec2Network,
    /// What the stack's owner decided.
    pub stack: Stack,
    config: SdkConfig,
}

impl Hub {
    async fn from_environment() -> Result<Self, BadSetting> {
        let (stack, credentials, config) = (settings::stack()?, settings::credentials()?, sdk_config().await);
        let accounts = Accounts::new(config.clone(), stack.account.clone(), credentials);
        accounts.prepare(&stack.region).await;
        Ok(Self { network: Ec2Network::new(accounts), stack, config })
    }

    /// The peering machine, for the functions that start it.
    pub fn state_machine(&self) -> Result<StateMachine, Error> {
        let arn = setting("STATE_MACHINE_ARN").map_err(|bad: BadSetting| Error::invalid("STATE_MACHINE_ARN", bad))?;
        Ok(StateMachine::new(aws_sdk_sfn::Client::new(&self.config), arn))
    }
}

/// How long this invocation still has.
#[derive(Debug, Clone, Copy)]
pub struct TimeLeft {
    deadline: SystemTime,
}

impl TimeLeft {
    /// Whether another call to AWS may be started: it would be over, all its retries included, before Lambda ends this
    /// invocation. What takes several calls may be cut off all the same, and is safe to run again.
    pub fn is_enough_for_a_call(&self) -> bool {
        let left = self.deadline.duration_since(SystemTime::now()).unwrap_or_default();
        left > CALL + Duration::from_secs(2)
    }
}

/// Serves `step` for as long as Lambda sends events. Its error reaches the machine by its public name.
pub async fn serve<Task, Output>(
    step: impl AsyncFn(&Hub, Task, TimeLeft) -> Result<Output, Error>,
) -> Result<(), lambda_runtime::Error>
where
    Task: DeserializeOwned,
    Output: Serialize,
{
    logs::init();
    let hub = Hub::from_environment().await?;
    let (hub, step) = (&hub, &step);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let time_left = TimeLeft { deadline: event.context.deadline() };
        let task = Task::deserialize(event.payload).map_err(unreadable).map_err(Failed)?;
        // On the heap, or the type of the whole future nests deeper than the compiler looks.
        let answer: Pin<Box<dyn Future<Output = _>>> = Box::pin(step(hub, task, time_left));
        answer.await.map_err(Failed)
    }))
    .await
}

/// The state selects something else than the step expects: the machine and the function are not of one deployment.
fn unreadable(error: serde_json::Error) -> Error {
    tracing::error!(%error, "the task can't be read");
    Error::ServiceFault { action: "lambda:Invoke".into(), code: "UnreadableTask".into() }
}

/// The answer of an asynchronous invocation is heard by nobody, so what a tag said wrong is logged.
pub fn log_refusals(started: &Started) {
    for refusal in &started.refused {
        tracing::warn!(refusal, "a tag can't be understood");
    }
}

/// An error on its way to Step Functions, which sees the public name as `Error` and the JSON cause within `Cause`.
#[derive(Debug)]
struct Failed(Error);

impl From<Failed> for Diagnostic {
    fn from(Failed(error): Failed) -> Self {
        let (error_type, cause) = error.name_and_cause();
        let error_message = Value::Object(cause).to_string();
        tracing::warn!(error_type, error_message, "the step failed");
        Self { error_type, error_message }
    }
}
