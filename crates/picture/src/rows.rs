//! The peerings as rows of text, for a terminal: in the words of the page.

use crate::attention::{command, sentence};
use crate::network::Network;
use crate::page::requested_by;
use crate::topology::{Finding, Topology};
use std::cmp::Reverse;

/// One peering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `payments-prod ⇄ ledger-prod`.
    pub pair: String,
    /// What is found about it.
    pub finding: Finding,
    /// What is wrong; empty where nothing is.
    pub why: String,
    /// Who asks for it.
    pub requested_by: String,
    /// A command that helps, and before it who has to run it; empty where there is none.
    pub what_to_do: String,
}

/// Every peering, the worst first.
pub fn rows(topology: &Topology) -> Vec<Row> {
    let topology = topology.presentable();
    let network = Network::of(&topology);
    let mut lines: Vec<_> = network.lines.iter().collect();
    lines.sort_by_key(|line| Reverse(line.peering.finding));
    let row = |line| {
        let command = command(&network, line);
        Row {
            pair: network.pair(line),
            finding: line.peering.finding,
            why: match line.peering.error.as_deref() {
                Some(error) if !error.is_empty() => format!("{error}: {}", sentence(&network, line)),
                _ => sentence(&network, line),
            },
            requested_by: requested_by(&network, line, &line.peering.requested_by),
            what_to_do: command.map_or_else(String::new, |command| format!("{}{}", command.who, command.line)),
        }
    };
    lines.into_iter().map(row).collect()
}
