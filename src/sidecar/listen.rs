//! The sidecar's sockets: inherited, on TCP, or as files (daprd reference, section 3).
//!
//! Loopback unless an address is given: a development sidecar has no business on the network.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::env::{DAPR_LISTEN_FDS, Env};
use crate::os;

/// How long a taken port is tried again: the process that had it may be on its way out.
const PATIENCE: Duration = Duration::from_secs(10);

/// First of the stable ports.
const FIRST: u16 = 47300;

/// Nothing could be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not listen on any endpoint")]
pub struct Error;

/// One listening socket.
pub enum Listener {
    /// On TCP.
    Tcp(TcpListener),
    /// As a file.
    Socket(os::SocketListener),
}

/// The sockets of one server.
#[derive(Default)]
pub struct Bound {
    /// All of them.
    pub listeners: Vec<Listener>,
    /// Those on TCP, in the order asked for.
    pub addresses: Vec<SocketAddr>,
}

impl Bound {
    /// The port; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    fn add(&mut self, listener: TcpListener) -> io::Result<()> {
        self.addresses.push(listener.local_addr()?);
        self.listeners.push(Listener::Tcp(listener));
        Ok(())
    }
}

/// The sockets that the command line left for us: descriptors by server.
pub struct Inherited {
    descriptors: HashMap<String, i32>,
}

impl Inherited {
    /// Reads [`DAPR_LISTEN_FDS`].
    pub fn from(env: &Env) -> Self {
        let pairs = env.get(DAPR_LISTEN_FDS).unwrap_or_default().split(',');
        let descriptors = pairs.filter_map(|pair| {
            let (name, number) = pair.split_once('=')?;
            Some((name.trim().to_owned(), number.trim().parse().ok()?))
        });
        Self { descriptors: descriptors.collect() }
    }

    fn take(&mut self, server: &str) -> Option<TcpListener> {
        let descriptor = self.descriptors.remove(server)?;
        let taken = os::inherit_listener(descriptor).and_then(|listener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        });
        taken
            .inspect_err(|error| {
                tracing::warn!(
                    target: "dapr.runtime",
                    "descriptor {descriptor} in {DAPR_LISTEN_FDS} is no listening socket for {server}: {error}"
                );
            })
            .ok()
    }
}

/// What a server asks for.
pub struct Wish<'a> {
    /// Name in [`DAPR_LISTEN_FDS`]: `http`, `grpc`, `internal`, `metrics`.
    pub server: &'a str,
    /// How the log calls it: `HTTP`, `gRPC`.
    pub title: &'a str,
    /// Host names or addresses; empty for the loopback interface.
    pub addresses: &'a [String],
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Whether a taken port is tried again for a while.
    pub patient: bool,
}

/// Binds what can be bound; fails when that is nothing.
pub async fn tcp(wish: &Wish<'_>, inherited: &mut Inherited) -> Result<Bound, Error> {
    let mut bound = Bound::default();
    let mut port = wish.port;
    if let Some(listener) = inherited.take(wish.server)
        && bound.add(listener).is_ok()
    {
        port = bound.port();
    } else if wish.addresses.is_empty() {
        one(wish, SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &mut bound).await;
        port = bound.port();
    } else {
        for address in wish.addresses {
            for address in look_up(wish, address, port).await {
                one(wish, address, &mut bound).await;
                // The others follow the first one when it took a free port.
                port = if port == 0 { bound.port() } else { port };
            }
        }
    }
    // `localhost` may mean ::1; without it clients fall back to 127.0.0.1.
    if wish.addresses.is_empty()
        && !bound.addresses.is_empty()
        && let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await
    {
        let _ = bound.add(listener);
    }
    if bound.listeners.is_empty() { Err(Error) } else { Ok(bound) }
}

async fn look_up(wish: &Wish<'_>, address: &str, port: u16) -> Vec<SocketAddr> {
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return vec![SocketAddr::from((ip, port))];
    }
    match tokio::net::lookup_host((bare, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::error!(
                target: "dapr.runtime",
                "Failed to listen for {} server on TCP address {address}:{port} with error: {error}", wish.title
            );
            Vec::new()
        }
    }
}

async fn one(wish: &Wish<'_>, address: SocketAddr, bound: &mut Bound) {
    let started = Instant::now();
    let mut pause = Duration::from_millis(20);
    let mut told = false;
    loop {
        let error = match TcpListener::bind(address).await.and_then(|listener| bound.add(listener)) {
            Ok(()) => return,
            Err(error) => error,
        };
        let taken = error.kind() == io::ErrorKind::AddrInUse;
        if !taken || !wish.patient || started.elapsed() >= PATIENCE {
            let reason = if taken { "bind: address already in use".to_owned() } else { error.to_string() };
            tracing::error!(
                target: "dapr.runtime",
                "Failed to listen for {} server on TCP address {address} with error: listen tcp {address}: {reason}",
                wish.title
            );
            return;
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(
                target: "dapr.runtime",
                "port {} of the {} server is in use by another process; trying again for {} seconds",
                address.port(), wish.title, PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// Listens on a socket file.
pub fn socket(title: &str, path: &Path) -> Result<Bound, Error> {
    match os::listen_on_socket_file(path) {
        Ok(listener) => Ok(Bound { listeners: vec![Listener::Socket(listener)], addresses: Vec::new() }),
        Err(error) => {
            tracing::error!(
                target: "dapr.runtime",
                "Failed to listen for {title} server on Unix Domain Socket {} with error: {error}", path.display()
            );
            Err(Error)
        }
    }
}

/// The port for calls between sidecars that an app gets each time it is started in the same directory.
pub fn stable_port(app_id: &str, directory: &Path) -> u16 {
    let text = format!("{app_id}|{}|{}|{}", directory.display(), os::user_id(), os::hostname());
    let hash = Sha256::digest(text.as_bytes());
    FIRST + u16::from_le_bytes([hash[0], hash[1]]) % (u16::MAX - FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(port: u16) -> Wish<'static> {
        Wish { server: "http", title: "HTTP", addresses: &[], port, patient: true }
    }

    fn nothing() -> Inherited {
        Inherited::from(&Env::of([]))
    }

    #[tokio::test]
    async fn loopback_is_the_default() {
        let bound = tcp(&wish(0), &mut nothing()).await.unwrap();
        assert!(
            bound
                .addresses
                .iter()
                .all(|address| address.ip().is_loopback() && address.port() == bound.port())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_taken_port_is_given_up_after_a_while() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let started = Instant::now();
        assert_eq!(tcp(&wish(port), &mut nothing()).await.map(|bound| bound.port()), Err(Error));
        assert!(started.elapsed() >= PATIENCE);
        assert_eq!(Error.to_string(), "could not listen on any endpoint");
    }

    #[test]
    fn the_stable_port_depends_on_app_and_directory() {
        let port = stable_port("a", Path::new("/x"));
        assert!(port >= 47300);
        assert_eq!(port, stable_port("a", Path::new("/x")));
        assert_ne!(port, stable_port("b", Path::new("/x")));
    }
}
