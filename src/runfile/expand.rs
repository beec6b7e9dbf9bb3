//! `${NAME}` and `${NAME:-default}` in values, and files of `NAME=value` lines.

use std::path::Path;

use crate::lint::Diagnostic;

/// Replaces what is in braces; `$${` is a literal `${`. Names that nothing defines stay as they are and are
/// given to `unknown`.
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
        let Some(end) = rest[at..].find('}').map(|end| at + end) else {
            rest = &rest[at..];
            break;
        };
        let inside = &rest[at + 2..end];
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        match (value_of(name).filter(|value| default.is_none() || !value.is_empty()), default) {
            (Some(value), _) => expanded.push_str(&value),
            (None, Some(default)) => expanded.push_str(default),
            (None, None) => {
                unknown(name);
                expanded.push_str(&rest[at..=end]);
            }
        }
        rest = &rest[end + 1..];
    }
    expanded.push_str(rest);
    expanded
}

/// The pairs of an environment file: `NAME=value`, also after `export`; values may be quoted; `#` begins a
/// comment.
pub fn environment_file(file: &Path, text: &str) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let name_and_value = line.split_once('=').filter(|(name, _)| is_name(name.trim_end()));
        let Some((name, value)) = name_and_value else {
            let text = format!("this is not NAME=value: {line:?}");
            return Err(Diagnostic::error(file, (number + 1, 1), text));
        };
        pairs.push((name.trim_end().to_owned(), unquoted(value.trim())));
    }
    Ok(pairs)
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
    !name.is_empty() && name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn unquoted(value: &str) -> String {
    if let Some(inside) = value.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
        return inside.0.to_owned();
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut escaped = false;
        for c in rest.chars() {
            match (c, escaped) {
                ('\\', false) => {
                    escaped = true;
                    continue;
                }
                ('"', false) => return text,
                ('n', true) => text.push('\n'),
                ('t', true) => text.push('\t'),
                (c, _) => text.push(c),
            }
            escaped = false;
        }
        return value.to_owned();
    }
    // A comment needs a space before it: `#` may well be part of a value.
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
    fn environment_files() {
        let text = "# comment\nA=1\nexport B = two words # why\nC='a # b'\nD=\"x\\ny\\\"z\" \nE=\n\nURL=http://h/#top\n";
        let pairs = environment_file(Path::new(".env"), text).unwrap();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "a # b"),
                ("D", "x\ny\"z"),
                ("E", ""),
                ("URL", "http://h/#top")
            ]
        );
        let error = environment_file(Path::new(".env"), "A=1\nnonsense\n").unwrap_err();
        assert_eq!(error.to_string(), ".env:2:1: error: this is not NAME=value: \"nonsense\"");
    }
}
