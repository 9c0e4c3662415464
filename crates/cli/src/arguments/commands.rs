//! The arguments of each command.

use crate::arguments::Routes;
use crate::arguments::values::parse_duration;
use crate::ends::EndArgument;
use clap::{Args, ValueEnum, ValueHint};
use clap_complete::Shell;
use isthmus_peering::groups::GroupName;
use std::path::PathBuf;
use std::time::Duration;

/// Two VPCs.
#[derive(Debug, Args)]
pub struct Pair {
    /// One VPC: its Name, or vpc-…[@region[@account]].
    #[arg(value_name = "A")]
    pub one: EndArgument,
    /// The other VPC; its Region and account are those of A by default.
    #[arg(value_name = "B")]
    pub other: EndArgument,
}

/// What is asked for.
#[derive(Debug, Args)]
pub struct Asked {
    /// Which route tables of A get routes: all, main, none, a list of rtb-… or subnet-…, tag:key=value, or a selection as JSON.
    #[arg(long, value_name = "TABLES")]
    pub routes: Option<Routes>,
    /// Which route tables of B get routes.
    #[arg(long, value_name = "TABLES")]
    pub peer_routes: Option<Routes>,
    /// Turn on DNS resolution on both sides.
    #[arg(long)]
    pub dns: bool,
    /// The connection's tag Name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// How long to wait.
#[derive(Debug, Args)]
pub struct Waiting {
    /// Give up waiting after that time, such as 90s, 10m or 1h; the execution goes on.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The VPCs.
    #[command(flatten)]
    pub pair: Pair,
    /// What is asked for.
    #[command(flatten)]
    pub asked: Asked,
    /// Exit with 3 if something would be changed.
    #[arg(long)]
    pub exit_code: bool,
}

/// Arguments of `peer`.
#[derive(Debug, Args)]
pub struct PeerArguments {
    /// The VPCs.
    #[command(flatten)]
    pub pair: Pair,
    /// What is asked for.
    #[command(flatten)]
    pub asked: Asked,
    /// Print the execution's ARN once it has started.
    #[arg(long, conflicts_with = "timeout")]
    pub no_wait: bool,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Arguments of `unpeer`.
#[derive(Debug, Args)]
pub struct UnpeerArguments {
    /// The VPCs.
    #[command(flatten)]
    pub pair: Pair,
    /// Show what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Remove it without asking; needed where nobody can be asked.
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Only peerings of this VPC.
    #[arg(value_name = "A")]
    pub one: Option<EndArgument>,
    /// Only those with this VPC.
    #[arg(value_name = "B")]
    pub other: Option<EndArgument>,
    /// List peerings that are in place, and connections that aren't the stack's, too.
    #[arg(long, conflicts_with = "state")]
    pub all: bool,
    /// List peerings in these states alone.
    #[arg(long, value_name = "STATES", value_delimiter = ',', value_enum)]
    pub state: Vec<State>,
    /// Exit with 3 if one of these peerings is missing, differs or has failed.
    #[arg(long)]
    pub exit_code: bool,
}

/// What a peering can be found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// As it is asked for.
    InPlace,
    /// Not done, and nothing to repair.
    Waiting,
    /// Asked for, and no connection.
    Missing,
    /// Not as it is asked for.
    Drift,
    /// Refused, or failed.
    Failed,
    /// None of the stack's.
    Foreign,
}

/// Arguments of `topology`.
#[derive(Debug, Args)]
pub struct TopologyArguments {
    /// Write a page with the picture to that file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["svg", "json"])]
    pub html: Option<PathBuf>,
    /// Write the picture alone to that file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "json")]
    pub svg: Option<PathBuf>,
    /// Print the stack's answer, which --from reads.
    #[arg(long)]
    pub json: bool,
    /// Read an answer that was saved, and ask no stack.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,
}

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArguments {
    /// Only report what differs.
    #[arg(long)]
    pub dry_run: bool,
    /// Carry out so many of the removals that the brake holds, the oldest first.
    #[arg(long, value_name = "N")]
    pub release: Option<usize>,
    /// Exit with 3 if something differs.
    #[arg(long)]
    pub exit_code: bool,
}

/// Arguments of `groups`.
#[derive(Debug, Args)]
pub struct GroupsArguments {
    /// The groups that the run is about; all by default.
    #[arg(value_name = "NAME")]
    pub names: Vec<GroupName>,
    /// Only report what a run would do: change and publish nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// The execution's name or ARN.
    pub execution: String,
    /// How long to wait.
    #[command(flatten)]
    pub waiting: Waiting,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// An error, such as OverlappingCidrs, or an alarm, such as DriftStays.
    pub name: String,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}
