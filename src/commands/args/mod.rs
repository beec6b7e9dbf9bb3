//! Groups of flags that several verbs share.

mod format;
mod payload;

pub use format::FormatArgs;
pub use payload::Payload;
