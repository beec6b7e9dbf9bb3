//! Tests of [`super`].

use jiff::Timestamp;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first times after one, in the zone that the schedule names.
fn times(schedule: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule, Seconds::Optional).unwrap();
    let mut last = at(after);
    let mut found = Vec::new();
    while found.len() < count {
        let Some(next) = schedule.next(last) else { break };
        found.push(next.to_string());
        last = next;
    }
    found
}

fn refused(schedule: &str, seconds: Seconds) -> String {
    Schedule::parse(schedule, seconds).unwrap_err().to_string()
}

#[test]
fn fields_are_seconds_first() {
    let cases = [
        ("TZ=UTC */20 * * * * *", "2026-01-01T00:00:50Z", "2026-01-01T00:01:00Z"),
        ("TZ=UTC 30 15 3 * * *", "2026-01-01T03:15:30Z", "2026-01-02T03:15:30Z"),
        ("TZ=UTC 0 0 9-17/4 * * mon-FRI", "2026-01-02T17:00:00Z", "2026-01-05T09:00:00Z"),
        ("TZ=UTC 0 30 12 1 JAN,jul ?", "2026-01-01T12:30:00Z", "2026-07-01T12:30:00Z"),
        ("TZ=UTC 5/25 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:05Z"),
        // five fields have second 0
        ("TZ=UTC 30 3 * * *", "2026-01-01T04:00:00Z", "2026-01-02T03:30:00Z"),
        ("TZ=UTC @hourly", "2026-01-01T04:00:00.5Z", "2026-01-01T05:00:00Z"),
        ("TZ=UTC @daily", "2026-01-01T04:00:00Z", "2026-01-02T00:00:00Z"),
        ("TZ=UTC @midnight", "2026-01-01T04:00:00Z", "2026-01-02T00:00:00Z"),
        ("TZ=UTC @weekly", "2026-01-01T04:00:00Z", "2026-01-04T00:00:00Z"),
        ("TZ=UTC @monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("TZ=UTC @yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("TZ=UTC @annually", "2026-02-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("@every 1h30m", "2026-01-01T00:00:00.25Z", "2026-01-01T01:30:00.25Z"),
        ("@every 100ms", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z"),
    ];
    for (schedule, after, next) in cases {
        assert_eq!(times(schedule, after, 1), [next], "{schedule}");
    }
}

#[test]
fn a_day_of_the_month_or_of_the_week_is_enough_unless_one_is_open() {
    let either = times("TZ=UTC 0 0 0 13 * fri", "2026-03-01T00:00:00Z", 4);
    assert_eq!(
        either,
        ["2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z", "2026-03-27T00:00:00Z"]
    );
    let both = times("TZ=UTC 0 0 0 * * fri", "2026-03-01T00:00:00Z", 2);
    assert_eq!(both, ["2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z"]);
    // a step leaves nothing open
    let stepped = times("TZ=UTC 0 0 0 */10 * fri", "2026-03-01T00:00:00Z", 3);
    assert_eq!(stepped, ["2026-03-06T00:00:00Z", "2026-03-11T00:00:00Z", "2026-03-13T00:00:00Z"]);
}

#[test]
fn an_hour_that_is_skipped_has_no_run_and_one_that_is_repeated_has_two() {
    let spring = times("CRON_TZ=Europe/Berlin 0 30 2 * * *", "2026-03-27T12:00:00Z", 3);
    assert_eq!(spring, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]);
    let autumn = times("CRON_TZ=Europe/Berlin 0 30 2 * * *", "2026-10-24T12:00:00Z", 3);
    assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]);
    // midnight doesn't exist on this day
    let brazil = times("TZ=America/Sao_Paulo 0 0 * * * *", "2018-11-04T02:30:00Z", 2);
    assert_eq!(brazil, ["2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z"]);
    // the clock is changed by half an hour
    let howe = times("TZ=Australia/Lord_Howe 0 0 * * * *", "2026-10-03T14:30:00Z", 3);
    assert_eq!(howe, ["2026-10-03T16:00:00Z", "2026-10-03T17:00:00Z", "2026-10-03T18:00:00Z"]);
}

#[test]
fn what_is_never_due_ends() {
    assert_eq!(times("TZ=UTC 0 0 0 31 2 *", "2026-01-01T00:00:00Z", 1), [] as [&str; 0]);
    assert_eq!(times("@every 100h", "9999-12-30T00:00:00Z", 1), [] as [&str; 0]);
}

#[test]
fn errors_say_which_part_is_wrong() {
    let cases = [
        ("", "empty spec string"),
        ("bad", "expected exactly 6 fields, found 1: [bad]"),
        ("* *  * * *", "expected exactly 6 fields, found 5: [* * * * *]"),
        ("60 * * * * *", "end of range (60) above maximum (59): 60"),
        ("* * * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-3 * * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * * *", "step of range should be a positive number: */0"),
        ("1/2/3 * * * * *", "too many slashes: 1/2/3"),
        ("1-2-3 * * * * *", "too many hyphens: 1-2-3"),
        ("x * * * * *", "failed to parse int from x: not a number"),
        ("-1 * * * * *", "failed to parse int from : not a number"),
        (", * * * * *", "empty field: ,"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every soon", "failed to parse duration @every soon: invalid duration \"soon\" (try 10s or 1h30m)"),
        ("@every 0s", "failed to parse duration @every 0s: it must be above zero"),
        ("TZ=Moon/Base * * * * * *", "provided bad location Moon/Base: unknown time zone Moon/Base"),
        ("TZ=UTC", "expected a schedule after the time zone: TZ=UTC"),
    ];
    for (schedule, error) in cases {
        assert_eq!(refused(schedule, Seconds::Required), error, "{schedule}");
    }
    assert_eq!(refused("* *", Seconds::Optional), "expected 5 to 6 fields, found 2: [* *]");
}

#[test]
fn points_in_time() {
    let now = at("2026-01-31T10:00:00Z");
    let cases = [
        ("2026-05-01T00:00:00+02:00", "2026-04-30T22:00:00Z"),
        ("2026-05-01T00:00:00.25Z", "2026-05-01T00:00:00.25Z"),
        ("10s", "2026-01-31T10:00:10Z"),
        ("1h30m", "2026-01-31T11:30:00Z"),
        ("-5s", "2026-01-31T09:59:55Z"),
        ("0", "2026-01-31T10:00:00Z"),
        ("PT10S", "2026-01-31T10:00:10Z"),
        ("P1M", "2026-02-28T10:00:00Z"),
        ("P1Y2W3DT4H5M6S", "2027-02-17T14:05:06Z"),
    ];
    for (text, time) in cases {
        assert_eq!(point_in_time(text, now), Ok(at(time)), "{text}");
    }
    let wrong = [
        ("", "due time format not recognized"),
        ("tomorrow", "due time format not recognized"),
        ("10", "due time format not recognized"),
        ("10 seconds", "due time format not recognized"),
        ("--5s", "due time format not recognized"),
        ("P", "due time format not recognized"),
        ("R5/PT10S", "repeats not supported for due time"),
        ("99999999h", "time out of range: 99999999h"),
        ("P9000Y", "time out of range: P9000Y"),
    ];
    for (text, error) in wrong {
        assert_eq!(point_in_time(text, now).unwrap_err().to_string(), error, "{text}");
    }
}

fn rules(schedule: &str, due_time: &str, ttl: &str, repeats: Option<u32>) -> Rules {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Rules { schedule: text(schedule), due_time: text(due_time), ttl: text(ttl), repeats }
}

/// All runs of a job that is created at the beginning of 2026, ten at most.
fn runs(rules: &Rules) -> Vec<String> {
    let plan = Plan::new(rules, at("2026-01-01T00:00:00Z")).unwrap();
    let mut last = None;
    let mut found = Vec::new();
    while let Some(next) = plan.next(u32::try_from(found.len()).unwrap(), last).filter(|_| found.len() < 10) {
        found.push(next.strftime("%H:%M:%S").to_string());
        last = Some(next);
    }
    found
}

#[test]
fn runs_begin_with_the_due_time_or_the_next_tick() {
    assert_eq!(runs(&rules("@every 2s", "", "", Some(3))), ["00:00:02", "00:00:04", "00:00:06"]);
    assert_eq!(runs(&rules("@every 2s", "5s", "", Some(3))), ["00:00:05", "00:00:07", "00:00:09"]);
    assert_eq!(runs(&rules("TZ=UTC @hourly", "5s", "", Some(2))), ["00:00:05", "01:00:00"]);
    assert_eq!(runs(&rules("", "5s", "", None)), ["00:00:05"]);
    assert_eq!(runs(&rules("", "5s", "", Some(1))), ["00:00:05"]);
}

#[test]
fn runs_end_with_the_ttl() {
    assert_eq!(runs(&rules("@every 2s", "", "5s", None)), ["00:00:02", "00:00:04"]);
    assert_eq!(runs(&rules("@every 2s", "5s", "2s", None)), ["00:00:05", "00:00:07"]);
    assert_eq!(runs(&rules("@every 10s", "", "5s", None)), [] as [&str; 0]);
}

#[test]
fn rules_that_contradict_each_other_are_refused() {
    let cases = [
        (rules("", "", "", None), "job must have either a due time or a schedule"),
        (rules("", "5s", "", Some(2)), "job must have a schedule to repeat"),
        (rules("", "5s", "1h", None), "job must have a schedule to have a ttl"),
        (rules("@every 1s", "", "", Some(0)), "defined repeats must be greater than 0"),
        (rules("@every 1s", "", "x", None), "ttl format not recognized"),
        (rules("@every 1s", "1h", "2026-01-01T00:30:00Z", None), "ttl must be greater than due time"),
        (rules("@every 1s", "x", "", None), "due time format not recognized"),
        (rules("bad", "", "", None), "expected exactly 6 fields, found 1: [bad]"),
        (rules("0 0 0 31 2 *", "", "", None), "schedule \"0 0 0 31 2 *\" is never due within five years"),
    ];
    for (rules, error) in cases {
        assert_eq!(Plan::new(&rules, at("2026-01-01T00:00:00Z")).unwrap_err().to_string(), error);
    }
}
