//! The progress of an execution: on a terminal lines that are drawn over, elsewhere one line a state.

use crate::execution::{Execution, Visit};
use crate::printer::Printer;
use crate::stack::Machine;
use crate::text::{BAD, FAINT, GOOD, Line, clean};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::time::Duration;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Where an execution's states are shown.
#[derive(Debug)]
pub enum Progress<'p> {
    /// Nowhere.
    Hidden,
    /// One line a state, once it is over.
    Lines {
        /// Where to.
        printer: &'p Printer,
        /// How many are written.
        written: usize,
    },
    /// Lines that are drawn over.
    Drawn(Drawn),
}

impl<'p> Progress<'p> {
    /// As the terminal and the arguments have it.
    pub fn of(printer: &'p Printer, machine: Option<Machine>) -> Self {
        match (printer.shows_progress(), printer.animates()) {
            (false, _) => Self::Hidden,
            (true, false) => Self::Lines { printer, written: 0 },
            (true, true) => Self::Drawn(Drawn::new(machine, ProgressDrawTarget::stderr())),
        }
    }

    /// Shows what is known by now.
    pub fn show(&mut self, execution: &Execution) {
        match self {
            Self::Hidden => {}
            Self::Lines { printer, written } => {
                let over = execution.visits.iter().take_while(|visit| visit.took.is_some());
                over.skip(*written).for_each(|visit| printer.message(&line(visit)));
                *written = execution.visits.iter().take_while(|visit| visit.took.is_some()).count();
            }
            Self::Drawn(drawn) => drawn.show(execution),
        }
    }
}

/// `  ✓ CreateRequest        0.8 s   pcx-0123456789abcdef0, 2 routes to create`
fn line(visit: &Visit) -> Line {
    let Visit { state, took, detail, .. } = visit;
    let (style, mark) = if visit.has_failed { (BAD, "✗") } else { (GOOD, "✓") };
    let seconds = format!("{:.1} s", took.unwrap_or_default());
    let rest = format!(" {state:<20} {seconds:>7}   {detail}");
    Line::of("  ").styled(style, mark).and(rest.trim_end())
}

/// Bars of which each is one line.
#[derive(Debug)]
pub struct Drawn {
    multi: MultiProgress,
    /// Those of visits, in their order.
    visits: Vec<ProgressBar>,
    /// Those of states that are to come.
    coming: Vec<(&'static str, ProgressBar)>,
}

impl Drawn {
    /// The states that a machine goes through, all yet to come.
    pub fn new(machine: Option<Machine>, target: ProgressDrawTarget) -> Self {
        let multi = MultiProgress::with_draw_target(target);
        let main_line = machine.map_or(&[] as &[_], Machine::main_line);
        let coming = main_line.iter().map(|state| (*state, coming_bar(&multi, state))).collect();
        Self { multi, visits: Vec::new(), coming }
    }

    /// Draws what is known by now. Once the execution is over, what didn't come is removed.
    pub fn show(&mut self, execution: &Execution) {
        for (place, visit) in execution.visits.iter().enumerate() {
            if self.visits.len() == place {
                self.begin(visit);
            }
            let Some(bar) = self.visits.get(place).filter(|bar| !bar.is_finished()) else { continue };
            match visit.took {
                None => bar.set_message(clean(&visit.detail)),
                Some(_) => {
                    bar.set_style(plain_style());
                    bar.finish_with_message(line(visit).ansi());
                }
            }
        }
        if execution.ended.is_some() {
            self.coming.drain(..).for_each(|(_, bar)| bar.finish_and_clear());
        }
    }

    /// Takes the place of a state that was to come; those before it were skipped.
    fn begin(&mut self, visit: &Visit) {
        if let Some(place) = self.coming.iter().position(|(state, _)| *state == visit.state) {
            self.coming.drain(..=place).for_each(|(_, bar)| {
                bar.finish_and_clear();
                self.multi.remove(&bar);
            });
        }
        let bar = self.multi.insert(self.visits.len(), ProgressBar::no_length());
        bar.set_style(running_style());
        bar.set_prefix(clean(&visit.state));
        bar.enable_steady_tick(TICK);
        self.visits.push(bar);
    }
}

fn coming_bar(multi: &MultiProgress, state: &'static str) -> ProgressBar {
    let bar = multi.add(ProgressBar::no_length().with_style(plain_style()));
    bar.set_message(Line::of("  ").styled(FAINT, format!("· {state}")).ansi());
    bar.tick();
    bar
}

fn plain_style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn running_style() -> ProgressStyle {
    let seconds = |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{:.1} s", state.elapsed().as_secs_f64());
    };
    ProgressStyle::with_template("  {spinner} {prefix:<20} {seconds:>7}   {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("seconds", seconds)
}
