//! The Dapr command line and its embedded sidecar, as a library.
//!
//! Two programs live in one binary: the command line (`cli`, `commands`, `self_hosted`, `process`) and a
//! Dapr-compatible sidecar (`sidecar`, `components`). They never import each other: they meet at the `daprd`
//! command line, the Dapr API and the files under `.dapr`, so that a stock `daprd` can stand in for ours and
//! the stock command line can drive our sidecar.
//!
//! Imports go down only; `tests/architecture.rs` holds the table:
//!
//! ```text
//! main → cli → commands → output
//!             commands → self_hosted, resources, client, dashboard, scheduler, sidecar (only from commands/daprd)
//! dashboard   → self_hosted, resources, client
//! self_hosted → process, resources, client
//! sidecar     → components → resources; sidecar → wire
//! scheduler   → components/jobs, components/schedule, wire
//! leaves, for all: error · env · paths · os · net · records · logging · suggest
//! ```

pub mod cli;
pub mod client;
pub mod commands;
pub mod components;
pub mod containers;
pub mod dashboard;
pub mod env;
pub mod error;
pub mod lint;
pub mod logging;
pub mod net;
pub mod os;
pub mod output;
pub mod paths;
pub mod process;
pub mod records;
pub mod release;
pub mod resources;
pub mod runfile;
pub mod scheduler;
pub mod self_hosted;
pub mod sidecar;
pub mod suggest;
pub mod wire;
