//! A component's metadata as typed values (components reference, section 0).

use std::collections::HashMap;
use std::time::Duration;

use super::InitError;
use crate::env::is_true;

/// Names are case-insensitive; values are texts until they are asked for by type.
#[derive(Debug, Clone, Default)]
pub struct Properties {
    values: HashMap<String, String>,
}

impl<K: AsRef<str>, V: Into<String>> FromIterator<(K, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let values =
            items.into_iter().map(|(name, value)| (name.as_ref().to_lowercase(), value.into())).collect();
        Self { values }
    }
}

impl Properties {
    /// The text of a property.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&name.to_lowercase()).map(String::as_str)
    }

    /// The first text that isn't empty among several names for one property.
    pub fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().filter_map(|name| self.get(name)).find(|value| !value.is_empty())
    }

    /// `true` for `1 t true y yes on` in any case; false when absent.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_true)
    }

    /// A duration: Go syntax, or a bare integer in seconds; the default when absent or empty.
    pub fn duration(&self, names: &[&str], default: Duration) -> Result<Duration, InitError> {
        let Some(text) = self.any(names) else {
            return Ok(default);
        };
        if let Ok(seconds) = text.trim().parse::<u64>() {
            return Ok(Duration::from_secs(seconds));
        }
        parse_duration(text).ok_or_else(|| {
            InitError(format!(
                "invalid value for '{}': {text:?} is not a duration (try 5s or 1m30s)",
                names[0]
            ))
        })
    }

    /// A number of bytes, or a Kubernetes quantity such as `5Mi`; the default when absent or empty.
    pub fn bytes(&self, name: &str, default: i64) -> Result<i64, InitError> {
        match self.any(&[name]) {
            None => Ok(default),
            Some(text) => parse_quantity(text)
                .map_err(|error| InitError(format!("invalid value for '{name}': {text:?}: {error}"))),
        }
    }

    /// An unsigned integer; the default when absent or empty.
    pub fn integer(&self, name: &str, default: u64) -> Result<u64, InitError> {
        match self.any(&[name]) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| InitError(format!("invalid value for '{name}': {text:?} is not a number"))),
        }
    }
}

/// A Go duration such as `1h30m`, `1.5s`, `300ms`, `0`. Negative durations are refused.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = 0.0_f64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..length] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += amount * seconds;
        rest = &rest[length..];
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}

const QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// A Kubernetes quantity in whole units: `4Mi`, `500k`, `1e6`, `-1`. Fractions round up.
pub fn parse_quantity(text: &str) -> Result<i64, &'static str> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    let (amount, suffix) = text.split_at(end);
    let amount: f64 = amount.parse().map_err(|_| QUANTITY)?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => f64::from(1 << 20),
        "Gi" => f64::from(1 << 30),
        "Ti" => 1024.0 * f64::from(1 << 30),
        "Pi" => 1024.0 * 1024.0 * f64::from(1 << 30),
        "Ei" => f64::from(1 << 30) * f64::from(1 << 30),
        exponent => {
            let power: i32 =
                exponent.strip_prefix(['e', 'E']).and_then(|digits| digits.parse().ok()).ok_or(QUANTITY)?;
            10_f64.powi(power)
        }
    };
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what is wanted")]
    Ok((amount * factor).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        let cases =
            [("5s", 5000), ("1m30s", 90_000), ("1.5s", 1500), ("300ms", 300), ("0", 0), ("1h", 3_600_000)];
        for (text, milliseconds) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in ["", "5", "s", "5 s", "-5s", "5x"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_case_insensitive_and_bare_numbers_are_seconds() {
        let properties: Properties = [("BusyTimeout", "3"), ("empty", "")].into_iter().collect();
        let default = Duration::from_secs(9);
        assert_eq!(properties.duration(&["busytimeout"], default).unwrap(), Duration::from_secs(3));
        assert_eq!(properties.duration(&["empty"], default).unwrap(), default);
        assert_eq!(properties.any(&["empty", "busyTimeout"]), Some("3"));
        assert_eq!(properties.any(&["empty", "absent"]), None);
        let wrong: Properties = [("t", "soon")].into_iter().collect();
        assert!(wrong.duration(&["t"], default).is_err());
    }
}
