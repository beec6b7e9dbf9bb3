//! What is wrong with a YAML file, and where: trees with positions, shapes that documents must have, and the
//! check of one against the other. One shape serves the check and the JSON Schema of a format.
//!
//! Knows no format itself and reads no files.

mod check;
mod diagnostic;
mod schema;
mod shape;
mod tree;

pub use check::{check, duration};
pub use diagnostic::{Diagnostic, Severity};
pub use schema::schema;
pub use shape::{Field, Shape};
pub use tree::{Node, Value, parse};
