//! The JSON Schema of a shape.

use serde_json::{Map, Value, json};

use super::{Field, Shape};

/// A whole schema document.
pub fn schema(title: &str, about: &str, shape: &Shape) -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
    });
    if let (Value::Object(root), Value::Object(of_shape)) = (&mut root, of(shape)) {
        root.extend(of_shape);
    }
    root
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Text => json!({"type": "string"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Boolean | Shape::Flag => json!({"type": "boolean"}),
        Shape::Scalar => json!({"type": ["string", "number", "boolean"]}),
        Shape::Duration => json!({"type": "string", "pattern": r"^([0-9.]+(ns|us|µs|ms|s|m|h))+$"}),
        Shape::OneOf(texts) => json!({"enum": texts}),
        Shape::List(item) => json!({"type": "array", "items": of(item)}),
        Shape::Map(value) => json!({"type": "object", "additionalProperties": of(value)}),
        Shape::Either(shapes) => json!({"anyOf": shapes.iter().map(of).collect::<Vec<_>>()}),
        Shape::Object(groups) => {
            let fields = || groups.iter().copied().flatten();
            let properties: Map<String, Value> =
                fields().map(|field| (field.name.to_owned(), property(field))).collect();
            let required: Vec<&str> =
                fields().filter(|field| field.required).map(|field| field.name).collect();
            let mut object =
                json!({"type": "object", "properties": properties, "additionalProperties": false});
            if !required.is_empty() {
                object["required"] = json!(required);
            }
            object
        }
    }
}

/// A key that may be left out may also stand without a value.
fn property(field: &Field) -> Value {
    let mut property = of(&field.shape);
    if !field.required {
        or_null(&mut property);
    }
    if !field.about.is_empty() {
        property["description"] = json!(field.about);
    }
    property
}

fn or_null(property: &mut Value) {
    if let Some(kind) = property.get_mut("type") {
        match kind {
            Value::Array(kinds) => kinds.push(json!("null")),
            kind => *kind = json!([kind.clone(), "null"]),
        }
    } else if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.push(Value::Null);
    } else if let Some(Value::Array(shapes)) = property.get_mut("anyOf") {
        shapes.push(json!({"type": "null"}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out_may_be_null() {
        const SHAPE: Shape = Shape::Object(&[&[
            Field::required("a", Shape::Integer, "A."),
            Field::new("b", Shape::Scalar, ""),
            Field::new("c", Shape::OneOf(&["x"]), ""),
            Field::new("d", Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]), ""),
            Field::new("e", Shape::Any, ""),
        ]]);
        let schema = schema("T", "About.", &SHAPE);
        let property = |name: &str| schema["properties"][name].to_string();
        assert_eq!(property("a"), r#"{"description":"A.","type":"integer"}"#);
        assert_eq!(property("b"), r#"{"type":["string","number","boolean","null"]}"#);
        assert_eq!(property("c"), r#"{"enum":["x",null]}"#);
        let either =
            r#"{"anyOf":[{"type":"string"},{"items":{"type":"string"},"type":"array"},{"type":"null"}]}"#;
        assert_eq!(property("d"), either);
        assert_eq!(property("e"), "{}");
        assert_eq!(schema["required"], json!(["a"]));
    }
}
