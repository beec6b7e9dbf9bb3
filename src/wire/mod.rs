//! Messages and services of other programs that no crate declares, as hand-declared `prost` structs (gRPC message
//! tables of the reference). No rules: who reads a message decides what it means.
#![expect(missing_docs, reason = "fields are named as in the messages that they are part of")]

pub mod etcd;
pub mod jobs;
pub mod value;
