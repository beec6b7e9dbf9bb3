//! Texts that go into URLs, and secrets that are compared.

use percent_encoding::{AsciiSet, CONTROLS};

/// What can't be in a URL at all. Escapes, slashes and queries stay as they are.
pub const NOT_IN_A_URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Whether a given secret is the right one, found out in a time that does not tell where the difference is.
pub fn is_same_secret(given: &[u8], right: &[u8]) -> bool {
    given.len() == right.len() && given.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
