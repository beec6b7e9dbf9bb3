//! Groups of flags that several verbs share.

mod format;
mod payload;
mod run_file;

pub use format::FormatArgs;
pub use payload::Payload;
pub use run_file::locate_run_file;
