//! Sizes in the notation of Kubernetes: `4Mi`, `16k`, `1e3`, `-1`.

/// Why a size can't be read. The text is the stock one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
pub struct Error;

/// The number of bytes, rounded up to a whole one.
pub fn parse(text: &str) -> Result<i64, Error> {
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    let well_formed = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    if !well_formed {
        return Err(Error);
    }
    let factor = factor(suffix)?;
    if let (Ok(whole), Some(factor)) = (number.parse::<i64>(), factor.whole()) {
        return whole.checked_mul(factor).ok_or(Error);
    }
    let value = (number.parse::<f64>().map_err(|_| Error)? * factor.0).ceil();
    // Sizes of more than 8 EiB are no sizes.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the range is checked")]
    if value.abs() < i64::MAX as f64 { Ok(value as i64) } else { Err(Error) }
}

struct Factor(f64);

impl Factor {
    fn whole(&self) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "the largest factor is 2^60")]
        (self.0 >= 1.0 && self.0 < 2e18 && self.0.fract() == 0.0).then_some(self.0 as i64)
    }
}

fn factor(suffix: &str) -> Result<Factor, Error> {
    let power = |base: f64, power| Ok(Factor(base.powi(power)));
    match suffix {
        "" => power(1000.0, 0),
        "n" => power(1000.0, -3),
        "u" => power(1000.0, -2),
        "m" => power(1000.0, -1),
        "k" => power(1000.0, 1),
        "M" => power(1000.0, 2),
        "G" => power(1000.0, 3),
        "T" => power(1000.0, 4),
        "P" => power(1000.0, 5),
        "E" => power(1000.0, 6),
        "Ki" => power(1024.0, 1),
        "Mi" => power(1024.0, 2),
        "Gi" => power(1024.0, 3),
        "Ti" => power(1024.0, 4),
        "Pi" => power(1024.0, 5),
        "Ei" => power(1024.0, 6),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E']).ok_or(Error)?;
            power(10.0, exponent.parse::<i8>().map_err(|_| Error)?.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_kubernetes() {
        let sizes = [
            ("4Mi", 4 << 20),
            ("4Ki", 4096),
            ("16", 16),
            ("-1", -1),
            ("+2k", 2000),
            ("1.5Ki", 1536),
            ("1e3", 1000),
            ("100m", 1),
            ("1Ei", 1 << 60),
        ];
        for (text, bytes) in sizes {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "Mi", "4MB", "4 Mi", "1e", "x", "--1", "9Ei", "1.2.3"] {
            assert_eq!(parse(text), Err(Error), "{text}");
        }
    }
}
