//! The state machine, as far as it can be started.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use isthmus_peering::error::Error;
use isthmus_peering::request::Input;
use isthmus_peering::steps::Executions;

/// One state machine.
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// The machine of that ARN.
    pub fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }
}

impl Executions for StateMachine {
    async fn start(&self, name: &str, input: &Input) -> Result<(), Error> {
        let fault = |code: String| Error::ServiceFault { action: "states:StartExecution".into(), code };
        let input = serde_json::to_string(input).map_err(|error| fault(error.to_string()))?;
        let started = self.client.start_execution().state_machine_arn(&self.arn).name(name).input(input).send().await;
        match started {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => Ok(()),
            Err(error) => Err(fault(error.code().unwrap_or("NoAnswer").to_owned())),
        }
    }
}
