//! One file per verb: flags, `run`, nothing else.

pub mod daprd;
