//! The exit codes hold every error with which an execution can end, each once.

use isthmus_cli::exit::{self, ERRORS, OWN, code_of};
use isthmus_peering::error::Error;
use std::collections::{BTreeMap, BTreeSet};
use strum::VariantNames;

/// These make the machine call again; an execution never ends with one.
const SIGNALS: [&str; 5] = ["PeeringNotVisible", "PeeringPending", "PlanAgain", "RoutesRemaining", "Throttled"];

#[test]
fn every_error_has_a_code_of_its_own() {
    let errors: BTreeSet<&str> = Error::VARIANTS.iter().copied().filter(|name| !SIGNALS.contains(name)).collect();
    let table: BTreeMap<&str, u8> = ERRORS.into();
    assert_eq!(table.keys().copied().collect::<BTreeSet<_>>(), errors);
    let codes: BTreeSet<u8> = table.values().copied().collect();
    assert_eq!(codes.len(), ERRORS.len(), "no code is used twice");
    assert!(codes.iter().all(|code| (10..100).contains(code)), "{codes:?}");
}

#[test]
fn the_programs_own_names_are_none_of_the_errors() {
    for (name, code) in OWN {
        assert!(!exit::is_error(name), "{name}");
        assert_eq!(code_of(name), code);
        assert!(!ERRORS.iter().any(|(_, other)| *other == code), "{code}");
    }
}

#[test]
fn a_name_that_this_release_does_not_know_is_another_failure() {
    assert_eq!(code_of("OfTheNextRelease"), exit::FAILED);
}
