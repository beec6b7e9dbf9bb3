//! Descriptors of the messages and services of the Dapr gRPC API, for server reflection. They are read from the tables
//! in `descriptors/`, so a build needs neither a compiler of proto files nor the sources of another package.
//!
//! A table describes one file of the API:
//!
//! ```text
//! file dapr/proto/runtime/v1/example.proto
//! package dapr.proto.runtime.v1
//! import google/protobuf/any.proto
//!
//! message ExampleRequest            a nested message has a dotted name: ExampleRequest.Part
//!   1 store_name string             number, name, type
//!   2 keys repeated string          also: optional string, map string bytes
//!   3 data google.protobuf.Any in kind          a member of the oneof `kind`
//!   4 state Part.State              types are relative to the package, or have their full name
//!   5 actor_id string json actorID  a name in JSON that is not the usual actorId
//!
//! enum Part.State
//!   0 UNKNOWN
//!
//! service Example
//!   Get ExampleRequest -> stream ExampleResponse
//! ```
//!
//! `message`, fields and methods can end with `deprecated`. A unit test compares the tables with the descriptors in the
//! package of the `dapr` crate.

mod table;
#[cfg(test)]
mod tests;

use prost_types::FileDescriptorSet;

pub use table::Error;
use table::{Symbols, Table};

macro_rules! table {
    ($name:literal) => {
        Table { name: $name, text: include_str!(concat!("descriptors/", $name, ".txt")) }
    };
}

/// All tables, one per file of the API.
const TABLES: &[Table] = &[
    table!("google/any"),
    table!("google/duration"),
    table!("google/empty"),
    table!("google/status"),
    table!("google/struct"),
    table!("google/timestamp"),
    table!("dapr/common"),
    table!("dapr/actors"),
    table!("dapr/appcallback"),
    table!("dapr/binding"),
    table!("dapr/configuration"),
    table!("dapr/conversation"),
    table!("dapr/crypto"),
    table!("dapr/invoke"),
    table!("dapr/jobs"),
    table!("dapr/lock"),
    table!("dapr/metadata"),
    table!("dapr/pubsub"),
    table!("dapr/search"),
    table!("dapr/secret"),
    table!("dapr/state"),
    table!("dapr/vector"),
    table!("dapr/workflow"),
    table!("dapr/dapr"),
];

/// Reads all tables.
pub fn file_descriptor_set() -> Result<FileDescriptorSet, Error> {
    let symbols = Symbols::collect(TABLES);
    let file = TABLES.iter().map(|table| table.read(&symbols)).collect::<Result<_, _>>()?;
    Ok(FileDescriptorSet { file })
}
