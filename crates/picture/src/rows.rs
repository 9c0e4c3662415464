//! The peerings as rows of text, for a terminal: in the words of the page.

use crate::attention::{command, sentence};
use crate::network::Network;
use crate::page::requested_by;
use crate::presentable::presentable;
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
    /// A command that helps.
    pub command: Option<String>,
    /// Who has to run it, where that isn't whoever reads this.
    pub who: String,
}

/// Every peering, the worst first.
pub fn rows(topology: &Topology) -> Vec<Row> {
    let topology = presentable(topology);
    let network = Network::of(&topology);
    let mut lines: Vec<_> = network.lines.iter().collect();
    lines.sort_by_key(|line| Reverse(line.peering.finding));
    let row = |line| {
        let (command, who) = match command(&network, line) {
            Some(found) => (Some(found.line), found.who),
            None => (None, String::new()),
        };
        Row {
            pair: network.pair(line),
            finding: line.peering.finding,
            why: match line.peering.error.as_deref() {
                Some(error) if !error.is_empty() => format!("{error}: {}", sentence(&network, line)),
                _ => sentence(&network, line),
            },
            requested_by: requested_by(&network, line, &line.peering.requested_by),
            command,
            who,
        }
    };
    lines.into_iter().map(row).collect()
}
