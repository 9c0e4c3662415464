//! Text that strangers wrote: names and messages. Escaping is the templates' own; what escaping leaves is removed here.

/// More than AWS allows in a tag's value.
const LONGEST: usize = 400;

/// The text without what could change how the text around it is read: control characters, marks of direction, and characters
/// without width. Line breaks are spaces. Longer text ends in `…`.
pub(crate) fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut kept = spaced.filter(|c| !is_invisible(*c));
    let mut cleaned: String = kept.by_ref().take(LONGEST).collect();
    if kept.next().is_some() {
        cleaned.push('…');
    }
    cleaned.trim().to_owned()
}

/// Control characters, Unicode's bidirectional controls, format characters that a reader can't see, and what XML doesn't allow.
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The width of a font's characters as part of its size: at least as wide as in the widest of the common sans-serif fonts,
/// DejaVu Sans and Verdana, in bold.
fn character_width(c: char) -> f64 {
    match c {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | 'I' | '·' => 0.45,
        '-' | '/' | '(' | ')' | 't' | 'f' | 'r' => 0.55,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.11,
        'A'..='Z' | '+' | '=' | '~' | '<' | '>' | '&' | '#' => 0.9,
        ' '..='~' => 0.73,
        _ => 1.2,
    }
}

/// How wide the text is at most, in the units of the font's size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(character_width).sum::<f64>() * size
}

/// As much of the text as has room, with `…` in place of the rest; nothing, where there is no room for three characters.
pub(crate) fn shorten(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut left = room - width("…", size);
    let fits = |c: &char| {
        left -= character_width(*c) * size;
        left >= 0.0
    };
    let kept: String = text.chars().take_while(fits).collect();
    match kept.chars().count() {
        0..3 => String::new(),
        _ => format!("{}…", kept.trim_end()),
    }
}

/// A number with at most one decimal.
pub(crate) fn number(value: f64) -> String {
    let rounded = format!("{value:.1}");
    let short = rounded.strip_suffix(".0").unwrap_or(&rounded);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// `1 VPC`, `2 VPCs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}
