//! The program `isthmus`: for people, and for scripts that people write.
//!
//! It asks a deployed stack, by Step Functions and Lambda, and never EC2: what is decided is decided there. A command answers
//! an [`outcome::Outcome`] or a [`failure::Failure`], and the [`printer::Printer`] alone writes to the terminal, so that
//! `--output json` is one document whatever happens.

pub mod arguments;
mod calls;
mod commands;
pub mod ends;
pub mod execution;
pub mod exit;
pub mod explanations;
pub mod failure;
pub mod groups_text;
pub mod help;
mod json;
pub mod outcome;
pub mod plan_text;
pub mod printer;
pub mod progress;
pub mod stack;
pub mod status_text;
pub mod text;

use crate::arguments::{Arguments, Format};
use crate::commands::Session;
use crate::failure::Failure;
use crate::printer::{ColorWhen, Printer};
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;

/// Runs a command line and returns the exit code. The process has to end afterwards: a question may still wait for its answer.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = words.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(refusal) => return refuse(&words, &refusal),
    };
    let printer = Printer::new(&arguments.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return printer.failure(&Failure::other(error)),
    };
    let code = runtime.block_on(async {
        let session = Session::new(&arguments.global, &printer);
        let answer = tokio::select! {
            answer = session.run(&arguments.command) => answer,
            _ = tokio::signal::ctrl_c() => Err(session.interrupted()),
        };
        match answer {
            Ok(outcome) => printer.outcome(&outcome),
            Err(failure) => printer.failure(&failure),
        }
    });
    // A question that was left open holds a thread of the runtime, which would be waited for.
    runtime.shutdown_background();
    code
}

/// What clap answers instead of arguments: help and version on stdout, or a usage error.
fn refuse(words: &[OsString], refusal: &clap::Error) -> u8 {
    match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has read enough is no failure.
            drop(refusal.print());
            exit::DONE
        }
        _ if Format::among(words) == Format::Json => {
            let text = refusal.render().to_string();
            // What follows is about usage in general.
            let message = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            let message = message.strip_prefix("error: ").unwrap_or(&message);
            Printer::plain(Format::Json, ColorWhen::Never).failure(&Failure::usage(message))
        }
        _ => {
            drop(refusal.print());
            exit::USAGE
        }
    }
}
