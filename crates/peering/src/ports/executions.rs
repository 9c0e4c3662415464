//! Starting executions of the state machines.

use crate::error::Error;
use crate::request::{PeeringInput, TeardownInput};

/// The machines, as far as they can be started. A second start by the same name changes nothing.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait Executions {
    /// Starts an execution of the peering machine.
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error>;

    /// Starts an execution of the teardown machine.
    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error>;

    /// Starts an execution of the groups machine, about all groups. `false` where one of that name is closed already.
    async fn start_groups(&self, name: &str) -> Result<bool, Error>;

    /// Starts an execution of the clean-up machine, after an execution of the others that is closed.
    async fn start_clean_up(&self, name: &str, execution: &str) -> Result<(), Error>;
}
