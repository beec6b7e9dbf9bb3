//! Run files (`dapr.yaml`): what they say, with every default, path and precedence resolved (run file
//! reference). Starts nothing, and reads nothing but the files that the run file names.

mod app;
mod expand;
mod load;
mod locate;
mod own;
mod plan;
mod shape;

pub use app::{App, Condition, Destination, Probe, Readiness, Restart, RestartPolicy, RunFile, Watch};
pub use load::{Context, load};
pub use locate::{Source, locate};
pub use plan::{Error as PlanError, Plan};
pub use shape::{RUN_FILE, json_schema};
