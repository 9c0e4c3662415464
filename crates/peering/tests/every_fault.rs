//! A fault of every kind at every call of every scenario, by the machines as they are deployed.
//!
//! After each: what was asked for is there; or it failed by a public name, and nothing is half made, or what is left is named
//! in the cause. One run without a fault then makes it whole, and what isn't ours is as it was.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "every_fault/acts.rs"]
mod acts;
#[path = "every_fault/facts.rs"]
mod facts;
#[path = "every_fault/scenarios.rs"]
mod scenarios;
#[path = "every_fault/table.rs"]
mod table;

use acts::{Ended, REPORTED};
use facts::{Facts, everything, foreign, peerings};
use isthmus_peering::error::Error;
use isthmus_peering::ledger::LedgerItem;
use isthmus_testing::{FaultKind, HasLedger, Memory, PlannedFault, Scripted};
use scenarios::{Act, NAMES, Scenario};
use serde_json::{Value, json};
use strum::VariantNames;
use table::{Outcome, Trials, compare_with_the_document};

const FOR_EVER: usize = usize::MAX;

/// The kinds, and how often each.
const FAULTS: [(FaultKind, usize); 11] = [
    (FaultKind::Throttled, 1),
    (FaultKind::Throttled, 10),
    (FaultKind::InternalError, 1),
    (FaultKind::InternalError, 10),
    (FaultKind::Reset, 1),
    (FaultKind::TimedOut, 1),
    (FaultKind::Denied, 1),
    (FaultKind::Denied, FOR_EVER),
    (FaultKind::NotFound, 1),
    (FaultKind::NotFound, FOR_EVER),
    (FaultKind::Killed, 1),
];

/// The name of the execution in which the fault is.
const FIRST: &str = "first";
/// So many characters of what is wrong.
const PRINTED: usize = 60_000;

/// What a scenario comes to without a fault.
struct Expected {
    before: Facts,
    after: Facts,
    whole: Facts,
    calls: usize,
}

fn without_fault(name: &'static str) -> Expected {
    let scenario = Scenario::of(name);
    let before = peerings(&scenario.memory);
    let network = Scripted::new(&scenario.memory, None);
    let ended = scenario.run(&network, FIRST);
    assert_eq!(ended.as_ref().err().map(|(error, _)| error.as_str()), scenario.fails, "{name}: {ended:?}");
    let (calls, after) = (network.calls().len(), peerings(&scenario.memory));
    scenario.cure();
    scenario
        .run(&Scripted::new(&scenario.memory, None), "second")
        .unwrap_or_else(|failed| panic!("{name}: {failed:?}"));
    Expected { before, after, whole: everything(&scenario.memory), calls }
}

fn is_public(name: &str) -> bool {
    // What never ends an execution isn't.
    let signals = ["Throttled", "PeeringNotVisible", "PeeringPending", "PlanAgain", "RoutesRemaining"];
    name == REPORTED || Error::VARIANTS.contains(&name) && !signals.contains(&name)
}

/// What is there that was neither there before nor asked for, and isn't named in the cause; and what is missing that was there
/// before and still is to be.
fn half_made(scenario: &Scenario, expected: &Expected, cause: &Value) -> Option<String> {
    let now = peerings(&scenario.memory);
    let is_wanted = |fact: &String| !scenario.is_new && expected.after.contains_key(fact);
    // A run of groups leaves its pairs to the next one, which knows them by the ledger.
    let is_held = |fact: &String| matches!(scenario.act, Act::Groups) && is_held(&scenario.memory, fact);
    let is_due = |fact: &String| expected.before.contains_key(fact) || is_wanted(fact) || is_held(fact);
    let left = now.keys().find(|fact| !is_due(fact) && !is_named(&scenario.memory, fact, cause));
    let lost = expected.before.keys().find(|fact| expected.after.contains_key(*fact) && !now.contains_key(*fact));
    left.map(|fact| format!("left {fact}")).or(lost.map(|fact| format!("lost {fact}")))
}

/// Whether the cause has the id of the connection that this fact is about, or says to look for the execution's tag, which it has.
fn is_named(memory: &Memory, fact: &str, cause: &Value) -> bool {
    let (named, says_where) = (cause.to_string(), "look for a connection that carries this execution in its tags");
    memory.connections().iter().any(|found| {
        let ends = [&found.identity.requester, &found.identity.accepter].map(|end| end.vpc_id.as_str());
        let is_tagged = found.tags.contains_key("isthmus:execution");
        ends.into_iter().all(|id| fact.contains(id))
            && (named.contains(found.id().as_str()) || is_tagged && named.contains(says_where))
    })
}

/// Whether the run still holds the pair that this fact is about.
fn is_held(memory: &Memory, fact: &str) -> bool {
    let is_about = |item: &LedgerItem| item.pair.ends().iter().all(|end| fact.contains(end.vpc_id.as_str()));
    memory.ledger().all().iter().any(|item| is_about(item) && item.holder.is_some())
}

/// All executions so far are closed for long, and what failed may be tried again.
fn settle(memory: &Memory) {
    let ledger = memory.ledger();
    for item in ledger.all() {
        item.holder.iter().chain(&item.makers).for_each(|execution| ledger.close(execution, 400));
        if let Some(mut outcome) = item.outcome {
            outcome.retry_at = Some(0);
            ledger.set(&item.pair, "Outcome", json!(outcome));
        }
    }
    ledger.groups_run().iter().for_each(|execution| ledger.close(execution, 400));
}

fn is_settled(memory: &Memory) -> bool {
    let is_free = |item: &LedgerItem| {
        item.holder.is_none() && item.makers.is_empty() && item.pending_a.is_empty() && item.pending_b.is_empty()
    };
    // Who has nothing to do doesn't take over the lease of a dead run.
    let is_dead = |run: &String| memory.ledger().is_closed(run);
    memory.ledger().groups_run().as_ref().is_none_or(is_dead) && memory.ledger().all().iter().all(is_free)
}

fn try_fault(name: &'static str, expected: &Expected, fault: PlannedFault) -> Result<Outcome, String> {
    let scenario = Scenario::of(name);
    let before = foreign(&scenario.memory);
    let network = Scripted::new(&scenario.memory, Some(fault));
    let ended: Ended = scenario.run(&network, FIRST);
    let call = network.faulty_call().expect("it had a fault");
    let what = |problem: String| format!("{name}: {fault:?}: {call}: {problem}: {ended:?}");
    let outcome = match &ended {
        Ok(_) if peerings(&scenario.memory) == expected.after => Outcome::Done,
        // What stands is changed as far as possible, and the rest is told.
        Ok(warnings) if !scenario.is_new && !warnings.is_empty() => Outcome::Warned,
        Ok(_) => return Err(what(format!("not what was asked for: {:#?}", peerings(&scenario.memory)))),
        Err((error, _)) if !is_public(error) => return Err(what("not a public name".into())),
        Err((_, cause)) => match half_made(&scenario, expected, cause) {
            Some(problem) => return Err(what(problem)),
            None => Outcome::Failed,
        },
    };
    if foreign(&scenario.memory) != before {
        return Err(what("foreign things are changed".into()));
    }
    settle(&scenario.memory);
    scenario.cure();
    if let Err(failed) = scenario.run(&Scripted::new(&scenario.memory, None), "second") {
        return Err(what(format!("the second run fails: {failed:?}")));
    }
    if everything(&scenario.memory) != expected.whole {
        return Err(what(format!("not whole then: {:#?} and not {:#?}", everything(&scenario.memory), expected.whole)));
    }
    if foreign(&scenario.memory) != before {
        return Err(what("foreign things are changed then".into()));
    }
    match is_settled(&scenario.memory) {
        true => Ok(outcome),
        false => Err(what(format!("not settled then: {:#?}", scenario.memory.ledger().all()))),
    }
}

/// That fault at every call of a scenario.
fn try_everywhere(scenario: &'static str, (kind, times): (FaultKind, usize)) -> (Trials, Vec<String>) {
    let expected = without_fault(scenario);
    let all = (0..expected.calls).map(|call| try_fault(scenario, &expected, PlannedFault { call, kind, times }));
    let (outcomes, problems): (Vec<_>, Vec<_>) = all.partition(Result::is_ok);
    let outcomes = outcomes.into_iter().filter_map(Result::ok).collect();
    (Trials { scenario, fault: (kind, times), outcomes }, problems.into_iter().filter_map(Result::err).collect())
}

#[test]
fn whatever_fails_at_whichever_call_nothing_is_half_made() {
    let (trials, problems): (Vec<Trials>, Vec<Vec<String>>) = std::thread::scope(|scope| {
        let all = NAMES.into_iter().flat_map(|name| FAULTS.map(|fault| (name, fault)));
        let started: Vec<_> = all.map(|(name, fault)| scope.spawn(move || try_everywhere(name, fault))).collect();
        started.into_iter().map(|thread| thread.join().expect("no panic")).unzip()
    });
    let problems = problems.concat();
    let some: String = problems.join("\n").chars().take(PRINTED).collect();
    assert!(problems.is_empty(), "{} problems, such as {some}", problems.len());
    compare_with_the_document(&trials);
}
