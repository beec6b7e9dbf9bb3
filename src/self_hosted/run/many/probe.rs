//! Readiness: whether an app does its work yet.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{self, Endpoint};
use crate::runfile::{Probe, Readiness};

/// Waits until the probe succeeds. The error tells what it saw last, when the time is over.
pub async fn until_ready(readiness: &Readiness, app_port: i64, run: &Run<'_>) -> Result<(), String> {
    let deadline = Instant::now() + readiness.start_timeout;
    loop {
        let error = match timeout(readiness.timeout, once(&readiness.probe, app_port, run)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => format!("no answer within {:?}", readiness.timeout),
        };
        if Instant::now() + readiness.interval > deadline {
            return Err(format!("it was not ready within {:?}: {error}", readiness.start_timeout));
        }
        sleep(readiness.interval).await;
    }
}

/// How a command of a probe is run: its words, to its exit code.
pub type Run<'a> = dyn Fn(&[String]) -> Result<crate::process::Child, String> + 'a;

async fn once(probe: &Probe, app_port: i64, run: &Run<'_>) -> Result<(), String> {
    match probe {
        Probe::Http { path, port } => http(path, number(*port, app_port)?).await,
        Probe::Tcp { port } => {
            let address = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), number(*port, app_port)?);
            tokio::net::TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string())
        }
        Probe::Command(words) => {
            let child = Ends(run(words)?);
            match child.0.ended().await {
                crate::os::Exit::Code(0) => Ok(()),
                exit => Err(format!("{} ended with {}", words.join(" "), super::super::single::status(exit))),
            }
        }
    }
}

/// A probe that takes too long must not go on behind our back.
struct Ends(crate::process::Child);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.exit().is_none() {
            let _ = crate::os::tell_group(self.0.pid, crate::os::Tell::Kill);
        }
    }
}

fn number(own: Option<u16>, app_port: i64) -> Result<u16, String> {
    own.or_else(|| u16::try_from(app_port).ok().filter(|port| *port > 0))
        .ok_or_else(|| "the probe has no port, and the app has none either".to_owned())
}

async fn http(path: &str, port: u16) -> Result<(), String> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let request = Request::get(path).body(Bytes::new()).map_err(|error| error.to_string())?;
    // The limit of the caller holds.
    let answer = client::send(&Endpoint::Tcp(port), request, Some(Duration::from_secs(3600))).await;
    match answer {
        Ok(answer) if answer.status().is_success() || answer.status().is_redirection() => Ok(()),
        Ok(answer) => Err(format!("status {}", answer.status().as_u16())),
        Err(error) => Err(error.to_string()),
    }
}
