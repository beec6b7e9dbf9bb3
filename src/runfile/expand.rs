//! `${NAME}` and `${NAME:-default}` in values, and files of `NAME=value` lines.

use std::path::Path;

use crate::lint::Diagnostic;

/// Replaces `${NAME}` and `${NAME:-default}`; the default counts also for an empty value, and may hold the same
/// forms. `$${` is a literal `${`. Names that nothing defines stay as they are and are given to `unknown`; any
/// other form, such as `${NAME%.*}`, stays as well: it may be a shell's.
pub fn expand(
    text: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
    unknown: &mut dyn FnMut(&str),
) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        // Only a `$` of the text itself makes a literal, not one that a value ends with.
        if let Some(before) = rest[..at].strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = end_of(rest) else { break };
        let inside = &rest[2..end];
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let value = value_of(name).filter(|value| default.is_none() || !value.is_empty());
        match (value, default) {
            _ if !is_variable(name) => expanded.push_str(&rest[..=end]),
            (Some(value), _) => expanded.push_str(&value),
            (None, Some(default)) => expanded.push_str(&expand(default, value_of, unknown)),
            (None, None) => {
                unknown(name);
                expanded.push_str(&rest[..=end]);
            }
        }
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    expanded
}

/// Where the brace that `text` begins with is closed.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if before == '$' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    None
}

fn is_variable(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(word)
}

/// A variable of an environment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name.
    pub name: String,
    /// Value without quotes.
    pub value: String,
    /// Stands in single quotes: nothing in it is replaced.
    pub literal: bool,
}

/// The pairs of an environment file: `NAME=value`, also after `export`; `#` begins a comment. Values may be quoted,
/// and go on over lines until the quote is closed.
pub fn environment_file(file: &Path, text: &str) -> Result<Vec<Pair>, Diagnostic> {
    let mut pairs = Vec::new();
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let wrong = |text: String| Diagnostic::error(file, (number + 1, 1), text);
        let assignment = line.trim_start();
        let assignment = assignment.strip_prefix("export ").unwrap_or(assignment).trim_start();
        if assignment.is_empty() || assignment.starts_with('#') {
            continue;
        }
        let name_and_value = assignment.split_once('=').filter(|(name, _)| is_name(name.trim_end()));
        let Some((name, value)) = name_and_value else {
            return Err(wrong(format!("this is not NAME=value: {:?}", line.trim())));
        };
        let name = name.trim_end().to_owned();
        let mut value = value.trim_start().to_owned();
        let quote = value.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let Some(quote) = quote else {
            pairs.push(Pair { name, value: without_comment(&value), literal: false });
            continue;
        };
        let value = loop {
            if let Some(whole) = quoted(&value[1..], quote) {
                break whole;
            }
            let Some((_, line)) = lines.next() else {
                return Err(wrong(format!("the quote after {name}= is not closed")));
            };
            value.push('\n');
            value.push_str(line);
        };
        pairs.push(Pair { name, value, literal: quote == '\'' });
    }
    Ok(pairs)
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
    !name.is_empty() && name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What stands before the closing quote; `None` when there is none. Only double quotes have escapes.
fn quoted(text: &str, quote: char) -> Option<String> {
    if quote == '\'' {
        return text.split_once('\'').map(|(inside, _)| inside.to_owned());
    }
    let mut inside = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(inside),
            '\\' => match letters.next()? {
                'n' => inside.push('\n'),
                'r' => inside.push('\r'),
                't' => inside.push('\t'),
                // Kept from being replaced.
                '$' if letters.peek() == Some(&'{') => inside.push_str("$$"),
                other => inside.push(other),
            },
            other => inside.push(other),
        }
    }
    None
}

/// A comment needs a space before it: `#` may well be part of a value.
fn without_comment(value: &str) -> String {
    if value.starts_with('#') {
        return String::new();
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> (String, Vec<String>) {
        let value_of = |name: &str| match name {
            "A" => Some("one".to_owned()),
            "EMPTY" => Some(String::new()),
            "PRICE" => Some("5$".to_owned()),
            _ => None,
        };
        let mut unknown = Vec::new();
        let text = expand(text, &value_of, &mut |name| unknown.push(name.to_owned()));
        (text, unknown)
    }

    #[test]
    fn only_what_is_in_braces_is_replaced() {
        assert_eq!(expanded("${A}-$A-${A").0, "one-$A-${A");
        assert_eq!(expanded("${B:-two} ${EMPTY:-three} [${EMPTY}]").0, "two three []");
        assert_eq!(expanded("$${A} $$${A}").0, "${A} $${A}");
        assert_eq!(expanded("${PRICE}${A}").0, "5$one");
        assert_eq!(expanded("x ${NOPE} y"), ("x ${NOPE} y".to_owned(), vec!["NOPE".to_owned()]));
    }

    #[test]
    fn defaults_may_hold_variables() {
        assert_eq!(expanded("${B:-${A}}!"), ("one!".to_owned(), vec![]));
        assert_eq!(expanded("${B:-${C:-x}}"), ("x".to_owned(), vec![]));
        assert_eq!(expanded("${B:-}"), (String::new(), vec![]));
    }

    #[test]
    fn what_a_shell_may_mean_is_left_to_it() {
        for text in ["${A%.*}", "${#A}", "${1}", "${}", "${A/x/${B}}", "$A ${ A }"] {
            assert_eq!(expanded(text), (text.to_owned(), vec![]), "{text}");
        }
    }

    fn pairs(text: &str) -> Vec<(String, String, bool)> {
        let pairs = environment_file(Path::new(".env"), text).unwrap();
        pairs.into_iter().map(|pair| (pair.name, pair.value, pair.literal)).collect()
    }

    #[test]
    fn environment_files() {
        let text = "# comment\nA=1\nexport B = two words # why\nC='a # ${b}'\nD=\"x\\ny\\\"z\\${A}\" \nE=\n\nURL=http://h/#top\nF= # none\r\n";
        let expected = [
            ("A", "1", false),
            ("B", "two words", false),
            ("C", "a # ${b}", true),
            ("D", "x\ny\"z$${A}", false),
            ("E", "", false),
            ("URL", "http://h/#top", false),
            ("F", "", false),
        ];
        assert_eq!(pairs(text), expected.map(|(n, v, literal)| (n.to_owned(), v.to_owned(), literal)));
    }

    #[test]
    fn quoted_values_go_on_over_lines() {
        let text = "KEY=\"-----BEGIN\nabc\n-----END\"\nNEXT='a\nb'\nLAST=x\n";
        let values: Vec<String> = pairs(text).into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(values, ["-----BEGIN\nabc\n-----END", "a\nb", "x"]);
    }

    #[test]
    fn what_is_no_pair_is_named_with_its_line() {
        let wrong = |text: &str| environment_file(Path::new(".env"), text).unwrap_err().to_string();
        assert_eq!(wrong("A=1\nnonsense\n"), ".env:2:1: error: this is not NAME=value: \"nonsense\"");
        assert_eq!(wrong("A=1\nB=\"x\nC=2\n"), ".env:2:1: error: the quote after B= is not closed");
    }
}
