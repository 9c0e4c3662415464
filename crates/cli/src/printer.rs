//! Everything that the program writes to a terminal or a pipe: data to stdout, messages to stderr.

use crate::arguments::{Format, Global};
use crate::exit;
use crate::failure::Failure;
use crate::json::to_json;
use crate::outcome::Outcome;
use crate::text::{BAD, FAINT, Line};
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdin, stdout};

/// When to write in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The one that writes.
#[derive(Debug)]
pub struct Printer {
    format: Format,
    color: ColorChoice,
    is_quiet: bool,
    may_ask: bool,
}

impl Printer {
    /// One for these arguments.
    pub fn new(global: &Global) -> Self {
        Self {
            is_quiet: global.quiet,
            may_ask: !global.no_input && stdin().is_terminal() && stderr().is_terminal(),
            ..Self::plain(global.output, global.color)
        }
    }

    /// One that asks nothing.
    pub fn plain(format: Format, color: ColorWhen) -> Self {
        let color = match color {
            // anstream writes colour to any terminal where `CI` is set.
            ColorWhen::Auto if std::env::var_os("TERM").is_some_and(|term| term == "dumb") => ColorChoice::Never,
            ColorWhen::Auto => ColorChoice::Auto,
            ColorWhen::Always => ColorChoice::Always,
            ColorWhen::Never => ColorChoice::Never,
        };
        Self { format, color, is_quiet: false, may_ask: false }
    }

    /// Whether a person can be asked.
    pub fn may_ask(&self) -> bool {
        self.may_ask && self.format == Format::Text
    }

    /// Whether progress is written at all.
    pub fn shows_progress(&self) -> bool {
        self.format == Format::Text && !self.is_quiet
    }

    /// Whether lines may be drawn over: on a terminal that takes colours.
    pub fn animates(&self) -> bool {
        let takes_color = match self.color {
            ColorChoice::Auto => AutoStream::choice(&stderr()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        };
        self.shows_progress() && stderr().is_terminal() && takes_color
    }

    /// How many columns a table may have; any number in a pipe.
    pub fn width(&self) -> Option<u16> {
        stdout().is_terminal().then(|| terminal_size::terminal_size().map(|(width, _)| width.0)).flatten()
    }

    /// A message, unless it is to be quiet or the answer is a document.
    pub fn message(&self, line: &Line) {
        if self.shows_progress() {
            self.complain(line);
        }
    }

    /// Asks a question on stderr, of which the answer is yes or no.
    pub async fn confirm(&self, question: &Line) -> bool {
        let mut err = AutoStream::new(stderr(), self.color);
        drop(write!(err, "{} [y/N] ", question.ansi()));
        drop(err.flush());
        let read = || {
            let mut answer = String::new();
            stdin().read_line(&mut answer).map(|_| answer)
        };
        // Not on this thread, which waits for Ctrl-C.
        let answer = tokio::task::spawn_blocking(read).await;
        matches!(answer, Ok(Ok(answer)) if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Writes an answer; returns its exit code.
    pub fn outcome(&self, outcome: &Outcome) -> u8 {
        let written = match self.format {
            Format::Json => self.document(&outcome.document),
            Format::Text => self.lines(&outcome.text),
        };
        self.code_after(written, outcome.code)
    }

    /// Writes a failure; returns its exit code.
    pub fn failure(&self, failure: &Failure) -> u8 {
        let written = match self.format {
            Format::Json => self.document(failure),
            Format::Text => {
                self.complain(
                    &Line::default().styled(BAD, format!("error[{}]", failure.error)).and(": ").and(failure.message()),
                );
                for command in &failure.help {
                    self.complain(&Line::default().styled(FAINT, "  help: ").and(command));
                }
                Ok(())
            }
        };
        self.code_after(written, failure.code())
    }

    /// A reader that has read enough closes the pipe, which is no failure.
    fn code_after(&self, written: io::Result<()>, code: u8) -> u8 {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.complain(&Line::of(format!("error[Failed]: the answer can't be written: {error}")));
                exit::FAILED
            }
            Ok(()) | Err(_) => code,
        }
    }

    /// Nobody can be told that stderr is closed.
    fn complain(&self, line: &Line) {
        drop(writeln!(AutoStream::new(stderr(), self.color), "{}", line.ansi()));
    }

    fn lines(&self, lines: &[Line]) -> io::Result<()> {
        let mut out = AutoStream::new(stdout().lock(), self.color);
        lines.iter().try_for_each(|line| writeln!(out, "{}", line.ansi()))?;
        out.flush()
    }

    /// For people in lines, for a pipe in one.
    fn document(&self, document: &impl Serialize) -> io::Result<()> {
        let text = to_json(document, stdout().is_terminal())?;
        let mut out = stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }
}
