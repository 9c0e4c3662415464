//! A mesh of hundreds, and a report about hundreds that are refused: as large as a quota, and as long as a person reads.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::groups::{Member, Role};
use isthmus_testing::grouped;
use isthmus_testing::members::{Pairs, member, name, planned};
use serde_json::json;

const QUOTA: usize = 125;

#[test]
fn a_mesh_of_hundreds_is_as_large_as_its_quota() {
    let mesh: Vec<Member> =
        (0..250).map(|number| member(number, Role::Mesh, &[&format!("10.0.{number}.0/24")])).collect();
    let plan = planned(&mesh, &Pairs::new(), QUOTA);
    assert_eq!(plan.groups[&name("payments")].rule, 250 * 249 / 2);
    assert_eq!(plan.pairs.len(), (QUOTA + 1) * QUOTA / 2);
}

/// The same through the step: what a person gets is short, and nothing is written.
#[tokio::test]
async fn the_report_about_hundreds_that_are_refused_is_short() {
    let (memory, ends) = grouped::alike(100);
    grouped::join(&memory, "payments", &ends);
    memory.take_calls();
    let report = grouped::report(&memory).await;
    let group = &report.groups[0];
    assert_eq!(grouped::counts(group), [100 * 99 / 2, 0, 0, 100 * 99 / 2]);
    assert!(group.refused.len() <= 500);
    assert!(json!(report).to_string().len() < 200_000);
    for end in &ends {
        let words: Vec<String> = (0..40).map(|number| format!("g{number}:hub")).collect();
        memory.tag_vpc(end, "isthmus:group", &words.join(" "));
    }
    let report = grouped::report(&memory).await;
    assert_eq!(report.groups.len(), 40, "of 256 characters each");
    assert!(json!(report).to_string().len() < 200_000, "{} bytes", json!(report).to_string().len());
}
