//! W3C trace context: `traceparent` headers, `00-<trace id>-<span id>-<flags>`.

use std::fmt::Write as _;

/// Whether a header has the form that everybody can read: version 00, ids that aren't all zero.
pub fn is_valid(parent: &str) -> bool {
    let parts: Vec<&str> = parent.split('-').collect();
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let some = |text: &str| text.bytes().any(|byte| byte != b'0');
    matches!(&parts[..], ["00", trace, span, flags]
        if hex(trace, 32) && some(trace) && hex(span, 16) && some(span) && hex(flags, 2))
}

/// A span below the given one: same trace, same flags, a new span id. Without a valid parent, a new sampled trace.
pub fn child_of(parent: Option<&str>) -> String {
    let mut text = String::with_capacity(55);
    let (trace, flags) = match parent.filter(|parent| is_valid(parent)) {
        Some(parent) => (parent[3..35].to_owned(), &parent[53..]),
        None => (format!("{:032x}", fastrand::u128(1..)), "01"),
    };
    let _ = write!(text, "00-{trace}-{:016x}-{flags}", fastrand::u64(1..));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn a_child_stays_in_the_trace() {
        let child = child_of(Some(PARENT));
        assert!(is_valid(&child) && child != PARENT, "{child}");
        assert_eq!((&child[..35], &child[52..]), (&PARENT[..35], "-00"));
    }

    #[test]
    fn no_parent_or_a_bad_one_begins_a_trace() {
        for parent in [None, Some("x"), Some("00-00000000000000000000000000000000-b7ad6b7169203331-00")] {
            assert!(is_valid(&child_of(parent)));
        }
        assert_ne!(child_of(None), child_of(None));
    }
}
