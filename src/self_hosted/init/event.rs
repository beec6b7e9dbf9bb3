//! What happens while the runtime is set up, for whoever shows it.

use std::path::PathBuf;

use crate::release::Registry;

/// Hears of events, from several threads.
pub type Report = dyn Fn(Event) + Send + Sync;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Images will come from there.
    ImagesFrom(Registry),
    /// The image isn't there; Docker Hub is tried.
    FallBack,
    /// This version is being set up, or is there already and looked over.
    Version {
        /// The version.
        version: String,
        /// Whether it is installed.
        present: bool,
    },
    /// The long part begins.
    Working {
        /// What it is.
        text: String,
    },
    /// A download or an image goes on.
    Progress {
        /// The archive or image, with the layer if it has many.
        item: String,
        /// Bytes that are there.
        done: u64,
        /// Bytes that there will be, if that is known.
        total: Option<u64>,
    },
    /// A step is done.
    Done {
        /// The archive, image or container.
        item: String,
        /// What was done with it.
        action: Action,
    },
    /// The sidecar was put into this directory.
    Placed(PathBuf),
    /// A file of the user's stays, though the installation would have another one there.
    Kept(PathBuf),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Downloaded; `verified`: its published checksum is right.
    Downloaded {
        /// Whether there was a checksum to prove it.
        verified: bool,
    },
    /// Found in the cache.
    Cached,
    /// Pulled from its registry.
    Pulled,
    /// Loaded from a file.
    Loaded,
    /// Saved to a file.
    Saved,
    /// Packed into an archive.
    Packed,
    /// A container was made and started.
    Started,
    /// A container that was there was started again.
    Restarted,
    /// A container was made anew, since the one that was there had another image.
    Replaced,
    /// A file was written.
    Written,
}
