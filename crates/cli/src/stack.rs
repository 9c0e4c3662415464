//! The deployed stack: its machines and functions, by their fixed names.

mod history;
mod sdk;

use crate::arguments::Global;
use crate::calls::{Called, call_failure};
use crate::execution::Ended;
use crate::failure::Failure;
use aws_config::SdkConfig;
use isthmus_peering::failure::{Caught, Failure as StateFailure};
use isthmus_peering::ids::{AccountId, Region};
use isthmus_picture::topology::{Topology, UnreadableTopology};
use serde::Serialize;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::OnceCell;

/// A state machine of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Sets up.
    Peering,
    /// Tears down.
    Teardown,
    /// Undoes what an execution made that was cut off.
    CleanUp,
    /// Plans the groups.
    Groups,
}

impl Machine {
    /// All.
    pub const ALL: [Self; 4] = [Self::Peering, Self::Teardown, Self::CleanUp, Self::Groups];

    /// What its name ends in, after the stack's.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Peering => "peering",
            Self::Teardown => "teardown",
            Self::CleanUp => "clean-up",
            Self::Groups => "groups",
        }
    }
}

/// Where the stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Its Region.
    pub region: Region,
    /// Its account: the caller's own.
    pub account: AccountId,
}

/// What is asked of AWS. Nothing is, until a command needs it.
#[derive(Debug)]
pub struct Stack<'g> {
    global: &'g Global,
    config: OnceCell<SdkConfig>,
    home: OnceCell<Home>,
}

impl<'g> Stack<'g> {
    /// The stack that the arguments name.
    pub fn new(global: &'g Global) -> Self {
        Self { global, config: OnceCell::new(), home: OnceCell::new() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.global.stack
    }

    /// Where it is, as far as the caller's identity and settings say so.
    pub async fn home(&self) -> Result<&Home, Failure> {
        self.home.get_or_try_init(|| self.ask_for_home()).await
    }

    async fn ask_for_home(&self) -> Result<Home, Failure> {
        let config = self.config().await?;
        let region = config.region().map_or_else(String::new, ToString::to_string);
        let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
        let identity = identity.map_err(|error| self.failed("sts:GetCallerIdentity", Called::Account, &error))?;
        // arn:<partition>:sts::<account>:assumed-role/…
        let arn = identity.arn().unwrap_or_default();
        let partition = arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws").to_owned();
        Ok(Home {
            partition,
            region: region.parse().map_err(Failure::usage)?,
            account: identity.account().unwrap_or_default().parse().map_err(Failure::other)?,
        })
    }

    /// The ARN of an execution of that machine.
    pub async fn execution_arn(&self, machine: Machine, name: &str) -> Result<String, Failure> {
        let Home { partition, region, account } = self.home().await?;
        Ok(format!("arn:{partition}:states:{region}:{account}:execution:{}-{}:{name}", self.name(), machine.suffix()))
    }

    /// A name for a new execution. With a name of its own, a call that the SDK repeats starts nothing a second time.
    pub fn new_name() -> String {
        format!("isthmus-{}-{}", nanoseconds(), std::process::id())
    }

    /// Starts an execution of that name.
    pub async fn start(&self, machine: Machine, name: &str, input: &impl Serialize) -> Result<(), Failure> {
        let Home { partition, region, account } = self.home().await?;
        let arn =
            format!("arn:{partition}:states:{region}:{account}:stateMachine:{}-{}", self.name(), machine.suffix());
        let input = serde_json::to_string(input).map_err(Failure::other)?;
        let client = aws_sdk_sfn::Client::new(self.config().await?);
        let started = client.start_execution().state_machine_arn(arn).name(name).input(input).send().await;
        started.map(drop).map_err(|error| self.failed("states:StartExecution", Called::Stack, &error))
    }

    /// The input of an execution; `None` if there is no such execution.
    pub async fn input_of(&self, execution: &str) -> Result<Option<Value>, Failure> {
        let client = aws_sdk_sfn::Client::new(self.config().await?);
        match client.describe_execution().execution_arn(execution).send().await {
            Ok(described) => {
                Ok(Some(described.input().and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default()))
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_does_not_exist()) => Ok(None),
            Err(error) => Err(self.failed("states:DescribeExecution", Called::Stack, &error)),
        }
    }

    /// What the stack's function `topology` answers.
    pub async fn topology(&self) -> Result<(Topology, Value), Failure> {
        let answer = self.invoke("topology", &Value::Object(serde_json::Map::new())).await?;
        let topology = Topology::parse(&answer).map_err(unreadable)?;
        Ok((topology, serde_json::from_slice(&answer).map_err(Failure::other)?))
    }

    /// What that function of the stack answers.
    pub async fn invoke(&self, function: &str, input: &impl Serialize) -> Result<Vec<u8>, Failure> {
        let input = serde_json::to_vec(input).map_err(Failure::other)?;
        let client = aws_sdk_lambda::Client::new(self.config().await?);
        let call = client.invoke().function_name(format!("{}-{function}", self.name())).payload(input.into());
        let answer = call.send().await.map_err(|error| self.failed("lambda:InvokeFunction", Called::Stack, &error))?;
        let payload = answer.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default();
        match answer.function_error() {
            None => Ok(payload),
            Some(_) => Err(function_failure(function, &payload)),
        }
    }

    fn failed<E, R>(&self, action: &str, called: Called, error: &aws_sdk_sfn::error::SdkError<E, R>) -> Failure
    where
        E: aws_sdk_sfn::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let region = self.config.get().and_then(SdkConfig::region).map_or_else(String::new, ToString::to_string);
        call_failure(action, called, self.name(), &region, error)
    }
}

/// How a topology can't be read. One of another release has its own exit code.
pub fn unreadable(error: UnreadableTopology) -> Failure {
    match error {
        UnreadableTopology::Version(_) => Failure::new("OtherRelease", error),
        UnreadableTopology::Malformed(_) => Failure::other(error),
    }
}

/// Lambda's report on a function that failed, by the error's public name.
fn function_failure(function: &str, payload: &[u8]) -> Failure {
    let cause = String::from_utf8_lossy(payload).into_owned();
    let name = serde_json::from_slice::<Value>(payload).ok();
    let name = name.as_ref().and_then(|report| report.get("errorType")).and_then(Value::as_str);
    let error = Caught { error: name.unwrap_or("Unknown").to_owned(), cause };
    let (error, cause) = StateFailure { state: function.to_owned(), error, after: None }.public();
    Failure { error, cause, help: Vec::new() }
}

/// How an execution that was stopped, or ran out of time, has failed.
pub(crate) fn cut_off(status: &str) -> Ended {
    let error = Caught { error: status.to_owned(), cause: String::new() };
    let (error, cause) = StateFailure { state: String::new(), error, after: None }.public();
    Err(Failure { error, cause, help: Vec::new() })
}

fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
