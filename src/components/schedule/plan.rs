//! When a job runs: its schedule, first time, last time and number of times together.

use jiff::Timestamp;

use super::{Error, Schedule, Seconds, point_in_time};

/// What a job says about when it runs, as texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Six cron fields, a descriptor such as `@daily`, or `@every <Go duration>`.
    pub schedule: Option<String>,
    /// First run: RFC 3339, or a Go or ISO 8601 duration from now.
    pub due_time: Option<String>,
    /// Lifetime from the first run (or from now), in the same notations.
    pub ttl: Option<String>,
    /// Runs in all.
    pub repeats: Option<u32>,
}

/// Where the clock of a job begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// When it was created; it doesn't run then.
    Start(Timestamp),
    /// Its due time; it runs then.
    Due(Timestamp),
}

impl Begin {
    /// The point in time.
    pub fn time(self) -> Timestamp {
        let (Self::Start(time) | Self::Due(time)) = self;
        time
    }
}

/// All runs of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    schedule: Option<Schedule>,
    /// First time, or where the schedule begins.
    pub begin: Begin,
    /// No run is later than this.
    pub expiration: Option<Timestamp>,
    repeats: Option<u32>,
}

impl Plan {
    /// Reads the rules of a job that is created now. Times are kept in microseconds.
    pub fn new(rules: &Rules, now: Timestamp) -> Result<Self, Error> {
        let now = microseconds(now);
        if rules.schedule.is_none() {
            if rules.due_time.is_none() {
                return Err(Error::new("job must have either a due time or a schedule"));
            }
            if rules.repeats.is_some_and(|repeats| repeats > 1) {
                return Err(Error::new("job must have a schedule to repeat"));
            }
            if rules.ttl.is_some() {
                return Err(Error::new("job must have a schedule to have a ttl"));
            }
        }
        if rules.repeats == Some(0) {
            return Err(Error::new("defined repeats must be greater than 0"));
        }
        let begin = match &rules.due_time {
            Some(text) => Begin::Due(microseconds(point_in_time(text, now)?)),
            None => Begin::Start(now),
        };
        let expiration = match &rules.ttl {
            Some(text) => {
                let end = point_in_time(text, begin.time());
                Some(microseconds(end.map_err(|_| Error::new("ttl format not recognized"))?))
            }
            None => None,
        };
        if let (Begin::Due(due), Some(end)) = (begin, expiration)
            && due > end
        {
            return Err(Error::new("ttl must be greater than due time"));
        }
        let plan = Self::resume(rules, begin, expiration)?;
        if plan.first().is_none() {
            let schedule = rules.schedule.as_deref().unwrap_or_default();
            return Err(Error(format!("schedule {schedule:?} is never due within five years")));
        }
        Ok(plan)
    }

    /// The plan of a job that was created before.
    pub fn resume(rules: &Rules, begin: Begin, expiration: Option<Timestamp>) -> Result<Self, Error> {
        let schedule = rules.schedule.as_deref().map(|text| Schedule::parse(text, Seconds::Required));
        Ok(Self { schedule: schedule.transpose()?, begin, expiration, repeats: rules.repeats })
    }

    /// When the job runs next, after so many runs of which the last one was planned for that time; `None` when it
    /// never does again. A time in the past is a run that was missed: each of them is made up for.
    pub fn next(&self, count: u32, last: Option<Timestamp>) -> Option<Timestamp> {
        if self.repeats.is_some_and(|repeats| count >= repeats) {
            return None;
        }
        let next = match (&self.schedule, last) {
            (None, _) if count > 0 => return None,
            (None, _) | (Some(_), None) => self.first()?,
            (Some(schedule), Some(last)) => schedule.next(last)?,
        };
        (self.expiration.is_none_or(|end| next <= end)).then_some(next)
    }

    fn first(&self) -> Option<Timestamp> {
        match (self.begin, &self.schedule) {
            (Begin::Due(due), _) => Some(due),
            (Begin::Start(start), Some(schedule)) => schedule.next(start),
            (Begin::Start(_), None) => None,
        }
    }
}

fn microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
