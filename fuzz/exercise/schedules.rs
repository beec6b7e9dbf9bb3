//! Schedules, due times and lifetimes of jobs: up to four lines of text, as a job has them (`schedule`, `dueTime`,
//! `ttl`, `repeats`). Whatever is accepted has to have runs that go forward and end when they should.

use dapr_cli::components::properties::{parse_duration, parse_quantity};
use dapr_cli::components::schedule::{Plan, Rules, Schedule, Seconds, point_in_time};
use jiff::Timestamp;

/// How many runs of a schedule are looked at.
const RUNS: u32 = 20;

/// Reads the texts one by one, then together.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // In a week in which the clocks of some zones change.
    let now = Timestamp::from_second(1_774_500_000).expect("a time of this century");
    for line in text.lines() {
        let _ = (parse_duration(line), parse_quantity(line), point_in_time(line, now));
        for seconds in [Seconds::Required, Seconds::Optional] {
            if let Ok(schedule) = Schedule::parse(line, seconds) {
                goes_forward(&schedule, now);
            }
        }
    }
    let mut lines = text.lines().map(|line| Some(line.to_owned()).filter(|line| !line.is_empty()));
    let [schedule, due_time, ttl, repeats] = std::array::from_fn(|_| lines.next().flatten());
    let repeats = repeats.and_then(|text| text.parse().ok());
    let rules = Rules { schedule, due_time, ttl, repeats };
    if let Ok(plan) = Plan::new(&rules, now) {
        keeps_its_rules(&plan, &rules);
    }
}

fn goes_forward(schedule: &Schedule, now: Timestamp) {
    let mut last = now;
    for _ in 0..RUNS {
        let Some(next) = schedule.next(last) else { return };
        assert!(next > last, "{next} does not come after {last}: {schedule:?}");
        last = next;
    }
}

fn keeps_its_rules(plan: &Plan, rules: &Rules) {
    let mut last = None;
    for count in 0..RUNS {
        let Some(next) = plan.next(count, last) else { return };
        assert!(last.is_none_or(|last| next > last), "{next} does not come after {last:?}: {rules:?}");
        assert!(next >= plan.begin.time(), "{next} comes before the beginning: {rules:?}");
        assert!(plan.expiration.is_none_or(|end| next <= end), "{next} comes after the end: {rules:?}");
        assert!(rules.repeats.is_none_or(|repeats| count < repeats), "one run too many: {rules:?}");
        last = Some(next);
    }
}
