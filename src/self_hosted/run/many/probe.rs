//! Readiness: whether an app does its work yet.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{self, Endpoint};
use crate::env::DAPR_LISTEN_FDS;
use crate::os::{self, Exit, Tell};
use crate::process::{Child, Spec};
use crate::runfile::{App, Probe};

use super::super::environment;
use super::super::pair::{Pair, find};
use super::super::single::status;

/// How often a sidecar is asked whether it has found its app.
const GLANCE: Duration = Duration::from_millis(50);

/// Waits until the app is ready: by its own probe, or else by its sidecar's word that it has found the app.
/// The error tells what was seen last when the time is over.
pub async fn judge(app: &App, pair: &Pair) -> Result<(), String> {
    let Some(readiness) = &app.readiness else {
        if app.app_port > 0 {
            while get(&pair.endpoint, "/v1.0/healthz").await.is_err() {
                sleep(GLANCE).await;
            }
        }
        return Ok(());
    };
    let deadline = Instant::now() + readiness.start_timeout;
    loop {
        let error = match timeout(readiness.timeout, once(&readiness.probe, app, pair)).await {
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

async fn once(probe: &Probe, app: &App, pair: &Pair) -> Result<(), String> {
    match probe {
        Probe::Http { path, port } => {
            let path = if path.starts_with('/') { path.clone() } else { format!("/{path}") };
            get(&Endpoint::Tcp(number(*port, app)?), &path).await
        }
        Probe::Tcp { port } => {
            let address = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), number(*port, app)?);
            tokio::net::TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string())
        }
        Probe::Command(words) => {
            let child = Ends(start(words, pair)?);
            match child.0.ended().await {
                Exit::Code(0) => Ok(()),
                exit => Err(format!("{} ended with {}", words.join(" "), status(exit))),
            }
        }
    }
}

fn start(words: &[String], pair: &Pair) -> Result<Child, String> {
    let [program, args @ ..] = words else { return Err("the command is empty".into()) };
    let path = find(program, &pair.settings)
        .ok_or_else(|| format!("{program}: executable file not found in $PATH"))?;
    let streams = || Ok([os::nothing()?, os::discard()?, os::discard()?]);
    let streams = streams().map_err(|error: std::io::Error| error.to_string())?;
    let spec = Spec {
        program: path.to_string_lossy().into_owned(),
        name: program.clone(),
        args: args.to_vec(),
        env: environment::of_app(&pair.settings, &pair.record),
        directory: pair.settings.directory.clone(),
        streams,
        listeners: Vec::new(),
        listeners_variable: DAPR_LISTEN_FDS,
    };
    pair.guard.spawn(spec).map_err(|error| error.to_string())
}

/// A probe that takes too long must not go on behind our back.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.exit().is_none() {
            let _ = os::tell_group(self.0.pid, Tell::Kill);
        }
    }
}

fn number(own: Option<u16>, app: &App) -> Result<u16, String> {
    own.or_else(|| u16::try_from(app.app_port).ok().filter(|port| *port > 0))
        .ok_or_else(|| "the probe has no port, and the app has none either".to_owned())
}

async fn get(endpoint: &Endpoint, path: &str) -> Result<(), String> {
    let request = Request::get(path).body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = client::send(endpoint, request, Some(Duration::from_mins(1))).await;
    match answer {
        Ok(answer) if answer.status().is_success() || answer.status().is_redirection() => Ok(()),
        Ok(answer) => Err(format!("status {}", answer.status().as_u16())),
        Err(error) => Err(error.to_string()),
    }
}
