//! Dapr on this machine without Kubernetes: what is installed, what runs, and talking to it.
//!
//! Never prints: it returns values, or calls back with them. Never imports the sidecar.

pub mod bundle;
pub mod control;
pub mod defaults;
pub mod doctor;
pub mod init;
mod installation;
pub mod installed;
pub mod instances;
pub mod invoke;
pub mod last_run;
pub mod logs;
pub mod publish;
pub mod quantity;
mod request;
pub mod resources;
pub mod restart;
pub mod run;
pub mod status;
pub mod stop;
pub mod uninstall;
pub mod wait;
