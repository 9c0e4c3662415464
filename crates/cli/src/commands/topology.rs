//! `topology`: every VPC that the stack sees, as text, JSON or a picture.

use crate::arguments::TopologyArguments;
use crate::commands::Session;
use crate::failure::Failure;
use crate::json::to_json;
use crate::outcome::Outcome;
use crate::stack::unreadable;
use crate::status_text::topology_lines;
use crate::text::Line;
use isthmus_picture::topology::{Topology, UnreadableTopology};
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn run(session: &Session<'_>, arguments: &TopologyArguments) -> Result<Outcome, Failure> {
    let TopologyArguments { html, svg, json, from } = arguments;
    let (topology, document) = match from {
        Some(file) => saved(file)?,
        None => session.stack.topology().await?,
    };
    if let Some(file) = html {
        return written(file, "Html", &isthmus_picture::page(&topology));
    }
    if let Some(file) = svg {
        return written(file, "Svg", &isthmus_picture::svg(&topology));
    }
    let lines = match json {
        true => to_json(&document, true).map_err(Failure::other)?.lines().map(Line::verbatim).collect(),
        false => topology_lines(&topology, session.printer.width()),
    };
    Outcome::done(lines, &document)
}

fn saved(file: &Path) -> Result<(Topology, Value), Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::usage(format!("{} can't be read: {error}", file.display()));
    let answer = std::fs::read(file).map_err(|error| refused(&error))?;
    let topology = Topology::parse(&answer).map_err(|error| match error {
        UnreadableTopology::Malformed(_) => refused(&error),
        UnreadableTopology::Version(_) => unreadable(error),
    })?;
    Ok((topology, serde_json::from_slice(&answer).map_err(|error| refused(&error))?))
}

fn written(file: &Path, kind: &str, text: &str) -> Result<Outcome, Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::other(format!("{} can't be written: {error}", file.display())))?;
    Outcome::done(vec![Line::of(file.display().to_string())], &json!({kind: file}))
}
