//! Lines for a terminal. What strangers wrote, such as names and messages of other accounts, can't change how a terminal
//! behaves or in which order it is read: every piece of a line is cleaned when it is put in.

use anstyle::{AnsiColor, Style};
pub use isthmus_picture::is_invisible;
use std::fmt;

/// Something was, or would be, made.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something was, or would be, changed, or is surprising.
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
/// Something failed, or goes.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What may be skipped.
pub const FAINT: Style = Style::new().dimmed();
/// What stands out.
pub const STRONG: Style = Style::new().bold();
/// As the rest.
pub const PLAIN: Style = Style::new();

/// One line, without its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<(Style, String)>);

impl Line {
    /// A line of that text.
    pub fn of(text: impl AsRef<str>) -> Self {
        Self::default().and(text)
    }

    /// A line of our own text that is not cleaned, because its control characters are meant.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self(vec![(PLAIN, text.into())])
    }

    /// The line and more text.
    #[must_use]
    pub fn and(self, text: impl AsRef<str>) -> Self {
        self.styled(PLAIN, text)
    }

    /// The line and more text in that style.
    #[must_use]
    pub fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        if !text.is_empty() {
            self.0.push((style, text));
        }
        self
    }

    /// With the escape sequences of its styles.
    pub fn ansi(&self) -> String {
        let is_plain = |style: &Style| *style == PLAIN;
        let piece = |(style, text): &(Style, String)| match is_plain(style) {
            true => text.clone(),
            false => format!("{style}{text}{style:#}"),
        };
        self.0.iter().map(piece).collect()
    }
}

/// Without styles.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(_, text)| f.write_str(text))
    }
}

/// The text without escape sequences, control characters, and characters that have no width or change the direction of
/// others. Line breaks are spaces.
pub fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let stripped = anstream::adapter::strip_str(&spaced).to_string();
    stripped.chars().filter(|c| !is_invisible(*c)).collect()
}

/// `1 route`, `2 routes`.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The word as a shell takes it for one argument.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.@=:/,+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", clean(word).replace('\'', "'\\''")),
    }
}
