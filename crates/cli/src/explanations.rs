//! What an error, or an alarm, means: its section of docs/RUNBOOK.md.

use crate::failure::Failure;
use crate::text::quoted;

const RUNBOOK: &str = include_str!("../../../docs/RUNBOOK.md");

/// Every section, by the name of its error or alarm.
pub fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    RUNBOOK.split("\n## ").skip(1).filter_map(|section| {
        let heading = section.lines().next()?;
        Some((heading.strip_prefix("Alarm: ").unwrap_or(heading), section))
    })
}

/// The section of that name, in whatever case it is written.
pub fn explain(name: &str) -> Result<(&'static str, String), Failure> {
    match sections().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((known, section)) => Ok((known, section.trim_end().to_owned())),
        None => {
            let names: Vec<&str> = sections().map(|(name, _)| name).collect();
            Err(Failure::usage(format!(
                "no error or alarm is called {}: write one of {}",
                quoted(name),
                names.join(", ")
            )))
        }
    }
}
