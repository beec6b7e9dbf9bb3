//! The fields of a cron schedule, each a set of numbers: `*`, `?`, `7`, `1-5`, `*/15`, `3/4`, `mon-fri`, `1,15,30`.

use super::Error;

/// Whether the first field, the second of the minute, must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seconds {
    /// Six fields, as jobs have them.
    Required,
    /// Five or six fields, as `bindings.cron` has them; second 0 when it is missing.
    Optional,
}

/// Numbers below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Set(u64);

impl Set {
    pub fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.0 & (1 << number) != 0)
    }
}

/// What a schedule asks of date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    pub second: Set,
    pub minute: Set,
    pub hour: Set,
    pub day: Set,
    pub month: Set,
    /// 0 is Sunday.
    pub weekday: Set,
    /// Day of month or of week is `*`: then both have to match, else one of them.
    pub both_days: bool,
}

/// What one field may hold.
struct Range {
    least: u32,
    most: u32,
    /// Names of the numbers from `least` on.
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const SIXTIETHS: Range = Range { least: 0, most: 59, names: &[] };
const HOURS: Range = Range { least: 0, most: 23, names: &[] };
const DAYS: Range = Range { least: 1, most: 31, names: &[] };
const MONTHS_OF_YEAR: Range = Range { least: 1, most: 12, names: MONTHS };
const DAYS_OF_WEEK: Range = Range { least: 0, most: 6, names: WEEKDAYS };

/// Reads all fields.
pub fn parse(text: &str, seconds: Seconds) -> Result<Fields, Error> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (second, rest) = match (words.as_slice(), seconds) {
        ([second, rest @ ..], _) if rest.len() == 5 => (*second, rest),
        (rest, Seconds::Optional) if rest.len() == 5 => ("0", rest),
        _ => {
            let expected = match seconds {
                Seconds::Required => "exactly 6",
                Seconds::Optional => "5 to 6",
            };
            let (found, words) = (words.len(), words.join(" "));
            return Err(Error(format!("expected {expected} fields, found {found}: [{words}]")));
        }
    };
    let (second, _) = field(second, &SIXTIETHS)?;
    let (minute, _) = field(rest[0], &SIXTIETHS)?;
    let (hour, _) = field(rest[1], &HOURS)?;
    let (day, any_day) = field(rest[2], &DAYS)?;
    let (month, _) = field(rest[3], &MONTHS_OF_YEAR)?;
    let (weekday, any_weekday) = field(rest[4], &DAYS_OF_WEEK)?;
    Ok(Fields { second, minute, hour, day, month, weekday, both_days: any_day || any_weekday })
}

/// The numbers of a field, and whether it leaves all of them open.
fn field(text: &str, range: &Range) -> Result<(Set, bool), Error> {
    let mut numbers = Set::default();
    let mut open = false;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (set, all) = item(part, range)?;
        numbers.0 |= set.0;
        open |= all;
    }
    if numbers == Set::default() {
        return Err(Error(format!("empty field: {text}")));
    }
    Ok((numbers, open))
}

fn item(text: &str, range: &Range) -> Result<(Set, bool), Error> {
    let (ends, step) = match text.split_once('/') {
        None => (text, None),
        Some((_, step)) if step.contains('/') => return Err(Error(format!("too many slashes: {text}"))),
        Some((ends, step)) => (ends, Some(number(step, &[], 0)?)),
    };
    let (low, high) = match ends.split_once('-') {
        Some((_, high)) if high.contains('-') => return Err(Error(format!("too many hyphens: {text}"))),
        Some((low, high)) => (low, Some(high)),
        None => (ends, None),
    };
    let any = matches!(low, "*" | "?");
    let (start, end) = if any {
        (range.least, range.most)
    } else {
        let start = number(low, range.names, range.least)?;
        let end = match (high, step) {
            (Some(high), _) => number(high, range.names, range.least)?,
            // `5/10`: from there on
            (None, Some(_)) => range.most,
            (None, None) => start,
        };
        (start, end)
    };
    if start < range.least {
        return Err(Error(format!("beginning of range ({start}) below minimum ({}): {text}", range.least)));
    }
    if end > range.most {
        return Err(Error(format!("end of range ({end}) above maximum ({}): {text}", range.most)));
    }
    if start > end {
        return Err(Error(format!("beginning of range ({start}) beyond end of range ({end}): {text}")));
    }
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Error(format!("step of range should be a positive number: {text}")));
    }
    let numbers = (start..=end).step_by(step as usize).fold(0, |numbers, number| numbers | 1 << number);
    Ok((Set(numbers), any && step == 1))
}

fn number(text: &str, names: &[&str], first: u32) -> Result<u32, Error> {
    if let Some(index) = (first..).zip(names).find(|(_, name)| name.eq_ignore_ascii_case(text)) {
        return Ok(index.0);
    }
    text.parse().map_err(|_| Error(format!("failed to parse int from {text}: not a number")))
}
