//! A state of a machine: it calls its function again as the machine's definition says, or only for signals.

use isthmus_peering::error::Error;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
use std::task::Poll;

/// Which errors are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// What is no failure, and what keeps a failure from being recorded.
    Signals,
    /// All that the definition names, as often as it says.
    AsDeployed,
}

/// The machines' definitions.
#[derive(Debug, Clone, Copy)]
pub enum Machine {
    /// Peers two VPCs.
    Peering,
    /// Removes a peering.
    Teardown,
    /// Undoes what an execution left that ended without a roll-back.
    CleanUp,
    /// All groups.
    Groups,
}

const SIGNALS: [&str; 2] = ["PeeringNotVisible", "RoutesRemaining"];
/// What Lambda says of a function that was killed.
const KILLED: &str = "Sandbox.Timedout";

impl Machine {
    fn definition(self) -> &'static str {
        match self {
            Self::Peering => include_str!("../../../statemachine/peering.asl.json"),
            Self::Teardown => include_str!("../../../statemachine/teardown.asl.json"),
            Self::CleanUp => include_str!("../../../statemachine/clean-up.asl.json"),
            Self::Groups => include_str!("../../../statemachine/groups.asl.json"),
        }
    }

    /// The names of errors, and how often they are retried.
    fn rules(self, state: &str, retries: Retries) -> Vec<(&'static [String], u64)> {
        let rules = DEFINED[self as usize].get(state).expect("the state retries");
        let ends_a_failure = ["RollBack", "RecordFailure"].contains(&state);
        let is_signal = |name: &String| {
            SIGNALS.contains(&name.as_str()) || ends_a_failure && ["ServiceFault", "Throttled"].contains(&name.as_str())
        };
        let all = rules.iter().map(|(names, attempts)| (names.as_slice(), *attempts));
        match retries {
            Retries::AsDeployed => all.collect(),
            Retries::Signals => all
                .filter(|(names, _)| names.iter().any(is_signal))
                .map(|(names, attempts)| (names, attempts.min(15)))
                .collect(),
        }
    }

    /// Runs the state to its end. The task says how often the function was called before.
    pub async fn run<T>(
        self,
        state: &str,
        retries: Retries,
        mut task: Value,
        step: impl AsyncFn(Value) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut rules = self.rules(state, retries);
        for attempt in 0.. {
            task["Attempt"] = json!(attempt);
            let (name, error) = match unless_killed(step(task.clone())).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => (error.name_and_cause().0, error),
                None => (KILLED.to_owned(), Error::ServiceFault { action: state.into(), code: KILLED.into() }),
            };
            match rules.iter_mut().find(|(names, _)| names.contains(&name)) {
                Some((_, left)) if *left > 0 => *left -= 1,
                _ => return Err(error),
            }
        }
        unreachable!("it ends")
    }
}

/// Of each machine, the rules of each state that has any.
static DEFINED: LazyLock<[Rules; 4]> = LazyLock::new(|| {
    [Machine::Peering, Machine::Teardown, Machine::CleanUp, Machine::Groups].map(|machine| {
        let definition: Value = serde_json::from_str(machine.definition()).expect("JSON");
        let states = definition["States"].as_object().expect("states").iter();
        states
            .filter_map(|(state, it)| Some((state.clone(), it["Retry"].as_array()?.iter().map(rule).collect())))
            .collect()
    })
});

type Rules = BTreeMap<String, Vec<(Vec<String>, u64)>>;

fn rule(rule: &Value) -> (Vec<String>, u64) {
    let names = rule["ErrorEquals"].as_array().expect("names").iter();
    let names = names.map(|name| name.as_str().expect("a name").to_owned());
    (names.collect(), rule["MaxAttempts"].as_u64().expect("a number"))
}

thread_local! {
    static IS_KILLED: Cell<bool> = const { Cell::new(false) };
}

/// Kills the function that calls this.
pub(crate) async fn kill<T>() -> T {
    IS_KILLED.set(true);
    pending().await
}

/// What the function answers, unless it is killed.
pub async fn unless_killed<T>(function: impl Future<Output = T>) -> Option<T> {
    let mut function = pin!(function);
    poll_fn(|context| match function.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if IS_KILLED.take() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}
