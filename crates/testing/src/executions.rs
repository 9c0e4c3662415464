//! The state machines, which remember what was started.

use isthmus_peering::error::Error;
use isthmus_peering::ports::Executions;
use isthmus_peering::request::{PeeringInput, TeardownInput};
use isthmus_peering::stack::Scope;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Machines that remember what was started. What is taken out of them has ended: as in Step Functions, nothing starts by its name
/// again.
#[derive(Debug, Default)]
pub struct Machines {
    /// Executions of the peering machine.
    pub peerings: RefCell<BTreeMap<String, PeeringInput>>,
    /// Executions of the teardown machine.
    pub teardowns: RefCell<BTreeMap<String, TeardownInput>>,
    /// Executions of the groups machine.
    pub groups: RefCell<BTreeMap<String, ()>>,
    /// Executions of the clean-up machine, and after which execution each cleans up.
    pub clean_ups: RefCell<BTreeMap<String, String>>,
    /// The machine and the name of everything that was ever started.
    used: RefCell<BTreeSet<(&'static str, String)>>,
}

impl Machines {
    /// `false` where an execution of that name is closed already, or has another input.
    fn start<I: Clone + PartialEq>(
        &self,
        machine: &'static str,
        running: &RefCell<BTreeMap<String, I>>,
        name: &str,
        input: &I,
    ) -> bool {
        assert!(name.chars().count() <= 80, "{name}: longer than a name may be");
        if self.used.borrow_mut().insert((machine, name.to_owned())) {
            running.borrow_mut().insert(name.to_owned(), input.clone());
        }
        running.borrow().get(name) == Some(input)
    }
}

impl Executions for Machines {
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error> {
        self.start("peering", &self.peerings, name, input);
        Ok(())
    }

    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error> {
        self.start("teardown", &self.teardowns, name, input);
        Ok(())
    }

    async fn start_groups(&self, name: &str) -> Result<bool, Error> {
        Ok(self.start("groups", &self.groups, name, &()))
    }

    async fn start_clean_up(&self, name: &str, execution: &str) -> Result<(), Error> {
        self.start("clean-up", &self.clean_ups, name, &execution.to_owned());
        Ok(())
    }
}

/// A peering machine that can't be started now, and a teardown machine that must not be started.
#[derive(Debug)]
pub struct Unavailable;

impl Executions for Unavailable {
    async fn start_peering(&self, _name: &str, _input: &PeeringInput) -> Result<(), Error> {
        Err(Error::ServiceFault { action: "states:StartExecution".into(), code: "ThrottlingException".into() })
    }

    async fn start_teardown(&self, name: &str, _input: &TeardownInput) -> Result<(), Error> {
        panic!("{name}: must not be started")
    }

    async fn start_groups(&self, name: &str) -> Result<bool, Error> {
        panic!("{name}: must not be started")
    }

    async fn start_clean_up(&self, _name: &str, execution: &str) -> Result<(), Error> {
        panic!("{execution}: must not be cleaned up after")
    }
}

/// Two accounts in two Regions.
pub fn scope() -> Scope {
    fn parsed<T: std::str::FromStr + Ord>(words: [&str; 2]) -> BTreeSet<T> {
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }
    Scope { accounts: parsed(["123456789012", "222222222222"]), regions: parsed(["us-east-1", "eu-west-1"]) }
}
