//! Why nothing was set up, and what to try next.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::containers::{self, Kind};
use crate::release;
use crate::self_hosted::defaults;

/// Why nothing was set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container engine.
    #[error(transparent)]
    Containers(#[from] containers::Error),
    /// Downloads, images, bundles.
    #[error(transparent)]
    Release(#[from] release::Error),
    /// A program can't be downloaded or unpacked.
    #[error("error downloading {name} binary: {error}")]
    Download {
        /// The program.
        name: String,
        /// Why.
        error: release::Error,
    },
    /// A default file.
    #[error(transparent)]
    Defaults(#[from] defaults::Error),
    /// Another version is installed.
    #[error("{} file already exists, please run `dapr uninstall` first before running `dapr init`", daprd.display())]
    Installed {
        /// The sidecar.
        daprd: PathBuf,
        /// Its version.
        installed: String,
        /// The version that was asked for.
        wanted: String,
    },
    /// There is nothing to upgrade.
    #[error("no runtime is installed in {}", .0.display())]
    NotInstalled(PathBuf),
    /// A container that somebody else made has another image than it should.
    #[error(
        "{name} container exists or is running. please run `dapr uninstall` first before running `dapr init`"
    )]
    ForeignContainer {
        /// The container.
        name: String,
        /// Its image.
        image: String,
        /// The image that it should have.
        wanted: String,
    },
    /// A port is taken.
    #[error("port {port} of {address}, which {container} needs, is in use{by}")]
    PortInUse {
        /// The port.
        port: u16,
        /// The address that it was to be bound on.
        address: IpAddr,
        /// The container that was to have it.
        container: String,
        /// ` by …`, when that is known.
        by: String,
    },
    /// There is no such network.
    #[error("{engine} has no network {network}")]
    NoNetwork {
        /// Which engine.
        engine: Kind,
        /// The network.
        network: String,
    },
    /// `--redis-host` names nothing that speaks the Redis protocol.
    #[error("no Redis answers on {host}: {reason}")]
    NoRedis {
        /// Host and port.
        host: String,
        /// Why.
        reason: String,
    },
    /// A container doesn't stay up.
    #[error("container {name} is not running{detail}")]
    NotRunning {
        /// The container.
        name: String,
        /// Its exit code and last words.
        detail: String,
    },
    /// Something is where a bundle is to be made.
    #[error("{} is there already and is not an empty directory", .0.display())]
    Occupied(PathBuf),
    /// A file or directory can't be written.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Two at once.
    #[error("another `dapr init`, `dapr upgrade` or `dapr uninstall` is at work in {}", .0.display())]
    Busy(PathBuf),
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    pub(in crate::self_hosted) fn file(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::File { path: path.into(), reason: crate::error::system_text(error) }
    }

    /// What to try next, for `dapr init` with these settings.
    pub fn hints(&self, slim: bool) -> Vec<String> {
        let release = match self {
            Self::Release(error) | Self::Download { error, .. } => Some(error),
            _ => None,
        };
        match self {
            Self::Containers(containers::Error::Unreachable { kind, tried }) => {
                let denied = tried.iter().any(|tried| tried.to_ascii_lowercase().contains("permission denied"));
                let denied = denied.then(|| {
                    format!("your user may not use {kind}: add it to the group that may, or use a rootless {kind}")
                });
                let tried = tried.iter().map(|tried| format!("tried {tried}"));
                let ways = [
                    format!("start {kind}, or name another engine with --container-runtime or its variables"),
                    "without containers: `dapr init --embedded` (no download either), `dapr init --slim`, or \
                     `dapr init --slim --from-dir <bundle>`; `dapr run` works as it is, with the embedded runtime"
                        .to_owned(),
                ];
                tried.chain(denied).chain(ways).collect()
            }
            _ if release.is_some_and(release::Error::is_offline) => vec![
                "a proxy is taken from HTTPS_PROXY, certificates from SSL_CERT_FILE, a mirror of the downloads from \
                 DAPR_DOWNLOAD_URL"
                    .into(),
                format!(
                    "without a network: `dapr init --embedded`, or `dapr init {}--from-dir <bundle>` with a directory that \
                     `dapr bundle create` made; `dapr run` works as it is, with the embedded runtime",
                    if slim { "--slim " } else { "" }
                ),
            ],
            Self::Installed { installed, wanted, .. } => vec![format!(
                "{installed} is installed and {wanted} was asked for; `dapr upgrade --runtime-version {wanted}` changes \
                 to it and keeps all data"
            )],
            Self::NotInstalled(_) => vec!["`dapr init` installs one".into()],
            Self::ForeignContainer { name, image, wanted } => {
                vec![format!("{name} was made from {image}; this installation needs {wanted}")]
            }
            Self::PortInUse { port: 6379, .. } => vec![
                "if that is a Redis that you want to use: `dapr init --redis-host localhost:6379`".into(),
                "or end what uses the port, or put the containers on a network of their own with --network".into(),
            ],
            Self::PortInUse { .. } => {
                vec!["end what uses the port, or put the containers on a network of their own with --network".into()]
            }
            Self::NoNetwork { engine, network } => vec![format!("make it first: {engine} network create {network}")],
            Self::NotRunning { name, .. } => vec![format!("nothing was kept; look at the image that {name} runs")],
            _ => Vec::new(),
        }
    }
}
