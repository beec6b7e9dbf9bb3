//! What apps and sidecars tell of their work: received as Zipkin v2 and OTLP/HTTP, kept in one SQLite file with a bound
//! on size and age, asked by the pages. Knows nothing of pages.

pub mod model;
mod otlp;
pub mod query;
mod receive;
mod record;
mod retention;
mod schema;
pub mod store;
mod zipkin;

pub use receive::{Receivers, Receiving};
pub use retention::Bounds;
pub use store::Store;
