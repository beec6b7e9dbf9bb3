//! Everything that a verb shows: status lines, tables, JSON and YAML, help pages, failures.
//!
//! Data goes to stdout, failures and hints to stderr. The only place, beside `main`, that writes to them.

pub mod doctor;
mod format;
pub mod help;
pub mod list;
pub mod logs;
mod printer;
pub mod resources;
pub mod scheduler;
mod setup;
pub mod status;
mod table;
mod time;

pub use format::Format;
pub use printer::{Printer, Status};
pub use setup::Setup;
pub use table::render as table;
