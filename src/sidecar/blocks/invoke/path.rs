//! The path of a method: decoded, cleaned, encoded again. It may not climb out of itself.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What may stand in a path as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'[')
    .remove(b']')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

/// A method with a character that can't be part of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: {}",
    quoted(.0)
)]
pub struct Forbidden(String);

/// The text in the form that Go's `%q` gives it.
fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut quoted = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        match character {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' | '\r' | '\t' | '"' | '\\' => quoted.extend(character.escape_default()),
            // Writing text to memory does not fail.
            control if control.is_ascii_control() => drop(write!(quoted, "\\x{:02x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    format!("\"{quoted}\"")
}

/// Path and query for the app: starts with a slash, dot segments resolved, without a trailing slash, the query
/// untouched.
pub fn method_path(raw: &str, query: Option<&str>) -> Result<String, Forbidden> {
    let bare = raw.strip_prefix('/').unwrap_or(raw);
    let path: Cow<'_, str> = if is_plain(bare) { bare.into() } else { rewritten(bare)?.into() };
    Ok(match query {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    })
}

/// Whether decoding and cleaning would change nothing.
fn is_plain(raw: &str) -> bool {
    let mut after_slash = true;
    raw.bytes().all(|byte| {
        let fine = match byte {
            b'/' | b'.' => !after_slash,
            _ => byte.is_ascii_alphanumeric() || b"-_~$&+,:;=@!'()*[]".contains(&byte),
        };
        after_slash = byte == b'/';
        fine
    }) && !raw.ends_with('/')
}

fn rewritten(raw: &str) -> Result<String, Forbidden> {
    let decoded: Cow<'_, [u8]> = percent_decode_str(raw).into();
    if decoded.iter().any(|byte| matches!(byte, b'#' | b'?') || byte.is_ascii_control()) {
        let method = decoded.strip_prefix(b"/").unwrap_or(&decoded);
        return Err(Forbidden(String::from_utf8_lossy(method).into_owned()));
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    Ok(percent_encode(&segments.join(&b'/'), ENCODED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_reach_the_app_clean() {
        let cases = [
            ("a/b", None, "/a/b"),
            ("/a/b/", None, "/a/b"),
            ("/", None, "/"),
            ("/a", None, "/a"),
            ("", None, "/"),
            ("a", Some("x=1&y=%20"), "/a?x=1&y=%20"),
            ("a%2Fb", None, "/a/b"),
            ("a/%2e%2e/%2e%2e/b", None, "/b"),
            ("a//b/./c", None, "/a/b/c"),
            ("a%20b/%C3%A9", None, "/a%20b/%C3%A9"),
            ("items/.hidden", None, "/items/.hidden"),
            ("v1.0/x:y", None, "/v1.0/x:y"),
            ("a'b(c)%21*", None, "/a'b(c)!*"),
            ("a%5Eb", None, "/a%5Eb"),
        ];
        for (raw, query, expected) in cases {
            assert_eq!(method_path(raw, query).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn some_characters_are_refused() {
        let error = method_path("a%23b", None).unwrap_err();
        let text = "rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: \"a#b\"";
        assert_eq!(error.to_string(), text);
        let error = method_path("a%00%0A%22b", None).unwrap_err();
        assert!(error.to_string().ends_with(r#": "a\x00\n\"b""#), "{error}");
        for raw in ["a%3Fb", "a%00", "a%0Ab", "%7f"] {
            assert!(method_path(raw, None).is_err(), "{raw}");
        }
    }
}
