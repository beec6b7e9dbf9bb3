//! What a document may look like: one description for the check and for the JSON Schema.

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A text, a number or a truth value; taken as it is written.
    Scalar,
    /// A length of time such as `500ms` or `1m30s`.
    Duration,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// A map with any keys.
    Map(&'static Shape),
    /// A map with these keys; others are not known.
    Object(&'static [&'static [Field]]),
    /// Several possibilities; the first one that has the right kind of value counts.
    Either(&'static [Shape]),
}

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// Its value.
    pub shape: Shape,
    /// What it means, as a sentence.
    pub about: &'static str,
    /// It has to be there.
    pub required: bool,
}

impl Field {
    /// A key that may be left out.
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, about, required: false }
    }

    /// A key that has to be there.
    pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, about, required: true }
    }
}
