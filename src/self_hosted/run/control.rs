//! The run's side of `self_hosted::control`: a socket on which other commands ask for a restart or a stop.

use std::collections::HashMap;
use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};

use crate::os::{self, SocketListener, SocketStream, listen_on_socket_file};
use crate::paths::InstallDir;
use crate::self_hosted::control::{Action, Answer, Request, socket};

/// A request on its way to the task that owns the app.
pub struct Order {
    /// What to do.
    pub action: Action,
    /// Where the answer goes.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// Takes the orders for one app.
pub type Orders = mpsc::Receiver<Order>;

/// An open socket; the file goes away with it.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens and hands requests to the apps, by id. Without a socket a run works all the same: other
    /// commands fall back on signals.
    pub fn open(install: &InstallDir, apps: &[String]) -> (Option<Self>, Vec<Orders>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = apps.iter().map(|_| mpsc::channel(4)).unzip();
        remove_stale(install);
        let path = socket(install, std::process::id());
        let listener = fs_err::create_dir_all(install.run()).and_then(|()| listen_on_socket_file(&path));
        let control = listener.ok().map(|listener| {
            let apps = apps.iter().cloned().zip(senders).collect();
            tokio::spawn(serve(listener, apps));
            Self { path }
        });
        (control, receivers)
    }

    /// Where it is, for the instance records.
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }
}

/// Sockets of runs that were killed.
fn remove_stale(install: &InstallDir) {
    let Ok(entries) = fs_err::read_dir(install.run()) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_socket = path.extension().is_some_and(|extension| extension == "sock");
        let pid = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
        if is_socket && pid.is_some_and(|pid| os::start_time(pid).is_none()) {
            let _ = fs_err::remove_file(path);
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs_err::remove_file(&self.path);
    }
}

type Apps = HashMap<String, mpsc::Sender<Order>>;

async fn serve(listener: SocketListener, apps: Apps) {
    let apps = std::sync::Arc::new(apps);
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, std::sync::Arc::clone(&apps)));
    }
}

async fn answer(stream: SocketStream, apps: std::sync::Arc<Apps>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    if stream.read_line(&mut line).await.is_err() {
        return;
    }
    let outcome = match serde_json::from_str::<Request>(&line) {
        Ok(request) => carry_out(request, &apps).await,
        Err(error) => Err(format!("not a request: {error}")),
    };
    if let Ok(mut text) = serde_json::to_vec(&Answer { error: outcome.err() }) {
        text.push(b'\n');
        let _ = stream.write_all(&text).await;
    }
}

async fn carry_out(request: Request, apps: &Apps) -> Result<(), String> {
    let app = apps.get(&request.app_id).ok_or_else(|| format!("this run has no app {}", request.app_id))?;
    let gone = || format!("the run of {} is ending", request.app_id);
    let (done, outcome) = oneshot::channel();
    app.send(Order { action: request.action, done }).await.map_err(|_| gone())?;
    outcome.await.unwrap_or_else(|_| Err(gone()))
}
