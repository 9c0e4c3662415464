//! The reference lists every error and every example.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::error::Error;
use isthmus_peering::request::PeeringRequest;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use strum::VariantNames;

/// These make the machine call again; an execution never ends with one.
const SIGNALS: [&str; 5] = ["PeeringNotVisible", "PeeringPending", "PlanAgain", "RoutesRemaining", "Throttled"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace").to_owned()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_reference_lists_every_error_and_no_other() {
    let reference = text("docs/REFERENCE.md");
    let table = reference.split("<!-- errors -->").nth(1).expect("the table of errors between its marks");
    let rows: BTreeSet<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let public: BTreeSet<&str> = Error::VARIANTS.iter().copied().filter(|name| !SIGNALS.contains(name)).collect();
    assert_eq!(rows, public);
}

#[test]
fn every_example_is_in_the_reference_and_can_be_read() {
    let reference = text("docs/REFERENCE.md");
    let mut count = 0;
    for file in std::fs::read_dir(repository().join("examples")).expect("examples/") {
        let name = file.expect("a file").file_name().to_string_lossy().into_owned();
        if !name.ends_with(".json") {
            continue; // how pipelines use them
        }
        let input: Value = serde_json::from_str(&text(&format!("examples/{name}"))).expect("JSON");
        PeeringRequest::parse(&input, &isthmus_testing::stack()).expect("a request");
        let row = reference.lines().find(|line| line.contains(&format!("(../examples/{name})"))).expect(&name);
        let shown: Value = serde_json::from_str(row.split('`').nth(1).expect("the fields it shows")).expect("JSON");
        for (field, value) in shown.as_object().expect("an object") {
            assert_eq!(Some(value), input.get(field), "{name}: {field}");
        }
        count += 1;
    }
    assert!(count >= 10, "{count} examples");
}
