//! JSON as Go programs read it, where callers can see the difference: names without regard to case, `null` for
//! nothing, and the texts for what isn't JSON. Knows no request and no answer.

use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

mod syntax;

/// Reads a document. The error is Go's text for what isn't JSON, and our parser's for JSON of the wrong shape.
pub fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| syntax::error(text).unwrap_or_else(|| error.to_string()))
}

/// A struct that [`object!`] declares.
pub(in crate::sidecar) trait Object<'de>: Default {
    /// The names of its fields.
    const NAMES: &'static [&'static str];

    /// Takes the value of one of them.
    fn take<M: MapAccess<'de>>(&mut self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

/// Declares a struct that is read from an object as Go does it: the case of names does not matter, of equal names
/// the last counts, unknown ones are skipped, and `null` leaves a field, or all of them, at its default.
macro_rules! object {
    ($(#[$meta:meta])* struct $name:ident $(<$life:lifetime>)? { $($field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        struct $name $(<$life>)? { $($field: $kind,)* }

        impl<'de $(: $life, $life)?> $crate::sidecar::json::Object<'de> for $name $(<$life>)? {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn take<M: serde::de::MapAccess<'de>>(
                &mut self,
                name: &'static str,
                map: &mut M,
            ) -> Result<(), M::Error> {
                match name {
                    $(name if name == stringify!($field) => {
                        if let Some(value) = map.next_value()? {
                            self.$field = value;
                        }
                    })*
                    _ => {}
                }
                Ok(())
            }
        }

        impl<'de $(: $life, $life)?> serde::de::Deserialize<'de> for $name $(<$life>)? {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::sidecar::json::deserialize(deserializer)
            }
        }
    };
}

pub(in crate::sidecar) use object;

/// What the structs of [`object!`] are read with.
pub(in crate::sidecar) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Object<'de>,
{
    deserializer.deserialize_any(Fields(PhantomData))
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<T, M::Error> {
        let mut object = T::default();
        while let Some(name) = map.next_key_seed(Name(T::NAMES))? {
            match name {
                Some(name) => object.take(name, &mut map)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(object)
    }
}

/// One of the known names, or `None` for another.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|known| known.eq_ignore_ascii_case(name)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    object! {
        #[derive(Debug)]
        struct Inner {
            a: String,
        }
    }

    object! {
        struct Outer<'a> {
            name: String,
            inner: Inner,
            raw: Option<&'a RawValue>,
            list: Vec<Inner>,
        }
    }

    #[test]
    fn objects_are_read_leniently() {
        let text =
            br#"{"Name":"x","INNER":{"A":"1"},"raw": [1, 2] ,"more":{"name":1},"list":[null,{"a":"2"}]}"#;
        let outer: Outer<'_> = parse(text).unwrap();
        assert_eq!((outer.name.as_str(), outer.inner.a.as_str()), ("x", "1"));
        assert_eq!(outer.raw.map(RawValue::get), Some("[1, 2]"));
        let list: Vec<&str> = outer.list.iter().map(|inner| inner.a.as_str()).collect();
        assert_eq!(list, ["", "2"]);
    }

    #[test]
    fn nulls_leave_defaults_and_the_last_of_equal_names_counts() {
        assert_eq!(parse::<Inner>(b"null").unwrap().a, "");
        assert_eq!(parse::<Inner>(br#"{"a":null}"#).unwrap().a, "");
        assert_eq!(parse::<Inner>(br#"{"a":"1","A":"2","a":null}"#).unwrap().a, "2");
    }

    #[test]
    fn wrong_shapes_are_errors() {
        for (text, expected) in [
            ("[]", "invalid type: sequence, expected an object at line 1 column 2"),
            (r#"{"a":5}"#, "invalid type: integer `5`, expected a string at line 1 column 6"),
            ("{bad}", "invalid character 'b' looking for beginning of object key string"),
        ] {
            assert_eq!(parse::<Inner>(text.as_bytes()).unwrap_err(), expected, "{text}");
        }
    }
}
