//! What the state machines, the template and the folders say, as the test reads it.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace").to_owned()
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn machine() -> Value {
    serde_json::from_str(&text("statemachine/peering.asl.json")).expect("JSON")
}

pub(crate) fn teardown() -> Value {
    serde_json::from_str(&text("statemachine/teardown.asl.json")).expect("JSON")
}

pub(crate) fn groups() -> Value {
    serde_json::from_str(&text("statemachine/groups.asl.json")).expect("JSON")
}

/// The states of these machines.
fn states() -> Vec<(String, Value)> {
    [machine(), teardown(), groups()].iter().flat_map(states_of).collect()
}

/// Those of its children included.
pub(crate) fn states_of(machine: &Value) -> Vec<(String, Value)> {
    let states = machine["States"].as_object().expect("states");
    let of_children = states.values().filter(|state| state["Type"] == "Map");
    let of_children = of_children.flat_map(|state| states_of(&state["ItemProcessor"])).collect::<Vec<_>>();
    states.iter().map(|(name, state)| (name.clone(), state.clone())).chain(of_children).collect()
}

/// The tasks that a function carries out, each with the function's name as the template spells it.
pub(crate) fn tasks() -> BTreeMap<String, String> {
    let of_function = |(name, state): (String, Value)| {
        let substitution = state["Arguments"]["FunctionName"].as_str()?.to_owned();
        let function = substitution.strip_prefix("${")?.strip_suffix("FunctionArn}")?;
        Some((name, function.to_owned()))
    };
    states().into_iter().filter_map(of_function).collect()
}

/// The tasks that no function carries out.
pub(crate) fn reports() -> BTreeSet<(String, String)> {
    let is_report = |(name, state): (String, Value)| {
        if let Some(entries) = state["Arguments"]["Entries"].as_str() {
            let field = |field: &str| entries.split(&format!("'{field}': '")).nth(1)?.split('\'').next();
            assert_eq!((field("Source"), field("EventBusName")), (Some("isthmus"), Some("${EventBusName}")));
            return Some((name, field("DetailType")?.to_owned()));
        }
        let entry = state["Arguments"]["Entries"][0].as_object()?;
        assert_eq!(
            (entry["Source"].as_str(), entry["EventBusName"].as_str()),
            (Some("isthmus"), Some("${EventBusName}"))
        );
        Some((name, entry["DetailType"].as_str()?.to_owned()))
    };
    states().into_iter().filter_map(is_report).collect()
}

pub(crate) fn functions() -> BTreeSet<String> {
    let folders = std::fs::read_dir(repository().join("functions")).expect("functions/");
    folders.map(|folder| folder.expect("a folder").file_name().to_string_lossy().into_owned()).collect()
}

pub(crate) fn kebab(camel: &str) -> String {
    let words =
        camel.chars().flat_map(|c| if c.is_ascii_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] });
    words.collect::<String>().trim_start_matches('-').to_owned()
}

pub(crate) fn errors_equals(clause: &str) -> BTreeSet<String> {
    let states = states();
    let clauses = states.iter().flat_map(|(_, state)| state[clause].as_array().cloned().unwrap_or_default());
    let names = clauses.flat_map(|clause| clause["ErrorEquals"].as_array().cloned().unwrap_or_default());
    names.map(|name| name.as_str().expect("a name").to_owned()).collect()
}
