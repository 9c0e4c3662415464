//! Text that others wrote, such as a word of a tag, in what people read.

/// The text in so many characters at most. A character that isn't seen, or that changes how the others are shown, is written as its
/// code: `\u{202e}`.
pub(crate) fn shown(text: &str, room: usize) -> String {
    let mut shown: String = text.chars().flat_map(Shown::of).take(room + 1).collect();
    if let Some((cut, _)) = shown.char_indices().nth(room) {
        shown.truncate(cut);
        shown.pop();
        shown.push('…');
    }
    shown
}

/// A character, or its code.
enum Shown {
    As(std::iter::Once<char>),
    Code(std::char::EscapeDebug),
}

impl Shown {
    fn of(character: char) -> Self {
        match character {
            '"' | '\'' | '\\' => Self::As(std::iter::once(character)),
            other => Self::Code(other.escape_debug()),
        }
    }
}

impl Iterator for Shown {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::As(character) => character.next(),
            Self::Code(code) => code.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_as_its_code() {
        for (text, as_shown) in [
            ("größe \"100\" 東京 \\ it's", "größe \"100\" 東京 \\ it's"),
            ("a\nb\t\0", r"a\nb\t\0"),
            ("\u{202e}txt\u{200b}\u{2066}", r"\u{202e}txt\u{200b}\u{2066}"),
            ("\u{85}\u{2028}\u{7f}\u{1b}[2J", r"\u{85}\u{2028}\u{7f}\u{1b}[2J"),
        ] {
            assert_eq!(shown(text, 100), as_shown);
        }
    }

    #[test]
    fn it_fits() {
        assert_eq!(shown("abcd", 4), "abcd");
        assert_eq!(shown("abcde", 4), "abc…");
        assert_eq!(shown("ab\u{202e}", 5), r"ab\u…");
        assert_eq!(shown(&"語".repeat(1_000_000), 256).chars().count(), 256);
        assert_eq!(shown("", 4), "");
    }
}
