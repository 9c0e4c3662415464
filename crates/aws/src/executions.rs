//! Both state machines, as far as they can be started.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use isthmus_peering::error::Error;
use isthmus_peering::ports::Executions;
use isthmus_peering::request::{PeeringInput, TeardownInput};
use serde::Serialize;

/// The peering machine and the teardown machine.
pub struct StateMachines {
    client: Client,
    peering_arn: String,
    teardown_arn: String,
}

impl StateMachines {
    /// The machines of these ARNs.
    pub fn new(client: Client, peering_arn: String, teardown_arn: String) -> Self {
        Self { client, peering_arn, teardown_arn }
    }

    async fn start(&self, arn: &str, name: &str, input: &impl Serialize) -> Result<(), Error> {
        let fault = |code: String| Error::ServiceFault { action: "states:StartExecution".into(), code };
        let input = serde_json::to_string(input).map_err(|error| fault(error.to_string()))?;
        let started = self.client.start_execution().state_machine_arn(arn).name(name).input(input).send().await;
        match started {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => Ok(()),
            Err(error) => Err(fault(error.code().unwrap_or("NoAnswer").to_owned())),
        }
    }
}

impl Executions for StateMachines {
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error> {
        self.start(&self.peering_arn, name, input).await
    }

    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error> {
        self.start(&self.teardown_arn, name, input).await
    }
}
