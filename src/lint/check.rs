//! A tree against a shape: all that is wrong, not the first thing only.

use std::path::Path;

use super::{Diagnostic, Field, Node, Severity, Shape, Value};
use crate::suggest;

/// Checks a document. `unknown` is how bad an unknown key is; with `any_case` keys count in any spelling of
/// upper and lower case.
pub fn check(file: &Path, node: &Node, shape: &Shape, unknown: Severity, any_case: bool) -> Vec<Diagnostic> {
    let mut check = Check { file, unknown, any_case, found: Vec::new() };
    check.value("the document", node, shape);
    check.found
}

struct Check<'a> {
    file: &'a Path,
    unknown: Severity,
    any_case: bool,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn value(&mut self, name: &str, node: &Node, shape: &Shape) {
        match shape {
            Shape::Object(fields) if matches!(node.value, Value::Map(_)) => self.object(name, node, fields),
            Shape::List(item) if matches!(node.value, Value::List(_)) => {
                for (index, node) in node.items().iter().enumerate() {
                    self.value(&format!("{name}[{index}]"), node, item);
                }
            }
            Shape::Map(value) if matches!(node.value, Value::Map(_)) => {
                for (key, node) in node.entries().iter().filter(|(_, node)| !node.is_null()) {
                    self.value(key.text(), node, value);
                }
            }
            Shape::Either(shapes) => match shapes.iter().find(|shape| has_kind(node, shape)) {
                Some(shape) => self.value(name, node, shape),
                None => self.wrong(name, node, shape),
            },
            Shape::OneOf(texts) if has_kind(node, shape) => {
                if !texts.contains(&node.text()) {
                    let hint = suggest::question(node.text(), texts.iter().copied());
                    let text = format!("{name} is {}, not {:?}", list(texts), node.text());
                    self.found.push(Diagnostic::error(self.file, node.at, text).hint(hint));
                }
            }
            Shape::Duration if has_kind(node, shape) => {
                if duration(node.text()).is_none() {
                    let text =
                        format!("{name} takes a length of time such as 500ms or 2s, not {:?}", node.text());
                    self.found.push(Diagnostic::error(self.file, node.at, text));
                }
            }
            _ if has_kind(node, shape) => {}
            _ => self.wrong(name, node, shape),
        }
    }

    fn object(&mut self, name: &str, node: &Node, groups: &[&[Field]]) {
        let fields = || groups.iter().copied().flatten();
        let matches = |field: &&Field, key: &str| {
            field.name == key || (self.any_case && field.name.eq_ignore_ascii_case(key))
        };
        let mut missing: Vec<&Field> = fields().filter(|field| field.required).collect();
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for (key, value) in node.entries() {
            match fields().find(|field| matches(field, key.text())) {
                Some(field) => {
                    missing.retain(|other| other.name != field.name || value.is_null());
                    known.push((field, value));
                }
                None => unknown.push(key),
            }
        }
        for (field, value) in known {
            if !value.is_null() && !self.refused(field, value) {
                self.value(field.name, value, &field.shape);
            }
        }
        for key in unknown {
            let hint = suggest::question(key.text(), fields().map(|field| field.name));
            let text = format!("{name} has no key {:?}", key.text());
            let severity = self.unknown;
            self.found.push(Diagnostic { severity, ..Diagnostic::error(self.file, key.at, text).hint(hint) });
        }
        for field in missing {
            let text = match field.missing {
                Some(text) => text.to_owned(),
                None => format!("required field '{}' not found in {name}: {}", field.name, field.about),
            };
            self.found.push(Diagnostic::error(self.file, node.at, text));
        }
    }

    /// A text that a field with words of its own does not take. True when there is no more to say of it.
    fn refused(&mut self, field: &Field, node: &Node) -> bool {
        let (Some(words), Shape::OneOf(texts)) = (field.refused, &field.shape) else { return false };
        if !has_kind(node, &field.shape) {
            return false;
        }
        if !node.text().is_empty() && !texts.contains(&node.text()) {
            let hint = suggest::question(node.text(), texts.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("it takes {}", list(texts)));
            let text = words.replace("{}", node.text());
            self.found.push(Diagnostic::error(self.file, node.at, text).hint(hint));
        }
        true
    }

    fn wrong(&mut self, name: &str, node: &Node, shape: &Shape) {
        let text = format!("{name} takes {}, not {}", wanted(shape), given(node));
        self.found.push(Diagnostic::error(self.file, node.at, text));
    }
}

fn has_kind(node: &Node, shape: &Shape) -> bool {
    let scalar = matches!(node.value, Value::Scalar { .. });
    match shape {
        Shape::Any => true,
        Shape::Scalar => scalar,
        Shape::Text | Shape::OneOf(_) | Shape::Duration => {
            scalar && node.integer().is_none() && node.boolean().is_none() && !node.is_float()
        }
        Shape::Integer => node.integer().is_some(),
        Shape::Boolean => node.boolean().is_some(),
        Shape::Flag => node.flag().is_some(),
        Shape::List(_) => matches!(node.value, Value::List(_)),
        Shape::Map(_) | Shape::Object(_) => matches!(node.value, Value::Map(_)),
        Shape::Either(shapes) => shapes.iter().any(|shape| has_kind(node, shape)),
    }
}

fn wanted(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".into(),
        Shape::Text => "a text".into(),
        Shape::Scalar => "a text, a number or true or false".into(),
        Shape::Duration => "a length of time such as 500ms or 2s".into(),
        Shape::OneOf(texts) => list(texts),
        Shape::Integer => "a whole number".into(),
        Shape::Boolean | Shape::Flag => "true or false".into(),
        Shape::List(_) => "a list".into(),
        Shape::Map(_) | Shape::Object(_) => "a map".into(),
        Shape::Either(shapes) => shapes.iter().map(wanted).collect::<Vec<_>>().join(" or "),
    }
}

fn given(node: &Node) -> String {
    match &node.value {
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a map".into(),
        Value::Scalar { text, .. } if node.integer().is_some() || node.is_float() => {
            format!("the number {text}")
        }
        Value::Scalar { text, .. } if node.boolean().is_some() => format!("the truth value {text}"),
        Value::Scalar { text, .. } => format!("the text {text:?}"),
    }
}

fn list(texts: &[&str]) -> String {
    match texts {
        [] => "nothing".into(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A length of time in Go's style; `None` when it is none.
pub fn duration(text: &str) -> Option<std::time::Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, seconds) =
            [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)]
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))?;
        total += number * seconds;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then(|| std::time::Duration::try_from_secs_f64(total).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &[Field] =
        &[Field::new("port", Shape::Integer, ""), Field::new("kind", Shape::OneOf(&["http", "tcp"]), "")];
    const SHAPE: Shape = Shape::Object(&[&[
        Field::required("version", Shape::Integer, "the version of the format"),
        Field::new("name", Shape::Text, ""),
        Field::new("on", Shape::Boolean, ""),
        Field::new("wait", Shape::Duration, ""),
        Field::new("env", Shape::Map(&Shape::Scalar), ""),
        Field::new("apps", Shape::List(&Shape::Object(&[INNER])), ""),
        Field::new("path", Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]), ""),
    ]]);

    fn findings(text: &str) -> Vec<String> {
        let file = Path::new("x.yaml");
        let node = super::super::parse(file, text).0.pop().unwrap();
        check(file, &node, &SHAPE, Severity::Warning, false).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_document_has_no_findings() {
        let text = "version: 1\nname: '12'\non: false\nwait: 1m30s\nenv: {A: 1, B: true, C: x}\napps: [{port: 1, kind: tcp}]\npath: [a, b]\n";
        assert_eq!(findings(text), [""; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let text = "nam: x\non: yes please\nwait: soon\nenv: {A: [1]}\napps:\n- port: high\n  kind: htp\n- 3\npath: {}\n";
        insta::assert_snapshot!(findings(text).join("\n"), @r#"
        x.yaml:2:5: error: on takes true or false, not the text "yes please"
        x.yaml:3:7: error: wait takes a length of time such as 500ms or 2s, not "soon"
        x.yaml:4:10: error: A takes a text, a number or true or false, not a list
        x.yaml:6:9: error: port takes a whole number, not the text "high"
        x.yaml:7:9: error: kind is http or tcp, not "htp" (did you mean http or tcp?)
        x.yaml:8:3: error: apps[1] takes a map, not the number 3
        x.yaml:9:7: error: path takes a text or a list, not a map
        x.yaml:1:1: warning: the document has no key "nam" (did you mean name?)
        x.yaml:1:1: error: required field 'version' not found in the document: the version of the format
        "#);
    }

    #[test]
    fn lengths_of_time() {
        let seconds = |text| duration(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("500ms"), Some(0.5));
        assert_eq!(seconds("1m30.5s"), Some(90.5));
        assert_eq!(seconds("2h"), Some(7200.0));
        for bad in ["", "5", "s", "5x", "-1s", "1s2"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
