//! How the groups stand, as a person reads it.

use crate::text::{BAD, CHANGED, Line, STRONG, counted};
use isthmus_peering::groups::{GroupReport, GroupsReport, RefusedByGroup};

/// The lines of a report. Whether it is of a dry run it doesn't say.
pub fn lines(report: &GroupsReport) -> Vec<Line> {
    let groups = report.groups.iter().flat_map(of_group);
    let near = report.near_quota.iter().map(|near| {
        warning(&format!("{} has {} of the {} peerings that its quota allows", near.vpc_id, near.peerings, near.limit))
    });
    let left = (report.left > 0).then(|| warning(&format!("{} left to the next run", counted(report.left, "pair"))));
    let warnings = report.warnings.iter().map(|text| warning(text));
    let nothing =
        (report.groups.is_empty() && report.warnings.is_empty()).then(|| Line::of("No VPC is a member of a group."));
    groups.chain(effort(report)).chain(near).chain(left).chain(warnings).chain(nothing).collect()
}

fn of_group(group: &GroupReport) -> Vec<Line> {
    let GroupReport { name, hubs, spokes, mesh, pairs, in_place, set_up, torn_down, refused_count, refused } = group;
    let roles = [(*hubs, "hub"), (*spokes, "spoke"), (*mesh, "mesh member")];
    let roles: Vec<String> =
        roles.into_iter().filter(|(count, _)| *count > 0).map(|(count, role)| counted(count, role)).collect();
    let members = if roles.is_empty() { "no member".to_owned() } else { roles.join(", ") };
    let counts = [(*set_up, "set up"), (*torn_down, "torn down"), (*refused_count, "refused")];
    let counts: String =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(" · {count} {what}")).collect();
    let pairs = counted(*pairs, "pair");
    let head =
        Line::of("").styled(STRONG, name.as_str()).and(format!("  {members}  {pairs}: {in_place} in place{counts}"));
    let more = refused_count.saturating_sub(refused.len());
    let more = (more > 0).then(|| Line::of(format!("  and {more} more refused")));
    [head].into_iter().chain(refused.iter().map(of_refusal)).chain(more).collect()
}

fn of_refusal(refused: &RefusedByGroup) -> Line {
    let RefusedByGroup { vpc_id, peer_vpc_id, error, message } = refused;
    Line::of(format!("  {vpc_id} ⇄ {peer_vpc_id}  ")).styled(BAD, error).and(format!("  {message}"))
}

/// What it takes, or took, to set up what is missing, where something is.
fn effort(report: &GroupsReport) -> Option<Line> {
    if report.cost.calls.is_empty() {
        return None;
    }
    let calls: Vec<String> = report.cost.calls.iter().map(|(action, calls)| format!("{calls} {action}")).collect();
    let slowest = report.cost.slowest.as_ref().map(|slowest| {
        format!(
            ", of which {} {} in {} of {} take the longest",
            slowest.calls, slowest.action, slowest.region, slowest.owner_id
        )
    });
    let slowest = slowest.unwrap_or_default();
    Some(Line::of(format!("Calls: {}; at least {} s{slowest}", calls.join(", "), report.cost.least_seconds)))
}

fn warning(text: &str) -> Line {
    Line::of("").styled(CHANGED, "!").and(format!(" {text}"))
}
