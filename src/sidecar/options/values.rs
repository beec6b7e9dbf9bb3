//! Texts of flags as numbers, sizes and durations.

use std::fmt::Write as _;
use std::time::Duration;

use super::Invalid;
use crate::components::properties::parse_duration;
pub use crate::components::properties::parse_quantity as quantity;

/// A port; `-1` and other negative numbers count as 0. The error names the flag as the stock runtime does.
pub fn port(flag: &str, text: &str) -> Result<u16, Invalid> {
    let number = integer(flag, text)?;
    u16::try_from(number.max(0))
        .map_err(|_| Invalid(format!("error parsing {flag}: {number} is not a port (0 to 65535)")))
}

/// A whole number, with the error text of the stock runtime.
pub fn integer(flag: &str, text: &str) -> Result<i64, Invalid> {
    text.trim()
        .parse()
        .map_err(|_| Invalid(format!("error parsing {flag}: strconv.Atoi: parsing {text:?}: invalid syntax")))
}

/// A comma-separated list; blanks around the items and empty items are dropped.
pub fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A Go duration, zero included.
pub fn go_duration(text: &str) -> Option<Duration> {
    parse_duration(text)
}

/// A duration in the form that Go prints: `5s`, `500ms`, `1m0s`.
pub fn duration_text(time: Duration) -> String {
    if time.is_zero() {
        return "0s".into();
    }
    if time < Duration::from_secs(1) {
        let (unit, size) = match time.as_nanos() {
            0..1_000 => ("ns", 1.0),
            1_000..1_000_000 => ("µs", 1e3),
            _ => ("ms", 1e6),
        };
        return format!("{}{unit}", f64::from(time.subsec_nanos()) / size);
    }
    let whole = time.as_secs();
    let mut text = String::new();
    if whole >= 3600 {
        let _ = write!(text, "{}h", whole / 3600);
    }
    if whole >= 60 {
        let _ = write!(text, "{}m", whole / 60 % 60);
    }
    let mut seconds = (whole % 60).to_string();
    if time.subsec_nanos() > 0 {
        let fraction = format!("{:09}", time.subsec_nanos());
        let _ = write!(seconds, ".{}", fraction.trim_end_matches('0'));
    }
    text + &seconds + "s"
}
