//! Free ports: found, reserved together, and handed over; the HTTP client for everything outside; texts of URLs and
//! secrets.

mod outside;
mod text;
mod tls;

pub use outside::{
    AGENT, CONNECT, cause, failure, http_client, http_client_builder, is_local, provide_cryptography,
};

pub use text::{NOT_IN_A_URL, is_same_secret};
pub use tls::{ClientTls, RENEGOTIATION, pem};

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A port that is held until it is used: nobody else can bind it in between.
#[derive(Debug)]
pub struct Reserved {
    listener: TcpListener,
    port: u16,
}

impl Reserved {
    /// Reserves a free port on the loopback interface.
    pub fn any() -> io::Result<Self> {
        Self::bind(0)
    }

    /// Reserves this very port on the loopback interface; `AddrInUse` when somebody listens there.
    pub fn exactly(port: u16) -> io::Result<Self> {
        if answers(port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Self::bind(port)
    }

    fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The bound socket, to be handed to the process that will serve it.
    pub fn into_listener(self) -> TcpListener {
        self.listener
    }
}

/// Several free ports, all different, reserved at the same moment.
pub fn reserve(count: usize) -> io::Result<Vec<Reserved>> {
    let mut seen = HashSet::new();
    let ports: Vec<Reserved> = (0..count).map(|_| Reserved::any()).collect::<io::Result<_>>()?;
    debug_assert!(ports.iter().all(|port| seen.insert(port.port())));
    Ok(ports)
}

/// Whether something accepts connections on this port of the loopback interface. A wildcard listener would
/// not stop a loopback bind on every system, so binding alone does not tell.
pub fn answers(port: u16) -> bool {
    let limit = Duration::from_millis(200);
    [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))]
        .iter()
        .any(|address| TcpStream::connect_timeout(address, limit).is_ok())
}

/// Whether somebody else has this port of an address of ours.
pub fn is_taken(address: IpAddr, port: u16) -> bool {
    // The socket is closed again before anybody is asked whether he answers.
    match TcpListener::bind(SocketAddr::from((address, port))).map(drop) {
        Ok(()) => answers(port),
        Err(error) => error.kind() == io::ErrorKind::AddrInUse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_cannot_be_had_twice() {
        let first = Reserved::any().unwrap();
        let error = Reserved::exactly(first.port()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_port_is_taken_as_long_as_somebody_has_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(is_taken(address.ip(), address.port()));
        assert!(is_taken(Ipv4Addr::UNSPECIFIED.into(), address.port()));
        drop(listener);
        assert!(!is_taken(address.ip(), address.port()));
    }

    #[test]
    fn ports_reserved_together_differ() {
        let ports: HashSet<u16> = reserve(32).unwrap().iter().map(Reserved::port).collect();
        assert_eq!(ports.len(), 32);
    }
}
