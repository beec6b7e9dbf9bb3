//! Points in time as the stock tables have them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long ago that was, in the largest unit that fits: a value stays in its unit until it exceeds 60 s, 60 min, 24 h.
pub fn age(created: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_second() - created.as_second()).max(0);
    if seconds <= 60 {
        format!("{seconds}s")
    } else if seconds <= 60 * 60 {
        format!("{}m", seconds / 60)
    } else if seconds <= 24 * 60 * 60 {
        format!("{}h", seconds / 3600)
    } else {
        format!("{}d", seconds / 86400)
    }
}

/// The date and time of day.
pub fn created(created: Timestamp, zone: &TimeZone) -> String {
    created.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M.%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_stay_in_a_unit_as_long_as_the_stock_ones() {
        let ages: Vec<_> = [0, 60, 61, 3600, 3601, 86400, 86401, 200_000]
            .map(|seconds| age(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap()))
            .into();
        assert_eq!(ages, ["0s", "60s", "1m", "60m", "1h", "24h", "1d", "2d"]);
    }
}
