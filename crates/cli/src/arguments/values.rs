//! Values of options.

use isthmus_peering::ids::Malformed;
use isthmus_peering::selection::RouteSelection;
use std::str::FromStr;
use std::time::Duration;

/// A route selection, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    /// The words.
    pub text: String,
    /// What they mean.
    pub selection: RouteSelection,
}

/// As in the tag `isthmus:routes`, or as JSON in the input of an execution.
impl FromStr for Routes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let selection = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| error.to_string())?,
            false => RouteSelection {
                tables: text.parse().map_err(|malformed: Malformed| malformed.to_string())?,
                destinations: None,
            },
        };
        Ok(Self { text: text.to_owned(), selection })
    }
}

/// A name that CloudFormation accepts.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html>
pub(super) fn parse_stack(text: &str) -> Result<String, String> {
    let is_valid = text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match is_valid {
        true => Ok(text.to_owned()),
        false => Err("a stack's name begins with a letter and has letters, digits and hyphens".into()),
    }
}

/// `90s`, `10m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let refuse = || "write a number and s, m or h, such as 10m".to_owned();
    let (number, seconds) = match text.char_indices().next_back() {
        Some((end, 's')) => (text.get(..end), 1),
        Some((end, 'm')) => (text.get(..end), 60),
        Some((end, 'h')) => (text.get(..end), 3600),
        _ => return Err(refuse()),
    };
    let number: u64 = number.and_then(|number| number.parse().ok()).ok_or_else(refuse)?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(refuse)
}
