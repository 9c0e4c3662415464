//! The command line.

mod commands;
mod values;

use crate::exit;
use crate::printer::ColorWhen;
use clap::{Args, Parser, Subcommand, ValueEnum};
pub use commands::{
    Asked, CompletionsArguments, ExplainArguments, GroupsArguments, Pair, PeerArguments, PlanArguments, State,
    StatusArguments, SweepArguments, TopologyArguments, UnpeerArguments, Waiting, WatchArguments,
};
use std::ffi::OsString;
pub use values::Routes;
use values::parse_stack;

/// Plans, sets up, shows and removes VPC peerings by a deployed stack of Isthmus.
///
/// It calls Step Functions and Lambda, and never EC2: nobody who uses it needs a permission of EC2.
#[derive(Debug, Parser)]
#[command(name = "isthmus", version, after_long_help = exit_codes(), max_term_width = 100)]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The stack's name.
    #[arg(long, global = true, env = "ISTHMUS_STACK", default_value = "isthmus", value_name = "NAME", value_parser = parse_stack)]
    pub stack: String,
    /// The Region that the stack is in; that of the profile or environment by default.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// The profile of ~/.aws/config to use.
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// A role to assume first, for example in the stack's account.
    #[arg(long, global = true, env = "ISTHMUS_ROLE_ARN", value_name = "ARN")]
    pub role_arn: Option<String>,
    /// What to write to stdout: text, or one JSON document, on failure too.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// Whether to write in colour; NO_COLOR and TERM=dumb are respected.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorWhen,
    /// Write no progress and no hints.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Ask nothing, on a terminal either.
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// Exactly one document.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what `peer` would change, and change nothing.
    Plan(PlanArguments),
    /// Peer two VPCs, and wait until it is done. Safe to repeat.
    Peer(PeerArguments),
    /// Remove a peering: the routes that the stack wrote, then its connection.
    Unpeer(UnpeerArguments),
    /// Show which peerings are in place, and what to do about the others.
    Status(StatusArguments),
    /// Show every VPC that the stack sees, or write the picture of them.
    Topology(TopologyArguments),
    /// Compare desired and actual state everywhere, and start what is missing.
    Sweep(SweepArguments),
    /// Show how the groups of VPCs stand, and what it takes to set up what is missing.
    Groups(GroupsArguments),
    /// Follow an execution to its end.
    Watch(WatchArguments),
    /// Explain an error or an alarm: what it means, and what to do.
    Explain(ExplainArguments),
    /// Print a completion script for a shell.
    Completions(CompletionsArguments),
}

impl Format {
    /// What a command line asks for that can't be parsed.
    pub fn among(words: &[OsString]) -> Self {
        let words: Vec<_> = words.iter().filter_map(|word| word.to_str()).collect();
        let is_json = words.contains(&"--output=json") || words.windows(2).any(|two| two == ["--output", "json"]);
        if is_json { Self::Json } else { Self::Text }
    }
}

fn exit_codes() -> String {
    let others = [
        (exit::DONE, "done"),
        (exit::FAILED, "another failure"),
        (exit::USAGE, "usage"),
        (exit::DIFFERS, "differs (--exit-code)"),
        (exit::NOT_ALLOWED, "no credentials, or not allowed to ask"),
        (exit::STILL_RUNNING, "still running (--timeout)"),
        (exit::PENDING_ACCEPTANCE, "waits for its accepter's owner"),
        (exit::STACK_NOT_FOUND, "no such stack"),
        (exit::OTHER_RELEASE, "a stack of another release"),
        (exit::INTERRUPTED, "Ctrl-C"),
    ];
    let errors = exit::ERRORS.map(|(name, code)| (code, name));
    let mut codes: Vec<(u8, &str)> = others.into_iter().chain(errors).collect();
    codes.sort_unstable();
    let lines: Vec<String> = codes.iter().map(|(code, meaning)| format!("  {code:>3}  {meaning}")).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}
