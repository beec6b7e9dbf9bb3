//! `dapr dashboard`: what runs on this machine, in a browser. Pages are made here, on the server; a little JavaScript
//! keeps them up to date. Every page has its data as JSON, at the same path below `/api/v1`.
//!
//! `telemetry` receives and keeps what apps and sidecars tell, `sources` finds out what else there is and caches it, `pages` turns it into the data of one page, `view` draws it with a
//! template of `templates/dashboard`, `guard` decides who gets in, `live` tells browsers what has changed. Nothing
//! here prints, and nothing but `sources` looks at the machine.

mod assets;
mod guard;
mod live;
mod notes;
mod pages;
mod problem;
mod service;
mod shared;
mod sources;
mod telemetry;
mod view;

pub use service::{Error, Options, Service};
pub use telemetry::Receiving;
