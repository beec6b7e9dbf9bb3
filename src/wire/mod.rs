//! Messages and services of other programs that no crate declares, as hand-declared `prost` structs (gRPC message
//! tables of the reference). No rules: who reads a message decides what it means.

pub mod value;
