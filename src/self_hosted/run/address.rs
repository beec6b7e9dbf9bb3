//! Placement and scheduler addresses (run reference, section 3).

/// Default port of the placement service.
pub const PLACEMENT: u16 = 50005;
/// Default port of the scheduler service.
pub const SCHEDULER: u16 = 50006;

/// The address to pass on: `localhost` and the default port when the flag was not given, `None` when it was
/// blank, the default port added when there is none.
pub fn normalise(flag: Option<&str>, port: u16) -> Option<String> {
    match flag.map(str::trim) {
        None => Some(format!("localhost:{port}")),
        Some("") => None,
        Some(address) if address.contains(':') => Some(address.to_owned()),
        Some(host) => Some(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        let normalise = |flag| normalise(flag, PLACEMENT);
        assert_eq!(normalise(None).as_deref(), Some("localhost:50005"));
        assert_eq!(normalise(Some("  ")), None);
        assert_eq!(normalise(Some(" h:1 ")).as_deref(), Some("h:1"));
        assert_eq!(normalise(Some("h")).as_deref(), Some("h:50005"));
    }
}
