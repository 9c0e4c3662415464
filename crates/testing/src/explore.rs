//! Runs several executions at once, in every order of their calls up to a bound.
//!
//! Every call of the network and of the ledger pauses before it is carried out, and the scheduler decides who goes on. A
//! schedule continues with the same execution, except for a bounded number of preemptions; all schedules within the bound are
//! run. Most races need no more than two preemptions. Time passes while all sleep.
//! <https://www.microsoft.com/en-us/research/project/chess-find-and-reproduce-heisenbugs-in-concurrent-programs/>

use crate::pause::{permit, permits};
use crate::virtual_time::{advance, forget_sleepers};
use crate::{Ended, Memory};
use futures_util::future::LocalBoxFuture;
use futures_util::task::noop_waker_ref;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

thread_local! {
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Lets another execution go on, for this one waits for it: that is no preemption.
async fn wait_for_another() {
    let mut is_due = true;
    poll_fn(move |context| match is_due {
        true => {
            is_due = false;
            WAITS.set(true);
            context.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
    .await;
}

/// How an execution ends that is tried again as long as another one holds its pair.
pub async fn until_free(call: impl AsyncFn() -> Ended) -> Ended {
    loop {
        match call().await {
            Err((error, _)) if error == "PairBusy" => wait_for_another().await,
            ended => return ended,
        }
    }
}

/// Executions that run at once on one network.
pub struct Scenario {
    /// The network, with its ledger.
    pub memory: Rc<Memory>,
    /// The executions.
    pub executions: Vec<LocalBoxFuture<'static, ()>>,
}

/// Runs every schedule with at most so many preemptions. `always` is asked after every call, `quiet` when all have ended.
/// Answers how many schedules there were, and how many calls; a test that passes shows them with `--nocapture`.
#[allow(clippy::print_stdout, reason = "a test that passes shows what it was about")]
pub fn explore(
    name: &str,
    preemptions: usize,
    scenario: impl Fn() -> Scenario,
    always: impl Fn(&Memory),
    quiet: impl Fn(&Memory),
) -> (usize, usize) {
    let (mut schedules, mut calls) = (0, 0);
    let mut prefix: Vec<usize> = Vec::new();
    loop {
        let decisions = run(&prefix, preemptions, scenario(), &always, &quiet, &mut calls);
        schedules += 1;
        let Some(last) = decisions.iter().rposition(|decision| decision.chosen + 1 < decision.options) else {
            println!("{name}: {schedules} schedules with {preemptions} preemptions at most, {calls} calls");
            return (schedules, calls);
        };
        prefix = decisions[..last].iter().map(|decision| decision.chosen).collect();
        prefix.push(decisions[last].chosen + 1);
    }
}

/// No schedule needs so many.
const MOST_CALLS: usize = 2_000;

struct Decision {
    chosen: usize,
    options: usize,
}

fn run(
    prefix: &[usize],
    preemptions: usize,
    Scenario { memory, executions }: Scenario,
    always: &impl Fn(&Memory),
    quiet: &impl Fn(&Memory),
    calls: &mut usize,
) -> Vec<Decision> {
    forget_sleepers();
    let mut running: Vec<Option<LocalBoxFuture<'static, ()>>> = executions.into_iter().map(Some).collect();
    let mut waiting = vec![false; running.len()];
    let (mut decisions, mut preemptions_left, mut current) = (Vec::new(), preemptions, 0);
    loop {
        assert!(decisions.len() < MOST_CALLS, "an execution waits for ever: {:?}", memory.ledger.all());
        // The current one first: to choose another is a preemption, unless it has ended or waits.
        let order = (0..running.len()).map(|step| (current + step) % running.len());
        let mut options: Vec<usize> =
            order.clone().filter(|number| running[*number].is_some() && !waiting[*number]).collect();
        if options.is_empty() {
            options = order.filter(|number| running[*number].is_some()).collect();
            if !options.is_empty() && advance() {
                waiting.fill(false);
            }
        }
        if options.is_empty() {
            break;
        }
        let is_preemption = options[0] == current;
        if is_preemption && preemptions_left == 0 {
            options.truncate(1);
        }
        let chosen = prefix.get(decisions.len()).copied().unwrap_or_default();
        decisions.push(Decision { chosen, options: options.len() });
        if is_preemption && chosen > 0 {
            preemptions_left -= 1;
        }
        current = options[chosen];
        WAITS.set(false);
        let execution = running[current].as_mut().expect("it runs");
        let writes = memory.ledger.writes();
        let (is_done, sleeps) = poll_for_one_call(execution);
        // What it waits for is a change of the ledger by another one, or the time.
        if memory.ledger.writes() != writes {
            waiting.fill(false);
        }
        waiting[current] |= WAITS.get() || sleeps;
        *calls += 1;
        if is_done {
            running[current] = None;
        }
        always(&memory);
    }
    quiet(&memory);
    decisions
}

/// Whether the execution has ended then, and whether it made no call although it could.
fn poll_for_one_call(execution: &mut LocalBoxFuture<'static, ()>) -> (bool, bool) {
    permit(Some(1));
    let is_done = execution.as_mut().poll(&mut Context::from_waker(noop_waker_ref())).is_ready();
    let sleeps = permits() == Some(1) && !is_done;
    permit(None);
    (is_done, sleeps)
}

/// Runs an execution for so many calls, and then drops it: the function was killed. Whether it was not done before.
pub fn kill_after(calls: usize, mut execution: LocalBoxFuture<'static, ()>) -> bool {
    !(0..=calls).any(|_| poll_for_one_call(&mut execution).0)
}
