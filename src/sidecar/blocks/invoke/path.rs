//! The path of a method: decoded, cleaned, encoded again. It may not climb out of itself.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What Go leaves as it is in a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
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
    "rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: {0:?}"
)]
pub struct Forbidden(String);

/// Path and query for the app: starts with a slash, dot segments resolved, a trailing slash kept, the query
/// untouched.
pub fn method_path(raw: &str, query: Option<&str>) -> Result<String, Forbidden> {
    let path: Cow<'_, str> = if is_plain(raw) { raw.into() } else { rewritten(raw)?.into() };
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(match query {
        Some(query) => format!("{slash}{path}?{query}"),
        None => format!("{slash}{path}"),
    })
}

/// Whether decoding and cleaning would change nothing.
fn is_plain(raw: &str) -> bool {
    let mut after_slash = true;
    raw.bytes().all(|byte| {
        let fine = match byte {
            b'/' => !after_slash || raw.len() == 1,
            b'.' => !after_slash,
            _ => byte.is_ascii_alphanumeric() || b"-_~$&+,:;=@".contains(&byte),
        };
        after_slash = byte == b'/';
        fine
    })
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
    let mut path = Vec::with_capacity(decoded.len() + 1);
    for segment in &segments {
        path.push(b'/');
        path.extend_from_slice(segment);
    }
    if path.is_empty() || decoded.ends_with(b"/") {
        path.push(b'/');
    }
    Ok(percent_encode(&path, ENCODED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_reach_the_app_clean() {
        let cases = [
            ("a/b", None, "/a/b"),
            ("/a/b/", None, "/a/b/"),
            ("", None, "/"),
            ("a", Some("x=1&y=%20"), "/a?x=1&y=%20"),
            ("a%2Fb", None, "/a/b"),
            ("a/%2e%2e/%2e%2e/b", None, "/b"),
            ("a//b/./c", None, "/a/b/c"),
            ("a%20b/%C3%A9", None, "/a%20b/%C3%A9"),
            ("items/.hidden", None, "/items/.hidden"),
            ("v1.0/x:y", None, "/v1.0/x:y"),
            ("a'b(c)", None, "/a%27b%28c%29"),
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
        for raw in ["a%3Fb", "a%00", "a%0Ab", "%7f"] {
            assert!(method_path(raw, None).is_err(), "{raw}");
        }
    }
}
