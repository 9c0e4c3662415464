//! Both state machines, as far as a test wants to know what was started.

use isthmus_peering::error::Error;
use isthmus_peering::request::Input;
use isthmus_peering::stack::Fleet;
use isthmus_peering::steps::Executions;
use isthmus_peering::teardown;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Machines that remember what was started, each name once.
#[derive(Debug, Default)]
pub struct Machine {
    /// Executions that peer.
    pub set_up: RefCell<BTreeMap<String, Input>>,
    /// Executions that take apart.
    pub taken_apart: RefCell<BTreeMap<String, teardown::Input>>,
}

impl Executions for Machine {
    async fn set_up(&self, name: &str, input: &Input) -> Result<(), Error> {
        self.set_up.borrow_mut().entry(name.to_owned()).or_insert_with(|| input.clone());
        Ok(())
    }

    async fn take_apart(&self, name: &str, input: &teardown::Input) -> Result<(), Error> {
        self.taken_apart.borrow_mut().entry(name.to_owned()).or_insert_with(|| input.clone());
        Ok(())
    }
}

/// A peering machine that can't be started just now, and a teardown machine that nobody may ask for.
#[derive(Debug)]
pub struct Unavailable;

impl Executions for Unavailable {
    async fn set_up(&self, _name: &str, _input: &Input) -> Result<(), Error> {
        Err(Error::ServiceFault { action: "states:StartExecution".into(), code: "ThrottlingException".into() })
    }

    async fn take_apart(&self, name: &str, _input: &teardown::Input) -> Result<(), Error> {
        panic!("{name}: nobody asked for that")
    }
}

/// Two accounts in two Regions.
pub fn fleet() -> Fleet {
    fn parsed<T: std::str::FromStr + Ord>(words: [&str; 2]) -> BTreeSet<T> {
        words.iter().filter_map(|word| word.parse().ok()).collect()
    }
    Fleet { accounts: parsed(["123456789012", "222222222222"]), regions: parsed(["us-east-1", "eu-west-1"]) }
}
