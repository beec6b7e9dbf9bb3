//! Groups of flags that several verbs share.

mod format;
mod payload;
mod resources;
mod run_file;

pub use format::FormatArgs;
pub use payload::Payload;
pub use resources::{ResourceArgs, report_broken, wide};
pub use run_file::locate_run_file;
