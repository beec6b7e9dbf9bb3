//! W3C trace context: the `traceparent` that a call hands on; and spans, which tell exporters what happened
//! (observability reference).

mod binary;
mod exporter;
mod otlp;
mod rpc;
mod span;
mod tracer;
mod zipkin;

pub use binary::{BINARY, from_binary, to_binary};
pub use exporter::Exporter;
pub use span::{Kind, Span};
pub use tracer::Tracer;

/// The trace context of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// `traceparent` of this call's own span.
    pub parent: String,
    /// `tracestate`, handed on as it came; empty when there is none.
    pub state: String,
}

impl Context {
    /// The context of a call that came with these headers. The state belongs to the trace that it came with.
    pub fn of_call(parent: Option<&str>, state: Option<&str>) -> Self {
        let state = state.filter(|_| parent.is_some_and(is_valid)).unwrap_or_default();
        Self { parent: child_of(parent), state: state.to_owned() }
    }

    /// The context of a call whose span has been begun: its headers name that span.
    pub fn of_span(parent: &str, state: Option<&str>) -> Self {
        Self { parent: parent.to_owned(), state: state.unwrap_or_default().to_owned() }
    }
}

/// Whether this is a `traceparent` that names a trace and a span.
pub fn is_valid(traceparent: &str) -> bool {
    parts(traceparent).is_some()
}

/// The `traceparent` of a new span: same trace and flags as the parent's, or a new, sampled trace when there is
/// no valid parent.
pub fn child_of(parent: Option<&str>) -> String {
    let span = fastrand::u64(1..);
    match parent.and_then(parts) {
        Some((trace, flags)) => format!("00-{trace}-{span:016x}-{flags}"),
        None => format!("00-{:032x}-{span:016x}-01", fastrand::u128(1..)),
    }
}

/// Trace id and flags. Later versions may add fields, which must be ignored.
fn parts(text: &str) -> Option<(&str, &str)> {
    let mut fields = text.split('-');
    let version = hex(fields.next()?, 2)?;
    let trace = hex(fields.next()?, 32).filter(|id| !is_zero(id))?;
    hex(fields.next()?, 16).filter(|id| !is_zero(id))?;
    let flags = hex(fields.next()?, 2)?;
    let complete = version != "00" || fields.next().is_none();
    (version != "ff" && complete).then_some((trace, flags))
}

fn hex(text: &str, length: usize) -> Option<&str> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == length && text.bytes().all(digit)).then_some(text)
}

fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn a_child_stays_in_the_trace() {
        let child = child_of(Some(PARENT));
        assert!(is_valid(&child), "{child}");
        assert_eq!(child[..36], PARENT[..36]);
        assert_eq!(child[52..], PARENT[52..]);
        assert_ne!(child[36..52], PARENT[36..52]);
    }

    #[test]
    fn without_a_valid_parent_a_sampled_trace_begins() {
        for parent in [None, Some(""), Some("00-x-y-01")] {
            let root = child_of(parent);
            assert!(is_valid(&root) && root.ends_with("-01"), "{root}");
            assert_ne!(root, child_of(parent));
        }
    }

    #[test]
    fn the_state_goes_with_its_trace() {
        assert_eq!(Context::of_call(Some(PARENT), Some("a=b")).state, "a=b");
        assert_eq!(Context::of_call(None, Some("a=b")).state, "");
        assert_eq!(Context::of_call(Some("no"), Some("a=b")).state, "");
    }

    #[test]
    fn validity() {
        assert!(is_valid(PARENT));
        assert!(is_valid("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
        for wrong in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033é1-0",
            "",
        ] {
            assert!(!is_valid(wrong), "{wrong}");
        }
    }
}
