//! Multicast groups.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket, sockopt};

/// Joins a multicast group for a moment, at a port that others may use as well. Returns the names of the interfaces
/// that let us; an error when there is none.
pub fn join_group(group: Ipv4Addr, port: u16) -> io::Result<Vec<String>> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::empty(), None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::ReusePort, &true)?;
    bind(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)))?;
    let socket = UdpSocket::from(socket);
    let mut joined = Vec::new();
    let mut result = Err(io::Error::other("no network interface is up that can multicast"));
    for interface in nix::ifaddrs::getifaddrs()? {
        let wanted = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_MULTICAST;
        let loopback = interface.flags.contains(InterfaceFlags::IFF_LOOPBACK);
        let address =
            interface.address.as_ref().and_then(|address| address.as_sockaddr_in()).map(SockaddrIn::ip);
        let Some(address) = address.filter(|_| interface.flags.contains(wanted) && !loopback) else {
            continue;
        };
        match socket.join_multicast_v4(&group, &address) {
            Ok(()) => joined.push(interface.interface_name),
            // A second address of the same interface.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => result = Err(error),
        }
    }
    if joined.is_empty() { result } else { Ok(joined) }
}
