//! What is said about a state, from what its function answered.

use crate::text::counted;
use isthmus_peering::peering::Peering;
use isthmus_peering::plan::SidePlan;
use isthmus_peering::routes::Action;
use isthmus_peering::teardown::TeardownPlan;
use serde::Deserialize;
use serde_json::Value;

/// What earlier states answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    peering: Option<Box<Peering>>,
    teardown: Option<Box<TeardownPlan>>,
    /// In how many Regions of accounts groups work now.
    lanes: usize,
}

impl Known {
    /// Reads a function's answer. One of another release says nothing.
    pub(super) fn learn(&mut self, output: &str) {
        let Ok(mut output) = serde_json::from_str::<Value>(output) else { return };
        let mut part = |name: &str| output.pointer_mut(name).map(Value::take).unwrap_or_default();
        if let Some(lanes) = part("/Payload/Lanes").as_array() {
            self.lanes = lanes.len();
        }
        let (peering, teardown) = (part("/Payload/Peering"), part("/Payload/Teardown"));
        if let Ok(peering) = Peering::deserialize(peering) {
            self.peering = Some(Box::new(peering));
        }
        if let Ok(teardown) = TeardownPlan::deserialize(teardown) {
            self.teardown = Some(Box::new(teardown));
        }
    }

    /// What is said of a state that begins.
    pub(super) fn on_entry(&self, state: &str) -> String {
        match (state, &self.peering) {
            ("AcceptInPeerRegion", Some(peering)) => {
                let end = peering.accepter.end();
                format!("{} of {}", end.region, end.owner_id)
            }
            ("WaitUntilDue", _) => "it may not begin yet".into(),
            ("WaitForItsFunctions", _) => "functions of the execution may still run".into(),
            ("WaitForTheOtherRun", _) => "another run works on groups".into(),
            ("WorkLanes", _) => format!("in {}", counted(self.lanes, "lane")),
            ("WaitForItsMinute", _) => "for other changes of this minute".into(),
            _ => String::new(),
        }
    }

    /// What is said of a state that is done, where it is something else than before.
    pub(super) fn on_success(&self, state: &str) -> Option<String> {
        match (state, &self.peering, &self.teardown) {
            ("CreateRequest", Some(peering), _) => Some(planned(peering)),
            ("PlanTeardown", _, Some(teardown)) => {
                let routes = count([&teardown.requester, &teardown.accepter], Action::Deleted);
                Some(format!("{}, {} to delete", teardown.vpc_peering_connection_id, counted(routes, "route")))
            }
            ("AcceptInPeerRegion", ..) => Some(self.on_entry(state)),
            ("WaitActive", ..) => Some("active".into()),
            ("UpdateRoutes" | "DeleteRoutes" | "DeletePeering" | "RollBack" | "RecordFailure" | "PlanGroups", ..) => {
                Some(String::new())
            }
            _ => None,
        }
    }
}

fn planned(peering: &Peering) -> String {
    let sides = [&peering.requester.plan, &peering.accepter.plan];
    let parts = [(Action::Created, "to create"), (Action::Repaired, "to repair"), (Action::Deleted, "to delete")];
    let mut said = vec![peering.vpc_peering_connection_id.to_string()];
    for (action, what) in parts {
        match count(sides, action) {
            0 => {}
            routes if said.len() == 1 => said.push(format!("{} {what}", counted(routes, "route"))),
            routes => said.push(format!("{routes} {what}")),
        }
    }
    said.join(", ")
}

fn count(sides: [&SidePlan; 2], action: Action) -> usize {
    sides.into_iter().flat_map(SidePlan::routes).filter(|route| route.action == action).count()
}

/// What is said of a call that failed. The machine repeats it, or the execution fails: its end then says why.
pub(super) fn of_failure(error: &str, report: &str, failures: usize) -> String {
    let cause = cause(report);
    let field = |name: &str| cause.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
    match (error, field("Status"), field("Remaining"), field("Code")) {
        ("PeeringPending" | "PeeringNotVisible", Some(status), ..) => {
            format!("{status}, looked {}", counted(failures, "time"))
        }
        ("RoutesRemaining", _, Some(remaining), _) => format!("{remaining} routes remain"),
        ("Throttled", .., Some(code)) => format!("AWS has no room yet: {code}"),
        ("PlanAgain", ..) => "an external account's side is planned again".into(),
        ("PairBusy", ..) => "another execution works on it".into(),
        _ => error.to_owned(),
    }
}

/// The JSON that a function puts into its message, which Lambda puts into its report.
fn cause(report: &str) -> Value {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let message = report.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str(message).unwrap_or_default()
}
