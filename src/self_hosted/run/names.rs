//! App ids that are made up when none is given: `<noun><adjective>-<noun>`, lower case.

const NOUNS: [&str; 32] = [
    "apple", "badger", "beacon", "canyon", "cedar", "comet", "coral", "delta", "ember", "falcon", "fern",
    "glacier", "harbor", "heron", "island", "lantern", "maple", "meadow", "nebula", "otter", "pebble",
    "pine", "quartz", "raven", "reef", "river", "sparrow", "summit", "thistle", "valley", "willow", "zephyr",
];
const ADJECTIVES: [&str; 24] = [
    "amber", "brave", "bright", "calm", "clear", "crisp", "eager", "fair", "gentle", "golden", "keen",
    "light", "lively", "mellow", "nimble", "proud", "quiet", "rapid", "silver", "steady", "sunny", "swift",
    "warm", "wise",
];

/// A name that `taken` does not know.
pub fn generate(taken: impl Fn(&str) -> bool) -> String {
    loop {
        let pick = |words: &[&'static str]| words[fastrand::usize(..words.len())];
        let name = format!("{}{}-{}", pick(&NOUNS), pick(&ADJECTIVES), pick(&NOUNS));
        if !taken(&name) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_is_not_given_again() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let name = generate(|name| seen.contains(name));
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(seen.insert(name));
        }
    }
}
