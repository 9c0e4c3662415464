//! What was tried, as tables of docs/RELIABILITY.md: this test writes them with `RELIABILITY=write`, and else compares.

use isthmus_testing::FaultKind;
use std::collections::BTreeMap;
use std::path::Path;

/// How a run with a fault has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What was asked for is there.
    Done,
    /// What stands is changed as far as possible; the rest is a warning.
    Warned,
    /// By a public name.
    Failed,
}

/// One fault at every call of one scenario.
pub(crate) struct Trials {
    pub(crate) scenario: &'static str,
    /// The kind, and how often.
    pub(crate) fault: (FaultKind, usize),
    /// How each has ended.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Each of them was whole after one more run: otherwise the test has failed.
fn cells(outcomes: impl IntoIterator<Item = Outcome>) -> String {
    let all: Vec<Outcome> = outcomes.into_iter().collect();
    let count = |of: Outcome| all.iter().filter(|outcome| **outcome == of).count();
    let [done, warned, failed] = [Outcome::Done, Outcome::Warned, Outcome::Failed].map(count);
    format!("{} | {done} | {warned} | {failed} | {}", all.len(), all.len())
}

const BEGIN: &str = "<!-- every fault: begin -->\n";
const END: &str = "<!-- every fault: end -->\n";
const HEADS: &str =
    "injected | done all the same | done but for what a warning says | failed by name | whole after one more run |";
const COLUMNS: &str = "| ---: | ---: | ---: | ---: | ---: |";

fn tables(trials: &[Trials]) -> String {
    let mut by_fault: BTreeMap<(FaultKind, usize), Vec<Outcome>> = BTreeMap::new();
    // In the order in which they were tried, each with its number of calls.
    let mut by_scenario: Vec<(&str, usize, Vec<Outcome>)> = Vec::new();
    for Trials { scenario, fault, outcomes } in trials {
        by_fault.entry(*fault).or_default().extend(outcomes);
        match by_scenario.last_mut().filter(|(name, ..)| name == scenario) {
            Some((.., all)) => all.extend(outcomes),
            None => by_scenario.push((scenario, outcomes.len(), outcomes.clone())),
        }
    }
    let mut lines = vec![String::new(), format!("| fault | {HEADS}"), format!("| --- {COLUMNS}")];
    for ((kind, times), outcomes) in &by_fault {
        let times = match *times {
            1 => "once".to_owned(),
            usize::MAX => "for ever".to_owned(),
            times => format!("{times} times"),
        };
        lines.push(format!("| {kind}, {times} | {} |", cells(outcomes.iter().copied())));
    }
    lines.push(format!("| all | {} |", cells(by_fault.into_values().flatten())));
    lines.extend([String::new(), format!("| scenario | calls | {HEADS}"), format!("| --- | ---: {COLUMNS}")]);
    for (scenario, calls, outcomes) in by_scenario {
        lines.push(format!("| {scenario} | {calls} | {} |", cells(outcomes)));
    }
    lines.join("\n") + "\n\n"
}

pub(crate) fn compare_with_the_document(trials: &[Trials]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/RELIABILITY.md");
    let document = std::fs::read_to_string(&path).expect("docs/RELIABILITY.md");
    let (head, rest) = document.split_once(BEGIN).expect("the beginning of the tables");
    let (written, tail) = rest.split_once(END).expect("their end");
    let tables = tables(trials);
    if std::env::var("RELIABILITY").as_deref() == Ok("write") {
        std::fs::write(&path, format!("{head}{BEGIN}{tables}{END}{tail}")).expect("written");
    } else {
        assert_eq!(written, tables, "run `make reliability`, and look at what has changed");
    }
}
