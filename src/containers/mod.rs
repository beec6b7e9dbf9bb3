//! Containers, images and volumes of the container engine on this machine, Docker or Podman, through its API.
//!
//! Knows nothing of Dapr: what is created is told by a [`Spec`]. Nothing here prints.

mod credentials;
mod engine;
mod image;
mod lifecycle;
mod locate;
mod podman;
mod spec;

pub use credentials::{Credential, credential, registry};
pub use engine::{Engine, Error, Kind};
pub use image::{Layer, tag};
pub use lifecycle::{Container, State};
pub use locate::Address;
pub use spec::{Port, Spec};
