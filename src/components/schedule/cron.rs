//! When a calendar schedule is next due. Time is walked forward in the schedule's zone, largest unit first, so
//! that every step lands on the next candidate. An hour that daylight saving time skips has no run, one that it
//! repeats has two.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::fields::Fields;

/// A schedule that isn't due within so many years never is.
const YEARS: i16 = 5;

/// A calendar schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    pub(super) fields: Fields,
    pub(super) zone: TimeZone,
}

impl Cron {
    /// The next time after that one.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let start = Timestamp::from_second(after.as_second().checked_add(1)?).ok()?;
        let first = self.zone.to_datetime(start).date();
        let mut date = first;
        while date.year() <= first.year().checked_add(YEARS)? {
            if !self.fields.month.has(date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
                continue;
            }
            let tomorrow = date.tomorrow().ok()?;
            if self.has_day(date) {
                let begin = if date == first { start } else { self.midnight(date)? };
                if let Some(found) = self.within(begin, self.midnight(tomorrow)?) {
                    return Some(found);
                }
            }
            date = tomorrow;
        }
        None
    }

    fn has_day(&self, date: civil::Date) -> bool {
        let fields = &self.fields;
        let (day, weekday) = (date.day(), date.weekday().to_sunday_zero_offset());
        let (day, weekday) = (fields.day.has(day), fields.weekday.has(weekday));
        if fields.both_days { day && weekday } else { day || weekday }
    }

    /// The first instant of a date: later than 0:00 where that is skipped.
    fn midnight(&self, date: civil::Date) -> Option<Timestamp> {
        let midnight = date.to_datetime(civil::Time::midnight());
        self.zone.to_ambiguous_timestamp(midnight).compatible().ok()
    }

    fn within(&self, begin: Timestamp, end: Timestamp) -> Option<Timestamp> {
        let mut now = begin;
        while now < end {
            let time = self.zone.to_datetime(now).time();
            let (minute, second) = (i64::from(time.minute()), i64::from(time.second()));
            let seconds = if !self.fields.hour.has(time.hour()) {
                3600 - minute * 60 - second
            } else if !self.fields.minute.has(time.minute()) {
                60 - second
            } else if !self.fields.second.has(time.second()) {
                1
            } else {
                return Some(now);
            };
            now = self.step(now, seconds)?;
        }
        None
    }

    /// So many seconds on, or only to where the clock is changed, when that is before.
    fn step(&self, now: Timestamp, seconds: i64) -> Option<Timestamp> {
        let next = now.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        if self.zone.to_offset(now) == self.zone.to_offset(next) {
            return Some(next);
        }
        let change = self.zone.following(now).next().map(|change| change.timestamp());
        Some(change.filter(|change| *change > now && *change < next).unwrap_or(next))
    }
}
