//! Both state machines, which remember what was started.

use isthmus_peering::error::Error;
use isthmus_peering::ports::Executions;
use isthmus_peering::request::{PeeringInput, TeardownInput};
use isthmus_peering::stack::Scope;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Machines that remember what was started, each name once.
#[derive(Debug, Default)]
pub struct Machines {
    /// Executions of the peering machine.
    pub peerings: RefCell<BTreeMap<String, PeeringInput>>,
    /// Executions of the teardown machine.
    pub teardowns: RefCell<BTreeMap<String, TeardownInput>>,
    /// Executions of the groups machine.
    pub groups: RefCell<BTreeSet<String>>,
    /// Those of the groups machine that are closed.
    pub closed_groups: RefCell<BTreeSet<String>>,
    /// The executions that the clean-up machine was started for.
    pub clean_ups: RefCell<BTreeSet<String>>,
}

impl Executions for Machines {
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error> {
        self.peerings.borrow_mut().entry(name.to_owned()).or_insert_with(|| input.clone());
        Ok(())
    }

    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error> {
        self.teardowns.borrow_mut().entry(name.to_owned()).or_insert_with(|| input.clone());
        Ok(())
    }

    async fn start_groups(&self, name: &str) -> Result<bool, Error> {
        let is_closed = self.closed_groups.borrow().contains(name);
        if !is_closed {
            self.groups.borrow_mut().insert(name.to_owned());
        }
        Ok(!is_closed)
    }

    async fn start_clean_up(&self, execution: &str) -> Result<(), Error> {
        self.clean_ups.borrow_mut().insert(execution.to_owned());
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

    async fn start_clean_up(&self, execution: &str) -> Result<(), Error> {
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
