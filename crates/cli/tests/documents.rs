//! The documents and the program agree.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use clap::{CommandFactory, Parser};
use isthmus_cli::arguments::Arguments;
use isthmus_cli::exit::ERRORS;
use isthmus_cli::explanations::{explain, sections};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The rows between two marks `<!-- name -->`, as cells.
fn table(document: &str, name: &str) -> Vec<Vec<String>> {
    let mark = format!("<!-- {name} -->");
    let table = document.split(&mark).nth(1).unwrap_or_else(|| panic!("{mark}")).to_owned();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What is written in code, word by word.
fn in_code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_reference_has_every_command_with_every_option() {
    let reference = text("docs/REFERENCE.md");
    let documented: BTreeMap<String, BTreeSet<String>> = table(&reference, "commands")
        .iter()
        .map(|row| {
            let usage: Vec<&str> = in_code(row.first().unwrap()).next().unwrap().split_whitespace().collect();
            let options =
                usage.iter().map(|word| word.trim_matches(['[', ']', '|'])).filter(|word| word.starts_with("--"));
            (usage.get(1).copied().unwrap().to_owned(), options.map(str::to_owned).collect())
        })
        .collect();
    let mut defined = Arguments::command();
    defined.build();
    let options = |command: &clap::Command| {
        let own = command.get_arguments().filter(|argument| !argument.is_global_set());
        own.filter_map(|argument| argument.get_long())
            .filter(|long| *long != "help")
            .map(|long| format!("--{long}"))
            .collect()
    };
    let commands = defined.get_subcommands().filter(|command| command.get_name() != "help");
    let commands: BTreeMap<String, BTreeSet<String>> =
        commands.map(|command| (command.get_name().to_owned(), options(command))).collect();
    assert_eq!(documented, commands);
}

#[test]
fn the_reference_has_every_option_of_every_command() {
    let documented: BTreeSet<String> = table(&text("docs/REFERENCE.md"), "options")
        .iter()
        .flat_map(|row| {
            in_code(row.first().unwrap()).map(|word| word.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .filter(|word| word.starts_with("--"))
        .collect();
    let global = Arguments::command();
    let global = global.get_arguments().filter(|argument| argument.is_global_set());
    assert_eq!(documented, global.map(|argument| format!("--{}", argument.get_long().unwrap())).collect());
}

#[test]
fn the_reference_has_every_exit_code() {
    let documented: BTreeMap<String, String> = table(&text("docs/REFERENCE.md"), "exit codes")
        .into_iter()
        .map(|row| (row.first().unwrap().clone(), row.get(1).unwrap().clone()))
        .collect();
    let help = Arguments::command().render_long_help().to_string();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let printed: BTreeSet<&str> = codes.lines().filter_map(|line| line.trim().split(' ').next()).collect();
    assert_eq!(documented.keys().map(String::as_str).collect::<BTreeSet<_>>(), printed);
    for (name, code) in ERRORS {
        assert_eq!(documented.get(&code.to_string()), Some(&format!("`{name}`")));
    }
}

#[test]
fn every_error_is_explained_by_its_section_of_the_runbook() {
    let explained: BTreeSet<&str> = sections().map(|(name, _)| name).collect();
    for (name, _) in ERRORS {
        assert!(explained.contains(name), "{name}");
        let (known, text) = explain(&name.to_lowercase()).unwrap();
        assert_eq!(known, name);
        assert!(text.starts_with(&format!("{name}\n\n")) && !text.contains("\n## "), "{text}");
    }
    assert_eq!(explain("OfTheNextRelease").unwrap_err().code(), 2);
}

#[test]
fn every_command_line_of_the_documents_can_be_parsed() {
    let mut count = 0;
    for path in ["docs/RUNBOOK.md", "docs/REFERENCE.md", "README.md"] {
        let document = text(path);
        let lines = document
            .lines()
            .map(|line| line.trim().trim_start_matches("$ "))
            .filter(|line| line.starts_with("isthmus "));
        for line in lines {
            let words = shlex::split(line).unwrap();
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{path}: {line}: {error}");
            }
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
