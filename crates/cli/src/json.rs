//! JSON that a terminal can show.

use crate::text::is_invisible;
use serde::Serialize;

/// A document in lines for people, or in one. What a terminal would act on is escaped: JSON itself demands that only of some
/// characters.
pub(crate) fn to_json(document: &impl Serialize, in_lines: bool) -> Result<String, serde_json::Error> {
    let text = match in_lines {
        true => serde_json::to_string_pretty(document)?,
        false => serde_json::to_string(document)?,
    };
    Ok(escape(&text))
}

/// Line breaks stand between tokens alone.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match is_invisible(c) && c != '\n' {
            true => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
            false => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::to_json;
    use serde_json::{Value, json};

    #[test]
    fn what_a_terminal_would_act_on_is_escaped_and_means_the_same() {
        let document = json!({"Name": "a\u{9b}2J\u{202e}b\u{e0041}\x1b[2J", "Other": "prod ⇄ ü"});
        let text = to_json(&document, true).unwrap();
        assert!(text.contains("⇄ ü"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && super::is_invisible(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
