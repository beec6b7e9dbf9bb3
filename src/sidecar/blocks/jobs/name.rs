//! Names that a job may have: like those of hosts, with some more characters.

/// As long as the name of a host may be.
const LONGEST: usize = 253;

/// The error is the text that the scheduler gives.
pub fn check(name: &str) -> Result<(), String> {
    let core = name.replace(['_', ':', '-', ' ', '.'], "");
    if core.len() > LONGEST {
        return Err(format!("job name is invalid {core:?}: must be no more than {LONGEST} characters"));
    }
    if core.is_empty() || !core.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!(
            "job name is invalid {name:?}: it must have letters or digits, and beside them only '-', '_', ':', '.' and spaces"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_like_those_of_hosts() {
        for name in ["j", "JJ", "prod-db-backup", "a.b.c", "a..b", "-a", "a_b:c d", "1", &"x".repeat(253)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "-", "..", "a|b", "a||b", "a/b", "ü", "a\n", &"x".repeat(254)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
