//! Run files (`dapr.yaml`): what they say, with every default, path and precedence resolved (run file
//! reference). Starts nothing.

mod app;
mod plan;
pub mod quick;

pub use app::{App, Condition, Destination, Probe, Readiness, Restart, RestartPolicy, RunFile, Watch};
pub use plan::Plan;
