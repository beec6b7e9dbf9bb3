//! What somebody may have meant: names near a mistyped one.

/// The candidates that are at most two edits away from what was typed, or begin with it; in their own order.
pub fn similar<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.to_lowercase();
    if typed.is_empty() {
        return Vec::new();
    }
    let is_near = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        candidate.starts_with(&typed) || strsim::levenshtein(&typed, &candidate) <= 2
    };
    candidates.into_iter().filter(|candidate| is_near(candidate)).collect()
}

/// A question that names the candidates near what was typed; `None` when there are none.
pub fn question<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut near = similar(typed, candidates);
    near.sort_unstable();
    near.dedup();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_means_two_edits_or_a_prefix() {
        let verbs = ["init", "invoke", "list", "publish"];
        assert_eq!(similar("lst", verbs), ["list"]);
        assert_eq!(similar("IN", verbs), ["init", "invoke"]);
        assert_eq!(similar("orders", verbs), [""; 0]);
        assert_eq!(question("pub", verbs).unwrap(), "did you mean publish?");
        assert_eq!(question("", verbs), None);
    }
}
