//! The state machines, as far as they can be started.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use isthmus_peering::error::Error;
use isthmus_peering::ports::Executions;
use isthmus_peering::request::{PeeringInput, TeardownInput};
use serde::Serialize;
use serde_json::{Value, json};

/// The machines.
pub struct StateMachines {
    client: Client,
    arns: Arns,
}

/// The ARNs of the machines that a function may start.
pub struct Arns {
    /// The peering machine's.
    pub peering: String,
    /// The teardown machine's.
    pub teardown: String,
    /// The clean-up machine's.
    pub clean_up: String,
    /// The groups machine's.
    pub groups: String,
}

impl StateMachines {
    /// The machines of these ARNs.
    pub fn new(client: Client, arns: Arns) -> Self {
        Self { client, arns }
    }

    /// `false` where an execution of that name is closed already, or has another input.
    async fn start(&self, arn: &str, name: &str, input: &impl Serialize) -> Result<bool, Error> {
        let fault = |code: String| Error::ServiceFault { action: "states:StartExecution".into(), code };
        let input = serde_json::to_string(input).map_err(|error| fault(error.to_string()))?;
        let started = self.client.start_execution().state_machine_arn(arn).name(name).input(input).send().await;
        match started {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => Ok(false),
            Err(error) => Err(fault(error.code().unwrap_or("NoAnswer").to_owned())),
        }
    }
}

impl Executions for StateMachines {
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error> {
        self.start(&self.arns.peering, name, input).await.map(drop)
    }

    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error> {
        self.start(&self.arns.teardown, name, input).await.map(drop)
    }

    async fn start_groups(&self, name: &str) -> Result<bool, Error> {
        self.start(&self.arns.groups, name, &json!({})).await
    }

    async fn start_clean_up(&self, name: &str, execution: &str) -> Result<(), Error> {
        let fault =
            |code: &str| Error::ServiceFault { action: "states:DescribeExecution".into(), code: code.to_owned() };
        let described = self.client.describe_execution().execution_arn(execution).send().await;
        let described = described.map_err(|error| fault(error.code().unwrap_or("NoAnswer")))?;
        // As the event of the execution's end has it. A clean-up that died has it as its own input.
        let own = described.input().and_then(|input| serde_json::from_str::<Value>(input).ok()).unwrap_or_default();
        let request = own.get("input").cloned().unwrap_or_else(|| json!(described.input()));
        let input = json!({
            "executionArn": execution,
            "stateMachineArn": described.state_machine_arn(),
            "status": described.status().as_str(),
            "input": request,
        });
        self.start(&self.arns.clean_up, name, &input).await.map(drop)
    }
}
