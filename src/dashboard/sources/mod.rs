//! What there is on this machine: found out here, cached where many ask, and never drawn.

pub mod apps;
pub mod jobs;
pub mod logs;
pub mod metrics;
pub mod resources;
pub mod samples;
pub mod secrets;
