//! Paths as labels: what stands for one thing of many is left out or replaced (observability reference, section 4).

use std::borrow::Cow;

/// A pattern such as `/orders/{id}`: a part in braces stands for anything, a slash at the end for all that is below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Option<String>>,
    /// Whether more may follow.
    open: bool,
}

impl Template {
    /// Reads a pattern.
    pub fn of(text: &str) -> Self {
        let trimmed = text.trim_matches('/');
        let part = |part: &str| {
            let any = part.starts_with('{') && part.ends_with('}');
            (!any).then(|| part.to_owned())
        };
        let parts = trimmed.split('/').filter(|part| !part.is_empty()).map(part).collect();
        Self { text: text.to_owned(), parts, open: text.ends_with('/') && text.len() > 1 }
    }

    fn matches(&self, path: &str) -> bool {
        let mut given = path.trim_start_matches('/').split('/');
        let fits = self.parts.iter().all(|part| {
            given.next().is_some_and(|given| match part {
                Some(part) => part == given,
                None => !given.is_empty(),
            })
        });
        fits && (self.open || given.next().is_none())
    }
}

/// The first pattern that a path fits, be it with what stands before the method of an invocation or without.
pub fn template<'a>(templates: &'a [Template], path: &str) -> Option<&'a str> {
    let method =
        path.strip_prefix("/v1.0/invoke/").and_then(|rest| rest.find("/method/").map(|at| &rest[at + 7..]));
    let paths = std::iter::once(path).chain(method);
    let found = paths.map(|path| templates.iter().find(|template| template.matches(path)));
    found.flatten().next().map(|template| template.text.as_str())
}

/// The path of an API call without what makes it one of very many: keys of state and secrets, ids.
pub fn api(path: &str) -> Cow<'_, str> {
    let Some(rest) = path.strip_prefix("/v1.0/") else { return Cow::Borrowed(path) };
    let cut = |slashes: usize| path.match_indices('/').nth(slashes).map_or(path, |(at, _)| &path[..at]);
    match rest.split('/').next().unwrap_or_default() {
        "state" | "secrets" => Cow::Borrowed(cut(3)),
        "actors" => Cow::Owned(with_id(cut(5), 3, "{id}")),
        "workflows" => Cow::Owned(workflow(path)),
        _ => Cow::Borrowed(path),
    }
}

/// The path with its part of this number replaced, counted from 0.
fn with_id(path: &str, number: usize, id: &str) -> String {
    let parts = path.trim_start_matches('/').split('/').enumerate();
    parts.fold(String::with_capacity(path.len()), |text, (at, part)| {
        text + "/" + if at == number && !part.is_empty() { id } else { part }
    })
}

/// `/v1.0/workflows/<component>/<instance>…`, or `…/<component>/<workflow>/start`.
fn workflow(path: &str) -> String {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if parts.get(4) == Some(&"start") {
        return path.to_owned();
    }
    let path = with_id(path, 3, "{instanceId}");
    if parts.get(4) == Some(&"raiseEvent") { with_id(&path, 5, "{eventName}") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_of_many_is_left_out() {
        for (path, expected) in [
            ("/v1.0/state/mem", "/v1.0/state/mem"),
            ("/v1.0/state/mem/key", "/v1.0/state/mem"),
            ("/v1.0/secrets/s/k", "/v1.0/secrets/s"),
            ("/v1.0/actors/cat/c1/method/meow", "/v1.0/actors/cat/{id}/method"),
            ("/v1.0/workflows/dapr/i1", "/v1.0/workflows/dapr/{instanceId}"),
            (
                "/v1.0/workflows/dapr/i1/raiseEvent/e",
                "/v1.0/workflows/dapr/{instanceId}/raiseEvent/{eventName}",
            ),
            ("/v1.0/workflows/dapr/order/start", "/v1.0/workflows/dapr/order/start"),
            ("/v1.0/jobs/j1", "/v1.0/jobs/j1"),
            ("/orders/1", "/orders/1"),
        ] {
            assert_eq!(api(path), expected);
        }
    }

    #[test]
    fn patterns_fit_part_by_part() {
        let templates = ["/items", "/orders/{id}", "/orders/{id}/items/{item}", "/all/"].map(Template::of);
        let found = |path: &str| template(&templates, path).unwrap_or_default().to_owned();
        assert_eq!(found("/orders/1"), "/orders/{id}");
        assert_eq!(found("/orders/"), "");
        assert_eq!(found("/orders/1/items/2"), "/orders/{id}/items/{item}");
        assert_eq!(found("/orders/1/items"), "");
        assert_eq!(found("items"), "/items");
        assert_eq!(found("/all/that/is"), "/all/");
        assert_eq!(found("/v1.0/invoke/shop/method/orders/7"), "/orders/{id}");
        assert_eq!(found("/v1.0/invoke/shop/method/other"), "");
    }
}
