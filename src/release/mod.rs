//! What the stock runtime is released as: versions, images, archives, bundles. Finding, fetching, unpacking.
//!
//! Knows no container engine and no `.dapr` layout: it is told where to put things. Nothing here prints.

mod archive;
mod bundle;
mod download;
mod fetch;
mod images;
mod version;

pub use archive::{pack, unpack};
pub use bundle::{Bundle, Details};
pub use download::{Archive, Cache, Pending, Progress};
pub use images::{Images, Registry, Variant};
pub use version::{Rules, latest, normalized};

/// Where release archives are, unless `DAPR_DOWNLOAD_URL` names a mirror.
pub const DOWNLOADS: &str = "https://github.com/dapr/dapr/releases/download";

/// Why a release can't be had. Texts follow the init reference, sections 4, 5 and 8; each names the URL or file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server has no such file.
    #[error("version not found from url: {url}")]
    NotFound {
        /// The file's URL.
        url: String,
    },
    /// The server answers with another failure.
    #[error("download failed with {status} from url: {url}")]
    Status {
        /// The file's URL.
        url: String,
        /// HTTP status code.
        status: u16,
    },
    /// No connection, or it broke off.
    #[error("cannot download {url}: {reason}")]
    Connection {
        /// The file's URL.
        url: String,
        /// What the connection or the system said.
        reason: String,
    },
    /// Next to nothing arrives.
    #[error("cannot download {url}: stream stalled: received {bytes} bytes over the last 5 seconds")]
    Stalled {
        /// The file's URL.
        url: String,
        /// What did arrive.
        bytes: u64,
    },
    /// What arrived is not what was published.
    #[error("wrong checksum of {url}: SHA-256 should be {expected}, but is {found}")]
    Checksum {
        /// The file's URL.
        url: String,
        /// As published.
        expected: String,
        /// As computed.
        found: String,
    },
    /// The newest version can't be found out. The text around the reason is the stock one.
    #[error(
        "cannot get the latest release version: '{reason}'. Try specifying --runtime-version=<desired_version>"
    )]
    Latest {
        /// Why.
        reason: String,
        /// Nobody answered, which another version would not change.
        offline: bool,
    },
    /// A version that can't be compared with others.
    #[error("Invalid Semantic Version")]
    Version,
    /// `--image-variant`.
    #[error("image variant {0} is not supported")]
    Variant(String),
    /// `DAPR_DEFAULT_IMAGE_REGISTRY`.
    #[error("environment variable \"DAPR_DEFAULT_IMAGE_REGISTRY\" can only be set to GHCR")]
    DefaultRegistry,
    /// `--image-registry`.
    #[error("flag --image-registry not set correctly. It cannot be \"ghcr.io\" or \"docker.io\"")]
    Registry,
    /// A bundle's description.
    #[error("error parsing details file from bundle location: {0}")]
    Details(String),
    /// An archive is damaged or has another content than it should.
    #[error("error extracting {name} binary: {}: {reason}", file.display())]
    Archive {
        /// The program.
        name: String,
        /// The archive.
        file: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file can't be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl Error {
    fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: crate::error::system_text(error) }
    }

    /// Whether the network is what is missing.
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Connection { .. } | Self::Latest { offline: true, .. })
    }
}
