//! Routing rules: CEL expressions over one variable, `event`, which is the CloudEvent (http-api reference, 5.3).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Program, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::expression;

/// The functions and types of the language, made once.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// An expression that is ready to be asked.
#[derive(Debug)]
pub struct Rule {
    text: String,
    program: Program,
}

/// An event as rules see it.
pub struct Facts(Context<'static, 'static>);

impl Rule {
    /// Reads an expression. The error says what is wrong with it, in one line.
    pub fn compile(text: &str) -> Result<Self, String> {
        expression::compile(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, String> {
        let program = LANGUAGE.compile(text).map_err(|errors| {
            let one = |error: &cel::ParseError| format!("{} (column {})", error.msg, error.pos.1);
            errors.errors.iter().map(one).collect::<Vec<_>>().join("; ")
        })?;
        // What an event lacks is found out event by event; a name that no event can have is known now.
        let unknown = {
            let references = program.references();
            let mut variables = references.variables();
            // `type` alone is a name of the language, and never what was meant.
            variables.sort_unstable();
            variables.first().filter(|_| !references.has_variable("event")).map(|name| (*name).to_owned())
        };
        let unknown = unknown.or_else(|| match program.execute(&Facts::of(b"{}").ok()?.0) {
            Err(ExecutionError::UndeclaredReference(name)) => Some(name.to_string()),
            _ => None,
        });
        match unknown {
            Some(name) => Err(format!("{name} is not known: the only variable is event, as in event.type")),
            None => Ok(Self { text: text.to_owned(), program }),
        }
    }

    /// Whether the event matches. The error says why that can't be told, for example that the event lacks what the
    /// expression asks for.
    pub fn matches(&self, facts: &Facts) -> Result<bool, String> {
        match self.program.execute(&facts.0) {
            Ok(Value::Bool(matches)) => Ok(matches),
            Ok(_) => Err(format!("the result of match expression {} was not a boolean", self.text)),
            Err(error) => Err(format!("match expression {}: {error}", self.text)),
        }
    }
}

impl Facts {
    /// Reads an event, a JSON object.
    pub fn of(event: &[u8]) -> Result<Self, String> {
        let Json(event) = serde_json::from_slice(event).map_err(|error| error.to_string())?;
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        context.add_variable_from_value("event", event);
        Ok(Self(context))
    }
}

/// A JSON value as the language has it. Every number is a double, as in the stock runtime: it compares with
/// whole numbers, and `int(…)` makes one of it.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json(Value::Null))
    }
}

impl<'de> Visitor<'de> for Json {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self, E> {
        Ok(Self(Value::Bool(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "as every reader of JSON does that has only doubles")]
    fn visit_u64<E>(self, value: u64) -> Result<Self, E> {
        Ok(Self(Value::Float(value as f64)))
    }

    #[expect(clippy::cast_precision_loss, reason = "as every reader of JSON does that has only doubles")]
    fn visit_i64<E>(self, value: i64) -> Result<Self, E> {
        Ok(Self(Value::Float(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self, E> {
        Ok(Self(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self, E> {
        Ok(Self(Value::String(Arc::new(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        let mut values = Vec::new();
        while let Some(Self(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Self(Value::List(Arc::new(values))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut entries = HashMap::new();
        while let Some((name, Self(value))) = map.next_entry::<String, Self>()? {
            entries.insert(Key::String(Arc::new(name)), value);
        }
        Ok(Self(Value::Map(Map { map: Arc::new(entries) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &[u8] =
        br#"{"id":"1","type":"widget.new","source":"shop","data":{"important":true,"priority":5,
        "text":"7","ratio":0.5,"list":[1,2],"none":null,"nested":{"a":"b"}},"myext":"x"}"#;

    fn matches(rule: &str) -> Result<bool, String> {
        Rule::compile(rule).unwrap().matches(&Facts::of(EVENT).unwrap())
    }

    #[test]
    fn rules_that_people_write() {
        for (rule, expected) in [
            (r#"event.type == "widget.new""#, true),
            (r"event.type == 'gadget'", false),
            (r#"event.type.startsWith("widget") && event.source != "other""#, true),
            (r#"event.type.endsWith(".old") || event.type.contains("get.n")"#, true),
            (r#"event.type.matches("^w.*new$")"#, true),
            ("event.data.important == true", true),
            ("event.data.important", true),
            ("!event.data.important", false),
            ("event.data.priority > 3", true),
            ("event.data.priority == 5", true),
            ("event.data.priority >= 5.0", true),
            ("int(event.data.priority) > 3", true),
            ("int(event.data.priority) % 2 == 1", true),
            ("int(event.data.text) == 7", true),
            ("event.data.ratio < 1", true),
            ("has(event.data.my_optional_field)", false),
            ("has(event.data.priority) && event.data.priority in [1, 5]", true),
            ("has(event.data.missing) && event.data.missing == 1", false),
            (r#""priority" in event.data"#, true),
            (r#"event["type"] == "widget.new""#, true),
            ("size(event.data.list) == 2 && event.data.list[0] == 1", true),
            ("event.data.list.exists(n, n == 2)", true),
            ("event.data.none == null", true),
            (r#"event.data.nested.a in ["a", "b"]"#, true),
            (r#"event.myext == "x" ? true : false"#, true),
            (r#"string(event.data.priority) == "5""#, true),
            ("true", true),
        ] {
            assert_eq!(matches(rule), Ok(expected), "{rule}");
        }
    }

    #[test]
    fn what_an_event_lacks_is_an_error() {
        let error = matches("event.data.missing == 1").unwrap_err();
        assert_eq!(error, "match expression event.data.missing == 1: No such key: missing");
        let error = matches("event.type").unwrap_err();
        assert_eq!(error, "the result of match expression event.type was not a boolean");
        assert!(matches("event.data.text > 3").is_err());
    }

    #[test]
    fn what_no_event_can_answer_is_known_before() {
        for (rule, expected) in [
            ("event.type ==", "(column"),
            ("type == 'x'", "type is not known: the only variable is event, as in event.type"),
            ("event.a == 1 || tpe == 'x'", "tpe is not known"),
            ("nofunction(event)", "nofunction is not known"),
            ("type2 == 'x'", "type2 is not known: the only variable is event, as in event.type"),
            ("", "(column"),
        ] {
            let error = Rule::compile(rule).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{rule}: {error}");
        }
    }
}
