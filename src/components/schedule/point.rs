//! Points in time as `dueTime` and `ttl` give them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::Error;
use crate::components::properties::parse_duration;

/// An RFC 3339 time, or so long after `from`: a Go duration (`1h30m`, also negative) or an ISO 8601 one (`PT10S`,
/// `P1M`). A month later than the 31st is the last of a shorter month.
pub fn point_in_time(text: &str, from: Timestamp) -> Result<Timestamp, Error> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Some(duration) = go_duration(text) {
        return from.checked_add(duration).map_err(|_| too_far(text));
    }
    if text.starts_with('R') {
        return Err(Error::new("repeats not supported for due time"));
    }
    let span: Span = Some(text)
        .filter(|text| text.starts_with('P'))
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::new("due time format not recognized"))?;
    let later = from.to_zoned_datetime(TimeZone::UTC).checked_add(span).map_err(|_| too_far(text))?;
    Ok(later.timestamp())
}

fn go_duration(text: &str) -> Option<SignedDuration> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with(['+', '-']) => (-1, rest),
        _ => (1, text),
    };
    SignedDuration::try_from(parse_duration(rest)?).ok().map(|duration| duration * sign)
}

fn too_far(text: &str) -> Error {
    Error(format!("time out of range: {text}"))
}
