//! Waking subscriptions when there is something to take: those of this process directly, those of others by
//! a datagram to the port that they registered. A lost datagram costs a second, never a message.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Topics with longer names are woken by an empty datagram, which wakes every topic.
const LONGEST_NAME: usize = 1024;

/// Subscriptions of this component by topic, each with its token.
type Local = HashMap<String, Vec<(i64, Arc<Notify>)>>;

/// One per component: a socket for both directions.
pub struct Bell {
    socket: UdpSocket,
    port: u16,
    local: Mutex<Local>,
}

impl Bell {
    /// Binds a free port of the loopback interface.
    pub fn new() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let port = socket.local_addr()?.port();
        Ok(Self { socket, port, local: Mutex::default() })
    }

    /// Where others wake the subscriptions of this component.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is notified when a topic has something new.
    pub fn join(&self, topic: &str, token: i64) -> Arc<Notify> {
        let notify = Arc::new(Notify::new());
        self.local().entry(topic.to_owned()).or_default().push((token, Arc::clone(&notify)));
        notify
    }

    /// Ends what [`Bell::join`] began.
    pub fn leave(&self, topic: &str, token: i64) {
        let mut local = self.local();
        if let Some(waiting) = local.get_mut(topic) {
            waiting.retain(|(other, _)| *other != token);
            if waiting.is_empty() {
                local.remove(topic);
            }
        }
    }

    /// Wakes the listeners of a topic, in random order so that the instances of one group share the work.
    pub fn ring(&self, topic: &str, mut ports: Vec<u16>) {
        fastrand::shuffle(&mut ports);
        let name: &[u8] = if topic.len() <= LONGEST_NAME { topic.as_bytes() } else { &[] };
        for port in ports {
            if port == self.port {
                self.wake(topic);
            } else {
                // Nobody there any more, or a full buffer: the listener looks for itself every second.
                let _ = self.socket.send_to(name, (Ipv4Addr::LOCALHOST, port));
            }
        }
    }

    fn wake(&self, topic: &str) {
        if let Some(waiting) = self.local().get(topic) {
            let first = fastrand::usize(..waiting.len().max(1));
            for (_, notify) in waiting.iter().cycle().skip(first).take(waiting.len()) {
                notify.notify_one();
            }
        }
    }

    fn wake_all(&self) {
        for (_, notify) in self.local().values().flatten() {
            notify.notify_one();
        }
    }

    /// Receives datagrams until the future is dropped.
    pub async fn listen(&self) -> io::Result<()> {
        let socket = tokio::net::UdpSocket::from_std(self.socket.try_clone()?)?;
        let mut buffer = [0; LONGEST_NAME + 1];
        loop {
            // An error here is about a datagram that we sent, not about the socket.
            let Ok(length) = socket.recv(&mut buffer).await else { continue };
            match std::str::from_utf8(&buffer[..length]) {
                Ok("") | Err(_) => self.wake_all(),
                Ok(topic) => self.wake(topic),
            }
        }
    }
}
