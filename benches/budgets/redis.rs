//! A Redis server of the measurement's own, as the distribution ships it.

use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::machine::{Machine, free_port, until};

/// A running server; ends when it is dropped.
pub struct Redis {
    child: Child,
    /// Its port on the loopback interface.
    pub port: u16,
}

impl Redis {
    /// Starts a server without persistence; `None` when the program is not installed.
    pub fn start(machine: &Machine) -> Result<Option<Self>> {
        let port = free_port()?;
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .current_dir(machine.home())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = child else { return Ok(None) };
        let redis = Self { child, port };
        until("redis-server listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok())?;
        Ok(Some(redis))
    }

    /// Metadata of a component that uses it, as YAML below `metadata:`.
    pub fn metadata(&self) -> String {
        format!(
            "\n  - name: redisHost\n    value: 127.0.0.1:{}\n  - name: redisPassword\n    value: \"\"",
            self.port
        )
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
