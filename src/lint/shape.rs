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
    /// True or false, also in the words of YAML 1.1: `yes`, `no`, `on`, `off`, `y`, `n`.
    Flag,
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
    /// What is said when it is not there, in place of our own words.
    pub missing: Option<&'static str>,
    /// What is said of a text that is not one of those that it takes, with `{}` for the text; an empty text is
    /// then as good as none.
    pub refused: Option<&'static str>,
}

impl Field {
    /// A key that may be left out.
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, about, required: false, missing: None, refused: None }
    }

    /// A key that has to be there.
    pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { required: true, ..Self::new(name, shape, about) }
    }

    /// With the words for its absence.
    #[must_use]
    pub const fn missing(self, text: &'static str) -> Self {
        Self { missing: Some(text), ..self }
    }

    /// With the words for a text that it does not take.
    #[must_use]
    pub const fn refused(self, text: &'static str) -> Self {
        Self { refused: Some(text), ..self }
    }
}
