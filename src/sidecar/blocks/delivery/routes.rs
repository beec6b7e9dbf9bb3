//! Where in the app the events of a subscription go (http-api reference, section 5.3).

use crate::resources::{Facts, Route, Rule, Subscription};

/// The routes of one subscription, ready to be asked.
#[derive(Debug)]
pub enum Routes {
    /// All events go to one path; nothing is read of them.
    One(String),
    /// The first route whose rule matches; one without a rule matches always.
    Rules(Vec<(Option<Rule>, String)>),
}

impl Routes {
    /// Reads the rules. The error names the rule, and where it is from.
    pub fn of(subscription: &Subscription) -> Result<Self, String> {
        let routes = &subscription.routes;
        if let [Route { matches, path }, ..] = routes.as_slice()
            && matches.is_empty()
        {
            return Ok(Self::One(path.clone()));
        }
        let mut rules = Vec::new();
        for Route { matches, path } in routes {
            let rule = match matches.as_str() {
                "" => None,
                text => Some(Rule::compile(text).map_err(|error| {
                    let place = subscription.place(text);
                    format!("{place} has the match expression {text:?}: {error}")
                })?),
            };
            rules.push((rule, path.clone()));
        }
        Ok(Self::Rules(rules))
    }

    /// The path for an event; `None` when no route wants it. The error is why a rule can't be answered.
    pub fn path(&self, event: &[u8]) -> Result<Option<&str>, String> {
        let rules = match self {
            Self::One(path) => return Ok(Some(path)),
            Self::Rules(rules) => rules,
        };
        let facts = Facts::of(event)?;
        for (rule, path) in rules {
            if rule.as_ref().map_or(Ok(true), |rule| rule.matches(&facts))? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(routes: &[(&str, &str)]) -> Subscription {
        let route =
            |(matches, path): &(&str, &str)| Route { matches: (*matches).into(), path: (*path).into() };
        Subscription { routes: routes.iter().map(route).collect(), ..Subscription::default() }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules = [("event.type == 'a'", "/a"), ("event.n > 1", "/n"), ("", "/rest")];
        let routes = Routes::of(&subscription(&rules)).unwrap();
        let path = |event: &str| routes.path(event.as_bytes()).map(|path| path.unwrap_or("-").to_owned());
        assert_eq!(path(r#"{"type":"a","n":5}"#).unwrap(), "/a");
        assert_eq!(path(r#"{"type":"b","n":5}"#).unwrap(), "/n");
        assert_eq!(path(r#"{"type":"b","n":0}"#).unwrap(), "/rest");
        assert!(path(r#"{"type":"b"}"#).unwrap_err().contains("event.n > 1"));
        let strict = Routes::of(&subscription(&rules[..2])).unwrap();
        assert_eq!(strict.path(br#"{"type":"b","n":0}"#), Ok(None));
    }

    #[test]
    fn without_rules_the_event_is_not_looked_at() {
        let routes = Routes::of(&subscription(&[("", "/all")])).unwrap();
        assert_eq!(routes.path(b"not an event"), Ok(Some("/all")));
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_named() {
        let mut wrong = subscription(&[("event.type ==", "/a"), ("", "/rest")]);
        let error = Routes::of(&wrong).unwrap_err();
        assert!(error.starts_with(r#"the answer of the app has the match expression "event.type ==": "#));
        wrong.file = "resources/orders.yaml".into();
        assert!(Routes::of(&wrong).unwrap_err().starts_with("resources/orders.yaml has"));
    }
}
