//! How text is written: styles, and words for a shell.

use isthmus_cli::text::{GOOD, Line, quoted};

#[test]
fn styles_are_escape_sequences_of_our_own_alone() {
    let line = Line::of("a").styled(GOOD, "\u{1b}[31mb").and("c");
    assert_eq!(line.ansi(), "a\u{1b}[32mb\u{1b}[0mc");
    assert_eq!(line.to_string(), "abc");
}

#[test]
fn a_word_is_quoted_as_a_shell_needs_it() {
    for (word, quoted_word) in [
        ("payments-prod", "payments-prod"),
        ("vpc-1@eu-west-1@1", "vpc-1@eu-west-1@1"),
        ("a b", "'a b'"),
        ("it's", "'it'\\''s'"),
        ("$(x)", "'$(x)'"),
        ("", "''"),
        ("a\u{1b}[2J;b", "'a;b'"),
    ] {
        assert_eq!(quoted(word), quoted_word);
    }
}
