//! The life of the dashboard: [`Service::bind`] takes the port, [`Service::run`] serves until it is told to stop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::telemetry::{Receivers, Receiving};
use super::{guard, pages};
use crate::env::Env;
use crate::error::system_text;
use crate::paths::InstallDir;

/// What the dashboard is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port; 0 for any that is free.
    pub port: u16,
    /// The port on which Zipkin spans are received; 0 for any that is free.
    pub zipkin_port: u16,
    /// The port on which OTLP is received over HTTP; 0 for any that is free.
    pub otlp_port: u16,
    /// Whether everything that changes something is refused.
    pub read_only: bool,
    /// What a browser has to know before it sees anything.
    pub token: Option<String>,
    /// Where the etcd of a stock scheduler listens, `host:port`.
    pub etcd: String,
    /// The install directory.
    pub install: InstallDir,
    /// The environment.
    pub env: Env,
}

/// Why the dashboard can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Other machines could read logs and state, and stop apps.
    #[error("the address {0} is reachable from other machines, and everybody there would get in")]
    Open(IpAddr),
    /// The port can't be taken.
    #[error("cannot listen on {address}: {}", system_text(error))]
    Listen {
        /// Address and port.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The server ended by itself.
    #[error("the dashboard has ended: {0}")]
    Serve(io::Error),
}

impl Error {
    /// What to try next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Open(_) => vec!["protect it with --token, or leave --address out".into()],
            Self::Listen { error, .. } if error.kind() == io::ErrorKind::AddrInUse => {
                vec!["name another port with --port, or 0 for any that is free".into()]
            }
            _ => Vec::new(),
        }
    }
}

/// A dashboard whose port is bound.
pub struct Service {
    listener: TcpListener,
    receivers: Receivers,
    shared: Arc<Shared>,
}

impl Service {
    /// Takes the port. Nothing is answered before [`Service::run`].
    pub async fn bind(options: Options) -> Result<Self, Error> {
        if !options.address.is_loopback() && options.token.is_none() {
            return Err(Error::Open(options.address));
        }
        let address = SocketAddr::new(options.address, options.port);
        let listen = |error| Error::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let receivers = Receivers::bind(options.zipkin_port, options.otlp_port).await;
        let shared = Arc::new(Shared::new(options, port, receivers.state().to_vec()));
        Ok(Self { listener, receivers, shared })
    }

    /// Where a browser on this machine finds it.
    pub fn url(&self) -> String {
        let options = &self.shared.options;
        let host = match options.address {
            address if address.is_unspecified() || address == IpAddr::from([127, 0, 0, 1]) => {
                "localhost".into()
            }
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        format!("http://{host}:{}", self.shared.port)
    }

    /// Where telemetry is received, and where it isn't.
    pub fn receiving(&self) -> &[Receiving] {
        &self.shared.receiving
    }

    /// Serves until the token is cancelled. Streams end then, other answers are given to their end.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let shared = self.shared;
        let watching = tokio::spawn(Arc::clone(&shared).watch());
        let store = shared.telemetry().ok();
        let receiving =
            store.clone().map(|store| tokio::spawn(self.receivers.run(store, shared.stop.clone())));
        let ending = shared.stop.clone();
        let router = pages::routes(&shared);
        let router = router.layer(axum::middleware::from_fn_with_state(Arc::clone(&shared), guard::guard));
        let served = axum::serve(self.listener, router).with_graceful_shutdown(async move {
            stop.cancelled().await;
            ending.cancel();
        });
        let result = served.await;
        shared.stop.cancel();
        let _ = watching.await;
        if let Some(receiving) = receiving {
            let _ = receiving.await;
        }
        // What was heard last is written before the end.
        if let Some(store) = store {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
        result.map_err(Error::Serve)
    }
}
