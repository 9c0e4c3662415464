//! What an error means.

use crate::exit::ERRORS;
use crate::failure::Failure;
use crate::text::quoted;

const REFERENCE: &str = include_str!("../../../docs/REFERENCE.md");

/// The text about an error, from the table of docs/REFERENCE.md.
pub fn explain(name: &str) -> Result<String, Failure> {
    let known = ERRORS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name));
    let Some(known) = known else {
        let names: Vec<&str> = ERRORS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(format!("there is no error {}: write one of {}", quoted(name), names.join(", "))));
    };
    let row = REFERENCE.lines().find_map(|line| line.strip_prefix(&format!("| `{known}` | ")));
    let (when, fields) = row.and_then(|row| row.trim_end_matches(" |").split_once(" | ")).unwrap_or_default();
    Ok(format!("{known}\n\n{when}.\n\nFields of its cause: {fields}."))
}
