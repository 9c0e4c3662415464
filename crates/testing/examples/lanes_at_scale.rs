//! Groups in virtual time, under AWS's own buckets: each call takes 0.2 s, and a connection is active 5 s after its acceptance. The
//! steps are the deployed ones. Beside them: one execution of the peering machine a pair, all started at once. Prints JSON.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "an example ends by panicking")]

use futures_util::future::join_all;
use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::ports::Clock;
use isthmus_peering::stack::{Quotas, Scope, Stack};
use isthmus_peering::steps::{accept_in_peer_region, create_request, update_routes, wait_active};
use isthmus_testing::grouped::peered;
use isthmus_testing::{Memory, Metered, VirtualClock, context, in_virtual_time, run_in, stack};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHARE: u32 = 80;
const PROVISIONING: Duration = Duration::from_secs(5);

struct Case {
    name: &'static str,
    lanes: usize,
    hubs: usize,
    members: usize,
}

const CASES: [Case; 3] = [
    Case { name: "mesh of 51, one lane", lanes: 1, hubs: 0, members: 51 },
    Case { name: "mesh of 51, three lanes", lanes: 3, hubs: 0, members: 51 },
    Case { name: "hub and 125 spokes, one lane", lanes: 1, hubs: 1, members: 126 },
];

/// Its Regions, all of one account.
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "eu-central-1"];

impl Case {
    fn network(&self) -> (Memory, Vec<End>) {
        let memory = Memory::default();
        memory.provision_for(PROVISIONING);
        let end = |number: usize| {
            let id = format!("vpc-{number:08x}").parse().expect("an id");
            let region = REGIONS.get(number % self.lanes).expect("a Region").parse().expect("a Region");
            End { vpc_id: id, region, owner_id: stack().account }
        };
        let ends: Vec<End> = (0..self.members).map(end).collect();
        for (number, end) in ends.iter().enumerate() {
            memory.add_vpc(end, &[&format!("10.{number}.0.0/16")], 1);
            let role = match self.hubs {
                0 => "mesh",
                hubs if number < hubs => "hub",
                _ => "spoke",
            };
            memory.tag_vpc(end, "isthmus:group", &format!("payments:{role}"));
        }
        (memory, ends)
    }

    fn pairs(&self) -> usize {
        if self.hubs == 0 { self.members * (self.members - 1) / 2 } else { self.members - 1 }
    }

    /// Calls of EC2 that can't be saved: two a pair, two routes, the tags of the other side, a status a member, three reads a lane.
    fn least_calls(&self, tags: usize) -> usize {
        4 * self.pairs() + tags + self.members + 3 * self.lanes
    }

    /// What the slowest bucket needs, with that share of its refill.
    fn least_seconds(&self, share: f64) -> f64 {
        let of_member = if self.hubs == 0 { self.members - 1 } else { self.members };
        let routes = match self.hubs {
            0 => self.members.div_ceil(self.lanes) * of_member,
            _ => 2 * self.pairs(),
        };
        let creations = self.pairs().div_ceil(self.lanes);
        let most = routes.max(creations).saturating_sub(50);
        PROVISIONING.as_secs_f64() + f64::from(u32::try_from(most).unwrap_or(u32::MAX)) / (5.0 * share)
    }
}

fn large() -> Stack {
    let quotas = Quotas { peerings_per_vpc: 125, ..stack().quotas };
    Stack { quotas, ..stack() }
}

fn scope() -> Scope {
    Scope {
        accounts: [stack().account].into(),
        regions: REGIONS.iter().map(|region| region.parse().expect("a Region")).collect(),
    }
}

/// By lanes.
fn by_lanes(case: &Case) -> Value {
    let (memory, ends) = case.network();
    let network = Metered::new(&memory);
    let stack = large();
    let scope = Scope { regions: ends.iter().map(|end| end.region.clone()).collect(), ..scope() };
    let run = in_virtual_time(run_in(&network, &stack, &scope, ("first", &json!({})), SHARE)).expect("it ends");
    let calls: usize = network.calls().values().sum();
    let tags = run.report.cost.calls.get("CreateTags").copied().unwrap_or_default();
    let again = Metered::new(&memory);
    in_virtual_time(run_in(&again, &stack, &scope, ("again", &json!({})), SHARE)).expect("it ends");
    let reads: usize = again.calls().values().sum();
    assert!(again.calls().keys().all(|action| action.starts_with("Describe")), "{:?}", again.calls());
    json!({
        "up": peered(&memory, &ends), "seconds": run.time.as_secs_f64(), "least seconds": case.least_seconds(1.0),
        "least seconds at the share": case.least_seconds(f64::from(SHARE) / 100.0),
        "calls": calls, "least calls": case.least_calls(tags), "throttled": network.throttled(),
        "rounds": run.rounds, "transitions": run.transitions, "reads of a second run": reads,
    })
}

/// One execution a pair, all at once.
fn by_pairs(case: &Case) -> Value {
    let (memory, ends) = case.network();
    let network = Metered::new(&memory);
    let began = VirtualClock.now();
    let pairs: Vec<(&End, &End)> = ends
        .iter()
        .enumerate()
        .flat_map(|(number, end)| ends.iter().skip(number + 1).map(move |peer| (end, peer)))
        .filter(|(end, _)| case.hubs == 0 || *end == ends.first().expect("a hub"))
        .collect();
    let executions = pairs.into_iter().enumerate().map(|(number, (end, peer))| execute(&network, number, end, peer));
    let ended = in_virtual_time(join_all(executions));
    json!({
        "up": peered(&memory, &ends), "failed": ended.iter().filter(|ended| ended.is_err()).count(),
        "seconds": VirtualClock.now().saturating_sub(began).as_secs_f64(),
        "calls": network.calls().values().sum::<usize>(), "throttled": network.throttled(),
    })
}

/// The states in their order, with the machine's retries; without its roll-back, which would need more tokens.
async fn execute(network: &Metered<'_, Memory>, number: usize, end: &End, peer: &End) -> Result<(), Error> {
    let stack = large();
    let context = context(network, &stack);
    let request =
        json!({"VpcId": end.vpc_id, "Region": end.region, "PeerVpcId": peer.vpc_id, "PeerRegion": peer.region});
    let more = json!({"Execution": format!("execution-{number}"), "Time": "now", "Started": 1_800_000_000_000_i64});
    let task = |of: Value, attempt: u32| {
        let mut task = more.clone();
        let fields = task.as_object_mut().expect("fields");
        fields.extend(of.as_object().expect("fields").clone());
        fields.insert("Attempt".into(), json!(attempt));
        task
    };
    let read = |task: Value| serde_json::from_value(task).expect("a task");
    let request = &request;
    let created = again(number, async |attempt| {
        create_request(context, serde_json::from_value(task(json!({"Request": request}), attempt)).expect("a task"))
            .await
    })
    .await?;
    let peering = json!({"Peering": created.peering});
    again(number, async |attempt| accept_in_peer_region(context, read(task(peering.clone(), attempt))).await).await?;
    again(number, async |attempt| wait_active(context, read(task(peering.clone(), attempt))).await).await?;
    again(number, async |attempt| {
        let until = VirtualClock.now() + Duration::from_secs(38);
        update_routes(context, read(task(peering.clone(), attempt)), || VirtualClock.now() < until).await
    })
    .await?;
    Ok(())
}

/// As statemachine/peering.asl.json has it.
async fn again<T>(number: usize, step: impl AsyncFn(u32) -> Result<T, Error>) -> Result<T, Error> {
    let (mut throttled, mut attempt) = (0, 0);
    loop {
        let wait = match step(attempt).await {
            Err(Error::Throttled { .. }) if throttled < 20 => {
                throttled += 1;
                // Full jitter: something between nothing and all of it.
                let share =
                    f64::from(u32::try_from((number * 7919 + attempt as usize * 104_729) % 1000).expect("small"));
                (2.0 * 1.5_f64.powi(throttled - 1)).min(60.0) * share / 1000.0
            }
            Err(Error::PeeringPending { .. } | Error::PeeringNotVisible { .. } | Error::RoutesRemaining { .. })
                if attempt < 300 =>
            {
                2.0
            }
            result => return result,
        };
        attempt += 1;
        VirtualClock.sleep(Duration::from_secs_f64(wait)).await;
    }
}

/// A mesh of 126, as large as EC2 allows.
fn largest() -> Value {
    let case = Case { name: "", lanes: 1, hubs: 0, members: 126 };
    let (memory, _) = case.network();
    let stack = large();
    let began = Instant::now();
    let planned = in_virtual_time(run_in(&memory, &stack, &scope(), ("dry", &json!({"DryRun": true})), SHARE));
    let report = planned.expect("planned").report;
    json!({
        "pairs": case.pairs(), "calls": report.cost.calls.values().sum::<usize>(),
        "least seconds": report.cost.least_seconds, "planned ms": began.elapsed().as_secs_f64() * 1000.0,
    })
}

fn main() {
    let cases: Vec<Value> = CASES
        .iter()
        .map(|case| json!({"case": case.name, "pairs": case.pairs(), "lanes": by_lanes(case), "by pairs": by_pairs(case)}))
        .collect();
    println!("{}", json!({"cases": cases, "mesh of 126": largest(), "share": SHARE}));
}
