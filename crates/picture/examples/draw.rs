//! Draws a topology: `draw page|svg|dark-widget|light-widget < topology.json > picture`.

#![allow(clippy::print_stdout, reason = "it is a program for the command line")]

use isthmus_picture::topology::Topology;
use isthmus_picture::{Theme, page, svg, widget};
use std::error::Error;
use std::io::Read;

fn main() -> Result<(), Box<dyn Error>> {
    let mut json = Vec::new();
    std::io::stdin().read_to_end(&mut json)?;
    let topology = Topology::parse(&json)?;
    let drawn = match std::env::args().nth(1).as_deref() {
        Some("page") => page(&topology),
        Some("svg") => svg(&topology),
        Some("light-widget") => widget(&topology, Theme::Light),
        Some("dark-widget") => widget(&topology, Theme::Dark),
        _ => return Err("write page, svg, light-widget or dark-widget".into()),
    };
    print!("{drawn}");
    Ok(())
}
