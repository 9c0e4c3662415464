//! What every function does around its one step: read the settings, make the clients, answer events.

use crate::accounts::{Accounts, CALL, sdk_config};
use crate::clock::SystemClock;
use crate::ec2::Ec2Network;
use crate::executions::{Arns, StateMachines};
use crate::ledger::DynamoLedger;
use crate::logs;
use crate::payload::Payload;
use crate::settings::{self, BadSetting, setting};
use aws_config::SdkConfig;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use isthmus_peering::context::Context;
use isthmus_peering::error::Error;
use isthmus_peering::stack::{Scope, Stack};
use isthmus_peering::steps::{Pace, Sweep};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::pin::Pin;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;

/// What a step works with, made once, before the first event.
pub struct Runtime {
    network: Ec2Network,
    ledger: DynamoLedger,
    stack: Stack,
    config: SdkConfig,
    clock: SystemClock,
}

impl Runtime {
    async fn from_environment() -> Result<Self, BadSetting> {
        let (stack, credentials, config) = (settings::stack()?, settings::credentials()?, sdk_config().await);
        let accounts = Accounts::new(config.clone(), stack.account.clone(), credentials);
        accounts.prepare(&stack.region).await;
        let (tables, machines) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_sfn::Client::new(&config));
        let ledger = DynamoLedger::new(tables, machines, setting("LEDGER_TABLE")?);
        Ok(Self { network: Ec2Network::new(accounts, stack.mode), ledger, stack, config, clock: SystemClock::start() })
    }

    /// Network, ledger and stack, for one invocation.
    pub fn context(&self, invocation: &Invocation) -> Context<'_, Ec2Network, DynamoLedger> {
        Context { network: &self.network, ledger: &self.ledger, stack: &self.stack, now: invocation.seconds() }
    }

    /// What the stack's owner decided.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The machines, for the functions that start them.
    pub fn state_machines(&self) -> Result<StateMachines, Error> {
        let arn = |name| setting(name).map_err(bad);
        let arns = Arns {
            peering: arn("STATE_MACHINE_ARN")?,
            teardown: arn("TEARDOWN_STATE_MACHINE_ARN")?,
            clean_up: arn("CLEAN_UP_STATE_MACHINE_ARN")?,
            groups: arn("GROUPS_STATE_MACHINE_ARN")?,
        };
        Ok(StateMachines::new(aws_sdk_sfn::Client::new(&self.config), arns))
    }

    /// Where the functions that read beyond one pair have to read.
    pub fn scope(&self) -> Result<Scope, Error> {
        settings::scope(&self.stack).map_err(bad)
    }

    /// How fast a lane works.
    pub fn pace(&self) -> Result<Pace<'_, SystemClock>, Error> {
        Ok(Pace { clock: &self.clock, share: setting("API_SHARE").map_err(bad)? })
    }

    /// The sweep of this invocation.
    pub fn sweep(&self, invocation: &Invocation) -> Result<Sweep, Error> {
        let (id, time) = (invocation.request_id.clone(), invocation.began());
        Ok(Sweep { scope: self.scope()?, id, time })
    }
}

fn bad(setting: BadSetting) -> Error {
    Error::invalid(setting.name, setting)
}

/// One invocation of the function.
#[derive(Debug, Clone)]
pub struct Invocation {
    deadline: SystemTime,
    began: SystemTime,
    request_id: String,
}

impl Invocation {
    /// When it began, in seconds since 1970.
    fn seconds(&self) -> i64 {
        DateTime::from(self.began).secs()
    }

    /// Whether another call to AWS may be started: it would end, all its retries included, before Lambda ends this
    /// invocation. What takes several calls may be interrupted all the same, and is safe to run again.
    pub fn has_time_for_a_call(&self) -> bool {
        let left = self.deadline.duration_since(SystemTime::now()).unwrap_or_default();
        left > CALL + Duration::from_secs(2)
    }

    /// When it began, as ISO 8601 spells it.
    pub fn began(&self) -> String {
        DateTime::from(self.began).fmt(Format::DateTime).unwrap_or_default()
    }
}

/// Takes the step again, in a second or two, for as long as AWS throttles it and the invocation has time. For functions that
/// events invoke: after three failures Lambda gives an event up, while a state machine calls for as long as it takes.
pub async fn until_not_throttled<Output>(
    invocation: &Invocation,
    step: impl AsyncFn() -> Result<Output, Error>,
) -> Result<Output, Error> {
    loop {
        match step().await {
            Err(Error::Throttled { .. }) if invocation.has_time_for_a_call() => sleep(jitter()).await,
            other => return other,
        }
    }
}

/// Not the same for those that were throttled together.
fn jitter() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(500 + u64::from(now.subsec_micros() % 2_000))
}

/// Serves `step` for as long as Lambda sends events. Its error reaches the machine by its public name.
pub async fn serve<Task, Output>(
    step: impl AsyncFn(&Runtime, Task, &Invocation) -> Result<Output, Error>,
) -> Result<(), lambda_runtime::Error>
where
    Task: DeserializeOwned,
    Output: Serialize,
{
    logs::init();
    let runtime = Runtime::from_environment().await?;
    let (runtime, step) = (&runtime, &step);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Payload>| {
        let invocation = &Invocation {
            deadline: event.context.deadline(),
            began: SystemTime::now(),
            request_id: event.context.request_id.clone(),
        };
        let task = Task::deserialize(event.payload.into_value()).map_err(unreadable).map_err(Failed)?;
        // On the heap, or the type of the whole future nests deeper than the compiler looks.
        let answer: Pin<Box<dyn Future<Output = _>>> = Box::pin(step(runtime, task, invocation));
        answer.await.map_err(Failed)
    }))
    .await
}

/// The machine passes something else than the step expects: they are not of one deployment.
fn unreadable(error: serde_json::Error) -> Error {
    tracing::error!(%error, "the task can't be read");
    Error::ServiceFault { action: "lambda:Invoke".into(), code: "UnreadableTask".into() }
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
